#!/usr/bin/env bats
# pool: what lib/pool.h promises, above all when workers die.

load ../.ci/test_helper
load test/driver

@test "pool: open refuses what it can't make, and leaves nothing" {
    scenario opening <<'END'
pool_open(&(struct pool_options){.workers = -1}): EINVAL
pool_open(&(struct pool_options){.workers = 1025}): EINVAL
pool_open(&(struct pool_options){.workers = INT_MIN}): EINVAL
pool_open(&(struct pool_options){.slots = SIZE_MAX}): EINVAL
pool_open(&(struct pool_options){.argument_size = SIZE_MAX}): EINVAL
pool_open(&(struct pool_options){.result_size = SIZE_MAX}): EINVAL
pool_open(&(struct pool_options){.slots = 2, .result_size = SIZE_MAX / 32}): ENOMEM
pool_open(&(struct pool_options){.workers = 10}): EMFILE
by default, one worker for each processor: yes
pool_join(pool): 0
3000 tasks without argument and result
END
    expect_message
}

# maps WORKERS SLOTS COUNT: three times, with everything right.
maps() {
    scenario map "$@" <<END
map: 0 errors, $3 right
map: 0 errors, $3 right
map: 0 errors, $3 right
pool_join(pool): 0
END
}

@test "pool: a map's results are in the order of its arguments, also with more tasks than slots" {
    maps 3 0 500
    maps 3 16 1000
    maps 4 0 20000
    maps 1 0 0
}

@test "pool: a map works with a single slot" {
    maps 1 1 300
    maps 3 1 300
}

@test "pool: a task that takes long does not hold up the results of the others" {
    scenario finishing <<'END'
the last ones are ready, the first is not
9 right
pool_wait(pool, &results[0], FOREVER): 0
10 right
pool_join(pool): 0
END
}

@test "pool: tasks start in order, and need no result" {
    scenario started_in_order <<'END'
pool_join(pool): 0
500 tasks, 500 in order
END
}

@test "pool: a task returns an error of its own" {
    scenario own_errors <<'END'
map(pool, fail_odd, 101): 50
101 as they should be
map(pool, fail_odd, 1): 0
pool_join(pool): 0
END
}

@test "pool: a wait with a timeout is on time, and a later one succeeds" {
    scenario waiting <<'END'
results[0].ready: 0
pool_wait(pool, &results[0], 0): ETIMEDOUT
pool_wait(pool, &results[0], -1): ETIMEDOUT
pool_wait(pool, &results[0], 0.05): ETIMEDOUT
pool_wait(pool, &results[0], 0.4): ETIMEDOUT
results[0].ready: 0
pool_wait(pool, &results[0], LONG): 0
results[0].ready: 1
values[0]: 17
pool_wait(pool, &results[0], 0): 0
pool_wait(pool, &results[0], FOREVER): 0
pool_join(pool): 0
END
}

@test "pool: closed, it refuses tasks, and does those it has" {
    scenario closing <<'END'
pool_apply_async(pool, count_one, &number, NULL): EPIPE
pool_apply_async(pool, count_one, &number, &results[100]): EPIPE
pool_map(pool, count_one, arguments, 5, results + 100): EPIPE
pool_join(pool): 0
shared->count: 100
count_right(100): 100
END
}

@test "pool: terminate ends workers at once: busy, idle, or stopped" {
    scenario terminated <<'END'
busy: ended
idle: ended
stopped: ended
END
}

@test "pool: workers have what was set up before" {
    scenario inherited <<'END'
values[0]: 2
values[9]: 2
pool_join(pool): 0
END
}

# --- workers that die ----------------------------------------------------------------------------

# dying HOW EXIT_CODE: with 1, 2 and 4 workers. Each time the pool is as good as new, which it shows twice.
dying() {
    local workers
    for workers in 1 2 4; do
        scenario dying "$1" "$workers" <<END
map: 1 errors, 19 right
error EOWNERDEAD, exit code $2
map: 1 errors, 19 right
error EOWNERDEAD, exit code $2
pool_join(pool): 0
END
    done
}

@test "pool: a worker killed in its task costs that task, and is replaced" {
    dying kill -9
}

@test "pool: a worker that aborts, or has a segmentation fault" {
    dying abort -6
    dying segv -11
}

@test "pool: a worker that leaves, with exit code 3 or 0" {
    dying exit 3
    dying 0 0
}

@test "pool: a worker ignores SIGINT" {
    scenario dying int 2 <<'END'
map: 0 errors, 20 right
error 0, exit code 0
map: 0 errors, 20 right
error 0, exit code 0
pool_join(pool): 0
END
}

@test "pool: a grandchild that outlives its worker, dead or alive, does not hold the pool" {
    scenario dying grandchild 2 <<'END'
map: 1 errors, 19 right
error EOWNERDEAD, exit code -9
pool_join(pool): 0
END
    scenario dying G 2 <<'END'
map: 0 errors, 20 right
error 0, exit code 0
pool_join(pool): 0
END
}

@test "pool: a grandchild does not hold a wait with a long timeout either" {
    scenario held <<'END'
pool_wait(pool, &results[0], LONG): 0
error EOWNERDEAD, exit code -9
pool_join(pool): 0
END
}

@test "pool: a worker that has closed its descriptors, and does not end, is ended" {
    scenario dying closes 2 <<'END'
map: 1 errors, 19 right
error EOWNERDEAD, exit code -9
map: 1 errors, 19 right
error EOWNERDEAD, exit code -9
pool_join(pool): 0
END
}

@test "pool: a worker's death is found also by who only looks, with timeout 0" {
    scenario polled <<'END'
results[0].ready: 1
error EOWNERDEAD, exit code -9
END
}

@test "pool: workers killed while they have nothing to do cost nothing" {
    scenario idle 1 <<'END'
map: 0 errors, 100 right
pool_join(pool): 0
END
    scenario idle 3 <<'END'
map: 0 errors, 100 right
pool_join(pool): 0
END
}

@test "pool: all workers killed in their tasks at once" {
    [ -d /proc/self ] || skip 'the driver finds the workers in /proc'
    scenario busy <<'END'
map(pool, stay, 3): 3
error EOWNERDEAD, exit code -9
error EOWNERDEAD, exit code -9
error EOWNERDEAD, exit code -9
pool_join(pool): 0
END
}

@test "pool: maps of 20,000 tasks while 50 workers are killed at random moments" {
    [ -d /proc/self ] || skip 'the driver finds the workers in /proc'
    scenario stress 50 1 <<'END'
pool_join(pool): 0
50 killed, 0 wrong, no more tasks lost than workers
END
}

# `build/test/pool_test step 1` tries every instruction.
@test "pool: a worker killed after any instruction costs the task it had, and no other" {
    scenario step 3 <<<'killed at every step: each task is done, or lost with its worker'
}

# --- limits --------------------------------------------------------------------------------------

@test "pool: open with too few processes is EAGAIN, and leaves nothing" {
    need_user
    capture as_user 3 "$DRIVER" refused_at_opening
    expect_printed 'pool_test refused_at_opening' <<'END'
open_pool(3, 0): EAGAIN
open_pool(10, 0): EAGAIN
pool_join(pool): 0
END
}

@test "pool: when workers can't be replaced, there are fewer, or the tasks are lost; later it recovers" {
    need_user
    capture as_user 3 "$DRIVER" refused_at_replacing
    expect_printed 'pool_test refused_at_replacing' <<'END'
one dies: 1 errors, 19 right
error EOWNERDEAD, exit code -9
one is left: 0 errors, 20 right
it dies: 13 errors, 7 right
error EOWNERDEAD, exit code -9
nobody is left: 1200 errors, 0 right
error EAGAIN, exit code 0
pool_wait(pool, &results[0], LONG): 0
error EAGAIN, exit code 0
they may be replaced: 0 errors, 20 right
pool_join(pool): 0
END
}

@test "pool: no descriptors for a new worker: the tasks are lost, and nothing else" {
    scenario no_descriptors <<'END'
map: 13 errors, 7 right
error EOWNERDEAD, exit code 3
error EMFILE, exit code 0
pool_join(pool): 0
END
}

# --- families ------------------------------------------------------------------------------------

@test "pool: when the parent is killed, its workers end, idle or busy" {
    scenario orphans idle <<<'all ended'
    [ "$(uname)" = Linux ] || skip 'only Linux ends a worker in its task'
    scenario orphans busy <<<'all ended'
}

@test "pool: two at once, the second one joined first" {
    scenario two second <<'END'
pool_join(first_first ? first : second): 0
its workers ended at once
pool_join(first_first ? second : first): 0
END
}

# The second one's workers have inherited the ends of the first one's links.
@test "pool: two at once, the first one joined first" {
    scenario two first <<'END'
pool_join(first_first ? first : second): 0
its workers ended at once
pool_join(first_first ? second : first): 0
END
}

@test "pool: a process that was started after it, and outlives it, does not hold it" {
    scenario sibling <<'END'
pool_join(pool): 0
its workers ended at once
END
}

@test "pool: opened 30 times, it leaves no process, descriptor or mapping" {
    scenario repeated <<<'nothing left'
}

@test "pool: what tasks print appears once; if it can't be written, that is the task's error, and join's" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    capture bounded 60 "$DRIVER" printed
    [ "$status" -eq 0 ] || report 'expected status 0'
    [ "$(head -n 1 <<<"$output")" = before ] || report 'expected "before" first'
    expect_same 'before
error ENOSPC, exit code 0
parent
parent again
pool_join(pool): 0
pool_join(pool): EIO
task 0
task 1
task 2
task 3
task 4
task 5
task 6
task 7
task 8
task 9' "$(sed 1d <<<"$output" | sort | sed '1i before')"
    expect_message 'pool_test: write standard output: '
    expect_nothing_left "$DRIVER"
}
