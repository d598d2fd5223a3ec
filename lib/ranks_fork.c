/* The ranks are children of the process that calls ranks_run, which watches over them. What they
 * say to each other goes over links; what they do all together is in collective. */
#include "ranks.h"

#ifndef RANKS_MPI

#include "cli.h"
#include "collective.h"
#include "io.h"
#include "links.h"
#include "process.h"
#include "ranks_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One of the run's ranks, as its parent has it. */
struct rank {
    int number;
    char name[16];
    struct process process;
};

/* The run, of which there is only one. In a rank, a copy of the parent's. */
static struct {
    int rank, count; /* of the calling process; count is 0 outside of a rank */
    struct links links;
    int ranks; /* how many the parent has */
    struct rank *all;
    struct process **processes; /* theirs, ... */
    bool *ended;                /* ... and which have ended well */
    int gate[2];                /* a pipe: its end of file lets the ranks begin */
    int (*run)(void *argument);
    void *argument;
} world = {.rank = -1, .gate = {-1, -1}};

int ranks_default(int count)
{
    return count;
}

int ranks_rank(void)
{
    return world.rank;
}

int ranks_count(void)
{
    return world.count;
}

/* --- the run ---- */

static int be_rank(void *argument)
{
    struct rank *rank = argument;
    char nothing;

    io_close(&world.gate[1]);
    links_be(&world.links, rank->number);
    io_read(world.gate[0], &nothing, 1); /* the end comes when all ranks and the parent are here */
    io_close(&world.gate[0]);
    world.rank = rank->number;
    world.count = world.ranks;
    return world.run(world.argument);
}

static int start_all(void)
{
    for (int i = 0; i < world.ranks; i++) {
        struct rank *rank = &world.all[i];
        rank->number = i;
        snprintf(rank->name, sizeof rank->name, "rank %d", i);
        rank->process =
            (struct process){.run = be_rank, .argument = rank, .name = rank->name, .daemon = true};
        world.processes[i] = &rank->process;
        if (process_start(&rank->process) == -1)
            return -1;
        links_close_ends(&world.links, i); /* so the next ranks have fewer to close */
    }
    return 0;
}

/* Kills and reaps all that run. */
static void end_all(void)
{
    int error = errno;

    for (int i = 0; i < world.ranks; i++)
        process_kill(&world.all[i].process); /* EINVAL: it was never started */
    for (int i = 0; i < world.ranks; i++)
        process_join(&world.all[i].process, FOREVER);
    errno = error;
}

/* Says how that rank has failed. Returns the exit status for it. */
static int explain(const struct rank *rank)
{
    int code = rank->process.exit_code;

    if (code < 0)
        complain("rank %d (process %ld) was killed by signal %d, %s", rank->number,
                 (long)rank->process.pid, -code, strsignal(-code));
    else
        complain("rank %d (process %ld) ended with exit code %d", rank->number,
                 (long)rank->process.pid, code);
    return code < 0 ? 128 - code : code;
}

/* Nobody is left to wait for. Returns the run's exit status. */
static int look_back(void)
{
    int from, to;

    for (int i = 0; i < world.ranks; i++)
        if (process_join(&world.all[i].process, 0) == -1 && errno == ECHILD) {
            /* A signal handler of the caller's has been quicker, with waitpid(-1, ...). */
            complain("rank %d (process %ld): another waitpid has taken its exit code", i,
                     (long)world.all[i].process.pid);
            return EXIT_FAILURE;
        }
    if (!waits_find_unreceived(&world.links.waits, &from, &to))
        return EXIT_SUCCESS;
    complain("rank %d has ended and not received all that rank %d has sent to it", to, from);
    return EXIT_FAILURE;
}

/* Waits until all have ended, or one has failed. Returns the run's exit status. */
static int watch(void)
{
    static const double LOOK_AGAIN = 0.1; /* seconds */
    double look_at = seconds_now() + LOOK_AGAIN;
    char text[900]; /* a message's length, about */

    for (;;) {
        ssize_t i = process_join_any(world.processes, (size_t)world.ranks, look_at - seconds_now());
        if (i >= 0 && world.all[i].process.exit_code != 0)
            return explain(&world.all[i]);
        if (i >= 0) {
            world.ended[i] = true;
            continue;
        }
        if (errno != ETIMEDOUT)
            return look_back();
        if (waits_find_deadlock(&world.links.waits, world.ended, text, sizeof text)) {
            complain("deadlock: %s", text);
            return EXIT_FAILURE;
        }
        look_at = seconds_now() + LOOK_AGAIN;
    }
}

/* Makes what the ranks need. What is there after a failure, close_world takes away. */
static int open_world(int count)
{
    world.ranks = count;
    world.all = calloc((size_t)count, sizeof *world.all);
    world.processes = calloc((size_t)count, sizeof(struct process *));
    world.ended = calloc((size_t)count, sizeof *world.ended);
    if (world.all == NULL || world.processes == NULL || world.ended == NULL) {
        world.ranks = 0;
        return -1;
    }
    return links_open(&world.links, count, RANKS_BUFFER) == -1 ? -1 : io_pipe(world.gate);
}

static void close_world(void)
{
    int error = errno;

    end_all();
    io_close(&world.gate[0]);
    io_close(&world.gate[1]);
    links_close(&world.links);
    free(world.ended);
    free((void *)world.processes);
    free(world.all);
    world.ended = NULL;
    world.processes = NULL;
    world.all = NULL;
    world.ranks = 0;
    errno = error;
}

int ranks_run(int count, int (*run)(void *argument), void *argument)
{
    int status = -1;

    if (world.ranks != 0 || count < 1 || count > RANKS_MOST) {
        errno = world.ranks != 0 ? EPERM : EINVAL;
        return -1;
    }
    world.run = run;
    world.argument = argument;
    if (open_world(count) == 0 && start_all() == 0) {
        io_close(&world.gate[1]);
        status = watch();
    }
    close_world();
    return status;
}

/* --- what ranks do ---- */

int ranks_send(int to, const void *message, size_t size)
{
    if (ranks_check_other(to, size) == -1)
        return -1;
    return (int)links_transfer(&world.links, LINK_MESSAGE, to, message, size, LINKS_NOBODY, NULL,
                               0);
}

ssize_t ranks_receive(int from, void *buffer, size_t room)
{
    if (ranks_check_other(from, 0) == -1)
        return -1;
    return links_transfer(&world.links, LINK_MESSAGE, LINKS_NOBODY, NULL, 0, from, buffer, room);
}

ssize_t ranks_exchange(int to, const void *message, size_t size, int from, void *buffer,
                       size_t room)
{
    if (ranks_check_exchange(to, size, from, room) == -1)
        return -1;
    if (to != world.rank)
        return links_transfer(&world.links, LINK_MESSAGE, to, message, size, from, buffer, room);
    if (size > 0)
        memcpy(buffer, message, size);
    return (ssize_t)size;
}

int ranks_barrier(void)
{
    return ranks_check(0, 0) == -1 ? -1 : collective_barrier(&world.links);
}

int ranks_broadcast(int root, void *buffer, size_t size)
{
    if (ranks_check(root, size) == -1)
        return -1;
    return collective_broadcast(&world.links, root, buffer, size);
}

int ranks_scatter(int root, const void *all, void *mine, size_t size)
{
    if (ranks_check(root, size) == -1)
        return -1;
    return collective_scatter(&world.links, root, all, mine, size);
}

int ranks_gather(int root, const void *mine, void *all, size_t size)
{
    if (ranks_check(root, size) == -1)
        return -1;
    return collective_gather(&world.links, root, mine, all, size);
}

int ranks_alltoall(const void *out, void *in, size_t size)
{
    return ranks_check(0, size) == -1 ? -1 : collective_alltoall(&world.links, out, in, size);
}

int ranks_reduce(int root, enum ranks_operation operation, enum ranks_type type, const void *mine,
                 void *result, size_t count)
{
    if (ranks_check_reduce(root, operation, type, count) == -1)
        return -1;
    return collective_reduce(&world.links, root, operation, type, mine, result, count);
}

int ranks_grid(struct ranks_grid *grid, int rows, int columns)
{
    if (ranks_check_grid(rows, columns) == -1)
        return -1;
    int row = world.rank / columns, column = world.rank % columns;
    *grid = (struct ranks_grid){.row = row,
                                .column = column,
                                .up = (row + rows - 1) % rows * columns + column,
                                .down = (row + 1) % rows * columns + column,
                                .left = row * columns + (column + columns - 1) % columns,
                                .right = row * columns + (column + 1) % columns};
    return 0;
}
#endif
