/* digits: how often each digit is in each file of a directory, counted by one process or by a pool.
 *
 * usage: digits [-w WORKERS] [-g DIR] [-n N] [-l L] [-x X] [DIR]
 *   DIR          count here; without it: make files, count both ways, and remove them
 *   -w WORKERS   count in a pool of so many processes; without it and DIR: one for each processor
 *   -g DIR       only make the files, in this directory: 1.txt to N.txt
 *   -n N         so many files; without it: 100
 *   -l L         so many random strings in each; without it: 5000
 *   -x X         so many characters in a string at most; without it: 100
 *
 * Notice: both ways call the same function for each file. That is all the work there is; the pool
 * adds half a dozen lines, and the report is the same, whoever has counted what.
 */
#include "beyond.h"
#include "cli.h"
#include "io.h"
#include "pool.h"
#include "random_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: digits [-w WORKERS] [-g DIR] [-n N] [-l L] [-x X] [DIR]\n"
    "  Counts the digits in each file of DIR. Without DIR: in files that it makes and removes, by\n"
    "  one process and by a pool.\n"
    "  -w WORKERS   count in a pool of so many processes\n"
    "  -g DIR       only make the files, in this directory: 1.txt to N.txt\n"
    "  -n N         so many files (100)\n"
    "  -l L         so many random strings in each (5000)\n"
    "  -x X         so many characters in a string at most (100)\n"
    "  SEED=7 makes the same files on every run.\n";

enum { MOST_WORKERS = 1000 };

struct count {
    long long of[10]; /* how often the file has each digit */
    struct task_result result;
};

static struct file {
    const char *name;
    struct count alone, pooled;
} * files;
static int file_count;
static int directory; /* a descriptor; the workers inherit it, as they do all the rest */

static int count_digits(const void *argument, void *result)
{
    const char *name = *(const char *const *)argument;
    long long *of = result;
    char block[65536];
    ssize_t size;

    /* O_NONBLOCK: it may be a FIFO by now, and would wait for somebody who writes. */
    int file = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file == -1)
        return errno;
    while ((size = io_read(file, block, sizeof block)) > 0) {
        end_if_told();
        for (ssize_t i = 0; i < size; i++)
            if (block[i] >= '0' && block[i] <= '9')
                of[block[i] - '0']++;
    }
    int error = size == -1 ? errno : 0;
    close(file);
    return error;
}

static void count_alone(void)
{
    for (struct file *file = files; file < files + file_count; file++)
        file->alone.result.error = count_digits(&file->name, file->alone.of);
}

static void count_in_pool(int workers)
{
    struct pool *pool = pool_open(&(struct pool_options){.workers = workers,
                                                         .argument_size = sizeof files->name,
                                                         .result_size = sizeof files->pooled.of});
    if (pool == NULL)
        die("open a pool of %d workers", workers);
    for (struct file *file = files; file < files + file_count; file++) {
        file->pooled.result.value = file->pooled.of;
        end_if_told();
        if (pool_apply_async(pool, count_digits, &file->name, &file->pooled.result) == -1)
            die("count in %s", file->name);
    }
    for (struct file *file = files; file < files + file_count; file++)
        do /* pool_join would wait for them all, but not look for a signal meanwhile */
            end_if_told();
        while (pool_wait(pool, &file->pooled.result, 0.1) == -1);
    if (pool_join(pool) == -1)
        die("join the pool");
}

/* Leaves out subdirectories, devices and the like, but not what can't be looked at. */
static int is_file(const struct dirent *entry)
{
    struct stat status;

    return fstatat(directory, entry->d_name, &status, 0) == -1 || S_ISREG(status.st_mode);
}

/* 2.txt before 10.txt, and both before names that do not begin with a number. */
static int by_number(const struct dirent **a, const struct dirent **b)
{
    const char *first = (*a)->d_name, *second = (*b)->d_name;
    unsigned long long m = isdigit((unsigned char)*first) ? strtoull(first, NULL, 10) : ULLONG_MAX;
    unsigned long long n =
        isdigit((unsigned char)*second) ? strtoull(second, NULL, 10) : ULLONG_MAX;

    return m != n ? (m > n) - (m < n) : strcmp(first, second);
}

static void list_files(const char *path)
{
    struct dirent **entries;

    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    file_count = directory == -1 ? -1 : scandir(path, &entries, is_file, by_number);
    if (file_count == -1)
        die("list directory %s", path);
    files = calloc((size_t)file_count + 1, sizeof *files); /* + 1: there may be none */
    if (files == NULL)
        die("allocate memory for %d files", file_count);
    for (int i = 0; i < file_count; i++)
        files[i].name = entries[i]->d_name;
    free(entries);
}

static void print_row(const long long *of, const char *name)
{
    say("%6lld %6lld %6lld %6lld %6lld %6lld %6lld %6lld %6lld %6lld  %s", of[0], of[1], of[2],
        of[3], of[4], of[5], of[6], of[7], of[8], of[9], name);
}

/* Prints the sum over all files, and if it is to be a `long_report` each of them. Returns the exit
 * status: files that could not be counted are complained of. */
static int report(bool pooled, bool long_report)
{
    long long all[10] = {0};
    int status = EXIT_SUCCESS;
    char why[100];

    print_row((const long long[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "digit");
    for (struct file *file = files; file < files + file_count; file++) {
        const struct count *count = pooled ? &file->pooled : &file->alone;
        if (count->result.error != 0) {
            complain("count in %s: %s", file->name, pool_failure(&count->result, why, sizeof why));
            status = EXIT_FAILURE;
            continue;
        }
        for (int digit = 0; digit < 10; digit++)
            all[digit] += count->of[digit];
        if (long_report)
            print_row(count->of, file->name);
    }
    print_row(all, "all files");
    return status;
}

static int count_both_ways(int workers)
{
    double start = seconds_now();
    count_alone();
    double middle = seconds_now();
    count_in_pool(workers);
    double end = seconds_now();

    say("One process: %.4f seconds", middle - start);
    int status = report(false, false);
    say("A pool of %d: %.4f seconds", workers, end - middle);
    status |= report(true, false);
    for (struct file *file = files; file < files + file_count; file++)
        if (memcmp(file->alone.of, file->pooled.of, sizeof file->alone.of) != 0) {
            complain("the counts in %s differ", file->name);
            status = EXIT_FAILURE;
        }
    if (status == EXIT_SUCCESS)
        say("The same in each of %d files.", file_count);
    return status;
}

int main(int argc, char **argv)
{
    long count = 100, strings = 5000, longest = 100;
    const char *new_files = NULL;
    int option, workers = 0, status = EXIT_SUCCESS;
    while ((option = cli_option(argc, argv, "w:g:n:l:x:", usage)) != -1) {
        if (option == 'w')
            workers = (int)cli_number("-w", optarg, 1, MOST_WORKERS);
        else if (option == 'g')
            new_files = optarg;
        else if (option == 'n')
            count = cli_number("-n", optarg, 1, LONG_MAX);
        else if (option == 'l')
            strings = cli_number("-l", optarg, 0, LONG_MAX);
        else
            longest = cli_number("-x", optarg, 1, 1000000);
    }
    cli_operands(argc, argv, 0, new_files == NULL);

    if (new_files != NULL) {
        make_files_in(new_files, count, strings, longest);
    } else if (optind < argc) {
        list_files(argv[optind]);
        if (workers > 0)
            count_in_pool(workers);
        else
            count_alone();
        status = report(workers > 0, true);
    } else {
        list_files(make_temporary_files(count, strings, longest));
        status = count_both_ways(workers > 0 ? workers : beyond_processors());
        end_if_told(); /* by SIGPIPE, for one: then there is nobody who could read a complaint */
    }
    return cli_end(status);
}
