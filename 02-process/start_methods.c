/* start_methods: one task, started by fork, and by running this program again.
 *
 * usage: start_methods [-b] [-r LEVEL]
 *   -b         the bug: do not look at the role
 *   -r LEVEL   the role: a child, LEVEL starts below the first process (1 to 3)
 *
 * Notice: after fork, the child has all that its parent had. A program that is run again begins at
 * main, with a fresh variable. Unless it looks at its role, it does what its parent does: -b.
 */
#include "cli.h"
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: start_methods [-b] [-r LEVEL]\n"
    "  Starts a child by fork, and one by running this program again.\n"
    "  -b         the bug: do not look at the role; stops at level 3\n"
    "  -r LEVEL   the role: a child, LEVEL starts below the first process (1 to 3)\n";

/* Numbers that both programs know: of two descriptors, and of the level where -b stops. */
enum { KEPT = 20, CLOSED_ON_EXEC = 21, LAST_LEVEL = 3 };

static int variable = 1; /* the parent sets it to 2 */
static bool check_role = true;
static long level; /* 0: no role, this is the first process */

static const char *state_of(int descriptor)
{
    return fcntl(descriptor, F_GETFD) == -1 ? "closed" : "open";
}

static int task(void *method)
{
    say("%s: process %ld of parent %ld has variable %d, descriptor %d %s, %d %s",
        (const char *)method, (long)getpid(), (long)getppid(), variable, KEPT, state_of(KEPT),
        CLOSED_ON_EXEC, state_of(CLOSED_ON_EXEC));
    return EXIT_SUCCESS;
}

/* This, too, is the child of a fork; but of all its memory, exec keeps only these words. */
static int run_again(void *program)
{
    char number[24];
    char *words[] = {program, "-r", number, check_role ? NULL : "-b", NULL};

    snprintf(number, sizeof number, "%ld", level + 1);
    execvp(program, words); /* p: without a slash in it, the shell has found it in PATH */
    die("execute %s", words[0]);
}

static int start_and_join(int (*run)(void *), void *argument)
{
    struct process child = {.run = run, .argument = argument};

    if (process_start(&child) == -1)
        die("start a child");
    if (process_join(&child, FOREVER) == -1)
        die("join child %ld", (long)child.pid);
    if (child.exit_code != 0)
        complain("child %ld ended with exit code %d", (long)child.pid, child.exit_code);
    return child.exit_code;
}

int main(int argc, char **argv)
{
    for (int option; (option = cli_option(argc, argv, "br:", usage)) != -1;)
        if (option == 'b')
            check_role = false;
        else
            level = cli_number("-r", optarg, 1, LAST_LEVEL);
    cli_operands(argc, argv, 0, 0);

    if (level > 0 && check_role) /* Python: if __name__ == '__main__', around all that follows */
        return cli_end(task("exec"));
    if (level == LAST_LEVEL) {
        say("Level %ld: process %ld stops. Nothing else would: each program starts the next one.",
            level, (long)getpid());
        return cli_end(EXIT_SUCCESS);
    }

    say("Level %ld: process %ld starts its children.", level, (long)getpid());
    variable = 2;
    if (dup2(STDOUT_FILENO, KEPT) == -1 || dup2(STDOUT_FILENO, CLOSED_ON_EXEC) == -1 ||
        fcntl(CLOSED_ON_EXEC, F_SETFD, FD_CLOEXEC) == -1)
        die("open descriptors %d and %d", KEPT, CLOSED_ON_EXEC);
    int failed = start_and_join(task, "fork");
    failed |= start_and_join(run_again, argv[0]);
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
