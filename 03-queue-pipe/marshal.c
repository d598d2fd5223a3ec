/* marshal: a record to bytes, to another process, and back.
 *
 * usage: marshal
 *
 * Notice: the bytes are XDR (RFC 4506), so programs on other machines and in other languages can
 * read them. A record that is cut short is always refused. Of one that was altered only the form
 * can be checked, not the values: the format has no checksum.
 */
#include "cli.h"
#include "conn.h"
#include "pack.h"
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: marshal\n"
                            "  Sends a record to another process as bytes, and gets it back.\n";

enum { MOST_TEMPERATURES = 8, BYTES_MAX = 256 };

struct record {
    char station[16];
    int32_t height;
    int64_t time;
    double pressure;
    size_t count; /* of temperatures */
    double temperatures[MOST_TEMPERATURES];
};

static struct conn ends[2]; /* the parent's and the child's */

static size_t pack_record(unsigned char bytes[BYTES_MAX], const struct record *record)
{
    struct pack out;

    pack_start(&out, bytes, BYTES_MAX);
    pack_string(&out, record->station);
    pack_int32(&out, record->height);
    pack_int64(&out, record->time);
    pack_double(&out, record->pressure);
    pack_count(&out, record->count);
    for (size_t i = 0; i < record->count; i++)
        pack_double(&out, record->temperatures[i]);
    ssize_t size = pack_end(&out);
    if (size == -1)
        die("pack the record");
    return (size_t)size;
}

/* Says whether the bytes are such a record, and no more and no less. */
static bool unpack_record(struct record *record, const unsigned char *bytes, size_t size)
{
    struct unpack in;

    unpack_start(&in, bytes, size);
    unpack_string(&in, record->station, sizeof record->station);
    record->height = unpack_int32(&in);
    record->time = unpack_int64(&in);
    record->pressure = unpack_double(&in);
    record->count = unpack_count(&in, MOST_TEMPERATURES);
    for (size_t i = 0; i < record->count; i++)
        record->temperatures[i] = unpack_double(&in);
    return unpack_end(&in) != -1;
}

static void print_record(const char *what, const struct record *record)
{
    printf("Process (%ld) %s %s, %ld, %lld, %g, [", (long)getpid(), what, record->station,
           (long)record->height, (long long)record->time, record->pressure);
    for (size_t i = 0; i < record->count; i++)
        printf("%s%g", i == 0 ? "" : ", ", record->temperatures[i]);
    printf("]\n");
    fflush(stdout); /* the line goes out in one write */
}

static int send_back(void *unused)
{
    (void)unused;
    unsigned char bytes[BYTES_MAX];
    struct record record;

    conn_close(&ends[0]);
    ssize_t size = conn_receive(&ends[1], bytes, sizeof bytes, FOREVER);
    if (size == -1 || !unpack_record(&record, bytes, (size_t)size))
        die("receive a record");
    print_record("unpacks", &record);
    if (conn_send(&ends[1], bytes, pack_record(bytes, &record), FOREVER) == -1)
        die("send the record back");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    cli_option(argc, argv, "", usage);
    cli_operands(argc, argv, 0, 0);

    struct process child = {.run = send_back, .daemon = true};
    if (conn_pair(ends) == -1)
        die("make a connection");
    if (process_start(&child) == -1)
        die("start the child process");
    conn_close(&ends[1]); /* so that we see the end if the child dies */

    struct record record = {"Zugspitze", 2962, 1431169893, 708.5, 3, {-4.5, -3, 0.25}};
    unsigned char bytes[BYTES_MAX], answer[BYTES_MAX];
    print_record("packs", &record);
    size_t size = pack_record(bytes, &record);
    for (size_t i = 0; i < size; i += 4) /* in XDR all comes in multiples of 4 bytes */
        printf("%02x%02x%02x%02x%s", bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3],
               i % 16 == 12 || i + 4 == size ? "\n" : " ");
    fflush(stdout); /* before the other process's line */
    if (conn_send(&ends[0], bytes, size, FOREVER) == -1)
        die("send the record");
    ssize_t back = conn_receive(&ends[0], answer, sizeof answer, FOREVER);
    if (back == -1)
        die("receive the record back");
    bool same = (size_t)back == size && memcmp(answer, bytes, size) == 0;
    say("Process (%ld) gets %zd bytes back, %s.", (long)getpid(), back,
        same ? "the same" : "others");
    conn_close(&ends[0]);
    if (process_join(&child, FOREVER) == -1)
        die("join the child process");
    if (child.exit_code != 0)
        complain("the child process ended with exit code %d", child.exit_code);

    size_t refused = 0;
    for (size_t less = 0; less < size; less++)
        refused += !unpack_record(&record, bytes, less);
    say("Cut short: %zu of %zu refused.", refused, size);
    refused = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char right = bytes[i];
        while (++bytes[i] != right) /* all 255 other values */
            refused += !unpack_record(&record, bytes, size);
    }
    say("One byte altered: %zu of %zu refused, the others read as another record.", refused,
        255 * size);
    return cli_end(same && child.exit_code == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
