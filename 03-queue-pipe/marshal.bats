#!/usr/bin/env bats
# marshal: the record arrives and comes back, other readers of XDR can read it, and nothing malformed
# is read.

load ../.ci/test_helper

marshal=03-queue-pipe/marshal

# The bytes that the program has printed, in hexadecimal.
printed_bytes() {
    grep -xE '[0-9a-f]{8}( [0-9a-f]{8})*' <<<"$output" | tr -d ' \n'
}

@test "the record goes to the other process and comes back" {
    run --separate-stderr bounded 20 "$marshal"
    [[ $status -eq 0 && -z $stderr ]] || report 'expected status 0, and no message'
    # 9 characters may be any other but NUL, and the 44 bytes of numbers anything: 9 * 254 + 44 * 255
    # other records. A change to a length, the count or the padding is found: 64 * 255 - 13506.
    expect_same 'Process (PARENT) packs Zugspitze, 2962, 1431169893, 708.5, [-4.5, -3, 0.25]
00000009 5a756773 7069747a 65000000
00000b92 00000000 554deb65 40862400
00000000 00000003 c0120000 00000000
c0080000 00000000 3fd00000 00000000
Process (CHILD) unpacks Zugspitze, 2962, 1431169893, 708.5, [-4.5, -3, 0.25]
Process (PARENT) gets 64 bytes back, the same.
Cut short: 64 of 64 refused.
One byte altered: 2814 of 16320 refused, the others read as another record.' \
        "$(sed -E '/unpacks/ s/\([0-9]+\)/(CHILD)/; s/\([0-9]+\)/(PARENT)/' <<<"$output")"
    read -r packs unpacks back <<<"$(grep -oE '\([0-9]+\)' <<<"$output" | xargs)"
    [[ $packs == "$back" && $packs != "$unpacks" ]]
    expect_nothing_left "$marshal"
}

@test "python's xdrlib reads the bytes" {
    command -v python3 >/dev/null || skip 'no python3 here'
    python3 -W ignore -c 'import xdrlib' 2>/dev/null || skip 'this python3 has no xdrlib (3.13 dropped it)'
    output=$(bounded 20 "$marshal")
    run bounded 20 python3 -W ignore - "$(printed_bytes)" <<'PYTHON'
import sys, xdrlib

u = xdrlib.Unpacker(bytes.fromhex(sys.argv[1]))
print(u.unpack_string().decode(), u.unpack_int(), u.unpack_hyper(), u.unpack_double(), u.unpack_array(u.unpack_double))
u.done()
PYTHON
    expect_same 'Zugspitze 2962 1431169893 708.5 [-4.5, -3.0, 0.25]' "$output"
}

# An altered record that is read must be that of the altered bytes; under the sanitizers, in memory that
# ends where the record does.
@test "cut short or altered in one byte: refused, or another record, and never an invalid access" {
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/empty.c"
    ${CC:-cc} -fsanitize=address,undefined -o "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/empty.c" 2>/dev/null &&
        "$BATS_TEST_TMPDIR/empty" || skip "${CC:-cc} has no -fsanitize=address,undefined here"
    cat >"$BATS_TEST_TMPDIR/driver.c" <<'C'
#define main marshal_main
#include "marshal.c"
#undef main
#define EXPECT(what) ((what) ? (void)0 : (complain("%s", #what), exit(1)))

int main(int argc, char **argv)
{
    unsigned char bytes[BYTES_MAX], again[BYTES_MAX];
    size_t size = 0, refused = 0;
    struct record record;

    for (const char *hex = argv[1]; argc == 2 && sscanf(hex, "%2hhx", &bytes[size]) == 1; hex += 2)
        size++;
    EXPECT(size == 64 && unpack_record(&record, bytes, size));
    for (size_t less = 0; less < size; less++) {
        unsigned char *part = malloc(less + (less == 0));
        memcpy(part, bytes, less);
        EXPECT(!unpack_record(&record, part, less));
        free(part);
    }
    unsigned char *altered = malloc(size);
    for (size_t i = 0; i < size; i++)
        for (int value = 0; value < 256; value++) {
            memcpy(altered, bytes, size);
            altered[i] = (unsigned char)value;
            memset(&record, 0xa5, sizeof record);
            if (unpack_record(&record, altered, size)) {
                EXPECT(strlen(record.station) < sizeof record.station && record.count <= MOST_TEMPERATURES);
                EXPECT(pack_record(again, &record) == size && memcmp(again, altered, size) == 0);
            } else {
                refused++;
            }
        }
    free(altered);

    /* Lengths that are right, but for which the record has no room. */
    struct pack out;
    unsigned char large[BYTES_MAX];
    for (size_t length = 15; length <= 16; length++)
        for (size_t count = 8; count <= 9; count++) {
            pack_start(&out, large, sizeof large);
            pack_string(&out, "ABCDEFGHIJKLMNOP" + 16 - length);
            pack_int32(&out, 1);
            pack_int64(&out, 2);
            pack_double(&out, 3);
            pack_count(&out, count);
            for (size_t i = 0; i < count; i++)
                pack_double(&out, 4);
            size = (size_t)pack_end(&out);
            EXPECT(unpack_record(&record, large, size) == (length == 15 && count == 8));
        }
    printf("%zu refused\n", refused);
    return 0;
}
C
    bounded 60 "${CC:-cc}" -Ilib -I03-queue-pipe -g -fsanitize=address,undefined -fno-sanitize-recover=all \
        -o "$BATS_TEST_TMPDIR/driver" "$BATS_TEST_TMPDIR/driver.c" lib/pack.c build/libprocesses.a
    output=$(bounded 20 "$marshal")
    run bounded 60 "$BATS_TEST_TMPDIR/driver" "$(printed_bytes)"
    [ "$status" -eq 0 ] && expect_same '2814 refused' "$output"
}

# failed_with STDERR OUTPUT: the altered program fails with that (two patterns).
failed_with() {
    [[ $status -eq 1 && $stderr =~ ^$1$ && $output == *$2* ]] || report "expected a failure: $1, $2"
}

@test "the other process is killed, or answers something else: a failure, and no waiting for ever" {
    altered=$BATS_TEST_TMPDIR/marshal
    sed '/^static int send_back/i #include <signal.h>\
static int die_at(const char *place) { return strcmp(getenv("FATAL"), place) == 0 ? raise(SIGKILL) : 0; }
         /^static int send_back/,/^}/ {
             s/^ *conn_close/    die_at("start");\n&/
             s/^ *print_record/    record.height += strcmp(getenv("FATAL"), "nowhere") == 0;\n    die_at("receive");\n&/
             s/^ *return/    die_at("end");\n&/
         }' "$marshal.c" >"$altered.c"
    bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" build/libprocesses.a -pthread ||
        bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" lib/*.c -pthread # it has other flags
    FATAL=start run --separate-stderr bounded 20 "$altered"
    failed_with 'marshal: (send the record|receive the record back): [^:]*' ' packs '
    FATAL=receive run --separate-stderr bounded 20 "$altered"
    failed_with 'marshal: receive the record back: [^:]*' ' packs '
    FATAL=end run --separate-stderr bounded 20 "$altered"
    failed_with 'marshal: the child process ended with exit code -9' ' gets 64 bytes back, the same.'
    FATAL=nowhere run --separate-stderr bounded 20 "$altered"
    failed_with '' ' gets 64 bytes back, others.'
    expect_nothing_left "$altered"
}

@test "the edges" {
    expect_edges "$marshal"
    expect_bad_usage "unexpected argument 'record'" "$marshal" record
}
