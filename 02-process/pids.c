/* pids: who is who: the child's pid, as the parent knows it and as the child itself does.
 *
 * usage: pids
 *
 * Notice: parent and child print the same number for the child. The parent has it as soon as the
 * child is started, while the child may not even have begun to run.
 */
#include "cli.h"
#include "process.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] = "usage: pids\n"
                            "  Prints the pids of a parent and its child.\n"
                            "  TIME_SCALE=0.05 shortens the pause of 1 s.\n";

static int test(void *unused)
{
    (void)unused;
    say("start test process");
    pause_seconds(1);
    say("Id of the child process in the test function %ld", (long)getpid());
    say("end test process");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    say("Id of the parent process %ld", (long)getpid());
    struct process process = {.run = test, .daemon = true};
    if (process_start(&process) == -1)
        die("start the child process");
    say("Id of the child process %ld", (long)process.pid);

    if (process_join(&process, FOREVER) == -1)
        die("join child process %ld", (long)process.pid);
    if (process.exit_code != 0) {
        complain("child process %ld ended with exit code %d", (long)process.pid, process.exit_code);
        return EXIT_FAILURE;
    }
    return cli_end(EXIT_SUCCESS);
}
