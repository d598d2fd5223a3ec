#!/usr/bin/env bats
# rank_reduce: the arrays of all ranks, added up on one of them.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    cat <<'END'
process = 0 sending [0 1 2 3 4 5 6 7 8 9]
process = 1 sending [0 2 4 6 8 10 12 14 16 18]
process = 2 sending [0 3 6 9 12 15 18 21 24 27]
process = 0 after reduce: data = [0 6 12 18 24 30 36 42 48 54]
END
}

@test "rank_reduce: rank 0 has the sums" {
    expect_lines ./03-queue-pipe/rank_reduce < <(lines)
    run -0 bounded 20 ./03-queue-pipe/rank_reduce -n 9
    [[ $output == *'process = 0 after reduce: data = [0 45 90 135 180 225 270 315 360 405]'* ]] || report '9 ranks'
}

@test "rank_reduce: the same with an MPI" {
    expect_lines_with_mpi 3 rank_reduce < <(lines)
}

@test "rank_reduce: at its edges" {
    expect_edges ./03-queue-pipe/rank_reduce
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./03-queue-pipe/rank_reduce -n 0
}
