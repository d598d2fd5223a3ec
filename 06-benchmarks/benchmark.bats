#!/usr/bin/env bats
# benchmark: both tasks in the three modes, the table, and the limits that it must bear. Sizes are small
# here; how fast it is, is not tested, as that depends on the machine.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

benchmark=06-benchmarks/benchmark

# The lines of `output` below a title, without the last one, which must tell the time. `seconds` is it.
read_section() {
    local lines
    lines=$(awk -v "title=$1" '$0 == title { on = 1; next } $0 == "" { on = 0 } on' <<<"$output")
    section=${lines%$'\n'*}
    [ "$section" != "$lines" ] || section=''
    lines=${lines##*$'\n'}
    seconds=$(sed -nE "s/^$2 test in ([0-9]+\\.[0-9]{4}) seconds\$/\\1/p" <<<"$lines")
    [ -n "$seconds" ] || fail "$1: not '$2 test in … seconds': $lines" "$output"
}

at_least() {
    awk -v "a=$1" -v "b=$2" 'BEGIN { exit !(a >= b) }' || fail "$1 is less than $2${3:+: $3}"
}

# The tasks from 0 on, $2 of them, each begun and then ended by the same process; at most $3 processes.
expect_sleep() {
    local where=$1 tasks=$2 most=$3
    expect_same "$(for ((i = 0; i < tasks; i++)); do echo "Ending task: $i in"; echo "Starting task: $i in"; done | sort)" \
        "$(sort <<<"$section" | sed 's/ process [0-9]*$//')" || fail "^ $where" || return
    awk '/^Starting/ { owner[$3] = $6 } /^Ending/ && owner[$3] != $6 { exit 1 }' <<<"$section" ||
        fail "$where: not by the same process:" "$section" || return
    [ "$(awk '{ print $6 }' <<<"$section" | sort -u | wc -l)" -le "$most" ] || fail "$where: more than $most:" "$section"
}

# The perfect numbers up to $2, once each.
expect_perfect() {
    local number wanted=''
    for number in 6 28 496 8128; do
        [ "$number" -gt "$2" ] || wanted+="$number is a Perfect number"$'\n'
    done
    expect_same "${wanted%$'\n'}" "$(sort -n <<<"$section")" || fail "^ $1"
}

# Takes the line about the peak off the section; `peak` is the number of processes in it.
read_peak() {
    peak=$(sed -nE '$s/^At the peak ([0-9]+) processes not yet joined, in ([0-9]+|less than 4) MiB$/\1/p' <<<"$section")
    [ -n "$peak" ] || fail "no line about the peak:" "$section" || return
    section=$(sed '$d' <<<"$section")
}

# The row of the table: task, mode, the document's figure, ours (`seconds` of the section), and the
# ratio to mono, whose time is in `mono`.
expect_row() {
    local row="$1 $2 $3 $seconds s - " got
    got=$(grep -E "^$1 +${2//[()]/.} " <<<"$output" | mask_blanks)
    [[ $got == "$row"* ]] || fail "wanted $row…, got $got" || return
    # What it was rounded to says little about a short time.
    awk -v "gain=${got#"$row"}" -v "mono=$mono" -v "here=$seconds" 'BEGIN {
        exit !(here < 0.001 || gain >= (mono - 0.00005) / (here + 0.00005) - 0.005 && gain <= (mono + 0.00005) / (here - 0.00005) + 0.005)
    }' || fail "$got: wrong ratio to mono"
}

mask_blanks() {
    sed -E 's/ +/ /g'
}

# The whole of `benchmark -q -n $1`.
expect_success() {
    local number=$1 mono table
    [ "$status" -eq 0 ] || report "expected status 0" || return
    [ -z "$stderr" ] || report "expected nothing on standard error" || return
    expect_same '1.4.1 Mono process: task sleep
1.4.1 Mono process: task perfect
1.4.2 Multi process: task sleep
1.4.2 Multi process: task perfect
1.4.3 Process pool: task sleep
1.4.3 Process pool: task perfect
1.4.4 Conclusion: 10 x 0.005 s, the numbers 1 to '"$number" "$(grep '^1' <<<"$output")" || return

    read_section '1.4.1 Mono process: task sleep' 'Mono process' || return
    expect_sleep mono 10 1 || return
    expect_same "$section" "$(sort -s -k 3,3n <<<"$section")" || return # one after the other
    at_least "$seconds" 0.05 mono || return
    mono=$seconds
    expect_row sleep mono '10.0160 s' || return
    read_section '1.4.2 Multi process: task sleep' 'Multi process' || return
    read_peak || return
    [ "$peak" -eq 10 ] || fail "peak: $peak" || return
    expect_sleep multi 10 10 || return
    [ "$(grep Start <<<"$section" | awk '{ print $6 }' | sort -u | wc -l)" -eq 10 ] || fail "$section" || return
    at_least "$seconds" 0.005 multi || return
    expect_row sleep multi '1.1322 s' || return
    read_section '1.4.3 Process pool: task sleep' 'Process pool' || return
    expect_sleep pool 10 4 || return
    at_least "$seconds" 0.015 pool || return
    expect_row sleep 'pool(4)' '3.0675 s' || return

    read_section '1.4.1 Mono process: task perfect' 'Mono process' || return
    expect_perfect mono "$number" || return
    mono=$seconds
    expect_row perfect mono '203.4457 s' || return
    read_section '1.4.2 Multi process: task perfect' 'Multi process' || return
    read_peak || return
    expect_perfect multi "$number" || return
    expect_row perfect multi 'failed' || return
    read_section '1.4.3 Process pool: task perfect' 'Process pool' || return
    expect_perfect pool "$number" || return
    expect_row perfect 'pool(4)' '86.9723 s' || return

    table=$(sed '1,/^1\.4\.4/d' <<<"$output")
    expect_same 'task mode document here ratio to mono' "$(head -n 1 <<<"$table" | mask_blanks)" || return
    [ "$(wc -l <<<"$table")" -eq 7 ] || fail "not six rows:" "$table" || return
    [ "$(awk '{ print length() }' <<<"$table" | sort -u | wc -l)" -eq 1 ] || fail "crooked:" "$table"
}

# The titles of a run.
titles() {
    [ "$status" -eq 0 ] || report "expected status 0" || return
    sed -nE 's/^1\.4\.[123] (Mono process|Multi process|Process pool): task /\1 /p' <<<"$output"
}

@test "-q: both tasks in the three modes, and the table with the document's figures" {
    run --separate-stderr bounded 60 "$benchmark" -q -l 500
    expect_success 9999
    read_section '1.4.2 Multi process: task perfect' 'Multi process'
    read_peak
    [ "$peak" -le 500 ]
    expect_nothing_left "$benchmark"
}

@test "the document's own sizes give a ratio to its figures; others do not" {
    export TIME_SCALE=1
    run --separate-stderr bounded 60 "$benchmark" -t sleep -m multi
    [ "$status" -eq 0 ]
    [[ $output == *$'\n1.4.4 Conclusion: 10 x 1 s, the numbers 1 to 99999\n'* ]]
    read_section '1.4.2 Multi process: task sleep' 'Multi process'
    at_least "$seconds" 1
    expect_same "sleep multi 1.1322 s $seconds s $(awk "BEGIN { printf \"%.1f\", 1.1322 / $seconds }") -" \
        "$(tail -n 1 <<<"$output" | mask_blanks)"
    run --separate-stderr bounded 60 "$benchmark" -t sleep -m pool -w 10
    read_section '1.4.3 Process pool: task sleep' 'Process pool'
    expect_same "sleep pool(10) 3.0675 s $seconds s - -" "$(tail -n 1 <<<"$output" | mask_blanks)"
}

@test "-t, -m: these parts only" {
    export TIME_SCALE=0.001
    run --separate-stderr bounded 20 "$benchmark" -t sleep
    expect_same $'Mono process sleep\nMulti process sleep\nProcess pool sleep' "$(titles)"
    [ "$(grep -c '^sleep' <<<"$output")" -eq 3 ]
    run --separate-stderr bounded 20 "$benchmark" -n 10 -m multi
    expect_same $'Multi process sleep\nMulti process perfect' "$(titles)"
    for mode in mono multi pool; do
        run --separate-stderr bounded 20 "$benchmark" -n 10 -m "$mode" -t perfect
        [ "$(titles | wc -l)" -eq 1 ]
        [ "$(grep -c '^perfect' <<<"$output")" -eq 1 ]
        [[ ${lines[-1]} == "perfect  $mode"* ]]
    done
}

@test "-n: so many numbers, from 1 on; with -t sleep so many tasks" {
    for number in 1 5 6 500; do
        run --separate-stderr bounded 20 "$benchmark" -t perfect -m mono -n "$number"
        [[ $output == *"the numbers 1 to $number"$'\n'* ]]
        read_section '1.4.1 Mono process: task perfect' 'Mono process'
        expect_perfect mono "$number"
    done
    for mode in multi pool; do
        run --separate-stderr bounded 20 "$benchmark" -t perfect -m "$mode" -n 1
        [ "$(titles | wc -l)" -eq 1 ]
    done
    for number in 1 3 12; do
        TIME_SCALE=0.01 run --separate-stderr bounded 20 "$benchmark" -t sleep -m multi -n "$number"
        [[ $output == *"1.4.4 Conclusion: $number x 0.01 s,"* ]]
        read_section '1.4.2 Multi process: task sleep' 'Multi process'
        read_peak
        [ "$peak" -eq "$number" ]
        expect_sleep multi "$number" "$number"
    done
}

@test "-l: at most this many processes" {
    for most in 1 5; do
        TIME_SCALE=0.01 run --separate-stderr bounded 20 "$benchmark" -m multi -n 50 -l "$most"
        [ "$status" -eq 0 ]
        read_section '1.4.2 Multi process: task perfect' 'Multi process'
        read_peak
        expect_perfect multi 50
        [ "$peak" -le "$most" ]
        read_section '1.4.2 Multi process: task sleep' 'Multi process'
        read_peak
        [ "$peak" -eq "$most" ]
        # One ends before the next one begins.
        awk -v "most=$most" '/^Start/ { live++ } /^End/ { live-- } live > most { exit 1 }' <<<"$section"
    done
}

@test "multi: all its processes run at the same time; pool: -w of them" {
    at_line() { # none has ended when the last one begins
        [[ $1 != Starting* ]] || begun=$((begun + 1))
        [ "$begun" -ne 10 ] || kill -KILL "$pid"
    }
    for arguments in '-m multi' '-m pool -w 10'; do
        begun=0
        # shellcheck disable=SC2086 # these are several
        TIME_SCALE=1000 run --separate-stderr watch "$benchmark" -t sleep -n 10 $arguments
        [ "$status" -eq 137 ]
        [ "$(sed -n 's/^Starting task: [0-9] in process //p' <<<"$output" | sort -u | wc -l)" -eq 10 ]
        expect_nothing_left "$benchmark $arguments" # the parent was killed
    done
    export TIME_SCALE=1000 INTERRUPT_AT='Starting task: 2'
    interrupt "$benchmark" -t sleep -m pool -w 3
    [[ $output != *'task: 3'* ]]
    [ "$(grep -c '^Starting' <<<"$output")" -le 3 ]
}

# Builds a benchmark whose file $1 went through sed's $2, and runs its perfect task in mode $3: it must
# notice that the work was not done.
expect_wrong_tally() {
    local copy=$BATS_TEST_TMPDIR/mutant
    mkdir -p "$copy"
    cp 06-benchmarks/*.[ch] "$copy"
    sed -E "$2" "06-benchmarks/$1" >"$copy/$1"
    ! cmp -s "06-benchmarks/$1" "$copy/$1" || fail "nothing to replace in $1: $2" || return
    bounded 60 "${CC:-cc}" -Ilib -o "$copy/benchmark" "$copy/benchmark.c" "$BATS_TEST_TMPDIR/lib/"*.o || return
    run --separate-stderr bounded 20 "$copy/benchmark" -t perfect -n 40
    [ "$status" -eq 1 ] || report "$2: expected status 1" || return
    expect_same "$3" "$(sed -nE 's/^benchmark: (.*) perfect: the tally .* is wrong$/\1/p' <<<"$stderr")" || fail "^ $2"
}

@test "the tally is checked: work that is left out, or done twice, is noticed" {
    mkdir "$BATS_TEST_TMPDIR/lib"
    (cd "$BATS_TEST_TMPDIR/lib" && bounded 60 "${CC:-cc}" -I"$ROOT/lib" -c "$ROOT"/lib/*.c)
    modes=$'mono\nmulti\npool'
    expect_wrong_tally tasks.h 's/i = 1; i < n;/i = 2; i < n;/' "$modes"
    expect_wrong_tally tasks.h 's/i < n; i\+\+/i <= n \/ 2; i++/' "$modes"
    expect_wrong_tally modes.h 's/^( *)run\(first \+ i\);/\1if (i != 7) run(first + i);/' mono
    expect_wrong_tally modes.h 's/^( *)child->run\(child->number\);/\1if (child->number != 7) child->run(child->number);/' multi
    expect_wrong_tally modes.h 's/^( *)call->run\(call->number\);/\1call->run(call->number); if (call->number == 7) call->run(7);/' pool
}

@test "multi finishes where only two dozen processes and 8 MB are allowed" {
    need_user
    run --separate-stderr as_user 24 bash -c 'ulimit -v 8000; exec "$@"' - "$(public_copy "$benchmark")" -q -m multi -n 500
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    read_section '1.4.2 Multi process: task perfect' 'Multi process'
    read_peak
    [ "$peak" -le 23 ]
    expect_perfect multi 500
    read_section '1.4.2 Multi process: task sleep' 'Multi process'
    read_peak
    expect_sleep multi 10 10
    expect_nothing_left "$benchmark"
}

@test "multi finishes with one process besides its own" {
    need_user
    run --separate-stderr as_user 2 "$benchmark" -m multi -t perfect -n 30
    [ "$status" -eq 0 ]
    read_section '1.4.2 Multi process: task perfect' 'Multi process'
    read_peak
    [ "$peak" -eq 1 ]
    expect_perfect multi 30
}

@test "no process to be had: says so, with status 1; mono needs none" {
    [ "$(id -u)" -ne 0 ] || need_user
    run --separate-stderr as_user 0 "$benchmark" -m pool -n 10
    [ "$status" -eq 1 ]
    [[ $stderr == 'benchmark: open a pool of 4 workers: '* ]]
    run --separate-stderr as_user 0 "$benchmark" -m multi -t perfect -n 10
    [ "$status" -eq 1 ]
    [[ $stderr == 'benchmark: start the process of task 1: '* ]]
    run --separate-stderr as_user 0 "$benchmark" -m mono -q -n 10
    [ "$status" -eq 0 ]
    [ "$(id -u)" -eq 0 ] || skip 'only root can have a user of its own for the rest'
    run --separate-stderr as_user 3 "$benchmark" -m pool -q
    [ "$status" -eq 1 ]
    [[ $stderr == 'benchmark: open a pool of 4 workers: '* ]]
    expect_nothing_left "$benchmark"
}

@test "a process that is killed is reported, with its signal; the status is 1" {
    at_line() {
        [[ $1 != Starting* ]] || kill -KILL "${1##* }"
    }
    export TIME_SCALE=1000
    run --separate-stderr watch "$benchmark" -t sleep -n 2 -m multi
    [ "$status" -eq 1 ]
    expect_same 'benchmark: the process of task 0 ended with exit code -9
benchmark: the process of task 1 ended with exit code -9' "$stderr"
    run --separate-stderr watch "$benchmark" -t sleep -n 2 -m pool -w 1
    [ "$status" -eq 1 ]
    for task in 0 1; do
        worker=$(sed -n "s/^Starting task: $task in process //p" <<<"$output")
        [[ $stderr == *"benchmark: task $task: process $worker was killed by signal 9"* ]]
    done
    expect_nothing_left "$benchmark"
}

@test "Ctrl-C, and SIGINT to the parent alone" {
    for mode in mono multi pool; do
        TIME_SCALE=1000 INTERRUPT_AT=Starting interrupt "$benchmark" -t sleep -m "$mode"
        INTERRUPT_AT='28 is' interrupt "$benchmark" -t perfect -m "$mode" -l 100
    done
    for mode in multi pool; do
        TIME_SCALE=1000 INTERRUPT_AT=Starting interrupt_parent "$benchmark" -t sleep -m "$mode"
    done
}

@test "progress is shown on a terminal's standard error only" {
    need_terminal
    for mode in mono multi pool; do
        run bounded 30 script -qec "$benchmark -t perfect -m $mode -n 2000 -l 100 >$BATS_TEST_TMPDIR/output" /dev/null
        [ "$status" -eq 0 ]
        [[ $output =~ ^([0-9]+' of 2000'$'\r')+ ]]
        run --separate-stderr bounded 30 "$benchmark" -t perfect -m "$mode" -n 2000 -l 100
        [ -z "$stderr" ]
        [[ $output != *' of '* ]]
    done
}

@test "-h and --help: usage on standard output" {
    for help in -h --help -qh; do
        run --separate-stderr "$benchmark" "$help"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "usage: benchmark [-q] [-t sleep|perfect] [-m mono|multi|pool] [-n N] [-w WORKERS] [-l LIVE]
  -t TASK     only this task: sleep (10 tasks of 1 s) or perfect (the numbers 1 to 99999)
  -m MODE     only this mode: one process, a process per task, or a pool
  -n N        perfect: the numbers 1 to N; with -t sleep: N tasks
  -w WORKERS  processes in the pool (4)
  -l LIVE     multi: at most this many processes at once (as many as the system gives)
  -q          quick: 10 tasks of 0.1 s, the numbers 1 to 9999" "$output"
    done
}

@test "bad usage is refused before anything is forked" {
    expect_bad_usage "unknown option -x" "$benchmark" -x
    expect_bad_usage "unknown option -x" "$benchmark" -qx
    expect_bad_usage "unknown option '--nothing'" "$benchmark" -q --nothing
    expect_bad_usage "unexpected argument 'extra'" "$benchmark" -q extra
    expect_bad_usage "unexpected argument ''" "$benchmark" ''
    expect_bad_usage "unexpected argument '7'" "$benchmark" -- 7
    for option in -t -m -n -w -l; do
        expect_bad_usage "option $option lacks its argument" "$benchmark" -q "$option"
    done
    for task in '' mono sleeps; do
        expect_bad_usage "-t: expected sleep or perfect, got '$task'" "$benchmark" -t "$task"
    done
    for mode in '' sleep mon; do
        expect_bad_usage "-m: expected mono, multi or pool, got '$mode'" "$benchmark" -m "$mode"
    done
    TIME_SCALE=nan expect_bad_usage "TIME_SCALE: expected a number" "$benchmark" -q
    TIME_SCALE='' expect_bad_usage "TIME_SCALE: expected a number" "$benchmark" -q
    SEED=-1 expect_bad_usage "SEED: expected a whole number" "$benchmark" -q
    SEED=abc expect_bad_usage "SEED: expected a whole number" "$benchmark" -q
}

@test "a bad number is refused before anything is forked" {
    for option in '-n 1000000' '-w 1000' '-l 1000000'; do
        most=${option#* } option=${option% *}
        for number in 0 $((most + 1)); do
            expect_bad_usage "$option: expected a whole number from 1 to $most, got '$number'" "$benchmark" "$option" "$number"
        done
    done
    for number in -1 99999999999999999999 abc '' 7x 1e3 ' 7' '7 ' +7 0x7 7.0 -; do
        expect_bad_usage "-n: expected a whole number from 1 to 1000000, got '$number'" "$benchmark" -n "$number"
    done
}

@test "standard output that is full or closed is a failure" {
    for arguments in '-h' '-q -t perfect -m mono -n 6' '-q -t sleep -m multi' '-q -t sleep -m pool'; do
        read -ra words <<<"$arguments"
        expect_full_device "$benchmark" "${words[@]}"
        run --separate-stderr with '>&-' "$benchmark" "${words[@]}"
        [ "$status" -eq 1 ]
        [[ $stderr == *'benchmark: write standard output: '* ]]
    done
    expect_nothing_left "$benchmark"
}

@test "a full device is told once, not by every child that inherits the failure" {
    expect_full_device "$benchmark" -t perfect -m multi -n 200 -l 20
    [ "$(grep -c 'standard output' <<<"$stderr")" -lt 9 ] || fail 'too many:' "$stderr" # 6 28: children that print
}

@test "standard input closed: the same" {
    run --separate-stderr with '<&-' "$benchmark" -q -n 30
    expect_success 30
}

@test "SIGCHLD ignored by the caller: the same" {
    run --separate-stderr bounded 20 env --ignore-signal=CHLD "$benchmark" -q -n 30
    expect_success 30
}

@test "on a terminal each process has its colour; not with NO_COLOR" {
    need_terminal
    output=$(bounded 20 env -u NO_COLOR TERM=xterm script -qec "$benchmark -q -t sleep -m multi" /dev/null | tr -d '\r')
    colours=$(sed -nE $'s/^\e\\[(3[1-6])m(Starting|Ending) .* ([0-9]+)\e\\[0m$/\\3 \\1/p' <<<"$output")
    [ "$(wc -l <<<"$colours")" -eq 20 ]
    [ "$(sort -u <<<"$colours" | wc -l)" -eq 10 ] # both lines of a process have the same
    [ "$(cut -d ' ' -f 2 <<<"$colours" | sort -u | wc -l)" -gt 1 ]
    output=$(bounded 20 env TERM=xterm script -qec "$benchmark -q -t sleep -m multi" /dev/null) # NO_COLOR=1
    [[ $output == *'Starting task: 0'* ]]
    [[ $output != *$'\e'* ]]
}

@test "README.md tells the truth" {
    check_readme 06-benchmarks/README.md
}
