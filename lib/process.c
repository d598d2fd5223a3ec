#include "process.h"

#include "beyond.h"
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int process_exit_code(int wait_status)
{
    return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int process_keep_exit_codes(void)
{
    struct sigaction action;

    if (sigaction(SIGCHLD, NULL, &action) == -1)
        return -1;
    if (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT))
        return 0;
    if (action.sa_handler == SIG_IGN)
        action.sa_handler = SIG_DFL;
    action.sa_flags &= ~SA_NOCLDWAIT;
    return sigaction(SIGCHLD, &action, NULL);
}

static void run_child(struct process *process, pid_t parent)
{
    process->pid = getpid();
    say_start();
    if (process->daemon)
        (void)beyond_end_with_parent(parent); /* where the system can't, nothing is lost but that */
    int code = process->run(process->argument);
    if (code < 0 || code > 255) /* _exit keeps 8 bits: 256 would look like success */
        code = 255;
    if (say_end() == -1) {
        complain("write standard output: %s", strerror(errno));
        code = 1;
    }
    /* Not exit: what the parent has registered with atexit, and its streams, are the parent's. */
    _exit(code);
}

int process_start(struct process *process)
{
    if (process->run == NULL || process->pid != 0) {
        errno = EINVAL;
        return -1;
    }
    /* The child gets a copy of every stream's buffer: text in it would be written twice. */
    if (process_keep_exit_codes() == -1 || fflush(NULL) == EOF)
        return -1;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == -1)
        return -1;
    if (pid == 0)
        run_child(process, parent);
    process->pid = pid;
    return 0;
}

/* Reaps the child if it has ended; `options` is waitpid's. Returns 1 (it has), 0, or -1. */
static int reap(struct process *process, int options)
{
    int status;
    pid_t pid;

    do
        pid = waitpid(process->pid, &status, options);
    while (pid == -1 && errno == EINTR);
    if (pid <= 0)
        return (int)pid;
    process->joined = true;
    process->exit_code = process_exit_code(status);
    return 1;
}

int process_join(struct process *process, double timeout)
{
    if (process->joined)
        return 0;
    if (process->pid <= 0) {
        errno = EINVAL;
        return -1;
    }
    if (process->pid == getpid()) {
        errno = EDEADLK;
        return -1;
    }
    double deadline = seconds_now() + timeout;
    int ended;
    while ((ended = reap(process, timeout >= FOREVER ? 0 : WNOHANG)) == 0) {
        int milliseconds = milliseconds_until(deadline);
        if (milliseconds == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        beyond_wait_for_end(process->pid, milliseconds);
    }
    return ended == 1 ? 0 : -1;
}

bool process_is_alive(struct process *process)
{
    if (process->pid == getpid())
        return true;
    return process_join(process, 0) == -1 && errno == ETIMEDOUT;
}

static int send_signal(const struct process *process, int signal)
{
    if (process->joined)
        return 0;
    if (process->pid <= 0) {
        errno = EINVAL;
        return -1;
    }
    return kill(process->pid, signal);
}

int process_terminate(const struct process *process)
{
    return send_signal(process, SIGTERM);
}

int process_kill(const struct process *process)
{
    return send_signal(process, SIGKILL);
}
