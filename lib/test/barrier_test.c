/* Drives lib/barrier.c for lib/barrier.bats. Also by hand:
 *     barrier_test stress KILLS SEED    kills random processes that meet at a barrier
 *     barrier_test race WHAT STRIDE     overtakes one after each STRIDE-th instruction */
#include "barrier.h"
#include "driver.h"
#include "shm.h"

#include <stdatomic.h>
#include <sys/uio.h>

enum { CROWD = 5 };

static struct barrier barrier;
static int signal_at_write; /* raised before the next write, which is what opens a gate */

/* This takes the place of the C library's.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t write(int descriptor, const void *bytes, size_t size)
{
    int number = signal_at_write;

    signal_at_write = 0;
    if (number != 0)
        raise(number);
    return writev(descriptor, &(struct iovec){(void *)bytes, size}, 1);
}

/* Waits, and says what has become of it: the place as a digit, or T, C, B; E for another error. */
static char come(double timeout)
{
    int place = barrier_wait(&barrier, timeout);

    if (place >= 0)
        return (char)('0' + place);
    return errno == ETIMEDOUT ? 'T' : errno == ECANCELED ? 'C' : errno == EBADF ? 'B' : 'E';
}

/* In a child. */
static int wait_once(void *timeout)
{
    return come(timeout == NULL ? FOREVER : *(double *)timeout);
}

static int come_at_once(void *result)
{
    *(char *)result = come(0);
    return 0;
}

static void show_state(const char *what)
{
    printf("%s: %s, %d waiting, gates %s %s\n", what,
           barrier_is_broken(&barrier) ? "broken" : "whole", barrier_waiting(&barrier),
           event_is_set(&barrier.gates[0]) ? "open" : "shut",
           event_is_set(&barrier.gates[1]) ? "open" : "shut");
}

/* --- one process ---- */

static int count_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int count = 0;

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, " rw-s ") != NULL;
    if (maps != NULL)
        CHECK(fclose(maps) == 0);
    return count;
}

static void opening(char **operands)
{
    static const int parties[] = {INT_MIN, -1, 0, BARRIER_MAX + 1, INT_MAX, BARRIER_MAX, 1};
    int before = count_descriptors(), mappings = count_mappings(), first = dup(0);
    struct rlimit limit, less;

    (void)operands;
    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++) {
        bool opened = barrier_open(&barrier, parties[i]) == 0;
        printf("%d parties: %s\n", parties[i], opened ? "opened" : error_name(errno));
        barrier_close(&barrier); /* harmless if it was not opened, or is closed already */
        barrier_close(&barrier);
    }
    CHECK(close(first) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    less = limit;
    for (int room = 0; room < 4; room++) {
        less.rlim_cur = (rlim_t)first + (rlim_t)room;
        CHECK(setrlimit(RLIMIT_NOFILE, &less) == 0);
        SHOW(barrier_open(&barrier, 2));
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHECK(count_descriptors() == before && count_mappings() == mappings);
    }
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    less = limit;
    less.rlim_cur = 1;
    CHECK(setrlimit(RLIMIT_AS, &less) == 0);
    int result = barrier_open(&barrier, 2), error = errno;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    printf("without memory: %s\n", result == 0 ? "opened" : error_name(error));
    for (int i = 0; i < 20; i++) {
        CHECK(barrier_open(&barrier, 2) == 0);
        CHECK(count_descriptors() == before + 4);
        barrier_close(&barrier);
    }
    CHECK(count_descriptors() == before && count_mappings() == mappings);
    printf("as many descriptors and mappings as before\n");
}

/* Alone at it. */
static void states(char **operands)
{
    (void)operands;
    CHECK(barrier_open(&barrier, 1) == 0);
    show_state("of one");
    for (int i = 0; i < 3; i++) {
        printf("%c ", come(i == 0 ? 0 : FOREVER));
        show_state("it is let through");
    }
    barrier_close(&barrier);
    printf("%c ", come(FOREVER));
    show_state("closed");
    barrier_reset(&barrier);
    barrier_abort(&barrier);
    show_state("still closed");

    CHECK(barrier_open(&barrier, 2) == 0);
    show_state("of two");
    printf("%c ", come(0));
    show_state("nobody else came");
    printf("%c ", come(FOREVER));
    show_state("still broken");
    barrier_reset(&barrier);
    show_state("reset");
    barrier_abort(&barrier);
    show_state("broken by abort, before anybody came");
    barrier_abort(&barrier);
    printf("%c ", come(0));
    show_state("by a second abort");
    barrier_reset(&barrier);
    barrier_reset(&barrier);
    show_state("reset twice");
    printf("%c ", come((double)NAN));
    show_state("no number");
    barrier_reset(&barrier);
    double before = seconds_now();
    CHECK(come(0.12) == 'T'); /* longer than it waits before it looks again */
    CHECK(seconds_now() - before >= 0.12 && seconds_now() - before < 5);
    for (int i = 0; i < 100; i++) { /* and shorter */
        barrier_reset(&barrier);
        CHECK(come(0.001) == 'T');
    }
    CHECK(seconds_now() - before < 4);
    show_state("on time");
    barrier_close(&barrier);
}

/* --- several processes ---- */

static void start_waiters(struct process *waiters, int count, void *timeout)
{
    int already = barrier_waiting(&barrier);

    for (int i = 0; i < count; i++)
        start(&waiters[i], wait_once, timeout);
    while (barrier_waiting(&barrier) < already + count)
        nap(0.0002);
}

/* Prints what has become of them, in order. */
static void join(struct process *waiters, int count)
{
    char letters[CROWD + 1] = "";

    for (int i = 0; i < count; i++) {
        char letter = (char)end(&waiters[i]);
        int j = i;
        for (; j > 0 && letters[j - 1] > letter; j--)
            letters[j] = letters[j - 1];
        letters[j] = letter;
    }
    printf("%s ", letters);
}

/* All who wait go at once, however long they would have waited. */
static void broken(char **operands)
{
    static double brief = 0.03;
    struct process waiters[CROWD];

    (void)operands;
    CHECK(barrier_open(&barrier, CROWD) == 0);
    start_waiters(waiters, CROWD - 1, NULL);
    show_state("four wait");
    printf("%c ", come(0));
    join(waiters, CROWD - 1);
    show_state("all are there");

    start_waiters(waiters, CROWD - 2, NULL);
    start(&waiters[CROWD - 2], wait_once, &brief);
    join(waiters, CROWD - 1);
    show_state("one does not come");

    barrier_reset(&barrier);
    start_waiters(waiters, CROWD - 1, NULL);
    barrier_abort(&barrier);
    join(waiters, CROWD - 1);
    show_state("aborted");

    barrier_reset(&barrier);
    start_waiters(waiters, CROWD - 1, NULL);
    barrier_reset(&barrier);
    join(waiters, CROWD - 1);
    show_state("reset");

    start_waiters(waiters, CROWD - 1, NULL);
    printf("%c ", come(0));
    join(waiters, CROWD - 1);
    show_state("used again");
    barrier_close(&barrier);
}

static void wait_until_stopped(const struct process *process)
{
    int status;

    CHECK(waitpid(process->pid, &status, WUNTRACED) == process->pid && WIFSTOPPED(status));
}

/* What the letter says. */
static int act(void *letter)
{
    if (*(char *)letter == 'w' || *(char *)letter == 't')
        return come(*(char *)letter == 'w' ? FOREVER : 0);
    if (*(char *)letter == 'a')
        barrier_abort(&barrier);
    else
        barrier_reset(&barrier);
    return 0;
}

/* One of two waits, and is stopped; until it looks again, much can happen to the barrier. */
static void slow(char **operands)
{
    static const char *const plots[] = {"w", "wa", "wwww", "wr", "a", "ar", "r", "rww", "arww"};

    (void)operands;
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
        struct process waiter, other;
        CHECK(barrier_open(&barrier, 2) == 0);
        start_waiters(&waiter, 1, NULL);
        CHECK(kill(waiter.pid, SIGSTOP) == 0);
        wait_until_stopped(&waiter);
        for (const char *letter = plots[i]; *letter != '\0'; letter++) {
            bool alone = *letter == 'w' && barrier_waiting(&barrier) == 0;
            if (alone)
                start_waiters(&other, 1, NULL);
            CHECK(act((void *)letter) == (*letter == 'w' ? '1' : 0));
            CHECK(!alone || end(&other) == '0');
        }
        CHECK(kill(waiter.pid, SIGCONT) == 0);
        printf("%s: %c\n", plots[i], end(&waiter));
        barrier_close(&barrier);
    }
}

static int act_and_die(void *letter)
{
    signal_at_write = SIGKILL;
    return act(letter);
}

static int act_and_stop(void *letter)
{
    signal_at_write = SIGSTOP;
    return act(letter);
}

/* One is killed before it opens the gate: the others find out when they look again. */
static void silent(char **operands)
{
    (void)operands;
    for (const char *letter = "wtar"; *letter != '\0'; letter++) {
        struct process waiters[2], dying;
        int count = *letter == 'w' ? 2 : 1;
        CHECK(barrier_open(&barrier, 3) == 0);
        start_waiters(waiters, count, NULL);
        start(&dying, act_and_die, (void *)letter);
        printf("%c: ", *letter);
        join(waiters, count);
        show_state("killed");
        CHECK(end(&dying) == -SIGKILL);
        barrier_close(&barrier);
    }
}

/* One is stopped before it opens the gate, and opens it when others wait there for another round.
 * They must shut it: else they would run round and round. */
static void late(char **operands)
{
    struct process leader, waiters[2];
    double limit = seconds_now() + LONG;

    (void)operands;
    CHECK(barrier_open(&barrier, 3) == 0);
    start_waiters(waiters, 2, NULL);
    start(&leader, act_and_stop, "w");
    join(waiters, 2);
    show_state("the leader is stopped");
    wait_until_stopped(&leader);
    start_waiters(waiters, 2, NULL);
    CHECK(come(0) == '2');
    join(waiters, 2);
    show_state("the next round");
    start_waiters(waiters, 2, NULL);
    CHECK(kill(leader.pid, SIGCONT) == 0);
    CHECK(end(&leader) == '2');
    while (event_is_set(&barrier.gates[0]) && seconds_now() < limit)
        nap(0.0005);
    show_state("the round after that");
    CHECK(come(0) == '2');
    join(waiters, 2);
    show_state("and it is complete");
    barrier_close(&barrier);
}

static struct {
    atomic_long before, after, places[CROWD], entries, errors;
    atomic_bool impatient, stop;
} * shared;

static void open_shared(int parties)
{
    shared = shared_map(sizeof *shared);
    CHECK(shared != NULL && barrier_open(&barrier, parties) == 0);
}

static void close_shared(void)
{
    barrier_close(&barrier);
    shared_unmap(shared, sizeof *shared);
}

/* Nobody is ever ahead: after the one wait all have been before it, and after the other one all
 * have been after the first. */
static int keep_step(void *rounds)
{
    for (long i = 0; i < *(long *)rounds; i++) {
        atomic_fetch_add(&shared->before, 1);
        CHECK(atomic_load(&shared->after) == i * CROWD);
        int place = barrier_wait(&barrier, LONG);
        CHECK(place >= 0 && place < CROWD);
        CHECK(atomic_fetch_add(&shared->places[place], 1) == i);
        atomic_fetch_add(&shared->after, 1);
        CHECK(atomic_load(&shared->before) == (i + 1) * CROWD);
        CHECK(barrier_wait(&barrier, LONG) >= 0);
    }
    return 0;
}

/* rounds COUNT: as many processes as parties. */
static void in_step(char **operands)
{
    long rounds = cli_number("COUNT", operands[0], 1, 100000000);
    struct process crowd[CROWD];

    open_shared(CROWD);
    for (int i = 0; i < CROWD; i++)
        start(&crowd[i], keep_step, &rounds);
    for (int i = 0; i < CROWD; i++)
        CHECK(end(&crowd[i]) == 0);
    show_state("all in step");
    close_shared();
}

static int keep_coming(void *unused)
{
    int place;

    (void)unused;
    while ((place = barrier_wait(&barrier, FOREVER)) >= 0)
        atomic_fetch_add(&shared->places[place], 1);
    return errno == ECANCELED ? 0 : 1;
}

/* More processes than parties: each round takes as many as it needs. */
static void too_many(char **operands)
{
    enum { PARTIES = 3 };
    struct process crowd[CROWD];

    (void)operands;
    open_shared(PARTIES);
    for (int i = 0; i < CROWD; i++)
        start(&crowd[i], keep_coming, NULL);
    while (atomic_load(&shared->places[0]) < 300)
        nap(0.001);
    barrier_abort(&barrier);
    for (int i = 0; i < CROWD; i++)
        CHECK(end(&crowd[i]) == 0);
    for (int i = 0; i < PARTIES; i++)
        CHECK(atomic_load(&shared->places[i]) == atomic_load(&shared->places[0]));
    printf("each place as often as the others\n");
    close_shared();
}

/* --- killed, or overtaken, at any instant ---- */

static int meet_again(void *unused)
{
    (void)unused;
    while (!atomic_load(&shared->stop)) {
        bool impatient = atomic_load(&shared->impatient);
        atomic_fetch_add(&shared->entries, 1);
        int place = barrier_wait(&barrier, impatient ? 0.02 : FOREVER);
        bool may_break = atomic_load(&shared->impatient) || atomic_load(&shared->stop);
        if (place >= 0)
            atomic_fetch_add(&shared->places[place], 1);
        else if (!may_break || (errno != ECANCELED && errno != ETIMEDOUT))
            atomic_fetch_add(&shared->errors, 1);
        else if (!atomic_load(&shared->stop) && barrier_is_broken(&barrier))
            barrier_reset(&barrier);
    }
    return 0;
}

static void wait_for_round(void)
{
    long before = atomic_load(&shared->places[0]);

    for (double limit = seconds_now() + LONG; atomic_load(&shared->places[0]) == before;) {
        CHECK(seconds_now() < limit);
        nap(0.0002);
    }
}

/* stress KILLS SEED: processes meet round after round, and are killed and replaced. At first all
 * wait as long as it takes; then they don't, and replacements come late, so that it breaks. */
static void stress(char **operands)
{
    long kills = cli_number("KILLS", operands[0], 0, 1000000);
    int descriptors = count_descriptors(), hanging = 0;
    struct process crowd[CROWD];

    alarm(WATCHDOG + (unsigned)kills / 10);
    srand((unsigned)cli_number("SEED", operands[1], 0, INT_MAX));
    open_shared(CROWD);
    for (int i = 0; i < CROWD; i++)
        start(&crowd[i], meet_again, NULL);
    for (long killed = 0; killed < kills; killed++) {
        atomic_store(&shared->impatient, killed >= kills / 2);
        wait_for_round();
        nap(random_fraction() * 0.003);
        int i = rand() % CROWD;
        CHECK(process_kill(&crowd[i]) == 0 && end(&crowd[i]) == -SIGKILL);
        if (atomic_load(&shared->impatient) && rand() % 10 == 0)
            nap(0.04);
        start(&crowd[i], meet_again, NULL);
    }
    atomic_store(&shared->stop, true);
    barrier_abort(&barrier);
    for (int i = 0; i < CROWD; i++)
        hanging += process_join(&crowd[i], hanging == 0 ? LONG : 1) == -1;
    for (int i = 0; i < CROWD; i++)
        CHECK(process_kill(&crowd[i]) == 0 && process_join(&crowd[i], LONG) == 0);
    printf("%ld killed, %d hanging, %ld errors\n", kills, hanging, atomic_load(&shared->errors));
    /* Each round gives each place once, which is counted unless its process is killed just then;
     * and for each round, so many had come. */
    long rounds = atomic_load(&shared->places[CROWD - 1]);
    for (int i = 0; i < CROWD; i++)
        CHECK(atomic_load(&shared->places[i]) <= rounds + kills);
    CHECK(atomic_load(&shared->entries) >= rounds * CROWD);
    printf("more rounds than killed, and all complete: %d\n", rounds > kills);
    fprintf(stderr, "%ld rounds\n", rounds);
    CHECK(hanging == 0 && atomic_load(&shared->errors) == 0);
    close_shared();
    check_nothing_left(descriptors);
}

/* race meet|abort STRIDE: one that does not wait, or aborts while another waits, is overtaken by
 * one that comes. All must agree on what has become of the round. */
static void race(char **operands)
{
#ifdef __linux__
    bool aborts = strcmp(operands[0], "abort") == 0;
    long stride = cli_number("STRIDE", operands[1], 1, 1000), most = 0, steps;
    char *others = shared_map(1), seen[4] = "";
    struct process waiter;
    int status;

    alarm(20 * WATCHDOG);
    CHECK(others != NULL);
    do {
        most += stride;
        if (most > 100000) { /* some processors' atomics never succeed step by step */
            printf("can't be stepped through here\n");
            exit(CANNOT);
        }
        CHECK(barrier_open(&barrier, 2) == 0);
        if (aborts)
            start_waiters(&waiter, 1, NULL);
        pid_t pid = start_traced(aborts ? act : come_at_once, aborts ? "a" : others);
        for (steps = 0; steps < most; steps++) {
            CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
            CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
            if (WSTOPSIG(status) == SIGSTOP)
                break; /* it has ended */
        }
        char mine = come(0);
        if (steps == most) {
            CHECK(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
            CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
        }
        kill_traced(pid);
        if (aborts)
            *others = (char)end(&waiter);
        if (strchr(seen, mine) == NULL) {
            seen[strlen(seen)] = mine;
            printf("%c %c\n", mine, *others);
        }
        CHECK(*others == (mine == '1' ? '0' : mine == 'T' || aborts ? 'C' : 'T'));
        CHECK(barrier_is_broken(&barrier) == (aborts || mine != '1'));
        barrier_close(&barrier);
    } while (steps == most);
    shared_unmap(others, 1);
#else
    (void)operands;
    printf("no ptrace here\n");
    exit(CANNOT);
#endif
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"opening", 0, opening},   {"states", 0, states}, {"broken", 0, broken},
        {"slow", 0, slow},         {"silent", 0, silent}, {"late", 0, late},
        {"rounds", 1, in_step},    {"race", 2, race},     {"stress", 2, stress},
        {"too_many", 0, too_many}, {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
