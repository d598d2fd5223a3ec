/* Drives lib/pool.c for lib/pool.bats. Also by hand:
 *     pool_test stress KILLS SEED    kills random workers
 *     pool_test step STRIDE          kills one after each STRIDE-th instruction */
#include "driver.h"
#include "pool.h"
#include "shm.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/wait.h>

enum { MOST_TASKS = 20000, MOST_WORKERS = 16 };

/* Shared with the workers, and with what they fork. */
static struct {
    atomic_int arrived, released; /* see meet */
    atomic_int count;
    atomic_int pids[MOST_TASKS]; /* of the worker that began the task */
    atomic_int grandchild;
    atomic_int death; /* how task DYING dies */
} * shared;

static struct gate gate; /* opened before the pool, for what its workers hold */

/* --- tasks: most have a number as argument, and one as result ---- */

static unsigned long answer(unsigned long number)
{
    return number * number + 1;
}

static int square(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;

    *(unsigned long *)result = answer(number);
    return 0;
}

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

/* Waits until so many others do the same: as many workers as that must be there. The result is the
 * pid. */
static int meet(const void *argument, void *result)
{
    int wanted = (int)*(const unsigned long *)argument;
    double give_up = seconds_now() + LONG;

    *(unsigned long *)result = (unsigned long)getpid();
    atomic_fetch_add(&shared->arrived, 1);
    while (atomic_load(&shared->arrived) < wanted) {
        if (seconds_now() > give_up)
            return ETIMEDOUT;
        nap(0.0005);
    }
    return 0;
}

static int stay(const void *argument, void *result)
{
    (void)argument, (void)result;
    atomic_fetch_add(&shared->arrived, 1);
    return wait_for_ever(NULL);
}

static int wait_for_release(const void *argument, void *result)
{
    atomic_fetch_add(&shared->arrived, 1);
    while (atomic_load(&shared->released) == 0)
        nap(0.0005);
    return square(argument, result);
}

static int log_it(const void *argument, void *result)
{
    (void)result;
    atomic_store(&shared->pids[atomic_fetch_add(&shared->count, 1)],
                 (int)*(const unsigned long *)argument);
    return 0;
}

static int count_each(const void *argument, void *result)
{
    atomic_fetch_add(&shared->pids[*(const unsigned long *)argument], 1);
    square(argument, result);
    atomic_fetch_add(&shared->count, 1);
    return 0;
}

enum { DYING = 7 }; /* the task that dies */

static int die_once(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;

    atomic_store(&shared->pids[number], (int)getpid());
    square(argument, result);
    if (number != DYING)
        return 0;
    switch (atomic_load(&shared->death)) {
    case 'k':
        raise(SIGKILL);
        break;
    case 'a':
        CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
        abort();
    case 's':
        CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
        raise(SIGSEGV);
        break;
    case 'e':
        exit(3);
    case '0':
        _exit(0);
    case 'g':
    case 'G': { /* a grandchild keeps all descriptors open; the worker is killed, or lives */
        pid_t pid = fork();
        CHECK(pid != -1);
        if (pid == 0)
            _exit(wait_for_ever(NULL));
        atomic_store(&shared->grandchild, (int)pid);
        if (atomic_load(&shared->death) == 'g')
            raise(SIGKILL);
        break;
    }
    case 'c':
        for (int descriptor = 3; descriptor < 1024; descriptor++)
            close(descriptor);
        return wait_for_ever(NULL);
    default:
        raise(SIGINT); /* is ignored */
    }
    return 0;
}

static int work_for_a_while(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;
    volatile unsigned long sum = 0;

    for (unsigned long i = 0; i < 5000 + number % 7 * 5000; i++)
        sum += i;
    return sum == 0 ? EDOM : square(argument, result);
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

static unsigned long set_before = 1;

static int read_global(const void *argument, void *result)
{
    *(unsigned long *)result = set_before;
    (void)argument;
    return 0;
}

/* --- a map, with all its arguments and results ---- */

static unsigned long arguments[MOST_TASKS], values[MOST_TASKS];
static struct task_result results[MOST_TASKS];

static struct pool *open_pool(int workers, size_t slots)
{
    struct pool_options options = {.workers = workers,
                                   .argument_size = sizeof *arguments,
                                   .result_size = sizeof *values,
                                   .slots = slots};
    if (shared == NULL)
        shared = shared_map(sizeof *shared);
    CHECK(shared != NULL);
    return pool_open(&options);
}

static struct pool *must_open(int workers, size_t slots)
{
    struct pool *pool = open_pool(workers, slots);

    CHECK(pool != NULL);
    return pool;
}

static long map(struct pool *pool, task_function *function, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        arguments[i] = i;
        values[i] = 0;
        results[i] = (struct task_result){.value = &values[i]};
    }
    return pool_map(pool, function, arguments, count, results);
}

static size_t count_right(size_t count)
{
    size_t right = 0;

    for (size_t i = 0; i < count; i++)
        right += results[i].ready && results[i].error == 0 && values[i] == answer(i) &&
                 results[i].exit_code == 0 && results[i].pid > 0 && results[i].pid != getpid();
    return right;
}

static void print_map(const char *name, long errors, size_t count)
{
    printf("%s: %ld errors, %zu right\n", name, errors, count_right(count));
}

static void print_lost(const struct task_result *result)
{
    printf("error %s, exit code %d\n", result->error == 0 ? "0" : error_name(result->error),
           result->exit_code);
}

/* Lets `workers` tasks wait for each other: fills in the workers' pids. */
static void gather(struct pool *pool, int workers, pid_t *pids)
{
    atomic_store(&shared->arrived, 0);
    for (int i = 0; i < workers; i++) {
        arguments[i] = (unsigned long)workers;
        results[i] = (struct task_result){.value = &values[i]};
    }
    CHECK(pool_map(pool, meet, arguments, (size_t)workers, results) == 0);
    for (int i = 0; i < workers; i++)
        pids[i] = (pid_t)values[i];
}

/* The pool works, with exactly so many workers. */
static void expect_as_new(struct pool *pool, int workers)
{
    pid_t pids[MOST_WORKERS];

    CHECK(map(pool, square, 100) == 0 && count_right(100) == 100);
    gather(pool, workers, pids);
    for (int i = 0; i < workers; i++)
        for (int j = 0; j < i; j++)
            CHECK(pids[i] != pids[j]);
    int children = count_children();
    CHECK(children == -1 || children == workers);
}

/* Waits until that child of ours is dead; it is not reaped. */
static void wait_until_dead(pid_t pid)
{
    siginfo_t information;

    CHECK(waitid(P_PID, (id_t)pid, &information, WEXITED | WNOWAIT) == 0);
}

static void wait_until_arrived(int wanted)
{
    while (atomic_load(&shared->arrived) < wanted)
        nap(0.0005);
}

/* --- scenarios ---- */

static void opening(char **operands)
{
    struct rlimit limit, low;
    int descriptors = count_descriptors();

    (void)operands;
    SHOW_MADE(pool_open(&(struct pool_options){.workers = -1}));
    SHOW_MADE(pool_open(&(struct pool_options){.workers = 1025}));
    SHOW_MADE(pool_open(&(struct pool_options){.workers = INT_MIN}));
    SHOW_MADE(pool_open(&(struct pool_options){.slots = SIZE_MAX}));
    SHOW_MADE(pool_open(&(struct pool_options){.argument_size = SIZE_MAX}));
    SHOW_MADE(pool_open(&(struct pool_options){.result_size = SIZE_MAX}));
    SHOW_MADE(pool_open(&(struct pool_options){.slots = 2, .result_size = SIZE_MAX / 32}));
    check_nothing_left(descriptors);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    low = limit;
    low.rlim_cur = (rlim_t)descriptors + 4; /* room for three pairs, closed one by one */
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

/* map WORKERS SLOTS COUNT */
static void mapped(char **operands)
{
    int workers = (int)cli_number("WORKERS", operands[0], 1, MOST_WORKERS);
    size_t slots = (size_t)cli_number("SLOTS", operands[1], 0, 10000);
    size_t count = (size_t)cli_number("COUNT", operands[2], 0, MOST_TASKS);
    int descriptors = count_descriptors();
    struct pool *pool = must_open(workers, slots);

    for (int round = 1; round <= 3; round++) {
        print_map("map", map(pool, square, count), count);
        for (size_t i = 0; i < count; i++)
            CHECK(results[i].ticket == (unsigned long)(round - 1) * count + i);
    }
    if (slots == 0 || slots >= (size_t)workers)
        expect_as_new(pool, workers);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* The first task ends last, and its result is the first all the same. */
static void finishing(char **operands)
{
    struct pool *pool = must_open(2, 0);

    (void)operands;
    for (size_t i = 0; i < 10; i++) {
        arguments[i] = i;
        results[i] = (struct task_result){.value = &values[i]};
        CHECK(pool_apply_async(pool, i == 0 ? wait_for_release : square, &arguments[i],
                               &results[i]) == 0);
    }
    for (size_t i = 10; i-- > 1;)
        CHECK(pool_wait(pool, &results[i], FOREVER) == 0);
    printf("the last ones are ready, the first is %s\n", results[0].ready ? "too" : "not");
    printf("%zu right\n", count_right(10));
    atomic_store(&shared->released, 1);
    SHOW(pool_wait(pool, &results[0], FOREVER));
    printf("%zu right\n", count_right(10));
    SHOW(pool_join(pool));
}

static void started_in_order(char **operands)
{
    enum { COUNT = 500 };
    struct pool *pool = must_open(1, 16);
    int in_order = 0;

    (void)operands;
    for (unsigned long i = 0; i < COUNT; i++)
        CHECK(pool_apply_async(pool, log_it, &i, NULL) == 0);
    SHOW(pool_join(pool));
    for (int i = 0; i < COUNT; i++)
        in_order += atomic_load(&shared->pids[i]) == i;
    printf("%d tasks, %d in order\n", atomic_load(&shared->count), in_order);
}

static void own_errors(char **operands)
{
    struct pool *pool = must_open(2, 8);
    size_t right = 0;

    (void)operands;
    SHOW(map(pool, fail_odd, 101));
    for (size_t i = 0; i < 101; i++)
        right += results[i].ready && results[i].error == (i % 2 == 1 ? EDOM : 0) &&
                 results[i].exit_code == 0 && values[i] == answer(i);
    printf("%zu as they should be\n", right);
    SHOW(map(pool, fail_odd, 1));
    SHOW(pool_join(pool));
}

static void waiting(char **operands)
{
    struct pool *pool = must_open(1, 0);
    unsigned long four = 4;

    (void)operands;
    results[0] = (struct task_result){.value = &values[0], .ready = true};
    CHECK(pool_apply_async(pool, wait_for_release, &four, &results[0]) == 0);
    SHOW(results[0].ready);
    SHOW(pool_wait(pool, &results[0], 0));
    SHOW(pool_wait(pool, &results[0], -1));
    double before = seconds_now();
    SHOW(pool_wait(pool, &results[0], 0.05));
    double took = seconds_now() - before;
    CHECK(took >= 0.05 && took < 5);
    before = seconds_now();
    SHOW(pool_wait(pool, &results[0], 0.4)); /* longer than the pool sleeps at a time */
    took = seconds_now() - before;
    CHECK(took >= 0.4 && took < 5);
    SHOW(results[0].ready);
    atomic_store(&shared->released, 1);
    SHOW(pool_wait(pool, &results[0], LONG));
    SHOW(results[0].ready);
    SHOW(values[0]);
    SHOW(pool_wait(pool, &results[0], 0));
    SHOW(pool_wait(pool, &results[0], FOREVER));
    SHOW(pool_join(pool));
}

static void closing(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(2, 4);
    unsigned long number = 0;

    (void)operands;
    for (int i = 0; i < 100; i++)
        CHECK(pool_apply_async(pool, count_one, &number, NULL) == 0);
    for (size_t i = 0; i < 100; i++) {
        arguments[i] = i;
        results[i] = (struct task_result){.value = &values[i]};
        CHECK(pool_apply_async(pool, square, &arguments[i], &results[i]) == 0);
    }
    pool_close(pool);
    SHOW(pool_apply_async(pool, count_one, &number, NULL));
    SHOW(pool_apply_async(pool, count_one, &number, &results[100]));
    SHOW(pool_map(pool, count_one, arguments, 5, results + 100));
    pool_close(pool);
    SHOW(pool_join(pool));
    SHOW(shared->count);
    SHOW(count_right(100));
    check_nothing_left(descriptors);
}

static void terminated(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(3, 0);
    unsigned long number = 0;
    pid_t pids[3];

    (void)operands;
    for (int i = 0; i < 10; i++)
        CHECK(pool_apply_async(pool, stay, &number, &results[i]) == 0);
    wait_until_arrived(3);
    double before = seconds_now();
    pool_terminate(pool);
    CHECK(seconds_now() - before < 4);
    check_nothing_left(descriptors);
    printf("busy: ended\n");

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

/* dying HOW WORKERS: in the middle of a task. */
static void dying(char **operands)
{
    enum { COUNT = 20 };
    int workers = (int)cli_number("WORKERS", operands[1], 1, MOST_WORKERS);
    int descriptors = count_descriptors();

    struct pool *pool = must_open(workers, 0);
    atomic_store(&shared->death, operands[0][0]);
    int rounds = operands[0][0] == 'g' || operands[0][0] == 'G' ? 1 : 2;
    for (int round = 0; round < rounds; round++) {
        print_map("map", map(pool, die_once, COUNT), COUNT);
        print_lost(&results[DYING]);
        CHECK(results[DYING].ready && results[DYING].pid == atomic_load(&shared->pids[DYING]));
        CHECK(results[DYING].error != EOWNERDEAD || values[DYING] == 0);
        expect_as_new(pool, workers);
    }
    if (atomic_load(&shared->grandchild) != 0) {
        double before = seconds_now();
        SHOW(pool_join(pool));
        CHECK(seconds_now() - before < 4); /* it does not wait for the grandchild */
        CHECK(kill(atomic_load(&shared->grandchild), SIGKILL) == 0);
    } else {
        SHOW(pool_join(pool));
    }
    check_nothing_left(descriptors);
}

/* A worker dies, and leaves a grandchild that has its descriptors: found soon, whatever the
 * timeout. */
static void held(char **operands)
{
    struct pool *pool = must_open(1, 0);
    unsigned long number = DYING;

    (void)operands;
    atomic_store(&shared->death, 'g');
    results[0] = (struct task_result){.value = &values[0]};
    CHECK(pool_apply_async(pool, die_once, &number, &results[0]) == 0);
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
    unsigned long number = DYING;
    double give_up = seconds_now() + 5;

    (void)operands;
    atomic_store(&shared->death, 'k');
    results[0] = (struct task_result){.value = &values[0]};
    CHECK(pool_apply_async(pool, die_once, &number, &results[0]) == 0);
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
    print_map("map", map(pool, square, 100), 100);
    expect_as_new(pool, 3);
    gather(pool, 3, pids);
    for (int i = 0; i < count; i++)
        CHECK(kill(pids[i], SIGKILL) == 0);
    SHOW(pool_join(pool)); /* at once, without another task */
    check_nothing_left(descriptors);
}

static int kill_when_all_are_busy(void *argument)
{
    pid_t pids[MOST_WORKERS];

    (void)argument;
    wait_until_arrived(3);
    int count = children_of(getppid(), pids, MOST_WORKERS, false);
    for (int i = 0; i < count; i++)
        if (pids[i] != getpid())
            CHECK(kill(pids[i], SIGKILL) == 0);
    return 0;
}

static void busy(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open(3, 0);
    struct process killer;

    (void)operands;
    start(&killer, kill_when_all_are_busy, NULL);
    SHOW(map(pool, stay, 3));
    for (int i = 0; i < 3; i++)
        print_lost(&results[i]);
    CHECK(results[0].pid != results[1].pid && results[1].pid != results[2].pid);
    CHECK(end(&killer) == 0);
    expect_as_new(pool, 3);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

static long kills_wanted;
static atomic_long *kills_done; /* shared */

/* Kills a random child of its parent, now and then. */
static int kill_now_and_then(void *argument)
{
    pid_t pids[MOST_WORKERS];

    (void)argument;
    while (atomic_load(kills_done) < kills_wanted) {
        nap(random_fraction() * 0.004);
        int count = children_of(getppid(), pids, MOST_WORKERS, false);
        int chosen = count > 0 ? rand() % count : 0;
        if (count <= 0 || pids[chosen] == getpid())
            continue;
        if (kill(pids[chosen], SIGKILL) == 0)
            atomic_fetch_add(kills_done, 1);
    }
    return 0;
}

/* stress KILLS SEED: maps of 20,000 tasks until so many workers were killed. */
static void stress(char **operands)
{
    enum { WORKERS = 4 };
    kills_wanted = cli_number("KILLS", operands[0], 1, 1000000);
    unsigned seed = (unsigned)cli_number("SEED", operands[1], 0, INT_MAX);
    int descriptors = count_descriptors();
    struct process killer;
    long lost = 0, wrong = 0, rounds = 0, most_lost = 0;

    alarm(WATCHDOG + (unsigned)kills_wanted / 10);
    srand(seed);
    kills_done = shared_map(sizeof *kills_done);
    CHECK(kills_done != NULL);
    struct pool *pool = must_open(WORKERS, 256);
    start(&killer, kill_now_and_then, NULL);
    while (process_is_alive(&killer)) {
        /* The shorter the tasks, the more kills come between two of them. */
        long errors = map(pool, rounds % 4 == 0 ? work_for_a_while : square, MOST_TASKS);
        long lost_now = 0;
        for (size_t i = 0; i < MOST_TASKS; i++) {
            bool is_lost = results[i].error == EOWNERDEAD && results[i].exit_code == -SIGKILL &&
                           results[i].pid > 0 && values[i] == 0;
            bool is_right = results[i].error == 0 && values[i] == answer(i);
            lost_now += is_lost;
            wrong += !results[i].ready || is_lost == is_right;
        }
        CHECK(errors == lost_now);
        most_lost = lost_now > most_lost ? lost_now : most_lost;
        lost += lost_now;
        rounds++;
    }
    CHECK(end(&killer) == 0);
    expect_as_new(pool, WORKERS);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
    printf("%ld killed, %ld wrong, %s\n", atomic_load(kills_done), wrong,
           lost <= atomic_load(kills_done) ? "no more tasks lost than workers" : "too many lost");
    fprintf(stderr, "%ld maps, %ld tasks lost, at most %ld at once\n", rounds, lost, most_lost);
}

/* step STRIDE: the worker is killed after so many instructions, from its sleep to its last task. */
static void step(char **operands)
{
    enum { TASKS = 2 };
    long stride = cli_number("STRIDE", operands[0], 1, 1000), most = 0, steps;
    long lost = 0, by_first = 0, by_second = 0;
    struct pool *pool = must_open(1, 0);
    pid_t victim;

    alarm(20 * WATCHDOG);
    do {
        most += stride;
        gather(pool, 1, &victim);
        wait_until_asleep(victim);
        if (!trace(victim)) {
            printf("no ptrace here\n");
            pool_terminate(pool);
            exit(CANNOT);
        }
        atomic_store(&shared->count, 0);
        for (size_t i = 0; i < TASKS; i++) {
            atomic_store(&shared->pids[i], 0);
            arguments[i] = i;
            values[i] = 0;
            results[i] = (struct task_result){.value = &values[i]};
            CHECK(pool_apply_async(pool, count_each, &arguments[i], &results[i]) == 0);
        }
        for (steps = 0; steps < most && atomic_load(&shared->count) < TASKS; steps++)
            step_traced(victim);
        CHECK(steps < 100000); /* else its atomics never succeed step by step */
        CHECK(kill(victim, SIGKILL) == 0);
        long lost_now = 0;
        for (size_t i = 0; i < TASKS; i++) {
            CHECK(pool_wait(pool, &results[i], LONG) == 0);
            bool is_lost = results[i].error == EOWNERDEAD && results[i].exit_code == -SIGKILL &&
                           results[i].pid == victim && values[i] == 0;
            bool is_right = results[i].error == 0 && values[i] == answer(i);
            CHECK(is_lost || is_right);
            CHECK(atomic_load(&shared->pids[i]) <= 1);
            lost_now += is_lost;
            by_first += is_right && results[i].pid == victim;
            by_second += is_right && results[i].pid != victim;
        }
        CHECK(lost_now <= 1);
        lost += lost_now;
    } while (steps == most);
    CHECK(lost > 0 && by_first > 0 && by_second > 0);
    expect_as_new(pool, 1);
    CHECK(pool_join(pool) == 0);
    printf("killed at every step: each task is done, or lost with its worker\n");
    fprintf(stderr, "%ld instructions; %ld tasks done by the first worker, %ld lost\n", most,
            by_first, lost);
}

/* --- limits ---- */

static void set_process_limit(rlim_t most)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0);
    limit.rlim_cur = most;
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

/* As a user who may have two processes besides this one. */
static void refused_at_opening(char **operands)
{
    int descriptors = count_descriptors();

    (void)operands;
    SHOW_MADE(open_pool(3, 0));
    check_nothing_left(descriptors);
    SHOW_MADE(open_pool(10, 0));
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
    /* One worker has a task that takes long, the other one dies: the rest waits for the first. */
    for (size_t i = 0; i < 20; i++) {
        arguments[i] = i;
        results[i] = (struct task_result){.value = &values[i]};
    }
    CHECK(pool_apply_async(pool, wait_for_release, &arguments[0], &results[0]) == 0);
    CHECK(pool_apply_async(pool, die_once, &arguments[DYING], &results[DYING]) == 0);
    for (size_t i = 1; i < 20; i++)
        if (i != DYING)
            CHECK(pool_apply_async(pool, square, &arguments[i], &results[i]) == 0);
    CHECK(pool_wait(pool, &results[DYING], FOREVER) == 0);
    CHECK(count_right(20) == 0);
    atomic_store(&shared->released, 1);
    long errors = 0;
    for (size_t i = 0; i < 20; i++) {
        CHECK(pool_wait(pool, &results[i], FOREVER) == 0);
        errors += results[i].error != 0;
    }
    print_map("one dies", errors, 20);
    print_lost(&results[DYING]);
    print_map("one is left", map(pool, square, 20), 20);
    CHECK(count_children() <= 1);
    print_map("it dies", map(pool, die_once, 20), 20);
    print_lost(&results[DYING]);
    for (int i = DYING + 1; i < 20; i++)
        CHECK(results[i].ready && results[i].error == EAGAIN && results[i].pid == 0 &&
              results[i].exit_code == 0 && values[i] == 0);
    print_map("nobody is left", map(pool, square, 1200), 1200);
    print_lost(&results[0]);
    results[0] = (struct task_result){.value = &values[0]};
    CHECK(pool_apply_async(pool, square, &arguments[5], &results[0]) == 0);
    SHOW(pool_wait(pool, &results[0], LONG));
    print_lost(&results[0]);
    set_process_limit(3);
    print_map("they may be replaced", map(pool, square, 20), 20);
    expect_as_new(pool, 2);
    set_process_limit(1);
    gather(pool, 2, pids);
    CHECK(kill(pids[0], SIGKILL) == 0 && kill(pids[1], SIGKILL) == 0);
    wait_until_dead(pids[0]);
    wait_until_dead(pids[1]);
    for (int i = 0; i < 5; i++)
        CHECK(pool_apply_async(pool, square, &arguments[i], NULL) == 0);
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
    print_map("map", map(pool, die_once, 20), 20);
    print_lost(&results[DYING]);
    print_lost(&results[DYING + 1]);
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
        for (int i = 0; i < 3; i++)
            CHECK(pool_apply_async(pool, stay, &arguments[i], NULL) == 0);
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
    printf("%s\n", gate_opens(&gate, 5) ? "all ended" : "some live on");
}

/* Two pools at once; the one that was opened first is joined first, or last. */
static void two(char **operands)
{
    bool first_first = strcmp(operands[0], "first") == 0;
    int descriptors = count_descriptors();
    struct pool *first = must_open(2, 0), *second = must_open(2, 0);

    for (int round = 0; round < 3; round++) {
        CHECK(map(first, square, 100) == 0 && count_right(100) == 100);
        CHECK(map(second, work_for_a_while, 200) == 0 && count_right(200) == 200);
        for (size_t i = 0; i < 20; i++) {
            arguments[i] = i;
            results[i] = (struct task_result){.value = &values[i]};
            CHECK(pool_apply_async(i % 2 == 0 ? first : second, square, &arguments[i],
                                   &results[i]) == 0);
        }
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

/* A process of the caller's that is older, or younger, than the pool and outlives it. */
static void sibling(char **operands)
{
    struct process process = {.run = wait_for_ever};
    struct pool *pool = must_open(2, 0);

    (void)operands;
    CHECK(process_start(&process) == 0);
    CHECK(map(pool, square, 100) == 0 && count_right(100) == 100);
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
        map(pool, die_once, 20);
        if (i % 3 == 0)
            pool_terminate(pool);
        else
            CHECK(pool_join(pool) == 0);
        check_nothing_left(descriptors);
        FILE *maps = fopen("/proc/self/maps", "r");
        long lines = 0;
        for (int byte; maps != NULL && (byte = fgetc(maps)) != EOF;)
            lines += byte == '\n';
        if (maps != NULL)
            fclose(maps);
        if (i == 5) /* by now the allocator has what it needs */
            mappings = lines;
        CHECK(i <= 5 || lines <= mappings);
    }
    printf("nothing left\n");
}

static void inherited(char **operands)
{
    (void)operands;
    set_before = 2;
    struct pool *pool = must_open(2, 0);
    set_before = 3;
    CHECK(map(pool, read_global, 10) == 0);
    SHOW(values[0]);
    SHOW(values[9]);
    SHOW(pool_join(pool));
}

static void printed(char **operands)
{
    unsigned long number;
    int descriptors = count_descriptors();

    (void)operands;
    printf("before\n");
    struct pool *pool = must_open(2, 0);
    printf("parent\n");
    CHECK(map(pool, print_line, 10) == 0);
    /* The worker that is killed may have done one of these tasks: its text is out all the same. And
     * a new worker is forked while we have text in our buffer. */
    atomic_store(&shared->death, 'k');
    CHECK(map(pool, die_once, 20) == 1);
    printf("parent again\n");
    expect_as_new(pool, 2);
    SHOW(pool_join(pool));

    pool = must_open(1, 0);
    number = 10;
    results[0] = (struct task_result){.value = NULL};
    CHECK(pool_apply_async(pool, print_to_full_device, &number, &results[0]) == 0);
    CHECK(pool_wait(pool, &results[0], FOREVER) == 0);
    print_lost(&results[0]);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"opening", 0, opening},
                                                {"map", 3, mapped},
                                                {"finishing", 0, finishing},
                                                {"started_in_order", 0, started_in_order},
                                                {"own_errors", 0, own_errors},
                                                {"waiting", 0, waiting},
                                                {"closing", 0, closing},
                                                {"terminated", 0, terminated},
                                                {"dying", 2, dying},
                                                {"held", 0, held},
                                                {"polled", 0, polled},
                                                {"idle", 1, idle},
                                                {"busy", 0, busy},
                                                {"stress", 2, stress},
                                                {"step", 1, step},
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
