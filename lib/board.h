/* board: the parent's side of the slots: it posts tasks, looks what has become of them, and
 * delivers the results. A worker that is killed, between any two lines, costs the task it had and
 * nothing else. */
#ifndef BOARD_H
#define BOARD_H

#include "slots.h"

/* What became of a task: its handle. The caller owns it, and `value`, until the task is ready. */
struct task_result {
    /* Set by the caller, before the task is posted; all else zero. */
    void *value;                                  /* where the result's bytes go; NULL: nowhere */
    void (*callback)(struct task_result *result); /* called in the parent when it is ready */
    void (*error_callback)(struct task_result *result); /* the same for one with an error */
    void *context;                                      /* for the callbacks */

    /* Set by the library. */
    bool ready;
    int error; /* 0; or what the task returned; or EOWNERDEAD: its worker ended in the middle of it;
                * or ETIMEDOUT: its worker was killed, as it took longer than the time limit */
    int exit_code; /* of the worker that ended: the negative number of the signal, or 0 to 255 */
    pid_t pid;     /* of the worker that had the task, or that could not be initialized; 0: none */
    unsigned long ticket;

    /* The library's own. */
    struct result_list *list; /* where it goes when it is ready, instead of a callback */
    struct task_result *next; /* in a list */
};

struct result_list {
    struct task_result *oldest, *newest;
};

/* Takes the oldest off the list, or returns NULL. */
struct task_result *result_take(struct result_list *list);

struct board; /* opaque; made before the workers are forked */

/* As slots_open. Returns the board, or NULL and errno. board_close frees it; NULL is left alone. */
struct board *board_open(size_t slots, size_t argument_size, size_t result_size);
void board_close(struct board *board);

/* The slots, for the workers; and how many are free. */
const struct slots *board_slots(const struct board *board);
size_t board_room(const struct board *board);

/* Posts `count` tasks, for which there must be room, in chunks of `chunk`, which a worker takes as
 * a whole. Copies the arguments, which lie one behind the other. results[i] is told what becomes of
 * the i-th; `results` may be NULL. */
void board_post(struct board *board, task_function *function, const void *arguments, size_t count,
                size_t chunk, struct task_result *results);

/* The tickets (numbers, counted from 0) of the oldest task that is not collected, and of the next
 * one to be posted. They are equal when nothing is left to collect. */
unsigned long board_oldest(const struct board *board);
unsigned long board_posted(const struct board *board);

/* Says whether that task is finished. */
bool board_is_finished(const struct board *board, unsigned long ticket);

/* Says for which task the parent will sleep, or TICKET_ANY: the worker that finishes it (or the
 * next one) is told, once, to wake the parent. So: want, look once more, and then sleep. */
void board_want(struct board *board, unsigned long ticket);

/* Fills in the result of that finished task and calls its callback, if that has not been done yet.
 * Says whether it has filled it in. The callback may post tasks; those that fall due while it runs
 * are called when it has returned, by whoever called it: they never nest. */
bool board_deliver(struct board *board, unsigned long ticket);

/* The number of tasks with a callback or list that are not delivered. */
size_t board_callbacks(const struct board *board);

/* Delivers the oldest tasks, up to the first that is not finished, and frees their slots. Returns
 * how many it has delivered. */
size_t board_collect(struct board *board);

/* The same, and delivers those behind that are finished, too. Returns how many. */
size_t board_deliver_all(struct board *board);

/* Writes off the task that `worker` has, which has ended: finished, with this error, pid and exit
 * code in its result. What it had not begun of its chunk can be taken by others. */
void board_lose(struct board *board, int worker, int error, pid_t pid, int exit_code);

/* Writes off all that are not finished. No worker may be left. */
void board_lose_all(struct board *board, int error, pid_t pid, int exit_code);

/* Looks for a task that a worker has had for `limit` seconds or more. Returns that worker, which is
 * to be killed: it can't finish the task any more. Or -1, with the earliest moment at which there
 * will be one in *next (FOREVER: no task is being worked on). */
int board_overdue(struct board *board, double limit, double *next);

#endif
