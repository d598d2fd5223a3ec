/* rank_deadlock: two ranks exchange a letter, in three ways, of which only one is always right.
 *
 * usage: rank_deadlock [-b | -l] [-n RANKS]
 *   -b   the bug: both receive first
 *   -l   both send first, but a message that is too long to be put aside
 *   -n   how many ranks, 9 if it is not given; under mpirun, as many as it has started
 *
 * Notice: both may send first, but only as long as somebody puts the messages aside. In one step it
 * always works. With -b or -l each waits for what the other one would do next. The parent of forked
 * ranks finds that out, since every rank says whom it waits for. Under mpirun nobody does, and it
 * never ends; timeout -k 2 5 mpirun -n 6 build/mpi/rank_deadlock -b ends it.
 */
#include "cli.h"
#include "ranks.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_deadlock [-b | -l] [-n RANKS]\n"
    "  Ranks 1 and 5 exchange a letter: both send first; then in one step.\n"
    "  Forked ranks that wait for each other are ended; under mpirun -b and -l never end.\n"
    "  -b   the bug: both receive first\n"
    "  -l   both send first, but a message that is too long to be put aside\n"
    "  -n   how many ranks, 9 if it is not given; under mpirun, as many as it has started\n";

enum { LEAST = 6, LONG = 64 * RANKS_BUFFER };

static int way;

static void send_letter(int to, const char *letter, size_t size)
{
    if (ranks_send(to, letter, size) == -1)
        die("send to rank %d", to);
}

static void receive_letter(int from, char *letter, size_t size)
{
    if (ranks_receive(from, letter, size) == -1)
        die("receive from rank %d", from);
}

static int exchange(void *unused)
{
    static char mine[LONG], other[LONG];
    int self = ranks_rank(), partner = 6 - self;

    (void)unused;
    if (ranks_count() < LEAST) /* under mpirun */
        bad_usage("at least %d ranks", LEAST);
    if (self != 1 && self != 5)
        return EXIT_SUCCESS;
    size_t size = way == 'l' ? LONG : 1;
    *mine = self == 1 ? 'a' : 'b';
    if (way == 'b') {
        say("process = %d receives first, then sends %c", self, *mine);
        receive_letter(partner, other, size);
        send_letter(partner, mine, size);
        return EXIT_SUCCESS;
    }
    say("process = %d sends %c first, then receives", self, *mine);
    send_letter(partner, mine, size);
    receive_letter(partner, other, size);
    say("process = %d received %c", self, *other);

    say("process = %d sends %c and receives in one step", self, *mine);
    if (ranks_exchange(partner, mine, size, partner, other, size) == -1)
        die("exchange with rank %d", partner);
    say("process = %d received %c", self, *other);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int option, count = ranks_default(9);
    while ((option = cli_option(argc, argv, "bln:", usage)) != -1)
        if (option == 'n')
            count = (int)cli_number("-n", optarg, LEAST, RANKS_MOST);
        else if (way != 0)
            bad_usage("expected one of -b and -l, once");
        else
            way = option;
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, exchange, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
