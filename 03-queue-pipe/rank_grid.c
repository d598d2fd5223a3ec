/* rank_grid: ranks that stand in rows and columns, and know their neighbours.
 *
 * usage: rank_grid [-n RANKS]
 *   -n   how many ranks, 4 if it is not given; under mpirun, as many as it has started
 *
 * Notice: the grid has no edges: right of the last column is the first one, a torus. With two rows
 * the neighbour above and the one below are the same. Each rank shows it by what its left neighbour
 * has told it.
 */
#include "cli.h"
#include "ranks.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_grid [-n RANKS]\n"
    "  Ranks in rows and columns; each says where it is, and who is beside it.\n"
    "  -n   how many ranks, 4 if it is not given; under mpirun, as many as it has started\n";

/* As many rows as columns, or as close to it as they divide. */
static int choose_rows(int count)
{
    int rows = 1;

    for (int i = 1; i * i <= count; i++)
        if (count % i == 0)
            rows = i;
    return rows;
}

static int stand(void *unused)
{
    int self = ranks_rank(), rows = choose_rows(ranks_count()), other;
    struct ranks_grid grid;

    (void)unused;
    if (ranks_grid(&grid, rows, ranks_count() / rows) == -1)
        die("a grid of %d rows", rows);
    /* All pass something to the right at once: in one step, as nobody may wait for the others. */
    if (ranks_exchange(grid.right, &self, sizeof self, grid.left, &other, sizeof other) == -1)
        die("exchange with ranks %d and %d", grid.right, grid.left);
    say("process = %d row = %d column = %d up = %d down = %d left = %d right = %d, %d says hello",
        self, grid.row, grid.column, grid.up, grid.down, grid.left, grid.right, other);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(4);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, 1, RANKS_MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, stand, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
