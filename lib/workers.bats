#!/usr/bin/env bats
# workers: what struct worker_options in lib/worker.h promises, as a pool has it. How workers die, and are
# replaced, is in pool.bats.

load ../.ci/test_helper
load test/driver

@test "workers: each is initialized once, before its first task, and so is a replacement" {
    scenario initializing <<'END'
atomic_load(&initial->calls): 3
100 tasks find it done
atomic_load(&initial->calls): 4
pool_join(pool): 0
eight die: 8 errors, 12 right
pool_join(pool): 0
END
}

@test "workers: where none can be initialized, the tasks end with that error, or that death" {
    scenario initializer_fails E kill exit 0 <<'END'
map: 20 errors, 0 right
error EDOM, exit code 1
pool_get(pool, &results[0], LONG): EDOM
pool_join(pool): 0
given up
map: 20 errors, 0 right
error EOWNERDEAD, exit code -9
pool_get(pool, &results[0], LONG): EOWNERDEAD
pool_join(pool): 0
given up
map: 20 errors, 0 right
error EOWNERDEAD, exit code 3
pool_get(pool, &results[0], LONG): EOWNERDEAD
pool_join(pool): 0
given up
map: 20 errors, 0 right
error EOWNERDEAD, exit code 0
pool_get(pool, &results[0], LONG): EOWNERDEAD
pool_join(pool): 0
given up
END
}

@test "workers: an initializer that fails now and then costs no task, as long as one is left" {
    scenario initializer_recovers <<'END'
the first two times:
map: 0 errors, 20 right
atomic_load(&initial->calls): 3
pool_join(pool): 0
but for the first time:
map: 0 errors, 20 right
map: 0 errors, 20 right
and it dies: 13 errors, 7 right
error EOWNERDEAD, exit code -9
pool_join(pool): 0
END
}

# lifetime LIMIT CHUNK COUNT NUMBERS: so many tasks each worker does.
lifetime() {
    scenario lifetime "$1" "$2" "$3" <<END
each: $4
pool_join(pool): 0
END
}

@test "workers: one that has done its number of tasks is replaced when its chunk is done" {
    lifetime 3 1 10 '3 3 3 1'
    lifetime 3 5 20 '5 5 5 5'
    lifetime 7 5 20 '10 10'
    lifetime 1 1 3 '1 1 1'
}

@test "workers: replaced again and again, also when closed early, or when some die, they lose no task" {
    scenario lifetimes <<'END'
100 right; by each worker 10 at most
pool_join(pool): 0
pool_join(pool): 0
one task each: 20 right, 20 once
and some die: 3 errors, 197 right
task 4: error EOWNERDEAD, exit code -9
task 5: error EOWNERDEAD, exit code -9
task 11: error EOWNERDEAD, exit code -9
and some die: 3 errors, 197 right
task 4: error EOWNERDEAD, exit code -9
task 5: error EOWNERDEAD, exit code -9
task 11: error EOWNERDEAD, exit code -9
pool_join(pool): 0
END
}

# overdue HOW WORKERS CHUNK
overdue() {
    scenario overdue "$@" <<'END'
map: 1 errors, 11 right
task 4: error ETIMEDOUT, exit code -9
pool_join(pool): 0
END
}

@test "workers: a task that takes too long costs itself, and nothing else of its chunk" {
    overdue forever 1 12
    overdue Stopped 2 5
}

@test "workers: who dies by itself while nobody waits is not said to be over the limit" {
    scenario crashed segv kill exit 0 forever <<'END'
segv: error EOWNERDEAD, exit code -11
kill: error EOWNERDEAD, exit code -9
exit: error EOWNERDEAD, exit code 3
0: error EOWNERDEAD, exit code 0
forever: error ETIMEDOUT, exit code -9
pool_join(pool): 0
END
    scenario told_late <<'END'
at once: yes
pool_join(pool): 0
END
}

@test "workers: the time limit, seen from all calls that wait, and from a worker without a task" {
    scenario limits <<'END'
pool_get(pool, &results[0], LIMIT / 5): ETIMEDOUT
pool_get(pool, &results[0], LONG): ETIMEDOUT
results[0].ready: 1
who only looks:
error ETIMEDOUT, exit code -9
who posts when all is full, and joins:
pool_join(pool): 0
error ETIMEDOUT, exit code -9
error ETIMEDOUT, exit code -9
error ETIMEDOUT, exit code -9
error ETIMEDOUT, exit code -9
with imap:
20 given, 18 right, 20 once
task 0: error ETIMEDOUT, exit code -9
task 3: error ETIMEDOUT, exit code -9
one that has nothing to do:
lives on
nobody looks:
pool_get(pool, &results[0], LONG): 0
pool_join(pool): 0
END
}

@test "workers: a task that ends just within the limit is done, whatever its chunk has taken" {
    scenario near_limit <<'END'
pool_join(pool): 0
4 too late, 16 done
END
}

@test "workers: those that are stopped without a task are replaced, too, if there is a time limit" {
    scenario stopped 2 2 <<'END'
map: 0 errors, 50 right
pool_join(pool): 0
END
    scenario stopped 1 3 <<'END'
map: 0 errors, 50 right
pool_join(pool): 0
END
}
