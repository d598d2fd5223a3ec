/* Drives lib/board.c for lib/board.bats. Also by hand:
 *     board_test step STRIDE    kills a worker after each STRIDE-th instruction */
#include "board.h"
#include "driver.h"
#include "shm.h"

#include <stdatomic.h>
#include <stdint.h>

enum { MOST_TASKS = 200000 };

static atomic_uchar *runs; /* shared: how often each task ran */

static int count_run(const void *argument, void *result)
{
    unsigned number = *(const unsigned *)argument;

    atomic_fetch_add(&runs[number], 1);
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

static struct board *open_board(size_t slots)
{
    runs = shared_map(MOST_TASKS);
    struct board *board = board_open(slots, sizeof(unsigned), sizeof(unsigned));
    CHECK(runs != NULL && board != NULL);
    return board;
}

static void post(struct board *board, unsigned number, struct task_result *result)
{
    CHECK(!board_is_full(board));
    board_post(board, count_run, &number, result);
}

/* Takes the oldest task and does it. Returns whether there was one. */
static bool work_once(struct board *board, int worker)
{
    struct task *task = board_take(board, worker);

    if (task != NULL)
        board_do(board, task);
    return task != NULL;
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

static void opening(char **operands)
{
    (void)operands;
    SHOW_MADE(board_open(0, 4, 4));
    SHOW_MADE(board_open(SIZE_MAX, 4, 4));
    SHOW_MADE(board_open(4, SIZE_MAX, 4));
    SHOW_MADE(board_open(4, 4, SIZE_MAX));
    SHOW_MADE(board_open(4, SIZE_MAX - 8, SIZE_MAX - 8));
    SHOW_MADE(board_open(SIZE_MAX / 64, 64, 64));
    SHOW_MADE(board_open(2, SIZE_MAX / 32, 4)); /* no overflow, but nobody has so much */
    board_close(NULL);
    struct board *board = board_open(1, 0, 0);
    CHECK(board != NULL);
    board_post(board, tick, NULL, NULL);
    CHECK(work_once(board, 0));
    board_collect(board);
    printf("a task without argument and result: %d\n", ticks);
    board_close(board);
}

static void order(char **operands)
{
    struct board *board = open_board(4);
    unsigned values[4] = {0};
    struct task_result results[4];

    (void)operands;
    CHECK(board_take(board, 0) == NULL);
    SHOW(board_has_tasks(board));
    SHOW(board_oldest(board));
    SHOW(board_posted(board));
    for (unsigned i = 0; i < 4; i++) {
        SHOW(board_is_full(board));
        results[i] = (struct task_result){.value = &values[i], .ready = true};
        post(board, i + 6, &results[i]);
        CHECK(!results[i].ready);
    }
    SHOW(board_is_full(board));
    SHOW(board_has_tasks(board));
    SHOW(board_posted(board));
    for (int worker = 0; worker < 4; worker++)
        CHECK(work_once(board, worker));
    CHECK(board_take(board, 0) == NULL);
    SHOW(board_has_tasks(board));
    SHOW(board_is_full(board));
    CHECK(!results[0].ready);
    board_collect(board);
    SHOW(board_oldest(board));
    SHOW(board_is_full(board));
    for (int i = 0; i < 4; i++)
        print_result("result", &results[i]);
    CHECK(runs[6] == 1 && runs[7] == 1 && runs[8] == 1 && runs[9] == 1);

    /* Each taken in the order of posting, whoever takes it. */
    for (unsigned i = 0; i < 4; i++)
        post(board, i, NULL);
    struct task *tasks[4];
    for (int i = 0; i < 4; i++)
        CHECK((tasks[i] = board_take(board, i % 2)) != NULL);
    for (unsigned i = 4; i-- > 0;) {
        board_do(board, tasks[i]);
        CHECK(runs[i] == 1 && (i == 0 || runs[i - 1] == 0));
    }
    board_collect(board);
    CHECK(board_oldest(board) == 8);
    board_close(board);
}

/* reuse SLOTS: many times round the ring. */
static void reuse(char **operands)
{
    size_t slots = (size_t)cli_number("SLOTS", operands[0], 1, 100);
    struct board *board = open_board(slots);
    unsigned values[100] = {0};
    struct task_result results[100] = {{0}};
    unsigned posted = 0, ready = 0;

    while (ready < 1000) {
        for (size_t i = 0; i < 1 + posted % slots && !board_is_full(board); i++, posted++) {
            CHECK(board_posted(board) == posted);
            results[posted % slots] = (struct task_result){.value = &values[posted % slots]};
            values[posted % slots] = 0;
            post(board, posted, &results[posted % slots]);
        }
        CHECK(work_once(board, 0));
        board_collect(board);
        for (; ready < board_oldest(board); ready++) {
            struct task_result *result = &results[ready % slots];
            CHECK(result->ready && result->ticket == ready &&
                  values[ready % slots] == ready * 3 + 1);
            CHECK(result->error == (ready % 10 == 9 ? EDOM : 0) && runs[ready] == 1);
        }
    }
    printf("%u right\n", ready);
    board_close(board);
}

static void finished(char **operands)
{
    struct board *board = open_board(3);
    unsigned values[4] = {0};
    struct task_result results[4];
    struct task *tasks[3];

    (void)operands;
    for (unsigned i = 0; i < 4; i++)
        results[i] = (struct task_result){.value = &values[i]};
    for (unsigned i = 0; i < 3; i++) {
        post(board, i, &results[i]);
        tasks[i] = board_take(board, 0);
    }
    printf("the second first:\n");
    SHOW(board_is_finished(board, 1));
    SHOW(board_do(board, tasks[1]));
    SHOW(board_is_finished(board, 1));
    SHOW(board_is_finished(board, 0));
    print_result("second", &results[1]);
    board_deliver(board, 1);
    print_result("second", &results[1]);
    board_collect(board);
    SHOW(board_oldest(board));
    SHOW(board_is_full(board));
    print_result("first", &results[0]);

    printf("the parent sleeps for the third:\n");
    SHOW(board_is_finished(board, 2));
    SHOW(board_do(board, tasks[0]));
    SHOW(board_do(board, tasks[2]));

    board_collect(board);
    SHOW(board_oldest(board));
    SHOW(board_is_finished(board, 0));
    print_result("first", &results[0]);
    print_result("third", &results[2]);
    board_close(board);
}

/* A result that was delivered is the caller's again, for another task. */
static void once(char **operands)
{
    struct board *board = open_board(3);
    unsigned values[2] = {0};
    struct task_result first = {.value = &values[0]}, other = {.value = &values[1]};

    (void)operands;
    post(board, 0, &first);
    post(board, 1, &other);
    struct task *task = board_take(board, 0);
    CHECK(work_once(board, 1));
    board_deliver(board, 1);
    print_result("delivered", &other);
    values[1] = 77;
    board_deliver(board, 1);
    print_result("delivered again", &other);
    post(board, 2, &other); /* the slot of its first task is not collected yet */
    board_do(board, task);
    board_collect(board);
    SHOW(board_oldest(board));
    print_result("posted again", &other);
    CHECK(work_once(board, 1));
    board_deliver(board, 2);
    print_result("delivered", &other);
    CHECK(values[1] == 7);
    values[1] = 78;
    board_collect(board);
    SHOW(board_oldest(board));
    print_result("collected", &other);

    struct task_result nowhere = {.value = NULL};
    post(board, 3, &nowhere);
    post(board, 4, NULL);
    CHECK(work_once(board, 1) && work_once(board, 1));
    board_deliver(board, 4);
    board_collect(board);
    printf("without a value: %s, ticket %lu\n", nowhere.ready ? "ready" : "not ready",
           nowhere.ticket);
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
        board_post(board, look_at_result, &error, &result);
        CHECK(work_once(board, 0));
        board_collect(board);
        CHECK(result.ready && result.error == error);
        printf("%u zero bytes; returns %x and error %d\n", was_zero, value, result.error);
    }
    board_close(board);
}

static void lose(char **operands)
{
    struct board *board = open_board(6);
    unsigned values[6];
    struct task_result results[6];
    struct task *tasks[4];
    char name[16];

    (void)operands;
    for (unsigned i = 0; i < 6; i++) {
        values[i] = 1000;
        results[i] = (struct task_result){.value = &values[i]};
        post(board, i, &results[i]);
    }
    for (int i = 0; i < 4; i++)
        tasks[i] = board_take(board, i);
    board_do(board, tasks[0]);
    board_lose(board, 0, EOWNERDEAD, 111, -11); /* it had finished its task */
    board_lose(board, 2, EOWNERDEAD, 222, -9);
    board_lose(board, 5, EOWNERDEAD, 555, -15); /* has none */
    SHOW(board_is_finished(board, 0));
    SHOW(board_is_finished(board, 1));
    SHOW(board_is_finished(board, 2));
    SHOW(board_is_finished(board, 4));
    board_lose(board, NOBODY, EAGAIN, 0, 0);
    SHOW(board_is_finished(board, 1));
    SHOW(board_is_finished(board, 3));
    SHOW(board_is_finished(board, 5));
    CHECK(!work_once(board, 0)); /* none is left to take */
    board_do(board, tasks[1]);
    board_do(board, tasks[3]);
    board_collect(board);
    SHOW(board_oldest(board));
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "task %d", i);
        print_result(name, &results[i]);
    }

    printf("the slot is as good as new:\n");
    for (unsigned i = 0; i < 6; i++) {
        post(board, i + 10, &results[i]);
        CHECK(work_once(board, 2));
    }
    board_collect(board);
    for (int i = 0; i < 6; i++)
        CHECK(results[i].ready && values[i] == (unsigned)(i + 10) * 3 + 1 &&
              results[i].exit_code == 0 && results[i].pid == getpid());
    print_result("task 2", &results[2]);
    board_close(board);
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
        board_post(board, print_text, &error, &result);
        CHECK(work_once(board, 0));
        board_collect(board);
        fprintf(stderr, "returns %d: error %s\n", error, error_name(result.error));
    }
    board_close(board);
}

/* --- several processes ---- */

static struct board *common;
static atomic_bool *no_more; /* shared */

static int work(void *argument)
{
    int worker = *(const int *)argument;

    while (!atomic_load(no_more))
        if (!work_once(common, worker))
            nap(0.0001);
    return 0;
}

/* crowd WORKERS TASKS: each is done once, however often the board is rewound. */
static void crowded(char **operands)
{
    int workers = (int)cli_number("WORKERS", operands[0], 1, 16);
    unsigned tasks = (unsigned)cli_number("TASKS", operands[1], 1, MOST_TASKS);
    struct process processes[16];
    int numbers[16];
    unsigned *values = calloc(tasks, sizeof *values), once_done = 0, right = 0;
    struct task_result *results = calloc(tasks, sizeof *results);

    common = open_board(256);
    no_more = shared_map(sizeof *no_more);
    CHECK(no_more != NULL && values != NULL && results != NULL);
    for (int i = 0; i < workers; i++)
        numbers[i] = i;
    for (int i = 0; i < workers; i++)
        start(&processes[i], work, &numbers[i]);
    for (unsigned i = 0; i < tasks; i++) {
        while (board_is_full(common)) {
            board_collect(common);
            board_rewind(common);
        }
        results[i].value = &values[i];
        post(common, i, &results[i]);
    }
    while (board_oldest(common) != board_posted(common))
        board_collect(common);
    atomic_store(no_more, true);
    for (int i = 0; i < workers; i++)
        CHECK(end(&processes[i]) == 0);
    for (unsigned i = 0; i < tasks; i++) {
        once_done += runs[i] == 1;
        right += results[i].ready && results[i].ticket == i && values[i] == i * 3 + 1 &&
                 results[i].error == (i % 10 == 9 ? EDOM : 0) && results[i].pid != getpid();
    }
    printf("%u tasks, %u of them once, %u results right\n", tasks, once_done, right);
    board_close(common);
    free(values);
    free(results);
}

static int take_and_do(void *worker)
{
    return work_once(common, *(int *)worker) ? 0 : 1;
}

/* step STRIDE: a worker is killed in the middle, and the others do the rest. */
static void step(char **operands)
{
    enum { TASKS = 3 };
    long stride = cli_number("STRIDE", operands[0], 1, 1000), most = 0, steps;
    int survivor = 0, victim = 1;
    unsigned lost = 0, done = 0, left = 0, values[TASKS];
    struct task_result results[TASKS];

    common = open_board(TASKS + 1);
    unsigned long ticket = 0;
    do {
        most += stride;
        memset((void *)runs, 0, TASKS);
        memset(values, 0, sizeof values);
        for (unsigned i = 0; i < TASKS; i++, ticket++) {
            results[i] = (struct task_result){.value = &values[i]};
            post(common, i, &results[i]);
        }
        steps = kill_after(most, take_and_do, &victim);
        board_lose(common, victim, EOWNERDEAD, 1234, -SIGKILL);
        board_rewind(common);
        while (work_once(common, survivor))
            ;
        CHECK(board_is_finished(common, ticket - 1));
        board_collect(common);
        CHECK(board_oldest(common) == ticket);
        for (unsigned i = 0; i < TASKS; i++) {
            bool is_lost = results[i].error == EOWNERDEAD;
            CHECK(results[i].ready && runs[i] <= 1 && (is_lost || runs[i] == 1));
            CHECK(values[i] == (is_lost ? 0 : i * 3 + 1));
            CHECK(results[i].error == (is_lost ? EOWNERDEAD : 0));
            CHECK(results[i].exit_code == (is_lost ? -SIGKILL : 0));
            CHECK(is_lost ? i == 0 && results[i].pid == 1234 : results[i].pid != 0);
            lost += is_lost;
            done += i == 0 && !is_lost && results[i].pid != getpid();
            left += i == 0 && !is_lost && results[i].pid == getpid();
        }
    } while (steps == most);
    /* It was killed before it had the task, with the task, and after the task. */
    CHECK(left > 0 && lost > 0 && done > 0);
    printf("killed at every step: each task is done, or lost with its worker\n");
    fprintf(stderr, "%ld instructions; the task left %u times, lost %u, done %u\n", most, left,
            lost, done);
    board_close(common);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"opening", 0, opening},   {"order", 0, order}, {"reuse", 1, reuse},
        {"finished", 0, finished}, {"once", 0, once},   {"zeroed", 0, zeroed},
        {"lose", 0, lose},         {"full", 0, full},   {"step", 1, step},
        {"crowd", 2, crowded},     {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
