/* spawn_cost: what it costs to start a process and to wait for its end, and what that has to do
 * with the memory of the process that starts it. The ways to do it are in spawn_ways.h.
 *
 * usage: spawn_cost [-q] [-m MB] [-r ROUNDS] [-o FILE]
 *   -q   quick: fewer rounds, and 100 MB at most
 *   -m   at most so much memory (1000; quick: 100)
 *   -r   rounds (7; quick: 5)
 *   -o   write the tables to FILE, too, with tabs
 *
 * Notice: fork takes longer, the more memory the parent has: it copies the page table, the kernel's
 * list of all the parent's pages, though not the pages. posix_spawn takes the same at any size.
 */
#include "cost.h"
#include "io.h"
#include "spawn_ways.h"

#include <sys/mman.h>

static const char usage[] =
    "usage: spawn_cost [-q] [-m MB] [-r ROUNDS] [-o FILE]\n"
    "  Starts processes and waits for them, in six ways, beside 0 to 1000 MB of memory.\n"
    "  -q   quick: fewer rounds, and 100 MB at most\n"
    "  -m   at most so much memory (1000; quick: 100)\n"
    "  -r   rounds (7; quick: 5)\n"
    "  -o   write the tables to FILE, too, with tabs\n";

enum { SIZES = 4 };

/* The parent's memory, and how many processes make a sample there. */
static const struct size {
    const char *megabytes;
    size_t bytes;
    int times;
} sizes[SIZES] = {
    {"0", 0, 20}, {"10", 10000000, 20}, {"100", 100000000, 10}, {"1000", 1000000000, 5}};

/* Returns so much memory, or NULL. Touches it: what nobody has written to has no pages. */
static void *take_memory(size_t size)
{
    int zeros = open("/dev/zero", O_RDWR | O_CLOEXEC); /* not malloc: it may keep what is freed */
    void *memory = mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, zeros, 0);

    io_close(&zeros);
    if (memory == MAP_FAILED)
        return NULL;
    /* A gigabyte in pages of 4 KiB is 250,000 entries in the page table. Some systems give large
     * pages unasked: then it would be 500, and the fork would hardly show them. */
    (void)beyond_use_small_pages(memory, size + 1);
    memset(memory, 1, size);
    return memory;
}

/* Says why that memory is not to be had; NULL: it is. */
static const char *lack_of_memory(size_t size)
{
    long long spare = beyond_memory_to_spare();
    int status;

    if (spare != -1 && spare < 2 * (long long)size)
        return "not so much memory to spare";
    pid_t pid = fork(); /* where a limit kills whoever takes so much, it is the child */
    if (pid == 0)
        _exit(take_memory(size) == NULL);
    if (pid == -1 || waitpid(pid, &status, 0) == -1)
        die("fork");
    return status == 0 ? NULL : "not so much memory to be had";
}

/* Microseconds for one process. */
static double measure(int way, const struct size *size)
{
    double start = seconds_now();

    for (int i = 0; i < size->times && cost_interrupted == 0; i++) {
        int status = ways[way].run();
        if (status == -1)
            die("%s beside %s MB", ways[way].name, size->megabytes);
        if (status != 0 && cost_interrupted == 0) { /* else it may have ended by Ctrl-C */
            complain("%s beside %s MB: status %d", ways[way].name, size->megabytes, status);
            exit(EXIT_FAILURE);
        }
    }
    return (seconds_now() - start) / size->times * 1e6;
}

static struct table spawn = {
    .name = "spawn",
    .what = "way",
    .at = "MB",
    .unit = "us",
    .reading = "fork copies the page table of all that memory; posix_spawn copies nothing."};
static struct table price = {
    .name = "spawn price", .what = "library / bare call", .at = "MB", .unit = "times"};
static const char *const pairs[] = {"process / fork", "subprocess / posix_spawn"};

static void measure_beside(const struct size *size)
{
    void *memory = take_memory(size->bytes);
    const char *at = size->megabytes;
    double took[WAYS];

    if (memory == NULL)
        die("map %s MB of /dev/zero", at);
    if (ways[FORK].run() == -1) /* the first one must protect every page, and takes longer */
        die("fork beside %s MB", at);
    for (int way = 0; way < WAYS; way++) {
        took[way] = measure(way, size);
        table_add(&spawn, ways[way].name, at, took[way]);
    }
    table_add(&price, pairs[0], at, took[PROCESS] / took[FORK]);
    table_add(&price, pairs[1], at, took[SUBPROCESS] / took[SPAWN]);
    if (munmap(memory, size->bytes + 1) == -1)
        die("unmap %s MB", at);
}

int main(int argc, char **argv)
{
    struct cost_options options = {0};
    const char *lacks[SIZES] = {NULL};
    long most = -1;
    int option, count = 0;

    while ((option = cli_option(argc, argv, COST_OPTIONS "m:", usage)) != -1) {
        if (option == 'm')
            most = cli_number("-m", optarg, 0, 1000);
        else
            cost_option(&options, option);
    }
    cli_operands(argc, argv, 0, 0);
    if (most == -1)
        most = options.quick ? 100 : 1000;
    while (count < SIZES && sizes[count].bytes <= (size_t)most * 1000000)
        count++;
    cost_start(&options);

    if (process_keep_exit_codes() == -1) /* with SIGCHLD ignored there would be no wait status */
        die("handle SIGCHLD");
    for (int i = 1; i < count; i++)
        lacks[i] = lack_of_memory(sizes[i].bytes);
    for (int way = 0; way < WAYS; way++) /* the rows, in their order */
        for (int i = 0; i < count; i++)
            table_lack(&spawn, ways[way].name, sizes[i].megabytes, lacks[i]);
    for (int pair = 0; pair < 2; pair++)
        for (int i = 0; i < count; i++)
            table_lack(&price, pairs[pair], sizes[i].megabytes, lacks[i]);

    for (int round = 0; cost_round(&options, round); round++)
        for (int i = 0; i < count && cost_interrupted == 0; i++)
            if (lacks[i] == NULL)
                measure_beside(&sizes[i]);
    return cost_end((struct table *[]){&spawn, &price}, 2, &options);
}
