#!/usr/bin/env bats
# return_data: results in files, which go again, whoever dies and when.

load ../.ci/test_helper

return_data=01-fork/return_data

# `output` is that of a run in process $1: three children, and the results of children $2...
expect_results() {
    local parent=$1 pids number wanted=''
    local -a values=('' 1.000000 0.500000 0.333333)
    pids=$(sed -nE "s/^Child \(([0-9]+)\) writes $parent-\1\$/\1/p" <<<"$output")
    [ "$(sort -u <<<"$pids" | wc -l)" -eq 3 ] || fail 'expected three children:' "$output" || return
    shift
    for number; do
        wanted+="(N, 0) reciprocal of $number: ${values[number]}"$'\n'
    done
    expect_same "${wanted%$'\n'}" "$(grep -v '^Child' <<<"$output" | sed -E 's/^\([0-9]+,/(N,/')" || return
    # Each from a child of its own.
    expect_same "$#" "$(sed -nE 's/^\(([0-9]+), 0\).*/\1/p' <<<"$output" | sort -u | grep -cxF "$pids")"
}

run_with_pid() {
    run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$@"
    pid=${lines[0]}
    output=${output#*$'\n'}
}

# Builds it with a command, DAMAGE, in the place of the pause.
build_damaging() {
    damaging=$BATS_FILE_TMPDIR/return_data
    [ ! -x "$damaging" ] || return 0
    cat >"$BATS_FILE_TMPDIR/damage.c" <<'END'
#include <stdlib.h>
int damage(double seconds)
{
    (void)seconds;
    return system(getenv("DAMAGE"));
}
END
    "${CC:-cc}" -Ilib -Dpause_seconds=damage -c -o "$damaging.o" 01-fork/return_data.c
    "${CC:-cc}" -Ilib -o "$damaging" "$damaging.o" "$BATS_FILE_TMPDIR/damage.c" build/libprocesses.a -pthread
}

@test "three results come back, in order, and no file stays" {
    for scale in 0 0.1; do
        TIME_SCALE=$scale run_with_pid "$return_data"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_results "$pid" 1 2 3
    done
    expect_nothing_left "$return_data"
}

@test "-k: the child that is killed is reported, the others' results come, no file stays; status 1" {
    run_with_pid "$return_data" -k
    [ "$status" -eq 1 ]
    expect_results "$pid" 2 3
    expect_same 'return_data: child N left no result, wait status 9' "$(mask <<<"$stderr")"
    expect_nothing_left "$return_data -k"
}

@test "the files are named from both pids, are for nobody else, and go when their writers are killed" {
    at_line() {
        [[ $1 == 'Child ('*') writes '* ]] || return 0
        local child=${1//*\(/}
        child=${child%%)*}
        find "$TMPDIR"/return_data-* -printf '%m %y %f %s\n' | grep "$child" >>"$BATS_TEST_TMPDIR/found"
        find "$TMPDIR"/return_data-* -maxdepth 0 -printf '%m %y\n' >>"$BATS_TEST_TMPDIR/found"
        kill -KILL "$child"
    }
    export TMPDIR=$BATS_TEST_TMPDIR/temporary
    mkdir "$TMPDIR"
    umask 0
    TIME_SCALE=1000 run --separate-stderr watch "$return_data"
    [ "$status" -eq 1 ]
    expect_same "$(printf 'return_data: child N left no result, wait status 9\n%.0s' {1..3})" "$(mask <<<"$stderr")"
    expect_same "$(sed -E 's/.* writes (.*)/600 f \1 14\n700 d/' <<<"$output")" "$(cat "$BATS_TEST_TMPDIR/found")"
    expect_same '' "$(ls "$TMPDIR")"
}

@test "Ctrl-C, or a signal to the parent, leaves no file" {
    export TIME_SCALE=1 INTERRUPT_AT=writes
    interrupt "$return_data"
    [[ $output != *'reciprocal of 1'* ]] # its child was killed at once
    interrupt_parent "$return_data"
}

@test "so do the other signals: it dies of them when the results are there" {
    build_damaging
    export DAMAGE='file=$(echo return_data-*/*-$PPID); parent=${file#*/}; kill -$SIGNAL ${parent%-*}'
    ulimit -c 0
    for signal in HUP INT QUIT TERM; do
        SIGNAL=$signal run --separate-stderr bounded 20 "$damaging"
        [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
        expect_same 3 "$(grep -c reciprocal <<<"$output")"
    done
    expect_nothing_left "$return_data"
}

@test "a reader that goes away leaves no file" {
    export TIME_SCALE=0.5
    "$return_data" 2>/dev/null | head -n 1
    expect_nothing_left "$return_data"
}

@test "a result that is gone, damaged or too long is reported; a directory that can't be removed or made, too" {
    build_damaging
    export TMPDIR=$BATS_TEST_TMPDIR/temporary
    mkdir "$TMPDIR"
    for damage in rm 'truncate -s 0' 'truncate -s 40'; do
        DAMAGE="$damage return_data-*/*-\$PPID" run --separate-stderr bounded 20 "$damaging"
        [ "$status" -eq 1 ]
        expect_same '' "$(grep reciprocal <<<"$output")"
        reason='Bad message'
        [[ $damage != rm* ]] || reason='No such file or directory'
        expect_same "$(printf "read N-N: $reason\n%.0s" {1..3})" "$(sed -E 's/.*(read ).*\//\1/' <<<"$stderr" | mask)"
        expect_same '' "$(ls "$TMPDIR")"
    done
    DAMAGE='cd return_data-* && touch more' run --separate-stderr bounded 20 "$damaging"
    [ "$status" -eq 1 ]
    [[ $stderr == "return_data: remove $TMPDIR/return_data-"*': Directory not empty' ]]

    for unset in -uTMPDIR TMPDIR=; do
        output=$(DAMAGE='ls $PWD/return_data-*/*-$PPID' bounded 20 env "$unset" "$damaging")
        expect_same 3 "$(grep -cE '^/tmp/return_data-.{6}/[0-9]+-[0-9]+$' <<<"$output")"
    done
    TMPDIR=$BATS_TEST_TMPDIR/none run --separate-stderr bounded 20 "$return_data"
    [ "$status" -eq 1 ]
    expect_same "return_data: make a directory in $BATS_TEST_TMPDIR/none: No such file or directory" "$stderr"
}

@test "at the edges" {
    expect_bad_usage "unexpected argument '3'" "$return_data" 3
    run --separate-stderr with '>/dev/full' "$return_data"
    expect_same 3 "$(grep -c 'write standard output' <<<"$stderr")" # of the children
    # Now a disk that has room for their lines, and not for the parent's.
    size=$("$return_data" | grep Child | wc -c)
    head -c $((1024 - size - 6)) /dev/zero >"$BATS_TEST_TMPDIR/disk"
    run --separate-stderr bounded 20 env --ignore-signal=XFSZ bash -c 'ulimit -f 1 && exec "$1" >>"$0"' \
        "$BATS_TEST_TMPDIR/disk" "$return_data"
    [ "$status" -eq 1 ]
    [[ $stderr == *'return_data: write standard output: File too large'* ]]
    expect_edges "$return_data"
    need_user
    TMPDIR=/tmp run --separate-stderr as_user 3 "$return_data" # bats' own is not that user's
    [ "$status" -eq 1 ]
    expect_same 'return_data: fork: Resource temporarily unavailable' "$stderr"
    expect_same 2 "$(grep -c reciprocal <<<"$output")"
    expect_nothing_left "$return_data"
}
