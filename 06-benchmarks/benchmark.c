/* benchmark: two tasks, each by one process, by a process per task, and by a pool; then the table.
 * The tasks are in tasks.h, the modes in modes.h, the table in conclusion.h.
 *
 * usage: benchmark [-bq] [-t TASK] [-k KERNEL] [-m MODE] [-n N] [-w WORKERS] [-l LIVE] [-o FILE]
 *
 * Notice: where tasks wait, more processes are faster, however few processors there are. Where they
 * compute, the processors are the limit, and a process per task pays for a fork per task. And with
 * -k all: a better algorithm gains more than all the processors there are.
 */
#include "conclusion.h"
#include "modes.h"
#include "options.h"

#include <signal.h>

static const char usage[] =
    "usage: benchmark [-bq] [-t TASK] [-k KERNEL] [-m MODE] [-n N] [-w WORKERS] [-l LIVE] "
    "[-o FILE]\n"
    "  -t TASK     only this task: sleep (10 tasks of 1 s) or perfect (the numbers 1 to 99999)\n"
    "  -k KERNEL   only perfect, by brute (the default), simd, sqrt, sieve, or by all of them\n"
    "  -m MODE     only this mode: mono, multi (a process per task), pool or threads; or all four\n"
    "  -n N        perfect: the numbers 1 to N; with -t sleep: N tasks\n"
    "  -w WORKERS  processes in the pool, or threads (4)\n"
    "  -l LIVE     multi: at most this many processes at once (as many as the system gives)\n"
    "  -b          bars below the table, as there are on a terminal\n"
    "  -o FILE     write what was measured to FILE, separated by tabs\n"
    "  -q          quick: 10 tasks of 0.1 s, the numbers 1 to 9999\n";

static const char *const sections[MODES] = {"1.4.1 ", "1.4.2 ", "1.4.3 ", ""};
static const char *const titles[MODES] = {"Mono process", "Multi process", "Process pool",
                                          "Threads"};

/* What runs looks at the flag, ten times a second or at each number. */
static void note_signal(int signal)
{
    shared->interrupted = signal;
}

static void share(void)
{
    struct sigaction note = {.sa_handler = note_signal, .sa_flags = SA_RESTART}, old;

    shared = shared_map(sizeof *shared);
    if (shared == NULL)
        die("map %zu bytes", sizeof *shared);
    if (sigaction(SIGINT, NULL, &old) == -1 ||
        (old.sa_handler != SIG_IGN && sigaction(SIGINT, &note, NULL) == -1))
        die("handle SIGINT");
}

static int run(int task, int mode, long most_live)
{
    long first = task == SLEEP ? 0 : 1, count = task_count(task);
    int result = -1;

    say("\n%s%s: task %s%s%s", sections[mode], titles[mode], group_names[group_of(task)],
        kernels_named ? " by " : "", kernels_named ? task_names[task] : "");
    shared->tally = (struct tally){0};
    double start = seconds_now();
    if (mode == MONO)
        result = run_mono(functions[task], first, count);
    else if (mode == MULTI)
        result = run_multi(functions[task], first, count, most_live);
    else if (mode == POOL)
        result = run_pool(functions[task], first, count, worker_count);
    else
        result = run_threads(functions[task], first, count, worker_count);
    double seconds = seconds_now() - start;
    if (shared->interrupted) {
        say("%s test interrupted", titles[mode]);
        return result;
    }
    measured[task][mode].seconds = seconds;
    measured[task][mode].spent = shared->tally.spent;
    say("%s test in %.4f seconds", titles[mode], seconds);
    if (task != SLEEP && !tally_is_right(task)) {
        complain("%s %s: the tally of tasks and divisors is wrong", mode_names[mode],
                 task_name(task));
        result = -1;
    }
    return result;
}

int main(int argc, char **argv)
{
    struct plan plan = read_options(argc, argv, usage);
    int result = 0;

    share();
    for (int mode = plan.first_mode; mode <= plan.last_mode; mode++)
        for (int task = plan.first_task; task <= plan.last_task && !shared->interrupted; task++)
            result |= run(task, mode, plan.most_live);
    print_conclusion(plan.bars);
    if (plan.file != NULL)
        result |= write_file(plan.file);
    int status = cli_end(result == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    if (shared->interrupted) { /* whoever started us is to see that */
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    return status;
}
