#include "clock.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail: the clock is there and `now` is ours */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double deadline_after(double timeout)
{
    return timeout >= FOREVER ? FOREVER : seconds_now() + timeout;
}

double seconds_until(double deadline)
{
    return deadline >= FOREVER ? FOREVER : deadline - seconds_now();
}

int milliseconds_until(double deadline)
{
    if (deadline >= FOREVER)
        return -1;
    double left = (deadline - seconds_now()) * 1000;
    if (!(left > 0))
        return 0;
    return left >= INT_MAX ? INT_MAX : (int)left + 1; /* up: never wake just before it */
}

double time_scale(void)
{
    const char *text = getenv("TIME_SCALE");
    if (text == NULL)
        return 1;
    char *end;
    double scale = strtod(text, &end);
    /* Digits and a point; strtod alone would also take nan, 0x10 or 1e-3. */
    if (!isdigit((unsigned char)*text) || text[strspn(text, "0123456789.")] != '\0' ||
        *end != '\0' || scale > 1000) {
        errno = EINVAL;
        return -1;
    }
    return scale;
}

long random_seed(void)
{
    const char *text = getenv("SEED");
    if (text == NULL)
        return 0;
    char *end;
    errno = 0;
    long seed = strtol(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 || seed > 2147483647) {
        errno = EINVAL;
        return -1;
    }
    return seed;
}

int pause_seconds(double seconds)
{
    double scale = time_scale();
    if (scale < 0)
        return -1;
    double length = seconds * scale;
    if (!(seconds >= 0 && length <= 1e9)) {
        errno = EINVAL;
        return -1;
    }
    /* Until a moment, not for a length: a signal that interrupts the sleep does not prolong it. */
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)length;
    until.tv_nsec += (long)((length - (double)(time_t)length) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    int error;
    while ((error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)) == EINTR)
        ;
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

void random_start(unsigned stream)
{
    unsigned seed;

    if (getenv("SEED") != NULL) {
        seed = (unsigned)random_seed();
    } else { /* the time alone would be the same in two children of one moment */
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (unsigned)now.tv_nsec ^ (unsigned)now.tv_sec ^ ((unsigned)getpid() << 16);
    }
    /* Two odd multipliers spread neighbours apart; + 1, as srand(0) is srand(1) in glibc. */
    srand(seed * 2246822519U + stream * 2654435761U + 1);
}

double random_fraction(void)
{
    return rand() / (RAND_MAX + 1.0);
}
