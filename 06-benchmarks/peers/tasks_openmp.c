/* The OpenMP side of `make bench-pool`: the tasks of lib/test/pool_bench.c, by threads. Only its
 * script builds this, with -fopenmp.
 *
 * usage: tasks_openmp omp|loop TIMES SIZE       seconds for each of SIZE tasks, the mean of TIMES
 * times; omp: schedule(dynamic,1) on two threads; loop: a bare loop
 */
#include "peer.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

static const char usage[] = "usage: tasks_openmp omp|loop TIMES SIZE";

typedef int task_function(const void *argument, void *result);

static int add_one(const void *argument, void *result)
{
    *(long *)result = *(const long *)argument + 1;
    return 0;
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void fail(const char *message)
{
    fprintf(stderr, "tasks_openmp: %s\n", message);
    exit(EXIT_FAILURE);
}

static void by_threads(task_function *function, long count, const long *arguments, long *results)
{
#ifndef _OPENMP
    fail("built without OpenMP"); /* else this would be a bare loop under another name */
#endif
#pragma omp parallel for schedule(dynamic, 1) num_threads(2)
    for (long i = 0; i < count; i++)
        function(&arguments[i], &results[i]);
}

static void by_loop(task_function *function, long count, const long *arguments, long *results)
{
    for (long i = 0; i < count; i++)
        function(&arguments[i], &results[i]);
}

int main(int argc, char **argv)
{
    task_function *volatile function = add_one; /* volatile: the call can't become inline code */
    bool threads = argc == 4 && strcmp(argv[1], "omp") == 0;
    if (argc != 4 || (!threads && strcmp(argv[1], "loop") != 0)) {
        fprintf(stderr, "%s\n", usage);
        return 2;
    }
    double seconds = 0;
    long times = number_in(argv[2], 1000000, usage), count = number_in(argv[3], 1000000, usage);
    long *arguments = calloc((size_t)count, sizeof *arguments);
    long *results = calloc((size_t)count, sizeof *results);
    if (arguments == NULL || results == NULL)
        fail("no memory");
    for (long i = 0; i < count; i++)
        arguments[i] = i;
    for (long time = 0; time <= times; time++) { /* the first one is not measured */
        memset(results, 0, (size_t)count * sizeof *results);
        double start = seconds_now();
        if (threads)
            by_threads(function, count, arguments, results);
        else
            by_loop(function, count, arguments, results);
        if (time > 0)
            seconds += seconds_now() - start;
        for (long i = 0; i < count; i++)
            if (results[i] != i + 1)
                fail("a result is wrong");
    }
    free(arguments);
    free(results);
    printf("%.9g\n", seconds / (double)times / (double)count);
    return end_of_output();
}
