#!/usr/bin/env bats
# pack: the bytes are XDR's (RFC 4506), and only whole, well-formed records come back.

load ../.ci/test_helper

# The library is built by `make`, the driver by `make build/test/pack_test`; `make test` does both.
pack_test() {
    bounded 20 build/test/pack_test "$@"
}

scenario() {
    run pack_test "$1"
    [ "$status" -eq 0 ] || fail "$1: status $status" "$output"
}

# Reads lines "HEX | TYPE VALUE [TYPE VALUE]...": all the values, packed, are all of HEX; and unpacked,
# the values again. A line that ends with a TYPE gives it the value ''.
both() {
    local line hex all_hex='' got i
    local -a words values=() types=()
    while IFS='|' read -r hex line; do
        read -ra words <<<"$line"
        [ $((${#words[@]} % 2)) -eq 0 ] || words+=('')
        values+=("${words[@]}")
        read -r hex <<<"$hex" # without the blanks around it
        all_hex+=${all_hex:+ }$hex
    done
    [ "${#values[@]}" -gt 0 ] || fail 'no lines' || return
    for ((i = 0; i < ${#values[@]}; i += 2)); do types+=("${values[i]}"); done
    got=$(pack_test pack "${values[@]}") || fail "pack: $got" || return
    expect_same "${all_hex// /$'\n'}" "${got// /$'\n'}" || return
    got=$(pack_test unpack "$all_hex" "${types[@]}") || fail "unpack: $got" || return
    expect_same "$(printf '%s %s\n' "${values[@]}")" "$got"
}

# refused HEX TYPE[:ROOM]...: that is no such record. Leaves what was read all the same in output.
refused() {
    status=0
    output=$(pack_test unpack "$@" 2>&1) || status=$?
    [ "$status" -eq 1 ] && [ "${output##*$'\n'}" = EBADMSG ] || fail "not refused: $*" "$output" || return
    output=${output%$'\n'*}
}

# --- the bytes, worked out by hand from RFC 4506 ---------------------------------------------------

@test "pack: integers, bools, doubles, strings, bytes and lists are as in RFC 4506, with its example" {
    # Integers are big endian, in two's complement.
    both <<'XDR'
        00000000 | int32 0
        00000001 | int32 1
        ffffffff | int32 -1
        7fffffff | int32 2147483647
        80000000 | int32 -2147483648
        01020304 | int32 16909060
        00000000 | uint32 0
        80000000 | uint32 2147483648
        ffffffff | uint32 4294967295
        00000000 00000000 | int64 0
        ffffffff ffffffff | int64 -1
        00000001 00000000 | int64 4294967296
        00000000 ffffffff | int64 4294967295
        ffffffff 00000000 | int64 -4294967296
        7fffffff ffffffff | int64 9223372036854775807
        80000000 00000000 | int64 -9223372036854775808
        01020304 05060708 | int64 72623859790382856
        80000000 00000000 | uint64 9223372036854775808
        ffffffff ffffffff | uint64 18446744073709551615
XDR

    # A bool is 0 or 1, in 4 bytes.
    both <<'XDR'
        00000000 | bool false
        00000001 | bool true
XDR

    # A double is sign, 11 bits of exponent and 52 of fraction, big endian.
    both <<'XDR'
        00000000 00000000 | double 0
        80000000 00000000 | double -0
        3ff00000 00000000 | double 1
        c0040000 00000000 | double -2.5
        3fb99999 9999999a | double 0.10000000000000001
        7fefffff ffffffff | double 1.7976931348623157e+308
        00100000 00000000 | double 2.2250738585072014e-308
        00000000 00000001 | double 4.9406564584124654e-324
        7ff00000 00000000 | double inf
        fff00000 00000000 | double -inf
XDR
    scenario doubles

    # Strings and bytes are their length, themselves, and zeros up to a multiple of 4.
    both <<'XDR'
        00000000 | string
        00000001 61000000 | string a
        00000002 61620000 | string ab
        00000003 61626300 | string abc
        00000004 61626364 | string abcd
        00000005 61626364 65000000 | string abcde
        00000002 c3a90000 | string é
        00000000 | bytes
        00000001 00000000 | bytes 00
        00000003 00ff0000 | bytes 00ff00
        00000004 deadbeef | bytes deadbeef
XDR
    scenario lengths

    # A list is its count, and its elements.
    both <<'XDR'
        00000003 00000001 fffffffe 00000003 | count 3 int32 1 int32 -2 int32 3
        00000002 3ff00000 00000000 c0040000 00000000 | count 2 double 1 double -2.5
        00000002 00000001 61000000 00000000 | count 2 string a string
        00000000 | count 0
XDR

    # The example of RFC 4506, section 7, byte by byte.
    both <<'XDR'
        00000009 73696c6c 7970726f 67000000 | string sillyprog
        00000002 00000004 6c697370 | int32 2 string lisp
        00000004 6a6f686e | string john
        00000006 28717569 74290000 | bytes 287175697429
XDR
}

@test "pack: python's xdrlib unpacks our bytes, and packs the same" {
    command -v python3 >/dev/null || skip 'no python3 here'
    python3 -W ignore -c 'import xdrlib' 2>/dev/null || skip 'this python3 has no xdrlib (3.13 dropped it)'
    run pack_test pack int32 -2147483648 uint32 4294967295 int64 -9223372036854775808 \
        uint64 18446744073709551615 bool true bool false double -0.1 double 5e-324 double -inf \
        string 'hello' string '' bytes 00ff7f count 3 double 1.5 double -2.5 double 1e300 \
        count 2 string odd int32 -7 string even int32 8
    [ "$status" -eq 0 ]
    run bounded 20 python3 -W ignore - "$output" <<'PYTHON'
import sys, xdrlib

record = bytes.fromhex(sys.argv[1])
u = xdrlib.Unpacker(record)
got = [u.unpack_int(), u.unpack_uint(), u.unpack_hyper(), u.unpack_uhyper(), u.unpack_bool(), u.unpack_bool(),
       u.unpack_double(), u.unpack_double(), u.unpack_double(), u.unpack_string(), u.unpack_string(),
       u.unpack_bytes(), u.unpack_array(u.unpack_double),
       u.unpack_array(lambda: (u.unpack_string(), u.unpack_int()))]
u.done()
wanted = [-2**31, 2**32 - 1, -2**63, 2**64 - 1, True, False, -0.1, 5e-324, float("-inf"), b"hello", b"",
          b"\x00\xff\x7f", [1.5, -2.5, 1e300], [(b"odd", -7), (b"even", 8)]]
assert got == wanted, got

p = xdrlib.Packer()
for pack, value in zip([p.pack_int, p.pack_uint, p.pack_hyper, p.pack_uhyper, p.pack_bool, p.pack_bool,
                        p.pack_double, p.pack_double, p.pack_double, p.pack_string, p.pack_string,
                        p.pack_bytes, lambda list: p.pack_array(list, p.pack_double),
                        lambda list: p.pack_array(list, lambda e: (p.pack_string(e[0]), p.pack_int(e[1])))], wanted):
    pack(value)
assert p.get_buffer() == record, p.get_buffer().hex()
print(len(wanted), "values")
PYTHON
    [ "$status" -eq 0 ] && [ "$output" = '14 values' ] || fail "$output"
}

# --- malformed records -----------------------------------------------------------------------------

@test "unpack: refuses what is no value, no padding, no string, no length, too long, no count; what is left over, or cut off" {
    # Refuses what is no value of the type.
    refused '00000002' bool
    refused 'ffffffff' bool
    refused '01000000' bool
    refused '00000100' bool
    [ "$output" = 'bool false' ]

    # Refuses padding that is not zero.
    refused '00000001 61000001' string
    refused '00000001 61010000' string
    refused '00000003 61626301' bytes
    refused '00000002 61620100' bytes
    refused '00000002 61620001' bytes

    # Refuses a NUL in a string.
    refused '00000001 00000000' string
    refused '00000003 61006200' string
    refused '00000004 61626300' string
    [ "$output" = 'string ' ]

    # Refuses a length that is not there.
    refused '00000001' string
    refused '00000005 61626364' string
    refused '00000003 616263' bytes # its padding is missing
    refused '7fffffff 61626364' string:100
    refused '80000000 61626364' bytes:100
    refused 'ffffffff 61626364' bytes:100
    refused 'fffffffd 61626364' bytes:100
    [ "$output" = 'bytes ' ]

    # Refuses what the caller has no room for.
    refused '00000003 61626300' string:3 # the NUL needs a byte too
    refused '00000003 61626300' bytes:2
    refused '00000002 00000001 00000001' count:1 int32 int32
    refused '00000000' string:0
    scenario room

    # Refuses a count that the rest can't hold.
    refused '00000001' count
    refused '00000002 00000001' count int32
    refused 'ffffffff 00000001' count:4294967295 int32
    [ "$output" = $'count 0\nint32 0' ]
    scenario counts

    # Refuses bytes that are left over, also zeros.
    refused '00000001 00000000' int32
    refused '0000000100' int32
    refused '00000000' # nothing was asked for

    # Refuses every beginning of a record, and the record with more behind it.
    scenario truncated
}

# Counted by hand, for the record in pack_test.c. Accepted are all 255 other values of the 32 bytes of
# the first five numbers, of 3 data bytes and of 2 doubles (16 bytes); 254 of each of the 5 + 2
# characters, since a NUL is refused; 1 of the bool; and 1 of a length: 4 for the 3 data bytes, as the
# byte of padding may be data as well. 255 * (32 + 3 + 16) + 254 * (5 + 2) + 1 + 1 = 14785.
@test "unpack: refuses each of 23460 changes to one byte, or reads what it says now" {
    scenario altered
    [ "$output" = '14785 accepted, 8675 refused' ] || fail "$output"
}

@test "unpack: after an error there are only zeros" {
    scenario sticky_unpack
    refused '00000002 00000001 00000001 61000000' bool int32 string
    [ "$output" = $'bool false\nint32 0\nstring ' ]
}

# --- the writer ------------------------------------------------------------------------------------

@test "pack: too small a buffer is EMSGSIZE, and so is too large a size; then nothing is written; nothing is a record" {
    # Every buffer that is too small is EMSGSIZE, and nothing is written behind it.
    scenario small

    # A size or count that XDR has no number for is EMSGSIZE.
    scenario huge

    # After an error nothing is written.
    scenario sticky_pack

    # Nothing is a record too, and no bytes need no address.
    scenario nothing
}

# --- under the sanitizers --------------------------------------------------------------------------

@test "pack: no invalid access and no undefined behaviour in any scenario" {
    local flags=(-std=c17 -D_POSIX_C_SOURCE=200809L -Ilib -g)
    flags+=('-fsanitize=address,undefined' -fno-sanitize-recover=all)
    local sanitized=$BATS_TEST_TMPDIR/pack_test name
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/empty.c"
    ${CC:-cc} "${flags[@]}" -o "$sanitized" "$BATS_TEST_TMPDIR/empty.c" 2>/dev/null && "$sanitized" ||
        skip "${CC:-cc} has no -fsanitize=address,undefined here"
    ${CC:-cc} "${flags[@]}" -o "$sanitized" lib/test/pack_test.c lib/pack.c lib/shm.c lib/lock.c lib/clock.c lib/beyond.c
    for name in truncated altered small doubles lengths room counts huge nothing sticky_pack sticky_unpack; do
        run bounded 20 "$sanitized" "$name"
        [ "$status" -eq 0 ] || fail "$name: status $status" "$output"
    done
    pack_test() { # what is refused above
        bounded 20 "$sanitized" "$@"
    }
    refused 'fffffffd 61626364' bytes:100
    refused '00000000' string:0
    refused 'ffffffff 00000001' count:4294967295 int32
}
