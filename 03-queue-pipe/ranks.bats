#!/usr/bin/env bats
# The nine rank_* programs: what each prints as forked ranks, it prints with an MPI, too. In one file, since a
# test of each for each would cost more than the programs do.

load ../.ci/test_helper
load ../.ci/mpi

# --- what they print: each function has its program's name, and takes the number of ranks ----

rank_hello() {
    seq 0 $(($1 - 1)) | sed 's/^/hello world from process /'
}

rank_send() {
    cat <<'END'
process = 0 sending 10000000 to process 4
process = 4 received 10000000 from process 0
process = 1 sending hello to process 8
process = 8 received hello from process 1
END
}

rank_deadlock() {
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

rank_broadcast() {
    seq 0 $(($1 - 1)) | sed 's/.*/process = & variable shared = 100/'
}

rank_scatter() {
    seq "$1" | awk '{ print "process = " $1 - 1 " variable = " $1 }'
}

rank_gather() {
    seq 2 "$1" | awk '{ print "process = 0 receiving " $1 * $1 " from process " $1 - 1 }'
}

rank_alltoall() {
    awk -v ranks="$1" 'BEGIN {
        for (self = 0; self < ranks; self++) {
            sent = received = ""
            for (other = 0; other < ranks; other++) {
                sent = sent " " (self + 1) * other
                received = received " " (other + 1) * self
            }
            print "process = " self " sending [" substr(sent, 2) "] receiving [" substr(received, 2) "]"
        }
    }'
}

rank_reduce() {
    awk -v ranks="$1" '
        function row(times,   i, text) {
            for (i = 0; i < 10; i++) text = text " " times * i
            return "[" substr(text, 2) "]"
        }
        BEGIN {
            for (self = 0; self < ranks; self++) print "process = " self " sending " row(self + 1)
            print "process = 0 after reduce: data = " row(ranks * (ranks + 1) / 2)
        }'
}

rank_grid() {
    case $1 in
    1) echo 'process = 0 row = 0 column = 0 up = 0 down = 0 left = 0 right = 0, 0 says hello' ;;
    4) cat <<'END' ;;
process = 0 row = 0 column = 0 up = 2 down = 2 left = 1 right = 1, 1 says hello
process = 1 row = 0 column = 1 up = 3 down = 3 left = 0 right = 0, 0 says hello
process = 2 row = 1 column = 0 up = 0 down = 0 left = 3 right = 3, 3 says hello
process = 3 row = 1 column = 1 up = 1 down = 1 left = 2 right = 2, 2 says hello
END
    12) cat <<'END' ;; # three rows of four
process = 0 row = 0 column = 0 up = 8 down = 4 left = 3 right = 1, 3 says hello
process = 1 row = 0 column = 1 up = 9 down = 5 left = 0 right = 2, 0 says hello
process = 2 row = 0 column = 2 up = 10 down = 6 left = 1 right = 3, 1 says hello
process = 3 row = 0 column = 3 up = 11 down = 7 left = 2 right = 0, 2 says hello
process = 4 row = 1 column = 0 up = 0 down = 8 left = 7 right = 5, 7 says hello
process = 5 row = 1 column = 1 up = 1 down = 9 left = 4 right = 6, 4 says hello
process = 6 row = 1 column = 2 up = 2 down = 10 left = 5 right = 7, 5 says hello
process = 7 row = 1 column = 3 up = 3 down = 11 left = 6 right = 4, 6 says hello
process = 8 row = 2 column = 0 up = 4 down = 0 left = 11 right = 9, 11 says hello
process = 9 row = 2 column = 1 up = 5 down = 1 left = 8 right = 10, 8 says hello
process = 10 row = 2 column = 2 up = 6 down = 2 left = 9 right = 11, 9 says hello
process = 11 row = 2 column = 3 up = 7 down = 3 left = 10 right = 8, 10 says hello
END
    esac
}

# --- the tests ----

@test "ranks: forked, each program prints its lines, with as many ranks as it has without -n, and with others" {
    local program ranks counts
    while read -r program counts; do
        expect_lines "./03-queue-pipe/$program" < <("$program" "${counts%% *}")
        for ranks in ${counts#* }; do
            expect_lines "./03-queue-pipe/$program" -n "$ranks" < <("$program" "$ranks")
        done
    done <<'END'
rank_hello 5 1 20
rank_send 9 12
rank_deadlock 9 6
rank_broadcast 10 1 7
rank_scatter 10 1
rank_gather 5 1 12
rank_alltoall 5 1 30
rank_reduce 3 1 9
rank_grid 4 1 12
END
    run -0 bounded 20 ./03-queue-pipe/rank_gather
    expect_same "$(rank_gather 5)" "$output" # in this order
    expect_nothing_left 'one of the rank_* programs'
}

@test "ranks: with an MPI, each program prints the same lines" {
    need_mpi rank_hello
    local program ranks
    while read -r program ranks; do
        expect_lines_with_mpi "$ranks" "$program" < <("$program" "$ranks")
    done <<'END'
rank_hello 3
rank_send 9
rank_deadlock 6
rank_broadcast 3
rank_scatter 3
rank_gather 3
rank_alltoall 3
rank_reduce 3
rank_grid 4
END
    run --separate-stderr with_mpi 2 rank_send
    [[ $status -ne 0 && -z $output && $stderr == *'rank_send: at least 9 ranks'* ]] || report 'rank_send by 2 ranks'
    run --separate-stderr with_mpi 2 rank_deadlock
    [[ $status -ne 0 && -z $output && $stderr == *'rank_deadlock: at least 6 ranks'* ]] ||
        report 'rank_deadlock by 2 ranks'
    expect_nothing_left 'one of the rank_* programs, with an MPI'
}

both_wait() {
    if [ "$1" = -b ]; then
        printf 'process = %s receives first, then sends %s\n' 1 a 5 b
    else
        printf 'process = %s sends %s first, then receives\n' 1 a 5 b
    fi
}

@test "rank_deadlock -b, -l: it is found who waits for whom, and nobody is left" {
    local option does=('receive from' 'send to')
    for option in -b -l; do
        run --separate-stderr bounded 20 ./03-queue-pipe/rank_deadlock "$option"
        [ "$status" -eq 1 ] || report "rank_deadlock $option"
        expect_same "$(both_wait "$option")" "$(sort <<<"$output")"
        expect_same "rank_deadlock: deadlock: rank 1 waits to ${does[0]} rank 5, rank 5 waits to ${does[0]} rank 1" \
            "$stderr"
        does=("${does[1]}")
    done
    expect_nothing_left rank_deadlock
}

@test "rank_deadlock -b, -l: with an MPI nobody finds it: they wait until they are ended" {
    need_mpi rank_deadlock
    local option pid end said=$BATS_TEST_TMPDIR/said
    # Open MPI 4.1.4's mpirun, told to end, ends the ranks, and then, one time in five, not itself: so -k, and what it
    # leaves in this test's own directory.
    for option in -b -l; do
        : >"$said"
        TMPDIR=$BATS_TEST_TMPDIR OMPI_MCA_btl_vader_backing_directory=$BATS_TEST_TMPDIR \
            timeout -k 2 30 "$MPIRUN" -n 6 build/mpi/rank_deadlock "$option" >"$said" 2>&1 3>&- &
        pid=$! end=$((SECONDS + 20))
        until [ "$(wc -l <"$said")" -ge 2 ] || [ "$SECONDS" -ge "$end" ]; do sleep 0.02; done
        expect_same "$(both_wait "$option")" "$(sort "$said")"
        sleep 0.2 # time enough to end, if they could
        [[ $(state_of "$pid") == [RS] ]] || fail "rank_deadlock $option has ended"
        kill -TERM "$pid"
        wait "$pid" || true
        expect_nothing_left "rank_deadlock $option with an MPI"
    done
}

@test "ranks: at their edges; the others have the same main as rank_hello" {
    local program least
    expect_edges ./03-queue-pipe/rank_hello
    expect_edges ./03-queue-pipe/rank_deadlock
    while read -r program least; do
        program=./03-queue-pipe/$program
        expect_bad_usage "-n: expected a whole number from $least to " "$program" -n "$((least - 1))"
        expect_full_device "$program"
        run --separate-stderr bounded 20 "$program" "$((least - 1))"
        [[ $status -eq 2 && $stderr == *"unexpected argument '$((least - 1))'"* ]] || report "$program"
        run --separate-stderr bounded 20 "$program" -h
        [[ $status -eq 0 && $output == "usage: ${program##*/} "* ]] || report "$program -h"
    done <<'END'
rank_send 9
rank_broadcast 1
rank_scatter 1
rank_gather 1
rank_alltoall 1
rank_reduce 1
rank_grid 1
END
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '0'" ./03-queue-pipe/rank_hello -n 0
    expect_bad_usage "-n: expected a whole number from 1 to 1000, got '1001'" ./03-queue-pipe/rank_hello -n 1001
    expect_bad_usage "-n: expected a whole number from 6 to 1000, got '5'" ./03-queue-pipe/rank_deadlock -n 5
    expect_bad_usage "-n: expected a whole number from 1 to 100, got '101'" ./03-queue-pipe/rank_alltoall -n 101
    expect_bad_usage 'expected one of -b and -l, once' ./03-queue-pipe/rank_deadlock -b -l
    expect_bad_usage 'expected one of -b and -l, once' ./03-queue-pipe/rank_deadlock -bb
    run --separate-stderr bounded 20 bash -c 'ulimit -n 64 && exec ./03-queue-pipe/rank_hello -n 20'
    [[ $status -eq 1 && -z $output && $stderr == 'rank_hello: run 20 ranks: Too many open files' ]] ||
        report '20 ranks with 64 descriptors'
    expect_nothing_left 'one of the rank_* programs'
}
