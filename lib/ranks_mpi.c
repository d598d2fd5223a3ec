/* ranks, over MPI's C interface: as thin as can be. mpirun has started the ranks, and ends them all
 * when one fails. */
#include "ranks.h"

#ifdef RANKS_MPI

#include "cli.h"
#include "ranks_check.h"

#include <errno.h>
#include <mpi.h>
#include <stdbool.h>
#include <unistd.h>

static int own_rank = -1, all_ranks;

int ranks_default(int count)
{
    (void)count;
    return 0;
}

int ranks_rank(void)
{
    return own_rank;
}

int ranks_count(void)
{
    return all_ranks;
}

/* What an MPI function has returned, as we return it. */
static int answer(int code)
{
    int class;

    if (code == MPI_SUCCESS)
        return 0;
    MPI_Error_class(code, &class);
    errno = class == MPI_ERR_TRUNCATE ? EMSGSIZE : class == MPI_ERR_NO_MEM ? ENOMEM : EIO;
    return -1;
}

int ranks_run(int count, int (*run)(void *argument), void *argument)
{
    int before;

    MPI_Initialized(&before);
    if (before || count < 0) { /* only once in a program's life */
        errno = before ? EPERM : EINVAL;
        return -1;
    }
    if (answer(MPI_Init(NULL, NULL)) == -1)
        return -1;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN); /* else it ends the run itself */
    MPI_Comm_size(MPI_COMM_WORLD, &all_ranks);
    MPI_Comm_rank(MPI_COMM_WORLD, &own_rank);
    if (count != 0 && count != all_ranks) {
        if (own_rank == 0)
            complain("mpirun has started %d ranks, not %d", all_ranks, count);
        MPI_Finalize();
        own_rank = -1;
        all_ranks = 0;
        errno = EINVAL;
        return -1;
    }
    int code = cli_end(run(argument));
    if (code < 0 || code > 255)
        code = 255;
    if (code != 0) {
        complain("rank %d (process %ld) ended with exit code %d", own_rank, (long)getpid(), code);
        MPI_Abort(MPI_COMM_WORLD, code); /* does not return */
    }
    MPI_Finalize();
    own_rank = -1;
    all_ranks = 0;
    return code;
}

/* The size of what was received, if it was. */
static ssize_t received(int code, const MPI_Status *status)
{
    int size;

    if (answer(code) == -1)
        return -1;
    MPI_Get_count(status, MPI_BYTE, &size);
    return size;
}

/* Room beyond the longest message is of no use. */
static int as_int(size_t room)
{
    return room > RANKS_MESSAGE_MAX ? RANKS_MESSAGE_MAX : (int)room;
}

int ranks_send(int to, const void *message, size_t size)
{
    if (ranks_check_other(to, size) == -1)
        return -1;
    return answer(MPI_Send(message, (int)size, MPI_BYTE, to, 0, MPI_COMM_WORLD));
}

ssize_t ranks_receive(int from, void *buffer, size_t room)
{
    MPI_Status status;

    if (ranks_check_other(from, 0) == -1)
        return -1;
    return received(MPI_Recv(buffer, as_int(room), MPI_BYTE, from, 0, MPI_COMM_WORLD, &status),
                    &status);
}

ssize_t ranks_exchange(int to, const void *message, size_t size, int from, void *buffer,
                       size_t room)
{
    MPI_Status status;

    if (ranks_check_exchange(to, size, from, room) == -1)
        return -1;
    return received(MPI_Sendrecv(message, (int)size, MPI_BYTE, to, 0, buffer, as_int(room),
                                 MPI_BYTE, from, 0, MPI_COMM_WORLD, &status),
                    &status);
}

int ranks_barrier(void)
{
    return ranks_check(0, 0) == -1 ? -1 : answer(MPI_Barrier(MPI_COMM_WORLD));
}

int ranks_broadcast(int root, void *buffer, size_t size)
{
    if (ranks_check(root, size) == -1)
        return -1;
    return answer(MPI_Bcast(buffer, (int)size, MPI_BYTE, root, MPI_COMM_WORLD));
}

int ranks_scatter(int root, const void *all, void *mine, size_t size)
{
    if (ranks_check(root, size) == -1)
        return -1;
    return answer(
        MPI_Scatter(all, (int)size, MPI_BYTE, mine, (int)size, MPI_BYTE, root, MPI_COMM_WORLD));
}

int ranks_gather(int root, const void *mine, void *all, size_t size)
{
    if (ranks_check(root, size) == -1)
        return -1;
    return answer(
        MPI_Gather(mine, (int)size, MPI_BYTE, all, (int)size, MPI_BYTE, root, MPI_COMM_WORLD));
}

int ranks_alltoall(const void *out, void *in, size_t size)
{
    if (ranks_check(0, size) == -1)
        return -1;
    return answer(MPI_Alltoall(out, (int)size, MPI_BYTE, in, (int)size, MPI_BYTE, MPI_COMM_WORLD));
}

int ranks_reduce(int root, enum ranks_operation operation, enum ranks_type type, const void *mine,
                 void *result, size_t count)
{
    const MPI_Op operations[] = {MPI_SUM, MPI_PROD, MPI_MIN, MPI_MAX};
    const MPI_Datatype types[] = {MPI_INT64_T, MPI_DOUBLE};

    if (ranks_check_reduce(root, operation, type, count) == -1)
        return -1;
    return answer(MPI_Reduce(mine, result, (int)count, types[type], operations[operation], root,
                             MPI_COMM_WORLD));
}

int ranks_grid(struct ranks_grid *grid, int rows, int columns)
{
    const int sides[] = {rows, columns}, round[] = {true, true};
    int place[2];
    MPI_Comm torus;

    if (ranks_check_grid(rows, columns) == -1 ||
        answer(MPI_Cart_create(MPI_COMM_WORLD, 2, sides, round, false, &torus)) == -1)
        return -1;
    MPI_Cart_coords(torus, own_rank, 2, place); /* its ranks are ours: `false` has asked for that */
    grid->row = place[0];
    grid->column = place[1];
    MPI_Cart_shift(torus, 0, 1, &grid->up, &grid->down);
    MPI_Cart_shift(torus, 1, 1, &grid->left, &grid->right);
    return answer(MPI_Comm_free(&torus));
}
#endif
