/* crash: a task that kills its own worker, and a pool that goes on.
 *
 * usage: crash [-s SIGNAL | -x CODE | -t]
 *   -s   the signal that the task sends itself: 9, SIGKILL, if you don't say
 *   -x   the task ends its process with this exit code instead
 *   -t   it takes for ever instead, and the time limit of 1 s ends it
 *
 * Notice: one task is lost, and reported. A new worker takes the place of the dead one, and what
 * that had still to do is done. Python's Pool.map waits for ever here (CPython issues 66587, 82265,
 * 96062); concurrent.futures gives up the pool and all that is not done yet (BrokenProcessPool).
 * The exit status is 0 when just that one task was lost: it is what this program is for.
 */
#include "cli.h"
#include "pool.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: crash [-s SIGNAL | -x CODE | -t]\n"
    "  Six squares by a pool of 2 workers, one of which a task kills; then the same without that.\n"
    "  -s   the signal that the task sends itself: 9, SIGKILL, if you don't say\n"
    "  -x   the task ends its process with this exit code instead\n"
    "  -t   it takes for ever instead, and the time limit of 1 s ends it\n";

enum { TASKS = 6, WORKERS = 2, CHUNK = 3, FATAL = 1 };

static int signal_number = SIGKILL, exit_code = -1; /* of the fatal task; 0 and -1: none */

static int start_worker(void *unused)
{
    (void)unused;
    say("Worker %ld starts", (long)getpid());
    return 0;
}

static int square(const void *argument, void *result)
{
    int number = *(const int *)argument;

    *(int *)result = number * number;
    return 0;
}

static int square_or_die(const void *argument, void *result)
{
    if (*(const int *)argument != FATAL)
        return square(argument, result);
    if (exit_code != -1)
        _exit(exit_code);
    if (signal_number != 0) {
        sigset_t none; /* workers block SIGINT, and our caller may have blocked or ignored more */
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    for (;;) /* -t, or a signal that does not end a process */
        pause();
}

/* Returns whether all is well, but for the task `fatal`. */
static bool map(struct pool *pool, task_function *function, int fatal)
{
    static const int numbers[TASKS] = {0, 1, 2, 3, 4, 5};
    int squares[TASKS];
    struct task_result results[TASKS] = {0};
    for (int i = 0; i < TASKS; i++)
        results[i].value = &squares[i];
    if (pool_map(pool, function, numbers, TASKS, CHUNK, results) == -1)
        die("map %d numbers", TASKS);

    bool well = true;
    for (int i = 0; i < TASKS; i++) {
        char why[100];
        if (results[i].error == 0)
            say("Task %d: %d, by process %ld", i, squares[i], (long)results[i].pid);
        else
            say("Task %d: lost, %s", i, pool_failure(&results[i], why, sizeof why));
        well = well && (results[i].error != 0) == (i == fatal);
    }
    return well;
}

int main(int argc, char **argv)
{
    int option, given = 0;
    while ((option = cli_option(argc, argv, "s:x:t", usage)) != -1) {
        given++;
        signal_number = option == 's' ? (int)cli_number("-s", optarg, 1, 31) : 0;
        exit_code = option == 'x' ? (int)cli_number("-x", optarg, 0, 255) : -1;
    }
    cli_operands(argc, argv, 0, 0);
    if (given > 1)
        bad_usage("expected one of -s, -x and -t");

    struct pool_options options = {.workers = WORKERS,
                                   .argument_size = sizeof(int),
                                   .result_size = sizeof(int),
                                   .worker = {.initializer = start_worker, .time_limit = 1}};
    struct pool *pool = pool_open(&options);
    if (pool == NULL)
        die("open a pool of %d workers", WORKERS);
    bool well = map(pool, square_or_die, FATAL);
    say("The same pool, once more:");
    well = map(pool, square, -1) && well;
    if (pool_join(pool) == -1)
        die("join the pool");
    if (!well)
        complain("not just task %d was lost", FATAL);
    return cli_end(well ? EXIT_SUCCESS : EXIT_FAILURE);
}
