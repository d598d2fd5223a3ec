/* Drives lib/clock.c for lib/clock.bats. A scenario that checks by itself prints nothing when all
 * is well; the others print what the module returns. */
#include "clock.h"
#include "io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "clock_test.c:%d: is not so: %s (%s)\n", line, condition, strerror(errno));
    _exit(EXIT_FAILURE);
}

static double monotonic(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void monotonic_seconds(const char *unused)
{
    double last = 0;

    (void)unused;
    for (int i = 0; i < 100000; i++) {
        double before = monotonic();
        double seconds = seconds_now();
        CHECK(before <= seconds && seconds <= monotonic());
        CHECK(last <= seconds);
        last = seconds;
    }
}

/* The moments on both sides of the call stand for the one in it, which we can't know. */
static void until(const char *unused)
{
    (void)unused;
    CHECK(milliseconds_until(FOREVER) == -1);
    CHECK(milliseconds_until(0) == 0);
    CHECK(milliseconds_until(-1e300) == 0);
    CHECK(milliseconds_until(-FOREVER) == 0);
    CHECK(milliseconds_until(seconds_now()) == 0);
    CHECK(milliseconds_until(seconds_now() - 5) == 0);
    CHECK(milliseconds_until(1e300) == INT_MAX);
    CHECK(milliseconds_until(seconds_now() + 3e6) == INT_MAX); /* 35 days */
    for (int i = 1; i < 20000; i++) {
        double before = seconds_now();
        double deadline = before + i * 0.000123;
        int milliseconds = milliseconds_until(deadline);
        double after = seconds_now();
        CHECK(after + milliseconds / 1000.0 >= deadline); /* whoever polls so long is not early */
        CHECK(milliseconds / 1000.0 < deadline - before + 0.0010001); /* nor later than it must */
    }
}

/* What it is for: one poll, and the deadline has passed. */
static void until_poll(const char *unused)
{
    (void)unused;
    for (int i = 1; i < 100; i++) {
        double deadline = seconds_now() + i * 0.00002;
        CHECK(poll(NULL, 0, milliseconds_until(deadline)) == 0);
        CHECK(seconds_now() >= deadline);
    }
}

static void scale(const char *unused)
{
    (void)unused;
    errno = 0;
    double value = time_scale();
    printf("%g%s\n", value, errno == 0 ? "" : errno == EINVAL ? " EINVAL" : " wrong errno");
}

static void seed(const char *unused)
{
    (void)unused;
    errno = 0;
    long value = random_seed();
    printf("%ld%s\n", value, errno == 0 ? "" : errno == EINVAL ? " EINVAL" : " wrong errno");
}

/* Prints what pausing for so long returns, and whether that took as long as it should at least. */
static void pause_for(const char *text)
{
    double seconds = strtod(text, NULL);
    double start = seconds_now();

    errno = 0;
    int result = pause_seconds(seconds);
    int error = errno;
    double elapsed = seconds_now() - start;
    if (result == -1)
        printf("-1%s\n", error == EINVAL ? " EINVAL" : " wrong errno");
    else
        printf("%d %s\n", result, elapsed >= seconds * time_scale() ? "slept" : "woke early");
}

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

/* A signal every 10 ms, all the time; a sleep that began again after each would never end. */
static void pause_with_signals(const char *unused)
{
    struct sigaction action = {.sa_handler = count}; /* without SA_RESTART */
    struct itimerval timer = {.it_interval.tv_usec = 10000, .it_value.tv_usec = 10000};

    (void)unused;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    double start = seconds_now();
    CHECK(pause_seconds(0.3) == 0);
    CHECK(seconds_now() - start >= 0.3);
    CHECK(signals > 0);
}

/* Prints what such a stream begins with. */
static void numbers(const char *stream)
{
    random_start((unsigned)strtoul(stream, NULL, 10));
    for (int i = 0; i < 5; i++)
        printf("%.6f ", random_fraction());
    printf("\n");
}

/* Prints what the streams of 8 children begin with that start at the same moment. */
static void numbers_of_children(const char *stream)
{
    pid_t children[8];
    int gate[2];
    char byte;

    CHECK(io_pipe(gate) == 0);
    for (int i = 0; i < 8; i++) {
        children[i] = fork();
        CHECK(children[i] != -1);
        if (children[i] == 0) {
            alarm(10); /* should the parent fail, nobody would end it */
            CHECK(close(gate[1]) == 0);
            CHECK(read(gate[0], &byte, 1) == 0); /* wait for the end of file */
            numbers(stream);
            exit(0);
        }
    }
    CHECK(close(gate[1]) == 0);
    for (int i = 0; i < 8; i++)
        CHECK(waitpid(children[i], NULL, 0) == children[i]);
}

static void fractions(const char *stream)
{
    double least = 1, most = 0, sum = 0;
    int numbers_drawn = 1000000;

    random_start((unsigned)strtoul(stream, NULL, 10));
    for (int i = 0; i < numbers_drawn; i++) {
        double fraction = random_fraction();
        least = fraction < least ? fraction : least;
        most = fraction > most ? fraction : most;
        sum += fraction;
    }
    CHECK(least >= 0 && least < 0.001);
    CHECK(most < 1 && most > 0.999);
    CHECK(fabs(sum / numbers_drawn - 0.5) < 0.01); /* 34 standard deviations */
}

static const struct {
    const char *name;
    void (*run)(const char *argument);
} scenarios[] = {
    {"monotonic_seconds", monotonic_seconds},
    {"until", until},
    {"until_poll", until_poll},
    {"scale", scale},
    {"seed", seed},
    {"pause_for", pause_for},
    {"pause_with_signals", pause_with_signals},
    {"numbers", numbers},
    {"numbers_of_children", numbers_of_children},
    {"fractions", fractions},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run(argc > 2 ? argv[2] : "0");
            return 0;
        }
    fprintf(stderr, "usage: clock_test SCENARIO [ARGUMENT]; they are at the end of clock_test.c\n");
    return 2;
}
