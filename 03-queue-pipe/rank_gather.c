/* rank_gather: each rank computes a number, one rank collects them.
 *
 * usage: rank_gather [-n RANKS]
 *   -n   how many ranks, 5 if it is not given; under mpirun, as many as it has started
 *
 * Notice: the numbers come in the order of the ranks, not in the order in which they are done. So
 * nobody has to say which one is its own.
 */
#include "cli.h"
#include "ranks.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_gather [-n RANKS]\n"
    "  Rank R computes the square of R + 1, and rank 0 collects them.\n"
    "  -n   how many ranks, 5 if it is not given; under mpirun, as many as it has started\n";

enum { ROOT = 0 };

static int collect(void *unused)
{
    int self = ranks_rank(), count = ranks_count();
    int64_t mine = (int64_t)(self + 1) * (self + 1), *all = NULL;

    (void)unused;
    if (self == ROOT && (all = malloc((size_t)count * sizeof *all)) == NULL)
        die("%d numbers", count);
    if (ranks_gather(ROOT, &mine, all, sizeof mine) == -1)
        die("gather at rank %d", ROOT);
    for (int from = 0; from < count && self == ROOT; from++)
        if (from != ROOT)
            say("process = %d receiving %lld from process %d", self, (long long)all[from], from);
    free(all);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(5);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, 1, RANKS_MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, collect, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
