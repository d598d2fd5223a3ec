/* Drives lib/pool.c for lib/pool.bats. Also by hand:
 *     pool_test stress KILLS SEED           kills random workers (stress_abort ...: they die
 * themselves) pool_test step STRIDE                 kills one after each STRIDE-th instruction
 *     pool_test step_chunk STRIDE CHUNK     the same in a map */
#include "tasks.h"

static struct gate gate; /* opened before the pool, for what its workers hold */

/* --- tasks ---- */

static int fail_odd(const void *argument, void *result)
{
    square(argument, result);
    return *(const unsigned long *)argument % 2 == 1 ? EDOM : 0;
}

static int count_one(const void *argument, void *result)
{
    (void)argument, (void)result;
    atomic_fetch_add(&shared->count, 1);
    return 0;
}

static int log_it(const void *argument, void *result)
{
    (void)result;
    atomic_store(&shared->log[atomic_fetch_add(&shared->count, 1)],
                 (int)*(const unsigned long *)argument);
    return 0;
}

static int count_each(const void *argument, void *result)
{
    count_run(argument, result);
    atomic_fetch_add(&shared->count, 1);
    return 0;
}

static unsigned long work_unit = 1000; /* rounds of its loop */

static int work_for_a_while(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;
    volatile unsigned long sum = 0;

    for (unsigned long i = 0; i < (1 + number % 7) * work_unit; i++)
        sum += i;
    return sum == 0 ? EDOM : count_run(argument, result);
}

/* The first task of each of two chunks of five waits for the other. */
static int meet_at_fives(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument, both = 2;

    if (number == 0 || number == 5)
        return meet(&both, result);
    return 0;
}

static int print_line(const void *argument, void *result)
{
    (void)result;
    printf("task %lu\n", *(const unsigned long *)argument);
    return 0;
}

static int print_to_full_device(const void *argument, void *result)
{
    CHECK(freopen("/dev/full", "w", stdout) != NULL);
    return print_line(argument, result);
}

static int print_much_to_full_device(const void *argument, void *result)
{
    char text[8192];

    (void)argument, (void)result;
    CHECK(freopen("/dev/full", "w", stdout) != NULL);
    memset(text, 'x', sizeof text);
    return fwrite(text, 1, sizeof text, stdout) > sizeof text; /* whoever does not look */
}

static int say_to_full_device(const void *argument, void *result)
{
    CHECK(freopen("/dev/full", "w", stdout) != NULL);
    say("lost");
    return square(argument, result);
}

static int run_for_ms(const void *argument, void *result)
{
    nap((double)*(const unsigned long *)argument / 1e3);
    return square(argument, result);
}

static unsigned long set_before = 1;

static int read_global(const void *argument, void *result)
{
    (void)argument;
    *(unsigned long *)result = set_before;
    return 0;
}

/* Whether SIGINT is blocked, and not ignored: a program started from here has it as usual. */
static int look_at_sigint(const void *argument, void *result)
{
    struct sigaction action;
    sigset_t mask;

    (void)argument;
    CHECK(sigaction(SIGINT, NULL, &action) == 0 && sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
    *(unsigned long *)result = action.sa_handler == SIG_DFL && sigismember(&mask, SIGINT) == 1;
    return 0;
}

static int say_timed_out(const void *argument, void *result)
{
    (void)argument, (void)result;
    return ETIMEDOUT;
}

enum { LARGE = 65536 };

/* A large argument, byte by byte backwards. */
static int turn_round(const void *argument, void *result)
{
    const unsigned char *from = argument;
    unsigned char *to = result;

    for (size_t i = 0; i < LARGE; i++)
        to[i] = from[LARGE - 1 - i];
    return 0;
}

/* --- opening, mapping, waiting ---- */

static void opening(char **operands)
{
    struct rlimit limit, low;
    int descriptors = count_descriptors();

    (void)operands;
    limit_memory();
    SHOW_MADE(pool_open(&(struct pool_options){.workers = -1}));
    SHOW_MADE(pool_open(&(struct pool_options){.workers = 1025}));
    SHOW_MADE(pool_open(&(struct pool_options){.workers = INT_MIN}));
    SHOW_MADE(pool_open(&(struct pool_options){.slots = SIZE_MAX}));
    SHOW_MADE(pool_open(&(struct pool_options){.argument_size = SIZE_MAX}));
    SHOW_MADE(pool_open(&(struct pool_options){.result_size = SIZE_MAX}));
    SHOW_MADE(pool_open(&(struct pool_options){.slots = 2, .result_size = SIZE_MAX / 32}));
    SHOW_MADE(pool_open(&(struct pool_options){.worker.tasks_per_worker = -1}));
    SHOW_MADE(pool_open(&(struct pool_options){.worker.time_limit = -1}));
    SHOW_MADE(pool_open(&(struct pool_options){.worker.time_limit = (double)NAN}));
    check_nothing_left(descriptors);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    low = limit;
    low.rlim_cur = (rlim_t)descriptors + 1; /* not even room for a pipe */
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    SHOW_MADE(pool_open(&(struct pool_options){.workers = 10}));
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    check_nothing_left(descriptors);
    pool_terminate(NULL);

    shared = shared_map(sizeof *shared);
    struct pool *pool = pool_open(&(struct pool_options){0});
    CHECK(pool != NULL);
    int workers = count_children();
    printf("by default, one worker for each processor: %s\n",
           workers == -1 || workers == (int)sysconf(_SC_NPROCESSORS_ONLN) ? "yes" : "no");
    for (int i = 0; i < 3000; i++)
        CHECK(pool_apply_async(pool, count_one, NULL, NULL) == 0);
    SHOW(pool_join(pool));
    printf("%d tasks without argument and result\n", atomic_load(&shared->count));
    check_nothing_left(descriptors);
}

static size_t argument_size, result_size;

/* Posts tasks that wait, until there is no slot left; then it waits, too. */
static int post_until_full(void *argument)
{
    static unsigned char nothing[LARGE];

    (void)argument;
    struct pool *pool = pool_open(&(struct pool_options){
        .workers = 1, .argument_size = argument_size, .result_size = result_size});
    CHECK(pool != NULL);
    while (pool_apply_async(pool, stay, nothing, NULL) == 0)
        atomic_fetch_add(&shared->count, 1);
    return 1;
}

/* default_slots [ARGUMENT_SIZE RESULT_SIZE]...: how many there are. */
static void default_slots(char **operands)
{
    struct process poster;

    shared = shared_map(sizeof *shared);
    CHECK(shared != NULL);
    for (; operands[0] != NULL && operands[1] != NULL; operands += 2) {
        argument_size = (size_t)cli_number("ARGUMENT_SIZE", operands[0], 0, LARGE);
        result_size = (size_t)cli_number("RESULT_SIZE", operands[1], 0, INT_MAX);
        int posted = -1, fit = (int)(((size_t)16 << 20) / (argument_size + result_size + 1));
        atomic_store(&shared->count, 0);
        start(&poster, post_until_full, NULL);
        while (posted < atomic_load(&shared->count) || posted < 64) {
            posted = atomic_load(&shared->count);
            nap(0.02);
            wait_until_asleep(poster.pid);
        }
        printf("%s\n", posted == 16384                     ? "16384"
                       : posted == 64                      ? "64"
                       : posted > fit / 2 && posted <= fit ? "as many as have room in 16 MiB"
                                                           : "something else");
        CHECK(process_kill(&poster) == 0 && end(&poster) == -SIGKILL);
    }
}

/* map WORKERS SLOTS COUNT CHUNK...: everything is done, once, and lies in order. */
static void mapped(char **operands)
{
    CHECK(operands[0] != NULL && operands[1] != NULL && operands[2] != NULL);
    int workers = (int)cli_number("WORKERS", operands[0], 1, MOST_WORKERS);
    size_t slots = (size_t)cli_number("SLOTS", operands[1], 0, 10000);
    size_t count = (size_t)cli_number("COUNT", operands[2], 0, MOST_TASKS), posted = 0;
    int descriptors = count_descriptors();
    struct pool *pool = must_open(workers, slots);

    for (operands += 3; *operands != NULL; operands++) {
        size_t chunk = (size_t)cli_number("CHUNK", *operands, 0, LONG_MAX);
        long errors = map(pool, count_run, count, chunk);
        printf("chunk %zu: %ld errors, %zu right, %zu once\n", chunk, errors, count_right(count),
               count_begun(count, 1));
        for (size_t i = 0; i < count; i++)
            CHECK(results[i].ticket == posted + i);
        posted += count;
    }
    /* One that is larger than any memory. */
    CHECK(map(pool, count_run, count, SIZE_MAX) == 0 && count_right(count) == count);
    if (slots == 0 || slots >= (size_t)workers)
        expect_as_new(pool, workers);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* Who does what: a chunk is one worker's. */
static void shares(char **operands)
{
    struct pool *pool = must_open(2, 0);
    size_t same = 0;

    (void)operands;
    prepare(10);
    SHOW(pool_map(pool, meet_at_fives, arguments, 10, 5, results));
    for (size_t i = 0; i < 10; i++)
        same += results[i].pid == results[i / 5 * 5].pid;
    printf("%zu by who has the chunk; the chunks by %s\n", same,
           results[0].pid != results[5].pid ? "two" : "one");
    /* A quarter of an even share is more than 4, and less than 5. */
    for (size_t count = 33; count <= 39; count += 6) {
        prepare(count);
        atomic_store(&shared->arrived, 0);
        CHECK(pool_map(pool, meet_at_fives, arguments, count, 0, results) == 0);
        same = 0;
        for (size_t i = 0; i < 10; i++)
            same += results[i].pid == results[i / 5 * 5].pid;
        printf("by default, of %zu: %zu, %s\n", count, same,
               results[0].pid != results[5].pid ? "two" : "one");
    }
    SHOW(pool_join(pool));
}

/* The first task ends last, and its result is the first all the same. */
static void finishing(char **operands)
{
    struct pool *pool = must_open(2, 0);

    (void)operands;
    prepare(10);
    for (size_t i = 0; i < 10; i++)
        post(pool, i == 0 ? wait_for_release : count_run, i);
    for (size_t i = 10; i-- > 1;)
        CHECK(pool_wait(pool, &results[i], FOREVER) == 0);
    printf("the last ones are ready, the first is %s\n", results[0].ready ? "too" : "not");
    printf("%zu right\n", count_right(10));
    atomic_store(&shared->released, 1);
    SHOW(pool_wait(pool, &results[0], FOREVER));
    printf("%zu right\n", count_right(10));
    SHOW(pool_join(pool));
}

/* A map, and an imap, beside a task that takes long. */
static void beside(char **operands)
{
    struct pool *pool = must_open(2, 0);

    (void)operands;
    prepare(101);
    post(pool, wait_for_release, 100);
    print_map("map", pool_map(pool, count_run, arguments, 100, 0, results), 100);
    prepare(100);
    struct pool_imap imap = {
        .function = count_run, .arguments = arguments, .count = 100, .results = results};
    while (pool_imap_next(pool, &imap, FOREVER) != 100)
        ;
    print_map("imap", 0, 100);
    printf("the other one is %s\n", results[100].ready ? "ready" : "not ready");
    atomic_store(&shared->released, 1);
    SHOW(pool_get(pool, &results[100], FOREVER));
    SHOW(pool_join(pool));

    printf("no slot is free:\n");
    pool = must_open(1, 4);
    atomic_store(&shared->released, 0);
    prepare(24);
    for (size_t i = 20; i < 24; i++)
        post(pool, wait_for_release, i);
    imap = (struct pool_imap){
        .function = count_run, .arguments = arguments, .count = 20, .results = results};
    SHOW(pool_imap_next(pool, &imap, 0));
    SHOW(pool_imap_next(pool, &imap, 0.05));
    atomic_store(&shared->released, 1);
    SHOW(pool_imap_next(pool, &imap, FOREVER));
    SHOW(pool_join(pool));
}

static void started_in_order(char **operands)
{
    const size_t count = 500;
    struct pool *pool = must_open(1, 16);
    size_t in_order = 0;

    (void)operands;
    for (unsigned long i = 0; i < count; i++)
        CHECK(pool_apply_async(pool, log_it, &i, NULL) == 0);
    for (size_t i = 0; i < count; i++) {
        arguments[i] = count + i;
        results[i] = (struct task_result){.value = NULL};
    }
    CHECK(pool_map(pool, log_it, arguments, count, 7, results) == 0);
    for (unsigned long i = 2 * count; i < 3 * count; i++)
        CHECK(pool_apply_async(pool, log_it, &i, NULL) == 0);
    SHOW(pool_join(pool));
    for (size_t i = 0; i < 3 * count; i++)
        in_order += atomic_load(&shared->log[i]) == (int)i;
    printf("%d tasks, %zu in order\n", atomic_load(&shared->count), in_order);
}

static void own_errors(char **operands)
{
    struct pool *pool = must_open(2, 8);

    (void)operands;
    for (size_t chunk = 0; chunk <= 7; chunk += 7) {
        size_t right = 0;
        SHOW(map(pool, fail_odd, 101, chunk));
        for (size_t i = 0; i < 101; i++)
            right += results[i].ready && results[i].error == (i % 2 == 1 ? EDOM : 0) &&
                     results[i].exit_code == 0 && values[i] == answer(i);
        printf("%zu as they should be\n", right);
    }
    SHOW(map(pool, fail_odd, 1, 1));
    SHOW(pool_join(pool));
}

static void waiting(char **operands)
{
    struct pool *pool = must_open(1, 0);

    (void)operands;
    prepare(6);
    results[4].ready = true;
    post(pool, wait_for_release, 4);
    SHOW(results[4].ready);
    SHOW(pool_wait(pool, &results[4], 0));
    SHOW(pool_wait(pool, &results[4], -1));
    double before = seconds_now();
    SHOW(pool_wait(pool, &results[4], 0.05));
    double took = seconds_now() - before;
    CHECK(took >= 0.05 && took < 5);
    before = seconds_now();
    SHOW(pool_get(pool, &results[4], 0.4)); /* longer than the pool sleeps at a time */
    took = seconds_now() - before;
    CHECK(took >= 0.4 && took < 5);
    SHOW(results[4].ready);
    post(pool, count_run, 5);
    SHOW(pool_wait(pool, &results[5], 0)); /* behind the other */
    atomic_store(&shared->released, 1);
    SHOW(pool_wait(pool, &results[4], LONG));
    SHOW(results[4].ready);
    SHOW(values[4]);
    SHOW(pool_wait(pool, &results[4], 0));
    SHOW(pool_wait(pool, &results[4], FOREVER));
    SHOW(pool_wait(pool, &results[5], FOREVER));
    /* A handle is good for another task. */
    values[4] = 0;
    post(pool, count_run, 4);
    SHOW(pool_get(pool, &results[4], FOREVER));
    SHOW(values[4]);
    SHOW(pool_join(pool));
}

static void getting(char **operands)
{
    struct pool *pool = must_open(1, 0);

    (void)operands;
    prepare(4);
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->failing, 1 << 1);
    atomic_store(&shared->dying, 1 << 2);
    for (size_t i = 0; i < 3; i++) {
        post(pool, behave, i);
        printf("task %zu:\n", i);
        SHOW(pool_get(pool, &results[i], FOREVER));
        SHOW(pool_get(pool, &results[i], 0)); /* once more */
        SHOW(pool_wait(pool, &results[i], FOREVER));
    }
    printf("task 3:\n");
    post(pool, say_timed_out, 3);
    SHOW(pool_get(pool, &results[3], FOREVER));
    SHOW(results[3].ready);
    /* One by one, as a call and its answer. */
    for (size_t i = 0; i < 500; i++) {
        values[0] = 0;
        arguments[0] = i;
        post(pool, square, 0);
        CHECK(pool_get(pool, &results[0], FOREVER) == 0 && values[0] == answer(i));
    }
    SHOW(pool_join(pool));
}

static void large(char **operands)
{
    enum { COUNT = 150 }; /* more than there are slots */
    unsigned char *from = malloc((size_t)COUNT * LARGE), *to = calloc(COUNT, LARGE);
    struct pool *pool = pool_open(
        &(struct pool_options){.workers = 2, .argument_size = LARGE, .result_size = LARGE});
    size_t right = 0;

    (void)operands;
    CHECK(from != NULL && to != NULL && pool != NULL);
    for (size_t i = 0; i < (size_t)COUNT * LARGE; i++)
        from[i] = (unsigned char)(i * 2654435761U >> 13);
    for (size_t i = 0; i < COUNT; i++)
        results[i] = (struct task_result){.value = to + i * LARGE};
    SHOW(pool_map(pool, turn_round, from, COUNT, 0, results));
    for (size_t i = 0; i < (size_t)COUNT * LARGE; i++)
        right += to[i] == from[i / LARGE * LARGE + (LARGE - 1 - i % LARGE)];
    printf("%s\n", right == (size_t)COUNT * LARGE ? "all bytes right" : "wrong");
    SHOW(pool_join(pool));
    free(from);
    free(to);
}

static void closing(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(2, 4);
    unsigned long number = 0;

    (void)operands;
    for (int i = 0; i < 100; i++)
        CHECK(pool_apply_async(pool, count_one, &number, NULL) == 0);
    prepare(101);
    for (size_t i = 0; i < 100; i++)
        post(pool, square, i);
    pool_close(pool);
    SHOW(pool_apply_async(pool, count_one, &number, NULL));
    SHOW(pool_apply_async(pool, count_one, &number, &results[100]));
    SHOW(pool_map(pool, count_one, arguments, 1, 1, results + 100));
    SHOW(pool_map(pool, count_one, arguments, 0, 1, results + 100));
    SHOW(pool_wait(pool, &results[99], FOREVER)); /* what it has can be had */
    pool_close(pool);
    SHOW(pool_join(pool));
    SHOW(shared->count);
    SHOW(count_right(100));
    check_nothing_left(descriptors);
}

static void failures(char **operands)
{
    static const struct task_result all[] = {
        {.error = ETIMEDOUT, .exit_code = -SIGKILL, .pid = 5},
        {.error = ETIMEDOUT, .pid = 5}, /* the task has returned that itself */
        {.error = EDOM, .pid = 5},
        {.error = EOWNERDEAD, .exit_code = -SIGKILL, .pid = 5},
        {.error = EOWNERDEAD, .exit_code = 3, .pid = 5}};
    char text[100], little[10];

    (void)operands;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        printf("%s\n", pool_failure(&all[i], text, sizeof text));
    printf("%s\n", pool_failure(&all[0], little, sizeof little));
}

static void close_it(struct task_result *result)
{
    pool_close(result->context);
}

/* By a callback, in the middle of a map that has more tasks than there are slots. */
static void closed_in_map(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(2, 4);

    (void)operands;
    prepare(20);
    results[0].callback = close_it;
    results[0].context = pool;
    SHOW(pool_map(pool, square, arguments, 20, 1, results));
    SHOW(is_right(0));
    SHOW(results[19].ready);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

static void never_posted(char **operands)
{
    struct pool *pool = must_open(1, 0), *other = must_open(1, 0);

    (void)operands;
    prepare(20);
    SHOW(pool_wait(pool, &results[19], FOREVER)); /* to a pool that has done nothing yet */
    for (size_t i = 0; i < 10; i++)
        post(other, square, i);
    SHOW(pool_wait(pool, &results[9], FOREVER)); /* to another pool */
    SHOW(pool_join(other));
    SHOW(pool_wait(pool, &results[9], FOREVER)); /* it is ready */
    post(pool, square, 10);
    struct task_result copy = results[10];
    SHOW(pool_wait(pool, &results[10], FOREVER));
    SHOW(pool_wait(pool, &copy, FOREVER)); /* what has become of it, the other one has got */
    SHOW(pool_join(pool));
}

static void terminated(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(3, 0);
    pid_t pids[3];

    (void)operands;
    for (size_t i = 0; i < 10; i++)
        post(pool, stay, i);
    wait_until_arrived(3);
    double before = seconds_now();
    pool_terminate(pool);
    CHECK(seconds_now() - before < 4);
    check_nothing_left(descriptors);
    printf("busy: ended, %d begun\n", atomic_load(&shared->arrived));

    pool = must_open(3, 0);
    pool_terminate(pool);
    check_nothing_left(descriptors);
    printf("idle: ended\n");

    pool = must_open(3, 0);
    gather(pool, 3, pids);
    CHECK(kill(pids[0], SIGSTOP) == 0);
    before = seconds_now();
    pool_terminate(pool);
    CHECK(seconds_now() - before < 4);
    check_nothing_left(descriptors);
    printf("stopped: ended\n");
}

/* One that is stopped, and has nothing to do, is killed after a while. */
static void stopped(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(2, 0);
    pid_t pids[2];

    (void)operands;
    gather(pool, 2, pids);
    wait_until_asleep(pids[1]);
    CHECK(kill(pids[1], SIGSTOP) == 0);
    double before = seconds_now();
    SHOW(pool_join(pool));
    CHECK(seconds_now() - before < LONG);
    check_nothing_left(descriptors);
}

/* --- callbacks ---- */

static struct { /* what was called, in this order */
    size_t index;
    bool error;
} calls[MOST_TASKS];
static size_t call_count;
static pid_t caller;

static void note(const struct task_result *result, bool error)
{
    CHECK(getpid() == caller && call_count < MOST_TASKS);
    CHECK(result->ready && (result->error != 0) == error && result->context == &caller);
    calls[call_count].error = error;
    calls[call_count++].index = (size_t)(result - results);
}

static void note_success(struct task_result *result)
{
    CHECK(values[result - results] == answer((unsigned long)(result - results)));
    note(result, false);
}

static void note_error(struct task_result *result)
{
    note(result, true);
}

static void prepare_with_callbacks(size_t count)
{
    caller = getpid();
    call_count = 0;
    prepare(count);
    for (size_t i = 0; i < count; i++) {
        results[i].callback = note_success;
        results[i].error_callback = note_error;
        results[i].context = &caller;
    }
}

/* How many of the tasks were noted once, and as what they are. */
static size_t count_noted(size_t count)
{
    size_t noted = 0;

    for (size_t i = 0; i < count; i++) {
        size_t times = 0;
        for (size_t k = 0; k < call_count; k++)
            times += calls[k].index == i;
        noted += times == 1;
    }
    return noted;
}

static void print_calls(void)
{
    printf("called:");
    for (size_t k = 0; k < call_count; k++)
        printf(" %zu%s", calls[k].index, calls[k].error ? " (error)" : "");
    printf("\n");
}

static void callbacks(char **operands)
{
    struct pool *pool = must_open(2, 0);

    (void)operands;
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->failing, 1 << 1 | 1 << 4);
    atomic_store(&shared->dying, 1 << 2 | 1 << 3);
    prepare_with_callbacks(10);
    for (size_t i = 0; i < 5; i++) {
        post(pool, behave, i);
        CHECK(pool_wait(pool, &results[i], FOREVER) == 0);
    }
    print_calls();
    for (size_t i = 0; i < 5; i++) /* with only one of the two */
        if (results[i].error == 0)
            results[i].callback = NULL;
        else
            results[i].error_callback = NULL;
    for (size_t i = 0; i < 5; i++) {
        post(pool, behave, i);
        CHECK(pool_wait(pool, &results[i], FOREVER) == 0);
    }
    print_calls();

    for (size_t chunk = 0; chunk <= 1; chunk++) {
        prepare_with_callbacks(1000);
        SHOW(pool_map(pool, behave, arguments, 1000, chunk, results));
        printf("%zu calls, %zu once\n", call_count, count_noted(1000));
    }
    prepare_with_callbacks(100);
    for (size_t i = 0; i < 100; i++)
        post(pool, behave, i);
    SHOW(pool_join(pool));
    printf("%zu calls, %zu once\n", call_count, count_noted(100));

    prepare_with_callbacks(3);
    pool = must_open(3, 0);
    for (size_t i = 0; i < 3; i++)
        post(pool, wait_for_release, i);
    pool_terminate(pool);
    print_calls();
}

/* They are called in the order in which the tasks finish. */
static void callbacks_in_order(char **operands)
{
    static const size_t order[] = {2, 0, 3, 1};
    struct pool *pool = must_open(4, 0);

    (void)operands;
    prepare_with_callbacks(5);
    for (size_t i = 0; i < 4; i++)
        post(pool, wait_for_turn, i);
    for (size_t i = 0; i < 4; i++) {
        atomic_fetch_or(&shared->turns, 1UL << order[i]);
        CHECK(pool_wait(pool, &results[order[i]], FOREVER) == 0);
    }
    print_calls();

    printf("while another one is waited for:\n");
    prepare_with_callbacks(5);
    atomic_store(&shared->turns, 0);
    for (size_t i = 0; i < 4; i++)
        post(pool, wait_for_turn, i);
    for (size_t i = 0; i < 3; i++) {
        atomic_fetch_or(&shared->turns, 1UL << (3 - i));
        double give_up = seconds_now() + LONG;
        while (call_count < i + 1 && seconds_now() < give_up)
            CHECK(pool_wait(pool, &results[0], 0.01) == -1 && errno == ETIMEDOUT);
    }
    print_calls();
    atomic_fetch_or(&shared->turns, 1);
    SHOW(pool_join(pool));
    print_calls();
}

static struct pool *common; /* for callbacks */
static int refused;

/* cppcheck-suppress constParameter ; the type of a callback */
static void post_another(struct task_result *result)
{
    size_t next = (size_t)(result - results) + 1;

    if (next < 1000)
        CHECK(pool_apply_async(common, count_run, &arguments[next], &results[next]) == 0);
}

/* cppcheck-suppress constParameter ; the type of a callback */
static void post_for_nobody(struct task_result *result)
{
    unsigned long number = (unsigned long)(result - results) + 1000;

    if (pool_apply_async(common, count_run, &number, NULL) == -1) {
        CHECK(errno == EPIPE);
        refused++;
    }
}

/* cppcheck-suppress constParameter ; the type of a callback */
static void ask(struct task_result *result)
{
    size_t next = (size_t)(result - results) + 100;

    post(common, count_run, next);
    CHECK(pool_get(common, &results[next], FOREVER) == 0 && is_right(next));
}

static void post_again(struct task_result *result)
{
    CHECK(is_right((size_t)(result - results)));
    if (++call_count < 500)
        CHECK(pool_apply_async(common, count_run, &arguments[0], result) == 0);
}

static void map_others(struct task_result *result)
{
    (void)result;
    CHECK(pool_map(common, count_run, &arguments[10], 50, 0, &results[10]) == 0);
}

/* posting SLOTS: callbacks that use the pool. */
static void posting(char **operands)
{
    size_t slots = (size_t)cli_number("SLOTS", operands[0], 1, 1000);

    common = must_open(2, slots);
    prepare(1000);
    for (size_t i = 0; i < 1000; i++)
        results[i].callback = post_another;
    post(common, count_run, 0);
    for (size_t i = 0; i < 1000; i++) /* each is posted by the one before */
        CHECK(pool_wait(common, &results[i], FOREVER) == 0);
    printf("one after the other: %zu right, %zu once\n", count_right(1000), count_begun(1000, 1));

    prepare(2000);
    for (size_t i = 0; i < 300; i++) {
        results[i].callback = post_for_nobody;
        post(common, count_run, i);
    }
    for (size_t i = 0; i < 300; i++)
        CHECK(pool_wait(common, &results[i], FOREVER) == 0);
    while (count_begun(2000, 1) < 600)
        nap(0.0005);
    printf("each one another: %zu right, %d refused\n", count_right(300), refused);

    for (size_t i = 300; i < 400; i++) {
        results[i].callback = ask;
        post(common, count_run, i);
    }
    for (size_t i = 300; i < 500; i++)
        CHECK(pool_wait(common, &results[i], FOREVER) == 0);
    printf("each one asks another: %zu right\n", count_right(500) - 300);

    prepare(100);
    call_count = 0;
    results[0].callback = post_again;
    post(common, count_run, 0);
    while (call_count < 500)
        CHECK(pool_wait(common, &results[0], FOREVER) == 0);
    printf("the same again: %d begun\n", atomic_load(&shared->runs[0]));

    prepare(100);
    results[0].callback = map_others;
    post(common, count_run, 0);
    SHOW(pool_get(common, &results[0], FOREVER));
    printf("a map in between: %zu right\n", count_right(60));

    prepare(2000);
    /* Ready only in the join: it is too late to post. */
    size_t late = slots < 10 ? slots : 10;
    for (size_t i = 600; i < 600 + late; i++) {
        results[i].callback = post_for_nobody;
        post(common, wait_for_release, i);
    }
    CHECK(refused == 0);
    atomic_store(&shared->released, 1);
    SHOW(pool_join(common));
    printf("too late: %d right, %d refused\n", count_right(600 + late) == late,
           refused == (int)late);
}

static void finish_task(unsigned long number)
{
    atomic_fetch_or(&shared->turns, 1UL << number);
}

static int depth, deepest;

static void post_while_full(struct task_result *result)
{
    (void)result;
    if (++depth > deepest)
        deepest = depth;
    call_count++;
    for (int i = 0; i < 2; i++)
        CHECK(pool_apply_async(common, count_run, &arguments[0], NULL) == 0);
    depth--;
}

/* Every slot's task is finished when the first callback is called, and has one that must wait for a
 * slot. */
static void nesting(char **operands)
{
    enum { SLOTS = 256 };

    (void)operands;
    common = must_open(2, SLOTS);
    prepare(SLOTS);
    atomic_store(&shared->turns, ~1UL);
    for (size_t i = 0; i < SLOTS; i++) {
        results[i].callback = i == 0 ? NULL : post_while_full;
        post(common, i == 0 ? wait_for_turn : count_run, i);
    }
    double give_up = seconds_now() + LONG;
    while (count_begun(SLOTS, 1) < SLOTS - 1) {
        CHECK(seconds_now() < give_up);
        nap(0.0005);
    }
    finish_task(0);
    SHOW(pool_wait(common, &results[0], FOREVER));
    SHOW(pool_join(common));
    printf("%zu callbacks, %d deep; %zu right\n", call_count, deepest, count_right(SLOTS));
}

enum { WAITS = 16 };

/* cppcheck-suppress constParameter ; the type of a callback */
static void wait_in_callback(struct task_result *result)
{
    unsigned long asked = (unsigned long)(result - results) + 1;

    post(common, run_for_ms, asked);
    CHECK(pool_wait(common, &results[asked], FOREVER) == 0);
    call_count++;
}

/* While the parent waits for a long task, a callback waits for a short one. Should it then not be
 * woken for the long one, that would cost a quarter of a second each time. */
static void waiting_twice(char **operands)
{
    (void)operands;
    common = must_open(2, 0);
    prepare(100);
    double begin = seconds_now();
    for (int i = 0; i < WAITS; i++) {
        arguments[0] = 30;
        arguments[1] = arguments[2] = 5;
        results[1].callback = wait_in_callback;
        post(common, run_for_ms, 0);
        post(common, run_for_ms, 1);
        CHECK(pool_wait(common, &results[0], FOREVER) == 0);
        CHECK(pool_wait(common, &results[1], FOREVER) == 0);
    }
    double took = seconds_now() - begin;
    printf("%zu callbacks; woken: %s\n", call_count, took < WAITS * 0.2 ? "yes" : "no");
    SHOW(pool_join(common));
}

static void imap_in_callback(struct task_result *result)
{
    struct pool_imap imap = {.function = count_run,
                             .arguments = &arguments[10],
                             .count = 50,
                             .results = &results[10],
                             .unordered = true};

    (void)result;
    while (pool_imap_next(common, &imap, FOREVER) != 50)
        call_count++;
}

static void count_call(struct task_result *result)
{
    CHECK(result->ready);
    call_count++;
}

static void ask_both(struct task_result *result)
{
    (void)result;
    atomic_store(&shared->turns, 1 << 2 | 1 << 3);
    for (size_t i = 2; i <= 3; i++)
        CHECK(pool_wait(common, &results[i], FOREVER) == 0 && is_right(i));
    printf("both are ready, %zu of their callbacks called\n", call_count);
}

/* A callback takes all of an imap; and others fall due in the middle of one. */
static void due(char **operands)
{
    (void)operands;
    common = must_open(2, 8);
    prepare(100);
    results[0].callback = imap_in_callback;
    post(common, count_run, 0);
    SHOW(pool_wait(common, &results[0], FOREVER));
    printf("imap: %zu given, %zu right\n", call_count, count_right(60) - 1);

    prepare(100);
    call_count = 0;
    results[1].callback = ask_both;
    results[2].callback = results[3].callback = count_call;
    for (size_t i = 1; i <= 3; i++)
        post(common, i == 1 ? count_run : wait_for_turn, i);
    SHOW(pool_wait(common, &results[1], FOREVER));
    SHOW(pool_wait(common, &results[3], FOREVER));
    printf("then %zu called\n", call_count);
    SHOW(pool_join(common));
}

/* --- imap ---- */

static struct pool_imap imap_of(task_function *function, size_t first, size_t count, bool unordered)
{
    return (struct pool_imap){.function = function,
                              .arguments = &arguments[first],
                              .count = count,
                              .results = &results[first],
                              .unordered = unordered};
}

/* Takes all results. Each must come once, and where it is to be in order, in order. */
static size_t drain(struct pool *pool, struct pool_imap *imap)
{
    static bool came[MOST_TASKS];
    size_t given = 0;
    ssize_t index;

    memset(came, 0, imap->count);
    while ((index = pool_imap_next(pool, imap, FOREVER)) != (ssize_t)imap->count) {
        CHECK(index >= 0 && !came[index] && imap->results[index].ready);
        CHECK(imap->unordered || index == (ssize_t)given);
        came[index] = true;
        given++;
    }
    CHECK(pool_imap_next(pool, imap, FOREVER) == (ssize_t)imap->count); /* and so for ever */
    CHECK(pool_imap_next(pool, imap, 0) == (ssize_t)imap->count);
    return given;
}

static const char *kind(bool unordered)
{
    return unordered ? "unordered" : "in order";
}

/* imap WORKERS SLOTS COUNT: both kinds, and with workers that die. */
static void imapped(char **operands)
{
    int workers = (int)cli_number("WORKERS", operands[0], 1, MOST_WORKERS);
    size_t slots = (size_t)cli_number("SLOTS", operands[1], 0, 10000);
    size_t count = (size_t)cli_number("COUNT", operands[2], 0, MOST_TASKS);
    int descriptors = count_descriptors();
    struct pool *pool = must_open(workers, slots);

    atomic_store(&shared->death, 'k');
    for (int unordered = 0; unordered <= 1; unordered++)
        for (int round = 0; round < 2; round++) {
            atomic_store(&shared->failing, round == 0 ? 0 : 1 << 1);
            atomic_store(&shared->dying, round == 0 ? 0 : 1 << 2 | 1 << 9);
            prepare(count);
            struct pool_imap imap = imap_of(behave, 0, count, unordered);
            size_t given = drain(pool, &imap);
            printf("%s: %zu given, %zu right, %zu once\n", kind(unordered), given,
                   count_right(count), count_begun(count, 1));
            print_errors(count);
        }
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* Tasks that finish in an order that we say. */
static void imap_order(char **operands)
{
    static const size_t order[] = {2, 0, 3, 1};
    struct pool *pool = must_open(4, 0);

    (void)operands;
    prepare(4);
    struct pool_imap imap = imap_of(wait_for_turn, 0, 4, true);
    printf("unordered\n");
    SHOW(pool_imap_next(pool, &imap, 0));
    SHOW(pool_imap_next(pool, &imap, -1));
    for (size_t i = 0; i < 4; i++) {
        finish_task(order[i]);
        SHOW(pool_imap_next(pool, &imap, LONG));
        if (i < 3)
            SHOW(pool_imap_next(pool, &imap, 0.02));
    }
    SHOW(pool_imap_next(pool, &imap, FOREVER));

    prepare(4);
    atomic_store(&shared->turns, 0);
    imap = imap_of(wait_for_turn, 0, 4, false);
    printf("in order\n");
    finish_task(2);
    finish_task(1);
    SHOW(pool_imap_next(pool, &imap, 0.05));
    finish_task(0);
    SHOW(pool_imap_next(pool, &imap, LONG));
    SHOW(pool_imap_next(pool, &imap, LONG));
    SHOW(pool_imap_next(pool, &imap, LONG));
    SHOW(pool_imap_next(pool, &imap, 0.02));
    finish_task(3);
    SHOW(pool_imap_next(pool, &imap, LONG));
    SHOW(pool_imap_next(pool, &imap, FOREVER));
    printf("%zu right, %zu once\n", count_right(4), count_begun(4, 1));

    printf("at the same moment\n");
    prepare(4);
    atomic_store(&shared->turns, 0);
    imap = imap_of(wait_for_turn, 0, 4, true);
    CHECK(pool_imap_next(pool, &imap, 0) == -1);
    finish_task(3);
    finish_task(2);
    while (count_begun(4, 1) < 2)
        nap(0.0005);
    for (int i = 2; i <= 3; i++) /* and so have not only begun to finish */
        wait_until_asleep((pid_t)atomic_load(&shared->pids[i]));
    SHOW(pool_imap_next(pool, &imap, LONG));
    SHOW(pool_imap_next(pool, &imap, LONG));
    atomic_store(&shared->turns, 15);
    CHECK(drain(pool, &imap) == 2);
    SHOW(pool_join(pool));
}

/* All slots are taken by others. */
static void imap_beside(char **operands)
{
    struct pool *pool = must_open(1, 4);

    (void)operands;
    prepare(20);
    arguments[0] = 50;
    for (size_t i = 0; i < 4; i++)
        post(pool, i == 0 ? run_for_ms : wait_for_turn, i);
    struct pool_imap imap = imap_of(count_run, 4, 10, false);
    SHOW(pool_imap_next(pool, &imap, 0.2)); /* meanwhile the first one's slot becomes free */
    atomic_store(&shared->turns, ~0UL);
    CHECK(drain(pool, &imap) == 10);
    SHOW(count_right(14)); /* 50 is not the first one's number */
    SHOW(pool_join(pool));
}

/* Four slots, whose oldest task takes long. */
static void imap_full(char **operands)
{
    struct pool *pool = must_open(2, 4);

    (void)operands;
    prepare(20);
    struct pool_imap imap = imap_of(wait_for_turn, 0, 20, true);
    atomic_store(&shared->turns, ~1UL);
    for (int i = 0; i < 3; i++)
        SHOW(pool_imap_next(pool, &imap, LONG));
    SHOW(pool_imap_next(pool, &imap, 0.05));
    SHOW(results[3].ready);
    finish_task(0);
    SHOW(pool_imap_next(pool, &imap, LONG));
    size_t rest = 0;
    while (pool_imap_next(pool, &imap, FOREVER) != 20)
        rest++;
    printf("%zu more; %zu right, %zu once\n", rest, count_right(20), count_begun(20, 1));

    printf("closed when four are posted:\n");
    for (int unordered = 0; unordered <= 1; unordered++) {
        prepare(20);
        atomic_store(&shared->turns, 0);
        imap = imap_of(wait_for_turn, 0, 20, unordered);
        SHOW(pool_imap_next(pool, &imap, 0));
        pool_close(pool);
        atomic_store(&shared->turns, ~0UL);
        size_t given = 0;
        while (pool_imap_next(pool, &imap, FOREVER) != -1)
            given++;
        SHOW(pool_imap_next(pool, &imap, FOREVER));
        printf("%s: %zu given, %zu right\n", kind(unordered), given, count_right(20));
        SHOW(pool_join(pool));
        pool = must_open(2, 4);
    }
    printf("closed when all are posted:\n");
    prepare(3);
    atomic_store(&shared->turns, 0);
    imap = imap_of(wait_for_turn, 0, 3, true);
    SHOW(pool_imap_next(pool, &imap, 0));
    pool_close(pool);
    atomic_store(&shared->turns, ~0UL);
    size_t given = drain(pool, &imap);
    printf("%zu given, %zu right\n", given, count_right(3));
    SHOW(pool_join(pool));

    printf("left in the middle:\n");
    pool = must_open(2, 4);
    prepare(20);
    imap = imap_of(count_run, 0, 20, true);
    CHECK(pool_imap_next(pool, &imap, FOREVER) >= 0);
    SHOW(pool_join(pool));
    CHECK(imap.posted >= 4 && count_right(20) == imap.posted && count_begun(20, 1) == imap.posted);
}

/* together SLOTS: two imaps, a map and single tasks, all on the same pool. */
static void together(char **operands)
{
    const size_t count = 500;
    size_t slots = (size_t)cli_number("SLOTS", operands[0], 0, 1000);
    struct pool *pool = must_open(3, slots);
    size_t first_given = 0, second_given = 0;

    atomic_store(&shared->death, 'k');
    atomic_store(&shared->dying, 1 << 3);
    prepare_with_callbacks(3 * count + 200);
    for (size_t i = 0; i < 2 * count; i++) {
        results[i].callback = results[i].error_callback = NULL;
        results[i].context = NULL;
    }
    struct pool_imap first = imap_of(behave, 0, count, false);
    struct pool_imap second = imap_of(count_run, count, count, true);
    for (size_t i = 0; i < count; i++) {
        ssize_t index = pool_imap_next(pool, &first, FOREVER);
        CHECK(index == (ssize_t)i && results[i].ready);
        first_given++;
        index = pool_imap_next(pool, &second, FOREVER);
        CHECK(index >= 0 && index < (ssize_t)count && results[count + (size_t)index].ready);
        second_given++;
        post(pool, count_run, 2 * count + i);
        if (i % 100 == 50)
            CHECK(pool_wait(pool, &results[2 * count + i - 7], FOREVER) == 0);
        if (i == 250)
            CHECK(pool_map(pool, count_run, &arguments[3 * count], 200, 0, &results[3 * count]) ==
                  0);
    }
    CHECK(pool_imap_next(pool, &first, FOREVER) == (ssize_t)count);
    CHECK(pool_imap_next(pool, &second, FOREVER) == (ssize_t)count);
    SHOW(pool_join(pool));
    printf("%zu and %zu given, %zu called; %zu right, %zu once\n", first_given, second_given,
           call_count, count_right(3 * count + 200), count_begun(3 * count + 200, 1));
    print_errors(count);
}

/* --- workers that die ---- */

/* dying HOW WORKERS...: in the middle of a task. */
static void dying(char **operands)
{
    enum { COUNT = 20, DYING = 7 };
    CHECK(operands[0] != NULL);
    int how = (unsigned char)*operands[0], descriptors = count_descriptors();
    int rounds = how == 'g' || how == 'G' ? 1 : 2;

    signal(SIGINT, SIG_DFL); /* who runs the tests in the background may have it ignored */
    for (operands++; *operands != NULL; operands++) {
        int workers = (int)cli_number("WORKERS", *operands, 1, MOST_WORKERS);
        struct pool *pool = must_open(workers, 0);
        atomic_store(&shared->death, how);
        atomic_store(&shared->dying, 1 << DYING);
        for (int round = 0; round < rounds; round++) {
            print_map("map", map(pool, behave, COUNT, round == 0 ? 1 : 0), COUNT);
            print_lost(&results[DYING]);
            CHECK(count_begun(COUNT, 1) == COUNT);
            CHECK(results[DYING].ready && results[DYING].pid == atomic_load(&shared->pids[DYING]));
            CHECK(results[DYING].error != EOWNERDEAD || values[DYING] == 0);
            expect_as_new(pool, workers);
        }
        double before = seconds_now();
        SHOW(pool_join(pool));
        CHECK(seconds_now() - before < 4); /* it does not wait for the grandchild */
        if (atomic_load(&shared->grandchild) != 0)
            CHECK(kill(atomic_load(&shared->grandchild), SIGKILL) == 0);
        check_nothing_left(descriptors);
    }
}

/* in_chunk WORKERS CHUNK DYING...: which tasks are lost when the workers of these die. */
static void in_chunk(char **operands)
{
    enum { COUNT = 20 };
    CHECK(operands[0] != NULL && operands[1] != NULL);
    int workers = (int)cli_number("WORKERS", operands[0], 1, MOST_WORKERS);
    size_t chunk = (size_t)cli_number("CHUNK", operands[1], 1, 100);
    int descriptors = count_descriptors();
    struct pool *pool = must_open(workers, 0);

    atomic_store(&shared->death, 'k');
    for (operands += 2; *operands != NULL; operands++)
        atomic_fetch_or(&shared->dying, 1UL << cli_number("DYING", *operands, 0, COUNT - 1));
    for (int round = 0; round < 2; round++) {
        long errors = map(pool, behave, COUNT, chunk);
        printf("%ld errors, %zu right, %zu once; lost:", errors, count_right(COUNT),
               count_begun(COUNT, 1));
        for (size_t i = 0; i < COUNT; i++)
            if (results[i].error == EOWNERDEAD && results[i].exit_code == -SIGKILL &&
                results[i].pid == atomic_load(&shared->pids[i]) && values[i] == 0)
                printf(" %zu", i);
        printf("\n");
    }
    expect_as_new(pool, workers);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* A worker dies, and leaves a grandchild that has its descriptors: found soon, whatever the
 * timeout. */
static void held(char **operands)
{
    struct pool *pool = must_open(1, 0);

    (void)operands;
    atomic_store(&shared->death, 'g');
    atomic_store(&shared->dying, 1);
    prepare(1);
    post(pool, behave, 0);
    double before = seconds_now();
    SHOW(pool_wait(pool, &results[0], LONG));
    CHECK(seconds_now() - before < 10);
    print_lost(&results[0]);
    CHECK(kill(atomic_load(&shared->grandchild), SIGKILL) == 0);
    SHOW(pool_join(pool));
}

/* Posts one task that dies, and asks for it without waiting. */
static void polled(char **operands)
{
    struct pool *pool = must_open(1, 0);
    double give_up = seconds_now() + 5;

    (void)operands;
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->dying, 1);
    prepare(1);
    post(pool, behave, 0);
    while (pool_wait(pool, &results[0], 0) == -1 && seconds_now() < give_up)
        nap(0.001);
    SHOW(results[0].ready);
    if (results[0].ready)
        print_lost(&results[0]);
    pool_terminate(pool);
}

/* idle COUNT: kills so many of 3 workers, while they have nothing to do. */
static void idle(char **operands)
{
    int count = (int)cli_number("COUNT", operands[0], 1, 3);
    int descriptors = count_descriptors();
    struct pool *pool = must_open(3, 0);
    pid_t pids[3];

    gather(pool, 3, pids);
    for (int i = 0; i < count; i++)
        wait_until_asleep(pids[i]);
    for (int i = 0; i < count; i++)
        CHECK(kill(pids[i], SIGKILL) == 0);
    for (int i = 0; i < count; i++)
        wait_until_dead(pids[i]);
    print_map("map", map(pool, square, 100, 0), 100);
    expect_as_new(pool, 3);
    gather(pool, 3, pids);
    for (int i = 0; i < count; i++)
        CHECK(kill(pids[i], SIGKILL) == 0);
    SHOW(pool_join(pool)); /* at once, without another task */
    check_nothing_left(descriptors);
}

/* Waits until so many tasks run, then kills all workers. */
static int kill_when_all_are_busy(void *argument)
{
    pid_t pids[MOST_WORKERS];

    wait_until_arrived(*(int *)argument);
    int count = children_of(getppid(), pids, MOST_WORKERS, false);
    for (int i = 0; i < count; i++)
        if (pids[i] != getpid())
            CHECK(kill(pids[i], SIGKILL) == 0);
    return 0;
}

static void busy(char **operands)
{
    int descriptors = count_descriptors(), all = 3;
    struct pool *pool = must_open(3, 0);
    struct process killer = {0};

    (void)operands;
    start(&killer, kill_when_all_are_busy, &all);
    SHOW(map(pool, stay, 3, 1));
    print_errors(3);
    CHECK(results[0].pid != results[1].pid && results[1].pid != results[2].pid);
    CHECK(end(&killer) == 0);
    expect_as_new(pool, 3);
    printf("and while it is joined:\n");
    atomic_store(&shared->arrived, 0);
    start(&killer, kill_when_all_are_busy, &all);
    prepare(8);
    for (size_t i = 0; i < 8; i++)
        post(pool, i < 3 ? stay : count_run, i);
    SHOW(pool_join(pool));
    CHECK(end(&killer) == 0);
    print_errors(8);
    printf("%zu right, %zu once\n", count_right(8), count_begun(8, 1));
    check_nothing_left(descriptors);
}

/* --- stress ---- */

static long deaths_wanted;
static unsigned seed;
static size_t stride;
static atomic_long *deaths; /* shared */

/* Sends that signal to a random child of its parent, now and then. */
static int kill_now_and_then(void *argument)
{
    int signal_number = *(int *)argument;
    pid_t pids[MOST_WORKERS];

    while (atomic_load(deaths) < deaths_wanted) {
        nap(random_fraction() * (signal_number == SIGSTOP ? 0.1 : 0.004));
        int count = children_of(getppid(), pids, MOST_WORKERS, false);
        int chosen = count > 0 ? rand() % count : 0;
        if (count <= 0 || pids[chosen] == getpid())
            continue;
        if (kill(pids[chosen], signal_number) == 0)
            atomic_fetch_add(deaths, 1);
    }
    return 0;
}

/* Every stride-th task dies. */
static int die_sometimes(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;

    count_run(argument, result);
    if (number % stride == seed % stride) {
        atomic_fetch_add(deaths, 1);
        end_by(atomic_load(&shared->death));
    }
    return 0;
}

/* What became of a map's tasks, in sum over all maps. */
static long lost_in_all, wrong_in_all, twice_in_all;

/* Those that are lost have this error and exit code; in one of our own deaths, only certain ones.
 */
static void look_at_map(long errors, bool may_be_any, int error, int exit_code)
{
    long lost = 0;

    for (size_t i = 0; i < MOST_TASKS; i++) {
        bool is_lost = results[i].error == error && results[i].exit_code == exit_code &&
                       results[i].pid > 0 && values[i] == 0;
        bool may_be_lost = may_be_any || i % stride == seed % stride;
        bool is_wrong = is_lost == is_right(i) || (is_lost && !may_be_lost);
        lost += is_lost;
        if (is_wrong && wrong_in_all++ < 10)
            fprintf(stderr, "task %zu: %s, exit code %d\n", i, error_name(results[i].error),
                    results[i].exit_code);
    }
    wrong_in_all += errors != lost || (long)count_begun(MOST_TASKS, 0) > lost;
    twice_in_all += (long)(MOST_TASKS - count_begun(MOST_TASKS, 1) - count_begun(MOST_TASKS, 0));
    lost_in_all += lost;
}

/* Maps of 100,000 tasks, until there were so many deaths: from outside, by that signal, or, with
 * `how`, by their own doing. */
static void stress(char **operands, int signal_number, int how, int error, int exit_code)
{
    enum { WORKERS = 4 };
    static const size_t chunks[] = {1, 0, 7, 1000};
    deaths_wanted = cli_number("DEATHS", operands[0], 1, 1000000);
    seed = (unsigned)cli_number("SEED", operands[1], 0, INT_MAX);
    stride = (size_t)(MOST_TASKS / (deaths_wanted < 50 ? deaths_wanted : 50));
    work_unit = deaths_wanted < 200 ? 1000 : 10000; /* then the first map alone takes seconds */
    struct worker_options options = {.time_limit = error == ETIMEDOUT ? 0.3 : 0};
    struct process killer = {0};
    long maps = 0, most = 0;

    alarm(WATCHDOG + (unsigned)deaths_wanted / 5);
    srand(seed);
    deaths = shared_map(sizeof *deaths);
    CHECK(deaths != NULL);
    pool_terminate(must_open(1, 0)); /* so that the allocator has what it needs */
    int descriptors = count_descriptors();
    long mappings = count_mappings();
    struct pool *pool = must_open_with(WORKERS, 0, options);
    atomic_store(&shared->death, how);
    if (how == 0)
        start(&killer, kill_now_and_then, &signal_number);
    for (; how == 0 ? process_is_alive(&killer) : atomic_load(deaths) < deaths_wanted; maps++) {
        task_function *function = how == 0 ? count_run : die_sometimes;
        if (how == 0 && maps % 4 == 0) /* the shorter the tasks, the more deaths between two */
            function = work_for_a_while;
        long before = atomic_load(deaths);
        long errors = map(pool, function, MOST_TASKS, chunks[maps / 2 % 4]);
        most = atomic_load(deaths) - before > most ? atomic_load(deaths) - before : most;
        look_at_map(errors, how == 0 || error == ETIMEDOUT, error, exit_code);
    }
    CHECK(how == 0 ? end(&killer) == 0 : lost_in_all >= atomic_load(deaths));
    if (signal_number == SIGSTOP) { /* those that have no task are not found so soon */
        pid_t pids[MOST_WORKERS];
        for (int i = children_of(getpid(), pids, MOST_WORKERS, false); i-- > 0;)
            CHECK(kill(pids[i], SIGCONT) == 0);
    }
    expect_as_new(pool, WORKERS);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
    /* Where the machine is busy, the time limit may end others, too. */
    bool few = error == ETIMEDOUT || lost_in_all <= atomic_load(deaths);
    printf("%ld wrong, %ld run twice, %s, %s\n", wrong_in_all, twice_in_all,
           few ? "lost only what may be" : "too many lost",
           count_mappings() <= mappings ? "nothing left" : "mappings left");
    fprintf(stderr, "%ld tasks, %ld deaths, at most %ld in one map, %ld tasks lost\n",
            maps * MOST_TASKS, atomic_load(deaths), most, lost_in_all);
    CHECK(wrong_in_all == 0 && twice_in_all == 0 && few && count_mappings() <= mappings);
}

static void stress_kill(char **operands)
{
    stress(operands, SIGKILL, 0, EOWNERDEAD, -SIGKILL);
}

static void stress_stopped(char **operands)
{
    stress(operands, SIGSTOP, 0, ETIMEDOUT, -SIGKILL);
}

static void stress_abort(char **operands)
{
    stress(operands, 0, 'a', EOWNERDEAD, -SIGABRT);
}

static void stress_exit(char **operands)
{
    stress(operands, 0, 'e', EOWNERDEAD, 3);
}

static void stress_stop(char **operands)
{
    stress(operands, 0, 'S', ETIMEDOUT, -SIGKILL);
}

/* --- step by step ---- */

/* Where the victim was killed: how often the tasks were done by it, lost with it, done by another.
 */
static long by_first, lost_at_step, by_second;

/* What became of the tasks whose worker was killed somewhere. */
static void look_at_steps(size_t count, pid_t victim)
{
    long lost = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_lost = results[i].ready && results[i].error == EOWNERDEAD &&
                       results[i].exit_code == -SIGKILL && results[i].pid == victim &&
                       values[i] == 0;
        CHECK(is_lost != is_right(i));
        CHECK(atomic_load(&shared->runs[i]) == 1 ||
              (is_lost && atomic_load(&shared->runs[i]) == 0));
        lost += is_lost;
        by_first += !is_lost && results[i].pid == victim;
        by_second += !is_lost && results[i].pid != victim;
    }
    CHECK(lost <= 1);
    lost_at_step += lost;
}

static void end_of_steps(struct pool *pool, long steps)
{
    CHECK(lost_at_step > 0 && by_first > 0 && by_second > 0);
    expect_as_new(pool, 1);
    CHECK(pool_join(pool) == 0);
    printf("killed at every step: each task is done, or lost with its worker\n");
    fprintf(stderr, "%ld instructions; %ld tasks done by the first worker, %ld lost, %ld left\n",
            steps, by_first, lost_at_step, by_second);
}

/* step STRIDE: the worker is killed after so many instructions, from its sleep to its last task. */
static void step(char **operands)
{
    enum { TASKS = 2 };
    long stride_wanted = cli_number("STRIDE", operands[0], 1, 1000), most = 0, steps;
    struct pool *pool = must_open(1, 0);
    pid_t victim;

    alarm(20 * WATCHDOG);
    do {
        most += stride_wanted;
        gather(pool, 1, &victim);
        wait_until_asleep(victim);
        if (!trace(victim)) {
            printf("no ptrace here\n");
            pool_terminate(pool);
            exit(CANNOT);
        }
        atomic_store(&shared->count, 0);
        prepare(TASKS);
        for (size_t i = 0; i < TASKS; i++)
            post(pool, count_each, i);
        for (steps = 0; steps < most && atomic_load(&shared->count) < TASKS; steps++)
            step_traced(victim);
        CHECK(steps < 100000); /* else its atomics never succeed step by step */
        CHECK(kill(victim, SIGKILL) == 0);
        for (size_t i = 0; i < TASKS; i++)
            CHECK(pool_wait(pool, &results[i], LONG) == 0);
        look_at_steps(TASKS, victim);
    } while (steps == most);
    end_of_steps(pool, most);
}

enum { STEPPED = 6 }; /* tasks */
static pid_t stepped;
static long most_steps;
static atomic_long *steps_done; /* shared */

/* Steps a sibling, a worker, through its tasks, and kills it. */
static int step_sibling(void *unused)
{
    (void)unused;
    if (!trace(stepped))
        return CANNOT;
    say_ready(&gate);
    long steps = 0;
    for (; steps < most_steps && atomic_load(&shared->count) < STEPPED; steps++)
        step_traced(stepped);
    CHECK(steps < 100000);
    atomic_store(steps_done, steps);
    kill_traced(stepped);
    return 0;
}

/* step_chunk STRIDE CHUNK: the same in a map; we sleep in it, so another one steps our worker. */
static void step_chunk(char **operands)
{
    long stride_wanted = cli_number("STRIDE", operands[0], 1, 1000);
    size_t chunk = (size_t)cli_number("CHUNK", operands[1], 1, 100);
    struct pool *pool = must_open(1, 0);
    struct process stepper;

    alarm(20 * WATCHDOG);
    open_gate(&gate);
    steps_done = shared_map(sizeof *steps_done);
    CHECK(steps_done != NULL);
    do {
        most_steps += stride_wanted;
        gather(pool, 1, &stepped);
        wait_until_asleep(stepped);
        atomic_store(&shared->count, 0);
        start(&stepper, step_sibling, NULL);
        struct pollfd ready = {.fd = gate.wait_end, .events = POLLIN};
        while (poll(&ready, 1, 10) == 0 && process_is_alive(&stepper))
            ;
        if (ready.revents == 0) {
            printf("no ptrace of a sibling here\n");
            pool_terminate(pool);
            exit(CANNOT);
        }
        wait_ready(&gate);
        map(pool, count_each, STEPPED, chunk);
        CHECK(end(&stepper) == 0);
        look_at_steps(STEPPED, stepped);
    } while (atomic_load(steps_done) == most_steps);
    end_of_steps(pool, most_steps);
}

/* --- limits ---- */

/* As a user who may have two processes besides this one. */
static void refused_at_opening(char **operands)
{
    struct worker_options none = {0};
    int descriptors = count_descriptors();

    (void)operands;
    SHOW_MADE(open_pool(3, 0, none));
    check_nothing_left(descriptors);
    SHOW_MADE(open_pool(10, 0, none));
    check_nothing_left(descriptors);
    struct pool *pool = must_open(2, 0);
    expect_as_new(pool, 2);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* As the same user: no worker can be replaced from some moment on. */
static void refused_at_replacing(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(2, 0);
    pid_t pids[2];

    (void)operands;
    gather(pool, 2, pids);
    set_process_limit(1);
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->dying, 1 << 7);
    print_map("one dies in its chunk", map(pool, behave, 20, 10), 20);
    CHECK(count_begun(20, 1) == 20 && count_children() <= 1);
    set_process_limit(3);
    expect_as_new(pool, 2);
    set_process_limit(1);
    atomic_store(&shared->arrived, 0);
    /* One worker has a task that takes long, the other one dies: the rest waits for the first. */
    prepare(20);
    post(pool, wait_for_release, 0);
    post(pool, behave, 7);
    for (size_t i = 1; i < 20; i++)
        if (i != 7)
            post(pool, square, i);
    CHECK(pool_wait(pool, &results[7], FOREVER) == 0);
    CHECK(count_right(20) == 0);
    atomic_store(&shared->released, 1);
    long errors = 0;
    for (size_t i = 0; i < 20; i++) {
        CHECK(pool_wait(pool, &results[i], FOREVER) == 0);
        errors += results[i].error != 0;
    }
    print_map("one dies", errors, 20);
    print_lost(&results[7]);
    print_map("one is left", map(pool, square, 20, 0), 20);
    CHECK(count_children() <= 1);
    print_map("it dies", map(pool, behave, 20, 1), 20);
    print_lost(&results[7]);
    for (int i = 8; i < 20; i++)
        CHECK(results[i].ready && results[i].error == EAGAIN && results[i].pid == 0 &&
              results[i].exit_code == 0 && values[i] == 0);
    print_map("nobody is left", map(pool, square, 1200, 0), 1200);
    print_lost(&results[0]);
    post(pool, square, 0);
    SHOW(pool_get(pool, &results[0], LONG));
    print_lost(&results[0]);
    set_process_limit(3);
    print_map("they may be replaced", map(pool, square, 20, 0), 20);
    expect_as_new(pool, 2);
    set_process_limit(1);
    for (int last = 0; last <= 1; last++) {
        gather(pool, 2, pids);
        CHECK(kill(pids[0], SIGKILL) == 0 && kill(pids[1], SIGKILL) == 0);
        wait_until_dead(pids[0]);
        wait_until_dead(pids[1]);
        prepare(5);
        for (size_t i = 0; i < 5; i++)
            post(pool, square, i);
        if (last)
            break;
        printf("for a moment nobody is left:\n");
        SHOW(pool_wait(pool, &results[0], 0.3));
        set_process_limit(3);
        SHOW(pool_get(pool, &results[0], LONG));
        CHECK(pool_get(pool, &results[4], LONG) == 0);
        expect_as_new(pool, 2);
        set_process_limit(1);
    }
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* No descriptors for a new worker, from some moment on. */
static void no_descriptors(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(1, 0);
    struct rlimit limit, none;

    (void)operands;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = limit;
    none.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    atomic_store(&shared->death, 'e');
    atomic_store(&shared->dying, 1 << 7);
    print_map("map", map(pool, behave, 20, 1), 20);
    print_lost(&results[7]);
    print_lost(&results[7 + 1]);
    SHOW(pool_join(pool));
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    check_nothing_left(descriptors);
}

/* --- families ---- */

static bool parent_is_busy;

static int hold_pool(void *argument)
{
    struct pool *pool = must_open(3, 0);
    pid_t pids[3];

    (void)argument;
    gather(pool, 3, pids);
    if (parent_is_busy) {
        atomic_store(&shared->arrived, 0);
        for (size_t i = 0; i < 3; i++)
            post(pool, stay, i);
        wait_until_arrived(3);
    }
    say_ready(&gate);
    return wait_for_ever(NULL);
}

/* orphans idle|busy: kills the process that has a pool. */
static void orphans(char **operands)
{
    struct process parent;

    parent_is_busy = strcmp(operands[0], "busy") == 0;
    open_gate(&gate);
    start(&parent, hold_pool, NULL);
    wait_ready(&gate);
    let_go(&gate); /* now only the parent and its workers hold it */
    CHECK(process_kill(&parent) == 0);
    CHECK(end(&parent) == -SIGKILL);
    printf("%s\n", gate_opens(&gate, 1) ? "all ended" : "some live on");
}

/* Two pools at once; the one that was opened first is joined first, or last. */
static void two(char **operands)
{
    bool first_first = strcmp(operands[0], "first") == 0;
    int descriptors = count_descriptors();
    struct pool *first = must_open(2, 0), *second = must_open(2, 0);

    for (int round = 0; round < 3; round++) {
        CHECK(map(first, square, 100, 0) == 0 && count_right(100) == 100);
        CHECK(map(second, work_for_a_while, 200, 0) == 0 && count_right(200) == 200);
        prepare(20);
        for (size_t i = 0; i < 20; i++)
            post(i % 2 == 0 ? first : second, square, i);
        for (size_t i = 20; i-- > 0;)
            CHECK(pool_wait(i % 2 == 0 ? first : second, &results[i], FOREVER) == 0);
        CHECK(count_right(20) == 20);
    }
    double before = seconds_now();
    SHOW(pool_join(first_first ? first : second));
    double took = seconds_now() - before;
    printf("its workers %s\n", took < 4 ? "ended at once" : "did not see their end");
    SHOW(pool_join(first_first ? second : first));
    check_nothing_left(descriptors);
}

/* A process of the caller's that is younger than the pool and outlives it. */
static void sibling(char **operands)
{
    struct process process = {.run = wait_for_ever};
    struct pool *pool = must_open(2, 0);

    (void)operands;
    CHECK(process_start(&process) == 0);
    CHECK(map(pool, square, 100, 0) == 0 && count_right(100) == 100);
    double before = seconds_now();
    SHOW(pool_join(pool));
    double took = seconds_now() - before;
    printf("its workers %s\n", took < 4 ? "ended at once" : "did not see their end");
    CHECK(process_kill(&process) == 0 && end(&process) == -SIGKILL);
}

static void repeated(char **operands)
{
    int descriptors = count_descriptors();
    long mappings = 0;

    (void)operands;
    for (int i = 0; i < 30; i++) {
        struct pool *pool = must_open(2, 0);
        atomic_store(&shared->death, i % 2 == 0 ? 'k' : 'i');
        atomic_store(&shared->dying, 1 << 7);
        map(pool, behave, 20, 0);
        if (i % 3 == 0)
            pool_terminate(pool);
        else
            CHECK(pool_join(pool) == 0);
        check_nothing_left(descriptors);
        if (i == 5) /* by now the allocator has what it needs */
            mappings = count_mappings();
        CHECK(i <= 5 || count_mappings() <= mappings);
    }
    printf("nothing left\n");
}

static void inherited(char **operands)
{
    (void)operands;
    set_before = 2;
    signal(SIGINT, SIG_DFL); /* who runs the tests in the background may have it ignored */
    struct pool *pool = must_open(2, 0);
    set_before = 3;
    CHECK(map(pool, read_global, 10, 0) == 0);
    SHOW(values[0]);
    SHOW(values[9]);
    CHECK(map(pool, look_at_sigint, 2, 1) == 0);
    printf("SIGINT is blocked, and only that: %lu\n", values[0]);
    SHOW(pool_join(pool));
}

static void printed(char **operands)
{
    int descriptors = count_descriptors();

    (void)operands;
    printf("before\n");
    struct pool *pool = must_open(2, 0);
    printf("parent\n");
    CHECK(map(pool, print_line, 10, 0) == 0);
    /* The worker that is killed may have done one of these tasks: its text is out all the same. And
     * a new worker is forked while we have text in our buffer. */
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->dying, 1 << 7);
    CHECK(map(pool, behave, 20, 0) == 1);
    printf("parent again\n");
    expect_as_new(pool, 2);
    SHOW(pool_join(pool));

    pool = must_open(1, 0);
    prepare(11);
    post(pool, print_to_full_device, 10);
    CHECK(pool_wait(pool, &results[10], FOREVER) == 0);
    print_lost(&results[10]);
    SHOW(pool_join(pool));

    for (int i = 0; i < 2; i++) { /* too much for a buffer; with a new worker for each task */
        pool = must_open_with(1, 0, (struct worker_options){.tasks_per_worker = i});
        prepare(11);
        post(pool, print_much_to_full_device, 0);
        post(pool, square, 1);
        for (size_t j = 0; j < 2; j++) {
            CHECK(pool_wait(pool, &results[j], FOREVER) == 0);
            print_lost(&results[j]);
        }
        SHOW(pool_join(pool));
    }
    pool = must_open_with(1, 0, (struct worker_options){.tasks_per_worker = 1});
    SHOW(map(pool, say_to_full_device, 1, 1));
    print_lost(&results[0]);
    expect_as_new(pool, 1);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"opening", 0, opening},
                                                {"default_slots", ANY, default_slots},
                                                {"map", ANY, mapped},
                                                {"shares", 0, shares},
                                                {"finishing", 0, finishing},
                                                {"beside", 0, beside},
                                                {"started_in_order", 0, started_in_order},
                                                {"own_errors", 0, own_errors},
                                                {"waiting", 0, waiting},
                                                {"getting", 0, getting},
                                                {"large", 0, large},
                                                {"closing", 0, closing},
                                                {"terminated", 0, terminated},
                                                {"stopped", 0, stopped},
                                                {"callbacks", 0, callbacks},
                                                {"callbacks_in_order", 0, callbacks_in_order},
                                                {"posting", 1, posting},
                                                {"imap", 3, imapped},
                                                {"imap_order", 0, imap_order},
                                                {"imap_beside", 0, imap_beside},
                                                {"nesting", 0, nesting},
                                                {"waiting_twice", 0, waiting_twice},
                                                {"due", 0, due},
                                                {"failures", 0, failures},
                                                {"closed_in_map", 0, closed_in_map},
                                                {"never_posted", 0, never_posted},
                                                {"imap_full", 0, imap_full},
                                                {"together", 1, together},
                                                {"dying", ANY, dying},
                                                {"in_chunk", ANY, in_chunk},
                                                {"held", 0, held},
                                                {"polled", 0, polled},
                                                {"idle", 1, idle},
                                                {"busy", 0, busy},
                                                {"stress", 2, stress_kill},
                                                {"stress_abort", 2, stress_abort},
                                                {"stress_exit", 2, stress_exit},
                                                {"stress_stop", 2, stress_stop},
                                                {"stress_stopped", 2, stress_stopped},
                                                {"step", 1, step},
                                                {"step_chunk", 2, step_chunk},
                                                {"refused_at_opening", 0, refused_at_opening},
                                                {"refused_at_replacing", 0, refused_at_replacing},
                                                {"no_descriptors", 0, no_descriptors},
                                                {"orphans", 1, orphans},
                                                {"two", 1, two},
                                                {"sibling", 0, sibling},
                                                {"repeated", 0, repeated},
                                                {"inherited", 0, inherited},
                                                {"printed", 0, printed},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
