#!/usr/bin/env bats
# spawn_cost: every way starts what it says, beside the memory it says; the tables are right; Ctrl-C keeps
# them. How fast anything is, is not tested.

load ../.ci/test_helper
load cost

spawn_cost=06-benchmarks/spawn_cost
ways=(fork process 'fork, exec' posix_spawn subprocess system)

setup() {
    common_setup
    tsv=$BATS_TEST_TMPDIR/tsv
}

# all_rows ROUNDS SIZE...: each way beside each size, as rows_of tells it.
all_rows() {
    local way size
    for way in "${ways[@]}"; do
        for size in "${@:2}"; do echo "$way|$size|$1"; done
    done
}

# Builds it with a clock whose steps are 1, 2, 3 ... ms, and SPARE bytes of memory to spare: into `fake`.
build_fake() {
    fake=$BATS_FILE_TMPDIR/spawn_cost
    [ ! -x "$fake" ] || return 0
    cat >"$BATS_FILE_TMPDIR/fake.c" <<'END'
#include <stdlib.h>
double fake_now(void);
long long fake_to_spare(void);
double fake_now(void)
{
    static double now, step;
    step += 0.001;
    return now += step;
}
long long fake_to_spare(void)
{
    return atoll(getenv("SPARE"));
}
END
    bounded 60 "${CC:-cc}" -Ilib -Dseconds_now=fake_now -Dbeyond_memory_to_spare=fake_to_spare -o "$fake" \
        06-benchmarks/spawn_cost.c "$BATS_FILE_TMPDIR/fake.c" build/libprocesses.a -pthread
}

# Puts another `true` first: it counts its runs in the file `runs`. At run SIGNAL_AT it sends its parent
# SIGNAL; at run FAIL_AT it fails; at each of NOTE_AT it notes what it sees of its parent.
make_true() {
    make_public
    export COUNT=$PUBLIC/runs PATH=$PUBLIC:$PATH
    echo 0 >"$COUNT"
    cat >"$PUBLIC/true" <<'END'
#!/bin/sh
read -r n <"$COUNT"
n=$((n + 1))
echo $n >"$COUNT"
case " ${NOTE_AT-} " in *" $n "*)
    sed -nE 's/^(VmRSS|VmPTE):[^0-9]*([0-9]+) kB/\2/p' /proc/$PPID/status | xargs
    ! grep -q '^VmFlags:.* nh' /proc/$PPID/smaps || echo small
    ! ls -l /proc/$$/fd | grep tsv ;;
esac >>"$COUNT.notes"
[ $n != "${SIGNAL_AT-}" ] || kill "-${SIGNAL-INT}" $PPID
[ $n != "${FAIL_AT-}" ]
END
    chmod 755 "$PUBLIC/true"
}

@test "six ways beside 0, 10 and 100 MB, and the library's price; in the file as printed" {
    printf '%5000s' 'what was there before' >"$tsv"
    run --separate-stderr bounded 30 "$spawn_cost" -q -r 2 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]]
    expect_same "Rounds: 2, after one that warms up. Processors: $(build/test/beyond_test processors)." "${lines[0]}"
    expect_same "$(all_rows 2 0 10 100)" "$(rows_of spawn "$tsv")"
    expect_same "$(printf 'process / fork|%s|2\n' 0 10 100 && printf 'subprocess / posix_spawn|%s|2\n' 0 10 100)" \
        "$(rows_of 'spawn price' "$tsv")"
    expect_tables "$tsv" 2
    expect_same 'fork copies the page table of all that memory; posix_spawn copies nothing.' "$(sed -n 23p <<<"$output")"
}

@test "samples are taken in turn, after a first round that does not count; the figures are theirs" {
    build_fake
    # Sample number i, from 1 on, takes 2i ms, for 20 processes.
    SPARE=-1 run --separate-stderr bounded 30 "$fake" -m 10 -r 3 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]]
    awk -v OFS='\t' 'BEGIN {
        split("fork|process|fork, exec|posix_spawn|subprocess|system", way, "|")
        for (w = 1; w <= 6; w++)
            for (s = 0; s <= 1; s++)
                print "spawn", way[w], s * 10, "us", (24 + 6 * s + w) * 100, (12 + 6 * s + w) * 100, (36 + 6 * s + w) * 100, 3
        for (w = 2; w <= 5; w += 3)
            for (s = 0; s <= 1; s++) {
                for (round = 1; round <= 3; round++)
                    price[round] = sprintf("%.6g", (12 * round + 6 * s + w) / (12 * round + 6 * s + w - 1))
                print "spawn price", w == 2 ? "process / fork" : "subprocess / posix_spawn", s * 10, "times", price[2], price[3], price[1], 3
            }
    }' >"$BATS_TEST_TMPDIR/wanted"
    expect_same "$(cat "$BATS_TEST_TMPDIR/wanted")" "$(sed 1d "$tsv")"
    expect_tables "$tsv" 3
}

@test "the four ways with a program run it, beside that much memory, in small pages" {
    make_true
    # At the first one beside 0, 10 and 100 MB, and beside 0 again; that is enough.
    NOTE_AT='1 81 161 201' SIGNAL_AT=201 SIGNAL=KILL run --separate-stderr bounded 30 "$spawn_cost" -q -o "$tsv"
    [[ $status -eq 137 && -z $stderr ]]
    [ -r /proc/self/smaps ] || skip 'only Linux tells what memory a process has'
    # RSS and page table in kB. Each of 4096 bytes has an entry of 8; a process without more is small.
    awk -v large="$(grep ^AnonHugePages: /proc/meminfo)" '
        /^small/ { small++; next }
        !/^[0-9]+ [0-9]+$/ { exit failed = 1 }
        { rss[++n] = $1; table[n] = $2 }
        END {
            exit !(!failed && n == 4 && small == (large == "" ? 0 : 4) && rss[1] < 9000 && table[1] < 150 &&
                rss[2] >= 9765 && rss[2] < 18765 && rss[3] >= 97656 && rss[3] < 106656 && table[3] >= 190 && rss[4] < 9000)
        }' "$COUNT.notes" || fail "$(cat "$COUNT.notes")"
}

@test "a program that fails, or is not there, is an error; whichever way it was started" {
    make_true
    way=2
    for run in 1 21 41 61; do
        echo 0 >"$COUNT"
        FAIL_AT=$run run --separate-stderr bounded 20 "$spawn_cost" -m 0
        [ "$status" -eq 1 ]
        code=256 # a wait status
        [ "$way" -ne 4 ] || code=1
        expect_same "spawn_cost: ${ways[way]} beside 0 MB: status $code" "$stderr"
        expect_same "$run" "$(cat "$COUNT")"
        way=$((way + 1))
    done
    mv "$PUBLIC/true" "$PUBLIC/untrue"
    run --separate-stderr bounded 20 env PATH="$PUBLIC" "$spawn_cost" -m 0
    [ "$status" -eq 1 ]
    expect_same 'spawn_cost: fork, exec beside 0 MB: status 32512' "$stderr"
}

@test "memory that is not to be had: rows with the reason, and no figures" {
    build_fake
    SPARE=19999999 run --separate-stderr bounded 30 "$fake" -r 1 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]]
    expect_same "$(all_rows 0 0 10 100 1000 | sed 's/|0|0$/|0|1/')" "$(rows_of spawn "$tsv")"
    expect_tables "$tsv" 1
    expect_same 24 "$(grep -c ' -  *not so much memory to spare$' <<<"$output")" # 18, and 6 of the prices
    SPARE=20000000 run --separate-stderr bounded 30 "$fake" -m 10 -r 1
    [[ $status -eq 0 && $output != *' not '* ]]

    run --separate-stderr bounded 30 bash -c 'ulimit -v 60000; exec "$@"' - "$spawn_cost" -q -r 1 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]]
    expect_tables "$tsv" 1
    expect_same 8 "$(grep -c ' 100  *-  *not so much memory to be had$' <<<"$output")"
    expect_same 16 "$(grep -c $'\t1$' "$tsv")"
    expect_nothing_left "$spawn_cost"
}

@test "Ctrl-C in the middle, whatever runs: what was measured is printed and written; it dies of the signal" {
    make_true
    # In round 1, the 5th process of way 2 (fork, exec), 3, 4 (of which it hears later) and 5, which does not
    # hear of it at all.
    for way in 2 3 4 5; do
        echo 0 >"$COUNT"
        SIGNAL_AT=$((80 + 20 * (way - 2) + 5)) run --separate-stderr \
            bounded 20 env --default-signal=INT "$spawn_cost" -m 0 -o "$tsv"
        [[ $status -eq 130 && -z $stderr ]] || report "$way"
        expect_same $((80 + 20 * (way - 2) + 5)) "$(cat "$COUNT")"
        expect_same "$(all_rows 1 0 | sed "$((way + 1)),6s/1\$/0/")" "$(rows_of spawn "$tsv")"
        expect_tables "$tsv" 1
        expect_same $((6 - way + 2)) "$(grep -c ' -  *not measured$' <<<"$output")"
    done
    echo 0 >"$COUNT"
    SIGNAL=TERM SIGNAL_AT=5 run --separate-stderr bounded 20 "$spawn_cost" -m 0 -o "$tsv"
    [ "$status" -eq 143 ]
    expect_same "$(all_rows 0 0)" "$(rows_of spawn "$tsv")"
    expect_nothing_left "$spawn_cost"
}

@test "Ctrl-C on a terminal hits its children, too" {
    export INTERRUPT_AT=Rounds
    interrupt "$spawn_cost" -m 10 -r 99
    [ -z "$stderr" ] || report 'a message'
    [ "$(grep -c '^subprocess / posix_spawn ' <<<"$output")" -eq 2 ] || report 'no tables'
    interrupt_parent "$spawn_cost" -m 0 -r 99
}

@test "at the edges" {
    expect_bad_usage "-r: expected a whole number from 1 to 99, got '0'" "$spawn_cost" -r 0
    expect_bad_usage "-r: expected a whole number from 1 to 99, got '100'" "$spawn_cost" -r 100
    expect_bad_usage "-m: expected a whole number from 0 to 1000, got '1001'" "$spawn_cost" -m 1001
    expect_bad_usage "-m: expected a whole number" "$spawn_cost" -m -1
    expect_bad_usage "option -o lacks its argument" "$spawn_cost" -o
    expect_bad_usage "unexpected argument '7'" "$spawn_cost" -q 7
    run --separate-stderr bounded 20 "$spawn_cost" -o "$BATS_TEST_TMPDIR/none/tsv" -r 1 -m 0
    [[ $status -eq 1 && -z $output ]] # before anything is measured
    expect_same "spawn_cost: open $BATS_TEST_TMPDIR/none/tsv: No such file or directory" "$stderr"
    run --separate-stderr bounded 20 "$spawn_cost" -o /dev/full -r 1 -m 0
    [[ $status -eq 1 && $output == *$'\nsystem '* ]]
    expect_same 'spawn_cost: write /dev/full: No space left on device' "$stderr"
    VARIES=yes expect_edges "$spawn_cost" -r 1 -m 0
}
