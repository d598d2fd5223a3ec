/* ranks_check: what may be asked of a rank. Both implementations of ranks.h begin here. All return
 * 0, or -1 and the errno that ranks.h names. */
#ifndef RANKS_CHECK_H
#define RANKS_CHECK_H

#include "ranks.h"

/* The caller is a rank, `rank` is one, too, and `size` is RANKS_MESSAGE_MAX at most. */
int ranks_check(int rank, size_t size);

/* The same, and it is another one. */
int ranks_check_other(int rank, size_t size);

int ranks_check_exchange(int to, size_t size, int from, size_t room);
int ranks_check_reduce(int root, enum ranks_operation operation, enum ranks_type type,
                       size_t count);
int ranks_check_grid(int rows, int columns);

#endif
