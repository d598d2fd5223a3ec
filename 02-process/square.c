/* square: five tasks of a second each, one after the other, or in a process each.
 *
 * usage: square [-p]
 *   -p   one process each, all started at once
 *
 * Notice: 5 seconds without -p, 1 second with it; and then the lines of the five are mixed, but no
 * line is torn.
 */
#include "cli.h"
#include "process.h"

#include <stdbool.h>
#include <stdlib.h>

static const char usage[] = "usage: square [-p]\n"
                            "  Squares 0 to 4, with a pause of 1 s for each.\n"
                            "  -p   in one process each, all started at once\n"
                            "  TIME_SCALE=0.05 shortens the pauses.\n";

enum { NUMBERS = 5 };

static int square(void *argument)
{
    int x = *(const int *)argument;

    say("start process:%d", x);
    say("square %d:%d", x, x * x);
    pause_seconds(1);
    say("end process:%d", x);
    return EXIT_SUCCESS;
}

static int square_in_processes(void)
{
    struct process list[NUMBERS];
    int status = EXIT_SUCCESS;

    for (int i = 0; i < NUMBERS; i++) {
        list[i] = (struct process){.run = square, .argument = &i, .daemon = true};
        if (process_start(&list[i]) == -1)
            die("start process %d", i);
    }
    /* Not in the loop above: they would run one after the other, as without -p. */
    for (int i = 0; i < NUMBERS; i++) {
        if (process_join(&list[i], FOREVER) == -1)
            die("join process %d", i);
        if (list[i].exit_code != 0) {
            complain("process %d ended with exit code %d", i, list[i].exit_code);
            status = EXIT_FAILURE;
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    bool in_processes = false;
    while (cli_option(argc, argv, "p", usage) == 'p')
        in_processes = true;
    cli_operands(argc, argv, 0, 0);

    int status = EXIT_SUCCESS;
    double start = seconds_now();
    if (in_processes)
        status = square_in_processes();
    else
        for (int i = 0; i < NUMBERS; i++)
            square(&i); /* the same function: a process needs no other one */
    say("Time taken %.4f seconds", seconds_now() - start);
    return cli_end(status);
}
