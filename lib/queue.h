/* queue: a first in, first out queue of items for any number of processes, in shared memory. No
 * process that is killed, at whatever line, leaves it locked or torn: queue.c says how. */
#ifndef QUEUE_H
#define QUEUE_H

#include "clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct queue; /* opaque; made before the fork, used in the parent and in the children */

/* Makes a queue of at most `max_items` items (0: 1024) of at most `max_size` bytes each.
 * Returns it, to be given to queue_close by every process that has it; or NULL and errno: EINVAL
 * (max_size is 0, or their product overflows), ENOMEM, EMFILE ... */
struct queue *queue_open(size_t max_items, size_t max_size);

/* Copies `size` bytes into the queue as one item. Waits while it is full, at most `timeout`
 * seconds. Returns 0, or -1 and errno: EMSGSIZE (longer than max_size), ETIMEDOUT (full), EPIPE
 * (full, and no process is left that could get something out). */
int queue_put(struct queue *queue, const void *item, size_t size, double timeout);

/* Takes the oldest item and copies it into `buffer`, which has room for `room` bytes. Waits while
 * the queue is empty, at most `timeout` seconds.
 * Returns the item's size in bytes, or -1 and errno: ETIMEDOUT (empty), EPIPE (empty, and no
 * process is left that could put something), EMSGSIZE (longer than `room`; it stays the oldest). */
ssize_t queue_get(struct queue *queue, void *buffer, size_t room, double timeout);

/* How many items are in it at this moment; while others are at work, there may be more or fewer at
 * the next. While nobody else is, empty means that queue_get with timeout 0 gets nothing, and full
 * that queue_put with timeout 0 puts nothing. */
size_t queue_size(const struct queue *queue);
bool queue_is_empty(const struct queue *queue);
bool queue_is_full(const struct queue *queue);

/* Give up putting, or getting, in the calling process: as with the ends of a pipe, "nobody is left"
 * comes only after every process has closed that end, or has ended. A closed end is no longer to
 * be used: EBADF. */
void queue_close_put(struct queue *queue);
void queue_close_get(struct queue *queue);

/* Closes both ends in the calling process and frees what it has of the queue. NULL is left alone.
 */
void queue_close(struct queue *queue);

#endif
