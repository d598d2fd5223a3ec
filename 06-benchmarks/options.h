/* The benchmark's options. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cli.h"
#include "conclusion.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct plan {
    int first_task, last_task, first_mode, last_mode;
    long most_live;
    bool bars;
    FILE *file; /* NULL: none is wanted */
};

static const char *const kernel_choices[] = {"brute", "simd", "sqrt", "sieve", "all", NULL};
static const char *const mode_choices[] = {"mono", "multi", "pool", "threads", "all", NULL};

/* The index of the option's argument among the names, which end with NULL. */
static int choose(const char *option, const char *const *names)
{
    char list[80] = "";

    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(optarg, names[i]) == 0)
            return i;
        const char *before = i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ";
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", before, names[i]);
    }
    bad_usage("%s: expected %s, got '%s'", option, list, optarg);
}

struct choice {
    int group, kernel, mode; /* -1: not chosen; TASKS, MODES: all */
    long n;
};

static void choose_parts(struct plan *plan, struct choice choice)
{
    kernels_named = choice.kernel != -1;
    if (kernels_named && choice.group == SLEEP)
        bad_usage("-k: the task sleep has no kernels");
    if (kernels_named) {
        plan->first_task = choice.kernel == TASKS ? BRUTE : choice.kernel;
        plan->last_task = choice.kernel == TASKS ? SIEVE : choice.kernel;
    } else if (choice.group != -1) {
        plan->first_task = plan->last_task = choice.group;
    }
    if (choice.mode != -1) {
        plan->first_mode = choice.mode == MODES ? MONO : choice.mode;
        plan->last_mode = choice.mode == MODES ? THREADS : choice.mode;
    }
    if (choice.n > 0)
        counts[choice.group == SLEEP ? SLEEP : PERFECT] = choice.n;
}

static struct plan read_options(int argc, char **argv, const char *usage)
{
    struct plan plan = {SLEEP, BRUTE, MONO, POOL, LONG_MAX, isatty(STDOUT_FILENO), NULL};
    struct choice choice = {-1, -1, -1, 0};
    const char *path = NULL;
    int option;

    while ((option = cli_option(argc, argv, "t:k:m:n:w:l:bo:q", usage)) != -1) {
        if (option == 't')
            choice.group = choose("-t", group_names);
        else if (option == 'k')
            choice.kernel = BRUTE + choose("-k", kernel_choices);
        else if (option == 'm')
            choice.mode = choose("-m", mode_choices);
        else if (option == 'n')
            choice.n = cli_number("-n", optarg, 1, 1000000); /* the kernels can less than 2^24 */
        else if (option == 'w')
            worker_count = cli_number("-w", optarg, 1, 1000);
        else if (option == 'l')
            plan.most_live = cli_number("-l", optarg, 1, 1000000);
        else if (option == 'b')
            plan.bars = true;
        else if (option == 'o')
            path = optarg;
        else {
            counts[PERFECT] = 9999;
            sleep_length = 0.1;
        }
    }
    cli_operands(argc, argv, 0, 0);
    choose_parts(&plan, choice);
    /* Now: not after a minute of work is it time to say that it can't be opened. */
    if (path != NULL && (plan.file = fopen(path, "w")) == NULL)
        die("open %s", path);
    return plan;
}

#endif
