#!/usr/bin/env bats
# process: start, join, signals and exit codes, as lib/process.h promises.

load ../.ci/test_helper
load test/driver

@test "process: an exit code is what run returns, 255 if that is none, or the negative signal" {
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
}

@test "process: before the start, started twice, joined twice, oneself, another's child" {
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
}

@test "process: a join with a timeout is on time, and a later one succeeds" {
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
}

@test "process: signals do not shorten a join" {
    scenario pestered <<'END'
process_join(&other, 0.1): ETIMEDOUT
process_join(&pest, FOREVER): 0
pest.exit_code: 0
END
}

@test "process: is alive while it runs, then it is reaped" {
    scenario alive <<'END'
process_is_alive(&process): 1
process.joined: 0
ended:
process.joined: 1
process.exit_code: 5
process_is_alive(&process): 0
process_join(&process, 0): 0
END
}

@test "process: terminate can be handled, kill can't; after the join neither hits another process" {
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
room again:
process_start(&second): 0
process_join(&second, FOREVER): 0
second.exit_code: 4
END
}

@test "process: each of many is reaped by its own join" {
    scenario many <<'END'
50 of 50 exit codes
END
}
