#!/usr/bin/env bats
# kill: the states of a process that is terminated.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

kill=02-process/kill

expect_lines() {
    [[ $status -eq 0 && -z $stderr ]] || report "expected status 0" || return
    expect_same 'Process before execution: <Process(foo, initial)> False
Process running: <Process(foo, started)> True
Process terminated: <Process(foo, started)> True
Process joined: <Process(foo, stopped[SIGTERM])> False
Process exit code: -15' "$(grep -v '^Starting' <<<"$output")" || return
    # The child's line races with two of these.
    [[ $output == *initial*'Starting function'*joined* ]] || fail "Starting function:" "$output"
}

@test "initial, started, started, stopped" {
    run --separate-stderr bounded 20 "$kill"
    expect_lines
}

@test "without the pause, and however late the parent looks" {
    export TIME_SCALE=0
    build_late "$kill"
    for program in "$kill" "$late"; do
        run --separate-stderr bounded 20 "$program"
        expect_lines
    done
}

@test "also when it was started with SIGTERM ignored or blocked" {
    for option in --ignore-signal=TERM --block-signal=TERM; do
        run --separate-stderr bounded 20 env "$option" "$kill"
        expect_lines
    done
}

@test "Ctrl-C, and SIGINT or SIGTERM to the parent alone" {
    at_line() {
        [[ $1 != *terminated* ]] || kill -TERM "$pid"
    }
    TIME_SCALE=1000 run --separate-stderr watch "$kill"
    [ "$status" -eq 143 ] || report "expected that it dies of SIGTERM"
    export TIME_SCALE=1000 INTERRUPT_AT=terminated
    interrupt "$kill"
    interrupt_parent "$kill"
}

@test "help, bad usage, a full disk, no processes ..." {
    TIME_SCALE=0 expect_edges "$kill"
    expect_bad_usage "unexpected argument '5'" "$kill" 5
}
