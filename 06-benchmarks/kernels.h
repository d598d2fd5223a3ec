/* Four kernels: ways to find the sum of a number's proper divisors, those below it. Each adds to
 * *spent how many divisions it has made; the sieve, how many additions. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

/* The document's: divides by every smaller number. */
static inline uint32_t brute(uint32_t n, uint64_t *spent)
{
    uint32_t sum_of_divisors = 0, i;

    for (i = 1; i < n; i++)
        if (n % i == 0)
            sum_of_divisors += i;
    *spent += i - 1; /* as far as the loop has come */
    return sum_of_divisors;
}

/* The same divisions, four or more by one instruction. Processors have that for float, not for
 * integers; and a loop whose length is known is what compilers make such instructions of (-O2: gcc
 * 12, clang 14, and newer).
 *
 * It is exact for n < 2^24, where all integers up to n are floats. If d divides n, the quotient is
 * one of them. If not, n/d is at least 1/d away from every integer, and rounding moves it by half a
 * unit in the last place at most, n/d * 2^-24, which is less than 1/d. So it becomes no integer. */
enum { BLOCK = 64 };

static inline uint32_t simd(uint32_t n, uint64_t *spent)
{
    float dividend = (float)n;
    uint32_t sum_of_divisors = 0, i;

    for (i = 1; i + BLOCK <= n; i += BLOCK) {
        int32_t first = (int32_t)i, sum = 0;
        for (int32_t divisor = first; divisor < first + BLOCK; divisor++) {
            float quotient = dividend / (float)divisor;
            sum += quotient == (float)(int32_t)quotient ? divisor : 0; /* no branch: a mask */
        }
        sum_of_divisors += (uint32_t)sum;
    }
    for (; i < n; i++) /* less than a block is left */
        if (n % i == 0)
            sum_of_divisors += i;
    *spent += i - 1;
    return sum_of_divisors;
}

/* If d divides n, so does n / d, and one of the two is at most the root of n. */
static inline uint32_t by_root(uint32_t n, uint64_t *spent)
{
    uint32_t sum_of_divisors = 0, d;

    for (d = 1; d * d <= n; d++)
        if (n % d == 0)
            sum_of_divisors += d * d == n ? d : d + n / d;
    *spent += d - 1;
    return sum_of_divisors - n; /* n / 1 */
}

/* Does not ask the numbers for their divisors, but tells each divisor's multiples of it, and of the
 * other one of the pair. So it has no division to try in vain; but it needs many numbers at once,
 * here `first` to `last`: one alone can't be sieved. */
static inline void sieve(uint32_t first, uint32_t last, uint32_t *sums, uint64_t *spent)
{
    for (uint32_t n = first; n <= last; n++)
        sums[n - first] = n > 1; /* 1 divides them all */
    for (uint32_t d = 2; d * d <= last; d++) {
        uint32_t other = (first + d - 1) / d;
        if (other < d)
            other = d; /* below, the pair is the other way round */
        for (; d * other <= last; other++, ++*spent)
            sums[d * other - first] += d == other ? d : d + other;
    }
}

#endif
