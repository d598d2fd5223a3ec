/* sync: processes that wait for each other: event and semaphore. (lock and barrier are modules of
 * their own.) Make them before the fork. Each is a pipe: waiting is poll, and a process that is
 * killed while it waits, or at any other moment, leaves nobody stuck. */
#ifndef SYNC_H
#define SYNC_H

#include "clock.h"

#include <stdbool.h>

/* ---- event: a flag that others can wait for ---- */

struct event {
    int wait_end, set_end; /* a pipe: set while there is a byte in it */
};

/* Makes an event that is not set. Returns 0, or -1 and errno (EMFILE, ENFILE). Every process that
 * has it may close it; closing twice is harmless. */
int event_open(struct event *event);
void event_close(struct event *event);

/* Return 0, or -1 and errno: EBADF (closed). Setting it wakes all that wait; if it is cleared again
 * before one of them has looked, that one waits on. */
int event_set(struct event *event);
int event_clear(struct event *event);

bool event_is_set(const struct event *event);

/* Waits until the event is set, at most `timeout` seconds. It stays set.
 * Returns 0, or -1 and errno: ETIMEDOUT, EBADF. */
int event_wait(const struct event *event, double timeout);

/* ---- semaphore: so many at a time ---- */

enum { SEMAPHORE_MAX = 4096 };

struct semaphore {
    int take_end, give_end; /* a pipe with a byte for each process that may still come in */
};

/* Makes a semaphore that lets `value` in (0 to SEMAPHORE_MAX).
 * Returns 0, or -1 and errno: EINVAL (the value), EMFILE, ENFILE. Closing as for an event. */
int semaphore_open(struct semaphore *semaphore, int value);
void semaphore_close(struct semaphore *semaphore);

/* Waits until one more may come in, at most `timeout` seconds. Who dies inside stays counted: only
 * a lock has an owner. Returns 0, or -1 and errno: ETIMEDOUT, EBADF (closed). */
int semaphore_acquire(struct semaphore *semaphore, double timeout);

/* Lets one more in; anybody may.
 * Returns 0, or -1 and errno: EOVERFLOW (as much as it can count), EBADF. */
int semaphore_release(struct semaphore *semaphore);

/* How many may come in at this moment; or -1 and errno. */
int semaphore_value(const struct semaphore *semaphore);

#endif
