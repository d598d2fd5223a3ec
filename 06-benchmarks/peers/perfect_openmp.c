/* perfect_openmp: benchmark's perfect task by OpenMP; or, built without it, by a bare loop.
 *
 * usage: perfect_openmp N WORKERS    the perfect numbers from 1 to N, and the seconds for them; the
 *                                    bare loop has one worker, whatever the number
 *
 * Notice: one line more than the bare loop, where memory is shared and the compiler knows how.
 */
#include "../kernels.h"
#include "peer.h"

#include <time.h>

static const char usage[] = "usage: perfect_openmp N WORKERS";

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void look_at(uint32_t n)
{
    uint64_t divisions = 0;

    if (brute(n, &divisions) == n)
        printf("%u is a Perfect number\n", (unsigned)n);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "%s\n", usage);
        return 2;
    }
    uint32_t last = number_in(argv[1], 1000000, usage), workers = number_in(argv[2], 1000, usage);
    (void)workers;

    double start = seconds_now();
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 1) num_threads(workers)
#endif
    for (uint32_t n = 1; n <= last; n++)
        look_at(n);
    printf("%.6f\n", seconds_now() - start);
    return end_of_output();
}
