/* Drives lib/launch.c for lib/launch.bats. It also is the program that is run: then it says what it
 * got. */
#include "driver.h"

#include "beyond.h"
#include "io.h"
#include "pool.h"
#include "queue.h"
#include "subprocess.h"

#define SELF "build/test/launch_test"

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
    printf("%d signals blocked; PIPE %s, XFSZ %s, INT %s, TERM %s\n", count, action_name(SIGPIPE),
           action_name(SIGXFSZ), action_name(SIGINT), action_name(SIGTERM));
}

/* Writes down what each of its standard streams is. Not by way of cli, which fills up those that
 * are closed: its exit code tells which are open. */
static int mark_streams(void)
{
    char output[2] = {'o'};
    int open = 0;

    if (read(STDIN_FILENO, output + 1, 1) != 1)
        output[1] = '-';
    for (int i = 0; i < 3; i++)
        open |= fcntl(i, F_GETFD) != -1 ? 1 << i : 0;
    for (int i = 3; i < 64; i++)
        open |= fcntl(i, F_GETFD) != -1 ? 8 : 0;
    if (open & 2 && write(1, output, 2) != 2)
        open |= 16;
    if (open & 4 && write(2, "e", 1) != 1)
        open |= 32;
    return open;
}

/* --- scenarios ---- */

/* Runs what is described, which prints to the caller's own streams. */
static void print_result(struct subprocess *subprocess)
{
    int before = count_descriptors();
    sigset_t mask_before, mask_after;

    CHECK(sigprocmask(SIG_BLOCK, NULL, &mask_before) == 0);
    if (subprocess_start(subprocess) == 0)
        printf("exit code %d\n", end(&subprocess->process));
    else
        printf("%s, a shell gives %d\n", error_name(errno), subprocess_exec_code(errno));
    subprocess_close(subprocess);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &mask_after) == 0);
    for (int number = 1; number < 32; number++)
        CHECK(sigismember(&mask_before, number) == sigismember(&mask_after, number));
    CHECK(count_descriptors() == before);
}

static void print_start(char *const argv[])
{
    print_result(&(struct subprocess){.argv = argv});
}

/* Runs it with its output in a pipe, and prints that, indented. */
static void print_output(struct subprocess *subprocess)
{
    subprocess->output.kind = SUBPROCESS_PIPE;
    if (subprocess_run(subprocess, LONG) == -1)
        printf("%s\n", error_name(errno));
    else
        printf("%d: %s", subprocess->process.exit_code,
               subprocess->output_text.data == NULL ? "\n" : subprocess->output_text.data);
    subprocess_close(subprocess);
}

/* launch PROGRAM [ARG ...] */
static void launch(char **operands)
{
    print_start(operands);
    check_nothing_left(count_descriptors());
}

static void misuse(char **operands)
{
    char *nothing[] = {NULL}, *stops[] = {"sh", "-c", "kill -STOP $$; exit 4", NULL};
    struct subprocess subprocess = {0};
    int status, before = count_descriptors();

    (void)operands;
    SHOW(subprocess_start(&subprocess));
    subprocess.argv = nothing;
    SHOW(subprocess_start(&subprocess));
    SHOW(process_join(&subprocess.process, 0));
    subprocess.argv = stops;
    subprocess.input.kind = SUBPROCESS_OUTPUT;
    SHOW(subprocess_start(&subprocess));
    subprocess.input.kind = SUBPROCESS_INHERIT;
    subprocess.output.kind = SUBPROCESS_OUTPUT;
    SHOW(subprocess_start(&subprocess));
    subprocess.output.kind = (enum subprocess_kind)77;
    SHOW(subprocess_start(&subprocess));
    subprocess.output = (struct subprocess_stream){SUBPROCESS_FILE, 1000};
    SHOW(subprocess_start(&subprocess));
    subprocess.output.descriptor = -1;
    SHOW(subprocess_start(&subprocess));
    subprocess.output = (struct subprocess_stream){0};
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
    print_start((char *[]){"true", argument, NULL});
    free(argument);
}

/* The caller's environment, one of its own, and none at all. The PATH is the caller's. */
static void environment(char **operands)
{
    char *echo[] = {"sh", "-c", "echo \"${SUBPROCESS_TEST-unset}\"", NULL};

    (void)operands;
    CHECK(setenv("SUBPROCESS_TEST", "a b", 1) == 0);
    print_output(&(struct subprocess){.argv = echo});
    CHECK(unsetenv("SUBPROCESS_TEST") == 0);
    print_output(&(struct subprocess){.argv = echo});
    print_output(&(struct subprocess){
        .argv = (char *[]){"env", NULL},
        .environment = (char *[]){"A=1", "PATH=/nonexistent", "B= two\nlines", NULL}});
    print_output(
        &(struct subprocess){.argv = (char *[]){"env", NULL}, .environment = (char *[]){NULL}});
    CHECK(setenv("PATH", "/nonexistent", 1) == 0);
    print_output(&(struct subprocess){.argv = (char *[]){"env", NULL},
                                      .environment = (char *[]){"PATH=/usr/bin:/bin", NULL}});
}

/* directory PLACE: in which there is a program `here`; there is none in the caller's directory. */
static void directories(char **operands)
{
    char caller[1000], after[1000], program[1000];
    char *pwd[] = {"sh", "-c", "pwd -P", NULL};

    CHECK(getcwd(caller, sizeof caller) != NULL);
    print_output(&(struct subprocess){.argv = pwd, .directory = operands[0]});
    print_output(&(struct subprocess){.argv = pwd, .directory = "/"});
    print_output(
        &(struct subprocess){.argv = (char *[]){"./here", NULL}, .directory = operands[0]});
    print_output(&(struct subprocess){.argv = (char *[]){"./here", NULL}});
    print_output(&(struct subprocess){.argv = (char *[]){SELF, "tell_descriptors", NULL},
                                      .directory = operands[0]});
    print_output(&(struct subprocess){.argv = pwd, .directory = "/no/such/directory"});
    snprintf(program, sizeof program, "%s/here", operands[0]);
    print_output(&(struct subprocess){.argv = pwd, .directory = program});
    print_output(&(struct subprocess){.argv = (char *[]){program, NULL}, .directory = "/"});
    CHECK(getcwd(after, sizeof after) != NULL && strcmp(caller, after) == 0);
}

static void catch_nothing(int number)
{
    (void)number;
}

static void signals(char **operands)
{
    sigset_t all, before;

    (void)operands;
    sigfillset(&all);
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK(signal(SIGINT, SIG_IGN) != SIG_ERR && signal(SIGTERM, catch_nothing) != SIG_ERR);
    CHECK(sigprocmask(SIG_BLOCK, &all, &before) == 0);
    print_start((char *[]){SELF, "tell_signals", NULL});
    print_start((char *[]){"grep", "^SigBlk", "/proc/self/status", NULL});
    CHECK(sigprocmask(SIG_BLOCK, NULL, &all) == 0);
    printf("the caller's own: USR1 %s, PIPE %s, INT %s\n",
           sigismember(&all, SIGUSR1) ? "blocked" : "free", action_name(SIGPIPE),
           action_name(SIGINT));
}

/* The caller's own descriptors are closed in it, whether they are marked to be or not. */
static void inherited(char **operands)
{
    int kept = open("/dev/null", O_RDWR);

    (void)operands;
    CHECK(kept != -1 && fcntl(kept, F_DUPFD, 200) == 200);
    struct queue *queue = queue_open(4, 4);
    struct pool *pool = pool_open(&(struct pool_options){.workers = 2});
    CHECK(queue != NULL && pool != NULL);
    print_start((char *[]){SELF, "tell_descriptors", NULL});
    CHECK(pool_join(pool) == 0);
    queue_close(queue);
}

static void sigchld(char **operands)
{
    (void)operands;
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    print_start((char *[]){"sh", "-c", "exit 3", NULL});
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    print_start((char *[]){"sh", "-c", "kill -KILL $$", NULL});
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    print_start((char *[]){"/nonexistent/program", NULL});
}

static void flushed(char **operands)
{
    (void)operands;
    printf("before\n");
    print_start((char *[]){"echo", "program", NULL});
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
    static const struct {
        int error;
        const char *name;
    } errors[] = {
        {ENOENT, "ENOENT"},   {EACCES, "EACCES"}, {ENOEXEC, "ENOEXEC"}, {E2BIG, "E2BIG"},
        {ENOTDIR, "ENOTDIR"}, {EPERM, "EPERM"},   {EAGAIN, "EAGAIN"},   {ENOMEM, "ENOMEM"},
        {EMFILE, "EMFILE"},   {ENFILE, "ENFILE"}, {EBADF, "EBADF"},     {ENOSPC, "ENOSPC"},
        {EINVAL, "EINVAL"},   {ECHILD, "ECHILD"}, {EINTR, "EINTR"},     {EFBIG, "EFBIG"},
        {EIO, "EIO"},         {EDQUOT, "EDQUOT"}, {EPIPE, "EPIPE"}};

    (void)operands;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        printf("%s %d\n", errors[i].name, subprocess_exec_code(errors[i].error));
}

/* Each of several that run at the same time has its own exit code, whoever is joined first. */
static void several(char **operands)
{
    enum { COUNT = 10 };
    struct subprocess subprocesses[COUNT];
    char text[COUNT][16];
    int before = count_descriptors(), right = 0;

    (void)operands;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text[i], sizeof text[i], "exit %d", i);
        subprocesses[i] = (struct subprocess){.argv = (char *[]){"sh", "-c", text[i], NULL}};
        CHECK(subprocess_start(&subprocesses[i]) == 0);
    }
    for (int i = COUNT; i-- > 0;)
        right += end(&subprocesses[i].process) == i;
    printf("%d of %d exit codes\n", right, COUNT);
    check_nothing_left(before);
}

/* As a user who may have no other process. */
static void limit(char **operands)
{
    struct subprocess subprocess = {.argv = (char *[]){"true", NULL},
                                    .input.kind = SUBPROCESS_PIPE,
                                    .output.kind = SUBPROCESS_PIPE};

    (void)operands;
    print_result(&subprocess);
}

/* --- the standard streams ---- */

static int make_file(const char *content)
{
    int file = beyond_memory_file();

    CHECK(file != -1 && io_write(file, content, strlen(content)) == 0);
    CHECK(lseek(file, 0, SEEK_SET) == 0);
    return file;
}

/* What was written to a file since it was made, or in the pipe; empties it. */
static const char *content_of(int file, size_t before)
{
    static char content[64];

    ssize_t got = pread(file, content, sizeof content - 1, (off_t)before);
    CHECK(got >= 0 && ftruncate(file, (off_t)before) == 0);
    CHECK(lseek(file, 0, SEEK_SET) == 0);
    content[got] = '\0';
    return content;
}

static const char *text_of(const struct subprocess_text *text)
{
    CHECK(text->data == NULL || (text->size < text->room && text->data[text->size] == '\0'));
    CHECK((text->data == NULL) == (text->size == 0));
    return text->data == NULL ? "" : text->data;
}

enum { INPUT, OUTPUT, ERROR, STREAMS, KEPT = 50 };

/* Each kind of stream for each stream: all combinations. The program says what it has read and
 * where it has written. */
static void kinds(char **operands)
{
    static const char *const inputs[] = {"i", "-", "p", "f"}; /* in the order of the kinds */
    int own[STREAMS], given[STREAMS], before = count_descriptors(), combinations = 0;

    (void)operands;
    for (int i = 0; i < STREAMS; i++) {
        own[i] = make_file(i == INPUT ? "i" : "");
        given[i] = make_file(i == INPUT ? "f" : "");
        CHECK(dup2(i, KEPT + i) == KEPT + i && dup2(own[i], i) == i);
    }
    for (unsigned all = 0; all < 4 * 4 * 5; all++) {
        enum subprocess_kind input = all % 4, output = all / 4 % 4, error = all / 16;
        struct subprocess subprocess = {.argv = (char *[]){SELF, "mark_streams", NULL},
                                        .input = {input, given[INPUT]},
                                        .output = {output, given[OUTPUT]},
                                        .error = {error, given[ERROR]},
                                        .text = "p",
                                        .text_size = 1};
        char wanted[3][8] = {{0}};
        snprintf(wanted[OUTPUT], 8, "o%s%s", inputs[input], error == SUBPROCESS_OUTPUT ? "e" : "");
        snprintf(wanted[ERROR], 8, "%s", error == SUBPROCESS_OUTPUT ? "" : "e");
        CHECK(subprocess_run(&subprocess, LONG) == 0);
        CHECK(subprocess.process.exit_code == 7);
        for (int i = OUTPUT; i <= ERROR; i++) {
            enum subprocess_kind kind = i == OUTPUT ? output : error;
            const struct subprocess_text *text =
                i == OUTPUT ? &subprocess.output_text : &subprocess.error_text;
            CHECK(strcmp(content_of(own[i], 0), kind == SUBPROCESS_INHERIT ? wanted[i] : "") == 0);
            CHECK(strcmp(content_of(given[i], 0), kind == SUBPROCESS_FILE ? wanted[i] : "") == 0);
            CHECK(strcmp(text_of(text), kind == SUBPROCESS_PIPE ? wanted[i] : "") == 0);
        }
        CHECK(lseek(own[INPUT], 0, SEEK_SET) == 0 && lseek(given[INPUT], 0, SEEK_SET) == 0);
        subprocess_close(&subprocess);
        combinations++;
    }
    for (int i = 0; i < STREAMS; i++) {
        CHECK(dup2(KEPT + i, i) == i && close(KEPT + i) == 0);
        CHECK(close(own[i]) == 0 && close(given[i]) == 0);
    }
    check_nothing_left(before);
    printf("%d combinations\n", combinations);
}

/* The caller gives its own 0, 1, 2 and another one, each to each stream, in all orders, also with
 * FD_CLOEXEC: each file must have in it what was written to the streams that it was given for. */
static void swapped(char **operands)
{
    enum { FILES = 4 };
    int numbers[FILES] = {0, 1, 2, KEPT - 1}, copies[FILES], before = count_descriptors();

    (void)operands;
    for (int i = 0; i < FILES; i++) {
        char id[2] = {(char)('0' + i), '\0'};
        copies[i] = make_file(id);
        CHECK(i == 3 || dup2(i, KEPT + i) == KEPT + i);
        CHECK(dup2(copies[i], numbers[i]) == numbers[i]);
    }
    for (int all = 0; all < FILES * FILES * FILES; all++) {
        int of[STREAMS] = {all % FILES, all / FILES % FILES, all / FILES / FILES};
        struct subprocess subprocess = {.argv = (char *[]){SELF, "mark_streams", NULL},
                                        .input = {SUBPROCESS_FILE, numbers[of[INPUT]]},
                                        .output = {SUBPROCESS_FILE, numbers[of[OUTPUT]]},
                                        .error = {SUBPROCESS_FILE, numbers[of[ERROR]]}};
        for (int i = 0; i < FILES; i++) {
            CHECK(fcntl(numbers[i], F_SETFD, all % 2 ? FD_CLOEXEC : 0) == 0);
            CHECK(lseek(numbers[i], i == of[INPUT] ? 0 : 1, SEEK_SET) != -1);
        }
        CHECK(subprocess_start(&subprocess) == 0 && end(&subprocess.process) == 7);
        for (int i = 0; i < FILES; i++) {
            char wanted[8] = "";
            size_t size = 0;
            if (i == of[OUTPUT]) {
                wanted[size++] = 'o';
                wanted[size++] = "0123"[of[INPUT]];
            }
            if (i == of[ERROR])
                wanted[size] = 'e';
            CHECK(strcmp(content_of(copies[i], 1), wanted) == 0);
        }
        subprocess_close(&subprocess);
    }
    for (int i = 0; i < FILES; i++) {
        CHECK(i == 3 || (dup2(KEPT + i, i) == i && close(KEPT + i) == 0));
        CHECK(close(copies[i]) == 0);
    }
    CHECK(close(numbers[3]) == 0);
    check_nothing_left(before);
    printf("all orders\n");
}

/* Some of the caller's own 0, 1, 2 are closed: all combinations, with pipes, with files, and
 * inherited, when they are closed in the program, too. Afterwards they still are in the caller. */
static void closed(char **operands)
{
    int before = count_descriptors();

    (void)operands;
    for (int i = 0; i < STREAMS; i++)
        CHECK(dup2(i, KEPT + i) == KEPT + i);
    for (int mask = 1; mask < 8; mask++) {
        int input = make_file("f"), output = make_file("");
        int high_input = fcntl(input, F_DUPFD, KEPT), high_output = fcntl(output, F_DUPFD, KEPT);
        CHECK(high_input >= KEPT && high_output >= KEPT && close(input) == 0 && close(output) == 0);
        struct subprocess piped = {.argv = (char *[]){SELF, "mark_streams", NULL},
                                   .input.kind = SUBPROCESS_PIPE,
                                   .output.kind = SUBPROCESS_PIPE,
                                   .error.kind = SUBPROCESS_PIPE,
                                   .text = "p",
                                   .text_size = 1};
        struct subprocess to_files = {.argv = piped.argv,
                                      .input = {SUBPROCESS_FILE, high_input},
                                      .output = {SUBPROCESS_FILE, high_output},
                                      .error.kind = SUBPROCESS_OUTPUT};
        struct subprocess inherits = {.argv = piped.argv};
        struct subprocess last = {.argv = piped.argv,
                                  .input.kind = SUBPROCESS_NULL,
                                  .output.kind = SUBPROCESS_NULL,
                                  .error.kind = SUBPROCESS_PIPE};
        struct subprocess last_file = last;
        last_file.error = (struct subprocess_stream){SUBPROCESS_FILE, high_output};
        for (int i = 0; i < STREAMS; i++)
            if (mask & 1 << i)
                CHECK(close(i) == 0);
            else
                CHECK(dup2(high_output, i) == i);
        int open_before = count_descriptors();
        CHECK(subprocess_start(&piped) == 0);
        for (int i = 0; i < STREAMS; i++) /* else the caller's own output would go there */
            CHECK(piped.ends[i] >= STREAMS);
        CHECK(subprocess_communicate(&piped, LONG) == 0);
        CHECK(subprocess_run(&to_files, LONG) == 0);
        CHECK(strcmp(content_of(high_output, 0), "ofe") == 0);
        CHECK(subprocess_run(&inherits, LONG) == 0);
        content_of(high_output, 0);
        CHECK(subprocess_run(&last, LONG) == 0);
        CHECK(subprocess_run(&last_file, LONG) == 0);
        CHECK(strcmp(content_of(high_output, 0), "e") == 0);
        CHECK(count_descriptors() == open_before);
        for (int i = 0; i < STREAMS; i++)
            CHECK((fcntl(i, F_GETFD) == -1) == ((mask & 1 << i) != 0));
        CHECK(piped.process.exit_code == 7 && to_files.process.exit_code == 7);
        CHECK(strcmp(text_of(&piped.output_text), "op") == 0);
        CHECK(strcmp(text_of(&piped.error_text), "e") == 0);
        CHECK(inherits.process.exit_code == (7 & ~mask));
        CHECK(last.process.exit_code == 7);
        CHECK(strcmp(text_of(&last.error_text), "e") == 0);
        subprocess_close(&piped);
        subprocess_close(&last);
        CHECK(close(high_input) == 0 && close(high_output) == 0);
        for (int i = 0; i < STREAMS; i++)
            CHECK(dup2(KEPT + i, i) == i);
    }
    for (int i = 0; i < STREAMS; i++)
        CHECK(close(KEPT + i) == 0);
    check_nothing_left(before);
    printf("whichever is closed\n");
}

/* Takes all descriptors but so many. */
static void leave_descriptors(int free_ones, int used[], int *count)
{
    *count = 0;
    while (*count < 256 && (used[*count] = dup(0)) != -1)
        ++*count;
    CHECK(*count > free_ones && errno == EMFILE);
    while (free_ones-- > 0)
        CHECK(close(used[--*count]) == 0);
}

/* There are descriptors for a pipe, but only those of the caller's own 0 and 1, which it has
 * closed: that is too few as well. `spare` is another descriptor, which is of no use to anybody. */
static void refuse_low_pipes(int spare)
{
    int before = count_descriptors();

    CHECK(dup2(1, spare) == spare && close(0) == 0 && close(1) == 0);
    for (int number = 0; number < STREAMS; number++) {
        struct subprocess subprocess = {.argv = (char *[]){"true", NULL}};
        struct subprocess_stream *streams[] = {&subprocess.input, &subprocess.output,
                                               &subprocess.error};
        streams[number]->kind = SUBPROCESS_PIPE;
        CHECK(subprocess_start(&subprocess) == -1 && errno == EMFILE);
        CHECK(subprocess.process.pid == 0 && subprocess.ends[number] == -1);
        CHECK(fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1);
    }
    CHECK(open("/dev/null", O_RDONLY) == 0 && dup2(spare, 1) == 1);
    CHECK(count_descriptors() == before);
}

/* Two pipes and a copy need so many descriptors, and are all or nothing. */
static void few_descriptors(char **operands)
{
    struct rlimit limits;
    int before = count_descriptors(), used[256], count, free_ones = 0;
    bool started = false;

    (void)operands;
    CHECK(getrlimit(RLIMIT_NOFILE, &limits) == 0);
    limits.rlim_cur = 64;
    CHECK(setrlimit(RLIMIT_NOFILE, &limits) == 0);
    for (; !started; free_ones++) {
        struct subprocess subprocess = {.argv = (char *[]){"cat", NULL},
                                        .input.kind = SUBPROCESS_PIPE,
                                        .output.kind = SUBPROCESS_PIPE,
                                        .error = {SUBPROCESS_FILE, 2},
                                        .text = "text",
                                        .text_size = 4};
        CHECK(free_ones < 32);
        leave_descriptors(free_ones, used, &count);
        started = subprocess_start(&subprocess) == 0;
        CHECK(started || (errno == EMFILE && subprocess.process.pid == 0));
        CHECK(started || count_descriptors() == before + count);
        if (started) { /* and now there is none left to wait with */
            for (int more; (more = dup(0)) != -1;)
                used[count++] = more;
            CHECK(subprocess_communicate(&subprocess, LONG) == 0);
            CHECK(strcmp(text_of(&subprocess.output_text), "text") == 0);
        }
        subprocess_close(&subprocess);
        while (count > 0)
            CHECK(close(used[--count]) == 0);
        check_nothing_left(before);
    }
    struct subprocess sleeps = {.argv = (char *[]){"sleep", "0.02", NULL}};
    CHECK(subprocess_start(&sleeps) == 0);
    leave_descriptors(0, used, &count);
    double begin = seconds_now();
    CHECK(subprocess_communicate(&sleeps, LONG) == 0);
    CHECK(seconds_now() - begin < LONG / 2.0); /* it looks often enough */
    refuse_low_pipes(used[0]);
    while (count > 0)
        CHECK(close(used[--count]) == 0);
    check_nothing_left(before);
    CHECK(free_ones > 5); /* C libraries differ in how many more they need */
    printf("all or nothing\n");
}

/* Each of these could keep the other's standard input open, and would then wait for ever. */
static void side_by_side(char **operands)
{
    enum { COUNT = 4 };
    struct subprocess cats[COUNT];
    int before = count_descriptors();

    (void)operands;
    for (int i = 0; i < COUNT; i++) {
        cats[i] = (struct subprocess){.argv = (char *[]){"cat", NULL},
                                      .input.kind = SUBPROCESS_PIPE,
                                      .output.kind = SUBPROCESS_PIPE,
                                      .text = "abcd",
                                      .text_size = (size_t)i};
        CHECK(subprocess_start(&cats[i]) == 0);
    }
    for (int i = 0; i < COUNT; i++) {
        CHECK(subprocess_communicate(&cats[i], LONG) == 0 && cats[i].process.exit_code == 0);
        printf("'%s'\n", text_of(&cats[i].output_text));
        subprocess_close(&cats[i]);
    }
    check_nothing_left(before);
}

/* With nothing to send, the end of the file is there without anybody's help. */
static void no_text(char **operands)
{
    struct subprocess cat = {.argv = (char *[]){"cat", NULL}, .input.kind = SUBPROCESS_PIPE};

    (void)operands;
    CHECK(subprocess_start(&cat) == 0);
    printf("exit code %d\n", end(&cat.process));
    subprocess_close(&cat);
}

static void group(char **operands)
{
    struct subprocess stays = {.argv = (char *[]){"sleep", "60", NULL}},
                      leads = {.argv = stays.argv, .group = true};

    (void)operands;
    CHECK(subprocess_start(&stays) == 0 && subprocess_start(&leads) == 0);
    printf("%s group\n", getpgid(stays.process.pid) == getpgrp() ? "our" : "another");
    printf("%s group\n", getpgid(leads.process.pid) == leads.process.pid ? "its own" : "another");
    subprocess_close(&stays);
    subprocess_close(&leads);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"tell_arguments", ANY, tell_arguments},
                                                {"tell_descriptors", 0, tell_descriptors},
                                                {"tell_signals", 0, tell_signals},
                                                {"launch", ANY, launch},
                                                {"misuse", 0, misuse},
                                                {"too_long", 0, too_long},
                                                {"environment", 0, environment},
                                                {"directory", 1, directories},
                                                {"signals", 0, signals},
                                                {"descriptors", 0, inherited},
                                                {"sigchld", 0, sigchld},
                                                {"flushed", 0, flushed},
                                                {"unflushed", 0, unflushed},
                                                {"exec_codes", 0, exec_codes},
                                                {"several", 0, several},
                                                {"limit", 0, limit},
                                                {"kinds", 0, kinds},
                                                {"swapped", 0, swapped},
                                                {"closed", 0, closed},
                                                {"few_descriptors", 0, few_descriptors},
                                                {"side_by_side", 0, side_by_side},
                                                {"no_text", 0, no_text},
                                                {"group", 0, group},
                                                {NULL, 0, NULL}};

    if (argc == 2 && strcmp(argv[1], "mark_streams") == 0)
        return mark_streams();
    return drive(argc, argv, scenarios);
}
