/* pipe_chain: one process makes items, a second one squares them, the parent prints them.
 *
 * usage: pipe_chain
 *
 * Notice: nobody counts. The first process ends, so the second sees the end of file and ends, so
 * the parent sees it. For that, no other process may hold a sending end: see who closes what, and
 * when.
 */
#include "cli.h"
#include "conn.h"
#include "process.h"

#include <errno.h>
#include <stdlib.h>

static const char usage[] =
    "usage: pipe_chain\n"
    "  Items 0 to 9 go through a pipe to a process that squares them, and from there\n"
    "  through a second pipe to the parent.\n";

static struct conn items[2], squares[2]; /* [0] receives, [1] sends, as with pipe() */

static int create_items(void *unused)
{
    (void)unused;
    conn_close(&items[0]);
    for (int item = 0; item < 10; item++)
        if (conn_send(&items[1], &item, sizeof item, FOREVER) == -1)
            die("send item %d", item);
    return EXIT_SUCCESS;
}

static int square_items(void *unused)
{
    int item;

    (void)unused;
    conn_close(&squares[0]);
    while (conn_receive(&items[0], &item, sizeof item, FOREVER) != -1) {
        int square = item * item;
        if (conn_send(&squares[1], &square, sizeof square, FOREVER) == -1)
            die("send square %d", square);
    }
    if (errno != EPIPE)
        die("receive an item");
    return EXIT_SUCCESS;
}

static int join(struct process *process)
{
    if (process_join(process, FOREVER) == -1)
        die("join %s", process_name(process));
    if (process->exit_code != 0)
        complain("%s (%ld) ended with exit code %d", process_name(process), (long)process->pid,
                 process->exit_code);
    return process->exit_code;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    struct process creator = {.run = create_items, .name = "create_items", .daemon = true};
    struct process squarer = {.run = square_items, .name = "square_items", .daemon = true};
    if (conn_one_way(items) == -1)
        die("open a pipe for the items");
    if (process_start(&creator) == -1)
        die("start create_items");
    conn_close(&items[1]); /* before the next fork: else square_items would wait for itself */
    if (conn_one_way(squares) == -1)
        die("open a pipe for the squares");
    if (process_start(&squarer) == -1)
        die("start square_items");
    conn_close(&squares[1]); /* before we receive: else we would wait for ourselves */
    conn_close(&items[0]);   /* if square_items dies, create_items is to see it */

    int square;
    while (conn_receive(&squares[0], &square, sizeof square, FOREVER) != -1)
        say("%d", square);
    if (errno != EPIPE)
        die("receive a square");
    conn_close(&squares[0]);
    say("End");

    int failed = join(&creator);
    failed |= join(&squarer);
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
