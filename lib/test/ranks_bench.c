/* ranks_bench [-n RANKS] [-r ROUNDS]: what messages between ranks cost, by their size. Built with
 * `make mpi`, the same on an MPI: mpirun -n 2 build/mpi/ranks_bench
 *
 * Each line: what, the bytes of a message, and of the rounds' microseconds for one message (half of
 * a ping-pong; a broadcast until the root knows that the last has it) the median, the least and the
 * most, and MB/s. The last line is what it costs to wait: for how many microseconds a rank waits,
 * and for how many of them it has kept a processor busy; then how many percent that is. */
#include "cli.h"
#include "clock.h"
#include "ranks.h"
#include "stats.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char usage[] = "usage: ranks_bench [-n RANKS] [-r ROUNDS]\n"
                            "  Times messages between 2 ranks, broadcasts to all, and a wait.\n"
                            "  -n   how many ranks (2)\n"
                            "  -r   how many rounds (7)\n";

enum { MOST_ROUNDS = 1000, LARGEST = 1 << 20, WARM_UP = 5 };

static const double LONG_ENOUGH = 0.02; /* seconds: for a round */

static char buffer[LARGEST];
static int rounds = 7;

static void check(long result)
{
    if (result == -1)
        die("a message");
}

static void ping_pong(size_t size)
{
    if (ranks_rank() == 0) {
        check(ranks_send(1, buffer, size));
        check(ranks_receive(1, buffer, size));
    } else if (ranks_rank() == 1) {
        check(ranks_receive(0, buffer, size));
        check(ranks_send(0, buffer, size));
    }
}

/* The last rank answers; else the root would run ahead. */
static void broadcast(size_t size)
{
    int last = ranks_count() - 1;

    check(ranks_broadcast(0, buffer, size));
    if (ranks_rank() == last)
        check(ranks_send(0, "", 0));
    if (ranks_rank() == 0)
        check(ranks_receive(last, NULL, 0));
}

static double time_of(int repeats, void (*step)(size_t size), size_t size)
{
    check(ranks_barrier());
    double begin = seconds_now();
    for (int i = 0; i < repeats; i++)
        step(size);
    return (seconds_now() - begin) / repeats;
}

/* Of which `share` is one message. */
static void measure(const char *what, void (*step)(size_t size), size_t size, double share)
{
    double times[MOST_ROUNDS], one = time_of(WARM_UP, step, size);

    check(ranks_broadcast(0, &one, sizeof one)); /* all repeat it as often as the others */
    int repeats = one < LONG_ENOUGH / 1000 ? 1000 : (int)(LONG_ENOUGH / one) + 1;
    for (int round = 0; round < rounds; round++)
        times[round] = time_of(repeats, step, size) * share * 1e6;
    struct stats took = stats_of(times, (size_t)rounds);
    if (ranks_rank() == 0)
        say("%s\t%zu\t%.2f\t%.2f\t%.2f\t%.0f", what, size, took.median, took.least, took.most,
            (double)size / took.median);
}

/* Rank 1 waits for a message of rank 0, and tells it what that has cost. */
static void measure_wait(void)
{
    const double length = 1e5; /* microseconds */
    double times[MOST_ROUNDS];

    for (int round = 0; round < rounds; round++) {
        check(ranks_barrier());
        clock_t before = clock(); /* the processor time of this process */
        if (ranks_rank() == 0) {
            pause_seconds(length / 1e6);
            check(ranks_send(1, "", 0));
            check(ranks_receive(1, &times[round], sizeof times[round]));
        } else if (ranks_rank() == 1) {
            check(ranks_receive(0, NULL, 0));
            times[round] = (double)(clock() - before) / CLOCKS_PER_SEC * 1e6;
            check(ranks_send(0, &times[round], sizeof times[round]));
        }
    }
    if (ranks_rank() != 0)
        return;
    struct stats spent = stats_of(times, (size_t)rounds);
    say("wait\t%.0f\t%.2f\t%.2f\t%.2f\t%.0f", length, spent.median, spent.least, spent.most,
        100 * spent.median / length);
}

static int bench(void *unused)
{
    static const size_t sizes[] = {8, 64, 512, 4096, 16384, 65536, 262144, LARGEST};

    (void)unused;
    if (ranks_count() < 2)
        bad_usage("this takes two ranks");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        measure("ping-pong", ping_pong, sizes[i], 0.5);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        measure("broadcast", broadcast, sizes[i], 1);
    measure_wait();
    return 0;
}

int main(int argc, char **argv)
{
    int option, count = ranks_default(2);

    while ((option = cli_option(argc, argv, "n:r:", usage)) != -1)
        if (option == 'n')
            count = (int)cli_number("-n", optarg, 2, RANKS_MOST);
        else
            rounds = (int)cli_number("-r", optarg, 1, MOST_ROUNDS);
    cli_operands(argc, argv, 0, 0);
    int status = ranks_run(count, bench, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
