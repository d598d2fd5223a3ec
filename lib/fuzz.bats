#!/usr/bin/env bats
# What fuzzing has to go on from, once more, and in each of its inputs any byte altered: as this compiler
# builds it, without libFuzzer. `make fuzz` looks for more.

load ../.ci/test_helper

@test "fuzz: numbers, XDR, requests and pages, whatever the bytes: nothing harmful gets through" {
    local target files
    for target in number xdr http html; do
        files=("lib/test/fuzz/corpus/$target"/*)
        run --separate-stderr bounded 60 "build/fuzz/${target}_fuzz" "${files[@]}"
        [[ $status -eq 0 && -z $stderr ]] || report "$target" || return
        [[ $output =~ ^${#files[@]}\ files,\ [0-9]{4,}\ inputs$ ]] || report "$target: expected thousands" || return
    done
    expect_nothing_left fuzz
}

@test "fuzz: a library that takes wrong padding is found, and the file is named" {
    sed 's/memcmp(place + size, "[^"]*", padded - size) != 0/false/' lib/pack.c >"$BATS_TEST_TMPDIR/pack.c"
    run bounded 60 "${CC:-cc}" -std=c17 -D_POSIX_C_SOURCE=200809L -Ilib -o "$BATS_TEST_TMPDIR/xdr" \
        lib/test/fuzz/{xdr_fuzz,replay}.c "$BATS_TEST_TMPDIR/pack.c" build/libprocesses.a -pthread
    [ "$status" -eq 0 ] || fail "$output"
    run --separate-stderr bounded 20 "$BATS_TEST_TMPDIR/xdr" lib/test/fuzz/corpus/xdr/string-padding
    [ "$status" -eq 134 ] || report 'expected that it aborts' || return
    [[ $stderr == *'is not so'*'replay: lib/test/fuzz/corpus/xdr/string-padding,'* ]] ||
        report 'expected what does not hold, and the file'
}
