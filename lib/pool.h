/* pool: a few worker processes, kept and fed. A worker that dies, of whatever, costs the task it
 * was working on and nothing else: the task is reported with its signal, the worker is replaced. */
#ifndef POOL_H
#define POOL_H

#include "board.h" /* task_function, struct task_result */
#include "clock.h"

#include <stddef.h>

struct pool; /* opaque; for the process that opened it */

/* All zero is the default. */
struct pool_options {
    int workers;          /* processes; 0: as many as there are processors */
    size_t argument_size; /* bytes of every task's argument */
    size_t result_size;   /* bytes of every task's result */
    size_t slots;         /* tasks posted and not yet collected, at most; 0: 1024 */
};

/* Starts the workers. What the caller has set up before, they have too. Where the kernel ends them
 * with their parent (Linux), they ignore SIGINT: then Ctrl-C does not end them in the middle of a
 * task before the parent says so. Elsewhere they end when their parent is gone and their task done.
 * Returns the pool, or NULL and errno: EINVAL (a size or number out of range), EAGAIN, ENOMEM,
 * EMFILE: then nothing is left of it. */
struct pool *pool_open(const struct pool_options *options);

/* Posts a task and returns; tasks start in this order. Copies the argument. With `result`, what
 * becomes of the task is put there, during this call or a later one on the same pool; NULL: nobody
 * wants to know. Waits only when all slots are taken.
 * Returns 0, or -1 and errno: EPIPE (the pool is closed). */
int pool_apply_async(struct pool *pool, task_function *function, const void *argument,
                     struct task_result *result);

/* Waits until that result is ready, for at most `timeout` seconds.
 * Returns 0, or -1 and errno: ETIMEDOUT. */
int pool_wait(struct pool *pool, struct task_result *result, double timeout);

/* Calls the function with each of `count` arguments, which lie one behind the other, and waits for
 * them all. results[i] belongs to argument i, whatever finished first. Returns the number of tasks
 * with an error (0: all is well), or -1 and errno. */
long pool_map(struct pool *pool, task_function *function, const void *arguments, size_t count,
              struct task_result *results);

/* No more tasks; those that are posted will be done. */
void pool_close(struct pool *pool);

/* Closes the pool, waits for every task, ends and reaps the workers, and frees the pool.
 * Returns 0, or -1 and errno: EIO (a worker could not write all of what it printed). */
int pool_join(struct pool *pool);

/* Kills and reaps the workers at once, and frees the pool. What is not ready never will be. NULL is
 * left alone. */
void pool_terminate(struct pool *pool);

#endif
