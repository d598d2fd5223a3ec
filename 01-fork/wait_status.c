/* wait_status: what a parent learns of its child's end, and how it is encoded.
 *
 * usage: wait_status [-s SIG]
 *   -s SIG   the child dies of this signal: TERM, SIGTERM or 15
 *
 * Notice: the status is not the exit code. 768 is 3 * 256: the second byte is for an exit code, the
 * first one for the number of a signal.
 */
#include "cli.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: wait_status [-s SIG]\n"
                            "  A child exits with code 3; its parent decodes the wait status.\n"
                            "  -s SIG   the child dies of this signal: TERM, SIGTERM or 15\n";

enum { CODE = 3 };

static int deadly_signal(const char *text)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {
        /* Not all signals end a process. These do, if it does nothing about them. */
        {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},
        {"TRAP", SIGTRAP}, {"ABRT", SIGABRT}, {"BUS", SIGBUS},   {"FPE", SIGFPE},
        {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},
        {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"XCPU", SIGXCPU},
        {"XFSZ", SIGXFSZ}, {"PROF", SIGPROF}, {"SYS", SIGSYS},   {"VTALRM", SIGVTALRM},
    };
    const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        char number[12];
        snprintf(number, sizeof number, "%d", signals[i].number);
        if (strcmp(name, signals[i].name) == 0 || strcmp(text, number) == 0)
            return signals[i].number;
    }
    bad_usage("-s: expected a signal that ends a process, such as TERM or 15, got '%s'", text);
}

static void die_of(int number)
{
    struct rlimit nothing = {0};
    sigset_t none;

    /* SEGV and its like would leave a file behind, a core: all of the child's memory. */
    setrlimit(RLIMIT_CORE, &nothing);
    /* Whoever started us may have the signal ignored, as nohup does with HUP, or blocked. */
    signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    raise(number);
}

int main(int argc, char **argv)
{
    int deadly = 0; /* the signal to die of; 0: none */
    while (cli_option(argc, argv, "s:", usage) == 's')
        deadly = deadly_signal(optarg);
    cli_operands(argc, argv, 0, 0);

    signal(SIGCHLD, SIG_DFL);    /* see fork.c */
    const char *name = "common"; /* what is set before the fork, both have */
    pid_t pid = fork();
    if (pid == -1)
        die("fork");
    if (pid == 0) {
        say("In Child of %s", name);
        say("In Child PID: %ld PPID: %ld", (long)getpid(), (long)getppid());
        int code = cli_end(CODE); /* now: the dead can't say that their lines got lost */
        if (deadly != 0 && code == CODE)
            die_of(deadly);
        _exit(code);
    }
    say("In Parent (%s) The child is: %ld", name, (long)pid);
    say("In Parent PID: %ld PPID: %ld", (long)getpid(), (long)getppid());

    int status;
    if (waitpid(pid, &status, 0) == -1)
        die("waitpid %ld", (long)pid);
    say("(%ld, %d)", (long)pid, status);
    bool exited = WIFEXITED(status);
    int number = exited ? WEXITSTATUS(status) : WTERMSIG(status); /* it is one of the two */
    if (exited)
        say("exited with code %d", number);
    else
        say("killed by signal %d (%s)", number, strsignal(number));
    bool as_told = deadly == 0 ? exited && number == CODE : !exited && number == deadly;
    return cli_end(as_told ? EXIT_SUCCESS : EXIT_FAILURE);
}
