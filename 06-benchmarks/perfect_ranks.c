/* perfect_ranks: the benchmark's perfect task, shared among ranks: on this machine or, with an MPI,
 * on several.
 *
 * usage: perfect_ranks [-n RANKS] [-l LAST]
 *   -n   how many ranks (2); under mpirun, as many as it has started
 *   -l   the numbers from 1 to LAST (99999)
 *
 * Notice: each rank works out for itself what its share is, so nobody hands out work. A number
 * takes as many divisions as it is large, so equal shares of the work are not equal ranges. The
 * ranks talk only at the end: that is why it takes half the time with twice the processors.
 */
#include "cli.h"
#include "clock.h"
#include "kernels.h"
#include "ranks.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: perfect_ranks [-n RANKS] [-l LAST]\n"
    "  Finds the perfect numbers up to 99999, each rank in a part of them.\n"
    "  -n   how many ranks (2); under mpirun, as many as it has started\n"
    "  -l   the numbers from 1 to LAST (99999)\n";

enum { ROOT = 0, LARGEST = 1 << 24, MOST_FOUND = 4 }; /* the fifth perfect number is 33550336 */

static long last = 99999;

/* What a rank has done. */
struct share {
    int64_t first, last, found, perfect[MOST_FOUND];
    double seconds;
};

/* The last number of those that `rank` ranks have between them. The numbers up to n take n * n / 2
 * divisions: so the square of it is to that of `last` as the ranks are to all ranks. */
static uint32_t last_of(int rank)
{
    uint64_t ranks = (uint64_t)ranks_count(), all = (uint64_t)last * (uint64_t)last, n = 0;

    while (n * n * ranks < (uint64_t)rank * all)
        n++;
    return (uint32_t)n;
}

static void find(struct share *share, uint64_t *divisions)
{
    double begin = seconds_now();

    for (uint32_t n = (uint32_t)share->first; n <= (uint32_t)share->last; n++)
        if (brute(n, divisions) == n && share->found < MOST_FOUND)
            share->perfect[share->found++] = n;
    share->seconds = seconds_now() - begin;
}

static void show(const struct share *shares, double seconds)
{
    double computed = 0;

    for (int i = 0; i < ranks_count(); i++)
        for (int k = 0; k < shares[i].found; k++)
            say("%ld is a Perfect number", (long)shares[i].perfect[k]);
    for (int i = 0; i < ranks_count(); i++) {
        say("process = %d numbers %ld to %ld in %.4f seconds", i, (long)shares[i].first,
            (long)shares[i].last, shares[i].seconds);
        computed += shares[i].seconds;
    }
    say("%d ranks test in %.4f seconds, %.0f %% of it computing", ranks_count(), seconds,
        100 * computed / ranks_count() / seconds);
}

static int run(void *unused)
{
    int self = ranks_rank(), count = ranks_count();
    struct share mine = {.first = 0}, *all = NULL;
    uint64_t divisions = 0, total = 0;
    double slowest;

    (void)unused;
    if (self == ROOT && (all = malloc((size_t)count * sizeof *all)) == NULL)
        die("%d results", count);
    double begin = seconds_now(); /* nobody is past the barrier before the root has come to it */
    if (ranks_barrier() == -1)
        die("wait for all ranks");
    mine.first = (int64_t)last_of(self) + 1;
    mine.last = last_of(self + 1);
    find(&mine, &divisions);
    if (ranks_gather(ROOT, &mine, all, sizeof mine) == -1 ||
        ranks_reduce(ROOT, RANKS_MAX, RANKS_DOUBLE, &mine.seconds, &slowest, 1) == -1 ||
        ranks_reduce(ROOT, RANKS_SUM, RANKS_INT64, &divisions, &total, 1) == -1)
        die("collect the results");
    if (self != ROOT)
        return EXIT_SUCCESS;
    show(all, seconds_now() - begin);
    say("%lld divisions, the slowest rank took %.4f seconds", (long long)total, slowest);
    free(all);
    if (total == (uint64_t)last * (uint64_t)(last - 1) / 2)
        return EXIT_SUCCESS;
    complain("some numbers were left out, or done twice");
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    int option, count = ranks_default(2);
    while ((option = cli_option(argc, argv, "n:l:", usage)) != -1)
        if (option == 'n')
            count = (int)cli_number("-n", optarg, 1, RANKS_MOST);
        else
            last = cli_number("-l", optarg, 1, LARGEST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, run, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
