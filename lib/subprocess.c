#include "subprocess.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>

extern char **environ;

/* Gives the program an empty signal mask, and SIGPIPE its default action: what we block or ignore
 * for ourselves should not surprise it. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (error == 0)
        error =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

int subprocess_start(struct subprocess *subprocess)
{
    struct process *process = &subprocess->process;
    posix_spawnattr_t attributes;
    pid_t pid;

    if (subprocess->argv == NULL || subprocess->argv[0] == NULL || process->pid != 0) {
        errno = EINVAL;
        return -1;
    }
    if (process_keep_exit_codes() == -1 || fflush(NULL) == EOF)
        return -1;
    int error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = set_signals(&attributes);
        if (error == 0) /* unlike fork and exec, it brings exec's errno back to us */
            error = posix_spawnp(&pid, subprocess->argv[0], NULL, &attributes, subprocess->argv,
                                 environ);
        posix_spawnattr_destroy(&attributes);
    }
    if (error != 0) {
        errno = error;
        return -1;
    }
    process->pid = pid;
    return 0;
}

/* Waits until the child has ended (returns 0) or one of these signals, all blocked, has come. */
static int wait_for_signal(struct process *process, const sigset_t *signals)
{
    int signal = SIGCHLD;

    while (signal == SIGCHLD && process_join(process, 0) == -1 && errno == ETIMEDOUT)
        sigwait(signals, &signal);
    return signal == SIGCHLD ? 0 : signal;
}

/* The signals that mean "end", as far as they are not ignored, and that of a child's end. */
static void choose_signals(sigset_t *signals)
{
    int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action;

    sigemptyset(signals);
    sigaddset(signals, SIGCHLD);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigaction(ends[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(signals, ends[i]);
}

int subprocess_call(char *const argv[], int *exit_code)
{
    struct subprocess subprocess = {.argv = argv};
    struct process *process = &subprocess.process;
    sigset_t signals, before;
    int signal = 0;

    /* Blocked before the start: a Ctrl-C at any moment finds us waiting, and the child known. */
    choose_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);
    int result = subprocess_start(&subprocess);
    int error = errno;
    if (result == 0) {
        signal = wait_for_signal(process, &signals);
        if (signal != 0) {
            kill(process->pid, signal); /* it may have it already, from the terminal */
            if (process_join(process, 0.25) == -1)
                process_kill(process);
        }
        result = process_join(process, FOREVER);
        error = errno;
        *exit_code = process->exit_code;
    }
    if (result == 0)
        raise(
            SIGCHLD); /* still blocked: those that sigwait took may have been for other children */
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (signal != 0)
        raise(signal); /* by default, this is our end, and it is seen as such */
    errno = error;
    return result;
}

int subprocess_exec_code(int error)
{
    switch (error) {
    case ENOENT:
        return 127;
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EINVAL:
    case ECHILD: /* and what flushing may give */
    case ENOSPC:
    case EPIPE:
    case EINTR:
        return 1;
    default:
        return 126;
    }
}
