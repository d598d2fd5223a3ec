#!/usr/bin/env bats
# pool: what lib/pool.h promises, above all when workers die. What its options say is in workers.bats.

load ../.ci/test_helper
load test/driver

@test "pool: opened, or not; chunks and slots by default; 64 KiB; errors of tasks; a task that takes long; a wait with a timeout" {
    # Open refuses what it can't make, and leaves nothing.
    scenario opening <<'END'
pool_open(&(struct pool_options){.workers = -1}): EINVAL
pool_open(&(struct pool_options){.workers = 1025}): EINVAL
pool_open(&(struct pool_options){.workers = INT_MIN}): EINVAL
pool_open(&(struct pool_options){.slots = SIZE_MAX}): EINVAL
pool_open(&(struct pool_options){.argument_size = SIZE_MAX}): EINVAL
pool_open(&(struct pool_options){.result_size = SIZE_MAX}): EINVAL
pool_open(&(struct pool_options){.slots = 2, .result_size = SIZE_MAX / 32}): ENOMEM
pool_open(&(struct pool_options){.worker.tasks_per_worker = -1}): EINVAL
pool_open(&(struct pool_options){.worker.time_limit = -1}): EINVAL
pool_open(&(struct pool_options){.worker.time_limit = (double)NAN}): EINVAL
pool_open(&(struct pool_options){.workers = 10}): EMFILE
by default, one worker for each processor: yes
pool_join(pool): 0
3000 tasks without argument and result
END
    expect_message

    # The number of slots by default.
    scenario default_slots 8 8 4096 8 8 2000000 <<'END'
16384
as many as have room in 16 MiB
64
END

    # A chunk is one worker's; by default it is a quarter of an even share.
    scenario shares <<'END'
pool_map(pool, meet_at_fives, arguments, 10, 5, results): 0
10 by who has the chunk; the chunks by two
by default, of 33: 10, two
by default, of 39: 10, two
pool_join(pool): 0
END

    # Arguments and results of 64 KiB, more than have slots.
    scenario large <<'END'
pool_map(pool, turn_round, from, COUNT, 0, results): 0
all bytes right
pool_join(pool): 0
END

    # A task returns an error of its own.
    scenario own_errors <<'END'
map(pool, fail_odd, 101, chunk): 50
101 as they should be
map(pool, fail_odd, 101, chunk): 50
101 as they should be
map(pool, fail_odd, 1, 1): 0
pool_join(pool): 0
END

    # Tasks start in order, and need no result.
    scenario started_in_order <<'END'
pool_join(pool): 0
1500 tasks, 1500 in order
END

    # A task that takes long does not hold up the others.
    scenario finishing <<'END'
the last ones are ready, the first is not
9 right
pool_wait(pool, &results[0], FOREVER): 0
10 right
pool_join(pool): 0
END
    scenario beside <<'END'
map: 0 errors, 100 right
imap: 0 errors, 100 right
the other one is not ready
pool_get(pool, &results[100], FOREVER): 0
pool_join(pool): 0
no slot is free:
pool_imap_next(pool, &imap, 0): ETIMEDOUT
pool_imap_next(pool, &imap, 0.05): ETIMEDOUT
pool_imap_next(pool, &imap, FOREVER): 0
pool_join(pool): 0
END

    # A wait with a timeout is on time, and a later one succeeds.
    scenario waiting <<'END'
results[4].ready: 0
pool_wait(pool, &results[4], 0): ETIMEDOUT
pool_wait(pool, &results[4], -1): ETIMEDOUT
pool_wait(pool, &results[4], 0.05): ETIMEDOUT
pool_get(pool, &results[4], 0.4): ETIMEDOUT
results[4].ready: 0
pool_wait(pool, &results[5], 0): ETIMEDOUT
pool_wait(pool, &results[4], LONG): 0
results[4].ready: 1
values[4]: 17
pool_wait(pool, &results[4], 0): 0
pool_wait(pool, &results[4], FOREVER): 0
pool_wait(pool, &results[5], FOREVER): 0
pool_get(pool, &results[4], FOREVER): 0
values[4]: 17
pool_join(pool): 0
END

    # Get gives the task's error.
    scenario getting <<'END'
task 0:
pool_get(pool, &results[i], FOREVER): 0
pool_get(pool, &results[i], 0): 0
pool_wait(pool, &results[i], FOREVER): 0
task 1:
pool_get(pool, &results[i], FOREVER): EDOM
pool_get(pool, &results[i], 0): EDOM
pool_wait(pool, &results[i], FOREVER): 0
task 2:
pool_get(pool, &results[i], FOREVER): EOWNERDEAD
pool_get(pool, &results[i], 0): EOWNERDEAD
pool_wait(pool, &results[i], FOREVER): 0
task 3:
pool_get(pool, &results[3], FOREVER): ETIMEDOUT
results[3].ready: 1
pool_join(pool): 0
END

    # What became of a task, in words.
    scenario failures <<'END'
process 5 took longer than the time limit
Connection timed out
Numerical argument out of domain
process 5 was killed by signal 9
process 5 ended with exit code 3
process 5
END
}

# --- map -----------------------------------------------------------------------------------------

# maps WORKERS SLOTS COUNT CHUNK...: everything right, and done once.
maps() {
    local chunk wanted=''
    for chunk in "${@:4}"; do
        wanted+="chunk $chunk: 0 errors, $3 right, $3 once"$'\n'
    done
    scenario map "$@" <<<"${wanted}pool_join(pool): 0"
}

@test "pool: a map's results are in the order of its arguments, whatever the chunks" {
    maps 3 0 500 1 2 7 499 500 501 0
    maps 4 0 100000 0 1000
    maps 2 0 1 1 5 0
    maps 1 0 0 1 3 0
}

@test "pool: a map of more tasks than there are slots, and chunks of more" {
    maps 3 16 1000 1 2 7 15 16 17 2000 0
    maps 4 64 300 1 8 50 0
    maps 1 1 100 1 2 0
    maps 3 1 100 1 0
}

# --- handles and callbacks -----------------------------------------------------------------------

@test "pool: one callback is called for each task, once, in the parent, as they finish" {
    scenario callbacks <<'END'
called: 0 1 (error) 2 (error) 3 (error) 4 (error)
called: 0 1 (error) 2 (error) 3 (error) 4 (error)
pool_map(pool, behave, arguments, 1000, chunk, results): 4
1000 calls, 1000 once
pool_map(pool, behave, arguments, 1000, chunk, results): 4
1000 calls, 1000 once
pool_join(pool): 0
100 calls, 100 once
called:
END
    scenario callbacks_in_order <<'END'
called: 2 0 3 1
while another one is waited for:
called: 3 2 1
pool_join(pool): 0
called: 3 2 1 0
END
}

@test "pool: a callback may post tasks, and wait for them, whether there is a free slot or not" {
    local slots
    for slots in 1 1000; do
        scenario posting "$slots" <<'END'
one after the other: 1000 right, 1000 once
each one another: 300 right, 0 refused
each one asks another: 200 right
the same again: 500 begun
pool_get(common, &results[0], FOREVER): 0
a map in between: 51 right
pool_join(common): 0
too late: 1 right, 1 refused
END
    done
}

@test "pool: callbacks do not nest, whatever they do; and who waits is woken" {
    scenario nesting <<'END'
pool_wait(common, &results[0], FOREVER): 0
pool_join(common): 0
255 callbacks, 1 deep; 256 right
END
    scenario waiting_twice <<'END'
16 callbacks; woken: yes
pool_join(common): 0
END
    scenario due <<'END'
pool_wait(common, &results[0], FOREVER): 0
imap: 50 given, 50 right
both are ready, 0 of their callbacks called
pool_wait(common, &results[1], FOREVER): 0
pool_wait(common, &results[3], FOREVER): 0
then 2 called
pool_join(common): 0
END
}

# --- imap ----------------------------------------------------------------------------------------

# imaps WORKERS SLOTS COUNT
imaps() {
    local kind wanted=''
    for kind in 'in order' unordered; do
        wanted+="$kind: $3 given, $3 right, $3 once
$kind: $3 given, $(($3 - 3)) right, $3 once
task 1: error EDOM, exit code 0
task 2: error EOWNERDEAD, exit code -9
task 9: error EOWNERDEAD, exit code -9
"
    done
    scenario imap "$@" <<<"${wanted}pool_join(pool): 0"
}

@test "pool: imap gives each result once, in order or as they finish, also those that are lost" {
    imaps 3 0 500
    imaps 2 4 200
    imaps 1 1 50
    scenario imap 2 0 0 <<'END'
in order: 0 given, 0 right, 0 once
in order: 0 given, 0 right, 0 once
unordered: 0 given, 0 right, 0 once
unordered: 0 given, 0 right, 0 once
pool_join(pool): 0
END
}

@test "pool: imap in a certain order, with a timeout, with fewer slots, closed in the middle, left" {
    # Imap, with tasks that finish in a certain order.
    scenario imap_order <<'END'
unordered
pool_imap_next(pool, &imap, 0): ETIMEDOUT
pool_imap_next(pool, &imap, -1): ETIMEDOUT
pool_imap_next(pool, &imap, LONG): 2
pool_imap_next(pool, &imap, 0.02): ETIMEDOUT
pool_imap_next(pool, &imap, LONG): 0
pool_imap_next(pool, &imap, 0.02): ETIMEDOUT
pool_imap_next(pool, &imap, LONG): 3
pool_imap_next(pool, &imap, 0.02): ETIMEDOUT
pool_imap_next(pool, &imap, LONG): 1
pool_imap_next(pool, &imap, FOREVER): 4
in order
pool_imap_next(pool, &imap, 0.05): ETIMEDOUT
pool_imap_next(pool, &imap, LONG): 0
pool_imap_next(pool, &imap, LONG): 1
pool_imap_next(pool, &imap, LONG): 2
pool_imap_next(pool, &imap, 0.02): ETIMEDOUT
pool_imap_next(pool, &imap, LONG): 3
pool_imap_next(pool, &imap, FOREVER): 4
4 right, 4 once
at the same moment
pool_imap_next(pool, &imap, LONG): 2
pool_imap_next(pool, &imap, LONG): 3
pool_join(pool): 0
END

    # Imap keeps its timeout, also when all slots are taken by others.
    scenario imap_beside <<'END'
pool_imap_next(pool, &imap, 0.2): ETIMEDOUT
count_right(14): 13
pool_join(pool): 0
END

    # Imap, with fewer slots than tasks; closed in the middle; and left.
    scenario imap_full <<'END'
pool_imap_next(pool, &imap, LONG): 1
pool_imap_next(pool, &imap, LONG): 2
pool_imap_next(pool, &imap, LONG): 3
pool_imap_next(pool, &imap, 0.05): ETIMEDOUT
results[3].ready: 1
pool_imap_next(pool, &imap, LONG): 0
16 more; 20 right, 20 once
closed when four are posted:
pool_imap_next(pool, &imap, 0): ETIMEDOUT
pool_imap_next(pool, &imap, FOREVER): EPIPE
in order: 4 given, 4 right
pool_join(pool): 0
pool_imap_next(pool, &imap, 0): ETIMEDOUT
pool_imap_next(pool, &imap, FOREVER): EPIPE
unordered: 4 given, 4 right
pool_join(pool): 0
closed when all are posted:
pool_imap_next(pool, &imap, 0): ETIMEDOUT
3 given, 3 right
pool_join(pool): 0
left in the middle:
pool_join(pool): 0
END
}

@test "pool: two imaps, a map and single tasks on one pool, while a worker dies" {
    local slots
    for slots in 0 4; do
        scenario together "$slots" <<'END'
pool_join(pool): 0
500 and 500 given, 700 called; 1699 right, 1700 once
task 3: error EOWNERDEAD, exit code -9
END
    done
}

# --- the end -------------------------------------------------------------------------------------

@test "pool: closed, it refuses tasks, and does those it has" {
    scenario closing <<'END'
pool_apply_async(pool, count_one, &number, NULL): EPIPE
pool_apply_async(pool, count_one, &number, &results[100]): EPIPE
pool_map(pool, count_one, arguments, 1, 1, results + 100): EPIPE
pool_map(pool, count_one, arguments, 0, 1, results + 100): EPIPE
pool_wait(pool, &results[99], FOREVER): 0
pool_join(pool): 0
shared->count: 100
count_right(100): 100
END
    scenario closed_in_map <<'END'
pool_map(pool, square, arguments, 20, 1, results): EPIPE
is_right(0): 1
results[19].ready: 0
pool_join(pool): 0
END
}

@test "pool: terminate ends workers at once: busy, idle, or stopped" {
    scenario terminated <<'END'
busy: ended, 3 begun
idle: ended
stopped: ended
END
}

@test "pool: a result that was never posted to it can't be waited for" {
    MALLOC_PERTURB_=165 scenario never_posted <<'END'
pool_wait(pool, &results[19], FOREVER): EINVAL
pool_wait(pool, &results[9], FOREVER): EINVAL
pool_join(other): 0
pool_wait(pool, &results[9], FOREVER): 0
pool_wait(pool, &results[10], FOREVER): 0
pool_wait(pool, &copy, FOREVER): EINVAL
pool_join(pool): 0
END
}

@test "pool: workers have what was set up before, and block SIGINT" {
    scenario inherited <<'END'
values[0]: 2
values[9]: 2
SIGINT is blocked, and only that: 1
pool_join(pool): 0
END
}

# --- workers that die ----------------------------------------------------------------------------

# dying HOW EXIT_CODE: with 1, 2 and 4 workers, in chunks of one and by default. Each time the pool is as
# good as new.
dying() {
    local text="map: 1 errors, 19 right
error EOWNERDEAD, exit code $2"
    text+=$'\n'$text$'\n'"pool_join(pool): 0"
    scenario dying "$1" 1 2 4 <<<"$text"$'\n'"$text"$'\n'"$text"
}

@test "pool: a worker is killed in its task, aborts, has a segmentation fault, leaves: that task is lost, it is replaced" {
    # A worker killed in its task costs that task, and is replaced.
    dying kill -9

    # A worker that aborts, or has a segmentation fault.
    dying abort -6
    dying segv -11

    # A worker that leaves, with exit code 3 or 0.
    dying exit 3
    dying 0 0
}

# in_chunk WORKERS CHUNK DYING...: those are lost, all others are done, and nothing is done twice.
in_chunk() {
    local lost=("${@:3}")
    scenario in_chunk "$@" <<END
${#lost[@]} errors, $((20 - ${#lost[@]})) right, 20 once; lost: ${lost[*]}
${#lost[@]} errors, $((20 - ${#lost[@]})) right, 20 once; lost: ${lost[*]}
pool_join(pool): 0
END
}

@test "pool: a worker killed in the first, a middle or the last task of its chunk costs that task" {
    in_chunk 2 5 5
    in_chunk 2 5 7
    in_chunk 1 5 5 7 9
    in_chunk 3 20 0 1 19
}

@test "pool: SIGINT ends no worker; what a worker leaves behind holds nobody; deaths that are only looked for, or cost nothing" {
    # SIGINT does not end a worker.
    scenario dying int 2 <<'END'
map: 0 errors, 20 right
error 0, exit code 0
map: 0 errors, 20 right
error 0, exit code 0
pool_join(pool): 0
END

    # A grandchild that outlives its worker, dead or alive, does not hold the pool.
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
    scenario held <<'END'
pool_wait(pool, &results[0], LONG): 0
error EOWNERDEAD, exit code -9
pool_join(pool): 0
END

    # A worker's death is found also by who only looks, with timeout 0.
    scenario polled <<'END'
results[0].ready: 1
error EOWNERDEAD, exit code -9
END

    # Workers killed while they have nothing to do cost nothing.
    scenario idle 1 <<'END'
map: 0 errors, 100 right
pool_join(pool): 0
END
    scenario idle 3 <<'END'
map: 0 errors, 100 right
pool_join(pool): 0
END
}

@test "pool: all workers killed in their tasks at once, in a map and in a join" {
    [ -d /proc/self ] || skip 'the driver finds the workers in /proc'
    scenario busy <<'END'
map(pool, stay, 3, 1): 3
task 0: error EOWNERDEAD, exit code -9
task 1: error EOWNERDEAD, exit code -9
task 2: error EOWNERDEAD, exit code -9
and while it is joined:
pool_join(pool): 0
task 0: error EOWNERDEAD, exit code -9
task 1: error EOWNERDEAD, exit code -9
task 2: error EOWNERDEAD, exit code -9
5 right, 5 once
END
}

# `make stress` has more deaths of each kind.
@test "pool: maps of 100,000 tasks while workers are killed at random moments" {
    [ -d /proc/self ] || skip 'the driver finds the workers in /proc'
    scenario stress 30 1 <<'END'
pool_join(pool): 0
0 wrong, 0 run twice, lost only what may be, nothing left
END
}

@test "pool: maps of 100,000 tasks while workers abort, exit, or are stopped" {
    local how
    for how in 'abort 50' 'exit 50' 'stop 8'; do
        scenario "stress_${how% *}" "${how#* }" 1 <<'END'
pool_join(pool): 0
0 wrong, 0 run twice, lost only what may be, nothing left
END
    done
}

@test "pool: a worker killed after any instruction, also of a chunk, costs the task it had, and no other" {
    # A worker killed after any instruction costs the task it had, and no other.
    # `build/test/pool_test step 1` and `step_chunk 1 3` try every instruction.
    scenario step 11 <<<'killed at every step: each task is done, or lost with its worker'

    # A worker killed after any instruction of a chunk costs the task it had, and no other.
    scenario step_chunk 47 3 <<<'killed at every step: each task is done, or lost with its worker'
}

# --- limits --------------------------------------------------------------------------------------

@test "pool: open with too few processes is EAGAIN, and leaves nothing" {
    need_user
    capture as_user 3 "$DRIVER" refused_at_opening
    expect_printed 'pool_test refused_at_opening' <<'END'
open_pool(3, 0, none): EAGAIN
open_pool(10, 0, none): EAGAIN
pool_join(pool): 0
END
}

# These wait for seconds, so they do it all at once.
@test "pool: no worker can be replaced; one has closed its descriptors; one is stopped, and joined" {
    local name
    local -A wanted=([no_descriptors]='map: 13 errors, 7 right
error EOWNERDEAD, exit code 3
error EMFILE, exit code 0
pool_join(pool): 0' ['dying closes 2']='map: 1 errors, 19 right
error EOWNERDEAD, exit code -9
map: 1 errors, 19 right
error EOWNERDEAD, exit code -9
pool_join(pool): 0' [stopped]='pool_join(pool): 0' [refused_at_replacing]='one dies in its chunk: 1 errors, 19 right
one dies: 1 errors, 19 right
error EOWNERDEAD, exit code -9
one is left: 0 errors, 20 right
it dies: 13 errors, 7 right
error EOWNERDEAD, exit code -9
nobody is left: 1200 errors, 0 right
error EAGAIN, exit code 0
pool_get(pool, &results[0], LONG): EAGAIN
error EAGAIN, exit code 0
they may be replaced: 0 errors, 20 right
for a moment nobody is left:
pool_wait(pool, &results[0], 0.3): ETIMEDOUT
pool_get(pool, &results[0], LONG): 0
pool_join(pool): 0')
    [ "$(id -u)" -ne 0 ] || can_be_user || unset 'wanted[refused_at_replacing]'
    for name in "${!wanted[@]}"; do
        {
            if [ "$name" = refused_at_replacing ]; then
                as_user 3 "$DRIVER" "$name"
            else
                # shellcheck disable=SC2086 # the scenario's operands
                bounded 60 "$DRIVER" $name
            fi || echo "status $?"
        } >"$BATS_TEST_TMPDIR/$name" 2>&1 3>&- &
    done
    wait
    for name in "${!wanted[@]}"; do
        expect_same "${wanted[$name]}" "$(cat "$BATS_TEST_TMPDIR/$name")"
    done
    expect_nothing_left "$DRIVER"
}

# --- families ------------------------------------------------------------------------------------

@test "pool: when the parent is killed, its workers end within a second, idle or busy" {
    scenario orphans idle <<<'all ended'
    [ "$(uname)" = Linux ] || skip 'only Linux ends a worker in its task'
    scenario orphans busy <<<'all ended'
}

@test "pool: two at once, the first or the second one joined first" {
    local first
    for first in second first; do # the second one's workers have inherited ends of the first one's sockets
        scenario two "$first" <<'END'
pool_join(first_first ? first : second): 0
its workers ended at once
pool_join(first_first ? second : first): 0
END
    done
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
error 0, exit code 0
error 0, exit code 0
error EIO, exit code 0
error EIO, exit code 0
error ENOSPC, exit code 0
error ENOSPC, exit code 0
map(pool, say_to_full_device, 1, 1): 1
parent
parent again
pool_join(pool): 0
pool_join(pool): EIO
pool_join(pool): EIO
pool_join(pool): EIO
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
    expect_message 'pool_test: write standard output: No space left on device
pool_test: write standard output: Input/output error
pool_test: write standard output: Input/output error
pool_test: write standard output: No space left on device'
    expect_nothing_left "$DRIVER"
}
