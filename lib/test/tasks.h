/* What pool_test and workers_test share: tasks that do what they are told, maps of them, and a look
 * at what became of each. Most tasks have a number as argument, and one as result. */
#ifndef TASKS_H
#define TASKS_H

#include "driver.h"
#include "pool.h"
#include "shm.h"

#include <stdatomic.h>
#include <stdint.h>

enum { MOST_TASKS = 100000, MOST_WORKERS = 16 };

/* Shared with the workers, and with what they fork. */
static struct {
    atomic_int arrived, released; /* see meet, wait_for_release */
    atomic_ulong turns;           /* bit i: task i may end, see wait_for_turn */
    atomic_ulong dying, failing;  /* bit i: task i dies, fails: see behave */
    atomic_int death;             /* how it dies */
    atomic_int count;
    atomic_int grandchild;
    atomic_int runs[MOST_TASKS]; /* how often each task was begun */
    atomic_int pids[MOST_TASKS]; /* by whom */
    atomic_int log[MOST_TASKS];
} * shared;

static unsigned long arguments[MOST_TASKS], values[MOST_TASKS];
static struct task_result results[MOST_TASKS];

/* --- tasks ---- */

static inline unsigned long answer(unsigned long number)
{
    return number * number + 1;
}

static inline int square(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;

    *(unsigned long *)result = answer(number);
    return 0;
}

/* Counts that it was begun, and by whom. */
static inline int count_run(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;

    atomic_fetch_add(&shared->runs[number], 1);
    atomic_store(&shared->pids[number], (int)getpid());
    return square(argument, result);
}

/* Waits until so many others do the same: as many workers as that must be there. The result is the
 * pid. */
static inline int meet(const void *argument, void *result)
{
    int wanted = (int)*(const unsigned long *)argument;
    double give_up = seconds_now() + LONG;

    *(unsigned long *)result = (unsigned long)getpid();
    atomic_fetch_add(&shared->arrived, 1);
    while (atomic_load(&shared->arrived) < wanted) {
        if (seconds_now() > give_up)
            return ETIME;
        nap(0.0005);
    }
    return 0;
}

static inline int stay(const void *argument, void *result)
{
    (void)argument, (void)result;
    atomic_fetch_add(&shared->arrived, 1);
    return wait_for_ever(NULL);
}

static inline int wait_for_release(const void *argument, void *result)
{
    atomic_fetch_add(&shared->arrived, 1);
    while (atomic_load(&shared->released) == 0)
        nap(0.0005);
    return count_run(argument, result);
}

static inline int wait_for_turn(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument;

    while ((atomic_load(&shared->turns) >> number & 1) == 0)
        nap(0.0005);
    return count_run(argument, result);
}

/* The default action of these signals would write a core file. */
static inline void no_core(void)
{
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
}

static inline void end_by(int how)
{
    switch (how) {
    case 'k':
        raise(SIGKILL);
        break;
    case 'a':
        no_core();
        abort();
    case 's':
        no_core();
        raise(SIGSEGV);
        break;
    case 'e':
        exit(3);
    case '0':
        _exit(0);
    case 'S':
        raise(SIGSTOP);
        break;
    case 'f': /* for ever, in spite of all that can be blocked */
        for (;;)
            ;
    case 'g':
    case 'G': { /* a grandchild keeps all descriptors open; the worker is killed, or lives */
        pid_t pid = fork();
        CHECK(pid != -1);
        if (pid == 0)
            _exit(wait_for_ever(NULL));
        atomic_store(&shared->grandchild, (int)pid);
        if (how == 'g')
            raise(SIGKILL);
        break;
    }
    case 'c':
        for (int descriptor = 3; descriptor < 1024; descriptor++)
            close(descriptor);
        wait_for_ever(NULL);
        break;
    default:
        raise(SIGINT); /* is blocked */
    }
}

/* Dies, or fails, or neither. */
static inline int behave(const void *argument, void *result)
{
    unsigned long number = *(const unsigned long *)argument, bit = number < 32 ? 1UL << number : 0;

    count_run(argument, result);
    if ((atomic_load(&shared->dying) & bit) != 0)
        end_by(atomic_load(&shared->death));
    return (atomic_load(&shared->failing) & bit) != 0 ? EDOM : 0;
}

/* --- pools, and maps ---- */

static inline struct pool *open_pool(int workers, size_t slots, struct worker_options options)
{
    if (shared == NULL)
        shared = shared_map(sizeof *shared);
    CHECK(shared != NULL);
    return pool_open(&(struct pool_options){.workers = workers,
                                            .argument_size = sizeof *arguments,
                                            .result_size = sizeof *values,
                                            .slots = slots,
                                            .worker = options});
}

static inline struct pool *must_open_with(int workers, size_t slots, struct worker_options options)
{
    struct pool *pool = open_pool(workers, slots, options);

    CHECK(pool != NULL);
    return pool;
}

static inline struct pool *must_open(int workers, size_t slots)
{
    return must_open_with(workers, slots, (struct worker_options){0});
}

/* Argument i is i, and nothing has become of it yet. */
static inline void prepare(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        arguments[i] = i;
        values[i] = 0;
        results[i] = (struct task_result){.value = &values[i]};
        atomic_store_explicit(&shared->runs[i], 0, memory_order_relaxed);
    }
}

static inline long map(struct pool *pool, task_function *function, size_t count, size_t chunk)
{
    prepare(count);
    return pool_map(pool, function, arguments, count, chunk, results);
}

static inline void post(struct pool *pool, task_function *function, size_t i)
{
    CHECK(pool_apply_async(pool, function, &arguments[i], &results[i]) == 0);
}

static inline bool is_right(size_t i)
{
    return results[i].ready && results[i].error == 0 && values[i] == answer(i) &&
           results[i].exit_code == 0 && results[i].pid > 0 && results[i].pid != getpid();
}

static inline size_t count_right(size_t count)
{
    size_t right = 0;

    for (size_t i = 0; i < count; i++)
        right += is_right(i);
    return right;
}

/* How many tasks were begun exactly so often. */
static inline size_t count_begun(size_t count, int times)
{
    size_t begun = 0;

    for (size_t i = 0; i < count; i++)
        begun += atomic_load(&shared->runs[i]) == times;
    return begun;
}

static inline void print_map(const char *name, long errors, size_t count)
{
    printf("%s: %ld errors, %zu right\n", name, errors, count_right(count));
}

static inline void print_lost(const struct task_result *result)
{
    printf("error %s, exit code %d\n", result->error == 0 ? "0" : error_name(result->error),
           result->exit_code);
}

/* Which tasks have an error, and how they got it. */
static inline void print_errors(size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].error != 0) {
            printf("task %zu: ", i);
            print_lost(&results[i]);
        }
}

/* Lets `workers` tasks wait for each other: fills in the workers' pids. */
static inline void gather(struct pool *pool, int workers, pid_t *pids)
{
    atomic_store(&shared->arrived, 0);
    for (int i = 0; i < workers; i++) {
        arguments[i] = (unsigned long)workers;
        results[i] = (struct task_result){.value = &values[i]};
    }
    CHECK(pool_map(pool, meet, arguments, (size_t)workers, 1, results) == 0);
    for (int i = 0; i < workers; i++)
        pids[i] = (pid_t)values[i];
}

/* The pool works, with exactly so many workers. */
static inline void expect_as_new(struct pool *pool, int workers)
{
    pid_t pids[MOST_WORKERS];

    CHECK(map(pool, square, 100, 1) == 0 && count_right(100) == 100);
    CHECK(map(pool, square, 100, 0) == 0 && count_right(100) == 100);
    gather(pool, workers, pids);
    for (int i = 0; i < workers; i++)
        for (int j = 0; j < i; j++)
            CHECK(pids[i] != pids[j]);
    int children = count_children();
    CHECK(children == -1 || children == workers);
}

/* Waits until that child of ours is dead; it is not reaped. */
static inline void wait_until_dead(pid_t pid)
{
    siginfo_t information;

    CHECK(waitid(P_PID, (id_t)pid, &information, WEXITED | WNOWAIT) == 0);
}

static inline void wait_until_arrived(int wanted)
{
    double give_up = seconds_now() + LONG;

    while (atomic_load(&shared->arrived) < wanted) {
        CHECK(seconds_now() < give_up);
        nap(0.0005);
    }
}

static inline void set_process_limit(rlim_t most)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0);
    limit.rlim_cur = most;
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

/* The shared mappings, as /proc/self/maps has them; 0 where there is none. */
static inline long count_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    long count = 0;

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, " rw-s ") != NULL;
    if (maps != NULL)
        fclose(maps);
    return count;
}

#endif
