/* Scenarios for lib/ranks.bats: ranks_test SCENARIO [OPERAND ...]. Those that say COUNT also run
 * with MPI, where COUNT is 0: as many ranks as mpirun has started. */
#include "driver.h"

#include "ranks.h"

enum { MOST_ELEMENTS = 100000 };
static const size_t GUARD = 4;

static const size_t sizes[] = {0, 1, 7, 1000, MOST_ELEMENTS};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Runs, and prints what came of it. */
static void show_run(int count, int (*run)(void *), void *argument)
{
    double begin = seconds_now();
    int status = ranks_run(count, run, argument);

    CHECK(seconds_now() - begin < LONG);
    if (status == -1)
        printf("run: %s\n", error_name(errno));
    else
        printf("run: status %d\n", status);
}

static int to_count(const char *text)
{
    return (int)cli_number("COUNT", text, 0, INT_MAX);
}

/* With MPI every rank is here afterwards; only the first one is to say something. */
static void run_well(int count, int (*run)(void *), void *argument)
{
    int status = ranks_run(count, run, argument);

    if (status == -1)
        die("run %d ranks", count);
    CHECK(status == 0);
}

/* --- every element ---- */

/* Room for elements, with guards on both sides that nobody may touch. */
static int64_t *make(size_t count)
{
    int64_t *room = malloc((count + 2 * GUARD) * sizeof *room);

    CHECK(room != NULL);
    for (size_t i = 0; i < count + 2 * GUARD; i++)
        room[i] = INT64_C(-0x123456789abcdef);
    return room + GUARD;
}

static void drop(int64_t *room, size_t count)
{
    for (size_t i = 0; i < GUARD; i++)
        CHECK(room[-1 - (int)i] == INT64_C(-0x123456789abcdef) &&
              room[count + i] == INT64_C(-0x123456789abcdef));
    free(room - GUARD);
}

/* The element i of what `from` has for `to`: any number, different for all. */
static int64_t element(int root, int from, int to, size_t i)
{
    return (((int64_t)root * 16 + from) * 16 + to) * (MOST_ELEMENTS + 1) + (int64_t)i + 1;
}

static void fill(int64_t *row, int root, int from, int to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        row[i] = element(root, from, to, i);
}

static void compare(const int64_t *row, int root, int from, int to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(row[i] == element(root, from, to, i));
}

static void broadcast(int root, size_t count)
{
    int64_t *row = make(count);

    if (ranks_rank() == root)
        fill(row, root, root, 0, count);
    CHECK(ranks_broadcast(root, row, count * sizeof *row) == 0);
    compare(row, root, root, 0, count);
    drop(row, count);
}

static void scatter_and_gather(int root, size_t count)
{
    int ranks = ranks_count(), self = ranks_rank();
    size_t total = self == root ? (size_t)ranks * count : 0;
    int64_t *row = make(count), *all = make(total);

    for (int to = 0; to < ranks && self == root; to++)
        fill(all + (size_t)to * count, root, root, to, count);
    CHECK(ranks_scatter(root, self == root ? all : NULL, row, count * sizeof *row) == 0);
    compare(row, root, root, self, count);
    fill(row, root, self, root, count);
    CHECK(ranks_gather(root, row, self == root ? all : NULL, count * sizeof *row) == 0);
    for (int from = 0; from < ranks && self == root; from++)
        compare(all + (size_t)from * count, root, from, root, count);
    compare(row, root, self, root, count);
    drop(row, count);
    drop(all, total);
}

static void all_to_all(size_t count)
{
    int ranks = ranks_count(), self = ranks_rank();
    size_t total = (size_t)ranks * count;
    int64_t *out = make(total), *in = make(total);

    for (int to = 0; to < ranks; to++)
        fill(out + (size_t)to * count, 0, self, to, count);
    CHECK(ranks_alltoall(out, in, count * sizeof *in) == 0);
    for (int from = 0; from < ranks; from++)
        compare(in + (size_t)from * count, 0, from, self, count);
    drop(out, total);
    drop(in, total);
}

/* Small numbers, so that a product has room, and doubles are exact in any order. */
static int small(int rank, size_t i)
{
    return (int)(((size_t)rank * 7 + i * 3) % 5) - 2;
}

static int64_t wanted(enum ranks_operation operation, int ranks, size_t i)
{
    int64_t result = small(0, i);

    for (int rank = 1; rank < ranks; rank++) {
        int64_t next = small(rank, i);
        if (operation == RANKS_SUM)
            result += next;
        else if (operation == RANKS_PRODUCT)
            result *= next;
        else if ((operation == RANKS_MIN) == (next < result))
            result = next;
    }
    return result;
}

static void reduce(int root, enum ranks_operation operation, size_t count)
{
    bool is_root = ranks_rank() == root;
    int64_t *mine = make(count), *result = make(is_root ? count : 0);
    double *doubles = (double *)(void *)mine, *sums = (double *)(void *)result;

    for (size_t i = 0; i < count; i++)
        mine[i] = small(ranks_rank(), i);
    CHECK(ranks_reduce(root, operation, RANKS_INT64, mine, is_root ? result : NULL, count) == 0);
    for (size_t i = 0; i < count && is_root; i++)
        CHECK(result[i] == wanted(operation, ranks_count(), i));
    for (size_t i = 0; i < count; i++) {
        CHECK(mine[i] == small(ranks_rank(), i));
        doubles[i] = small(ranks_rank(), i) / 4.0;
    }
    double divisor = operation == RANKS_PRODUCT ? (double)(INT64_C(1) << 2 * ranks_count()) : 4;
    CHECK(ranks_reduce(root, operation, RANKS_DOUBLE, doubles, is_root ? sums : NULL, count) == 0);
    for (size_t i = 0; i < count && is_root; i++)
        CHECK(sums[i] == (double)wanted(operation, ranks_count(), i) / divisor);
    drop(mine, count);
    drop(result, is_root ? count : 0);
}

/* Where there is nothing, there need be no buffer. */
static void nothing(int root)
{
    int next = (ranks_rank() + 1) % ranks_count();
    int before = (ranks_rank() + ranks_count() - 1) % ranks_count();

    CHECK(ranks_exchange(next, NULL, 0, before, NULL, 0) == 0);
    CHECK(ranks_broadcast(root, NULL, 0) == 0);
    CHECK(ranks_scatter(root, NULL, NULL, 0) == 0);
    CHECK(ranks_gather(root, NULL, NULL, 0) == 0);
    CHECK(ranks_alltoall(NULL, NULL, 0) == 0);
    CHECK(ranks_reduce(root, RANKS_SUM, RANKS_DOUBLE, NULL, NULL, 0) == 0);
}

static int check_collectives(void *most)
{
    for (int root = 0; root < ranks_count(); root++)
        nothing(root);
    for (int size = 0; size < SIZES && sizes[size] <= *(size_t *)most; size++) {
        for (int root = 0; root < ranks_count(); root++) {
            broadcast(root, sizes[size]);
            scatter_and_gather(root, sizes[size]);
            for (int operation = RANKS_SUM; operation <= (int)RANKS_MAX; operation++)
                reduce(root, (enum ranks_operation)operation, sizes[size]);
        }
        all_to_all(sizes[size]);
        CHECK(ranks_barrier() == 0);
    }
    if (ranks_rank() == 0)
        say("%d ranks: every element is right", ranks_count());
    return 0;
}

/* collectives COUNT ELEMENTS...: all operations of all together, for every root, by so many ranks,
 * with so many elements at most; one run after the other. */
static void collectives(char **operands)
{
    for (; operands[0] != NULL && operands[1] != NULL; operands += 2) {
        size_t most = (size_t)cli_number("ELEMENTS", operands[1], 0, MOST_ELEMENTS);
        run_well(to_count(operands[0]), check_collectives, &most);
    }
}

/* --- from one to another ---- */

/* Everyone to everyone, of all sizes, and in order; then all at once round the circle. */
static int check_messages(void *unused)
{
    int ranks = ranks_count(), self = ranks_rank();
    int64_t *row = make(MOST_ELEMENTS), *other = make(MOST_ELEMENTS);

    (void)unused;
    for (int from = 0; from < ranks; from++)
        for (int to = 0; to < ranks; to++)
            for (int i = 0; i < SIZES && from != to; i++) {
                fill(row, i, from, to, sizes[i]);
                if (self == from)
                    CHECK(ranks_send(to, row, sizes[i] * sizeof *row) == 0);
                if (self != to)
                    continue;
                ssize_t size = ranks_receive(from, other, MOST_ELEMENTS * sizeof *other);
                CHECK(size == (ssize_t)(sizes[i] * sizeof *other));
                compare(other, i, from, to, sizes[i]);
            }
    for (int step = 0; step < ranks; step++)
        for (int i = 0; i < SIZES; i++) {
            int to = (self + step) % ranks, from = (self + ranks - step) % ranks;
            size_t mine = sizes[(i + self) % SIZES], its = sizes[(i + from) % SIZES];
            fill(row, i, self, to, mine);
            ssize_t size = ranks_exchange(to, row, mine * sizeof *row, from, other,
                                          MOST_ELEMENTS * sizeof *other);
            CHECK(size == (ssize_t)(its * sizeof *other));
            compare(other, i, from, self, its);
        }
    drop(row, MOST_ELEMENTS);
    drop(other, MOST_ELEMENTS);
    CHECK(ranks_barrier() == 0);
    if (self == 0)
        say("%d ranks: every message is right", ranks);
    return 0;
}

/* messages COUNT... */
static void messages(char **operands)
{
    for (; *operands != NULL; operands++)
        run_well(to_count(*operands), check_messages, NULL);
}

/* So much may be sent before anything is received. */
static int check_buffer(void *unused)
{
    static char out[RANKS_BUFFER], in[RANKS_BUFFER];
    int self = ranks_rank(), ranks = ranks_count();

    (void)unused;
    for (int round = 0; round < 20; round++) {
        for (int step = 1; step < ranks; step++)
            CHECK(ranks_send((self + step) % ranks, out, sizeof out) == 0);
        for (int step = 1; step < ranks; step++)
            CHECK(ranks_receive((self + step) % ranks, in, sizeof in) == sizeof in);
    }
    return 0;
}

static void buffer(char **operands)
{
    (void)operands;
    for (int count = 1; count < 6; count++)
        show_run(count, check_buffer, NULL);
}

/* --- what is refused ---- */

static int check_errors(void *unused)
{
    int self = ranks_rank(), ranks = ranks_count(), others = (self + 1) % ranks;
    char byte = 'x', bytes[100] = {0};
    struct ranks_grid grid;

    (void)unused;
    if (self == 0) {
        SHOW(ranks_send(-1, &byte, 1));
        SHOW(ranks_send(ranks, &byte, 1));
        SHOW(ranks_send(self, &byte, 1));
        SHOW(ranks_send(others, &byte, (size_t)RANKS_MESSAGE_MAX + 1));
        SHOW(ranks_receive(-1, &byte, 1));
        SHOW(ranks_receive(ranks, &byte, 1));
        SHOW(ranks_receive(self, &byte, 1));
        SHOW(ranks_exchange(self, &byte, 1, others, bytes, 1));
        SHOW(ranks_exchange(others, &byte, 1, self, bytes, 1));
        SHOW(ranks_exchange(-1, &byte, 1, others, bytes, 1));
        SHOW(ranks_exchange(others, &byte, 1, ranks, bytes, 1));
        SHOW(ranks_exchange(self, &byte, 1, self, bytes, 100));
        SHOW(ranks_exchange(self, bytes, 100, self, &byte, 1));
        SHOW(ranks_broadcast(-1, &byte, 1));
        SHOW(ranks_broadcast(ranks, &byte, 1));
        SHOW(ranks_scatter(ranks, bytes, &byte, 1));
        SHOW(ranks_gather(-1, &byte, bytes, 1));
        SHOW(ranks_alltoall(bytes, bytes, SIZE_MAX));
        SHOW(ranks_reduce(ranks, RANKS_SUM, RANKS_INT64, bytes, bytes, 1));
        SHOW(ranks_reduce(0, RANKS_SUM, RANKS_INT64, bytes, bytes, SIZE_MAX / 8 + 2));
        SHOW(ranks_reduce(0, RANKS_SUM, RANKS_INT64, bytes, bytes,
                          (size_t)RANKS_MESSAGE_MAX / 8 + 1));
        SHOW(ranks_reduce(0, RANKS_MAX + 1, RANKS_INT64, bytes, bytes, 1));
        SHOW(ranks_reduce(0, RANKS_SUM, RANKS_DOUBLE + 1, bytes, bytes, 1));
        SHOW(ranks_grid(&grid, 0, ranks));
        SHOW(ranks_grid(&grid, ranks, 2));
        SHOW(ranks_grid(&grid, ranks - 1, 1)); /* 3 ranks are no 2 rows */
        SHOW(ranks_grid(&grid, -1, -ranks));
        SHOW(ranks_grid(&grid, INT_MAX, INT_MAX));
        SHOW(ranks_run(2, check_errors, NULL));
        CHECK(ranks_send(1, bytes, 2) == 0 && ranks_send(1, "y", 1) == 0);
    } else if (self == 1) {
        SHOW(ranks_receive(0, &byte, 1)); /* 2 */
        CHECK(ranks_receive(0, &byte, 1) == 1 && byte == 'y');
        SHOW(ranks_rank());
    }
    return 0;
}

static void errors(char **operands)
{
    run_well(to_count(operands[0]), check_errors, NULL);
}

static int check_all(void *most)
{
    check_collectives(most);
    check_messages(NULL);
    return check_errors(NULL);
}

/* everything COUNT ELEMENTS, in one run: with MPI there is only one, and its start takes long. */
static void everything(char **operands)
{
    size_t most = (size_t)cli_number("ELEMENTS", operands[1], 0, MOST_ELEMENTS);

    run_well(to_count(operands[0]), check_all, &most);
}

static int check_grid(void *side)
{
    struct ranks_grid grid;
    int columns = *(int *)side, rows = ranks_count() / columns, place[6];
    int all[6 * 16];

    CHECK(ranks_grid(&grid, rows, columns) == 0);
    memcpy(place, &grid, sizeof place);
    CHECK(ranks_gather(0, place, all, sizeof place) == 0);
    for (int i = 0; i < ranks_count() && ranks_rank() == 0; i++) {
        int *its = all + (size_t)i * 6;
        say("%d: row %d, column %d, up %d, down %d, left %d, right %d", i, its[0], its[1], its[2],
            its[3], its[4], its[5]);
    }
    return 0;
}

/* grid COUNT COLUMNS... */
static void grid_of(char **operands)
{
    for (; operands[0] != NULL && operands[1] != NULL; operands += 2) {
        int columns = (int)cli_number("COLUMNS", operands[1], 1, 16);
        run_well(to_count(operands[0]), check_grid, &columns);
    }
}

static int last_fails(void *code)
{
    return ranks_rank() == ranks_count() - 1 ? *(const int *)code : ranks_barrier();
}

/* fails COUNT CODE */
static void fails(char **operands)
{
    int code = (int)cli_number("CODE", operands[1], 0, 1000);

    exit(ranks_run(to_count(operands[0]), last_fails, &code));
}

#ifndef RANKS_MPI /* the rest is about forked ranks only */

#include "links.h"
#include "shm.h"

#include <stdatomic.h>
#include <sys/mman.h>

static int say_rank(void *unused)
{
    (void)unused;
    say("rank %d of %d", ranks_rank(), ranks_count());
    return 0;
}

/* hello COUNT */
static void hello(char **operands)
{
    int descriptors = count_descriptors();

    show_run(to_count(operands[0]), say_rank, NULL);
    check_nothing_left(descriptors);
}

/* Before, between and after runs; runs that can't be. There also is a child that is no rank. */
static void runs(char **operands)
{
    struct rlimit limit, old;
    int descriptors = count_descriptors(), fillers[40], count = 0;
    struct process other = {.run = wait_for_ever, .daemon = true};

    (void)operands;
    CHECK(process_start(&other) == 0);
    printf("ranks_rank(): %d\n", ranks_rank());
    SHOW(ranks_count());
    SHOW(ranks_send(0, "", 0));
    SHOW(ranks_barrier());
    SHOW(ranks_grid(&(struct ranks_grid){0}, 1, 1));
    SHOW(ranks_default(7));
    show_run(0, say_rank, NULL);
    show_run(-1, say_rank, NULL);
    show_run(RANKS_MOST + 1, say_rank, NULL);
    CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
    limit = old;
    do { /* no gaps below the limit */
        CHECK((fillers[count] = dup(STDIN_FILENO)) != -1);
        limit.rlim_cur = (rlim_t)fillers[count] + 1;
    } while (fillers[count++] < 30);
    for (int room = 0; room < 8; room++, limit.rlim_cur++) { /* 6 for 3 ranks, and 2 for the gate */
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHECK(ranks_run(3, wait_for_ever, NULL) == -1 && errno == EMFILE);
    }
    printf("3 ranks without descriptors: EMFILE\n");
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    show_run(3, say_rank, NULL);
    CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
    while (count > 0)
        close(fillers[--count]);
    show_run(1, say_rank, NULL);
    show_run(1, say_rank, NULL);
    printf("ranks_rank(): %d\n", ranks_rank());
    SHOW(ranks_count());
    CHECK(process_is_alive(&other) && process_kill(&other) == 0 && end(&other) == -SIGKILL);
    check_nothing_left(descriptors);
}

/* Each rank has its own ends only. */
static int count_own(void *before)
{
    CHECK(count_descriptors() == *(int *)before + ranks_count() - 1);
    return 0;
}

static void own(char **operands)
{
    int descriptors = count_descriptors();

    (void)operands;
    for (int count = 1; count < 10; count += 4)
        show_run(count, count_own, &descriptors);
    check_nothing_left(descriptors);
}

/* --- deadlocks: one function for each, and what it does to others ---- */

static char large[16 * RANKS_BUFFER], other_large[sizeof large];

static int both_receive(void *unused)
{
    (void)unused;
    if (ranks_rank() == 1 || ranks_rank() == 5)
        return (int)ranks_receive(6 - ranks_rank(), large, 1);
    return 0;
}

static int ring_receives(void *unused)
{
    (void)unused;
    return (int)ranks_receive((ranks_rank() + 1) % ranks_count(), large, 1);
}

static int both_send(void *unused)
{
    (void)unused;
    if (ranks_rank() < 2 && ranks_send(1 - ranks_rank(), large, sizeof large) == 0)
        return (int)ranks_receive(1 - ranks_rank(), other_large, sizeof large);
    return 0;
}

/* Two hang, and all others behind them. */
static int barrier_behind(void *unused)
{
    (void)unused;
    if (ranks_rank() == 2 || ranks_rank() == 3)
        return (int)ranks_receive(5 - ranks_rank(), large, 1);
    return ranks_barrier();
}

static int from_ended(void *unused)
{
    (void)unused;
    return ranks_rank() == 1 ? (int)ranks_receive(2, large, 1) : 0;
}

static int to_ended(void *unused)
{
    (void)unused;
    if (ranks_rank() != 1)
        return 0;
    while (ranks_send(2, large, sizeof large) == 0)
        ;
    return 1;
}

static int without_one(void *unused)
{
    (void)unused;
    return ranks_rank() == 1 ? 0 : ranks_broadcast(1, large, 1);
}

/* Rank 0 exchanges with 1, which only receives, and then from 2, which waits for 0. */
static int half_exchange(void *unused)
{
    (void)unused;
    switch (ranks_rank()) {
    case 0:
        return (int)ranks_exchange(1, large, sizeof large, 1, other_large, sizeof large);
    case 1:
        ranks_receive(0, large, sizeof large);
        return (int)ranks_receive(2, large, 1);
    default:
        return (int)ranks_receive(0, large, 1);
    }
}

/* A part has been received, which makes room that the sender is not told of. */
static int partly_received(void *unused)
{
    (void)unused;
    if (ranks_rank() == 0) {
        for (int i = 0; i < 1000; i++)
            ranks_send(1, large, 1000);
        return (int)ranks_receive(1, large, 1);
    }
    for (int i = 0; i < 20; i++)
        ranks_receive(0, large, 1000);
    return (int)ranks_receive(2, large, 1);
}

static int behind_partly(void *unused)
{
    return ranks_rank() == 2 ? (int)ranks_receive(0, large, 1) : partly_received(unused);
}

/* Rank 1 ends when the message is on its way. */
static int unreceived(void *unused)
{
    (void)unused;
    switch (ranks_rank()) {
    case 0:
        return ranks_receive(2, large, 0) == 0 ? ranks_send(1, large, 0) : 1;
    case 1:
        return (int)ranks_receive(0, large, 0);
    default:
        return ranks_send(1, large, 100) == 0 ? ranks_send(0, large, 0) : 1;
    }
}

/* Rank 1 has sent to rank 2, which ends and has not received it. What that one has sent is there.
 */
static int reset(void *unused)
{
    char letter = '-';

    (void)unused;
    switch (ranks_rank()) {
    case 0: /* tells rank 2 that rank 1 has sent */
        return ranks_receive(1, large, 0) == 0 ? ranks_send(2, large, 0) : 1;
    case 2:
        return ranks_receive(0, large, 0) == 0 ? ranks_send(1, "x", 1) : 1;
    default:
        CHECK(ranks_send(2, large, 1) == 0 && ranks_send(0, large, 0) == 0);
        nap(0.1); /* so that it has ended, mostly */
        CHECK(ranks_receive(2, &letter, 1) == 1);
        say("rank 1 received %c", letter);
        return (int)ranks_receive(2, &letter, 1); /* ECONNRESET, as the kernel has it */
    }
}

/* The message is lost, and the next one is not. */
static int other_operation(void *unused)
{
    (void)unused;
    if (ranks_rank() == 0)
        return ranks_broadcast(0, large, sizeof large) | ranks_barrier();
    int answer = ranks_scatter(0, NULL, other_large, sizeof large);
    say("rank 1: %s", answer == -1 ? error_name(errno) : "received");
    return ranks_barrier();
}

/* The kernel can't read the end of a message; what comes next must not be taken for it. */
static int amid(void *unused)
{
    size_t size = sizeof large / 2;

    (void)unused;
    if (ranks_rank() == 1)
        return (int)ranks_receive(0, large, sizeof large);
    if (ranks_rank() == 2)
        return ranks_send(0, "x", 1);
    char *pages = shared_map(2 * size);
    CHECK(pages != NULL && mprotect(pages + size, size, PROT_NONE) == 0);
    if (ranks_exchange(2, large, sizeof large, 2, pages + size, size) == -1)
        say("rank 0 exchanges: %s", error_name(errno));
    say("rank 0: %s", ranks_send(1, pages, 2 * size) == -1 ? error_name(errno) : "sent");
    say("rank 0: %s", ranks_send(1, large, sizeof large) == -1 ? error_name(errno) : "sent");
    return 0;
}

/* Rank 1 is stopped while it waits, and what it waits for comes then. That is no deadlock. */
static int stopped(void *unused)
{
    pid_t pid = getpid();
    char byte;

    (void)unused;
    switch (ranks_rank()) {
    case 0: /* waits for an answer of the stopped one */
        CHECK(ranks_receive(2, &byte, 1) == 1);
        return ranks_send(1, &byte, 1) | (ranks_receive(1, &byte, 1) != 1);
    case 1:
        CHECK(ranks_send(2, &pid, sizeof pid) == 0);
        return ranks_receive(0, &byte, 1) != 1 || ranks_send(0, &byte, 1) != 0;
    default:
        CHECK(ranks_receive(1, &pid, sizeof pid) == sizeof pid);
        wait_until_asleep(pid);
        CHECK(kill(pid, SIGSTOP) == 0 && ranks_send(0, "x", 1) == 0);
        nap(0.25); /* so that the parent looks twice */
        return kill(pid, SIGCONT);
    }
}

/* Now and then a rank ends; the two that wait for each other are found all the same. */
static int one_by_one(void *unused)
{
    int self = ranks_rank();

    (void)unused;
    if (self < 2)
        return (int)ranks_receive(1 - self, large, 1);
    nap(0.08 * (self - 1));
    if (self == ranks_count() - 1)
        say("all others have ended");
    return 0;
}

static int other_sizes(void *unused)
{
    (void)unused;
    for (int size = 9; size < 12; size += 2) {
        int answer = ranks_broadcast(0, large, ranks_rank() == 0 ? (size_t)size : 10);
        if (ranks_rank() == 1)
            say("rank 1: %s", answer == -1 ? error_name(errno) : "received");
    }
    return 0;
}

static const struct {
    const char *name;
    int count;
    int (*run)(void *);
} mistakes[] = {{"both_receive", 9, both_receive},
                {"ring", 7, ring_receives},
                {"both_send", 3, both_send},
                {"behind", 5, barrier_behind},
                {"from_ended", 3, from_ended},
                {"to_ended", 3, to_ended},
                {"without_one", 2, without_one},
                {"half_exchange", 3, half_exchange},
                {"partly", 3, behind_partly},
                {"unreceived", 3, unreceived},
                {"reset", 3, reset},
                {"amid", 3, amid},
                {"stopped", 3, stopped},
                {"one_by_one", 28, one_by_one},
                {"operation", 2, other_operation},
                {"sizes", 2, other_sizes}};

/* mistake NAME... */
static void mistake(char **operands)
{
    int descriptors = count_descriptors();

    for (; *operands != NULL; operands++)
        for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
            if (strcmp(mistakes[i].name, *operands) == 0) {
                show_run(mistakes[i].count, mistakes[i].run, NULL);
                fflush(stdout);
            }
    check_nothing_left(descriptors);
}

/* --- no false alarm: the parent looks all the time ---- */

enum { CROWD = 5 };

static struct links links;
static long stop_after;

static char *chat_room;

static void tell(int to, size_t size)
{
    CHECK(links_transfer(&links, LINK_MESSAGE, to, large, size, LINKS_NOBODY, NULL, 0) == 0);
}

static void hear(int from, size_t size)
{
    CHECK(links_transfer(&links, LINK_MESSAGE, LINKS_NOBODY, NULL, 0, from, chat_room,
                         sizeof large) == (ssize_t)size);
}

static void swap(int to, int from, size_t size, size_t its)
{
    CHECK(links_transfer(&links, LINK_MESSAGE, to, large, size, from, chat_room, sizeof large) ==
          (ssize_t)its);
}

/* Three that nearly wait for each other, each for the next. A's buffer is full, but for a moment.
 */
static void nearly_full(int role, int a, int b, int c)
{
    if (role == 0) {
        for (int i = 0; i < 8; i++)
            tell(b, 60000);
        tell(c, 1);
    } else if (role == 1) {
        for (int i = 0; i < 8; i++) {
            if (i == 6)
                hear(c, 2);
            hear(a, 60000);
        }
    } else {
        hear(a, 1);
        tell(b, 2);
    }
}

/* A waits for B, which waits for C, but is also about to send to A. */
static void nearly_sent(int role, int a, int b, int c)
{
    if (role == 0) {
        for (int i = 0; i < 4; i++)
            hear(b, 65000);
        hear(b, sizeof large);
        tell(c, 1);
    } else if (role == 1) {
        for (int i = 0; i < 4; i++)
            tell(a, 65000);
        swap(a, c, sizeof large, 2);
    } else {
        hear(a, 1);
        tell(b, 2);
    }
}

/* A waits for B to receive, which waits for C to receive, but is also about to receive from A. */
static void nearly_received(int role, int a, int b, int c)
{
    if (role == 0) {
        tell(b, sizeof large);
        tell(c, 1);
    } else if (role == 1) {
        swap(c, a, sizeof large, sizeof large);
    } else {
        hear(a, 1);
        hear(b, sizeof large);
    }
}

/* All draw the same numbers, and so know what comes. Messages are short, or longer than the buffer;
 * some are sent ahead, and wait in the buffer. */
static int chat(void *self)
{
    static void (*const nearly[])(int, int, int, int) = {nearly_full, nearly_sent, nearly_received};
    int me = *(int *)self;

    chat_room = malloc(sizeof large);
    CHECK(chat_room != NULL);
    links_be(&links, me);
    for (long round = 0; round < stop_after; round++) {
        int to = rand() % CROWD, from = rand() % CROWD, way = rand() % 7;
        size_t size = rand() % 3 == 0 ? (size_t)(rand() % 300000) : (size_t)(rand() % 100);
        int step = 1 + rand() % (CROWD - 1), role = (me + CROWD - to) % CROWD;
        if (way == 0) { /* round the circle */
            swap((me + step) % CROWD, (me + CROWD - step) % CROWD, size, size);
        } else if (way > 3) {
            if (role < 3)
                nearly[way - 4](role, to, (to + 1) % CROWD, (to + 2) % CROWD);
        } else if (to != from) { /* there, and often back */
            if (me == from)
                tell(to, size);
            if (me == to)
                hear(from, size);
            if (me == to && way > 1)
                tell(from, 1);
            if (me == from && way > 1)
                hear(to, 1);
        }
    }
    free(chat_room);
    return 0;
}

/* quiet ROUNDS SEED */
static void quiet(char **operands)
{
    struct process crowd[CROWD];
    int numbers[CROWD];
    bool ended[CROWD] = {false};
    char text[900];
    long looks = 0, alarms = 0;

    stop_after = cli_number("ROUNDS", operands[0], 1, 100000000);
    srand((unsigned)cli_number("SEED", operands[1], 0, INT_MAX));
    CHECK(links_open(&links, CROWD, RANKS_BUFFER) == 0);
    for (int i = 0; i < CROWD; i++) {
        numbers[i] = i;
        start(&crowd[i], chat, &numbers[i]);
    }
    for (bool running = true; running;) {
        for (int i = 0; i < 100; i++, looks++)
            if (waits_find_deadlock(&links.waits, ended, text, sizeof text) && ++alarms == 1)
                say("%s", text);
        running = false;
        for (int i = 0; i < CROWD; i++)
            running |= process_is_alive(&crowd[i]);
    }
    for (int i = 0; i < CROWD; i++)
        CHECK(end(&crowd[i]) == 0);
    CHECK(looks > 0);
    say("%ld false alarms", alarms);
    links_close(&links);
}

static struct waits waits;

/* Three ranks, one of which has received 9 bytes from the first: who waits for whom, and whether
 * that is for ever. */
static void moments(char **operands)
{
    enum { NO = WAITS_NOBODY };
    static const struct {
        int to[3], from[3];
        size_t seen;
        const char *words;
    } all[] = {
        {{NO, NO, NO}, {1, 2, 0}, 0, "all receive"},
        {{1, NO, NO}, {NO, 2, 0}, 9, "0 has no room to send"},
        {{1, NO, NO}, {NO, 2, 0}, 5, "0 has not seen that there is room"},
        {{NO, 0, NO}, {1, 2, 0}, 0, "1 receives from 2, and is about to send to 0"},
        {{1, 2, NO}, {NO, 0, 0}, 9, "1 sends to 2, and is about to receive from 0"},
        {{NO, NO, NO}, {1, 2, NO}, 0, "2 does not wait"},
    };
    static const bool nobody_ended[3];
    char text[200];

    (void)operands;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK(waits_open(&waits, 3) == 0);
        waits_count_received(&waits, 0, 1, 9);
        for (int rank = 0; rank < 3; rank++)
            if (all[i].to[rank] != NO || all[i].from[rank] != NO)
                waits_begin(&waits, rank, all[i].to[rank], all[i].from[rank],
                            rank == 0 ? all[i].seen : 0, "");
        bool found_one = waits_find_deadlock(&waits, nobody_ended, text, sizeof text);
        printf("%s: %s\n", all[i].words, found_one ? "a deadlock" : "none");
        waits_close(&waits);
    }
}

/* words SIZE...: what is said of a long circle, in so much room; and it never takes more. */
static void words(char **operands)
{
    static const bool nobody_ended[CROWD];
    char text[500];

    CHECK(waits_open(&waits, CROWD) == 0);
    for (int i = 0; i < CROWD; i++)
        waits_begin(&waits, i, WAITS_NOBODY, (i + 2) % CROWD, 0, " (gather)");
    for (size_t size = 100; size < sizeof text; size++) {
        memset(text, '#', sizeof text);
        CHECK(waits_find_deadlock(&waits, nobody_ended, text, size));
        CHECK(memchr(text, '\0', size) != NULL && text[size] == '#');
    }
    for (; *operands != NULL; operands++) {
        size_t size = (size_t)cli_number("SIZE", *operands, 100, sizeof text);
        CHECK(waits_find_deadlock(&waits, nobody_ended, text, size));
        say("%s", text);
    }
    waits_close(&waits);

    /* 0 waits for 1, that one for 2, and so on; the last two for each other */
    CHECK(waits_open(&waits, CROWD) == 0);
    for (int i = 0; i < CROWD; i++)
        waits_begin(&waits, i, WAITS_NOBODY, i < CROWD - 1 ? i + 1 : CROWD - 2, 0, "");
    CHECK(waits_find_deadlock(&waits, nobody_ended, text, sizeof text));
    say("%s", text);
    waits_close(&waits);
}

#ifdef __linux__
static bool *found; /* shared */

static int look(void *unused)
{
    static const bool nobody_ended[3];
    char text[200];

    (void)unused;
    *found = waits_find_deadlock(&waits, nobody_ended, text, sizeof text);
    return 0;
}

/* Rank 0 waits for 1, that one for 2, whose message is there. Then 1 receives it, sends to 0, which
 * goes on, and 1 waits for 0. At no moment is that a deadlock. */
static void wait_once(void)
{
    CHECK(waits_open(&waits, 3) == 0);
    waits_count_sent(&waits, 2, 1, 17);
    waits_begin(&waits, 0, WAITS_NOBODY, 1, 0, "");
    waits_begin(&waits, 1, WAITS_NOBODY, 2, 0, "");
}

static void wait_again(void)
{
    waits_count_received(&waits, 2, 1, 17);
    waits_end(&waits, 1);
    waits_count_sent(&waits, 1, 0, 17);
    waits_count_received(&waits, 1, 0, 17);
    waits_end(&waits, 0);
    waits_begin(&waits, 1, WAITS_NOBODY, 0, 0, "");
}

/* overtaken STRIDE: the ranks go on while the parent looks, after any of its instructions. */
static void overtaken(char **operands)
{
    long stride = cli_number("STRIDE", operands[0], 1, 1000), most = 0, steps;
    int status = 0;

    found = shared_map(1);
    CHECK(found != NULL);
    do {
        most += stride;
        CHECK(most < 100000);
        wait_once();
        pid_t pid = start_traced(look, NULL);
        for (steps = 0; steps < most; steps++) {
            CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
            CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
            if (WSTOPSIG(status) == SIGSTOP)
                break; /* it has ended */
        }
        if (steps == most) {
            wait_again();
            CHECK(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
            CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
        }
        CHECK(WSTOPSIG(status) == SIGSTOP); /* it has ended, and well */
        kill_traced(pid);
        CHECK(!*found);
        waits_close(&waits);
    } while (steps == most);
    shared_unmap(found, 1);
    printf("never a false alarm\n");
}
#else
static void overtaken(char **operands)
{
    (void)operands;
    printf("no ptrace here\n");
    exit(CANNOT);
}
#endif

/* --- deaths ---- */

struct death {
    char where;
    int rank, signal, code;
};

/* Where: b before anything; r others wait for a message; c others are in a barrier; s somebody is
 * sending a long message; e the others have ended; t one is stopped; a all of them do. */
static int die_there(void *argument)
{
    const struct death *death = argument;
    int self = ranks_rank();

    if (self != death->rank && death->where != 'a') {
        if (death->where == 'r')
            ranks_receive(death->rank, large, 1);
        if (death->where == 'c')
            ranks_barrier();
        if (death->where == 's' && self == 1)
            ranks_send(death->rank, large, sizeof large);
        if (death->where == 't' && self == 1)
            raise(SIGSTOP);
        if (death->where != 'e')
            wait_for_ever(NULL);
        return 0;
    }
    if (death->where != 'b')
        nap(0.03); /* so that they have got there, mostly */
    if (death->signal != 0)
        raise(death->signal);
    return death->code;
}

static void deaths(char **operands)
{
    static const struct death all[] = {
        {'b', 2, SIGKILL, 0}, {'r', 2, SIGKILL, 0}, {'c', 2, SIGKILL, 0},
        {'s', 2, SIGKILL, 0}, {'e', 2, SIGKILL, 0}, {'t', 2, SIGKILL, 0},
        {'r', 0, SIGTERM, 0}, {'a', 0, SIGKILL, 0}, {'c', 2, 0, 3}};
    int descriptors = count_descriptors();

    (void)operands;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct death death = all[i];
        show_run(4, die_there, &death);
        check_nothing_left(descriptors);
    }
}

static void reap_all(int signal)
{
    int error = errno;

    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = error;
}

/* The caller's own signal handler takes away the exit codes: that is no success. */
static void reaped(char **operands)
{
    struct death death = {'r', 2, SIGKILL, 0};
    struct sigaction action = {.sa_handler = reap_all};

    (void)operands;
    CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
    show_run(4, die_there, &death);
}

static int sit(void *unused)
{
    (void)unused;
    ranks_barrier();
    if (ranks_rank() == 0)
        say("all are here");
    if (ranks_rank() == 1)
        ranks_receive(0, large, 1);
    return wait_for_ever(NULL);
}

static void sitting(char **operands)
{
    (void)operands;
    show_run(4, sit, NULL);
}

static atomic_int *arrived;

/* Nobody leaves a barrier before all have come. */
static int step_by_step(void *unused)
{
    (void)unused;
    for (int round = 1; round <= 50; round++) {
        atomic_fetch_add(arrived, 1);
        CHECK(ranks_barrier() == 0);
        CHECK(atomic_load(arrived) == round * ranks_count());
        CHECK(ranks_barrier() == 0);
    }
    return 0;
}

static void barriers(char **operands)
{
    (void)operands;
    arrived = shared_map(sizeof *arrived);
    CHECK(arrived != NULL);
    for (int count = 1; count < 10; count++) {
        atomic_store(arrived, 0);
        show_run(count, step_by_step, NULL);
    }
}
#endif

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"collectives", ANY, collectives},
                                                {"messages", ANY, messages},
                                                {"errors", 1, errors},
                                                {"everything", 2, everything},
                                                {"grid", ANY, grid_of},
                                                {"buffer", 0, buffer},
                                                {"fails", 2, fails},
#ifndef RANKS_MPI
                                                {"hello", 1, hello},
                                                {"runs", 0, runs},
                                                {"own", 0, own},
                                                {"mistake", ANY, mistake},
                                                {"quiet", 2, quiet},
                                                {"overtaken", 1, overtaken},
                                                {"moments", 0, moments},
                                                {"words", ANY, words},
                                                {"deaths", 0, deaths},
                                                {"reaped", 0, reaped},
                                                {"sitting", 0, sitting},
                                                {"barriers", 0, barriers},
#endif
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
