/* lock: one process at a time, for memory that several share. Unlike a semaphore it knows who holds
 * it: when that process dies, the next one gets the lock, and is told. */
#ifndef LOCK_H
#define LOCK_H

#include "clock.h"

#include <pthread.h>

/* Lies in shared memory, best beside what it guards, and goes with it. */
struct lock {
    pthread_mutex_t mutex; /* not for programs */
};

/* Makes a lock of shared memory, nobody's at first. Returns 0, or -1 and errno (ENOMEM, ENOTSUP).
 */
int lock_init(struct lock *lock);

/* Waits until no other process has the lock, at most `timeout` seconds, and takes it.
 * Returns 0; or 1: it is the caller's, but the last owner died holding it, so what it guards may be
 * half changed; or -1 and errno: ETIMEDOUT, EDEADLK (the caller has it already). */
int lock_acquire(struct lock *lock, double timeout);

/* Gives it back. Returns 0, or -1 and errno: EPERM (the caller does not have it). */
int lock_release(struct lock *lock);

#endif
