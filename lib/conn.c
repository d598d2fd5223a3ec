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

/* Waits for a packet, and receives up to `room` bytes of it. *descriptor becomes the one that has
 * come with it, or -1; where `descriptor` is NULL, the packet stays. */
static int receive(struct conn *conn, void *packet, size_t room, int *descriptor, double deadline)
{
    union control control;
    struct iovec part = {.iov_base = packet, .iov_len = room};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};

    for (;;) {
        int wait = wait_flag(deadline);
        message.msg_controllen = sizeof control;
        ssize_t size = descriptor == NULL ? recv(conn->descriptor, packet, room, MSG_PEEK | wait)
                                          : recvmsg(conn->descriptor, &message, wait);
        if (size > 0)
            break;
        if (size == 0)
            errno = EPIPE; /* the end: nobody has the other side */
        if (wait_until_ready(conn->descriptor, POLLIN, deadline) == -1)
            return -1;
    }
    if (descriptor == NULL)
        return 0;
    *descriptor = -1;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (rights != NULL && rights->cmsg_type == SCM_RIGHTS) {
        memcpy(descriptor, CMSG_DATA(rights), sizeof *descriptor);
        fcntl(*descriptor, F_SETFD, FD_CLOEXEC);
    }
    return 0;
}

/* Waits for a packet, and looks at its header; it stays. */
static int look_at_header(struct conn *conn, struct header *header, double deadline)
{
    if (check_end(conn, conn->can_receive) == -1)
        return -1;
    return receive(conn, header, sizeof *header, NULL, deadline);
}

/* Fails where the process can't have one more descriptor: the one in a packet would be lost. */
static int check_room_for_descriptor(const struct conn *conn)
{
    int copy = dup(conn->descriptor);

    if (copy == -1)
        return -1;
    io_close(&copy);
    return 0;
}

static int check_message(const struct header *header, size_t room)
{
    if (header->kind != DESCRIPTOR && header->size <= room)
        return 0;
    errno = header->kind == DESCRIPTOR ? EBADMSG : EMSGSIZE;
    return -1;
}

ssize_t conn_next_size(struct conn *conn, double timeout)
{
    struct header header;

    if (look_at_header(conn, &header, deadline_after(timeout)) == -1 ||
        check_message(&header, CONN_MAX) == -1)
        return -1;
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
    struct packet packet;
    int file;

    if (look_at_header(conn, &packet.header, deadline) == -1 ||
        check_message(&packet.header, room) == -1)
        return -1;
    if (packet.header.kind == LONG_MESSAGE && check_room_for_descriptor(conn) == -1)
        return -1;
    if (receive(conn, &packet, sizeof packet, &file, deadline) == -1)
        return -1;
    /* It may not be the one that we have looked at: another process may have been quicker. */
    int result = check_message(&packet.header, room);
    if (result == 0 && packet.header.kind == LONG_MESSAGE)
        result = read_file(file, buffer, packet.header.size);
    else if (result == 0 && packet.header.size > 0)
        memcpy(buffer, packet.bytes, packet.header.size);
    io_close(&file);
    return result == -1 ? -1 : (ssize_t)packet.header.size;
}

int conn_poll(struct conn *conn, double timeout)
{
    struct header header;

    if (look_at_header(conn, &header, deadline_after(timeout)) == 0 || errno == EPIPE)
        return 1;
    return errno == ETIMEDOUT ? 0 : -1;
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
    int descriptor;
    if (check_room_for_descriptor(conn) == -1 ||
        receive(conn, &header, sizeof header, &descriptor, deadline) == -1)
        return -1;
    return descriptor;
}
