/* pipeline: programs in a row, each reading what the one before it prints.
 *
 * usage: pipeline [COMMAND [ARG...] [-- COMMAND [ARG...]]...]
 *   without a command: yes -- head -n 3 -- nl
 *
 * Notice: all of them run at the same time. The end goes through the row in both directions: a
 * reader that is done ends the writer (SIGPIPE), a writer that is done ends the reader (end of
 * file). Both only when nobody else holds that end of the pipe: above all not us.
 */
#include "cli.h"
#include "io.h"
#include "subprocess.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: pipeline [COMMAND [ARG...] [-- COMMAND [ARG...]]...]\n"
    "  Connects programs as the shell's | does, and shows how each one ended.\n"
    "  without a command: yes -- head -n 3 -- nl\n";

/* Cuts the words at each "--". Returns the programs, in memory for the caller to free. */
static struct subprocess *split(char **words, size_t *count)
{
    *count = 1;
    for (char **word = words; *word != NULL; word++)
        *count += strcmp(*word, "--") == 0;
    struct subprocess *programs = calloc(*count, sizeof *programs);
    if (programs == NULL)
        die("allocate %zu programs", *count);
    for (size_t i = 0; i < *count; i++) {
        programs[i].argv = words;
        while (*words != NULL && strcmp(*words, "--") != 0)
            words++;
        *words++ = NULL; /* where the "--" was, or the NULL behind the last word */
        if (programs[i].argv[0] == NULL)
            bad_usage("command %zu is empty: expected one before and after each --", i + 1);
    }
    return programs;
}

static void print_line(const struct subprocess *programs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf(i == 0 ? "$" : " |");
        for (char *const *word = programs[i].argv; *word != NULL; word++)
            printf(" %s", *word);
    }
    printf("\n");
    if (fflush(stdout) == EOF)
        die("write standard output");
}

/* A pipe between each program and the next one. */
static void connect(struct subprocess *programs, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        int ends[2];
        if (io_pipe(ends) == -1)
            die("pipe %zu of %zu", i + 1, count - 1);
        programs[i].output = (struct subprocess_stream){SUBPROCESS_FILE, ends[1]};
        programs[i + 1].input = (struct subprocess_stream){SUBPROCESS_FILE, ends[0]};
    }
}

static void start(struct subprocess *program)
{
    if (subprocess_start(program) == -1) { /* the others run all the same, as in a shell */
        program->process.exit_code = subprocess_exec_code(errno);
        complain("%s: %s", program->argv[0], strerror(errno));
    }
    /* It has its ends now. While we have them, too, no reader sees an end of file, since we might
     * still write; and no writer gets SIGPIPE, since we might still read. */
    if (program->input.kind == SUBPROCESS_FILE)
        io_close(&program->input.descriptor);
    if (program->output.kind == SUBPROCESS_FILE)
        io_close(&program->output.descriptor);
}

int main(int argc, char **argv)
{
    char *own_run[] = {"yes", "--", "head", "-n", "3", "--", "nl", NULL};
    struct subprocess_signals signals;
    size_t count;

    cli_option(argc, argv, "", usage);
    struct subprocess *programs = split(optind < argc ? argv + optind : own_run, &count);
    print_line(programs, count);
    connect(programs, count); /* all pipes first: if there are too few, nothing has to be ended */

    subprocess_hold_signals(&signals); /* a Ctrl-C between two starts would miss the second one */
    for (size_t i = 0; i < count; i++)
        start(&programs[i]);
    if (subprocess_wait_all(programs, count, &signals) == -1)
        die("wait for the programs");
    subprocess_release_signals(&signals);

    int code = 0;
    for (size_t i = 0; i < count; i++) {
        code = programs[i].process.exit_code;
        say("%s: exit code %d", programs[i].argv[0], code);
    }
    free(programs);
    return cli_end(code < 0 ? 128 - code : code); /* the last one's, as in a shell */
}
