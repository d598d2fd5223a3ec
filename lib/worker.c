/* A worker walks along the ring by itself, and takes what is READY by changing that to
 * RUNNING by *this* worker, in one atomic step: whenever it dies, its parent can read which
 * task it had. There is no counter that all workers would have to change, so they hardly disturb
 * each other.
 *
 * A chunk is a READY head and its MEMBERs. Who takes the head has them all. Before it finishes
 * one, it marks the next one as its own, so at any moment its place in the chunk can be read. */
#include "worker.h"

#include "beyond.h"
#include "cli.h"
#include "clock.h"
#include "io.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOKS = 2000 }; /* for a task, before it sleeps: the next one often comes at once */

void worker_begin(struct worker *worker)
{
    worker->pid = getpid();
    worker->rewinds = atomic_load(&worker->slots->counts->rewinds);
    worker->next = worker->posted = atomic_load(&worker->slots->counts->oldest);
    worker->left = 0;
}

/* Says whether there may be a task to take. */
static bool has_tasks(const struct worker *worker)
{
    const struct slot_counts *counts = worker->slots->counts;

    return slot_is_before(worker->next, atomic_load(&counts->posted)) ||
           worker->rewinds != atomic_load(&counts->rewinds) || worker->left > 0;
}

bool worker_take(struct worker *worker)
{
    struct slot_counts *counts = worker->slots->counts;

    if (worker->left > 0) { /* it is marked as ours already */
        worker->left--;
        worker->next++;
        return true;
    }
    unsigned long rewinds = atomic_load(&counts->rewinds);
    if (rewinds != worker->rewinds) { /* something that we have walked past is READY again */
        worker->rewinds = rewinds;
        worker->next = atomic_load(&counts->oldest);
    }
    for (;;) {
        unsigned long ticket = worker->next;
        if (!slot_is_before(ticket, worker->posted)) {
            worker->posted = atomic_load(&counts->posted);
            if (!slot_is_before(ticket, worker->posted))
                return false;
        }
        struct slot *slot = slot_at(worker->slots, ticket);
        size_t span = atomic_load(&slot->span); /* before the state, which says whose it is */
        unsigned long long state = atomic_load(&slot->state);
        if (state == slot_state(ticket, SLOT_READY) &&
            atomic_compare_exchange_strong(&slot->state, &state,
                                           slot_state(ticket, SLOT_RUNNING + worker->index))) {
            worker->left = atomic_load(&slot->span) - 1; /* a member may have become a head */
            worker->next = ticket + 1;
            return true;
        }
        if (state == slot_state(ticket, slot_code(state)))
            worker->next = ticket + span; /* somebody has, or had, this chunk */
        else
            worker->next = atomic_load(&counts->oldest); /* we were away for a whole lap */
    }
}

/* Returns 0, or the errno with which something that was printed has failed. Says so the first time,
 * as process does at the end. */
static int check_output(struct worker *worker)
{
    if (say_end() == 0)
        return 0;
    int error = errno;
    if (!atomic_exchange(&worker->status->output_lost, true))
        complain("write standard output: %s", strerror(error));
    say_start(); /* the next task answers for its own only */
    return error;
}

int worker_do(struct worker *worker)
{
    const struct slots *slots = worker->slots;
    unsigned long ticket = worker->next - 1;
    struct slot *slot = slot_at(slots, ticket);
    void *result = slot_result(slots, slot);
    int ours = SLOT_RUNNING + worker->index;
    unsigned long long state = slot_state(ticket, ours);

    if (worker->options->time_limit > 0)
        atomic_store(&slot->begun, (long long)(seconds_now() * 1e6));
    slot->pid = worker->pid;
    memset(result, 0, slots->result_size);
    slot->error = slot->function(slot_argument(slot), result);
    int lost =
        check_output(worker); /* what it has printed is part of it: not done before it is out */
    if (slot->error == 0)
        slot->error = lost;
    if (worker->left > 0)
        atomic_store(&slot_at(slots, ticket + 1)->state, slot_state(ticket + 1, ours));
    /* From here on the slot is the parent's; or it was so already, as we have taken too long. */
    if (!atomic_compare_exchange_strong(&slot->state, &state, slot_state(ticket, SLOT_DONE)))
        return -1;
    unsigned long wanted = atomic_load(&slots->counts->wanted);
    return (wanted == ticket || wanted == TICKET_ANY) &&
           atomic_compare_exchange_strong(&slots->counts->wanted, &wanted, TICKET_NONE);
}

/* Where the kernel does not end us with our parent, Ctrl-C must. Blocked, not ignored: programs
 * that a task runs would inherit that. */
static void live_as_long_as(pid_t parent)
{
    sigset_t interrupt;

    if (beyond_end_with_parent(parent, SIGKILL) == -1)
        return;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, NULL);
}

static bool next_task(struct worker *worker)
{
    for (int look = 0; look < LOOKS; look++)
        if (has_tasks(worker) && worker_take(worker))
            return true;
    return false;
}

int worker_work(struct worker *worker)
{
    const struct worker_options *options = worker->options;
    struct worker_status *status = worker->status;
    int woken = 0;
    char bell;

    live_as_long_as(worker->parent);
    worker_begin(worker);
    if (options->initializer != NULL) {
        int error = options->initializer(options->initializer_argument);
        atomic_store(&status->error, error);
        check_output(worker);
        if (error != 0)
            return 1;
    }
    atomic_store(&status->initialized, true);
    for (long done = 0; woken != -1;) {
        if (done >= options->tasks_per_worker && options->tasks_per_worker > 0 && worker->left == 0)
            return 0;
        if (next_task(worker)) {
            woken = worker_do(worker);
            if (woken == 1) /* if its buffer is full, the parent hears us all the same */
                (void)send(worker->end, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
            done++;
            continue;
        }
        /* First we say that we sleep, then we look once more: a task may have been posted by a
         * parent that could not see it yet. */
        atomic_store(&status->asleep, true);
        if (!has_tasks(worker) && io_read(worker->end, &bell, 1) != 1)
            return 0; /* the parent has closed its end, or is gone */
        /* The byte may be one that came too late, which nobody took our mark for. */
        atomic_store(&status->asleep, false);
    }
    while (io_read(worker->end, &bell, 1) == 1) /* the parent is about to kill us */
        ;
    return 0;
}
