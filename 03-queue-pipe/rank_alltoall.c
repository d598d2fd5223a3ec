/* rank_alltoall: each rank has something for each other one.
 *
 * usage: rank_alltoall [-n RANKS]
 *   -n   how many ranks, 5 if it is not given; under mpirun, as many as it has started
 *
 * Notice: write the rows that are sent below each other: what a rank receives is its column. It is
 * a table turned over, of which no process ever has the whole.
 */
#include "cli.h"
#include "ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_alltoall [-n RANKS]\n"
    "  Rank R sends R + 1 times 0, 1, 2 and so on to the ranks 0, 1, 2 and so on.\n"
    "  -n   how many ranks, 5 if it is not given; under mpirun, as many as it has started\n";

enum { MOST = 100, TEXT_SIZE = 1024 };

static const char *row(const int64_t *numbers, int count, char text[TEXT_SIZE])
{
    int length = 0;

    for (int i = 0; i < count; i++)
        length += snprintf(text + length, (size_t)(TEXT_SIZE - length), "%s%lld", i == 0 ? "" : " ",
                           (long long)numbers[i]);
    return text;
}

static int transpose(void *unused)
{
    int64_t out[MOST], in[MOST];
    char sent[TEXT_SIZE], received[TEXT_SIZE];
    int self = ranks_rank(), count = ranks_count();

    (void)unused;
    if (count > MOST) /* under mpirun */
        bad_usage("at most %d ranks", MOST);
    for (int to = 0; to < count; to++)
        out[to] = (int64_t)(self + 1) * to;
    if (ranks_alltoall(out, in, sizeof *out) == -1)
        die("all to all");
    say("process = %d sending [%s] receiving [%s]", self, row(out, count, sent),
        row(in, count, received));
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(5);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, 1, MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, transpose, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
