#!/usr/bin/env bats
# imap: results one at a time, while others are worked on; in order, or as they finish.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

imap=04-pool/imap

# before LINE OTHER: both are in `output`, and LINE is the earlier one. (Patterns.)
before() {
    # shellcheck disable=SC2053 # they are patterns
    [[ $'\n'$output$'\n' == *$'\n'$1$'\n'*$'\n'$2$'\n'* || $'\n'$output$'\n' == *$'\n'$1$'\n'$2$'\n'* ]] ||
        report "expected '$1' before '$2'"
}

# All is there, once, and each result comes after its work.
expect_work() {
    local i
    [[ $status -eq 0 && -z $stderr ]] || report "expected status 0, and no message" || return
    expect_same "$(for i in 0 1 2 3 4 5; do
        printf '%s\n' "Input $i in process N" "Input $i is done" "Result $i: $((i * i))"
    done | sort)" "$(grep -v turn <<<"$output" | sed 's/process [0-9]*$/process N/' | sort)" || return
    for i in 0 1 2 3 4 5; do
        before "Input $i in process *" "Input $i is done" || return
        before "Input $i is done" "Result $i: *" || return
    done
    expect_same 2 "$(grep -o 'process .*' <<<"$output" | sort -u | wc -l)"
}

results() {
    sed -n 's/^Result \(.\):.*/\1/p' <<<"$output" | tr '\n' ' '
}

@test "in order: the slow first task holds back the results of the fast ones" {
    for scale in 0.05 0 0 0 0 0; do
        start=${EPOCHREALTIME/./}
        TIME_SCALE=$scale run --separate-stderr bounded 20 "$imap"
        elapsed=$(((${EPOCHREALTIME/./} - start) / 1000))
        expect_work
        expect_same '0 1 2 3 4 5 ' "$(results)"
        before 'Input 3 is done' 'Result 3 is ready, but it is not its turn'
        before 'Result 3 is ready, but it is not its turn' 'Input 0 is done'
        before 'Result 0: 0' 'Input 5 is done'
        [[ $scale == 0 || $elapsed -ge 120 ]] || fail "$elapsed ms" # 2 s and 0.5 s, scaled
    done
    expect_nothing_left "$imap"
}

@test "-u: it does not" {
    for scale in 0.05 0 0 0 0 0; do
        TIME_SCALE=$scale run --separate-stderr bounded 20 "$imap" -u
        expect_work
        [[ $output != *turn* ]]
        before 'Result [12]: *' 'Input 5 is done'
        before 'Result 3: 9' 'Input 0 is done'
        before 'Result 1: 1' 'Result 0: 0'
        before 'Result 2: 4' 'Result 0: 0'
    done
    expect_nothing_left "$imap -u"
}

@test "lost tasks are reported, and nobody waits for them" {
    altered=$BATS_TEST_TMPDIR/imap
    sed 's/^    pause_seconds/    if (number == atoi(getenv("LOST")))\n        _exit(3);\n&/' "$imap.c" >"$altered.c"
    bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" build/libprocesses.a -pthread ||
        bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" lib/*.c -pthread # it has other flags
    export TIME_SCALE=0
    for LOST in 0 1 3 5; do
        export LOST
        for option in '' -u; do
            run --separate-stderr bounded 20 "$altered" ${option:+"$option"}
            [ "$status" -eq 1 ]
            worker=$(sed -n "s/^Input $LOST in process //p" <<<"$output")
            expect_same "imap: task $LOST: process $worker ended with exit code 3" "$stderr"
            expect_same "$(tr -d "$LOST" <<<012345 | fold -w 1)" "$(results | tr ' ' '\n' | sort)"
            [ -n "$option" ] || [ "$(results)" = "$(results | tr ' ' '\n' | sort | tr '\n' ' ')" ]
        done
    done

    at_line() {
        [[ $1 != Input* ]] || kill -KILL "${1##* }"
    }
    for option in '' -u; do
        TIME_SCALE=1000 run --separate-stderr watch "$imap" ${option:+"$option"}
        [[ $status -eq 1 && $output != *Result' '[0-9]:* ]]
        expect_same "$(for i in 0 1 2 3 4 5; do
            echo "imap: task $i: process $(sed -n "s/^Input $i in process //p" <<<"$output") was killed by signal 9"
        done)" "$(sort <<<"$stderr")"
    done
    expect_nothing_left "$imap"
}

@test "the parent is killed, or gets SIGINT: nothing is left" {
    export TIME_SCALE=1000
    at_line() {
        kill -KILL "$pid"
    }
    run --separate-stderr watch "$imap"
    [ "$status" -eq 137 ]
    expect_nothing_left "$imap"
    interrupt "$imap"
    interrupt_parent "$imap" -u
}

@test "the edges" {
    TIME_SCALE=0 expect_edges "$imap"
    expect_bad_usage "unexpected argument '5'" "$imap" 5
}
