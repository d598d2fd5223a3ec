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
    sed -nE 's/^(1\.4\.[123] )?(Mono process|Multi process|Process pool|Threads): task /\2 /p' <<<"$output"
}

@test "-q: both tasks in the three modes, and the table with the document's figures" {
    run --separate-stderr bounded 60 "$benchmark" -q -n 2000 -l 500
    expect_success 2000
    read_section '1.4.2 Multi process: task perfect' 'Multi process'
    read_peak
    [ "$peak" -le 500 ]
    run --separate-stderr bounded 20 "$benchmark" -q -t perfect -m mono -k sieve
    [[ $output == *'1.4.4 Conclusion: 10 x 0.005 s, the numbers 1 to 9999'* ]] # without -n
    read_section '1.4.1 Mono process: task perfect by sieve' 'Mono process'
    expect_perfect mono 9999
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
    for mode in mono multi pool threads; do
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

@test "multi: all its processes run at the same time; pool and threads: -w of them" {
    at_line() { # none has ended when the last one begins
        [[ $1 != Starting* ]] || begun=$((begun + 1))
        [ "$begun" -ne 10 ] || kill -KILL "$pid"
    }
    for arguments in '-m multi' '-m pool -w 10' '-m threads -w 10'; do
        begun=0 pids=10
        [[ $arguments != *threads* ]] || pids=1
        # shellcheck disable=SC2086 # these are several
        TIME_SCALE=1000 run --separate-stderr watch "$benchmark" -t sleep -n 10 $arguments
        [ "$status" -eq 137 ]
        [ "$(sed -n 's/^Starting task: [0-9] in process //p' <<<"$output" | sort -u | wc -l)" -eq "$pids" ]
        expect_nothing_left "$benchmark $arguments" # the parent was killed
    done
    export TIME_SCALE=1000 INTERRUPT_AT='Starting task: 2'
    for mode in pool threads; do
        interrupt "$benchmark" -t sleep -m "$mode" -w 3
        [[ $output != *'task: 3'* ]]
        [ "$(grep -c '^Starting' <<<"$output")" -le 3 ]
    done
}

@test "-m threads: the same tasks, in one process; -m all: the four modes" {
    TIME_SCALE=0.01 run --separate-stderr bounded 20 "$benchmark" -m all -n 500 -w 3
    expect_same 'Mono process sleep
Mono process perfect
Multi process sleep
Multi process perfect
Process pool sleep
Process pool perfect
Threads sleep
Threads perfect' "$(titles)"
    read_section 'Threads: task sleep' Threads
    expect_sleep threads 10 1
    at_least "$seconds" 0.04
    read_section 'Threads: task perfect' Threads
    expect_perfect threads 500
    expect_same 'perfect threads(3) -' "$(tail -n 1 <<<"$output" | awk '{ print $1, $2, $3 }')"
    [ "$(sed '1,/^1\.4\.4/d' <<<"$output" | awk '{ print length() }' | sort -u | wc -l)" -eq 1 ]
    need_user
    run --separate-stderr as_user 3 "$benchmark" -m threads -n 10
    [ "$status" -eq 1 ]
    [[ $stderr == 'benchmark: start thread 3 of 4: '* ]]
}

@test "-k: every kernel finds them, in all modes, and the table has what it spent" {
    run --separate-stderr bounded 30 "$benchmark" -k all -m all -n 600 -l 50
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    for kernel in brute simd sqrt sieve; do
        for mode in '1.4.1 Mono process' '1.4.2 Multi process' '1.4.3 Process pool' Threads; do
            read_section "$mode: task perfect by $kernel" "${mode#1.4.? }"
            [[ $mode != *Multi* ]] || read_peak
            expect_perfect "$mode $kernel" 600
        done
    done
    # The other way round: the divisors of each number, one by one.
    expect_same "$(awk 'BEGIN {
        for (n = 1; n <= 600; n++)
            for (d = 1; d * d <= n; d++) {
                to_root++
                if (n % d == 0 && d > 1) pairs++
            }
        for (k = 0; k < 4; k++) print "brute", 600 * 599 / 2
        for (k = 0; k < 4; k++) print "simd", 600 * 599 / 2
        for (k = 0; k < 4; k++) print "sqrt", to_root
        for (k = 0; k < 4; k++) print "sieve", pairs
    }')" "$(awk '/^task/ { on = 1; next } /^spent/ { on = 0 } on { print $1, $NF }' <<<"$output")"
    [ "$(sed -n '/^task/,/^spent/p' <<<"$output" | sed '$d' | awk '{ print length() }' | sort -u)" -eq 80 ]
    [[ $(awk '$1 == "sqrt" && $2 == "multi"' <<<"$output") =~ ' '0\.0[0-9]{3}' ' ]] # to mono, legible when small
    for number in 1 4096 4097 8200; do # a part of a segment, one, and more
        run --separate-stderr bounded 20 "$benchmark" -k sieve -m multi -n "$number"
        [ "$status" -eq 0 ]
        [ "$(titles)" = 'Multi process perfect by sieve' ]
        read_section '1.4.2 Multi process: task perfect by sieve' 'Multi process'
        read_peak
        expect_perfect sieve "$number"
        [ "$peak" -eq $(((number + 4095) / 4096)) ]
    done
}

@test "the kernels agree with brute; simd, for some numbers up to 2^24 - 1" {
    cat >"$BATS_TEST_TMPDIR/agree.c" <<'END'
#include "kernels.h"
#include <stdio.h>
static int differ(uint32_t n, uint32_t sum)
{
    uint64_t spent = 0, wanted = 0;
    uint32_t other = simd(n, &spent);
    if (other == sum && by_root(n, &wanted) == sum && spent == n - 1)
        return 0;
    printf("%u: %u, simd %u\n", n, sum, other);
    return 1;
}
int main(void)
{
    static uint32_t sums[5000], more[5000];
    uint64_t spent = 0;
    int wrong = 0;
    for (uint32_t n = 1; n <= 5000; n++)
        wrong |= differ(n, sums[n - 1] = brute(n, &spent));
    sieve(1, 5000, more, &spent);
    for (uint32_t n = 1; n <= 5000; n++)
        wrong |= more[n - 1] != sums[n - 1];
    sieve(4990, 5000, more, &spent); /* a segment that begins anywhere */
    for (uint32_t n = 4990; n <= 5000; n++)
        wrong |= more[n - 4990] != sums[n - 1];
    /* Many divisors, a prime, a square, two primes that are neighbours, and the last ones. */
    const uint32_t large[] = {14414400, 16777213, 4093 * 4093, 4091 * 4093, (1 << 24) - 2, (1 << 24) - 1};
    for (int i = 0; i < 6; i++)
        wrong |= differ(large[i], by_root(large[i], &spent));
    wrong |= differ(16777215, brute(16777215, &spent));
    return wrong;
}
END
    bounded 60 "${CC:-cc}" -std=c17 -O2 -I06-benchmarks -o "$BATS_TEST_TMPDIR/agree" "$BATS_TEST_TMPDIR/agree.c"
    bounded 20 "$BATS_TEST_TMPDIR/agree"
}

@test "bars: with -b or on a terminal, as long as the seconds, the longest of a task over the width" {
    export TIME_SCALE=0.01
    for arguments in '-m all -n 700 -l 50' '-k all -n 2000 -m mono' '-t sleep -m all -w 100'; do
        # shellcheck disable=SC2086 # these are several
        run --separate-stderr bounded 20 "$benchmark" $arguments
        [[ $output != *'#'* ]]
        # shellcheck disable=SC2086
        run --separate-stderr bounded 20 "$benchmark" -b $arguments
        table=$(sed '1,/^task/d; /^spent/,$d; /^$/,$d' <<<"$output" | awk '{ print $1, $2 }')
        bars=$(sed '1,/^The seconds as bars$/d' <<<"$output")
        expect_same "$table" "$(awk '{ print $1, $2 }' <<<"$bars")"
        awk '{
            at = match($0, /#* [0-9.]+ s$/)
            bar = $0; gsub(/[^#]/, "", bar)
            group = $1 == "sleep" ? 0 : 1
            seconds[NR] = $(NF - 1); len[NR] = length(bar); of[NR] = group; column[at] = 1
            if (seconds[NR] > most[group]) most[group] = seconds[NR]
            if (length(bar) > longest) longest = length(bar)
            if (length($0) > 80) exit wrong = 1
        } END {
            for (i = 1; i <= NR; i++) {
                half = 0.5 + 0.00011 / most[of[i]] * longest # the seconds are rounded
                if ((len[i] - seconds[i] / most[of[i]] * longest) ^ 2 > half ^ 2) wrong = 1
            }
            for (at in column) columns++
            exit wrong || longest < 40 || longest > 60 || columns != 1
        }' <<<"$bars" || fail "crooked:" "$bars"
    done
    need_terminal
    output=$(bounded 20 script -qec "$benchmark -t perfect -m mono -n 99" /dev/null | tr -d '\r')
    [[ $output == *$'\nThe seconds as bars\nperfect  mono      ###'* ]]
}

@test "-o: the file has what was measured; one that can't be written is a failure" {
    export TIME_SCALE=0.01
    file=$BATS_TEST_TMPDIR/file
    run --separate-stderr bounded 20 "$benchmark" -q -m all -n 500 -o "$file"
    [ "$status" -eq 0 ]
    awk '/^task/ { on = 1; next } on { sub(/\(.*/, "", $2); print $1 == "perfect" ? "brute" : $1, $2 }' <<<"$output" >"$file.rows"
    expect_same "$(printf 'table\twhat\tat\tunit\tmedian\tleast\tmost\trounds\n'
        sed -E 's/(.*) (.*)/modes\t\1\t\2\ts\tT\tT\tT\t1/' "$file.rows")" \
        "$(awk -F '\t' -v OFS='\t' 'NR > 1 { for (i = 5; i <= 7; i++) if ($i + 0 > 0) $i = "T" } 1' "$file")"
    [ "$(wc -l <"$file")" -eq 9 ]
    # The seconds are those of the table, where they are rounded.
    paste <(sed -nE 's/.* ([0-9.]+) s +[-0-9.]+ +[-0-9.]+$/\1/p' <<<"$output") <(tail -n +2 "$file" | cut -f 5-7) |
        awk '($1 - $2) ^ 2 > 0.000051 ^ 2 || $3 != $2 || $4 != $2 { exit 1 } END { if (NR != 8) exit 1 }'
    run --separate-stderr bounded 20 "$benchmark" -k sqrt -m mono -n 500 -o "$file"
    expect_same 'modes sqrt mono s' "$(tail -n +2 "$file" | cut -f 1-4 | tr '\t' ' ')"
    run --separate-stderr bounded 20 "$benchmark" -q -o "$BATS_TEST_TMPDIR/none/file"
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == "benchmark: open $BATS_TEST_TMPDIR/none/file: No such file"* ]]
    run --separate-stderr bounded 20 "$benchmark" -t perfect -m mono -n 9 -o /dev/full
    [ "$status" -eq 1 ]
    [[ $stderr == 'benchmark: write the file of -o: No space left'* ]]
}

# mutate FILE SED...: builds a benchmark whose FILE went through each SED, into $mutant.
mutate() {
    local copy=$BATS_TEST_TMPDIR/mutant file=$1 change
    mutant=$copy/benchmark
    mkdir -p "$copy"
    cp 06-benchmarks/*.[ch] "$copy"
    for change in "${@:2}"; do
        sed -E "$change" "$copy/$file" >"$copy/changed"
        ! cmp -s "$copy/$file" "$copy/changed" || fail "nothing to replace in $file: $change" || return
        mv "$copy/changed" "$copy/$file"
    done
    bounded 60 "${CC:-cc}" -Ilib -o "$mutant" "$mutant.c" build/libprocesses.a -pthread
}

# It must notice in those of $1, and nowhere else, that the work was not done; with other arguments.
expect_wrong_tally() {
    run --separate-stderr bounded 20 "$mutant" -n 70 "${@:2}"
    [ "$status" -eq 1 ] || report "${*:2}: expected status 1" || return
    expect_same "$1" "$(sed -nE 's/^benchmark: (.*): the tally .* is wrong$/\1/p' <<<"$stderr" | xargs)" || fail "^ ${*:2}"
}

@test "the tally is checked: work that is left out, or done twice, is noticed" {
    mutate kernels.h 's/i = 1; i < n;/i = 2; i < n;/'
    expect_wrong_tally 'mono brute multi brute pool brute threads brute' -k all -m all
    mutate kernels.h 's/i = 1; i < n; i\+\+/i = 1; i <= n \/ 2; i++/' 's/\? divisor : 0/? divisor + 1 : 0/' \
        's/d \* d <= n; d/d * d < n; d/' 's/other < d/other <= d/; s/other = d;/other = d + 1;/'
    for kernel in brute simd sqrt sieve; do expect_wrong_tally "mono $kernel" -m mono -k "$kernel"; done
    mutate modes.h 's/^( *)run\(first \+ i\);/\1if (i > 0) run(first + i);/' \
        's/^( *)child->run\(child->number\);/\1if (child->number != 7) child->run(child->number);/' \
        's/^( *)call->run\(call->number\);/\1{ call->run(call->number); if (call->number == 7) call->run(7); }/' \
        's/^( *)crew->run\(number\);/\1{ crew->run(number); if (number == 1) crew->run(1); }/'
    # Number 1 needs no division, but is a task.
    expect_wrong_tally 'mono brute mono simd mono sqrt mono sieve' -m mono -k all
    expect_wrong_tally 'multi brute' -m multi -k brute
    expect_wrong_tally 'pool sqrt' -m pool -k sqrt
    expect_wrong_tally 'threads sieve' -m threads -k sieve
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

# The table of an interrupted run has nothing but these rows.
expect_interrupted() {
    local title=$1 rows=$2
    grep -qxF "$title test interrupted" <<<"$output" || report 'does not say what was interrupted' || return
    ! grep -q '^benchmark:' <<<"$stderr" || report 'complains' || return
    expect_same "$rows" "$(sed '1,/^task /d' <<<"$output" | awk '{ print $1, $2 }')"
}

@test "Ctrl-C, and SIGINT to the parent alone: the table has what was measured" {
    for mode in 'mono Mono process' 'multi Multi process' 'pool Process pool' 'threads Threads'; do
        title=${mode#* } mode=${mode%% *}
        TIME_SCALE=1000 INTERRUPT_AT=Starting interrupt "$benchmark" -m "$mode"
        expect_interrupted "$title" ''
        [[ $output != *'task perfect'* ]]
        ! grep '^Ending' <<<"$output"
        INTERRUPT_AT='28 is' interrupt "$benchmark" -t perfect -m "$mode" -l 100
        expect_interrupted "$title" ''
    done
    for mode in 'multi Multi process' 'pool Process pool' 'threads Threads'; do
        TIME_SCALE=1000 INTERRUPT_AT=Starting interrupt_parent "$benchmark" -t sleep -m "${mode%% *}"
        expect_interrupted "${mode#* }" ''
    done
    TIME_SCALE=0 INTERRUPT_AT='28 is' interrupt_parent "$benchmark" -m pool -o "$BATS_TEST_TMPDIR/file"
    expect_interrupted 'Process pool' 'sleep pool(4)'
    expect_same $'table what\nmodes sleep' "$(cut -f 1,2 "$BATS_TEST_TMPDIR/file" | tr '\t' ' ')"
    at_line() { # twice, as some send it: to the process, and to its group
        [[ $1 != '28 is'* ]] || kill -INT "$pid" "$pid"
    }
    run --separate-stderr watch env --default-signal=INT "$benchmark" -t perfect -m mono
    [ "$status" -eq 130 ]
    expect_interrupted 'Mono process' ''
    at_line() {
        [[ $1 != '6 is'* ]] || kill -INT "$pid"
    }
    run --separate-stderr watch env --ignore-signal=INT "$benchmark" -t perfect -n 2000 -m mono
    [ "$status" -eq 0 ] # who is told to ignore it goes on
    [[ $output == *$'\nperfect  mono '* ]]
}

@test "progress is shown on a terminal's standard error only" {
    need_terminal
    for mode in mono multi pool; do # threads show none
        run bounded 30 script -qec "$benchmark -t perfect -m $mode -n 1100 -l 100 >$BATS_TEST_TMPDIR/output" /dev/null
        [ "$status" -eq 0 ]
        [[ $output =~ ^([0-9]+' of 1100'$'\r')+ ]]
        run --separate-stderr bounded 30 "$benchmark" -t perfect -m "$mode" -n 1100 -l 100
        [ -z "$stderr" ]
        [[ $output != *' of '* ]]
    done
}

@test "-h and --help: usage on standard output" {
    for help in -h --help -qh; do
        run --separate-stderr "$benchmark" "$help"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "usage: benchmark [-bq] [-t TASK] [-k KERNEL] [-m MODE] [-n N] [-w WORKERS] [-l LIVE] [-o FILE]
  -t TASK     only this task: sleep (10 tasks of 1 s) or perfect (the numbers 1 to 99999)
  -k KERNEL   only perfect, by brute (the default), simd, sqrt, sieve, or by all of them
  -m MODE     only this mode: mono, multi (a process per task), pool or threads; or all four
  -n N        perfect: the numbers 1 to N; with -t sleep: N tasks
  -w WORKERS  processes in the pool, or threads (4)
  -l LIVE     multi: at most this many processes at once (as many as the system gives)
  -b          bars below the table, as there are on a terminal
  -o FILE     write what was measured to FILE, separated by tabs
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
    for option in -t -k -m -n -w -l -o; do
        expect_bad_usage "option $option lacks its argument" "$benchmark" -q "$option"
    done
    for task in '' mono sleeps; do
        expect_bad_usage "-t: expected sleep or perfect, got '$task'" "$benchmark" -t "$task"
    done
    for mode in '' sleep mon; do
        expect_bad_usage "-m: expected mono, multi, pool, threads or all, got '$mode'" "$benchmark" -m "$mode"
    done
    expect_bad_usage "-k: expected brute, simd, sqrt, sieve or all, got 'root'" "$benchmark" -k root
    expect_bad_usage '-k: the task sleep has no kernels' "$benchmark" -k sqrt -t sleep
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
