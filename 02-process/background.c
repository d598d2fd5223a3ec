/* background: a daemonic process ends with its parent; for another one, the parent waits.
 *
 * usage: background
 *
 * Notice: background_process has no end of its own, and nobody waits for it or terminates it; yet
 * when the program ends, it is gone (on Linux). That is also why it may not start children: nobody
 * would be left to end them.
 */
#include "cli.h"
#include "io.h"
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: background\n"
    "  Starts a daemonic process and one that is not, joins that, and ends.\n"
    "  TIME_SCALE=0.05 shortens its pause of 3 s.\n";

/* Two pipes. */
static int at_work[2];  /* a byte comes when background_process is at work */
static int lifeline[2]; /* the end of file comes when the parent is gone, who has the write end */

static int work(void *unused)
{
    struct pollfd parent = {.fd = lifeline[0], .events = POLLIN};

    (void)unused;
    io_close(&lifeline[1]); /* ours: else the end of file would not come with the parent's end */
    say("Starting %s", process_current_name());
    /* A pause, which is over if the parent is killed: nobody else would end this process then. */
    if (poll(&parent, 1, milliseconds_until(seconds_now() + 3 * time_scale())) != 0)
        return EXIT_FAILURE;
    say("Exiting %s", process_current_name());
    return EXIT_SUCCESS;
}

static int work_in_background(void *unused)
{
    struct process child = {.run = work};

    (void)unused;
    say("Starting %s", process_current_name());
    if (process_start(&child) == -1)
        say("%s may not start children: %s", process_current_name(), strerror(errno));
    /* say_end now: it will be killed, and could not tell any more that its lines got lost. */
    if (say_end() == -1 || io_write(at_work[1], "!", 1) == -1)
        return EXIT_FAILURE;
    while (pause() == -1) /* for ever: there is always something to do */
        ;
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    char byte;

    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    struct process background = {
        .run = work_in_background, .name = "background_process", .daemon = true};
    struct process no_background = {.run = work, .name = "NO_background_process"};
    if (io_pipe(at_work) == -1 || io_pipe(lifeline) == -1)
        die("pipe");
    if (process_start(&background) == -1)
        die("start %s", background.name);
    io_close(&at_work[1]);
    if (io_read(at_work[0], &byte, 1) != 1) { /* or we might end before it begins */
        complain("%s does not begin to work", background.name);
        return EXIT_FAILURE;
    }
    if (process_start(&no_background) == -1)
        die("start %s", no_background.name);

    if (process_join(&no_background, FOREVER) == -1)
        die("join %s", no_background.name);
    if (no_background.exit_code != 0) {
        complain("%s ended with exit code %d", no_background.name, no_background.exit_code);
        return EXIT_FAILURE;
    }
    say("The main program ends, and %s is alive:%s", background.name,
        process_is_alive(&background) ? "True" : "False");
    return cli_end(EXIT_SUCCESS);
}
