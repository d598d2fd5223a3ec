/* Jobs of any length, done one after the other or by a pool; timed, and checked. */
#ifndef JOBS_H
#define JOBS_H

#include "cli.h"
#include "clock.h"
#include "pool.h"

#include <stdint.h>
#include <stdlib.h>

enum { MOST_JOBS = 100000 };

struct job {
    uint32_t number, steps;
};

static struct job jobs[MOST_JOBS];
static uint32_t values[MOST_JOBS];
static struct task_result results[MOST_JOBS];

/* Each step needs the one before: no compiler and no processor can do two at a time. */
static uint32_t work(uint32_t steps)
{
    uint32_t x = 1;

    while (steps-- > 0)
        x = x * 1664525 + 1013904223;
    return x;
}

static int do_job(const void *argument, void *result)
{
    const struct job *job = argument;

    *(uint32_t *)result = work(job->steps) + job->number;
    return 0;
}

/* The steps of a microsecond; of several tries the fastest, which nobody has disturbed. */
static double steps_per_microsecond(void)
{
    double best = FOREVER;

    for (int i = 0; i < 10; i++) {
        double start = seconds_now();
        volatile uint32_t x = work(1000000);
        (void)x;
        double took = seconds_now() - start;
        best = took < best ? took : best;
    }
    return 1 / best;
}

/* Seconds for `count` jobs of so many steps in that pool; NULL: by calling the function here. */
static double time_jobs(struct pool *pool, int count, uint32_t steps, size_t chunk)
{
    int (*volatile call)(const void *, void *) = do_job; /* volatile: else it may be no call */
    uint32_t wanted = work(steps);

    for (int i = 0; i < count; i++) {
        jobs[i] = (struct job){.number = (uint32_t)i, .steps = steps};
        results[i] = (struct task_result){.value = &values[i]};
        values[i] = 0;
    }
    double start = seconds_now();
    for (int i = 0; i < count && pool == NULL; i++)
        call(&jobs[i], &values[i]);
    if (pool != NULL && pool_map(pool, do_job, jobs, (size_t)count, chunk, results) == -1)
        die("map %d jobs", count);
    double seconds = seconds_now() - start;
    for (int i = 0; i < count; i++) {
        char why[100] = "its result is wrong";
        if (values[i] == wanted + (uint32_t)i)
            continue;
        if (results[i].error != 0)
            pool_failure(&results[i], why, sizeof why);
        complain("job %d: %s", i, why);
        exit(EXIT_FAILURE);
    }
    return seconds;
}

#endif
