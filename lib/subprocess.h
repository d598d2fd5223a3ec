/* subprocess: programs that are not ours, run by this one. No shell is involved: an argument may
 * hold blanks, quotes or a semicolon, and stays one argument. */
#ifndef SUBPROCESS_H
#define SUBPROCESS_H

#include "launch.h"

#include <signal.h>

/* Feeds the program, takes what it prints through pipes, and waits for its end, for at most
 * `timeout` seconds. When it has ended, what the pipes hold is taken and no more: a process that
 * it has left behind, and that keeps them open, is not waited for. The program may close its
 * standard input, or never read it: that is no error.
 * Returns 0: process.exit_code is valid. Or -1 and errno: ETIMEDOUT: it still runs; nothing that it
 * has printed is lost, and another call goes on. ENOMEM, EIO; ECHILD (somebody else has reaped it);
 * EINVAL (not started; or RLIMIT_NOFILE has been lowered below 4 meanwhile). */
int subprocess_communicate(struct subprocess *subprocess, double timeout);

/* Ends the program, and its whole group if it has one: SIGTERM, and SIGKILL if it still runs after
 * `patience` seconds. Takes what it prints until then, and reaps it. One that has ended already is
 * only reaped. One that has become another user, as sudo does, an ordinary user may not signal
 * (kill's EPERM): subprocess_end, _close and _run then wait until it ends by itself.
 * Returns 0, or -1 and errno: EINVAL (not started), ECHILD; ENOMEM, EIO, or EINVAL as above: it was
 * killed. */
int subprocess_end(struct subprocess *subprocess, double patience);

/* Frees the texts and closes the pipes; one that still runs is killed and reaped, with its group.
 * Twice is harmless; also after a start that has failed. errno is kept. */
void subprocess_close(struct subprocess *subprocess);

/* Starts the program, communicates with it, and ends it if that takes longer than `timeout`
 * seconds: SIGTERM, and SIGKILL 0.25 s later. When SIGINT, SIGTERM, SIGHUP or SIGQUIT comes
 * meanwhile, the program gets it too (with its group, if it has one), and SIGKILL if it has not
 * ended 0.25 s later; once it has ended, the caller has its signal. Without `group`, what the
 * program has started in turn is not ended. Returns 0: process.exit_code is valid; or -1 and errno:
 * ETIMEDOUT: it was ended; exit_code and what it has printed are there all the same; or as
 * subprocess_start and subprocess_communicate. subprocess_close is for the caller in every case. */
int subprocess_run(struct subprocess *subprocess, double timeout);

/* ---- several programs side by side, such as those of a pipeline ---- */

struct subprocess_signals {
    sigset_t before; /* the caller's mask */
    int came;        /* the one that has come, or 0 */
};

/* From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT do not end the caller: so it can start programs
 * and know them all before it has to end them. Those that the caller ignores or has blocked itself
 * would not end it, and so are not passed on to the programs either. */
void subprocess_hold_signals(struct subprocess_signals *signals);

/* Waits until all of these programs that have been started (none of them with a pipe) have ended.
 * When one of the signals comes, each gets it, and SIGKILL if it has not ended 0.25 s later.
 * Returns 0: each process.exit_code is valid; or -1 and ECHILD. */
int subprocess_wait_all(struct subprocess *several, size_t count,
                        struct subprocess_signals *signals);

/* Lets the signals through again. If one has come, it ends the caller now, or does what the caller
 * has arranged for it. */
void subprocess_release_signals(const struct subprocess_signals *signals);

/* Starts the program with all of the caller's streams and waits for its end, however long that
 * takes; signals as in subprocess_run. *exit_code is 0 to 255, or the negative number of the signal
 * that ended it. Returns 0, or -1 and errno as above. */
int subprocess_call(char *const argv[], int *exit_code);

#endif
