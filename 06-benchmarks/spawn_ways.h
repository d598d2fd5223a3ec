/* Six ways to start a process and to wait for its end. Each returns its wait status or exit code,
 * or -1 and errno. */
#ifndef SPAWN_WAYS_H
#define SPAWN_WAYS_H

#include "process.h"
#include "subprocess.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *program_words[] = {"true", NULL}; /* a program that does nothing */

static int wait_for(pid_t pid)
{
    int status;

    return pid == -1 || waitpid(pid, &status, 0) == -1 ? -1 : status;
}

static int by_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return wait_for(pid);
}

static int do_nothing(void *unused)
{
    (void)unused;
    return 0;
}

static int by_process(void)
{
    struct process process = {.run = do_nothing};
    if (process_start(&process) == -1 || process_join(&process, FOREVER) == -1)
        return -1;
    return process.exit_code;
}

static int by_fork_and_exec(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        execvp(program_words[0], program_words);
        _exit(127);
    }
    return wait_for(pid);
}

static int by_spawn(void)
{
    pid_t pid;
    errno = posix_spawnp(&pid, program_words[0], NULL, NULL, program_words, environ);
    return errno == 0 ? wait_for(pid) : -1;
}

static int by_subprocess(void)
{
    struct subprocess program = {.argv = program_words}; /* no pipes: there is nothing to close */
    return subprocess_run(&program, FOREVER) == -1 ? -1 : program.process.exit_code;
}

static int by_system(void)
{
    sigset_t interrupt, before;

    /* As long as it waits, system ignores SIGINT: a Ctrl-C would be lost on us. What is blocked as
     * well is kept for later (Linux). */
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &before);
    int status = system("exec true"); /* NOLINT(cert-env33-c): a shell is what this is about */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

enum { FORK, PROCESS, FORK_EXEC, SPAWN, SUBPROCESS, SYSTEM, WAYS };

static const struct {
    const char *name;
    int (*run)(void);
} ways[WAYS] = {[FORK] = {"fork", by_fork},
                [PROCESS] = {"process", by_process},
                [FORK_EXEC] = {"fork, exec", by_fork_and_exec},
                [SPAWN] = {"posix_spawn", by_spawn},
                [SUBPROCESS] = {"subprocess", by_subprocess},
                [SYSTEM] = {"system", by_system}};

#endif
