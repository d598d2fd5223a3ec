/* halves: the numbers from 1 to 100 that 3 divides, found by one process, and by two.
 *
 * usage: halves
 *
 * Notice: with half the range each, two processes take half the time. The answers are joined in the
 * order of the ranges, whichever process is done first.
 */
#include "cli.h"
#include "process.h"
#include "shm.h"

#include <stdio.h>
#include <stdlib.h>

static const char usage[] = "usage: halves\n"
                            "  Finds the multiples of 3 up to 100, 0.01 s for each number,\n"
                            "  in one process, and then in two with half the range each.\n"
                            "  TIME_SCALE=0.05 shortens the pauses.\n";

enum { NUMBERS = 100, MOST = 2 };

struct part {
    int first, last;           /* the question */
    int count, found[NUMBERS]; /* the answer */
};

static int find(void *argument)
{
    struct part *part = argument;

    for (int number = part->first; number <= part->last; number++) {
        pause_seconds(0.01); /* this is the work */
        if (number % 3 == 0)
            part->found[part->count++] = number;
    }
    return EXIT_SUCCESS;
}

static void find_in(int count, struct part *parts)
{
    struct process processes[MOST];

    double start = seconds_now();
    for (int i = 0; i < count; i++) {
        parts[i] =
            (struct part){.first = i * NUMBERS / count + 1, .last = (i + 1) * NUMBERS / count};
        processes[i] = (struct process){.run = find, .argument = &parts[i], .daemon = true};
        if (process_start(&processes[i]) == -1)
            die("start a process for %d to %d", parts[i].first, parts[i].last);
    }
    for (int i = 0; i < count; i++) {
        if (process_join(&processes[i], FOREVER) == -1)
            die("join process %ld", (long)processes[i].pid);
        if (processes[i].exit_code != 0) { /* then its half is missing, or half of it */
            complain("process %ld ended with exit code %d", (long)processes[i].pid,
                     processes[i].exit_code);
            exit(EXIT_FAILURE);
        }
    }
    double taken = seconds_now() - start;

    for (int i = 0; i < count; i++)
        printf("%d to %d in process %ld: %d numbers\n", parts[i].first, parts[i].last,
               (long)processes[i].pid, parts[i].count);
    printf("Found:");
    for (int i = 0; i < count; i++)
        for (int j = 0; j < parts[i].count; j++)
            printf(" %d", parts[i].found[j]);
    printf("\nTime taken by %d process%s: %.4f seconds\n", count, count == 1 ? "" : "es", taken);
    if (fflush(stdout) == EOF)
        die("write standard output");
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    /* Shared: what a child puts into its copy of ordinary memory, we would never see. Each child
     * writes to its own part, and we read when it has ended, so nobody has to be kept waiting. */
    struct part *parts = shared_map(MOST * sizeof *parts);
    if (parts == NULL)
        die("share memory");
    for (int count = 1; count <= MOST; count++)
        find_in(count, parts);
    shared_unmap(parts, MOST * sizeof *parts);
    return cli_end(EXIT_SUCCESS);
}
