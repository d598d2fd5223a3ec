/* What is posted to the board and collected from it, and when the parent sleeps in between. */
#include "pool.h"

#include "beyond.h"
#include "board.h"
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOKS = 2000, /* for a result, before the parent sleeps */
    BATCH = 256   /* tasks of a map that are posted at a time */
};

struct pool {
    struct board *board;
    struct workers *workers;
    size_t argument_size;
    int worker_count;
    bool closed;
    unsigned long waits; /* begun so far */
};

struct pool *pool_open(const struct pool_options *options)
{
    int workers = options->workers != 0                     ? options->workers
                  : beyond_processors() < SLOT_MOST_WORKERS ? beyond_processors()
                                                            : SLOT_MOST_WORKERS;
    struct pool *pool = calloc(1, sizeof *pool);

    if (pool == NULL)
        return NULL;
    pool->argument_size = options->argument_size;
    pool->worker_count = workers;
    pool->board = board_open(options->slots, options->argument_size, options->result_size);
    if (pool->board != NULL)
        pool->workers = workers_open(pool->board, workers, &options->worker);
    if (pool->workers == NULL) {
        int error = errno;
        board_close(pool->board);
        free(pool);
        errno = error;
        return NULL;
    }
    return pool;
}

/* Says whether that task is finished; TICKET_ANY: whether any is, and has been delivered just now.
 */
static bool has_come(struct pool *pool, unsigned long ticket)
{
    struct board *board = pool->board;
    bool any = false;

    /* Callbacks are called as the tasks finish, whatever it is that we wait for. */
    if (ticket == TICKET_ANY || board_callbacks(board) > 0)
        any = board_deliver_all(board) > 0;
    return ticket == TICKET_ANY ? any : board_is_finished(board, ticket);
}

static int wait_for(struct pool *pool, unsigned long ticket, double deadline)
{
    struct board *board = pool->board;
    int milliseconds = -1;

    if (has_come(pool, ticket))
        return 0;
    for (int look = 0; look < LOOKS; look++)
        if (ticket != TICKET_ANY && board_is_finished(board, ticket))
            return 0;
    while (true) {
        unsigned long wait = ++pool->waits;
        board_want(board, board_callbacks(board) > 0 ? TICKET_ANY : ticket);
        if (has_come(pool, ticket))
            return 0;
        if (milliseconds == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (pool->waits != wait)
            continue; /* a callback has waited, and so wanted something else */
        milliseconds = milliseconds_until(deadline); /* 0: look once, do not wait */
        workers_look_after(pool->workers, milliseconds);
    }
}

/* Frees slots. Sleeps until half of the tasks are done: then the workers have enough to do while we
 * post more. */
static void make_room(struct pool *pool)
{
    struct board *board = pool->board;
    unsigned long oldest = board_oldest(board);

    wait_for(pool, oldest + (board_posted(board) - oldest) / 2, FOREVER);
    wait_for(pool, oldest, FOREVER);
    board_collect(board);
}

static void collect_all(struct pool *pool)
{
    struct board *board = pool->board;

    while (board_oldest(board) != board_posted(board)) {
        unsigned long oldest = board_oldest(board); /* a callback may move on */
        /* The newest one first, so that we are not woken by each of them in turn. */
        wait_for(pool, board_posted(board) - 1, FOREVER);
        wait_for(pool, oldest, FOREVER);
        board_collect(board);
    }
}

static int post(struct pool *pool, task_function *function, const void *arguments, size_t count,
                size_t chunk, struct task_result *results)
{
    if (pool->closed) {
        errno = EPIPE;
        return -1;
    }
    while (board_room(pool->board) < count)
        make_room(pool);
    board_post(pool->board, function, arguments, count, chunk, results);
    workers_wake(pool->workers, count > chunk ? pool->worker_count : 1);
    return 0;
}

int pool_apply_async(struct pool *pool, task_function *function, const void *argument,
                     struct task_result *result)
{
    return post(pool, function, argument, 1, 1, result);
}

int pool_wait(struct pool *pool, struct task_result *result, double timeout)
{
    double deadline = deadline_after(timeout);

    while (!result->ready) {
        if (!slot_is_before(result->ticket, board_posted(pool->board))) {
            errno = EINVAL;
            return -1;
        }
        if (wait_for(pool, result->ticket, deadline) == -1)
            return -1;
        /* A callback may have posted it anew: then the new one is waited for. */
        if (board_is_finished(pool->board, result->ticket) &&
            !board_deliver(pool->board, result->ticket) && !result->ready) {
            errno = EINVAL;
            return -1;
        }
    }
    return 0;
}

int pool_get(struct pool *pool, struct task_result *result, double timeout)
{
    if (pool_wait(pool, result, timeout) == -1)
        return -1;
    if (result->error == 0)
        return 0;
    errno = result->error;
    return -1;
}

const char *pool_failure(const struct task_result *result, char *text, size_t room)
{
    long pid = (long)result->pid;

    if (result->error == ETIMEDOUT && result->exit_code == -SIGKILL)
        snprintf(text, room, "process %ld took longer than the time limit", pid);
    else if (result->error != EOWNERDEAD)
        snprintf(text, room, "%s", strerror(result->error));
    else if (result->exit_code < 0)
        snprintf(text, room, "process %ld was killed by signal %d", pid, -result->exit_code);
    else
        snprintf(text, room, "process %ld ended with exit code %d", pid, result->exit_code);
    return text;
}

long pool_map(struct pool *pool, task_function *function, const void *arguments, size_t count,
              size_t chunk, struct task_result *results)
{
    const unsigned char *argument = arguments;
    size_t workers = (size_t)pool->worker_count,
           most = board_slots(pool->board)->count / 2 / workers;
    long errors = 0;

    if (pool->closed) {
        errno = EPIPE;
        return -1;
    }
    if (chunk == 0)
        chunk = (count - 1) / (4 * workers) + 1; /* of 0 it is the most, which is well */
    if (chunk > most)                            /* else some would have nothing to do */
        chunk = most > 0 ? most : 1;
    /* Many at once: it costs when the workers read what we are just writing. */
    size_t batch = chunk >= BATCH ? chunk : BATCH / chunk * chunk;
    if (batch > most)
        batch = chunk;
    for (size_t i = 0, size; i < count; i += size) {
        size = batch < count - i ? batch : count - i;
        if (post(pool, function, argument + i * pool->argument_size, size, chunk, results + i) ==
            -1)
            return -1;
    }
    /* The last one first, so that we are not woken by each of them in turn. */
    for (size_t i = count; i-- > 0;) {
        if (pool_wait(pool, &results[i], FOREVER) == -1)
            return -1;
        errors += results[i].error != 0;
    }
    board_collect(pool->board);
    return errors;
}

/* Posts as many as there is room for, and at least one, so that there is something to wait for. */
static int post_more(struct pool *pool, struct pool_imap *imap, double deadline)
{
    const unsigned char *arguments = imap->arguments;
    struct board *board = pool->board;

    while (imap->posted < imap->count) {
        board_collect(board);
        if (board_room(board) == 0) {
            if (imap->posted > imap->given)
                return 0;
            if (wait_for(pool, board_oldest(board), deadline) == -1)
                return -1;
            continue;
        }
        struct task_result *result = &imap->results[imap->posted];
        result->list = imap->unordered ? &imap->finished : NULL;
        if (pool_apply_async(pool, imap->function, arguments + imap->posted * pool->argument_size,
                             result) == -1)
            return -1;
        imap->posted++;
    }
    return 0;
}

ssize_t pool_imap_next(struct pool *pool, struct pool_imap *imap, double timeout)
{
    double deadline = deadline_after(timeout);
    struct task_result *result = &imap->results[imap->given];

    if (imap->given == imap->count)
        return (ssize_t)imap->count;
    if (post_more(pool, imap, deadline) == -1 && imap->posted == imap->given)
        return -1; /* else those that are posted still come */
    if (imap->unordered) {
        while ((result = result_take(&imap->finished)) == NULL)
            if (wait_for(pool, TICKET_ANY, deadline) == -1)
                return -1;
        result->list = NULL;
    } else if (pool_wait(pool, result, seconds_until(deadline)) == -1) {
        return -1;
    }
    imap->given++;
    return result - imap->results;
}

void pool_close(struct pool *pool)
{
    pool->closed = true;
}

static void free_pool(struct pool *pool)
{
    board_close(pool->board);
    free(pool);
}

int pool_join(struct pool *pool)
{
    pool_close(pool);
    collect_all(pool);
    int result = workers_join(pool->workers);
    int error = errno;
    free_pool(pool);
    errno = error;
    return result;
}

void pool_terminate(struct pool *pool)
{
    if (pool == NULL)
        return;
    workers_terminate(pool->workers);
    free_pool(pool);
}
