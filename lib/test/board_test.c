/* Drives lib/board.c, lib/slots.c and the parts of lib/worker.c for lib/board.bats. Also by hand:
 *     board_test step STRIDE CHUNK      kills a worker after each STRIDE-th instruction
 *     board_test pause STRIDE CHUNK     others do and post things while it is stopped there
 *     board_test inherit STRIDE         others die while it is stopped there
 *     board_test expire STRIDE CHUNK    its task is written off there */
#include "board.h"
#include "driver.h"
#include "shm.h"
#include "worker.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

enum { MOST_TASKS = 200000, MOST_WORKERS = 8 };

static atomic_uchar *runs;                 /* shared: how often each task ran */
static unsigned order_of[MOST_TASKS], ran; /* in this process: which task ran when */

static int count_run(const void *argument, void *result)
{
    unsigned number = *(const unsigned *)argument;

    atomic_fetch_add(&runs[number], 1);
    order_of[ran++] = number;
    *(unsigned *)result = number * 3 + 1;
    return number % 10 == 9 ? EDOM : 0;
}

static unsigned was_zero; /* bytes of the last result that were 0 when its task began */

static int look_at_result(const void *argument, void *result)
{
    const unsigned char *bytes = result;

    was_zero = 0;
    for (unsigned i = 0; i < sizeof(unsigned); i++)
        was_zero += bytes[i] == 0;
    memset(result, 0xff, sizeof(unsigned));
    return *(const int *)argument;
}

static int ticks;

static int tick(const void *argument, void *result)
{
    (void)argument, (void)result;
    ticks++;
    return 0;
}

/* --- a board, and workers in this process ---- */

static struct worker_options options;
static struct worker workers[MOST_WORKERS];
static unsigned values[MOST_TASKS];
static struct task_result results[MOST_TASKS];

static void begin(const struct board *board, int index)
{
    static struct worker_status status;

    workers[index] = (struct worker){
        .slots = board_slots(board), .options = &options, .status = &status, .index = index};
    worker_begin(&workers[index]);
}

static struct board *open_board(size_t slots)
{
    if (runs == NULL)
        runs = shared_map(MOST_TASKS);
    struct board *board = board_open(slots, sizeof(unsigned), sizeof(unsigned));
    CHECK(runs != NULL && board != NULL);
    for (int i = 0; i < MOST_WORKERS; i++)
        begin(board, i);
    return board;
}

/* Posts tasks with these numbers, for which nothing has happened yet. */
static void post(struct board *board, unsigned first, unsigned count, size_t chunk)
{
    static unsigned numbers[MOST_TASKS];

    CHECK(board_room(board) >= count);
    for (unsigned i = 0; i < count; i++) {
        numbers[i] = first + i;
        values[first + i] = 0;
        results[first + i] = (struct task_result){.value = &values[first + i], .ready = true};
    }
    board_post(board, count_run, numbers, count, chunk, &results[first]);
    for (unsigned i = 0; i < count; i++)
        CHECK(!results[first + i].ready);
}

/* Takes the next task and does it. Returns whether there was one. */
static bool work_once(int index)
{
    if (!worker_take(&workers[index]))
        return false;
    worker_do(&workers[index]);
    return true;
}

static bool is_right(unsigned i)
{
    return results[i].ready && results[i].error == (i % 10 == 9 ? EDOM : 0) &&
           values[i] == i * 3 + 1 && results[i].exit_code == 0 && results[i].pid != 0;
}

static bool is_lost(unsigned i, int error)
{
    return results[i].ready && results[i].error == error && values[i] == 0 &&
           results[i].exit_code == -SIGKILL && results[i].pid == 1234;
}

static void print_result(const char *name, const struct task_result *result)
{
    if (!result->ready)
        printf("%s: not ready\n", name);
    else
        printf("%s: ticket %lu, value %u, error %s, exit code %d, pid %s\n", name, result->ticket,
               *(unsigned *)result->value, result->error == 0 ? "0" : error_name(result->error),
               result->exit_code,
               result->pid == getpid() ? "ours"
               : result->pid == 0      ? "none"
                                       : "another's");
}

/* Which tasks ran, in this order. */
static void print_order(const char *name)
{
    printf("%s:", name);
    for (unsigned i = 0; i < ran; i++)
        printf(" %u", order_of[i]);
    printf("\n");
    ran = 0;
}

/* --- scenarios ---- */

static void opening(char **operands)
{
    (void)operands;
    limit_memory();
    SHOW_MADE(board_open(SIZE_MAX, 4, 4));
    SHOW_MADE(board_open(4, SIZE_MAX, 4));
    SHOW_MADE(board_open(4, 4, SIZE_MAX));
    SHOW_MADE(board_open(4, SIZE_MAX - 8, SIZE_MAX - 8));
    SHOW_MADE(board_open(SIZE_MAX / 64, 64, 64));
    SHOW_MADE(board_open(2, SIZE_MAX / 32, 4)); /* no overflow, but nobody has so much */
    board_close(NULL);
    struct board *board = board_open(1, 0, 0);
    CHECK(board != NULL);
    board_post(board, tick, NULL, 1, 1, NULL);
    begin(board, 0);
    CHECK(work_once(0) && board_collect(board) == 0);
    printf("a task without argument and result: %d\n", ticks);
    board_close(board);
    static const size_t wanted[] = {1, 2, 3, 16, 17, 0};
    printf("slots:");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        board = board_open(wanted[i], 8, 8);
        CHECK(board != NULL);
        printf(" %zu", board_room(board));
        board_close(board);
    }
    printf("\n");
}

static void order(char **operands)
{
    struct board *board = open_board(4);

    (void)operands;
    CHECK(!worker_take(&workers[0]));
    SHOW(board_oldest(board));
    SHOW(board_posted(board));
    for (unsigned i = 6; i < 10; i++) {
        SHOW(board_room(board));
        post(board, i, 1, 1);
    }
    SHOW(board_room(board));
    SHOW(board_posted(board));
    for (int worker = 0; worker < 4; worker++) /* and nobody sleeps */
        CHECK(worker_take(&workers[worker]) && worker_do(&workers[worker]) == 0);
    CHECK(!worker_take(&workers[0]));
    SHOW(board_room(board));
    CHECK(!results[6].ready);
    SHOW(board_collect(board));
    SHOW(board_oldest(board));
    SHOW(board_room(board));
    for (int i = 6; i < 10; i++)
        print_result("result", &results[i]);
    CHECK(runs[6] == 1 && runs[7] == 1 && runs[8] == 1 && runs[9] == 1);
    print_order("ran");

    /* Each is taken in the order of posting, whoever takes it. */
    post(board, 0, 4, 1);
    for (int i = 0; i < 4; i++)
        CHECK(worker_take(&workers[i]));
    for (int i = 4; i-- > 0;)
        worker_do(&workers[i]);
    print_order("taken in order, ran");
    CHECK(board_collect(board) == 4 && board_oldest(board) == 8);
    for (unsigned i = 0; i < 4; i++)
        CHECK(is_right(i));
    board_close(board);
}

/* reuse SLOTS CHUNK: many times round the ring, by two workers. */
static void reuse(char **operands)
{
    size_t slots = (size_t)cli_number("SLOTS", operands[0], 1, 64);
    size_t chunk = (size_t)cli_number("CHUNK", operands[1], 1, 64);
    struct board *board = open_board(slots);
    unsigned posted = 0;

    for (unsigned round = 0; board_oldest(board) < 1000; round++) {
        unsigned count = 1 + round % (unsigned)slots;
        if (count > board_room(board))
            count = (unsigned)board_room(board);
        if (count > 0) {
            post(board, posted, count, chunk);
            posted += count;
        }
        for (unsigned i = 0; i < 1 + round % 5; i++)
            work_once((int)(i * round % 2));
        unsigned long before = board_oldest(board);
        CHECK(board_collect(board) == board_oldest(board) - before);
    }
    unsigned right = 0;
    for (unsigned i = 0; i < 1000; i++)
        right += is_right(i) && results[i].ticket == i && runs[i] == 1;
    printf("%u right\n", right);
    board_close(board);
}

static void finished(char **operands)
{
    struct board *board = open_board(4);

    (void)operands;
    post(board, 0, 4, 1);
    for (int i = 0; i < 4; i++)
        CHECK(worker_take(&workers[i]));
    printf("the second first:\n");
    board_want(board, 1);
    SHOW(board_is_finished(board, 1));
    SHOW(worker_do(&workers[1]));
    SHOW(board_is_finished(board, 1));
    SHOW(board_is_finished(board, 0));
    SHOW(results[1].ready);
    SHOW(board_deliver(board, 1));
    print_result("second", &results[1]);
    SHOW(board_collect(board));
    SHOW(board_oldest(board));
    SHOW(results[0].ready);

    printf("the parent sleeps for the third, then for any:\n");
    board_want(board, 2);
    SHOW(worker_do(&workers[0]));
    SHOW(worker_do(&workers[2]));
    board_want(board, TICKET_ANY);
    SHOW(worker_do(&workers[3]));
    SHOW(board_collect(board));
    SHOW(board_oldest(board));
    SHOW(board_is_finished(board, 0));
    print_result("first", &results[0]);
    print_result("third", &results[2]);

    printf("it is told once:\n");
    post(board, 4, 2, 1);
    CHECK(worker_take(&workers[0]) && worker_take(&workers[1]));
    board_want(board, TICKET_ANY);
    SHOW(worker_do(&workers[1]));
    SHOW(worker_do(&workers[0]));
    board_close(board);
}

static unsigned called, called_in_vain;

static void note(struct task_result *result)
{
    CHECK(result->ready && result->error == 0);
    called++;
}

static void note_error(struct task_result *result)
{
    CHECK(result->ready && result->error != 0);
    called_in_vain++;
}

/* A result that was delivered is the caller's again, for another task. */
static void once(char **operands)
{
    struct board *board = open_board(4);
    unsigned number = 2;

    (void)operands;
    post(board, 0, 2, 1);
    CHECK(worker_take(&workers[0]) && work_once(1));
    SHOW(board_deliver(board, 1));
    print_result("delivered", &results[1]);
    values[1] = 77;
    SHOW(board_deliver(board, 1));
    print_result("delivered again", &results[1]);
    board_post(board, count_run, &number, 1, 1, &results[1]); /* its first slot is not free yet */
    worker_do(&workers[0]);
    SHOW(board_collect(board));
    print_result("posted again", &results[1]);
    CHECK(work_once(1));
    SHOW(board_deliver(board, 2));
    print_result("delivered", &results[1]);
    CHECK(values[1] == 7);
    values[1] = 78;
    SHOW(board_collect(board));
    SHOW(board_oldest(board));
    print_result("collected", &results[1]);

    struct task_result nowhere = {.value = NULL};
    board_post(board, count_run, &number, 1, 1, &nowhere);
    board_post(board, count_run, &number, 1, 1, NULL);
    CHECK(work_once(1) && work_once(1));
    SHOW(board_deliver(board, 4));
    SHOW(board_collect(board));
    printf("without a value: %s, ticket %lu\n", nowhere.ready ? "ready" : "not ready",
           nowhere.ticket);

    printf("callbacks:\n");
    for (unsigned i = 8; i < 11; i++) {
        post(board, i, 1, 1);
        CHECK(work_once(1));
        board_collect(board);
        if (i != 9)
            results[i].callback = note;
        if (i != 8)
            results[i].error_callback = note_error;
    }
    unsigned numbers[] = {8, 9, 10};
    board_post(board, count_run, numbers, 3, 1, &results[8]);
    SHOW(board_callbacks(board));
    CHECK(worker_take(&workers[0]) && work_once(1) && work_once(1));
    SHOW(board_deliver_all(board));
    SHOW(board_callbacks(board));
    printf("%u called, %u with an error\n", called, called_in_vain);
    worker_do(&workers[0]);
    SHOW(board_deliver_all(board));
    SHOW(board_callbacks(board));
    printf("%u called, %u with an error\n", called, called_in_vain);
    SHOW(board_oldest(board));
    board_close(board);
}

/* The result is all zero before the task, in a slot that was used before too. */
static void zeroed(char **operands)
{
    struct board *board = open_board(1);
    unsigned value = 1;
    struct task_result result = {.value = &value};

    (void)operands;
    for (int error = 0; error < 2; error++) {
        board_post(board, look_at_result, &error, 1, 1, &result);
        CHECK(work_once(0));
        CHECK(board_collect(board) == 1 && result.ready && result.error == error);
        printf("%u zero bytes; returns %x and error %d\n", was_zero, value, result.error);
    }
    board_close(board);
}

static void lose(char **operands)
{
    struct board *board = open_board(8);
    char name[16];

    (void)operands;
    post(board, 0, 6, 1);
    for (int i = 0; i < 4; i++)
        CHECK(worker_take(&workers[i]));
    worker_do(&workers[0]);
    board_lose(board, 0, EOWNERDEAD, 111, -11); /* it had finished its task */
    board_lose(board, 2, EOWNERDEAD, 222, -9);
    board_lose(board, 5, EOWNERDEAD, 555, -15); /* has none */
    printf("of six:");
    for (unsigned long i = 0; i < 6; i++)
        printf("%s", board_is_finished(board, i) ? " finished" : " -");
    printf("\n");
    worker_do(&workers[1]);
    worker_do(&workers[3]);
    board_lose_all(board, EAGAIN, 0, 0);
    CHECK(!work_once(0)); /* none is left to take */
    SHOW(board_collect(board));
    SHOW(board_oldest(board));
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "task %d", i);
        print_result(name, &results[i]);
    }
    printf("the slot is as good as new:\n");
    for (unsigned i = 10; i < 30; i++) {
        post(board, i, 1, 1);
        CHECK(work_once(2) && board_collect(board) == 1 && is_right(i));
    }
    print_result("task 20", &results[20]);
    board_close(board);
}

static void chunks(char **operands)
{
    struct board *board = open_board(16);

    (void)operands;
    post(board, 0, 10, 4);
    CHECK(work_once(0) && work_once(1) && work_once(2) && work_once(0) && work_once(2));
    CHECK(!worker_take(&workers[2]));
    print_order("three in turn");
    CHECK(worker_take(&workers[0])); /* task 2 */
    board_lose(board, 0, EOWNERDEAD, 1234, -SIGKILL);
    while (work_once(1))
        ;
    print_order("one has lost task 2; another one, in the middle of its own");
    CHECK(board_collect(board) == 10 && is_lost(2, EOWNERDEAD));

    post(board, 10, 10, 10);
    for (int i = 0; i < 3; i++)
        CHECK(work_once(3));
    CHECK(!worker_take(&workers[1])); /* has walked past them all */
    CHECK(worker_take(&workers[3]));
    board_lose(board, 3, EOWNERDEAD, 1234, -SIGKILL);
    CHECK(work_once(1) && worker_take(&workers[1]));
    board_lose(board, 1, EOWNERDEAD, 1234, -SIGKILL);
    begin(board, 1);
    CHECK(work_once(1) && work_once(2) == false);
    while (work_once(1))
        ;
    print_order("two die, in the middle of the rest of a chunk");
    CHECK(board_collect(board) == 10 && is_lost(13, EOWNERDEAD) && is_lost(15, EOWNERDEAD));

    post(board, 20, 3, 3);
    CHECK(work_once(1) && work_once(1) && worker_take(&workers[1]));
    board_lose(board, 1, EOWNERDEAD, 1234, -SIGKILL); /* in the last: nothing is given back */
    CHECK(!worker_take(&workers[2]));
    post(board, 23, 3, 3);
    CHECK(worker_take(&workers[2]));
    board_lose(board, 2, EOWNERDEAD, 1234, -SIGKILL); /* in the first */
    while (work_once(4))
        ;
    print_order("in the last, and in the first");
    CHECK(board_collect(board) == 6 && is_lost(22, EOWNERDEAD) && is_lost(23, EOWNERDEAD));
    unsigned right = 0, twice = 0;
    for (unsigned i = 0; i < 26; i++) {
        right += is_right(i);
        twice += runs[i] > 1;
    }
    printf("%u right, %u twice\n", right, twice);
    board_close(board);
}

static struct board *common; /* with other processes */
static atomic_bool *no_more; /* shared: all is done, or begun */

static int stay(const void *argument, void *result)
{
    (void)argument, (void)result;
    atomic_store(no_more, true);
    return wait_for_ever(NULL);
}

static int stay_in_a_task(void *unused)
{
    (void)unused;
    begin(common, 3);
    return worker_take(&workers[3]) ? worker_do(&workers[3]) : 1;
}

static void print_overdue(struct board *board, double limit, double *next)
{
    int worker = board_overdue(board, limit, next);

    if (worker != -1)
        printf("overdue: that of worker %d\n", worker);
    else
        printf("overdue: none, %s\n", *next == FOREVER ? "and none will be" : "but one will be");
}

static void overdue(char **operands)
{
    struct board *board = open_board(8);
    double next = 0, now = seconds_now();

    (void)operands;
    options.time_limit = 1;
    post(board, 0, 4, 2);
    print_overdue(board, 0, &next);
    CHECK(next == FOREVER);
    CHECK(worker_take(&workers[0]));
    print_overdue(board, 10, &next);
    double earlier = next;
    nap(0.01);
    CHECK(worker_take(&workers[1]));
    print_overdue(board, 10, &next);
    CHECK(next == earlier);
    CHECK(next >= now + 9.9 &&
          next < now + 60); /* it begins when it is first seen, at the latest */
    nap(0.01);
    print_overdue(board, 0.01, &next);
    print_overdue(board, 0.01, &next);
    print_overdue(board, 0.01, &next);
    CHECK(next == FOREVER);
    printf("finished all the same:\n");
    CHECK(worker_do(&workers[0]) == -1);
    SHOW(board_is_finished(board, 0));
    board_lose(board, 0, ETIMEDOUT, 1234, -SIGKILL);
    board_lose(board, 1, ETIMEDOUT, 1234, -SIGKILL);
    while (work_once(2))
        ;
    print_overdue(board, 0, &next); /* what is finished is not overdue */
    SHOW(board_collect(board));
    printf("%d %d too late, %d %d right\n", is_lost(0, ETIMEDOUT), is_lost(2, ETIMEDOUT),
           is_right(1), is_right(3));
    board_close(board);

    printf("nobody has looked yet:\n");
    struct process process;
    common = open_board(1);
    no_more = shared_map(sizeof *no_more);
    CHECK(no_more != NULL);
    board_post(common, stay, &(unsigned){0}, 1, 1, NULL);
    start(&process, stay_in_a_task, NULL);
    while (!atomic_load(no_more))
        nap(0.0005);
    nap(0.01);
    print_overdue(common, 0.01, &next);
    CHECK(process_kill(&process) == 0 && end(&process) == -SIGKILL);
    board_close(common);
}

static int print_text(const void *argument, void *result)
{
    (void)argument, (void)result;
    printf("text"); /* without a newline it stays in the buffer, whatever the C library */
    return *(const int *)argument;
}

/* To be called with standard output at /dev/full: what a task prints is part of it. */
static void full(char **operands)
{
    struct board *board = open_board(1);
    unsigned value;
    struct task_result result = {.value = &value};

    (void)operands;
    for (int error = 0; error <= EDOM; error += EDOM) {
        board_post(board, print_text, &error, 1, 1, &result);
        CHECK(work_once(0) && board_collect(board) == 1);
        fprintf(stderr, "returns %d: error %s\n", error, error_name(result.error));
    }
    board_close(board);
}

/* --- several processes ---- */

static int work(void *argument)
{
    int index = *(const int *)argument;

    begin(common, index);
    while (!atomic_load(no_more))
        if (!work_once(index))
            nap(0.0001);
        else
            ran = 0;
    return 0;
}

/* crowd WORKERS TASKS CHUNK: each is done once. */
static void crowded(char **operands)
{
    int count = (int)cli_number("WORKERS", operands[0], 1, MOST_WORKERS);
    unsigned tasks = (unsigned)cli_number("TASKS", operands[1], 1, MOST_TASKS);
    unsigned chunk = (unsigned)cli_number("CHUNK", operands[2], 1, 100), posted = 0;
    struct process processes[MOST_WORKERS];
    int numbers[MOST_WORKERS];
    unsigned once_done = 0, right = 0;

    common = open_board(256);
    no_more = shared_map(sizeof *no_more);
    CHECK(no_more != NULL);
    for (int i = 0; i < count; i++) {
        numbers[i] = i;
        start(&processes[i], work, &numbers[i]);
    }
    while (posted < tasks) {
        unsigned size = tasks - posted < 2 * chunk ? tasks - posted : 2 * chunk;
        while (board_room(common) < size)
            board_collect(common);
        post(common, posted, size, chunk);
        posted += size;
    }
    while (board_oldest(common) != board_posted(common))
        board_collect(common);
    atomic_store(no_more, true);
    for (int i = 0; i < count; i++)
        CHECK(end(&processes[i]) == 0);
    for (unsigned i = 0; i < tasks; i++) {
        once_done += runs[i] == 1;
        right += is_right(i) && results[i].ticket == i && results[i].pid != getpid();
    }
    printf("%u tasks, %u of them once, %u results right\n", tasks, once_done, right);
    board_close(common);
}

/* --- step by step ---- */

enum { TASKS = 4, VICTIM = 1, SURVIVOR = 0, SECOND = 2 };

/* Works until there is nothing left; or, with no_more, until that says so. */
static int work_to_the_end(void *unused)
{
    (void)unused;
    begin(common, VICTIM);
    do {
        while (worker_take(&workers[VICTIM]))
            if (worker_do(&workers[VICTIM]) == -1)
                return 0; /* is to be killed */
    } while (no_more != NULL && !atomic_load(no_more));
    return 0;
}

static struct worker_status *drowsy_status; /* shared */
static int sockets[2];

/* What a worker of a pool does: works, and sleeps in between. */
static int work_and_sleep(void *unused)
{
    (void)unused;
    CHECK(close(sockets[0]) == 0);
    begin(common, VICTIM);
    workers[VICTIM].status = drowsy_status;
    workers[VICTIM].end = sockets[1];
    workers[VICTIM].parent = getppid();
    return worker_work(&workers[VICTIM]);
}

#ifdef __linux__
/* Starts that, and stops it after so many instructions, or when it says that it sleeps: returns how
 * many there were. */
static long stop_before_sleep(long most, pid_t *pid)
{
    long steps = 0;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    atomic_store(&drowsy_status->asleep, false);
    *pid = start_traced(work_and_sleep, NULL);
    CHECK(close(sockets[1]) == 0);
    for (; steps < most && !atomic_load(&drowsy_status->asleep); steps++)
        step_traced(*pid);
    CHECK(steps < 100000); /* else its atomics never succeed step by step */
    return steps;
}

/* Starts a worker, and stops it after so many instructions. Returns its pid; *ended: it has come
 * to its end before. */
static pid_t stop_after(long most, bool *ended)
{
    pid_t pid = start_traced(work_to_the_end, NULL);
    int status;

    *ended = false;
    for (long steps = 0; steps < most && !*ended; steps++) {
        CHECK(steps < 100000); /* else its atomics never succeed step by step */
        CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
        *ended = WSTOPSIG(status) == SIGSTOP;
    }
    return pid;
}

static void go_on(pid_t pid)
{
    CHECK(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
}

static void wait_for_end(pid_t pid)
{
    int status;

    CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}
#else
static long stop_before_sleep(long most, pid_t *pid)
{
    *pid = 0;
    return kill_after(most, work_and_sleep, NULL); /* says that it can't */
}

static pid_t stop_after(long most, bool *ended)
{
    *ended = false;
    return (pid_t)kill_after(most, work_to_the_end, NULL); /* says that it can't */
}

static void go_on(pid_t pid)
{
    (void)pid;
}

static void wait_for_end(pid_t pid)
{
    (void)pid;
}
#endif

/* Posts so many tasks anew, in a board that is empty. */
static void post_anew(unsigned count, size_t chunk)
{
    memset((void *)runs, 0, 64); /* more than there are slots */
    ran = 0;
    CHECK(board_oldest(common) == board_posted(common));
    post(common, 0, count, chunk);
}

static void drain(int index)
{
    while (work_once(index))
        ;
}

/* What is counted over all steps: tasks that are lost, done by the victim, or by others. */
static unsigned lost_in_all, by_victim, by_others;

static void look(unsigned count, int error)
{
    unsigned lost = 0;

    for (unsigned i = 0; i < count; i++) {
        CHECK(is_lost(i, error) != is_right(i));
        CHECK(runs[i] == 1 || (runs[i] == 0 && is_lost(i, error)));
        lost += is_lost(i, error);
        by_victim += is_right(i) && results[i].pid != getpid();
        by_others += is_right(i) && results[i].pid == getpid();
    }
    CHECK(lost <= 1);
    lost_in_all += lost;
}

/* A worker is killed somewhere; another one, which has looked at all tasks before, does the rest.
 */
static void step(char **operands)
{
    long stride = cli_number("STRIDE", operands[0], 1, 1000), most = 0;
    size_t chunk = (size_t)cli_number("CHUNK", operands[1], 1, TASKS);
    bool ended;

    common = open_board(8);
    do {
        most += stride;
        post_anew(TASKS, chunk);
        pid_t pid = stop_after(most, &ended);
        bool busy = worker_take(&workers[SURVIVOR]);
        kill_traced(pid);
        board_lose(common, VICTIM, EOWNERDEAD, 1234, -SIGKILL);
        if (busy)
            worker_do(&workers[SURVIVOR]);
        drain(SURVIVOR);
        begin(common, SECOND); /* whatever is left */
        CHECK(!worker_take(&workers[SECOND]));
        CHECK(board_collect(common) == TASKS);
        look(TASKS, EOWNERDEAD);
    } while (!ended);
    CHECK(lost_in_all > 0 && by_victim > 0 && by_others > 0);
    printf("killed at every step: each task is done, or lost with its worker\n");
    fprintf(stderr, "%ld instructions; %u tasks lost, %u done by the first, %u by another\n", most,
            lost_in_all, by_victim, by_others);
    board_close(common);
}

/* A worker stops somewhere; others do what it has not got, and more is posted in the same slots.
 * Then it goes on, and does the rest, as nobody else will. */
static void pause_at(char **operands)
{
    long stride = cli_number("STRIDE", operands[0], 1, 1000), most = 0;
    size_t chunk = (size_t)cli_number("CHUNK", operands[1], 1, TASKS);
    bool ended, all_done;

    common = open_board(8);
    no_more = shared_map(sizeof *no_more);
    CHECK(no_more != NULL);
    do {
        most += stride;
        atomic_store(no_more, false);
        post_anew(TASKS, chunk);
        pid_t pid = stop_after(most, &ended);
        all_done = true;
        for (unsigned long i = board_oldest(common); i != board_posted(common); i++)
            all_done = all_done && board_is_finished(common, i);
        drain(SURVIVOR);
        board_collect(common);
        unsigned more = (unsigned)board_room(common);
        post(common, TASKS, more, TASKS + 1 - chunk);
        go_on(pid);
        double give_up = seconds_now() + LONG;
        while (!board_is_finished(common, board_posted(common) - 1) && seconds_now() < give_up)
            ;
        board_collect(common);
        CHECK(board_oldest(common) == board_posted(common));
        atomic_store(no_more, true);
        wait_for_end(pid);
        kill_traced(pid);
        look(TASKS + more, EOWNERDEAD);
        CHECK(lost_in_all == 0);
        for (unsigned i = 0; i < more; i++)
            CHECK(results[TASKS + i].pid == pid);
        drain(SURVIVOR); /* walks past them */
    } while (!all_done);
    CHECK(by_victim > 0 && by_others > 0);
    printf("stopped at every step: each task is done\n");
    fprintf(stderr, "%ld instructions; %u tasks done by the first, %u by another\n", most,
            by_victim, by_others);
    board_close(common);
}

/* A task is posted while the worker is about to sleep: whatever it has looked at last, it is done.
 */
static void drowsy(char **operands)
{
    pid_t pid;

    (void)operands;
    common = open_board(8);
    drowsy_status = shared_map(sizeof *drowsy_status);
    CHECK(drowsy_status != NULL);
    long until_sleep = 0;
    for (long before = -1; before <= 2; before++) {
        long steps = stop_before_sleep(before <= 0 ? 100000 : until_sleep - before, &pid);
        if (before <= 0) /* the first time takes a little longer */
            until_sleep = steps;
        post_anew(1, 1);
        if (atomic_exchange(&drowsy_status->asleep, false)) /* as the parent wakes it */
            CHECK(write(sockets[0], "!", 1) == 1);
        go_on(pid);
        double give_up = seconds_now() + LONG;
        while (!board_is_finished(common, board_posted(common) - 1) && seconds_now() < give_up)
            nap(0.0005);
        CHECK(board_collect(common) == 1 && is_right(0));
        CHECK(close(sockets[0]) == 0); /* its end */
        wait_for_end(pid);
        kill_traced(pid);
    }
    printf("posted before it sleeps: done\n");
    board_close(common);
}

/* A worker stops somewhere on its way through a chunk that another one has, which then dies: the
 * one that was stopped finds the rest. */
static void inherit(char **operands)
{
    long stride = cli_number("STRIDE", operands[0], 1, 1000);
    bool ended;

    common = open_board(8);
    no_more = shared_map(sizeof *no_more);
    CHECK(no_more != NULL);
    for (long most = stride; most < 120; most += stride) { /* by then it looks again and again */
        atomic_store(no_more, false);
        post_anew(TASKS, TASKS);
        begin(common, SURVIVOR);
        CHECK(work_once(SURVIVOR) && worker_take(&workers[SURVIVOR]));
        CHECK(board_collect(common) == 1); /* so the next one begins in the middle of it */
        pid_t pid = stop_after(most, &ended);
        board_lose(common, SURVIVOR, EOWNERDEAD, 1234, -SIGKILL);
        go_on(pid);
        double give_up = seconds_now() + LONG;
        while (!board_is_finished(common, board_posted(common) - 1) && seconds_now() < give_up)
            ;
        CHECK(board_collect(common) == TASKS - 1);
        atomic_store(no_more, true);
        wait_for_end(pid);
        kill_traced(pid);
        look(TASKS, EOWNERDEAD);
    }
    printf("stopped at every step: it has found the rest\n");
    board_close(common);
}

/* A worker's task is written off somewhere; then it goes on, and must notice. */
static void expire(char **operands)
{
    long stride = cli_number("STRIDE", operands[0], 1, 1000), most = 0;
    size_t chunk = (size_t)cli_number("CHUNK", operands[1], 1, TASKS);
    bool ended;

    options.time_limit = 1;
    common = open_board(8);
    do {
        double next;
        unsigned lost_before = lost_in_all;
        most += stride;
        post_anew(TASKS, chunk);
        pid_t pid = stop_after(most, &ended);
        int worker = board_overdue(common, 0, &next);
        CHECK(worker == VICTIM || worker == -1);
        if (!ended) {
            go_on(pid);
            wait_for_end(pid);
        }
        kill_traced(pid);
        board_lose(common, VICTIM, ETIMEDOUT, 1234, -SIGKILL);
        drain(SURVIVOR);
        CHECK(board_collect(common) == TASKS);
        look(TASKS, ETIMEDOUT);
        CHECK(lost_in_all == lost_before + (worker == VICTIM));
    } while (!ended);
    CHECK(lost_in_all > 0 && by_victim > 0 && by_others > 0);
    printf("written off at every step: it is too late, or has been done\n");
    fprintf(stderr, "%ld instructions; %u tasks too late, %u done by the first, %u by another\n",
            most, lost_in_all, by_victim, by_others);
    board_close(common);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"opening", 0, opening},   {"order", 0, order},   {"reuse", 2, reuse},
        {"finished", 0, finished}, {"once", 0, once},     {"zeroed", 0, zeroed},
        {"lose", 0, lose},         {"chunks", 0, chunks}, {"overdue", 0, overdue},
        {"full", 0, full},         {"crowd", 3, crowded}, {"step", 2, step},
        {"pause", 2, pause_at},    {"expire", 2, expire}, {"inherit", 1, inherit},
        {"drowsy", 0, drowsy},     {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
