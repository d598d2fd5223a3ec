#!/usr/bin/env bats
# timeout: a program and its children, ended on time.

load ../.ci/test_helper

timeout=05-subprocess/timeout

# expect OUTPUT ERROR STATUS ARG...: what `timeout ARG...` gives, with times as T. (A status of 124 would
# be taken for bounded's own.)
expect() {
    local expected=$1 error=$2 code=$3
    shift 3
    run --separate-stderr bounded 20 sh -c '"$@"; echo "status $?"' - "$timeout" "$@"
    expect_same "$expected"$'\n'"status $code" "$(sed -E 's/[0-9]+\.[0-9][0-9] seconds/T seconds/' <<<"$output")" ||
        return
    expect_same "$error" "$stderr"
}

@test "without arguments: after a second, what was printed so far, and nothing is left" {
    expect '$ sh -c echo one; sleep 60 & sleep 60; echo two
one
Ended after T seconds: return code -15' '' 124
    [[ $output == *' after '[12].[0-9][0-9]' seconds'* ]] # TIME_SCALE is 0.05 here
    expect_nothing_left "$timeout"
}

@test "in time: its output and error, and its own exit status" {
    expect '$ sh -c echo out; printf error >&2; exit 3
out
Done after T seconds: return code 3' error 3 20 sh -c 'echo out; printf error >&2; exit 3'
    expect $'$ sh -c printf one; kill -9 $$\none\nDone after T seconds: return code -9' '' 137 \
        20 sh -c 'printf one; kill -9 $$'
    expect $'$ sh -c exit 124\nDone after T seconds: return code 124' '' 124 020. sh -c 'exit 124'
    run --separate-stderr bounded 20 "$timeout" 20 cat <<<'our input'
    expect_same $'$ cat\nour input\nDone after T seconds: return code 0' "$(mask <<<"$output$stderr")"
    [ "$(bounded 20 "$timeout" 20 head -c 999999 /dev/zero | tr -cd '\0' | wc -c)" -eq 999999 ]
}

@test "last words after SIGTERM are taken; a program that ignores it is killed" {
    expect "\$ sh -c trap 'echo bye; exit 5' TERM; echo one; sleep 1000 & wait
one
bye
Ended after T seconds: return code 5" '' 124 \
        1 sh -c "trap 'echo bye; exit 5' TERM; echo one; sleep 1000 & wait"
    run --separate-stderr bounded 20 env --ignore-signal=TERM sh -c '"$@"; echo "status $?"' - \
        "$timeout" 0.05 sh -c 'sleep 1000 & sleep 1000'
    expect_same $'Ended after T seconds: return code -9\nstatus N' "$(sed 1d <<<"$output" | mask)"
    expect_nothing_left "$timeout"
}

@test "a program that ends in time: the children that it has left behind end, too" {
    expect $'$ sh -c sleep 1000 & echo done\ndone\nDone after T seconds: return code 0' '' 0 \
        20 sh -c 'sleep 1000 & echo done'
    expect_nothing_left "$timeout"
}

@test "a program that can't be executed: 127 or 126" {
    expect $'$ no-such-program\nDone after T seconds: return code 127' \
        'timeout: no-such-program: No such file or directory' 127 20 no-such-program
    expect $'$ ./README.md\nDone after T seconds: return code 126' \
        'timeout: ./README.md: Permission denied' 126 20 ./README.md
}

@test "at its edges, and wrong usage" {
    expect_edges "$timeout" 20 true
    expect_bad_usage 'an argument is missing' "$timeout" 20
    for seconds in 0 0.000 '' ' 1' 1s 1e3 0x1 inf nan 1.2.3 . 1000001 +1; do
        run --separate-stderr bounded 20 "$timeout" "$seconds" true
        [ "$status" -eq 2 ]
        expect_same "timeout: SECONDS: expected a number above 0, at most 1000000, got '$seconds'" "$output$stderr"
    done
    expect_bad_usage 'SECONDS: expected a number' "$timeout" forever true
}

@test "Ctrl-C, and SIGINT to timeout alone: the whole group ends, also one that ignores it" {
    interrupt "$timeout" 1000 sh -c 'sleep 1000 & sleep 1000'
    interrupt_parent "$timeout" 1000 sh -c 'sleep 1000 & sleep 1000'
    expect_same '$ sh -c sleep 1000 & sleep 1000' "$output"
    run --separate-stderr bounded 20 "$timeout" 1000 sh -c 'trap "" INT; sleep 1000 & kill -INT $PPID; sleep 1000'
    [ "$status" -eq 130 ]
    expect_nothing_left "$timeout"
}
