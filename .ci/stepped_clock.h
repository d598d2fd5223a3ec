/* Makes a program's clock that of stepped_clock.c, when it is included before all else. It has to
 * come after time.h: where a time has 64 bits and a long 32, that says which of two clock_gettime
 * is meant. */
#include <time.h>

int clock_gettime_stepped(clockid_t clock, struct timespec *time);
int clock_nanosleep_stepped(clockid_t clock, int flags, const struct timespec *until,
                            struct timespec *left);

#define clock_gettime clock_gettime_stepped
#define clock_nanosleep clock_nanosleep_stepped
