/* Drives lib/subprocess.c for lib/subprocess.bats. It also is the program that is run: then it says
 * what it got, or does what it is told. */
#include "driver.h"
#include "pool.h"
#include "queue.h"
#include "subprocess.h"

#define SELF "build/test/subprocess_test"

/* --- the program that is run ---- */

static void tell_arguments(char **operands)
{
    for (; *operands != NULL; operands++)
        printf("<%s>\n", *operands);
}

static void tell_descriptors(char **operands)
{
    (void)operands;
    printf("open:");
    for (int descriptor = 0; descriptor < 1024; descriptor++)
        if (fcntl(descriptor, F_GETFD) != -1)
            printf(" %d", descriptor);
    printf("\n");
}

static const char *action_name(int number)
{
    struct sigaction action;

    CHECK(sigaction(number, NULL, &action) == 0);
    return action.sa_handler == SIG_IGN ? "ignored" : "default";
}

static void tell_signals(char **operands)
{
    sigset_t blocked;
    int count = 0;

    (void)operands;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0);
    for (int number = 1; number < 32; number++)
        count += sigismember(&blocked, number) == 1;
    printf("%d signals blocked\n", count);
    printf("SIGPIPE: %s\n", action_name(SIGPIPE));
    printf("SIGINT: %s\n", action_name(SIGINT));
    printf("SIGTERM: %s\n", action_name(SIGTERM));
}

static void leave_with_7(int number)
{
    (void)number;
    _exit(7);
}

/* stay DESCRIPTOR HOW: says on that descriptor that it is there, and keeps it open. */
static void stay(char **operands)
{
    int descriptor = (int)cli_number("DESCRIPTOR", operands[0], 0, 1023);
    void (*action)(int) = strcmp(operands[1], "deaf") == 0      ? SIG_IGN
                          : strcmp(operands[1], "handler") == 0 ? leave_with_7
                                                                : SIG_DFL;

    if (strcmp(operands[1], "inherit") != 0) {
        CHECK(signal(SIGINT, action) != SIG_ERR && signal(SIGTERM, action) != SIG_ERR);
        CHECK(signal(SIGHUP, action) != SIG_ERR && signal(SIGQUIT, action) != SIG_ERR);
    }
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
    char pid[32];
    int size = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    CHECK(write(descriptor, pid, (size_t)size) == size);
    wait_for_ever(NULL);
}

/* --- scenarios ---- */

static void print_call(char *const argv[])
{
    int exit_code = 1000;

    if (subprocess_call(argv, &exit_code) == 0)
        printf("exit code %d\n", exit_code);
    else
        printf("%s, a shell gives %d\n", error_name(errno), subprocess_exec_code(errno));
}

/* call PROGRAM [ARG ...] */
static void call(char **operands)
{
    int descriptors = count_descriptors();
    sigset_t before, after;

    CHECK(sigprocmask(SIG_BLOCK, NULL, &before) == 0);
    print_call(operands);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &after) == 0);
    for (int number = 1; number < 32; number++)
        CHECK(sigismember(&before, number) == sigismember(&after, number));
    check_nothing_left(descriptors);
}

static void misuse(char **operands)
{
    char *nothing[] = {NULL}, *stops[] = {"sh", "-c", "kill -STOP $$; exit 4", NULL};
    struct subprocess subprocess = {0};
    int exit_code, status, before = count_descriptors();

    (void)operands;
    SHOW(subprocess_start(&subprocess));
    subprocess.argv = nothing;
    SHOW(subprocess_start(&subprocess));
    SHOW(subprocess_call(nothing, &exit_code));
    SHOW(subprocess_call(NULL, &exit_code));
    SHOW(process_join(&subprocess.process, 0));
    subprocess.argv = stops;
    SHOW(subprocess_start(&subprocess));
    SHOW(subprocess_start(&subprocess));
    CHECK(subprocess.process.pid > 0);
    SHOW(process_join(&subprocess.process, 0));
    SHOW(process_join(&subprocess.process, 0.05));
    SHOW(process_is_alive(&subprocess.process));
    CHECK(waitpid(subprocess.process.pid, &status, WUNTRACED) == subprocess.process.pid);
    CHECK(WIFSTOPPED(status) && kill(subprocess.process.pid, SIGCONT) == 0);
    SHOW(process_join(&subprocess.process, LONG));
    SHOW(subprocess.process.exit_code);
    SHOW(process_join(&subprocess.process, 0));
    SHOW(process_kill(&subprocess.process));
    SHOW(subprocess_start(&subprocess));
    check_nothing_left(before);
}

static void too_long(char **operands)
{
    size_t size = 8 << 20;
    char *argument = malloc(size + 1);

    (void)operands;
    CHECK(argument != NULL);
    memset(argument, 'x', size);
    argument[size] = '\0';
    print_call((char *[]){"true", argument, NULL});
    free(argument);
}

static void environment(char **operands)
{
    (void)operands;
    CHECK(setenv("SUBPROCESS_TEST", "a b", 1) == 0);
    print_call((char *[]){"sh", "-c", "echo \"$SUBPROCESS_TEST\"", NULL});
    CHECK(unsetenv("SUBPROCESS_TEST") == 0);
    print_call((char *[]){"sh", "-c", "echo \"${SUBPROCESS_TEST-unset}\"", NULL});
}

static void signals(char **operands)
{
    sigset_t all, before;
    struct subprocess subprocess = {.argv = (char *[]){SELF, "tell_signals", NULL}};

    (void)operands;
    sigfillset(&all);
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGINT, SIG_IGN) != SIG_ERR);
    CHECK(signal(SIGTERM, leave_with_7) != SIG_ERR);
    CHECK(sigprocmask(SIG_BLOCK, &all, &before) == 0);
    printf("start:\n");
    CHECK(subprocess_start(&subprocess) == 0 && end(&subprocess.process) == 0);
    printf("call:\n");
    print_call((char *[]){SELF, "tell_signals", NULL});
    print_call((char *[]){"grep", "^SigBlk", "/proc/self/status", NULL});
    CHECK(sigprocmask(SIG_BLOCK, NULL, &all) == 0);
    printf("the caller's own: SIGUSR1 %s, SIGPIPE %s, SIGINT %s\n",
           sigismember(&all, SIGUSR1) ? "blocked" : "free", action_name(SIGPIPE),
           action_name(SIGINT));
}

static void inherited(char **operands)
{
    (void)operands;
    print_call((char *[]){SELF, "tell_descriptors", NULL});
    struct queue *queue = queue_open(4, 4);
    struct pool *pool = pool_open(&(struct pool_options){.workers = 2});
    CHECK(queue != NULL && pool != NULL);
    print_call((char *[]){SELF, "tell_descriptors", NULL});
    CHECK(pool_join(pool) == 0);
    queue_close(queue);
}

static void sigchld(char **operands)
{
    (void)operands;
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    print_call((char *[]){"sh", "-c", "exit 3", NULL});
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    print_call((char *[]){"sh", "-c", "kill -KILL $$", NULL});
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    print_call((char *[]){"/nonexistent/program", NULL});
}

static void flushed(char **operands)
{
    (void)operands;
    printf("before\n");
    print_call((char *[]){"echo", "program", NULL});
    printf("after\n");
}

/* To be called with standard output at /dev/full. */
static void unflushed(char **operands)
{
    struct subprocess subprocess = {.argv = (char *[]){"sh", "-c", "echo started >&2", NULL}};

    (void)operands;
    printf("text that can't be written");
    int result = subprocess_start(&subprocess);
    fprintf(stderr, "subprocess_start: %s\n", result == -1 ? error_name(errno) : "started");
}

static void exec_codes(char **operands)
{
    int errors[] = {ENOENT, EACCES, ENOEXEC, E2BIG, ENOTDIR, EPERM, EAGAIN, ENOMEM, EMFILE, ENFILE};

    (void)operands;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        printf("%s: %d\n", error_name(errors[i]), subprocess_exec_code(errors[i]));
}

/* Between a start and its join other programs are called; each has its own exit code. */
static void several(char **operands)
{
    enum { COUNT = 10 };
    struct subprocess subprocesses[COUNT];
    char text[COUNT][16];
    int before = count_descriptors(), right = 0, exit_code;

    (void)operands;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text[i], sizeof text[i], "exit %d", i);
        subprocesses[i] = (struct subprocess){.argv = (char *[]){"sh", "-c", text[i], NULL}};
        CHECK(subprocess_start(&subprocesses[i]) == 0);
        CHECK(subprocess_call((char *[]){"sh", "-c", "exit 99", NULL}, &exit_code) == 0);
        right += exit_code == 99;
    }
    for (int i = COUNT; i-- > 0;)
        right += end(&subprocesses[i].process) == i;
    printf("%d of %d exit codes\n", right, 2 * COUNT);
    check_nothing_left(before);
}

static volatile sig_atomic_t caught;

static void reap_any(int number)
{
    caught = number;
    CHECK(waitpid(-1, NULL, 0) != -1);
}

/* A handler of the caller's reaps the program before the call can. */
static void reaped(char **operands)
{
    struct sigaction action = {.sa_handler = reap_any};
    char *program[] = {"sh", "-c", "kill -USR1 $PPID; exit 3", NULL};
    int exit_code;

    (void)operands;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    SHOW(subprocess_call(program, &exit_code));
    printf("signal caught: %s\n", caught == SIGUSR1 ? "yes" : "no");
}

/* As a user who may have no other process. */
static void limit(char **operands)
{
    (void)operands;
    print_call((char *[]){"true", NULL});
}

/* --- signals while the caller waits ---- */

static struct gate gate;
static const char *caller_does, *program_does;
static void catch (int number)
{
    caught = number;
}

static int caller(void *number)
{
    char descriptor[16];
    int exit_code = 1000;

    CHECK(setpgid(0, 0) == 0);
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
    CHECK(signal(*(int *)number, strcmp(caller_does, "handles") == 0   ? catch
                                 : strcmp(caller_does, "ignores") == 0 ? SIG_IGN
                                                                       : SIG_DFL) != SIG_ERR);
    snprintf(descriptor, sizeof descriptor, "%d", gate.hold_end);
    CHECK(subprocess_call((char *[]){SELF, "stay", descriptor, (char *)program_does, NULL},
                          &exit_code) == 0);
    say("the caller caught signal %d, the program's exit code is %d", (int)caught, exit_code);
    return 5;
}

static pid_t read_pid(void)
{
    char text[32] = "";
    struct pollfd told = {.fd = gate.wait_end, .events = POLLIN};

    CHECK(poll(&told, 1, LONG * 1000) == 1);
    CHECK(read(gate.wait_end, text, sizeof text - 1) > 0);
    return (pid_t)strtol(text, NULL, 10);
}

/* interrupted SIGNAL WHO CALLER PROGRAM: WHO gets it: caller, group; CALLER dies, handles or
 * ignores it, PROGRAM is default, handler, deaf or inherit (what it got from the caller). */
static void interrupted(char **operands)
{
    int number = (int)cli_number("SIGNAL", operands[0], 1, 31);
    bool group = strcmp(operands[1], "group") == 0;
    struct process process;

    caller_does = operands[2];
    program_does = operands[3];
    open_gate(&gate);
    start(&process, caller, &number);
    let_go(&gate);
    pid_t program = read_pid();
    CHECK(kill(group ? -process.pid : process.pid, number) == 0);
    if (strcmp(caller_does, "ignores") == 0) {
        CHECK(!gate_opens(&gate, 0.5));
        say("it goes on");
        CHECK(process_is_alive(&process) && kill(program, SIGUSR1) == 0);
    }
    printf("the caller: %d\n", end(&process));
    printf("the program %s\n", gate_opens(&gate, 0) ? "ended before" : "lives on");
}

/* The program is stopped and goes on: the caller waits on, and still hears signals. */
static void stopped(char **operands)
{
    struct process process;
    int number = SIGINT;

    (void)operands;
    caller_does = "dies";
    program_does = "default";
    open_gate(&gate);
    start(&process, caller, &number);
    let_go(&gate);
    pid_t program = read_pid();
    CHECK(kill(program, SIGSTOP) == 0);
    SHOW(process_join(&process, 0.05));
    CHECK(kill(program, SIGCONT) == 0);
    SHOW(process_join(&process, 0.05));
    CHECK(kill(process.pid, SIGINT) == 0);
    printf("the caller: %d\n", end(&process));
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"tell_arguments", ANY, tell_arguments},
                                                {"tell_descriptors", 0, tell_descriptors},
                                                {"tell_signals", 0, tell_signals},
                                                {"stay", 2, stay},
                                                {"call", ANY, call},
                                                {"misuse", 0, misuse},
                                                {"too_long", 0, too_long},
                                                {"environment", 0, environment},
                                                {"signals", 0, signals},
                                                {"descriptors", 0, inherited},
                                                {"sigchld", 0, sigchld},
                                                {"flushed", 0, flushed},
                                                {"unflushed", 0, unflushed},
                                                {"exec_codes", 0, exec_codes},
                                                {"several", 0, several},
                                                {"limit", 0, limit},
                                                {"reaped", 0, reaped},
                                                {"interrupted", 4, interrupted},
                                                {"stopped", 0, stopped},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
