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

@test "of a library's test, the library's calls fail, and not its own" {
    echo "each s build/test/process_test: codes" >"$BATS_TEST_TMPDIR/list"
    run --separate-stderr bounded 40 "$faults" -f fork:EAGAIN:parent:1 "$BATS_TEST_TMPDIR/list"
    [ "$status" -ne 77 ] || skip 'no calls can be made to fail here'
    [[ $status -eq 0 && $output == *': well, status 1'*'process_start at process.c'* ]] || report 'fork of process.c'
    echo "each s build/test/beyond_test: wait_for_child" >"$BATS_TEST_TMPDIR/list"
    run --separate-stderr bounded 40 "$faults" -f fork:EAGAIN:parent:1 "$BATS_TEST_TMPDIR/list"
    [[ $status -eq 0 && $output == *': well, status 0'*'not hit: 0 calls'* ]] || report 'fork of beyond_test.c'
}

@test "each scenario of the library's tests is run, or left out for a reason" {
    local file test name lines missing=''
    for file in lib/test/*_test.c; do
        test=$(basename "$file" .c)
        [ "$test" != faults_test ] || continue
        lines=$(grep -E "^(each . build/test/$test:|not $test) " lib/test/faults.txt | sed 's/[,|]/ , /g; s/$/ /')
        [[ $lines != "not $test * "* ]] || continue
        for name in $(sed -n '/scenarios\[\] = {/,/};/p' "$file" | grep -oE '\{"[a-z_]+"' | tr -d '{"'); do
            [[ $lines == *" $name "* ]] || missing+=" $test:$name"
        done
    done
    expect_same '' "$missing"
}

@test "told to end, it leaves neither a process nor a file" {
    local runner status=0
    mkdir "$BATS_TEST_TMPDIR/place"
    echo 'run s 1 05-subprocess/timeout 100 sleep 100' >"$BATS_TEST_TMPDIR/list"
    TMPDIR=$BATS_TEST_TMPDIR/place bounded 40 sh -c 'echo $$ >"$0/pid"; exec "$@"' "$BATS_TEST_TMPDIR" \
        "$faults" -j 1 -t 100 "$BATS_TEST_TMPDIR/list" &
    runner=$!
    bounded 20 bash -c 'until [ -d "$0"/faults-*/0 ]; do sleep 0.02; done' "$BATS_TEST_TMPDIR/place"
    kill "$(<"$BATS_TEST_TMPDIR/pid")"
    wait "$runner" || status=$?
    [ "$status" -eq 143 ] || report "status $status"
    expect_same '' "$(ls "$BATS_TEST_TMPDIR/place")"
    expect_nothing_left "$faults"
}

@test "every program: one of its calls of each kind fails" {
    run --separate-stderr bounded 120 "$faults" -q lib/test/faults.txt
    [ "$status" -ne 77 ] || skip 'no calls can be made to fail here'
    grep 'but not in three runs more' <<<"$output" | sed 's/^/# /' >&3 || true
    [ "$status" -eq 0 ] || report 'expected no finding'
}
