#!/usr/bin/env bats
# pids: the child's pid, as its parent knows it, and as it does itself.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

pids=02-process/pids

@test "the parent's pid, and the child's from both" {
    for scale in 0 0.05; do
        TIME_SCALE=$scale run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$pids"
        [[ $status -eq 0 && -z $stderr ]]
        parent=${lines[0]}
        child=$(sed -nE 's/^Id of the child process ([0-9]+)$/\1/p' <<<"$output")
        [ "$parent" -ne "$child" ]
        expect_same "Id of the parent process $parent" "${lines[1]}"
        # The parent's other line and the child's race.
        expect_same "start test process
Id of the child process in the test function $child
end test process" "$(sed 1,2d <<<"$output" | grep -v "process $child")"
    done
}

@test "the child is killed: that is reported; and it ends with its parent" {
    at_line() {
        [[ $1 != start* ]] || kill -KILL "$(children_of "$pid")"
    }
    TIME_SCALE=1000 run --separate-stderr watch "$pids"
    [ "$status" -eq 1 ]
    expect_same 'pids: child process N ended with exit code -9' "$(mask <<<"$stderr")"
    TIME_SCALE=1000 INTERRUPT_AT=start interrupt_parent "$pids"
}

@test "help, bad usage, a full disk, no processes ..." {
    TIME_SCALE=0 expect_edges "$pids"
    expect_bad_usage "unexpected argument '5'" "$pids" 5
}
