/* barrier: two processes wait for each other; two others do not.
 *
 * usage: barrier
 *
 * Notice: p1 and p3 start first, p2 and p4 a second later. p3 does not wait for p4, but p1 waits
 * for p2: so these two print the same moment, as nearly as two processes can.
 */
#include "barrier.h"
#include "cli.h"
#include "process.h"
#include "shm.h"

#include <stdlib.h>
#include <time.h>

static const char usage[] =
    "usage: barrier\n"
    "  Two processes meet at a barrier, two others do not; each prints when it goes on.\n"
    "  TIME_SCALE=0.05 shortens the pause.\n";

static struct barrier synchronizer;

static int print_moment(const char *test, long long *microseconds)
{
    struct timespec now;
    struct tm parts;
    char date[32];

    if (clock_gettime(CLOCK_REALTIME, &now) == -1 || localtime_r(&now.tv_sec, &parts) == NULL)
        die("find out the time");
    *microseconds = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &parts);
    say("process %s - %s ----> %s.%06lld", process_current_name(), test, date,
        *microseconds % 1000000);
    return EXIT_SUCCESS;
}

static int test_with_barrier(void *moment)
{
    if (barrier_wait(&synchronizer, FOREVER) == -1)
        die("wait at the barrier");
    return print_moment("test_with_barrier", moment);
}

static int test_without_barrier(void *moment)
{
    return print_moment("test_without_barrier", moment);
}

static void start(struct process *process)
{
    if (process_start(process) == -1)
        die("start %s", process->name);
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    long long *moment = shared_map(4 * sizeof *moment);
    if (moment == NULL || barrier_open(&synchronizer, 2) == -1)
        die("make a barrier, and memory to share");
    struct process p1 = {test_with_barrier, &moment[0], "p1", .daemon = true};
    struct process p2 = {test_with_barrier, &moment[1], "p2", .daemon = true};
    struct process p3 = {test_without_barrier, &moment[2], "p3", .daemon = true};
    struct process p4 = {test_without_barrier, &moment[3], "p4", .daemon = true};

    start(&p1);
    start(&p3);
    pause_seconds(1);
    say("Now p2 and p4 start.");
    start(&p2);
    start(&p4);

    struct process *all[] = {&p1, &p2, &p3, &p4};
    bool well = true;
    for (int left = 4; left > 0; left--) {
        ssize_t i = process_join_any(all, 4, FOREVER);
        if (i == -1)
            die("join the processes");
        if (all[i]->exit_code == 0)
            continue;
        complain("%s ended with exit code %d", all[i]->name, all[i]->exit_code);
        barrier_abort(&synchronizer); /* else the other waits there for one that never comes */
        well = false;
    }
    barrier_close(&synchronizer);
    if (!well)
        return EXIT_FAILURE;
    say("p1 and p2: %.6f seconds apart", (double)llabs(moment[1] - moment[0]) / 1e6);
    say("p3 and p4: %.6f seconds apart", (double)llabs(moment[3] - moment[2]) / 1e6);
    return cli_end(EXIT_SUCCESS);
}
