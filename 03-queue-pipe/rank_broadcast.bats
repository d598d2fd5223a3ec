#!/usr/bin/env bats
# rank_broadcast: what one rank knows, all know.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    printf 'process = %d variable shared = 100\n' $(seq 0 $(($1 - 1)))
}

@test "rank_broadcast: all ranks have the value" {
    expect_lines ./03-queue-pipe/rank_broadcast < <(lines 10)
    expect_lines ./03-queue-pipe/rank_broadcast -n 1 < <(lines 1)
    expect_lines ./03-queue-pipe/rank_broadcast -n 7 < <(lines 7)
}

@test "rank_broadcast: the same with an MPI" {
    expect_lines_with_mpi 5 rank_broadcast < <(lines 5)
}

@test "rank_broadcast: at its edges" {
    expect_edges ./03-queue-pipe/rank_broadcast
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./03-queue-pipe/rank_broadcast -n 0
}
