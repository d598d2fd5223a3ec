#!/usr/bin/env bats
# subprocess: what lib/subprocess.h promises: communication, timeouts, the end of programs and groups, signals.

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
    call 'exit code 3' sh -c 'exit 3'
    call 'exit code 255' sh -c 'exit 255'
    # shellcheck disable=SC2016 # for the inner sh
    call 'exit code -9' sh -c 'kill -KILL $$'
    # shellcheck disable=SC2016
    call 'exit code -6' sh -c 'kill -ABRT $$'
    call 'ENOENT, a shell gives 127' ./no-such-file
    expect_message
}

@test "subprocess: misuse; megabytes both and three ways; what is not read; timeouts lose nothing" {
    # Not started, started before, ended or closed twice.
    scenario misuse <<'END'
subprocess_call(nothing, &exit_code): EINVAL
subprocess_call(NULL, &exit_code): EINVAL
subprocess_run(&unused, FOREVER): EINVAL
subprocess_communicate(&unused, 0): EINVAL
subprocess_end(&unused, 0): EINVAL
subprocess_run(&missing, FOREVER): ENOENT
subprocess_communicate(&missing, FOREVER): EINVAL
subprocess_run(&ends, FOREVER): 0
subprocess_run(&ends, FOREVER): EINVAL
subprocess_communicate(&ends, 0): 0
subprocess_end(&ends, 0): 0
  output: text; error: ; exit code 3
subprocess_communicate(&ends, 0): 0
END

    # Megabytes both ways, and three ways.
    scenario bulk <<<'all came'

    # A program that does not read its input is no error, and no SIGPIPE.
    scenario closes_input <<<'the caller lives'

    # A timeout loses nothing, however often it comes; nor does a signal that is handled.
    scenario timeouts <<'END'
subprocess_communicate(&stops, 0): ETIMEDOUT
  output: one; error: two; not joined
subprocess_communicate(&stops, 0.03): ETIMEDOUT
subprocess_communicate(&stops, LONG): 0
subprocess_communicate(&stops, 0): 0
  output: one three; error: two; exit code 6
all came
END
    scenario handlers <<<'all came'
}

@test "subprocess: reaped by somebody else is ECHILD, and no hang; then no signal is sent" {
    scenario reaped <<'END'
subprocess_run(&program, FOREVER): ECHILD
signal caught: yes
subprocess_communicate(&program, 0): ECHILD
subprocess_end(&program, 0): ECHILD
gate_opens(&gate, 0.03): 0
END
}

# --- communicate -----------------------------------------------------------------------------------

@test "subprocess: held by nothing that is left behind; without memory, or where poll fails, the end is the end" {
    # Is not held by what the program leaves behind, silent or noisy; a group is ended.
    scenario grandchildren <<'END'
subprocess_run(&silent, LONG): 0
done
kill(left, SIGKILL): 0
subprocess_run(&noisy, LONG): 0
noisy.process.exit_code: 2
subprocess_run(&silent, LONG): 0
done
subprocess_run(&noisy, LONG): 0
noisy.process.exit_code: 2
END

    # Waits for the end of the program, not for that of its output.
    scenario closes_output <<'END'
subprocess_communicate(&stays, 0): ETIMEDOUT
subprocess_communicate(&stays, 0.02): ETIMEDOUT
subprocess_communicate(&stays, LONG): 0
  output: ; error: ; exit code 8
END
    scenario joined <<'END'
subprocess_communicate(&ends, 0): 0
  output: one; error: two; exit code 9
END
    scenario killed <<'END'
subprocess_run(&killed, LONG): 0
  output: text; error: ; exit code -9
subprocess_run(&suicide, LONG): 0
  output: text; error: ; exit code -6
END

    # Without memory: another call goes on, and the end is the end.
    scenario no_memory <<'END'
subprocess_communicate(&prints, LONG): ENOMEM
subprocess_end(&deaf, LONG): ENOMEM
deaf.process.exit_code: -9
subprocess_communicate(&dead, LONG): ENOMEM
subprocess_communicate(&dead, LONG): ENOMEM
subprocess_communicate(&dead, LONG): 0
subprocess_communicate(&prints, LONG): 0
END

    # Where poll fails, that is an error, and no endless loop; the end is the end.
    scenario few_descriptors <<'END'
subprocess_communicate(&prints, LONG): EINVAL
subprocess_end(&loud, LONG): EINVAL
loud.process.exit_code: -9
END
}

# --- the end ---------------------------------------------------------------------------------------

@test "subprocess: end: SIGTERM, which a program may handle or die of, SIGKILL for the deaf; stopped or not" {
    # shellcheck disable=SC2016 # for the inner sh
    scenario ends \
        'echo ready >&2; exec sleep 60' alone 20 \
        'trap "echo bye; exit 4" TERM; echo ready >&2; while :; do sleep 0.01; done' alone 20 \
        'trap "" TERM; echo ready >&2; exec sleep 60' alone 0.03 \
        'trap "" TERM; echo ready >&2; exec sleep 60' alone close \
        'echo ready >&2; kill -STOP $$; exit 3' alone 20 \
        'trap "" TERM; echo ready >&2; kill -STOP $$; exec sleep 60' group 0.03 <<'END'
  output: ; error: ; exit code -15; all gone
  output: bye; error: ; exit code 4; all gone
  output: ; error: ; exit code -9; all gone
  output: ; error: ; exit code -9; all gone
  output: ; error: ; exit code -15; all gone
  output: ; error: ; exit code -9; all gone
END
}

@test "subprocess: end: a whole group, deaf or not, also where its first process goes before the others" {
    scenario ends \
        'sleep 60 & sleep 60 & echo ready >&2; sleep 60' group 20 \
        'sh -c "trap \"\" TERM; echo ready >&2; sleep 60" & exec sleep 60' group 20 \
        'trap "" TERM; sleep 60 & echo ready >&2; exec sleep 60' group 0.03 \
        'trap "" TERM; sleep 60 & echo ready >&2; exec sleep 60' group close <<'END'
  output: ; error: ; exit code -15; all gone
  output: ; error: ; exit code -15; all gone
  output: ; error: ; exit code -9; all gone
  output: ; error: ; exit code -9; all gone
END
}

@test "subprocess: end: a program that has left its group, or made one, is ended all the same" {
    scenario ends \
        "exec $DRIVER change_group ours" group 20 \
        "trap '' TERM; exec $DRIVER change_group ours" group 0.03 \
        "trap '' TERM; exec $DRIVER change_group ours" group close \
        "exec $DRIVER change_group own" alone 20 <<'END'
  output: ; error: ; exit code -15; all gone
  output: ; error: ; exit code -9; all gone
  output: ; error: ; exit code -9; all gone
  output: ; error: ; exit code -15; all gone
END
}

@test "subprocess: end: without a group, what the program has started is left alone" {
    # shellcheck disable=SC2016 # for the inner sh
    capture bounded 60 "$DRIVER" ends 'sleep 60 & echo $!; echo ready >&2; exec sleep 60' alone 20
    output=$(mask <<<"$output")
    expect_printed 'subprocess_test ends' <<<' output: N; error: ; exit code -15; one is left'
}

@test "subprocess: run: a time limit ends the program and its group; what it has printed is there" {
    scenario run <<'END'
echo text; exit 3
subprocess_run: 0
  output: text; error: ; exit code 3
echo more >&2; echo text; exec sleep 60
subprocess_run: ETIMEDOUT
  output: text; error: more; exit code -15
trap 'echo bye; exit 4' TERM; echo text; while :; do sleep 0.01; done
subprocess_run: ETIMEDOUT
  output: text bye; error: ; exit code 4
trap '' TERM; echo text; exec sleep 60
subprocess_run: ETIMEDOUT
  output: text; error: ; exit code -9
echo text; sleep 60 & sleep 60
subprocess_run: ETIMEDOUT
  output: text; error: ; exit code -15
trap '' TERM; echo text; sleep 60 & sleep 60
subprocess_run: ETIMEDOUT
  output: text; error: ; exit code -9
echo text; kill -STOP $$
subprocess_run: ETIMEDOUT
  output: text; error: ; exit code -15
END
}

# --- several ---------------------------------------------------------------------------------------

@test "subprocess: waits for several, some not started, some deaf; a signal ends them all" {
    scenario wait_all <<'END'
subprocess_wait_all(quick, 3, &signals): 0
subprocess_wait_all(quick, 3, &signals): 0
came 0: exit codes 1, 2
came 15, caught 0: exit codes -15, -9, 7
caught 15
the caller: 5
END
    scenario wait_all_but_one <<'END'
subprocess_wait_all(several, 2, &signals): ECHILD
several[1].process.exit_code: 2
END
}

@test "subprocess: Ctrl-C; a signal before the start, ignored by it, handled or ignored by the caller; while it is stopped" {
    # A signal that comes before the program has started is for it, too.
    scenario held <<'END'
subprocess_start(&sleeps): 0
subprocess_wait_all(&sleeps, 1, &signals): 0
came 15: exit code -15
caught: 15
subprocess_wait_all(&ends_first, 1, &signals): 0
came 15: exit code 3
END

    # Ctrl-C, which both get, or which a group of its own does not.
    scenario interrupted 2 group dies default call 2 group dies default pipes 2 group dies default group <<'END'
the caller: -2
the program ended before
the caller: -2
the program ended before
the caller: -2
the program ended before
END

    # A program that ignores the signal is killed, with its group.
    scenario interrupted 2 caller dies deaf group 15 caller handles deaf pipes <<'END'
the caller: -2
the program ended before
the caller caught signal 15, the program's exit code is -9
the caller: 5
the program ended before
END

    # A caller that handles the signal gets the exit code.
    scenario interrupted 2 caller handles default group 15 caller handles handler call <<'END'
the caller caught signal 2, the program's exit code is -2
the caller: 5
the program ended before
the caller caught signal 15, the program's exit code is 7
the caller: 5
the program ended before
END

    # A signal that the caller ignores stays ignored, in both; one that it blocks stays blocked.
    scenario interrupted 2 caller ignores inherit pipes 2 group ignores inherit call <<'END'
it goes on
the caller caught signal 0, the program's exit code is -10
the caller: 5
the program ended before
it goes on
the caller caught signal 0, the program's exit code is -10
the caller: 5
the program ended before
END
    scenario blocked <<'END'
subprocess_run(&program, LONG): 0
program.process.exit_code: 3
END

    # Waits on while the program is stopped, and still hears a signal afterwards.
    scenario stopped <<'END'
process_join(&process, 0.05): ETIMEDOUT
process_join(&process, 0.05): ETIMEDOUT
the caller: -2
the program ended before
END
    expect_message
}

# --- signals while the caller waits ----------------------------------------------------------------

@test "subprocess: a signal to the caller alone ends the program, then the caller" {
    # SIGHUP, SIGINT, SIGQUIT, SIGTERM
    scenario interrupted 1 caller dies default call 2 caller dies default call \
        3 caller dies default pipes 15 caller dies default group <<'END'
the caller: -1
the program ended before
the caller: -2
the program ended before
the caller: -3
the program ended before
the caller: -15
the program ended before
END
}
