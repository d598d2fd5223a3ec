/* Drives lib/lock.c for lib/lock.bats. Also by hand:
 *     lock_test stress KILLS SEED    kills random owners and waiters
 *     lock_test step STRIDE          kills one after each STRIDE-th instruction */
#include "driver.h"
#include "lock.h"
#include "shm.h"

#include <stdatomic.h>

enum { CROWD = 4 };

/* Where one is that takes the lock: without it, perhaps with it, with it. */
enum stage { OUTSIDE, BETWEEN, INSIDE };

static struct {
    struct lock lock, other;
    volatile long left, right; /* guarded by the lock: equal, whenever it is free */
    atomic_long rounds;        /* done by all */
    atomic_long told;          /* how often one was told that the last owner died */
    atomic_bool stop;
    atomic_int stages[CROWD];
} * shared;

static struct gate ready_gate;

static void open_shared(void)
{
    shared = shared_map(sizeof *shared);
    CHECK(shared != NULL && lock_init(&shared->lock) == 0 && lock_init(&shared->other) == 0);
    open_gate(&ready_gate);
}

static void close_shared(void)
{
    shared_unmap(shared, sizeof *shared);
    close_gate(&ready_gate);
}

static int own(void *unused)
{
    (void)unused;
    CHECK(lock_acquire(&shared->lock, FOREVER) == 0);
    say_ready(&ready_gate);
    return wait_for_ever(NULL);
}

static void start_owner(struct process *process)
{
    start(process, own, NULL);
    wait_ready(&ready_gate);
}

/* Its exit code is what lock_acquire gives; then it gives the lock back. */
static int acquire(void *timeout)
{
    int result = lock_acquire(&shared->lock, *(double *)timeout);

    CHECK(result != -1 && lock_release(&shared->lock) == 0);
    return result;
}

static double forever = FOREVER, long_enough = 20;

static void start_waiter(struct process *process, double *timeout)
{
    start(process, acquire, timeout);
    wait_until_asleep(process->pid);
}

/* --- who may ---- */

static void errors(char **operands)
{
    (void)operands;
    open_shared();
    SHOW(lock_release(&shared->lock));
    for (int i = 0; i < 2; i++) {
        SHOW(lock_acquire(&shared->lock, i == 0 ? FOREVER : 0));
        SHOW(lock_acquire(&shared->lock, 0));
        SHOW(lock_acquire(&shared->lock, 0.01));
        SHOW(lock_acquire(&shared->lock, FOREVER));
        SHOW(lock_acquire(&shared->other, -1));
        SHOW(lock_release(&shared->lock));
        SHOW(lock_release(&shared->lock));
        SHOW(lock_release(&shared->other));
    }
    errno = EDOM; /* it stays when all is well */
    CHECK(lock_init(&shared->lock) == 0 && errno == EDOM);
    CHECK(lock_acquire(&shared->lock, 0) == 0 && errno == EDOM);
    CHECK(lock_release(&shared->lock) == 0 && errno == EDOM);
    close_shared();
}

static int try_as_child(void *unused)
{
    (void)unused;
    SHOW(lock_release(&shared->lock));
    SHOW(lock_acquire(&shared->lock, 0));
    SHOW(lock_acquire(&shared->other, 0));
    SHOW(lock_release(&shared->other));
    return 0;
}

/* The lock is its owner's, not the owner's child's. */
static void inherited(char **operands)
{
    struct process child;

    (void)operands;
    open_shared();
    SHOW(lock_acquire(&shared->lock, 0));
    start(&child, try_as_child, NULL);
    CHECK(end(&child) == 0);
    start_waiter(&child, &long_enough);
    SHOW(lock_acquire(&shared->lock, FOREVER));
    SHOW(lock_release(&shared->lock));
    CHECK(end(&child) == 0);
    SHOW(lock_acquire(&shared->lock, 0));
    close_shared();
}

static int count_up(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        CHECK(lock_acquire(&shared->lock, i % 2 == 0 ? FOREVER : LONG) == 0);
        shared->left++;
        CHECK(lock_release(&shared->lock) == 0);
    }
    return 0;
}

static void counted(char **operands)
{
    struct process processes[CROWD];

    (void)operands;
    open_shared();
    for (int i = 0; i < CROWD; i++)
        start(&processes[i], count_up, NULL);
    for (int i = 0; i < CROWD; i++)
        CHECK(end(&processes[i]) == 0);
    printf("%ld\n", shared->left);
    close_shared();
}

/* --- time ---- */

static void expect_timeout(struct lock *lock, double timeout)
{
    double before = seconds_now();

    CHECK(lock_acquire(lock, timeout) == -1 && errno == ETIMEDOUT);
    double took = seconds_now() - before;
    CHECK(took >= timeout && took < 5);
}

/* Whether the owner runs or is stopped. */
static void timeouts(char **operands)
{
    static const double lengths[] = {0, 0.001, 0.05, -1, -1e300};
    struct process owner, waiter;
    clock_t before = clock();

    (void)operands;
    open_shared();
    start_owner(&owner);
    start_waiter(&waiter, &forever);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        expect_timeout(&shared->lock, lengths[i]);
    CHECK(kill(owner.pid, SIGSTOP) == 0);
    expect_timeout(&shared->lock, 0.05);
    CHECK(clock() - before < CLOCKS_PER_SEC / 50); /* of 0.1 s: it sleeps */
    CHECK(process_is_alive(&waiter));
    CHECK(process_kill(&owner) == 0 && end(&owner) == -SIGKILL);
    CHECK(end(&waiter) == 1);
    printf("on time\n");
    close_shared();
}

static int own_until_continued(void *unused)
{
    (void)unused;
    CHECK(lock_acquire(&shared->lock, 0) == 0);
    raise(SIGSTOP);
    return lock_release(&shared->lock);
}

static void start_holder(struct process *process)
{
    int status;

    start(process, own_until_continued, NULL);
    CHECK(waitpid(process->pid, &status, WUNTRACED) == process->pid && WIFSTOPPED(status));
}

static void continue_holder(struct process *process)
{
    CHECK(kill(process->pid, SIGCONT) == 0);
    CHECK(end(process) == 0);
}

static int wait_long(void *unused)
{
    (void)unused;
    expect_timeout(&shared->other, 1.05);
    return 0;
}

/* Of two that wait, the first one is woken to take the lock, but another one is quicker, and it is
 * killed before it can wait again. The second one must not wait for ever. It looks again after a
 * second at the latest; a timeout is not over by that. */
static void woken_and_killed(char **operands)
{
    struct process holder, second, patient;

    (void)operands;
    open_shared();
    CHECK(lock_acquire(&shared->other, 0) == 0);
    start(&patient, wait_long, NULL);
    start_holder(&holder);
    pid_t first = start_and_stop_at_wake(acquire, &forever);
    start_waiter(&second, &forever);
    continue_holder(&holder);
    wait_until_woken(first);
    start_holder(&holder);
    kill_traced(first);
    continue_holder(&holder);
    if (process_join(&second, 8) == 0)
        printf("the second one gets it: %d\n", second.exit_code);
    else
        printf("the second one waits for ever, for a lock that is free\n");
    process_kill(&second);
    CHECK(end(&patient) == 0);
    close_shared();
}

/* --- the owner's death ---- */

static int leave(void *how)
{
    CHECK(lock_acquire(&shared->lock, 0) != -1);
    if (*(char *)how == 'k')
        raise(SIGKILL);
    if (*(char *)how == 'e')
        execlp("true", "true", (char *)NULL);
    return 0;
}

/* died killed|executes|returns: whoever gets the lock next is told, and nobody else. */
static void died(char **operands)
{
    enum { WAITERS = 3 };
    struct process owner, waiters[WAITERS];
    int told = 0;

    open_shared();
    for (int i = 0; i < 2; i++) { /* the second one is told, and dies as well */
        start(&owner, leave, operands[0]);
        CHECK(end(&owner) == (*operands[0] == 'k' ? -SIGKILL : 0));
    }
    for (int i = 0; i < 2; i++) {
        SHOW(lock_acquire(&shared->lock, 0));
        SHOW(lock_release(&shared->lock));
    }
    start_owner(&owner);
    for (int i = 0; i < WAITERS; i++)
        start_waiter(&waiters[i], i % 2 == 0 ? &forever : &long_enough);
    CHECK(process_kill(&owner) == 0 && end(&owner) == -SIGKILL);
    for (int i = 0; i < WAITERS; i++)
        told += end(&waiters[i]);
    printf("told: %d of %d\n", told, WAITERS);
    close_shared();
}

/* --- killed at any instant ---- */

/* Takes the lock, repairs what a dead owner has left, and changes both numbers. */
static int change(void *my_stage)
{
    atomic_int *stage = my_stage;

    *stage = BETWEEN;
    int result = lock_acquire(&shared->lock, FOREVER);
    CHECK(result != -1);
    shared->told += result;
    *stage = INSIDE;
    CHECK(result == 1 || shared->left == shared->right);
    shared->right = shared->left;
    shared->left++;
    for (volatile int i = 0; i < 100; i++) /* so that many die here */
        ;
    shared->right++;
    *stage = BETWEEN;
    CHECK(lock_release(&shared->lock) == 0);
    shared->rounds++;
    *stage = OUTSIDE;
    return 0;
}

static int change_often(void *stage)
{
    while (!shared->stop)
        change(stage);
    return 0;
}

/* stress KILLS SEED */
static void stress(char **operands)
{
    long kills = cli_number("KILLS", operands[0], 0, 1000000), inside = 0, perhaps = 0;
    struct process processes[CROWD];
    bool hangs = false;

    alarm(WATCHDOG + (unsigned)kills / 100);
    srand((unsigned)cli_number("SEED", operands[1], 0, INT_MAX));
    open_shared();
    for (int i = 0; i < CROWD; i++)
        start(&processes[i], change_often, &shared->stages[i]);
    for (long i = 0; i < kills; i++) {
        nap(random_fraction() * 0.002);
        int one = rand() % CROWD;
        CHECK(process_kill(&processes[one]) == 0 && end(&processes[one]) == -SIGKILL);
        inside += shared->stages[one] == INSIDE;
        perhaps += shared->stages[one] == BETWEEN;
        shared->stages[one] = OUTSIDE; /* the next one may be killed before it says where it is */
        start(&processes[one], change_often, &shared->stages[one]);
    }
    shared->stop = true;
    for (int i = 0; i < CROWD && !hangs; i++)
        hangs = process_join(&processes[i], 8) == -1 || processes[i].exit_code != 0;
    for (int i = 0; i < CROWD && hangs; i++)
        process_kill(&processes[i]);
    CHECK(!hangs);
    change(&shared->stages[0]); /* if the last one that was killed died inside, we are told */
    CHECK(shared->left == shared->right && shared->left >= shared->rounds);
    CHECK(shared->told >= inside && shared->told <= inside + perhaps);
    printf("%ld killed, each death inside told\n", kills);
    fprintf(stderr, "%ld rounds; died inside: %ld, perhaps: %ld; told: %ld\n", shared->rounds,
            inside, perhaps, shared->told);
    close_shared();
}

/* step STRIDE: of one that takes a free lock, and of one that takes a dead one's. */
static void step(char **operands)
{
    long stride = cli_number("STRIDE", operands[0], 1, 1000), most, steps;
    atomic_int *stage;
    struct process owner;

    alarm(20 * WATCHDOG);
    open_shared();
    stage = &shared->stages[0];
    for (int dead = 0; dead < 2; dead++) {
        most = 0;
        do {
            if (dead)
                start(&owner, leave, "killed");
            CHECK(!dead || end(&owner) == -SIGKILL);
            most += stride;
            long rounds = shared->rounds;
            *stage = OUTSIDE;
            steps = kill_after(most, change, stage);
            bool done = shared->rounds > rounds, perhaps = *stage == BETWEEN;
            long due = *stage == INSIDE || (dead && !done);
            shared->told = 0;
            change(stage);
            CHECK(shared->told == due || (perhaps && shared->told <= 1));
        } while (steps == most);
        fprintf(stderr, "%ld instructions\n", most);
    }
    CHECK(shared->left == shared->right);
    printf("killed at every step: the next one is told, if need be\n");
    close_shared();
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"errors", 0, errors},
                                                {"inherited", 0, inherited},
                                                {"counted", 0, counted},
                                                {"timeouts", 0, timeouts},
                                                {"woken_and_killed", 0, woken_and_killed},
                                                {"died", 1, died},
                                                {"stress", 2, stress},
                                                {"step", 1, step},
                                                {NULL, 0, NULL}};

    return drive(argc, argv, scenarios);
}
