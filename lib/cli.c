#include "cli.h"

#include "clock.h"
#include "io.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 1024 };

static const char *program_name = "program";
static const char *program_usage = "";

static void vcomplain(const char *format, va_list arguments, const char *reason)
{
    char message[MESSAGE_SIZE];
    char line[MESSAGE_SIZE + 512];

    vsnprintf(message, sizeof message, format, arguments);
    for (char *c = message; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c)) /* an argument may hold a newline; a message is one line */
            *c = '?';
    snprintf(line, sizeof line, "%.200s: %s%s%.200s\n", program_name, message,
             *reason == '\0' ? "" : ": ", reason);
    io_write(STDERR_FILENO, line, strlen(line)); /* where would we complain that this failed? */
}

void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vcomplain(format, arguments, "");
    va_end(arguments);
}

void die(const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list arguments;

    va_start(arguments, format);
    vcomplain(format, arguments, reason);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

void bad_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vcomplain(format, arguments, "");
    va_end(arguments);
    exit(2);
}

/* A descriptor that was closed before we started would be given to our first pipe, and what we
 * print would end up there. Opened the wrong way round, using it is still an error. */
static void fill_standard_descriptors(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF)
            continue;
        int mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (open("/dev/null", mode) != descriptor) /* open takes the lowest free one */
            die("open /dev/null"); /* it writes to 2, which may be closed: then nobody hears it */
    }
}

static void start(const char *path, const char *usage)
{
    const char *slash = strrchr(path, '/');

    program_name = slash == NULL ? path : slash + 1;
    program_usage = usage;
    fill_standard_descriptors();
    if (time_scale() < 0)
        bad_usage("TIME_SCALE: expected a number from 0 to 1000, got '%.40s'",
                  getenv("TIME_SCALE"));
    if (random_seed() < 0)
        bad_usage("SEED: expected a whole number from 0 to 2147483647, got '%.40s'",
                  getenv("SEED"));
}

/* The usage text's first line, for messages. */
static const char *synopsis(void)
{
    static char line[256];

    snprintf(line, sizeof line, "%.*s", (int)strcspn(program_usage, "\n"), program_usage);
    return line;
}

int cli_option(int argc, char **argv, const char *letters, const char *usage)
{
    char all[64];

    if (usage != program_usage)
        start(argc > 0 ? argv[0] : "program", usage);
    if (optind < argc && strncmp(argv[optind], "--", 2) == 0 && argv[optind][2] != '\0') {
        if (strcmp(argv[optind], "--help") != 0)
            bad_usage("unknown option '%s'; %s", argv[optind], synopsis());
        printf("%s", usage);
        exit(cli_end(EXIT_SUCCESS));
    }
    /* ':' tells a missing argument from an unknown option, and leaves the message to us. '+' keeps
     * glibc from looking for options behind the operands: `call ls -l` is not our -l. */
    snprintf(all, sizeof all, "+:h%s", letters);
    int option = getopt(argc, argv, all);
    if (option == 'h') {
        printf("%s", usage);
        exit(cli_end(EXIT_SUCCESS));
    }
    if (option == ':')
        bad_usage("option -%c lacks its argument; %s", optopt, synopsis());
    if (option == '?')
        bad_usage("unknown option -%c; %s", optopt, synopsis());
    return option;
}

void cli_operands(int argc, char **argv, int least, int most)
{
    int count = argc - optind;

    if (count < least)
        bad_usage("an argument is missing; %s", synopsis());
    if (count > most)
        bad_usage("unexpected argument '%s'; %s", argv[optind + most], synopsis());
}

long cli_number(const char *name, const char *text, long least, long most)
{
    const char *digits = *text == '-' ? text + 1 : text;
    char *end = NULL;
    errno = 0;
    long number = strtol(text, &end, 10);

    if (!isdigit((unsigned char)*digits) || *end != '\0' || errno != 0 || number < least ||
        number > most)
        bad_usage("%s: expected a whole number from %ld to %ld, got '%s'", name, least, most, text);
    return number;
}

int cli_end(int status)
{
    if (say_end() == 0)
        return status;
    complain("write standard output: %s", strerror(errno));
    return EXIT_FAILURE;
}
