/* xdr_fuzz: unpacks bytes that anybody may have made. The first byte says how many values, the next
 * ones of which type each; the rest is the record. What is taken must be the one record of these
 * values: packed again, it gives the same bytes. After what is refused, everything is 0. */
#include "fuzz.h"

#include "pack.h"

#include <errno.h>
#include <float.h>

#define main marshal_main
int marshal_main(int argc, char **argv);
#include "../../../03-queue-pipe/marshal.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

/* x87's registers, in which 32-bit x86 returns a double, make a signalling NaN a quiet one. */
static bool is_kept(double value)
{
    return FLT_EVAL_METHOD != 2 || value == value; /* NOLINT(misc-redundant-expression): no NaN */
}

enum type { INT32, UINT32, INT64, UINT64, BOOL, DOUBLE, STRING, BYTES, TYPES };
enum { MOST_VALUES = 16, MOST_ROOM = 32 };

struct value {
    enum type type;
    uint64_t number; /* or how many bytes */
    double real;
    char *bytes; /* in room of their own */
};

static void unpack_value(struct unpack *in, struct value *value, size_t room)
{
    char *bytes = value->bytes = malloc(room > 0 ? room : 1);

    CHECK(bytes != NULL);
    switch (value->type) {
    case INT32:
        value->number = (uint64_t)unpack_int32(in);
        break;
    case UINT32:
        value->number = unpack_uint32(in);
        break;
    case INT64:
        value->number = (uint64_t)unpack_int64(in);
        break;
    case UINT64:
        value->number = unpack_uint64(in);
        break;
    case BOOL:
        value->number = unpack_bool(in);
        break;
    case DOUBLE:
        value->real = unpack_double(in);
        break;
    case STRING:
        value->number = unpack_string(in, bytes, room);
        CHECK(room == 0 || (value->number < room && strlen(bytes) == value->number));
        break;
    default:
        value->number = unpack_bytes(in, bytes, room);
        CHECK(value->number <= room);
    }
    if (in->error != 0)
        CHECK(value->number == 0 && value->real == 0);
}

static void pack_value(struct pack *out, const struct value *value)
{
    switch (value->type) {
    case INT32:
        pack_int32(out, (int32_t)value->number);
        break;
    case UINT32:
        pack_uint32(out, (uint32_t)value->number);
        break;
    case INT64:
        pack_int64(out, (int64_t)value->number);
        break;
    case UINT64:
        pack_uint64(out, value->number);
        break;
    case BOOL:
        pack_bool(out, value->number != 0);
        break;
    case DOUBLE:
        pack_double(out, value->real);
        break;
    case STRING:
        pack_string(out, value->bytes);
        break;
    default:
        pack_bytes(out, value->bytes, (size_t)value->number);
    }
}

/* A buffer of the very size: what is written behind it is found. */
static ssize_t pack_all(unsigned char *buffer, size_t room, const struct value *values,
                        size_t count)
{
    struct pack out;

    pack_start(&out, buffer, room);
    for (size_t i = 0; i < count; i++)
        pack_value(&out, &values[i]);
    return pack_end(&out);
}

static void check_values(const uint8_t *types, size_t count, const uint8_t *record, size_t size)
{
    struct value values[MOST_VALUES] = {0};
    struct unpack in;

    unpack_start(&in, record, size);
    for (size_t i = 0; i < count; i++) {
        values[i].type = (enum type)(types[i] % TYPES);
        unpack_value(&in, &values[i], types[i] / TYPES % (MOST_ROOM + 1));
    }
    errno = 0;
    ssize_t taken = unpack_end(&in);
    CHECK(taken == (ssize_t)size || (taken == -1 && errno == EBADMSG));
    if (taken != -1) {
        unsigned char *buffer = malloc(size + 1);
        CHECK(buffer != NULL);
        CHECK(pack_all(buffer, size, values, count) == taken);
        bool kept = true;
        for (size_t i = 0; i < count; i++)
            kept = kept && is_kept(values[i].real);
        CHECK(size == 0 || !kept || memcmp(buffer, record, size) == 0);
        buffer[size > 0 ? size - 1 : 0] = 0xa5; /* one byte less: it stays as it is */
        errno = 0;
        CHECK(size == 0 || (pack_all(buffer, size - 1, values, count) == -1 && errno == EMSGSIZE));
        CHECK(size == 0 || buffer[size - 1] == 0xa5);
        free(buffer);
    }
    for (size_t i = 0; i < count; i++)
        free(values[i].bytes);
}

/* A whole record, as a program has it: with an array, whose length stands in front of it. */
static void check_record(const uint8_t *bytes, size_t size)
{
    struct record record;
    unsigned char again[BYTES_MAX];

    if (!unpack_record(&record, bytes, size))
        return;
    CHECK(record.count <= MOST_TEMPERATURES && strlen(record.station) < sizeof record.station);
    CHECK(pack_record(again, &record) == size);
    bool kept = is_kept(record.pressure);
    for (size_t i = 0; i < record.count; i++)
        kept = kept && is_kept(record.temperatures[i]);
    CHECK(!kept || memcmp(again, bytes, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = size > 0 ? *data % (MOST_VALUES + 1) : 0;

    if (size < 1 + count)
        return 0;
    /* A copy, behind which nothing may be looked at. */
    size_t rest = size - 1 - count;
    uint8_t *record = malloc(rest > 0 ? rest : 1);
    CHECK(record != NULL);
    memcpy(record, data + 1 + count, rest);
    if (count == 0)
        check_record(record, rest);
    else
        check_values(data + 1, count, record, rest);
    free(record);
    return 0;
}
