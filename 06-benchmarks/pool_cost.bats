#!/usr/bin/env bats
# pool_cost: the pools and tasks are those that the tables say, every result is checked, the figures are
# right; Ctrl-C keeps them. How fast anything is, is not tested.

load ../.ci/test_helper
load cost

pool_cost=06-benchmarks/pool_cost

setup() {
    common_setup
    tsv=$BATS_TEST_TMPDIR/tsv
    export LOG=$BATS_TEST_TMPDIR/log
}

# The numbers of workers for so many processors.
workers_for() {
    local workers
    for ((workers = 1; workers < $1; workers *= 2)); do echo "$workers"; done
    echo "$1"
    echo $((2 * $1))
}

# expect_rows ROUNDS PROCESSORS LENGTH...: the rows in the file.
expect_rows() {
    local length workers
    expect_same "bare loop|-|$1
$(for workers in $(workers_for "$2"); do printf "$workers|%s|$1\n" 1 10 100 1000; done)" "$(rows_of task "$tsv")" || return
    expect_same "$(for length in "${@:3}"; do
        for workers in $(workers_for "$2"); do echo "$length|$workers|$1"; done
    done)" "$(rows_of efficiency "$tsv")"
}

# Builds it so that the test says how many PROCESSORS there are and how long everything takes: each look at
# the clock a tick (1/1024 s), and the map number m, from 0 on, m ticks more. The LOG tells all calls of the
# pool. At map SIGNAL_AT it gets SIGNAL, and a second one if TWICE is set. Map WRONG_AT spoils its last
# result, SKIP_AT is not done, the jobs of KILL_AT kill their workers, at FAIL_AT the pool has been closed.
build_fake() {
    fake=$BATS_FILE_TMPDIR/pool_cost
    [ ! -x "$fake" ] || return 0
    cat >"$BATS_FILE_TMPDIR/fake.c" <<'END'
#include "pool.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
static long now, maps;
static long given(const char *name)
{
    return getenv(name) == NULL ? -1 : atol(getenv(name));
}
static void note(const char *what, unsigned long a, unsigned long b, unsigned long c)
{
    FILE *log = fopen(getenv("LOG"), "a");
    fprintf(log, "%s %lu %lu %lu\n", what, a, b, c);
    fclose(log);
}
double fake_now(void);
double fake_now(void)
{
    return (double)++now / 1024;
}
int fake_processors(void);
int fake_processors(void)
{
    return (int)given("PROCESSORS");
}
struct pool *fake_open(const struct pool_options *options);
struct pool *fake_open(const struct pool_options *options)
{
    note("open", (unsigned long)options->workers, options->slots, 0);
    return pool_open(options);
}
int fake_join(struct pool *pool);
int fake_join(struct pool *pool)
{
    note("join", 0, 0, 0);
    return pool_join(pool);
}
static int kill_self(const void *argument, void *result)
{
    (void)argument, (void)result;
    return raise(SIGKILL);
}
long fake_map(struct pool *pool, task_function *function, const void *arguments, size_t count, size_t chunk,
              struct task_result *results);
long fake_map(struct pool *pool, task_function *function, const void *arguments, size_t count, size_t chunk,
              struct task_result *results)
{
    note("map", count, chunk, ((const uint32_t *)arguments)[2 * count - 1]);
    for (int i = 0; maps == given("SIGNAL_AT") && i <= (getenv("TWICE") != NULL); i++)
        raise((int)given("SIGNAL"));
    if (maps == given("FAIL_AT"))
        pool_close(pool);
    if (maps == given("KILL_AT"))
        function = kill_self;
    long result = maps == given("SKIP_AT") ? 0 : pool_map(pool, function, arguments, count, chunk, results);
    if (maps == given("WRONG_AT"))
        ++*(uint32_t *)results[count - 1].value;
    now += maps++;
    return result;
}
END
    bounded 60 "${CC:-cc}" -Ilib -Dseconds_now=fake_now -Dbeyond_processors=fake_processors -Dpool_open=fake_open \
        -Dpool_map=fake_map -Dpool_join=fake_join -c -o "$fake.o" 06-benchmarks/pool_cost.c &&
        bounded 60 "${CC:-cc}" -Ilib -o "$fake" "$fake.o" "$BATS_FILE_TMPDIR/fake.c" build/libprocesses.a -pthread
}

@test "-q: empty tasks by workers and chunk, and the efficiency by length and workers; in the file as printed" {
    run --separate-stderr bounded 30 "$pool_cost" -q -r 1 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]]
    processors=$(build/test/beyond_test processors)
    expect_same "Rounds: 1, after one that warms up. Processors: $processors." "${lines[0]}"
    expect_rows 1 "$processors" 1 10 100 1000 10000
    expect_tables "$tsv" 1
    expect_same "$processors processors: with w workers, more than these, it is at most $processors/w." "${lines[-1]}"
    expect_same 'The tasks do nothing: it is the pool'"'"'s price. The bare loop calls them itself.' \
        "$(grep '^The tasks' <<<"$output")"
}

@test "each pool gets the tasks that the tables name, in turn; the figures follow from the times" {
    build_fake
    PROCESSORS=2 run --separate-stderr bounded 30 "$fake" -n 100 -r 3 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]]
    expect_rows 3 2 1 10 100
    expect_tables "$tsv" 3
    for _ in {0..3}; do # 1024 steps a microsecond, as a million takes a tick
        for workers in 1 2 4; do printf 'map 100 %s 0\n' 1 10 100 1000; done
        for length in 1 10 100; do
            for workers in 1 2 4; do echo "map $((100 * workers / length)) 1 $((length * 1024))"; done
        done
    done >"$BATS_TEST_TMPDIR/wanted"
    expect_same $'open 1 0 0\nopen 2 0 0\nopen 4 0 0\n'"$(cat "$BATS_TEST_TMPDIR/wanted")"$'\njoin 0 0 0\njoin 0 0 0\njoin 0 0 0' "$(cat "$LOG")"
    # A round has 21 maps; map number m takes 1 + m ticks, the bare loop takes one.
    awk -v OFS='\t' 'BEGIN {
        us = 1e6 / 1024 / 100
        print "task", "bare loop", "-", "us", us, us, us, 3
        for (i = 0; i < 3; i++)
            for (k = 0; k < 4; k++)
                print "task", 2 ^ i, 10 ^ k, "us", (43 + 4 * i + k) * us, (22 + 4 * i + k) * us, (64 + 4 * i + k) * us, 3
        for (k = 0; k < 3; k++)
            for (i = 0; i < 3; i++)
                print "efficiency", 10 ^ k, 2 ^ i, "T1/(w Tw)", 1 / (55 + 3 * k + i), 1 / (76 + 3 * k + i), 1 / (34 + 3 * k + i), 3
    }' OFMT=%.6g >"$BATS_TEST_TMPDIR/wanted"
    expect_same "$(cat "$BATS_TEST_TMPDIR/wanted")" "$(sed 1d "$tsv")"
}

@test "as many pools as the processors ask for; a sample is what -n says" {
    build_fake
    for processors in 1 6 16; do
        rm -f "$LOG"
        PROCESSORS=$processors run --separate-stderr bounded 30 "$fake" -n 1 -r 1 -o "$tsv"
        [[ $status -eq 0 && -z $stderr ]]
        expect_rows 1 $processors 1
        expect_same "$(for workers in $(workers_for $processors); do
            echo "open $workers $((workers > 8 ? 2048 * workers : 0)) 0"
        done)" "$(grep open "$LOG")"
        expect_same "$processors processors: with w workers, more than these, it is at most $processors/w." "${lines[-1]}"
        expect_nothing_left "$pool_cost"
    done
    # The first map of empty tasks tells the number; no more than 100,000 for all workers.
    for options in '-q:10000' '-r 1:50000' '-n 99999:99999'; do
        rm "$LOG"
        # shellcheck disable=SC2086 # these are several
        SIGNAL_AT=6 SIGNAL=15 PROCESSORS=1 run --separate-stderr bounded 30 "$fake" ${options%:*}
        [ "$status" -eq 143 ]
        expect_same "map ${options#*:} 1 0" "$(sed -n 3p "$LOG")"
        [[ $options != -q:* || ${lines[0]} == 'Rounds: 5, '* ]]
    done
    rm "$LOG"
    SIGNAL_AT=10 SIGNAL=15 PROCESSORS=1 run --separate-stderr bounded 30 "$fake" -n 60000
    expect_same $'map 50000 1 1024\nmap 100000 1 1024' "$(grep map "$LOG" | sed -n '9,10p')"
}

@test "a wrong result, or a task that is not done, is an error" {
    build_fake
    export PROCESSORS=1
    # Of 10, 10, 20 (two workers) jobs the last.
    for at in 0:9 8:9 9:19; do
        WRONG_AT=${at%:*} run --separate-stderr bounded 20 "$fake" -n 10 -r 1
        [ "$status" -eq 1 ]
        expect_same "pool_cost: job ${at#*:}: its result is wrong" "$stderr"
    done
    SKIP_AT=3 run --separate-stderr bounded 20 "$fake" -n 10 -r 1
    [ "$status" -eq 1 ]
    expect_same "pool_cost: job 0: its result is wrong" "$stderr"
    KILL_AT=3 run --separate-stderr bounded 20 "$fake" -n 10 -r 1
    [ "$status" -eq 1 ]
    expect_same 'pool_cost: job 0: process N was killed by signal 9' "$(mask <<<"$stderr")"
    FAIL_AT=3 run --separate-stderr bounded 20 "$fake" -n 10 -r 1
    [ "$status" -eq 1 ]
    expect_same 'pool_cost: map 10 jobs: Broken pipe' "$stderr"
    expect_nothing_left "$pool_cost"
}

@test "Ctrl-C in the middle: what was measured is printed and written; a second one ends it at once" {
    build_fake
    export PROCESSORS=1
    # Round 1 of 10 maps (2 pools of 4 chunks, one length): at the third map, and at the last.
    for at in 12:3 19:10; do
        rm -f "$LOG"
        SIGNAL_AT=${at%:*} SIGNAL=2 run --separate-stderr bounded 20 env --default-signal=INT "$fake" -n 9 -o "$tsv"
        [[ $status -eq 130 && -z $stderr ]]
        expect_same "$(printf '1\n%.0s' $(seq "${at#*:}") && printf '0\n%.0s' $(seq $((11 - ${at#*:}))))" "$(sed 1d "$tsv" | cut -f 8)"
        expect_tables "$tsv" 1
        expect_same $((11 - ${at#*:})) "$(grep -c ' - not measured$' <<<"$output")"
        expect_same $((${at%:*} + 1)) "$(grep -c map "$LOG")" # it begins nothing else
    done
    SIGNAL_AT=2 SIGNAL=2 run --separate-stderr bounded 20 env --ignore-signal=INT "$fake" -n 9 -r 1 -o "$tsv"
    [ "$status" -eq 0 ] # whoever starts it so, such as nohup, wants it to go on
    expect_rows 1 1 1
    rm "$tsv"
    TWICE=yes SIGNAL_AT=12 SIGNAL=2 run --separate-stderr bounded 20 env --default-signal=INT "$fake" -n 10 -o "$tsv"
    [ "$status" -eq 130 ]
    expect_same 'Rounds: 7, after one that warms up. Processors: 1.' "$output"
    expect_nothing_left "$pool_cost"
    INTERRUPT_AT=Rounds interrupt "$pool_cost" -r 99
    [[ $output == *$'\ntask, us\n'*$'\nefficiency, '* ]] || report 'no tables'
    INTERRUPT_AT=Rounds interrupt_parent "$pool_cost" -r 99 -n 100
}

@test "rounds are shown on a terminal's standard error only, and wiped off" {
    need_terminal
    run bounded 30 script -qec "$pool_cost -n 1 -r 1 >$BATS_TEST_TMPDIR/output" /dev/null
    [ "$status" -eq 0 ]
    expect_same "round 0 of 1|round 1 of 1||" "$(sed -E 's/ *\r/|/g' <<<"$output")"
    [[ $(cat "$BATS_TEST_TMPDIR/output") != *round\ * ]]
}

@test "at the edges" {
    expect_bad_usage "-r: expected a whole number from 1 to 99, got '0'" "$pool_cost" -r 0
    expect_bad_usage "-n: expected a whole number from 1 to 100000, got '0'" "$pool_cost" -n 0
    expect_bad_usage "-n: expected a whole number from 1 to 100000, got '100001'" "$pool_cost" -n 100001
    expect_bad_usage "unexpected argument '7'" "$pool_cost" 7
    run --separate-stderr bounded 20 "$pool_cost" -o "$BATS_TEST_TMPDIR/none/tsv" -n 10
    [[ $status -eq 1 && -z $output ]]
    expect_same "pool_cost: open $BATS_TEST_TMPDIR/none/tsv: No such file or directory" "$stderr"
    run --separate-stderr bounded 20 "$pool_cost" -o /dev/full -r 1 -n 10
    [[ $status -eq 1 && $output == *$'\nefficiency, '* ]]
    expect_same 'pool_cost: write /dev/full: No space left on device' "$stderr"
    VARIES=yes expect_edges "$pool_cost" -r 1 -n 10
}
