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

/* The children that are not joined, oldest first. */
static struct process *oldest, *newest;
static unsigned started; /* children, ever: the next one's default name follows from it */

static const struct process *current; /* NULL in a process that was not started here */

static void enlist(struct process *process)
{
    process->next = NULL;
    *(newest == NULL ? &oldest : &newest->next) = process;
    newest = process;
}

static void delist(const struct process *process)
{
    struct process *before = NULL, *child = oldest;

    for (; child != process; before = child, child = child->next)
        if (child == NULL)
            return; /* not ours but, say, a sibling; or one that subprocess has started */
    *(before == NULL ? &oldest : &before->next) = process->next;
    if (newest == process)
        newest = before;
}

size_t process_children(struct process **list, size_t room)
{
    size_t count = 0;

    for (struct process *process = oldest, *next; process != NULL; process = next) {
        next = process->next; /* process_is_alive may take it out of the list */
        if (process_is_alive(process) && ++count <= room)
            list[count - 1] = process;
    }
    return count;
}

const char *process_name(const struct process *process)
{
    return process->name != NULL ? process->name : process->default_name;
}

const char *process_current_name(void)
{
    return current == NULL ? "MainProcess" : process_name(current);
}

static void set_default_name(struct process *process)
{
    const char *numbers = current == NULL ? "" : current->default_name + strlen("Process-");

    snprintf(process->default_name, sizeof process->default_name, "Process-%s%s%u", numbers,
             *numbers == '\0' ? "" : ":", started + 1);
}

static void run_child(struct process *process, pid_t parent)
{
    process->pid = getpid();
    current = process;
    oldest = newest = NULL; /* the parent's children are not ours */
    started = 0;
    say_start();
    if (process->name != NULL)
        (void)beyond_show_name(process->name);
    if (process->daemon)
        (void)beyond_end_with_parent(
            parent, SIGKILL); /* where the system can't, nothing is lost but that */
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
    if (current != NULL && current->daemon) {
        errno = EPERM;
        return -1;
    }
    /* The child gets a copy of every stream's buffer: text in it would be written twice. */
    if (process_keep_exit_codes() == -1 || fflush(NULL) == EOF)
        return -1;
    set_default_name(process);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == -1) {
        *process->default_name = '\0'; /* it has not started, and another one may get its number */
        return -1;
    }
    if (pid == 0)
        run_child(process, parent);
    process->pid = pid;
    started++;
    enlist(process);
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
    if (pid == 0)
        return 0;
    delist(process);
    if (pid == -1)
        return -1;
    process->joined = true;
    process->exit_code = process_exit_code(status);
    return 1;
}

static int check_joinable(const struct process *process)
{
    if (process->pid > 0 && process->pid != getpid())
        return 0;
    errno = process->pid <= 0 ? EINVAL : EDEADLK;
    return -1;
}

int process_join(struct process *process, double timeout)
{
    if (process->joined)
        return 0;
    if (timeout >= FOREVER && check_joinable(process) == 0)
        return reap(process, 0) == 1 ? 0 : -1; /* one call, and no descriptor */
    return process_join_any(&process, 1, timeout) == -1 ? -1 : 0;
}

ssize_t process_join_any(struct process *const *several, size_t count, double timeout)
{
    double deadline = seconds_now() + timeout;

    for (;;) {
        pid_t running[MOST_WATCHED];
        size_t runs = 0;
        for (size_t i = 0; i < count; i++) {
            if (several[i]->joined)
                continue;
            if (check_joinable(several[i]) == -1)
                return -1;
            int ended = reap(several[i], WNOHANG);
            if (ended != 0)
                return ended == 1 ? (ssize_t)i : -1;
            if (runs < MOST_WATCHED)
                running[runs] = several[i]->pid;
            runs++;
        }
        int milliseconds = milliseconds_until(deadline);
        if (runs == 0 || milliseconds == 0) {
            errno = runs == 0 ? ECHILD : ETIMEDOUT;
            return -1;
        }
        beyond_wait_for_end(running, runs, milliseconds);
    }
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
