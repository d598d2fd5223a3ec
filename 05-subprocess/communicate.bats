#!/usr/bin/env bats
# communicate: a program that is fed and listened to at the same time.

load ../.ci/test_helper

communicate=05-subprocess/communicate

# expect OUTPUT ERROR STATUS ARG...: what `communicate ARG...` gives, to the byte.
expect() {
    local output=$1 error=$2 code=$3
    shift 3
    status=0
    bounded 20 "$communicate" "$@" >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/error" || status=$?
    expect_same "$output" "$(cat "$BATS_TEST_TMPDIR/output")" || return
    expect_same "$error" "$(cat "$BATS_TEST_TMPDIR/error")" || return
    [ "$status" -eq "$code" ] || fail "status $status, not $code"
}

# What the program had on its standard input came out again, whole and unchanged.
expect_through() {
    { echo "\$ ${*:2}" && cat "$1" && echo 'Exit code: 0'; } >"$BATS_TEST_TMPDIR/wanted"
    bounded 60 "$communicate" -i - "${@:2}" <"$1" >"$BATS_TEST_TMPDIR/output"
    cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/output"
}

@test "without a command: nslookup and its three commands; or that there is no nslookup" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\nwhile read -r line; do echo "<$line>"; done; echo no network >&2; exit 1\n' \
        >"$BATS_TEST_TMPDIR/bin/nslookup"
    chmod +x "$BATS_TEST_TMPDIR/bin/nslookup"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH expect $'$ nslookup\n<set q=mx>\n<python.org>\n<exit>\nExit code: 1' \
        'no network' 1
    rm "$BATS_TEST_TMPDIR/bin/nslookup"
    run -127 --separate-stderr bounded 20 env "PATH=$BATS_TEST_TMPDIR/bin" "$communicate"
    expect_same $'$ nslookup\nExit code: 127' "$output"
    expect_same 'communicate: nslookup: No such file or directory' "$stderr"
}

@test "the text arrives as it is, and what is printed comes back on the same stream" {
    expect $'$ od -An -c\n   a  \\n       b\nExit code: 0' '' 0 -i $'a\n b' od -An -c
    expect $'$ wc -c\n0\nExit code: 0' '' 0 -i '' wc -c
    expect $'$ wc -c\n0\nExit code: 0' '' 0 wc -c
    expect $'$ cat\n--\nExit code: 0' '' 0 -i no -i -- cat # no newline behind it, and the last -i counts
    expect $'$ sh -c cat; printf b >&2; exit 3\na\nExit code: 3' b 3 -i a sh -c 'cat; printf b >&2; exit 3'
    expect $'$ cat -\nx\nExit code: 0' '' 0 -i x cat -
}

@test "a program that is killed, or can't be executed" {
    expect $'$ sh -c echo one; kill $$\none\nExit code: -15' '' 143 -i text sh -c 'echo one; kill $$'
    expect $'$ ./README.md\nExit code: 126' 'communicate: ./README.md: Permission denied' 126 -i x ./README.md
    expect_nothing_left "$communicate"
}

@test "our own standard input: all of it, whatever its size, also when it comes bit by bit" {
    for size in 0 1 65535 65536 65537 131072 200001; do
        [ "$(head -c "$size" /dev/zero | bounded 20 "$communicate" -i - wc -c)" = $'$ wc -c\n'"$size"$'\nExit code: 0' ]
    done
    output=$( (echo one && sleep 0.05 && echo two) | bounded 20 "$communicate" -i - cat)
    expect_same $'$ cat\none\ntwo\nExit code: 0' "$output"
    run --separate-stderr with '<&-' "$communicate" -i - cat
    [ "$status" -eq 1 ]
    expect_same 'communicate: read standard input: Bad file descriptor' "$stderr"
}

@test "50 MB through cat, and through both streams at once, unchanged" {
    head -c 50000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    echo >>"$BATS_TEST_TMPDIR/data"
    expect_through "$BATS_TEST_TMPDIR/data" cat
    head -c 3000000 "$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/part"
    echo >>"$BATS_TEST_TMPDIR/part"
    expect_through "$BATS_TEST_TMPDIR/part" tee /dev/stderr 2>"$BATS_TEST_TMPDIR/error"
    cmp "$BATS_TEST_TMPDIR/part" "$BATS_TEST_TMPDIR/error"
    # It prints megabytes before it reads anything: whoever feeds it first would wait for ever.
    output=$(bounded 20 "$communicate" -i - sh -c 'head -c 3000000 /dev/zero; wc -c' <"$BATS_TEST_TMPDIR/part" |
        tr -d '\0')
    expect_same $'$ sh -c head -c 3000000 /dev/zero; wc -c\n3000001\nExit code: 0' "$output"
    # These read little or nothing. That is no error, and no SIGPIPE for us.
    for command in 'exec <&-; echo enough' 'read -r line; echo enough' 'echo enough'; do
        run --separate-stderr bounded 20 "$communicate" -i - sh -c "$command" <"$BATS_TEST_TMPDIR/part"
        expect_same "\$ sh -c $command"$'\nenough\nExit code: 0' "$output$stderr"
        [ "$status" -eq 0 ]
    done
}

@test "what the program has left behind keeps the pipes open, and is not waited for" {
    run --separate-stderr bounded 20 "$communicate" -i x sh -c 'sleep 1000 & echo $!'
    kill "${lines[1]}"
    expect_same $'$ sh -c sleep N & echo $!\nN\nExit code: 0' "$(mask <<<"$output")"
    [ "$status" -eq 0 ]
}

@test "at its edges, and wrong usage" {
    expect_edges "$communicate" -i text cat
    expect_bad_usage 'an argument is missing' "$communicate" -i x
    expect_bad_usage 'an argument is missing' "$communicate" -i ''
    expect_bad_usage 'option -i lacks its argument' "$communicate" -i
}

@test "Ctrl-C, and SIGINT to communicate alone: the program ends, and communicate dies of it" {
    interrupt "$communicate" sleep 1000
    interrupt_parent "$communicate" -i text sleep 1000
    expect_same '$ sleep 1000' "$output"
}
