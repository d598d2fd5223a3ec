#include "shm.h"

#include "beyond.h"

#include <errno.h>
#include <sys/mman.h>

void *shared_map(size_t size)
{
    if (size == 0) {
        errno = EINVAL;
        return NULL;
    }
    return beyond_map_shared(size);
}

void shared_unmap(void *memory, size_t size)
{
    if (memory != NULL)
        munmap(memory, size);
}
