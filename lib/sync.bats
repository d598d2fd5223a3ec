#!/usr/bin/env bats
# sync: what lib/sync.h promises of event and semaphore, also when processes are killed.

load ../.ci/test_helper
load test/driver

@test "event: set, clear, is_set and wait, each twice; set 100000 times; closed" {
    scenario event <<'END'
event_open(&event): 0
event_is_set(&event): 0
event_clear(&event): 0
event_wait(&event, 0): ETIMEDOUT
event_set(&event): 0
event_set(&event): 0
event_is_set(&event): 1
event_wait(&event, 0): 0
event_wait(&event, FOREVER): 0
event_is_set(&event): 1
event_clear(&event): 0
event_is_set(&event): 0
event_clear(&event): 0
event_wait(&event, 0): ETIMEDOUT
set 100000 times
event_clear(&event): 0
event_is_set(&event): 0
closed:
event_set(&event): EBADF
event_clear(&event): EBADF
event_is_set(&event): 0
event_wait(&event, 0): EBADF
event_wait(&event, FOREVER): EBADF
END
    expect_message
}

@test "semaphore: values, and 4096 tokens taken and given in any order; closed" {
    scenario semaphore <<'END'
semaphore_open(&semaphore, 2): 0
semaphore_value(&semaphore): 2
semaphore_acquire(&semaphore, FOREVER): 0
semaphore_value(&semaphore): 1
semaphore_acquire(&semaphore, 0): 0
semaphore_value(&semaphore): 0
semaphore_acquire(&semaphore, 0): ETIMEDOUT
semaphore_value(&semaphore): 0
semaphore_release(&semaphore): 0
semaphore_value(&semaphore): 1
semaphore_release(&semaphore): 0
semaphore_value(&semaphore): 2
semaphore_release(&semaphore): 0
semaphore_value(&semaphore): 3
semaphore_release(&semaphore): 0
semaphore_value(&semaphore): 4
closed:
semaphore_acquire(&semaphore, 0): EBADF
semaphore_acquire(&semaphore, FOREVER): EBADF
semaphore_release(&semaphore): EBADF
semaphore_value(&semaphore): EBADF
semaphore_value(&next): 1
END
    scenario values <<'END'
-2147483648: EINVAL
-1: EINVAL
0: 0 can be taken, and 4096 given
1: 1 can be taken, and 4096 given
4095: 4095 can be taken, and 4096 given
4096: 4096 can be taken, and 4096 given
4097: EINVAL
2147483647: EINVAL
END
    scenario order 0 <<<'4096 tokens, in any order'
    scenario order 2 <<<'4096 tokens, in any order'
}

@test "semaphore: the same in the smallest pipe that an ordinary user may get" {
    need_user
    capture as_user 3 "$DRIVER" little_memory
    expect_printed little_memory <<<'4096 tokens, in any order'
}

@test "sync: no descriptors to be had, as many after as before; timeouts on time, signals or not" {
    scenario opening <<'END'
event_wait(&event, FOREVER): EINVAL
event_open(&event): EMFILE
semaphore_open(&semaphore, 1): EMFILE
event_open(&event): EMFILE
semaphore_open(&semaphore, 1): EMFILE
as many descriptors as before
END
    scenario timeouts <<'END'
interrupted:
event_set(&event): 0
event_clear(&event): 0
event_is_set(&event): 0
semaphore_release(&semaphore): 0
semaphore_acquire(&semaphore, 0): 0
the pipe is full:
event_set(&event): 0
another is quicker:
semaphore_release(&semaphore): 0
semaphore_acquire(&semaphore, FOREVER): 0
semaphore_acquire(&semaphore, 0.03): ETIMEDOUT
END
}

@test "sync: several processes: all are woken, never more than three inside, one is killed" {
    scenario woken <<'END'
W W W W and cleared by another: 1
W W W W and cleared by another: 1
W when another has been killed
END
    scenario inside <<'END'
2400 visits, never too many at a time
3 may come in
one that waits is killed, and the other comes in
one that is inside is killed, and counted until somebody releases
END
}

@test "event: 200 random processes that wait, set and clear are killed and replaced" {
    scenario stress 200 1 <<'END'
200 killed, 0 hanging, 0 errors
woken more often than killed: 1
END
}
