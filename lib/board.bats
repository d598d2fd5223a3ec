#!/usr/bin/env bats
# board: what lib/board.h, slots.h and worker.h promise, with no process, with several, and with one that
# is killed.

load ../.ci/test_helper
load test/driver

@test "board: opened, or not; tasks in order, their results, out of order, once, in slots used again, zero at first" {
    # Open refuses what it can't make, and rounds the slots up.
    scenario opening <<'END'
board_open(SIZE_MAX, 4, 4): EINVAL
board_open(4, SIZE_MAX, 4): EINVAL
board_open(4, 4, SIZE_MAX): EINVAL
board_open(4, SIZE_MAX - 8, SIZE_MAX - 8): EINVAL
board_open(SIZE_MAX / 64, 64, 64): EINVAL
board_open(2, SIZE_MAX / 32, 4): ENOMEM
a task without argument and result: 1
slots: 1 2 4 16 32 16384
END
    expect_message

    # Tasks are taken in the order of posting, and collected with their results.
    scenario order <<'END'
board_oldest(board): 0
board_posted(board): 0
board_room(board): 4
board_room(board): 3
board_room(board): 2
board_room(board): 1
board_room(board): 0
board_posted(board): 4
board_room(board): 0
board_collect(board): 4
board_oldest(board): 4
board_room(board): 4
result: ticket 0, value 19, error 0, exit code 0, pid ours
result: ticket 1, value 22, error 0, exit code 0, pid ours
result: ticket 2, value 25, error 0, exit code 0, pid ours
result: ticket 3, value 28, error EDOM, exit code 0, pid ours
ran: 6 7 8 9
taken in order, ran: 3 2 1 0
END

    # Slots are used again and again, tickets count on.
    scenario reuse 1 1 <<<'1000 right'
    scenario reuse 8 3 <<<'1000 right'

    # Tasks finished out of order, and the one that the parent sleeps for.
    scenario finished <<'END'
the second first:
board_is_finished(board, 1): 0
worker_do(&workers[1]): 1
board_is_finished(board, 1): 1
board_is_finished(board, 0): 0
results[1].ready: 0
board_deliver(board, 1): 1
second: ticket 1, value 4, error 0, exit code 0, pid ours
board_collect(board): 0
board_oldest(board): 0
results[0].ready: 0
the parent sleeps for the third, then for any:
worker_do(&workers[0]): 0
worker_do(&workers[2]): 1
worker_do(&workers[3]): 1
board_collect(board): 3
board_oldest(board): 4
board_is_finished(board, 0): 1
first: ticket 0, value 1, error 0, exit code 0, pid ours
third: ticket 2, value 7, error 0, exit code 0, pid ours
it is told once:
worker_do(&workers[1]): 1
worker_do(&workers[0]): 0
END

    # A result is delivered once, and its callback is called once.
    scenario once <<'END'
board_deliver(board, 1): 1
delivered: ticket 1, value 4, error 0, exit code 0, pid ours
board_deliver(board, 1): 0
delivered again: ticket 1, value 77, error 0, exit code 0, pid ours
board_collect(board): 1
posted again: not ready
board_deliver(board, 2): 1
delivered: ticket 2, value 7, error 0, exit code 0, pid ours
board_collect(board): 0
board_oldest(board): 3
collected: ticket 2, value 78, error 0, exit code 0, pid ours
board_deliver(board, 4): 0
board_collect(board): 1
without a value: ready, ticket 3
callbacks:
board_callbacks(board): 3
board_deliver_all(board): 2
board_callbacks(board): 1
1 called, 1 with an error
board_deliver_all(board): 1
board_callbacks(board): 0
2 called, 1 with an error
board_oldest(board): 11
END

    # A task finds its result all zero.
    scenario zeroed <<'END'
4 zero bytes; returns ffffffff and error 0
4 zero bytes; returns ffffffff and error 1
END
}

@test "board: what a worker had is lost, of a chunk, too; a task that takes too long is written off" {
    # What a worker had is lost, and what nobody can do; what is finished is not.
    scenario lose <<'END'
of six: finished - finished - - -
board_collect(board): 6
board_oldest(board): 6
task 0: ticket 0, value 1, error 0, exit code 0, pid ours
task 1: ticket 1, value 4, error 0, exit code 0, pid ours
task 2: ticket 2, value 0, error EOWNERDEAD, exit code -9, pid another's
task 3: ticket 3, value 10, error 0, exit code 0, pid ours
task 4: ticket 4, value 0, error EAGAIN, exit code 0, pid none
task 5: ticket 5, value 0, error EAGAIN, exit code 0, pid none
the slot is as good as new:
task 20: ticket 16, value 61, error 0, exit code 0, pid ours
END

    # A chunk is taken as a whole; what a dead worker had not begun of it is done by others.
    scenario chunks <<'END'
three in turn: 0 4 8 1 9
one has lost task 2; another one, in the middle of its own: 5 6 7 3
two die, in the middle of the rest of a chunk: 10 11 12 14 16 17 18 19
in the last, and in the first: 20 21 24 25
21 right, 0 twice
END

    # A task that takes too long is written off, whatever its worker does then.
    scenario overdue <<'END'
overdue: none, and none will be
overdue: none, but one will be
overdue: none, but one will be
overdue: that of worker 0
overdue: that of worker 1
overdue: none, and none will be
finished all the same:
board_is_finished(board, 0): 0
overdue: none, and none will be
board_collect(board): 4
1 1 too late, 1 1 right
nobody has looked yet:
overdue: that of worker 3
END
}

@test "board: a task is not well done if what it printed can't be written" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    capture bounded 60 bash -c 'exec "$0" full >/dev/full' "$DRIVER"
    [ "$status" -eq 0 ] || report 'expected status 0'
    expect_message 'board_test: write standard output: No space left on device
returns 0: error ENOSPC
returns 33: error EDOM'
}

# `build/test/board_test step 1 3` tries every instruction; so do the others.
@test "board: a worker killed after any instruction costs the task it had, and no other" {
    scenario step 79 1 <<<'killed at every step: each task is done, or lost with its worker'
    scenario step 47 3 <<<'killed at every step: each task is done, or lost with its worker'
}

@test "board: a worker may stop after any instruction, while others go round the ring, or die" {
    scenario pause 47 3 <<<'stopped at every step: each task is done'
    scenario inherit 2 <<<'stopped at every step: it has found the rest'
}

@test "board: a task is done that is posted while a worker is about to sleep" {
    scenario drowsy <<<'posted before it sleeps: done'
}

@test "board: a worker's task may be written off after any instruction" {
    scenario expire 83 3 <<<'written off at every step: it is too late, or has been done'
}

@test "board: several processes do 100,000 tasks, each once" {
    scenario crowd 2 100000 1 <<<'100000 tasks, 100000 of them once, 100000 results right'
    scenario crowd 5 100000 7 <<<'100000 tasks, 100000 of them once, 100000 results right'
}
