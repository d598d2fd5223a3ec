/* Barrier, broadcast and reduce take as many steps as `count` can be halved: what one rank knows,
 * two know after a step, then four, then eight. Scatter, gather and all-to-all move other bytes for
 * each rank, and a tree would only carry them more than once: there, each sends them straight. */
#include "collective.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sends and receives at once what all know the size of; one of `to` and `from` may be NOBODY. */
static int swap(struct links *links, enum link_kind kind, int to, const void *out, int from,
                void *in, size_t size)
{
    ssize_t got = links_transfer(links, kind, to, out, size, from, in, size);

    if (got == -1)
        return -1;
    if (from == LINKS_NOBODY || (size_t)got == size)
        return 0;
    errno = EMSGSIZE;
    return -1;
}

static int give(struct links *links, enum link_kind kind, int to, const void *out, size_t size)
{
    return swap(links, kind, to, out, LINKS_NOBODY, NULL, size);
}

static int take(struct links *links, enum link_kind kind, int from, void *in, size_t size)
{
    return swap(links, kind, LINKS_NOBODY, NULL, from, in, size);
}

/* The rank that is so many steps further round the circle, of -count to count. */
static int around(const struct links *links, int rank, int steps)
{
    return (rank + steps + links->count) % links->count;
}

/* Where in a buffer that has `size` bytes for each rank that rank's are. */
static char *part(const void *all, int rank, size_t size)
{
    return size == 0 ? (char *)all : (char *)all + (size_t)rank * size; /* 0: it may be NULL */
}

static void copy(void *to, const void *from, size_t size)
{
    if (size > 0) /* else the pointers may be NULL */
        memcpy(to, from, size);
}

/* In each step everyone tells one further away that it is here, and so are all it has heard of. */
int collective_barrier(struct links *links)
{
    for (int step = 1; step < links->count; step *= 2)
        if (swap(links, LINK_BARRIER, around(links, links->self, step), NULL,
                 around(links, links->self, -step), NULL, 0) == -1)
            return -1;
    return 0;
}

/* The tree of broadcast and reduce, for 8 ranks, counted from the root: 0 has the children 4, 2 and
 * 1; 4 has 6 and 5; 2 has 3; 6 has 7. A rank's parent is its number without the lowest bit set. */
static int lowest_bit(int place, int count)
{
    int bit = 1;

    while (bit < count && !(place & bit))
        bit *= 2;
    return bit;
}

int collective_broadcast(struct links *links, int root, void *buffer, size_t size)
{
    int place = around(links, links->self, -root), bit = lowest_bit(place, links->count);

    if (place != 0 &&
        take(links, LINK_BROADCAST, around(links, links->self, -bit), buffer, size) == -1)
        return -1;
    for (bit /= 2; bit > 0; bit /= 2) /* the largest subtree first: it takes longest */
        if (place + bit < links->count &&
            give(links, LINK_BROADCAST, around(links, links->self, bit), buffer, size) == -1)
            return -1;
    return 0;
}

int collective_scatter(struct links *links, int root, const void *all, void *mine, size_t size)
{
    if (links->self != root)
        return take(links, LINK_SCATTER, root, mine, size);
    for (int rank = 0; rank < links->count; rank++)
        if (rank != root && give(links, LINK_SCATTER, rank, part(all, rank, size), size) == -1)
            return -1;
    copy(mine, part(all, root, size), size);
    return 0;
}

int collective_gather(struct links *links, int root, const void *mine, void *all, size_t size)
{
    if (links->self != root)
        return give(links, LINK_GATHER, root, mine, size);
    for (int rank = 0; rank < links->count; rank++)
        if (rank != root && take(links, LINK_GATHER, rank, part(all, rank, size), size) == -1)
            return -1;
    copy(part(all, root, size), mine, size);
    return 0;
}

/* In step S everyone sends to the S-th after it and receives from the S-th before it. So nobody has
 * to receive from two at once. */
int collective_alltoall(struct links *links, const void *out, void *in, size_t size)
{
    int self = links->self;

    for (int step = 1; step < links->count; step++) {
        int to = around(links, self, step), from = around(links, self, -step);
        if (swap(links, LINK_ALLTOALL, to, part(out, to, size), from, part(in, from, size), size) ==
            -1)
            return -1;
    }
    copy(part(in, self, size), part(out, self, size), size);
    return 0;
}

static int64_t combine_integers(enum ranks_operation operation, int64_t a, int64_t b)
{
    switch (operation) {
    case RANKS_SUM:
        return (int64_t)((uint64_t)a + (uint64_t)b); /* signed, an overflow would be undefined */
    case RANKS_PRODUCT:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case RANKS_MIN:
        return a < b ? a : b;
    default:
        return a > b ? a : b;
    }
}

static double combine_doubles(enum ranks_operation operation, double a, double b)
{
    switch (operation) {
    case RANKS_SUM:
        return a + b;
    case RANKS_PRODUCT:
        return a * b;
    case RANKS_MIN:
        return a < b ? a : b;
    default:
        return a > b ? a : b;
    }
}

static void combine(enum ranks_operation operation, enum ranks_type type, void *sum,
                    const void *more, size_t count)
{
    int64_t *integers = sum;
    double *doubles = sum;

    if (type == RANKS_INT64)
        for (size_t i = 0; i < count; i++)
            integers[i] = combine_integers(operation, integers[i], ((const int64_t *)more)[i]);
    else
        for (size_t i = 0; i < count; i++)
            doubles[i] = combine_doubles(operation, doubles[i], ((const double *)more)[i]);
}

/* Up the tree: what a rank and all its descendants have, combined. `sum` and `more` are room. */
static int climb(struct links *links, int root, enum ranks_operation operation,
                 enum ranks_type type, void *sum, void *more, size_t count)
{
    int place = around(links, links->self, -root), bit = 1, end = lowest_bit(place, links->count);
    size_t size = count * sizeof(int64_t);

    for (; bit < end; bit *= 2) {
        if (place + bit >= links->count)
            continue;
        if (take(links, LINK_REDUCE, around(links, links->self, bit), more, size) == -1)
            return -1;
        combine(operation, type, sum, more, count);
    }
    return place == 0 ? 0 : give(links, LINK_REDUCE, around(links, links->self, -end), sum, size);
}

int collective_reduce(struct links *links, int root, enum ranks_operation operation,
                      enum ranks_type type, const void *mine, void *result, size_t count)
{
    size_t size = count * sizeof(int64_t);
    char *room = malloc(2 * size + 1);

    if (room == NULL)
        return -1;
    void *sum = links->self == root ? result : room + size;
    copy(sum, mine, size);
    int answer = climb(links, root, operation, type, sum, room, count);
    free(room);
    return answer;
}
