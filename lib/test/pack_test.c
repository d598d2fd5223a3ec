/* Drives lib/pack.c for lib/pack.bats. A scenario prints nothing when all is well. */
#include "pack.h"
#include "shm.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char usage[] =
    "usage: pack_test pack TYPE VALUE ...          prints the bytes, in hex\n"
    "       pack_test unpack HEX TYPE[:ROOM] ...   prints lines TYPE VALUE, or EBADMSG after all\n"
    "       pack_test SCENARIO                     one of those at the end of pack_test.c\n"
    "TYPE: int32 uint32 int64 uint64 bool double string bytes (in hex) count\n";

enum { GUARD = 0xa5 }; /* in bytes that are not to be written */

static long at; /* where in its loop a scenario is, for the message */

#define CHECK(condition) check(condition, #condition, __LINE__)
#define COUNT(array) (long)(sizeof(array) / sizeof *(array))

static void check(bool holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "pack_test.c:%d: at %ld: is not so: %s\n", line, at, condition);
    exit(EXIT_FAILURE);
}

static void misused(void)
{
    fprintf(stderr, "%s", usage);
    exit(2);
}

/* `size` bytes with the end of memory behind them: to read or write one more is a SIGSEGV. */
static unsigned char *before_wall(size_t size)
{
    static unsigned char *wall;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (wall == NULL) {
        unsigned char *memory = shared_map(2 * page);
        CHECK(memory != NULL);
        CHECK(mprotect(memory + page, page, PROT_NONE) == 0);
        wall = memory + page;
    }
    CHECK(size <= page);
    return wall - size;
}

/* Bit by bit: -0.0 is not 0.0, and a NaN is itself. */
static bool same_double(double a, double b)
{
    uint64_t a_bits, b_bits;

    memcpy(&a_bits, &a, sizeof a);
    memcpy(&b_bits, &b, sizeof b);
    return a_bits == b_bits;
}

/* --- packing and unpacking what the command line says ----------------------------------------- */

static size_t from_hex(const char *hex, unsigned char *bytes, size_t room)
{
    size_t size = 0;

    for (; *hex != '\0'; hex += *hex == ' ' ? 1 : 2) {
        if (*hex == ' ')
            continue;
        char digits[3] = {hex[0], hex[1]}, *end;
        CHECK(size < room);
        bytes[size++] = (unsigned char)strtoul(digits, &end, 16);
        CHECK(end == digits + 2);
    }
    return size;
}

static void print_hex(const unsigned char *bytes, size_t size, const char *after_four)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x%s", bytes[i], i % 4 == 3 && i + 1 < size ? after_four : "");
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void pack_one(struct pack *pack, const char *type, const char *value)
{
    unsigned char bytes[64];

    if (is(type, "int32"))
        pack_int32(pack, (int32_t)strtol(value, NULL, 10));
    else if (is(type, "uint32"))
        pack_uint32(pack, (uint32_t)strtoul(value, NULL, 10));
    else if (is(type, "int64"))
        pack_int64(pack, strtoll(value, NULL, 10));
    else if (is(type, "uint64"))
        pack_uint64(pack, strtoull(value, NULL, 10));
    else if (is(type, "bool"))
        pack_bool(pack, is(value, "true"));
    else if (is(type, "double"))
        pack_double(pack, strtod(value, NULL));
    else if (is(type, "string"))
        pack_string(pack, value);
    else if (is(type, "bytes"))
        pack_bytes(pack, bytes, from_hex(value, bytes, sizeof bytes));
    else if (is(type, "count"))
        pack_count(pack, strtoul(value, NULL, 10));
    else
        misused();
}

static void unpack_one(struct unpack *unpack, const char *type, size_t room)
{
    unsigned char place[128] = "";

    CHECK(room <= sizeof place || is(type, "count"));
    if (is(type, "int32"))
        printf("%" PRId32, unpack_int32(unpack));
    else if (is(type, "uint32"))
        printf("%" PRIu32, unpack_uint32(unpack));
    else if (is(type, "int64"))
        printf("%" PRId64, unpack_int64(unpack));
    else if (is(type, "uint64"))
        printf("%" PRIu64, unpack_uint64(unpack));
    else if (is(type, "bool"))
        printf("%s", unpack_bool(unpack) ? "true" : "false");
    else if (is(type, "double"))
        printf("%.17g", unpack_double(unpack));
    else if (is(type, "string"))
        printf("%.*s", (int)unpack_string(unpack, (char *)place, room), (char *)place);
    else if (is(type, "bytes"))
        print_hex(place, unpack_bytes(unpack, place, room), "");
    else if (is(type, "count"))
        printf("%zu", unpack_count(unpack, room));
    else
        misused();
}

static void pack_arguments(char **arguments)
{
    unsigned char record[512];
    struct pack pack;

    pack_start(&pack, record, sizeof record);
    for (; arguments[0] != NULL && arguments[1] != NULL; arguments += 2)
        pack_one(&pack, arguments[0], arguments[1]);
    ssize_t size = pack_end(&pack);
    CHECK(size != -1);
    print_hex(record, (size_t)size, " ");
    printf("\n");
}

static void unpack_arguments(const char *hex, char **types)
{
    unsigned char bytes[512];
    size_t size = from_hex(hex, bytes, sizeof bytes);
    unsigned char *record = before_wall(size);
    struct unpack unpack;

    memcpy(record, bytes, size);
    unpack_start(&unpack, record, size);
    for (int i = 0; types[i] != NULL; i++) {
        char *colon = strchr(types[i], ':');
        if (colon != NULL)
            *colon = '\0';
        printf("%s ", types[i]);
        unpack_one(&unpack, types[i], colon == NULL ? 64 : strtoul(colon + 1, NULL, 10));
        printf("\n");
    }
    errno = 0;
    ssize_t end = unpack_end(&unpack);
    if (end == -1 && errno == EBADMSG) {
        printf("EBADMSG\n");
        exit(EXIT_FAILURE);
    }
    CHECK(end == (ssize_t)size);
}

/* --- a record with one of everything, for the scenarios that spoil it ------------------------- */

struct record {
    int32_t int32;
    uint32_t uint32;
    int64_t int64;
    uint64_t uint64;
    bool truth;
    double number;
    char name[12];
    unsigned char data[8];
    size_t size;
    struct item {
        char name[4];
        double weight;
    } items[3];
    size_t count;
};

enum { RECORD_SIZE = 4 + 4 + 8 + 8 + 4 + 8 + (4 + 8) + (4 + 4) + (4 + 2 * ((4 + 4) + 8)) };

static const struct record sample = {
    .int32 = -2,
    .uint32 = 4000000000U,
    .int64 = -3000000000,
    .uint64 = 10000000000000000000U,
    .truth = true,
    .number = -0.1,
    .name = "hello",
    .data = {0, 255, 7},
    .size = 3,
    .items = {{"a", 1.5}, {"b", 1e300}},
    .count = 2,
};

static ssize_t pack_record(const struct record *record, void *buffer, size_t size)
{
    struct pack pack;

    pack_start(&pack, buffer, size);
    pack_int32(&pack, record->int32);
    pack_uint32(&pack, record->uint32);
    pack_int64(&pack, record->int64);
    pack_uint64(&pack, record->uint64);
    pack_bool(&pack, record->truth);
    pack_double(&pack, record->number);
    pack_string(&pack, record->name);
    pack_bytes(&pack, record->data, record->size);
    pack_count(&pack, record->count);
    for (size_t i = 0; i < record->count; i++) {
        pack_string(&pack, record->items[i].name);
        pack_double(&pack, record->items[i].weight);
    }
    return pack_end(&pack);
}

static ssize_t unpack_record(struct record *record, const void *bytes, size_t size)
{
    struct unpack unpack;

    unpack_start(&unpack, bytes, size);
    record->int32 = unpack_int32(&unpack);
    record->uint32 = unpack_uint32(&unpack);
    record->int64 = unpack_int64(&unpack);
    record->uint64 = unpack_uint64(&unpack);
    record->truth = unpack_bool(&unpack);
    record->number = unpack_double(&unpack);
    unpack_string(&unpack, record->name, sizeof record->name);
    record->size = unpack_bytes(&unpack, record->data, sizeof record->data);
    record->count = unpack_count(&unpack, (size_t)COUNT(record->items));
    for (size_t i = 0; i < record->count; i++) {
        unpack_string(&unpack, record->items[i].name, sizeof record->items[i].name);
        record->items[i].weight = unpack_double(&unpack);
    }
    return unpack_end(&unpack);
}

/* The first 0, 1 ... bytes of the record are no record, nor is the record with more behind it. */
static void scenario_truncated(void)
{
    unsigned char buffer[RECORD_SIZE + 8] = {0};
    struct record copy;

    CHECK(pack_record(&sample, buffer, sizeof buffer) == RECORD_SIZE);
    for (at = 0; at <= COUNT(buffer); at++) {
        size_t size = (size_t)at;
        unsigned char *bytes = before_wall(size);
        memcpy(bytes, buffer, size);
        errno = 0;
        ssize_t end = unpack_record(&copy, bytes, size);
        CHECK(size == RECORD_SIZE ? end == RECORD_SIZE : end == -1 && errno == EBADMSG);
    }
}

/* Each byte of the record is changed to every other value. What is accepted then is another record,
 * so it packs to the very same bytes: there is one way only to write a value. */
static void scenario_altered(void)
{
    unsigned char again[RECORD_SIZE];
    unsigned char *bytes = before_wall(RECORD_SIZE);
    struct record copy;
    int accepted = 0, refused = 0;

    CHECK(pack_record(&sample, bytes, RECORD_SIZE) == RECORD_SIZE);
    for (at = 0; at < RECORD_SIZE; at++) {
        for (int change = 1; change <= 255; change++) {
            bytes[at] = (unsigned char)(bytes[at] ^ change);
            if (unpack_record(&copy, bytes, RECORD_SIZE) == -1) {
                CHECK(errno == EBADMSG);
                refused++;
            } else {
                CHECK(pack_record(&copy, again, sizeof again) == RECORD_SIZE);
                CHECK(memcmp(again, bytes, sizeof again) == 0);
                accepted++;
            }
            bytes[at] = (unsigned char)(bytes[at] ^ change);
        }
    }
    printf("%d accepted, %d refused\n", accepted, refused);
}

/* Every buffer that is too small, and the one that is just large enough. */
static void scenario_small(void)
{
    unsigned char whole[RECORD_SIZE], buffer[RECORD_SIZE + 16];

    CHECK(pack_record(&sample, whole, sizeof whole) == RECORD_SIZE);
    for (at = 0; at <= RECORD_SIZE; at++) {
        size_t room = (size_t)at;
        memset(buffer, GUARD, sizeof buffer);
        errno = 0;
        ssize_t end = pack_record(&sample, buffer, room);
        CHECK(room == RECORD_SIZE ? end == RECORD_SIZE : end == -1 && errno == EMSGSIZE);
        CHECK(room < RECORD_SIZE || memcmp(buffer, whole, sizeof whole) == 0);
        for (size_t i = room; i < sizeof buffer; i++)
            CHECK(buffer[i] == GUARD);
        CHECK(pack_record(&sample, before_wall(room), room) == end);
    }
}

/* --- values ----------------------------------------------------------------------------------- */

/* Also NaNs keep their bits. Quiet ones: some processors quieten the others on their way. */
static void scenario_doubles(void)
{
    const uint64_t nan_bits[] = {0x7ff80000deadbeef, 0xfff8000000000001};
    double values[] = {0.0,         -0.0,        1.0,       -1.0,     0.1,     5e-324,
                       -5e-324,     DBL_MIN / 2, DBL_MIN,   -DBL_MIN, DBL_MAX, -DBL_MAX,
                       DBL_EPSILON, INFINITY,    -INFINITY, 0,        0};
    unsigned char buffer[8];
    struct pack pack;
    struct unpack unpack;

    memcpy(values + COUNT(values) - 2, nan_bits, sizeof nan_bits);
    for (at = 0; at < COUNT(values); at++) {
        pack_start(&pack, buffer, sizeof buffer);
        pack_double(&pack, values[at]);
        CHECK(pack_end(&pack) == sizeof buffer);
        unpack_start(&unpack, buffer, sizeof buffer);
        CHECK(same_double(unpack_double(&unpack), values[at]));
        CHECK(unpack_end(&unpack) == sizeof buffer);
    }
}

/* A string and bytes of each length, in buffers that are just large enough. */
static void scenario_lengths(void)
{
    char text[40] = "", text_copy[sizeof text];
    unsigned char bytes_copy[sizeof text];
    struct pack pack;
    struct unpack unpack;

    for (at = 0; at < COUNT(text); at++) {
        size_t length = (size_t)at;
        memset(text, 200 + (int)at, length); /* not ASCII: any bytes will do */
        size_t size = 2 * (4 + (length + 3) / 4 * 4);
        unsigned char *buffer = before_wall(size);
        memset(buffer, GUARD, size); /* padding that is not written is not zero */
        pack_start(&pack, buffer, size);
        pack_string(&pack, text);
        pack_bytes(&pack, text, length);
        CHECK(pack_end(&pack) == (ssize_t)size);
        unpack_start(&unpack, buffer, size);
        CHECK(unpack_string(&unpack, text_copy, length + 1) == length);
        CHECK(unpack_bytes(&unpack, bytes_copy, length) == length);
        CHECK(unpack_end(&unpack) == (ssize_t)size);
        CHECK(is(text_copy, text) && memcmp(bytes_copy, text, length) == 0);
    }
}

/* --- limits ----------------------------------------------------------------------------------- */

/* A string, bytes or a list of 5, and a caller with room for less, for just that, and for more. */
static void scenario_room(void)
{
    const unsigned char five[4 + 8] = "\0\0\0\5hello", list[4 + 5 * 4] = {0, 0, 0, 5};
    unsigned char copy[16];
    struct unpack unpack;

    for (at = 0; at <= COUNT(copy); at++) {
        size_t room = (size_t)at;

        memset(copy, GUARD, sizeof copy);
        unpack_start(&unpack, five, sizeof five);
        CHECK(unpack_string(&unpack, (char *)copy, room) == (room > 5 ? 5 : 0));
        CHECK(unpack_end(&unpack) == (room > 5 ? COUNT(five) : -1));
        CHECK(room == 0 || is((char *)copy, room > 5 ? "hello" : ""));
        for (size_t i = room; i < sizeof copy; i++)
            CHECK(copy[i] == GUARD);

        memset(copy, GUARD, sizeof copy);
        unpack_start(&unpack, five, sizeof five);
        CHECK(unpack_bytes(&unpack, copy, room) == (room >= 5 ? 5 : 0));
        CHECK(unpack_end(&unpack) == (room >= 5 ? COUNT(five) : -1));
        CHECK(room < 5 || memcmp(copy, "hello", 5) == 0);
        for (size_t i = room < 5 ? 0 : 5; i < sizeof copy; i++)
            CHECK(copy[i] == GUARD);

        unpack_start(&unpack, list, sizeof list);
        CHECK(unpack_count(&unpack, room) == (room >= 5 ? 5 : 0));
        for (int i = 0; i < 5; i++)
            CHECK(unpack_int32(&unpack) == 0);
        CHECK(unpack_end(&unpack) == (room >= 5 ? COUNT(list) : -1));
    }
}

/* Counts that the rest of the record can hold, and that it can't, whatever room the caller has. */
static void scenario_counts(void)
{
    unsigned char list[4 + 40] = {0};
    struct unpack unpack;

    for (at = 0; at <= 40; at++) {
        for (size_t count = 0; count <= 255; count++) {
            bool fits = count <= (size_t)at / 4;
            list[3] = (unsigned char)count;
            unpack_start(&unpack, list, 4 + (size_t)at);
            CHECK(unpack_count(&unpack, SIZE_MAX) == (fits ? count : 0));
            CHECK(unpack.error == (fits ? 0 : EBADMSG));
        }
    }
    memset(list, 0xff, 4);
    unpack_start(&unpack, list, sizeof list);
    CHECK(unpack_count(&unpack, SIZE_MAX) == 0 && unpack.error == EBADMSG);
}

/* Sizes that XDR has no number for, or that overflow when they are rounded up. */
static void scenario_huge(void)
{
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 2, SIZE_MAX - 3, SIZE_MAX / 2 + 2, UINT32_MAX};
    unsigned char buffer[16];
    struct pack pack;

    for (at = 0; at < COUNT(sizes); at++) {
        memset(buffer, GUARD, sizeof buffer);
        pack_start(&pack, buffer, sizeof buffer);
        pack_bytes(&pack, NULL, sizes[at]);
        CHECK(pack_end(&pack) == -1 && errno == EMSGSIZE);
        CHECK(buffer[4] == GUARD);
        pack_start(&pack, buffer, sizeof buffer);
        pack_count(&pack, sizes[at]);
        CHECK(pack_end(&pack) == (sizes[at] <= UINT32_MAX ? 4 : -1));
    }
}

/* Nothing is a record too, and no bytes need no address. */
static void scenario_nothing(void)
{
    unsigned char buffer[4];
    struct pack pack;
    struct unpack unpack;

    pack_start(&pack, NULL, 0);
    CHECK(pack_end(&pack) == 0);
    pack_bytes(&pack, NULL, 0);
    CHECK(pack_end(&pack) == -1 && errno == EMSGSIZE);
    pack_start(&pack, buffer, sizeof buffer);
    pack_bytes(&pack, NULL, 0);
    CHECK(pack_end(&pack) == 4);

    unpack_start(&unpack, NULL, 0);
    CHECK(unpack_end(&unpack) == 0);
    CHECK(unpack_bytes(&unpack, NULL, 0) == 0);
    CHECK(unpack_end(&unpack) == -1 && errno == EBADMSG);
    unpack_start(&unpack, buffer, sizeof buffer);
    CHECK(unpack_bytes(&unpack, NULL, 0) == 0);
    CHECK(unpack_end(&unpack) == 4);
}

/* After an error, what would go well otherwise writes nothing. */
static void scenario_sticky_pack(void)
{
    unsigned char buffer[40], bytes[40] = {0};
    struct pack pack;

    memset(buffer, GUARD, sizeof buffer);
    pack_start(&pack, buffer, sizeof buffer);
    pack_int32(&pack, 1);
    pack_bytes(&pack, bytes, sizeof bytes); /* the 4 bytes for the length do fit in */
    pack_int32(&pack, 1);
    pack_uint32(&pack, 1);
    pack_int64(&pack, 1);
    pack_uint64(&pack, 1);
    pack_bool(&pack, true);
    pack_double(&pack, 1);
    pack_string(&pack, "a");
    pack_bytes(&pack, bytes, 1);
    pack_count(&pack, 1);
    for (size_t i = 8; i < sizeof buffer; i++)
        CHECK(buffer[i] == GUARD);
    for (at = 0; at < 2; at++) { /* and it stays so */
        errno = 0;
        CHECK(pack_end(&pack) == -1 && errno == EMSGSIZE);
    }
    pack_start(&pack, buffer, sizeof buffer); /* until the next start */
    CHECK(pack_end(&pack) == 0);
}

/* After an error, what would go well otherwise returns zeros. */
static void scenario_sticky_unpack(void)
{
    const unsigned char ones[] = {0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0};
    unsigned char copy[4] = "old";
    char text[4] = "old";
    struct unpack unpack;

    unpack_start(&unpack, ones, sizeof ones);
    CHECK(unpack_count(&unpack, 0) == 0); /* it is 1: the error */
    CHECK(unpack_int32(&unpack) == 0);
    CHECK(unpack_uint32(&unpack) == 0);
    CHECK(unpack_int64(&unpack) == 0);
    CHECK(unpack_uint64(&unpack) == 0);
    CHECK(!unpack_bool(&unpack));
    CHECK(same_double(unpack_double(&unpack), 0));
    CHECK(unpack_string(&unpack, text, sizeof text) == 0 && is(text, ""));
    CHECK(unpack_bytes(&unpack, copy, sizeof copy) == 0 && is((char *)copy, "old"));
    CHECK(unpack_count(&unpack, 1) == 0);
    for (at = 0; at < 2; at++) {
        errno = 0;
        CHECK(unpack_end(&unpack) == -1 && errno == EBADMSG);
    }
    unpack_start(&unpack, ones, 4);
    CHECK(unpack_bool(&unpack) && unpack_end(&unpack) == 4);

    unpack_start(&unpack, ones, 7); /* the half that is there, 1, is not returned */
    CHECK(unpack_uint64(&unpack) == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"truncated", scenario_truncated},
    {"altered", scenario_altered},
    {"small", scenario_small},
    {"doubles", scenario_doubles},
    {"lengths", scenario_lengths},
    {"room", scenario_room},
    {"counts", scenario_counts},
    {"huge", scenario_huge},
    {"nothing", scenario_nothing},
    {"sticky_pack", scenario_sticky_pack},
    {"sticky_unpack", scenario_sticky_unpack},
};

int main(int argc, char **argv)
{
    if (argc >= 2 && is(argv[1], "pack")) {
        pack_arguments(argv + 2);
    } else if (argc >= 3 && is(argv[1], "unpack")) {
        unpack_arguments(argv[2], argv + 3);
    } else {
        long i = 0;
        while (i < COUNT(scenarios) && (argc != 2 || !is(argv[1], scenarios[i].name)))
            i++;
        if (i == COUNT(scenarios))
            misused();
        scenarios[i].run();
    }
    return EXIT_SUCCESS;
}
