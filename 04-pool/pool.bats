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

@test "in a file: the same" {
    with ">$BATS_TEST_TMPDIR/output" "$pool"
    output=$(cat "$BATS_TEST_TMPDIR/output")
    expect_lines
    [ "$(wc -l <"$BATS_TEST_TMPDIR/output")" -eq 13 ]
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
    [ "$(awk '{ print $4 }' <<<"$first" | sort -u | wc -l)" -ge 3 ]
    second=$(SEED=8 stepped_times)
    [ "$first" != "$second" ]
    second=$(TIME_SCALE=1000 stepped_times)
    expect_same "$first" "$(awk '{ $4 = sprintf("%.2f", $4 / 1000); print }' <<<"$second")"
}

@test "the pauses really take the time that it says" {
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
    expect_same "pool: task 0 in process $victim: REASON, exit code -9" \
        "$(grep -v '^pause' <<<"$stderr" | sed 's/: [A-Z][^:]*, exit/: REASON, exit/')"
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
        [[ $stderr == *"pool: task $task in process $worker: "*", exit code -15"* ]] || report "task $task" || return
    done
    [ "$(wc -l <<<"$stderr")" -eq 5 ] || report "not five complaints"
}

@test "every worker is killed in every task: all are reported, and it comes to an end" {
    expect_all_killed
    expect_nothing_left "$pool"
}

@test "the parent is killed: so are its workers" {
    begun=0
    at_line() {
        [[ $1 != 'Run task '* ]] || begun=$((begun + 1))
        [ "$begun" -ne 2 ] || kill -KILL "$pid"
    }
    TIME_SCALE=1000 SEED=1 run --separate-stderr watch "$pool"
    [ "$status" -eq 137 ]
    expect_nothing_left "$pool"
}

@test "Ctrl-C, and SIGINT to the parent alone" {
    export TIME_SCALE=1000 SEED=1 INTERRUPT_AT='Run task'
    interrupt "$pool"
    interrupt_parent "$pool"
}

@test "-h and --help: usage on standard output" {
    for help in -h --help; do
        run --separate-stderr "$pool" "$help"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "usage: pool
  Five tasks of up to 3 s, done by two processes.
  TIME_SCALE=0.05 shortens the pauses, SEED=7 repeats them." "$output"
    done
}

@test "bad usage is refused before anything is forked" {
    expect_bad_usage "unknown option -x" "$pool" -x
    expect_bad_usage "unknown option '--nothing'" "$pool" --nothing
    expect_bad_usage "unexpected argument 'extra'" "$pool" extra
    expect_bad_usage "unexpected argument ''" "$pool" ''
    expect_bad_usage "unexpected argument '7'" "$pool" -- 7
    TIME_SCALE=nan expect_bad_usage "TIME_SCALE: expected a number" "$pool"
    TIME_SCALE='' expect_bad_usage "TIME_SCALE: expected a number" "$pool"
    SEED=-1 expect_bad_usage "SEED: expected a whole number" "$pool"
    SEED=abc expect_bad_usage "SEED: expected a whole number" "$pool"
}

@test "standard output that is full or closed is a failure" {
    for option in '' -h; do
        expect_full_device "$pool" ${option:+"$option"}
        run --separate-stderr with '>&-' "$pool" ${option:+"$option"}
        [ "$status" -eq 1 ]
        [[ $stderr == *'pool: write standard output: '* ]]
    done
    expect_nothing_left "$pool"
}

@test "standard input closed: the same" {
    run --separate-stderr with '<&-' "$pool"
    expect_success
}

@test "SIGCHLD ignored by the caller: the same" {
    run --separate-stderr bounded 20 env --ignore-signal=CHLD "$pool"
    expect_success
    expect_all_killed env --ignore-signal=CHLD
}

@test "no process to be had, or only one: says so, with status 1" {
    [ "$(id -u)" -ne 0 ] || need_user
    for processes in 0 2; do
        [ "$(id -u)" -eq 0 ] || [ "$processes" -eq 0 ] || skip 'only root can have a user of its own for the other half'
        run --separate-stderr as_user "$processes" "$pool"
        [ "$status" -eq 1 ]
        expect_same 'Parent process N.' "$(mask <<<"$output")"
        [[ $stderr == 'pool: open a pool of 2 workers: '* ]]
        expect_nothing_left "$pool"
    done
}

@test "on a terminal each process has its colour; not with NO_COLOR" {
    need_terminal
    for ((turn = 0; turn < 20; turn++)); do # pids that do not follow each other may share a colour
        output=$(TIME_SCALE=0.01 bounded 20 env -u NO_COLOR TERM=xterm script -qec "$pool" /dev/null | tr -d '\r')
        [ "$(grep -cvE $'^\e\\[3[1-6]m[^\e]*\e\\[0m$' <<<"$output")" -eq 0 ]
        # Colour and owner of each line; a task's end has its worker's colour.
        owners=$(sed -E $'s/^\e\\[(3[1-6])m([^\e]*).*/\\1 \\2/' <<<"$output" | awk '
            / Run task/  { owner[$4] = $5 }
            / Task/      { print $1, owner[$3]; next }
            / Run task/  { print $1, $5; next }
                         { print $1, "parent" }' | sort -u)
        [ "$(wc -l <<<"$owners")" -eq "$(cut -d ' ' -f 2 <<<"$owners" | sort -u | wc -l)" ] # one each
        [ "$(cut -d ' ' -f 1 <<<"$owners" | sort -u | wc -l)" -ne 3 ] || break
    done
    [ "$turn" -lt 20 ]
    output=$(bounded 20 env TERM=xterm script -qec "$pool" /dev/null | tr -d '\r') # NO_COLOR=1
    expect_lines
}

@test "README.md tells the truth" {
    check_readme 04-pool/README.md
}
