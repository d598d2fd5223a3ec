/* load: 80,000,000 random numbers, drawn by the workers of a pool.
 *
 * usage: load [-n DRAWS] [WORKERS]
 *   -n DRAWS   numbers in all; without it: 80,000,000
 *   WORKERS    the number of processes; without it: as many as there are processors
 *
 * Notice: the work is cut into 80 tasks, each with a stream of random numbers of its own. So with
 * SEED the total is the same to the last digit, however many processes there are, and whoever has
 * done what. With a stream for each process it would be another one on every run.
 */
#include "cli.h"
#include "pool.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] = "usage: load [-n DRAWS] [WORKERS]\n"
                            "  WORKERS processes (one for each processor) share the work.\n"
                            "  -n DRAWS   random numbers to draw, in all (80000000)\n"
                            "  SEED=7 makes the total the same on every run.\n";

enum { TASKS = 80, MOST_WORKERS = 1000 };

struct share {
    int tasks;
    long draws;
    double total;
};

static long draws = 80000000;

static int draw(const void *argument, void *result)
{
    int task = *(const int *)argument;
    struct share *share = result;

    random_start((unsigned)task);
    share->draws = draws / TASKS + (task < draws % TASKS); /* the first ones take what is left */
    for (long i = 0; i < share->draws; i++)
        share->total += random_fraction();
    return 0;
}

static void add(struct share *sum, const struct share *share)
{
    sum->tasks++;
    sum->draws += share->draws;
    sum->total += share->total;
}

/* Prints what each process has done, then the sum of it all, and the tasks that were lost. Adds in
 * the order of the tasks, since the last digits of such a sum depend on the order. */
static void report(const struct task_result *results, const struct share *shares)
{
    struct share sums[TASKS] = {0}, all = {0}; /* a process's sum is beside its first task */
    char why[100];

    for (int task = 0; task < TASKS; task++) {
        if (results[task].error != 0) {
            complain("task %d: %s", task, pool_failure(&results[task], why, sizeof why));
            continue;
        }
        int first = 0;
        while (results[first].pid != results[task].pid)
            first++;
        add(&sums[first], &shares[task]);
        add(&all, &shares[task]);
    }
    for (int task = 0; task < TASKS; task++)
        if (sums[task].tasks > 0)
            say("Process %ld: %d tasks, %ld draws, total %.6f", (long)results[task].pid,
                sums[task].tasks, sums[task].draws, sums[task].total);
    say("In all: %d tasks, %ld draws, total %.6f, mean %.6f", all.tasks, all.draws, all.total,
        all.draws == 0 ? 0 : all.total / (double)all.draws);
}

int main(int argc, char **argv)
{
    while (cli_option(argc, argv, "n:", usage) == 'n')
        draws = cli_number("-n", optarg, 1, LONG_MAX);
    cli_operands(argc, argv, 0, 1);
    int workers = 0; /* as many as there are processors */
    if (optind < argc)
        workers = (int)cli_number("WORKERS", argv[optind], 1, MOST_WORKERS);

    int tasks[TASKS];
    struct share shares[TASKS] = {0};
    struct task_result results[TASKS] = {0};
    for (int task = 0; task < TASKS; task++) {
        tasks[task] = task;
        results[task].value = &shares[task];
    }

    say("%ld draws in %d tasks", draws, TASKS);
    double start = seconds_now();
    struct pool *pool = pool_open(&(struct pool_options){
        .workers = workers, .argument_size = sizeof *tasks, .result_size = sizeof *shares});
    if (pool == NULL)
        die("open the pool");
    long failed = pool_map(pool, draw, tasks, TASKS, 1, results);
    if (pool_join(pool) == -1)
        die("join the pool");
    double elapsed = seconds_now() - start;

    report(results, shares);
    say("Elapsed time: %.2f seconds", elapsed);
    return cli_end(failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
