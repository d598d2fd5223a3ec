/* memory: each process changes its own copy; only what is mapped as shared is seen by both.
 *
 * usage: memory
 *
 * Notice: own lies at the same address in both processes, and has two values. An address means
 * something in its own process only.
 */
#include "cli.h"
#include "shm.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: memory\n"
                            "  A child changes two variables; its parent sees one change.\n";

static void show(const char *who, const int *own, const int *shared)
{
    say("%s (%ld): own = %d at %p, shared = %d at %p", who, (long)getpid(), *own, (const void *)own,
        *shared, (const void *)shared);
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    int own = 1;
    int *shared = shared_map(sizeof *shared);
    if (shared == NULL)
        die("map shared memory");
    *shared = 1;

    show("Before the fork", &own, shared);
    signal(SIGCHLD, SIG_DFL); /* see fork.c */
    pid_t pid = fork();
    if (pid == -1)
        die("fork");
    if (pid == 0) {
        own = 2; /* now, if not before, the kernel copies the page it lies in */
        *shared = 2;
        show("Child, after its changes", &own, shared);
        _exit(cli_end(EXIT_SUCCESS));
    }

    int status;
    if (waitpid(pid, &status, 0) == -1)
        die("waitpid %ld", (long)pid);
    if (status != 0)
        complain("child %ld failed, wait status %d", (long)pid, status);
    show("Parent, after the child's end", &own, shared);
    shared_unmap(shared, sizeof *shared);
    return cli_end(status == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
