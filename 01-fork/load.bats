#!/usr/bin/env bats
# load: N children share a loop; what becomes of them, and how long it takes.

load ../.ci/test_helper

load=01-fork/load
MOST=${LONG_MAX:-9223372036854775807}

# Builds it with draws that are counted on descriptor 9, a line with the process's pid for every STEP
# of them, and with made-up times: into `counting`.
build_counting() {
    counting=$BATS_FILE_TMPDIR/load
    [ ! -x "$counting" ] || return 0
    cat >"$BATS_FILE_TMPDIR/counting.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/times.h>
#include <unistd.h>
int rand(void)
{
    static long draws, step;
    if (step == 0)
        step = atol(getenv("STEP"));
    if (++draws % step == 0)
        dprintf(9, "%ld\n", (long)getpid());
    return 0;
}
clock_t times(struct tms *t)
{
    long ticks = sysconf(_SC_CLK_TCK);
    *t = (struct tms){61 * ticks, ticks, 119 * ticks + ticks / 2, 2 * ticks + ticks / 4};
    return 0;
}
END
    "${CC:-cc}" -O1 -Ilib -Drand=counted_rand -Dtimes=made_up_times -o "$counting" 01-fork/load.c \
        "$BATS_FILE_TMPDIR/counting.c" lib/{beyond,cli,say,clock,io}.c -pthread
}

@test "each child says so, and exits with code 3; the times come last" {
    run --separate-stderr bounded 60 "$load" -t 1000 3
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    pids=$(sed -nE 's/^In Parent of ([0-9]+)$/\1/p' <<<"$output")
    [ "$(sort -u <<<"$pids" | wc -l)" -eq 3 ]
    # shellcheck disable=SC2086 # three pids
    expect_same "$(printf '(%d, 768)\n' $pids)" "$(grep -F ", 768)" <<<"$output")"
    expect_same "$(printf 'In Child\n%.0s' {1..3})" "$(grep Child <<<"$output")"
    expect_same "$(printf '\nreal\t0mTs\nuser\t0mTs\nsys\t0mTs')" "$(sed 1,9d <<<"$output" | sed -E 's/[0-9]+\.[0-9]{3}s/Ts/')"
    run --separate-stderr bounded 60 "$load" -t 0
    expect_same 8 "$(grep -c '^In Parent of ' <<<"$output")"
}

@test "the children's time is in it" {
    run --separate-stderr bounded 60 "$load" -t 3000000 1
    real=$(sed -nE 's/^real\t0m([0-9]+)\.([0-9]+)s$/\1\2/p' <<<"$output")
    user=$(sed -nE 's/^user\t0m([0-9]+)\.([0-9]+)s$/\1\2/p' <<<"$output")
    [ "$((10#$user))" -ge 10 ] # the parent alone needs 1
    [ "$((10#$real))" -ge "$((10#$user - 20))" ]
}

@test "no turn is lost: all of them are shared, as evenly as can be; by default 40,000,000" {
    build_counting
    for arguments in '1 1' '7 3' '8 3' '9 3' '2 5' '100 7'; do
        read -r turns children <<<"$arguments"
        STEP=1 bounded 60 "$counting" -t "$turns" "$children" 9>"$BATS_TEST_TMPDIR/draws" >/dev/null
        expect_same $((turns * 2)) "$(wc -l <"$BATS_TEST_TMPDIR/draws")"
        shares=$(sort "$BATS_TEST_TMPDIR/draws" | uniq -c | awk '{ print $1 }' | sort -u)
        [ $(($(tail -n 1 <<<"$shares") - $(head -n 1 <<<"$shares"))) -le 2 ] || fail "-t $arguments:" "$shares"
    done
    STEP=10000000 bounded 60 "$counting" 9>"$BATS_TEST_TMPDIR/draws" >/dev/null
    expect_same 8 "$(sort -u "$BATS_TEST_TMPDIR/draws" | wc -l)"
    expect_same 8 "$(wc -l <"$BATS_TEST_TMPDIR/draws")"
}

@test "the times are those of the whole family, in minutes and seconds" {
    build_counting
    output=$(STEP=1 bounded 60 "$counting" -t 0 1)
    expect_same "$(printf 'user\t3m0.500s\nsys\t0m3.250s')" "$(tail -n 2 <<<"$output")"
}

@test "Ctrl-C, or any death of the parent, leaves no child at work" {
    export INTERRUPT_AT='In Child'
    interrupt "$load" -t "$MOST" 3
    interrupt_parent "$load" -t "$MOST" 3
}

@test "a child that is killed is a failure; a fork that fails, too, and those that were started are waited for" {
    at_line() {
        [[ $1 != 'In Parent of '* ]] || kill -KILL "${1##* }"
    }
    run --separate-stderr watch "$load" -t "$MOST" 2
    [ "$status" -eq 1 ]
    expect_same $'(N, 9)\n(N, 9)' "$(grep '^(' <<<"$output" | mask)"

    need_user
    run --separate-stderr as_user 3 "$load" -t 10 5
    [ "$status" -eq 1 ]
    expect_same 'load: fork: Resource temporarily unavailable' "$stderr"
    expect_same 2 "$(grep -c ', 768)$' <<<"$output")"
}

@test "at the edges" {
    expect_bad_usage "N: expected a whole number from 1 to 1000, got '0'" "$load" 0
    expect_bad_usage "N: expected a whole number from 1 to 1000, got '1001'" "$load" 1001
    expect_bad_usage "-t: expected a whole number from 0 to $MOST, got '1e6'" "$load" -t 1e6 2
    expect_bad_usage "-t: expected a whole number" "$load" -t -1
    expect_bad_usage "unexpected argument '3'" "$load" 2 3
    run --separate-stderr with '>/dev/full' "$load" -t 10 1
    expect_same 2 "$(grep -c 'write standard output' <<<"$stderr")" # of both processes
    VARIES=yes expect_edges "$load" -t 1000 2
}
