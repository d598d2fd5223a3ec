/* A link is a stream of bytes each way; a message in it is a header and as many bytes as that says.
 *
 * Nothing here waits inside a send: that could wait for ever without anybody knowing. We send what
 * there is room for, say whom we wait for (waits), and wait for both directions in poll. */
#include "links.h"

#include "io.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { TRY_AGAIN = 100 };  /* milliseconds; see waits.c */
enum { BIN_SIZE = 16384 }; /* bytes */

/* Goes in front of every message. */
struct header {
    uint64_t size, kind;
};

/* One direction of a transfer, as far as it has got. */
struct flow {
    int peer;   /* LINKS_NOBODY: it is done */
    bool ended; /* the peer has */
    struct header header;
    struct iovec parts[2]; /* what is still missing of the header, and of the message */
    size_t seen;           /* of one that sends, as in its wait */
    int error;             /* of one that receives: why the message is lost, ... */
    uint64_t lost;         /* ... how much of it is still to be taken off, ... */
    char *bin;             /* ... and where to, so many bytes at a time */
};

static int *end_of(const struct links *links, int of, int to)
{
    return &links->ends[of * links->count + to];
}

static int open_pair(struct links *links, int one, int other, int buffer)
{
    int ends[2], size = 2 * buffer; /* the kernel has needs of its own, and counts them in */

    if (io_socketpair(SOCK_STREAM, ends) == -1)
        return -1;
    *end_of(links, one, other) = ends[0];
    *end_of(links, other, one) = ends[1];
    for (int i = 0; i < 2; i++)
        if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == -1)
            return -1;
    return 0;
}

static int open_pairs(struct links *links, int buffer)
{
    for (int other = 1; other < links->count; other++)
        for (int one = 0; one < other; one++)
            if (open_pair(links, one, other, buffer) == -1)
                return -1;
    return 0;
}

int links_open(struct links *links, int count, int buffer)
{
    int pairs = count * count;

    *links = (struct links){.count = count, .self = LINKS_NOBODY};
    links->ends = malloc((size_t)pairs * sizeof *links->ends);
    for (int i = 0; i < pairs && links->ends != NULL; i++)
        links->ends[i] = -1;
    if (links->ends != NULL && waits_open(&links->waits, count) == 0 &&
        open_pairs(links, buffer) == 0)
        return 0;
    int error = errno;
    links_close(links);
    errno = error;
    return -1;
}

void links_close_ends(struct links *links, int rank)
{
    for (int to = 0; to < links->count; to++)
        io_close(end_of(links, rank, to));
}

void links_be(struct links *links, int rank)
{
    links->self = rank;
    for (int other = 0; other < links->count; other++)
        if (other != rank)
            links_close_ends(links, other);
}

void links_close(struct links *links)
{
    for (int rank = 0; rank < links->count && links->ends != NULL; rank++)
        links_close_ends(links, rank);
    free(links->ends);
    waits_close(&links->waits);
    *links = (struct links){0};
}

static void begin_wait(struct links *links, enum link_kind kind, const struct flow *out,
                       const struct flow *in)
{
    static const char *const words[] = {"",          " (barrier)",    " (broadcast)", " (scatter)",
                                        " (gather)", " (all-to-all)", " (reduce)"};

    waits_begin(&links->waits, links->self, out->peer, in->peer, out->seen, words[kind]);
}

/* Takes so many bytes from the front of what is missing. Says whether that was all. */
static bool advance(struct flow *flow, size_t bytes)
{
    for (int i = 0; i < 2; i++) {
        struct iovec *part = &flow->parts[i];
        size_t step = bytes < part->iov_len ? bytes : part->iov_len;
        if (step > 0) /* else it may be NULL, which not even 0 is added to */
            part->iov_base = (char *)part->iov_base + step;
        part->iov_len -= step;
        bytes -= step;
    }
    return flow->parts[0].iov_len + flow->parts[1].iov_len == 0;
}

/* After a send or receive that has failed: 1 (try again), 0 (it would have to wait), or -1. */
static int check_failure(struct flow *flow)
{
    /* ECONNRESET is said once, when the other side has ended without having received everything;
     * what it has sent is still there. */
    if (errno == EINTR || errno == ECONNRESET)
        return 1;
    if (errno == EPIPE)
        flow->ended = true;
    return flow->ended || errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
}

/* Sends as much as the socket takes. Returns 0, or -1 and errno. */
static int push(struct links *links, struct flow *out)
{
    struct msghdr message = {.msg_iov = out->parts, .msg_iovlen = 2};
    int end = *end_of(links, links->self, out->peer);

    for (;;) {
        out->seen = waits_received(&links->waits, links->self, out->peer); /* before the try */
        ssize_t sent = sendmsg(end, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == -1) {
            int again = check_failure(out);
            if (again == 1)
                continue;
            return again;
        }
        waits_count_sent(&links->waits, links->self, out->peer, (size_t)sent);
        if (advance(out, (size_t)sent)) {
            out->peer = LINKS_NOBODY;
            return 0;
        }
    }
}

/* Has the next of a lost message received, if there is more. Says whether there is not. */
static bool lose(struct flow *in)
{
    size_t step = in->lost < BIN_SIZE ? (size_t)in->lost : BIN_SIZE;

    in->parts[1] = (struct iovec){.iov_base = in->bin, .iov_len = step};
    in->lost -= step;
    return step == 0;
}

/* The header is there. A message that is not wanted must be received all the same: another one may
 * be behind it. Says whether that was the whole message. */
static bool begin_message(struct flow *in, enum link_kind kind)
{
    struct iovec *rest = &in->parts[1]; /* as yet, what there is room for */

    if (in->header.kind != kind)
        in->error = EBADMSG;
    else if (in->header.size > rest->iov_len)
        in->error = EMSGSIZE;
    if (in->error != 0) {
        in->lost = in->header.size;
        return lose(in);
    }
    rest->iov_len = (size_t)in->header.size;
    return rest->iov_len == 0;
}

/* Receives what is there, or, with MSG_WAITALL, waits for it. Returns 0, or -1 and errno. */
static int pull(struct links *links, enum link_kind kind, struct flow *in, int flags)
{
    int end = *end_of(links, links->self, in->peer);

    for (;;) {
        bool in_header = in->parts[0].iov_len > 0;
        struct iovec *part = &in->parts[in_header ? 0 : 1];
        ssize_t got = recv(end, part->iov_base, part->iov_len, flags);
        if (got == -1) {
            int again = check_failure(in);
            if (again == 1)
                continue;
            return again;
        }
        if (got == 0) {
            in->ended = true;
            return 0;
        }
        waits_count_received(&links->waits, in->peer, links->self, (size_t)got);
        bool done = advance(in, (size_t)got);
        if (in_header)
            done = in->parts[0].iov_len == 0 && begin_message(in, kind);
        else if (done)
            done = lose(in);
        if (done) {
            in->peer = LINKS_NOBODY;
            return 0;
        }
    }
}

/* Goes as far as possible, and waits until it may go on. Returns 0, or -1 and errno. */
static int go_on(struct links *links, enum link_kind kind, struct flow *out, struct flow *in)
{
    if (out->peer != LINKS_NOBODY && !out->ended && push(links, out) == -1)
        return -1;
    if (out->peer == LINKS_NOBODY && in->peer != LINKS_NOBODY && !in->ended) {
        /* Nothing else to do meanwhile: wait in recv, which is quicker than poll and recv. */
        begin_wait(links, kind, out, in);
        int result = pull(links, kind, in, MSG_WAITALL);
        waits_end(&links->waits, links->self);
        return result;
    }
    if (in->peer != LINKS_NOBODY && !in->ended && pull(links, kind, in, MSG_DONTWAIT) == -1)
        return -1;
    if (out->peer == LINKS_NOBODY && in->peer == LINKS_NOBODY)
        return 0;

    struct pollfd ready[2] = {{.fd = -1, .events = POLLOUT}, {.fd = -1, .events = POLLIN}};
    if (out->peer != LINKS_NOBODY && !out->ended)
        ready[0].fd = *end_of(links, links->self, out->peer);
    if (in->peer != LINKS_NOBODY && !in->ended)
        ready[1].fd = *end_of(links, links->self, in->peer);
    begin_wait(links, kind, out, in);
    poll(ready, 2, ready[0].fd != -1 ? TRY_AGAIN : -1); /* whatever it says, we try */
    waits_end(&links->waits, links->self);
    return 0;
}

static void give_up(struct links *links, int peer)
{
    if (peer != LINKS_NOBODY)
        io_close(end_of(links, links->self, peer));
}

ssize_t links_transfer(struct links *links, enum link_kind kind, int to, const void *message,
                       size_t size, int from, void *buffer, size_t room)
{
    struct flow out = {.peer = to, .header = {.size = size, .kind = kind}};
    char bin[BIN_SIZE];
    struct flow in = {.peer = from, .bin = bin};
    int result = 0;

    out.parts[0] = (struct iovec){.iov_base = &out.header, .iov_len = sizeof out.header};
    out.parts[1] = (struct iovec){.iov_base = (void *)message, .iov_len = size};
    in.parts[0] = (struct iovec){.iov_base = &in.header, .iov_len = sizeof in.header};
    in.parts[1] = (struct iovec){.iov_base = buffer, .iov_len = room};
    while (result == 0 && (out.peer != LINKS_NOBODY || in.peer != LINKS_NOBODY))
        result = go_on(links, kind, &out, &in);
    if (result == -1) {
        /* Perhaps in the midst of a message. What came next would be taken for the rest of it. */
        give_up(links, to);
        give_up(links, from);
        return -1;
    }
    if (in.error != 0) {
        errno = in.error;
        return -1;
    }
    return (ssize_t)in.header.size;
}
