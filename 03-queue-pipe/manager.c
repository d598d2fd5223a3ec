/* manager: one process owns a dictionary; ten others set keys in it, by messages.
 *
 * usage: manager
 *
 * Notice: nobody but the manager ever touches the dictionary, and it does one thing after the
 * other: no lock, no shared memory. It ends with its last client.
 */
#include "cli.h"
#include "conn.h"
#include "process.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: manager\n"
    "  A manager process owns a dictionary. Ten processes set key i to 2i, by messages to\n"
    "  it; then the parent asks it for the whole dictionary.\n";

enum { KEYS = 10 };

struct dictionary {
    bool has[KEYS];
    int value[KEYS];
};

struct request {
    enum { SET, GET_ALL } verb;
    int key, value; /* of SET, which has no answer; the answer to GET_ALL is the dictionary */
};

static struct conn ends[2]; /* the manager's, and the one that all its clients share */

static int manage(void *unused)
{
    struct dictionary dictionary = {0};
    struct request request;

    (void)unused;
    conn_close(&ends[1]);
    while (conn_receive(&ends[0], &request, sizeof request, FOREVER) != -1) {
        if (request.verb == SET) {
            dictionary.has[request.key] = true;
            dictionary.value[request.key] = request.value;
        } else if (conn_send(&ends[0], &dictionary, sizeof dictionary, FOREVER) == -1) {
            die("send the dictionary");
        }
    }
    if (errno != EPIPE) /* EPIPE: no client is left */
        die("receive a request");
    return EXIT_SUCCESS;
}

static int set_key(void *argument)
{
    const int *key = argument;
    struct request request = {.verb = SET, .key = *key, .value = 2 * *key};

    say("key = %d value = %d", request.key, request.value);
    if (conn_send(&ends[1], &request, sizeof request, FOREVER) == -1)
        die("set key %d", request.key);
    return EXIT_SUCCESS;
}

static int print_results(void)
{
    struct request request = {.verb = GET_ALL};
    struct dictionary answer;

    /* Messages stay in their order: what was sent before this one has been done before it. */
    if (conn_send(&ends[1], &request, sizeof request, FOREVER) == -1 ||
        conn_receive(&ends[1], &answer, sizeof answer, FOREVER) == -1) {
        complain("ask the manager: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    printf("Results: {");
    for (int key = 0, count = 0; key < KEYS; key++)
        if (answer.has[key]) /* not so if the process that was to set it died before */
            printf("%s%d: %d", count++ == 0 ? "" : ", ", key, answer.value[key]);
    printf("}\n");
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
    struct process manager = {.run = manage, .name = "manager", .daemon = true};
    struct process setters[KEYS];
    int keys[KEYS], failed = 0;

    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    if (conn_pair(ends) == -1)
        die("open a connection");
    if (process_start(&manager) == -1)
        die("start the manager");
    conn_close(&ends[0]); /* before the next fork: if the manager dies, nobody else has its end */
    for (int i = 0; i < KEYS; i++) {
        keys[i] = i;
        setters[i] = (struct process){.run = set_key, .argument = &keys[i], .daemon = true};
        if (process_start(&setters[i]) == -1)
            die("start a process for key %d", i);
    }
    for (int i = 0; i < KEYS; i++)
        failed |= join(&setters[i]);
    failed |= print_results();
    conn_close(&ends[1]); /* the last of the clients' ends: now the manager ends, too */
    failed |= join(&manager);
    return cli_end(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
