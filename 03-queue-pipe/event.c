/* event: one process waits until another one says so.
 *
 * usage: event
 *
 * Notice: who waits does nothing meanwhile, and goes on at the moment when the event is set. It
 * stays set: who waits for it later does not wait at all, until somebody clears it.
 */
#include "cli.h"
#include "process.h"
#include "sync.h"

#include <errno.h>
#include <stdlib.h>

static const char usage[] =
    "usage: event\n"
    "  A waiter waits for an event, with a timeout and without; a setter sets it.\n"
    "  TIME_SCALE=0.05 shortens the timeout and the pause.\n";

static struct event event;            /* the one to look at */
static struct event gave_up, cleared; /* tell the setter how far the waiter is */

static void check(int result, const char *what)
{
    if (result == -1)
        die("%s", what);
}

static void tell_is_set(const char *name)
{
    say("%s: is_set: %s", name, event_is_set(&event) ? "true" : "false");
}

static void wait_and_tell(double timeout)
{
    double start = seconds_now();
    int result = event_wait(&event, timeout);

    if (result == -1 && errno != ETIMEDOUT)
        die("wait for the event");
    say("waiter: %s after %.2f seconds", result == 0 ? "set" : "timeout", seconds_now() - start);
}

static int run_waiter(void *unused)
{
    (void)unused;
    tell_is_set("waiter");
    say("waiter: wait, at most 2.5 seconds ...");
    wait_and_tell(2.5 * time_scale());

    say("waiter: wait ...");
    check(event_set(&gave_up), "set an event"); /* not before the timeout: so it is sure to come */
    wait_and_tell(FOREVER);
    tell_is_set("waiter");
    say("waiter: wait, at most 2.5 seconds ...");
    wait_and_tell(2.5 * time_scale());

    check(event_clear(&event), "clear the event");
    say("waiter: clear");
    check(event_set(&cleared), "set an event");
    return EXIT_SUCCESS;
}

static int run_setter(void *unused)
{
    (void)unused;
    check(event_wait(&gave_up, FOREVER), "wait for an event");
    pause_seconds(1);
    say("setter: set");
    check(event_set(&event), "set the event");
    check(event_wait(&cleared, FOREVER), "wait for an event");
    tell_is_set("setter");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    if (event_open(&event) == -1 || event_open(&gave_up) == -1 || event_open(&cleared) == -1)
        die("open an event");
    struct process waiter = {.run = run_waiter, .name = "waiter", .daemon = true};
    struct process setter = {.run = run_setter, .name = "setter", .daemon = true};
    struct process *both[] = {&waiter, &setter};
    check(process_start(&waiter), "start the waiter");
    check(process_start(&setter), "start the setter");

    int status = EXIT_SUCCESS;
    for (int left = 2; left > 0; left--) {
        ssize_t i = process_join_any(both, 2, FOREVER);
        if (i == -1)
            die("join the processes");
        if (both[i]->exit_code == 0)
            continue;
        complain("the %s ended with exit code %d", both[i]->name, both[i]->exit_code);
        process_kill(both[1 - i]); /* what it waits for would never come */
        status = EXIT_FAILURE;
    }
    event_close(&event);
    event_close(&gave_up);
    event_close(&cleared);
    return cli_end(status);
}
