/* worker: what one worker process of a pool does, from its first task to its end. */
#ifndef WORKER_H
#define WORKER_H

#include "slots.h"

/* All zero is the default. */
struct worker_options {
    int (*initializer)(void *argument); /* called in each worker before its first task; returns 0
                                         * or an error number: then it does no task */
    void *initializer_argument;
    long tasks_per_worker; /* after so many it is replaced by a new one (when the chunk it has taken
                            * is done); 0: never */
    double time_limit;     /* seconds for each task; then its worker is killed; 0: no limit. Looked
                            * after only while the parent waits for something of the pool */
};

/* Shared; what a worker says about itself. */
struct worker_status {
    atomic_bool asleep; /* it waits for a byte on its socket */
    atomic_bool initialized;
    atomic_int error;        /* the initializer's */
    atomic_bool output_lost; /* it, or one before it, could not write all of what it printed */
};

struct worker {
    const struct slots *slots;
    const struct worker_options *options;
    struct worker_status *status;
    int index;
    pid_t parent;
    int end; /* of a socketpair, whose other end only the parent has. A byte wakes the other one up;
              * the end of the file says that it is gone */

    /* The worker's own, since worker_begin. */
    pid_t pid;
    unsigned long next;   /* the ticket where it looks next; the one before it is what it does */
    unsigned long posted; /* as far as it knows */
    unsigned long rewinds;
    size_t left; /* of its chunk, not begun */
};

/* Works until the parent closes its end, or is gone, or the options say so. Returns the exit code:
 * 0, or 1 if it could not be initialized. */
int worker_work(struct worker *worker);

/* Its parts: the start; the next task of its chunk, or the oldest chunk that nobody has, if there
 * is one; and the task that was taken. worker_do flushes what the task has printed (if that fails,
 * it is the task's error) and marks it finished. Returns 1 if the parent is to be woken now, 0 if
 * not, or -1: the task has been written off meanwhile, and the worker will be killed. */
void worker_begin(struct worker *worker);
bool worker_take(struct worker *worker);
int worker_do(struct worker *worker);

#endif
