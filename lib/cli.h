/* cli: what every program does at its edges: options, numbers, error messages, the exit status.
 * The only module that ends the process. Its exit codes: 1 for a failure, 2 for wrong usage. */
#ifndef CLI_H
#define CLI_H

#include "say.h"

#include <stdnoreturn.h>

/* The next option letter of `letters` (as getopt takes them; its argument is in `optarg`), or -1
 * after the last one. -h and --help print `usage` and exit 0; an option that is not in `letters`,
 * or lacks its argument, is wrong usage. The first line of `usage` is "usage: NAME [-o] ARG".
 * The first call also gives the program its name, checks TIME_SCALE and SEED, and fills up
 * descriptors 0, 1 and 2 where they are closed, so that no pipe is taken for standard output. */
int cli_option(int argc, char **argv, const char *letters, const char *usage);

/* Checks that `least` to `most` operands (arguments after the options) are there. */
void cli_operands(int argc, char **argv, int least, int most);

/* The whole decimal number that `text` is, from `least` to `most`; anything else, such as "", "7x",
 * " 7" or "1e3", is wrong usage. `name` is what the message calls it: "-n", "WORKERS". */
long cli_number(const char *name, const char *text, long least, long most);

/* Ends the program well, or not: checks standard output, and returns `status` for main to return,
 * or 1, with a message, if something that was printed has not arrived. */
int cli_end(int status);

/* "program: MESSAGE" on standard error: one line, in one write, of about 1,000 characters at most.
 */
void complain(const char *format, ...) SAY_FORMAT(1, 2);

/* The same with errno's text behind it, and exit 1: die("open %s", path). */
noreturn void die(const char *format, ...) SAY_FORMAT(1, 2);

/* complain, and exit 2: wrong usage. */
noreturn void bad_usage(const char *format, ...) SAY_FORMAT(1, 2);

#endif
