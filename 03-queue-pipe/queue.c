/* queue: one process puts values into a queue, another one gets them out.
 *
 * usage: queue
 *
 * Notice: the reader waits in queue_get, and each value is there as soon as it is put. Kill the
 * writer in the middle: the reader sees the end of the queue, where Python's would wait for ever.
 */
#include "queue.h"
#include "cli.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: queue\n"
    "  A writer puts A, B, C and end into a queue, a reader gets them out.\n"
    "  TIME_SCALE=0.05 shortens the pauses, SEED=7 repeats them.\n";

enum { VALUE_SIZE = 16 };

static int write_values(void *queue)
{
    static const char *const values[] = {"A", "B", "C", "end"};

    queue_close_get(queue); /* each keeps only the end it uses, as with a pipe */
    random_start(0);
    say("Process to write: %ld", (long)getpid());
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        say("Put %s to queue...", values[i]);
        if (queue_put(queue, values[i], strlen(values[i]) + 1, FOREVER) == -1)
            die("put %s to the queue", values[i]);
        pause_seconds(random_fraction());
    }
    return EXIT_SUCCESS;
}

static int read_values(void *queue)
{
    char value[VALUE_SIZE] = "";

    queue_close_put(queue);
    say("Process to read: %ld", (long)getpid());
    while (strcmp(value, "end") != 0) {
        if (queue_get(queue, value, sizeof value, FOREVER) == -1)
            die("get from the queue"); /* EPIPE: the writer is gone, and so is "end" */
        say("Get %s from queue.", value);
    }
    return EXIT_SUCCESS;
}

static int join(struct process *process, const char *role)
{
    if (process_join(process, FOREVER) == -1)
        die("join the %s", role);
    if (process->exit_code != 0)
        complain("the %s (%ld) ended with exit code %d", role, (long)process->pid,
                 process->exit_code);
    return process->exit_code;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    struct queue *queue = queue_open(0, VALUE_SIZE);
    if (queue == NULL)
        die("open a queue");
    /* daemon: if we are killed, they are not left behind. */
    struct process writer = {.run = write_values, .argument = queue, .daemon = true};
    struct process reader = {.run = read_values, .argument = queue, .daemon = true};
    if (process_start(&writer) == -1)
        die("start the writer");
    if (process_start(&reader) == -1)
        die("start the reader");
    queue_close(queue); /* so that the two have only each other */

    int failed = join(&writer, "writer");
    failed |= join(&reader, "reader");
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
