/* The ways for processes to talk that ipc_cost compares, one after the other: how each makes a
 * channel from one side to the other, sends a message, and receives one. Read those that you want
 * to know about; at the end is the table of all. What fails ends the process, with a message. */
#ifndef WAYS_H
#define WAYS_H

#include "cli.h"
#include "conn.h"
#include "io.h"
#include "queue.h"
#include "shm.h"
#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Message queues are an option of POSIX; and glibc before 2.34 wants -lrt for them. */
#if defined _POSIX_MESSAGE_PASSING && _POSIX_MESSAGE_PASSING > 0 &&                                \
    !(defined __GLIBC__ && __GLIBC__ == 2 && __GLIBC_MINOR__ < 34)
#define HAS_MQUEUE
#include <mqueue.h>
#endif

/* One direction. What a way does not use is -1 or NULL: closed. */
struct channel {
    int ends[2]; /* of a pipe or of sockets: [0] to receive from, [1] to send to */
    struct conn conns[2];
    struct queue *queue;
    int mqueue;
    struct ring *ring;
    struct mailbox *mailbox;
    struct semaphore full;
};

#define CLOSED_CHANNEL                                                                             \
    {                                                                                              \
        .ends = {-1, -1}, .conns = {{.descriptor = -1}, {.descriptor = -1}}, .mqueue = -1,         \
        .full = {                                                                                  \
            -1,                                                                                    \
            -1                                                                                     \
        }                                                                                          \
    }

struct way {
    const char *name;
    int most;     /* so many senders at once, and as many receivers; 0: for round trips only */
    size_t whole; /* bytes: so long a message stays in one piece when there are several of them */
    const char *(*open)(struct channel *channel, size_t size); /* NULL; or why it can't be had */
    void (*send)(struct channel *channel, const void *message, size_t size);
    size_t (*receive)(struct channel *channel, void *buffer,
                      size_t size); /* 0: no more will come */
};

static inline size_t must(ssize_t result, const char *call, size_t size)
{
    if (result == -1)
        die("%s, %zu bytes", call, size);
    return (size_t)result;
}

static inline void *must_have(void *memory, const char *call, size_t size)
{
    must(memory == NULL ? -1 : 0, call, size);
    return memory;
}

/* ---- the bare calls: pipe and sockets differ only in how they are made ---- */

static inline const char *open_pipe(struct channel *channel, size_t size)
{
    must(io_pipe(channel->ends), "pipe", size);
    return NULL;
}

static inline const char *open_stream(struct channel *channel, size_t size)
{
    must(io_socketpair(SOCK_STREAM, channel->ends), "socketpair SOCK_STREAM", size);
    return NULL;
}

static inline const char *open_seqpacket(struct channel *channel, size_t size)
{
    must(io_socketpair(SOCK_SEQPACKET, channel->ends), "socketpair SOCK_SEQPACKET", size);
    return NULL;
}

/* One write, unless the kernel takes only a part of it; and none at all for size 0. */
static inline void send_by_write(struct channel *channel, const void *message, size_t size)
{
    must(io_write(channel->ends[1], message, size), "write", size);
}

static inline size_t receive_by_read(struct channel *channel, void *buffer, size_t size)
{
    return must(io_read(channel->ends[0], buffer, size), "read", size);
}

/* ---- POSIX message queues: the kernel keeps messages, ordered by their priority ---- */

#ifdef HAS_MQUEUE
static inline const char *open_mqueue(struct channel *channel, size_t size)
{
    struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = (long)size}; /* msg_max */
    char name[32];

    snprintf(name, sizeof name, "/ipc_cost-%ld", (long)getpid());
    channel->mqueue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
    if (channel->mqueue == -1)
        return errno == EINVAL   ? "longer than /proc/sys/fs/mqueue/msgsize_max"
               : errno == EMFILE ? "more than ulimit -q allows"
                                 : strerror(errno);
    mq_unlink(name); /* at once: whatever ends us, no name stays behind */
    return NULL;
}

static inline void send_by_mqueue(struct channel *channel, const void *message, size_t size)
{
    must(mq_send(channel->mqueue, message, size, 0), "mq_send", size);
}

static inline size_t receive_by_mqueue(struct channel *channel, void *buffer, size_t size)
{
    return must(mq_receive(channel->mqueue, buffer, size, NULL), "mq_receive", size);
}

static inline void close_mqueue(int mqueue)
{
    if (mqueue != -1)
        mq_close(mqueue);
}
#else
static inline const char *open_mqueue(struct channel *channel, size_t size)
{
    (void)channel, (void)size;
    return "this C library has none";
}

#define send_by_mqueue NULL /* never called */
#define receive_by_mqueue NULL
#define close_mqueue(mqueue) ((void)(mqueue))
#endif

/* ---- the library's conn: seqpacket, with a header that makes room for more than bytes ---- */

static inline const char *open_conn(struct channel *channel, size_t size)
{
    must(conn_one_way(channel->conns), "conn_one_way", size);
    return NULL;
}

static inline void send_by_conn(struct channel *channel, const void *message, size_t size)
{
    must(conn_send(&channel->conns[1], message, size, FOREVER), "conn_send", size);
}

static inline size_t receive_by_conn(struct channel *channel, void *buffer, size_t size)
{
    return must(conn_receive(&channel->conns[0], buffer, size, FOREVER), "conn_receive", size);
}

/* ---- the library's queue: a ring in shared memory, with locks so that several may use each end;
 * system calls only to sleep and to wake ---- */

/* How many messages the queue and the ring have room for: of the long ones, 1 MiB. */
static inline size_t slots_for(size_t size)
{
    return size <= 1024 ? 1024 : ((size_t)1 << 20) / size;
}

static inline const char *open_queue(struct channel *channel, size_t size)
{
    channel->queue = must_have(queue_open(slots_for(size), size), "queue_open", size);
    return NULL;
}

static inline void send_by_queue(struct channel *channel, const void *message, size_t size)
{
    must(queue_put(channel->queue, message, size, FOREVER), "queue_put", size);
}

static inline size_t receive_by_queue(struct channel *channel, void *buffer, size_t size)
{
    return must(queue_get(channel->queue, buffer, size, FOREVER), "queue_get", size);
}

/* ---- a ring in shared memory, without a lock and without a system call: as fast as it gets, and
 * easy to get wrong. With a second sender or receiver, messages would be torn; a side that waits
 * keeps its processor busy; and when the other side dies, it waits for ever. That the queue can do
 * all this is what it costs more ---- */

/* Message n lies in slot n % slots; both sides only count up. A processor that writes to a cache
 * line takes it away from the others, so what each side writes has a line of its own. */
struct ring {
    _Alignas(64) atomic_ulong sent; /* messages: written by the sender, read by the receiver */
    unsigned long received_seen;    /* the other count, as the sender last saw it */
    _Alignas(64) atomic_ulong received;
    unsigned long sent_seen;
    _Alignas(64) size_t slots; /* from here on nobody writes */
    size_t slot_size, mapped_size;
};

struct ring_slot {
    size_t size;
    unsigned char bytes[];
};

static inline const char *open_ring(struct channel *channel, size_t size)
{
    size_t align = _Alignof(struct ring_slot), slots = slots_for(size);
    size_t slot_size = (sizeof(struct ring_slot) + size + align - 1) / align * align;
    size_t mapped_size = sizeof(struct ring) + slots * slot_size;

    channel->ring = must_have(shared_map(mapped_size), "shared_map", mapped_size);
    channel->ring->slots = slots;
    channel->ring->slot_size = slot_size;
    channel->ring->mapped_size = mapped_size;
    return NULL;
}

static inline struct ring_slot *ring_slot(struct ring *ring, unsigned long number)
{
    unsigned char *slots = (unsigned char *)(ring + 1);

    return (struct ring_slot *)(void *)(slots + number % ring->slots * ring->slot_size);
}

/* Waits by looking again; and gives way now and then: on one processor, the other side can't do
 * what we wait for as long as we look. */
static inline void look_again(unsigned *looks)
{
    if (++*looks % 1000 == 0)
        sched_yield();
}

static inline void send_by_ring(struct channel *channel, const void *message, size_t size)
{
    struct ring *ring = channel->ring;
    unsigned long number = atomic_load_explicit(&ring->sent, memory_order_relaxed); /* our own */

    for (unsigned looks = 0; number - ring->received_seen == ring->slots; look_again(&looks))
        /* acquire: we overwrite the slot after the other side has read it, and not before. */
        ring->received_seen = atomic_load_explicit(&ring->received, memory_order_acquire);
    struct ring_slot *slot = ring_slot(ring, number);
    slot->size = size;
    memcpy(slot->bytes, message, size);
    /* release: who sees the new count also sees what was written before it. With a plain store, the
     * compiler or the processor may turn the two around, and the old message is read. */
    atomic_store_explicit(&ring->sent, number + 1, memory_order_release);
}

static inline size_t receive_by_ring(struct channel *channel, void *buffer, size_t size)
{
    struct ring *ring = channel->ring;
    unsigned long number = atomic_load_explicit(&ring->received, memory_order_relaxed);

    for (unsigned looks = 0; number == ring->sent_seen; look_again(&looks))
        ring->sent_seen = atomic_load_explicit(&ring->sent, memory_order_acquire);
    struct ring_slot *slot = ring_slot(ring, number);
    size = slot->size;
    memcpy(buffer, slot->bytes, size);
    atomic_store_explicit(&ring->received, number + 1, memory_order_release);
    return size;
}

/* ---- semaphores carry no bytes: these lie in shared memory beside them. There is room for one
 * message only, but in a round trip nobody sends before the last one is answered ---- */

enum { MAILBOX_ROOM = 64 };

struct mailbox {
    sem_t full;
    size_t size;
    unsigned char bytes[MAILBOX_ROOM];
};

static inline const char *open_sem_t(struct channel *channel, size_t size)
{
    channel->mailbox = must_have(shared_map(sizeof *channel->mailbox), "shared_map", size);
    must(sem_init(&channel->mailbox->full, 1, 0), "sem_init", size);
    return NULL;
}

static inline void send_by_sem_t(struct channel *channel, const void *message, size_t size)
{
    channel->mailbox->size = size;
    memcpy(channel->mailbox->bytes, message, size);
    must(sem_post(&channel->mailbox->full), "sem_post", size);
}

static inline size_t receive_by_sem_t(struct channel *channel, void *buffer, size_t size)
{
    must(sem_wait(&channel->mailbox->full), "sem_wait", size);
    memcpy(buffer, channel->mailbox->bytes, channel->mailbox->size);
    return channel->mailbox->size;
}

/* ---- the library's semaphore: a pipe, so that whoever dies in it leaves nobody stuck ---- */

static inline const char *open_semaphore(struct channel *channel, size_t size)
{
    channel->mailbox = must_have(shared_map(sizeof *channel->mailbox), "shared_map", size);
    must(semaphore_open(&channel->full, 0), "semaphore_open", size);
    return NULL;
}

static inline void send_by_semaphore(struct channel *channel, const void *message, size_t size)
{
    channel->mailbox->size = size;
    memcpy(channel->mailbox->bytes, message, size);
    must(semaphore_release(&channel->full), "semaphore_release", size);
}

static inline size_t receive_by_semaphore(struct channel *channel, void *buffer, size_t size)
{
    must(semaphore_acquire(&channel->full, FOREVER), "semaphore_acquire", size);
    memcpy(buffer, channel->mailbox->bytes, channel->mailbox->size);
    return channel->mailbox->size;
}

/* ---- all of them ---- */

static const struct way ways[] = {
    {"pipe", 2, PIPE_BUF, open_pipe, send_by_write, receive_by_read},
    {"stream", 2, 1, open_stream, send_by_write, receive_by_read}, /* bytes, not messages */
    {"seqpacket", 2, SIZE_MAX, open_seqpacket, send_by_write, receive_by_read},
    {"mqueue", 2, SIZE_MAX, open_mqueue, send_by_mqueue, receive_by_mqueue},
    {"conn", 2, SIZE_MAX, open_conn, send_by_conn, receive_by_conn},
    {"queue", 2, SIZE_MAX, open_queue, send_by_queue, receive_by_queue},
    {"ring", 1, SIZE_MAX, open_ring, send_by_ring, receive_by_ring},
    {"sem_t", 0, SIZE_MAX, open_sem_t, send_by_sem_t, receive_by_sem_t},
    {"semaphore", 0, SIZE_MAX, open_semaphore, send_by_semaphore, receive_by_semaphore},
    {.name = "memcpy", .most = 1}, /* no way for processes, but the limit */
};

enum { WAYS = sizeof ways / sizeof *ways };

/* Each process closes the end that it does not use: only so can the other side see that nobody is
 * left to send, or to receive. Shared memory has no ends. */
static inline void close_receive_end(struct channel *channel)
{
    io_close(&channel->ends[0]);
    conn_close(&channel->conns[0]);
    if (channel->queue != NULL)
        queue_close_get(channel->queue);
}

static inline void close_send_end(struct channel *channel)
{
    io_close(&channel->ends[1]);
    conn_close(&channel->conns[1]);
    if (channel->queue != NULL)
        queue_close_put(channel->queue);
}

static inline void close_channel(struct channel *channel)
{
    close_receive_end(channel);
    close_send_end(channel);
    queue_close(channel->queue);
    close_mqueue(channel->mqueue);
    if (channel->ring != NULL)
        shared_unmap(channel->ring, channel->ring->mapped_size);
    shared_unmap(channel->mailbox, sizeof *channel->mailbox);
    semaphore_close(&channel->full);
    *channel = (struct channel)CLOSED_CHANNEL;
}

#endif
