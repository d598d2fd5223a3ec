/* process: a process as an object: describe it, start it, join it. It is fork and waitpid, and what
 * is easily forgotten around them: flush first, leave by _exit, reap by pid, know your children. */
#ifndef PROCESS_H
#define PROCESS_H

#include "clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Once started it must stay where it is, and as it is, until it has been joined. */
struct process {
    /* Set before the start; all else zero. */
    int (*run)(void *argument); /* runs in the child; what it returns is the exit code, 0 to 255 */
    void *argument;             /* handed to run; the caller keeps it */
    const char *name;           /* the caller keeps it, too; NULL: "Process-1" and so on */
    bool daemon;                /* killed when its parent ends, in whatever way (Linux) */

    /* Set by the library, to be read. */
    pid_t pid;     /* 0 before the start; in the child, its own */
    bool joined;   /* it has ended and has been reaped: from now on exit_code is valid */
    int exit_code; /* as Python gives it: 0 to 255, or the negative number of the signal */

    /* The library's own. */
    char default_name[24];
    struct process *next; /* in the list of its parent's children */
};

/* Forks a child that calls run(argument) and leaves with what that returns: 255 if that is no exit
 * code, 1 with a message if what the child printed could not be written. All of the caller's
 * streams are flushed first, and process_keep_exit_codes is called. A name that was given is also
 * what ps shows (Linux: 15 bytes of it).
 * Returns 0, or -1 and errno: EAGAIN or ENOMEM (the system gives no more processes), EINVAL
 * (started before, or nothing to run), EPERM (the caller is a daemon: killed at any moment, it
 * would leave its children behind), or what flushing gave. */
int process_start(struct process *process);

/* The name that was given; else "Process-1" for the first child of this process, "Process-1:2" for
 * the second child of that one, and so on, 23 bytes at most; "" before the start. */
const char *process_name(const struct process *process);

/* The name of the calling process; "MainProcess" in one that process_start has not started. */
const char *process_current_name(void);

/* Waits until the child has ended, for at most `timeout` seconds, and reaps it. Joining again
 * returns the same at once.
 * Returns 0 with exit_code set, or -1 and errno: ETIMEDOUT (still running), EINVAL (not started),
 * EDEADLK (a process that joins itself would wait for ever), ECHILD (not our child). */
int process_join(struct process *process, double timeout);

/* The same for whichever of `count` children ends first; those that were joined before are left
 * out. Returns its index, or -1 and errno: ECHILD (all were joined before), and as above. */
ssize_t process_join_any(struct process *const *several, size_t count, double timeout);

/* Puts the children that run into `list`, which has room for `room`, in the order of their start.
 * Joins those that have ended. Returns how many run, which may be more than `room`. */
size_t process_children(struct process **list, size_t room);

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
