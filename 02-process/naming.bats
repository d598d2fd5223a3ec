#!/usr/bin/env bats
# naming: names given and default, and what ps shows.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

naming=02-process/naming

wanted='Starting foo_process
ps shows foo_process as foo_process
Exiting foo_process
Starting Process-2
ps shows Process-2 as naming
Exiting Process-2'

@test "each says its name, when it starts and when it exits" {
    [ -r /proc/self/comm ] || wanted=$(sed -E "s/ps shows (.*) as .*/\\1 can't tell what ps shows/" <<<"$wanted")
    for scale in 0 0.05; do
        TIME_SCALE=$scale run --separate-stderr bounded 20 "$naming"
        [[ $status -eq 0 && -z $stderr ]]
        # The two race.
        expect_same "$wanted" "$(grep foo <<<"$output" && grep -v foo <<<"$output")"
    done
}

@test "ps shows what they say" {
    [ -r /proc/self/comm ] || skip 'this system has no /proc/PID/comm'
    at_line() {
        started+=${1%% *} # Starting, ps
        if [[ $started == *ps*ps* ]]; then # both pause
            cat "/proc/$pid/comm"
            for child in $(children_of "$pid"); do cat "/proc/$child/comm"; done
            kill -KILL "$pid"
        fi
    }
    TIME_SCALE=1000 run --separate-stderr watch "$naming"
    expect_same 'naming
foo_process
naming' "$(grep -v ' ' <<<"$output")"
    expect_nothing_left "$naming"
}

@test "one that is killed is reported" {
    at_line() {
        case $1 in
        ps*foo*) children=$(children_of "$pid") && kill -KILL "${children%%$'\n'*}" ;;
        ps*) children=$(children_of "$pid") && kill -TERM "${children##*$'\n'}" ;;
        esac
    }
    TIME_SCALE=1000 run --separate-stderr watch "$naming"
    [ "$status" -eq 1 ]
    expect_same 'naming: foo_process ended with exit code -9
naming: Process-2 ended with exit code -15' "$stderr"
}

@test "help, bad usage, a full disk, no processes ..." {
    TIME_SCALE=0 expect_edges "$naming"
    expect_bad_usage "unexpected argument '5'" "$naming" 5
}
