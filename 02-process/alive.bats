#!/usr/bin/env bats
# alive: False, True, False.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

alive=02-process/alive

# The child's first line races with the parent's second one.
expect_lines() {
    [[ $status -eq 0 && -z $stderr ]] || report "expected status 0" || return
    expect_same 'The process is alive:False
The process is alive:True
end test process
The process is alive:False' "$(grep -v '^start' <<<"$output")" || return
    [[ $output == *False*start\ test\ process*end* ]] || fail "start:" "$output"
}

@test "before the start, while it runs, after the join" {
    run --separate-stderr bounded 20 "$alive"
    expect_lines
}

@test "without the pause, and however late the parent looks" {
    export TIME_SCALE=0
    build_late "$alive"
    for program in "$alive" "$late"; do
        run --separate-stderr bounded 20 "$program"
        expect_lines
    done
}

@test "one that is killed is reported" {
    at_line() {
        [[ $1 != *True ]] || kill -KILL "$(children_of "$pid")"
    }
    TIME_SCALE=1000 run --separate-stderr watch "$alive"
    [ "$status" -eq 1 ]
    [[ $output == *False*True*False ]]
    expect_same 'alive: process N ended with exit code -9' "$(mask <<<"$stderr")"
}

@test "Ctrl-C, and SIGINT to the parent alone" {
    export TIME_SCALE=1000 INTERRUPT_AT=True
    interrupt "$alive"
    interrupt_parent "$alive"
}

@test "help, bad usage, a full disk, no processes ..." {
    TIME_SCALE=0 expect_edges "$alive"
    expect_bad_usage "unexpected argument '5'" "$alive" 5
}
