#include "lock.h"

#include "beyond.h"

#include <errno.h>

enum { TRIES = 100 };

/* errno is left alone when there is no error: who fails gives the lock back, and must keep his. */
static int outcome(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

int lock_init(struct lock *lock)
{
    pthread_mutexattr_t attributes;

    int error = pthread_mutexattr_init(&attributes);
    if (error == 0) {
        error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        if (error == 0) /* the kernel marks what a process holds when it dies */
            error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        if (error == 0) /* EDEADLK and EPERM, where a plain mutex would hang or go wrong */
            error = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
        if (error == 0)
            error = pthread_mutex_init(&lock->mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    return outcome(error);
}

int lock_acquire(struct lock *lock, double timeout)
{
    int error = pthread_mutex_trylock(&lock->mutex);

    /* Who holds it is often done in a moment, and to sleep and be woken takes longer. */
    for (int i = 0; i < TRIES && error == EBUSY && timeout > 0; i++)
        error = pthread_mutex_trylock(&lock->mutex);
    if (error == EBUSY) {
        double deadline = deadline_after(timeout), left = timeout;
        /* Never without limit: a release wakes one that waits, and if that one is killed before it
         * has the lock, while a third one takes it, nobody wakes the next. So we look again. */
        do
            error = beyond_lock_for(&lock->mutex, left > 1 ? 1 : left > 0 ? left : 0);
        while (error == ETIMEDOUT && (left = seconds_until(deadline)) > 0);
    }
    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(&lock->mutex); /* else nobody could ever have it again */
        if (error == 0)
            return 1;
    }
    return outcome(error);
}

int lock_release(struct lock *lock)
{
    return outcome(pthread_mutex_unlock(&lock->mutex));
}
