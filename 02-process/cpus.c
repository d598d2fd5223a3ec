/* cpus: how many processors there are, and a child that asks to run on one of them.
 *
 * usage: cpus [PROCESSOR]
 *   PROCESSOR   its number, from 0 (the default) to 1023
 *
 * Notice: without being asked, the system puts a process on any processor, and may move it at any
 * moment. What a child asks for holds for that child, and not for its parent.
 */
#include "beyond.h"
#include "cli.h"
#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: cpus [PROCESSOR]\n"
    "  A child asks to run on that processor (0), and says where it runs.\n";

static int run_on(void *argument)
{
    int processor = *(const int *)argument;
    long pid = (long)getpid();

    say("Process %ld asks to run on processor %d.", pid, processor);
    /* No failure of ours: there may be no such request (ENOSYS), no such processor, or a container
     * may not give us this one (EINVAL). */
    if (beyond_run_on(processor) == -1)
        say("Process %ld can't have that: %s.", pid, strerror(errno));
    processor = beyond_processor();
    if (processor == -1)
        say("Process %ld can't say where it runs: %s.", pid, strerror(errno));
    else
        say("Process %ld runs on processor %d.", pid, processor);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int processor = 0;

    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 1);
    if (optind < argc)
        processor = (int)cli_number("PROCESSOR", argv[optind], 0, 1023);

    say("Number of processors: %d", beyond_processors());
    struct process child = {.run = run_on, .argument = &processor, .daemon = true};
    if (process_start(&child) == -1)
        die("start a process");
    if (process_join(&child, FOREVER) == -1)
        die("join process %ld", (long)child.pid);
    if (child.exit_code != 0) {
        complain("process %ld ended with exit code %d", (long)child.pid, child.exit_code);
        return EXIT_FAILURE;
    }
    return cli_end(EXIT_SUCCESS);
}
