/* Drives lib/conn.c for lib/conn.bats. Also by hand:
 *     conn_test stress KILLS SEED    kills random senders and receivers
 *     conn_test step WHAT STRIDE     kills one after each STRIDE-th instruction */
#include "beyond.h"
#include "conn.h"
#include "driver.h"
#include "io.h"
#include "shm.h"

#include <stdatomic.h>
#include <stdint.h>

enum { LARGEST = 16 << 20, LONGISH = CONN_PACKET + 1, NOT_OPEN = 9999 };

static struct conn pair[2]; /* what the processes of a scenario talk through */
static unsigned char bytes[LARGEST], got[LARGEST + 1];

static void open_pair(void)
{
    CHECK(conn_pair(pair) == 0);
}

static void close_pair(void)
{
    conn_close(&pair[0]);
    conn_close(&pair[1]);
}

static bool fails_with(int error, long result)
{
    return result == -1 && errno == error;
}

static void fill(size_t size, size_t seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(seed * 31 + i * 7 + i / 256);
}

static void send_filled(struct conn *end, size_t size, size_t seed)
{
    fill(size, seed);
    CHECK(conn_send(end, bytes, size, LONG) == 0);
    memset(bytes, 0xff, size); /* what was sent is a copy */
}

/* The next message is that one, and nothing behind it was written to. */
static void expect_filled(struct conn *end, size_t size, size_t seed)
{
    fill(size, seed);
    memset(got, 0xee, size + 1);
    CHECK(conn_next_size(end, LONG) == (ssize_t)size);
    CHECK(conn_receive(end, got, sizeof got, LONG) == (ssize_t)size);
    CHECK(memcmp(got, bytes, size) == 0 && got[size] == 0xee);
}

/* Sends single bytes until no more fit. Returns how many there are at the other end now. */
static unsigned fill_up(struct conn *end)
{
    unsigned count = 0;

    while (conn_send(end, &(unsigned char){(unsigned char)count}, 1, 0) == 0)
        count++;
    CHECK(errno == ETIMEDOUT && count > 0);
    return count;
}

static void drain(struct conn *end, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        CHECK(conn_receive(end, got, 1, LONG) == 1 && *got == (unsigned char)i);
}

/* Lets so many more descriptors be opened, at most 3. */
static void limit_descriptors(int more)
{
    static struct rlimit limit;
    static rlim_t usual;
    int opened[4], count = 0;

    CHECK(usual != 0 || getrlimit(RLIMIT_NOFILE, &limit) == 0);
    usual = usual == 0 ? limit.rlim_cur : usual;
    limit.rlim_cur = usual;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    do
        CHECK((opened[count] = dup(0)) != -1);
    while (count++ < more);
    limit.rlim_cur = (rlim_t)opened[more]; /* the first one that may not be opened */
    while (count > 0)
        CHECK(close(opened[--count]) == 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* --- messages ---- */

/* An empty message pair it. */
static int echo(void *unused)
{
    ssize_t size;

    (void)unused;
    conn_close(&pair[0]);
    while ((size = conn_receive(&pair[1], got, sizeof got, FOREVER)) > 0)
        CHECK(conn_send(&pair[1], got, (size_t)size, FOREVER) == 0);
    return size == 0 && conn_send(&pair[1], NULL, 0, FOREVER) == 0 ? 0 : 1;
}

static void sizes(char **operands)
{
    static const size_t list[] = {1, 4096, CONN_PACKET - 1, CONN_PACKET, LONGISH, LARGEST};
    int descriptors = count_descriptors();
    struct process process;

    (void)operands;
    open_pair();
    start(&process, echo, NULL);
    conn_close(&pair[1]);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        send_filled(&pair[0], list[i], 1);
        expect_filled(&pair[0], list[i], 1);
    }
    for (size_t i = 1; i < 50; i++) /* several on their way at once, every third one long */
        send_filled(&pair[0], i % 3 == 0 ? LONGISH + i : i, i);
    for (size_t i = 1; i < 50; i++)
        expect_filled(&pair[0], i % 3 == 0 ? LONGISH + i : i, i);
    SHOW(conn_poll(&pair[0], 0));
    SHOW(conn_send(&pair[0], NULL, 0, FOREVER));
    SHOW(conn_receive(&pair[0], NULL, 0, FOREVER));
    SHOW(conn_receive(&pair[0], NULL, 0, FOREVER));
    CHECK(end(&process) == 0);
    close_pair();
    check_nothing_left(descriptors);
}

static int look_only(void *unused)
{
    (void)unused;
    return conn_poll(&pair[0], LONG) == 1 && conn_next_size(&pair[0], LONG) == 5 ? 0 : 1;
}

/* To look takes nothing away, and merges nothing; several may look, and at several at once. */
static void looks(char **operands)
{
    static const char *const texts[] = {"hello", "", "a", "b", "", "bye"};
    struct process looker;
    struct conn other[2];

    (void)operands;
    CHECK(conn_one_way(pair) == 0 && conn_one_way(other) == 0);
    struct pollfd both[] = {{.fd = other[0].descriptor, .events = POLLIN},
                            {.fd = pair[0].descriptor, .events = POLLIN}};
    CHECK(poll(both, 2, 0) == 0);
    start(&looker, look_only, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(conn_send(&pair[1], texts[i], strlen(texts[i]), 0) == 0);
    CHECK(end(&looker) == 0);
    CHECK(poll(both, 2, -1) == 1 && both[1].revents == POLLIN);
    conn_close(&other[1]);
    CHECK(poll(both, 2, -1) == 2);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK(conn_poll(&pair[0], 0) == 1 && conn_poll(&pair[0], FOREVER) == 1);
        ssize_t size = conn_receive(&pair[0], got, sizeof got, 0);
        CHECK(size != -1);
        printf("'%.*s'\n", (int)size, (char *)got);
    }
    SHOW(conn_poll(&pair[0], 0));
    close_pair();
    conn_close(&other[0]);
}

static void show_all(const char *title, struct conn *end)
{
    printf("%s:\n", title);
    SHOW(conn_send(end, "1", 1, FOREVER));
    SHOW(conn_send(end, bytes, LONGISH, FOREVER));
    SHOW(conn_send_descriptor(end, 0, FOREVER));
    SHOW(conn_poll(end, 0));
    SHOW(conn_next_size(end, 0));
    SHOW(conn_receive(end, got, 1, 0));
    SHOW(conn_receive_descriptor(end, 0));
}

static void errors(char **operands)
{
    struct conn *in = &pair[0], *out = &pair[1];
    struct conn stale = {.descriptor = NOT_OPEN, .can_send = true, .can_receive = true};
    int descriptors = count_descriptors();
    struct rlimit limit, before;

    (void)operands;
    CHECK(conn_one_way(pair) == 0);
    show_all("the receiving end", in);
    show_all("the sending end", out);
    printf("what it has sent:\n");
    SHOW(conn_receive(in, got, 0, FOREVER));
    SHOW(conn_receive_descriptor(in, FOREVER));
    SHOW(conn_next_size(in, FOREVER));
    SHOW(conn_receive(in, got, 1, 0));
    CHECK(*got == '1');
    SHOW(conn_receive(in, got, LONGISH - 1, 0));
    SHOW(conn_receive_descriptor(in, 0));
    SHOW(conn_next_size(in, 0));
    SHOW(conn_receive(in, got, LONGISH, 0));
    SHOW(conn_receive(in, got, LARGEST, FOREVER));
    SHOW(conn_next_size(in, 0));
    CHECK(close(conn_receive_descriptor(in, 0)) == 0);
    printf("refused:\n");
    SHOW(conn_send(out, bytes, CONN_MAX + (size_t)1, FOREVER));
    SHOW(conn_send(out, bytes, SIZE_MAX, 0));
    SHOW(conn_send_descriptor(out, NOT_OPEN, FOREVER));
    SHOW(conn_send_descriptor(out, -1, 0));
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    limit = before;
    limit.rlim_cur = 4096; /* concerns files in memory, too */
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK(fails_with(EFBIG, conn_send(out, bytes, CONN_MAX, FOREVER)));
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    SHOW(conn_poll(in, 0));
    close_pair();
    int other_file = dup(0), yet_another = dup(0); /* these have the numbers now */
    show_all("closed", in);
    close_pair();
    CHECK(close(other_file) == 0 && close(yet_another) == 0);
    show_all("never opened", &stale);
    conn_close(&stale);
    CHECK(count_descriptors() == descriptors);
}

static void no_descriptors(char **operands)
{
    struct conn others[2];
    int descriptors = count_descriptors();

    (void)operands;
    limit_descriptors(1);
    SHOW(conn_pair(others));
    SHOW(conn_one_way(others));
    CHECK(count_descriptors() == descriptors);
    limit_descriptors(3);
    open_pair();
    send_filled(&pair[1], LONGISH, 1);
    limit_descriptors(0);
    SHOW(conn_send(&pair[1], bytes, LONGISH, FOREVER));
    SHOW(conn_send(&pair[1], bytes, CONN_PACKET, FOREVER));
    SHOW(conn_send_descriptor(&pair[1], 0, FOREVER));
    for (int i = 0; i < 2; i++)
        SHOW(conn_receive(&pair[0], got, LONGISH, FOREVER));
    limit_descriptors(1);
    expect_filled(&pair[0], LONGISH, 1);
    limit_descriptors(0);
    SHOW(conn_receive(&pair[0], got, LONGISH, FOREVER));
    for (int i = 0; i < 2; i++)
        SHOW(conn_receive_descriptor(&pair[0], FOREVER));
    limit_descriptors(1);
    CHECK(close(conn_receive_descriptor(&pair[0], 0)) == 0);
    SHOW(conn_poll(&pair[0], 0));

    send_filled(&pair[1], LONGISH, 1); /* one that is kept needs no more */
    CHECK(conn_send_descriptor(&pair[1], 0, 0) == 0);
    CHECK(fails_with(EMSGSIZE, conn_receive(&pair[0], got, 1, 0)));
    limit_descriptors(0);
    expect_filled(&pair[0], LONGISH, 1);
    limit_descriptors(1);
    CHECK(fails_with(EBADMSG, conn_receive(&pair[0], got, 1, 0)));
    limit_descriptors(0);
    CHECK(close(conn_receive_descriptor(&pair[0], 0)) == 0);

    printf("without room for it:\n");
    for (int i = 0; i < 2; i++) {
        limit_descriptors(1);
        CHECK((i == 0 ? conn_send(&pair[1], bytes, LONGISH, 0)
                      : conn_send_descriptor(&pair[1], 0, 0)) == 0);
        CHECK(conn_send(&pair[1], "next", 4, 0) == 0);
        limit_descriptors(0);
        SHOW(conn_receive(&pair[0], got, CONN_PACKET, FOREVER));
        SHOW(conn_receive(&pair[0], got, CONN_PACKET, FOREVER));
        CHECK(memcmp(got, "next", 4) == 0);
    }
    SHOW(conn_poll(&pair[0], 0));
    close_pair();
    limit_descriptors(3);
    CHECK(count_descriptors() == descriptors);
}

/* Nothing comes into the socket: what there is, we have. */
static bool keeps_all(void)
{
    struct pollfd socket = {.fd = pair[0].descriptor, .events = POLLIN};

    return poll(&socket, 1, 0) == 0 && conn_poll(&pair[0], 0) == 1;
}

/* What was refused is the next message nevertheless, though the connection does not have it. */
static void kept(char **operands)
{
    static const size_t list[] = {1, CONN_PACKET, LONGISH, LARGEST};
    int descriptors = count_descriptors();

    (void)operands;
    open_pair();
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        for (int by_descriptor = 0; by_descriptor < 2; by_descriptor++) {
            send_filled(&pair[1], list[i], i);
            for (int again = 0; again < 2; again++) {
                if (by_descriptor)
                    CHECK(fails_with(EBADMSG, conn_receive_descriptor(&pair[0], 0)));
                else
                    CHECK(fails_with(EMSGSIZE, conn_receive(&pair[0], got, list[i] - 1, LONG)));
                CHECK(keeps_all());
            }
            CHECK(conn_send(&pair[1], "next", 4, 0) == 0);
            expect_filled(&pair[0], list[i], i);
            CHECK(conn_receive(&pair[0], got, 4, 0) == 4 && memcmp(got, "next", 4) == 0);
        }
    CHECK(conn_send_descriptor(&pair[1], 0, 0) == 0 && conn_send(&pair[1], "last", 4, 0) == 0);
    CHECK(fails_with(EBADMSG, conn_receive(&pair[0], got, 1, 0)));
    CHECK(fails_with(EBADMSG, conn_receive(&pair[0], got, LARGEST, FOREVER)));
    CHECK(fails_with(EBADMSG, conn_next_size(&pair[0], 0)));
    conn_close(&pair[1]);
    int file = conn_receive_descriptor(&pair[0], 0);
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC && close(file) == 0);
    CHECK(fails_with(EMSGSIZE, conn_receive(&pair[0], got, 3, FOREVER)));
    CHECK(conn_receive(&pair[0], got, 4, 0) == 4 && memcmp(got, "last", 4) == 0);
    CHECK(fails_with(EPIPE, conn_receive(&pair[0], got, 4, FOREVER)));
    close_pair();
    for (int kind = 0; kind < 2; kind++) { /* to close an end gives back what is kept, too */
        open_pair();
        CHECK((kind == 0 ? conn_send(&pair[1], bytes, LONGISH, 0)
                         : conn_send_descriptor(&pair[1], 0, 0)) == 0);
        CHECK(conn_receive(&pair[0], got, 1, 0) == -1 && keeps_all());
        close_pair();
        CHECK(count_descriptors() == descriptors);
    }
    printf("the next message\n");
}

static int do_without(void *its_own)
{
    int descriptors = count_descriptors();

    conn_close(&pair[1]);
    CHECK(conn_poll(&pair[0], 0) == 0 && count_descriptors() == descriptors - 2);
    CHECK(fails_with(ETIMEDOUT, conn_next_size(&pair[0], 0)));
    CHECK(fails_with(ETIMEDOUT, conn_receive(&pair[0], got, sizeof got, 0)));
    CHECK(fails_with(ETIMEDOUT, conn_receive_descriptor(&pair[0], 0)));
    let_go(its_own);
    CHECK(fails_with(EMSGSIZE, conn_receive(&pair[0], got, 2, LONG))); /* keeps it, and dies */
    CHECK(conn_next_size(&pair[0], 0) == 3);
    return 0;
}

/* What a process keeps is not its children's, and the other way round. */
static void kept_alone(char **operands)
{
    struct process child;
    int descriptors = count_descriptors();

    (void)operands;
    for (int kind = 0; kind < 2; kind++) {
        open_pair();
        struct gate waits;
        open_gate(&waits);
        if (kind == 0)
            send_filled(&pair[1], LONGISH, 1);
        else
            CHECK(conn_send_descriptor(&pair[1], 0, 0) == 0);
        CHECK(conn_receive(&pair[0], got, 1, 0) == -1 && keeps_all());
        start(&child, do_without, &waits);
        let_go(&waits);
        CHECK(gate_opens(&waits, LONG));
        CHECK(conn_send(&pair[1], "its", 3, 0) == 0);
        CHECK(end(&child) == 0 && keeps_all());
        CHECK(conn_send(&pair[1], "ours", 4, 0) == 0);
        if (kind == 0)
            expect_filled(&pair[0], LONGISH, 1);
        else
            CHECK(close(conn_receive_descriptor(&pair[0], 0)) == 0);
        CHECK(conn_receive(&pair[0], got, 4, 0) == 4 && memcmp(got, "ours", 4) == 0);
        close_gate(&waits);
        close_pair();
    }
    CHECK(count_descriptors() == descriptors);
    printf("each its own\n");
}

static void no_memory(char **operands)
{
    struct rlimit limit, before;
    void *blocks = NULL;

    (void)operands;
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    limit = before;
    limit.rlim_cur = 256 << 20;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    for (int i = 0; i < 5000; i++) { /* more than that, if an end that is closed had some still */
        open_pair();
        CHECK(conn_send(&pair[1], "x", 1, 0) == 0);
        CHECK(conn_receive(&pair[0], got, i % 2 == 0 ? 0 : 1, 0) == (i % 2 == 0 ? -1 : 1));
        close_pair();
    }
    open_pair();
    CHECK(conn_send(&pair[1], "x", 1, 0) == 0 && conn_send_descriptor(&pair[1], 0, 0) == 0);
    for (size_t size = 1 << 20; size >= CONN_PACKET; size /= 2)
        for (void **block; (block = malloc(size)) != NULL; blocks = block)
            *block = blocks;
    SHOW(conn_poll(&pair[0], 0));
    SHOW(conn_next_size(&pair[0], 0));
    SHOW(conn_receive(&pair[0], got, 1, 0));
    SHOW(conn_receive_descriptor(&pair[0], 0));
    while (blocks != NULL) {
        void *block = blocks;
        blocks = *(void **)block;
        free(block);
    }
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    SHOW(conn_receive(&pair[0], got, 1, 0));
    CHECK(close(conn_receive_descriptor(&pair[0], 0)) == 0);
    close_pair();
}

/* --- time ---- */

enum { RECEIVE, NEXT_SIZE, RECEIVE_DESCRIPTOR, POLL, SEND, SEND_LONG, SEND_DESCRIPTOR, CALLS };

/* All that can wait for what the other side does. */
static long wait_by(int call, double timeout)
{
    switch (call) {
    case RECEIVE:
        return conn_receive(&pair[0], got, 1, timeout);
    case NEXT_SIZE:
        return conn_next_size(&pair[0], timeout);
    case RECEIVE_DESCRIPTOR:
        return conn_receive_descriptor(&pair[0], timeout);
    case POLL:
        return conn_poll(&pair[0], timeout);
    case SEND:
        return conn_send(&pair[0], "x", 1, timeout);
    case SEND_LONG:
        return conn_send(&pair[0], bytes, LONGISH, timeout);
    default:
        return conn_send_descriptor(&pair[0], 0, timeout);
    }
}

static void expect_timeouts(void)
{
    static const double lengths[] = {0, 0.001, 0.02, -1, -1e300};

    for (int call = 0; call < CALLS; call++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double before = seconds_now();
            long result = wait_by(call, lengths[i]);
            double took = seconds_now() - before;
            CHECK(call == POLL ? result == 0 : fails_with(ETIMEDOUT, result));
            CHECK(took >= lengths[i] && took < 5);
        }
}

static void count_signal(int number)
{
    (void)number;
}

static int pester_parent(void *unused)
{
    pid_t parent = getppid();

    (void)unused;
    while (getppid() == parent && kill(parent, SIGUSR1) == 0)
        nap(0.001);
    return 1;
}

/* Something for each wait that has no end, after a while. */
static int answer_late(void *count)
{
    for (int call = RECEIVE; call < SEND; call++) {
        nap(0.02);
        CHECK((call == RECEIVE_DESCRIPTOR ? conn_send_descriptor(&pair[1], 0, LONG)
                                          : conn_send(&pair[1], "x", 1, LONG)) == 0);
    }
    nap(0.02);
    drain(&pair[1], *(unsigned *)count);
    return 0;
}

/* Signals neither end a wait nor prolong it. */
static void timeouts(char **operands)
{
    struct sigaction action = {.sa_handler = count_signal}; /* without SA_RESTART */
    struct process pest, other;
    clock_t before = clock();

    (void)operands;
    open_pair();
    unsigned count = fill_up(&pair[0]);
    expect_timeouts();
    CHECK(clock() - before < CLOCKS_PER_SEC / 50); /* of 0.15 s: it sleeps */
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    start(&pest, pester_parent, NULL);
    expect_timeouts();
    start(&other, answer_late, &count);
    CHECK(wait_by(RECEIVE, FOREVER) == 1);
    CHECK(wait_by(NEXT_SIZE, FOREVER) == 1 && wait_by(RECEIVE, 0) == 1);
    CHECK(close((int)wait_by(RECEIVE_DESCRIPTOR, FOREVER)) == 0);
    CHECK(wait_by(POLL, FOREVER) == 1 && wait_by(RECEIVE, 0) == 1);
    CHECK(wait_by(SEND, FOREVER) == 0);
    CHECK(end(&other) == 0);
    CHECK(process_kill(&pest) == 0 && end(&pest) == -SIGKILL);
    CHECK(conn_receive(&pair[1], got, 1, 0) == 1 && *got == 'x');
    CHECK(fails_with(ETIMEDOUT, conn_receive(&pair[1], got, LARGEST, 0)));
    printf("on time\n");
    close_pair();
}

/* --- the end ---- */

/* What was sent before the end comes first, whichever call is the first one to meet the end, and
 * also if the one who left had not received everything. SIGPIPE has its default, and would end us.
 */
static void drained(char **operands)
{
    int descriptors = count_descriptors();

    (void)operands;
    for (int variant = 0; variant < 3 * CALLS; variant++) {
        int call = variant % CALLS, unread = variant / CALLS;
        open_pair();
        if (unread > 0)
            CHECK(conn_send(&pair[0], bytes, unread == 1 ? 1 : LONGISH, 0) == 0);
        if (call == RECEIVE_DESCRIPTOR)
            CHECK(conn_send_descriptor(&pair[1], 0, 0) == 0);
        CHECK(conn_send(&pair[1], "x", 1, 0) == 0);
        send_filled(&pair[1], LONGISH, 1);
        CHECK(conn_send(&pair[1], "", 0, 0) == 0);
        conn_close(&pair[1]);

        long result = wait_by(call, variant % 2 == 0 ? FOREVER : 0);
        CHECK(call >= SEND ? fails_with(EPIPE, result) : result > 0);
        CHECK(call != RECEIVE_DESCRIPTOR || close((int)result) == 0);
        CHECK(call == RECEIVE || conn_receive(&pair[0], got, 1, FOREVER) == 1);
        expect_filled(&pair[0], LONGISH, 1);
        CHECK(conn_receive(&pair[0], got, 1, 0) == 0);
        for (call = 0; call < 2 * CALLS; call++) {
            result = wait_by(call % CALLS, call < CALLS ? 0 : FOREVER);
            CHECK(call % CALLS == POLL ? result == 1 : fails_with(EPIPE, result));
        }
        close_pair();
    }
    CHECK(count_descriptors() == descriptors);
    printf("the rest, then EPIPE\n");
}

static int wait_for_end(void *call)
{
    conn_close(&pair[1]);
    return fails_with(EPIPE, wait_by(*(int *)call, *(int *)call % 2 == 0 ? LONG : FOREVER)) ? 0 : 1;
}

/* Those who wait when the other side is killed hear of it. */
static void deserted(char **operands)
{
    static int calls[] = {RECEIVE, NEXT_SIZE, RECEIVE_DESCRIPTOR, SEND, SEND_LONG, SEND_DESCRIPTOR};
    enum { COUNT = sizeof calls / sizeof *calls };
    struct process waiters[COUNT], other;

    (void)operands;
    open_pair();
    fill_up(&pair[0]);
    start(&other, wait_for_ever, NULL);
    for (int i = 0; i < COUNT; i++)
        start(&waiters[i], wait_for_end, &calls[i]);
    close_pair();
    for (int i = 0; i < COUNT; i++)
        wait_until_asleep(waiters[i].pid);
    CHECK(process_kill(&other) == 0 && end(&other) == -SIGKILL);
    for (int i = 0; i < COUNT; i++)
        CHECK(end(&waiters[i]) == 0);
    printf("all hear EPIPE\n");
}

/* --- descriptors ---- */

static int receive_open_file(void)
{
    int descriptor = conn_receive_descriptor(&pair[1], LONG);

    CHECK(descriptor > 2 && fcntl(descriptor, F_GETFD) == FD_CLOEXEC);
    return descriptor;
}

static int use_descriptors(void *unused)
{
    int file = receive_open_file();

    (void)unused;
    CHECK(write(file, "foo", 3) == 3 && close(file) == 0);
    while ((file = dup(0)) < 260) /* from now on they have large numbers */
        CHECK(file != -1);
    int pipe_end = receive_open_file();
    CHECK(pipe_end > 256 && write(pipe_end, "bar", 3) == 3);
    struct conn in = {.descriptor = receive_open_file(), .can_receive = true};
    struct conn out = {.descriptor = receive_open_file(), .can_send = true};
    ssize_t size = conn_receive(&in, got, sizeof got, LONG);
    CHECK(size > 0 && conn_send(&out, got, (size_t)size, LONG) == 0);
    conn_close(&in);
    conn_close(&out);
    close_pair();
    return 0;
}

static void pass(int descriptor)
{
    CHECK(conn_send_descriptor(&pair[0], descriptor, 0) == 0);
    CHECK(close(descriptor) == 0); /* on its way, it is open nevertheless */
}

static void passed(char **operands)
{
    struct conn to[2], from[2];
    struct process user;
    int pipe_ends[2], file = beyond_memory_file();
    char text[8] = "";

    (void)operands;
    open_pair();
    start(&user, use_descriptors, NULL); /* before the rest, that it may not inherit it */
    CHECK(pipe(pipe_ends) == 0 && conn_one_way(to) == 0 && conn_one_way(from) == 0);
    int large = fcntl(pipe_ends[1], F_DUPFD, 300);
    CHECK(large >= 300 && close(pipe_ends[1]) == 0);
    CHECK(conn_send_descriptor(&pair[0], file, 0) == 0);
    pass(large);
    pass(to[0].descriptor);
    pass(from[1].descriptor);
    send_filled(&to[1], LONGISH, 1);
    CHECK(end(&user) == 0);
    CHECK(pread(file, text, 8, 0) == 3 && strcmp(text, "foo") == 0);
    CHECK(io_read(pipe_ends[0], text, 8) == 3 && strcmp(text, "bar") == 0); /* and its end */
    expect_filled(&from[0], LONGISH, 1);
    CHECK(fails_with(EPIPE, conn_receive(&from[0], got, 1, FOREVER)));

    CHECK(pipe(pipe_ends) == 0); /* one that nobody fetches is closed with the connection */
    pass(pipe_ends[1]);
    close_pair();
    CHECK(io_read(pipe_ends[0], text, 8) == 0);
    conn_close(&to[1]);
    conn_close(&from[0]);
    printf("a file, a pipe's end, two connections\n");
}

/* --- crowds ---- */

enum { CROWD = 4, MOST = 1 << 24 };

static struct {
    atomic_uint next;
    atomic_bool stop;
    atomic_uchar put[MOST], taken[MOST]; /* by the numbers of what is sent */
} * crowd;
static bool files; /* sent are not messages but descriptors of files with the numbers in them */
static unsigned last_number;
static struct gate start_gate; /* for the receivers */

static size_t size_of(unsigned number)
{
    return sizeof number + number * 37 % 3000 + (number % 16 == 5 ? CONN_PACKET : 0);
}

static void send_number(unsigned number)
{
    double timeout = number % 2 == 0 ? FOREVER : LONG;
    size_t size = size_of(number);

    if (files) {
        int file = beyond_memory_file();
        CHECK(write(file, &number, sizeof number) == sizeof number);
        CHECK(conn_send_descriptor(&pair[1], file, timeout) == 0 && close(file) == 0);
    } else {
        memset(bytes, (int)number, size);
        memcpy(bytes, &number, sizeof number);
        CHECK(conn_send(&pair[1], bytes, size, timeout) == 0);
    }
}

/* *number is the last one, or 0. Every third message has no room at first, and is kept for the
 * second try. Returns false at the end. */
static bool receive_number(unsigned *number)
{
    double timeout = getpid() % 2 == 0 ? FOREVER : LONG;

    if (files) {
        int file = conn_receive_descriptor(&pair[0], timeout);
        if (fails_with(EPIPE, file))
            return false;
        CHECK(pread(file, number, sizeof *number, 0) == sizeof *number && close(file) == 0);
    } else {
        ssize_t size = conn_receive(&pair[0], got, *number % 3 == 0 ? 9 : sizeof got, timeout);
        if (fails_with(EMSGSIZE, size))
            size = conn_receive(&pair[0], got, sizeof got, 0);
        if (fails_with(EPIPE, size))
            return false;
        CHECK(size >= (ssize_t)sizeof *number);
        memcpy(number, got, sizeof *number);
        CHECK((size_t)size == size_of(*number));
        for (ssize_t i = sizeof *number; i < size; i++)
            CHECK(got[i] == (unsigned char)*number);
    }
    return true;
}

static int send_many(void *unused)
{
    unsigned number;

    (void)unused;
    conn_close(&pair[0]);
    let_go(&start_gate);
    while (!crowd->stop && (number = atomic_fetch_add(&crowd->next, 1)) < last_number) {
        send_number(number);
        atomic_fetch_add(&crowd->put[number], 1);
    }
    return 0;
}

static int receive_many(void *unused)
{
    unsigned number = 0;

    (void)unused;
    conn_close(&pair[1]);
    let_go(&start_gate);
    CHECK(gate_opens(&start_gate, LONG));
    while (receive_number(&number))
        CHECK(number < last_number && atomic_fetch_add(&crowd->taken[number], 1) == 0);
    return 0;
}

/* crowd messages|files COUNT: several senders and receivers at one connection.
 * stress KILLS SEED: the same with messages, while random ones are killed and replaced. */
static void crowded(char **operands)
{
    files = strcmp(operands[0], "files") == 0;
    bool kill_some = !files && strcmp(operands[0], "messages") != 0;
    int descriptors = count_descriptors(), receivers_killed = 0;
    long kills = kill_some ? cli_number("KILLS", operands[0], 0, MOST / 1024) : 0;
    long number = cli_number(kill_some ? "SEED" : "COUNT", operands[1], 0, MOST);
    struct process processes[2 * CROWD];
    unsigned once = 0, lost = 0;

    last_number = kill_some ? MOST : (unsigned)number;
    srand((unsigned)number);
    crowd = shared_map(sizeof *crowd);
    CHECK(crowd != NULL);
    open_pair();
    open_gate(&start_gate);
    for (int i = 0; i < 2 * CROWD; i++)
        start(&processes[i], i % 2 == 0 ? send_many : receive_many, NULL);
    for (int i = 0; i < 2 * CROWD; i++)
        wait_until_asleep(processes[i].pid); /* no more fits, or all is sent */
    let_go(&start_gate);
    for (long i = 0; i < kills; i++) {
        nap(random_fraction() * 0.002);
        int one = rand() % (2 * CROWD);
        CHECK(process_kill(&processes[one]) == 0 && end(&processes[one]) == -SIGKILL);
        start(&processes[one], one % 2 == 0 ? send_many : receive_many, NULL);
        receivers_killed += one % 2;
    }
    atomic_store(&crowd->stop, kill_some);
    close_pair();
    for (int i = 0; i < 2 * CROWD; i++)
        CHECK(end(&processes[i]) == 0);
    for (unsigned i = 0; i < last_number && i < crowd->next; i++) {
        once += crowd->put[i] == 1 && crowd->taken[i] == 1;
        lost += crowd->put[i] > crowd->taken[i];
    }
    CHECK((int)lost <= receivers_killed);
    if (kill_some)
        printf("%ld killed, and no more messages lost than receivers\n", kills);
    else
        printf("%u once\n", once);
    fprintf(stderr, "%u once; %d receivers killed, %u messages lost\n", once, receivers_killed,
            lost);
    shared_unmap(crowd, sizeof *crowd);
    close_gate(&start_gate);
    check_nothing_left(descriptors);
}

/* --- killed at a chosen instruction ---- */

static int send_all(void *unused)
{
    (void)unused;
    CHECK(conn_send(&pair[1], bytes, 1, LONG) == 0);
    CHECK(conn_send(&pair[1], bytes, LONGISH, FOREVER) == 0);
    CHECK(conn_send_descriptor(&pair[1], 0, LONG) == 0);
    return conn_send(&pair[1], bytes, 1, FOREVER);
}

static int receive_most(void *unused)
{
    (void)unused;
    CHECK(fails_with(EMSGSIZE, conn_receive(&pair[0], got, 0, LONG)));
    CHECK(conn_receive(&pair[0], got, 1, LONG) == 1);
    CHECK(fails_with(EMSGSIZE, conn_receive(&pair[0], got, 0, LONG)));
    CHECK(conn_receive(&pair[0], got, LONGISH, FOREVER) == LONGISH);
    return conn_receive_descriptor(&pair[0], LONG) != -1 ? 0 : 1;
}

/* Receives what is there of send_all's messages, whole, up to the end. Returns how many: the first
 * ones, or the last ones. */
static int receive_rest(bool last_ones)
{
    static const ssize_t sizes_sent[] = {1, LONGISH, -1, 1};
    ssize_t sizes_got[5];
    int count = 0;

    while (!fails_with(EPIPE, sizes_got[count] = conn_next_size(&pair[0], FOREVER))) {
        if (sizes_got[count] == -1) {
            CHECK(errno == EBADMSG && close(conn_receive_descriptor(&pair[0], 0)) == 0);
        } else {
            CHECK(conn_receive(&pair[0], got, LONGISH, 0) == sizes_got[count]);
            CHECK(memcmp(got, bytes, (size_t)sizes_got[count]) == 0);
        }
        CHECK(count++ < 4);
    }
    for (int i = 0; i < count; i++)
        CHECK(sizes_got[i] == sizes_sent[last_ones ? 4 - count + i : i]);
    return count;
}

/* step send|receive STRIDE */
static void step(char **operands)
{
    bool sends = strcmp(operands[0], "send") == 0;
    long stride = cli_number("STRIDE", operands[1], 1, 1000), most = 0, steps;
    int descriptors = count_descriptors(), count;

    alarm(20 * WATCHDOG);
    fill(LONGISH, 1);
    do {
        most += stride;
        open_pair();
        CHECK(sends || send_all(NULL) == 0);
        steps = kill_after(most, sends ? send_all : receive_most, NULL);
        conn_close(&pair[1]);
        count = receive_rest(!sends);
        close_pair();
        CHECK(count_descriptors() == descriptors);
    } while (steps == most);
    CHECK(count == (sends ? 4 : 1));
    printf("killed at every step: whole messages, then the end\n");
    fprintf(stderr, "%ld instructions\n", most);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"sizes", 0, sizes},
                                                {"looks", 0, looks},
                                                {"errors", 0, errors},
                                                {"no_descriptors", 0, no_descriptors},
                                                {"kept", 0, kept},
                                                {"kept_alone", 0, kept_alone},
                                                {"no_memory", 0, no_memory},
                                                {"timeouts", 0, timeouts},
                                                {"drained", 0, drained},
                                                {"deserted", 0, deserted},
                                                {"passed", 0, passed},
                                                {"crowd", 2, crowded},
                                                {"stress", 2, crowded},
                                                {"step", 2, step},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
