/* subclass: a kind of process of one's own: a struct that embeds the process.
 *
 * usage: subclass
 *
 * Notice: it adds members, and overrides what runs. The library knows nothing of it: process_start
 * calls whatever function is in `run`. That is all there is to a method.
 */
#include "cli.h"
#include "process.h"

#include <stdio.h>
#include <stdlib.h>

static const char usage[] = "usage: subclass\n"
                            "  Starts five objects of a struct that embeds struct process.\n";

enum { PROCESSES = 5 };

struct my_process {
    struct process process; /* what it is */
    char name[24];          /* what it adds; so could any argument of run be added here */
};

/* Overrides run. C passes no `self` by itself: the argument is the object. */
static int my_process_run(void *argument)
{
    struct my_process *self = argument;

    say("called run method in %s", process_name(&self->process));
    return EXIT_SUCCESS;
}

/* Python's __init__. `self` must not be copied afterwards: it has its own address in it. */
static void my_process_init(struct my_process *self, int number)
{
    snprintf(self->name, sizeof self->name, "MyProcess-%d", number);
    self->process = (struct process){.run = my_process_run, .argument = self, .name = self->name};
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    for (int number = 1; number <= PROCESSES; number++) {
        struct my_process p = {0};
        my_process_init(&p, number);
        /* start and join are inherited: they take the process that is in it. */
        if (process_start(&p.process) == -1)
            die("start %s", p.name);
        if (process_join(&p.process, FOREVER) == -1)
            die("join %s", p.name);
        if (p.process.exit_code != 0) {
            complain("%s ended with exit code %d", p.name, p.process.exit_code);
            return EXIT_FAILURE;
        }
    }
    return cli_end(EXIT_SUCCESS);
}
