/* Drives lib/sync.c for lib/sync.bats. Also by hand:
 *     sync_test stress KILLS SEED    kills random processes that wait, set and clear */
#define _GNU_SOURCE /* for F_SETPIPE_SZ, which only Linux has */

#include "driver.h"
#include "shm.h"
#include "sync.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/uio.h>

static struct event event;
static struct semaphore semaphore;

/* The two functions below take the place of the C library's. The next `failures` calls fail: as if
 * a signal had come (EINTR), or another process had been quicker (EAGAIN). With `robbed`, another
 * is always quicker to read. */
static int failures, failure;
static bool robbed;

static bool fails(void)
{
    if (failures == 0)
        return false;
    failures--;
    errno = failure;
    return true;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t write(int descriptor, const void *bytes, size_t size)
{
    return fails() ? -1 : writev(descriptor, &(struct iovec){(void *)bytes, size}, 1);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t read(int descriptor, void *bytes, size_t size)
{
    ssize_t got = fails() ? -1 : readv(descriptor, &(struct iovec){bytes, size}, 1);

    if (!robbed || got == -1)
        return got;
    errno = EAGAIN;
    return -1;
}

static void fail(int error)
{
    failure = error;
    failures = 2;
}

/* --- one process ---- */

static void show_event(char **operands)
{
    struct event next;

    (void)operands;
    SHOW(event_open(&event));
    SHOW(event_is_set(&event));
    SHOW(event_clear(&event));
    SHOW(event_wait(&event, 0));
    SHOW(event_set(&event));
    SHOW(event_set(&event));
    SHOW(event_is_set(&event));
    SHOW(event_wait(&event, 0));
    SHOW(event_wait(&event, FOREVER));
    SHOW(event_is_set(&event));
    SHOW(event_clear(&event));
    SHOW(event_is_set(&event));
    SHOW(event_clear(&event));
    SHOW(event_wait(&event, 0));
    for (int i = 0; i < 100000; i++)
        CHECK(event_set(&event) == 0);
    printf("set 100000 times\n");
    SHOW(event_clear(&event));
    SHOW(event_is_set(&event));

    event_close(&event);
    printf("closed:\n");
    SHOW(event_set(&event));
    SHOW(event_clear(&event));
    SHOW(event_is_set(&event));
    SHOW(event_wait(&event, 0));
    SHOW(event_wait(&event, FOREVER));
    CHECK(event_open(&next) == 0); /* with the same descriptors */
    event_close(&event);
    CHECK(event_set(&next) == 0 && event_is_set(&next));
    event_close(&next);
}

static void show_semaphore(char **operands)
{
    struct semaphore next;

    (void)operands;
    SHOW(semaphore_open(&semaphore, 2));
    SHOW(semaphore_value(&semaphore));
    SHOW(semaphore_acquire(&semaphore, FOREVER));
    SHOW(semaphore_value(&semaphore));
    SHOW(semaphore_acquire(&semaphore, 0));
    SHOW(semaphore_value(&semaphore));
    SHOW(semaphore_acquire(&semaphore, 0));
    SHOW(semaphore_value(&semaphore));
    for (int i = 0; i < 4; i++) {
        SHOW(semaphore_release(&semaphore));
        SHOW(semaphore_value(&semaphore));
    }

    semaphore_close(&semaphore);
    printf("closed:\n");
    SHOW(semaphore_acquire(&semaphore, 0));
    SHOW(semaphore_acquire(&semaphore, FOREVER));
    SHOW(semaphore_release(&semaphore));
    SHOW(semaphore_value(&semaphore));
    CHECK(semaphore_open(&next, 1) == 0);
    semaphore_close(&semaphore);
    SHOW(semaphore_value(&next));
    semaphore_close(&next);
}

static void values(char **operands)
{
    static const int tried[] = {INT_MIN, -1, 0, 1, 4095, 4096, 4097, INT_MAX};

    (void)operands;
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        int taken = 0, given = 0;
        if (semaphore_open(&semaphore, tried[i]) == -1) {
            printf("%d: %s\n", tried[i], error_name(errno));
            continue;
        }
        CHECK(semaphore_value(&semaphore) == tried[i]);
        while (semaphore_acquire(&semaphore, 0) == 0)
            taken++;
        CHECK(errno == ETIMEDOUT && semaphore_value(&semaphore) == 0);
        while (semaphore_release(&semaphore) == 0)
            given++;
        CHECK(errno == EOVERFLOW && semaphore_value(&semaphore) == given);
        printf("%d: %d can be taken, and %d given\n", tried[i], taken, given);
        semaphore_close(&semaphore);
    }
}

/* Takes and gives tokens, so that up to `most` are missing of all there are. */
static void shuffle(int most, int turns)
{
    int missing = SEMAPHORE_MAX - semaphore_value(&semaphore);

    for (; turns > 0; turns--) {
        int goal = rand() % (most + 1);
        for (; missing < goal; missing++)
            CHECK(semaphore_acquire(&semaphore, 0) == 0);
        for (; missing > goal; missing--)
            CHECK(semaphore_release(&semaphore) == 0);
        CHECK(semaphore_value(&semaphore) == SEMAPHORE_MAX - missing);
    }
}

/* order PAGES: in a pipe of so many pages of memory; with 0 it is left as it is. */
static void order(char **operands)
{
    int pages = (int)cli_number("PAGES", operands[0], 0, 16);

    CHECK(semaphore_open(&semaphore, SEMAPHORE_MAX) == 0);
#ifdef F_SETPIPE_SZ
    int size = pages * (int)sysconf(_SC_PAGESIZE);
    CHECK(pages == 0 || fcntl(semaphore.give_end, F_SETPIPE_SZ, size) == size);
#else
    (void)pages;
#endif
    shuffle(1, 10000);
    shuffle(8, 2000);
    shuffle(SEMAPHORE_MAX, 20);
    shuffle(0, 1);
    CHECK(semaphore_release(&semaphore) == -1 && errno == EOVERFLOW);
    printf("4096 tokens, in any order\n");
    semaphore_close(&semaphore);
}

/* The same for an ordinary user who has used up the memory that pipes may have: from then on, Linux
 * makes them small. */
static void little_memory(char **operands)
{
#ifdef F_SETPIPE_SZ
    int ends[2];

    do
        if (pipe(ends) == -1) {
            printf("pipes get as much memory as they like\n");
            exit(CANNOT);
        }
    while (fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) != -1);
    CHECK(errno == EPERM);
#endif
    (void)operands;
    order((char *[]){"0"});
}

static void opening(char **operands)
{
    int before = count_descriptors(), first = dup(0);
    struct rlimit limit, few;

    (void)operands;
    CHECK(close(first) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    few = limit;
    few.rlim_cur = 0;
    CHECK(event_open(&event) == 0 && setrlimit(RLIMIT_NOFILE, &few) == 0);
    SHOW(event_wait(&event, FOREVER)); /* poll may not look at so many as one */
    event_close(&event);
    for (int room = 0; room < 2; room++) {
        few.rlim_cur = (rlim_t)first + (rlim_t)room;
        CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
        SHOW(event_open(&event));
        SHOW(semaphore_open(&semaphore, 1));
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHECK(count_descriptors() == before);
    }
    for (int i = 0; i < 30; i++) {
        CHECK(event_open(&event) == 0 && semaphore_open(&semaphore, i) == 0);
        CHECK(semaphore_open(&(struct semaphore){-1, -1}, -1) == -1);
        CHECK(count_descriptors() == before + 4);
        int ends[] = {event.wait_end, event.set_end, semaphore.take_end, semaphore.give_end};
        for (int j = 0; j < 4; j++) {
            CHECK(fcntl(ends[j], F_GETFD) == FD_CLOEXEC);
            CHECK(fcntl(ends[j], F_GETFL) & O_NONBLOCK); /* also full, setting must not wait */
        }
        event_close(&event);
        semaphore_close(&semaphore);
        CHECK(count_descriptors() == before);
    }
    printf("as many descriptors as before\n");
}

static void expect_timeout(int result, double timeout, double before)
{
    double took = seconds_now() - before;

    CHECK(result == -1 && errno == ETIMEDOUT);
    CHECK(!(took < timeout) && took < 5);
}

static void do_nothing(int number)
{
    (void)number;
}

static void kill_one(struct process *process)
{
    CHECK(process_kill(process) == 0 && end(process) == -SIGKILL);
}

static int pester_parent(void *unused)
{
    (void)unused;
    while (kill(getppid(), SIGUSR1) == 0)
        nap(0.001);
    return 1;
}

static int release_often(void *unused)
{
    (void)unused;
    while (semaphore_release(&semaphore) == 0)
        nap(0.001);
    return 1;
}

/* Neither too early nor much too late, also when signals come all the time. */
static void timeouts(char **operands)
{
    static const double lengths[] = {0, 0.03, 0.06, -1, -1e300, (double)NAN};
    struct sigaction action = {.sa_handler = do_nothing}; /* without SA_RESTART */
    struct process other;

    (void)operands;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(event_open(&event) == 0 && semaphore_open(&semaphore, 0) == 0);
    for (int pestered = 0; pestered < 2; pestered++) {
        if (pestered)
            start(&other, pester_parent, NULL);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double before = seconds_now();
            expect_timeout(event_wait(&event, lengths[i]), lengths[i], before);
            before = seconds_now();
            expect_timeout(semaphore_acquire(&semaphore, lengths[i]), lengths[i], before);
        }
    }
    kill_one(&other);
    printf("interrupted:\n");
    fail(EINTR);
    SHOW(event_set(&event));
    fail(EINTR);
    SHOW(event_clear(&event));
    SHOW(event_is_set(&event));
    fail(EINTR);
    SHOW(semaphore_release(&semaphore));
    fail(EINTR);
    SHOW(semaphore_acquire(&semaphore, 0));
    printf("the pipe is full:\n");
    fail(EAGAIN);
    SHOW(event_set(&event));
    fail(EAGAIN);
    CHECK(semaphore_release(&semaphore) == -1 && errno == EOVERFLOW);
    printf("another is quicker:\n");
    failures = 0;
    SHOW(semaphore_release(&semaphore));
    fail(EAGAIN);
    SHOW(semaphore_acquire(&semaphore, FOREVER));
    start(&other, release_often, NULL);
    robbed = true;
    SHOW(semaphore_acquire(&semaphore, 0.03));
    kill_one(&other);
    event_close(&event);
    semaphore_close(&semaphore);
}

/* --- several processes ---- */

static void start_sleepers(struct process *sleepers, int count, int (*run)(void *), void *argument)
{
    for (int i = 0; i < count; i++)
        start(&sleepers[i], run, argument);
    for (int i = 0; i < count; i++)
        wait_until_asleep(sleepers[i].pid);
}

static int wait_for_event(void *timeout)
{
    return event_wait(&event, *(double *)timeout) == 0 ? 'W' : 'E';
}

static int set_late(void *unused)
{
    (void)unused;
    nap(0.02);
    return event_set(&event);
}

static int clear_and_close(void *unused)
{
    (void)unused;
    CHECK(event_is_set(&event) && event_clear(&event) == 0);
    event_close(&event);
    return 0;
}

static void woken(char **operands)
{
    enum { SLEEPERS = 4 };
    static double patience[] = {20, FOREVER};
    struct process sleepers[SLEEPERS], other;

    (void)operands;
    CHECK(event_open(&event) == 0);
    for (int i = 0; i < 2; i++) {
        start_sleepers(sleepers, SLEEPERS, wait_for_event, &patience[i]);
        start(&other, set_late, NULL);
        CHECK(event_wait(&event, patience[i]) == 0);
        for (int j = 0; j < SLEEPERS; j++)
            printf("%c ", end(&sleepers[j]));
        CHECK(end(&other) == 0);
        start(&other, clear_and_close, NULL);
        CHECK(end(&other) == 0);
        printf("and cleared by another: %d\n", !event_is_set(&event));
    }
    start_sleepers(sleepers, 2, wait_for_event, &patience[1]);
    kill_one(&sleepers[0]);
    CHECK(event_set(&event) == 0);
    event_close(&event); /* ours: it stays set */
    printf("%c when another has been killed\n", end(&sleepers[1]));
}

static struct {
    atomic_int inside, most, visits;
    atomic_long woken, errors;
    atomic_bool stop;
} * shared;

static int visit(void *unused)
{
    (void)unused;
    for (int i = 0; i < 300; i++) {
        CHECK(semaphore_acquire(&semaphore, LONG) == 0);
        int count = atomic_fetch_add(&shared->inside, 1) + 1;
        if (count > atomic_load(&shared->most))
            atomic_store(&shared->most, count);
        sched_yield(); /* let others try */
        atomic_fetch_add(&shared->visits, 1);
        atomic_fetch_sub(&shared->inside, 1);
        CHECK(semaphore_release(&semaphore) == 0);
    }
    return 0;
}

static int enter(void *unused)
{
    (void)unused;
    return semaphore_acquire(&semaphore, FOREVER) == 0 ? wait_for_ever(NULL) : 1;
}

static void inside(char **operands)
{
    enum { VISITORS = 8, ROOM = 3 };
    struct process visitors[VISITORS];

    (void)operands;
    shared = shared_map(sizeof *shared);
    CHECK(shared != NULL && semaphore_open(&semaphore, ROOM) == 0);
    for (int i = 0; i < VISITORS; i++)
        start(&visitors[i], visit, NULL);
    for (int i = 0; i < VISITORS; i++)
        CHECK(end(&visitors[i]) == 0);
    CHECK(atomic_load(&shared->most) <= ROOM);
    printf("%d visits, never too many at a time\n", atomic_load(&shared->visits));
    printf("%d may come in\n", semaphore_value(&semaphore));

    for (int i = 0; i < ROOM; i++)
        CHECK(semaphore_acquire(&semaphore, 0) == 0);
    start_sleepers(visitors, 2, enter, NULL);
    kill_one(&visitors[0]);
    CHECK(semaphore_release(&semaphore) == 0);
    while (semaphore_value(&semaphore) != 0)
        nap(0.0005);
    printf("one that waits is killed, and the other comes in\n");
    kill_one(&visitors[1]);
    CHECK(semaphore_acquire(&semaphore, 0) == -1 && semaphore_release(&semaphore) == 0);
    CHECK(semaphore_acquire(&semaphore, 0) == 0);
    printf("one that is inside is killed, and counted until somebody releases\n");
    semaphore_close(&semaphore);
    shared_unmap(shared, sizeof *shared);
}

static int wait_again(void *unused)
{
    (void)unused;
    random_start((unsigned)getpid());
    for (;;) {
        if (event_wait(&event, FOREVER) == -1)
            atomic_fetch_add(&shared->errors, 1);
        if (atomic_load(&shared->stop))
            return 0;
        atomic_fetch_add(&shared->woken, 1);
        nap(random_fraction() * 0.0002);
    }
}

static int set_and_clear(void *unused)
{
    (void)unused;
    random_start((unsigned)getpid());
    while (!atomic_load(&shared->stop)) {
        if (event_set(&event) == -1)
            atomic_fetch_add(&shared->errors, 1);
        nap(random_fraction() * 0.0002);
        if (event_clear(&event) == -1)
            atomic_fetch_add(&shared->errors, 1);
        nap(random_fraction() * 0.001);
    }
    return 0;
}

/* stress KILLS SEED: one is killed while it waits, sets or clears, and the others go on. */
static void stress(char **operands)
{
    enum { CROWD = 8 };
    long kills = cli_number("KILLS", operands[0], 0, 1000000);
    int descriptors = count_descriptors(), hanging = 0;
    struct process crowd[CROWD];

    alarm(WATCHDOG + (unsigned)kills / 100);
    srand((unsigned)cli_number("SEED", operands[1], 0, INT_MAX));
    shared = shared_map(sizeof *shared);
    CHECK(shared != NULL && event_open(&event) == 0);
    for (int i = 0; i < CROWD; i++)
        start(&crowd[i], i % 2 == 0 ? set_and_clear : wait_again, NULL);
    for (long killed = 0; killed < kills; killed++) {
        nap(random_fraction() * 0.004);
        int i = rand() % CROWD;
        kill_one(&crowd[i]);
        start(&crowd[i], i % 2 == 0 ? set_and_clear : wait_again, NULL);
    }
    atomic_store(&shared->stop, true);
    for (int i = 0; i < CROWD; i += 2) /* who might clear it again */
        hanging += process_join(&crowd[i], hanging == 0 ? LONG : 1) == -1;
    CHECK(hanging > 0 || event_set(&event) == 0);
    for (int i = 1; i < CROWD; i += 2)
        hanging += process_join(&crowd[i], hanging == 0 ? LONG : 1) == -1;
    for (int i = 0; i < CROWD; i++)
        CHECK(process_kill(&crowd[i]) == 0 && process_join(&crowd[i], LONG) == 0);
    printf("%ld killed, %d hanging, %ld errors\n", kills, hanging, atomic_load(&shared->errors));
    printf("woken more often than killed: %d\n", atomic_load(&shared->woken) > kills);
    fprintf(stderr, "%ld woken\n", (long)atomic_load(&shared->woken));
    CHECK(hanging == 0 && atomic_load(&shared->errors) == 0);
    event_close(&event);
    shared_unmap(shared, sizeof *shared);
    check_nothing_left(descriptors);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"event", 0, show_event}, {"semaphore", 0, show_semaphore},
        {"values", 0, values},    {"order", 1, order},
        {"woken", 0, woken},      {"little_memory", 0, little_memory},
        {"opening", 0, opening},  {"timeouts", 0, timeouts},
        {"inside", 0, inside},    {"stress", 2, stress},
        {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
