#include "ranks_check.h"

#include <errno.h>

static int refuse(int error)
{
    errno = error;
    return -1;
}

int ranks_check(int rank, size_t size)
{
    if (size > RANKS_MESSAGE_MAX)
        return refuse(EMSGSIZE);
    return rank >= 0 && rank < ranks_count() ? 0 : refuse(EINVAL);
}

int ranks_check_other(int rank, size_t size)
{
    if (ranks_check(rank, size) == -1)
        return -1;
    return rank != ranks_rank() ? 0 : refuse(EDEADLK);
}

int ranks_check_exchange(int to, size_t size, int from, size_t room)
{
    int self = ranks_rank();

    if (ranks_check(to, size) == -1 || ranks_check(from, 0) == -1)
        return -1;
    if ((to == self) != (from == self))
        return refuse(EDEADLK);
    return to != self || size <= room ? 0 : refuse(EMSGSIZE);
}

int ranks_check_reduce(int root, enum ranks_operation operation, enum ranks_type type, size_t count)
{
    static const size_t EACH = sizeof(int64_t); /* and as much for a double */

    if ((unsigned)operation > RANKS_MAX || (unsigned)type > RANKS_DOUBLE)
        return refuse(EINVAL);
    if (count > RANKS_MESSAGE_MAX / EACH) /* before count * EACH is more than a size_t holds */
        return refuse(EMSGSIZE);
    return ranks_check(root, count * EACH);
}

int ranks_check_grid(int rows, int columns)
{
    int count = ranks_count();

    if (count == 0 || rows < 1 || count % rows != 0 || count / rows != columns)
        return refuse(EINVAL);
    return 0;
}
