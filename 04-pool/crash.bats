#!/usr/bin/env bats
# crash: a task that kills its own worker costs that task, and nothing else.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

crash=04-pool/crash

# expect_lines WHY: task 1 is lost, its process WHY; a third worker has started; the second time, all is well.
expect_lines() {
    local lost pid
    [[ $status -eq 0 && -z $stderr ]] || report "expected status 0, and no message" || return
    expect_same "Task 0: 0, by process N
Task 1: lost, process N $1
Task 2: 4, by process N
Task 3: 9, by process N
Task 4: 16, by process N
Task 5: 25, by process N
The same pool, once more:
Task 0: 0, by process N
Task 1: 1, by process N
Task 2: 4, by process N
Task 3: 9, by process N
Task 4: 16, by process N
Task 5: 25, by process N" "$(grep -v '^Worker' <<<"$output" | sed -E 's/process [0-9]+/process N/')" || return
    expect_same 3 "$(sed -n 's/^Worker \([0-9]*\) starts$/\1/p' <<<"$output" | sort -u | wc -l)" || return
    expect_same 3 "$(grep -c '^Worker' <<<"$output")" || return
    lost=$(sed -n 's/.*lost, process \([0-9]*\) .*/\1/p' <<<"$output")
    [[ $output == *"Task 0: 0, by process $lost"*"once more"* ]] || report "not in one chunk: tasks 0 and 1" || return
    sed -n 's/^Task [3-5]: .* process//p' <<<"$output" | paste - - - | awk '$1 != $2 || $2 != $3 { bad = 1 } END { exit bad }' ||
        report "not in one chunk: tasks 3 to 5" || return
    [[ ${output%%The same*} == *"Worker $lost starts"* ]] || report "not a worker: $lost" || return
    [[ ${output##*once more:} != *"$lost"* ]] || report "a dead process works" || return
    while read -r pid; do
        [[ $output == *"Worker $pid starts"* ]] || report "not a worker: $pid" || return
    done < <(sed -n 's/.*by process //p' <<<"$output")
}

@test "one task is lost, one worker is replaced, and the same pool is as good as new" {
    for ((turn = 0; turn < 10; turn++)); do
        run --separate-stderr bounded 20 "$crash"
        expect_lines 'was killed by signal 9'
    done
    expect_nothing_left "$crash"
}

@test "by other signals, and by exit; whatever is ignored or blocked" {
    for signal in 2 6 11 13 15; do
        run --separate-stderr bounded 20 env --ignore-signal=TERM,INT,PIPE --block-signal=TERM,HUP \
            sh -c 'ulimit -c 0; exec "$@"' - "$crash" -s "$signal"
        expect_lines "was killed by signal $signal"
    done
    for code in 0 3 255; do
        run --separate-stderr bounded 20 "$crash" -x "$code"
        expect_lines "ended with exit code $code"
    done
    expect_nothing_left "$crash"
}

@test "a task that takes for ever, stops, or sends a signal that ends nobody: the time limit" {
    start=$SECONDS
    for arguments in -t '-s 19' '-s 17'; do
        # shellcheck disable=SC2086 # two words
        bounded 20 "$crash" $arguments >"$BATS_TEST_TMPDIR/output $arguments" 2>&1 &
    done
    for job in $(jobs -p); do
        wait "$job"
    done
    [ $((SECONDS - start)) -lt 10 ]
    for arguments in -t '-s 19' '-s 17'; do
        stderr='' status=0 output=$(<"$BATS_TEST_TMPDIR/output $arguments")
        expect_lines 'took longer than the time limit'
    done
    expect_nothing_left "$crash"
}

@test "another task is lost, or none: that is a failure" {
    altered=$BATS_TEST_TMPDIR/crash
    for change in '/^static int square(/,/^}/ s/^    [*]/    if (number == 4)\n        _exit(3);\n&/' \
        's/argument [!]= FATAL/& + 9/' 's/well = map[(]pool, square,/well = map(pool, square_or_die,/'; do
        sed "$change" "$crash.c" >"$altered.c"
        ! cmp -s "$crash.c" "$altered.c"
        bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" build/libprocesses.a -pthread ||
            bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" lib/*.c -pthread # it has other flags
        run --separate-stderr bounded 20 "$altered"
        [ "$status" -eq 1 ]
        expect_same 'crash: not just task 1 was lost' "$stderr"
    done
    expect_nothing_left "$altered"
}

@test "the parent is killed, or gets SIGINT: nothing is left" {
    export INTERRUPT_AT=starts
    interrupt "$crash" -t
    interrupt_parent "$crash" -t
    at_line() {
        kill -KILL "$pid"
    }
    run --separate-stderr watch "$crash" -t
    [ "$status" -eq 137 ]
    expect_nothing_left "$crash"
}

@test "the edges" {
    expect_edges "$crash"
    expect_bad_usage '-s: expected a whole number from 1 to 31' "$crash" -s 0
    expect_bad_usage '-s: expected a whole number from 1 to 31' "$crash" -s 32
    expect_bad_usage '-x: expected a whole number from 0 to 255' "$crash" -x 256
    expect_bad_usage 'expected one of -s, -x and -t' "$crash" -s 9 -t
    expect_bad_usage 'expected one of -s, -x and -t' "$crash" -x 3 -s 9
    expect_bad_usage "unexpected argument '5'" "$crash" 5
}
