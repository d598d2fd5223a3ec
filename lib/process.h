/* process: a process as an object: describe it, start it, join it. It is fork and waitpid, and what
 * is easily forgotten around them: flush first, leave by _exit, reap by pid. */
#ifndef PROCESS_H
#define PROCESS_H

#include "clock.h"

#include <stdbool.h>
#include <sys/types.h>

struct process {
    /* Set before the start; all else zero. */
    int (*run)(void *argument); /* runs in the child; what it returns is the exit code, 0 to 255 */
    void *argument;             /* handed to run; the caller keeps it */
    bool daemon;                /* killed when its parent ends, in whatever way (Linux) */

    /* Set by the library, to be read. */
    pid_t pid;     /* 0 before the start; in the child, its own */
    bool joined;   /* it has ended and has been reaped: from now on exit_code is valid */
    int exit_code; /* as Python gives it: 0 to 255, or the negative number of the signal */
};

/* Forks a child that calls run(argument) and leaves with what that returns: 255 if that is no exit
 * code, 1 with a message if what the child printed could not be written. All of the caller's
 * streams are flushed first, and process_keep_exit_codes is called.
 * Returns 0, or -1 and errno: EAGAIN or ENOMEM (the system gives no more processes), EINVAL
 * (started before, or nothing to run), or what flushing gave. */
int process_start(struct process *process);

/* Waits until the child has ended, for at most `timeout` seconds, and reaps it. Joining again
 * returns the same at once.
 * Returns 0 with exit_code set, or -1 and errno: ETIMEDOUT (still running), EINVAL (not started),
 * EDEADLK (a process that joins itself would wait for ever), ECHILD (not our child). */
int process_join(struct process *process, double timeout);

/* Says whether the child runs: started, and not ended yet. Reaps it if it has just ended. */
bool process_is_alive(struct process *process);

/* Send SIGTERM, which a process may handle, or SIGKILL, which none can. The child must still be
 * joined. One that was joined is left alone: its pid may be another's by now.
 * Return 0, or -1 and errno: EINVAL (not started), EPERM. */
int process_terminate(const struct process *process);
int process_kill(const struct process *process);

/* If SIGCHLD is ignored, as some programs leave it to those they start, sets it to its default:
 * otherwise the system throws the exit codes away. Returns 0, or -1 and sigaction's errno. */
int process_keep_exit_codes(void);

/* The exit code in a status of waitpid, as Python gives it. */
int process_exit_code(int wait_status);

#endif
