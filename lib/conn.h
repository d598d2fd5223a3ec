/* conn: a connection between processes that carries whole messages. What one end sends in one piece
 * the other receives in one piece, or not at all: the kernel hands it over whole, so a process that
 * is killed leaves no half message behind. */
#ifndef CONN_H
#define CONN_H

#include "clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    CONN_MAX = 1 << 30, /* bytes: the longest message */
    CONN_PACKET = 65536 /* up to so many are handed over without a detour by a file */
};

/* One end. Make the pair before the fork; then each process closes the end it does not use. */
struct conn {
    int descriptor; /* readable when something is there: may be polled with others; -1: closed */
    bool can_send, can_receive;
};

/* Connect ends[0] and ends[1]: both ways; or one way, from ends[1] to ends[0], as with pipe.
 * Return 0, or -1 and errno (EMFILE, ENFILE ...). */
int conn_pair(struct conn ends[2]);
int conn_one_way(struct conn ends[2]);

/* Closes this process's copy of the end; closing twice is harmless. When the last copy is closed,
 * or its process ended, the other side sees the end. */
void conn_close(struct conn *conn);

/* Sends a message of `size` bytes, which may be 0. Waits while the other side does not keep up, at
 * most `timeout` seconds. Several processes may send to the same end at once.
 * Returns 0, or -1 and errno: EMSGSIZE (more than CONN_MAX), ETIMEDOUT, EPIPE (nobody is left to
 * receive it), EBADF (closed, or it can only receive), ENOBUFS; of a message longer than
 * CONN_PACKET also EMFILE, ENFILE, ENOSPC, EFBIG, and ETOOMANYREFS (an ordinary user: as many of
 * them are under way as it may have open files). */
int conn_send(struct conn *conn, const void *message, size_t size, double timeout);

/* Receives the next message into `buffer`, which has room for `room` bytes. Waits until there is
 * one, at most `timeout` seconds. Returns its size, or -1 and errno: ETIMEDOUT, EPIPE (nothing is
 * left, and nobody to send more), EMSGSIZE (longer than `room`: it is still there; conn_next_size
 * tells), EBADMSG (it is a descriptor, and still there), EBADF (closed, or it can only send).
 * Processes that receive from the same end at the same time must all have room for every message,
 * and must all receive messages, or all descriptors. */
ssize_t conn_receive(struct conn *conn, void *buffer, size_t room, double timeout);

/* The size of the next message, which stays. Waits and fails as conn_receive does. */
ssize_t conn_next_size(struct conn *conn, double timeout);

/* Says whether conn_receive would not wait: 1 (a message, or the end), or 0, after at most
 * `timeout` seconds; or -1 and errno: EBADF. */
int conn_poll(struct conn *conn, double timeout);

/* Hand an open descriptor to the other process, where it is a new one for the same open file,
 * closed on exec. The first returns 0, the second the new descriptor; or -1 and errno, as above;
 * EBADMSG: the next message is none, and EMFILE: the process has too many; both leave it there. */
int conn_send_descriptor(struct conn *conn, int descriptor, double timeout);
int conn_receive_descriptor(struct conn *conn, double timeout);

#endif
