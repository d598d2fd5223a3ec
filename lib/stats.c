#include "stats.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

struct stats stats_of(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare);
    return (struct stats){.median = (samples[(count - 1) / 2] + samples[count / 2]) / 2,
                          .least = samples[0],
                          .most = samples[count - 1]};
}
