/* process: start a function as a process, and join it.
 *
 * usage: process [-n]
 *   -n   do not join
 *
 * Notice: with -n the child outlives its parent. It is not killed, as is often said: it goes on,
 * with a new parent, and your shell's prompt may come before its last line.
 */
#include "process.h"
#include "cli.h"
#include "io.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] = "usage: process [-n]\n"
                            "  Starts a function as a process, and joins it.\n"
                            "  -n   do not join: see what becomes of the child\n";

static pid_t parent;
static int lifeline[2]; /* for -n: a pipe; when nobody has its write end, the parent is gone */

static int run_process(void *name)
{
    say("Run child process %s (%ld)...", (const char *)name, (long)getpid());
    return EXIT_SUCCESS;
}

static int outlive_parent(void *name)
{
    char byte;

    run_process(name);
    io_close(&lifeline[1]); /* ours: else we would wait for ourselves */
    if (io_read(lifeline[0], &byte, 1) == -1)
        die("read the end of file");
    while (getppid() == parent) /* it closes its files a moment before it is gone */
        sched_yield();
    say("Child process (%ld) lives on: its parent was %ld and is now %ld.", (long)getpid(),
        (long)parent, (long)getppid());
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    bool join = true;
    while (cli_option(argc, argv, "n", usage) == 'n')
        join = false;
    cli_operands(argc, argv, 0, 0);

    parent = getpid();
    if (!join && io_pipe(lifeline) == -1)
        die("pipe");
    say("Parent process %ld.", (long)parent);

    struct process child = {.run = join ? run_process : outlive_parent, .argument = "test"};
    say("Child process will start.");
    if (process_start(&child) == -1)
        die("start the child process");
    if (!join) {
        say("Parent process %ld ends without a join.", (long)parent);
        return cli_end(EXIT_SUCCESS);
    }

    if (process_join(&child, FOREVER) == -1)
        die("join child process %ld", (long)child.pid);
    if (child.exit_code != 0) {
        complain("child process %ld ended with exit code %d", (long)child.pid, child.exit_code);
        return EXIT_FAILURE;
    }
    say("Child process end.");
    return cli_end(EXIT_SUCCESS);
}
