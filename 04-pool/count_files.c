/* count_files: what is in each of some files, analyzed by the workers of a pool.
 *
 * usage: count_files [WORKERS [FILE]...]
 *   WORKERS   the number of processes; without it: 3
 *   FILE      a file to analyze; without any: this chapter's .c files
 *
 * Notice: whoever is done with a small file takes the next one, while another process still has a
 * large one; and yet the results are in the order of the arguments. A file that can't be read is
 * the error of its own task, and of no other.
 */
#include "cli.h"
#include "io.h"
#include "pool.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: count_files [WORKERS [FILE]...]\n"
                            "  WORKERS processes (3) count what is in each FILE (this chapter's "
                            ".c files), byte by byte.\n";

enum { MOST_WORKERS = 1000 };

struct counts {
    long long total, digits, spaces, letters, other;
};

static int analyze(const void *argument, void *result)
{
    const char *name = *(const char *const *)argument;
    struct counts *counts = result;
    unsigned char block[65536]; /* so much of a file at a time, however large it is */
    long long seen[UCHAR_MAX + 1] = {0};
    char line[PATH_MAX];
    struct stat status;
    ssize_t size;

    snprintf(line, sizeof line, "%s", name);
    for (char *c = line; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c)) /* as complain does it: a newline would make two lines */
            *c = '?';
    say("Process %ld analyzing %s", (long)getpid(), line);
    if (stat(name, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return ENOTSUP; /* a device may have no end; nobody may ever write to a FIFO */
    int file = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* it may be a FIFO by now */
    if (file == -1)
        return errno;
    while ((size = io_read(file, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < size; i++)
            seen[block[i]]++;
    int error = size == -1 ? errno : 0;
    close(file);

    for (int byte = 0; byte <= UCHAR_MAX; byte++) {
        long long *kind = isdigit(byte)   ? &counts->digits
                          : isspace(byte) ? &counts->spaces
                          : isalpha(byte) ? &counts->letters
                                          : &counts->other;
        *kind += seen[byte];
        counts->total += seen[byte];
    }
    return error;
}

/* The name as a Python string. It could be opened, so it is shorter than PATH_MAX. */
static const char *quoted(const char *name)
{
    static char text[4 * PATH_MAX + 3];
    char *end = text, quote = strchr(name, '\'') != NULL && strchr(name, '"') == NULL ? '"' : '\'';

    *end++ = quote;
    for (; *name != '\0'; name++) {
        if (*name == quote || *name == '\\')
            *end++ = '\\';
        if (iscntrl((unsigned char)*name))
            end += snprintf(end, sizeof "\\x00", "\\x%02x", (unsigned)(unsigned char)*name);
        else
            *end++ = *name;
    }
    *end++ = quote;
    *end = '\0';
    return text;
}

static void print_result(const char *name, const struct task_result *result)
{
    const struct counts *counts = result->value;
    char why[100];

    if (result->error == 0)
        say("{'filename': %s, 'total': %lld, 'digits': %lld, 'spaces': %lld, 'letters': %lld, "
            "'other': %lld}",
            quoted(name), counts->total, counts->digits, counts->spaces, counts->letters,
            counts->other);
    else
        complain("analyze %s: %s", name,
                 result->error == ENOTSUP ? "not a regular file"
                                          : pool_failure(result, why, sizeof why));
}

static glob_t find_sources(char *program)
{
    char source[] = __FILE__;
    static glob_t found;

    /* As in 01-fork/skeleton.c: where the compiler has found this file, or beside the program. */
    if ((chdir(dirname(source)) == -1 || glob("*.c", 0, NULL, &found) != 0) &&
        (chdir(dirname(program)) == -1 || glob("*.c", 0, NULL, &found) != 0))
        bad_usage("FILE: found no .c files beside this program, so name some files");
    return found;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, INT_MAX);
    int workers = 3, count = argc - optind - 1;
    char **files = argv + optind + 1;
    if (optind < argc)
        workers = (int)cli_number("WORKERS", argv[optind], 1, MOST_WORKERS);
    if (count < 1) {
        glob_t sources = find_sources(argv[0]);
        files = sources.gl_pathv;
        count = (int)sources.gl_pathc;
    }

    struct task_result *results = calloc((size_t)count, sizeof *results);
    struct counts *counts = calloc((size_t)count, sizeof *counts);
    if (results == NULL || counts == NULL)
        die("allocate memory for %d files", count);
    for (int i = 0; i < count; i++)
        results[i].value = &counts[i];

    /* A pointer will do as an argument: the workers are forks, and have the names at the same
     * addresses. The result must be sent whole, since what a worker fills in is its own memory. */
    struct pool *pool = pool_open(&(struct pool_options){
        .workers = workers, .argument_size = sizeof *files, .result_size = sizeof *counts});
    if (pool == NULL)
        die("open a pool of %d workers", workers);
    long failed = pool_map(pool, analyze, files, (size_t)count, 1, results);
    if (pool_join(pool) == -1)
        die("join the pool");

    for (int i = 0; i < count; i++)
        print_result(files[i], &results[i]);
    free(results);
    free(counts);
    return cli_end(failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
