/* pool: a few worker processes, kept and fed. A worker that dies, of whatever, costs the task it
 * was working on and nothing else: the task is reported with its signal, the worker is replaced. */
#ifndef POOL_H
#define POOL_H

#include "board.h" /* task_function, struct task_result */
#include "clock.h"
#include "worker.h" /* struct worker_options */

#include <stddef.h>

struct pool; /* opaque; for the process that opened it */

/* All zero is the default. */
struct pool_options {
    int workers;          /* processes; 0: as many as there are processors */
    size_t argument_size; /* bytes of every task's argument */
    size_t result_size;   /* bytes of every task's result */
    size_t slots;         /* tasks posted and not yet collected, at most, rounded up to a power of
                           * two; 0: 16384, or as many as have room in 16 MiB, but 64 at least */
    struct worker_options worker; /* initializer, tasks_per_worker, time_limit */
};

/* Starts the workers. What the caller has set up before, they have too. Where the kernel ends them
 * with their parent (Linux), they block SIGINT: then Ctrl-C does not end them in the middle of a
 * task before the parent says so. Elsewhere they end when their parent is gone and their task done.
 * Returns the pool, or NULL and errno: EINVAL (a size or number out of range), EAGAIN, ENOMEM,
 * EMFILE, or that of a flush of what has been printed before: then nothing is left of it. */
struct pool *pool_open(const struct pool_options *options);

/* Posts a task and returns; tasks start in this order. Copies the argument. With `result`, the
 * task's handle, what becomes of the task is put there, and its callback called, during this call
 * or a later one on the same pool; NULL: nobody wants to know. A callback may post tasks and wait
 * for them, but not end the pool. One that falls due while another runs is called after that: so
 * there, a result may be ready before its callback has been called, and is not to be posted anew.
 * Waits only when all slots are taken.
 * Returns 0, or -1 and errno: EPIPE (the pool is closed). */
int pool_apply_async(struct pool *pool, task_function *function, const void *argument,
                     struct task_result *result);

/* Waits until that result is ready, for at most `timeout` seconds (0: says whether it is).
 * Returns 0, or -1 and errno: ETIMEDOUT, EINVAL (it was never posted). */
int pool_wait(struct pool *pool, struct task_result *result, double timeout);

/* The same, and returns -1 also for a task that has failed, with result->error as errno. (If that
 * is ETIMEDOUT, too: result->ready says whether there is a result.) */
int pool_get(struct pool *pool, struct task_result *result, double timeout);

/* What became of a task with an error, in words: "process 4711 was killed by signal 9", "process
 * 4711 ended with exit code 3", "process 4711 took longer than the time limit", or the text of the
 * error: the task's own, or why no process could be started to do it. Puts it into `text`, which
 * has room for `room` bytes, cut if need be, and returns that. */
const char *pool_failure(const struct task_result *result, char *text, size_t room);

/* Calls the function with each of `count` arguments, which lie one behind the other, and waits for
 * them all. results[i] belongs to argument i, whatever finished first. A worker takes `chunk` of
 * them at a time; 0: a quarter of an even share (as many as fit in the slots, at most). Returns
 * the number of tasks with an error (0: all is well), or -1 and errno: EPIPE (the pool is closed).
 */
long pool_map(struct pool *pool, task_function *function, const void *arguments, size_t count,
              size_t chunk, struct task_result *results);

/* A map whose results come one by one, while others are still being worked on. */
struct pool_imap {
    /* Set before the first call; all else zero. */
    task_function *function;
    const void *arguments;       /* one behind the other; kept until the last result has come */
    size_t count;                /* so many */
    struct task_result *results; /* so many, the caller's; not with callbacks of their own */
    bool unordered; /* as they finish; those that finish at the same moment: by number */

    /* The library's own. */
    size_t posted, given;
    struct result_list finished; /* unordered: and not given yet */
};

/* Waits for the next result: the next in order of the arguments, or whichever finishes next. Tasks
 * are posted as slots become free. Returns its index; or `count` when all have been given; or -1
 * and errno: ETIMEDOUT, EPIPE (the pool was closed before all were posted). */
ssize_t pool_imap_next(struct pool *pool, struct pool_imap *imap, double timeout);

/* No more tasks; those that are posted will be done. */
void pool_close(struct pool *pool);

/* Closes the pool, waits for every task, ends and reaps the workers, and frees the pool.
 * Returns 0, or -1 and errno: EIO (a worker could not write all of what it printed). */
int pool_join(struct pool *pool);

/* Kills and reaps the workers at once, and frees the pool. What is not ready never will be. NULL is
 * left alone. */
void pool_terminate(struct pool *pool);

#endif
