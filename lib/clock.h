/* clock: monotonic seconds, deadlines, and pauses that TIME_SCALE shrinks and SEED repeats.
 * (POSIX keeps names that begin with clock_ for itself, so the functions have other ones.) */
#ifndef CLOCK_H
#define CLOCK_H

#include <math.h>

/* A timeout that never comes. Timeouts are seconds everywhere; 0 means: look, but do not wait. */
#define FOREVER ((double)INFINITY)

/* Seconds since some moment in the past; never goes back, whoever sets the wall clock. */
double seconds_now(void);

/* When a timeout that begins now is over, as a value of seconds_now; FOREVER is FOREVER. And the
 * way back: the seconds from now to a deadline, negative when it has passed. */
double deadline_after(double timeout);
double seconds_until(double deadline);

/* The milliseconds from now to `deadline`, a value of seconds_now, as poll takes them: rounded up,
 * 0 when it has passed, -1 when it is FOREVER. */
int milliseconds_until(double deadline);

/* The number that the environment's TIME_SCALE gives to multiply pauses with: 1 when it is not set,
 * -1 and EINVAL when it is no decimal number from 0 to 1000. */
double time_scale(void);

/* The number that the environment's SEED gives: 0 when it is not set, -1 and EINVAL when it is no
 * whole number from 0 to 2147483647. */
long random_seed(void);

/* Sleeps for `seconds` times TIME_SCALE, signals or not.
 * Returns 0, or -1 and EINVAL (`seconds` or TIME_SCALE is no such number). */
int pause_seconds(double seconds);

/* Starts this process's random numbers anew. With SEED set, the same SEED and `stream` (any number
 * that tells a process or task from its siblings) give the same numbers on every run. Without it
 * they differ between runs and processes. */
void random_start(unsigned stream);

/* A random number, at least 0 and below 1. */
double random_fraction(void);

#endif
