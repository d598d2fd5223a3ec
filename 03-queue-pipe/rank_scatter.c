/* rank_scatter: one rank hands out an array, a part to each.
 *
 * usage: rank_scatter [-n RANKS]
 *   -n   how many ranks, 10 if it is not given; under mpirun, as many as it has started
 *
 * Notice: only rank 0 has the array. A broadcast would give all of it to everyone; here each gets
 * only what it needs, rank 0 as well.
 */
#include "cli.h"
#include "ranks.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_scatter [-n RANKS]\n"
    "  Rank 0 hands out the numbers from 1 on, one to each rank.\n"
    "  -n   how many ranks, 10 if it is not given; under mpirun, as many as it has started\n";

enum { ROOT = 0 };

static int hand_out(void *unused)
{
    int64_t *numbers = NULL, mine;
    int count = ranks_count();

    (void)unused;
    if (ranks_rank() == ROOT) {
        numbers = malloc((size_t)count * sizeof *numbers);
        if (numbers == NULL)
            die("%d numbers", count);
        for (int i = 0; i < count; i++)
            numbers[i] = i + 1;
    }
    if (ranks_scatter(ROOT, numbers, &mine, sizeof mine) == -1)
        die("scatter from rank %d", ROOT);
    say("process = %d variable = %lld", ranks_rank(), (long long)mine);
    free(numbers);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(10);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, 1, RANKS_MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, hand_out, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
