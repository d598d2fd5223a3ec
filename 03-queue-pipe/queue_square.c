/* queue_square: a child puts squares into a queue, and the parent gets them out until the end.
 *
 * usage: queue_square
 *
 * Notice: the parent does not know how many will come, and need not ask whether the queue is empty.
 * It waits for an item, or for the end: nothing is left in the queue, and nobody to put more.
 */
#include "cli.h"
#include "process.h"
#include "queue.h"

#include <errno.h>
#include <stdlib.h>

static const char usage[] =
    "usage: queue_square\n"
    "  A child squares 0 to 4; the squares come to its parent in a queue.\n";

static int put_squares(void *queue)
{
    queue_close_get(queue);
    for (int number = 0; number < 5; number++) {
        int square = number * number;
        if (queue_put(queue, &square, sizeof square, FOREVER) == -1)
            die("put %d to the queue", square);
    }
    return EXIT_SUCCESS; /* the end for putting is closed with the process */
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    struct queue *queue = queue_open(0, sizeof(int));
    if (queue == NULL)
        die("open a queue");
    struct process child = {.run = put_squares, .argument = queue, .daemon = true};
    if (process_start(&child) == -1)
        die("start the child process");
    queue_close_put(queue); /* ours: with it open, the end would never come */

    int square;
    while (queue_get(queue, &square, sizeof square, FOREVER) != -1)
        say("%d", square);
    if (errno != EPIPE) /* EPIPE is the end: it is empty, and nobody is left to put more */
        die("get from the queue");
    queue_close(queue);

    /* The end does not say whether that was all: a child that is killed closes its end, too. */
    if (process_join(&child, FOREVER) == -1)
        die("join the child process");
    if (child.exit_code != 0) {
        complain("the child (%ld) ended with exit code %d", (long)child.pid, child.exit_code);
        return EXIT_FAILURE;
    }
    return cli_end(EXIT_SUCCESS);
}
