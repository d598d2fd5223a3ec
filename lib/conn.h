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

/* One end. Make the pair before the fork; then each process closes the end it does not use. It is
 * for the process's own memory, not for shared memory, and once in use not to be copied. */
struct conn {
    int descriptor; /* readable when something comes: may be polled with others; -1: closed */
    bool can_send, can_receive;
    struct conn_inbox *inbox; /* conn.c's: 64 KiB, from the first call that receives or looks on */
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
 * one, at most `timeout` seconds. Returns its size, or -1 and errno:
 *     ETIMEDOUT, EPIPE (nothing is left, and nobody to send more), EBADF (closed, or it can only
 *     send), ENOMEM (the first call at this end needs memory; nothing is received then);
 *     EMSGSIZE (the message is longer than `room`) or EBADMSG (it is a descriptor): this process
 *     keeps it, and its next call at this end finds it in its place. But the connection does not
 *     have it any longer: no other process that has the end, or is forked meanwhile, gets it,
 *     `descriptor` is not readable for it, and it is lost when the process ends or closes the end.
 *     EMFILE (the process has too many descriptors, and the message is one, or is longer than
 *     CONN_PACKET): it stays in the connection. But it is lost, and what follows is next, where it
 *     would not do anyway, as `room` is at most CONN_PACKET, or where the one that was next when we
 *     looked went to another process that receives from this end.
 * A `room` of at most CONN_PACKET saves one system call a message. */
ssize_t conn_receive(struct conn *conn, void *buffer, size_t room, double timeout);

/* The size of the next message, which stays where it is, also when that is EBADMSG. Waits and fails
 * as conn_receive does. */
ssize_t conn_next_size(struct conn *conn, double timeout);

/* Says whether conn_receive would not wait: 1 (a message, or the end), or 0, after at most
 * `timeout` seconds; or -1 and errno: EBADF, ENOMEM. */
int conn_poll(struct conn *conn, double timeout);

/* Hand an open descriptor to the other process, where it is a new one for the same open file,
 * closed on exec. The first returns 0, the second the new descriptor; or -1 and errno, as above;
 * EBADMSG: the next message is none, and this process keeps it, as conn_receive does. */
int conn_send_descriptor(struct conn *conn, int descriptor, double timeout);
int conn_receive_descriptor(struct conn *conn, double timeout);

#endif
