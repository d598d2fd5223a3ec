#!/usr/bin/env bats
# rank_scatter: one rank hands out an array, a part to each.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    local rank
    for ((rank = 0; rank < $1; rank++)); do echo "process = $rank variable = $((rank + 1))"; done
}

@test "rank_scatter: each rank has its own number" {
    expect_lines ./03-queue-pipe/rank_scatter < <(lines 10)
    expect_lines ./03-queue-pipe/rank_scatter -n 1 < <(lines 1)
}

@test "rank_scatter: the same with an MPI" {
    expect_lines_with_mpi 5 rank_scatter < <(lines 5)
}

@test "rank_scatter: at its edges" {
    expect_edges ./03-queue-pipe/rank_scatter
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./03-queue-pipe/rank_scatter -n 0
}
