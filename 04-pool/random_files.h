/* random_files: what digits has to count: 1.txt, 2.txt and so on, full of random strings.
 * Either all of them are made, or none stays; a file that is there already is never touched. */
#ifndef RANDOM_FILES_H
#define RANDOM_FILES_H

#include "cli.h"
#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int deadly[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGXFSZ};
enum { DEADLY = sizeof deadly / sizeof *deadly };

static struct { /* what is to be removed at the end */
    char directory[PATH_MAX + 1];
    bool is_ours; /* the directory, too */
    long files;
    pid_t owner; /* who removes them; not one of its workers */
    sigset_t signals_before;
} made;

static const char *path_of(long number)
{
    static char path[sizeof made.directory + 32];

    snprintf(path, sizeof path, "%s/%ld.txt", made.directory, number);
    return path;
}

/* Is called by exit, and so also by die; but not by _exit, which is how the workers leave. */
static void remove_made(void)
{
    for (; made.files > 0; made.files--)
        unlink(path_of(made.files)); /* one that stays is in the way of rmdir */
    bool stays = made.is_ours && rmdir(made.directory) == -1;
    if (stays)
        complain("remove %s: %s", made.directory, strerror(errno));
    sigprocmask(SIG_SETMASK, &made.signals_before, NULL); /* the end, if a signal has waited */
    if (stays)
        _exit(EXIT_FAILURE);
}

/* From here on Ctrl-C and its like wait until all is tidied up. Those that are ignored are left
 * alone: blocked, they would be pending like the others. */
static void remove_at_exit(void)
{
    struct sigaction action;
    sigset_t held;

    sigemptyset(&held);
    for (size_t i = 0; i < DEADLY; i++)
        if (sigaction(deadly[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&held, deadly[i]);
    sigprocmask(SIG_BLOCK, &held, &made.signals_before);
    made.owner = getpid();
    if (atexit(remove_made) != 0)
        die("register a function for the exit");
}

/* Ends the program, if a signal waits for that. Nothing to do for a worker, or where no signal has
 * to wait since there is nothing to be removed. */
static void end_if_told(void)
{
    sigset_t pending;

    if (getpid() != made.owner)
        return;
    sigpending(&pending);
    for (size_t i = 0; i < DEADLY; i++)
        if (sigismember(&pending, deadly[i]) && !sigismember(&made.signals_before, deadly[i]))
            exit(EXIT_FAILURE); /* it dies of the signal before that */
}

static void print_strings(FILE *out, long strings, long longest)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    for (long i = 0; i < strings && !ferror(out); i++) {
        long length = 1 + (long)(random_fraction() * (double)longest);
        for (long j = 0; j < length; j++)
            putc(letters[(size_t)(random_fraction() * (double)strlen(letters))], out);
        putc('\n', out);
        end_if_told();
    }
}

static void make_files(long files, long strings, long longest)
{
    random_start(0);
    for (long number = 1; number <= files; number++) {
        FILE *out = fopen(path_of(number), "wx"); /* x: it must not be there yet */
        if (out == NULL)
            die("make %s", path_of(number));
        made.files = number; /* this one is ours, so it may be removed */
        print_strings(out, strings, longest);
        bool failed = ferror(out) != 0;
        if (fclose(out) == EOF || failed) {
            end_if_told(); /* by SIGXFSZ: the file grows too large */
            die("write %s", path_of(number));
        }
    }
}

/* Makes them in this directory, and the directory if it is not there; to stay. */
static void make_files_in(const char *directory, long files, long strings, long longest)
{
    remove_at_exit();
    snprintf(made.directory, sizeof made.directory, "%s", directory);
    made.is_ours = mkdir(directory, 0777) == 0;
    if (!made.is_ours && errno != EEXIST)
        die("make directory %s", directory);
    make_files(files, strings, longest);
    made.files = 0;
    made.is_ours = false;
}

/* Makes them in a new directory, to be removed at the exit. Returns its path. */
static const char *make_temporary_files(long files, long strings, long longest)
{
    const char *above = getenv("TMPDIR");

    if (above == NULL || *above == '\0')
        above = "/tmp";
    remove_at_exit();
    snprintf(made.directory, sizeof made.directory, "%s/digits-XXXXXX", above);
    if (mkdtemp(made.directory) == NULL)
        die("make a directory in %s", above);
    made.is_ours = true;
    make_files(files, strings, longest);
    return made.directory;
}

#endif
