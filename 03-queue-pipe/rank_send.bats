#!/usr/bin/env bats
# rank_send: one rank sends, another one receives.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    cat <<'END'
process = 0 sending 10000000 to process 4
process = 4 received 10000000 from process 0
process = 1 sending hello to process 8
process = 8 received hello from process 1
END
}

@test "rank_send: both sides say what they send and receive; the other ranks nothing" {
    expect_lines ./03-queue-pipe/rank_send < <(lines)
    expect_lines ./03-queue-pipe/rank_send -n 12 < <(lines)
}

@test "rank_send: the same with an MPI; with too few ranks, it says so" {
    expect_lines_with_mpi 9 rank_send < <(lines)
    run --separate-stderr with_mpi 5 rank_send
    [[ $status -ne 0 && $stderr == *'rank_send: send to rank 8: Invalid argument'* ]] || report '5 ranks'
}

@test "rank_send: at its edges" {
    expect_edges ./03-queue-pipe/rank_send
    expect_bad_usage "-n: expected a whole number from 9 to 1000, got '8'" ./03-queue-pipe/rank_send -n 8
}
