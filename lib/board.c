/* Tasks lie in a ring of slots. `posted` counts those that the parent has put there, `next` those
 * that workers have walked past, `collected` those that the parent is done with.
 *
 * A worker takes a task by changing its slot's state from READY to RUNNING by *this* worker, in one
 * atomic step: at every moment the parent can read who has what. `next` is only a hint where to
 * look. A worker killed after it moved `next`, but before it took the slot, leaves a READY task
 * behind; board_rewind moves `next` back, and whoever walks past a slot that is taken goes on to
 * the following one. */
#include "board.h"

#include "shm.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(ATOMIC_LONG_LOCK_FREE == 2, "a lock inside an atomic would be one per process");

/* The state of a task. RUNNING + i: worker i has it. */
enum { DONE, LOST, READY, RUNNING };

struct task { /* shared; followed by the argument and the result */
    _Alignas(max_align_t) atomic_int state;
    int error, exit_code;
    pid_t pid;
    task_function *function;
    unsigned long ticket;
};

struct counts { /* shared; each on a cache line of its own, as different processes write them */
    _Alignas(64) atomic_ulong posted;
    _Alignas(64) atomic_ulong next;
    _Alignas(64) atomic_ulong wanted; /* the ticket that the parent sleeps for */
};

struct board {
    struct counts *counts;
    unsigned char *slots;
    size_t slot_count, slot_size, argument_size, result_size, result_offset, mapped_size;
    unsigned long collected;
    struct task_result **results; /* for each slot: whom to tell */
};

struct board *board_open(size_t slots, size_t argument_size, size_t result_size)
{
    size_t align = _Alignof(struct task), most = SIZE_MAX / 8;

    if (slots == 0 || slots > most || argument_size > most || result_size > most) {
        errno = EINVAL;
        return NULL;
    }
    size_t result_offset = sizeof(struct task) + (argument_size + align - 1) / align * align;
    size_t slot_size = result_offset + (result_size + align - 1) / align * align;
    if (slots > most / slot_size) {
        errno = EINVAL;
        return NULL;
    }
    struct board *board = calloc(1, sizeof *board);
    if (board == NULL)
        return NULL;
    board->slot_count = slots;
    board->slot_size = slot_size;
    board->argument_size = argument_size;
    board->result_size = result_size;
    board->result_offset = result_offset;
    board->mapped_size = sizeof *board->counts + slots * slot_size;
    board->results = calloc(slots, sizeof *board->results);
    board->counts = shared_map(board->mapped_size);
    if (board->results == NULL || board->counts == NULL) {
        int error = errno;
        board_close(board);
        errno = error;
        return NULL;
    }
    board->slots = (unsigned char *)(board->counts + 1);
    return board;
}

void board_close(struct board *board)
{
    if (board == NULL)
        return;
    shared_unmap(board->counts, board->mapped_size);
    free(board->results);
    free(board);
}

static struct task *task_at(const struct board *board, unsigned long ticket)
{
    return (struct task *)(void *)(board->slots + ticket % board->slot_count * board->slot_size);
}

static void *argument_of(struct task *task)
{
    return task + 1;
}

static void *result_of(const struct board *board, struct task *task)
{
    return (unsigned char *)task + board->result_offset;
}

struct task *board_take(struct board *board, int worker)
{
    struct counts *counts = board->counts;
    unsigned long ticket = atomic_load(&counts->next);

    while (ticket != atomic_load(&counts->posted)) {
        if (!atomic_compare_exchange_weak(&counts->next, &ticket, ticket + 1))
            continue; /* another was faster; `ticket` is what `next` is now */
        struct task *task = task_at(board, ticket);
        int state = READY;
        if (atomic_compare_exchange_strong(&task->state, &state, RUNNING + worker))
            return task;
        ticket = atomic_load(&counts->next); /* somebody had it already, before a rewind */
    }
    return NULL;
}

bool board_do(struct board *board, struct task *task)
{
    unsigned long ticket = task->ticket;

    task->pid = getpid();
    memset(result_of(board, task), 0, board->result_size);
    task->error = task->function(argument_of(task), result_of(board, task));
    /* What it has printed is part of it: not done before it is out. */
    if (fflush(stdout) == EOF && task->error == 0)
        task->error = errno;
    atomic_store(&task->state, DONE); /* from here on the slot is the parent's */
    return atomic_load(&board->counts->wanted) == ticket;
}

bool board_has_tasks(const struct board *board)
{
    return atomic_load(&board->counts->next) != atomic_load(&board->counts->posted);
}

unsigned long board_oldest(const struct board *board)
{
    return board->collected;
}

unsigned long board_posted(const struct board *board)
{
    return atomic_load(&board->counts->posted);
}

bool board_is_full(const struct board *board)
{
    return board_posted(board) - board->collected == board->slot_count;
}

void board_post(struct board *board, task_function *function, const void *argument,
                struct task_result *result)
{
    unsigned long ticket = board_posted(board);
    struct task *task = task_at(board, ticket);

    task->function = function;
    task->ticket = ticket;
    task->exit_code = 0;
    if (board->argument_size > 0)
        memcpy(argument_of(task), argument, board->argument_size);
    if (result != NULL) {
        result->ready = false;
        result->ticket = ticket;
    }
    board->results[ticket % board->slot_count] = result;
    atomic_store(&task->state, READY);
    atomic_store(&board->counts->posted, ticket + 1);
}

bool board_is_finished(struct board *board, unsigned long ticket)
{
    if ((long)(ticket - board->collected) < 0)
        return true;
    /* First say what we wait for, then look. board_do finishes first and looks then: so one of the
     * two sees the other, and the parent can't sleep beside a finished task. */
    atomic_store(&board->counts->wanted, ticket);
    int state = atomic_load(&task_at(board, ticket)->state);
    return state == DONE || state == LOST;
}

void board_deliver(struct board *board, unsigned long ticket)
{
    struct task *task = task_at(board, ticket);
    struct task_result *result = board->results[ticket % board->slot_count];

    if (result == NULL || result->ticket != ticket)
        return;
    board->results[ticket % board->slot_count] = NULL;
    result->error = task->error;
    result->exit_code = task->exit_code;
    result->pid = task->pid;
    if (result->value != NULL && atomic_load(&task->state) == DONE)
        memcpy(result->value, result_of(board, task), board->result_size);
    result->ready = true;
}

void board_collect(struct board *board)
{
    while (board->collected != board_posted(board) && board_is_finished(board, board->collected)) {
        board_deliver(board, board->collected);
        board->collected++;
    }
}

void board_lose(struct board *board, int worker, int error, pid_t pid, int exit_code)
{
    int state = worker == NOBODY ? READY : RUNNING + worker;

    for (unsigned long ticket = board->collected; ticket != board_posted(board); ticket++) {
        struct task *task = task_at(board, ticket);
        if (atomic_load(&task->state) != state)
            continue;
        task->error = error;
        task->pid = pid;
        task->exit_code = exit_code;
        atomic_store(&task->state, LOST);
    }
}

void board_rewind(struct board *board)
{
    for (unsigned long ticket = board->collected; ticket != board_posted(board); ticket++) {
        if (atomic_load(&task_at(board, ticket)->state) == READY) {
            atomic_store(&board->counts->next, ticket);
            return;
        }
    }
}
