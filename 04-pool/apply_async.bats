#!/usr/bin/env bats
# apply_async: handles and callbacks.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

apply_async=04-pool/apply_async

# before LINE OTHER: both are in `output`, and LINE is the earlier one. (Patterns.)
before() {
    # shellcheck disable=SC2053 # they are patterns
    [[ $'\n'$output$'\n' == *$'\n'$1$'\n'*$'\n'$2$'\n'* || $'\n'$output$'\n' == *$'\n'$1$'\n'$2$'\n'* ]] ||
        report "expected '$1' before '$2'"
}

wanted='Parent process PID
Input 7 in process N
Input 5 in process N
Input 4 in process N
Input 2 in process N
Input 0 in process N
get 1 / 7, at most T s: back after T s, ready: False
get 1 / 7 = 0.143, ready: True
callback in PID: 1 / 5 = 0.200
callback in PID: 1 / 4 = 0.250
callback in PID: 1 / 2 = 0.500
error callback in PID: 1 / 0: Numerical argument out of domain'

# The pid of who works on that number.
worker() {
    sed -n "s/^Input $1 in process //p" <<<"$output"
}

@test "a get that comes back on time, and callbacks in the parent" {
    for scale in 0.05 0 0 0 0 0; do
        TIME_SCALE=$scale run --separate-stderr bounded 20 "$apply_async"
        [[ $status -eq 0 && -z $stderr ]] || report 'expected status 0, and no message'
        parent=$(sed -n 's/^Parent process //p' <<<"$output")
        expect_same "$(sort <<<"${wanted//PID/$parent}")" \
            "$(sed -E 's/(Input . in process ).*/\1N/; s/[0-9.]+ s/T s/g' <<<"$output" | sort)"
        before 'get 1 / 7, at most *' 'get 1 / 7 = *'
        for number in 5 4 2; do
            before "Input $number in *" "callback in *: 1 / $number = *"
        done
        before 'Input 0 in *' 'error callback in *'
        workers=$(grep -o 'process .*' <<<"$output" | sort -u) # and the parent, which does none
        [[ $(wc -l <<<"$workers") -le 4 && $(grep -c "process $parent\$" <<<"$output") -eq 1 ]]
        read -r timeout back < <(sed -nE 's/.* at most 0\.0*([0-9]+) s: back after ([0-9]+)\.([0-9]+) s.*/\1 \2\3/p' <<<"$output")
        [ "$timeout" -eq "$(awk "BEGIN { print $scale * 1000 }")" ]
        [ "$back" -ge "$timeout" ] && [ "$back" -lt 5000 ] || fail "back after $back"
    done
    expect_nothing_left "$apply_async"
}

@test "every worker is killed: the get need not wait for its timeout, and all is reported" {
    at_line() {
        [[ $1 != Input* ]] || kill -KILL "${1##* }"
    }
    TIME_SCALE=1000 run --separate-stderr watch "$apply_async"
    [ "$status" -eq 1 ]
    before 'Input 7 in *' 'get 1 / 7, at most 1000.000 s: back after *, ready: True'
    [[ $output != *'get 1 / 7 ='* && $output != *$'\n''callback in'* ]]
    for number in 5 4 2 0; do # the task of 0 pauses for no time: it may be done before it is killed
        why="process $(worker "$number") was killed by signal 9"
        [[ $output == *"error callback in "*": 1 / $number: $why"* || $number -eq 0 ]] || report "1 / $number"
        [[ $stderr == *"apply_async: the task of $number: $why"* || $number -eq 0 ]] || report "$number"
    done
    [[ $stderr == *"apply_async: the task of 7: process $(worker 7) was killed by signal 9"* ]]
    [ "$(grep -c '^error callback in' <<<"$output")" -eq 4 ]
    expect_nothing_left "$apply_async"
}

@test "the parent is killed, or gets SIGINT: nothing is left" {
    export TIME_SCALE=1000 INTERRUPT_AT='Input 4'
    at_line() {
        [[ $1 != Input* ]] || kill -KILL "$pid"
    }
    run --separate-stderr watch "$apply_async"
    [ "$status" -eq 137 ]
    expect_nothing_left "$apply_async"
    interrupt "$apply_async"
    interrupt_parent "$apply_async"
}

@test "the edges" {
    TIME_SCALE=0 expect_edges "$apply_async"
    expect_bad_usage "unexpected argument '5'" "$apply_async" 5
}
