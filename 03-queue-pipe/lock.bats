#!/usr/bin/env bats
# lock: with it no raise is lost, without it three of four are; and it outlives its owner.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

lock=03-queue-pipe/lock

# run_well WANTED [ARG...]: ends well and prints just these lines, their pids masked, in any order.
run_well() {
    run --separate-stderr bounded 20 "$lock" "${@:2}"
    [[ $status -eq 0 && -z $stderr ]] || report "lock ${*:2}: expected status 0, and no message" || return
    expect_same "$(sort <<<"$1")" "$(sed -E 's/\([0-9]+\)/(PID)/' <<<"$output" | sort)"
}

done_lines() {
    local i
    for ((i = 0; i < $1; i++)); do echo 'Process (PID) is done.'; done
}

# Builds lock with options in the environment, into `altered`: TURN=2002 is the raise in which a process
# is killed (or stays for ever, with STAY=1), MORE=2 what is added to the total.
build_altered() {
    altered=$BATS_TEST_TMPDIR/lock
    sed 's/kill_first && turn == 1)/getenv("TURN") != NULL \&\& turn == atol(getenv("TURN")))/
         s/ kill(getpid(), SIGKILL);/ getenv("STAY") != NULL ? pause() : kill(getpid(), SIGKILL);/
         s/number + 1;/number + (getenv("MORE") != NULL ? atol(getenv("MORE")) : 1);/' "$lock.c" >"$altered.c"
    bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" build/libprocesses.a -pthread ||
        bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" lib/*.c -pthread # it has other flags
}

@test "with the lock no raise is lost, and without it three of four, every time" {
    for ((turn = 0; turn < 5; turn++)); do
        run_well "$(done_lines 4)
Raised 4000 times, total 4000, lost 0."
        [ "$(sed -n 's/.*(\([0-9]*\)).*/\1/p' <<<"$output" | sort -u | wc -l)" -eq 4 ]
        run_well "$(done_lines 4)
Raised 4000 times, total 1000, lost 3000." -b
    done
    expect_nothing_left "$lock"
}

@test "-k: the lock's next owner is told, and nothing is lost" {
    for ((turn = 0; turn < 5; turn++)); do
        run_well "$(done_lines 3)
Process (PID) has the lock, and is killed.
Process (PID): the last owner died, the total lacks 1. Repaired.
Raised 3001 times, total 3001, lost 0." -k
        killed=$(sed -n 's/.*(\([0-9]*\)) has the lock.*/\1/p' <<<"$output")
        told=$(sed -n 's/.*(\([0-9]*\)): the last owner.*/\1/p' <<<"$output")
        [[ $output == *"($killed) has "*"($told): "* && $killed != "$told" && $output != *"($killed) is done"* ]]
    done
    expect_nothing_left "$lock -k"
}

# `output` and `stderr` are of a run in which one was killed, and all others did their part.
expect_one_killed() {
    local killed
    [ "$status" -eq 1 ] || report 'expected a failure' || return
    killed=$(sed -n 's/.*(\([0-9]*\)) has the lock.*/\1/p' <<<"$output")
    expect_same "lock: process $killed ended with exit code -9" "$stderr" || return
    [[ $output == *'the total lacks 1. Repaired.'* ]] || report 'nobody was told'
}

@test "one is killed in the middle: nobody waits for ever, with the lock or without" {
    build_altered
    TURN=2002 run --separate-stderr bounded 20 "$altered"
    expect_one_killed
    [[ $output =~ Raised\ ([0-9]+)\ times,\ total\ ([0-9]+),\ lost\ 0\.$ ]]
    [ "${BASH_REMATCH[1]}" -ge 3001 ] && [ "${BASH_REMATCH[2]}" -le 4000 ] # it had done 0 to 999 of its own, and this one
    TURN=4000 run --separate-stderr bounded 20 "$altered" # the last of all: only the parent can be told
    expect_one_killed
    [[ $output == *$'\nRaised 4000 times, total 4000, lost 0.' ]]

    TURN=2002 run --separate-stderr bounded 20 "$altered" -b
    [ "$status" -eq 1 ] || report '-b: expected a failure'
    [ "$(grep -c 'lock: wait for the others: ' <<<"$stderr")" -eq 3 ]
    [ "$(grep -c 'ended with exit code 1$' <<<"$stderr")" -eq 3 ]
    expect_same 'Raised 2004 times, total 500, lost 1504.' "$(tail -n 1 <<<"$output")"

    MORE=2 run --separate-stderr bounded 20 "$altered" # what a wrong total would be
    [[ $status -eq 1 && $output == *$'\nRaised 4000 times, total 8000, lost -4000.' ]]
    expect_nothing_left "$altered"
}

@test "Ctrl-C, and the parent alone is killed: nobody stays to wait for the lock" {
    build_altered
    export TURN=3 STAY=1 INTERRUPT_AT='has the lock'
    interrupt "$altered"
    interrupt_parent "$altered"
    at_line() {
        kill -KILL "$pid"
    }
    run --separate-stderr watch "$altered"
    [ "$status" -eq 137 ]
    expect_nothing_left "$altered"
}

@test "the edges" {
    expect_edges "$lock"
    expect_bad_usage 'expected one of -b and -k' "$lock" -b -k
    expect_bad_usage 'expected one of -b and -k' "$lock" -bb
    expect_bad_usage "unexpected argument '4'" "$lock" 4
}
