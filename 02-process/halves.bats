#!/usr/bin/env bats
# halves: multiples of 3, found by one process and by two.

load ../.ci/test_helper

halves=02-process/halves
multiples=$(seq -s ' ' 3 3 99)
wanted="1 to N in process N: 33 numbers
Found: $multiples
Time taken by 1 process: T seconds
1 to 50 in process N: 16 numbers
51 to N in process N: 17 numbers
Found: $multiples
Time taken by 2 processes: T seconds"

@test "the same numbers, in order, from one process and from two" {
    for scale in 0 0.05; do
        TIME_SCALE=$scale run --separate-stderr bounded 20 "$halves"
        [[ $status -eq 0 && -z $stderr ]]
        expect_same "$wanted" "$(mask <<<"$output")"
    done
    [ "$(grep -oE 'process [0-9]+:' <<<"$output" | sort -u | wc -l)" -eq 3 ]
    # 100 pauses of 0.0005 s, and 50.
    expect_same "1 true
2 true" "$(awk '/Time taken/ { print $4, ($6 >= 0.05 / $4 ? "true" : $6) }' <<<"$output")"
}

@test "two processes are two at once" {
    need_user
    run --separate-stderr as_user 2 "$halves" # itself and one child
    [ "$status" -eq 1 ]
    [[ $stderr == 'halves: start a process for 51 to 100: '* ]] || report "expected no process for 51 to 100"
    expect_nothing_left "$halves"
}

@test "a process that is killed is reported; a parent that is killed takes its child along" {
    export TIME_SCALE=1000
    files=$BATS_TEST_TMPDIR
    for victim in child parent; do
        bounded 20 sh -c 'echo $$ >"$0"; exec "$@"' "$files/pid" "$halves" >"$files/output" 2>"$files/stderr" &
        child=''
        while [ -z "$child" ] && kill -0 "$!" 2>/dev/null; do
            [ ! -s "$files/pid" ] || { parent=$(<"$files/pid") && child=$(children_of "$parent"); }
        done
        kill -KILL "${!victim}"
        status=0
        wait "$!" || status=$?
        rm "$files/pid"
        [ ! -s "$files/output" ]
        if [ "$victim" = child ]; then
            [ "$status" -eq 1 ]
            expect_same "halves: process $child ended with exit code -9" "$(cat "$files/stderr")"
        fi
        expect_nothing_left "$halves"
    done
}

@test "help, bad usage, a full disk, no processes ..." {
    TIME_SCALE=0 expect_edges "$halves"
    expect_bad_usage "unexpected argument '5'" "$halves" 5
}
