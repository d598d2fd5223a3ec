/* producer_consumer: some processes append items to one queue, others pop them.
 *
 * usage: producer_consumer [-p P] [-c C] [-m MAXSIZE] [-n ITEMS]
 *   -p P         producers (1)
 *   -c C         consumers (1)
 *   -m MAXSIZE   the most items that the queue holds at a time (1024)
 *   -n ITEMS     the items of each producer (10)
 *
 * Notice: the consumers are slower, so the queue grows. With -m 1 it can't: the producer waits.
 * However many there are of both, each item is popped by one of them, and by one only.
 */
#include "cli.h"
#include "process.h"
#include "queue.h"
#include "shm.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: producer_consumer [-p P] [-c C] [-m MAXSIZE] [-n ITEMS]\n"
    "  P producers append ITEMS items each to a queue of at most MAXSIZE; C consumers pop them.\n"
    "  Without options: 1 producer of 10 items, 1 consumer, at most 1024 at a time.\n";

enum { MOST = 64 };

static struct queue *queue;
static int items = 10;     /* of each producer: the first has 0 to 9, the next 10 to 19 ... */
static atomic_int *popped; /* in shared memory: how often each item was popped */

static int produce(void *argument)
{
    const int *number = argument;
    const char *name = process_current_name();

    queue_close_get(queue);
    random_start((unsigned)*number);
    for (int item = *number * items; item < (*number + 1) * items; item++) {
        int result = queue_put(queue, &item, sizeof item, 0);
        if (result == -1 && errno == ETIMEDOUT) {
            say("Process Producer : the queue is full, %s waits", name);
            result = queue_put(queue, &item, sizeof item, FOREVER);
        }
        if (result == -1) /* EPIPE: it is full, and no consumer is left */
            die("append item %d", item);
        say("Process Producer : item %d appended to queue %s", item, name);
        pause_seconds(random_fraction());
        say("The size of queue is %zu", queue_size(queue));
    }
    return EXIT_SUCCESS;
}

static int consume(void *argument)
{
    const int *number = argument;
    int item;

    queue_close_put(queue);
    random_start((unsigned)*number);
    while (queue_get(queue, &item, sizeof item, FOREVER) != -1) {
        atomic_fetch_add(&popped[item], 1);
        say("Process Consumer : item %d popped from by %s", item, process_current_name());
        pause_seconds(2 * random_fraction());
    }
    if (errno != EPIPE) /* EPIPE: it is empty, and no producer is left */
        die("pop an item");
    return EXIT_SUCCESS;
}

/* Counts what has become of each item. */
static int check(int total)
{
    int lost = 0, twice = 0;

    for (int item = 0; item < total; item++) {
        lost += popped[item] == 0;
        twice += popped[item] > 1;
    }
    if (lost + twice > 0 || !queue_is_empty(queue)) {
        complain("of %d items %d were not popped, %d more than once; %zu are in the queue", total,
                 lost, twice, queue_size(queue));
        return EXIT_FAILURE;
    }
    say("%d items: none lost, none twice", total);
    say("the queue is empty");
    return EXIT_SUCCESS;
}

static int join(struct process *process)
{
    if (process_join(process, FOREVER) == -1)
        die("join %s", process_name(process));
    if (process->exit_code != 0)
        complain("%s (%ld) ended with exit code %d", process_name(process), (long)process->pid,
                 process->exit_code);
    return process->exit_code;
}

int main(int argc, char **argv)
{
    static struct process processes[2 * MOST]; /* the producers, then the consumers */
    static char names[2 * MOST][24];
    static int numbers[2 * MOST];
    int option, producers = 1, consumers = 1, max_size = 1024, failed = 0;

    while ((option = cli_option(argc, argv, "p:c:m:n:", usage)) != -1) {
        if (option == 'p')
            producers = (int)cli_number("-p", optarg, 1, MOST);
        else if (option == 'c')
            consumers = (int)cli_number("-c", optarg, 1, MOST);
        else if (option == 'm')
            max_size = (int)cli_number("-m", optarg, 1, 100000);
        else
            items = (int)cli_number("-n", optarg, 1, 100000);
    }
    cli_operands(argc, argv, 0, 0);

    queue = queue_open((size_t)max_size, sizeof(int));
    if (queue == NULL)
        die("open a queue of %d items", max_size);
    popped = shared_map((size_t)(producers * items) * sizeof *popped);
    if (popped == NULL)
        die("map memory for %d items", producers * items);
    for (int i = 0; i < producers + consumers; i++) {
        bool produces = i < producers;
        numbers[i] = i;
        snprintf(names[i], sizeof names[i], "%s-%d", produces ? "producer" : "consumer", i + 1);
        processes[i] = (struct process){.run = produces ? produce : consume,
                                        .argument = &numbers[i],
                                        .name = names[i],
                                        .daemon = true};
        if (process_start(&processes[i]) == -1)
            die("start %s", names[i]);
    }
    queue_close_put(queue); /* ours: with it open, the end would never come */
    queue_close_get(queue);

    for (int i = 0; i < producers + consumers; i++)
        failed |= join(&processes[i]);
    failed |= check(producers * items);
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
