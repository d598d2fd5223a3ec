/* join_timeout: wait for a process, but not for ever.
 *
 * usage: join_timeout
 *
 * Notice: the join with a timeout comes back on time, and the process does not notice: it is still
 * alive, and has no exit code yet. A process that joins itself would wait for ever, and is refused.
 */
#include "cli.h"
#include "io.h"
#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] = "usage: join_timeout\n"
                            "  Joins a process that takes 3 s, for 2 s at most; and then again.\n"
                            "  TIME_SCALE=0.05 shortens both times.\n";

static int gate[2]; /* as in alive.c: the child does not end before we have looked */

static int work(void *self)
{
    char byte;

    io_close(&gate[1]);
    pause_seconds(3);
    if (io_read(gate[0], &byte, 1) == -1)
        die("wait at the gate");
    bool refused = process_join(self, FOREVER) == -1 && errno == EDEADLK;
    say("%s joins itself: %s", process_current_name(), refused ? "EDEADLK" : "not refused");
    return refused ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void show(struct process *process)
{
    char code[16] = "None";                 /* there is none before the end */
    bool alive = process_is_alive(process); /* this may find the end, so ask it first */
    if (process->joined)
        snprintf(code, sizeof code, "%d", process->exit_code);
    say("is_alive: %s, exit code: %s", alive ? "True" : "False", code);
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    if (io_pipe(gate) == -1)
        die("pipe");
    struct process process = {.run = work, .argument = &process, .daemon = true};
    double start = seconds_now();
    if (process_start(&process) == -1)
        die("start the process");
    io_close(&gate[0]);

    double timeout = 2.0 * time_scale(); /* pauses are scaled by themselves, timeouts are not */
    if (process_join(&process, timeout) == -1 && errno != ETIMEDOUT)
        die("join process %ld", (long)process.pid);
    say("join with a timeout of %.3f s: back after %.3f s", timeout, seconds_now() - start);
    show(&process);

    io_close(&gate[1]);
    if (process_join(&process, FOREVER) == -1)
        die("join process %ld", (long)process.pid);
    say("join without a timeout: back after %.3f s", seconds_now() - start);
    show(&process);
    if (process.exit_code != 0) {
        complain("process %ld ended with exit code %d", (long)process.pid, process.exit_code);
        return EXIT_FAILURE;
    }
    return cli_end(EXIT_SUCCESS);
}
