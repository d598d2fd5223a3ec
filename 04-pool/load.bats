#!/usr/bin/env bats
# load: every draw is made once, and the sum does not depend on the workers; also when one is killed.

load ../.ci/test_helper

load=04-pool/load
MOST=${LONG_MAX:-9223372036854775807}

# Builds it with a rand that always gives a half, and with seeds that tell which task draws: into `fake`.
# With KILL_AT=17 the worker that begins task 17 is killed; with KILL_AT=all each of them.
build_fake() {
    fake=$BATS_FILE_TMPDIR/load
    [ ! -x "$fake" ] || return 0
    cat >"$BATS_FILE_TMPDIR/fake.c" <<'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
int rand(void)
{
    return RAND_MAX / 2 + 1;
}
void srand(unsigned seed)
{
    unsigned task;
    for (task = 0; task * 2654435761U + 1 != seed; task++) /* as random_start makes it, for SEED=0 */
        ;
    const char *at = getenv("KILL_AT");
    if (at != NULL && (*at == 'a' || atol(at) == (long)task))
        raise(SIGKILL);
    fprintf(stderr, "task %u\n", task);
}
END
    "${CC:-cc}" -O1 -Ilib -o "$fake" 04-pool/load.c "$BATS_FILE_TMPDIR/fake.c" build/libprocesses.a -pthread
}

# What `output` says in all, after it has been checked that the processes add up to that: TASKS DRAWS TOTAL MEAN
in_all() {
    awk '
        NR == 1 { promised = $1; next }
        /^Process/ { tasks += $3; draws += $5; total += $8; if (seen[$2]++) exit 1 }
        /^In all/ {
            if ($3 != tasks || $5 != draws || ($8 - total) ^ 2 > 1e-6 || ($10 - $8 / $5) ^ 2 > 1e-11) exit 1
            print $3, $5, $8, $10
            found = tasks == 80 ? draws == promised : 1
        }
        END { exit !found }' <<<"${output//,/}" || fail 'it does not add up:' "$output"
}

@test "with SEED, the same total, whoever draws; the mean is near a half" {
    first=''
    for workers in 1 2 7; do
        SEED=7 run --separate-stderr bounded 20 "$load" -n 1000003 "$workers"
        [[ $status -eq 0 && -z $stderr ]]
        sum=$(in_all)
        [[ $sum == '80 1000003 '* ]]
        expect_same "${first:=$sum}" "$sum"
        [ "$(grep -c '^Process' <<<"$output")" -le "$workers" ]
        grep -qE '^Elapsed time: 1?[0-9]\.[0-9]{2} seconds$' <<<"${lines[-1]}" # as it is bounded to 20
        expect_same '1000003 draws in 80 tasks' "${lines[0]}"
    done
    [[ $(in_all) == *' 0.499'* || $(in_all) == *' 0.500'* ]] # a deviation of 0.0003 is usual
    output=$(SEED=8 bounded 20 "$load" -n 1000003)
    [ "$first" != "$(in_all)" ]
    output=$(bounded 20 "$load" -n 1000003)
    second=$(in_all)
    output=$(bounded 20 "$load" -n 1000003)
    [ "$second" != "$(in_all)" ]
}

@test "so many draws as it says, by default 80,000,000: each task has its own, and a stream of its own" {
    build_fake
    export SEED=0
    for draws in 1 79 80 81 12345 80000000; do
        options=(-n "$draws")
        [ "$draws" -ne 80000000 ] || options=()
        run --separate-stderr bounded 60 "$fake" "${options[@]}" 2
        [ "$status" -eq 0 ]
        expect_same "80 $draws $((draws / 2)).$((draws % 2 * 5))00000 0.500000" "$(in_all)"
        expect_same "$(printf 'task %d\n' {0..79})" "$(sort -V <<<"$stderr")"
    done
}

@test "a worker is killed: its task is reported, all others are in the sum" {
    build_fake
    for task in 0 17 79; do
        SEED=0 KILL_AT=$task run --separate-stderr bounded 20 "$fake" -n 800 2
        [ "$status" -eq 1 ]
        expect_same "load: task $task: process N was killed by signal 9" "$(grep load: <<<"$stderr" | mask)"
        expect_same '79 790 395.000000 0.500000' "$(in_all)"
        expect_same 79 "$(grep -c '^task' <<<"$stderr")"
    done
    SEED=0 KILL_AT=all run --separate-stderr bounded 20 "$fake" -n 800
    [ "$status" -eq 1 ]
    expect_same "$(printf 'load: task %d: process N was killed by signal 9\n' {0..79})" "$(sed -E 's/ss [0-9]+/ss N/' <<<"$stderr")"
    expect_same 'In all: 0 tasks, 0 draws, total 0.000000, mean 0.000000' "$(sed '1d;$d' <<<"$output")"
    expect_nothing_left "$load"
}

@test "so many workers as it is told; by default, as there are processors" {
    need_user
    processors=$(getconf _NPROCESSORS_ONLN)
    for workers in 1 2 ''; do
        SEED=7 run --separate-stderr as_user $((${workers:-$processors} + 1)) "$load" -n 80 ${workers:+"$workers"}
        [[ $status -eq 0 && -z $stderr ]]
        run --separate-stderr as_user "${workers:-$processors}" "$load" -n 80 ${workers:+"$workers"} # one too few
        [ "$status" -eq 1 ]
        expect_same 'load: open the pool: Resource temporarily unavailable' "$stderr"
    done
}

@test "Ctrl-C, or any death of the parent, leaves no worker" {
    export INTERRUPT_AT=tasks
    interrupt "$load" -n "$MOST" 3
    interrupt_parent "$load" -n "$MOST" 3
    at_line() {
        kill -KILL "$pid"
    }
    run --separate-stderr watch "$load" -n "$MOST"
    [ "$status" -eq 137 ]
    expect_nothing_left "$load"
}

@test "at the edges" {
    for workers in 0 1001 2x; do
        expect_bad_usage "WORKERS: expected a whole number from 1 to 1000, got '$workers'" "$load" "$workers"
    done
    expect_bad_usage "-n: expected a whole number from 1 to $MOST, got '0'" "$load" -n 0 2
    expect_bad_usage "-n: expected a whole number" "$load" -n 1e6
    expect_bad_usage "unexpected argument '3'" "$load" 2 3
    SEED=7 VARIES=yes expect_edges "$load" -n 1000 2
}
