#!/usr/bin/env bats
# map: squares in the order of the numbers, whoever has computed them.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

map=04-pool/map

# [0, 1, 4 ...]: so many squares.
squares() {
    seq 0 $(($1 - 1)) | awk '{ printf "%s%d", NR == 1 ? "[" : ", ", $1 * $1 } END { print "]" }'
}

# run_map NUMBERS WORKERS [ARG...]: each number is worked on once, by no more workers than that, and the
# last line is the list.
run_map() {
    run --separate-stderr bounded 20 "$map" "${@:3}" "$1" "$2"
    [[ $status -eq 0 && -z $stderr ]] || report "map ${*:3} $1 $2: expected status 0, and no message" || return
    expect_same "$(squares "$1")" "$(tail -n 1 <<<"$output")" || return
    expect_same "$(seq 0 $(($1 - 1)))" \
        "$(sed '$d' <<<"$output" | sed -nE 's/^Input ([0-9]+) in process [0-9]+$/\1/p' | sort -n)" || return
    [ "$(wc -l <<<"$output")" -eq $(($1 + 1)) ] || report "other lines" || return
    [ "$(grep -o 'process .*' <<<"$output" | sort -u | wc -l)" -le "$2" ] || report "more than $2 workers"
}

@test "each number is worked on once, and the squares are in order" {
    run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$map"
    pid=${lines[0]}
    default=$(tail -n +2 <<<"$output" | mask | sort)
    [[ $status -eq 0 && $output != *"process $pid"* ]] || report 'the parent works'
    run_map 11 3
    expect_same "$(mask <<<"$output" | sort)" "$default"
    run_map 1 1
    run_map 1 3 -p
    run_map 100 5 -c 7
    run_map 3 2 -c 10000
    expect_same "$(squares 10000)" "$(bounded 20 "$map" 10000 2 | tail -n 1)"
    expect_nothing_left "$map"
}

@test "-c: one worker has a whole chunk, in its order" {
    for ((turn = 0; turn < 3; turn++)); do
        run_map 11 3 -p -c 4
        while read -r pid; do
            numbers=$(sed -nE "s/^Input ([0-9]+) in process $pid\$/\\1/p" <<<"$output" | tr '\n' ' ')
            [[ $numbers =~ ^(0 1 2 3 |4 5 6 7 |8 9 10 )+$ ]] || report "process $pid: $numbers"
        done < <(sed -nE 's/.* process //p' <<<"$output" | sort -u)
    done
}

@test "each of three workers begins with a chunk; the parent is killed: so are they" {
    at_line() {
        begun=$((begun + 1))
        [ "$begun" -ne 3 ] || kill -KILL "$pid"
    }
    begins_with() {
        begun=0
        TIME_SCALE=1000 SEED=1 run --separate-stderr watch "$map" -p "${@:2}"
        [ "$status" -eq 137 ] || report 'expected that it is killed' || return
        expect_same "$1" "$(sort <<<"$output" | awk '{ printf "%s ", $2 }')" || return
        [ "$(grep -o 'process .*' <<<"$output" | sort -u | wc -l)" -eq 3 ] || report 'not three processes'
    }
    begins_with '0 1 2 '
    begins_with '0 4 8 ' -c 4
    begins_with '0 3 6 ' 26 # 26 / (4 * 3), rounded up
    expect_nothing_left "$map"

    export TIME_SCALE=1000 SEED=1
    interrupt "$map" -p
    interrupt_parent "$map" -p
}

@test "-p: pauses, which SEED repeats and TIME_SCALE scales" {
    export SEED=738 # its pauses are unusually long
    milliseconds() {
        local start=${EPOCHREALTIME/./}
        TIME_SCALE=$1 run_map 8 1 "${@:2}"
        elapsed=$(((${EPOCHREALTIME/./} - start) / 1000))
    }
    milliseconds 0.05 -p # 0.158 s for 8 numbers
    [[ $elapsed -ge 155 && $elapsed -lt 5000 ]] || fail "$elapsed ms"
    milliseconds 1000
    [ "$elapsed" -lt 5000 ] || fail "$elapsed ms"
}

@test "lost numbers are reported, and missing in the list" {
    at_line() {
        [[ $1 != Input* ]] || kill -KILL "${1##* }"
    }
    TIME_SCALE=1000 SEED=1 run --separate-stderr watch "$map" -p 3 2
    [ "$status" -eq 1 ]
    expect_same '[lost, lost, lost]' "$(tail -n 1 <<<"$output")"
    for number in 0 1 2; do
        worker=$(sed -n "s/^Input $number in process //p" <<<"$output")
        [[ $stderr == *"map: number $number: process $worker was killed by signal 9"* ]] || report "number $number"
    done
    [ "$(wc -l <<<"$stderr")" -eq 3 ]

    altered=$BATS_TEST_TMPDIR/map
    sed 's/^    random_start/    if (number == 5)\n        _exit(3);\n&/' "$map.c" >"$altered.c"
    bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" build/libprocesses.a -pthread ||
        bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" lib/*.c -pthread # it has other flags
    for chunk in 1 4 11; do
        run --separate-stderr bounded 20 "$altered" -c "$chunk"
        [ "$status" -eq 1 ]
        expect_same '[0, 1, 4, 9, 16, lost, 36, 49, 64, 81, 100]' "$(tail -n 1 <<<"$output")"
        expect_same "map: number 5: process $(sed -n 's/^Input 5 in process //p' <<<"$output") ended with exit code 3" "$stderr"
    done
    expect_nothing_left "$map"
}

@test "the edges" {
    TIME_SCALE=0 expect_edges "$map" -p
    for numbers in 0 10001 7x ''; do
        expect_bad_usage 'NUMBERS: expected a whole number from 1 to 10000' "$map" "$numbers"
    done
    expect_bad_usage 'WORKERS: expected a whole number from 1 to 1000' "$map" 11 0
    expect_bad_usage 'WORKERS: expected a whole number from 1 to 1000' "$map" 11 1001
    expect_bad_usage '-c: expected a whole number from 1 to 10000' "$map" -c 0
    expect_bad_usage "unexpected argument '5'" "$map" 11 3 5
}
