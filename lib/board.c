#include "board.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct board {
    struct slots slots;
    unsigned long posted, oldest;
    struct task_result **results; /* for each slot: whom to tell */
    size_t callbacks;
    struct result_list due; /* their callbacks are to be called */
    bool calling;           /* one of them just now */
};

struct board *board_open(size_t slots, size_t argument_size, size_t result_size)
{
    struct board *board = calloc(1, sizeof *board);

    if (board == NULL)
        return NULL;
    /* Not calloc: what is set when a task is posted need not be zeroed before. */
    if (slots_open(&board->slots, slots, argument_size, result_size) == 0)
        board->results = malloc(board->slots.count * sizeof *board->results);
    if (board->results == NULL) {
        int error = errno;
        board_close(board);
        errno = error;
        return NULL;
    }
    return board;
}

void board_close(struct board *board)
{
    if (board == NULL)
        return;
    slots_close(&board->slots);
    free(board->results);
    free(board);
}

const struct slots *board_slots(const struct board *board)
{
    return &board->slots;
}

size_t board_room(const struct board *board)
{
    return board->slots.count - (board->posted - board->oldest);
}

static struct slot *task_at(const struct board *board, unsigned long ticket)
{
    return slot_at(&board->slots, ticket);
}

/* Whom to tell about it. */
static struct task_result **told(const struct board *board, unsigned long ticket)
{
    return &board->results[ticket & (board->slots.count - 1)];
}

unsigned long board_oldest(const struct board *board)
{
    return board->oldest;
}

unsigned long board_posted(const struct board *board)
{
    return board->posted;
}

size_t board_callbacks(const struct board *board)
{
    return board->callbacks;
}

static bool has_callback(const struct task_result *result)
{
    return result->callback != NULL || result->error_callback != NULL || result->list != NULL;
}

static void append(struct result_list *list, struct task_result *result)
{
    result->next = NULL;
    *(list->oldest == NULL ? &list->oldest : &list->newest->next) = result;
    list->newest = result;
}

struct task_result *result_take(struct result_list *list)
{
    struct task_result *result = list->oldest;

    if (result != NULL)
        list->oldest = result->next;
    return result;
}

void board_post(struct board *board, task_function *function, const void *arguments, size_t count,
                size_t chunk, struct task_result *results)
{
    const unsigned char *argument = arguments;
    size_t left = 0; /* in the chunk */

    for (size_t i = 0; i < count; i++, left--) {
        unsigned long ticket = board->posted + i;
        struct slot *task = task_at(board, ticket);
        bool is_head = left == 0;
        if (is_head)
            left = count - i < chunk ? count - i : chunk;
        task->function = function;
        task->exit_code = 0;
        atomic_store_explicit(&task->begun, 0, memory_order_relaxed);
        atomic_store_explicit(&task->span, is_head ? left : 1, memory_order_relaxed);
        if (board->slots.argument_size > 0)
            memcpy(slot_argument(task), argument + i * board->slots.argument_size,
                   board->slots.argument_size);
        if (results != NULL) {
            results[i].ready = false;
            results[i].ticket = ticket;
            board->callbacks += has_callback(&results[i]);
        }
        *told(board, ticket) = results == NULL ? NULL : &results[i];
        /* Nobody walks as far as this before `posted` says so. */
        atomic_store_explicit(&task->state, slot_state(ticket, is_head ? SLOT_READY : SLOT_MEMBER),
                              memory_order_relaxed);
    }
    board->posted += count;
    atomic_store(&board->slots.counts->posted, board->posted);
}

bool board_is_finished(const struct board *board, unsigned long ticket)
{
    if (slot_is_before(ticket, board->oldest))
        return true;
    unsigned long long state = atomic_load(&task_at(board, ticket)->state);
    return state == slot_state(ticket, SLOT_DONE) || state == slot_state(ticket, SLOT_LOST);
}

void board_want(struct board *board, unsigned long ticket)
{
    /* First the parent says what it waits for, then it looks. A worker finishes first and looks
     * then: so one of the two sees the other, and nobody sleeps beside a finished task. */
    atomic_store(&board->slots.counts->wanted, ticket);
}

/* Not inside of another callback, as that may have posted, found all slots taken, and so come here:
 * nested, there could be as many as slots, too many for the stack. */
static void call_back(struct board *board)
{
    if (board->calling)
        return;
    board->calling = true;
    for (struct task_result *result; (result = result_take(&board->due)) != NULL;)
        (result->error == 0 ? result->callback : result->error_callback)(result);
    board->calling = false;
}

bool board_deliver(struct board *board, unsigned long ticket)
{
    struct slot *task = task_at(board, ticket);
    struct task_result *result = *told(board, ticket);

    if (result == NULL || result->ticket != ticket)
        return false;
    *told(board, ticket) = NULL;
    result->error = task->error;
    result->exit_code = task->exit_code;
    result->pid = task->pid;
    if (result->value != NULL && atomic_load(&task->state) == slot_state(ticket, SLOT_DONE))
        memcpy(result->value, slot_result(&board->slots, task), board->slots.result_size);
    result->ready = true;
    board->callbacks -= has_callback(result);
    if (result->list != NULL)
        append(result->list, result);
    else if ((result->error == 0 ? result->callback : result->error_callback) != NULL)
        append(&board->due, result);
    call_back(board); /* last, as a callback may post tasks, and so come back here */
    return true;
}

size_t board_collect(struct board *board)
{
    size_t count = 0;

    while (board->oldest != board->posted && board_is_finished(board, board->oldest)) {
        unsigned long ticket = board->oldest++;
        atomic_store_explicit(&board->slots.counts->oldest, board->oldest, memory_order_release);
        count += board_deliver(board, ticket);
    }
    return count;
}

size_t board_deliver_all(struct board *board)
{
    size_t count = board_collect(board);

    /* As far as the first that nobody has taken: what follows has not begun. (Or it has, when that
     * one has been given back just now. Then it is the next to be taken, and we come back.) */
    for (unsigned long ticket = board->oldest; ticket != board->posted; ticket++) {
        if (atomic_load(&task_at(board, ticket)->state) == slot_state(ticket, SLOT_READY))
            break;
        count += board_is_finished(board, ticket) && board_deliver(board, ticket);
    }
    return count;
}

static void lose(struct slot *task, unsigned long ticket, int error, pid_t pid, int exit_code)
{
    task->error = error;
    task->pid = pid;
    task->exit_code = exit_code;
    atomic_store(&task->state, slot_state(ticket, SLOT_LOST));
}

/* Makes a chunk of the members that follow that task, as far as there are any. */
static void give_back(struct board *board, unsigned long ticket, int worker)
{
    unsigned long end = ticket + 1;

    if (end != board->posted && /* marked already, but not begun */
        atomic_load(&task_at(board, end)->state) == slot_state(end, SLOT_RUNNING + worker))
        end++;
    while (end != board->posted &&
           atomic_load(&task_at(board, end)->state) == slot_state(end, SLOT_MEMBER))
        end++;
    if (end == ++ticket)
        return;
    struct slot *head = task_at(board, ticket);
    atomic_store(&head->begun, 0);
    atomic_store(&head->span, end - ticket);
    atomic_store(&head->state, slot_state(ticket, SLOT_READY));
    atomic_fetch_add(&board->slots.counts->rewinds, 1);
}

void board_lose(struct board *board, int worker, int error, pid_t pid, int exit_code)
{
    unsigned long head = board->oldest;

    for (unsigned long ticket = board->oldest; ticket != board->posted; ticket++) {
        struct slot *task = task_at(board, ticket);
        unsigned long long state = atomic_load(&task->state);
        if (atomic_load(&task->span) > 1)
            head = ticket;
        if (state != slot_state(ticket, SLOT_EXPIRED + worker) &&
            state != slot_state(ticket, SLOT_RUNNING + worker))
            continue;
        struct slot *first = task_at(board, head);
        if (atomic_load(&first->span) > ticket - head) /* its chunk ends here, for who walks by */
            atomic_store(&first->span, ticket - head + 1);
        give_back(board, ticket, worker);
        lose(task, ticket, error, pid, exit_code);
        return; /* it had one only */
    }
}

void board_lose_all(struct board *board, int error, pid_t pid, int exit_code)
{
    for (unsigned long ticket = board->oldest; ticket != board->posted; ticket++)
        if (!board_is_finished(board, ticket))
            lose(task_at(board, ticket), ticket, error, pid, exit_code);
}

int board_overdue(struct board *board, double limit, double *next)
{
    int before = -1; /* the code of the task before */

    *next = FOREVER;
    for (unsigned long ticket = board->oldest; ticket != board->posted; ticket++) {
        struct slot *task = task_at(board, ticket);
        unsigned long long state = atomic_load(&task->state);
        int code = slot_code(state);
        bool begun = code >= SLOT_RUNNING && code < SLOT_EXPIRED && code != before;
        before = code;
        if (!begun) /* also when it is only marked, as the next one of whoever has the one before */
            continue;
        long long since = 0, now = (long long)(seconds_now() * 1e6);
        /* A worker that was stopped before it could say when it began: it begins now. */
        if (atomic_compare_exchange_strong(&task->begun, &since, now))
            since = now;
        double end = (double)since / 1e6 + limit;
        if (end > seconds_now())
            *next = end < *next ? end : *next;
        else if (atomic_compare_exchange_strong(
                     &task->state, &state, slot_state(ticket, code - SLOT_RUNNING + SLOT_EXPIRED)))
            return code - SLOT_RUNNING; /* else it has just finished it */
    }
    return -1;
}
