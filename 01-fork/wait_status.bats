#!/usr/bin/env bats
# wait_status: what waitpid says of a child that exits, and of one that a signal kills.

load ../.ci/test_helper

wait_status=01-fork/wait_status

# `output` is that of a run in process $1, the child of $2: two lines of each process, which race, and
# then those that match the expressions $3 and $4. CHILD in them is the child's pid, which is left in
# `child`.
expect_lines() {
    child=$(sed -nE 's/^In Child PID: ([0-9]+) .*/\1/p' <<<"$output")
    [ "$child" != "$1" ] || fail "a process that is its own child:" "$output" || return
    expect_same "In Parent (common) The child is: $child
In Parent PID: $1 PPID: $2" "$(grep '^In Parent' <<<"$output")" || return
    expect_same "In Child of common
In Child PID: $child PPID: $1" "$(grep '^In Child' <<<"$output")" || return
    [[ $(sed 1,4d <<<"$output") =~ ^${3/CHILD/$child}$'\n'$4$ ]] || fail 'the last lines:' "$output"
}

run_with_pids() {
    run --separate-stderr bounded 20 sh -c 'echo $$ $PPID; exec "$@"' - "$@"
    read -r pid ppid <<<"${lines[0]}"
    output=${output#*$'\n'}
}

@test "a child that exits with code 3: the status is 768" {
    run_with_pids "$wait_status"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    expect_lines "$pid" "$ppid" '\(CHILD, 768\)' 'exited with code 3'
    run_with_pids sh -c '"$@" | cat' - "$wait_status"
    expect_same 6 "$(wc -l <<<"$output")"
}

@test "-s: a child that any of these signals kills; the name, with SIG or not, or the number" {
    for name in HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM XCPU XFSZ PROF SYS VTALRM; do
        number=$(kill -l "$name")
        for spelling in "$name" "SIG$name" "$number"; do
            output=$("$wait_status" -s "$spelling" 2>&1) || fail "-s $spelling: status $?" "$output"
            # Where a program takes the core dumps, there is one, and the status 128 more.
            [[ $output =~ \([0-9]+,\ ($number|$((number + 128)))\)$'\n'"killed by signal $number ("[[:alpha:]] ]] ||
                fail "-s $spelling:" "$output"
        done
    done
    run_with_pids "$wait_status" -s TERM
    [ "$status" -eq 0 ]
    expect_lines "$pid" "$ppid" '\(CHILD, 15\)' 'killed by signal 15 \(Terminated\)'
    run_with_pids "$wait_status" -s TERM -s 9
    expect_lines "$pid" "$ppid" '\(CHILD, 9\)' 'killed by signal 9 \(Killed\)'
}

@test "-s: also when the caller has the signal ignored or blocked; and no core is left" {
    for how in ignore block; do
        run --separate-stderr bounded 20 env "--$how-signal=TERM" "$wait_status" -s TERM
        [ "$status" -eq 0 ]
        expect_same 'killed by signal 15 (Terminated)' "$(tail -n 1 <<<"$output")"
    done
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty"
    ulimit -S -c "$(ulimit -H -c)"
    bounded 20 "$ROOT/$wait_status" -s SEGV
    expect_same '' "$(ls)"
}

@test "-s: what is no signal, or does not end a process, is refused" {
    for value in '' 17 STOP SIGCHLD SIGSIGTERM SIXTERM TERMX term 15x -9; do
        expect_bad_usage "-s: expected a signal that ends a process, such as TERM or 15, got '$value'" \
            "$wait_status" -s "$value"
    done
    expect_bad_usage 'option -s lacks its argument' "$wait_status" -s
    expect_bad_usage "unexpected argument '15'" "$wait_status" 15
}

@test "a child that ends otherwise is a failure" {
    echo 'int no_raise(int number) { return number; }' >"$BATS_TEST_TMPDIR/no_raise.c"
    "${CC:-cc}" -Ilib -Draise=no_raise -o "$BATS_TEST_TMPDIR/wait_status" 01-fork/wait_status.c \
        "$BATS_TEST_TMPDIR/no_raise.c" build/libprocesses.a -pthread
    run --separate-stderr "$BATS_TEST_TMPDIR/wait_status" -s TERM
    [ "$status" -eq 1 ]
    expect_same 'exited with code 3' "$(tail -n 1 <<<"$output")"
    run "$BATS_TEST_TMPDIR/wait_status"
    [ "$status" -eq 0 ]
}

@test "a full disk is noticed by both processes" {
    run --separate-stderr with '>/dev/full' "$wait_status"
    expect_same 2 "$(grep -c 'wait_status: write standard output' <<<"$stderr")" # of both processes
}

@test "at the edges" {
    expect_edges "$wait_status"
}
