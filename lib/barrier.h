/* barrier: a place where processes wait for each other: nobody goes on before all are there. If one
 * is dead, and never comes, the others learn it by their timeout. Make it before the fork. */
#ifndef BARRIER_H
#define BARRIER_H

#include "sync.h"

#include <stdbool.h>

enum { BARRIER_MAX = 32767 };

struct barrier {
    int parties;
    struct barrier_state *state; /* shared memory */
    struct event gates[2];       /* of the rounds with even and with odd numbers */
};

/* Makes a barrier for so many processes (1 to BARRIER_MAX), to be used any number of times.
 * Returns 0, or -1 and errno: EINVAL (parties), ENOMEM, EMFILE, ENFILE. Closing as for an event. */
int barrier_open(struct barrier *barrier, int parties);
void barrier_close(struct barrier *barrier);

/* Waits until all are there, at most `timeout` seconds. Returns the caller's place: 0 for the first
 * to come, parties - 1 for the last, so that one of them can do what is to be done once. Or -1 and
 * errno: ETIMEDOUT (some did not come; that breaks the barrier for all), ECANCELED (it is broken,
 * or somebody broke or reset it meanwhile), EBADF (closed). */
int barrier_wait(struct barrier *barrier, double timeout);

/* Breaks the barrier: all who wait or come get ECANCELED, until it is reset. Resetting makes it as
 * new; those who still wait get ECANCELED. */
void barrier_abort(struct barrier *barrier);
void barrier_reset(struct barrier *barrier);

bool barrier_is_broken(const struct barrier *barrier);

/* How many wait at this moment: 0 to parties - 1. */
int barrier_waiting(const struct barrier *barrier);

#endif
