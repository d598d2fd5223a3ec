#include "workers.h"

#include "clock.h"
#include "io.h"
#include "process.h"
#include "shm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LONGEST_SLEEP = 250, /* milliseconds */
    MOST_ATTEMPTS = 3    /* to get a worker through its initializer */
};

struct member {
    struct process process;
    struct worker worker; /* what the process is to do */
    struct workers *all;
    int parent_end; /* of its socketpair; -1: there is no such worker */
    double stopped; /* since when it is, by SIGSTOP; 0: it is not */
    bool overdue;   /* so we have killed it */
    int attempts;   /* that have ended in the initializer, one after the other */
};

struct workers {
    struct board *board;
    struct worker_options options;
    struct worker_status *statuses;
    bool given_up;   /* none of them could be initialized */
    double deserted; /* since when there is no worker, and none to be had; 0: there is */
    double checked;  /* when all were last looked at */
    struct pollfd *links;
    int count;
    struct member list[];
};

static int run_worker(void *argument)
{
    struct member *member = argument;

    /* As long as anybody has the parent's ends, nobody sees that the parent is gone. */
    for (int i = 0; i < member->all->count; i++)
        io_close(&member->all->list[i].parent_end);
    return worker_work(&member->worker);
}

static int start_worker(struct member *member)
{
    struct worker_status *status = member->worker.status;
    int ends[2];

    if (io_socketpair(SOCK_STREAM, ends) == -1)
        return -1;
    member->parent_end = ends[0];
    member->worker.end = ends[1];
    member->stopped = 0;
    member->overdue = false;
    member->process = (struct process){.run = run_worker, .argument = member};
    atomic_store(&status->asleep, false);
    atomic_store(&status->initialized, false);
    atomic_store(&status->error, 0);
    if (process_start(&member->process) == -1)
        io_close(&member->parent_end);
    io_close(&member->worker.end); /* so that its death is the end of the file for us */
    return member->parent_end == -1 ? -1 : 0;
}

/* Reaps a worker that has ended, or is about to; in bounded time, even if it is stopped. */
static void end_worker(struct member *member, double patience)
{
    io_close(&member->parent_end);
    if (process_join(&member->process, patience) == -1 && errno == ETIMEDOUT) {
        process_kill(&member->process);
        process_join(&member->process, FOREVER);
    }
}

/* The same, and its task, if it has one, is lost. */
static void bury(struct member *member, double patience)
{
    end_worker(member, patience);
    const struct process *process = &member->process;
    int error = member->overdue && process->exit_code == -SIGKILL ? ETIMEDOUT : EOWNERDEAD;
    board_lose(member->all->board, member->worker.index, error, process->pid, process->exit_code);
    member->attempts = atomic_load(&member->worker.status->initialized) ? 0 : member->attempts + 1;
}

/* Says whether the worker has ended, after it has heard its bells. A child of its own may hold its
 * end open: to `check`, or if that can't be heard, asks for the process itself, too. */
static bool has_ended(struct member *member, bool check)
{
    char bells[64];
    ssize_t heard = recv(member->parent_end, bells, sizeof bells, MSG_DONTWAIT);
    bool deaf = heard == -1 && errno != EAGAIN;

    return heard == 0 || ((check || deaf) && !process_is_alive(&member->process));
}

/* Says whether the worker has been stopped for longer than a task may take. One that has no task
 * would not be seen otherwise, and would never hear that there is one. */
static bool is_stopped_for_good(struct member *member)
{
    siginfo_t information = {0}; /* WNOWAIT: it is only looked at */

    waitid(P_PID, (id_t)member->process.pid, &information, WSTOPPED | WNOHANG | WNOWAIT);
    if (information.si_pid == 0)
        member->stopped = 0;
    else if (member->stopped == 0)
        member->stopped = seconds_now();
    return member->stopped != 0 &&
           seconds_now() - member->stopped >= member->all->options.time_limit;
}

/* It may have died by itself long ago, while nobody waited here: then that is what we report. */
static void kill_if_alive(struct member *member)
{
    member->overdue = process_is_alive(&member->process);
    if (member->overdue)
        process_kill(&member->process);
}

/* Kills those that have had a task for too long. Returns when there will be another one; 0: there
 * was one, so something is finished. */
static double kill_overdue(struct workers *workers)
{
    double next = FOREVER;
    bool found = false;
    int index;

    if (workers->options.time_limit == 0)
        return next;
    while ((index = board_overdue(workers->board, workers->options.time_limit, &next)) != -1) {
        kill_if_alive(&workers->list[index]);
        bury(&workers->list[index], FOREVER);
        found = true;
    }
    return found ? 0 : next;
}

/* Starts those that are missing. Says whether it has started one. When there is none, and none to
 * be had, nobody will ever do the tasks. */
static bool replace_missing(struct workers *workers)
{
    int missing = 0, hopeless = 0, error = EOWNERDEAD;
    bool replaced = false;
    const struct member *last = workers->list; /* that could not be initialized */

    for (int i = 0; i < workers->count; i++) {
        struct member *member = &workers->list[i];
        if (member->parent_end != -1)
            continue;
        if (member->attempts >= MOST_ATTEMPTS && workers->options.initializer != NULL) {
            last = member;
            hopeless++;
        } else if (start_worker(member) == -1) { /* tried again when we next come here */
            error = errno;
            missing++;
        } else {
            replaced = true;
        }
    }
    workers->given_up = hopeless == workers->count;
    if (workers->given_up) {
        int own = atomic_load(&last->worker.status->error);
        board_lose_all(workers->board, own == 0 ? EOWNERDEAD : own, last->process.pid,
                       last->process.exit_code);
    } else if (missing + hopeless < workers->count) {
        workers->deserted = 0;
    } else if (workers->deserted == 0) { /* the system may soon have room again */
        workers->deserted = seconds_now();
    } else if (seconds_now() - workers->deserted > 2) {
        board_lose_all(workers->board, error, 0, 0);
    }
    return replaced;
}

void workers_wake(struct workers *workers, int count)
{
    for (int i = 0; i < workers->count && count > 0; i++) {
        atomic_bool *asleep = &workers->list[i].worker.status->asleep;
        if (atomic_load(asleep) && atomic_exchange(asleep, false)) {
            if (send(workers->list[i].parent_end, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
                count--; /* else it is dead, or the system short of memory: another one */
            else
                atomic_store(asleep, true);
        }
    }
}

void workers_look_after(struct workers *workers, int milliseconds)
{
    int sleep = milliseconds_until(kill_overdue(workers));

    if (sleep == -1 || sleep > LONGEST_SLEEP)
        sleep = LONGEST_SLEEP;
    if (workers->given_up) /* nobody will wake us */
        sleep = 0;
    if (milliseconds != -1 && sleep > milliseconds)
        sleep = milliseconds;
    for (int i = 0; i < workers->count; i++)
        workers->links[i] = (struct pollfd){.fd = workers->list[i].parent_end, .events = POLLIN};
    int heard = poll(workers->links, (nfds_t)workers->count, sleep);
    /* A death or a bell that nobody has heard is found all the same, a little later. */
    bool check = heard <= 0 || seconds_now() - workers->checked > LONGEST_SLEEP / 1e3;
    if (check)
        workers->checked = seconds_now();
    kill_overdue(workers); /* first, as a stopped one may have a task, which is overdue then */
    for (int i = 0; i < workers->count; i++) {
        struct member *member = &workers->list[i];
        if (member->parent_end == -1)
            continue;
        if (check && workers->options.time_limit > 0 && is_stopped_for_good(member))
            kill_if_alive(member);
        if ((check || workers->links[i].revents != 0) && has_ended(member, check))
            bury(member, 1.0);
    }
    if (replace_missing(workers) || check)
        workers_wake(workers, workers->count);
}

static void free_workers(struct workers *workers)
{
    shared_unmap(workers->statuses, (size_t)workers->count * sizeof *workers->statuses);
    free(workers->links);
    free(workers);
}

struct workers *workers_open(struct board *board, int count, const struct worker_options *options)
{
    if (count < 1 || count > SLOT_MOST_WORKERS || options->tasks_per_worker < 0 ||
        !(options->time_limit >= 0)) {
        errno = EINVAL;
        return NULL;
    }
    struct workers *workers = calloc(1, sizeof *workers + (size_t)count * sizeof *workers->list);
    if (workers == NULL)
        return NULL;
    workers->board = board;
    workers->options = *options;
    workers->count = count;
    workers->links = calloc((size_t)count, sizeof *workers->links);
    workers->statuses = shared_map((size_t)count * sizeof *workers->statuses);
    bool failed = workers->links == NULL || workers->statuses == NULL;
    for (int i = 0; i < count; i++)
        workers->list[i] = (struct member){.worker = {.slots = board_slots(board),
                                                      .options = &workers->options,
                                                      .status = &workers->statuses[i],
                                                      .index = i,
                                                      .parent = getpid()},
                                           .all = workers,
                                           .parent_end = -1};
    for (int i = 0; i < count && !failed; i++)
        failed = start_worker(&workers->list[i]) == -1;
    if (failed) {
        int error = errno;
        workers_terminate(workers);
        errno = error;
        return NULL;
    }
    return workers;
}

int workers_join(struct workers *workers)
{
    bool output_lost = false;

    /* To all, before we wait for the first. shutdown, since the end of the file must come even if
     * some other child of ours has a copy of that descriptor. */
    for (int i = 0; i < workers->count; i++)
        shutdown(workers->list[i].parent_end, SHUT_RDWR);
    double deadline = seconds_now() + 5; /* for them all, however many are stopped */
    for (int i = 0; i < workers->count; i++) {
        struct member *member = &workers->list[i];
        if (member->parent_end != -1)
            bury(member, deadline - seconds_now());
        output_lost = output_lost || atomic_load(&member->worker.status->output_lost);
    }
    free_workers(workers);
    if (output_lost)
        errno = EIO;
    return output_lost ? -1 : 0;
}

void workers_terminate(struct workers *workers)
{
    for (int i = 0; i < workers->count; i++)
        process_kill(&workers->list[i].process);
    for (int i = 0; i < workers->count; i++)
        end_worker(&workers->list[i], FOREVER);
    free_workers(workers);
}
