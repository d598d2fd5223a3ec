/* Drives lib/shm.c for lib/shm.bats. A scenario prints nothing when all is well. */
#include "shm.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
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
    expect_no_memory(SIZE_MAX / 2);
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

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"zero", zero},   {"shared", shared}, {"both_ways", both_ways},
    {"unmap", unmap}, {"errors", errors}, {"name", name},
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
