/* The two tasks of the benchmark, and the tally that shows that nothing was left out. */
#ifndef TASKS_H
#define TASKS_H

#include "clock.h"
#include "say.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

typedef void numbered_task(long number);

static double sleep_length = 1; /* seconds */

static void sleep_task(long number)
{
    say("Starting task: %ld in process %ld", number, (long)getpid());
    pause_seconds(sleep_length);
    say("Ending task: %ld in process %ld", number, (long)getpid());
}

/* What the perfect task has done, whichever process did it: a shared mapping. */
static struct tally {
    atomic_ullong tasks, divisions, divisor_sum;
} * tally;

static void perfect_task(long number)
{
    uint32_t n = (uint32_t)number, sum_of_divisors = 0, i;

    for (i = 1; i < n; i++)
        if (n % i == 0)
            sum_of_divisors += i;
    if (sum_of_divisors == n)
        say("%ld is a Perfect number", number);
    atomic_fetch_add(&tally->tasks, 1);
    atomic_fetch_add(&tally->divisions, i - 1); /* as far as the loop has come */
    atomic_fetch_add(&tally->divisor_sum, sum_of_divisors);
}

/* Says whether the tally is that of each number from 1 to `last`, once. The divisors are counted
 * from the other side: d divides last / d of these numbers, itself included, which does not count.
 */
static bool tally_is_right(unsigned long long last)
{
    unsigned long long divisor_sum = 0;

    for (unsigned long long d = 1; d <= last; d++)
        divisor_sum += d * (last / d - 1);
    return tally->tasks == last && tally->divisions == last * (last - 1) / 2 &&
           tally->divisor_sum == divisor_sum;
}

#endif
