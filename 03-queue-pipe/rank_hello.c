/* rank_hello: processes that all run the same function, and differ only by their rank.
 *
 * usage: rank_hello [-n RANKS]
 *   -n   how many ranks, 5 if it is not given; under mpirun, as many as it has started
 *
 * Notice: all do the same, and nobody is told who it is: each asks for its rank. The lines come in
 * any order.
 */
#include "cli.h"
#include "ranks.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_hello [-n RANKS]\n"
    "  Each rank says hello.\n"
    "  -n   how many ranks, 5 if it is not given; under mpirun, as many as it has started\n";

static int say_hello(void *unused)
{
    (void)unused;
    say("hello world from process %d", ranks_rank());
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(5);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, 1, RANKS_MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, say_hello, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
