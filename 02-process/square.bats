#!/usr/bin/env bats
# square: five squares, one after the other, or in five processes at once.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

square=02-process/square

lines_of() {
    printf 'start process:%d\nsquare %d:%d\nend process:%d\n' "$1" "$1" "$(($1 * $1))" "$1"
}

# The last line's number, in ten thousandths, is at least $1.
expect_time() {
    local line taken
    line=$(tail -n 1 <<<"$output")
    [[ $line =~ ^Time\ taken\ ([0-9]+)\.([0-9]{4})\ seconds$ ]] || fail "no time: $line" || return
    taken=$((10#${BASH_REMATCH[1]}${BASH_REMATCH[2]}))
    [ "$taken" -ge "$1" ] || fail "expected $1 at least: $line"
}

@test "one after the other" {
    run --separate-stderr bounded 20 "$square"
    [ "$status" -eq 0 ]
    expect_same "$(for x in 0 1 2 3 4; do lines_of "$x"; done)" "$(sed '$d' <<<"$output")"
    expect_time 2500
}

@test "-p: the same lines, each process's own in order" {
    for scale in 0 0.05; do
        TIME_SCALE=$scale run --separate-stderr bounded 20 "$square" -p
        [ "$status" -eq 0 ]
        [ "$(wc -l <<<"$output")" -eq 16 ]
        for x in 0 1 2 3 4; do
            expect_same "$(lines_of "$x")" "$(grep -E "(process:| )$x(:|\$)" <<<"$output")"
        done
    done
    expect_time 500
}

@test "-p: processes that are killed are reported" {
    at_line() {
        [[ $1 == 'square 4:16' ]] || return 0
        mapfile -t children < <(children_of "$pid")
        kill -KILL "${children[@]}" # all five are there
    }
    TIME_SCALE=1000 run --separate-stderr watch "$square" -p
    [ "$status" -eq 1 ]
    expect_same "$(for x in 0 1 2 3 4; do echo "square: process $x ended with exit code -9"; done)" "$stderr"
    [[ $output != *end* ]]
}

@test "-p: all at once; and they end with the parent" {
    # None can have ended when the fifth is there.
    TIME_SCALE=1000 INTERRUPT_AT='square 4:16' interrupt_parent "$square" -p
    [[ $output != *end* ]]
    TIME_SCALE=1000 interrupt "$square"
}

@test "help, bad usage, a full disk, no processes ..." {
    export TIME_SCALE=0
    FORKS=no expect_edges "$square"
    expect_edges "$square" -p
    expect_bad_usage "unexpected argument '5'" "$square" -p 5
}
