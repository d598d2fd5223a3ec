/* ipc_cost: what it costs to talk: messages of 1 byte to 64 KiB from process to process, by the
 * system's bare calls, by this library, and through shared memory alone. The ways are in ways.h,
 * the processes that use them in talk.h.
 *
 * usage: ipc_cost [-q] [-r ROUNDS] [-o FILE] [-w WAY]
 *   -q   quick: shorter measurements, and 5 rounds
 *   -r   rounds (7)
 *   -o   write the tables to FILE, too, with tabs
 *   -w   only this way, such as pipe
 *
 * Notice: a system call costs about a microsecond, to wake a process that sleeps several. So of
 * short messages the number counts, of long ones the bytes that are copied. The ring needs no
 * system call: short messages are far cheaper, and ways.h shows what it asks of you for that.
 */
#include "cost.h"
#include "talk.h"
#include "ways.h"

static const char usage[] =
    "usage: ipc_cost [-q] [-r ROUNDS] [-o FILE] [-w WAY]\n"
    "  Measures messages between processes: how many bytes a second, and how long a round trip "
    "takes.\n"
    "  -q   quick: shorter measurements, and 5 rounds\n"
    "  -r   rounds (7)\n"
    "  -o   write the tables to FILE, too, with tabs\n"
    "  -w   only this way: pipe, stream, seqpacket, mqueue, conn, queue, ring, sem_t, semaphore,\n"
    "       or memcpy\n";

enum { SIZES = 4, TRIP_SIZE = 64 };

static const size_t sizes[SIZES] = {1, 64, 4096, LONGEST};
static struct table throughput = {
    .name = "throughput",
    .what = "way",
    .at = "bytes",
    .unit = "MB/s",
    .reading = "64 bytes cost a system call as 1 byte does; from some kilobytes on, bytes count."};
static struct table trips = {
    .name = "round trip",
    .what = "way",
    .at = "bytes",
    .unit = "us",
    .reading = "Most of it is two wake-ups; the ring keeps a processor busy instead."};

/* Measures once what is set; `several` is 0 for round trips. */
static void measure(int several)
{
    struct table *table = several > 0 ? &throughput : &trips;
    const char *lack = NULL;
    char what[32], at[32];

    snprintf(what, sizeof what, several > 0 && way->open != NULL ? "%s %d to %d" : "%s", way->name,
             several, several);
    snprintf(at, sizeof at, "%zu", size);
    *result = (struct result){0};
    if (way->open == NULL)
        copy_messages();
    else if ((lack = way->open(&there, size)) == NULL &&
             (!round_trip || (lack = way->open(&back, size)) == NULL))
        talk(round_trip ? 1 : several);
    close_channel(&there); /* in case that only the other one could not be opened */
    table_lack(table, what, at, lack);
    if (lack != NULL)
        return;

    check_result(what, several < 2 || size <= way->whole);
    double seconds = result->end - result->begin;
    double megabytes = (double)result->sides[RECEIVED].bytes / 1e6;
    table_add(table, what, at,
              round_trip ? seconds * 1e6 / (double)result->sides[RECEIVED].messages
                         : megabytes / seconds);
}

/* Measures everything once, in turn; or only what has that name. */
static void measure_all(const char *only)
{
    static const int ends[] = {1, 2, 0};

    for (int k = 0; k < 3; k++) {
        round_trip = ends[k] == 0;
        for (way = ways; way < ways + WAYS; way++) {
            if (ends[k] > way->most || (round_trip && way->open == NULL) ||
                (only != NULL && strcmp(only, way->name) != 0))
                continue;
            for (int i = 0; i < SIZES && cost_interrupted == 0; i++) {
                size = sizes[i];
                if (!round_trip || size == TRIP_SIZE)
                    measure(ends[k]);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct cost_options options = {0};
    const char *only = NULL;
    int option;

    while ((option = cli_option(argc, argv, COST_OPTIONS "w:", usage)) != -1) {
        if (option == 'w')
            only = optarg;
        else
            cost_option(&options, option);
    }
    cli_operands(argc, argv, 0, 0);
    for (way = ways; only != NULL && strcmp(only, way->name) != 0; way++)
        if (way == ways + WAYS - 1)
            bad_usage("-w: expected a way such as pipe or conn (-h shows all), got '%s'", only);
    cost_start(&options);
    result = shared_map(sizeof *result);
    if (result == NULL)
        die("map %zu bytes", sizeof *result);

    for (int round = 0; cost_round(&options, round); round++) {
        length = round == 0 ? 0.001 : options.quick ? 0.01 : 0.04;
        measure_all(only);
    }
    struct table *tables[] = {&throughput, &trips};
    int first = throughput.count == 0, end = trips.count == 0 ? 1 : 2; /* without an empty one */
    return cost_end(tables + first, end - first, &options);
}
