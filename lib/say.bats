#!/usr/bin/env bats
# say: whole lines from many processes, in their place, in colour; and failures that are remembered.

load ../.ci/test_helper

say_test() {
    bounded 20 build/test/say_test "$@"
}

# The scenarios that check by themselves.
scenario() {
    run say_test "$1"
    [[ $status -eq 0 && -z $output ]] || fail "$1: status $status" "$output"
}

# The same lines, in whatever order.
expect_lines_of_many() {
    say_test many_expected | sort >"$BATS_TEST_TMPDIR/expected"
    sort "$1" | cmp "$BATS_TEST_TMPDIR/expected" -
}

@test "say: 8 processes say 500 lines each: into a pipe, at the end of a file, into one that they share: none is torn or lost" {
    # 8 processes say 500 lines each, up to PIPE_BUF, through a pipe: none is torn or lost.
    say_test many | cat >"$BATS_TEST_TMPDIR/lines"
    expect_lines_of_many "$BATS_TEST_TMPDIR/lines"

    # 8 processes say 500 lines each at the end of a file: none is torn or lost.
    echo before >"$BATS_TEST_TMPDIR/file"
    say_test many >>"$BATS_TEST_TMPDIR/file"
    expect_same before "$(head -n 1 "$BATS_TEST_TMPDIR/file")"
    tail -n +2 "$BATS_TEST_TMPDIR/file" >"$BATS_TEST_TMPDIR/lines"
    expect_lines_of_many "$BATS_TEST_TMPDIR/lines"

    # 8 processes say 500 lines each into a file that they share: none is torn or lost.
    say_test many >"$BATS_TEST_TMPDIR/lines"
    expect_lines_of_many "$BATS_TEST_TMPDIR/lines"
}

@test "say: a line is one write, after what was printed before; of 100 kB, too; a full pipe is waited for" {
    # A line is one write, after one for what was printed before.
    scenario one_write

    # What printf has buffered comes first.
    run say_test order
    [ "$status" -eq 0 ] || fail "status $status" "$output"
    expect_same $'one\ntwo 2\nthree four\n\nfive' "$output"

    # A line of 100 kB arrives, in a pipe and in a file.
    say_test long_line | cat >"$BATS_TEST_TMPDIR/pipe"
    say_test long_line >"$BATS_TEST_TMPDIR/file"
    printf '%0100000d\n' 7 | cmp - "$BATS_TEST_TMPDIR/pipe"
    cmp "$BATS_TEST_TMPDIR/pipe" "$BATS_TEST_TMPDIR/file"

    # A full pipe in non-blocking mode is waited for.
    scenario non_blocking
}

# on_terminal [NAME=VALUE]...: what it prints on a terminal, in an environment with these settings.
on_terminal() {
    bounded 20 env -u NO_COLOR SHELL=/bin/sh TERM=xterm "$@" \
        script -qec 'build/test/say_test colours' /dev/null | tr -d '\r'
}

plain() {
    local i
    for i in {0..11}; do printf '%s\n' "$i first" "$i second"; done
}

@test "say: on a terminal each process has a colour; none with NO_COLOR, if it is not empty, TERM=dumb, or no TERM" {
    # On a terminal each process has a colour, all its lines the same.
    need_terminal
    local escape=$'\e' lines
    lines=$(on_terminal)
    expect_same "$(plain)" "$(sed -E "s/^$escape\[3[1-6]m(.*)$escape\[0m\$/\1/" <<<"$lines")"
    # The colour and the number of the process, once for each of them.
    lines=$(sed -E "s/^$escape\[(..)m([0-9]+) .*/\1 \2/" <<<"$lines" | sort -u)
    [ "$(wc -l <<<"$lines")" -eq 12 ] || fail 'some process has two colours:' "$lines"
    [ "$(cut -d ' ' -f 1 <<<"$lines" | sort -u | wc -l)" -gt 1 ] || fail 'all have the same:' "$lines"

    # NO_COLOR and TERM=dumb: no colours on a terminal either.
    need_terminal
    expect_same "$(plain)" "$(on_terminal NO_COLOR=1)"
    expect_same "$(plain)" "$(on_terminal NO_COLOR=no)"
    expect_same "$(plain)" "$(on_terminal TERM=dumb)"
    expect_same "$(plain)" "$(on_terminal env -u TERM)"

    # An empty NO_COLOR is none (see no-color.org).
    need_terminal
    [[ $(on_terminal NO_COLOR=) == *$'\e['* ]]
}

@test "say: no colours in a pipe or a file" {
    unset NO_COLOR
    export TERM=xterm
    expect_same "$(plain)" "$(say_test colours)"
    say_test colours >"$BATS_TEST_TMPDIR/file"
    expect_same "$(plain)" "$(cat "$BATS_TEST_TMPDIR/file")"
}

@test "say: say_end remembers a full device, the first of two failures, a printf that failed" {
    # A full device: ENOSPC, and say_end remembers.
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    scenario full_device
    scenario printed_before
    scenario printed_at_end

    # Of two failures say_end tells the first.
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    scenario first_of_two

    # A printf that failed counts, although its errno is gone.
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    scenario printed_long_before
}

@test "say: say_end remembers EBADF, EPIPE and EILSEQ, and no failure where there was none" {
    # A closed standard output: EBADF, and say_end remembers.
    scenario closed

    # Nobody reads: EPIPE where SIGPIPE is ignored, and say_end remembers.
    scenario broken_pipe

    # Text that cannot be converted: EILSEQ, and say_end remembers.
    scenario no_text

    # Where all went well say_end says so, whatever errno was.
    scenario no_failure
}
