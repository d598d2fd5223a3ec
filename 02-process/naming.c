/* naming: names of processes: given ones, default ones, and what ps shows.
 *
 * usage: naming
 *
 * Notice: a process knows its own name. ps knows a given name as well (on Linux); a process without
 * one has the name of the program there. While they run: ps -o pid,ppid,comm
 */
#include "cli.h"
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: naming\n"
    "  Two processes, one with a name, one without, say what they are called.\n"
    "  TIME_SCALE=0.05 shortens their pause of 3 s.\n";

/* Reads what ps reads, and not what we have set: the kernel may keep less of it. */
static void show_name_in_ps(const char *name)
{
    char comm[64];

    FILE *file = fopen("/proc/self/comm", "r");
    if (file == NULL || fgets(comm, sizeof comm, file) == NULL)
        say("%s can't tell what ps shows", name); /* no Linux */
    else
        say("ps shows %s as %.*s", name, (int)strcspn(comm, "\n"), comm);
    if (file != NULL)
        fclose(file);
}

static int foo(void *unused)
{
    const char *name = process_current_name();

    (void)unused;
    say("Starting %s", name);
    show_name_in_ps(name);
    pause_seconds(3);
    say("Exiting %s", name);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    struct process processes[] = {
        {.run = foo, .name = "foo_process", .daemon = true},
        {.run = foo, .daemon = true}, /* the second child: Process-2 */
    };
    enum { COUNT = sizeof processes / sizeof *processes };
    for (int i = 0; i < COUNT; i++)
        if (process_start(&processes[i]) == -1)
            die("start process %d", i + 1);

    int status = EXIT_SUCCESS;
    for (int i = 0; i < COUNT; i++) {
        const char *name = process_name(&processes[i]); /* the parent's view: the same */
        if (process_join(&processes[i], FOREVER) == -1)
            die("join %s", name);
        if (processes[i].exit_code != 0) {
            complain("%s ended with exit code %d", name, processes[i].exit_code);
            status = EXIT_FAILURE;
        }
    }
    return cli_end(status);
}
