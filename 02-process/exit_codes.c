/* exit_codes: how processes end, in numbers: waitpid's, Python's and the shell's.
 *
 * usage: exit_codes
 *
 * Notice: the wait status holds two numbers, the exit code in its upper 8 bits and the signal in
 * its lower ones. Python makes one number of them, negative for a signal. The shell has no negative
 * ones, and adds 128.
 */
#include "cli.h"
#include "process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: exit_codes\n"
                            "  A table of the ways in which a process ends.\n";

static const struct ending {
    const char *words;
    int signal; /* 0: leaves by itself, with this code */
    int code;
} endings[] = {
    {"ended well", 0, 0},
    {"ended with error code 1", 0, 1},
    {"ended with error code 3", 0, 3},
    {"killed by SIGINT", SIGINT, 0},
    {"killed by SIGKILL", SIGKILL, 0},
    {"killed by SIGTERM", SIGTERM, 0},
};

/* process_join calls waitpid and process_exit_code, and keeps only the exit code. To show the wait
 * status as well, this program calls them itself. */
static int wait_status(const struct ending *ending)
{
    pid_t pid = fork(); /* say leaves nothing in a buffer for it to copy */
    if (pid == -1)
        die("fork");
    if (pid == 0) {
        if (ending->signal != 0) {
            sigset_t none; /* we may have been started with the signal blocked, or ignored */
            sigemptyset(&none);
            sigprocmask(SIG_SETMASK, &none, NULL);
            signal(ending->signal, SIG_DFL);
            raise(ending->signal);
        }
        _exit(ending->code);
    }
    int status;
    if (waitpid(pid, &status, 0) == -1)
        die("waitpid %ld", (long)pid);
    return status;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    if (process_keep_exit_codes() == -1)
        die("keep exit codes");
    say("%-24s %12s %8s %10s %6s", "the process", "wait status", "in hex", "exit code", "shell");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        int status = wait_status(&endings[i]);
        int code = process_exit_code(status);
        say("%-24s %12d   0x%04x %10d %6d", endings[i].words, status, (unsigned)status, code,
            code < 0 ? 128 - code : code);
    }
    return cli_end(EXIT_SUCCESS);
}
