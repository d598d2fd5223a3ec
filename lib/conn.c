/* A message is one packet of a SOCK_SEQPACKET socketpair. In front of the caller's bytes it has a
 * header: so no packet is empty, which would look like the end, and a look at the header is enough
 * to know whether the message fits, before it is taken.
 *
 * A packet must fit into the socket's buffer. Longer messages lie in a file without a name, and the
 * packet carries the file's descriptor. */
#include "conn.h"

#include "beyond.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 20 }; /* before sleeping */

struct header {
    enum { MESSAGE, LONG_MESSAGE, DESCRIPTOR } kind; /* the last two come with a descriptor */
    unsigned size;                                   /* of the message */
};

/* What goes through the socket. To copy the message behind its header and out again is cheaper than
 * to describe the two pieces to sendmsg and recvmsg. */
struct packet {
    struct header header;
    unsigned char bytes[CONN_PACKET];
};

/* Room for one descriptor beside a packet. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int conn_pair(struct conn ends[2])
{
    int descriptors[2];

    if (io_socketpair(SOCK_SEQPACKET, descriptors) == -1)
        return -1;
    for (int i = 0; i < 2; i++)
        ends[i] =
            (struct conn){.descriptor = descriptors[i], .can_send = true, .can_receive = true};
    return 0;
}

int conn_one_way(struct conn ends[2])
{
    if (conn_pair(ends) == -1)
        return -1;
    ends[0].can_send = false;
    ends[1].can_receive = false;
    return 0;
}

void conn_close(struct conn *conn)
{
    io_close(&conn->descriptor);
}

static int check_end(const struct conn *conn, bool allowed)
{
    if (conn->descriptor != -1 && allowed)
        return 0;
    errno = EBADF;
    return -1;
}

static int wait_flag(double deadline)
{
    return deadline < FOREVER ? MSG_DONTWAIT : 0;
}

/* After a call that has failed: waits until it is worth another try. Returns 0 if it is. */
static int wait_until_ready(int descriptor, short events, double deadline)
{
    if (errno == EINTR)
        return 0;
    if (errno == ECONNRESET || errno == ENOTCONN || errno == ECONNREFUSED)
        errno = EPIPE; /* what Linux says first when the other side left messages unread */
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return -1;
    struct pollfd ready = {.fd = descriptor, .events = events};
    int count = poll(&ready, 1, milliseconds_until(deadline));
    if (count == 0 && milliseconds_until(deadline) == 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    return count == -1 && errno != EINTR ? -1 : 0;
}

static int send_message(struct conn *conn, const void *message, size_t size, double deadline)
{
    struct packet packet;

    packet.header = (struct header){.kind = MESSAGE, .size = (unsigned)size};
    if (size > 0)
        memcpy(packet.bytes, message, size);
    while (send(conn->descriptor, &packet, sizeof packet.header + size,
                MSG_NOSIGNAL | wait_flag(deadline)) == -1)
        if (wait_until_ready(conn->descriptor, POLLOUT, deadline) == -1)
            return -1;
    return 0;
}

/* Sends a header, and a descriptor beside it. */
static int send_descriptor(struct conn *conn, struct header header, int descriptor, double deadline)
{
    struct iovec part = {.iov_base = &header, .iov_len = sizeof header};
    union control control = {0};
    struct msghdr packet = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&packet);

    *rights = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof descriptor)};
    memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    while (sendmsg(conn->descriptor, &packet, MSG_NOSIGNAL | wait_flag(deadline)) == -1)
        if (wait_until_ready(conn->descriptor, POLLOUT, deadline) == -1)
            return -1;
    return 0;
}

int conn_send(struct conn *conn, const void *message, size_t size, double timeout)
{
    double deadline = deadline_after(timeout);

    if (check_end(conn, conn->can_send) == -1)
        return -1;
    if (size > CONN_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    if (size <= CONN_PACKET)
        return send_message(conn, message, size, deadline);

    struct header header = {.kind = LONG_MESSAGE, .size = (unsigned)size};
    int file = beyond_memory_file();
    if (file == -1)
        return -1;
    int result = io_write(file, message, size);
    if (result == 0)
        result = send_descriptor(conn, header, file, deadline);
    io_close(&file); /* the packet has a copy of its own */
    return result;
}

int conn_send_descriptor(struct conn *conn, int descriptor, double timeout)
{
    if (check_end(conn, conn->can_send) == -1)
        return -1;
    return send_descriptor(conn, (struct header){.kind = DESCRIPTOR}, descriptor,
                           deadline_after(timeout));
}

/* Waits for a packet, and receives up to `room` bytes of it. */
static int receive(struct conn *conn, void *packet, size_t room, int flags, double deadline)
{
    /* An answer often comes in a moment, and to sleep and be woken takes longer. */
    int tries = milliseconds_until(deadline) == 0 ? 0 : TRIES;

    for (;; tries--) {
        int wait = tries > 0 ? MSG_DONTWAIT : wait_flag(deadline);
        ssize_t size = recv(conn->descriptor, packet, room, flags | wait);
        if (size > 0)
            return 0;
        if (size == 0)
            errno = EPIPE; /* the end: nobody has the other side */
        if (tries > 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            sched_yield(); /* whom we wait for may need this very processor */
        else if (wait_until_ready(conn->descriptor, POLLIN, deadline) == -1)
            return -1;
    }
}

/* The same, but the packet stays. */
static int look_at_header(struct conn *conn, struct header *header, double deadline)
{
    if (check_end(conn, conn->can_receive) == -1)
        return -1;
    return receive(conn, header, sizeof *header, MSG_PEEK, deadline);
}

/* Returns a copy of the descriptor that has come with the next packet, which stays: so nothing is
 * lost if this fails. */
static int look_at_descriptor(struct conn *conn)
{
    struct header header;
    struct iovec part = {.iov_base = &header, .iov_len = sizeof header};
    union control control;
    struct msghdr packet = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};
    int descriptor;

    if (recvmsg(conn->descriptor, &packet, MSG_PEEK | MSG_DONTWAIT) == -1)
        return -1;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&packet);
    if (rights == NULL || rights->cmsg_type != SCM_RIGHTS) {
        errno = EMFILE; /* that is how the kernel says it: nothing is there */
        return -1;
    }
    memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) == -1)
        io_close(&descriptor);
    return descriptor;
}

ssize_t conn_next_size(struct conn *conn, double timeout)
{
    struct header header;

    if (look_at_header(conn, &header, deadline_after(timeout)) == -1)
        return -1;
    if (header.kind == DESCRIPTOR) {
        errno = EBADMSG;
        return -1;
    }
    return (ssize_t)header.size;
}

static int read_file(int file, void *buffer, size_t size)
{
    if (lseek(file, 0, SEEK_SET) == -1)
        return -1;
    ssize_t got = io_read(file, buffer, size);
    if (got >= 0 && (size_t)got < size)
        errno = EIO;
    return got == (ssize_t)size ? 0 : -1;
}

ssize_t conn_receive(struct conn *conn, void *buffer, size_t room, double timeout)
{
    double deadline = deadline_after(timeout);
    struct header header;
    struct packet packet;

    if (look_at_header(conn, &header, deadline) == -1)
        return -1;
    if (header.kind == DESCRIPTOR || header.size > room) {
        errno = header.kind == DESCRIPTOR ? EBADMSG : EMSGSIZE;
        return -1;
    }
    if (header.kind == LONG_MESSAGE) { /* first its bytes: the packet goes when they are here */
        int file = look_at_descriptor(conn);
        if (file == -1)
            return -1;
        int result = read_file(file, buffer, header.size);
        io_close(&file);
        if (result == -1)
            return -1;
    }
    if (receive(conn, &packet, sizeof packet, 0, deadline) == -1)
        return -1;
    if (packet.header.kind != MESSAGE)
        return (ssize_t)header.size;
    if (packet.header.size > room) { /* another process has taken the one that we looked at */
        errno = EMSGSIZE;
        return -1;
    }
    if (packet.header.size > 0)
        memcpy(buffer, packet.bytes, packet.header.size);
    return (ssize_t)packet.header.size;
}

int conn_poll(struct conn *conn, double timeout)
{
    double deadline = deadline_after(timeout);
    struct pollfd ready = {.fd = conn->descriptor, .events = POLLIN};

    if (check_end(conn, conn->can_receive) == -1)
        return -1;
    for (;;) {
        int count = poll(&ready, 1, milliseconds_until(deadline));
        if (count == 1)
            return 1;
        if (count == -1 && errno != EINTR)
            return -1;
        if (count == 0 && milliseconds_until(deadline) == 0)
            return 0;
    }
}

int conn_receive_descriptor(struct conn *conn, double timeout)
{
    double deadline = deadline_after(timeout);
    struct header header;

    if (look_at_header(conn, &header, deadline) == -1)
        return -1;
    if (header.kind != DESCRIPTOR) {
        errno = EBADMSG;
        return -1;
    }
    struct packet packet;
    int descriptor = look_at_descriptor(conn);
    if (descriptor != -1 && receive(conn, &packet, sizeof packet, 0, deadline) == -1)
        io_close(&descriptor);
    return descriptor;
}
