/* Drives lib/shm.c for lib/shm.bats. A scenario prints nothing when all is well. */
#include "shm.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "shm_test.c:%d: is not so: %s (%s)\n", line, condition, strerror(errno));
    _exit(EXIT_FAILURE);
}

static pid_t start(void (*work)(unsigned char *memory), unsigned char *memory)
{
    pid_t child = fork();

    CHECK(child != -1);
    if (child != 0)
        return child;
    alarm(10); /* should the parent fail, nobody would end it */
    work(memory);
    _exit(0);
}

static void expect_success(pid_t child)
{
    int status;

    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

enum { SIZE = 100000 }; /* of several pages, and no multiple of them */

static int is_filled(const unsigned char *memory, size_t size, unsigned char byte)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i] != byte)
            return 0;
    return 1;
}

static void zero(void)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, SIZE, 10000000};

    for (int again = 0; again < 2; again++) /* memory that comes back must be clean again */
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            unsigned char *memory = shared_map(sizes[i]);
            CHECK(memory != NULL);
            CHECK(is_filled(memory, sizes[i], 0));
            memset(memory, 0xaa, sizes[i]);
            shared_unmap(memory, sizes[i]);
        }
}

static void change_ones_to_twos(unsigned char *memory)
{
    CHECK(is_filled(memory, SIZE, 1));
    memset(memory, 2, SIZE);
}

static void change_twos_to_threes(unsigned char *memory)
{
    CHECK(is_filled(memory, SIZE, 2)); /* from my sibling */
    memset(memory, 3, SIZE);
}

static void shared(void)
{
    unsigned char *memory = shared_map(SIZE);

    CHECK(memory != NULL);
    memset(memory, 1, SIZE);
    expect_success(start(change_ones_to_twos, memory));
    CHECK(is_filled(memory, SIZE, 2));
    expect_success(start(change_twos_to_threes, memory));
    CHECK(is_filled(memory, SIZE, 3));
    shared_unmap(memory, SIZE);
}

static volatile unsigned char *turn; /* 'p' for the parent, 'c' for the child */

static void wait_for_turn(unsigned char who)
{
    while (*turn != who)
        sched_yield();
}

/* After the fork, in both directions, while both live. */
static void change_in_turns(unsigned char *memory)
{
    for (unsigned char round = 0; round < 10; round++) {
        wait_for_turn('c');
        CHECK(is_filled(memory, SIZE, round));
        memset(memory, round + 1, SIZE);
        *turn = 'p';
    }
}

static void both_ways(void)
{
    unsigned char *memory = shared_map(SIZE);

    turn = shared_map(1);
    CHECK(memory != NULL && turn != NULL);
    pid_t child = start(change_in_turns, memory);
    for (unsigned char round = 0; round < 10; round++) {
        *turn = 'c';
        wait_for_turn('p');
        CHECK(is_filled(memory, SIZE, round + 1));
    }
    expect_success(child);
}

static void write_after_unmap(unsigned char *memory)
{
    wait_for_turn('c');
    CHECK(is_filled(memory, SIZE, 1));
    memset(memory, 2, SIZE); /* mine still, though the parent has no part in it any more */
    CHECK(is_filled(memory, SIZE, 2));
}

static int is_mapped(void *memory)
{
    return msync(memory, 1, MS_ASYNC) == 0;
}

static void unmap(void)
{
    unsigned char *memory = shared_map(SIZE);

    turn = shared_map(1);
    CHECK(memory != NULL && turn != NULL);
    memset(memory, 1, SIZE);
    pid_t child = start(write_after_unmap, memory);
    CHECK(is_mapped(memory));
    size_t last_page = (SIZE - 1) / (size_t)sysconf(_SC_PAGESIZE) * (size_t)sysconf(_SC_PAGESIZE);
    CHECK(is_mapped(memory + last_page));
    shared_unmap(memory, SIZE);
    CHECK(!is_mapped(memory) && errno == ENOMEM);
    CHECK(!is_mapped(memory + last_page));
    *turn = 'c';
    expect_success(child);
    errno = EDOM;
    shared_unmap(NULL, SIZE);
    CHECK(errno == EDOM);
}

static void expect_no_memory(size_t size)
{
    errno = 0;
    CHECK(shared_map(size) == NULL);
    CHECK(errno == ENOMEM);
}

static void errors(void)
{
    errno = 0;
    CHECK(shared_map(0) == NULL);
    CHECK(errno == EINVAL);
    expect_no_memory(SIZE_MAX);
    expect_no_memory(SIZE_MAX - 10000);
    expect_no_memory(SIZE_MAX / 4 * 3);
    struct rlimit limit = {.rlim_cur = 200000000, .rlim_max = 200000000};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    expect_no_memory(200000000);
    CHECK(shared_map(1) != NULL);
}

/* Prints the line of /proc/self/maps about some shared memory. */
static void name(void)
{
    char line[512];
    unsigned char *memory = shared_map(SIZE);
    FILE *maps = fopen("/proc/self/maps", "r");

    CHECK(memory != NULL && maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL)
        if (strtoull(line, NULL, 16) <= (uintptr_t)memory &&
            strtoull(strchr(line, '-') + 1, NULL, 16) > (uintptr_t)memory)
            printf("%s", line);
    CHECK(fclose(maps) == 0);
}

/* --- the counter ------------------------------------------------------------------------------ */

enum { CROWD = 4, ROUNDS = 20000, KILLS = 60 };

static struct counter *the_counter;

/* NOLINTNEXTLINE(readability-non-const-parameter) */
static void add_often(unsigned char *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++)
        counter_add(the_counter, i % 2 == 0 ? 7 : -4);
}

/* Each process is told a sum of its own, and the last one is the sum of all. */
static void counter(void)
{
    pid_t children[CROWD];
    struct counter *other = counter_open(LONG_MIN);

    the_counter = counter_open(-5);
    CHECK(the_counter != NULL && other != NULL && counter_add(the_counter, 0) == -5);
    CHECK(counter_add(the_counter, 10) == 5 && counter_add(the_counter, 0) == 5);
    for (int i = 0; i < CROWD; i++)
        children[i] = start(add_often, NULL);
    for (int i = 0; i < CROWD; i++)
        expect_success(children[i]);
    CHECK(counter_add(the_counter, 1) == 6 + 3L * CROWD * ROUNDS / 2);
    CHECK(counter_add(other, LONG_MAX) == -1); /* one does not disturb the other */
    counter_close(other);
    CHECK(!is_mapped(other) && errno == ENOMEM);
    CHECK(counter_add(the_counter, -1) == 5 + 3L * CROWD * ROUNDS / 2);
    counter_close(the_counter);
    counter_close(NULL);

    struct rlimit limit = {.rlim_cur = 0, .rlim_max = 0};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    errno = 0;
    CHECK(counter_open(1) == NULL && errno == ENOMEM);
}

/* Adds 1 until it is killed; `counts` is what it knows. */
static void add_for_ever(unsigned char *counts)
{
    atomic_long *begun = (atomic_long *)(void *)counts, *done = begun + 1;

    for (;;) {
        atomic_fetch_add(begun, 1);
        counter_add(the_counter, 1);
        atomic_fetch_add(done, 1);
    }
}

/* One that is killed has added or not, and the others go on. */
static void counter_killed(void)
{
    unsigned char *memory = shared_map(2 * sizeof(atomic_long));
    atomic_long *counts = (atomic_long *)(void *)memory;
    pid_t children[CROWD];

    the_counter = counter_open(0);
    CHECK(memory != NULL && the_counter != NULL);
    for (int i = 0; i < CROWD; i++)
        children[i] = start(add_for_ever, memory);
    for (int i = 0; i < KILLS + CROWD; i++) {
        nanosleep(&(struct timespec){.tv_nsec = i * 7919 % 1000 * 1000L}, NULL);
        CHECK(kill(children[i % CROWD], SIGKILL) == 0);
        CHECK(waitpid(children[i % CROWD], NULL, 0) == children[i % CROWD]);
        if (i < KILLS)
            children[i % CROWD] = start(add_for_ever, memory);
    }
    long sum = counter_add(the_counter, 0);
    CHECK(sum >= counts[1] && sum <= counts[0] && counts[0] - counts[1] <= KILLS + CROWD);
    CHECK(sum > 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"zero", zero},           {"shared", shared},
    {"both_ways", both_ways}, {"unmap", unmap},
    {"errors", errors},       {"name", name},
    {"counter", counter},     {"counter_killed", counter_killed},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    fprintf(stderr, "usage: shm_test SCENARIO; they are at the end of shm_test.c\n");
    return 2;
}
