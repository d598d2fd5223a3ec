#!/usr/bin/env bats
# queue_square: squares come through a queue until its end; also when the child is killed.

load ../.ci/test_helper
load ../.ci/hit

program=03-queue-pipe/queue_square

squares='0
1
4
9
16'

@test "the squares, in their order" {
    for ((turn = 0; turn < 5; turn++)); do
        run --separate-stderr bounded 20 "$program"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "$squares" "$output"
    done
    expect_bad_usage "unexpected argument '5'" "$program" 5
}

@test "at its edges" {
    expect_edges "$program"
}

@test "the child is killed at any of its items: what it has put comes, and the end is a failure" {
    build_hit "$program" queue.h queue_put
    for count in 0 1 2 3 4; do
        HIT=$((count + 1)) HIT_IN=Process-1 run --separate-stderr bounded 20 "$hit"
        [ "$status" -eq 1 ]
        expect_same "$(head -n "$count" <<<"$squares")" "$output"
        expect_same 'queue_square: the child (N) ended with exit code -9' "$(mask <<<"$stderr")"
    done
    expect_nothing_left "$hit"
}

@test "each process holds its own end only; the parent is killed: the child goes, too" {
    build_hit "$program" queue.h queue_put
    HIT=3 HIT_IN=Process-1 start_hit "$hit"
    [ "$stopped" != "$main" ]
    expect_sockets 1 "$stopped"
    expect_sockets 1 "$main"
    kill -TERM "$main"
    wait_for_hit
    [ "$status" -eq 143 ]
    expect_nothing_left "$hit"
}
