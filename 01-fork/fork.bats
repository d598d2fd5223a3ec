#!/usr/bin/env bats
# fork: one process becomes two; and what a buffer that is not flushed does then.

load ../.ci/test_helper

fork=01-fork/fork

# Runs fork so that its first line, in `pid`, is what the shell knew to be its pid.
run_with_pid() {
    run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$@"
    pid=${lines[0]}
    output=${output#*$'\n'}
}

# `output` is that of a run in process $1, or any, with $2 first lines (1). Parent and child race.
expect_lines() {
    local parent=${1:-} child first_lines=''
    [ -n "$parent" ] || parent=$(sed -nE '1s/^Process \(([0-9]+)\).*/\1/p' <<<"$output")
    child=$(sed -nE 's/^I am child process \(([0-9]+)\).*/\1/p' <<<"$output")
    [ "$parent" != "$child" ] || fail "a process that is its own child:" "$output" || return
    [[ $output == "Process ($parent) start..."$'\n'* ]] || fail "not the first line:" "$output" || return
    for ((i = 0; i < ${2:-1}; i++)); do first_lines+="Process ($parent) start..."$'\n'; done
    expect_same "$(sort <<<"${first_lines}I ($parent) just created a child process ($child).
I am child process ($child) and my parent is $parent.")" "$(sort <<<"$output")"
}

# The same, and all is well.
expect_success() {
    [ "$status" -eq 0 ] || report "expected status 0" || return
    [ -z "$stderr" ] || report "expected nothing on standard error" || return
    expect_lines "$@"
}

@test "parent and child each print their own pid and the other's" {
    run_with_pid "$fork"
    expect_success "$pid"
    run_with_pid "$fork" --
    expect_success "$pid"
    expect_nothing_left "$fork"
}

@test "the first line appears once through a pipe, and twice with -b" {
    run_with_pid sh -c '"$@" | cat' - "$fork"
    expect_success
    run_with_pid "$fork" -b
    expect_success "$pid" 2
}

@test "and this every time" {
    for ((turn = 0; turn < 40; turn++)); do
        output=$("$fork" | cat)
        [[ ${output//[!.]/} == ..... ]] || fail "without -b:" "$output" # a dot a line, and two more in the first
        output=$("$fork" -b | cat)
        [[ ${output//[!.]/} == ........ ]] || fail "with -b:" "$output"
    done
}

@test "in a file: once, and twice with -b; the last line has its end" {
    for option in '' -b; do
        with ">$BATS_TEST_TMPDIR/output" "$fork" ${option:+"$option"}
        output=$(cat "$BATS_TEST_TMPDIR/output")
        expect_lines '' ${option:+2}
        [ "$(wc -l <"$BATS_TEST_TMPDIR/output")" -eq "$(wc -l <<<"$output")" ]
    done
}

@test "on a terminal: once, and twice with -b" {
    need_terminal
    for option in '' -b; do
        output=$(bounded 20 script -qec "$fork $option" /dev/null | tr -d '\r')
        expect_lines '' ${option:+2}
    done
}

@test "-h and --help: usage on standard output" {
    for help in -h --help -bh; do
        run --separate-stderr "$fork" "$help"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "usage: fork [-b]
  Forks once: both processes say who they are.
  -b   the bug: do not flush before the fork" "$output"
    done
}

@test "bad usage is refused before anything is forked" {
    expect_bad_usage "unknown option -x" "$fork" -x
    expect_bad_usage "unknown option -x" "$fork" -bx
    expect_bad_usage "unknown option '--nothing'" "$fork" --nothing
    expect_bad_usage "unexpected argument 'extra'" "$fork" extra
    expect_bad_usage "unexpected argument ''" "$fork" -b ''
    expect_bad_usage "unexpected argument '7'" "$fork" -- 7
}

@test "a bad TIME_SCALE or SEED is refused" {
    for value in nan -1 abc '' 1001 1x ' 1'; do
        TIME_SCALE=$value expect_bad_usage "TIME_SCALE: expected a number from 0 to 1000, got '$value'" "$fork"
    done
    for value in nan -1 abc '' 2147483648 7x ' 7' 1e3 99999999999999999999; do
        SEED=$value expect_bad_usage "SEED: expected a whole number from 0 to 2147483647, got '$value'" "$fork"
    done
}

@test "standard output that is full or closed is a failure" {
    for option in '' -b -h; do
        expect_full_device "$fork" ${option:+"$option"}
        run --separate-stderr with '>&-' "$fork" ${option:+"$option"}
        [ "$status" -eq 1 ]
        [[ $stderr == *'fork: write standard output: '* ]]
    done
    expect_nothing_left "$fork"
}

@test "standard input closed: the same" {
    run --separate-stderr with '<&-' "$fork"
    expect_success
}

@test "no process to be had: says so, with status 1" {
    [ "$(id -u)" -ne 0 ] || need_user
    run --separate-stderr as_user 0 "$fork"
    [ "$status" -eq 1 ]
    [[ $stderr == 'fork: fork: '* ]]
    expect_same 'Process (N) start...' "$(mask <<<"$output")"
}

@test "a child that fails is reported by its parent" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    run --separate-stderr with '>/dev/full' "$fork" -b
    [ "$status" -eq 1 ]
    expect_same 'fork: child N failed, wait status N' "$(grep child <<<"$stderr" | mask)"
}

@test "SIGCHLD ignored by the caller: the same" {
    run --separate-stderr bounded 20 env --ignore-signal=CHLD "$fork"
    expect_success
}

@test "README.md tells the truth" {
    check_readme 01-fork/README.md
}
