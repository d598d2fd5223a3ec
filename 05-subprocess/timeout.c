/* timeout: end a program on time, and all that it has started.
 *
 * usage: timeout [SECONDS COMMAND [ARG...]]
 *   SECONDS   such as 10 or 0.5; a limit and not a pause, so TIME_SCALE does not change it
 *   without arguments: 1 second for a shell that starts two long sleeps
 *
 * Notice: to end the program is not enough. Its children go on, and hold the pipe that we read from
 * open. So it gets a process group of its own, its children are born into that, and kill ends the
 * whole group. The exit status is 124 if the time was over, else the program's own.
 */
#include "cli.h"
#include "clock.h"
#include "subprocess.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: timeout [SECONDS COMMAND [ARG...]]\n"
    "  Runs a program for so many seconds at most; then ends it, with all that it has started.\n"
    "  SECONDS   such as 10 or 0.5; TIME_SCALE does not change it\n"
    "  without arguments: 1 second for a shell that starts two long sleeps\n";

enum { TIME_IS_OVER = 124, MOST_SECONDS = 1000000 };

static char *const two_sleeps[] = {"sh", "-c", "echo one; sleep 60 & sleep 60; echo two", NULL};

static double number_of_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    /* Digits and a point; strtod alone would also take inf, 0x10 or 1e-3. */
    if (text[strspn(text, "0123456789.")] != '\0' || *end != '\0' ||
        !(seconds > 0 && seconds <= MOST_SECONDS))
        bad_usage("SECONDS: expected a number above 0, at most %d, got '%.40s'", MOST_SECONDS,
                  text);
    return seconds;
}

static void print(FILE *stream, const struct subprocess_text *text)
{
    if (text->size == 0)
        return;
    fwrite(text->data, 1, text->size, stream);
    if (text->data[text->size - 1] != '\n')
        fputc('\n', stream); /* so that our own next line begins a new one */
}

static int run_for(double seconds, char *const *argv)
{
    struct subprocess program = {.argv = argv,
                                 .output = {.kind = SUBPROCESS_PIPE},
                                 .error = {.kind = SUBPROCESS_PIPE},
                                 .group = true};
    double start = seconds_now();
    int error = subprocess_run(&program, seconds) == -1 ? errno : 0;
    double taken = seconds_now() - start;
    int code = program.process.exit_code;

    if (error != 0 && error != ETIMEDOUT) {
        code = subprocess_exec_code(error);
        complain("%s: %s", argv[0], strerror(error));
    }
    print(stdout, &program.output_text); /* also what came before the time was over */
    print(stderr, &program.error_text);
    subprocess_close(&program);
    say("%s after %.2f seconds: return code %d", error == ETIMEDOUT ? "Ended" : "Done", taken,
        code);
    if (error == ETIMEDOUT)
        return TIME_IS_OVER;
    return code < 0 ? 128 - code : code;
}

int main(int argc, char **argv)
{
    double seconds = 1;
    char *const *command = two_sleeps;

    cli_option(argc, argv, "", usage);
    if (optind < argc) {
        cli_operands(argc, argv, 2, INT_MAX);
        seconds = number_of_seconds(argv[optind]);
        command = argv + optind + 1;
    }
    printf("$");
    for (char *const *word = command; *word != NULL; word++)
        printf(" %s", *word);
    printf("\n");
    if (fflush(stdout) == EOF)
        die("write standard output");
    return cli_end(run_for(seconds, command));
}
