/* apply_async: give a pool a task, and go on; the result comes later, by handle or by callback.
 *
 * usage: apply_async
 *
 * Notice: a get with a timeout comes back on time, and the task goes on. The callbacks come in the
 * order in which the tasks finish, so each must know which task it is about; and they run in the
 * parent, while that waits for the pool.
 */
#include "cli.h"
#include "pool.h"
#include "sync.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: apply_async\n"
    "  The inverses of 7, 5, 4, 2 and 0, by a pool of 3 workers.\n"
    "  TIME_SCALE=0.05 shortens the pauses, and the timeout of the first get.\n";

enum { TASKS = 5, WORKERS = 3 };

static const int numbers[TASKS] = {7, 5, 4, 2, 0};
static struct event
    timed_out; /* however slow we are: the task of 7 is not done before the timeout */

static int invert(const void *argument, void *result)
{
    int number = *(const int *)argument;

    say("Input %d in process %ld", number, (long)getpid());
    pause_seconds(0.3 * number);
    if (number == numbers[0] && event_wait(&timed_out, FOREVER) == -1)
        return errno;
    if (number == 0)
        return EDOM; /* in C, that is how a task raises an exception */
    *(double *)result = 1.0 / number;
    return 0;
}

static void show(struct task_result *result)
{
    say("callback in %ld: 1 / %d = %.3f", (long)getpid(), *(const int *)result->context,
        *(double *)result->value);
}

static void show_error(struct task_result *result)
{
    char why[100];

    say("error callback in %ld: 1 / %d: %s", (long)getpid(), *(const int *)result->context,
        pool_failure(result, why, sizeof why));
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    say("Parent process %ld", (long)getpid());
    if (event_open(&timed_out) == -1)
        die("open an event");
    struct pool *pool = pool_open(&(struct pool_options){
        .workers = WORKERS, .argument_size = sizeof(int), .result_size = sizeof(double)});
    if (pool == NULL)
        die("open a pool of %d workers", WORKERS);

    double inverses[TASKS];
    struct task_result results[TASKS] = {0}; /* the handles */
    for (int i = 0; i < TASKS; i++) {
        results[i].value = &inverses[i];
        if (i > 0) { /* the first one is asked for by its handle */
            results[i].callback = show;
            results[i].error_callback = show_error;
            results[i].context = (void *)&numbers[i];
        }
        if (pool_apply_async(pool, invert, &numbers[i], &results[i]) == -1)
            die("apply the task of %d", numbers[i]);
    }

    struct task_result *first = &results[0];
    double start = seconds_now(), timeout = time_scale();
    pool_get(pool, first, timeout); /* -1 and ETIMEDOUT: there is no result yet */
    say("get 1 / %d, at most %.3f s: back after %.3f s, ready: %s", numbers[0], timeout,
        seconds_now() - start, first->ready ? "True" : "False");
    if (event_set(&timed_out) == -1)
        die("set an event");
    if (pool_get(pool, first, FOREVER) == 0) /* the callbacks come during this call */
        say("get 1 / %d = %.3f, ready: %s", numbers[0], inverses[0],
            first->ready ? "True" : "False");
    if (pool_join(pool) == -1)
        die("join the pool");
    event_close(&timed_out);

    int status = EXIT_SUCCESS;
    for (int i = 0; i < TASKS; i++) {
        char why[100];
        if (results[i].error == (numbers[i] == 0 ? EDOM : 0))
            continue;
        complain("the task of %d: %s", numbers[i], pool_failure(&results[i], why, sizeof why));
        status = EXIT_FAILURE;
    }
    return cli_end(status);
}
