#!/usr/bin/env bats
# log: lines of five processes in one file, all of them, each whole; and torn ones with -b.

load ../.ci/test_helper

log=03-queue-pipe/log

line_pattern='^[0-9]{4}(-[0-9]{2}){2} ([0-9]{2}:){2}[0-9]{2},[0-9]{3} (DEBUG|INFO ) Process-[1-5] [0-9]+ line [ 12][0-9] of 22$'

# The file has this many such lines, and no others.
expect_whole() {
    [[ $(grep -cE "$line_pattern" "$1") -eq $2 && $(wc -l <"$1") -eq $2 ]] || fail "not $2 whole lines:" "$(cat "$1")"
}

@test "the first five lines of a file that does not stay" {
    for ((turn = 0; turn < 5; turn++)); do
        run --separate-stderr bounded 20 "$log"
        [[ $status -eq 0 && -z $stderr ]] || report 'expected status 0, and no message'
        head -n -1 <<<"$output" >"$BATS_TEST_TMPDIR/shown"
        expect_whole "$BATS_TEST_TMPDIR/shown" 5
        expect_same 'INFO Process-1 PID line 1 of 22
INFO Process-2 PID line 1 of 22
INFO Process-3 PID line 1 of 22
INFO Process-4 PID line 1 of 22
INFO Process-5 PID line 1 of 22' "$(sort -k 4 "$BATS_TEST_TMPDIR/shown" | awk '{ $1 = $2 = ""; $5 = "PID"; print }' | sed 's/^ *//')"
        expect_same 'Of 110 lines, 110 are whole.' "$(tail -n 1 <<<"$output")"
    done
    expect_nothing_left "$log"
}

@test "FILE: all lines, each once, behind what was there before" {
    seq 1000 >"$BATS_TEST_TMPDIR/before"
    printf 'and this' >>"$BATS_TEST_TMPDIR/before"
    cp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/log"
    export TZ=UTC-5 # the times are local
    before=$(date '+%F %T,%3N')
    run --separate-stderr bounded 20 "$log" "$BATS_TEST_TMPDIR/log"
    after=$(date '+%F %T,%3N')
    [[ $status -eq 0 && ${lines[5]} == 'Of 110 lines, 110 are whole.' ]] || report 'expected 110 lines'
    size=$(wc -c <"$BATS_TEST_TMPDIR/before")
    cmp -n "$size" "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/log"
    tail -c +$((size + 1)) "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/new"
    expect_whole "$BATS_TEST_TMPDIR/new" 110
    # A level, a pid and the numbers 1 to 22, in this order, for each process; and a time that is right.
    for ((i = 1; i <= 5; i++)); do
        expect_same "$(seq 22)" "$(awk "\$4 == \"Process-$i\" { print \$7 }" "$BATS_TEST_TMPDIR/new")"
        [ "$(awk "\$4 == \"Process-$i\" { print \$5 }" "$BATS_TEST_TMPDIR/new" | sort -u | wc -l)" -eq 1 ]
    done
    [ "$(awk '{ print $5 }' "$BATS_TEST_TMPDIR/new" | sort -u | wc -l)" -eq 5 ]
    expect_same $'INFO 1\nINFO 22' "$(awk '$3 == "INFO" { print $3, $7 }' "$BATS_TEST_TMPDIR/new" | sort -u)"
    awk -v from="$before" -v to="$after" '{ time = substr($0, 1, 23); if (time < from || time > to) exit 1 }' \
        "$BATS_TEST_TMPDIR/new"
}

@test "two at the same time into one file: no line is lost, none is torn" {
    for ((turn = 0; turn < 3; turn++)); do
        rm -f "$BATS_TEST_TMPDIR/log"
        "$log" "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/output" 3>&- &
        run bounded 20 "$log" "$BATS_TEST_TMPDIR/log"
        wait $!
        [[ $status -eq 0 && $output == *'Of 110 lines, 110 are whole.' ]] || fail "$output"
        expect_same 'Of 110 lines, 110 are whole.' "$(tail -n 1 "$BATS_TEST_TMPDIR/output")"
        expect_whole "$BATS_TEST_TMPDIR/log" 220
    done
}

@test "each line is one write" {
    strace -o /dev/null true 2>/dev/null || skip 'no strace here, or it may not trace'
    printf '%4295d\n' 0 >"$BATS_TEST_TMPDIR/traced" # a stream that had read its end would have little room left
    run bounded 20 strace -f -y -e trace=write,writev -o "$BATS_TEST_TMPDIR/trace" "$log" "$BATS_TEST_TMPDIR/traced"
    [ "$status" -eq 0 ]
    [ "$(grep -cE 'writev?\([0-9]+<[^>]*/traced>' "$BATS_TEST_TMPDIR/trace")" -eq 110 ]
}

# Each buffer is full in the fifth line. What the first four write then ends there, in the middle of a
# line, and goes on with the next one's first line.
@test "-b: lines are torn, every time, and no byte is lost" {
    for ((turn = 0; turn < 8; turn++)); do
        rm -f "$BATS_TEST_TMPDIR/log"
        run --separate-stderr bounded 20 "$log" -b "$BATS_TEST_TMPDIR/log"
        [[ $status -eq 0 && -z $stderr ]] || report 'expected status 0, and no message'
        [ "$(grep -cE "$line_pattern" <<<"$output")" -eq 4 ]
        [[ ${lines[4]} =~ [0-9]{4}-.*[0-9]{4}- && ! ${lines[4]} =~ $line_pattern ]] || fail "not torn: ${lines[4]}"
        [[ ${lines[5]} =~ ^'Of 110 lines, '([0-9]+)' are whole.'$ ]]
        [ "${BASH_REMATCH[1]}" -le 106 ] || report 'expected 4 torn lines or more'
        [ "$(wc -l <"$BATS_TEST_TMPDIR/log")" -eq 110 ]
        [ "$(grep -oE 'Process-[1-5]' "$BATS_TEST_TMPDIR/log" | wc -l)" -ge 90 ]
    done
    expect_nothing_left "$log -b"
}

@test "one is killed: the others do not wait for ever, and what is there is whole" {
    altered=$BATS_TEST_TMPDIR/log
    sed '/^static int log_lines/i #include <signal.h>\
static int is(const char *what) { return strcmp(getenv("WHAT"), what) == 0; }
         s/^ *if (barrier_wait/        if (number == 10 \&\& strcmp(process_current_name(), "Process-3") == 0)\
            (void)(is("killed") ? raise(SIGKILL) : is("stays") ? pause() : 0);\n&/
         s/if ((flush/if (((flush \&\& !is("torn"))/
         /^static int log_lines/,/^}/ s/^ *return/    (void)(is("killed late") ? raise(SIGKILL) : 0);\n&/' "$log.c" >"$altered.c"
    bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" build/libprocesses.a -pthread ||
        bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" lib/*.c -pthread # it has other flags
    WHAT=killed run --separate-stderr bounded 20 "$altered" "$BATS_TEST_TMPDIR/file"
    [ "$status" -eq 1 ]
    [[ $stderr == *'log: Process-3 ended with exit code -9'* ]]
    [ "$(grep -c 'log: wait for the others: ' <<<"$stderr")" -eq 4 ]
    [ "$(grep -c 'log: Process-[1245] ended with exit code 1$' <<<"$stderr")" -eq 4 ]
    expect_same 'Of 110 lines, 45 are whole.' "$(tail -n 1 <<<"$output")"
    expect_whole "$BATS_TEST_TMPDIR/file" 45
    # All lines are there, but not all is well; and the other way round.
    WHAT='killed late' run bounded 20 "$altered"
    [[ $status -eq 1 && $output == *'Of 110 lines, 110 are whole.' ]]
    WHAT=torn run --separate-stderr bounded 20 "$altered"
    [[ $status -eq 1 && -z $stderr && $output != *'Of 110 lines, 110 are whole.' ]]

    # One stays away, and the others wait; the parent is killed.
    WHAT=stays bounded 20 sh -c 'echo $$; exec "$@" >/dev/null' - "$altered" "$BATS_TEST_TMPDIR/other" >"$BATS_TEST_TMPDIR/pid" 3>&- &
    end=$((SECONDS + 15))
    until [[ -s $BATS_TEST_TMPDIR/other && $(wc -l <"$BATS_TEST_TMPDIR/other") -ge 45 ]]; do
        [ "$SECONDS" -lt "$end" ]
        sleep 0.02
    done
    kill -KILL "$(cat "$BATS_TEST_TMPDIR/pid")"
    wait $! || status=$?
    [ "$status" -eq 137 ]
    expect_nothing_left "$altered"
}

@test "the edges" {
    VARIES=yes expect_edges "$log"
    VARIES=yes expect_edges "$log" -b
    expect_bad_usage "unexpected argument 'b'" "$log" a b
    run --separate-stderr bounded 20 "$log" "$BATS_TEST_TMPDIR"
    [[ $status -eq 1 && -z $output && $stderr == "log: open $BATS_TEST_TMPDIR: "* ]] || report 'a directory'
    expect_bad_usage "FILE: expected a regular file, got '/dev/full'" "$log" /dev/full
    run --separate-stderr bounded 20 bash -c 'trap "" XFSZ && ulimit -f 1 && exec "$@"' - "$log" "$BATS_TEST_TMPDIR/log"
    [[ $status -eq 1 && $stderr == *'log: write to the log: '* ]] || report 'a file that must not grow'
    expect_nothing_left "$log"
}
