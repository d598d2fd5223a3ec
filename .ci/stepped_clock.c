/* stepped_clock: what a test puts in the place of the system's clock, so that pauses can be
 * counted, compared and held. Time stands still but for pauses; each is told on standard error, and
 * takes until a byte, or the end of the file, comes from standard input. build_stepped in
 * test_helper.bash makes the program's calls these. */
#include "stepped_clock.h"

#include <stdio.h>
#include <unistd.h>
#undef clock_gettime

static struct timespec now = {.tv_sec = 1000};

int clock_gettime_stepped(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_MONOTONIC)
        return clock_gettime(clock, time);
    *time = now;
    return 0;
}

int clock_nanosleep_stepped(clockid_t clock, int flags, const struct timespec *until,
                            struct timespec *left)
{
    char byte;
    double length = (double)(until->tv_sec - now.tv_sec);

    (void)clock, (void)flags, (void)left;
    length += (double)(until->tv_nsec - now.tv_nsec) * 1e-9;
    fprintf(stderr, "pause %.3f\n", length);
    now = *until;
    return read(STDIN_FILENO, &byte, 1) == -1;
}
