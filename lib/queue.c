/* How it stays whole when a process is killed between any two lines:
 *
 * The items lie in a ring. `putters.count` is how many were ever put, `getters.count` how many were
 * ever taken: an item is in the queue from the moment the first is raised, and out of it when the
 * second is. One store each: killed before it, nothing has happened; killed after it, everything.
 *
 * One lock for putting, one for getting, so that both go on at once. They are robust: when the
 * holder dies, the next one gets the lock and is told. As there is never a half done change to
 * repair, it goes on.
 *
 * A process that must wait sleeps in poll, on a socket, never on a condition variable (a process
 * killed in pthread_cond_wait would leave the others stuck). The two ends of a socketpair are the
 * two ends of the queue: a byte sent from one wakes whoever sleeps at the other, and when the last
 * process that has one end is gone, the other end sees the end of file.
 *
 * The bell is rung before the item is there, under the lock. Killed after the ring, before the
 * item: the sleepers wake for nothing. The other way round they would sleep beside an item. */
#include "queue.h"

#include "io.h"
#include "lock.h"
#include "shm.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(ATOMIC_LONG_LOCK_FREE == 2, "a lock inside an atomic would be one per process");

enum {
    DEFAULT_ITEMS = 1024,
    TRIES = 300 /* before sleeping: an item, or room for one, may come in a moment */
};

/* What one side, the putters or the getters, writes. A processor that writes to a cache line takes
 * it away from the others, so what the other side reads lies on lines of its own. */
struct side {
    _Alignas(64) struct lock lock;     /* held by the one process of this side that is at work */
    unsigned long seen;                /* the other side's count, as it was when last looked at */
    _Alignas(64) atomic_ulong count;   /* items ever put, or ever got */
    _Alignas(64) atomic_bool sleeping; /* somebody of this side waits for the other side's bell */
};

struct ring {
    struct side putters;
    struct side getters;
};

struct slot {
    size_t size;
    unsigned char bytes[];
};

struct queue {
    struct ring *ring; /* shared, and followed by the slots */
    size_t max_items, max_size, slot_size, mapped_size;
    int put_end, get_end; /* the socketpair; -1: closed in this process */
};

/* Waits for its holder for a moment even without a timeout: that is what full or empty is about. */
static const double MOMENT = 0.05; /* seconds */

static int lock(struct side *side, double deadline)
{
    double left = seconds_until(deadline);

    /* If the last owner died, it has left nothing half done. */
    return lock_acquire(&side->lock, left > MOMENT ? left : MOMENT) == -1 ? -1 : 0;
}

struct queue *queue_open(size_t max_items, size_t max_size)
{
    if (max_items == 0)
        max_items = DEFAULT_ITEMS;
    size_t align = _Alignof(struct slot);
    size_t slot_size = (sizeof(struct slot) + max_size + align - 1) / align * align;
    if (max_size == 0 || slot_size < max_size ||
        max_items > (SIZE_MAX / 4 - sizeof(struct ring)) / slot_size) {
        errno = EINVAL;
        return NULL;
    }
    struct queue *queue = malloc(sizeof *queue);
    if (queue == NULL)
        return NULL;
    *queue = (struct queue){.max_items = max_items,
                            .max_size = max_size,
                            .slot_size = slot_size,
                            .mapped_size = sizeof(struct ring) + max_items * slot_size,
                            .put_end = -1,
                            .get_end = -1};
    int ends[2];
    queue->ring = shared_map(queue->mapped_size);
    if (queue->ring == NULL || lock_init(&queue->ring->putters.lock) == -1 ||
        lock_init(&queue->ring->getters.lock) == -1 || io_socketpair(SOCK_STREAM, ends) == -1) {
        int error = errno;
        queue_close(queue);
        errno = error;
        return NULL;
    }
    queue->put_end = ends[0];
    queue->get_end = ends[1];
    return queue;
}

static unsigned long items_in(const struct ring *ring)
{
    unsigned long got, items;

    do {
        got = atomic_load(&ring->getters.count);
        items = atomic_load(&ring->putters.count) - got;
    } while (atomic_load(&ring->getters.count) != got); /* else of two moments, not of one */
    return items;
}

static struct slot *slot_of(struct queue *queue, unsigned long count)
{
    unsigned char *slots = (unsigned char *)(queue->ring + 1);

    return (struct slot *)(void *)(slots + count % queue->max_items * queue->slot_size);
}

/* Wakes whoever sleeps on the other side. Full (they have not heard yet) and EPIPE (nobody is
 * there) are as good. */
static int ring_bell(int end, struct side *other)
{
    if (!atomic_load(&other->sleeping))
        return 0;
    if (send(end, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == -1 && errno != EAGAIN && errno != EPIPE)
        return -1; /* ENOBUFS, ENOMEM: they would sleep on */
    atomic_store(&other->sleeping, false);
    return 0;
}

/* Waits for a bell at `end` while there are `blocking` items: none for a getter, max_items for a
 * putter. Returns 0 (look again), or -1 and ETIMEDOUT, EPIPE (nobody is left to ring). */
static int wait_for_bell(struct queue *queue, struct side *side, int end, unsigned long blocking,
                         double deadline)
{
    struct ring *ring = queue->ring;
    char rings[64];
    ssize_t heard;
    int error = 0;

    /* Not for long: whom we wait for may need this very processor. And without sched_yield: beside
     * busy processes we would be back only after all of them, and one that sleeps is woken first.
     */
    int tries = milliseconds_until(deadline) == 0 ? 0 : TRIES;
    while (tries-- > 0)
        if (items_in(ring) != blocking)
            return 0;
    /* With both locks nobody is between ringing and raising a count: what we see now is true, and
     * the next one to change it will see that we sleep. Always in this order: no deadlock. */
    if (lock(&ring->putters, deadline) == -1)
        return -1;
    if (lock(&ring->getters, deadline) == -1) {
        lock_release(&ring->putters.lock);
        return -1;
    }
    bool blocked = items_in(ring) == blocking;
    if (blocked) {
        atomic_store(&side->sleeping, true); /* first: killed after it, a bell too many is rung */
        while ((heard = recv(end, rings, sizeof rings, MSG_DONTWAIT)) > 0)
            ; /* bells for what has been done since */
        if (heard == 0 || errno == ECONNRESET)
            error = EPIPE;
        else if (errno != EAGAIN && errno != EINTR)
            error = errno; /* the bells stay there, and poll would not wait any more */
    }
    lock_release(&ring->getters.lock);
    lock_release(&ring->putters.lock);

    if (!blocked)
        return 0;
    if (error != 0) {
        errno = error;
        return -1;
    }
    struct pollfd bell = {.fd = end, .events = POLLIN};
    int ready = poll(&bell, 1, milliseconds_until(deadline));
    if (ready == 0) {
        if (milliseconds_until(deadline) != 0) /* poll can wait for 24 days at most */
            return 0;
        errno = ETIMEDOUT;
    }
    return ready == 1 || (ready == -1 && errno == EINTR) ? 0 : -1;
}

int queue_put(struct queue *queue, const void *item, size_t size, double timeout)
{
    struct ring *ring = queue->ring;
    double deadline = deadline_after(timeout);

    if (queue->put_end == -1 || size > queue->max_size) {
        errno = queue->put_end == -1 ? EBADF : EMSGSIZE;
        return -1;
    }
    unsigned long count;
    for (;;) {
        if (lock(&ring->putters, deadline) == -1)
            return -1;
        count = atomic_load(&ring->putters.count);
        /* Full, as far as we know: look again. */
        if (count - ring->putters.seen == queue->max_items)
            ring->putters.seen = atomic_load(&ring->getters.count);
        if (count - ring->putters.seen < queue->max_items)
            break;
        lock_release(&ring->putters.lock);
        if (wait_for_bell(queue, &ring->putters, queue->put_end, queue->max_items, deadline) == -1)
            return -1;
    }
    struct slot *slot = slot_of(queue, count);
    slot->size = size;
    memcpy(slot->bytes, item, size);
    if (ring_bell(queue->put_end, &ring->getters) == -1) {
        lock_release(&ring->putters.lock);
        return -1;
    }
    atomic_store(&ring->putters.count, count + 1); /* now it is in the queue */
    lock_release(&ring->putters.lock);
    return 0;
}

ssize_t queue_get(struct queue *queue, void *buffer, size_t room, double timeout)
{
    struct ring *ring = queue->ring;
    double deadline = deadline_after(timeout);

    if (queue->get_end == -1) {
        errno = EBADF;
        return -1;
    }
    unsigned long count;
    for (;;) {
        if (lock(&ring->getters, deadline) == -1)
            return -1;
        count = atomic_load(&ring->getters.count);
        /* Empty, as far as we know: look again. */
        if (count == ring->getters.seen)
            ring->getters.seen = atomic_load(&ring->putters.count);
        if (count != ring->getters.seen)
            break;
        lock_release(&ring->getters.lock);
        if (wait_for_bell(queue, &ring->getters, queue->get_end, 0, deadline) == -1)
            return -1;
    }
    struct slot *slot = slot_of(queue, count);
    size_t size = slot->size;
    if (size > room) {
        lock_release(&ring->getters.lock);
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(buffer, slot->bytes, size);
    if (ring_bell(queue->get_end, &ring->putters) == -1) {
        lock_release(&ring->getters.lock);
        return -1;
    }
    atomic_store(&ring->getters.count, count + 1); /* now it is ours alone */
    lock_release(&ring->getters.lock);
    return (ssize_t)size;
}

size_t queue_size(const struct queue *queue)
{
    return items_in(queue->ring);
}

bool queue_is_empty(const struct queue *queue)
{
    return queue_size(queue) == 0;
}

bool queue_is_full(const struct queue *queue)
{
    return queue_size(queue) == queue->max_items;
}

void queue_close_put(struct queue *queue)
{
    io_close(&queue->put_end);
}

void queue_close_get(struct queue *queue)
{
    io_close(&queue->get_end);
}

void queue_close(struct queue *queue)
{
    if (queue == NULL)
        return;
    queue_close_put(queue);
    queue_close_get(queue);
    shared_unmap(queue->ring, queue->mapped_size);
    free(queue);
}
