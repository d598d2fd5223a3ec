/* lock: processes raise one shared number, with a lock and without.
 *
 * usage: lock [-b | -k]
 *   -b   the bug: no lock; each time, all read the same number before one of them writes
 *   -k   the first process to have the lock is killed while it has it
 *
 * Notice: to raise a number is to read it, to add, and to write it, and others may come in between.
 * With -b they always do: of four raises three are lost. With -k the next owner is told.
 */
#include "lock.h"
#include "barrier.h"
#include "cli.h"
#include "process.h"
#include "shm.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: lock [-b | -k]\n"
    "  Four processes raise one shared number, 1000 times each, one at a time.\n"
    "  -b   the bug: no lock; each time, all read the same number before one of them writes\n"
    "  -k   the first process to have the lock is killed while it has it\n";

enum { PROCESSES = 4, TIMES = 1000 };

struct shared {
    struct lock lock;
    long total; /* what the lock guards */
};
static struct shared *shared;
static struct counter *raised; /* how often it has been raised: what the total should be */
static struct barrier meeting;
static bool locked = true, kill_first;

static void acquire(void)
{
    int answer = lock_acquire(&shared->lock, FOREVER);
    if (answer == -1)
        die("acquire the lock");
    if (answer == 1) { /* it is ours, but what its last owner was doing may be half done */
        long should = counter_add(raised, 0);
        say("Process (%ld): the last owner died, the total lacks %ld. Repaired.", (long)getpid(),
            should - shared->total);
        shared->total = should;
    }
}

static int raise_total(void *unused)
{
    (void)unused;
    for (int i = 0; i < TIMES; i++) {
        if (locked)
            acquire();
        long turn = counter_add(raised, 1);
        long number = shared->total; /* read it ... */
        if (kill_first && turn == 1) {
            if (say("Process (%ld) has the lock, and is killed.", (long)getpid()) == -1)
                die("write standard output"); /* the dead can't say that their lines got lost */
            kill(getpid(), SIGKILL);          /* nothing in this process can release the lock now */
        }
        if (locked)
            sched_yield(); /* others may run now: they get as far as acquire */
        else if (barrier_wait(&meeting, FOREVER) == -1) /* all have read; now all write the same */
            die("wait for the others");
        shared->total = number + 1; /* ... and write it */
        if (locked && lock_release(&shared->lock) == -1)
            die("release the lock");
    }
    say("Process (%ld) is done.", (long)getpid());
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int option = cli_option(argc, argv, "bk", usage);
    if (option != -1 && cli_option(argc, argv, "bk", usage) != -1)
        bad_usage("expected one of -b and -k, once");
    cli_operands(argc, argv, 0, 0);
    locked = option != 'b';
    kill_first = option == 'k';

    shared = shared_map(sizeof *shared);
    raised = counter_open(0);
    if (shared == NULL || raised == NULL || lock_init(&shared->lock) == -1 ||
        barrier_open(&meeting, PROCESSES) == -1)
        die("make a lock, a barrier and numbers to share");

    struct process processes[PROCESSES], *all[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        all[i] = &processes[i];
        *all[i] = (struct process){.run = raise_total, .daemon = true};
        if (process_start(all[i]) == -1)
            die("start process %d", i + 1);
    }
    int status = EXIT_SUCCESS, victims = kill_first ? 1 : 0;
    for (int left = PROCESSES; left > 0; left--) {
        ssize_t i = process_join_any(all, PROCESSES, FOREVER);
        if (i == -1)
            die("join the processes");
        if (all[i]->exit_code == 0 || (all[i]->exit_code == -SIGKILL && victims-- > 0))
            continue;
        complain("process %ld ended with exit code %d", (long)all[i]->pid, all[i]->exit_code);
        barrier_abort(&meeting); /* else the others wait there for one that never comes */
        status = EXIT_FAILURE;
    }

    acquire(); /* the last owner may be the one that died */
    long should = counter_add(raised, 0);
    say("Raised %ld times, total %ld, lost %ld.", should, shared->total, should - shared->total);
    if (locked && shared->total != should)
        status = EXIT_FAILURE;
    barrier_close(&meeting);
    return cli_end(status);
}
