#!/usr/bin/env bats
# pipe_square: squares through a pipe for both ways, and through one for one way.

load ../.ci/test_helper
load ../.ci/hit

program=03-queue-pipe/pipe_square

squares='0
1
4
9
16'
refusals='send on the receiving end: Bad file descriptor
receive on the sending end: Bad file descriptor'

@test "the squares, in their order; with -s the wrong ends refuse first" {
    run --separate-stderr bounded 20 "$program"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    expect_same "$squares" "$output"
    run --separate-stderr bounded 20 "$program" -s
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    expect_same "$refusals"$'\n'"$squares" "$output"
    expect_bad_usage "unexpected argument '5'" "$program" -s 5
}

@test "at its edges" {
    expect_edges "$program" -s
}

@test "duplex: every number goes to the child before its square comes back" {
    build_hit "$program" conn.h conn_receive
    for count in 0 1 4; do # killed before it takes the number
        HIT=$((count + 1)) HIT_IN=Process-1 run --separate-stderr bounded 20 "$hit"
        [ "$status" -eq 1 ]
        expect_same "$(head -n "$count" <<<"$squares")" "$output"
        expect_same "pipe_square: the square of $count did not come: Broken pipe
pipe_square: the child (N) ended with exit code -9" "$(mask <<<"$stderr")"
    done
}

@test "simplex: the child is killed before any of its squares" {
    build_hit "$program" conn.h conn_send
    for count in 0 2 4; do
        HIT=$((count + 1)) HIT_IN=Process-1 run --separate-stderr bounded 20 "$hit" -s
        [ "$status" -eq 1 ]
        expect_same "$refusals$(head -n "$count" <<<"$squares" | sed '1s/^/\n/')" "$output"
        expect_same "pipe_square: the square of $count did not come: Broken pipe
pipe_square: the child (N) ended with exit code -9" "$(mask <<<"$stderr")"
    done
    expect_nothing_left "$hit"
}

@test "each process holds its own end only; the parent is killed: the child goes, too" {
    build_hit "$program" conn.h conn_send
    HIT=3 HIT_IN=Process-1 start_hit "$hit"
    [ "$stopped" != "$main" ]
    expect_sockets 1 "$stopped"
    expect_sockets 1 "$main"
    kill -TERM "$main"
    wait_for_hit
    [ "$status" -eq 143 ]
    expect_nothing_left "$hit"
}
