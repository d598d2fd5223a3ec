/* pool_bench: one measurement of chapter 4's pool, or of chapter 5's subprocess beside the bare
 * system calls. `make bench-pool` runs all of them, with Python's and OpenMP's, in turn.
 */
#include "cli.h"
#include "clock.h"
#include "conn.h"
#include "pool.h"
#include "process.h"
#include "subprocess.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char usage[] =
    "usage: pool_bench WHAT TIMES SIZE...\n"
    "  map               TIMES maps of SIZE tasks, chunk 1: seconds for a task\n"
    "  imap, unordered   the same, by imap\n"
    "  maps              the same as map: seconds for a map\n"
    "  async             TIMES times SIZE tasks, posted one by one, then collected: for a task\n"
    "  trips             TIMES times SIZE tasks, each collected before the next: for a task\n"
    "  pools             TIMES pools of SIZE workers, made and ended: for a pool\n"
    "  run               subprocess_run and bare posix_spawnp, TIMES times each, in a process "
    "that\n"
    "                    uses SIZE MB: seconds for each of the two; several SIZEs take turns\n"
    "  fork              the same with bare fork and execvp: for that\n";

enum { WORKERS = 2, MEGABYTE = 1 << 20, PAGE = 4096, MOST_SIZES = 8 };

static size_t count;
static long times;
static struct pool *pool;
static long *arguments, *values;
static struct task_result *results;

/* ---- tasks that do next to nothing ---- */

static int add_one(const void *argument, void *result)
{
    *(long *)result = *(const long *)argument + 1;
    return 0;
}

static void prepare(void)
{
    for (size_t i = 0; i < count; i++) {
        arguments[i] = (long)i;
        values[i] = 0;
        results[i] = (struct task_result){.value = &values[i]};
    }
}

static void map(void)
{
    if (pool_map(pool, add_one, arguments, count, 1, results) != 0)
        die("pool_map");
}

static void imap_all(bool unordered)
{
    struct pool_imap imap = {.function = add_one,
                             .arguments = arguments,
                             .count = count,
                             .results = results,
                             .unordered = unordered};
    ssize_t next;

    while ((next = pool_imap_next(pool, &imap, FOREVER)) != (ssize_t)count)
        if (next == -1)
            die("pool_imap_next");
}

static void imap_ordered(void)
{
    imap_all(false);
}

static void imap_unordered(void)
{
    imap_all(true);
}

static void post(size_t i)
{
    if (pool_apply_async(pool, add_one, &arguments[i], &results[i]) == -1)
        die("pool_apply_async");
}

static void get(size_t i)
{
    if (pool_get(pool, &results[i], FOREVER) == -1)
        die("pool_get");
}

static void post_then_get(void)
{
    for (size_t i = 0; i < count; i++)
        post(i);
    for (size_t i = 0; i < count; i++)
        get(i);
}

static void post_and_get(void)
{
    for (size_t i = 0; i < count; i++) {
        post(i);
        get(i);
    }
}

/* Whatever way they were done: each exactly once, and each result in its place. */
static void check_results(void)
{
    for (size_t i = 0; i < count; i++)
        if (!results[i].ready || results[i].error != 0 || values[i] != (long)i + 1) {
            complain("the result of task %zu is wrong", i);
            exit(EXIT_FAILURE);
        }
}

/* Seconds for doing all tasks once, as the mean of all times but the first, which starts with pages
 * that nobody has touched yet. */
static double measure_tasks(void do_all(void))
{
    double seconds = 0;

    pool = pool_open(&(struct pool_options){
        .workers = WORKERS, .argument_size = sizeof(long), .result_size = sizeof(long)});
    arguments = calloc(count, sizeof *arguments);
    values = calloc(count, sizeof *values);
    results = calloc(count, sizeof *results);
    if (pool == NULL || arguments == NULL || values == NULL || results == NULL)
        die("pool_open");
    for (long i = 0; i <= times; i++) {
        prepare();
        double start = seconds_now();
        do_all();
        if (i > 0)
            seconds += seconds_now() - start;
        check_results();
    }
    if (pool_join(pool) == -1)
        die("pool_join");
    free(arguments);
    free(values);
    free(results);
    return seconds / (double)times;
}

static double measure_pools(void)
{
    struct pool_options options = {
        .workers = (int)count, .argument_size = sizeof(long), .result_size = sizeof(long)};
    double start = seconds_now();

    for (long i = 0; i < times; i++) {
        pool = pool_open(&options);
        if (pool == NULL || pool_join(pool) == -1)
            die("pool_open and pool_join");
    }
    return (seconds_now() - start) / (double)times;
}

/* ---- a program that does nothing ---- */

static char *const program[] = {"true", NULL};

static void expect_success(int exit_code, const char *what)
{
    if (exit_code != 0) {
        complain("%s: exit code %d", what, exit_code);
        exit(EXIT_FAILURE);
    }
}

static void run_program(void)
{
    struct subprocess subprocess = {.argv = program};

    if (subprocess_run(&subprocess, FOREVER) == -1)
        die("subprocess_run");
    expect_success(subprocess.process.exit_code, "subprocess_run");
    subprocess_close(&subprocess);
}

static void wait_for(pid_t pid, const char *what)
{
    int status;

    if (waitpid(pid, &status, 0) == -1)
        die("%s: waitpid", what);
    expect_success(process_exit_code(status), what);
}

static void spawn_program(void)
{
    pid_t pid;

    errno = posix_spawnp(&pid, program[0], NULL, NULL, program, environ);
    if (errno != 0)
        die("posix_spawnp");
    wait_for(pid, "posix_spawnp");
}

static void fork_program(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        execvp(program[0], program);
        _exit(127);
    }
    if (pid == -1)
        die("fork");
    wait_for(pid, "fork");
}

static double seconds_for(void run(void))
{
    double start = seconds_now();

    run();
    return seconds_now() - start;
}

/* ---- the same beside so much memory: a process for each size, so that they can take turns ---- */

struct sized {
    size_t size;
    struct process process;
    struct conn ours, its;
    double *run, *spawn; /* what each took */
};

struct seconds {
    double run, spawn;
};

static bool forks; /* only that, instead of both */

static int answer(void *argument)
{
    struct sized *sized = argument;
    unsigned char *memory = calloc(sized->size, 1);
    struct seconds seconds = {0, 0};

    conn_close(&sized->ours);
    if (memory == NULL)
        die("calloc %zu", sized->size);
    for (size_t i = 0; i < sized->size; i += PAGE) /* untouched, it would be no memory at all */
        memory[i] = 1;
    while (conn_receive(&sized->its, &seconds, sizeof seconds, FOREVER) == sizeof seconds) {
        seconds.run = seconds_for(forks ? fork_program : run_program);
        seconds.spawn = forks ? 0 : seconds_for(spawn_program);
        if (conn_send(&sized->its, &seconds, sizeof seconds, FOREVER) == -1)
            die("conn_send");
    }
    for (size_t i = 0; i < sized->size; i += PAGE)
        if (memory[i] != 1)
            die("memory");
    free(memory);
    return EXIT_SUCCESS;
}

static void start_sized(struct sized *sized)
{
    struct conn ends[2];

    if (conn_pair(ends) == -1)
        die("conn_pair");
    sized->ours = ends[0];
    sized->its = ends[1];
    sized->run = calloc((size_t)times, sizeof *sized->run);
    sized->spawn = calloc((size_t)times, sizeof *sized->spawn);
    sized->process = (struct process){.run = answer, .argument = sized, .daemon = true};
    if (sized->run == NULL || sized->spawn == NULL || process_start(&sized->process) == -1)
        die("start");
    conn_close(&sized->its);
}

static void ask(struct sized *sized, long i)
{
    struct seconds seconds = {0, 0};

    if (conn_send(&sized->ours, &seconds, sizeof seconds, FOREVER) == -1 ||
        conn_receive(&sized->ours, &seconds, sizeof seconds, FOREVER) != sizeof seconds)
        die("a process beside %zu MB", sized->size / MEGABYTE);
    sized->run[i] = seconds.run;
    sized->spawn[i] = seconds.spawn;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Not the mean: an interrupt in the wrong moment takes longer than many a program. */
static void print_median(double *seconds)
{
    qsort(seconds, (size_t)times, sizeof *seconds, compare);
    printf("%.9g ", (seconds[(times - 1) / 2] + seconds[times / 2]) / 2);
    free(seconds);
}

static void measure_programs(struct sized *sized, int sizes)
{
    for (int k = 0; k < sizes; k++)
        start_sized(&sized[k]);
    for (long i = 0; i < times; i++)
        for (int k = 0; k < sizes; k++)
            ask(&sized[k], i);
    for (int k = 0; k < sizes; k++)
        conn_close(&sized[k].ours); /* all: each has copies of those that were there before it */
    for (int k = 0; k < sizes; k++) {
        if (process_join(&sized[k].process, FOREVER) == -1)
            die("join");
        expect_success(sized[k].process.exit_code, "a process with memory");
        print_median(sized[k].run);
        if (!forks)
            print_median(sized[k].spawn);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*do_all)(void);
    } ways[] = {{"map", map},  {"imap", imap_ordered},   {"unordered", imap_unordered},
                {"maps", map}, {"async", post_then_get}, {"trips", post_and_get}};

    struct sized sized[MOST_SIZES];

    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 3, 2 + MOST_SIZES);
    const char *what = argv[1];
    times = cli_number("TIMES", argv[2], 1, 1000000000);
    count = (size_t)cli_number("SIZE", argv[3], 1, 100000000);
    if (strcmp(what, "pools") == 0) {
        printf("%.9g\n", measure_pools());
    } else if (strcmp(what, "run") == 0 || strcmp(what, "fork") == 0) {
        forks = *what == 'f';
        for (int k = 3; k < argc; k++)
            sized[k - 3].size = (size_t)cli_number("SIZE", argv[k], 1, 1000000) * MEGABYTE;
        measure_programs(sized, argc - 3);
    } else {
        size_t way = 0, last = sizeof ways / sizeof *ways;
        while (way < last && strcmp(what, ways[way].name) != 0)
            way++;
        if (way == last)
            bad_usage("unknown measurement '%s'", what);
        double seconds = measure_tasks(ways[way].do_all);
        printf("%.9g\n", strcmp(what, "maps") == 0 ? seconds : seconds / (double)count);
    }
    return cli_end(EXIT_SUCCESS);
}
