/* stats: what a few measurements say: the middle one, and how far they lie apart. */
#ifndef STATS_H
#define STATS_H

#include <stddef.h>

struct stats {
    double median; /* of an even number: between the two in the middle */
    double least, most;
};

/* Sorts the `count` samples, at least 1, and returns what they say. */
struct stats stats_of(double *samples, size_t count);

#endif
