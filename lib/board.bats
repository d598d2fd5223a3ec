#!/usr/bin/env bats
# board: what lib/board.h promises, with no process, with several, and with one that is killed.

load ../.ci/test_helper
load test/driver

@test "board: open refuses what it can't make" {
    scenario opening <<'END'
board_open(0, 4, 4): EINVAL
board_open(SIZE_MAX, 4, 4): EINVAL
board_open(4, SIZE_MAX, 4): EINVAL
board_open(4, 4, SIZE_MAX): EINVAL
board_open(4, SIZE_MAX - 8, SIZE_MAX - 8): EINVAL
board_open(SIZE_MAX / 64, 64, 64): EINVAL
board_open(2, SIZE_MAX / 32, 4): ENOMEM
a task without argument and result: 1
END
    expect_message
}

@test "board: tasks are taken in the order of posting, and collected with their results" {
    scenario order <<'END'
board_has_tasks(board): 0
board_oldest(board): 0
board_posted(board): 0
board_is_full(board): 0
board_is_full(board): 0
board_is_full(board): 0
board_is_full(board): 0
board_is_full(board): 1
board_has_tasks(board): 1
board_posted(board): 4
board_has_tasks(board): 0
board_is_full(board): 1
board_oldest(board): 4
board_is_full(board): 0
result: ticket 0, value 19, error 0, exit code 0, pid ours
result: ticket 1, value 22, error 0, exit code 0, pid ours
result: ticket 2, value 25, error 0, exit code 0, pid ours
result: ticket 3, value 28, error EDOM, exit code 0, pid ours
END
}

@test "board: slots are used again and again, tickets count on" {
    scenario reuse 1 <<<'1000 right'
    scenario reuse 7 <<<'1000 right'
}

@test "board: tasks finished out of order, and the one that the parent sleeps for" {
    scenario finished <<'END'
the second first:
board_is_finished(board, 1): 0
board_do(board, tasks[1]): 1
board_is_finished(board, 1): 1
board_is_finished(board, 0): 0
second: not ready
second: ticket 1, value 4, error 0, exit code 0, pid ours
board_oldest(board): 0
board_is_full(board): 1
first: not ready
the parent sleeps for the third:
board_is_finished(board, 2): 0
board_do(board, tasks[0]): 0
board_do(board, tasks[2]): 1
board_oldest(board): 3
board_is_finished(board, 0): 1
first: ticket 0, value 1, error 0, exit code 0, pid ours
third: ticket 2, value 7, error 0, exit code 0, pid ours
END
}

@test "board: a result is delivered once" {
    scenario once <<'END'
delivered: ticket 1, value 4, error 0, exit code 0, pid ours
delivered again: ticket 1, value 77, error 0, exit code 0, pid ours
board_oldest(board): 2
posted again: not ready
delivered: ticket 2, value 7, error 0, exit code 0, pid ours
board_oldest(board): 3
collected: ticket 2, value 78, error 0, exit code 0, pid ours
without a value: ready, ticket 3
END
}

@test "board: a task finds its result all zero" {
    scenario zeroed <<'END'
4 zero bytes; returns ffffffff and error 0
4 zero bytes; returns ffffffff and error 1
END
}

@test "board: what a worker had is lost, and what nobody has; what is finished is not" {
    scenario lose <<'END'
board_is_finished(board, 0): 1
board_is_finished(board, 1): 0
board_is_finished(board, 2): 1
board_is_finished(board, 4): 0
board_is_finished(board, 1): 0
board_is_finished(board, 3): 0
board_is_finished(board, 5): 1
board_oldest(board): 6
task 0: ticket 0, value 1, error 0, exit code 0, pid ours
task 1: ticket 1, value 4, error 0, exit code 0, pid ours
task 2: ticket 2, value 1000, error EOWNERDEAD, exit code -9, pid another's
task 3: ticket 3, value 10, error 0, exit code 0, pid ours
task 4: ticket 4, value 1000, error EAGAIN, exit code 0, pid none
task 5: ticket 5, value 1000, error EAGAIN, exit code 0, pid none
the slot is as good as new:
task 2: ticket 8, value 37, error 0, exit code 0, pid ours
END
}

@test "board: a task is not well done if what it printed can't be written" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    capture bounded 60 bash -c 'exec "$0" full >/dev/full' "$DRIVER"
    [ "$status" -eq 1 ] || report 'expected status 1, as the driver can write nothing either'
    expect_message 'returns 0: error ENOSPC
returns 33: error EDOM'
}

@test "board: a worker killed after any instruction costs the task it had, and no other" {
    scenario step 1 <<<'killed at every step: each task is done, or lost with its worker'
}

@test "board: several processes do 100,000 tasks, each once, however often it is rewound" {
    scenario crowd 2 100000 <<<'100000 tasks, 100000 of them once, 100000 results right'
    scenario crowd 5 100000 <<<'100000 tasks, 100000 of them once, 100000 results right'
}
