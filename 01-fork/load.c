/* load: the same work, shared among N children: what it takes, and what it saves.
 *
 * usage: load [-t TURNS] [N]
 *   -t TURNS   turns of the loop in all; without it: 40,000,000
 *   N          children that share them; without it: 8
 *
 * Notice: up to the number of processors, more children take less real time. User time, which is
 * the sum over all of them, stays about the same.
 */
#include "beyond.h"
#include "cli.h"
#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: load [-t TURNS] [N]\n"
                            "  N children (8) share the work, and the time it took is printed.\n"
                            "  -t TURNS   turns of the loop in all (40000000)\n";

enum { CODE = 3, MOST_CHILDREN = 1000 };

static int work(long turns)
{
    double sum = 0;

    say("In Child");
    for (long turn = 0; turn < turns; turn++)
        sum += random_fraction() + random_fraction();
    return cli_end(sum >= 0 ? CODE : EXIT_FAILURE); /* a sum nobody asks for, the compiler drops */
}

static void print_time(const char *name, double seconds)
{
    long milliseconds = (long)(seconds * 1000 + 0.5);

    say("%s\t%ldm%.3fs", name, milliseconds / 60000, (double)(milliseconds % 60000) / 1000);
}

int main(int argc, char **argv)
{
    double start = seconds_now();
    long turns = 40000000;
    while (cli_option(argc, argv, "t:", usage) == 't')
        turns = cli_number("-t", optarg, 0, LONG_MAX);
    cli_operands(argc, argv, 0, 1);
    int children = optind < argc ? (int)cli_number("N", argv[optind], 1, MOST_CHILDREN) : 8;

    signal(SIGCHLD, SIG_DFL); /* see fork.c */
    pid_t pids[MOST_CHILDREN], parent = getpid();
    int started = 0;
    for (; started < children; started++) {
        pids[started] = fork();
        if (pids[started] == 0) {
            /* If our parent alone is killed, we end too: we would work for nobody. */
            if (beyond_end_with_parent(parent, SIGKILL) == -1 && errno != ENOSYS)
                die("ask to be ended with process %ld", (long)parent);
            _exit(work(turns / children + (started < turns % children)));
        }
        if (pids[started] == -1) {
            complain("fork: %s", strerror(errno));
            break;
        }
        say("In Parent of %ld", (long)pids[started]);
    }

    bool failed = started < children;
    for (int i = 0; i < started; i++) {
        int status;
        if (waitpid(pids[i], &status, 0) == -1)
            die("waitpid %ld", (long)pids[i]);
        say("(%ld, %d)", (long)pids[i], status);
        failed |= !WIFEXITED(status) || WEXITSTATUS(status) != CODE;
    }

    struct tms family; /* the children's part is that of those who have been waited for */
    times(&family);
    double ticks = (double)sysconf(_SC_CLK_TCK); /* in a second */
    print_time("\nreal", seconds_now() - start);
    print_time("user", (double)(family.tms_utime + family.tms_cutime) / ticks);
    print_time("sys", (double)(family.tms_stime + family.tms_cstime) / ticks);
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
