/* What the cost programs share: their options, tables of samples, and an end by Ctrl-C that keeps
 * what has been measured.
 *
 *     while ((option = cli_option(argc, argv, COST_OPTIONS "m:", usage)) != -1)
 *         ... its own options, and cost_option(&options, option) for the others ...
 *     cost_start(&options);
 *     for (int round = 0; cost_round(&options, round); round++)
 *         ... measure everything once, and table_add(&table, "fork", "100", microseconds) ...
 *     return cost_end(tables, 1, &options);
 */
#ifndef COST_H
#define COST_H

#include "beyond.h"
#include "cli.h"
#include "clock.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ROWS = 128, MOST_ROUNDS = 99 };

/* Something that is measured once in every round: what slows the machine down for a while slows all
 * of them down, and only that round's samples. */
struct row {
    char what[32], at[32]; /* such as "fork" and "100" */
    char lack[64];         /* why it can't be measured here; "": it can */
    double samples[MOST_ROUNDS];
    int count; /* of the samples */
};

struct table {
    const char *name;             /* in the file: "spawn" */
    const char *what, *at, *unit; /* "way", "MB", "us" */
    const char *reading;          /* a line to be printed below it; NULL: none */
    struct row rows[MOST_ROWS];
    int count;
};

struct cost_options {
    bool quick;
    int rounds;
    const char *path; /* of the file for the tables; NULL: none is wanted */
    FILE *file;
};

static volatile sig_atomic_t cost_interrupted; /* the signal's number; 0: none has come */
static bool cost_warms_up;                     /* this round's samples do not count */

static inline void note_interruption(int signal)
{
    cost_interrupted = signal;
}

/* The options that all of them have: -q, -r ROUNDS and -o FILE. */
#define COST_OPTIONS "qr:o:"

static inline void cost_option(struct cost_options *options, int option)
{
    if (option == 'q')
        options->quick = true;
    else if (option == 'r')
        options->rounds = (int)cli_number("-r", optarg, 1, MOST_ROUNDS);
    else
        options->path = optarg;
}

/* From here on, Ctrl-C only asks the program to come to its end. */
static inline void cost_start(struct cost_options *options)
{
    /* RESETHAND: a second Ctrl-C ends it at once, as without us. */
    struct sigaction note = {.sa_handler = note_interruption,
                             .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    struct sigaction before;
    static const int signals[] = {SIGINT, SIGTERM};

    if (options->rounds == 0)
        options->rounds = options->quick ? 5 : 7;
    if (options->path != NULL) { /* now, and not after a minute of work */
        int file = open(options->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file == -1 || (options->file = fdopen(file, "w")) == NULL)
            die("open %s", options->path);
    }
    for (int i = 0; i < 2; i++)
        if (sigaction(signals[i], NULL, &before) == -1 ||
            (before.sa_handler != SIG_IGN && sigaction(signals[i], &note, NULL) == -1))
            die("handle signal %d", signals[i]);
    say("Rounds: %d, after one that warms up. Processors: %d.", options->rounds,
        beyond_processors());
}

/* Says whether there is a round of that number, from 0 on; shows it, to a person at a terminal. In
 * the first one, caches fill and pages are touched: what is added to a table then is left out. */
static inline bool cost_round(const struct cost_options *options, int round)
{
    bool more = round <= options->rounds && cost_interrupted == 0;
    char text[32] = "";

    cost_warms_up = round == 0;
    if (more)
        snprintf(text, sizeof text, "round %d of %d", round, options->rounds);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%-20s\r", text); /* the next one goes over it */
    return more;
}

/* The row of that name, which is made when it is first asked for: so the first one to ask for all
 * rows decides in which order they stand. */
static inline struct row *table_row(struct table *table, const char *what, const char *at)
{
    struct row *row = table->rows, *end = row + table->count;

    while (row < end && (strcmp(row->what, what) != 0 || strcmp(row->at, at) != 0))
        row++;
    if (row < end)
        return row;
    if (table->count++ == MOST_ROWS) {
        complain("table %s: no room for a row for %s, %s", table->name, what, at);
        exit(EXIT_FAILURE);
    }
    snprintf(row->what, sizeof row->what, "%s", what);
    snprintf(row->at, sizeof row->at, "%s", at);
    return row;
}

/* Adds a sample to the row of that name. Leaves out those of the round that warms up, and what
 * comes after Ctrl-C: it may be half a sample. */
static inline void table_add(struct table *table, const char *what, const char *at, double sample)
{
    struct row *row = table_row(table, what, at);

    if (!cost_warms_up && cost_interrupted == 0 && row->count < MOST_ROUNDS)
        row->samples[row->count++] = sample;
}

/* Says why that can't be measured on this machine: a row without numbers, with the reason. NULL: it
 * can, and the row is only made. */
static inline void table_lack(struct table *table, const char *what, const char *at,
                              const char *reason)
{
    struct row *row = table_row(table, what, at);

    snprintf(row->lack, sizeof row->lack, "%s", reason == NULL ? "" : reason);
}

/* How many digits behind the point it takes to show three that count. */
static inline int decimals(double number)
{
    int count = 0;

    while (number < 100 && count < 5) {
        number *= 10;
        count++;
    }
    return count;
}

/* Three digits that count, and blanks behind, so that the points stand below each other where the
 * longest number of the table has `most` digits behind its point. */
static inline const char *number_text(char *text, size_t room, double number, int most)
{
    int count = decimals(number);

    snprintf(text, room, "%.*f%*s", count, number, most - count + (count == 0 && most > 0), "");
    return text;
}

static inline void table_print(struct table *table)
{
    char median[32], least[32], most[32];
    int places = 0;

    say("\n%s, %s", table->name, table->unit);
    say("%-24s %8s %12s %12s %12s %7s", table->what, table->at, "median", "least", "most",
        "rounds");
    for (int i = 0; i < table->count; i++)
        for (int k = 0; k < table->rows[i].count; k++)
            if (decimals(table->rows[i].samples[k]) > places)
                places = decimals(table->rows[i].samples[k]);
    for (int i = 0; i < table->count; i++) {
        struct row *row = &table->rows[i];
        if (row->count == 0) {
            say("%-24s %8s %12s %s", row->what, row->at, "-",
                *row->lack != '\0' ? row->lack : "not measured");
            continue;
        }
        struct stats stats = stats_of(row->samples, (size_t)row->count);
        say("%-24s %8s %12s %12s %12s %7d", row->what, row->at,
            number_text(median, sizeof median, stats.median, places),
            number_text(least, sizeof least, stats.least, places),
            number_text(most, sizeof most, stats.most, places), row->count);
    }
    if (table->reading != NULL)
        say("%s", table->reading);
}

/* The same for programs: tabs, and "-" for the numbers that are lacking. */
static inline void table_write(struct table *table, const struct cost_options *options)
{
    for (int i = 0; i < table->count; i++) {
        struct row *row = &table->rows[i];
        char numbers[100] = "-\t-\t-";
        if (row->count > 0) {
            struct stats stats = stats_of(row->samples, (size_t)row->count);
            snprintf(numbers, sizeof numbers, "%.6g\t%.6g\t%.6g", stats.median, stats.least,
                     stats.most);
        }
        if (fprintf(options->file, "%s\t%s\t%s\t%s\t%s\t%d\n", table->name, row->what, row->at,
                    table->unit, numbers, row->count) < 0)
            die("write %s", options->path);
    }
}

/* Prints the tables, writes them to the file, and returns the exit code; after Ctrl-C, ends the
 * program by that signal, as whoever started it expects. */
static inline int cost_end(struct table *const *tables, int count,
                           const struct cost_options *options)
{
    for (int i = 0; i < count; i++)
        table_print(tables[i]);
    if (options->file != NULL) {
        if (fprintf(options->file, "table\twhat\tat\tunit\tmedian\tleast\tmost\trounds\n") < 0)
            die("write %s", options->path);
        for (int i = 0; i < count; i++)
            table_write(tables[i], options);
        if (fclose(options->file) == EOF)
            die("write %s", options->path);
    }
    int status = cli_end(EXIT_SUCCESS);
    if (cost_interrupted != 0)
        raise(cost_interrupted); /* its handler was for the first one only */
    return status;
}

#endif
