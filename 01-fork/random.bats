#!/usr/bin/env bats
# random: two copies of one generator; and, with -r, two generators.

load ../.ci/test_helper

random=01-fork/random

# Runs it, and leaves the parent's number and the child's in `parents` and `childs`.
draw() {
    run --separate-stderr bounded 20 "$random" "$@"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    parents=$(sed -nE 's/^Parent \([0-9]+\): (0\.[0-9]{10})$/\1/p' <<<"$output")
    childs=$(sed -nE 's/^Child \([0-9]+\): (0\.[0-9]{10})$/\1/p' <<<"$output")
    [[ -n $parents && -n $childs && ${#lines[@]} -eq 2 ]] || fail 'not two lines:' "$output"
}

@test "parent and child draw the same number, each run another one" {
    run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$random"
    [[ $output == *"Parent (${lines[0]}): 0."* ]]
    [[ $output != *"Child (${lines[0]}): 0."* ]]
    before=''
    for ((turn = 0; turn < 4; turn++)); do
        draw
        expect_same "$parents" "$childs"
        [ "$parents" != "$before" ]
        before=$parents
    done
}

@test "-r: they differ, every time" {
    for ((turn = 0; turn < 8; turn++)); do
        draw -r
        [ "$parents" != "$childs" ]
        SEED=$turn draw -r
        [ "$parents" != "$childs" ]
    done
}

@test "SEED repeats a run, with -r too" {
    export SEED=7
    draw
    first=$parents
    draw
    expect_same "$first $first" "$parents $childs"
    draw -r
    expect_same "$first" "$parents"
    second=$childs
    draw -r
    expect_same "$first $second" "$parents $childs"
    SEED=8 draw
    [ "$parents" != "$first" ]
}

@test "a full disk is noticed by both processes" {
    run --separate-stderr with '>/dev/full' "$random"
    [ "$status" -eq 1 ]
    expect_same 'random: write standard output: No space left on device
random: child N failed, wait status N
random: write standard output: No space left on device' "$(mask <<<"$stderr")"
}

@test "at the edges" {
    expect_bad_usage "unexpected argument '7'" "$random" -r 7
    expect_edges "$random"
}
