/* A message is one packet of a SOCK_SEQPACKET socketpair. In front of the caller's bytes it has a
 * header: so no packet is empty, which would look like the end, and its header tells what it is.
 *
 * A packet must fit into the socket's buffer. Longer messages lie in a file without a name, and the
 * packet carries the file's descriptor. */
#include "conn.h"

#include "beyond.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Where packets are received. One that the caller can't use stays here, for its next call. */
struct conn_inbox {
    pid_t keeper;   /* the process whose next call that is, or 0: there is no packet */
    int descriptor; /* that has come with it, or -1 */
    struct packet packet;
};

/* Room for one descriptor beside a packet. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int conn_pair(struct conn ends[2])
{
    int pair[2];

    if (io_socketpair(SOCK_SEQPACKET, pair) == -1)
        return -1;
    for (int i = 0; i < 2; i++)
        ends[i] = (struct conn){.descriptor = pair[i], .can_send = true, .can_receive = true};
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

static void empty(struct conn_inbox *inbox)
{
    io_close(&inbox->descriptor);
    inbox->keeper = 0;
}

void conn_close(struct conn *conn)
{
    io_close(&conn->descriptor);
    if (conn->inbox != NULL)
        empty(conn->inbox);
    free(conn->inbox);
    conn->inbox = NULL;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static int check_end(const struct conn *conn, bool allowed)
{
    return conn->descriptor != -1 && allowed ? 0 : fail(EBADF);
}

static int wait_flag(double deadline)
{
    return deadline < FOREVER ? MSG_DONTWAIT : 0;
}

/* After a call that has failed: waits until it is worth another try. Returns 0 if it is. */
static int wait_until_ready(int descriptor, short events, double deadline)
{
    /* ECONNRESET is said once, when the other side has left without having received everything;
     * what it had sent is still there. */
    if (errno == EINTR || errno == ECONNRESET)
        return 0;
    if (errno == ENOTCONN || errno == ECONNREFUSED)
        errno = EPIPE; /* in Linux before 6.2, at the very moment when it leaves */
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return -1;
    struct pollfd ready = {.fd = descriptor, .events = events};
    int count = poll(&ready, 1, milliseconds_until(deadline));
    if (count == 0 && milliseconds_until(deadline) == 0)
        return fail(ETIMEDOUT);
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
    if (size > CONN_MAX)
        return fail(EMSGSIZE);
    if (size <= CONN_PACKET)
        return send_message(conn, message, size, deadline);

    int file = beyond_memory_file();
    if (file == -1)
        return -1;
    struct header header = {.kind = LONG_MESSAGE, .size = (unsigned)size};
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

/* Waits for a packet, and has it in the inbox; with MSG_PEEK its header, and the packet stays. */
static int next_packet(struct conn *conn, int peek, double deadline)
{
    if (check_end(conn, conn->can_receive) == -1)
        return -1;
    if (conn->inbox == NULL) { /* now, while nothing is taken: it may fail */
        conn->inbox = malloc(sizeof *conn->inbox);
        if (conn->inbox == NULL)
            return -1;
        conn->inbox->keeper = 0;
        conn->inbox->descriptor = -1;
    }
    struct conn_inbox *inbox = conn->inbox;
    if (inbox->keeper != 0) {
        if (inbox->keeper == getpid())
            return 0;
        empty(inbox); /* what our parent had when it forked: it delivers that, not we, too */
    }

    union control control;
    struct iovec part = {.iov_base = &inbox->packet,
                         .iov_len = peek ? sizeof inbox->packet.header : sizeof inbox->packet};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
    for (;;) {
        message.msg_controllen = peek ? 0 : sizeof control; /* to peek would copy the descriptor */
        ssize_t size = recvmsg(conn->descriptor, &message, peek | wait_flag(deadline));
        if (size > 0)
            break;
        if (size == 0)
            errno = EPIPE; /* the end: nobody has the other side */
        if (wait_until_ready(conn->descriptor, POLLIN, deadline) == -1)
            return -1;
    }
    if (peek || inbox->packet.header.kind == MESSAGE)
        return 0;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (rights == NULL || rights->cmsg_type != SCM_RIGHTS)
        return fail(EMFILE); /* the process has too many: the kernel has dropped this one */
    memcpy(&inbox->descriptor, CMSG_DATA(rights), sizeof inbox->descriptor);
    fcntl(inbox->descriptor, F_SETFD, FD_CLOEXEC);
    return 0;
}

/* Waits for a packet, which stays. Fails where it comes with a descriptor and the process can't
 * have one more: to take it would lose that one. */
static int look_for_room(struct conn *conn, double deadline)
{
    if (next_packet(conn, MSG_PEEK, deadline) == -1)
        return -1;
    if (conn->inbox->packet.header.kind == MESSAGE || conn->inbox->keeper != 0)
        return 0;
    int copy = dup(conn->descriptor);
    if (copy == -1)
        return -1;
    io_close(&copy);
    return 0;
}

/* For a caller that can't use the packet in the inbox; its next call may. Returns -1. */
static int keep(struct conn_inbox *inbox, int error)
{
    inbox->keeper = getpid();
    return fail(error);
}

ssize_t conn_next_size(struct conn *conn, double timeout)
{
    if (next_packet(conn, MSG_PEEK, deadline_after(timeout)) == -1)
        return -1;
    struct header header = conn->inbox->packet.header;
    return header.kind == DESCRIPTOR ? fail(EBADMSG) : (ssize_t)header.size;
}

static ssize_t read_file(int file, void *buffer, size_t size)
{
    ssize_t got = lseek(file, 0, SEEK_SET) == -1 ? -1 : io_read(file, buffer, size);

    return got == -1 || (size_t)got == size ? got : fail(EIO);
}

/* To look at every packet first, and leave in the socket what the caller can't use, would be
 * simpler. But it costs a system call: only who has room for long messages pays that. */
ssize_t conn_receive(struct conn *conn, void *buffer, size_t room, double timeout)
{
    double deadline = deadline_after(timeout);

    if ((room > CONN_PACKET && look_for_room(conn, deadline) == -1) ||
        next_packet(conn, 0, deadline) == -1)
        return -1;
    struct conn_inbox *inbox = conn->inbox;
    struct header header = inbox->packet.header;
    if (header.kind == DESCRIPTOR || header.size > room)
        return keep(inbox, header.kind == DESCRIPTOR ? EBADMSG : EMSGSIZE);
    ssize_t size = (ssize_t)header.size;
    if (header.kind == LONG_MESSAGE)
        size = read_file(inbox->descriptor, buffer, header.size);
    else if (size > 0)
        memcpy(buffer, inbox->packet.bytes, header.size);
    empty(inbox);
    return size;
}

int conn_poll(struct conn *conn, double timeout)
{
    if (next_packet(conn, MSG_PEEK, deadline_after(timeout)) == 0 || errno == EPIPE)
        return 1;
    return errno == ETIMEDOUT ? 0 : -1;
}

int conn_receive_descriptor(struct conn *conn, double timeout)
{
    double deadline = deadline_after(timeout);

    if (look_for_room(conn, deadline) == -1 || next_packet(conn, 0, deadline) == -1)
        return -1;
    struct conn_inbox *inbox = conn->inbox;
    if (inbox->packet.header.kind != DESCRIPTOR)
        return keep(inbox, EBADMSG);
    int descriptor = inbox->descriptor;
    inbox->descriptor = -1; /* it is the caller's now */
    empty(inbox);
    return descriptor;
}
