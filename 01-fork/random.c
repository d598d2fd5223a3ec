/* random: parent and child draw the same "random" number, as fork has copied the generator.
 *
 * usage: random [-r]
 *   -r   the child seeds its generator anew
 *
 * Notice: a generator is some numbers in memory, from which it makes the next ones. Copy them, and
 * you copy all that it will ever draw. SEED=7 repeats a run, with -r too.
 */
#include "cli.h"
#include "clock.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: random [-r]\n"
                            "  Parent and child draw the same random number.\n"
                            "  -r   the child seeds its generator anew: they differ\n"
                            "  SEED=7 in the environment repeats a run.\n";

int main(int argc, char **argv)
{
    bool reseed = false;
    while (cli_option(argc, argv, "r", usage) == 'r')
        reseed = true;
    cli_operands(argc, argv, 0, 0);

    signal(SIGCHLD, SIG_DFL); /* see fork.c */
    random_start(0);
    pid_t pid = fork();
    if (pid == -1)
        die("fork");
    if (pid == 0) {
        /* The time alone would not do: both may ask for it in the same moment. random_start also
         * takes the pid; or, where SEED is set, the 1, which is the child's number. */
        if (reseed)
            random_start(1);
        say("Child (%ld): %.10f", (long)getpid(), random_fraction());
        _exit(cli_end(EXIT_SUCCESS));
    }
    say("Parent (%ld): %.10f", (long)getpid(), random_fraction());

    int status;
    if (waitpid(pid, &status, 0) == -1)
        die("waitpid %ld", (long)pid);
    if (status != 0)
        complain("child %ld failed, wait status %d", (long)pid, status);
    return cli_end(status == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
