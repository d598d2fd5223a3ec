/* pipe_square: a child squares numbers; numbers and squares go through one pipe, for both ways.
 *
 * usage: pipe_square [-s]
 *   -s   a simplex pipe: one way
 *
 * Notice: either end sends and receives. With -s one end only receives, and the other one only
 * sends: each refuses the wrong thing. The numbers can't be sent then; the child knows them.
 */
#include "cli.h"
#include "conn.h"
#include "process.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: pipe_square [-s]\n"
                            "  A child squares 0 to 4; the squares come to its parent by a pipe.\n"
                            "  -s   a simplex pipe: one way, and the wrong end refuses\n";

enum { NUMBERS = 5 };

static bool one_way;
static struct conn ends[2]; /* the parent's, and the child's */

static int square_numbers(void *unused)
{
    (void)unused;
    conn_close(&ends[0]);
    for (int number = 0; number < NUMBERS; number++) {
        int received = number;
        if (!one_way && conn_receive(&ends[1], &received, sizeof received, FOREVER) == -1)
            die("receive a number");
        int square = received * received;
        if (conn_send(&ends[1], &square, sizeof square, FOREVER) == -1)
            die("send %d", square);
    }
    return EXIT_SUCCESS;
}

static void try_wrong_ends(void)
{
    int number = 0;

    int result = conn_send(&ends[0], &number, sizeof number, 0);
    say("send on the receiving end: %s", result == -1 ? strerror(errno) : "done");
    ssize_t size = conn_receive(&ends[1], &number, sizeof number, 0);
    say("receive on the sending end: %s", size == -1 ? strerror(errno) : "done");
}

/* Returns the square, or -1: the child is gone. */
static int ask_for_square(int number)
{
    int square;

    if (!one_way && conn_send(&ends[0], &number, sizeof number, FOREVER) == -1)
        return -1;
    return conn_receive(&ends[0], &square, sizeof square, FOREVER) == -1 ? -1 : square;
}

int main(int argc, char **argv)
{
    while (cli_option(argc, argv, "s", usage) == 's')
        one_way = true;
    cli_operands(argc, argv, 0, 0);

    if ((one_way ? conn_one_way(ends) : conn_pair(ends)) == -1)
        die("open a pipe");
    if (one_way)
        try_wrong_ends();
    struct process child = {.run = square_numbers, .daemon = true};
    if (process_start(&child) == -1)
        die("start the child process");
    conn_close(&ends[1]); /* the child's: if it dies, nobody has this end, and we are told */

    int number = 0, square;
    while (number < NUMBERS && (square = ask_for_square(number)) != -1) {
        say("%d", square);
        number++;
    }
    if (number < NUMBERS)
        complain("the square of %d did not come: %s", number, strerror(errno));
    conn_close(&ends[0]);

    if (process_join(&child, FOREVER) == -1)
        die("join the child process");
    if (child.exit_code != 0)
        complain("the child (%ld) ended with exit code %d", (long)child.pid, child.exit_code);
    return cli_end(number == NUMBERS && child.exit_code == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
