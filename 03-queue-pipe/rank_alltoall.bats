#!/usr/bin/env bats
# rank_alltoall: each rank has something for each other one.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    cat <<'END'
process = 0 sending [0 1 2 3 4] receiving [0 0 0 0 0]
process = 1 sending [0 2 4 6 8] receiving [1 2 3 4 5]
process = 2 sending [0 3 6 9 12] receiving [2 4 6 8 10]
process = 3 sending [0 4 8 12 16] receiving [3 6 9 12 15]
process = 4 sending [0 5 10 15 20] receiving [4 8 12 16 20]
END
}

@test "rank_alltoall: what is sent in rows is received in columns" {
    expect_lines ./03-queue-pipe/rank_alltoall < <(lines)
    expect_lines ./03-queue-pipe/rank_alltoall -n 1 <<<'process = 0 sending [0] receiving [0]'
}

@test "rank_alltoall: the same with an MPI" {
    expect_lines_with_mpi 5 rank_alltoall < <(lines)
}

@test "rank_alltoall: at its edges" {
    expect_edges ./03-queue-pipe/rank_alltoall
    expect_bad_usage "-n: expected a whole number from 1 to 100, got '101'" ./03-queue-pipe/rank_alltoall -n 101
}
