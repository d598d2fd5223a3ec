/* Drives lib/process.c for lib/process.bats. */
#include "beyond.h"
#include "driver.h"
#include "io.h"
#include "pool.h"
#include "shm.h"
#include "subprocess.h"

#include <sys/socket.h>

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

static int pester_parent(void *times)
{
    for (int i = 0; i < *(int *)times; i++) {
        CHECK(kill(getppid(), SIGUSR1) == 0);
        nap(0.002);
    }
    return 0;
}

static void pestered(char **operands)
{
    struct sigaction action = {.sa_handler = count_signal}; /* without SA_RESTART */
    struct process other, pest, *const both[] = {&other, &pest};
    int times = 65; /* 0.13 s */

    (void)operands;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    start(&other, wait_for_ever, NULL);
    start(&pest, pester_parent, &times);
    double before = seconds_now();
    SHOW(process_join(&other, 0.1));
    CHECK(seconds_now() - before >= 0.1);
    SHOW(process_join(&pest, FOREVER));
    SHOW(pest.exit_code);
    times = 40;
    start(&pest, pester_parent, &times);
    before = seconds_now();
    SHOW(process_join_any(both, 2, 0.05));
    CHECK(seconds_now() - before >= 0.05);
    SHOW(process_join_any(both, 2, FOREVER));
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

    action.sa_flags |= SA_NOCLDWAIT;
    CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
    start(&process, return_it, &three);
    printf("exit code, with SA_NOCLDWAIT: %d\n", end(&process));
    CHECK(sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == count_signal);
    CHECK((action.sa_flags & (SA_NOCLDWAIT | SA_RESTART)) == SA_RESTART);
    printf("the handler ran %d times\n", (int)signals_caught);

    start(&process, wait_for_ever, NULL);
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    CHECK(process_kill(&process) == 0);
    printf("ignored while it runs:\n");
    SHOW(process_join(&process, FOREVER));
    SHOW(process_children(NULL, 0));
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
static void limited(char **operands)
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
    printf("its name: '%s'\n", process_name(&second));
    SHOW(process_children(NULL, 0));
    CHECK(process_kill(&first) == 0);
    CHECK(end(&first) == -SIGKILL);
    printf("room again:\n");
    SHOW(process_start(&second));
    printf("its name: '%s'\n", process_name(&second));
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

    right = 0;
    for (int i = 0; i < COUNT; i++)
        start(&processes[i], wait_for_ever, NULL);
    for (int i = 0; i < COUNT; i++) /* the last ones have hardly begun */
        CHECK(process_terminate(&processes[i]) == 0);
    for (int i = 0; i < COUNT; i++)
        right += end(&processes[i]) == -SIGTERM;
    printf("%d of %d terminated\n", right, COUNT);
    check_nothing_left(descriptors);
}

/* --- names ---- */

static int show_name(void *argument)
{
    struct process *process = argument;

    CHECK(process_current_name() == process_name(process));
    CHECK(process->pid == getpid() && getppid() != 1);
    printf("in the child: %s\n", process_current_name());
    return 0;
}

static int start_and_show(void *argument)
{
    struct process process;

    show_name(argument);
    start(&process, show_name, &process);
    CHECK(end(&process) == 0);
    return 0;
}

/* Two children, one after the other, each with two of its own. */
static int recur(void *argument)
{
    const int *depth = argument;
    int deeper = *depth + 1;
    struct process process;

    printf("%s\n", process_current_name());
    for (int i = 0; *depth < 2 && i < 2; i++) {
        start(&process, recur, &deeper);
        CHECK(end(&process) == 0);
    }
    return 0;
}

/* Each has a child, down to one that shows its name. */
static int nest(void *argument)
{
    const int *depth = argument;
    int deeper = *depth - 1;
    struct {
        struct process process;
        char behind[64];
    } child = {.process = {.run = nest, .argument = &deeper}};

    CHECK(strlen(process_current_name()) < sizeof child.process.default_name);
    CHECK(process_children(NULL, 0) == 0); /* our parent's children are not ours */
    if (*depth == 0) {
        printf("%s\n", process_current_name());
        return 0;
    }
    CHECK(process_start(&child.process) == 0);
    for (size_t i = 0; i < sizeof child.behind; i++)
        CHECK(child.behind[i] == 0);
    return end(&child.process);
}

static void named(char **operands)
{
    char *given[] = {NULL, "foo_process", NULL};
    struct process process = {0};

    (void)operands;
    printf("here: %s\n", process_current_name());
    printf("before the start: '%s'\n", process_name(&process));
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        process = (struct process){.run = start_and_show, .argument = &process, .name = given[i]};
        CHECK(given[i] == NULL || process_name(&process) == given[i]);
        CHECK(process_start(&process) == 0);
        printf("started: %s\n", process_name(&process));
        CHECK(end(&process) == 0);
        printf("joined: %s\n", process_name(&process));
    }
    printf("here: %s\n", process_current_name());
}

static void descendants(char **operands)
{
    int depths[] = {2, 8, 9, 20}, none = 0;

    (void)operands;
    recur(&none);
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        CHECK(nest(&depths[i]) == 0);
        printf("%d deep\n", depths[i]);
    }
}

/* What ps shows. */
static int show_comm(void *argument)
{
    char text[64] = "";
    FILE *file = fopen("/proc/self/comm", "r");

    (void)argument;
    CHECK(file != NULL && fgets(text, sizeof text, file) != NULL);
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    printf("%s: '%s'\n", process_current_name(), text);
    return 0;
}

static void shown(char **operands)
{
    char *given[] = {NULL, "foo_process", "15 bytes of it.", "a name too long for it", ""};

    (void)operands;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct process process = {.run = show_comm, .name = given[i]};
        CHECK(process_start(&process) == 0);
        CHECK(end(&process) == 0);
    }
    show_comm(NULL);
}

/* --- the list of children ---- */

static void expect_no_children(void)
{
    CHECK(process_children(NULL, 0) == 0);
}

/* The list must be just these, in this order. */
static void expect_children(struct process *const *wanted, size_t count)
{
    enum { ROOM = 8 };
    struct process *list[ROOM] = {NULL};

    CHECK(process_children(list, ROOM) == count);
    for (size_t i = 0; i < count; i++)
        CHECK(list[i] == wanted[i]);
    for (size_t i = count; i < ROOM; i++)
        CHECK(list[i] == NULL);
}

static bool has_ended(pid_t pid)
{
    char name[32], state;
    pid_t parent;

    snprintf(name, sizeof name, "%d", (int)pid);
    return !look_up(name, &state, &parent) || state == 'Z';
}

static void listed(char **operands)
{
    int three = 3, descriptors = count_descriptors();
    struct process processes[3], unstarted = {.run = return_it};
    struct process *list[3] = {&unstarted, &unstarted, &unstarted};
    struct process *const all[] = {&processes[0], &processes[1], &processes[2]};

    (void)operands;
    SHOW(process_children(list, 3));
    SHOW(process_children(NULL, 0));
    for (int i = 0; i < 3; i++)
        start(&processes[i], wait_for_ever, NULL);
    printf("3 run:\n");
    SHOW(process_children(NULL, 0));
    SHOW(process_children(list, 1));
    CHECK(list[0] == &processes[0] && list[1] == &unstarted);
    SHOW(process_children(list, 2));
    CHECK(list[1] == &processes[1] && list[2] == &unstarted);
    SHOW(process_children(list, 3));
    expect_children(all, 3);

    for (int i = 0; i < 3; i++) {
        CHECK(process_kill(&processes[i]) == 0);
        while (!has_ended(processes[i].pid))
            nap(0.0002);
        CHECK(!processes[i].joined);
        expect_children(all + i + 1, 2 - (size_t)i);
        CHECK(processes[i].joined && processes[i].exit_code == -SIGKILL);
        printf("the next one has ended:\n");
        SHOW(process_children(NULL, 0));
        SHOW(process_join(&processes[i], FOREVER));
    }
    check_nothing_left(descriptors);
    start(&processes[1], return_it, &three);
    expect_children(all + 1, process_is_alive(&processes[1]) ? 1 : 0);
    CHECK(end(&processes[1]) == 3);
    expect_no_children();
}

enum { FAMILY = 4 };

/* All the ways to find out that it has ended. */
static void see_end(struct process *process, int way)
{
    struct process *list[FAMILY + 1];

    CHECK(process_kill(process) == 0);
    if (way == 0)
        CHECK(process_join(process, FOREVER) == 0);
    else if (way == 1)
        CHECK(process_join(process, LONG) == 0);
    else if (way == 2)
        CHECK(process_join_any(&process, 1, FOREVER) == 0);
    else if (way == 3)
        while (process_is_alive(process))
            nap(0.0002);
    else if (way == 4)
        while (!process->joined)
            process_children(list, FAMILY + 1);
    else { /* reaped behind its back */
        CHECK(waitpid(process->pid, NULL, 0) == process->pid);
        CHECK(process_join(process, way == 5 ? 0 : FOREVER) == -1 && errno == ECHILD);
        return;
    }
    CHECK(process->joined && process->exit_code == -SIGKILL);
}

static void take_out(struct process **list, size_t *count, const struct process *process)
{
    size_t i = 0, kept = 0;

    for (; i < *count; i++)
        if (list[i] != process)
            list[kept++] = list[i];
    CHECK(kept == *count - 1);
    *count = kept;
}

/* Four children end in every order, and a new one is started in between. What was joined is made
 * to look like a child that runs: so it is seen when it is still in the list. */
static void orders(char **operands)
{
    int descriptors = count_descriptors(), number = 0;
    struct process processes[FAMILY + 1], *wanted[FAMILY + 1];
    pid_t unlisted = fork();

    (void)operands;
    CHECK(unlisted != -1);
    if (unlisted == 0)
        wait_for_ever(NULL);
    for (int order = 0; order < FAMILY * FAMILY * FAMILY * FAMILY; order++) {
        int digits[FAMILY], rest = order;
        bool used[FAMILY] = {false}, permutation = true;
        for (int i = 0; i < FAMILY; i++, rest /= FAMILY) {
            digits[i] = rest % FAMILY;
            permutation = permutation && !used[digits[i]];
            used[digits[i]] = true;
        }
        if (!permutation)
            continue;
        size_t count = 0;
        for (int i = 0; i < FAMILY; i++) {
            start(&processes[i], wait_for_ever, NULL);
            wanted[count++] = &processes[i];
        }
        for (int i = 0; i < FAMILY; i++) {
            expect_children(wanted, count);
            see_end(&processes[digits[i]], (number + i) % 7);
            take_out(wanted, &count, &processes[digits[i]]);
            processes[digits[i]] = (struct process){.pid = unlisted};
            expect_children(wanted, count);
            if (i == number % FAMILY) {
                start(&processes[FAMILY], wait_for_ever, NULL);
                wanted[count++] = &processes[FAMILY];
            }
        }
        expect_children(wanted, count);
        see_end(&processes[FAMILY], number % 7);
        processes[FAMILY] = (struct process){.pid = unlisted};
        expect_no_children();
        number++;
    }
    CHECK(kill(unlisted, SIGKILL) == 0 && waitpid(unlisted, NULL, 0) == unlisted);
    printf("%d orders\n", number);
    check_nothing_left(descriptors);
}

static struct process *family; /* private, or shared memory */

/* Asks for its siblings, of which it knows nothing, and has children of its own meanwhile. */
static int ask_for_siblings(void *gate)
{
    struct process first, second, *const own[] = {&first, &second};

    wait_ready(gate);
    expect_no_children();
    start(&first, wait_for_ever, NULL);
    for (int i = 0; i < FAMILY; i++) {
        bool itself = family[i].pid == getpid();
        CHECK(process_is_alive(&family[i]) == itself);
        CHECK(process_join(&family[i], 0) == -1);
        CHECK(errno == (itself ? EDEADLK : family[i].pid == 0 ? EINVAL : ECHILD));
        expect_children(own, 1);
    }
    start(&second, wait_for_ever, NULL);
    expect_children(own, 2);
    see_end(&first, 0);
    expect_children(own + 1, 1);
    see_end(&second, 0);
    expect_no_children();
    return 0;
}

/* One that asks for its siblings spoils neither its own list nor theirs. */
static void check_siblings(int asking, struct gate *gate)
{
    struct process *wanted[FAMILY + 1];
    size_t count = 0;

    memset(family, 0, (FAMILY + 1) * sizeof *family);
    for (int i = 0; i < FAMILY; i++) {
        start(&family[i], i == asking ? ask_for_siblings : wait_for_ever, gate);
        wanted[count++] = &family[i];
    }
    say_ready(gate); /* now it can know all of them, if it shares the memory */
    CHECK(end(&family[asking]) == 0);
    take_out(wanted, &count, &family[asking]);
    expect_children(wanted, count);
    start(&family[FAMILY], wait_for_ever, NULL);
    wanted[count++] = &family[FAMILY];
    expect_children(wanted, count);
    while (count > 0) {
        see_end(wanted[0], (int)count);
        take_out(wanted, &count, wanted[0]);
        expect_children(wanted, count);
    }
}

static void siblings(char **operands)
{
    struct process private[FAMILY + 1];
    struct process *shared = shared_map(sizeof private);
    int descriptors = count_descriptors();
    struct gate gate;

    (void)operands;
    CHECK(shared != NULL);
    open_gate(&gate);
    for (int asking = 0; asking < FAMILY; asking++) {
        family = private;
        check_siblings(asking, &gate);
        family = shared;
        check_siblings(asking, &gate);
    }
    close_gate(&gate);
    shared_unmap(shared, sizeof private);
    printf("the lists are right\n");
    check_nothing_left(descriptors);
}

/* What subprocess has started is not in the list, and joining it does not touch the list. */
static void others(char **operands)
{
    char *words[] = {"sleep", "60", NULL};
    int descriptors = count_descriptors();
    struct process processes[2], *const all[] = {&processes[0], &processes[1]};
    struct subprocess programs[3];

    (void)operands;
    for (int i = 0; i < 5; i++) {
        if (i % 2 == 1) {
            start(&processes[i / 2], wait_for_ever, NULL);
            continue;
        }
        programs[i / 2] = (struct subprocess){.argv = words};
        CHECK(subprocess_start(&programs[i / 2]) == 0);
        CHECK(process_is_alive(&programs[i / 2].process));
        expect_children(all, (size_t)i / 2);
    }
    printf("the program's name: '%s'\n", process_name(&programs[0].process));
    for (int i = 0; i < 3; i++) {
        see_end(&programs[i].process, i);
        expect_children(all, 2);
    }
    see_end(&processes[1], 0);
    expect_children(all, 1);
    see_end(&processes[0], 0);
    expect_no_children();
    check_nothing_left(descriptors);
}

/* --- a pool's workers are children, too ---- */

static int double_it(const void *argument, void *result)
{
    *(int *)result = *(const int *)argument * 2;
    return 0;
}

/* Its list has the workers, and also takes note of the end of one. */
static int use_pool(void *names)
{
    struct pool_options options = {
        .workers = 2, .argument_size = sizeof(int), .result_size = sizeof(int)};
    struct process *workers[3];
    int number = 21, doubled = 0;
    struct task_result result = {.value = &doubled};

    expect_no_children();
    struct pool *pool = pool_open(&options);
    CHECK(pool != NULL);
    CHECK(SHOW(process_children(workers, 3)) == 2);
    if (*(bool *)names)
        printf("%s %s\n", process_name(workers[0]), process_name(workers[1]));
    CHECK(process_kill(workers[0]) == 0);
    while (process_children(NULL, 0) == 2)
        nap(0.0002);
    CHECK(pool_apply_async(pool, double_it, &number, &result) == 0);
    CHECK(pool_wait(pool, &result, LONG) == 0);
    printf("the other does its task: %d\n", doubled);
    number = doubled;
    CHECK(pool_apply_async(pool, double_it, &number, &result) == 0);
    CHECK(pool_wait(pool, &result, LONG) == 0);
    SHOW(pool_join(pool));
    expect_no_children();
    return 0;
}

static void pooled(char **operands)
{
    int descriptors = count_descriptors();
    struct process process;
    bool names = true;

    (void)operands;
    use_pool(&names);
    names = false;
    CHECK(close(STDIN_FILENO) == 0);
    printf("in a child, without standard input:\n");
    start(&process, use_pool, &names);
    SHOW(end(&process));
    check_nothing_left(descriptors - 1);
}

/* --- whichever ends first ---- */

/* How often we have slept in a system call. */
static long sleeps(void)
{
    struct rusage usage;

    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_nvcsw;
}

/* Waits for a moment, asleep. (On a busy machine it may be over before it has begun.) */
static void join_none(struct process *const *several, size_t count)
{
    long slept = sleeps();

    for (int i = 0; i < 50 && sleeps() == slept; i++)
        CHECK(process_join_any(several, count, 0.02) == -1 && errno == ETIMEDOUT);
    CHECK(sleeps() > slept);
}

static int join_any_with_itself(void *argument)
{
    struct process *process = argument, child;
    struct process *const both[] = {&child, process};

    start(&child, wait_for_ever, NULL);
    SHOW(process_join_any(both, 2, 0));
    see_end(&child, 0);
    SHOW(process_join_any(both, 2, FOREVER));
    return 0;
}

static void any(char **operands)
{
    int descriptors = count_descriptors();
    struct process p[3], unstarted = {.run = return_it}, *const all[] = {&p[0], &p[1], &p[2]};
    struct process *const some[] = {&p[0], &unstarted, &p[2]}, *const same[] = {&p[1], &p[1]};

    (void)operands;
    SHOW(process_join_any(all, 0, FOREVER));
    for (int i = 0; i < 3; i++)
        start(&p[i], wait_for_ever, NULL);
    SHOW(process_join_any(all, 3, 0));
    SHOW(process_join_any(all, 3, -1));
    double before = seconds_now();
    SHOW(process_join_any(all, 3, 0.1));
    CHECK(seconds_now() - before >= 0.1 && seconds_now() - before < 5);
    join_none(all, 3);
    CHECK(!p[0].joined && !p[1].joined && !p[2].joined);
    SHOW(process_join_any(all, 0, FOREVER));
    SHOW(process_join_any(some, 3, FOREVER));
    SHOW(process_children(NULL, 0));

    CHECK(process_terminate(&p[1]) == 0);
    SHOW(process_join_any(all, 3, FOREVER));
    SHOW(p[1].exit_code);
    SHOW(process_children(NULL, 0));
    SHOW(process_join_any(all, 3, 0));
    SHOW(process_join_any(same, 2, FOREVER));
    CHECK(process_kill(&p[2]) == 0);
    SHOW(process_join_any(all, 3, LONG));
    SHOW(p[2].exit_code);
    CHECK(process_terminate(&p[0]) == 0);
    SHOW(process_join_any(all, 3, 1e300));
    SHOW(process_join_any(some, 3, 0));
    SHOW(process_join_any(all, 3, FOREVER));
    SHOW(process_join_any(all, 3, 0));

    printf("with oneself:\n");
    start(&p[0], join_any_with_itself, &p[0]);
    CHECK(end(&p[0]) == 0);
    printf("reaped behind its back:\n");
    for (int i = 0; i < 3; i++)
        start(&p[i], wait_for_ever, NULL);
    CHECK(process_kill(&p[1]) == 0);
    CHECK(waitpid(p[1].pid, NULL, 0) == p[1].pid);
    SHOW(process_join_any(all, 3, FOREVER));
    SHOW(p[1].joined);
    SHOW(process_children(NULL, 0));
    see_end(&p[0], 0);
    see_end(&p[2], 0);
    check_nothing_left(descriptors);
}

/* With so many children, and so many free descriptors (0: enough). */
static void check_any_of(size_t count, rlim_t room)
{
    struct process processes[100], *all[100];
    int descriptors = count_descriptors();
    struct rlimit limit, less;
    size_t once = 0;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    less = limit;
    less.rlim_cur = (rlim_t)descriptors + room;
    for (size_t i = 0; i < count; i++) {
        all[i] = &processes[i];
        start(all[i], wait_for_ever, NULL);
    }
    CHECK(room == 0 || setrlimit(RLIMIT_NOFILE, &less) == 0);
    join_none(all, count);
    CHECK(process_kill(all[count - 1]) == 0);
    CHECK(process_join_any(all, count, FOREVER) == (ssize_t)count - 1);
    CHECK(process_kill(all[0]) == 0);
    CHECK(process_join_any(all, count, LONG) == 0);
    for (size_t i = 1; i < count - 1; i++)
        CHECK(process_terminate(all[i]) == 0);
    for (;;) {
        ssize_t i = process_join_any(all, count, FOREVER);
        if (i == -1)
            break;
        once += all[i]->joined && all[i]->exit_code == -SIGTERM;
        all[i]->exit_code = 0; /* reported again, it would not count */
    }
    printf("%zu of %zu, then %s\n", once + 2, count, error_name(errno));
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    check_nothing_left(descriptors);
}

/* More than can be watched, and fewer when descriptors are short. */
static void any_of(char **operands)
{
    (void)operands;
    check_any_of(100, 0);
    check_any_of(MOST_WATCHED, 0);
    check_any_of(20, 5);
}

/* --- a daemon's children ---- */

static int start_as_daemon(void *unused)
{
    struct pool_options options = {.workers = 2};
    struct process process = {.run = wait_for_ever, .daemon = true};

    (void)unused;
    SHOW(process_start(&process));
    process.daemon = false;
    SHOW(process_start(&process));
    SHOW(process.pid);
    printf("its name: '%s'\n", process_name(&process));
    SHOW(process_join(&process, 0));
    SHOW(process_children(NULL, 0));
    SHOW_MADE(pool_open(&options));
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    return 0;
}

static void daemons(char **operands)
{
    struct process process = {.run = start_as_daemon, .daemon = true};

    (void)operands;
    CHECK(process_start(&process) == 0);
    SHOW(end(&process));
    process = (struct process){.run = start_and_show, .argument = &process};
    printf("its sibling, no daemon:\n");
    CHECK(process_start(&process) == 0);
    SHOW(end(&process));
}

/* --- streams that can't be used ---- */

static int leave_without(void *streams)
{
    for (const char *c = streams; *c != '\0'; c++)
        CHECK(close(*c - '0') == 0);
    return 4;
}

/* Nothing is printed, so nothing is lost, whether a stream is closed in the child or before. */
static void closed_streams(char **operands)
{
    static char *const streams[] = {"0", "1", "2", "012", ""};
    struct process process;
    int right = 0;

    (void)operands;
    fflush(stdout);
    int output = dup(STDOUT_FILENO), message = dup(STDERR_FILENO);
    CHECK(output != -1 && message != -1);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        start(&process, leave_without, streams[i]);
        right += end(&process) == 4;
    }
    leave_without("012");
    start(&process, leave_without, streams[4]);
    right += end(&process) == 4;
    CHECK(dup2(output, STDOUT_FILENO) != -1 && dup2(message, STDERR_FILENO) != -1);
    printf("%d of 6\n", right);
}

/* --- a struct that has a process in it ---- */

struct upper_caser {
    struct process process;
    int ends[2]; /* the caller's, and its own */
};

static int upper_case(void *argument)
{
    struct upper_caser *self = argument;
    char letter;

    io_close(&self->ends[0]);
    while (io_read(self->ends[1], &letter, 1) == 1) {
        letter = (char)toupper((unsigned char)letter);
        CHECK(io_write(self->ends[1], &letter, 1) == 0);
    }
    return 0;
}

static void submit(struct upper_caser *caser, const char *word)
{
    char result[16] = "";

    CHECK(io_write(caser->ends[0], word, strlen(word)) == 0);
    CHECK(io_read(caser->ends[0], result, strlen(word)) == (ssize_t)strlen(word));
    printf("%s: %s\n", word, result);
}

static void embedded(char **operands)
{
    int descriptors = count_descriptors();
    struct upper_caser caser = {.process = {.run = upper_case, .argument = &caser, .daemon = true}};

    (void)operands;
    CHECK(io_socketpair(SOCK_STREAM, caser.ends) == 0);
    CHECK(process_start(&caser.process) == 0);
    io_close(&caser.ends[1]);
    submit(&caser, "hello");
    submit(&caser, "world");
    io_close(&caser.ends[0]); /* that is the end of it */
    SHOW(end(&caser.process));
    check_nothing_left(descriptors);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"codes", 0, exit_codes},
                                                {"misuse", 0, misuse},
                                                {"timeouts", 0, timeouts},
                                                {"pestered", 0, pestered},
                                                {"alive", 0, alive},
                                                {"signals", 0, signalled},
                                                {"forbidden", 0, forbidden},
                                                {"sigchld", 0, sigchld},
                                                {"printed", 0, printed},
                                                {"full", 0, full},
                                                {"at_exit", 0, at_exit},
                                                {"full_parent", 0, full_parent},
                                                {"outlives", 2, outlives},
                                                {"limit", 0, limited},
                                                {"many", 0, many},
                                                {"names", 0, named},
                                                {"descendants", 0, descendants},
                                                {"shown", 0, shown},
                                                {"listed", 0, listed},
                                                {"orders", 0, orders},
                                                {"siblings", 0, siblings},
                                                {"others", 0, others},
                                                {"pooled", 0, pooled},
                                                {"any", 0, any},
                                                {"any_of", 0, any_of},
                                                {"daemons", 0, daemons},
                                                {"closed_streams", 0, closed_streams},
                                                {"embedded", 0, embedded},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
