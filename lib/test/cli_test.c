/* Drives lib/cli.c for lib/cli.bats: the first argument names the scenario, which is also the name
 * of the program that cli sees (as it may be a path: DIRECTORY/SCENARIO); the rest are its
 * arguments.
 */
#include "cli.h"
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "cli_test.c:%d: is not so: %s (%s)\n", line, condition, strerror(errno));
    _exit(EXIT_FAILURE);
}

static int none(int argc, char **argv)
{
    CHECK(cli_option(argc, argv, "", "usage: none\n") == -1);
    cli_operands(argc, argv, 0, 0);
    return 0;
}

/* Prints the options and operands that it has. */
static int options(int argc, char **argv)
{
    int option;

    while ((option = cli_option(argc, argv, "abo:",
                                "usage: options [-ab] [-o VALUE] [OPERAND ...]\n"
                                "  -a  the second line\n")) != -1)
        printf("-%c '%s'\n", option, option == 'o' ? optarg : "");
    while (optind < argc)
        printf("operand '%s'\n", argv[optind++]);
    return cli_end(0);
}

static int operands(int argc, char **argv)
{
    while (cli_option(argc, argv, "a", "usage: operands [-a] FROM [TO]\n") != -1)
        ;
    cli_operands(argc, argv, 1, 2);
    printf("%d\n", argc - optind);
    return cli_end(0);
}

/* number LEAST MOST TEXT */
static int number(int argc, char **argv)
{
    none(1, argv);
    CHECK(argc == 4);
    errno = ERANGE; /* from something else: it must not matter */
    printf("%ld\n",
           cli_number("-n", argv[3], strtol(argv[1], NULL, 10), strtol(argv[2], NULL, 10)));
    return cli_end(0);
}

/* message complain|die|bad_usage TEXT */
static int message(int argc, char **argv)
{
    none(1, argv);
    CHECK(argc == 3);
    printf("printed before\n");
    errno = ENOENT;
    if (strcmp(argv[1], "complain") == 0)
        complain("open %s", argv[2]);
    else if (strcmp(argv[1], "die") == 0)
        die("open %s", argv[2]);
    else
        bad_usage("open %s", argv[2]);
    return cli_end(3);
}

/* one_write complain|die|bad_usage TEXT: prints the sizes of the writes of such a message. To a
 * socket that keeps records, each write is one record. */
static int one_write(int argc, char **argv)
{
    int ends[2];
    char record[8192];

    CHECK(io_socketpair(SOCK_DGRAM, ends) == 0);
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0) {
        CHECK(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
        CHECK(freopen("/dev/null", "w", stdout) != NULL);
        exit(message(argc, argv));
    }
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(send(ends[1], "", 0, 0) == 0); /* a record of size 0 marks the end */
    ssize_t size;
    while ((size = recv(ends[0], record, sizeof record, 0)) > 0)
        printf("%zd bytes, %s\n", size, record[size - 1] == '\n' ? "a whole line" : "torn");
    return 0;
}

/* descriptors FILE: writes to FILE which descriptors a pipe gets that is opened now, and what can
 * be done with the standard ones. */
static int descriptors(int argc, char **argv)
{
    int ends[2];
    char byte;

    none(1, argv);
    CHECK(argc == 2);
    CHECK(io_pipe(ends) == 0);
    FILE *file = fopen(argv[1], "w");
    CHECK(file != NULL);
    fprintf(file, "pipe: %s\n",
            ends[0] > 2 && ends[1] > 2 ? "above 2" : "taken for a standard one");
    fprintf(file, "read 0: %s\n", read(0, &byte, 1) == -1 ? strerror(errno) : "done");
    fprintf(file, "write 1: %s\n", write(1, "out\n", 4) == -1 ? strerror(errno) : "done");
    fprintf(file, "write 2: %s\n", write(2, "err\n", 4) == -1 ? strerror(errno) : "done");
    CHECK(fclose(file) == 0);
    return 0;
}

/* A closed descriptor, and none to be had. */
static int unfilled(int argc, char **argv)
{
    CHECK(close(0) == 0 && setrlimit(RLIMIT_NOFILE, &(struct rlimit){0}) == 0);
    return none(argc, argv);
}

/* print TEXT STATUS */
static int print(int argc, char **argv)
{
    none(1, argv);
    CHECK(argc == 3);
    printf("%s", argv[1]);
    return cli_end((int)strtol(argv[2], NULL, 10));
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} scenarios[] = {
    {"none", none},
    {"options", options},
    {"operands", operands},
    {"number", number},
    {"message", message},
    {"one_write", one_write},
    {"descriptors", descriptors},
    {"unfilled", unfilled},
    {"print", print},
};

int main(int argc, char **argv)
{
    const char *slash = argc > 1 ? strrchr(argv[1], '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(name, scenarios[i].name) == 0)
            return scenarios[i].run(argc - 1, argv + 1);
    fprintf(stderr, "usage: cli_test SCENARIO [ARGUMENT ...]; they are in cli_test.c\n");
    return 2;
}
