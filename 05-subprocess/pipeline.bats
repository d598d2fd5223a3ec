#!/usr/bin/env bats
# pipeline: programs that run side by side, and the end that goes from one to the next.

load ../.ci/test_helper

pipeline=05-subprocess/pipeline

# expect OUTPUT ERROR STATUS ARG...: what `pipeline ARG...` gives.
expect() {
    local expected=$1 error=$2 code=$3
    shift 3
    run "-$code" --separate-stderr bounded 20 "$pipeline" "$@" || return
    expect_same "$expected" "$output" || return
    expect_same "$error" "$stderr"
}

@test "without a command: yes ends, too" {
    expect $'$ yes | head -n 3 | nl
     1\ty
     2\ty
     3\ty
yes: exit code -13
head: exit code 0
nl: exit code 0' '' 0
    expect_nothing_left "$pipeline"
}

@test "the end of file goes all the way, behind more than pipes can hold; the first one reads our input" {
    expect $'$ head -c 1000000 /dev/zero | cat | cat | wc -c
1000000
head: exit code 0
cat: exit code 0
cat: exit code 0
wc: exit code 0' '' 0 head -c 1000000 /dev/zero -- cat -- cat -- wc -c
    run --separate-stderr bounded 20 "$pipeline" sort -- sed '=' <<<$'b\na'
    expect_same $'$ sort | sed =\n1\na\n2\nb\nsort: exit code 0\nsed: exit code 0' "$output$stderr"
    expect $'$ cat -\ncat: exit code 0' '' 0 -- cat - # one alone; standard input is /dev/null here
}

@test "every exit code, in order; the status is the last one's, as a shell has it" {
    expect $'$ sh -c exit 7 | true\nsh: exit code 7\ntrue: exit code 0' '' 0 sh -c 'exit 7' -- true
    expect $'$ true | sh -c exit 7\ntrue: exit code 0\nsh: exit code 7' '' 7 true -- sh -c 'exit 7'
    expect $'$ true | sh -c kill $$\ntrue: exit code 0\nsh: exit code -15' '' 143 true -- sh -c 'kill $$'
    # The first one ends last: it is waited for all the same.
    expect $'$ sh -c sleep 0.1; echo late >&2; exit 4 | sh -c exec <&-; exit 5\nsh: exit code 4\nsh: exit code 5' \
        late 5 sh -c 'sleep 0.1; echo late >&2; exit 4' -- sh -c 'exec <&-; exit 5'
}

@test "a program that can't be executed: the others run, and end" {
    expect $'$ yes | no-such-program | wc -c\n0\nyes: exit code -13\nno-such-program: exit code 127\nwc: exit code 0' \
        'pipeline: no-such-program: No such file or directory' 0 yes -- no-such-program -- wc -c
    expect $'$ ./README.md | wc -c\n0\n./README.md: exit code 126\nwc: exit code 0' \
        'pipeline: ./README.md: Permission denied' 0 ./README.md -- wc -c
    expect $'$ yes | \nyes: exit code -13\n: exit code 127' 'pipeline: : No such file or directory' 127 yes -- ''
    expect_nothing_left "$pipeline"
}

@test "too few descriptors: says so, and has started nothing" {
    run --separate-stderr bounded 20 bash -c 'ulimit -n 8; exec "$@"' - "$pipeline" \
        touch "$BATS_TEST_TMPDIR/started" -- true -- true -- true -- true
    [ "$status" -eq 1 ]
    expect_same 'pipeline: pipe N of 4: Too many open files' "${stderr/pipe [1-4] of/pipe N of}"
    [ ! -e "$BATS_TEST_TMPDIR/started" ]
}

@test "each program has its own ends and no other" {
    [ -d /proc/self/fd ] || skip 'this system has no /proc/self/fd'
    run --separate-stderr bounded 20 "$pipeline" true -- ls /proc/self/fd -- cat
    expect_same $'0\n1\n2\n3' "$(sed '1d; /exit code/d' <<<"$output")" # 3 is what ls has opened
}

@test "at its edges, and wrong usage" {
    expect_edges "$pipeline" true -- true
    expect_bad_usage 'command 2 is empty' "$pipeline" true --
    expect_bad_usage 'command 2 is empty' "$pipeline" true -- -- true
    expect_bad_usage 'command 1 is empty' "$pipeline" -- -- true
}

@test "Ctrl-C, and a signal to pipeline alone: all of them end, also one that ignores it" {
    interrupt "$pipeline" sleep 1000 -- sleep 1000 -- sleep 1000
    interrupt_parent "$pipeline" sleep 1000 -- sleep 1000 -- sleep 1000
    expect_same '$ sleep 1000 | sleep 1000 | sleep 1000' "$output"
    # (At the start of a line: pipeline shows the command first, and that has the word in it.)
    INTERRUPT_AT=$'\nready' interrupt_parent "$pipeline" sleep 1000 -- sh -c 'trap "" INT; echo ready; exec sleep 1000'
    expect_same ready "$(sed 1d <<<"$output")"
    run --separate-stderr bounded 20 "$pipeline" sleep 1000 -- sh -c 'kill $PPID; exec sleep 1000'
    [ "$status" -eq 143 ]
    expect_nothing_left "$pipeline"
}
