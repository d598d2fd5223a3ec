/* The tasks of the benchmark, and the tally that shows that nothing was left out. */
#ifndef TASKS_H
#define TASKS_H

#include "clock.h"
#include "kernels.h"
#include "say.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

typedef void numbered_task(long number);

/* The document's two tasks, and the kernels by which the second one can be done: the first of them
 * is the document's, too. */
enum { SLEEP, BRUTE, SIMD, SQRT, SIEVE, TASKS };
enum { PERFECT = BRUTE, GROUPS };

static long counts[GROUPS] = {10, 99999}; /* of tasks that sleep, and of numbers */
static double sleep_length = 1;           /* seconds */

static int group_of(int task)
{
    return task == SLEEP ? SLEEP : PERFECT;
}

/* A mapping that all processes share. */
static struct shared {
    atomic_int interrupted; /* by this signal: what runs, in whichever process, is to end soon */
    struct tally {
        atomic_ullong tasks, spent, divisor_sum;
    } tally; /* what the perfect tasks have done */
} * shared;

static void sleep_task(long number)
{
    say("Starting task: %ld in process %ld", number, (long)getpid());
    double scale = time_scale(), end = deadline_after(sleep_length * scale), left;
    while ((left = seconds_until(end)) > 0) { /* in naps: a pause does not end by a signal */
        pause_seconds((left < 0.1 ? left : 0.1) / scale);
        if (shared->interrupted)
            return;
    }
    say("Ending task: %ld in process %ld", number, (long)getpid());
}

/* Of the numbers from `first` to `last`, which are one task. */
static void conclude_perfect(uint32_t first, uint32_t last, const uint32_t *sums, uint64_t spent)
{
    uint64_t divisor_sum = 0;

    for (uint32_t n = first; n <= last; n++) {
        divisor_sum += sums[n - first];
        if (sums[n - first] == n)
            say("%ld is a Perfect number", (long)n);
    }
    atomic_fetch_add(&shared->tally.tasks, 1);
    atomic_fetch_add(&shared->tally.spent, spent);
    atomic_fetch_add(&shared->tally.divisor_sum, divisor_sum);
}

static inline void perfect_task(long number, uint32_t (*kernel)(uint32_t n, uint64_t *spent))
{
    uint64_t spent = 0;
    uint32_t n = (uint32_t)number, sum = kernel(n, &spent);

    conclude_perfect(n, n, &sum, spent);
}

static void brute_task(long number)
{
    perfect_task(number, brute);
}

static void simd_task(long number)
{
    perfect_task(number, simd);
}

static void sqrt_task(long number)
{
    perfect_task(number, by_root);
}

enum { SEGMENT = 4096 }; /* numbers in one task of the sieve */

static void sieve_task(long segment)
{
    uint32_t first = (uint32_t)(segment - 1) * SEGMENT + 1, last = first + SEGMENT - 1;
    uint32_t sums[SEGMENT];
    uint64_t spent = 0;

    if (last > (uint32_t)counts[PERFECT])
        last = (uint32_t)counts[PERFECT];
    sieve(first, last, sums, &spent);
    conclude_perfect(first, last, sums, spent);
}

static numbered_task *const functions[TASKS] = {sleep_task, brute_task, simd_task, sqrt_task,
                                                sieve_task};

static long task_count(int task)
{
    return task == SIEVE ? (counts[PERFECT] - 1) / SEGMENT + 1 : counts[group_of(task)];
}

/* Says whether the tally is that of each number from 1 to `last`, once, by that kernel. It counts
 * from the other side: d divides last / d of these numbers, itself included, which does not count.
 * brute has tried it on all numbers above it, sqrt on those from d * d on, and sieve has gone to
 * those of them that it divides. */
static bool tally_is_right(int kernel)
{
    uint64_t last = (uint64_t)counts[PERFECT], divisor_sum = 0, spent = 0;

    for (uint64_t d = 1; d <= last; d++) {
        divisor_sum += d * (last / d - 1);
        if (kernel == BRUTE || kernel == SIMD)
            spent += last - d;
        else if (kernel == SQRT && d * d <= last)
            spent += last - d * d + 1;
        else if (kernel == SIEVE && d > 1 && d * d <= last)
            spent += last / d - d + 1;
    }
    return shared->tally.tasks == (uint64_t)task_count(kernel) && shared->tally.spent == spent &&
           shared->tally.divisor_sum == divisor_sum;
}

#endif
