/* imap: results that come one at a time, while later tasks are still being worked on.
 *
 * usage: imap [-u]
 *   -u   unordered: in the order in which they finish
 *
 * Notice: the first task is the slowest. In order, its result comes first, and holds back those of
 * the fast ones, which have long been ready. With -u it does not.
 */
#include "cli.h"
#include "pool.h"
#include "sync.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: imap [-u]\n"
    "  Squares by two workers; the first takes 2 s, the others 0.5 s each.\n"
    "  -u   unordered: in the order in which they finish\n"
    "  TIME_SCALE=0.05 shortens the pauses.\n";

enum { TASKS = 6, FAST = 3, WORKERS = 2 };

/* The pauses show it nearly always; these two make sure of it, however busy the machine. */
static struct event fast_is_ready;    /* task 0 does not end before task 3 has */
static struct event result_was_shown; /* nor the last task before a first result was shown */

static int square(const void *argument, void *result)
{
    int number = *(const int *)argument;

    say("Input %d in process %ld", number, (long)getpid());
    pause_seconds(number == 0 ? 2 : 0.5);
    if (number == 0 && event_wait(&fast_is_ready, FOREVER) == -1)
        return errno;
    if (number == TASKS - 1 && event_wait(&result_was_shown, FOREVER) == -1)
        return errno;
    *(int *)result = number * number;
    say("Input %d is done", number);
    return 0;
}

int main(int argc, char **argv)
{
    bool unordered = false;
    while (cli_option(argc, argv, "u", usage) == 'u')
        unordered = true;
    cli_operands(argc, argv, 0, 0);

    if (event_open(&fast_is_ready) == -1 || event_open(&result_was_shown) == -1)
        die("open an event");
    struct pool *pool = pool_open(&(struct pool_options){
        .workers = WORKERS, .argument_size = sizeof(int), .result_size = sizeof(int)});
    if (pool == NULL)
        die("open a pool of %d workers", WORKERS);

    static const int numbers[TASKS] = {0, 1, 2, 3, 4, 5};
    int squares[TASKS];
    struct task_result results[TASKS] = {0};
    for (int i = 0; i < TASKS; i++)
        results[i].value = &squares[i];
    struct pool_imap imap = {square, numbers, TASKS, results, .unordered = unordered};

    int status = EXIT_SUCCESS;
    double timeout = unordered ? FOREVER : 0;
    ssize_t i;
    while ((i = pool_imap_next(pool, &imap, timeout)) != TASKS) {
        char why[100];
        if (i == -1 && errno != ETIMEDOUT)
            die("get the next result");
        if (i == -1) { /* in order: it would be result 0, whose task is slow */
            timeout = FOREVER;
            if (pool_wait(pool, &results[FAST], FOREVER) == -1)
                die("wait for result %d", FAST);
            say("Result %d is ready, but it is not its turn", FAST);
        } else if (results[i].error == 0) {
            say("Result %zd: %d", i, squares[i]);
        } else {
            complain("task %zd: %s", i, pool_failure(&results[i], why, sizeof why));
            status = EXIT_FAILURE;
        }
        /* To know that task 3 is done, -u must have its result; in order, the wait above is it. */
        if (event_set(i == -1 || i == FAST ? &fast_is_ready : &result_was_shown) == -1)
            die("set an event");
    }
    if (pool_join(pool) == -1)
        die("join the pool");
    event_close(&fast_is_ready);
    event_close(&result_was_shown);
    return cli_end(status);
}
