/* rank_broadcast: what one rank knows, all know.
 *
 * usage: rank_broadcast [-n RANKS]
 *   -n   how many ranks, 10 if it is not given; under mpirun, as many as it has started
 *
 * Notice: all call the same function, the one that has the value and those that want it. It takes
 * not 9 steps, but 4: who has the value helps to pass it on.
 */
#include "cli.h"
#include "ranks.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_broadcast [-n RANKS]\n"
    "  Rank 0 shares the value 100 with all others.\n"
    "  -n   how many ranks, 10 if it is not given; under mpirun, as many as it has started\n";

enum { ROOT = 0 };

static int share(void *unused)
{
    int64_t value = 0;

    (void)unused;
    if (ranks_rank() == ROOT)
        value = 100;
    if (ranks_broadcast(ROOT, &value, sizeof value) == -1)
        die("broadcast from rank %d", ROOT);
    say("process = %d variable shared = %lld", ranks_rank(), (long long)value);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(10);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, 1, RANKS_MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, share, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
