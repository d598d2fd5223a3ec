#include "slots.h"

#include "shm.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock inside an atomic would be one per process");

enum { MOST_SLOTS = 16384, FEWEST_SLOTS = 64, MOST_MEMORY = 16 << 20 }; /* by default */

int slots_open(struct slots *slots, size_t count, size_t argument_size, size_t result_size)
{
    size_t align = _Alignof(struct slot), most = SIZE_MAX / 8;

    memset(slots, 0, sizeof *slots);
    if (count > most || argument_size > most || result_size > most) {
        errno = EINVAL;
        return -1;
    }
    size_t result_offset = sizeof(struct slot) + (argument_size + align - 1) / align * align;
    size_t size = result_offset + (result_size + align - 1) / align * align;
    if (count == 0)
        for (count = MOST_SLOTS; count > FEWEST_SLOTS && count > MOST_MEMORY / size;)
            count /= 2;
    size_t power = 1;
    while (power < count)
        power *= 2;
    if (power > most / size) {
        errno = EINVAL;
        return -1;
    }
    struct slot_counts *counts = shared_map(sizeof *counts + power * size);
    if (counts == NULL)
        return -1;
    counts->wanted = TICKET_NONE;
    *slots = (struct slots){.counts = counts,
                            .memory = (unsigned char *)(counts + 1),
                            .count = power,
                            .size = size,
                            .argument_size = argument_size,
                            .result_size = result_size,
                            .result_offset = result_offset};
    return 0;
}

void slots_close(struct slots *slots)
{
    shared_unmap(slots->counts, sizeof *slots->counts + slots->count * slots->size);
    slots->counts = NULL;
}
