/* fork: one process becomes two, and both go on from the same line.
 *
 * usage: fork [-b]
 *   -b   the bug: do not flush before the fork
 *
 * Notice: fork returns twice, 0 in the child and the child's pid in the parent. With -b the first
 * line comes twice.
 */
#include "cli.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: fork [-b]\n"
                            "  Forks once: both processes say who they are.\n"
                            "  -b   the bug: do not flush before the fork\n";

int main(int argc, char **argv)
{
    bool flush = true;
    while (cli_option(argc, argv, "b", usage) == 'b')
        flush = false;
    cli_operands(argc, argv, 0, 0);

    if (!flush) /* a terminal would flush at the newline, and hide the bug */
        setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    printf("Process (%ld) start...\n", (long)getpid());
    /* The line is still in stdio's buffer, and the child gets a copy of that buffer, too. */
    if (flush && (fflush(stdout) == EOF || ferror(stdout))) /* or it had failed before */
        die("write standard output");

    signal(SIGCHLD, SIG_DFL); /* ignored, as some leave it to us, no child's status would be kept */
    pid_t pid = fork();
    if (pid == -1)
        die("fork");
    if (pid == 0) {
        printf("I am child process (%ld) and my parent is %ld.\n", (long)getpid(), (long)getppid());
        /* _exit, not exit: what the parent would do at its exit is not ours to do. */
        _exit(cli_end(EXIT_SUCCESS));
    }
    printf("I (%ld) just created a child process (%ld).\n", (long)getpid(), (long)pid);
    fflush(stdout); /* now, not after the wait; cli_end sees it if this fails */

    /* Without this we might end first, and the child would print the pid of its next parent. And in
     * a program that goes on, a child that nobody waits for stays a zombie. */
    int status;
    if (waitpid(pid, &status, 0) == -1)
        die("waitpid %ld", (long)pid);
    if (status != 0) {
        complain("child %ld failed, wait status %d", (long)pid, status);
        return EXIT_FAILURE;
    }
    return cli_end(EXIT_SUCCESS);
}
