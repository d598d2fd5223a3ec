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

# A tree with our scripts, and with programs of ranks that take known times. Its mpirun says that it is $VERSION.
ranks_tree() {
    local tree=$BATS_TEST_TMPDIR/tree program
    mkdir -p "$tree"/{.ci,06-benchmarks,build/test,build/mpi}
    cp .ci/bench.bash .ci/bench-ranks.sh "$tree/.ci"
    cat >"$tree/06-benchmarks/perfect_ranks" <<'END'
#!/bin/sh
by=forked
[ "$1" = -n ] && ranks=$2 && shift 2 || by=MPI
case $0 in
*perfect_ranks)
    [ $by = forked ] && all=4 || all=9
    echo "$ranks ranks test in $((all / ranks)) seconds, 90 % of it computing"
    echo 'one more line' ;;
*)
    [ "$ranks $*" = '2 -r 3' ] || exit
    for size in 8 64 512 4096 16384 65536 262144 1048576; do
        [ $by = forked ] && echo "ping-pong $size $size" || echo "ping-pong $size $((size / 2))"
    done
    for size in 8 64 512 4096 16384 65536 262144 1048576; do
        [ $by = forked ] && echo "broadcast $size $((size / 8))" || echo "broadcast $size $size"
    done
    [ $by = forked ] && echo wait 100000 25 || echo wait 100000 99000 ;;
esac
END
    cat >"$tree/mpirun" <<'END'
#!/bin/sh
case "$VERSION $*" in
*' --version') echo "$VERSION" && exit ;;
*open-mpi*' --allow-run-as-root --oversubscribe '*) shift 2 ;; # as on a single processor
*open-mpi*) exit 1 ;;
esac
ranks=${ALONE:-$2}
shift 2
export ranks
exec "$@"
END
    chmod +x "$tree/mpirun" "$tree/06-benchmarks/perfect_ranks"
    for program in test/ranks_bench mpi/ranks_bench mpi/perfect_ranks; do
        cp "$tree/06-benchmarks/perfect_ranks" "$tree/build/$program"
    done
    export MPIRUN=$tree/mpirun ROUNDS=1
}

# expect_no_mpi WORDS: it can't measure the MPI, and says why; the rest it measures.
expect_no_mpi() {
    run --separate-stderr bounded 20 bash "$BATS_TEST_TMPDIR/tree/.ci/bench-ranks.sh"
    [ "$status:$stderr" = 0: ] || report 'without an MPI' || return
    expect_same "perfect_ranks, forked: 2 ranks, times faster than 1 2.00 wanted >= 1.9: yes
ranks beside an MPI - not measured: $1" "$(sed -E '1,/^$/d' <<<"$output" | sed -E '1,/^$/d; s/ +/ /g')"
}

@test "bench-ranks: forked beside an MPI, what is wanted, and the table for the report" {
    ranks_tree
    export VERSION=$'mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/'
    TABLE=$BATS_TEST_TMPDIR/table RATIOS=$BATS_TEST_TMPDIR/ratios \
        run --separate-stderr bounded 20 bash "$BATS_TEST_TMPDIR/tree/.ci/bench-ranks.sh"
    [[ $status:$stderr == 0: && $output == *'; Open MPI 4.1.4'$'\n'* ]] || report 'bench-ranks'
    [[ $output == *'2 ranks, MPI '*' 4.00 s '*'ping-pong, 64 KB, MPI '*' 32768.00 us'*'broadcast, 8 B, forked '*' 1.00 us'* ]]
    [[ $output == *'a wait of 100 ms, forked '*' 0.025 ms '*'a wait of 100 ms, MPI '*' 99.00 ms '* ]]
    expect_same "perfect_ranks, forked: 2 ranks, times faster than 1 2.00 wanted >= 1.9: yes
perfect_ranks, MPI: 2 ranks, times faster than 1 2.25 wanted >= 1.9: yes
ping-pong of 8 B, forked: part of the MPI's speed 0.50 behind
ping-pong of 64 KB, forked: part of the MPI's bandwidth 0.50 behind wanted >= 0.7: NO
ping-pong of 256 KB, forked: part of the MPI's bandwidth 0.50 behind wanted >= 0.7: NO
ping-pong of 1 MB, forked: part of the MPI's bandwidth 0.50 behind wanted >= 0.7: NO
broadcast of 8 B, forked: part of the MPI's speed 8.00 ahead
broadcast of 64 KB, forked: part of the MPI's bandwidth 8.00 ahead wanted >= 0.7: yes
broadcast of 256 KB, forked: part of the MPI's bandwidth 8.00 ahead wanted >= 0.7: yes
broadcast of 1 MB, forked: part of the MPI's bandwidth 8.00 ahead wanted >= 0.7: yes" \
        "$(sed -E 's/ +/ /g; s/ $//' "$BATS_TEST_TMPDIR/ratios")"
    expect_same 'perfect ranks|MPI|2|s|4|4|4|1
ranks|broadcast, forked|1048576|us|131072|131072|131072|1
ranks|ping-pong, MPI|8|us|4|4|4|1' \
        "$(tr '\t' '|' <"$BATS_TEST_TMPDIR/table" | grep -E 'MPI\|2\||forked\|1048576.*131072|pong, MPI\|8\|' | sort)"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/table")" -eq 37 ]
    expect_nothing_left bench-ranks
}

@test "bench-ranks: why there is no MPI" {
    ranks_tree
    VERSION='HYDRA build details:' ALONE=1 expect_no_mpi "$MPIRUN is of another MPI than build/mpi"
    rm "$BATS_TEST_TMPDIR/tree/build/mpi/ranks_bench"
    VERSION=x expect_no_mpi 'build/mpi has not both programs (make mpi)'
}
