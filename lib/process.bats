#!/usr/bin/env bats
# process: start, join, signals and exit codes, as lib/process.h promises.

load ../.ci/test_helper
load test/driver

@test "process: exit codes, misuse, joins with a timeout and in spite of signals; alive, reaped, terminated, killed" {
    # An exit code is what run returns, 255 if that is none, or the negative signal.
    scenario codes <<'END'
returns 0: 0
returns 1: 1
returns 3: 3
returns 255: 255
returns 256: 255
returns -1: 255
returns 512: 255
returns 2147483647: 255
returns -2147483648: 255
calls exit(3): 3
is killed by 9: -9
is killed by 15: -15
is killed by 10: -10
is killed by 2: -2
END
    expect_message

    # Before the start, started twice, joined twice, oneself, another's child.
    scenario misuse <<'END'
nothing to run:
process_start(&process): EINVAL
before the start:
process_join(&process, 0): EINVAL
process_join(&process, FOREVER): EINVAL
process_is_alive(&process): 0
process_terminate(&process): EINVAL
process_kill(&process): EINVAL
in the child:
its pid: its own
process_join(process, FOREVER): EDEADLK
process_join(process, 0): EDEADLK
process_is_alive(process): 1
process_start(&process): 0
started:
process_start(&process): EINVAL
process_join(&process, FOREVER): 0
joined:
process_join(&process, FOREVER): 0
process_join(&process, 0): 0
process.exit_code: 7
process_is_alive(&process): 0
process_start(&process): EINVAL
process_terminate(&process): 0
process_kill(&process): 0
another's child:
process_join(sibling, FOREVER): ECHILD
process_join(sibling, 0): ECHILD
reaped behind its back:
process_join(&process, FOREVER): ECHILD
process_is_alive(&process): 0
END

    # A join with a timeout is on time, and a later one succeeds.
    scenario timeouts <<'END'
process_join(&process, 0): ETIMEDOUT
process_join(&process, -1): ETIMEDOUT
process_join(&process, 0.05): ETIMEDOUT
process_join(&process, LONG): 0
process.exit_code: 5
process_join(&process, LONG): 0
process.exit_code: 6
process_join(&process, 1e300): 0
process.exit_code: 6
END

    # Signals do not shorten a join.
    scenario pestered <<'END'
process_join(&other, 0.1): ETIMEDOUT
process_join(&pest, FOREVER): 0
pest.exit_code: 0
process_join_any(both, 2, 0.05): ETIMEDOUT
process_join_any(both, 2, FOREVER): 1
pest.exit_code: 0
END

    # Is alive while it runs, then it is reaped.
    scenario alive <<'END'
process_is_alive(&process): 1
process.joined: 0
ended:
process.joined: 1
process.exit_code: 5
process_is_alive(&process): 0
process_join(&process, 0): 0
END

    # Terminate can be handled, kill can't; after the join neither hits another process.
    scenario signals <<'END'
process_terminate(&process): 0
terminated: -15
process_terminate(&process): 0
terminated, with a handler: 9
process_kill(&process): 0
killed, with a handler: -9
process_terminate(&process): 0
process_kill(&process): 0
process_is_alive(&other): 1
process_kill(&other): 0
the other: -9
END
}

@test "process: terminate and kill say EPERM" {
    need_user
    scenario forbidden <<'END'
process_terminate(&process): EPERM
process_kill(&process): EPERM
exit code: 5
END
}

@test "process: keeps exit codes where SIGCHLD was ignored, and a handler of the caller's" {
    capture bounded 60 env --ignore-signal=CHLD "$DRIVER" sigchld
    expect_printed 'process_test sigchld' <<'END'
exit code: 3
exit code, ignored again: 3
exit code, with a handler: 3
the handler ran 1 time
process_keep_exit_codes(): 0
exit code, with SA_NOCLDWAIT: 3
the handler ran 2 times
ignored while it runs:
process_join(&process, FOREVER): ECHILD
process_children(NULL, 0): 0
END
}

@test "process: what is in a stream's buffer at the start is written once" {
    scenario printed <<'END'
before
child
between
child that calls exit
after
4 bytes in the file
END
}

@test "process: a child that can't write what it printed says so, and has exit code 1" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    scenario full <<'END'
exit code: 1
END
    expect_message 'process_test: write standard output: No space left on device'
}

@test "process: does not start with text that can't be flushed" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    # shellcheck disable=SC2016 # for the inner bash
    capture bounded 60 bash -c 'exec "$0" full_parent >/dev/full' "$DRIVER"
    [ "$status" -eq 1 ] || report 'expected status 1'
    expect_message 'process_start: ENOSPC'
    expect_nothing_left "$DRIVER"
}

@test "process: what the parent registered with atexit is the parent's" {
    scenario at_exit <<'END'
atexit in the parent
END
}

@test "process: a daemon ends when its parent is killed" {
    [ "$(uname)" = Linux ] || skip 'only Linux tells a child'
    scenario outlives daemon killed <<'END'
the parent: -9
its child: ended
END
}

@test "process: a daemon ends when its parent leaves" {
    [ "$(uname)" = Linux ] || skip 'only Linux tells a child'
    scenario outlives daemon leaves <<'END'
the parent: 0
its child: ended
END
}

@test "process: any other child lives on when its parent is killed, or leaves" {
    scenario outlives child killed <<'END'
the parent: -9
its child: lives
END
    scenario outlives child leaves <<'END'
the parent: 0
its child: lives
END
}

@test "process: no more processes are EAGAIN, and it can be started later" {
    need_user
    capture as_user 2 "$DRIVER" limit
    expect_printed 'process_test limit' <<'END'
process_start(&second): EAGAIN
second.pid: 0
process_is_alive(&second): 0
process_join(&second, 0): EINVAL
its name: ''
process_children(NULL, 0): 1
room again:
process_start(&second): 0
its name: 'Process-2'
process_join(&second, FOREVER): 0
second.exit_code: 4
END
}

@test "process: join by many, by whichever ends first, of 100; a daemon can't start children" {
    # Each of many is reaped by its own join, also when terminated as it starts.
    scenario many <<'END'
50 of 50 exit codes
50 of 50 terminated
END

    # Join whichever ends first, and each of its errors.
    scenario any <<'END'
process_join_any(all, 0, FOREVER): ECHILD
process_join_any(all, 3, 0): ETIMEDOUT
process_join_any(all, 3, -1): ETIMEDOUT
process_join_any(all, 3, 0.1): ETIMEDOUT
process_join_any(all, 0, FOREVER): ECHILD
process_join_any(some, 3, FOREVER): EINVAL
process_children(NULL, 0): 3
process_join_any(all, 3, FOREVER): 1
p[1].exit_code: -15
process_children(NULL, 0): 2
process_join_any(all, 3, 0): ETIMEDOUT
process_join_any(same, 2, FOREVER): ECHILD
process_join_any(all, 3, LONG): 2
p[2].exit_code: -9
process_join_any(all, 3, 1e300): 0
process_join_any(some, 3, 0): EINVAL
process_join_any(all, 3, FOREVER): ECHILD
process_join_any(all, 3, 0): ECHILD
with oneself:
process_join_any(both, 2, 0): EDEADLK
process_join_any(both, 2, FOREVER): EDEADLK
reaped behind its back:
process_join_any(all, 3, FOREVER): ECHILD
p[1].joined: 0
process_children(NULL, 0): 2
END

    # Each of 100, of 64, and of 20 with few descriptors left is joined once by join_any.
    scenario any_of <<'END'
100 of 100, then ECHILD
64 of 64, then ECHILD
20 of 20, then ECHILD
END

    # A daemon can't start children.
    scenario daemons <<'END'
process_start(&process): EPERM
process_start(&process): EPERM
process.pid: 0
its name: ''
process_join(&process, 0): EINVAL
process_children(NULL, 0): 0
pool_open(&options): EPERM
end(&process): 0
its sibling, no daemon:
in the child: Process-2
in the child: Process-2:1
end(&process): 0
END
}

@test "process: names, and the lists of children, in private and in shared memory, with a pool; standard streams closed" {
    # Names, given and by default, and those of children's children.
    scenario names <<'END'
here: MainProcess
before the start: ''
in the child: Process-1
in the child: Process-1:1
started: Process-1
joined: Process-1
in the child: foo_process
in the child: Process-2:1
started: foo_process
joined: foo_process
in the child: Process-3
in the child: Process-3:1
started: Process-3
joined: Process-3
here: MainProcess
END
    scenario descendants <<'END'
MainProcess
Process-1
Process-1:1
Process-1:2
Process-2
Process-2:1
Process-2:2
Process-3:1
2 deep
Process-4:1:1:1:1:1:1:1
8 deep
Process-5:1:1:1:1:1:1:1
9 deep
Process-6:1:1:1:1:1:1:1
20 deep
END

    # The list of children: those that run, in the order of their start; the others are reaped.
    scenario listed <<'END'
process_children(list, 3): 0
process_children(NULL, 0): 0
3 run:
process_children(NULL, 0): 3
process_children(list, 1): 3
process_children(list, 2): 3
process_children(list, 3): 3
the next one has ended:
process_children(NULL, 0): 2
process_join(&processes[i], FOREVER): 0
the next one has ended:
process_children(NULL, 0): 1
process_join(&processes[i], FOREVER): 0
the next one has ended:
process_children(NULL, 0): 0
process_join(&processes[i], FOREVER): 0
END
    scenario orders <<<'24 orders'

    # The list has no siblings and no programs, in private and in shared memory.
    scenario siblings <<<'the lists are right'
    scenario others <<<"the program's name: ''"

    # A pool's workers are in the list, and one that was reaped there is replaced.
    scenario pooled <<'END'
process_children(workers, 3): 2
Process-1 Process-2
the other does its task: 42
pool_join(pool): 0
in a child, without standard input:
process_children(workers, 3): 2
the other does its task: 42
pool_join(pool): 0
end(&process): 0
END

    # Standard streams may be closed; a struct may have a process in it.
    scenario closed_streams <<<'6 of 6'
    scenario embedded <<'END'
hello: HELLO
world: WORLD
end(&caser.process): 0
END
}

@test "process: ps shows 15 bytes of a name that was given" {
    [ "$(uname)" = Linux ] || skip 'only Linux shows it'
    scenario shown <<'END'
Process-1: 'process_test'
foo_process: 'foo_process'
15 bytes of it.: '15 bytes of it.'
a name too long for it: 'a name too long'
: ''
MainProcess: 'process_test'
END
}
