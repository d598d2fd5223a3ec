/* The parent and each worker share a socketpair. A byte wakes the other one up; the end of the file
 * says that it is dead. Before it sleeps, each says so in shared memory and then looks once more.
 */
#include "pool.h"

#include "beyond.h"
#include "io.h"
#include "process.h"
#include "shm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_SLOTS = 1024, MOST_WORKERS = 1024, LONGEST_SLEEP = 250 /* milliseconds */ };

struct worker {
    struct process process;
    struct pool *pool;
    int index;
    int parent_end, worker_end; /* of the socketpair; -1: closed. Without parent_end: no worker */
};

struct pool {
    struct board *board;
    atomic_bool *asleep; /* shared: for each worker, whether it waits for a byte */
    size_t argument_size;
    pid_t parent;
    bool closed;
    double deserted; /* since when there is no worker, and none to be had; 0: there is */
    struct pollfd *links;
    int worker_count;
    struct worker workers[];
};

/* ---- the worker ---- */

static int work(void *argument)
{
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    atomic_bool *asleep = &pool->asleep[worker->index];
    struct task *task;
    char bell;

    /* Where the kernel does not end us with our parent, Ctrl-C must. */
    if (beyond_end_with_parent(pool->parent) == 0)
        signal(SIGINT, SIG_IGN);
    /* As long as anybody has the parent's ends, nobody sees that the parent is gone. */
    for (int i = 0; i < pool->worker_count; i++)
        io_close(&pool->workers[i].parent_end);

    for (;;) {
        while ((task = board_take(pool->board, worker->index)) != NULL)
            if (board_do(pool->board, task))
                send(worker->worker_end, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        atomic_store(asleep, true);
        if (board_has_tasks(pool->board)) { /* posted before the parent could see that we sleep */
            atomic_store(asleep, false);
            continue;
        }
        if (io_read(worker->worker_end, &bell, 1) != 1)
            return 0; /* the parent has closed its end, or is gone */
        /* The byte may be one that came too late, which nobody took our mark for. */
        atomic_store(asleep, false);
    }
}

/* ---- the parent ---- */

static int start_worker(struct worker *worker)
{
    int ends[2];

    if (io_socketpair(SOCK_STREAM, ends) == -1)
        return -1;
    worker->parent_end = ends[0];
    worker->worker_end = ends[1];
    worker->process = (struct process){.run = work, .argument = worker};
    atomic_store(&worker->pool->asleep[worker->index], false);
    if (process_start(&worker->process) == -1)
        io_close(&worker->parent_end);
    io_close(&worker->worker_end); /* so that its death is the end of the file for us */
    return worker->parent_end == -1 ? -1 : 0;
}

/* Reaps a worker that has ended, or is about to; in bounded time, even if it is stopped. */
static void end_worker(struct worker *worker, double patience)
{
    io_close(&worker->parent_end);
    if (process_join(&worker->process, patience) == -1 && errno == ETIMEDOUT) {
        process_kill(&worker->process);
        process_join(&worker->process, FOREVER);
    }
}

static void wake_workers(struct pool *pool, int count)
{
    for (int i = 0; i < pool->worker_count && count > 0; i++) {
        atomic_bool *asleep = &pool->asleep[i];
        if (atomic_load(asleep) && atomic_exchange(asleep, false)) {
            if (send(pool->workers[i].parent_end, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
                count--; /* else it is dead, or the system short of memory: another one */
            else
                atomic_store(asleep, true);
        }
    }
}

/* Hears the bells, and replaces the workers that have ended. When none has for a while (`recheck`),
 * or one has ended, shows the others what a worker may have walked past, and whom a bell missed. */
static void look_after_workers(struct pool *pool, bool recheck)
{
    int missing = 0, error = 0;

    for (int i = 0; i < pool->worker_count; i++) {
        struct worker *worker = &pool->workers[i];
        char bells[64];
        if (worker->parent_end != -1) {
            ssize_t heard;
            while ((heard = recv(worker->parent_end, bells, sizeof bells, MSG_DONTWAIT)) > 0)
                ;
            /* A child of its own may hold its end open; so ask for the process itself, too. */
            if (heard == -1 && process_is_alive(&worker->process))
                continue;
            end_worker(worker, 1.0);
            board_lose(pool->board, i, EOWNERDEAD, worker->process.pid, worker->process.exit_code);
            worker->process = (struct process){0};
            recheck = true;
        }
        if (start_worker(worker) == -1) { /* tried again when we next come here */
            error = errno;
            missing++;
        }
    }
    if (missing < pool->worker_count)
        pool->deserted = 0;
    else if (pool->deserted == 0) /* the system may soon have room again */
        pool->deserted = seconds_now();
    else if (seconds_now() - pool->deserted > 2)
        board_lose(pool->board, NOBODY, error, 0, 0); /* nobody will ever do them */
    if (recheck) {
        board_rewind(pool->board);
        if (board_has_tasks(pool->board))
            wake_workers(pool, pool->worker_count);
    }
}

static int wait_until_finished(struct pool *pool, unsigned long ticket, double deadline)
{
    int milliseconds = -1;

    while (!board_is_finished(pool->board, ticket)) {
        if (milliseconds == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        milliseconds = milliseconds_until(deadline); /* 0: look once, do not wait */
        if (milliseconds == -1 || milliseconds > LONGEST_SLEEP)
            milliseconds = LONGEST_SLEEP;
        for (int i = 0; i < pool->worker_count; i++)
            pool->links[i] = (struct pollfd){.fd = pool->workers[i].parent_end, .events = POLLIN};
        int heard = poll(pool->links, (nfds_t)pool->worker_count, milliseconds);
        look_after_workers(pool, heard == 0);
    }
    return 0;
}

static void collect_all(struct pool *pool)
{
    struct board *board = pool->board;

    while (board_oldest(board) != board_posted(board)) {
        /* The newest one first, so that we are not woken by each of them in turn. */
        wait_until_finished(pool, board_posted(board) - 1, FOREVER);
        wait_until_finished(pool, board_oldest(board), FOREVER);
        board_collect(board);
    }
}

static void free_pool(struct pool *pool)
{
    board_close(pool->board);
    shared_unmap(pool->asleep, (size_t)pool->worker_count * sizeof *pool->asleep);
    free(pool->links);
    free(pool);
}

struct pool *pool_open(const struct pool_options *options)
{
    int workers = options->workers == 0 ? beyond_processors() : options->workers;
    size_t slots = options->slots == 0 ? DEFAULT_SLOTS : options->slots;

    if (workers < 1 || workers > MOST_WORKERS) {
        errno = EINVAL;
        return NULL;
    }
    struct pool *pool = calloc(1, sizeof *pool + (size_t)workers * sizeof *pool->workers);
    if (pool == NULL)
        return NULL;
    pool->parent = getpid();
    pool->worker_count = workers;
    pool->argument_size = options->argument_size;
    for (int i = 0; i < workers; i++)
        pool->workers[i] =
            (struct worker){.pool = pool, .index = i, .parent_end = -1, .worker_end = -1};
    pool->links = calloc((size_t)workers, sizeof *pool->links);
    pool->asleep = shared_map((size_t)workers * sizeof *pool->asleep);
    pool->board = board_open(slots, options->argument_size, options->result_size);
    bool failed = pool->links == NULL || pool->asleep == NULL || pool->board == NULL;
    for (int i = 0; i < workers && !failed; i++)
        failed = start_worker(&pool->workers[i]) == -1;
    if (failed) {
        int error = errno;
        pool_terminate(pool);
        errno = error;
        return NULL;
    }
    return pool;
}

int pool_apply_async(struct pool *pool, task_function *function, const void *argument,
                     struct task_result *result)
{
    struct board *board = pool->board;

    if (pool->closed) {
        errno = EPIPE;
        return -1;
    }
    if (board_is_full(board)) {
        /* Sleep until half of it is done: then the workers need not wait while we post more. */
        unsigned long oldest = board_oldest(board);
        wait_until_finished(pool, oldest + (board_posted(board) - oldest) / 2, FOREVER);
        wait_until_finished(pool, oldest, FOREVER);
        board_collect(board);
    }
    board_post(board, function, argument, result);
    wake_workers(pool, 1);
    return 0;
}

int pool_wait(struct pool *pool, struct task_result *result, double timeout)
{
    if (result->ready)
        return 0;
    if (wait_until_finished(pool, result->ticket, seconds_now() + timeout) == -1)
        return -1;
    board_deliver(pool->board, result->ticket);
    return 0;
}

long pool_map(struct pool *pool, task_function *function, const void *arguments, size_t count,
              struct task_result *results)
{
    const unsigned char *argument = arguments;
    long errors = 0;

    for (size_t i = 0; i < count; i++)
        if (pool_apply_async(pool, function, argument + i * pool->argument_size, &results[i]) == -1)
            return -1;
    collect_all(pool);
    for (size_t i = 0; i < count; i++)
        errors += results[i].error != 0;
    return errors;
}

void pool_close(struct pool *pool)
{
    pool->closed = true;
}

int pool_join(struct pool *pool)
{
    bool output_lost = false;

    pool_close(pool);
    collect_all(pool);
    /* To all, before we wait for the first. shutdown, since the end of the file must come even if
     * some other child of ours has a copy of that descriptor. */
    for (int i = 0; i < pool->worker_count; i++)
        shutdown(pool->workers[i].parent_end, SHUT_RDWR);
    double deadline = seconds_now() + 5; /* for them all, however many are stopped */
    for (int i = 0; i < pool->worker_count; i++) {
        end_worker(&pool->workers[i], deadline - seconds_now());
        output_lost = output_lost || pool->workers[i].process.exit_code > 0;
    }
    free_pool(pool);
    if (output_lost)
        errno = EIO;
    return output_lost ? -1 : 0;
}

void pool_terminate(struct pool *pool)
{
    if (pool == NULL)
        return;
    for (int i = 0; i < pool->worker_count; i++)
        process_kill(&pool->workers[i].process);
    for (int i = 0; i < pool->worker_count; i++)
        end_worker(&pool->workers[i], FOREVER);
    free_pool(pool);
}
