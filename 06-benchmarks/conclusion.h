/* What the benchmark has measured: as a table, beside the document's figures, as bars, and as a
 * file for other programs. */
#ifndef CONCLUSION_H
#define CONCLUSION_H

#include "cli.h"
#include "tasks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MONO, MULTI, POOL, THREADS, MODES };

static const char *const group_names[] = {"sleep", "perfect", NULL};
static const char *const task_names[] = {"sleep", "brute", "simd", "sqrt", "sieve", NULL};
static const char *const mode_names[] = {"mono", "multi", "pool", "threads", NULL};

/* The seconds that the document's conclusion gives; multi perfect failed there, out of memory. */
static const double document[GROUPS][MODES] = {{10.0160, 1.1322, 3.0675}, {203.4457, 0, 86.9723}};
static const long document_counts[GROUPS] = {10, 99999};
static const long document_workers = 4;

static long worker_count = 4;
static bool kernels_named; /* -k was given: the kernels stand in the table */
static struct {
    double seconds; /* 0: not run */
    unsigned long long spent;
} measured[TASKS][MODES];

static const char *task_name(int task)
{
    return kernels_named ? task_names[task] : group_names[group_of(task)];
}

static int mode_width = 9; /* of the table's column */

/* The mode as the table calls it: with the number of its workers, if it has any. */
static const char *row_name(int mode)
{
    static char name[32];

    snprintf(name, sizeof name, mode < POOL ? "%s" : "%s(%ld)", mode_names[mode], worker_count);
    return name;
}

static void for_each_row(void (*print)(int task, int mode, FILE *file), FILE *file)
{
    for (int task = 0; task < TASKS; task++)
        for (int mode = 0; mode < MODES; mode++)
            if (measured[task][mode].seconds > 0)
                print(task, mode, file);
}

static void widen(int task, int mode, FILE *unused)
{
    int length = (int)strlen(row_name(mode));

    (void)task, (void)unused;
    if (length > mode_width)
        mode_width = length;
}

static void print_row(int task, int mode, FILE *unused)
{
    double seconds = measured[task][mode].seconds, mono = measured[task][MONO].seconds;
    double gained = mono / seconds, theirs = document[group_of(task)][mode];
    bool same_size = counts[group_of(task)] == document_counts[group_of(task)] &&
                     sleep_length * time_scale() == 1 &&
                     (mode != POOL || worker_count == document_workers);
    char text[32], ratio[32] = "-", gain[32] = "-", spent[32] = "";

    (void)unused;
    snprintf(text, sizeof text, mode == THREADS ? "-" : theirs == 0 ? "failed" : "%.4f s", theirs);
    if (theirs > 0 && same_size)
        snprintf(ratio, sizeof ratio, "%.1f", theirs / seconds);
    if (mono > 0)
        snprintf(gain, sizeof gain, "%.*f", gained < 0.1 ? 4 : 2, gained);
    if (kernels_named)
        snprintf(spent, sizeof spent, " %12llu", measured[task][mode].spent);
    say("%-8s %-*s %12s %12.4f s %9s %9s%s", task_name(task), mode_width, row_name(mode), text,
        seconds, ratio, gain, spent);
}

/* As long as its seconds, the longest of its group (sleep, or perfect with all its kernels) as long
 * as the line permits. */
static void print_bar(int task, int mode, FILE *unused)
{
    static const char bar[] = "############################################################";
    double seconds = measured[task][mode].seconds, longest = 0;
    int room = 80 - (8 + 1 + mode_width + 1) - (int)strlen(" 12345.6789 s");

    (void)unused;
    for (int other = 0; other < TASKS; other++)
        for (int m = 0; m < MODES; m++)
            if (group_of(other) == group_of(task) && measured[other][m].seconds > longest)
                longest = measured[other][m].seconds;
    say("%-8s %-*s %.*s %.4f s", task_name(task), mode_width, row_name(mode),
        (int)(seconds / longest * room + 0.5), bar, seconds);
}

static void write_row(int task, int mode, FILE *file)
{
    double seconds = measured[task][mode].seconds;

    fprintf(file, "modes\t%s\t%s\ts\t%.6g\t%.6g\t%.6g\t1\n", task_names[task], mode_names[mode],
            seconds, seconds, seconds);
}

static void print_conclusion(bool bars)
{
    for_each_row(widen, NULL);
    say("\n1.4.4 Conclusion: %ld x %g s, the numbers 1 to %ld", counts[SLEEP],
        sleep_length * time_scale(), counts[PERFECT]);
    say("%-8s %-*s %12s %14s %9s %9s%s", "task", mode_width, "mode", "document", "here", "ratio",
        "to mono", kernels_named ? "        spent" : "");
    for_each_row(print_row, NULL);
    if (kernels_named)
        say("spent: divisions (sieve: additions), counted as they were made");
    if (bars) {
        say("\nThe seconds as bars");
        for_each_row(print_bar, NULL);
    }
}

/* Closes it, too. Returns 0, or -1 after a message. */
static int write_file(FILE *file)
{
    fprintf(file, "table\twhat\tat\tunit\tmedian\tleast\tmost\trounds\n");
    for_each_row(write_row, file);
    int failed = ferror(file);
    if (fclose(file) == 0 && !failed)
        return 0;
    complain("write the file of -o: %s", strerror(errno));
    return -1;
}

#endif
