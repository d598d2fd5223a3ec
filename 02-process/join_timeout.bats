#!/usr/bin/env bats
# join_timeout: a join that comes back before the process ends.

load ../.ci/test_helper

join_timeout=02-process/join_timeout

wanted='join with a timeout of T s: back after T s
is_alive: True, exit code: None
Process-1 joins itself: EDEADLK
join without a timeout: back after T s
is_alive: False, exit code: 0'

expect_lines() {
    [[ $status -eq 0 && -z $stderr ]] || report "expected status 0" || return
    expect_same "$wanted" "$(mask <<<"$output")"
}

# The times in `output`, in milliseconds.
times() {
    grep -oE '[0-9]+\.[0-9]{3} s' <<<"$output" | tr -d '. s' | sed 's/^0*\(.\)/\1/'
}

@test "the timeout passes, and the process goes on" {
    run --separate-stderr bounded 20 "$join_timeout"
    expect_lines
    mapfile -t times < <(times)
    [[ ${times[0]} -eq 100 && ${times[1]} -ge 100 && ${times[2]} -ge 150 ]] || fail "${times[@]}"
    [ "${times[1]}" -lt 5000 ]
}

@test "on every run, without the pause" {
    export TIME_SCALE=0
    for ((turn = 0; turn < 20; turn++)); do
        status=0 stderr=''
        output=$(bounded 20 "$join_timeout") || status=$?
        expect_lines
    done
    [[ $output == 'join with a timeout of 0.000 s'* ]]
}

# Kills the program, or its child, while it waits for the timeout. `status` is the program's.
kill_one() {
    local files=$BATS_TEST_TMPDIR
    TIME_SCALE=1000 bounded 20 sh -c 'echo $$ >"$0"; exec "$@"' "$files/pid" "$join_timeout" \
        >"$files/output" 2>"$files/stderr" &
    child=''
    while [ -z "$child" ] && kill -0 "$!" 2>/dev/null; do
        [ ! -s "$files/pid" ] || { parent=$(<"$files/pid") && child=$(children_of "$parent"); }
    done
    kill -KILL "${!1}"
    status=0
    wait "$!" || status=$?
    output=$(cat "$files/output")
    stderr=$(cat "$files/stderr")
}

@test "the process is killed: the join does not wait for the timeout, and that is reported" {
    kill_one child
    [ "$status" -eq 1 ]
    expect_same "join_timeout: process $child ended with exit code -9" "$stderr"
    expect_same "join with a timeout of T s: back after T s
is_alive: False, exit code: -9
join without a timeout: back after T s
is_alive: False, exit code: -9" "$(mask <<<"$output")"
}

@test "it ends with its parent" {
    kill_one parent
    [ "$status" -eq 137 ]
    expect_nothing_left "$join_timeout"
}

@test "help, bad usage, a full disk, no processes ..." {
    TIME_SCALE=0 expect_edges "$join_timeout"
    expect_bad_usage "unexpected argument '5'" "$join_timeout" 5
}
