#!/usr/bin/env bats
# queue: what lib/queue.h promises, also when any of its processes is killed at any instant.

load ../.ci/test_helper
load test/driver

@test "queue: first in, first out; open refuses what it can't make; EMSGSIZE, EBADF, EPIPE; timeouts; no descriptor stays" {
    # First in, first out, every size, many times round the ring.
    scenario order 1 1 <<<'5000 items in order'
    scenario order 3 64 <<<'5000 items in order'
    scenario order 7 1000 <<<'5000 items in order'
    expect_message

    # Open refuses what it can't make, and leaves nothing.
    scenario opening <<'END'
queue_open(4, 0): EINVAL
queue_open(0, 0): EINVAL
queue_open(SIZE_MAX, 8): EINVAL
queue_open(8, SIZE_MAX): EINVAL
queue_open(SIZE_MAX, SIZE_MAX): EINVAL
queue_open(SIZE_MAX / 16, 32): EINVAL
queue_open(1, SIZE_MAX - 8): EINVAL
queue_open(1, SIZE_MAX / 8): ENOMEM
queue_open(4, 4): EMFILE
by default it is full with 1024 items: ETIMEDOUT
END

    # Too long is EMSGSIZE and loses nothing, a closed end EBADF, nobody there EPIPE.
    scenario errors <<'END'
queue_put(queue, "12345", 5, 0): EMSGSIZE
queue_put(queue, "12345", SIZE_MAX, FOREVER): EMSGSIZE
queue_get(queue, buffer, 4, 0): ETIMEDOUT
queue_put(queue, "1234", 4, 0): 0
queue_put(queue, "", 0, 0): 0
full:
queue_put(queue, "5", 1, 0): ETIMEDOUT
queue_put(queue, "12345", 5, 0): EMSGSIZE
queue_get(queue, buffer, 3, FOREVER): EMSGSIZE
queue_get(queue, buffer, 0, 0): EMSGSIZE
queue_get(queue, buffer, 4, 0): 4
it stayed: '1234'
queue_get(queue, buffer, 0, 0): 0
queue_get(queue, buffer, 8, 0): ETIMEDOUT
closed for putting:
queue_put(queue, "1", 1, 0): 0
queue_put(queue, "2", 1, 0): EBADF
queue_put(queue, "2", 1, FOREVER): EBADF
queue_get(queue, buffer, 8, FOREVER): 1
queue_get(queue, buffer, 8, FOREVER): EPIPE
closed for getting:
queue_get(queue, buffer, 8, FOREVER): EBADF
queue_put(queue, "2", 1, FOREVER): EBADF
closed again:
queue_get(queue, buffer, 8, 0): ETIMEDOUT
nobody gets:
queue_get(queue, buffer, 8, 0): EBADF
queue_put(queue, "1", 1, FOREVER): 0
queue_put(queue, "2", 1, FOREVER): 0
queue_put(queue, "3", 1, FOREVER): EPIPE
queue_put(queue, "3", 1, 0): EPIPE
queue_put(queue, "1", 1, 0): 0
queue_put(queue, "2", 1, 0): ETIMEDOUT
nobody puts:
queue_get(queue, buffer, 8, FOREVER): 1
queue_get(queue, buffer, 8, FOREVER): EPIPE
queue_get(queue, buffer, 8, 0): EPIPE
END

    # Put and get with a timeout are on time, signals or not.
    scenario timeouts <<<'on time'
    scenario pestered <<<'on time'

    # As many descriptors after close as before open.
    scenario descriptors <<<'as many as before'
}

@test "queue: its size is exact while nobody else is at work, else that of a moment; an item is whole as soon as it counts" {
    # Its size is exact while nobody else is at work, also after what has failed.
    scenario sizes <<<'exact'

    # While others are at work, its size is that of a moment.
    scenario tokens <<<'all the time, and at the end'

    # An item is whole as soon as it counts; no size that never was.
    scenario stepped <<'END'
never more than one
put: whole as soon as it counts
get: whole when its place is free
END
}

@test "queue: between parent and child; all who sleep are woken; the last one of a side leaves, or is killed: EPIPE" {
    # Between parent and child, both ways; one that a child has opened.
    scenario to_and_fro <<'END'
6 to the child
4 to the parent
empty, then not
20 in order
END
    scenario in_a_child <<<'Q'

    # All who sleep are woken by the other side.
    scenario woken <<'END'
a getter, by a put: A
a putter, by a get: D
getters: A 1 B 1 C 1 D 1
putters: D D D D
END

    # When the last one of a side has closed it, the other drains it and hears EPIPE.
    scenario deserted leaves <<'END'
the getter: ABC, then EPIPE
the putter: 4 items, then EPIPE
END

    # When the last one of a side is killed, the other drains it and hears EPIPE.
    scenario deserted killed <<'END'
the getter: ABC, then EPIPE
the putter: 4 items, then EPIPE
END
}

@test "queue: 4 producers and 4 consumers, each item once, and in its producer's order" {
    scenario crowd 16 20000 <<<'20000 items, 20000 of them once, 0 torn, 0 out of order'
    scenario crowd 1000 20000 <<<'20000 items, 20000 of them once, 0 torn, 0 out of order'
    scenario crowd 1 5000 <<<'5000 items, 5000 of them once, 0 torn, 0 out of order'
}

@test "queue: killed around its system calls, nobody is stuck" {
    scenario deaths <<'END'
a putter, before it rings
a putter, after it has rung
a putter, before it listens, with both locks
a putter, after it has listened, with both locks
a getter, before it rings
a getter, after it has rung
a getter, before it listens, with both locks
a getter, after it has listened, with both locks
END
}

@test "queue: a putter or getter killed after any instruction leaves nobody stuck" {
    # A putter killed after any instruction leaves nobody stuck.
    # A larger stride would still find most; `build/test/queue_test step put 1` tries every instruction.
    scenario step put 13 <<<'killed at every step: nobody is stuck'

    # A getter killed after any instruction leaves nobody stuck.
    scenario step get 13 <<<'killed at every step: nobody is stuck'
}

@test "queue: one that waits, killed after any instruction, leaves nobody stuck" {
    scenario step vain-put 307 <<<'killed at every step: nobody is stuck'
    scenario step vain-get 307 <<<'killed at every step: nobody is stuck'
}

@test "queue: one that was woken for a lock and is killed before it has it leaves nobody stuck" {
    scenario woken_and_killed <<<'the second one gets X'
}

@test "queue: nobody waits longer for one that is stopped with a lock than for an item" {
    scenario stopped <<'END'
with both locks
with the putters' lock
with the getters' lock
and killed
END
}

@test "queue: 200 random producers and consumers killed and replaced" {
    scenario stress 200 1 <<'END'
200 killed, 0 hanging, 0 twice, 0 torn, 0 out of order, 0 errors
items lost: no more than consumers
END
}

@test "queue: all on one processor" {
    scenario pinned crowd 1 2000 <<<'2000 items, 2000 of them once, 0 torn, 0 out of order'
    scenario pinned stress 50 2 <<'END'
50 killed, 0 hanging, 0 twice, 0 torn, 0 out of order, 0 errors
items lost: no more than consumers
END
}
