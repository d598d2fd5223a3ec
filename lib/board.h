/* board: tasks that one process posts and its workers take, in shared memory, without a lock. It is
 * the part of the pool that is only memory; the processes are in pool. Whoever is killed, between
 * any two lines, costs the task it had taken and nothing else: see board.c. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a worker does with one task: reads the argument, fills in the result (all zero at first),
 * and returns 0 or an error number. It must be a function of this very program: a worker is a fork
 * of the process that made the board, so its address is the same there. */
typedef int task_function(const void *argument, void *result);

/* What became of a task. The caller owns it, and `value`, until the task is ready. */
struct task_result {
    void *value; /* set by the caller: where the result's bytes go; NULL: nowhere */

    /* Set by the library. */
    bool ready;
    int error; /* 0, what the task returned, or EOWNERDEAD: its worker ended in the middle of it */
    int exit_code; /* of the worker that ended: the negative number of the signal, or 0 to 255 */
    pid_t pid;     /* of the worker that had the task; 0: none had */
    unsigned long ticket;
};

struct board; /* opaque; made before the workers are forked */
struct task;  /* opaque; one that has been taken */

/* Makes a board for `slots` tasks at a time, with arguments and results of these sizes in bytes.
 * Returns it, or NULL and errno: EINVAL (no slots, or too large), ENOMEM. board_close frees it. */
struct board *board_open(size_t slots, size_t argument_size, size_t result_size);
void board_close(struct board *board);

/* ---- for the workers, which are numbered from 0 ---- */

/* Takes the oldest task that nobody has. Returns NULL when there is none. */
struct task *board_take(struct board *board, int worker);

/* Does the task, flushes what it has printed (if that fails, it is the task's error), and marks it
 * finished. Returns whether the parent sleeps until then. */
bool board_do(struct board *board, struct task *task);

/* Says whether there may be a task to take. */
bool board_has_tasks(const struct board *board);

/* ---- for the parent; a task's ticket is its number, counted from 0 ---- */

/* Says whether all slots are taken: then collect before you post. */
bool board_is_full(const struct board *board);

/* Posts a task, with a copy of the argument. `result` (or NULL) is told what becomes of it. */
void board_post(struct board *board, task_function *function, const void *argument,
                struct task_result *result);

/* The tickets of the oldest task that is not collected, and of the next one to be posted. They are
 * equal when nothing is left to collect. */
unsigned long board_oldest(const struct board *board);
unsigned long board_posted(const struct board *board);

/* Says whether that task is finished. Otherwise the worker that finishes it is told, from board_do,
 * that the parent sleeps for it: the last ticket asked for is the one. */
bool board_is_finished(struct board *board, unsigned long ticket);

/* Fills in the result of that finished task, if that has not been done yet. */
void board_deliver(struct board *board, unsigned long ticket);

/* Delivers the oldest tasks, up to the first that is not finished, and frees their slots. */
void board_collect(struct board *board);

/* Writes off the task that `worker` has, or all that nobody has with NOBODY: finished, with this
 * error, pid and exit code in the result. */
enum { NOBODY = -1 };
void board_lose(struct board *board, int worker, int error, pid_t pid, int exit_code);

/* To be called when a worker has died: shows the others what it may have walked past. */
void board_rewind(struct board *board);

#endif
