/* benchmark: two tasks, each by one process, by a process per task, and by a pool; then the table.
 * The tasks are in tasks.h, the three modes in modes.h.
 *
 * usage: benchmark [-q] [-t sleep|perfect] [-m mono|multi|pool] [-n N] [-w WORKERS] [-l LIVE]
 *
 * Notice: where tasks wait, more processes are faster, however few processors there are. Where they
 * compute, the processors are the limit, and a process per task pays for a fork per task.
 */
#include "modes.h"

static const char usage[] =
    "usage: benchmark [-q] [-t sleep|perfect] [-m mono|multi|pool] [-n N] [-w WORKERS] [-l LIVE]\n"
    "  -t TASK     only this task: sleep (10 tasks of 1 s) or perfect (the numbers 1 to 99999)\n"
    "  -m MODE     only this mode: one process, a process per task, or a pool\n"
    "  -n N        perfect: the numbers 1 to N; with -t sleep: N tasks\n"
    "  -w WORKERS  processes in the pool (4)\n"
    "  -l LIVE     multi: at most this many processes at once (as many as the system gives)\n"
    "  -q          quick: 10 tasks of 0.1 s, the numbers 1 to 9999\n";

enum { SLEEP, PERFECT, TASKS };
enum { MONO, MULTI, POOL, MODES };

static const char *const task_names[TASKS] = {"sleep", "perfect"};
static const char *const mode_names[MODES] = {"mono", "multi", "pool"};
static const char *const titles[MODES] = {"Mono process", "Multi process", "Process pool"};

/* The seconds that the document's conclusion gives; multi perfect failed there, out of memory. */
static const double document[TASKS][MODES] = {{10.0160, 1.1322, 3.0675}, {203.4457, 0, 86.9723}};
static const long document_counts[TASKS] = {10, 99999};
static const long document_workers = 4;

static long counts[TASKS] = {10, 99999};
static long workers = 4, most_live = LONG_MAX;
static double measured[TASKS][MODES]; /* seconds; 0: not run */

static int choose(const char *option, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(optarg, names[i]) == 0)
            return i;
    bad_usage("%s: expected %s%s%s or %s, got '%s'", option, names[0], count == 3 ? ", " : "",
              count == 3 ? names[1] : "", names[count - 1], optarg);
}

static int run(int which, int mode)
{
    numbered_task *task = which == SLEEP ? sleep_task : perfect_task;
    long first = which == SLEEP ? 0 : 1, count = counts[which];
    int result = -1;

    say("\n1.4.%d %s: task %s", mode + 1, titles[mode], task_names[which]);
    *tally = (struct tally){0};
    double start = seconds_now();
    if (mode == MONO)
        result = run_mono(task, first, count);
    else if (mode == MULTI)
        result = run_multi(task, first, count, most_live);
    else
        result = run_pool(task, first, count, workers);
    measured[which][mode] = seconds_now() - start;
    say("%s test in %.4f seconds", titles[mode], measured[which][mode]);
    if (which == PERFECT && !tally_is_right((unsigned long long)count)) {
        complain("%s perfect: the tally of tasks and divisors is wrong", mode_names[mode]);
        result = -1;
    }
    return result;
}

static void print_row(int which, int mode)
{
    double seconds = measured[which][mode], mono = measured[which][MONO];
    bool same_size = counts[which] == document_counts[which] && sleep_length * time_scale() == 1 &&
                     (mode != POOL || workers == document_workers);
    char theirs[32] = "failed", ratio[32] = "-", gain[32] = "-", name[64];

    if (seconds == 0)
        return;
    snprintf(name, sizeof name, mode == POOL ? "%s(%ld)" : "%s", mode_names[mode], workers);
    if (document[which][mode] > 0)
        snprintf(theirs, sizeof theirs, "%.4f s", document[which][mode]);
    if (document[which][mode] > 0 && same_size)
        snprintf(ratio, sizeof ratio, "%.1f", document[which][mode] / seconds);
    if (mono > 0)
        snprintf(gain, sizeof gain, "%.2f", mono / seconds);
    say("%-8s %-9s %12s %12.4f s %9s %9s", task_names[which], name, theirs, seconds, ratio, gain);
}

int main(int argc, char **argv)
{
    int option, only_task = -1, only_mode = -1, result = 0;
    long n = 0;

    while ((option = cli_option(argc, argv, "t:m:n:w:l:q", usage)) != -1) {
        if (option == 't')
            only_task = choose("-t", task_names, TASKS);
        else if (option == 'm')
            only_mode = choose("-m", mode_names, MODES);
        else if (option == 'n')
            n = cli_number("-n", optarg, 1, 1000000);
        else if (option == 'w')
            workers = cli_number("-w", optarg, 1, 1000);
        else if (option == 'l')
            most_live = cli_number("-l", optarg, 1, 1000000);
        else {
            counts[PERFECT] = 9999;
            sleep_length = 0.1;
        }
    }
    cli_operands(argc, argv, 0, 0);
    if (n > 0)
        counts[only_task == SLEEP ? SLEEP : PERFECT] = n;
    tally = shared_map(sizeof *tally);
    if (tally == NULL)
        die("map %zu bytes", sizeof *tally);

    for (int mode = 0; mode < MODES; mode++)
        for (int which = 0; which < TASKS; which++)
            if ((only_mode == -1 || only_mode == mode) && (only_task == -1 || only_task == which))
                result |= run(which, mode);

    say("\n1.4.4 Conclusion: %ld x %g s, the numbers 1 to %ld", counts[SLEEP],
        sleep_length * time_scale(), counts[PERFECT]);
    say("%-8s %-9s %12s %14s %9s %9s", "task", "mode", "document", "here", "ratio", "to mono");
    for (int which = 0; which < TASKS; which++)
        for (int mode = 0; mode < MODES; mode++)
            print_row(which, mode);
    return cli_end(result == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
