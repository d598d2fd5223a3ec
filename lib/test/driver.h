/* What the drivers of the upper floors' tests share. A driver is called with the name of a scenario
 * and prints what it sees, for the bats file to compare. Where a scenario can't go on, CHECK ends
 * it, with a line that says why, and exit code 1. */
#ifndef DRIVER_H
#define DRIVER_H

#include "cli.h"
#include "clock.h"
#include "process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ANY = -1,       /* number of operands */
    WATCHDOG = 100, /* seconds; what hangs for so long is ended by SIGALRM */
    CANNOT = 77     /* exit code: this system can't do that */
};

/* Seconds that are never reached unless something hangs; fewer where that is likely (faults.c). */
#define LONG long_time()

static inline int long_time(void)
{
    const char *text = getenv("LONG_TIME");

    return text == NULL ? 20 : (int)strtol(text, NULL, 10);
}

struct scenario {
    const char *name;
    int operands;
    void (*run)(char **operands);
};

#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)

static pid_t first_process; /* of the test; 0: see drive */

/* In a child, that ends the whole test: nothing may wait for what it does not do any more. */
static inline void check(bool holds, const char *condition, const char *file, int line)
{
    if (holds)
        return;
    int error = errno;
    fprintf(stderr, "%s:%d: process %d: is not so: %s (errno: %s)\n", file, line, (int)getpid(),
            condition, strerror(error));
    if (first_process != 0 && first_process != getpid())
        kill(first_process, SIGKILL);
    exit(EXIT_FAILURE);
}

/* The errors that the library's headers name. */
static inline const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {{E2BIG, "E2BIG"},         {EACCES, "EACCES"},
                 {EAGAIN, "EAGAIN"},       {EBADF, "EBADF"},
                 {ECANCELED, "ECANCELED"}, {ECHILD, "ECHILD"},
                 {EDEADLK, "EDEADLK"},     {EDOM, "EDOM"},
                 {EINVAL, "EINVAL"},       {EIO, "EIO"},
                 {EMFILE, "EMFILE"},       {EMSGSIZE, "EMSGSIZE"},
                 {ENFILE, "ENFILE"},       {ENOENT, "ENOENT"},
                 {ENOEXEC, "ENOEXEC"},     {ENOMEM, "ENOMEM"},
                 {ENOSPC, "ENOSPC"},       {ENOTDIR, "ENOTDIR"},
                 {EOVERFLOW, "EOVERFLOW"}, {EOWNERDEAD, "EOWNERDEAD"},
                 {EPERM, "EPERM"},         {EPIPE, "EPIPE"},
                 {ESRCH, "ESRCH"},         {ETIMEDOUT, "ETIMEDOUT"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    return strerror(error);
}

/* Prints a call, and its result or error. */
#define SHOW(call) show(#call, (long)(call))

static inline long show(const char *call, long result)
{
    int error = errno;

    if (result == -1)
        printf("%s: %s\n", call, error_name(error));
    else
        printf("%s: %ld\n", call, result);
    errno = error;
    return result;
}

/* The same for what returns an address. */
#define SHOW_MADE(call) show_made(#call, call)

static inline void *show_made(const char *call, void *made)
{
    printf("%s: %s\n", call, made == NULL ? error_name(errno) : "made");
    return made;
}

/* A large share of SIZE_MAX is more memory than anybody has; with 32 bits, after this call. */
static inline void limit_memory(void)
{
    struct rlimit addresses;

    if (sizeof(size_t) > 4)
        return;
    CHECK(getrlimit(RLIMIT_AS, &addresses) == 0);
    addresses.rlim_cur = 200000000;
    CHECK(setrlimit(RLIMIT_AS, &addresses) == 0);
}

static inline void nap(double seconds)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)seconds,
                                 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)},
              NULL);
}

static inline void start(struct process *process, int (*run)(void *), void *argument)
{
    *process = (struct process){.run = run, .argument = argument};
    CHECK(process_start(process) == 0);
}

static inline int end(struct process *process)
{
    CHECK(process_join(process, LONG) == 0);
    return process->exit_code;
}

static inline int wait_for_ever(void *unused)
{
    (void)unused;
    while (pause() == -1)
        ;
    return 0;
}

/* A gate is a pipe: what waits for its end of file goes on when all who hold the other end have
 * closed it, or are dead. */
struct gate {
    int wait_end, hold_end;
};

static inline void open_gate(struct gate *gate)
{
    int ends[2];

    CHECK(pipe(ends) == 0);
    *gate = (struct gate){.wait_end = ends[0], .hold_end = ends[1]};
}

static inline void let_go(struct gate *gate)
{
    if (gate->hold_end != -1)
        CHECK(close(gate->hold_end) == 0);
    gate->hold_end = -1;
}

static inline void close_gate(struct gate *gate)
{
    let_go(gate);
    CHECK(close(gate->wait_end) == 0);
}

/* Says whether the end of file came within so many seconds. Skips what was written to the gate. */
static inline bool gate_opens(const struct gate *gate, double seconds)
{
    struct pollfd opened = {.fd = gate->wait_end, .events = POLLIN};
    double deadline = seconds_now() + seconds;
    char byte;

    for (;;) {
        int ready = poll(&opened, 1, milliseconds_until(deadline));
        if (ready == 0)
            return false;
        if (ready == 1 && read(gate->wait_end, &byte, 1) == 0)
            return true;
        CHECK(ready == 1 || errno == EINTR);
    }
}

/* A byte from one who holds the gate. */
static inline void say_ready(const struct gate *gate)
{
    CHECK(write(gate->hold_end, "!", 1) == 1);
}

static inline void wait_ready(const struct gate *gate)
{
    struct pollfd ready = {.fd = gate->wait_end, .events = POLLIN};
    char byte;

    CHECK(poll(&ready, 1, LONG * 1000) == 1);
    CHECK(read(gate->wait_end, &byte, 1) == 1);
}

static inline int count_descriptors(void)
{
    int count = 0;

    for (int descriptor = 0; descriptor < 1024; descriptor++)
        count += fcntl(descriptor, F_GETFD) != -1;
    return count;
}

/* Reads /proc/PID/stat: the state, as in proc(5), and the parent. Returns whether it could. */
static inline bool look_up(const char *pid, char *state, pid_t *parent)
{
    char path[300], text[512];

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    int file = open(path, O_RDONLY);
    if (file == -1)
        return false;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    char *name_end = strrchr(text, ')'); /* the name may have any characters in it */
    if (name_end == NULL || strlen(name_end) < 5)
        return false;
    *state = name_end[2];
    *parent = (pid_t)strtol(name_end + 4, NULL, 10);
    return true;
}

/* Fills in the pids of the live children of `parent`, at most `room`, and returns their number; all
 * of them, zombies included, where `zombies` is true. Returns -1 where there is no /proc. */
static inline int children_of(pid_t parent, pid_t *pids, int room, bool zombies)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    int count = 0;

    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)) != NULL && count < room) {
        char state;
        pid_t its_parent;
        if (isdigit((unsigned char)*entry->d_name) && look_up(entry->d_name, &state, &its_parent) &&
            its_parent == parent && (zombies || (state != 'Z' && state != 'X')))
            pids[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
    }
    closedir(directory);
    return count;
}

static inline int count_children(void)
{
    pid_t pids[64];

    return children_of(getpid(), pids, 64, true);
}

/* Waits until that process sleeps in a system call, or has ended; where there is no /proc, for a
 * moment. For what is only of interest when the other one sleeps already. */
static inline void wait_until_asleep(pid_t pid)
{
    char name[32], state = 'S';
    pid_t parent;

    snprintf(name, sizeof name, "%d", (int)pid);
    while (look_up(name, &state, &parent) && state != 'S' && state != 'Z')
        nap(0.0002);
    if (access("/proc/self/stat", R_OK) == -1)
        nap(0.02);
}

/* Nothing was left behind: no child, and as many descriptors as there were. */
static inline void check_nothing_left(int descriptors)
{
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    CHECK(count_descriptors() == descriptors);
}

#ifdef __linux__
#include <sys/ptrace.h>

/* Starts body(argument), which must return 0, in a child that is stopped, and traced. */
static inline pid_t start_traced(int (*body)(void *), void *argument)
{
    int status;

    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid != -1);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
            _exit(CANNOT);
        raise(SIGSTOP);
        if (body(argument) != 0)
            abort();
        raise(SIGSTOP);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    if (!WIFSTOPPED(status)) {
        printf("no ptrace here\n");
        exit(CANNOT);
    }
    return pid;
}

static inline void kill_traced(pid_t pid)
{
    int status;

    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Stops that child, which is not traced yet. Returns whether that is possible here. */
static inline bool trace(pid_t pid)
{
    int status;

    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) == -1)
        return false;
    CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    return true;
}

/* Lets it do one machine instruction. */
static inline void step_traced(pid_t pid)
{
    int status;

    CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
}

/* Runs body(argument) in a child, one machine instruction after the other, and kills the child
 * after so many of them. Returns how many there were: fewer than `most` when the body had ended
 * before. The numbers vary a little: reading the clock may take more than one try. */
static inline long kill_after(long most, int (*body)(void *), void *argument)
{
    pid_t pid = start_traced(body, argument);
    long steps = 0;
    int status;

    for (; steps < most; steps++) {
        CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
        if (WSTOPSIG(status) == SIGSTOP)
            break;
        CHECK(WSTOPSIG(status) == SIGTRAP);
        if (steps == 100000) { /* some processors' atomics never succeed step by step */
            printf("can't be stepped through here\n");
            CHECK(kill(pid, SIGKILL) == 0);
            exit(CANNOT);
        }
    }
    kill_traced(pid);
    return steps;
}

/* Lets body(argument) run in a child until it sleeps in a system call; when that ends, the child
 * will be stopped before it does anything else. */
static inline pid_t start_and_stop_at_wake(int (*body)(void *), void *argument)
{
    pid_t pid = start_traced(body, argument), parent;
    char name[32], state = 'R';
    int status;

    snprintf(name, sizeof name, "%d", (int)pid);
    do {
        CHECK(ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0);
        do
            CHECK(look_up(name, &state, &parent));
        while (state != 'S' && state != 't');
        CHECK(state == 'S' || waitpid(pid, &status, 0) == pid);
    } while (state != 'S');
    return pid;
}

static inline void wait_until_woken(pid_t pid)
{
    int status;

    CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
}
#else
static inline long kill_after(long most, int (*body)(void *), void *argument)
{
    (void)most, (void)body, (void)argument;
    printf("no ptrace here\n");
    exit(CANNOT);
}

static inline pid_t start_and_stop_at_wake(int (*body)(void *), void *argument)
{
    return (pid_t)kill_after(0, body, argument);
}

static inline void wait_until_woken(pid_t pid)
{
    (void)pid;
}

static inline void kill_traced(pid_t pid)
{
    (void)pid;
}

static inline bool trace(pid_t pid)
{
    (void)pid;
    return false;
}

static inline void step_traced(pid_t pid)
{
    (void)pid;
}
#endif

/* What main does, with a table that ends with a name of NULL. */
static inline int drive(int argc, char **argv, const struct scenario *scenarios)
{
    while (cli_option(argc, argv, "", "usage: X_test SCENARIO [OPERAND ...]\n") != -1)
        ;
    cli_operands(argc, argv, 1, INT_MAX);
    char *name = argv[optind++];
    while (scenarios->name != NULL && strcmp(scenarios->name, name) != 0)
        scenarios++;
    if (scenarios->name == NULL)
        bad_usage("no scenario '%s'", name);
    if (scenarios->operands != ANY)
        cli_operands(argc, argv, scenarios->operands, scenarios->operands);
    alarm(WATCHDOG);
    first_process = getpid();
    scenarios->run(argv + optind);
    return cli_end(EXIT_SUCCESS);
}

#endif
