#!/usr/bin/env bats
# memory: a variable of one's own, and one that is shared, before and after the child changes them.

load ../.ci/test_helper

memory=01-fork/memory

@test "the child's change is seen in shared memory only, at the same two addresses" {
    run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$memory"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    pid=${lines[0]}
    own=$(sed -nE 's/^Before .* own = 1 at (0x[0-9a-f]+), .*/\1/p' <<<"$output")
    shared=$(sed -nE 's/^Before .* shared = 1 at (0x[0-9a-f]+)$/\1/p' <<<"$output")
    child=$(sed -nE 's/^Child.*\(([0-9]+)\): .*/\1/p' <<<"$output")
    [ "$child" != "$pid" ]
    [ "$own" != "$shared" ]
    expect_same "$pid
Before the fork ($pid): own = 1 at $own, shared = 1 at $shared
Child, after its changes ($child): own = 2 at $own, shared = 2 at $shared
Parent, after the child's end ($pid): own = 1 at $own, shared = 2 at $shared" "$output"
}

@test "through a pipe too, each line is there once" {
    expect_same 3 "$("$memory" | wc -l)"
}

@test "a full disk is noticed by both processes" {
    run --separate-stderr with '>/dev/full' "$memory"
    [ "$status" -eq 1 ]
    expect_same 'memory: write standard output: No space left on device
memory: child N failed, wait status N
memory: write standard output: No space left on device' "$(mask <<<"$stderr")"
}

@test "at the edges" {
    expect_bad_usage "unexpected argument '1'" "$memory" 1
    VARIES=yes expect_edges "$memory" # the addresses
}
