/* skeleton: a list of items shared out among children: the skeleton of much parallel work.
 *
 * usage: skeleton [WORKERS [ITEM]...]
 *   WORKERS  the number of children; without it: 4
 *   ITEM     something to do; without any: the names of this chapter's .c files
 *
 * Notice: nothing is sent to a child. It was forked when start and end had its values, and has its
 * own copy of them, and of the whole list.
 */
#include "cli.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: skeleton [WORKERS [ITEM]...]\n"
                            "  Shares out the ITEMs (this chapter's .c files) among WORKERS "
                            "children (4), which print them.\n";

enum { MOST_WORKERS = 1000 };

static glob_t find_sources(char *program)
{
    char source[] = __FILE__; /* dirname writes into it */
    static glob_t found;

    /* Where the compiler has found this file, which will do if you are there, too. If not, beside
     * the program, so that it may be called from anywhere. */
    if ((chdir(dirname(source)) == -1 || glob("*.c", 0, NULL, &found) != 0) &&
        (chdir(dirname(program)) == -1 || glob("*.c", 0, NULL, &found) != 0))
        bad_usage("ITEM: there are no .c files beside this program, so name some items");
    return found;
}

static int do_items(char *const *items, int count)
{
    for (int i = 0; i < count; i++)
        say("Child (%ld): %s", (long)getpid(), items[i]);
    return cli_end(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, INT_MAX);
    int workers = 4, count = argc - optind - 1;
    char **items = argv + optind + 1;
    if (optind < argc)
        workers = (int)cli_number("WORKERS", argv[optind], 1, MOST_WORKERS);
    if (count < 1) {
        glob_t sources = find_sources(argv[0]);
        items = sources.gl_pathv;
        count = (int)sources.gl_pathc;
    }

    signal(SIGCHLD, SIG_DFL); /* see fork.c */
    int batch = count / workers, leftover = count % workers;
    say("Number of items: %d\nBatch size: %d\nLeftover: %d", count, batch, leftover);

    pid_t pids[MOST_WORKERS];
    int started = 0;
    for (int start = 0, end; started < workers; start = end, started++) {
        end = start + batch + (started < leftover); /* the first ones take one item more */
        say("start=%d end=%d", start, end);
        pids[started] = fork();
        if (pids[started] == 0) /* _exit: else the child would go on in this loop, and fork, too */
            _exit(do_items(items + start, end - start));
        if (pids[started] == -1) {
            complain("fork: %s", strerror(errno));
            break; /* not die: those that have been started must be waited for */
        }
    }

    bool failed = started < workers;
    for (int i = 0; i < started; i++) {
        int status;
        if (waitpid(pids[i], &status, 0) == -1)
            die("waitpid %ld", (long)pids[i]);
        say("(%ld, %d)", (long)pids[i], status);
        failed |= status != 0;
    }
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
