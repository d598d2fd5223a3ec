/* ranks: processes that all run the same function, share nothing, and talk by messages. Each knows
 * its number, its rank, from 0 to ranks_count() - 1. It is the model of MPI, with MPI's words.
 *
 * There are two implementations of this header, and a program does not see which it is built with:
 *   - ranks_fork.c, the usual one: forks the ranks, with a socketpair between each two.
 *   - ranks_mpi.c, when RANKS_MPI is defined: calls an MPI library. Its mpirun starts the ranks, on
 *     this machine and others.
 *
 * All functions return 0, or -1 and errno, where nothing else is said: EINVAL (no such rank, no
 * such operation, or not called by a rank), EMSGSIZE (longer than RANKS_MESSAGE_MAX, or not as long
 * as the other side has it), EBADMSG (the other side is in another operation: broadcast here,
 * gather there), ENOMEM.
 *
 * That the two sides do not fit is told to the one that receives; the message is lost. With MPI it
 * may not be told at all: MPICH sees most sizes that differ, Open MPI only messages that are too
 * long, and in different operations ranks hang, or get what was meant for another one. What MPI has
 * no other word for is EIO. */
#ifndef RANKS_H
#define RANKS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    RANKS_MOST = 1000,          /* ranks that can be forked, if there are descriptors enough */
    RANKS_BUFFER = 65536,       /* bytes: see ranks_send */
    RANKS_MESSAGE_MAX = INT_MAX /* bytes: MPI counts them in an int */
};

/* --- the run: once in a program, from main ---- */

/* How many ranks to ask ranks_run for where the user has not said it: `count` where they are
 * forked; with MPI 0, since mpirun has been told. */
int ranks_default(int count);

/* Has `count` ranks call run(argument), and returns when all have ended. What run returns is the
 * rank's exit code, 0 to 255. A rank that fails may also exit (die); with exit(0) nobody would
 * check what it has printed. A program does nothing more after this than to return the status: with
 * MPI, every rank comes here.
 *
 * Forked: the caller forks the ranks (its streams are flushed; a rank can start no processes) and
 * watches over them. When one is killed, or ends with an exit code other than 0, or some wait for
 * each other, or for one that has ended, all are ended at once, and a message says who it was. If
 * the caller is killed, so are they (Linux). No signal handler of the caller's may reap them.
 * Returns 0 if all ended well and received all that was sent to them; else the failed rank's exit
 * code, 128 and its signal's number, or 1. Or -1 and errno, and then run was not called at all:
 * EINVAL (count is not 1 to RANKS_MOST), EMFILE, ENFILE (`count` ranks need count * (count - 1)
 * descriptors at first), EAGAIN, ENOMEM (no more processes, no memory), EPERM (a rank itself), or
 * what flushing gave.
 *
 * MPI: the caller is a rank already, and calls run. An exit code other than 0 ends all ranks. How a
 * death is told, and what mpirun returns then, is the MPI's affair. Nobody sees a deadlock: it
 * lasts until somebody ends it, as `timeout 60 mpirun ...` does after a minute. Returns what run
 * returned; or -1 and errno: EINVAL (mpirun has not started `count` ranks; 0: any), EPERM (a second
 * time). */
int ranks_run(int count, int (*run)(void *argument), void *argument);

int ranks_rank(void);  /* the caller's; -1 outside of ranks_run */
int ranks_count(void); /* how many there are; 0 outside of ranks_run */

/* --- from one rank to another ----
 * Messages from the same rank are received in the order in which they were sent. */

/* Sends `size` bytes, which may be 0. Forked, a message of up to RANKS_BUFFER bytes does not wait
 * for its receiver if all before it have been received; any other one may. So two ranks can first
 * send to each other, and then receive, if the messages are short; if they are longer, it is a
 * deadlock. With MPI it is the same, but each MPI has its own limit, mostly a lower one. Also
 * EDEADLK: to oneself, where nobody would receive it. */
int ranks_send(int to, const void *message, size_t size);

/* Waits for the next message of the rank `from`, and puts it into `buffer`, which has room for
 * `room` bytes. Returns its size, or -1; EMSGSIZE: there is no room, and the message is lost.
 * Also EDEADLK: from oneself. */
ssize_t ranks_receive(int from, void *buffer, size_t room);

/* Both in one step, whichever can go on first: no deadlock, however long the messages are. Oneself
 * may be both, but not one, of `to` and `from` (EDEADLK). The two buffers do not overlap. */
ssize_t ranks_exchange(int to, const void *message, size_t size, int from, void *buffer,
                       size_t room);

/* --- collective: every rank calls them, in the same order, with the same root and sizes ----
 * Sizes are in bytes. Buffers do not overlap. What a rank was sent before, it receives before: to
 * forked ranks, a message and a broadcast come the same way (EBADMSG). */

/* Nobody goes on before all are there. */
int ranks_barrier(void);

/* What the root has in `buffer`, all have afterwards. */
int ranks_broadcast(int root, void *buffer, size_t size);

/* Each gets `size` bytes into `mine`: rank 0 the first of the root's `all`, rank 1 the next, and so
 * on. Gather is the way back. `all` may be NULL in others than the root. */
int ranks_scatter(int root, const void *all, void *mine, size_t size);
int ranks_gather(int root, const void *mine, void *all, size_t size);

/* Each has `size` bytes for each, in the order of the ranks, and gets as many from each: what rank
 * R has at S in `out`, rank S has at R in `in`. */
int ranks_alltoall(const void *out, void *in, size_t size);

enum ranks_operation { RANKS_SUM, RANKS_PRODUCT, RANKS_MIN, RANKS_MAX };
enum ranks_type { RANKS_INT64, RANKS_DOUBLE };

/* Element i of the root's `result` becomes the sum (and so on) of all ranks' elements i of `mine`.
 * Both have `count` elements, int64_t or double. `result` may be NULL in others than the root.
 * Integers wrap around; the last digits of a sum of doubles depend on the number of ranks. */
int ranks_reduce(int root, enum ranks_operation operation, enum ranks_type type, const void *mine,
                 void *result, size_t count);

/* --- a grid whose edges meet, a torus: rank R stands in row R / columns, column R % columns ----
 */

struct ranks_grid {
    int row, column;           /* the caller's place, from 0 */
    int up, down, left, right; /* the ranks beside it; itself, where a side is 1 long */
};

/* Every rank calls it. EINVAL: rows * columns is not ranks_count(). */
int ranks_grid(struct ranks_grid *grid, int rows, int columns);

#endif
