/* pool_cost: what a pool adds to a task, and how long a task must be for that not to matter. The
 * tasks are in jobs.h.
 *
 * usage: pool_cost [-q] [-n N] [-r ROUNDS] [-o FILE]
 *   -q   quick: fewer rounds, and less work
 *   -n   a sample is N empty tasks, or N microseconds of work for each worker (50000; quick: 10000)
 *   -r   rounds (7; quick: 5)
 *   -o   write the tables to FILE, too, with tabs
 *
 * Notice: to hand over a task costs a fraction of a microsecond, in chunks less. So tasks of some
 * ten microseconds keep all processors busy. Workers beyond the number of processors gain nothing.
 */
#include "cost.h"
#include "jobs.h"

static const char usage[] =
    "usage: pool_cost [-q] [-n N] [-r ROUNDS] [-o FILE]\n"
    "  What a pool costs for each task, and how well its workers use the processors.\n"
    "  -q   quick: fewer rounds, and less work\n"
    "  -n   a sample is N empty tasks, or N us of work for each worker (50000; quick: 10000)\n"
    "  -r   rounds (7; quick: 5)\n"
    "  -o   write the tables to FILE, too, with tabs\n";

enum { CHUNKS = 4, LENGTHS = 5, MOST_POOLS = 12, MOST_WORKERS = 256 };

static const int chunks[CHUNKS] = {1, 10, 100, 1000};
static const int lengths[LENGTHS] = {1, 10, 100, 1000, 10000}; /* of tasks, in microseconds */

static struct {
    struct pool *pool;
    int workers;
} pools[MOST_POOLS];
static int pool_count;

static struct table task = {
    .name = "task",
    .what = "workers",
    .at = "chunk",
    .unit = "us",
    .reading = "The tasks do nothing: it is the pool's price. The bare loop calls them itself."};
static struct table efficiency = {
    .name = "efficiency", .what = "length of a task, us", .at = "workers", .unit = "T1/(w Tw)"};

static void open_one(int workers)
{
    struct pool_options options = {
        .workers = workers, .argument_size = sizeof *jobs, .result_size = sizeof *values};

    if (workers > 8) /* more slots than usual, so that each can have a chunk of 1000 */
        options.slots = (size_t)workers * 2048;
    pools[pool_count].workers = workers;
    pools[pool_count].pool = pool_open(&options);
    if (pools[pool_count++].pool == NULL)
        die("open a pool of %d workers", workers);
}

static void add(struct table *table, int what, int at, double sample)
{
    char what_text[16], at_text[16];

    snprintf(what_text, sizeof what_text, "%d", what);
    snprintf(at_text, sizeof at_text, "%d", at);
    table_add(table, what_text, at_text, sample);
}

static void measure_tasks(int count)
{
    table_add(&task, "bare loop", "-", time_jobs(NULL, count, 0, 0) / count * 1e6);
    for (int i = 0; i < pool_count; i++)
        for (int k = 0; k < CHUNKS && cost_interrupted == 0; k++)
            add(&task, pools[i].workers, chunks[k],
                time_jobs(pools[i].pool, count, 0, (size_t)chunks[k]) / count * 1e6);
}

/* T1 is the time that all tasks take one after the other, in the bare loop: w times what the w-th
 * part of them takes. So we do only that part, and T1 / w is its time. */
static void measure_efficiency(int microseconds, double per_microsecond)
{
    int most = MOST_JOBS / pools[pool_count - 1].workers;

    for (int k = 0; k < LENGTHS && lengths[k] <= microseconds && cost_interrupted == 0; k++) {
        int count = microseconds / lengths[k];
        uint32_t steps = (uint32_t)(per_microsecond * lengths[k]);
        count = count < most ? count : most;
        double part = time_jobs(NULL, count, steps, 0);
        for (int i = 0; i < pool_count && cost_interrupted == 0; i++)
            add(&efficiency, lengths[k], pools[i].workers,
                part / time_jobs(pools[i].pool, count * pools[i].workers, steps, 1));
    }
}

int main(int argc, char **argv)
{
    struct cost_options options = {0};
    int option, n = 0, processors = beyond_processors();
    char reading[100];

    while ((option = cli_option(argc, argv, COST_OPTIONS "n:", usage)) != -1) {
        if (option == 'n')
            n = (int)cli_number("-n", optarg, 1, MOST_JOBS);
        else
            cost_option(&options, option);
    }
    cli_operands(argc, argv, 0, 0);
    if (n == 0)
        n = options.quick ? 10000 : 50000;
    cost_start(&options);

    double per_microsecond = steps_per_microsecond();
    snprintf(reading, sizeof reading,
             "%d processors: with w workers, more than these, it is at most %d/w.", processors,
             processors);
    efficiency.reading = reading;
    if (processors > MOST_WORKERS / 2) /* all pools are open at once, with a socket a worker */
        processors = MOST_WORKERS / 2;
    for (int workers = 1; workers < processors; workers *= 2)
        open_one(workers);
    open_one(processors);
    open_one(2 * processors);

    for (int round = 0; cost_round(&options, round); round++) {
        measure_tasks(n);
        measure_efficiency(n, per_microsecond);
    }
    for (int i = 0; i < pool_count; i++)
        if (pool_join(pools[i].pool) == -1)
            die("join the pool of %d workers", pools[i].workers);
    return cost_end((struct table *[]){&task, &efficiency}, 2, &options);
}
