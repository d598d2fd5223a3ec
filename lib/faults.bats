#!/usr/bin/env bats
# What becomes of a program when a call fails: lib/test/faults.c makes them fail. All of them is what
# `make faults` does; here one of each kind, and whether mistakes are found at all.

load ../.ci/test_helper

faults=build/test/faults

# found SCENARIO FAULT VERDICT: a mistake in lib/test/faults_test.c that is only seen when that call fails.
found() {
    echo "run s 1 build/test/faults_test $1" >"$BATS_TEST_TMPDIR/list"
    run --separate-stderr bounded 40 "$faults" -t 1 -f "$2" "$BATS_TEST_TMPDIR/list"
    [ "$status" -ne 77 ] || skip 'no calls can be made to fail here'
    [[ $status -eq 1 && $output == "build/test/faults_test $1: $3,"* ]] || report "$1: expected $3" || return
}

@test "mistakes that are only seen when a call fails" {
    found unchecked_fork fork:EAGAIN:parent:1 lost
    found interrupted_wait waitpid:EINTR:parent:1 outlived
    found kept_end write:ENOSPC:children:1 hang
    found unreaped fork:EAGAIN:parent:2 left-process
    found short_write write:SHORT:parent:1 lost
}

@test "every program: one of its calls of each kind fails" {
    run --separate-stderr bounded 120 "$faults" -q lib/test/faults.txt
    [ "$status" -ne 77 ] || skip 'no calls can be made to fail here'
    [ "$status" -eq 0 ] || report 'expected no finding'
}
