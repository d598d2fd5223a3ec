#!/usr/bin/env bats
# rank_grid: ranks that stand in rows and columns, and know their neighbours.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    cat <<'END'
process = 0 row = 0 column = 0 up = 2 down = 2 left = 1 right = 1, 1 says hello
process = 1 row = 0 column = 1 up = 3 down = 3 left = 0 right = 0, 0 says hello
process = 2 row = 1 column = 0 up = 0 down = 0 left = 3 right = 3, 3 says hello
process = 3 row = 1 column = 1 up = 1 down = 1 left = 2 right = 2, 2 says hello
END
}

@test "rank_grid: two rows of two; one row of three; alone" {
    expect_lines ./03-queue-pipe/rank_grid < <(lines)
    expect_lines ./03-queue-pipe/rank_grid -n 3 <<'END'
process = 0 row = 0 column = 0 up = 0 down = 0 left = 2 right = 1, 2 says hello
process = 1 row = 0 column = 1 up = 1 down = 1 left = 0 right = 2, 0 says hello
process = 2 row = 0 column = 2 up = 2 down = 2 left = 1 right = 0, 1 says hello
END
    expect_lines ./03-queue-pipe/rank_grid -n 1 \
        <<<'process = 0 row = 0 column = 0 up = 0 down = 0 left = 0 right = 0, 0 says hello'
}

@test "rank_grid: the same with an MPI" {
    expect_lines_with_mpi 4 rank_grid < <(lines)
}

@test "rank_grid: at its edges" {
    expect_edges ./03-queue-pipe/rank_grid
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./03-queue-pipe/rank_grid -n 0
}
