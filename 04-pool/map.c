/* map: one function, many numbers, a few processes; the results in the order of the numbers.
 *
 * usage: map [-p] [-c CHUNK] [NUMBERS [WORKERS]]
 *   -p   each task pauses for up to 0.5 s
 *   -c   numbers that a process takes at a time
 *
 * Notice: whichever process does a task, and whenever it is done, the list is in order. Without -p
 * one process may do nearly all: such a task is over before another process has woken up.
 */
#include "cli.h"
#include "pool.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] = "usage: map [-p] [-c CHUNK] [NUMBERS [WORKERS]]\n"
                            "  The squares of 0, 1, 2 ... (11 numbers), by a pool of 3 workers.\n"
                            "  -p   each task pauses for up to 0.5 s\n"
                            "  -c   numbers that a worker takes at a time\n"
                            "  TIME_SCALE=0.05 shortens the pauses, SEED=7 repeats them.\n";

enum { MOST_NUMBERS = 10000, MOST_WORKERS = 1000 }; /* the squares have room in an int */

static bool pauses; /* set before the pool is made, so the workers have it, too */

static int square(const void *argument, void *result)
{
    int number = *(const int *)argument;

    say("Input %d in process %ld", number, (long)getpid());
    random_start((unsigned)number);
    if (pauses)
        pause_seconds(random_fraction() / 2);
    *(int *)result = number * number;
    return 0;
}

int main(int argc, char **argv)
{
    long chunk = 0; /* the pool chooses */
    int option;
    while ((option = cli_option(argc, argv, "pc:", usage)) != -1) {
        if (option == 'p')
            pauses = true;
        else
            chunk = cli_number("-c", optarg, 1, MOST_NUMBERS);
    }
    cli_operands(argc, argv, 0, 2);
    argv += optind;
    argc -= optind;
    int count = argc > 0 ? (int)cli_number("NUMBERS", argv[0], 1, MOST_NUMBERS) : 11;
    int workers = argc > 1 ? (int)cli_number("WORKERS", argv[1], 1, MOST_WORKERS) : 3;

    static int numbers[MOST_NUMBERS], squares[MOST_NUMBERS];
    static struct task_result results[MOST_NUMBERS];
    for (int i = 0; i < count; i++) {
        numbers[i] = i;
        results[i].value = &squares[i];
    }
    struct pool *pool = pool_open(&(struct pool_options){
        .workers = workers, .argument_size = sizeof(int), .result_size = sizeof(int)});
    if (pool == NULL)
        die("open a pool of %d workers", workers);
    long failed = pool_map(pool, square, numbers, (size_t)count, (size_t)chunk, results);
    if (failed == -1 || pool_join(pool) == -1)
        die("map %d numbers", count);

    /* The workers are gone, so nobody comes between the parts of this line. */
    for (int i = 0; i < count; i++) {
        printf("%s", i == 0 ? "[" : ", ");
        if (results[i].error == 0)
            printf("%d", squares[i]);
        else
            printf("lost");
    }
    printf("]\n");

    char why[100];
    for (int i = 0; i < count; i++)
        if (results[i].error != 0)
            complain("number %d: %s", i, pool_failure(&results[i], why, sizeof why));
    return cli_end(failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
