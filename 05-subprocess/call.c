/* call: run a program that is not ours, and see how it ended.
 *
 * usage: call [COMMAND [ARG...]]
 *   without a command: nslookup www.python.org, and then ls -lah /tmp
 *
 * Notice: no shell is involved, so `call echo '*'` prints a star. A program that is not there is
 * not a program that failed: exec's error comes back from subprocess_call, as an errno.
 */
#include "cli.h"
#include "subprocess.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: call [COMMAND [ARG...]]\n"
                            "  Runs a program without a shell, and shows its return code.\n"
                            "  without a command: nslookup www.python.org, and then ls -lah /tmp\n";

/* Returns the status that a shell would give. */
static int call(char *const argv[])
{
    int code;

    printf("$");
    for (char *const *word = argv; *word != NULL; word++)
        printf(" %s", *word);
    printf("\n");
    if (fflush(stdout) == EOF) /* now: it comes before what the program prints */
        die("write standard output");
    if (subprocess_call(argv, &code) == -1) {
        int error = errno;
        code = subprocess_exec_code(error);
        complain("%s: %s", argv[0], strerror(error));
    }
    say("return code: %d", code);
    return code < 0 ? 128 - code : code; /* -15, killed by SIGTERM, is 143 in a shell */
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage); /* the first word that is no option ends our own options */
    if (optind < argc)
        return cli_end(call(argv + optind));

    call((char *[]){"nslookup", "www.python.org", NULL});
    return cli_end(call((char *[]){"ls", "-lah", "/tmp", NULL}));
}
