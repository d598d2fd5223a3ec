/* return_data: children that return more than an exit code: each leaves its result in a file.
 *
 * usage: return_data [-k]
 *   -k   the first child is killed in the middle of writing
 *
 * Notice: the wait status tells whether the file holds a whole result. Only then is it read; it is
 * removed in any case.
 */
#include "cli.h"
#include "clock.h"
#include "io.h"
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: return_data [-k]\n"
                            "  Three children return their results in files.\n"
                            "  -k   the first child is killed in the middle of writing\n"
                            "  TIME_SCALE=0.05 shortens the pause in that middle.\n";

enum { CHILDREN = 3, RECORD_SIZE = 64 };

static pid_t parent;
static char directory[] = "return_data-XXXXXX"; /* mkdtemp makes something else of the XXXXXX */

static const char *file_of(pid_t child)
{
    static char path[sizeof directory + 50];

    snprintf(path, sizeof path, "%s/%ld-%ld", directory, (long)parent, (long)child);
    return path;
}

static int write_result(const char *path, int number, bool killed)
{
    unsigned char bytes[RECORD_SIZE];
    struct pack out;

    pack_start(&out, bytes, sizeof bytes);
    pack_string(&out, "reciprocal");
    pack_int32(&out, number);
    pack_double(&out, 1.0 / number);
    ssize_t size = pack_end(&out), half = size / 2;
    /* O_EXCL: a file that is there already is an error; what is in it would not be ours. */
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (size == -1 || file == -1 || io_write(file, bytes, (size_t)half) == -1)
        die("write %s", path);
    say("Child (%ld) writes %s", (long)getpid(), strchr(path, '/') + 1);
    if (killed)
        raise(SIGKILL);
    pause_seconds(0.5); /* long enough for a kill by hand */
    if (io_write(file, bytes + half, (size_t)(size - half)) == -1 || close(file) == -1)
        die("write %s", path);
    return cli_end(EXIT_SUCCESS);
}

static int print_result(const char *path, pid_t child)
{
    unsigned char bytes[RECORD_SIZE];
    char title[20];
    struct unpack in;

    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file == -1 ? -1 : io_read(file, bytes, sizeof bytes);
    io_close(&file);
    if (size == -1)
        return -1;
    unpack_start(&in, bytes, (size_t)size);
    unpack_string(&in, title, sizeof title);
    int number = unpack_int32(&in);
    double value = unpack_double(&in);
    if (unpack_end(&in) == -1) /* before this, none of it can be trusted */
        return -1;
    say("(%ld, 0) %s of %d: %.6f", (long)child, title, number, value);
    return 0;
}

/* Waits for the child, and removes its file. Returns whether there was a result in it. */
static bool collect(pid_t child)
{
    const char *path = file_of(child);
    bool good = false;
    int status;

    if (waitpid(child, &status, 0) == -1)
        complain("waitpid %ld: %s", (long)child, strerror(errno)); /* not die: files must go */
    else if (status != 0)
        complain("child %ld left no result, wait status %d", (long)child, status);
    else if (print_result(path, child) == -1)
        complain("read %s: %s", path, strerror(errno));
    else
        good = true;
    unlink(path); /* there may be none; what can't be removed, rmdir complains of */
    return good;
}

int main(int argc, char **argv)
{
    bool kill_first = false;
    while (cli_option(argc, argv, "k", usage) == 'k')
        kill_first = true;
    cli_operands(argc, argv, 0, 0);

    static const int deadly[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};
    sigset_t later, before;
    sigemptyset(&later);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        sigaddset(&later, deadly[i]);
    sigprocmask(SIG_BLOCK, &later, &before); /* these must wait until the files are gone */

    const char *place = getenv("TMPDIR");
    if (place == NULL || *place == '\0')
        place = "/tmp";
    /* For us alone: mkdtemp lets nobody else into it, to put a file or a link there. */
    if (chdir(place) == -1 || mkdtemp(directory) == NULL)
        die("make a directory in %s", place);

    signal(SIGCHLD, SIG_DFL); /* see fork.c */
    pid_t pids[CHILDREN];
    int started = 0;
    for (parent = getpid(); started < CHILDREN; started++) {
        pids[started] = fork();
        if (pids[started] == 0) {
            sigprocmask(SIG_SETMASK, &before, NULL); /* a child ends at once */
            _exit(write_result(file_of(getpid()), started + 1, kill_first && started == 0));
        }
        if (pids[started] == -1) {
            complain("fork: %s", strerror(errno));
            break;
        }
    }

    bool failed = started < CHILDREN;
    for (int i = 0; i < started; i++)
        failed |= !collect(pids[i]);
    if (rmdir(directory) == -1)
        die("remove %s/%s", place, directory);
    sigprocmask(SIG_SETMASK, &before, NULL); /* the end, if one of them has come meanwhile */
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
