#!/usr/bin/env bats
# rank_gather: each rank computes a number, one rank collects them.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    local rank
    for ((rank = 1; rank < $1; rank++)); do
        echo "process = 0 receiving $(((rank + 1) * (rank + 1))) from process $rank"
    done
}

@test "rank_gather: rank 0 has all squares, in order" {
    expect_lines ./03-queue-pipe/rank_gather < <(lines 5)
    run -0 bounded 20 ./03-queue-pipe/rank_gather
    expect_same "$(lines 5)" "$output"
    expect_lines ./03-queue-pipe/rank_gather -n 12 < <(lines 12)
}

@test "rank_gather: the same with an MPI" {
    expect_lines_with_mpi 5 rank_gather < <(lines 5)
}

@test "rank_gather: at its edges" {
    expect_edges ./03-queue-pipe/rank_gather
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./03-queue-pipe/rank_gather -n 0
}
