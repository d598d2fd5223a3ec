#!/usr/bin/env bats
# perfect_ranks: the perfect task, shared among ranks.

load ../.ci/test_helper
load ../.ci/mpi

# RANKS and where each one's numbers end, for the numbers up to 9999
lines() {
    local rank=0 first=1 last
    printf '%s is a Perfect number\n' 6 28 496 8128
    for last in "${@:2}"; do
        echo "process = $rank numbers $first to $last in T seconds"
        rank=$((rank + 1)) first=$((last + 1))
    done
    echo "$1 ranks test in T seconds, P % of it computing"
    echo '49985001 divisions, the slowest rank took T seconds'
}

# Without what varies: the times.
masked() {
    sed -E -e 's/[0-9]+\.[0-9]+/T/g' -e 's/[0-9]+ %/P %/'
}

# The last two lines follow from the ranks' times above them, as far as those are rounded. And the whole
# took no longer than MICROSECONDS, which is what a clock outside says.
expect_sums() {
    awk -v most="$1" '
        /^process/        { n++; sum += $(NF - 1); if ($(NF - 1) > slowest) slowest = $(NF - 1) }
        / ranks test in / { ranks = $1; all = $5; percent = $7 }
        / divisions, /    { said = $(NF - 1) }
        END { off = percent - 100 * sum / n / all
              exit !(ranks == n && said == slowest && slowest > 0 && slowest <= all && off ^ 2 < 4 && all * 1e6 <= most) }' \
        <<<"$output" || fail "in $1 microseconds, these sums are wrong:" "$output"
}

@test "perfect_ranks: the numbers are divided by their work, and none is left out" {
    local begin ranks
    local -A ends=([1]='9999' [2]='7071 9999' [5]='4472 6324 7746 8944 9999')
    for ranks in 1 2 5; do
        begin=${EPOCHREALTIME/[.,]/}
        run -0 bounded 20 ./06-benchmarks/perfect_ranks -l 9999 -n $ranks
        expect_sums $((${EPOCHREALTIME/[.,]/} - begin))
        # shellcheck disable=SC2086 # some words
        expect_same "$(lines $ranks ${ends[$ranks]})" "$(masked <<<"$output")"
    done
    run -0 bounded 20 ./06-benchmarks/perfect_ranks -l 1
    [[ $output == *'2 ranks test'*'0 divisions'* && $output != *Perfect* ]] || report 'one number'
    expect_nothing_left perfect_ranks
}

@test "perfect_ranks: the same with an MPI" {
    need_mpi perfect_ranks
    run -0 --separate-stderr with_mpi 2 perfect_ranks -l 9999
    expect_same "$(lines 2 7071 9999)" "$(masked <<<"$output")"
}

@test "perfect_ranks: at its edges" {
    VARIES=yes expect_edges ./06-benchmarks/perfect_ranks -l 999
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./06-benchmarks/perfect_ranks -n 0
    expect_bad_usage "-l: expected a whole number from 1 to 16777216, got '0'" ./06-benchmarks/perfect_ranks -l 0
}
