#!/usr/bin/env bats
# lock: what lib/lock.h promises, also when any of its processes is killed at any instant.

load ../.ci/test_helper
load test/driver

@test "lock: who has it can't take it again, and who has it not can't give it back" {
    local once
    once='lock_acquire(&shared->lock, i == 0 ? FOREVER : 0): 0
lock_acquire(&shared->lock, 0): EDEADLK
lock_acquire(&shared->lock, 0.01): EDEADLK
lock_acquire(&shared->lock, FOREVER): EDEADLK
lock_acquire(&shared->other, -1): 0
lock_release(&shared->lock): 0
lock_release(&shared->lock): EPERM
lock_release(&shared->other): 0'
    scenario errors <<<"lock_release(&shared->lock): EPERM
$once
$once"
    expect_message
}

@test "lock: it is its owner's, and not the owner's child's" {
    scenario inherited <<'END'
lock_acquire(&shared->lock, 0): 0
lock_release(&shared->lock): EPERM
lock_acquire(&shared->lock, 0): ETIMEDOUT
lock_acquire(&shared->other, 0): 0
lock_release(&shared->other): 0
lock_acquire(&shared->lock, FOREVER): EDEADLK
lock_release(&shared->lock): 0
lock_acquire(&shared->lock, 0): 0
END
}

@test "lock: one at a time: 4 processes count to 80000" {
    scenario counted <<<80000
}

@test "lock: timeouts are on time, while the owner runs or is stopped" {
    scenario timeouts <<<'on time'
}

@test "lock: when the owner is killed, executes or returns, one is told, and only one" {
    local how
    for how in killed executes returns; do
        scenario died "$how" <<'END'
lock_acquire(&shared->lock, 0): 1
lock_release(&shared->lock): 0
lock_acquire(&shared->lock, 0): 0
lock_release(&shared->lock): 0
told: 1 of 3
END
    done
}

@test "lock: one that was woken and is killed before it has the lock leaves nobody stuck" {
    scenario woken_and_killed <<<'the second one gets it: 0'
}

# `build/test/lock_test step 1` tries every instruction.
@test "lock: an owner killed after any instruction leaves nobody stuck, and the next one is told" {
    scenario step 47 <<<'killed at every step: the next one is told, if need be'
}

@test "lock: 120 random owners and waiters killed and replaced" {
    scenario stress 120 1 <<<'120 killed, each death inside told'
}
