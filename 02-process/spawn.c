/* spawn: five processes, one after the other.
 *
 * usage: spawn
 *
 * Notice: the order is the same on every run, because each process is joined before the next one
 * starts. All five get the address of the same variable, and each finds its own number there.
 */
#include "cli.h"
#include "process.h"

#include <stdlib.h>

static const char usage[] = "usage: spawn\n"
                            "  Starts five processes, each when the one before it has ended.\n";

enum { PROCESSES = 5 };

static int foo(void *number)
{
    say("called function in process: %d", *(const int *)number);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    for (int i = 0; i < PROCESSES; i++) {
        /* The child reads its own copy of i, made by the fork: what we do to ours changes nothing
         * there. (Threads would all look at this one.) */
        struct process process = {.run = foo, .argument = &i};
        if (process_start(&process) == -1)
            die("start process %d", i);
        if (process_join(&process, FOREVER) == -1)
            die("join process %d", i);
        if (process.exit_code != 0) {
            complain("process %d ended with exit code %d", i, process.exit_code);
            return EXIT_FAILURE;
        }
    }
    return cli_end(EXIT_SUCCESS);
}
