#!/usr/bin/env bats
# start_methods: a child by fork, and one that is this program, run again.

load ../.ci/test_helper

start_methods=02-process/start_methods

# The lines of a process $1 at level $2 and of its child by fork.
level() {
    printf 'Level %d: process %d starts its children.\n' "$2" "$1"
    printf 'fork: process N of parent %d has variable 2, descriptor 20 open, 21 open\n' "$1"
}

# `output`, without the pids of children.
output() {
    sed -E 's/(fork|exec): process [0-9]+ of/\1: process N of/' <<<"$output"
}

expect_lines() {
    local parent
    [[ $status -eq 0 && -z $stderr ]] || report "expected status 0" || return
    parent=$(sed -nE '1s/^Level 0: process ([0-9]+) .*/\1/p' <<<"$output")
    expect_same "$(level "$parent" 0)
exec: process N of parent $parent has variable 1, descriptor 20 open, 21 closed" "$(output)" || return
    [ "$(grep -oE 'process [0-9]+' <<<"$output" | sort -u | wc -l)" -eq 3 ] || fail "three processes:" "$output"
}

@test "what the child has of its parent: all, or what exec keeps" {
    run --separate-stderr bounded 20 "$start_methods"
    expect_lines
    run --separate-stderr bounded 20 env PATH="${start_methods%/*}:$PATH" start_methods
    expect_lines
    cd "${start_methods%/*}"
    run --separate-stderr bounded 20 ./start_methods
    expect_lines
}

@test "with the role of a child: does the task, and starts nothing" {
    [ "$(id -u)" -ne 0 ] || need_user
    for role in 1 3; do
        run --separate-stderr as_user 0 "$start_methods" -r "$role"
        [[ $status -eq 0 && -z $stderr ]]
        expect_same 'exec: process N of parent N has variable 1, descriptor 20 closed, 21 closed' "$(mask <<<"$output")"
    done
}

@test "-b: each starts the next one, down to level 3, and no further" {
    run --separate-stderr bounded 20 "$start_methods" -b
    [[ $status -eq 0 && -z $stderr ]]
    mapfile -t pids < <(sed -nE 's/^Level [0-9]: process ([0-9]+) .*/\1/p' <<<"$output")
    [ "$(printf '%s\n' "${pids[@]}" | sort -u | wc -l)" -eq 4 ]
    expect_same "$(for i in 0 1 2; do level "${pids[i]}" $i; done)
Level 3: process ${pids[3]} stops. Nothing else would: each program starts the next one." "$(output)"
    [ "$(id -u)" -ne 0 ] || need_user
    run --separate-stderr as_user 0 "$start_methods" -b -r 3
    [ "$status" -eq 0 ]
    expect_same 'Level 3: process N stops. Nothing else would: each program starts the next one.' "$(mask <<<"$output")"
}

@test "a program that can't be run again" {
    run --separate-stderr bounded 20 bash -c 'exec -a nowhere "$0"' "$start_methods"
    [ "$status" -eq 1 ]
    expect_same 'nowhere: execute nowhere: No such file or directory
nowhere: child N ended with exit code 1' "$(mask <<<"$stderr")"
}

@test "help, bad usage, a full disk, no processes ..." {
    expect_edges "$start_methods"
    expect_edges "$start_methods" -b
    for role in 0 4 -1 x ''; do
        expect_bad_usage "-r: expected a whole number from 1 to 3, got '$role'" "$start_methods" -r "$role"
    done
    expect_bad_usage "unexpected argument '5'" "$start_methods" 5
}
