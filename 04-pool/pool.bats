#!/usr/bin/env bats
# pool: five tasks and two workers; also when a worker is killed in the middle of a task.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

pool=04-pool/pool

# From here on `watch` gives the stepped program what is written to descriptor 8.
hold_steps() {
    mkfifo "$BATS_TEST_TMPDIR/steps"
    exec 8<>"$BATS_TEST_TMPDIR/steps"
    exec <"$BATS_TEST_TMPDIR/steps"
}

# The time that each task took, by number.
times() {
    grep -E '^Task' <<<"$output" | sort
}

# The pids that have run a task.
workers() {
    sed -nE 's/^Run task [0-9] \(([0-9]+)\)\.\.\.$/\1/p' <<<"$output" | sort -u
}

# Five tasks, in order by number, begun and ended once each, by at most two processes at a time. With
# the number of a task that was lost, that one is not ended.
expect_lines() {
    local lost=${1:-none} line begun='' ended='' running=0
    [[ $output == 'Parent process '[0-9]*[0-9].$'\n'*$'\n''All subprocesses done.' ]] ||
        fail "not the first and the last line:" "$output" || return
    while IFS= read -r line; do
        case $line in
        'Run task '[0-4]' ('*[0-9]')...')
            begun+=${line:9:1}
            running=$((running + 1))
            [ "$running" -le 2 ] || [ "$lost" != none ] || fail "$running at a time:" "$output" || return
            ;;
        'Task '[0-4]' runs '[0-9]*.[0-9][0-9]' seconds.')
            ended+=${line:5:1}
            running=$((running - 1))
            [[ $begun == *${line:5:1}* ]] || fail "ends before it begins: $line" "$output" || return
            ;;
        'Waiting for all subprocesses done...') ended+=w ;;
        'Parent process '* | 'All subprocesses done.') ended+=p ;;
        *) fail "unexpected: $line" "$output" || return ;;
        esac
    done <<<"$output"
    expect_same "01234" "$(fold -w 1 <<<"$begun" | sort | tr -d '\n')" || return
    expect_same "$(tr -d "$lost" <<<01234ppw)" "$(fold -w 1 <<<"$ended" | sort | tr -d '\n')"
}

expect_success() {
    [ "$status" -eq 0 ] || report "expected status 0" || return
    [ -z "$stderr" ] || report "expected nothing on standard error" || return
    expect_lines
}

@test "runs five tasks; the parent works on none" {
    run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$pool"
    pid=${lines[0]}
    output=${output#*$'\n'}
    expect_success
    [[ $output == "Parent process $pid."* ]]
    [ "$(workers | wc -l)" -le 2 ]
    [[ $'\n'$(workers)$'\n' != *$'\n'$pid$'\n'* ]]

    with ">$BATS_TEST_TMPDIR/output" "$pool"
    output=$(cat "$BATS_TEST_TMPDIR/output")
    expect_lines
    [ "$(wc -l <"$BATS_TEST_TMPDIR/output")" -eq 13 ]
    expect_nothing_left "$pool"
}

@test "two workers, first in, first out: who ends one task takes the next" {
    build_stepped "$pool"
    hold_steps
    begun=0
    at_line() { # a step only when two tasks are begun and not ended, or none is left to begin
        case $1 in
        'Run task '*)
            begun=$((begun + 1))
            [ "$begun" -lt 2 ] || printf 1 >&8
            [ "$begun" -lt 5 ] || printf 1 >&8
            ;;
        esac
    }
    run --separate-stderr watch "$stepped"
    exec 8>&- </dev/null
    [ "$status" -eq 0 ]
    expect_lines
    [ "$(workers | wc -l)" -eq 2 ]
    [[ $(grep '^Run' <<<"$output" | sed -n '3,$s/ (.*//p' | tr '\n' ,) == 'Run task 2,Run task 3,Run task 4,' ]]
    # Between a process's two tasks, the end of the first.
    for worker in $(workers); do
        tasks=$(sed -nE "s/^Run task ([0-9]) \\($worker\\).*/\\1/p" <<<"$output" | tr -d '\n')
        for ((i = 0; i + 1 < ${#tasks}; i++)); do
            [[ $output == *"Task ${tasks:i:1} runs"*"Run task ${tasks:i + 1:1}"* ]]
        done
    done
}

@test "pauses are random, below 3 s, the same for the same SEED, and scaled by TIME_SCALE" {
    build_stepped "$pool"
    stepped_times() {
        run --separate-stderr bounded 20 "$stepped"
        [ "$status" -eq 0 ] || report "expected status 0" || return
        expect_lines || return
        times
    }
    export TIME_SCALE=1
    first=$(stepped_times)
    second=$(stepped_times)
    [ "$first" != "$second" ]
    export SEED=7
    first=$(stepped_times)
    second=$(stepped_times)
    expect_same "$first" "$second"
    [ "$(grep -cE '^Task [0-4] runs [0-2]\.[0-9]{2} seconds\.$' <<<"$first")" -eq 5 ]
    [[ $first == *'runs 2.'* ]] # task 1, with this seed
    [ "$(awk '{ print $4 }' <<<"$first" | sort -u | wc -l)" -ge 3 ]
    second=$(SEED=8 stepped_times)
    [ "$first" != "$second" ]
    second=$(TIME_SCALE=1000 stepped_times)
    expect_same "$first" "$(awk '{ $4 = sprintf("%.2f", $4 / 1000); print }' <<<"$second")"

    # They really take the time that it says.
    export TIME_SCALE=0.05
    start=$EPOCHREALTIME
    SEED=7 run --separate-stderr bounded 20 "$pool"
    end=$EPOCHREALTIME
    expect_success
    # Two at a time can't be done in less than half of the sum. (0.05: times are rounded.)
    awk -v "start=$start" -v "end=$end" '/^Task/ { sum += $4 } END { exit !(sum > 0 && end - start >= (sum - 0.05) / 2) }' \
        <<<"$output"
}

@test "a worker is killed: its task is reported, the others are done" {
    build_stepped "$pool"
    hold_steps
    begun=0
    at_line() {
        case $1 in
        'Run task 0 '*)
            victim=${1#*(}
            victim=${victim%)*}
            ;;&
        'Run task '*)
            begun=$((begun + 1))
            [ "$begun" -ne 2 ] || kill -KILL "$victim"
            [ "$begun" -ne 3 ] || printf 1234 >&8 # the new worker has begun: the other four may go on
            ;;
        esac
    }
    run --separate-stderr watch "$stepped"
    exec 8>&- </dev/null
    [ "$status" -eq 1 ]
    expect_lines 0
    victim=$(sed -nE 's/^Run task 0 \(([0-9]+)\).*/\1/p' <<<"$output")
    expect_same "pool: task 0: process $victim was killed by signal 9" "$(grep -v '^pause' <<<"$stderr")"
    [ "$(workers | wc -l)" -eq 3 ]
    [ "$(sed -nE "s/^Run task 2 \\(([0-9]+)\\).*/\\1/p" <<<"$output")" != "$victim" ]
    expect_nothing_left "$pool"
}

# Kills the worker of every task; by way of the command $@, if there is one.
expect_all_killed() {
    local task worker
    at_line() {
        case $1 in
        'Run task '*)
            victim=${1#*(}
            kill -TERM "${victim%)*}"
            ;;
        esac
    }
    TIME_SCALE=1000 SEED=1 run --separate-stderr watch "$@" "$pool"
    [ "$status" -eq 1 ] || report "expected status 1" || return
    [ "$(workers | wc -l)" -eq 5 ] || report "not five workers" || return
    [ "$(wc -l <<<"$output")" -eq 8 ] && [[ $output == *$'\n''All subprocesses done.' ]] || report "not eight lines" || return
    for task in 0 1 2 3 4; do
        worker=$(sed -nE "s/^Run task $task \\(([0-9]+)\\).*/\\1/p" <<<"$output")
        [[ $stderr == *"pool: task $task: process $worker was killed by signal 15"* ]] || report "task $task" || return
    done
    [ "$(wc -l <<<"$stderr")" -eq 5 ] || report "not five complaints"
}

@test "every worker is killed in every task: all are reported, and it comes to an end" {
    expect_all_killed
    expect_all_killed env --ignore-signal=CHLD
    expect_nothing_left "$pool"
}

@test "the parent is killed, or gets SIGINT, alone or with its workers: nothing is left" {
    begun=0
    at_line() {
        [[ $1 != 'Run task '* ]] || begun=$((begun + 1))
        [ "$begun" -ne 2 ] || kill -KILL "$pid"
    }
    TIME_SCALE=1000 SEED=1 run --separate-stderr watch "$pool"
    [ "$status" -eq 137 ]
    expect_nothing_left "$pool"

    export TIME_SCALE=1000 SEED=1 INTERRUPT_AT='Run task'
    interrupt "$pool"
    interrupt_parent "$pool"
}

@test "the edges" {
    VARIES=yes expect_edges "$pool"
    expect_bad_usage "unexpected argument 'extra'" "$pool" extra
    expect_bad_usage "unexpected argument ''" "$pool" ''
    need_user # one process for the parent, and one for a worker; no second one
    run --separate-stderr as_user 2 "$pool"
    [ "$status" -eq 1 ]
    expect_same 'Parent process N.' "$(mask <<<"$output")"
    [[ $stderr == 'pool: open a pool of 2 workers: '* ]]
    expect_nothing_left "$pool"
}

@test "README.md tells the truth" {
    check_readme 04-pool/README.md
}
