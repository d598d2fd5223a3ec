/* rank_reduce: the arrays of all ranks, added up on one of them.
 *
 * usage: rank_reduce [-n RANKS]
 *   -n   how many ranks, 3 if it is not given; under mpirun, as many as it has started
 *
 * Notice: who receives an array adds it to its own, and passes only the sum on. With 8 ranks rank 0
 * receives three arrays, not seven, and nobody has to do all the work. (With 3 it receives two.)
 */
#include "cli.h"
#include "ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_reduce [-n RANKS]\n"
    "  Rank R has R + 1 times the numbers from 0 to 9; rank 0 gets the sums.\n"
    "  -n   how many ranks, 3 if it is not given; under mpirun, as many as it has started\n";

enum { ROOT = 0, NUMBERS = 10, TEXT_SIZE = 256 };

static const char *row(const int64_t numbers[NUMBERS], char text[TEXT_SIZE])
{
    int length = 0;

    for (int i = 0; i < NUMBERS; i++)
        length += snprintf(text + length, (size_t)(TEXT_SIZE - length), "%s%lld", i == 0 ? "" : " ",
                           (long long)numbers[i]);
    return text;
}

static int add_up(void *unused)
{
    int64_t mine[NUMBERS], sums[NUMBERS];
    char text[TEXT_SIZE];
    int self = ranks_rank();

    (void)unused;
    for (int i = 0; i < NUMBERS; i++)
        mine[i] = (int64_t)(self + 1) * i;
    say("process = %d sending [%s]", self, row(mine, text));
    if (ranks_reduce(ROOT, RANKS_SUM, RANKS_INT64, mine, sums, NUMBERS) == -1)
        die("reduce to rank %d", ROOT);
    if (self == ROOT)
        say("process = %d after reduce: data = [%s]", self, row(sums, text));
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(3);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, 1, RANKS_MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, add_up, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
