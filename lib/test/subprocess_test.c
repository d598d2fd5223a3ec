/* Drives lib/subprocess.c for lib/subprocess.bats; how a program starts is in launch_test.c. It
 * also is a program that is run. */
#include "driver.h"

#include "io.h"
#include "subprocess.h"

#include <sys/time.h>

#define SELF "build/test/subprocess_test"

/* --- the program that is run ---- */

static void leave_with_7(int number)
{
    (void)number;
    _exit(7);
}

/* stay HOW [CHILD]: says on descriptor 0 that it is there, and keeps it open; so does its child. */
static void stay(char **operands)
{
    void (*action)(int) = strcmp(operands[0], "deaf") == 0      ? SIG_IGN
                          : strcmp(operands[0], "handler") == 0 ? leave_with_7
                                                                : SIG_DFL;

    if (strcmp(operands[0], "inherit") != 0) {
        CHECK(signal(SIGINT, action) != SIG_ERR && signal(SIGTERM, action) != SIG_ERR);
        CHECK(signal(SIGHUP, action) != SIG_ERR && signal(SIGQUIT, action) != SIG_ERR);
    }
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
    if (operands[1] != NULL)
        CHECK(fork() != -1);
    char pid[32];
    int size = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    CHECK(write(STDIN_FILENO, pid, (size_t)size) == size);
    wait_for_ever(NULL);
}

/* change_group own|ours: makes a group of its own, or joins that of its parent, says on descriptor
 * 2 that it has, and stays. */
static void change_group(char **operands)
{
    CHECK(setpgid(0, strcmp(operands[0], "own") == 0 ? 0 : getpgid(getppid())) == 0);
    CHECK(write(STDERR_FILENO, "!", 1) == 1);
    wait_for_ever(operands);
}

/* --- what the scenarios share ---- */

static struct gate gate;

/* A script of the shell, with pipes for its output and its errors. */
#define PIPED(script)                                                                              \
    {                                                                                              \
        .argv = (char *[]){"sh", "-c", (char *)(script), NULL}, .output.kind = SUBPROCESS_PIPE,    \
        .error.kind = SUBPROCESS_PIPE                                                              \
    }

/* Starts it; it stops itself. */
static void start_stopping(struct subprocess *subprocess)
{
    int status;

    CHECK(subprocess_start(subprocess) == 0);
    CHECK(waitpid(subprocess->process.pid, &status, WUNTRACED) == subprocess->process.pid);
    CHECK(WIFSTOPPED(status));
}

static const char *text_of(const struct subprocess_text *text)
{
    CHECK(text->data == NULL || (text->size < text->room && text->data[text->size] == '\0'));
    CHECK((text->data == NULL) == (text->size == 0));
    return text->data == NULL ? "" : text->data;
}

/* What has come so far, its lines separated by blanks. */
static void print_texts(struct subprocess *subprocess)
{
    const struct subprocess_text *texts[] = {&subprocess->output_text, &subprocess->error_text};

    for (int i = 0; i < 2; i++) {
        char *text = strdup(text_of(texts[i]));
        CHECK(text != NULL);
        for (char *line = text; (line = strchr(line, '\n')) != NULL;)
            *line = line[1] == '\0' ? '\0' : ' ';
        printf("%s%s", i == 0 ? "  output: " : "; error: ", text);
        free(text);
    }
    if (subprocess->process.joined)
        printf("; exit code %d", subprocess->process.exit_code);
    else
        printf("; not joined");
}

static char *make_text(size_t size)
{
    char *text = malloc(size);

    CHECK(text != NULL);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 23 + i / 65536 % 3);
    return text;
}

static bool is_text(const struct subprocess_text *text, const char *wanted, size_t size)
{
    return text->size == size && memcmp(text->data, wanted, size) == 0 && text->data[size] == '\0';
}

static bool was_quick(double begin)
{
    return seconds_now() - begin < LONG;
}

/* --- call ---- */

/* call PROGRAM [ARG ...] */
static void call(char **operands)
{
    int descriptors = count_descriptors(), exit_code = 1000;
    sigset_t before, after;

    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &before) == 0);
    if (subprocess_call(operands, &exit_code) == 0)
        printf("exit code %d\n", exit_code);
    else
        printf("%s, a shell gives %d\n", error_name(errno), subprocess_exec_code(errno));
    CHECK(sigprocmask(SIG_BLOCK, NULL, &after) == 0);
    for (int number = 1; number < 32; number++)
        CHECK(sigismember(&before, number) == sigismember(&after, number));
    check_nothing_left(descriptors);
}

/* Not started, nothing to run, ended twice, closed twice. */
static void misuse(char **operands)
{
    char *nothing[] = {NULL};
    struct subprocess unused = {0}, missing = PIPED("exit 0");
    struct subprocess ends = PIPED("echo text; exit 3");
    int exit_code, before = count_descriptors();

    (void)operands;
    SHOW(subprocess_call(nothing, &exit_code));
    SHOW(subprocess_call(NULL, &exit_code));
    SHOW(subprocess_run(&unused, FOREVER));
    SHOW(subprocess_communicate(&unused, 0));
    SHOW(subprocess_end(&unused, 0));
    subprocess_close(&unused);
    subprocess_close(&unused);
    missing.argv = (char *[]){"/no/such/program", NULL};
    SHOW(subprocess_run(&missing, FOREVER));
    SHOW(subprocess_communicate(&missing, FOREVER));
    subprocess_close(&missing);
    CHECK(count_descriptors() == before);
    SHOW(subprocess_run(&ends, FOREVER));
    SHOW(subprocess_run(&ends, FOREVER));
    SHOW(subprocess_communicate(&ends, 0));
    SHOW(subprocess_end(&ends, 0));
    print_texts(&ends);
    printf("\n");
    errno = EDOM;
    subprocess_close(&ends);
    CHECK(errno == EDOM && ends.output_text.data == NULL);
    subprocess_close(&ends);
    SHOW(subprocess_communicate(&ends, 0));
    check_nothing_left(before);
}

static volatile sig_atomic_t caught;

static void reap_any(int number)
{
    caught = number;
    CHECK(waitpid(-1, NULL, 0) != -1);
}

/* A handler of the caller's reaps the program before the library can. What it has printed is there.
 * Of its group nothing is killed: the number could be another's by now. */
static void reaped(char **operands)
{
    struct sigaction action = {.sa_handler = reap_any};
    struct subprocess program = PIPED("sleep 60 & echo $!; kill -USR1 $PPID; exit 3");
    int before = count_descriptors();

    (void)operands;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    open_gate(&gate);
    program.error = (struct subprocess_stream){SUBPROCESS_FILE, gate.hold_end};
    program.group = true;
    SHOW(subprocess_run(&program, FOREVER));
    let_go(&gate);
    printf("signal caught: %s\n", caught == SIGUSR1 ? "yes" : "no");
    SHOW(subprocess_communicate(&program, 0));
    SHOW(subprocess_end(&program, 0));
    pid_t left = (pid_t)strtol(text_of(&program.output_text), NULL, 10);
    errno = EDOM;
    subprocess_close(&program);
    subprocess_close(&program);
    CHECK(errno == EDOM);
    SHOW(gate_opens(&gate, 0.03));
    CHECK(left > 1 && kill(left, SIGKILL) == 0);
    close_gate(&gate);
    check_nothing_left(before);
}

/* --- communicate ---- */

/* Megabytes both ways, and three ways. */
static void bulk(char **operands)
{
    enum { SIZE = 10 << 20, SMALL = 3 << 20 };
    struct subprocess cat = PIPED("cat"), tee = PIPED("tee /dev/stderr");
    char *text = make_text(SIZE);
    int before = count_descriptors();

    (void)operands;
    cat.input.kind = tee.input.kind = SUBPROCESS_PIPE;
    cat.text = tee.text = text;
    cat.text_size = SIZE;
    tee.text_size = SMALL;
    CHECK(subprocess_run(&cat, LONG) == 0 && cat.process.exit_code == 0);
    CHECK(is_text(&cat.output_text, text, SIZE) && cat.error_text.data == NULL);
    CHECK(count_descriptors() == before);
    subprocess_close(&cat);
    CHECK(subprocess_run(&tee, LONG) == 0 && tee.process.exit_code == 0);
    CHECK(is_text(&tee.output_text, text, SMALL) && is_text(&tee.error_text, text, SMALL));
    subprocess_close(&tee);
    free(text);
    printf("all came\n");
    check_nothing_left(before);
}

static void count_signal(int number)
{
    (void)number;
    caught++;
}

/* The program closes its input, or ends, without having read what it is sent. */
static void closes_input(char **operands)
{
    enum { SIZE = 1 << 20 };
    static void (*const actions[])(int) = {SIG_DFL, SIG_IGN, count_signal, SIG_DFL, SIG_DFL};
    char *text = make_text(SIZE);
    int before = count_descriptors(), number;
    sigset_t broken, pending;

    (void)operands;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    for (int i = 0; i < 5; i++) {
        struct sigaction action;
        struct subprocess closes = PIPED("exec <&-; echo closed; kill -STOP $$; exit 4"),
                          ends = PIPED("exit 5");
        bool is_blocked = i >= 3, is_pending = i == 4;
        CHECK(signal(SIGPIPE, actions[i]) != SIG_ERR);
        CHECK(sigprocmask(is_blocked ? SIG_BLOCK : SIG_UNBLOCK, &broken, NULL) == 0);
        CHECK(!is_pending || raise(SIGPIPE) == 0);
        closes.input.kind = ends.input.kind = SUBPROCESS_PIPE;
        closes.text = ends.text = text;
        closes.text_size = ends.text_size = SIZE;
        start_stopping(&closes);
        CHECK(subprocess_communicate(&closes, 0.01) == -1 && errno == ETIMEDOUT);
        CHECK(closes.ends[0] == -1); /* it has been told */
        CHECK(kill(closes.process.pid, SIGCONT) == 0);
        CHECK(subprocess_communicate(&closes, LONG) == 0);
        CHECK(subprocess_run(&ends, LONG) == 0);
        CHECK(closes.process.exit_code == 4 && ends.process.exit_code == 5);
        CHECK(strcmp(text_of(&closes.output_text), "closed\n") == 0);
        subprocess_close(&closes);
        subprocess_close(&ends);
        CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == is_pending);
        CHECK(sigprocmask(SIG_BLOCK, NULL, &pending) == 0);
        CHECK(sigismember(&pending, SIGPIPE) == is_blocked);
        CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == actions[i]);
    }
    CHECK(caught == 0 && sigwait(&broken, &number) == 0);
    free(text);
    check_nothing_left(before);
    printf("the caller lives\n");
}

/* Each call takes what is there; none loses anything. */
static void timeouts(char **operands)
{
    enum { SIZE = 10 << 20 };
    struct subprocess stops = PIPED("echo one; echo two >&2; kill -STOP $$; cat; exit 6");
    struct subprocess cat = PIPED("sleep 0.02; exec cat");
    char *text = make_text(SIZE);
    int before = count_descriptors(), calls = 0;

    (void)operands;
    stops.input.kind = cat.input.kind = SUBPROCESS_PIPE;
    stops.text = "three\n";
    stops.text_size = 6;
    start_stopping(&stops);
    SHOW(subprocess_communicate(&stops, 0));
    print_texts(&stops);
    printf("\n");
    SHOW(subprocess_communicate(&stops, 0.03));
    CHECK(kill(stops.process.pid, SIGCONT) == 0);
    SHOW(subprocess_communicate(&stops, LONG));
    SHOW(subprocess_communicate(&stops, 0));
    print_texts(&stops);
    printf("\n");
    subprocess_close(&stops);

    cat.text = text;
    cat.text_size = SIZE;
    CHECK(subprocess_start(&cat) == 0);
    while (subprocess_communicate(&cat, calls % 2 * 0.001) == -1) {
        CHECK(errno == ETIMEDOUT);
        calls++;
    }
    CHECK(calls > 1 && is_text(&cat.output_text, text, SIZE));
    printf("all came\n");
    subprocess_close(&cat);
    free(text);
    check_nothing_left(before);
}

/* What the program has left behind keeps the pipes open, or even writes to them for ever. */
static void grandchildren(char **operands)
{
    int before = count_descriptors();
    double begin = seconds_now();

    (void)operands;
    for (int group = 0; group < 2; group++) {
        struct subprocess silent = PIPED("sleep 60 & echo $! >&2; echo done"),
                          noisy = PIPED("yes & echo $! >&2; exit 2");
        silent.group = noisy.group = group == 1;
        SHOW(subprocess_run(&silent, LONG));
        printf("%s", text_of(&silent.output_text));
        pid_t left = (pid_t)strtol(text_of(&silent.error_text), NULL, 10);
        CHECK(left > 1);
        if (group == 0)
            SHOW(kill(left, SIGKILL));
        subprocess_close(&silent);
        SHOW(subprocess_run(&noisy, LONG));
        SHOW(noisy.process.exit_code);
        subprocess_close(&noisy); /* without a group, SIGPIPE ends what it has left behind */
    }
    CHECK(was_quick(begin));
    check_nothing_left(before);
}

/* The program has closed its outputs and goes on: its end is what counts. */
static void closes_output(char **operands)
{
    struct subprocess stays = PIPED("exec >&- 2>&-; kill -STOP $$; exit 8");
    int before = count_descriptors();

    (void)operands;
    start_stopping(&stays);
    SHOW(subprocess_communicate(&stays, 0));
    SHOW(subprocess_communicate(&stays, 0.02));
    CHECK(stays.ends[1] == -1 && stays.ends[2] == -1); /* else poll would not wait any more */
    CHECK(kill(stays.process.pid, SIGCONT) == 0);
    SHOW(subprocess_communicate(&stays, LONG));
    print_texts(&stays);
    printf("\n");
    subprocess_close(&stays);
    check_nothing_left(before);
}

/* Somebody kills it while we communicate; and it kills itself. */
static void killed(char **operands)
{
    struct subprocess killed = PIPED("echo text; (kill -KILL $$) & wait"),
                      suicide = PIPED("echo text; kill -ABRT $$");
    int before = count_descriptors();

    (void)operands;
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
    SHOW(subprocess_run(&killed, LONG));
    print_texts(&killed);
    printf("\n");
    SHOW(subprocess_run(&suicide, LONG));
    print_texts(&suicide);
    printf("\n");
    subprocess_close(&killed);
    subprocess_close(&suicide);
    check_nothing_left(before);
}

/* The caller handles signals all the time. */
static void handlers(char **operands)
{
    enum { SIZE = 2 << 20 };
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = count_signal};
    char *text = make_text(SIZE);

    (void)operands;
    CHECK(sigaction(SIGPROF, &action, NULL) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
    for (int i = 0; i < 2; i++) {
        struct subprocess cat = PIPED("sleep 0.05; cat");
        cat.input.kind = SUBPROCESS_PIPE;
        cat.text = text;
        cat.text_size = SIZE;
        caught = 0;
        CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
        if (i == 0)
            CHECK(subprocess_start(&cat) == 0 && subprocess_communicate(&cat, LONG) == 0);
        else
            CHECK(subprocess_run(&cat, LONG) == 0);
        CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
        CHECK(caught > 1 && is_text(&cat.output_text, text, SIZE));
        subprocess_close(&cat);
    }
    printf("all came\n");
    free(text);
}

/* process_join, then communicate; and text that nobody has read. */
static void joined(char **operands)
{
    struct subprocess ends = PIPED("echo one; echo two >&2; exit 9");
    char *text = make_text(1 << 20);
    int before = count_descriptors();

    (void)operands;
    ends.input.kind = SUBPROCESS_PIPE;
    ends.text = text;
    ends.text_size = 1 << 20;
    CHECK(subprocess_start(&ends) == 0 && end(&ends.process) == 9);
    SHOW(subprocess_communicate(&ends, 0));
    print_texts(&ends);
    printf("\n");
    subprocess_close(&ends);
    free(text);
    check_nothing_left(before);
}

/* No memory for what it prints: nothing is lost, and another call goes on; the end is the end. */
static void no_memory(char **operands)
{
    enum { SIZE = 64 << 20, MORE = 16 << 20 };
    struct subprocess prints = PIPED("exec head -c 67108864 /dev/zero"),
                      deaf = PIPED("trap '' TERM; exec cat /dev/zero"),
                      dead = PIPED("exec cat /dev/zero");
    struct rlimit limits, small;
    siginfo_t info;
    char line[64];
    FILE *memory = fopen("/proc/self/statm", "r");
    int before = count_descriptors();

    (void)operands;
    CHECK(getrlimit(RLIMIT_AS, &limits) == 0);
    CHECK(subprocess_start(&prints) == 0 && subprocess_start(&deaf) == 0);
    CHECK(subprocess_start(&dead) == 0);
    if (memory == NULL || fgets(line, sizeof line, memory) == NULL) {
        printf("the memory of a process is read in /proc\n");
        exit(CANNOT);
    }
    small = limits;
    small.rlim_cur = (rlim_t)(strtol(line, NULL, 10) * sysconf(_SC_PAGESIZE) + MORE);
    CHECK(setrlimit(RLIMIT_AS, &small) == 0);
    SHOW(subprocess_communicate(&prints, LONG));
    CHECK(!prints.process.joined && prints.output_text.size > 0);
    SHOW(subprocess_end(&deaf, LONG));
    SHOW(deaf.process.exit_code);
    subprocess_close(&deaf);
    SHOW(subprocess_communicate(&dead, LONG));
    size_t taken = dead.output_text.size;
    CHECK(process_kill(&dead.process) == 0);
    CHECK(waitid(P_PID, (id_t)dead.process.pid, &info, WEXITED | WNOWAIT) == 0);
    SHOW(subprocess_communicate(&dead, LONG)); /* what is still in the pipe */
    CHECK(!dead.process.joined && dead.output_text.size == taken);
    CHECK(setrlimit(RLIMIT_AS, &limits) == 0);
    SHOW(subprocess_communicate(&dead, LONG));
    CHECK(dead.process.exit_code == -SIGKILL && dead.output_text.size > taken);
    subprocess_close(&dead);
    SHOW(subprocess_communicate(&prints, LONG));
    CHECK(prints.output_text.size == SIZE && prints.output_text.data[SIZE] == '\0');
    subprocess_close(&prints);
    check_nothing_left(before - (fclose(memory) == 0));
}

/* The limit is lowered below the four entries that poll is given: it refuses them, in no time. */
static void few_descriptors(char **operands)
{
    struct subprocess prints = PIPED("echo text; exec sleep 60"), loud = PIPED("exec yes");
    struct rlimit limits, small;
    int before = count_descriptors();

    (void)operands;
    loud.group = true;
    CHECK(subprocess_start(&prints) == 0 && subprocess_start(&loud) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limits) == 0);
    small = limits;
    small.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &small) == 0);
    SHOW(subprocess_communicate(&prints, LONG));
    SHOW(subprocess_end(&loud, LONG));
    SHOW(loud.process.exit_code);
    subprocess_close(&prints);
    subprocess_close(&loud);
    CHECK(setrlimit(RLIMIT_NOFILE, &limits) == 0);
    check_nothing_left(before);
}

/* --- the end ---- */

/* The script says when it is ready, and may then stop itself; it keeps the gate open as long as any
 * of its processes lives. */
static void end_one(char **operands)
{
    struct subprocess program = PIPED(operands[0]);
    int before = count_descriptors(), status;
    bool stops = strstr(operands[0], "-STOP") != NULL;
    double begin = seconds_now();

    open_gate(&gate);
    program.group = strcmp(operands[1], "group") == 0;
    program.error = (struct subprocess_stream){SUBPROCESS_FILE, gate.hold_end};
    CHECK(subprocess_start(&program) == 0);
    let_go(&gate);
    wait_ready(&gate);
    if (stops)
        CHECK(waitpid(program.process.pid, &status, WUNTRACED) == program.process.pid);
    if (strcmp(operands[2], "close") == 0) {
        subprocess_close(&program);
    } else {
        CHECK(subprocess_end(&program, strtod(operands[2], NULL)) == 0);
        CHECK(subprocess_end(&program, 0) == 0);
    }
    CHECK(was_quick(begin) && program.process.joined);
    bool all_gone = gate_opens(&gate, program.group ? LONG : 0.02);
    print_texts(&program);
    printf("; %s\n", all_gone ? "all gone" : "one is left");
    if (!all_gone) {
        pid_t left = (pid_t)strtol(text_of(&program.output_text), NULL, 10);
        CHECK(left > 1 && kill(left, SIGKILL) == 0);
    }
    subprocess_close(&program);
    CHECK(close(gate.wait_end) == 0);
    check_nothing_left(before);
}

/* ends (SCRIPT alone|group PATIENCE|close) ... */
static void ends(char **operands)
{
    for (; *operands != NULL; operands += 3)
        end_one(operands);
}

/* --- run ---- */

/* Returns whether it has ended, or printed its text until then: a busy machine may need longer. */
static bool has_run(const char *script, bool group, double limit)
{
    struct subprocess program = PIPED(script);

    program.group = group;
    int result = subprocess_run(&program, limit), error = errno;
    bool done = result == 0 || error != ETIMEDOUT || program.output_text.size > 0 || limit > LONG;
    if (done) {
        printf("%s\n", script);
        errno = error;
        show("subprocess_run", result);
        print_texts(&program);
        printf("\n");
    }
    subprocess_close(&program);
    return done;
}

static void run(char **operands)
{
    static const char *const scripts[] = {
        "echo more >&2; echo text; exec sleep 60",
        "trap 'echo bye; exit 4' TERM; echo text; while :; do sleep 0.01; done",
        "trap '' TERM; echo text; exec sleep 60",
        "echo text; sleep 60 & sleep 60",
        "trap '' TERM; echo text; sleep 60 & sleep 60",
        "echo text; kill -STOP $$"};
    int before = count_descriptors();
    double begin = seconds_now();

    (void)operands;
    CHECK(has_run("echo text; exit 3", false, LONG));
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        for (int hundredths = 5; !has_run(scripts[i], i > 1, hundredths / 100.0); hundredths *= 4)
            ;
    CHECK(was_quick(begin));
    check_nothing_left(before);
}

/* A signal that the caller has blocked is not for the program; nor for run to take. */
static void blocked(char **operands)
{
    struct subprocess program = PIPED("sleep 0.05; exit 3");
    sigset_t ends, pending;

    (void)operands;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    CHECK(sigprocmask(SIG_BLOCK, &ends, NULL) == 0 && raise(SIGINT) == 0);
    SHOW(subprocess_run(&program, LONG));
    SHOW(program.process.exit_code);
    subprocess_close(&program);
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 1);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &pending) == 0 && sigismember(&pending, SIGINT) == 1);
}

/* --- signals while the caller waits ---- */

static const char *caller_does, *program_does, *how;

static void catch (int number)
{
    caught = number;
}

/* Becomes the leader of a group, as if from a shell, and has the gate as descriptor 0. */
static void become_caller(void (*action)(int), int number)
{
    CHECK(setpgid(0, 0) == 0);
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
    CHECK(signal(number, action) != SIG_ERR);
    CHECK(dup2(gate.hold_end, STDIN_FILENO) == STDIN_FILENO);
    let_go(&gate);
}

static int caller(void *number)
{
    char *argv[] = {SELF, "stay", (char *)program_does, NULL, NULL};
    struct subprocess subprocess = {.argv = argv};

    become_caller(strcmp(caller_does, "handles") == 0   ? catch
                  : strcmp(caller_does, "ignores") == 0 ? SIG_IGN
                                                        : SIG_DFL,
                  *(int *)number);
    if (strcmp(how, "call") == 0) {
        CHECK(subprocess_call(argv, &subprocess.process.exit_code) == 0);
    } else {
        subprocess.output.kind = subprocess.error.kind = SUBPROCESS_PIPE;
        subprocess.group = strcmp(how, "group") == 0;
        argv[3] = subprocess.group ? "and its child" : NULL;
        CHECK(subprocess_run(&subprocess, FOREVER) == 0);
        subprocess_close(&subprocess);
    }
    say("the caller caught signal %d, the program's exit code is %d", (int)caught,
        subprocess.process.exit_code);
    return 5;
}

/* The next pid that one who holds the gate has written. */
static pid_t read_pid(void)
{
    char text[32] = "";
    struct pollfd told = {.fd = gate.wait_end, .events = POLLIN};

    CHECK(poll(&told, 1, LONG * 1000) == 1);
    for (size_t i = 0; i < sizeof text - 1 && (i == 0 || text[i - 1] != '\n'); i++)
        CHECK(read(gate.wait_end, text + i, 1) == 1);
    return (pid_t)strtol(text, NULL, 10);
}

static void interrupt_one(char **operands)
{
    int number = (int)cli_number("SIGNAL", operands[0], 1, 31);
    bool to_group = strcmp(operands[1], "group") == 0;
    struct process process;

    caller_does = operands[2];
    program_does = operands[3];
    how = operands[4];
    open_gate(&gate);
    start(&process, caller, &number);
    let_go(&gate);
    pid_t program = read_pid();
    if (strcmp(how, "group") == 0)
        read_pid();
    CHECK(kill(to_group ? -process.pid : process.pid, number) == 0);
    if (strcmp(caller_does, "ignores") == 0) {
        CHECK(!gate_opens(&gate, 0.15)); /* longer than it takes to look */
        say("it goes on");
        CHECK(process_is_alive(&process) && kill(program, SIGUSR1) == 0);
    }
    printf("the caller: %d\n", end(&process));
    /* what is killed as the group of a program that has ended is gone only a little later */
    bool opens = gate_opens(&gate, strcmp(how, "group") == 0 ? LONG : 0);
    printf("the program %s\n", opens ? "ended before" : "lives on");
    CHECK(close(gate.wait_end) == 0);
}

/* interrupted (SIGNAL WHO CALLER PROGRAM HOW) ...: WHO gets it: caller, group; CALLER dies, handles
 * or ignores it, PROGRAM is default, handler, deaf or inherit (what it got from the caller); HOW is
 * call, pipes (run with pipes), or group (run in a group, with a child). */
static void interrupted(char **operands)
{
    for (; *operands != NULL; operands += 5)
        interrupt_one(operands);
}

/* The program is stopped and goes on: the caller waits on, and still hears signals. */
static void stopped(char **operands)
{
    struct process process;
    int number = SIGINT;

    (void)operands;
    caller_does = "dies";
    program_does = "default";
    how = "call";
    open_gate(&gate);
    start(&process, caller, &number);
    let_go(&gate);
    pid_t program = read_pid();
    CHECK(kill(program, SIGSTOP) == 0);
    SHOW(process_join(&process, 0.05));
    CHECK(kill(program, SIGCONT) == 0);
    SHOW(process_join(&process, 0.05));
    CHECK(kill(program, SIGSTOP) == 0);
    CHECK(kill(process.pid, SIGINT) == 0);
    printf("the caller: %d\n", end(&process));
    printf("the program %s\n", gate_opens(&gate, 0) ? "ended before" : "lives on");
}

/* --- several side by side ---- */

enum { SEVERAL = 4 };

/* Programs of which one is deaf, and one has not started. */
static int call_several(void *number)
{
    static char *programs[SEVERAL][4] = {{SELF, "stay", "default"},
                                         {"/no/such/program"},
                                         {SELF, "stay", "deaf"},
                                         {SELF, "stay", "handler"}};
    struct subprocess several[SEVERAL];
    struct subprocess_signals signals;

    become_caller(catch, *(int *)number);
    subprocess_hold_signals(&signals);
    for (int i = 0; i < SEVERAL; i++) {
        several[i] = (struct subprocess){.argv = programs[i]};
        CHECK((subprocess_start(&several[i]) == 0) == (i != 1));
    }
    CHECK(subprocess_wait_all(several, SEVERAL, &signals) == 0);
    say("came %d, caught %d: exit codes %d, %d, %d", signals.came, (int)caught,
        several[0].process.exit_code, several[2].process.exit_code, several[3].process.exit_code);
    subprocess_release_signals(&signals);
    say("caught %d", (int)caught);
    CHECK(signal(*(int *)number, SIG_DFL) != SIG_ERR);
    return 5;
}

static void wait_all(char **operands)
{
    struct process process;
    struct subprocess quick[3];
    struct subprocess_signals signals;
    int number = SIGTERM, before = count_descriptors();

    (void)operands;
    quick[0] = (struct subprocess){.argv = (char *[]){"sh", "-c", "exit 1", NULL}};
    quick[1] = (struct subprocess){0};
    quick[2] = (struct subprocess){.argv = (char *[]){"sh", "-c", "exit 2", NULL}};
    subprocess_hold_signals(&signals);
    CHECK(subprocess_start(&quick[0]) == 0 && subprocess_start(&quick[2]) == 0);
    SHOW(subprocess_wait_all(quick, 3, &signals));
    SHOW(subprocess_wait_all(quick, 3, &signals));
    subprocess_release_signals(&signals);
    say("came %d: exit codes %d, %d", signals.came, quick[0].process.exit_code,
        quick[2].process.exit_code);

    open_gate(&gate);
    start(&process, call_several, &number);
    let_go(&gate);
    for (int i = 1; i < SEVERAL; i++)
        read_pid();
    CHECK(kill(process.pid, number) == 0);
    say("the caller: %d", end(&process));
    CHECK(gate_opens(&gate, 0) && close(gate.wait_end) == 0);
    check_nothing_left(before);
}

/* One of them has been reaped by somebody else: the others are waited for all the same. */
static void wait_all_but_one(char **operands)
{
    struct subprocess several[2];
    struct subprocess_signals signals;

    (void)operands;
    several[0] = several[1] = (struct subprocess){.argv = (char *[]){"sh", "-c", "exit 2", NULL}};
    subprocess_hold_signals(&signals);
    CHECK(subprocess_start(&several[0]) == 0 && subprocess_start(&several[1]) == 0);
    CHECK(waitpid(several[0].process.pid, NULL, 0) == several[0].process.pid);
    SHOW(subprocess_wait_all(several, 2, &signals));
    SHOW(several[1].process.exit_code);
    subprocess_release_signals(&signals);
}

/* A signal that comes before the first has started; and one that comes after all have ended. */
static void held(char **operands)
{
    struct subprocess sleeps = {.argv = (char *[]){"sleep", "60", NULL}},
                      ends_first = {.argv = (char *[]){"sh", "-c", "exit 3", NULL}};
    struct subprocess_signals signals;
    siginfo_t info;

    (void)operands;
    CHECK(signal(SIGTERM, catch) != SIG_ERR && signal(SIGINT, SIG_IGN) != SIG_ERR);
    subprocess_hold_signals(&signals);
    CHECK(raise(SIGTERM) == 0 && raise(SIGINT) == 0 && caught == 0);
    SHOW(subprocess_start(&sleeps));
    SHOW(subprocess_wait_all(&sleeps, 1, &signals));
    printf("came %d: exit code %d\n", signals.came, sleeps.process.exit_code);
    errno = EDOM;
    subprocess_release_signals(&signals);
    CHECK(errno == EDOM);
    SHOW(caught);

    CHECK(signal(SIGTERM, catch) != SIG_ERR); /* once more: it is for one signal */
    subprocess_hold_signals(&signals);
    CHECK(subprocess_start(&ends_first) == 0);
    CHECK(waitid(P_PID, (id_t)ends_first.process.pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK(raise(SIGTERM) == 0);
    SHOW(subprocess_wait_all(&ends_first, 1, &signals));
    printf("came %d: exit code %d\n", signals.came, ends_first.process.exit_code);
    subprocess_release_signals(&signals);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"stay", ANY, stay},
                                                {"change_group", 1, change_group},
                                                {"call", ANY, call},
                                                {"misuse", 0, misuse},
                                                {"reaped", 0, reaped},
                                                {"bulk", 0, bulk},
                                                {"closes_input", 0, closes_input},
                                                {"timeouts", 0, timeouts},
                                                {"grandchildren", 0, grandchildren},
                                                {"closes_output", 0, closes_output},
                                                {"killed", 0, killed},
                                                {"handlers", 0, handlers},
                                                {"joined", 0, joined},
                                                {"no_memory", 0, no_memory},
                                                {"few_descriptors", 0, few_descriptors},
                                                {"ends", ANY, ends},
                                                {"run", 0, run},
                                                {"blocked", 0, blocked},
                                                {"interrupted", ANY, interrupted},
                                                {"stopped", 0, stopped},
                                                {"wait_all", 0, wait_all},
                                                {"wait_all_but_one", 0, wait_all_but_one},
                                                {"held", 0, held},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
