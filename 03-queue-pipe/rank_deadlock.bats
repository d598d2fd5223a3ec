#!/usr/bin/env bats
# rank_deadlock: two ranks exchange a letter; both receive first, both send first, in one step.

load ../.ci/test_helper
load ../.ci/mpi

lines() {
    cat <<'END'
process = 1 sends a first, then receives
process = 1 received b
process = 1 sends a and receives in one step
process = 1 received b
process = 5 sends b first, then receives
process = 5 received a
process = 5 sends b and receives in one step
process = 5 received a
END
}

@test "rank_deadlock: both send first, then in one step: both have the other's letter" {
    expect_lines ./03-queue-pipe/rank_deadlock < <(lines)
}

@test "rank_deadlock: the same with an MPI" {
    expect_lines_with_mpi 9 rank_deadlock < <(lines)
}

@test "rank_deadlock -b, -l: it is found who waits for whom, and nobody is left" {
    run --separate-stderr bounded 20 ./03-queue-pipe/rank_deadlock -b
    [ "$status" -eq 1 ] || report '-b'
    expect_same $'process = 1 receives first, then sends a\nprocess = 5 receives first, then sends b' "$(sort <<<"$output")"
    expect_same 'rank_deadlock: deadlock: rank 1 waits to receive from rank 5, rank 5 waits to receive from rank 1' "$stderr"
    run --separate-stderr bounded 20 ./03-queue-pipe/rank_deadlock -l
    [ "$status" -eq 1 ] || report '-l'
    expect_same $'process = 1 sends a first, then receives\nprocess = 5 sends b first, then receives' "$(sort <<<"$output")"
    expect_same 'rank_deadlock: deadlock: rank 1 waits to send to rank 5, rank 5 waits to send to rank 1' "$stderr"
    expect_nothing_left rank_deadlock
}

@test "rank_deadlock: at its edges" {
    expect_edges ./03-queue-pipe/rank_deadlock
    expect_bad_usage "-n: expected a whole number from 6 to 1000, got '5'" ./03-queue-pipe/rank_deadlock -n 5
    expect_bad_usage 'expected one of -b and -l, once' ./03-queue-pipe/rank_deadlock -b -l
    expect_bad_usage 'expected one of -b and -l, once' ./03-queue-pipe/rank_deadlock -bb
}
