/* workers: the processes of a pool, seen from the parent: started, woken, buried and replaced. What
 * each of them does is in worker, who has which task in board, who wants which in pool. */
#ifndef WORKERS_H
#define WORKERS_H

#include "board.h"
#include "worker.h" /* struct worker_options */

struct workers; /* opaque */

/* Starts `count` workers for this board. Returns them, or NULL and errno (EINVAL, EAGAIN, ENOMEM,
 * EMFILE), with nothing left. */
struct workers *workers_open(struct board *board, int count, const struct worker_options *options);

/* Wakes up to `count` of those that sleep. */
void workers_wake(struct workers *workers, int count);

/* Sleeps until a worker has rung its bell or has ended, or something is to be looked after, or for
 * `milliseconds` (-1: without limit) at most. Buries and replaces those that have ended, kills
 * those that have had a task for longer than the time limit. When no worker is left and none can
 * be started, the tasks that nobody has are lost. */
void workers_look_after(struct workers *workers, int milliseconds);

/* Ends them as soon as they have nothing to do, reaps them, and frees all. One that has not ended
 * after some seconds is killed. Returns 0, or -1 and EIO (one could not write what it printed). */
int workers_join(struct workers *workers);

/* Kills them at once, reaps them, and frees all. */
void workers_terminate(struct workers *workers);

#endif
