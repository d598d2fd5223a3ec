#!/usr/bin/env bats
# background: the daemonic process is gone when its parent is; the other one is joined.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

background=02-process/background

wanted='Starting background_process
background_process may not start children: Operation not permitted
Starting NO_background_process
Exiting NO_background_process
The main program ends, and background_process is alive:True'

@test "the daemonic process ends with its parent" {
    for scale in 0 0 0 0.05; do
        # Not through a pipe, of which we would wait for the end.
        TIME_SCALE=$scale with ">$BATS_TEST_TMPDIR/output" "$background"
        expect_same "$wanted" "$(cat "$BATS_TEST_TMPDIR/output")"
        expect_nothing_left "$background"
    done
}

@test "also when the parent is killed; and then the other one does not stay either" {
    at_line() {
        [[ $1 != 'Starting NO'* ]] || kill -KILL "$pid"
    }
    TIME_SCALE=1000 run --separate-stderr watch "$background"
    [ "$status" -eq 137 ]
    expect_same "$(head -n 3 <<<"$wanted")" "$output"
    expect_nothing_left "$background"
    TIME_SCALE=1000 INTERRUPT_AT='Starting NO' interrupt "$background"
}

@test "one that is killed is reported" {
    at_line() {
        case $1 in
        'Starting NO'*) children=$(children_of "$pid") && kill -KILL ${children:+$children} ;;
        esac
    }
    TIME_SCALE=1000 run --separate-stderr watch "$background"
    [ "$status" -eq 1 ]
    expect_same 'background: NO_background_process ended with exit code -9' "$stderr"
    expect_nothing_left "$background"
}

@test "help, bad usage, a full disk, no processes ..." {
    TIME_SCALE=0 expect_edges "$background"
    expect_bad_usage "unexpected argument '5'" "$background" 5
}
