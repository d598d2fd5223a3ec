#!/usr/bin/env bats
# launch: programs start as lib/launch.h promises: streams, descriptors, signals, environment, errors of exec.

load ../.ci/test_helper
load test/driver

# launch WANTED PROGRAM [ARG...]: how subprocess_start and the end of that go.
launch() {
    local wanted=$1
    shift
    scenario launch "$@" <<<"$wanted"
}

@test "launch: what can't be executed is an error of the start" {
    local directory=$BATS_TEST_TMPDIR
    printf 'just text\n' >"$directory/text"
    cp "$directory/text" "$directory/executable"
    chmod 755 "$directory/executable"
    # A directory in PATH that may not be searched would make it EACCES.
    PATH=/usr/bin:/bin launch 'ENOENT, a shell gives 127' no-such-program-anywhere
    launch 'ENOENT, a shell gives 127' ./no-such-file
    launch 'ENOENT, a shell gives 127' ''
    launch 'ENOTDIR, a shell gives 126' "$directory/text/program"
    launch 'EACCES, a shell gives 126' "$directory/text"
    launch 'EACCES, a shell gives 126' "$directory"
    launch 'ENOEXEC, a shell gives 126' "$directory/executable"
    printf '#!/no/such/interpreter\n' >"$directory/executable"
    launch 'ENOENT, a shell gives 127' "$directory/executable"
    printf '#!/bin/sh\nexit 6\n' >"$directory/executable"
    launch 'exit code 6' "$directory/executable"
    PATH=$directory:$PATH launch 'exit code 6' executable
    scenario too_long <<<'E2BIG, a shell gives 126'
    expect_message
}

@test "launch: the exit code of each error; misuse; arguments and environment stay what they are" {
    # The exit code that a shell gives for each error.
    scenario exec_codes <<'END'
ENOENT 127
EACCES 126
ENOEXEC 126
E2BIG 126
ENOTDIR 126
EPERM 126
EAGAIN 1
ENOMEM 1
EMFILE 1
ENFILE 1
EBADF 1
ENOSPC 1
EINVAL 1
ECHILD 1
EINTR 1
EFBIG 1
EIO 1
EDQUOT 1
EPIPE 1
END

    # Started twice, nothing to run, no such stream, joined with a timeout.
    scenario misuse <<'END'
subprocess_start(&subprocess): EINVAL
subprocess_start(&subprocess): EINVAL
process_join(&subprocess.process, 0): EINVAL
subprocess_start(&subprocess): EINVAL
subprocess_start(&subprocess): EINVAL
subprocess_start(&subprocess): EINVAL
subprocess_start(&subprocess): EBADF
subprocess_start(&subprocess): EBADF
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

    # Arguments stay what they are.
    # shellcheck disable=SC2016,SC1003 # they are to stay what they are
    scenario launch "$DRIVER" tell_arguments 'a b' '' ';' "it's" '"' '$HOME' '*' '\' $'two\nlines' -h <<'END'
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

    # The environment: the caller's, one of its own, none; the PATH is the caller's.
    scenario environment <<'END'
0: a b
0: unset
0: A=1
PATH=/nonexistent
B= two
lines
0: 
ENOENT
END
}

@test "launch: the directory; a relative program is looked up there, and the caller stays where it is" {
    local place
    place=$(cd "$BATS_TEST_TMPDIR" && pwd -P)
    printf '#!/bin/sh\necho here, in "$(pwd -P)"\n' >"$place/here"
    chmod 755 "$place/here"
    scenario directory "$place" <<END
0: $place
0: /
0: here, in $place
ENOENT
ENOENT
ENOENT
ENOTDIR
0: here, in /
END
}

@test "launch: no signal is blocked in it, SIGPIPE and SIGXFSZ have their default, others stay ignored" {
    [ -r /proc/self/status ] || skip 'the signals of a process are read in /proc'
    scenario signals <<END
0 signals blocked; PIPE default, XFSZ default, INT ignored, TERM default
exit code 0
SigBlk:	0000000000000000
exit code 0
the caller's own: USR1 blocked, PIPE ignored, INT ignored
END
}

@test "launch: no descriptor is open in it but 0, 1 and 2" {
    capture bounded 60 "$DRIVER" descriptors 7</dev/null 13>&2 </dev/null
    expect_printed 'launch_test descriptors' <<'END'
open: 0 1 2
exit code 0
END
}

@test "launch: keeps exit codes where SIGCHLD was ignored" {
    capture bounded 60 env --ignore-signal=CHLD "$DRIVER" launch sh -c 'exit 5'
    expect_printed 'launch_test launch' <<<'exit code 5'
    scenario sigchld <<'END'
exit code 3
exit code -9
ENOENT, a shell gives 127
END
}

@test "launch: several at once; nothing to send; what was printed before comes before" {
    # What the caller has printed before comes before what the program prints.
    scenario flushed <<'END'
before
program
exit code 0
after
END

    # Several at once: each its own exit code, its own pipes, and its own group if it asks for one.
    scenario several <<<'10 of 10 exit codes'
    scenario side_by_side <<'END'
''
'a'
'ab'
'abc'
END
    scenario group <<'END'
our group
its own group
END

    # Nothing to send is the end of the file at once.
    scenario no_text <<<'exit code 0'
}

@test "launch: does not start with text that can't be flushed" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    # shellcheck disable=SC2016 # for the inner bash
    capture bounded 60 bash -c 'exec "$0" unflushed >/dev/full' "$DRIVER"
    [ "$status" -eq 1 ] || report 'expected status 1'
    expect_message 'subprocess_start: ENOSPC'
    expect_nothing_left "$DRIVER"
}

@test "launch: no more processes are EAGAIN" {
    need_user
    capture as_user 1 "$DRIVER" limit
    expect_printed 'launch_test limit' <<<'EAGAIN, a shell gives 1'
}

@test "launch: each kind of stream for each stream; 0, 1 and 2 crosswise, or closed; too few descriptors" {
    # Each kind of stream for each stream.
    scenario kinds <<<'80 combinations'

    # The caller's own 0, 1 and 2 given as streams, crosswise, in all orders.
    scenario swapped <<<'all orders'

    # Where the caller's own 0, 1 or 2 are closed.
    scenario closed <<<'whichever is closed'

    # Too few descriptors are EMFILE, and nothing is left; with none to spare it can be waited for.
    scenario few_descriptors <<<'all or nothing'
}
