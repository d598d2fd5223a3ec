#!/usr/bin/env bats
# manager: a dictionary that lives in one process; also when that one is killed, or one of its clients.

load ../.ci/test_helper
load ../.ci/hit

program=03-queue-pipe/manager

items=$(for key in {0..9}; do echo "key = $key value = $((2 * key))"; done)
results='Results: {0: 0, 1: 2, 2: 4, 3: 6, 4: 8, 5: 10, 6: 12, 7: 14, 8: 16, 9: 18}'

@test "ten processes set a key each; all are there" {
    for ((turn = 0; turn < 5; turn++)); do
        run --separate-stderr bounded 20 "$program"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "$items" "$(sed '$d' <<<"$output" | sort)"
        expect_same "$results" "$(tail -n 1 <<<"$output")"
    done
    expect_bad_usage "unexpected argument '5'" "$program" 5
}

@test "at its edges" {
    expect_edges "$program"
}

@test "a client is killed in the middle: the manager serves the others" {
    build_hit "$program" conn.h conn_send
    HIT=1 HIT_IN=Process-5 run --separate-stderr bounded 20 "$hit" # the fifth child, after the manager and keys 0 to 2
    [ "$status" -eq 1 ]
    expect_same "$items" "$(sed '$d' <<<"$output" | sort)"
    expect_same "${results/3: 6, /}" "$(tail -n 1 <<<"$output")"
    expect_same 'manager: Process-5 (N) ended with exit code -9' "$(mask <<<"$stderr")"
    expect_nothing_left "$hit"
}

@test "the manager is killed: nobody waits for it" {
    build_hit "$program" conn.h conn_receive
    for calls in 1 6 11; do # before the first request, in the middle, before the last
        HIT=$calls HIT_IN=manager run --separate-stderr bounded 20 "$hit"
        [ "$status" -eq 1 ]
        expect_same "$items" "$(sort <<<"$output")"
        expect_same 'manager: ask the manager: Broken pipe
manager: manager (N) ended with exit code -9' "$(mask <<<"$stderr" | grep -v 'set key\|exit code 1$')"
    done
    HIT=12 HIT_IN=manager run --separate-stderr bounded 20 "$hit" # it has answered all
    [ "$status" -eq 1 ]
    expect_same "$results" "$(tail -n 1 <<<"$output")"
    expect_same 'manager: manager (N) ended with exit code -9' "$(mask <<<"$stderr")"

    build_hit "$program" conn.h conn_send
    HIT=1 HIT_IN=Process-11 start_hit "$hit"
    read -ra all <<<"$(children_now "$main")"
    kill -KILL "${all[0]}"
    expect_dead "${all[0]}"
    kill -CONT "$stopped"
    wait_for_hit
    [ "$status" -eq 1 ]
    expect_same 'manager: set key 9: Broken pipe
manager: Process-11 (N) ended with exit code 1
manager: ask the manager: Broken pipe
manager: manager (N) ended with exit code -9' "$(mask <<<"$stderr")"
    expect_nothing_left "$hit"
}

@test "each process holds one end only; the parent is killed: all others go, too" {
    build_hit "$program" conn.h conn_send
    HIT=1 HIT_IN=Process-11 start_hit "$hit"
    read -ra all <<<"$(children_now "$main")"
    for pid in "$main" "${all[0]}" "$stopped"; do expect_sockets 1 "$pid"; done
    kill -TERM "$main"
    wait_for_hit
    [ "$status" -eq 143 ]
    expect_nothing_left "$hit"
}
