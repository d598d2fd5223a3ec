/* ipc_bench: one measurement of what chapter 3's processes talk through, and of chapter 2's
 * process, beside the bare system calls. `make bench-ipc` runs all of them, with Python's, in turn.
 */
#include "cli.h"
#include "conn.h"
#include "io.h"
#include "process.h"
#include "queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: ipc_bench WHAT COUNT [PUTTERS GETTERS]\n"
    "  queue     COUNT items of 64 bytes from PUTTERS to GETTERS: items per second\n"
    "  conn, socket, pipe     COUNT round trips of 64 bytes: seconds for each\n"
    "  process, fork          COUNT times start and join: seconds for each\n";

enum { SIZE = 64, MOST = 16 };

static long count, putters, getters;

static void check(int result, const char *what)
{
    if (result == -1)
        die("%s", what);
}

static void join_well(struct process *process)
{
    check(process_join(process, FOREVER), "join");
    if (process->exit_code != 0) {
        complain("a process ended with exit code %d", process->exit_code);
        exit(EXIT_FAILURE);
    }
}

/* ---- queue ---- */

static int put_items(void *argument)
{
    struct queue *queue = argument;
    char item[SIZE] = "";

    queue_close_get(queue);
    for (long i = 0; i < count / putters; i++)
        check(queue_put(queue, item, SIZE, FOREVER), "queue_put");
    return EXIT_SUCCESS;
}

static int get_items(void *argument)
{
    struct queue *queue = argument;
    char item[SIZE];
    long got = 0;

    queue_close_put(queue);
    while (queue_get(queue, item, SIZE, FOREVER) == SIZE)
        got++;
    if (errno != EPIPE || (getters == 1 && got != count / putters * putters))
        die("queue_get %ld", got);
    return EXIT_SUCCESS;
}

static double measure_queue(void)
{
    struct process processes[2 * MOST];
    struct queue *queue = queue_open(0, SIZE);

    if (queue == NULL)
        die("queue_open");
    long items = count / putters * putters;
    double start = seconds_now();
    for (long i = 0; i < putters + getters; i++) {
        processes[i] =
            (struct process){.run = i < putters ? put_items : get_items, .argument = queue};
        check(process_start(&processes[i]), "start");
    }
    queue_close(queue);
    for (long i = 0; i < putters + getters; i++)
        join_well(&processes[i]);
    return (double)items / (seconds_now() - start);
}

/* ---- round trips: the child sends back what it gets ---- */

static struct conn ends[2];
static int there[2], back[2]; /* descriptors: [0] to read from, [1] to write to */

static int answer_by_conn(void *unused)
{
    char message[SIZE];

    (void)unused;
    conn_close(&ends[0]);
    while (conn_receive(&ends[1], message, SIZE, FOREVER) == SIZE)
        check(conn_send(&ends[1], message, SIZE, FOREVER), "conn_send");
    return EXIT_SUCCESS;
}

static int answer_by_calls(void *unused)
{
    char message[SIZE];

    (void)unused;
    close(there[1]);
    if (back[0] != there[1])
        close(back[0]);
    while (read(there[0], message, SIZE) == SIZE)
        if (write(back[1], message, SIZE) != SIZE)
            die("write");
    return EXIT_SUCCESS;
}

static double measure_trips(const char *what)
{
    bool by_conn = strcmp(what, "conn") == 0;
    struct process child = {.run = by_conn ? answer_by_conn : answer_by_calls};
    char message[SIZE] = "";

    if (by_conn) {
        check(conn_pair(ends), "conn_pair");
    } else if (strcmp(what, "pipe") == 0) {
        check(io_pipe(there), "pipe");
        check(io_pipe(back), "pipe");
    } else {
        int pair[2];
        check(io_socketpair(SOCK_SEQPACKET, pair), "socketpair");
        there[0] = back[1] = pair[0];
        there[1] = back[0] = pair[1];
    }
    check(process_start(&child), "start");
    double start = seconds_now();
    if (by_conn) {
        conn_close(&ends[1]);
        for (long i = 0; i < count; i++) {
            check(conn_send(&ends[0], message, SIZE, FOREVER), "conn_send");
            check((int)conn_receive(&ends[0], message, SIZE, FOREVER), "conn_receive");
        }
    } else {
        close(there[0]);
        if (back[1] != there[0])
            close(back[1]);
        for (long i = 0; i < count; i++)
            if (write(there[1], message, SIZE) != SIZE || read(back[0], message, SIZE) != SIZE)
                die("write and read");
    }
    double seconds = seconds_now() - start;
    conn_close(&ends[0]);
    close(there[1]);
    join_well(&child);
    return seconds / (double)count;
}

/* ---- a process that does nothing ---- */

static int do_nothing(void *unused)
{
    (void)unused;
    return EXIT_SUCCESS;
}

static double measure_starts(bool bare)
{
    double start = seconds_now();

    for (long i = 0; i < count; i++) {
        if (bare) {
            int status;
            pid_t pid = fork();
            if (pid == 0)
                _exit(EXIT_SUCCESS);
            check(pid, "fork");
            check(waitpid(pid, &status, 0), "waitpid");
        } else {
            struct process process = {.run = do_nothing};
            check(process_start(&process), "start");
            join_well(&process);
        }
    }
    return (seconds_now() - start) / (double)count;
}

int main(int argc, char **argv)
{
    double result;

    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 2, 4);
    const char *what = argv[1];
    count = cli_number("COUNT", argv[2], 1, 1000000000);
    putters = argc > 3 ? cli_number("PUTTERS", argv[3], 1, MOST) : 1;
    getters = argc > 4 ? cli_number("GETTERS", argv[4], 1, MOST) : 1;
    if (strcmp(what, "queue") == 0)
        result = measure_queue();
    else if (strcmp(what, "process") == 0 || strcmp(what, "fork") == 0)
        result = measure_starts(*what == 'f');
    else if (strcmp(what, "conn") == 0 || strcmp(what, "socket") == 0 || strcmp(what, "pipe") == 0)
        result = measure_trips(what);
    else
        bad_usage("unknown measurement '%s'", what);
    printf("%.9g\n", result);
    return cli_end(EXIT_SUCCESS);
}
