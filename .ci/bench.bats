#!/usr/bin/env bats
# What the benchmarks' figures are made of: .ci/bench.bash with numbers that are known. What they are on
# this machine is no matter of a test.

load test_helper

# bench LINE...: a benchmark whose one_round and results_of_all are these lines. `$samples` gives the
# numbers of a round: the words of samples.ROUND.
bench() {
    {
        echo "cd '$PWD' && . .ci/bench.bash"
        echo "take() { cat '$BATS_TEST_TMPDIR/samples.'\$round; }"
        printf '%s\n' "$@"
        echo 'in_rounds one_round results_of_all'
    } >"$BATS_TEST_TMPDIR/known.sh"
    run --separate-stderr bounded 20 bash "$BATS_TEST_TMPDIR/known.sh"
}

# The numbers of a and b in rounds 1, 2 ...
samples() {
    local round=0 pair
    for pair; do
        round=$((round + 1))
        echo "$pair" >"$BATS_TEST_TMPDIR/samples.$round"
    done
}

both="one_round() { measure 'a b' take; }"

@test "bench: median, least and most, of rounds in any order, odd and even" {
    samples '3 0.5' '1 0.25' '100 0.125' '2 2' '9 1e-1'
    ROUNDS=5 bench "$both" 'results_of_all() { line "all of a" a 1 s; line "of b, in ms" b 1e3 ms; }'
    expect_same 'all of a                                           3.00 s         (1 to 100)
of b, in ms                                      250.00 ms        (100 to 2000)' "$output"
    ROUNDS=4 bench "$both" 'results_of_all() { line a a 1 s; line b b 1 s; row t what at s b; }'
    expect_same 'a                                                  2.50 s         (1 to 100)
b                                                 0.375 s         (0.125 to 2)
t	what	at	s	0.375	0.125	2	4' "$output"
    ROUNDS=1 bench "$both" 'results_of_all() { line a a 1 s; }'
    expect_same 'a                                                  3.00 s         (3 to 3)' "$output"
}

@test "bench: ratios of medians, the verdict, and what is wanted" {
    samples '10 5' '40 10' '20 1' # 20 to 5 would be the medians, but 4 is that of 2, 4 and 20
    export ROUNDS=3
    bench "$both" 'results_of_all() {
        ratio "more is better" a b ">= 4"; ratio "not enough" a b ">= 4.1"
        ratio "less is better" a b "<= 4"; ratio "too much" a b "<= 3.9"; ratio "less" b a "<= 1"
        ratio "whatever" a b; ratio "the same" a a "<= 1.02"; ratio "behind" b a
        share "no verdict" a b ">= 1"
    }'
    expect_same 'more is better 4.00 ahead wanted >= 4: yes
not enough 4.00 ahead wanted >= 4.1: NO
less is better 4.00 behind wanted <= 4: yes
too much 4.00 behind wanted <= 3.9: NO
less 0.25 ahead wanted <= 1: yes
whatever 4.00 ahead
the same 1.00 level wanted <= 1.02: yes
behind 0.25 behind
no verdict 4.00 wanted >= 1: yes' "$(sed -E 's/ +/ /g; s/ $//' <<<"$output")"
    samples '1 4' '3 1' '1 2' '8 1' # and of an even number
    ROUNDS=4 bench "$both" 'results_of_all() { ratio x a b; }'
    [[ $output == *' 1.75 '* ]]
    for pair in '1.04 level' '1.06 ahead' '0.96 level' '0.94 behind'; do
        samples "${pair% *} 1"
        ROUNDS=1 bench "$both" 'results_of_all() { ratio x a b; ratio y b a "<= 9"; }'
        [ "$(grep -c " ${pair#* }" <<<"$output")" -eq 2 ] || report "$pair"
    done
    RATIOS=$BATS_TEST_TMPDIR/ratios ROUNDS=1 bench "$both" 'results_of_all() { ratio x a b; ratio z a none; }'
    expect_same "$output" "$(cat "$BATS_TEST_TMPDIR/ratios")"
}

@test "bench: what can't be measured is named; a command that fails ends it; so do wrong numbers" {
    samples '1 2' '3 4'
    ROUNDS=2 bench "one_round() { measure 'a b' take; not_measured c 'c is missing'; }" \
        'results_of_all() { line c c 1 s; ratio "a to c" a c ">= 1"; ratio "c to a" c a ">= 1"; }'
    expect_same 'c                                                     - s         (c is missing)
a to c                                                             - not measured: c is missing
c to a                                                             - not measured: c is missing' "$output"
    ROUNDS=2 bench "one_round() { measure a false; }" 'results_of_all() { echo results; }'
    [[ $status -eq 1 && -z $output && $stderr == 'known: failed: false' ]] || report 'false'
    ROUNDS=2 bench "one_round() { measure a take; }" 'results_of_all() { echo results; }'
    [[ $status -eq 1 && -z $output && $stderr == 'known: 1 numbers expected, '* ]] || report 'two numbers for one name'
    for ROUNDS in 0 x -1; do
        export ROUNDS
        bench "$both" 'results_of_all() { :; }'
        [[ $status -eq 2 && $stderr == *'ROUNDS must be'* ]] || report "ROUNDS=$ROUNDS"
    done
}

@test "bench: Ctrl-C keeps what was measured, and ends by that signal" {
    samples '1 2' '3 4' '5 6'
    export ROUNDS=3
    bench "one_round() { measure 'a b' take; [ \$round -lt 2 ] || kill -INT \$\$; measure c echo 7; }" \
        'results_of_all() { line a a 1 s; line c c 1 s; line d d 1 s; }'
    [ "$status" -eq 130 ] || report 'expected the end by SIGINT'
    expect_same 'a                                                  2.00 s         (1 to 3)
c                                                  7.00 s         (7 to 7)
d                                                     - s         (interrupted)' "$output"
    expect_same 'known: interrupted in round 2 of 3' "$stderr"
    [ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'known-*')" ]
}
