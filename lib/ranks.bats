#!/usr/bin/env bats
# ranks: what lib/ranks.h promises, of forked ranks, and of the same functions over an MPI.

load ../.ci/test_helper
load ../.ci/mpi
load test/driver

# By hand, 10 seconds: build/test/ranks_test collectives $(printf '%d 100000 ' 1 2 3 4 5 6 7 8 9)
@test "ranks: every element of every collective, every root, 1 to 9 ranks" {
    scenario collectives 1 1000 2 1000 3 1000 4 100000 5 1000 6 1000 7 1000 8 1000 9 1000 \
        < <(printf '%s ranks: every element is right\n' 1 2 3 4 5 6 7 8 9)
}

@test "ranks: messages of all sizes from everyone to everyone, in order; round the circle; sent ahead; a barrier; a grid" {
    scenario messages 1 2 5 < <(printf '%s ranks: every message is right\n' 1 2 5)
    scenario buffer < <(yes 'run: status 0' | head -n 5)
    scenario barriers < <(yes 'run: status 0' | head -n 9)
    scenario grid 6 3 2 1 <<'END'
0: row 0, column 0, up 3, down 3, left 2, right 1
1: row 0, column 1, up 4, down 4, left 0, right 2
2: row 0, column 2, up 5, down 5, left 1, right 0
3: row 1, column 0, up 0, down 0, left 5, right 4
4: row 1, column 1, up 1, down 1, left 3, right 5
5: row 1, column 2, up 2, down 2, left 4, right 3
0: row 0, column 0, up 1, down 1, left 0, right 0
1: row 1, column 0, up 0, down 0, left 1, right 1
END
}

bad_arguments() {
    cat <<'END'
ranks_alltoall(bytes, bytes, SIZE_MAX): EMSGSIZE
ranks_broadcast(-1, &byte, 1): EINVAL
ranks_broadcast(ranks, &byte, 1): EINVAL
ranks_exchange(-1, &byte, 1, others, bytes, 1): EINVAL
ranks_exchange(others, &byte, 1, ranks, bytes, 1): EINVAL
ranks_exchange(others, &byte, 1, self, bytes, 1): EDEADLK
ranks_exchange(self, &byte, 1, others, bytes, 1): EDEADLK
ranks_exchange(self, &byte, 1, self, bytes, 100): 1
ranks_exchange(self, bytes, 100, self, &byte, 1): EMSGSIZE
ranks_gather(-1, &byte, bytes, 1): EINVAL
ranks_grid(&grid, -1, -ranks): EINVAL
ranks_grid(&grid, 0, ranks): EINVAL
ranks_grid(&grid, INT_MAX, INT_MAX): EINVAL
ranks_grid(&grid, ranks - 1, 1): EINVAL
ranks_grid(&grid, ranks, 2): EINVAL
ranks_rank(): 1
ranks_receive(-1, &byte, 1): EINVAL
ranks_receive(0, &byte, 1): EMSGSIZE
ranks_receive(ranks, &byte, 1): EINVAL
ranks_receive(self, &byte, 1): EDEADLK
ranks_reduce(0, RANKS_MAX + 1, RANKS_INT64, bytes, bytes, 1): EINVAL
ranks_reduce(0, RANKS_SUM, RANKS_DOUBLE + 1, bytes, bytes, 1): EINVAL
ranks_reduce(0, RANKS_SUM, RANKS_INT64, bytes, bytes, (size_t)RANKS_MESSAGE_MAX / 8 + 1): EMSGSIZE
ranks_reduce(0, RANKS_SUM, RANKS_INT64, bytes, bytes, SIZE_MAX / 8 + 2): EMSGSIZE
ranks_reduce(ranks, RANKS_SUM, RANKS_INT64, bytes, bytes, 1): EINVAL
ranks_run(2, check_errors, NULL): EPERM
ranks_scatter(ranks, bytes, &byte, 1): EINVAL
ranks_send(-1, &byte, 1): EINVAL
ranks_send(others, &byte, (size_t)RANKS_MESSAGE_MAX + 1): EMSGSIZE
ranks_send(ranks, &byte, 1): EINVAL
ranks_send(self, &byte, 1): EDEADLK
END
}

@test "ranks: bad arguments, and messages that are too long, of another size, of another operation" {
    capture bounded 20 "$DRIVER" errors 3
    [ "$status" -eq 0 ] || report 'errors'
    expect_same "$(bad_arguments)" "$(sort <<<"$output")"
    scenario mistake operation sizes <<'END'
rank 1: Bad message
run: status 0
rank 1: EMSGSIZE
rank 1: EMSGSIZE
run: status 0
END
}

@test "ranks: outside of a run; runs that can't be; each rank holds its own sockets only" {
    capture bounded 20 "$DRIVER" runs
    output=$(awk '/^rank . of 3/ { print | "sort"; next } { close("sort"); print }' <<<"$output")
    expect_printed runs <<'END'
ranks_rank(): -1
ranks_count(): 0
ranks_send(0, "", 0): EINVAL
ranks_barrier(): EINVAL
ranks_grid(&(struct ranks_grid){0}, 1, 1): EINVAL
ranks_default(7): 7
run: EINVAL
run: EINVAL
run: EINVAL
3 ranks without descriptors: EMFILE
rank 0 of 3
rank 1 of 3
rank 2 of 3
run: status 0
rank 0 of 1
run: status 0
rank 0 of 1
run: status 0
ranks_rank(): -1
ranks_count(): 0
END
    expect_message
    scenario own < <(yes 'run: status 0' | head -n 3)
}

@test "ranks: a deadlock is found, and who waits for whom; a rank that is stopped is none" {
    scenario mistake both_receive ring both_send behind from_ended to_ended without_one half_exchange partly \
        unreceived reset amid one_by_one stopped <<END
$(yes 'run: status 1' | head -n 10)
rank 1 received x
run: status 1
rank 0 exchanges: Bad address
rank 0: Bad address
rank 0: EBADF
run: status 1
run: status 1
run: status 0
END
    expect_same "$(
        cat <<'END'
deadlock: rank 1 waits to receive from rank 5, rank 5 waits to receive from rank 1
deadlock: rank 0 waits to receive from rank 1, rank 1 waits to receive from rank 2, rank 2 waits to receive from rank 3, rank 3 waits to receive from rank 4, rank 4 waits to receive from rank 5, rank 5 waits to receive from rank 6, rank 6 waits to receive from rank 0
deadlock: rank 0 waits to send to rank 1, rank 1 waits to send to rank 0
deadlock: rank 2 waits to receive from rank 3, rank 3 waits to receive from rank 2
deadlock: rank 1 waits to receive from rank 2, which has ended
deadlock: rank 1 waits to send to rank 2, which has ended
deadlock: rank 0 waits to receive from rank 1 (broadcast), which has ended
deadlock: rank 0 waits to receive from rank 1, rank 1 waits to receive from rank 2, rank 2 waits to receive from rank 0
deadlock: rank 0 waits to send to rank 1, rank 1 waits to receive from rank 2, rank 2 waits to receive from rank 0
rank 1 has ended and not received all that rank 2 has sent to it
deadlock: rank 1 waits to receive from rank 2, which has ended
deadlock: rank 1 waits to receive from rank 0, which has ended
deadlock: rank 0 waits to receive from rank 1, rank 1 waits to receive from rank 0
END
    )" "${stderr//ranks_test: /}"
    scenario words 100 500 <<'END'
rank 0 waits to receive from rank 2 (gather), rank 2 waits to receive from rank 4 (gather), ...
rank 0 waits to receive from rank 2 (gather), rank 2 waits to receive from rank 4 (gather), rank 4 waits to receive from rank 1 (gather), rank 1 waits to receive from rank 3 (gather), rank 3 waits to receive from rank 0 (gather)
rank 3 waits to receive from rank 4, rank 4 waits to receive from rank 3
END
}

# By hand, with load beside it: build/test/ranks_test quiet 1000000 SEED
@test "ranks: no false alarm, however often the parent looks" {
    scenario moments <<'END'
all receive: a deadlock
0 has no room to send: a deadlock
0 has not seen that there is room: none
1 receives from 2, and is about to send to 0: none
1 sends to 2, and is about to receive from 0: none
2 does not wait: none
END
    scenario quiet 1000 1 <<<'0 false alarms'
    scenario overtaken 4 <<<'never a false alarm'
}

@test "ranks: one that is killed, or fails, ends the others, wherever they are" {
    scenario deaths < <(printf 'run: status %s\n' 137 137 137 137 137 137 143 137 3)
    expect_same "$(yes 'rank 2 (process N) was killed by signal 9, Killed' | head -n 6)
rank 0 (process N) was killed by signal 15, Terminated
rank N (process N) was killed by signal 9, Killed
rank 2 (process N) ended with exit code 3" "$(sed -E -e 's/ranks_test: //' -e '8s/rank [0-3]/rank N/' \
        -e 's/process [0-9]+/process N/' <<<"$stderr")"
    scenario reaped <<<'run: status 1'
    expect_same 'ranks_test: rank 2 (process N): another waitpid has taken its exit code' "$(mask <<<"$stderr")"
}

@test "ranks: Ctrl-C, and kill -9 of the parent, leave no rank" {
    interrupt "$DRIVER" sitting
    interrupt_parent "$DRIVER" sitting
    "$DRIVER" sitting >"$BATS_TEST_TMPDIR/line" 3>&- &
    local pid=$! end=$((SECONDS + 10))
    until grep -q 'all are here' "$BATS_TEST_TMPDIR/line"; do
        [ "$SECONDS" -lt "$end" ] || fail 'it does not begin'
        sleep 0.01
    done
    expect_same 0 "$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)" # the ranks' ends are theirs
    kill -KILL "$pid"
    wait "$pid" || [ $? -eq 137 ]
    expect_nothing_left "$DRIVER sitting"
}

@test "ranks: no process to be had: nothing runs" {
    need_user
    capture as_user 4 "$DRIVER" hello 5
    expect_printed 'four processes for five ranks' <<<'run: EAGAIN'
}

# By hand, for 1 to 9 ranks: mpirun -n 9 build/mpi/ranks_test collectives 0 100000
# MPICH's ranks spin while they wait: many of them on few processors are slow.
@test "ranks: with an MPI, the same: every element, every message, bad arguments; a failure; a wrong number of ranks" {
    need_mpi ranks_test
    run -0 --separate-stderr with_mpi 3 ranks_test everything 0 1000
    expect_same "$(
        echo '3 ranks: every element is right'
        echo '3 ranks: every message is right'
        bad_arguments
    )" "$(sort <<<"$output")"
    run --separate-stderr with_mpi 2 ranks_test fails 0 3 # MPICH ends it so fast that the message may be lost
    [ "$status" -eq 3 ] || report 'a rank that fails'
    run --separate-stderr with_mpi 2 ranks_test fails 0 259 # an exit status has 8 bits
    [ "$status" -eq 255 ] || report 'a rank that fails with a code that is too large'
    run --separate-stderr with_mpi 2 ranks_test messages 3
    [ "$status" -ne 0 ] && [[ $stderr == *'ranks_test: mpirun has started 2 ranks, not 3'* ]] || report 'not 3 ranks'
}
