/* slots: tasks in a ring of shared memory, and what has become of each: an atomic word, its state.
 * The parent posts tasks here (board), the workers take them (worker), and no lock is needed:
 *
 *     READY or MEMBER -> RUNNING by a worker -> DONE, or LOST with its worker
 *
 * Then the slot is free for another task. A state holds the task's ticket, too. So whoever looks at
 * a slot knows whether it still has, or has already, the task that he means. */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a worker does with one task: reads the argument, fills in the result (all zero at first),
 * and returns 0 or an error number. It must be a function of this very program: a worker is a fork
 * of the process that opened the slots, so its address is the same there. */
typedef int task_function(const void *argument, void *result);

enum { SLOT_MOST_WORKERS = 1024 };

/* The codes in a state. RUNNING + i: worker i has it. EXPIRED + i: it has had it for too long. */
enum {
    SLOT_DONE,
    SLOT_LOST,
    SLOT_READY,
    SLOT_MEMBER,
    SLOT_RUNNING,
    SLOT_EXPIRED = SLOT_RUNNING + SLOT_MOST_WORKERS
};

struct slot {
    _Alignas(max_align_t) atomic_ullong state;
    atomic_ulong span; /* of a chunk's READY head: the tasks in it; of its MEMBERs: 1 */
    task_function *function;
    int error, exit_code; /* as in struct task_result */
    pid_t pid;
    atomic_llong begun; /* microseconds of seconds_now; 0: not yet, or nobody wants to know */
};

/* A ticket is the number of a task, counted from 0. What changes often has a cache line of its own:
 * whoever only reads the others is not disturbed. */
struct slot_counts {
    _Alignas(64) atomic_ulong posted; /* the ticket of the next task */
    _Alignas(64)
        atomic_ulong oldest; /* the ticket of the oldest task the parent is not done with */
    _Alignas(64) atomic_ulong rewinds; /* how often a task became READY again */
    atomic_ulong wanted;               /* the ticket the parent sleeps for, or one of these: */
};

#define TICKET_ANY ((unsigned long)-1)
#define TICKET_NONE ((unsigned long)-2)

/* Opened before the workers are forked, which have copies of this and share the memory. */
struct slots {
    struct slot_counts *counts;
    unsigned char *memory;
    size_t count; /* a power of two, so that tickets may begin again at 0 */
    size_t size;  /* bytes of each, with argument and result */
    size_t argument_size, result_size, result_offset;
};

/* Makes `count` slots, rounded up to a power of two (0: 16384, or as many as have room in 16 MiB,
 * but 64 at least), for arguments and results of these sizes in bytes.
 * Returns 0, or -1 and errno: EINVAL (too large), ENOMEM. slots_close unmaps them; twice is
 * harmless. */
int slots_open(struct slots *slots, size_t count, size_t argument_size, size_t result_size);
void slots_close(struct slots *slots);

/* The slot of that ticket, and what lies behind it. These are used for every task, hence inline. */
static inline struct slot *slot_at(const struct slots *slots, unsigned long ticket)
{
    return (struct slot *)(void *)(slots->memory + (ticket & (slots->count - 1)) * slots->size);
}

static inline void *slot_argument(struct slot *slot)
{
    return slot + 1;
}

static inline void *slot_result(const struct slots *slots, struct slot *slot)
{
    return (unsigned char *)slot + slots->result_offset;
}

/* The state of a task; and the code in a state. */
enum { SLOT_CODE_BITS = 16 };

static inline unsigned long long slot_state(unsigned long ticket, int code)
{
    return (unsigned long long)ticket << SLOT_CODE_BITS | (unsigned)code;
}

static inline int slot_code(unsigned long long state)
{
    return (int)(state & ((1 << SLOT_CODE_BITS) - 1));
}

/* Says whether the ticket is the older one, also when tickets have begun again at 0. */
static inline bool slot_is_before(unsigned long ticket, unsigned long other)
{
    return (long)(ticket - other) < 0;
}

#endif
