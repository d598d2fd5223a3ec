/* waits: who waits for whom, in shared memory: each rank says it, the parent reads it, and sees a
 * deadlock. */
#ifndef WAITS_H
#define WAITS_H

#include <stdbool.h>
#include <stddef.h>

enum { WAITS_NOBODY = -1 };

struct waits {
    int count;           /* of the ranks */
    struct wait *ranks;  /* shared memory: one of each, ... */
    struct traffic *all; /* ... and one from each to each */
    size_t size;
    struct look *looks; /* the parent's own: what it has seen of each */
};

/* Before the ranks are forked. Returns 0, or -1 and ENOMEM. Closing twice is harmless. */
int waits_open(struct waits *waits, int count);
void waits_close(struct waits *waits);

/* In a rank that is about to wait: to send to the rank `to`, to receive from the rank `from`, or
 * both; the other is NOBODY. `seen` is what waits_received(rank, to) was before the last try to
 * send, which must have shown that there is no room. `words`, a string constant, is for the
 * message. */
void waits_begin(struct waits *waits, int rank, int to, int from, size_t seen, const char *words);

/* And when it is about to try again. (It may receive before, if it is not to send, too.) */
void waits_end(struct waits *waits, int rank);

/* Count the bytes that have gone from one rank to another: right after each call that has sent, or
 * received, some. */
void waits_count_sent(struct waits *waits, int from, int to, size_t bytes);
void waits_count_received(struct waits *waits, int from, int to, size_t bytes);
size_t waits_received(const struct waits *waits, int from, int to);

/* In the parent; ended[i]: rank i has been reaped, and has ended well. Looks whether some ranks
 * wait for each other, or for one that has ended, so that they would for ever. Puts into `text`, of
 * `size` bytes, at least 100, who waits for whom, as far as it has room. Returns false where nobody
 * does; never true when they would have gone on. */
bool waits_find_deadlock(struct waits *waits, const bool *ended, char *text, size_t size);

/* In the parent, when all have ended: finds two ranks of which one has not received all that the
 * other has sent to it. */
bool waits_find_unreceived(const struct waits *waits, int *from, int *to);

#endif
