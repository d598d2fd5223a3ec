/* Drives lib/workers.c for lib/workers.bats, by way of the pool: what struct worker_options says.
 */
#include "tasks.h"

enum { MOST_TIMED = 64 };

/* What the initializer is to do, and what it has done; and when tasks began. */
static struct {
    atomic_int calls;
    atomic_int error, death; /* how it fails */
    atomic_int good, bad;    /* so many calls are good, then so many are not, then all are good */
    atomic_llong begun[MOST_TIMED]; /* microseconds */
} * initial;                        /* shared */

static unsigned long initialized_with; /* in the worker */

static int initialize(void *argument)
{
    int call = atomic_fetch_add(&initial->calls, 1) - atomic_load(&initial->good);

    initialized_with = *(unsigned long *)argument;
    if (call < 0 || call >= atomic_load(&initial->bad))
        return 0;
    if (atomic_load(&initial->death) != 0)
        end_by(atomic_load(&initial->death));
    return atomic_load(&initial->error);
}

static int read_initialized(const void *argument, void *result)
{
    (void)argument;
    *(unsigned long *)result = initialized_with;
    return 0;
}

/* Tells how long it has run, in milliseconds, when it has run for its argument's. */
static int run_for(const void *argument, void *result)
{
    double begin = seconds_now(), seconds = (double)*(const unsigned long *)argument / 1e3;

    while (seconds_now() < begin + seconds)
        nap(0.001);
    atomic_fetch_add(&shared->released, 1);
    *(unsigned long *)result = (unsigned long)((seconds_now() - begin) * 1e3);
    return 0;
}

/* --- initializer ---- */

static struct worker_options with_initializer(int good, int bad, int error, int death)
{
    static unsigned long number = 77;

    initial = shared_map(sizeof *initial);
    CHECK(initial != NULL);
    atomic_store(&initial->good, good);
    atomic_store(&initial->bad, bad);
    atomic_store(&initial->error, error);
    atomic_store(&initial->death, death);
    return (struct worker_options){.initializer = initialize, .initializer_argument = &number};
}

static void initializing(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open_with(3, 0, with_initializer(0, 0, 0, 0));
    pid_t pids[3];
    size_t right = 0;

    (void)operands;
    gather(pool, 3, pids); /* each has done a task, so each is initialized */
    SHOW(atomic_load(&initial->calls));
    CHECK(map(pool, read_initialized, 100, 1) == 0);
    for (size_t i = 0; i < 100; i++)
        right += values[i] == 77;
    printf("%zu tasks find it done\n", right);
    CHECK(kill(pids[0], SIGKILL) == 0);
    wait_until_dead(pids[0]);
    gather(pool, 3, pids);
    SHOW(atomic_load(&initial->calls));
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);

    /* One that dies later on is not one that could not be initialized. */
    pool = must_open_with(1, 0, with_initializer(0, 0, 0, 0));
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->dying, 0xff);
    print_map("eight die", map(pool, behave, 20, 1), 20);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* initializer_fails HOW...: always, by an error (E), or as end_by does. The tasks end with that. */
static void initializer_fails(char **operands)
{
    int descriptors = count_descriptors();

    for (; *operands != NULL; operands++) {
        int death = **operands == 'E' ? 0 : (unsigned char)**operands;
        struct pool *pool =
            must_open_with(2, 4, with_initializer(0, INT_MAX, death == 0 ? EDOM : 0, death));
        print_map("map", map(pool, count_run, 20, 1), 20);
        for (size_t i = 1; i < 20; i++)
            CHECK(results[i].ready && results[i].error == results[0].error &&
                  results[i].exit_code == results[0].exit_code && values[i] == 0);
        print_lost(&results[0]);
        CHECK(count_begun(20, 0) == 20);
        post(pool, count_run, 0);
        SHOW(pool_get(pool, &results[0], LONG));
        CHECK(count_children() <= 0);
        post(pool, count_run, 0);
        SHOW(pool_join(pool));
        CHECK(results[0].ready && results[0].error != 0);
        printf("%s\n", atomic_load(&initial->calls) <= 20 ? "given up" : "tried again and again");
        check_nothing_left(descriptors);
    }
}

/* It fails now and then. */
static void initializer_recovers(char **operands)
{
    int descriptors = count_descriptors();

    (void)operands;
    printf("the first two times:\n");
    struct pool *pool = must_open_with(1, 0, with_initializer(0, 2, EDOM, 0));
    print_map("map", map(pool, count_run, 20, 0), 20);
    SHOW(atomic_load(&initial->calls));
    SHOW(pool_join(pool));

    printf("but for the first time:\n");
    pool = must_open_with(2, 0, with_initializer(1, INT_MAX, EDOM, 0));
    print_map("map", map(pool, count_run, 20, 0), 20);
    /* The other one needs a moment to be given up. */
    double give_up = seconds_now() + LONG;
    prepare(1);
    while (count_children() > 1 && seconds_now() < give_up) {
        post(pool, run_for, 0);
        CHECK(pool_get(pool, &results[0], LONG) == 0);
    }
    CHECK(count_children() <= 1);
    print_map("map", map(pool, count_run, 20, 0), 20);
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->dying, 1 << 7);
    print_map("and it dies", map(pool, behave, 20, 1), 20);
    print_lost(&results[7]);
    for (size_t i = 8; i < 20; i++)
        CHECK(results[i].error == EDOM && values[i] == 0);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* --- tasks per worker ---- */

/* lifetime LIMIT CHUNK COUNT: how many tasks each of a single worker and its successors does. */
static void lifetime(char **operands)
{
    long limit = cli_number("LIMIT", operands[0], 1, 1000);
    size_t chunk = (size_t)cli_number("CHUNK", operands[1], 1, 1000);
    size_t count = (size_t)cli_number("COUNT", operands[2], 1, 1000);
    struct pool *pool = must_open_with(1, 0, (struct worker_options){.tasks_per_worker = limit});

    CHECK(map(pool, count_run, count, chunk) == 0);
    CHECK(count_right(count) == count && count_begun(count, 1) == count);
    printf("each:");
    for (size_t i = 0, first = 0; i < count; i++)
        if (i + 1 == count || results[i + 1].pid != results[i].pid) {
            printf(" %zu", i + 1 - first);
            first = i + 1;
        }
    printf("\n");
    SHOW(pool_join(pool));
}

/* As in CPython's _TestPoolWorkerLifetime. */
static void lifetimes(char **operands)
{
    int descriptors = count_descriptors(), most = 0;
    struct pool *pool = must_open_with(3, 0, (struct worker_options){.tasks_per_worker = 10});
    pid_t before[3], after[3];

    (void)operands;
    gather(pool, 3, before);
    prepare(100);
    for (size_t i = 0; i < 100; i++)
        post(pool, count_run, i);
    for (size_t i = 0; i < 100; i++)
        CHECK(pool_get(pool, &results[i], FOREVER) == 0);
    for (size_t i = 0; i < 100; i++) {
        int same = 0;
        for (size_t k = 0; k < 100; k++)
            same += results[k].pid == results[i].pid;
        most = same > most ? same : most;
    }
    printf("%zu right; by each worker %d at most\n", count_right(100), most);
    gather(pool, 3, after);
    int stayed = 0; /* one that has hardly had any of them */
    for (int i = 0; i < 9; i++)
        stayed += before[i / 3] == after[i % 3];
    CHECK(stayed < 3);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);

    pool = must_open_with(3, 0, (struct worker_options){.tasks_per_worker = 1});
    prepare(20);
    for (size_t i = 0; i < 20; i++)
        post(pool, count_run, i);
    pool_close(pool);
    SHOW(pool_join(pool));
    printf("one task each: %zu right, %zu once\n", count_right(20), count_begun(20, 1));
    for (size_t i = 0; i < 20; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(results[i].pid != results[k].pid);
    check_nothing_left(descriptors);

    pool = must_open_with(3, 64, (struct worker_options){.tasks_per_worker = 2});
    atomic_store(&shared->death, 'k');
    atomic_store(&shared->dying, 1 << 4 | 1 << 5 | 1 << 11);
    for (size_t chunk = 0; chunk <= 7; chunk += 7) {
        print_map("and some die", map(pool, behave, 200, chunk), 200);
        print_errors(200);
        CHECK(count_begun(200, 1) == 200);
    }
    pid_t pid;
    gather(pool, 1, &pid);
    CHECK(count_children() <= 3);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* --- time limit ---- */

#define LIMIT 0.06

/* As expect_as_new, but without tasks that wait for each other: on a busy machine that may take
 * longer than the limit. */
static void expect_well(struct pool *pool, int workers)
{
    CHECK(map(pool, square, 100, 1) == 0 && count_right(100) == 100);
    int children = count_children();
    CHECK(children == -1 || children == workers);
}

/* The workers, when all of them sleep. */
static void find_asleep(pid_t *pids, int count)
{
    if (children_of(getpid(), pids, count, false) != count) {
        printf("no /proc here\n");
        exit(CANNOT);
    }
    for (int i = 0; i < count; i++)
        wait_until_asleep(pids[i]);
}

/* overdue HOW WORKERS CHUNK: one task of a map does not end, in that way. */
static void overdue(char **operands)
{
    enum { COUNT = 12, OVERDUE = 4 };
    int workers = (int)cli_number("WORKERS", operands[1], 1, MOST_WORKERS);
    size_t chunk = (size_t)cli_number("CHUNK", operands[2], 0, 100);
    int descriptors = count_descriptors();
    struct pool *pool = must_open_with(workers, 0, (struct worker_options){.time_limit = LIMIT});

    atomic_store(&shared->death, operands[0][0]);
    atomic_store(&shared->dying, 1 << OVERDUE);
    double before = seconds_now();
    print_map("map", map(pool, behave, COUNT, chunk), COUNT);
    double took = seconds_now() - before;
    CHECK(took >= LIMIT && took < 10);
    print_errors(COUNT);
    CHECK(count_begun(COUNT, 1) == COUNT);
    CHECK(results[OVERDUE].pid == atomic_load(&shared->pids[OVERDUE]) && values[OVERDUE] == 0);
    expect_well(pool, workers);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

/* crashed HOW...: workers that die by themselves while nobody waits for them, for longer than the
 * limit; and one that does not. */
static void crashed(char **operands)
{
    struct pool *pool = must_open_with(1, 0, (struct worker_options){.time_limit = LIMIT});

    atomic_store(&shared->dying, 1);
    for (int i = 0; operands[i] != NULL; i++) {
        prepare(1);
        atomic_store(&shared->death, operands[i][0]);
        post(pool, behave, 0);
        while (atomic_load(&shared->runs[0]) == 0)
            nap(0.0005);
        if (operands[i][0] != 'f')
            wait_until_dead((pid_t)atomic_load(&shared->pids[0]));
        nap(LIMIT * 1.2);
        CHECK(pool_wait(pool, &results[0], FOREVER) == 0);
        printf("%s: ", operands[i]);
        print_lost(&results[0]);
    }
    SHOW(pool_join(pool));
}

/* A limit that has passed while nobody waited is told at once, not by the next look in a quarter of
 * a second. */
static void told_late(char **operands)
{
    enum { TIMES = 8 };
    struct pool *pool = must_open_with(1, 0, (struct worker_options){.time_limit = 0.03});
    double waited = 0;

    (void)operands;
    for (int i = 0; i < TIMES; i++) {
        prepare(1);
        post(pool, stay, 0);
        wait_until_arrived(i + 1);
        nap(0.05);
        double begin = seconds_now();
        CHECK(pool_wait(pool, &results[0], FOREVER) == 0 && results[0].error == ETIMEDOUT);
        waited += seconds_now() - begin;
    }
    printf("at once: %s\n", waited < TIMES * 0.2 ? "yes" : "no");
    SHOW(pool_join(pool));
}

static double noted; /* when the error callback was called */

static void note_error(struct task_result *result)
{
    CHECK(result->ready && result->error == ETIMEDOUT && result->exit_code == -SIGKILL);
    noted = seconds_now();
}

/* The limit, seen from the calls that wait. */
static void limits(char **operands)
{
    int descriptors = count_descriptors();
    struct pool *pool = must_open_with(2, 2, (struct worker_options){.time_limit = LIMIT});
    pid_t before[2], after[2];

    (void)operands;
    prepare(20);
    double begin = seconds_now();
    results[0].error_callback = note_error;
    post(pool, stay, 0);
    SHOW(pool_get(pool, &results[0], LIMIT / 5));
    CHECK(seconds_now() - begin >= LIMIT / 5);
    CHECK(!results[0].ready || seconds_now() - begin >= LIMIT);
    SHOW(pool_get(pool, &results[0], LONG));
    SHOW(results[0].ready);
    CHECK(noted - begin >= LIMIT && noted - begin < 10);

    printf("who only looks:\n");
    begin = seconds_now();
    post(pool, stay, 1);
    while (pool_wait(pool, &results[1], 0) == -1)
        nap(0.001);
    print_lost(&results[1]);
    CHECK(seconds_now() - begin >= LIMIT && seconds_now() - begin < 10);

    printf("who posts when all is full, and joins:\n");
    begin = seconds_now();
    for (size_t i = 2; i < 6; i++)
        post(pool, stay, i);
    CHECK(seconds_now() - begin >= LIMIT);
    SHOW(pool_join(pool));
    for (size_t i = 2; i < 6; i++)
        print_lost(&results[i]);
    check_nothing_left(descriptors);

    printf("with imap:\n");
    pool = must_open_with(2, 0, (struct worker_options){.time_limit = LIMIT});
    prepare(20);
    atomic_store(&shared->death, 'f');
    atomic_store(&shared->dying, 1 << 0 | 1 << 3);
    struct pool_imap imap = {.function = behave,
                             .arguments = arguments,
                             .count = 20,
                             .results = results,
                             .unordered = true};
    ssize_t index = 0;
    int given = 0;
    while ((index = pool_imap_next(pool, &imap, LONG)) != 20) {
        CHECK(index >= 0);
        given++;
    }
    printf("%d given, %zu right, %zu once\n", given, count_right(20), count_begun(20, 1));
    print_errors(20);

    printf("one that has nothing to do:\n");
    find_asleep(before, 2);
    prepare(1);
    bool all_in_time = true; /* on a busy machine a moment may be too long */
    for (double begun = seconds_now(); seconds_now() - begun < 2 * LIMIT;) {
        post(pool, run_for, 0);
        all_in_time = pool_get(pool, &results[0], LONG) == 0 && all_in_time;
        nap(LIMIT / 10);
    }
    find_asleep(after, 2);
    printf("%s\n", (before[0] == after[0] && before[1] == after[1]) ||
                           (before[0] == after[1] && before[1] == after[0]) || !all_in_time
                       ? "lives on"
                       : "was killed");

    printf("nobody looks:\n");
    atomic_store(&shared->released, 0);
    arguments[0] = (unsigned long)(LIMIT * 1e3 * 1.5);
    post(pool, run_for, 0);
    while (atomic_load(&shared->released) == 0)
        nap(0.001);
    find_asleep(after, 2); /* so it has not only ended the task, but said so */
    SHOW(pool_get(pool, &results[0], LONG));
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

static double duration(size_t i)
{
    static const double parts[] = {0.3, 0.6, 0.9, 0.97, 50};

    return LIMIT * parts[i % 5];
}

static int run_near_limit(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;
    double begin = seconds_now();

    atomic_store(&initial->begun[number], (long long)(begin * 1e6));
    while (seconds_now() < begin + duration(number))
        nap(0.001);
    return count_run(argument, result);
}

static size_t early;

static void note_overdue(struct task_result *result)
{
    size_t i = (size_t)(result - results);
    double begin = (double)atomic_load(&initial->begun[i]) / 1e6;

    CHECK(result->error == ETIMEDOUT && result->exit_code == -SIGKILL && values[i] == 0);
    CHECK(seconds_now() - begin >= LIMIT); /* then the machine was slow: it really took as long */
    early += duration(i) < LIMIT;
}

/* Tasks that end a little before the limit, or long after it, in chunks whose sum is far above it.
 * On a busy machine a task may take too long without being to blame. */
static void near_limit(char **operands)
{
    enum { COUNT = 20 };
    int descriptors = count_descriptors();
    size_t late = 0;

    (void)operands;
    initial = shared_map(sizeof *initial);
    CHECK(initial != NULL);
    struct pool *pool = must_open_with(3, 0, (struct worker_options){.time_limit = LIMIT});
    prepare(COUNT);
    for (size_t i = 0; i < COUNT; i++)
        results[i].error_callback = note_overdue;
    long errors = pool_map(pool, run_near_limit, arguments, COUNT, 7, results);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
    for (size_t i = 4; i < COUNT; i += 5)
        late += results[i].error == ETIMEDOUT;
    printf("%zu too late, %zu done\n", late, count_right(COUNT) + early);
    CHECK(errors == (long)(late + early));
    fprintf(stderr, "%zu were near the limit, and took longer\n", early);
}

/* stopped COUNT WORKERS: workers that are stopped when they have nothing to do. */
static void stopped(char **operands)
{
    int count = (int)cli_number("COUNT", operands[0], 1, MOST_WORKERS);
    int workers = (int)cli_number("WORKERS", operands[1], count, MOST_WORKERS);
    int descriptors = count_descriptors();
    struct pool *pool = must_open_with(workers, 0, (struct worker_options){.time_limit = LIMIT});
    pid_t pids[MOST_WORKERS] = {0};
    siginfo_t information;

    find_asleep(pids, workers);
    for (int i = 0; i < count; i++) {
        CHECK(kill(pids[i], SIGSTOP) == 0);
        CHECK(waitid(P_PID, (id_t)pids[i], &information, WSTOPPED | WNOWAIT) == 0);
    }
    print_map("map", map(pool, count_run, 50, 1), 50);
    CHECK(count_begun(50, 1) == 50);
    for (int i = 0; i < count; i++)
        if (count < workers) /* it may still be there: the others have done it all */
            kill(pids[i], SIGCONT);
    expect_well(pool, workers);
    SHOW(pool_join(pool));
    check_nothing_left(descriptors);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"initializing", 0, initializing},
                                                {"initializer_fails", ANY, initializer_fails},
                                                {"initializer_recovers", 0, initializer_recovers},
                                                {"lifetime", 3, lifetime},
                                                {"lifetimes", 0, lifetimes},
                                                {"overdue", 3, overdue},
                                                {"crashed", ANY, crashed},
                                                {"told_late", 0, told_late},
                                                {"limits", 0, limits},
                                                {"near_limit", 0, near_limit},
                                                {"stopped", 2, stopped},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
