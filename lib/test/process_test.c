/* Drives lib/process.c for lib/process.bats. */
#include "driver.h"

static int return_it(void *code)
{
    return *(int *)code;
}

static int exit_with_it(void *code)
{
    exit(*(int *)code);
}

static int die_of_it(void *number)
{
    raise(*(int *)number);
    return 0;
}

static void exit_codes(char **operands)
{
    int codes[] = {0, 1, 3, 255, 256, -1, 512, INT_MAX, INT_MIN};
    int signals[] = {SIGKILL, SIGTERM, SIGUSR1, SIGINT};
    struct process process;

    (void)operands;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        start(&process, return_it, &codes[i]);
        printf("returns %d: %d\n", codes[i], end(&process));
    }
    int three = 3;
    start(&process, exit_with_it, &three);
    printf("calls exit(3): %d\n", end(&process));
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        CHECK(signal(signals[i], SIG_DFL) != SIG_ERR || signals[i] == SIGKILL);
        start(&process, die_of_it, &signals[i]);
        printf("is killed by %d: %d\n", signals[i], end(&process));
    }
}

static int look_at_itself(void *argument)
{
    struct process *process = argument;

    printf("in the child:\n");
    printf("its pid: %s\n", process->pid == getpid() ? "its own" : "another's");
    SHOW(process_join(process, FOREVER));
    SHOW(process_join(process, 0));
    SHOW(process_is_alive(process));
    return 7;
}

/* Joins a child of its parent. */
static int join_sibling(void *argument)
{
    struct process *sibling = argument;

    SHOW(process_join(sibling, FOREVER));
    SHOW(process_join(sibling, 0));
    CHECK(!sibling->joined);
    return 0;
}

static void misuse(char **operands)
{
    struct process process = {0}, other;

    (void)operands;
    printf("nothing to run:\n");
    SHOW(process_start(&process));
    process.run = look_at_itself;
    process.argument = &process;
    printf("before the start:\n");
    SHOW(process_join(&process, 0));
    SHOW(process_join(&process, FOREVER));
    SHOW(process_is_alive(&process));
    SHOW(process_terminate(&process));
    SHOW(process_kill(&process));
    SHOW(process_start(&process));
    printf("started:\n");
    SHOW(process_start(&process));
    SHOW(process_join(&process, FOREVER));
    printf("joined:\n");
    SHOW(process_join(&process, FOREVER));
    SHOW(process_join(&process, 0));
    SHOW(process.exit_code);
    SHOW(process_is_alive(&process));
    SHOW(process_start(&process));
    SHOW(process_terminate(&process));
    SHOW(process_kill(&process));

    printf("another's child:\n");
    start(&process, wait_for_ever, NULL);
    start(&other, join_sibling, &process);
    CHECK(end(&other) == 0);

    printf("reaped behind its back:\n");
    CHECK(process_kill(&process) == 0);
    CHECK(waitpid(process.pid, NULL, 0) == process.pid);
    SHOW(process_join(&process, FOREVER));
    SHOW(process_is_alive(&process));
}

/* Leaves when the gate opens. */
static int wait_at_gate(void *argument)
{
    struct gate *gate = argument;

    let_go(gate);
    return gate_opens(gate, LONG) ? 5 : 1;
}

static int leave_soon(void *argument)
{
    (void)argument;
    nap(0.1);
    return 6;
}

static void timeouts(char **operands)
{
    int descriptors = count_descriptors();
    struct process process;
    struct gate gate;

    (void)operands;
    open_gate(&gate);
    start(&process, wait_at_gate, &gate);
    SHOW(process_join(&process, 0));
    SHOW(process_join(&process, -1));
    double before = seconds_now();
    SHOW(process_join(&process, 0.05));
    double took = seconds_now() - before;
    CHECK(took >= 0.05 && took < 5);
    CHECK(!process.joined);
    close_gate(&gate);
    SHOW(process_join(&process, LONG));
    SHOW(process.exit_code);

    start(&process, leave_soon, NULL);
    before = seconds_now();
    SHOW(process_join(&process, LONG));
    CHECK(seconds_now() - before < 10);
    SHOW(process.exit_code);
    start(&process, leave_soon, NULL);
    SHOW(process_join(&process, 1e300));
    SHOW(process.exit_code);
    check_nothing_left(descriptors);
}

static volatile sig_atomic_t signals_caught;

static void count_signal(int number)
{
    (void)number;
    signals_caught++;
}

static int pester_parent(void *argument)
{
    (void)argument;
    for (int i = 0; i < 100; i++) {
        CHECK(kill(getppid(), SIGUSR1) == 0);
        nap(0.002);
    }
    return 0;
}

static void pestered(char **operands)
{
    struct sigaction action = {.sa_handler = count_signal}; /* without SA_RESTART */
    struct process other, pest;

    (void)operands;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    start(&other, wait_for_ever, NULL);
    start(&pest, pester_parent, NULL);
    double before = seconds_now();
    SHOW(process_join(&other, 0.1));
    CHECK(seconds_now() - before >= 0.1);
    SHOW(process_join(&pest, FOREVER));
    SHOW(pest.exit_code);
    CHECK(signals_caught > 0);
    CHECK(process_kill(&other) == 0);
    CHECK(end(&other) == -SIGKILL);
}

static void alive(char **operands)
{
    struct process process;
    struct gate gate;

    (void)operands;
    open_gate(&gate);
    start(&process, wait_at_gate, &gate);
    SHOW(process_is_alive(&process));
    SHOW(process.joined);
    close_gate(&gate);
    while (process_is_alive(&process))
        nap(0.001);
    printf("ended:\n");
    SHOW(process.joined);
    SHOW(process.exit_code);
    SHOW(process_is_alive(&process));
    SHOW(process_join(&process, 0));
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static struct gate handler_is_set;

static void leave_with_9(int number)
{
    (void)number;
    _exit(9);
}

static int handle_sigterm(void *argument)
{
    (void)argument;
    CHECK(signal(SIGTERM, leave_with_9) != SIG_ERR);
    say_ready(&handler_is_set);
    return wait_for_ever(NULL);
}

static void signalled(char **operands)
{
    struct process process, other;

    (void)operands;
    open_gate(&handler_is_set);
    start(&process, wait_for_ever, NULL);
    SHOW(process_terminate(&process));
    printf("terminated: %d\n", end(&process));
    start(&process, handle_sigterm, NULL);
    wait_ready(&handler_is_set);
    SHOW(process_terminate(&process));
    printf("terminated, with a handler: %d\n", end(&process));
    start(&process, handle_sigterm, NULL);
    wait_ready(&handler_is_set);
    SHOW(process_kill(&process));
    printf("killed, with a handler: %d\n", end(&process));

    /* The pid of one that was joined may be another's. */
    start(&other, wait_for_ever, NULL);
    process.pid = other.pid;
    SHOW(process_terminate(&process));
    SHOW(process_kill(&process));
    SHOW(process_is_alive(&other));
    SHOW(process_kill(&other));
    printf("the other: %d\n", end(&other));
}

static void forbidden(char **operands)
{
    struct process process;
    struct gate gate;

    (void)operands;
    open_gate(&gate);
    start(&process, wait_at_gate, &gate);
    CHECK(setuid(65534) == 0);
    SHOW(process_terminate(&process));
    SHOW(process_kill(&process));
    close_gate(&gate);
    printf("exit code: %d\n", end(&process));
}

/* To be called with SIGCHLD ignored, or not. */
static void sigchld(char **operands)
{
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
    struct process process;
    int three = 3;

    (void)operands;
    start(&process, return_it, &three);
    printf("exit code: %d\n", end(&process));

    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    start(&process, return_it, &three);
    printf("exit code, ignored again: %d\n", end(&process));

    CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
    signals_caught = 0;
    start(&process, return_it, &three);
    printf("exit code, with a handler: %d\n", end(&process));
    printf("the handler ran %d time\n", (int)signals_caught);
    SHOW(process_keep_exit_codes());
    CHECK(sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == count_signal);
}

static int print_and_return(void *code)
{
    printf("child\n");
    return *(int *)code;
}

static int print_and_exit(void *code)
{
    printf("child that calls exit\n");
    exit(*(int *)code);
}

static void printed(char **operands)
{
    struct process process;
    int zero = 0;
    FILE *file = tmpfile();

    (void)operands;
    CHECK(file != NULL && fprintf(file, "once") == 4);
    printf("before\n");
    start(&process, print_and_return, &zero);
    CHECK(end(&process) == 0);
    printf("between\n");
    start(&process, print_and_exit, &zero);
    CHECK(end(&process) == 0);
    printf("after\n");
    CHECK(fflush(file) == 0 && fseek(file, 0, SEEK_END) == 0);
    printf("%ld bytes in the file\n", ftell(file));
    CHECK(fclose(file) == 0);
}

static int print_to_full_device(void *code)
{
    CHECK(freopen("/dev/full", "w", stdout) != NULL);
    printf("text"); /* without a newline it stays in the buffer, whatever the C library */
    return *(int *)code;
}

static void full(char **operands)
{
    struct process process;
    int zero = 0;

    (void)operands;
    start(&process, print_to_full_device, &zero);
    printf("exit code: %d\n", end(&process));
}

/* To be called with standard output at /dev/full. */
static void full_parent(char **operands)
{
    struct process process = {.run = return_it};
    int zero = 0;

    (void)operands;
    process.argument = &zero;
    printf("text that can't be written");
    int result = process_start(&process);
    fprintf(stderr, "process_start: %s\n", result == -1 ? error_name(errno) : "started");
    CHECK(process.pid == 0 && count_children() <= 0);
}

static pid_t parent_pid;

static void print_at_exit(void)
{
    printf("atexit in the %s\n", getpid() == parent_pid ? "parent" : "child");
    fflush(stdout);
}

static void at_exit(char **operands)
{
    struct process process;
    int zero = 0;

    (void)operands;
    parent_pid = getpid();
    CHECK(atexit(print_at_exit) == 0);
    start(&process, return_it, &zero);
    CHECK(end(&process) == 0);
    start(&process, print_to_full_device, &zero);
    CHECK(end(&process) == 1);
}

/* --- what outlives its parent ---- */

static struct gate born, alive_gate, released;
static bool make_daemon, parent_leaves;

static int outlive(void *argument)
{
    (void)argument;
    let_go(&released);
    say_ready(&born);
    let_go(&born);
    gate_opens(&released, LONG);
    say_ready(&alive_gate);
    return 0;
}

static int be_parent(void *argument)
{
    struct process child = {.run = outlive, .daemon = make_daemon};

    (void)argument;
    CHECK(process_start(&child) == 0);
    let_go(&alive_gate);
    if (parent_leaves) {
        struct pollfd ready = {.fd = born.wait_end, .events = POLLIN};
        CHECK(poll(&ready, 1, LONG * 1000) == 1);
        return 0;
    }
    return wait_for_ever(NULL);
}

/* outlives DAEMON LEAVES: a child, daemon or not, whose parent is killed, or leaves. */
static void outlives(char **operands)
{
    struct process parent;
    struct pollfd ready;

    make_daemon = strcmp(operands[0], "daemon") == 0;
    parent_leaves = strcmp(operands[1], "leaves") == 0;
    open_gate(&born);
    open_gate(&alive_gate);
    open_gate(&released);
    start(&parent, be_parent, NULL);
    let_go(&alive_gate);
    ready = (struct pollfd){.fd = born.wait_end, .events = POLLIN};
    CHECK(poll(&ready, 1, LONG * 1000) == 1);
    if (!parent_leaves)
        CHECK(process_kill(&parent) == 0);
    printf("the parent: %d\n", end(&parent));
    if (make_daemon) {
        printf("its child: %s\n", gate_opens(&alive_gate, LONG) ? "ended" : "lives");
    } else {
        let_go(&released); /* it lives until we say so */
        wait_ready(&alive_gate);
        printf("its child: lives\n");
        CHECK(gate_opens(&alive_gate, LONG));
    }
}

/* As a user who may have one process besides this one. */
static void limit(char **operands)
{
    struct process first, second = {.run = return_it};
    int four = 4;

    (void)operands;
    second.argument = &four;
    start(&first, wait_for_ever, NULL);
    SHOW(process_start(&second));
    SHOW(second.pid);
    SHOW(process_is_alive(&second));
    SHOW(process_join(&second, 0));
    CHECK(process_kill(&first) == 0);
    CHECK(end(&first) == -SIGKILL);
    printf("room again:\n");
    SHOW(process_start(&second));
    SHOW(process_join(&second, FOREVER));
    SHOW(second.exit_code);
}

static void many(char **operands)
{
    enum { COUNT = 50 };
    struct process processes[COUNT];
    int codes[COUNT], descriptors = count_descriptors(), right = 0;

    (void)operands;
    for (int i = 0; i < COUNT; i++) {
        codes[i] = i;
        start(&processes[i], return_it, &codes[i]);
    }
    for (int i = COUNT - 1; i >= 0; i--)
        right += end(&processes[i * 7 % COUNT]) == i * 7 % COUNT;
    printf("%d of %d exit codes\n", right, COUNT);
    check_nothing_left(descriptors);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"codes", 0, exit_codes},    {"misuse", 0, misuse},
        {"timeouts", 0, timeouts},   {"pestered", 0, pestered},
        {"alive", 0, alive},         {"signals", 0, signalled},
        {"forbidden", 0, forbidden}, {"sigchld", 0, sigchld},
        {"printed", 0, printed},     {"full", 0, full},
        {"at_exit", 0, at_exit},     {"full_parent", 0, full_parent},
        {"outlives", 2, outlives},   {"limit", 0, limit},
        {"many", 0, many},           {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
