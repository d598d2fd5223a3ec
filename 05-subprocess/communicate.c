/* communicate: send a program a text, and take what it prints.
 *
 * usage: communicate [[-i TEXT] COMMAND [ARG...]]
 *   -i TEXT   send it TEXT, as it is; `-i -` sends our own standard input
 *   without a command: nslookup, which is sent three commands
 *
 * Notice: a pipe holds 64 KiB. Whoever writes all that the program is to read, and only then reads
 * what it prints, waits for ever when there is more than that: the program waits, too, until
 * somebody reads. subprocess_run does both at the same time.
 */
#include "cli.h"
#include "io.h"
#include "subprocess.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: communicate [[-i TEXT] COMMAND [ARG...]]\n"
    "  Runs a program, sends it a text, and shows what it prints, and its exit code.\n"
    "  -i TEXT   send it TEXT, as it is; `-i -` sends our own standard input\n"
    "  without a command: nslookup, which is sent three commands\n";

static char *const nslookup[] = {"nslookup", NULL};
static const char questions[] = "set q=mx\npython.org\nexit\n";

/* Returns our standard input, read to its end, and puts its size into *size. */
static char *read_input(size_t *size)
{
    char *text = NULL;

    *size = 0;
    for (size_t room = 65536;; room *= 2) {
        char *larger = realloc(text, room);
        if (larger == NULL)
            die("keep standard input");
        text = larger;
        ssize_t got = io_read(STDIN_FILENO, text + *size, room - *size);
        if (got == -1)
            die("read standard input");
        *size += (size_t)got;
        if (*size < room) /* io_read stops early only at the end */
            return text;
    }
}

static void print(FILE *stream, const struct subprocess_text *text)
{
    if (text->size == 0)
        return;
    fwrite(text->data, 1, text->size, stream); /* not printf: there may be a '\0' in it */
    if (text->data[text->size - 1] != '\n')
        fputc('\n', stream); /* so that our own next line begins a new one */
}

static int communicate(struct subprocess *program)
{
    int code;

    if (subprocess_run(program, FOREVER) == 0) {
        code = program->process.exit_code;
    } else {
        code = subprocess_exec_code(errno);
        complain("%s: %s", program->argv[0], strerror(errno));
    }
    print(stdout, &program->output_text);
    print(stderr, &program->error_text);
    subprocess_close(program);
    say("Exit code: %d", code);
    return code < 0 ? 128 - code : code; /* as a shell has it */
}

int main(int argc, char **argv)
{
    const char *text = NULL;
    while (cli_option(argc, argv, "i:", usage) == 'i')
        text = optarg;
    cli_operands(argc, argv, text == NULL ? 0 : 1, INT_MAX);

    bool own_run = optind == argc;
    if (own_run)
        text = questions;
    struct subprocess program = {.argv = own_run ? nslookup : argv + optind,
                                 .input = {.kind = SUBPROCESS_PIPE},
                                 .output = {.kind = SUBPROCESS_PIPE},
                                 .error = {.kind = SUBPROCESS_PIPE},
                                 .text = text};
    printf("$");
    for (char *const *word = program.argv; *word != NULL; word++)
        printf(" %s", *word);
    printf("\n");
    if (fflush(stdout) == EOF)
        die("write standard output");

    char *input = NULL;
    if (text != NULL && strcmp(text, "-") == 0)
        program.text = input = read_input(&program.text_size);
    else if (text != NULL)
        program.text_size = strlen(text);
    int status = communicate(&program);
    free(input);
    return cli_end(status);
}
