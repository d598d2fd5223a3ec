/* rank_send: one rank sends, another one receives.
 *
 * usage: rank_send [-n RANKS]
 *   -n   how many ranks, 9 if it is not given; under mpirun, as many as it has started
 *
 * Notice: it takes two calls, one on each side, and each names the other rank. A message is bytes:
 * what they mean, the two sides have to agree on.
 */
#include "cli.h"
#include "ranks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: rank_send [-n RANKS]\n"
    "  Rank 0 sends a number to rank 4, rank 1 a word to rank 8.\n"
    "  -n   how many ranks, 9 if it is not given; under mpirun, as many as it has started\n";

enum { LEAST = 9, WORD_SIZE = 16 };

static void send_number(int to, int64_t number)
{
    say("process = %d sending %lld to process %d", ranks_rank(), (long long)number, to);
    if (ranks_send(to, &number, sizeof number) == -1)
        die("send to rank %d", to);
}

static void receive_number(int from)
{
    int64_t number;

    if (ranks_receive(from, &number, sizeof number) != sizeof number)
        die("receive from rank %d", from);
    say("process = %d received %lld from process %d", ranks_rank(), (long long)number, from);
}

static void send_word(int to, const char *word)
{
    say("process = %d sending %s to process %d", ranks_rank(), word, to);
    if (ranks_send(to, word, strlen(word)) == -1)
        die("send to rank %d", to);
}

static void receive_word(int from)
{
    char word[WORD_SIZE];

    ssize_t length = ranks_receive(from, word, sizeof word); /* the message knows its length */
    if (length == -1)
        die("receive from rank %d", from);
    say("process = %d received %.*s from process %d", ranks_rank(), (int)length, word, from);
}

static int talk(void *unused)
{
    (void)unused;
    if (ranks_count() < LEAST) /* under mpirun */
        bad_usage("at least %d ranks", LEAST);
    switch (ranks_rank()) {
    case 0:
        send_number(4, 10000000);
        break;
    case 4:
        receive_number(0);
        break;
    case 1:
        send_word(8, "hello");
        break;
    case 8:
        receive_word(1);
        break;
    default: /* the others have nothing to do */
        break;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int count = ranks_default(9);
    while (cli_option(argc, argv, "n:", usage) == 'n')
        count = (int)cli_number("-n", optarg, LEAST, RANKS_MOST);
    cli_operands(argc, argv, 0, 0);

    int status = ranks_run(count, talk, NULL);
    if (status == -1)
        die("run %d ranks", count);
    return cli_end(status);
}
