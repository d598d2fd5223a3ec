#!/usr/bin/env bats
# process: a child that is joined; and, with -n, one that is not, and lives on.

load ../.ci/test_helper

process=02-process/process

# The pid in the line of `output` that matches $1, an expression with one group.
pid_in() {
    sed -nE "s/^$1\$/\1/p" <<<"$output"
}

# `output` is that of a run in process $1, or any.
expect_lines() {
    local parent=${1:-} child
    [ -n "$parent" ] || parent=$(pid_in 'Parent process ([0-9]+)\.')
    child=$(pid_in 'Run child process test \(([0-9]+)\)\.\.\.')
    [ "$parent" != "$child" ] || fail "a process that is its own child:" "$output" || return
    expect_same "Parent process $parent.
Child process will start.
Run child process test ($child)...
Child process end." "$output"
}

# The same of a run with -n: the child's first line and the parent's last one race.
expect_lines_of_n() {
    local parent child after
    parent=$(pid_in 'Parent process ([0-9]+)\.')
    child=$(pid_in 'Run child process test \(([0-9]+)\)\.\.\.')
    after=$(pid_in "Child process \\($child\\) lives on: its parent was $parent and is now ([0-9]+)\\.")
    [ "$parent" != "$child" ] && [ "$after" != "$parent" ] && [ "$after" != "$child" ] ||
        fail "not three processes:" "$output" || return
    expect_same "Parent process $parent.
Child process will start.
Parent process $parent ends without a join.
Run child process test ($child)...
Child process ($child) lives on: its parent was $parent and is now $after." \
        "$(sed -n 1,2p <<<"$output" && sed -n 3,4p <<<"$output" | sort && sed -n '5,$p' <<<"$output")"
}

expect_success() {
    [ "$status" -eq 0 ] || report "expected status 0" || return
    [ -z "$stderr" ] || report "expected nothing on standard error" || return
    expect_lines "$@"
}

@test "starts the child, and joins it" {
    run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$process"
    pid=${lines[0]}
    output=${output#*$'\n'}
    expect_success "$pid"
    expect_nothing_left "$process"
}

@test "-n: the child outlives its parent, and then has another one" {
    # The parent's end: nobody may see it alive any more when the child says that it lives on.
    with '' "$process" -n | while IFS= read -r -t 20 line; do
        echo "$line"
        case $line in
        'Parent process '*[0-9].) parent=${line//[!0-9]/} ;;
        'Child process ('*)
            state=$(state_of "$parent")
            [[ $state == '' || $state == [ZX] ]] || echo "$parent is $state"
            ;;
        esac
    done >"$BATS_TEST_TMPDIR/output"
    [ "${PIPESTATUS[0]}" -eq 0 ]
    output=$(cat "$BATS_TEST_TMPDIR/output")
    expect_lines_of_n
    expect_nothing_left "$process -n"
}

@test "-n: every time" {
    for ((turn = 0; turn < 5; turn++)); do
        run --separate-stderr bounded 20 "$process" -n
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_lines_of_n
    done
}

@test "in a file: the same" {
    with ">$BATS_TEST_TMPDIR/output" "$process"
    output=$(cat "$BATS_TEST_TMPDIR/output")
    expect_lines
    [ "$(wc -l <"$BATS_TEST_TMPDIR/output")" -eq 4 ]
}

@test "-h and --help: usage on standard output" {
    for help in -h --help -nh; do
        run --separate-stderr "$process" "$help"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "usage: process [-n]
  Starts a function as a process, and joins it.
  -n   do not join: see what becomes of the child" "$output"
    done
}

@test "bad usage is refused before anything is forked" {
    expect_bad_usage "unknown option -x" "$process" -x
    expect_bad_usage "unknown option -x" "$process" -nx
    expect_bad_usage "unknown option '--nothing'" "$process" --nothing
    expect_bad_usage "unexpected argument 'extra'" "$process" extra
    expect_bad_usage "unexpected argument ''" "$process" -n ''
    expect_bad_usage "unexpected argument '7'" "$process" -- 7
    TIME_SCALE=nan expect_bad_usage "TIME_SCALE: expected a number" "$process"
    TIME_SCALE='' expect_bad_usage "TIME_SCALE: expected a number" "$process"
    SEED=-1 expect_bad_usage "SEED: expected a whole number" "$process" -n
    SEED=abc expect_bad_usage "SEED: expected a whole number" "$process" -n
}

@test "standard output that is full or closed is a failure" {
    for option in '' -n -h; do
        expect_full_device "$process" ${option:+"$option"}
        run --separate-stderr with '>&-' "$process" ${option:+"$option"}
        [ "$status" -eq 1 ]
        [[ $stderr == *'process: write standard output: '* ]]
    done
    expect_nothing_left "$process"
}

@test "standard input closed: the same" {
    run --separate-stderr with '<&-' "$process"
    expect_success
    run --separate-stderr with '<&-' "$process" -n
    [ "$status" -eq 0 ]
    expect_lines_of_n
}

@test "SIGCHLD ignored by the caller: the same" {
    run --separate-stderr bounded 20 env --ignore-signal=CHLD "$process"
    expect_success
}

@test "no process to be had: says so, with status 1" {
    [ "$(id -u)" -ne 0 ] || need_user
    for option in '' -n; do
        run --separate-stderr as_user 0 "$process" ${option:+"$option"}
        [ "$status" -eq 1 ]
        [[ $stderr == 'process: start the child process: '* ]]
        expect_same 'Parent process N.
Child process will start.' "$(mask <<<"$output")"
    done
}

@test "on a terminal each process has its colour; not with NO_COLOR" {
    need_terminal
    for ((turn = 0; turn < 20; turn++)); do # pids that do not follow each other may share a colour
        output=$(bounded 20 env -u NO_COLOR TERM=xterm script -qec "$process" /dev/null | tr -d '\r')
        colours=$(sed -nE $'s/^\e\\[(3[1-6])m.*\e\\[0m$/\\1/p' <<<"$output")
        read -r -d '' first second third fourth <<<"$colours" || true
        [ "$first-$first" = "$second-$fourth" ]
        output=$(sed -E $'s/\e\\[[0-9]+m//g' <<<"$output")
        expect_lines
        [ "$first" = "$third" ] || break
    done
    [ "$first" != "$third" ]
    output=$(bounded 20 env TERM=xterm script -qec "$process" /dev/null | tr -d '\r') # NO_COLOR=1
    expect_lines
}

@test "README.md tells the truth" {
    check_readme 02-process/README.md
}
