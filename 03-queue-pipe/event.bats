#!/usr/bin/env bats
# event: what the waiter and the setter see of it, in a fixed order; and when one of them is killed.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

event=03-queue-pipe/event

# Ends well, with just these lines in this order. What the timeout and the pause take at least, in
# milliseconds: run_well TIMEOUT PAUSE
run_well() {
    local start=${EPOCHREALTIME/./}
    run --separate-stderr bounded 20 "$event"
    local took=$(((${EPOCHREALTIME/./} - start) / 1000))
    [[ $status -eq 0 && -z $stderr ]] || report 'expected status 0, and no message' || return
    expect_same 'waiter: is_set: false
waiter: wait, at most 2.5 seconds ...
waiter: timeout after T seconds
waiter: wait ...
setter: set
waiter: set after T seconds
waiter: is_set: true
waiter: wait, at most 2.5 seconds ...
waiter: set after T seconds
waiter: clear
setter: is_set: false' "$(sed -E 's/after [0-9]+\.[0-9]{2} /after T /' <<<"$output")" || return
    [[ $output =~ timeout\ after\ ([0-9]+)\.([0-9]{2}) ]]
    [ "$((10#${BASH_REMATCH[1]}${BASH_REMATCH[2]} * 10 + 5))" -ge "$1" ] || fail 'short timeout:' "$output" || return
    [ "$took" -ge $(($1 + $2)) ] || fail "took $took milliseconds:" "$output"
}

# The pid of PARENT's child of that name: child NAME PARENT
child() {
    local file number name parent
    for file in /proc/[0-9]*/stat; do
        { read -r number name _ parent _ <"$file"; } 2>/dev/null || continue
        [[ $name != "($1)" || $parent != "$2" ]] || echo "$number"
    done
}

@test "set, clear, is_set, and waiting with a timeout and without" {
    run_well 125 50
    TIME_SCALE=0.2 run_well 500 200
    expect_nothing_left "$event"
}

@test "without pauses the same, every time" {
    export TIME_SCALE=0
    for ((turn = 0; turn < 10; turn++)); do
        run_well 0 0
        [[ $output == *'timeout after '[01].* ]] # the timeout is scaled, too
    done
}

@test "one is killed: the other does not wait for ever" {
    [ -d /proc/self ] || skip 'the processes are found by way of /proc'
    at_line() {
        [[ $1 == *'at most'* ]] || return 0
        until number=$(child "$victim" "$pid") && [ -n "$number" ]; do sleep 0.01; done # the setter may be late
        kill -KILL "$number"
    }
    for victim in waiter setter; do
        other=waiter
        [ "$victim" != waiter ] || other=setter
        TIME_SCALE=1000 run --separate-stderr watch "$event"
        [ "$status" -eq 1 ]
        expect_same "event: the $victim ended with exit code -9
event: the $other ended with exit code -9" "$stderr"
        expect_nothing_left "$event"
    done
}

@test "Ctrl-C, and the parent alone is killed: nobody stays" {
    export TIME_SCALE=1000 INTERRUPT_AT='at most'
    interrupt "$event"
    interrupt_parent "$event"
    at_line() {
        [[ $1 != *'at most'* ]] || kill -KILL "$pid"
    }
    run watch "$event"
    [ "$status" -eq 137 ]
    expect_nothing_left "$event"
}

@test "the edges" {
    expect_edges "$event"
    expect_bad_usage "unexpected argument '7'" "$event" 7
}
