/* number_fuzz: every number that a program takes from its command line or its environment. The
 * first byte says which reader, and between which limits; the rest is the text. What is taken must
 * be what was written, and what is not must be refused by one harmless line and exit code 2. */
#include "fuzz.h"

#include "cli.h"
#include "clock.h"
#include "io.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

/* A refusal prints a said and ends the process, by way of these two; here it does not. */
static noreturn void catch_exit(int status);
static int catch_write(int descriptor, const void *bytes, size_t size);

#define exit catch_exit
#define io_write catch_write
#include "../../cli.c" /* NOLINT(bugprone-suspicious-include) */
#undef exit
#undef io_write

/* The program whole, since its reader of seconds is its own. */
#define usage timeout_usage
#define start timeout_start
#define main timeout_main
int timeout_main(int argc, char **argv);
#include "../../../05-subprocess/timeout.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

static jmp_buf refused;
static int exit_status;
static char said[4096];
static size_t said_size;

static void catch_exit(int status)
{
    exit_status = status;
    longjmp(refused, 1);
}

static int catch_write(int descriptor, const void *bytes, size_t size)
{
    CHECK(descriptor == STDERR_FILENO && size < sizeof said && said_size == 0);
    memcpy(said, bytes, size);
    said[said_size = size] = '\0';
    return 0;
}

/* Runs `read`, which may refuse. Says whether it did not; else, checks how. */
static int accepts(double (*read)(const char *), const char *text, double *value)
{
    said_size = 0;
    if (setjmp(refused) == 0) { /* NOLINT(cert-err52-cpp) */
        *value = read(text);
        CHECK(said_size == 0);
        return 1;
    }
    CHECK(exit_status == 2 && said_size > 0 && strlen(said) == said_size);
    CHECK(strstr(said, ": expected a ") != NULL);
    for (size_t i = 0; i < said_size; i++)
        CHECK(!iscntrl((unsigned char)said[i]) || (said[i] == '\n' && i + 1 == said_size));
    CHECK(said[said_size - 1] == '\n');
    return 0;
}

static const long limits[][2] = {{0, 0},     {1, 100},           {-5, 5},     {LONG_MIN, LONG_MAX},
                                 {1, 65535}, {-2147483647, -10}, {0, INT_MAX}};
static long least, most, whole; /* a double would not hold all of it */

static double read_number(const char *text)
{
    whole = cli_number("-n", text, least, most);
    return 0;
}

/* Compares digits with digits, and calls no function that could make the same mistake. */
static int is_written(const char *text, long number)
{
    char wanted[32];
    int negative = *text == '-';

    text += negative;
    while (text[0] == '0' && text[1] != '\0')
        text++;
    snprintf(wanted, sizeof wanted, "%s%ld", negative && number == 0 ? "-" : "", number);
    return strcmp(wanted + negative, text) == 0 && (wanted[0] == '-') == negative;
}

static int has_form(const char *text, const char *characters)
{
    return *text != '\0' && text[strspn(text, characters)] == '\0';
}

static void check_number(const char *text)
{
    double unused;
    const char *digits = text + (*text == '-');

    if (accepts(read_number, text, &unused)) {
        CHECK(has_form(digits, "0123456789"));
        CHECK(whole >= least && whole <= most && is_written(text, whole));
    } else if (has_form(digits, "0123456789")) { /* then it is not between the limits */
        errno = 0;
        long number = strtol(text, NULL, 10);
        CHECK(errno == ERANGE || number < least || number > most);
    }
}

/* One point at most, and a digit. */
static int is_decimal(const char *text)
{
    const char *point = strchr(text, '.');

    return has_form(text, "0123456789.") && (point == NULL || strchr(point + 1, '.') == NULL) &&
           strpbrk(text, "0123456789") != NULL;
}

static void check_seconds(const char *text)
{
    double value = 0;
    int taken = accepts(number_of_seconds, text, &value);
    double number = is_decimal(text) ? strtod(text, NULL) : -1;

    CHECK(taken == (number > 0 && number <= MOST_SECONDS));
    CHECK(!taken || value == number);
}

static void check_scale(const char *text)
{
    CHECK(setenv("TIME_SCALE", text, 1) == 0);
    double scale = time_scale();
    double number = is_decimal(text) && *text != '.' ? strtod(text, NULL) : -1;

    CHECK(scale == (number > 1000 ? -1 : number));
    unsetenv("TIME_SCALE");
}

static void check_seed(const char *text)
{
    CHECK(setenv("SEED", text, 1) == 0);
    long seed = random_seed();

    CHECK(seed == -1 || (seed >= 0 && has_form(text, "0123456789") && is_written(text, seed)));
    if (seed == -1 && has_form(text, "0123456789"))
        CHECK(strlen(text) >= 10 && strtod(text, NULL) > 2147483647.0);
    unsetenv("SEED");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(const char *) = {check_number, check_seconds, check_scale,
                                                   check_seed};
    if (size == 0)
        return 0;
    size_t pair = *data / 4 % (sizeof limits / sizeof *limits);
    least = limits[pair][0];
    most = limits[pair][1];
    char *text = text_of(data + 1, size - 1);
    checks[*data % 4](text);
    free(text);
    return 0;
}
