#!/usr/bin/env bats
# cpus: a child that asks for a processor, and gets it, or does not.

load ../.ci/test_helper

cpus=02-process/cpus

count=$(getconf _NPROCESSORS_ONLN)
number_line="Number of processors: $count"

# The processors that this test may use, one a line: "0-2,5" in /proc is 0 1 2 5.
usable() {
    local range
    for range in $(sed -n 's/^Cpus_allowed_list:[[:blank:]]*//p' /proc/self/status | tr ',' ' '); do
        seq "${range%-*}" "${range#*-}"
    done
}

@test "a child runs on the processor that it asks for" {
    [ -r /proc/self/status ] || skip 'not Linux'
    for processor in $(usable | head -n 8); do
        [ "$processor" -lt "$count" ] || continue # numbered with gaps
        for ((turn = 0; turn < 4; turn++)); do
            run --separate-stderr bounded 20 "$cpus" "$processor"
            [[ $status -eq 0 && -z $stderr ]]
            pid=$(sed -nE 's/^Process ([0-9]+) runs.*/\1/p' <<<"$output")
            expect_same "$number_line
Process $pid asks to run on processor $processor.
Process $pid runs on processor $processor." "$output"
        done
    done
}

@test "a processor that it can't have is no failure" {
    [ "$count" -lt 1023 ] || skip 'this machine may have them all'
    run --separate-stderr bounded 20 "$cpus" 1023
    [[ $status -eq 0 && -z $stderr ]]
    if [ "$(uname)" = Linux ]; then
        expect_same "$number_line
Process N asks to run on processor N.
Process N can't have that: Invalid argument." "$(sed '$d' <<<"$output" | mask)"
        where=$(sed -nE '$s/^Process [0-9]+ runs on processor ([0-9]+)\.$/\1/p' <<<"$output")
        grep -qx "$where" <(usable) || fail "nowhere:" "$output"
    fi
}

@test "help, bad usage, a full disk, no processes ..." {
    expect_edges "$cpus"
    expect_full_device "$cpus"
    expect_same 'cpus: process N ended with exit code 1' "$(mask <<<"$stderr" | grep exit)"
    run --separate-stderr bounded 20 "$cpus"
    [[ $output == *'asks to run on processor 0.'* ]]
    for processor in -1 1024 x '' 1.0; do
        expect_bad_usage "PROCESSOR: expected a whole number from 0 to 1023, got '$processor'" "$cpus" -- "$processor"
    done
    expect_bad_usage "unexpected argument '5'" "$cpus" 0 5
}
