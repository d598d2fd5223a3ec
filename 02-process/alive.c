/* alive: is_alive before the start, while the process runs, and after the join.
 *
 * usage: alive
 *
 * Notice: False, True, False on every run, also without the pause: the child can't end before the
 * parent has looked, because it waits at a gate.
 */
#include "cli.h"
#include "io.h"
#include "process.h"

#include <stdlib.h>

static const char usage[] = "usage: alive\n"
                            "  Asks three times whether a process is alive.\n"
                            "  TIME_SCALE=0.05 shortens its pause of 1 s.\n";

static int gate[2]; /* a pipe; it opens when nobody has the write end any more */

static int test(void *unused)
{
    char byte;

    (void)unused;
    io_close(&gate[1]); /* ours: else we would wait for ourselves */
    say("start test process");
    pause_seconds(1);
    if (io_read(gate[0], &byte, 1) == -1)
        die("wait at the gate");
    say("end test process");
    return EXIT_SUCCESS;
}

static void show(struct process *process)
{
    say("The process is alive:%s", process_is_alive(process) ? "True" : "False");
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    if (io_pipe(gate) == -1)
        die("pipe");
    struct process process = {.run = test, .daemon = true};
    show(&process);
    if (process_start(&process) == -1)
        die("start the process");
    io_close(&gate[0]);
    show(&process);

    io_close(&gate[1]); /* the gate opens */
    if (process_join(&process, FOREVER) == -1)
        die("join process %ld", (long)process.pid);
    show(&process);
    if (process.exit_code != 0) {
        complain("process %ld ended with exit code %d", (long)process.pid, process.exit_code);
        return EXIT_FAILURE;
    }
    return cli_end(EXIT_SUCCESS);
}
