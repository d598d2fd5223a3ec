/* pool: five tasks, and two processes that do them.
 *
 * usage: pool
 *
 * Notice: two pids do all five tasks. Whichever process is free takes the next task, first in,
 * first out. Kill one of them in the middle of a task: that task is reported, and the others are
 * done all the same.
 */
#include "pool.h"
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] = "usage: pool\n"
                            "  Five tasks of up to 3 s, done by two processes.\n"
                            "  TIME_SCALE=0.05 shortens the pauses, SEED=7 repeats them.\n";

enum { TASKS = 5, WORKERS = 2 };

static int long_time_task(const void *argument, void *result)
{
    int name = *(const int *)argument;
    (void)result;

    random_start((unsigned)name); /* with SEED: the same pause for the same task, whoever has it */
    say("Run task %d (%ld)...", name, (long)getpid());
    double start = seconds_now();
    pause_seconds(random_fraction() * 3);
    say("Task %d runs %.2f seconds.", name, seconds_now() - start);
    return 0;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    say("Parent process %ld.", (long)getpid());
    struct pool *pool =
        pool_open(&(struct pool_options){.workers = WORKERS, .argument_size = sizeof(int)});
    if (pool == NULL)
        die("open a pool of %d workers", WORKERS);

    struct task_result results[TASKS] = {0};
    for (int name = 0; name < TASKS; name++)
        if (pool_apply_async(pool, long_time_task, &name, &results[name]) == -1)
            die("apply task %d", name);
    say("Waiting for all subprocesses done...");
    pool_close(pool); /* no more tasks */
    if (pool_join(pool) == -1)
        die("join the pool");

    int status = EXIT_SUCCESS;
    for (int name = 0; name < TASKS; name++) {
        char why[100];
        if (results[name].error == 0)
            continue;
        complain("task %d: %s", name, pool_failure(&results[name], why, sizeof why));
        status = EXIT_FAILURE;
    }
    say("All subprocesses done.");
    return cli_end(status);
}
