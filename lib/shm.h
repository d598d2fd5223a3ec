/* shm: memory that a process shares with the children it forks. It has no name, so there is nothing
 * to remove: it goes with the last process that has it.
 * (POSIX keeps names that begin with shm_ for itself, so the functions have other ones.) */
#ifndef SHM_H
#define SHM_H

#include <stddef.h>

/* Maps `size` bytes, all zero, at the same address in this process and in the children it forks
 * from now on. Returns the address, or NULL and errno (EINVAL for size 0, ENOMEM). */
void *shared_map(size_t size);

/* Takes the mapping out of this process; the others keep it. NULL is left alone. */
void shared_unmap(void *memory, size_t size);

/* A number that any process may change: a shared mapping with a lock in it. */
struct counter;

/* Makes a counter that begins with `value`, before the fork. Returns it, to be given to
 * counter_close by every process that has it; or NULL and errno (ENOMEM). */
struct counter *counter_open(long value);
void counter_close(struct counter *counter);

/* Adds `amount`, or nothing, under the lock. Returns what the value is then. */
long counter_add(struct counter *counter, long amount);

#endif
