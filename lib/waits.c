/* Every rank says in shared memory what it waits for: to send to one, or to receive from one, or
 * both (an exchange). It also counts the bytes it has sent to, and received from, every other one.
 * The parent reads that, and sees when nobody in a group can ever go on.
 *
 * Why that is never a false alarm. A rank raises its `turn` before it waits and again afterwards:
 * it waits while that is odd, and the other words of its wait stand still. The parent reads all
 * turns, then the words and counters, then the turns again. So there was an instant in between when
 * all those whose turn is odd, and has not changed, were waiting at once. The stuck are those of
 * them that find_stuck keeps. Each has a wait that is held, in one of three ways:
 *
 *   - to receive from R, which has ended, or is stuck and not about to send to it. So R has counted
 *     all that it has sent; and that is what the waiting one `had` before it began to wait. Nothing
 *     has come since, and nothing is on its way.
 *
 *   - to send to R, which is stuck and not about to receive from it. So R has counted all that it
 *     has received; and that is what the sender had `seen` before it found that there is no room.
 *     Nothing has been taken out since, so there is no room yet.
 *
 *   - to send to R, which has ended.
 *
 * A stuck rank does nothing else before all that it waits for is done. Which held wait of all could
 * be the first to end? It takes a send or a receive by R, and R would have to end a held wait of
 * its own before. So there is no first one, and none ends.
 *
 * And each deadlock is found, if those who wait to send try again from time to time, so that what
 * they have seen is not too old. */
#include "waits.h"

#include "shm.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(ATOMIC_LONG_LOCK_FREE == 2, "a lock inside an atomic would be one per process");

/* Written by one rank, read by the parent. */
struct wait {
    _Alignas(64) atomic_size_t turn; /* odd: it waits */
    atomic_int to, from;
    atomic_size_t seen, had;
    _Atomic(const char *) words; /* a string constant is at the same place in all processes */
};

/* Bytes from one rank to another: `sent` is written by the one, `received` by the other. Where a
 * size_t has 32 bits they wrap around, but the two are never 4 GB apart, and only compared. */
struct traffic {
    atomic_size_t sent, received;
};

struct look {
    size_t turn;
    bool stuck; /* as far as we know */
};

static struct traffic *traffic_of(const struct waits *waits, int from, int to)
{
    return &waits->all[from * waits->count + to];
}

int waits_open(struct waits *waits, int count)
{
    size_t each = (size_t)count;

    *waits = (struct waits){.count = count};
    waits->size = each * sizeof *waits->ranks + each * each * sizeof *waits->all;
    waits->looks = calloc(each, sizeof *waits->looks);
    waits->ranks = waits->looks == NULL ? NULL : shared_map(waits->size);
    if (waits->ranks == NULL) {
        waits_close(waits);
        return -1;
    }
    waits->all = (struct traffic *)(void *)(waits->ranks + count);
    return 0;
}

void waits_close(struct waits *waits)
{
    shared_unmap(waits->ranks, waits->size);
    free(waits->looks);
    *waits = (struct waits){0};
}

void waits_begin(struct waits *waits, int rank, int to, int from, size_t seen, const char *words)
{
    struct wait *wait = &waits->ranks[rank];

    atomic_store(&wait->to, to);
    atomic_store(&wait->from, from);
    atomic_store(&wait->seen, seen);
    atomic_store(&wait->had, from == WAITS_NOBODY ? 0 : waits_received(waits, from, rank));
    atomic_store(&wait->words, words);
    atomic_fetch_add(&wait->turn, 1);
}

void waits_end(struct waits *waits, int rank)
{
    atomic_fetch_add(&waits->ranks[rank].turn, 1);
}

void waits_count_sent(struct waits *waits, int from, int to, size_t bytes)
{
    atomic_fetch_add(&traffic_of(waits, from, to)->sent, bytes);
}

void waits_count_received(struct waits *waits, int from, int to, size_t bytes)
{
    atomic_fetch_add(&traffic_of(waits, from, to)->received, bytes);
}

size_t waits_received(const struct waits *waits, int from, int to)
{
    return atomic_load(&traffic_of(waits, from, to)->received);
}

/* --- the parent's view ---- */

/* A stuck rank's wait that is held: for whom, or NOBODY. */
struct hold {
    int peer;
    bool receives;
};

static struct hold hold_of(const struct waits *waits, const bool *ended, int rank)
{
    const struct wait *wait = &waits->ranks[rank];
    int to = atomic_load(&wait->to), from = atomic_load(&wait->from);

    if (from != WAITS_NOBODY &&
        (ended[from] ||
         (waits->looks[from].stuck && atomic_load(&waits->ranks[from].to) != rank)) &&
        atomic_load(&traffic_of(waits, from, rank)->sent) == atomic_load(&wait->had))
        return (struct hold){.peer = from, .receives = true};
    if (to != WAITS_NOBODY &&
        (ended[to] || (waits->looks[to].stuck && atomic_load(&waits->ranks[to].from) != rank &&
                       waits_received(waits, rank, to) == atomic_load(&wait->seen))))
        return (struct hold){.peer = to};
    return (struct hold){.peer = WAITS_NOBODY};
}

/* Finds out who is stuck. Returns the first of them, or NOBODY. */
static int find_stuck(struct waits *waits, const bool *ended)
{
    struct look *looks = waits->looks;
    int first = WAITS_NOBODY;
    bool changed;

    for (int i = 0; i < waits->count; i++) {
        looks[i].turn = atomic_load(&waits->ranks[i].turn);
        looks[i].stuck = looks[i].turn % 2 == 1;
    }
    do { /* who waits for one that goes on, goes on, too */
        changed = false;
        for (int i = 0; i < waits->count; i++)
            if (looks[i].stuck && hold_of(waits, ended, i).peer == WAITS_NOBODY) {
                looks[i].stuck = false;
                changed = true;
            }
    } while (changed);
    for (int i = waits->count - 1; i >= 0; i--) {
        if (!looks[i].stuck)
            continue;
        if (atomic_load(&waits->ranks[i].turn) != looks[i].turn)
            return WAITS_NOBODY; /* it has gone on meanwhile */
        first = i;
    }
    return first;
}

/* Adds "rank 1 waits to receive from rank 5" to the text. Returns the latter; or NOBODY, if there
 * is no room, and "..." is added. */
static int describe(const struct waits *waits, const bool *ended, int rank, char *text, size_t size)
{
    static const char more[] = ", ...";
    struct hold hold = hold_of(waits, ended, rank);
    const char *words = atomic_load(&waits->ranks[rank].words);
    size_t length = strlen(text), room = size - length - strlen(more);

    int wanted = snprintf(text + length, room, "%srank %d waits to %s rank %d%s%s",
                          length == 0 ? "" : ", ", rank, hold.receives ? "receive from" : "send to",
                          hold.peer, words, ended[hold.peer] ? ", which has ended" : "");
    if ((size_t)wanted < room)
        return hold.peer;
    memcpy(text + length, more, sizeof more);
    return WAITS_NOBODY;
}

bool waits_find_deadlock(struct waits *waits, const bool *ended, char *text, size_t size)
{
    int at = find_stuck(waits, ended), next;

    if (at == WAITS_NOBODY)
        return false;
    /* From one that waits to the one it waits for: in so many steps we come to one that has ended,
     * or into a circle. That we describe from its lowest rank on. */
    next = hold_of(waits, ended, at).peer;
    for (int i = 0; i < waits->count && !ended[next]; i++) {
        at = next;
        next = hold_of(waits, ended, at).peer;
    }
    int first = at;
    for (; next != at && !ended[next]; next = hold_of(waits, ended, next).peer)
        first = next < first ? next : first;
    *text = '\0';
    at = first;
    do
        at = describe(waits, ended, at, text, size);
    while (at != WAITS_NOBODY && at != first && !ended[at]);
    return true;
}

bool waits_find_unreceived(const struct waits *waits, int *from, int *to)
{
    for (*from = 0; *from < waits->count; ++*from)
        for (*to = 0; *to < waits->count; ++*to)
            if (atomic_load(&traffic_of(waits, *from, *to)->sent) !=
                waits_received(waits, *from, *to))
                return true;
    return false;
}
