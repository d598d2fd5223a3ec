#!/usr/bin/env bats
# subprocess: programs run as lib/subprocess.h promises: exit codes, errors of exec, signals, descriptors.

load ../.ci/test_helper
load test/driver

# call WANTED PROGRAM [ARG...]: what subprocess_call gives for it.
call() {
    local wanted=$1
    shift
    scenario call "$@" <<<"$wanted"
}

@test "subprocess: exit codes, and the negative number of a signal" {
    call 'exit code 0' true
    call 'exit code 1' false
    call 'exit code 3' sh -c 'exit 3'
    call 'exit code 255' sh -c 'exit 255'
    # shellcheck disable=SC2016 # for the inner sh
    call 'exit code -9' sh -c 'kill -KILL $$'
    # shellcheck disable=SC2016
    call 'exit code -15' sh -c 'kill -TERM $$'
    expect_message
}

@test "subprocess: what can't be executed is an error of the call" {
    local directory=$BATS_TEST_TMPDIR
    printf 'just text\n' >"$directory/text"
    cp "$directory/text" "$directory/executable"
    chmod 755 "$directory/executable"
    # A directory in PATH that may not be searched would make it EACCES.
    PATH=/usr/bin:/bin call 'ENOENT, a shell gives 127' no-such-program-anywhere
    call 'ENOENT, a shell gives 127' ./no-such-file
    call 'ENOENT, a shell gives 127' ''
    call 'ENOTDIR, a shell gives 126' "$directory/text/program"
    call 'EACCES, a shell gives 126' "$directory/text"
    call 'EACCES, a shell gives 126' "$directory"
    call 'ENOEXEC, a shell gives 126' "$directory/executable"
    printf '#!/no/such/interpreter\n' >"$directory/executable"
    call 'ENOENT, a shell gives 127' "$directory/executable"
    printf '#!/bin/sh\nexit 6\n' >"$directory/executable"
    call 'exit code 6' "$directory/executable"
    PATH=$directory:$PATH call 'exit code 6' executable
    scenario too_long <<<'E2BIG, a shell gives 126'
}

@test "subprocess: the exit code that a shell gives for each error" {
    scenario exec_codes <<'END'
ENOENT: 127
EACCES: 126
ENOEXEC: 126
E2BIG: 126
ENOTDIR: 126
EPERM: 126
EAGAIN: 1
ENOMEM: 1
EMFILE: 1
ENFILE: 1
END
}

@test "subprocess: started twice, nothing to run, joined with a timeout" {
    scenario misuse <<'END'
subprocess_start(&subprocess): EINVAL
subprocess_start(&subprocess): EINVAL
subprocess_call(nothing, &exit_code): EINVAL
subprocess_call(NULL, &exit_code): EINVAL
process_join(&subprocess.process, 0): EINVAL
subprocess_start(&subprocess): 0
subprocess_start(&subprocess): EINVAL
process_join(&subprocess.process, 0): ETIMEDOUT
process_join(&subprocess.process, 0.05): ETIMEDOUT
process_is_alive(&subprocess.process): 1
process_join(&subprocess.process, LONG): 0
subprocess.process.exit_code: 4
process_join(&subprocess.process, 0): 0
process_kill(&subprocess.process): 0
subprocess_start(&subprocess): EINVAL
END
}

@test "subprocess: arguments stay what they are" {
    # shellcheck disable=SC2016,SC1003 # they are to stay what they are
    scenario call "$DRIVER" tell_arguments 'a b' '' ';' "it's" '"' '$HOME' '*' '\' $'two\nlines' -h <<'END'
<a b>
<>
<;>
<it's>
<">
<$HOME>
<*>
<\>
<two
lines>
<-h>
exit code 0
END
}

@test "subprocess: the program has the caller's environment" {
    scenario environment <<'END'
a b
exit code 0
unset
exit code 0
END
}

@test "subprocess: no signal is blocked in it, SIGPIPE has its default, others stay ignored" {
    local blocked=$'SigBlk:\t0000000000000000\nexit code 0'
    [ -r /proc/self/status ] || skip 'the signals of a process are read in /proc'
    scenario signals <<END
start:
0 signals blocked
SIGPIPE: default
SIGINT: ignored
SIGTERM: default
call:
0 signals blocked
SIGPIPE: default
SIGINT: ignored
SIGTERM: default
exit code 0
$blocked
the caller's own: SIGUSR1 blocked, SIGPIPE ignored, SIGINT ignored
END
}

@test "subprocess: the library's own descriptors are not open in it" {
    capture bounded 60 "$DRIVER" descriptors
    local open=${output%%$'\n'*} # the same with a queue and a pool, and without
    [[ $open == 'open: 0 1 2'* ]] || fail "$output"
    expect_printed 'subprocess_test descriptors' <<END
$open
exit code 0
$open
exit code 0
END
}

@test "subprocess: keeps exit codes where SIGCHLD was ignored" {
    capture bounded 60 env --ignore-signal=CHLD "$DRIVER" call sh -c 'exit 5'
    expect_printed 'subprocess_test call' <<<'exit code 5'
    scenario sigchld <<'END'
exit code 3
exit code -9
ENOENT, a shell gives 127
END
}

@test "subprocess: what the caller has printed before comes before what the program prints" {
    scenario flushed <<'END'
before
program
exit code 0
after
END
}

@test "subprocess: does not start with text that can't be flushed" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    # shellcheck disable=SC2016 # for the inner bash
    capture bounded 60 bash -c 'exec "$0" unflushed >/dev/full' "$DRIVER"
    [ "$status" -eq 1 ] || report 'expected status 1'
    expect_message 'subprocess_start: ENOSPC'
    expect_nothing_left "$DRIVER"
}

@test "subprocess: no more processes are EAGAIN" {
    need_user
    capture as_user 1 "$DRIVER" limit
    expect_printed 'subprocess_test limit' <<<'EAGAIN, a shell gives 1'
}

@test "subprocess: each of several has its own exit code" {
    scenario several <<<'20 of 20 exit codes'
}

@test "subprocess: reaped by somebody else is ECHILD, and no hang" {
    scenario reaped <<'END'
subprocess_call(program, &exit_code): ECHILD
signal caught: yes
END
}

# --- signals while the caller waits ----------------------------------------------------------------

@test "subprocess: a signal to the caller alone ends the program, then the caller" {
    local number
    for number in 1 2 3 15; do # SIGHUP, SIGINT, SIGQUIT, SIGTERM
        scenario interrupted "$number" caller dies default <<END
the caller: -$number
the program ended before
END
    done
}

@test "subprocess: Ctrl-C, which both get" {
    scenario interrupted 2 group dies default <<'END'
the caller: -2
the program ended before
END
}

@test "subprocess: a program that ignores the signal is killed" {
    scenario interrupted 2 caller dies deaf <<'END'
the caller: -2
the program ended before
END
    scenario interrupted 15 caller handles deaf <<'END'
the caller caught signal 15, the program's exit code is -9
the caller: 5
the program ended before
END
}

@test "subprocess: a caller that handles the signal gets the exit code" {
    scenario interrupted 2 caller handles default <<'END'
the caller caught signal 2, the program's exit code is -2
the caller: 5
the program ended before
END
    scenario interrupted 15 caller handles handler <<'END'
the caller caught signal 15, the program's exit code is 7
the caller: 5
the program ended before
END
}

@test "subprocess: a signal that the caller ignores stays ignored, in both" {
    scenario interrupted 2 caller ignores inherit <<'END'
it goes on
the caller caught signal 0, the program's exit code is -10
the caller: 5
the program ended before
END
    scenario interrupted 2 group ignores inherit <<'END'
it goes on
the caller caught signal 0, the program's exit code is -10
the caller: 5
the program ended before
END
}

@test "subprocess: waits on while the program is stopped, and still hears a signal afterwards" {
    scenario stopped <<'END'
process_join(&process, 0.05): ETIMEDOUT
process_join(&process, 0.05): ETIMEDOUT
the caller: -2
END
    expect_message
}
