/* subprocess: programs that are not ours, run by this one. No shell is involved: an argument may
 * hold blanks, quotes or a semicolon, and stays one argument. */
#ifndef SUBPROCESS_H
#define SUBPROCESS_H

#include "process.h"

struct subprocess {
    /* Set before the start; all else zero. */
    char *const *argv; /* the program, looked up in PATH, and its arguments; NULL ends them */

    /* Set by the library: process_join, process_terminate and the like work on it. */
    struct process process;
};

/* Starts the program: standard input, output and error are the caller's; no signal is blocked in
 * it, and SIGPIPE has its default. All of the caller's streams are flushed first. Returns 0, or -1
 * and errno. A program that can't be executed is an error here, not an exit code of the child:
 * ENOENT (there is none), EACCES, ENOEXEC, E2BIG; EAGAIN, ENOMEM (no more processes); EINVAL
 * (started before, or nothing to run). */
int subprocess_start(struct subprocess *subprocess);

/* Starts the program and waits for its end: *exit_code is 0 to 255, or the negative number of the
 * signal that ended it. When SIGINT, SIGTERM, SIGHUP or SIGQUIT comes meanwhile, the program gets
 * it too, and SIGKILL if it has not ended 0.25 s later; once it has ended, the caller has its
 * signal. Only the program itself is ended, not what it has started in turn.
 * Returns 0, or -1 and the errno of subprocess_start, or ECHILD (somebody else has reaped it). */
int subprocess_call(char *const argv[], int *exit_code);

/* The exit code that a shell gives for an errno of subprocess_start: 127 (there is no such
 * program), 126 (it can't be executed), or 1 (something else is wrong: no process could be made).
 */
int subprocess_exec_code(int error);

#endif
