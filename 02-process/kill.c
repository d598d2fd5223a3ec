/* kill: the states of a process that is terminated: initial, started, stopped.
 *
 * usage: kill
 *
 * Notice: terminate only sends a signal. The process is still alive afterwards, until it gets round
 * to dying; so join it. Its exit code is -15, the negative number of the signal.
 */
#include "cli.h"
#include "io.h"
#include "process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] = "usage: kill\n"
                            "  Terminates a process, and shows its state before and after.\n"
                            "  TIME_SCALE=0.05 shortens its pause of 0.1 s.\n";

static int gate[2];   /* a pipe; it opens when nobody has the write end any more */
static sigset_t term; /* SIGTERM alone */

static int foo(void *unused)
{
    char byte;

    (void)unused;
    io_close(&gate[1]);
    say("Starting function");
    pause_seconds(0.1);
    if (io_read(gate[0], &byte, 1) == -1)
        die("wait at the gate");
    if (say_end() == -1) /* now: the dead can't say that their lines got lost */
        return EXIT_FAILURE;
    signal(SIGTERM, SIG_DFL);              /* we may have been started with it ignored */
    sigprocmask(SIG_UNBLOCK, &term, NULL); /* this process dies here, of the signal that waits */
    say("Finished function");
    return EXIT_SUCCESS;
}

static void show(const char *when, struct process *process)
{
    char state[32] = "initial";
    bool alive = process_is_alive(process); /* this may find the end, so ask it first */

    if (process->joined && process->exit_code == -SIGTERM)
        snprintf(state, sizeof state, "stopped[SIGTERM]");
    else if (process->joined)
        snprintf(state, sizeof state, "stopped[%d]", process->exit_code);
    else if (process->pid != 0)
        snprintf(state, sizeof state, "started");
    say("Process %s: <Process(%s, %s)> %s", when, process_name(process), state,
        alive ? "True" : "False");
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    if (io_pipe(gate) == -1)
        die("pipe");
    struct process p = {.run = foo, .name = "foo", .daemon = true};
    show("before execution", &p);

    /* The child inherits that SIGTERM is blocked. Otherwise it would die at some moment, before we
     * look or after it; this way it dies behind the gate. */
    sigset_t before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    if (process_start(&p) == -1)
        die("start the process");
    sigprocmask(SIG_SETMASK, &before, NULL);
    io_close(&gate[0]);
    show("running", &p);

    if (process_terminate(&p) == -1)
        die("terminate process %ld", (long)p.pid);
    show("terminated", &p);

    io_close(&gate[1]); /* the gate opens */
    if (process_join(&p, FOREVER) == -1)
        die("join process %ld", (long)p.pid);
    show("joined", &p);
    say("Process exit code: %d", p.exit_code);
    if (p.exit_code != -SIGTERM) {
        complain("process %ld was not ended by SIGTERM", (long)p.pid);
        return EXIT_FAILURE;
    }
    return cli_end(EXIT_SUCCESS);
}
