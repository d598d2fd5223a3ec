#include "shm.h"

#include "beyond.h"
#include "lock.h"

#include <errno.h>
#include <sys/mman.h>

void *shared_map(size_t size)
{
    if (size == 0) {
        errno = EINVAL;
        return NULL;
    }
    return beyond_map_shared(size);
}

void shared_unmap(void *memory, size_t size)
{
    if (memory != NULL)
        munmap(memory, size);
}

struct counter {
    struct lock lock;
    long value;
};

struct counter *counter_open(long value)
{
    struct counter *counter = shared_map(sizeof *counter);

    if (counter == NULL)
        return NULL;
    if (lock_init(&counter->lock) == -1) {
        int error = errno;
        counter_close(counter);
        errno = error;
        return NULL;
    }
    counter->value = value;
    return counter;
}

void counter_close(struct counter *counter)
{
    shared_unmap(counter, sizeof *counter);
}

long counter_add(struct counter *counter, long amount)
{
    /* It can't fail: we wait as long as it takes, and never have it already. If the last owner died
     * in here, it has stored the sum or not: one store, and nothing is half done. */
    lock_acquire(&counter->lock, FOREVER);
    long sum = counter->value + amount;
    counter->value = sum;
    lock_release(&counter->lock);
    return sum;
}
