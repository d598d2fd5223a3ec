/* Drives lib/queue.c for lib/queue.bats. Also by hand, for as long as you like:
 *     queue_test stress 20000 1       kills so many random producers and consumers; seed 1
 *     queue_test pinned stress 20000 1    the same on a single processor
 *     queue_test step put 1           kills one after each instruction; also get, vain-put,
 *                                     vain-get */
#include "beyond.h"
#include "driver.h"
#include "queue.h"
#include "shm.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

/* --- dying at a chosen call ---- */

/* The two functions below take the place of the C library's, and count down to the call that kills
 * the caller. */
static int die_before_send, die_after_send, die_before_recv, die_after_recv;
static bool stop_before_send, stop_before_recv; /* until SIGCONT */

static void die_at(int *countdown)
{
    if (*countdown > 0 && --*countdown == 0)
        raise(SIGKILL);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t send(int descriptor, const void *bytes, size_t size, int flags)
{
    die_at(&die_before_send);
    if (stop_before_send)
        raise(SIGSTOP);
    ssize_t result = sendto(descriptor, bytes, size, flags, NULL, 0);
    die_at(&die_after_send);
    return result;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t recv(int descriptor, void *bytes, size_t size, int flags)
{
    die_at(&die_before_recv);
    if (stop_before_recv)
        raise(SIGSTOP);
    ssize_t result = recvfrom(descriptor, bytes, size, flags, NULL, NULL);
    die_at(&die_after_recv);
    return result;
}

/* --- items of one letter ---- */

static void put_letter(struct queue *queue, char letter)
{
    CHECK(queue_put(queue, &letter, 1, LONG) == 0);
}

static char get_letter(struct queue *queue)
{
    char letter;

    CHECK(queue_get(queue, &letter, 1, LONG) == 1);
    return letter;
}

static struct queue *open_letters(size_t max_items)
{
    struct queue *queue = queue_open(max_items, 1);

    CHECK(queue != NULL);
    return queue;
}

/* Runs in a child: exit code 'E' for EPIPE. */
static int get_one(void *queue)
{
    char letter;
    ssize_t size = queue_get(queue, &letter, 1, FOREVER);

    if (size == -1 && errno == EPIPE)
        return 'E';
    CHECK(size == 1);
    return letter;
}

static int put_d(void *queue)
{
    if (queue_put(queue, "D", 1, FOREVER) == 0)
        return 'D';
    CHECK(errno == EPIPE);
    return 'E';
}

static bool is_empty(struct queue *queue)
{
    char letter;

    return queue_get(queue, &letter, 1, 0) == -1 && errno == ETIMEDOUT;
}

/* --- one process ---- */

static void fill(unsigned char *bytes, size_t size, unsigned long seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(seed * 31 + i * 7 + seed / 256);
}

static bool is_filled(const unsigned char *bytes, size_t size, unsigned long seed)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != (unsigned char)(seed * 31 + i * 7 + seed / 256))
            return false;
    return true;
}

/* order ITEMS SIZE: through a queue of so many items, of all sizes up to that one. */
static void order(char **operands)
{
    enum { COUNT = 5000 };
    size_t max_items = (size_t)cli_number("ITEMS", operands[0], 1, 1000);
    size_t max_size = (size_t)cli_number("SIZE", operands[1], 1, 100000);
    unsigned char *bytes = malloc(max_size), *got = malloc(max_size + 1);
    unsigned long put = 0, taken = 0;

    struct queue *queue = queue_open(max_items, max_size);
    CHECK(queue != NULL && bytes != NULL && got != NULL);
    while (taken < COUNT) {
        /* Fills up and empties again by amounts that shift from round to round. */
        for (size_t i = 0; i < 1 + put % max_items && put < COUNT && put - taken < max_items; i++) {
            size_t size = put % (max_size + 1);
            fill(bytes, size, put);
            CHECK(queue_put(queue, bytes, size, 0) == 0);
            memset(bytes, 0xff, max_size); /* the queue has its own copy */
            put++;
        }
        for (size_t i = 0; i < 1 + put % 3 && taken < put; i++) {
            size_t size = taken % (max_size + 1);
            memset(got, 0xee, max_size + 1);
            CHECK(queue_get(queue, got, max_size, 0) == (ssize_t)size);
            CHECK(is_filled(got, size, taken));
            for (size_t j = size; j <= max_size; j++)
                CHECK(got[j] == 0xee); /* no more than the item was written */
            taken++;
        }
    }
    printf("%lu items in order\n", taken);
    queue_close(queue);
    free(bytes);
    free(got);
}

static void opening(char **operands)
{
    struct queue *queue;
    struct rlimit limit, none;
    int descriptors = count_descriptors();

    (void)operands;
    limit_memory();
    SHOW_MADE(queue_open(4, 0));
    SHOW_MADE(queue_open(0, 0));
    SHOW_MADE(queue_open(SIZE_MAX, 8));
    SHOW_MADE(queue_open(8, SIZE_MAX));
    SHOW_MADE(queue_open(SIZE_MAX, SIZE_MAX));
    SHOW_MADE(queue_open(SIZE_MAX / 16, 32));
    SHOW_MADE(queue_open(1, SIZE_MAX - 8));
    SHOW_MADE(queue_open(1, SIZE_MAX / 8)); /* no overflow, but nobody has so much */
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = limit;
    none.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    SHOW_MADE(queue_open(4, 4));
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(count_descriptors() == descriptors);
    queue_close(NULL);

    queue = queue_open(0, 8);
    CHECK(queue != NULL);
    long count = 0;
    while (queue_put(queue, &count, sizeof count, 0) == 0)
        count++;
    printf("by default it is full with %ld items: %s\n", count, error_name(errno));
    queue_close(queue);
    CHECK(count_descriptors() == descriptors);
}

static void errors(char **operands)
{
    char buffer[8] = "";
    struct queue *queue = queue_open(2, 4);

    (void)operands;
    CHECK(queue != NULL);
    SHOW(queue_put(queue, "12345", 5, 0));
    SHOW(queue_put(queue, "12345", SIZE_MAX, FOREVER));
    SHOW(queue_get(queue, buffer, 4, 0));
    SHOW(queue_put(queue, "1234", 4, 0));
    SHOW(queue_put(queue, "", 0, 0));
    printf("full:\n");
    SHOW(queue_put(queue, "5", 1, 0));
    SHOW(queue_put(queue, "12345", 5, 0));
    SHOW(queue_get(queue, buffer, 3, FOREVER));
    SHOW(queue_get(queue, buffer, 0, 0));
    CHECK(buffer[0] == '\0');
    SHOW(queue_get(queue, buffer, 4, 0));
    printf("it stayed: '%s'\n", buffer);
    SHOW(queue_get(queue, buffer, 0, 0));
    SHOW(queue_get(queue, buffer, 8, 0));

    printf("closed for putting:\n");
    SHOW(queue_put(queue, "1", 1, 0));
    queue_close_put(queue);
    SHOW(queue_put(queue, "2", 1, 0));
    SHOW(queue_put(queue, "2", 1, FOREVER));
    SHOW(queue_get(queue, buffer, 8, FOREVER));
    SHOW(queue_get(queue, buffer, 8, FOREVER));
    printf("closed for getting:\n");
    queue_close_get(queue);
    SHOW(queue_get(queue, buffer, 8, FOREVER));
    SHOW(queue_put(queue, "2", 1, FOREVER));
    printf("closed again:\n");
    queue_close_put(queue);
    queue_close_get(queue);
    queue_close(queue);

    queue = queue_open(2, 4);
    CHECK(queue != NULL);
    SHOW(queue_get(queue, buffer, 8, 0)); /* from now on somebody waits for a bell */
    queue_close_get(queue);
    printf("nobody gets:\n");
    SHOW(queue_get(queue, buffer, 8, 0));
    SHOW(queue_put(queue, "1", 1, FOREVER));
    SHOW(queue_put(queue, "2", 1, FOREVER));
    SHOW(queue_put(queue, "3", 1, FOREVER));
    SHOW(queue_put(queue, "3", 1, 0));
    queue_close(queue);

    queue = queue_open(1, 4);
    CHECK(queue != NULL);
    SHOW(queue_put(queue, "1", 1, 0));
    SHOW(queue_put(queue, "2", 1, 0));
    queue_close_put(queue);
    printf("nobody puts:\n");
    SHOW(queue_get(queue, buffer, 8, FOREVER));
    SHOW(queue_get(queue, buffer, 8, FOREVER));
    SHOW(queue_get(queue, buffer, 8, 0));
    queue_close(queue);
}

/* All there is to know about it from outside. */
static void expect_size(const struct queue *queue, size_t size, size_t max_items)
{
    CHECK(queue_size(queue) == size);
    CHECK(queue_is_empty(queue) == (size == 0));
    CHECK(queue_is_full(queue) == (size == max_items));
}

static void check_sizes(size_t max_items)
{
    size_t size = 0;
    struct queue *queue = queue_open(max_items, 4);
    char buffer[4];

    CHECK(queue != NULL);
    for (size_t round = 0; round < 2 * max_items + 3; round++) {
        for (; size < max_items; size++) {
            expect_size(queue, size, max_items);
            CHECK(queue_put(queue, "12345", 5, 0) == -1 && errno == EMSGSIZE);
            expect_size(queue, size, max_items);
            CHECK(queue_put(queue, "1234", 4, 0) == 0);
        }
        expect_size(queue, size, max_items);
        CHECK(queue_put(queue, "1234", 4, 0) == -1 && errno == ETIMEDOUT);
        CHECK(queue_get(queue, buffer, 3, 0) == -1 && errno == EMSGSIZE);
        for (; size > round % max_items; size--) {
            expect_size(queue, size, max_items);
            CHECK(queue_get(queue, buffer, 4, 0) == 4);
        }
    }
    for (; size > 0; size--)
        CHECK(queue_get(queue, buffer, 4, 0) == 4);
    CHECK(queue_get(queue, buffer, 4, 0) == -1 && errno == ETIMEDOUT);
    expect_size(queue, 0, max_items);
    CHECK(queue_put(queue, "1", 1, 0) == 0);
    queue_close_put(queue);
    queue_close_get(queue);
    expect_size(queue, 1, max_items);
    queue_close(queue);
}

/* While nobody else is at work, they are exact; also after what has failed. */
static void sizes(char **operands)
{
    (void)operands;
    check_sizes(1);
    check_sizes(3);
    check_sizes(50);
    printf("exact\n");
}

static void expect_timeout(double least, double before)
{
    double took = seconds_now() - before;

    CHECK(errno == ETIMEDOUT);
    CHECK(took >= least && took < 5);
}

static void timeouts(char **operands)
{
    static const double lengths[] = {0, 0.05, 0.2, -1, -1e300};
    struct queue *queue = open_letters(1);
    struct rusage before_it, after_it;
    char letter;

    (void)operands;
    CHECK(getrusage(RUSAGE_SELF, &before_it) == 0);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        double before = seconds_now();
        CHECK(queue_get(queue, &letter, 1, lengths[i]) == -1);
        expect_timeout(lengths[i], before);
    }
    put_letter(queue, 'A');
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        double before = seconds_now();
        CHECK(queue_put(queue, "B", 1, lengths[i]) == -1);
        expect_timeout(lengths[i], before);
    }
    CHECK(getrusage(RUSAGE_SELF, &after_it) == 0);
    /* They have slept, and not tried all the time. (Not each of the four: on a busy machine the
     * time may be over before one gets so far.) */
    CHECK(after_it.ru_nvcsw > before_it.ru_nvcsw);
    CHECK(queue_get(queue, &letter, 1, -1) == 1 && letter == 'A');
    CHECK(queue_put(queue, "C", 1, -1) == 0);
    CHECK(get_letter(queue) == 'C');
    printf("on time\n");
    queue_close(queue);
}

static void count_signal(int number)
{
    (void)number;
}

static int pester_parent(void *argument)
{
    (void)argument;
    for (int i = 0; i < 100; i++) {
        CHECK(kill(getppid(), SIGUSR1) == 0);
        nap(0.001);
    }
    return 0;
}

static int put_late(void *queue)
{
    nap(0.15);
    return put_d(queue);
}

/* Signals do not shorten a wait. */
static void pestered(char **operands)
{
    struct sigaction action = {.sa_handler = count_signal}; /* without SA_RESTART */
    struct queue *queue = open_letters(1);
    struct process pest, putter;
    char letter;

    (void)operands;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    start(&pest, pester_parent, NULL);
    double before = seconds_now();
    CHECK(queue_get(queue, &letter, 1, 0.1) == -1);
    expect_timeout(0.1, before);
    CHECK(end(&pest) == 0);
    start(&putter, put_late, queue);
    start(&pest, pester_parent, NULL);
    CHECK(queue_get(queue, &letter, 1, FOREVER) == 1);
    CHECK(end(&pest) == 0);
    CHECK(end(&putter) == 'D');
    printf("on time\n");
    queue_close(queue);
}

static void opened_and_closed(char **operands)
{
    int before = count_descriptors();
    char letter;

    (void)operands;
    for (int i = 0; i < 100; i++) {
        struct queue *queue = open_letters(2), *other = open_letters(2);
        put_letter(queue, 'A');
        put_letter(other, 'B');
        CHECK(queue_get(queue, &letter, 0, 0) == -1);
        CHECK(get_letter(queue) == 'A' && is_empty(queue) && get_letter(other) == 'B');
        if (i % 2 == 0)
            queue_close_put(queue);
        if (i % 3 == 0)
            queue_close_get(queue);
        queue_close(queue);
        queue_close(other);
        CHECK(count_descriptors() == before);
    }
    printf("as many as before\n");
}

/* --- two sides ---- */

/* Starts `count` processes, and waits until all of them sleep. */
static void start_sleepers(struct process *sleepers, int count, int (*run)(void *), void *queue)
{
    for (int i = 0; i < count; i++)
        start(&sleepers[i], run, queue);
    for (int i = 0; i < count; i++)
        wait_until_asleep(sleepers[i].pid);
}

static void woken(char **operands)
{
    enum { SLEEPERS = 4 };
    struct queue *queue = open_letters(1);
    struct process sleepers[SLEEPERS];
    int seen[SLEEPERS] = {0};

    (void)operands;
    start_sleepers(sleepers, 1, get_one, queue);
    put_letter(queue, 'A');
    printf("a getter, by a put: %c\n", end(&sleepers[0]));
    put_letter(queue, 'B');
    start_sleepers(sleepers, 1, put_d, queue);
    CHECK(get_letter(queue) == 'B');
    CHECK(get_letter(queue) == 'D');
    printf("a putter, by a get: %c\n", end(&sleepers[0]));
    CHECK(is_empty(queue));

    start_sleepers(sleepers, SLEEPERS, get_one, queue);
    for (int i = 0; i < SLEEPERS; i++)
        put_letter(queue, (char)('A' + i));
    for (int i = 0; i < SLEEPERS; i++)
        seen[end(&sleepers[i]) - 'A']++;
    printf("getters:");
    for (int i = 0; i < SLEEPERS; i++)
        printf(" %c %d", 'A' + i, seen[i]);
    put_letter(queue, 'B');
    start_sleepers(sleepers, SLEEPERS, put_d, queue);
    CHECK(get_letter(queue) == 'B');
    printf("\nputters:");
    for (int i = 0; i < SLEEPERS; i++)
        printf(" %c", get_letter(queue));
    for (int i = 0; i < SLEEPERS; i++)
        CHECK(end(&sleepers[i]) == 'D');
    CHECK(is_empty(queue));
    printf("\n");
    queue_close(queue);
}

static struct gate ready_gate;

static void leave(int number)
{
    (void)number;
    _exit(0);
}

/* Until it is killed, or leaves by itself at a SIGTERM. */
static int stay(void)
{
    CHECK(signal(SIGTERM, leave) != SIG_ERR);
    say_ready(&ready_gate);
    return wait_for_ever(NULL);
}

static int put_three(void *queue)
{
    for (int i = 0; i < 3; i++)
        put_letter(queue, (char)('A' + i));
    return stay();
}

static int get_nothing(void *queue)
{
    queue_close_put(queue);
    return stay();
}

static int do_neither(void *queue)
{
    queue_close_put(queue);
    queue_close_get(queue);
    return stay();
}

/* Gets what is there: prints it. */
static int drain(void *queue)
{
    char letters[16] = "";
    size_t count = 0;

    queue_close_put(queue);
    while (count < sizeof letters - 1 && queue_get(queue, letters + count, 1, FOREVER) == 1)
        count++;
    say("the getter: %s, then %s", letters, error_name(errno));
    return 0;
}

static int fill_it(void *queue)
{
    int count = 0;

    queue_close_get(queue);
    while (queue_put(queue, "A", 1, FOREVER) == 0)
        count++;
    say("the putter: %d items, then %s", count, error_name(errno));
    return 0;
}

/* Starts it, and waits until it has got as far as stay. */
static void start_and_hear(struct process *process, int (*run)(void *), void *queue)
{
    start(process, run, queue);
    wait_ready(&ready_gate);
}

static void make_end(struct process *process, bool killed)
{
    CHECK((killed ? process_kill(process) : process_terminate(process)) == 0);
    CHECK(end(process) == (killed ? -SIGKILL : 0));
}

/* The process is still waiting after a moment. */
static void expect_waiting(struct process *process)
{
    CHECK(process_join(process, 0.02) == -1 && errno == ETIMEDOUT);
}

/* The last one that could get something is killed in its sleep: nobody hears the bell, but there is
 * room. */
static void desert_asleep(void)
{
    struct process getter;
    struct queue *queue = open_letters(4);

    start(&getter, get_one, queue);
    wait_until_asleep(getter.pid);
    queue_close_get(queue);
    CHECK(process_kill(&getter) == 0 && end(&getter) == -SIGKILL);
    CHECK(queue_put(queue, "A", 1, 0) == 0 && queue_size(queue) == 1);
    queue_close(queue);
}

/* deserted leaves|killed: what the last one of a side leaves behind. */
static void deserted(char **operands)
{
    bool killed = strcmp(operands[0], "killed") == 0;
    struct process putter, getter, other, bystander;
    struct queue *queue = open_letters(4);
    char letter;

    open_gate(&ready_gate);
    start_and_hear(&putter, put_three, queue);
    start_and_hear(&other, get_nothing, queue);
    start_and_hear(&bystander, do_neither, queue);
    start(&getter, drain, queue);
    wait_until_asleep(getter.pid);
    expect_waiting(&getter); /* we have that end still */
    queue_close_put(queue);
    expect_waiting(&getter); /* and so has the putter */
    make_end(&putter, killed);
    CHECK(end(&getter) == 0);
    CHECK(queue_get(queue, &letter, 1, FOREVER) == -1 && errno == EPIPE);
    CHECK(queue_get(queue, &letter, 1, 0) == -1 && errno == EPIPE);
    make_end(&other, killed);
    make_end(&bystander, killed);
    queue_close(queue);

    queue = open_letters(4);
    start_and_hear(&getter, get_nothing, queue);
    start_and_hear(&bystander, do_neither, queue);
    start(&putter, fill_it, queue);
    wait_until_asleep(putter.pid);
    expect_waiting(&putter);
    queue_close_get(queue);
    expect_waiting(&putter);
    make_end(&getter, killed);
    CHECK(end(&putter) == 0);
    CHECK(queue_put(queue, "A", 1, FOREVER) == -1 && errno == EPIPE);
    CHECK(queue_put(queue, "A", 1, 0) == -1 && errno == EPIPE);
    make_end(&bystander, killed);
    queue_close(queue);
    if (killed)
        desert_asleep();
}

/* In the child, puts numbers as soon as the gate is open. */
static int *put_first, *put_last; /* shared */

static int put_numbers(void *queue)
{
    wait_ready(&ready_gate);
    for (int i = *put_first; i <= *put_last; i++)
        CHECK(queue_put(queue, &i, sizeof i, LONG) == 0);
    return 0;
}

static int get_six(void *queue)
{
    int number;

    wait_ready(&ready_gate);
    expect_size(queue, 6, 6);
    for (int i = 1; i <= 6; i++)
        CHECK(queue_get(queue, &number, sizeof number, LONG) == sizeof number && number == i);
    return 0;
}

/* What the queue says of itself, before anything is in it and after. */
static int put_emptiness(void *queue)
{
    for (int i = 0; i < 2; i++) {
        int empty = queue_is_empty(queue);
        CHECK(queue_put(queue, &empty, sizeof empty, 0) == 0);
    }
    return 0;
}

static void put_number(struct queue *queue, int number, double timeout)
{
    CHECK(queue_put(queue, &number, sizeof number, timeout) == 0);
}

static int get_number(struct queue *queue, double timeout)
{
    int number;

    CHECK(queue_get(queue, &number, sizeof number, timeout) == sizeof number);
    return number;
}

/* The parent puts and a child gets, and the other way round; then both put. */
static void to_and_fro(char **operands)
{
    static const double patience[] = {FOREVER, 20, 0, -1, 1, 0};
    int descriptors = count_descriptors(), number, *range = shared_map(2 * sizeof *range);
    struct queue *queue = queue_open(6, sizeof number);
    struct process process;

    (void)operands;
    open_gate(&ready_gate);
    CHECK(queue != NULL && range != NULL);
    put_first = &range[0], put_last = &range[1];

    start(&process, get_six, queue);
    expect_size(queue, 0, 6);
    for (int i = 0; i < 6; i++)
        put_number(queue, i + 1, patience[i]);
    expect_size(queue, 6, 6);
    CHECK(queue_put(queue, &number, sizeof number, 0.01) == -1 && errno == ETIMEDOUT);
    say_ready(&ready_gate);
    CHECK(end(&process) == 0);
    expect_size(queue, 0, 6);
    printf("6 to the child\n");

    *put_first = 2, *put_last = 5;
    start(&process, put_numbers, queue);
    expect_size(queue, 0, 6);
    say_ready(&ready_gate);
    CHECK(end(&process) == 0);
    expect_size(queue, 4, 6);
    for (int i = 2; i <= 5; i++)
        CHECK(get_number(queue, patience[i - 2]) == i);
    CHECK(queue_get(queue, &number, sizeof number, 0.01) == -1 && errno == ETIMEDOUT);
    expect_size(queue, 0, 6);
    printf("4 to the parent\n");

    start(&process, put_emptiness, queue);
    CHECK(end(&process) == 0);
    expect_size(queue, 2, 6);
    CHECK(get_number(queue, 0) == true);
    CHECK(get_number(queue, 0) == false);
    printf("empty, then not\n");
    queue_close(queue);

    queue = queue_open(0, sizeof number);
    CHECK(queue != NULL);
    for (int i = 0; i < 10; i++)
        put_number(queue, i, FOREVER);
    *put_first = 10, *put_last = 19;
    start(&process, put_numbers, queue);
    say_ready(&ready_gate);
    for (int i = 0; i < 20; i++)
        CHECK(get_number(queue, LONG) == i);
    CHECK(queue_get(queue, &number, sizeof number, 0) == -1 && errno == ETIMEDOUT);
    CHECK(end(&process) == 0);
    printf("20 in order\n");
    queue_close(queue);
    shared_unmap(range, 2 * sizeof *range);
    close_gate(&ready_gate);
    check_nothing_left(descriptors);
}

/* A queue of its own, and one of its child's. */
static int open_in_child(void *deeper)
{
    struct queue *queue = open_letters(3);
    struct process getter;

    start(&getter, get_one, queue);
    put_letter(queue, 'A');
    CHECK(end(&getter) == 'A');
    expect_size(queue, 0, 3);
    queue_close(queue);
    if (*(bool *)deeper) {
        *(bool *)deeper = false;
        start(&getter, open_in_child, deeper);
        CHECK(end(&getter) == 'Q');
    }
    return 'Q';
}

static void in_a_child(char **operands)
{
    struct process process;
    bool deeper = true;

    (void)operands;
    CHECK(close(STDIN_FILENO) == 0); /* the queue's ends will have its number */
    start(&process, open_in_child, &deeper);
    printf("%c\n", end(&process));
}

/* --- a crowd ---- */

enum { CROWD = 4 };

struct item {
    unsigned producer, size; /* the size that it was put with */
    unsigned long number;
    unsigned char bytes[40];
};

static const size_t item_head = offsetof(struct item, bytes);

static void make_item(struct item *item, unsigned producer, unsigned long number)
{
    *item = (struct item){.producer = producer, .number = number};
    item->size = (unsigned)(number % (sizeof item->bytes + 1));
    fill(item->bytes, item->size, number);
}

/* Says whether it is as it was put. */
static bool is_whole(const struct item *item, ssize_t size)
{
    return size >= (ssize_t)item_head && (size_t)size == item_head + item->size &&
           is_filled(item->bytes, item->size, item->number);
}

static struct crowd {              /* shared */
    atomic_ulong next;             /* number of the next item */
    atomic_bool stop;              /* produce no more */
    atomic_ulong torn, disordered; /* items */
    atomic_ulong unexpected;       /* errors */
    unsigned long count;           /* items at most */
} * crowd;
static atomic_uchar *item_put, *item_got; /* shared: how often */
static unsigned long *last_number;        /* by producer, in each consumer */
static unsigned *numbers, producers_started;
static struct queue *crowd_queue;

static int produce(void *argument)
{
    unsigned producer = *(const unsigned *)argument;
    struct item item;

    queue_close_get(crowd_queue);
    while (!atomic_load(&crowd->stop)) {
        unsigned long number = atomic_fetch_add(&crowd->next, 1);
        if (number >= crowd->count)
            break;
        make_item(&item, producer, number);
        if (queue_put(crowd_queue, &item, item_head + item.size, FOREVER) == -1) {
            atomic_fetch_add(&crowd->unexpected, 1);
            return 1;
        }
        atomic_fetch_add(&item_put[number], 1);
    }
    return 0;
}

static int consume(void *argument)
{
    struct item item;
    ssize_t size;

    (void)argument;
    queue_close_put(crowd_queue);
    while ((size = queue_get(crowd_queue, &item, sizeof item, FOREVER)) != -1) {
        if (!is_whole(&item, size)) {
            atomic_fetch_add(&crowd->torn, 1);
            continue;
        }
        atomic_fetch_add(&item_got[item.number], 1);
        if (last_number[item.producer] > item.number) /* 0: none yet */
            atomic_fetch_add(&crowd->disordered, 1);
        last_number[item.producer] = item.number;
    }
    if (errno != EPIPE)
        atomic_fetch_add(&crowd->unexpected, 1);
    return errno == EPIPE ? 0 : 1;
}

static void open_crowd(size_t capacity, unsigned long items, size_t producers)
{
    crowd = shared_map(sizeof *crowd);
    item_put = shared_map(items);
    item_got = shared_map(items);
    last_number = calloc(producers, sizeof *last_number);
    numbers = calloc(producers, sizeof *numbers);
    crowd_queue = queue_open(capacity, sizeof(struct item));
    CHECK(crowd != NULL && item_put != NULL && item_got != NULL && last_number != NULL);
    CHECK(numbers != NULL && crowd_queue != NULL);
    crowd->count = items;
}

static void close_crowd(void)
{
    queue_close(crowd_queue);
    free(last_number);
    free(numbers);
    shared_unmap(item_put, crowd->count);
    shared_unmap(item_got, crowd->count);
    shared_unmap(crowd, sizeof *crowd);
}

static void start_one(struct process *process, bool producer)
{
    if (!producer) {
        start(process, consume, NULL);
        return;
    }
    unsigned *number = &numbers[producers_started];
    *number = producers_started++;
    start(process, produce, number);
}

/* crowd CAPACITY ITEMS: 4 producers and 4 consumers. */
static void crowded(char **operands)
{
    size_t capacity = (size_t)cli_number("CAPACITY", operands[0], 1, 100000);
    unsigned long items = (unsigned long)cli_number("ITEMS", operands[1], 1, 100000000);
    int descriptors = count_descriptors();
    struct process processes[2 * CROWD];
    unsigned long once = 0;

    open_crowd(capacity, items, CROWD);
    for (int i = 0; i < 2 * CROWD; i++)
        start_one(&processes[i], i % 2 == 0);
    queue_close_put(crowd_queue); /* only the producers have it now */
    queue_close_get(crowd_queue);
    for (int i = 0; i < 2 * CROWD; i++)
        CHECK(process_join(&processes[i], WATCHDOG) == 0 && processes[i].exit_code == 0);
    for (unsigned long i = 0; i < items; i++)
        once += item_put[i] == 1 && item_got[i] == 1;
    printf("%lu items, %lu of them once, %lu torn, %lu out of order\n", items, once,
           atomic_load(&crowd->torn), atomic_load(&crowd->disordered));
    close_crowd();
    check_nothing_left(descriptors);
}

static int move_tokens(void *queue)
{
    for (int i = 0; i < 3000; i++)
        put_letter(queue, get_letter(queue));
    return 0;
}

/* Each takes one out and puts it back, again and again. Whenever we look, all are there but at most
 * one for each of them. */
static void check_tokens(size_t items, size_t movers)
{
    struct queue *queue = open_letters(items);
    struct process processes[8] = {0}, *all[8];

    for (size_t i = 0; i < items; i++)
        put_letter(queue, 'T');
    for (size_t i = 0; i < movers; i++)
        start(all[i] = &processes[i], move_tokens, queue);
    do
        for (int i = 0; i < 100; i++) {
            size_t size = queue_size(queue);
            CHECK(size <= items && size + movers >= items);
            CHECK(!queue_is_empty(queue) || items <= movers);
        }
    while (process_join_any(all, movers, 0) != -1 || errno == ETIMEDOUT);
    for (size_t i = 0; i < movers; i++)
        CHECK(processes[i].joined && processes[i].exit_code == 0);
    expect_size(queue, items, items);
    queue_close(queue);
}

static void tokens(char **operands)
{
    (void)operands;
    check_tokens(8, 4);
    check_tokens(1, 1);
    printf("all the time, and at the end\n");
}

/* stress KILLS SEED: as in crowd, for as long as it takes to kill so many of them. */
static void stress(char **operands)
{
    long kills = cli_number("KILLS", operands[0], 0, 100000);
    /* More than get through in that time. */
    unsigned long most_items = kills < 1000 ? 1UL << 24 : (unsigned long)kills * 10000;
    unsigned seed = (unsigned)cli_number("SEED", operands[1], 0, INT_MAX);
    int descriptors = count_descriptors();
    struct process processes[2 * CROWD];
    unsigned long consumers_killed = 0, producers_killed = 0, hanging = 0;
    unsigned long put = 0, got = 0, lost = 0, twice = 0;

    alarm(WATCHDOG + (unsigned)kills / 100);
    srand(seed);
    open_crowd(8, most_items, (size_t)kills + 2 * (size_t)CROWD);
    for (int i = 0; i < 2 * CROWD; i++)
        start_one(&processes[i], i % 2 == 0);
    for (long killed = 0; killed < kills; killed++) {
        nap(random_fraction() * 0.002);
        int i = rand() % (2 * CROWD);
        CHECK(process_kill(&processes[i]) == 0);
        if (end(&processes[i]) == -SIGKILL) /* else it had ended: there were most_items */
            *(i % 2 == 0 ? &producers_killed : &consumers_killed) += 1;
        start_one(&processes[i], i % 2 == 0);
    }
    /* Whoever hangs now is not woken any more by what the others do. */
    atomic_store(&crowd->stop, true);
    for (int i = 0; i < 2 * CROWD; i += 2)
        hanging += process_join(&processes[i], LONG) == -1;
    queue_close_put(crowd_queue);
    for (int i = 1; i < 2 * CROWD; i += 2)
        hanging += process_join(&processes[i], hanging == 0 ? LONG : 1) == -1;
    for (int i = 0; i < 2 * CROWD; i++) {
        CHECK(process_kill(&processes[i]) == 0);
        if (end(&processes[i]) != 0 && hanging == 0)
            atomic_fetch_add(&crowd->unexpected, 1);
    }
    for (unsigned long i = 0; i < most_items && i < crowd->next; i++) {
        put += item_put[i];
        got += item_got[i];
        lost += item_put[i] > item_got[i];
        twice += item_got[i] > 1;
    }
    printf("%ld killed, %lu hanging, %lu twice, %lu torn, %lu out of order, %lu errors\n",
           (long)(consumers_killed + producers_killed), hanging, twice, atomic_load(&crowd->torn),
           atomic_load(&crowd->disordered), atomic_load(&crowd->unexpected));
    printf("items lost: %s\n", lost <= consumers_killed ? "no more than consumers" : "too many");
    fprintf(stderr, "%lu put, %lu got, %lu lost; %lu producers and %lu consumers killed\n", put,
            got, lost, producers_killed, consumers_killed);
    CHECK(hanging == 0 && twice == 0 && lost <= consumers_killed);
    CHECK(crowd->torn == 0 && crowd->disordered == 0 && crowd->unexpected == 0);
    close_crowd();
    check_nothing_left(descriptors);
}

/* --- killed at a chosen place ---- */

static int *death; /* the one of the countdowns above that will be started */
static int death_count;

static int get_and_die(void *queue)
{
    char letter;

    *death = death_count;
    queue_get(queue, &letter, 1, FOREVER);
    return 1;
}

static int put_and_die(void *queue)
{
    *death = death_count;
    queue_put(queue, "X", 1, FOREVER);
    return 1;
}

/* Another getter sleeps while a putter dies: it must not sleep beside an item. */
static void die_putting(int *countdown, bool full)
{
    struct queue *queue = open_letters(1);
    struct process getter, putter;
    char letter;

    death = countdown;
    death_count = 1;
    if (full)
        put_letter(queue, 'A');
    else
        start_sleepers(&getter, 1, get_one, queue);
    start(&putter, put_and_die, queue);
    CHECK(end(&putter) == -SIGKILL);
    if (full) {
        CHECK(get_letter(queue) == 'A');
        CHECK(is_empty(queue)); /* it died before the item was there */
    } else {
        /* Dead before it had rung: then there was no item. */
        CHECK(countdown != &die_before_send || is_empty(queue));
        put_letter(queue, 'B');
        CHECK(end(&getter) == 'B');
    }
    put_letter(queue, 'C');
    CHECK(queue_put(queue, "D", 1, 0) == -1 && errno == ETIMEDOUT);
    CHECK(queue_get(queue, &letter, 1, 0) == 1 && letter == 'C');
    queue_close(queue);
}

/* Another putter sleeps while a getter dies: it must not sleep beside a free place. */
static void die_getting(int *countdown, bool empty)
{
    struct queue *queue = open_letters(1);
    struct process getter, putter;

    death = countdown;
    death_count = 1;
    if (!empty) {
        put_letter(queue, 'A');
        start_sleepers(&putter, 1, put_d, queue);
    }
    start(&getter, get_and_die, queue);
    CHECK(end(&getter) == -SIGKILL);
    if (empty) {
        put_letter(queue, 'B');
        CHECK(get_letter(queue) == 'B');
    } else {
        CHECK(get_letter(queue) == 'A'); /* it died before the item was its own */
        CHECK(get_letter(queue) == 'D');
        CHECK(end(&putter) == 'D');
    }
    CHECK(is_empty(queue));
    queue_close(queue);
}

static void deaths(char **operands)
{
    (void)operands;
    die_putting(&die_before_send, false);
    printf("a putter, before it rings\n");
    die_putting(&die_after_send, false);
    printf("a putter, after it has rung\n");
    die_putting(&die_before_recv, true);
    printf("a putter, before it listens, with both locks\n");
    die_putting(&die_after_recv, true);
    printf("a putter, after it has listened, with both locks\n");
    die_getting(&die_before_send, false);
    printf("a getter, before it rings\n");
    die_getting(&die_after_send, false);
    printf("a getter, after it has rung\n");
    die_getting(&die_before_recv, true);
    printf("a getter, before it listens, with both locks\n");
    die_getting(&die_after_recv, true);
    printf("a getter, after it has listened, with both locks\n");
}

/* Each step_... kills one process after so many instructions, and then finds out with one that
 * slept meanwhile that nobody is stuck. All return the number of instructions, fewer than `most`
 * when the killed one had ended. `happened` is whether it has put or got its item. */

static int put_p(void *queue)
{
    return queue_put(queue, "P", 1, 0) == 0 ? 0 : 1;
}

static int get_any(void *queue)
{
    char letter;

    return queue_get(queue, &letter, 1, 0) == 1 ? 0 : 1;
}

/* These wait for a moment: they try for a while, then listen, then sleep. */
static const double moment = 0.02;

static int put_in_vain(void *queue)
{
    return queue_put(queue, "P", 1, moment) == -1 && errno == ETIMEDOUT ? 0 : 1;
}

static int get_in_vain(void *queue)
{
    char letter;

    return queue_get(queue, &letter, 1, moment) == -1 && errno == ETIMEDOUT ? 0 : 1;
}

static long step_put(struct queue *queue, long most, bool *happened)
{
    struct process getter;

    start_sleepers(&getter, 1, get_one, queue);
    long steps = kill_after(most, put_p, queue);
    /* If the item is there, this must wait until the getter has taken it: so it must be awake. */
    put_letter(queue, 'M');
    char letter = (char)end(&getter);
    CHECK(letter == 'P' || letter == 'M');
    *happened = letter == 'P';
    if (*happened)
        CHECK(get_letter(queue) == 'M');
    return steps;
}

static long step_get(struct queue *queue, long most, bool *happened)
{
    struct process putter;

    put_letter(queue, 'X');
    start_sleepers(&putter, 1, put_d, queue);
    long steps = kill_after(most, get_any, queue);
    char letter = get_letter(queue); /* if X is gone, D must come */
    CHECK(letter == 'X' || letter == 'D');
    *happened = letter == 'D';
    if (!*happened)
        CHECK(get_letter(queue) == 'D');
    CHECK(end(&putter) == 'D');
    return steps;
}

static void stop(const struct process *process)
{
    int status;

    CHECK(kill(process->pid, SIGSTOP) == 0);
    CHECK(waitpid(process->pid, &status, WUNTRACED) == process->pid && WIFSTOPPED(status));
}

/* In these two the bell rings for one that can't hear it, as it is stopped; what it would have
 * heard is undone, and the one that is killed listens instead. */
static long step_vain_put(struct queue *queue, long most, bool *happened)
{
    struct process putter;

    put_letter(queue, 'X');
    start_sleepers(&putter, 1, put_d, queue);
    stop(&putter);
    CHECK(get_letter(queue) == 'X');
    put_letter(queue, 'Y');
    long steps = kill_after(most, put_in_vain, queue);
    CHECK(kill(putter.pid, SIGCONT) == 0);
    CHECK(get_letter(queue) == 'Y');
    CHECK(get_letter(queue) == 'D');
    CHECK(end(&putter) == 'D');
    *happened = false;
    return steps;
}

static long step_vain_get(struct queue *queue, long most, bool *happened)
{
    struct process getter;

    start_sleepers(&getter, 1, get_one, queue);
    stop(&getter);
    put_letter(queue, 'X');
    CHECK(get_letter(queue) == 'X');
    long steps = kill_after(most, get_in_vain, queue);
    CHECK(kill(getter.pid, SIGCONT) == 0);
    put_letter(queue, 'A');
    CHECK(end(&getter) == 'A');
    *happened = false;
    return steps;
}

/* step put|get|vain-put|vain-get STRIDE */
static void step(char **operands)
{
    static const struct {
        const char *name;
        long (*run)(struct queue *queue, long most, bool *happened);
        bool in_vain;
    } kinds[] = {{"put", step_put, false},
                 {"get", step_get, false},
                 {"vain-put", step_vain_put, true},
                 {"vain-get", step_vain_get, true}};
    long stride = cli_number("STRIDE", operands[1], 1, 1000), most = 0;
    struct queue *queue = open_letters(1);
    bool happened;
    size_t kind = 0;

    while (kind < 3 && strcmp(kinds[kind].name, operands[0]) != 0)
        kind++;
    alarm(20 * WATCHDOG);
    /* All of it once, so that the dynamic linker's work is not stepped through. */
    CHECK(put_p(queue) == 0 && put_in_vain(queue) == 0);
    CHECK(get_any(queue) == 0 && get_in_vain(queue) == 0);
    do
        most += stride;
    while (kinds[kind].run(queue, most, &happened) == most);
    CHECK(happened != kinds[kind].in_vain);
    CHECK(is_empty(queue));
    printf("killed at every step: nobody is stuck\n");
    fprintf(stderr, "%ld instructions\n", most);
    queue_close(queue);
}

/* Holds both locks until it gets a SIGCONT; then finds nothing. */
static int get_slowly(void *queue)
{
    stop_before_recv = true;
    return is_empty(queue) ? 0 : 1;
}

/* These hold the lock of their side, as somebody is to hear of what they do. */
static int put_and_stop(void *queue)
{
    stop_before_send = true;
    return put_d(queue);
}

static int get_and_stop(void *queue)
{
    stop_before_send = true;
    return get_one(queue);
}

static void start_and_see_stop(struct process *process, int (*run)(void *), struct queue *queue)
{
    int status;

    start(process, run, queue);
    CHECK(waitpid(process->pid, &status, WUNTRACED) == process->pid && WIFSTOPPED(status));
}

/* Of two that wait for a lock, the first one is woken to take it, but another is faster, and it is
 * killed before it can wait again. The second one must not wait for ever. */
static void woken_and_killed(char **operands)
{
    struct queue *queue = open_letters(1);
    struct process holder, second;

    (void)operands;
    start_and_see_stop(&holder, get_slowly, queue);
    pid_t first = start_and_stop_at_wake(get_one, queue);
    start_sleepers(&second, 1, get_one, queue);
    CHECK(kill(holder.pid, SIGCONT) == 0);
    CHECK(end(&holder) == 0);
    wait_until_woken(first);
    start_and_see_stop(&holder, get_slowly, queue);
    kill_traced(first);
    CHECK(kill(holder.pid, SIGCONT) == 0);
    CHECK(end(&holder) == 0);
    put_letter(queue, 'X');
    if (process_join(&second, 8) == 0)
        printf("the second one gets %c\n", second.exit_code);
    else
        printf("the second one waits for ever, for a lock that is free\n");
    process_kill(&second);
    queue_close(queue);
}

/* Nothing can be put or got, but nobody waits longer than he wants to, or for a moment. */
static void expect_both_on_time(struct queue *queue, double timeout)
{
    double least = timeout > 0.04 ? timeout : 0.04, before = seconds_now();
    char letter;

    CHECK(queue_put(queue, "X", 1, timeout) == -1);
    expect_timeout(least, before);
    before = seconds_now();
    CHECK(queue_get(queue, &letter, 1, timeout) == -1);
    expect_timeout(least, before);
}

static int go_on(struct process *holder)
{
    CHECK(kill(holder->pid, SIGCONT) == 0);
    return end(holder);
}

/* Nobody hangs while one is stopped that has a lock, and all goes on when that one does. */
static void stopped(char **operands)
{
    struct queue *queue = open_letters(1);
    struct process holder;

    (void)operands;
    start_and_see_stop(&holder, get_slowly, queue);
    expect_both_on_time(queue, 0.1);
    expect_size(queue, 0, 1); /* needs no lock */
    CHECK(go_on(&holder) == 0);
    printf("with both locks\n");

    CHECK(is_empty(queue)); /* so we are to hear of the put */
    start_and_see_stop(&holder, put_and_stop, queue);
    expect_both_on_time(queue, 0);
    CHECK(go_on(&holder) == 'D');
    expect_size(queue, 1, 1);
    printf("with the putters' lock\n");

    CHECK(queue_put(queue, "X", 1, 0) == -1);
    start_and_see_stop(&holder, get_and_stop, queue);
    expect_both_on_time(queue, 0);
    CHECK(go_on(&holder) == 'D');
    expect_size(queue, 0, 1);
    printf("with the getters' lock\n");

    start_and_see_stop(&holder, get_slowly, queue);
    CHECK(process_kill(&holder) == 0); /* as good as if it had been running */
    put_letter(queue, 'Y');
    CHECK(get_letter(queue) == 'Y');
    CHECK(end(&holder) == -SIGKILL);
    printf("and killed\n");
    queue_close(queue);
}

/* --- step by step ---- */

static struct walk {       /* shared */
    atomic_ulong looks;    /* so many times has it looked */
    size_t size;           /* what it saw */
    unsigned char got[16]; /* the item */
    atomic_bool done;
} * walk;

static void step_on(pid_t pid, long *count)
{
    step_traced(pid);
    if (++*count == 1000000) { /* some processors' atomics never succeed step by step */
        printf("can't be stepped through here\n");
        CHECK(kill(pid, SIGKILL) == 0);
        exit(CANNOT);
    }
}

/* Starts it, and stops it in its sleep before the gate, which is opened. The caller ends it by
 * kill_traced and not by process_join, so it stays in the list of children, and must stay in
 * memory. */
static pid_t start_stepping(struct process *process, int (*run)(void *), void *argument)
{
    start(process, run, argument);
    wait_until_asleep(process->pid);
    if (!trace(process->pid)) {
        printf("no ptrace here\n");
        exit(CANNOT);
    }
    say_ready(&ready_gate);
    return process->pid;
}

static int look_again_and_again(void *queue)
{
    wait_ready(&ready_gate);
    while (!atomic_load(&walk->done)) {
        walk->size = queue_size(queue);
        atomic_fetch_add(&walk->looks, 1);
    }
    return 0;
}

/* Between any two of its instructions three items come and go. There is never more than one, so it
 * must not see more, though it reads two numbers at two moments. */
static void look_while_they_pass(struct queue *queue)
{
    static struct process process; /* see start_stepping */
    pid_t pid = start_stepping(&process, look_again_and_again, queue);
    long count = 0, length = 1;

    while (atomic_load(&walk->looks) < 2)
        step_on(pid, &count);
    for (long at = 0; at <= length; at++) {
        for (long i = 0; i < at; i++)
            step_on(pid, &count);
        for (int i = 0; i < 3; i++) {
            put_letter(queue, 'A');
            CHECK(get_letter(queue) == 'A');
        }
        unsigned long looks = atomic_load(&walk->looks);
        long before = count;
        for (; atomic_load(&walk->looks) < looks + 2; step_on(pid, &count))
            CHECK(walk->size <= 1);
        CHECK(walk->size == 0);
        if (at == 0)
            length = count - before; /* of two looks, at most */
    }
    kill_traced(pid);
    printf("never more than one\n");
}

static unsigned char old_item[16], new_item[16];

static int put_slowly(void *queue)
{
    wait_ready(&ready_gate);
    CHECK(queue_put(queue, new_item, sizeof new_item, FOREVER) == 0);
    atomic_store(&walk->done, true);
    return wait_for_ever(NULL);
}

static int take_slowly(void *queue)
{
    wait_ready(&ready_gate);
    CHECK(queue_get(queue, walk->got, sizeof walk->got, FOREVER) == sizeof walk->got);
    atomic_store(&walk->done, true);
    return wait_for_ever(NULL);
}

/* Once it counts, it is there, all of it, whatever the putter does next. */
static void get_as_soon_as_it_counts(struct queue *queue)
{
    unsigned char item[sizeof new_item];
    static struct process process; /* see start_stepping */
    pid_t pid = start_stepping(&process, put_slowly, queue);
    long count = 0;

    while (queue_is_empty(queue))
        step_on(pid, &count);
    CHECK(!atomic_load(&walk->done));
    CHECK(queue_get(queue, item, sizeof item, 0) == sizeof item);
    CHECK(memcmp(item, new_item, sizeof item) == 0);
    while (!atomic_load(&walk->done))
        step_on(pid, &count);
    expect_size(queue, 0, 1);
    kill_traced(pid);
    printf("put: whole as soon as it counts\n");
}

/* Once its place is free, the getter has it, whatever comes to this place next. */
static void put_as_soon_as_there_is_room(struct queue *queue)
{
    static struct process process; /* see start_stepping */
    long count = 0;

    CHECK(queue_put(queue, new_item, sizeof new_item, 0) == 0);
    atomic_store(&walk->done, false);
    pid_t pid = start_stepping(&process, take_slowly, queue);
    while (queue_is_full(queue))
        step_on(pid, &count);
    CHECK(!atomic_load(&walk->done));
    CHECK(queue_put(queue, old_item, sizeof old_item, 0) == 0);
    while (!atomic_load(&walk->done))
        step_on(pid, &count);
    CHECK(memcmp(walk->got, new_item, sizeof new_item) == 0);
    expect_size(queue, 1, 1);
    kill_traced(pid);
    printf("get: whole when its place is free\n");
}

static void stepped(char **operands)
{
    struct queue *queue = open_letters(3);

    (void)operands;
    walk = shared_map(sizeof *walk);
    CHECK(walk != NULL);
    open_gate(&ready_gate);
    look_while_they_pass(queue);
    queue_close(queue);
    queue = queue_open(1, sizeof new_item);
    CHECK(queue != NULL);
    fill(old_item, sizeof old_item, 1);
    fill(new_item, sizeof new_item, 2);
    CHECK(queue_put(queue, old_item, 5, 0) == 0); /* neither its bytes nor its size may be seen */
    CHECK(queue_get(queue, walk->got, sizeof walk->got, 0) == 5);
    get_as_soon_as_it_counts(queue);
    put_as_soon_as_there_is_room(queue);
    close_gate(&ready_gate);
    queue_close(queue);
    shared_unmap(walk, sizeof *walk);
}

/* pinned crowd|stress OPERAND OPERAND: with a single processor for all. */
static void pinned(char **operands)
{
    if (beyond_run_on(beyond_processor()) == -1) {
        printf("no choice of a processor here\n");
        exit(CANNOT);
    }
    if (strcmp(operands[0], "crowd") == 0)
        crowded(operands + 1);
    else if (strcmp(operands[0], "stress") == 0)
        stress(operands + 1);
    else
        bad_usage("not pinned: %s", operands[0]);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"order", 2, order},
                                                {"opening", 0, opening},
                                                {"errors", 0, errors},
                                                {"sizes", 0, sizes},
                                                {"timeouts", 0, timeouts},
                                                {"pestered", 0, pestered},
                                                {"descriptors", 0, opened_and_closed},
                                                {"woken", 0, woken},
                                                {"deserted", 1, deserted},
                                                {"to_and_fro", 0, to_and_fro},
                                                {"in_a_child", 0, in_a_child},
                                                {"crowd", 2, crowded},
                                                {"tokens", 0, tokens},
                                                {"stress", 2, stress},
                                                {"deaths", 0, deaths},
                                                {"step", 2, step},
                                                {"woken_and_killed", 0, woken_and_killed},
                                                {"stopped", 0, stopped},
                                                {"stepped", 0, stepped},
                                                {"pinned", 3, pinned},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
