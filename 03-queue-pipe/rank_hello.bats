#!/usr/bin/env bats
# rank_hello: processes that differ only by their rank.

load ../.ci/test_helper
load ../.ci/mpi

hello() {
    printf 'hello world from process %d\n' $(seq 0 $(($1 - 1)))
}

@test "rank_hello: each rank says hello, one of 1, all of 5, all of 20" {
    expect_lines ./03-queue-pipe/rank_hello < <(hello 5)
    expect_lines ./03-queue-pipe/rank_hello -n 1 < <(hello 1)
    expect_lines ./03-queue-pipe/rank_hello -n 20 < <(hello 20)
}

@test "rank_hello: the same with an MPI, which says how many" {
    expect_lines_with_mpi 4 rank_hello < <(hello 4)
    run --separate-stderr with_mpi 2 rank_hello -n 3
    [[ $status -ne 0 && $stderr == *'rank_hello: mpirun has started 2 ranks, not 3'* ]] || report 'not 3'
}

@test "rank_hello: at its edges; more ranks than there are descriptors for" {
    expect_edges ./03-queue-pipe/rank_hello
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./03-queue-pipe/rank_hello -n 0
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '1001'" ./03-queue-pipe/rank_hello -n 1001
    run --separate-stderr bounded 20 bash -c 'ulimit -n 64 && exec ./03-queue-pipe/rank_hello -n 20'
    [[ $status -eq 1 && -z $output && $stderr == 'rank_hello: run 20 ranks: Too many open files' ]] ||
        report '20 ranks with 64 descriptors'
    expect_nothing_left rank_hello
}
