#!/usr/bin/env bats
# pipe_chain: items through two pipes, and the end of file from process to process.

load ../.ci/test_helper
load ../.ci/hit

program=03-queue-pipe/pipe_chain

squares='0
1
4
9
16
25
36
49
64
81'

@test "ten squares, in their order, and the end" {
    for ((turn = 0; turn < 5; turn++)); do
        run --separate-stderr bounded 20 "$program"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "$squares"$'\nEnd' "$output"
    done
    expect_bad_usage "unexpected argument '5'" "$program" 5
}

@test "at its edges" {
    expect_edges "$program"
}

@test "create_items is killed: the end comes early, and is a failure" {
    build_hit "$program" conn.h conn_send
    for count in 0 3 9; do
        HIT=$((count + 1)) HIT_IN=create_items run --separate-stderr bounded 20 "$hit"
        [ "$status" -eq 1 ]
        expect_same "$( (head -n "$count" <<<"$squares" && echo End))" "$output"
        expect_same 'pipe_chain: create_items (N) ended with exit code -9' "$(mask <<<"$stderr")"
    done
    expect_nothing_left "$hit"
}

@test "square_items is killed: the same, on both sides of it" {
    build_hit "$program" conn.h conn_send
    for count in 0 3 9; do
        HIT=$((count + 1)) HIT_IN=square_items run --separate-stderr bounded 20 "$hit"
        [ "$status" -eq 1 ]
        expect_same "$( (head -n "$count" <<<"$squares" && echo End))" "$output"
        # create_items may have sent all by then, or not
        [[ $(mask <<<"$stderr") == *'pipe_chain: square_items (N) ended with exit code -9' ]]
    done

    HIT=1 HIT_IN=create_items start_hit "$hit" # before it sends anything
    until read -ra both <<<"$(children_now "$main")" && [ "${#both[@]}" -eq 2 ]; do sleep 0.01; done
    kill -KILL "${both[1]}" # the other one
    expect_line End
    kill -CONT "$stopped"
    wait_for_hit
    [ "$status" -eq 1 ]
    expect_same 'pipe_chain: send item 0: Broken pipe
pipe_chain: create_items (N) ended with exit code 1
pipe_chain: square_items (N) ended with exit code -9' "$(mask <<<"$stderr")"
}

@test "each process holds the ends that it uses; the parent is killed: the others go, too" {
    build_hit "$program" conn.h conn_send
    HIT=1 HIT_IN=square_items start_hit "$hit"
    expect_sockets 2 "$stopped"
    expect_sockets 1 "$main"
    kill -TERM "$main"
    wait_for_hit
    [ "$status" -eq 143 ]
    expect_nothing_left "$hit"
    HIT=1 HIT_IN=create_items start_hit "$hit"
    expect_sockets 1 "$stopped"
    kill -TERM "$main"
    wait_for_hit
    expect_nothing_left "$hit"
}
