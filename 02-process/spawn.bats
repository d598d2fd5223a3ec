#!/usr/bin/env bats
# spawn: five processes, one after the other.

load ../.ci/test_helper

spawn=02-process/spawn

wanted='called function in process: 0
called function in process: 1
called function in process: 2
called function in process: 3
called function in process: 4'

@test "five processes, in order" {
    run --separate-stderr bounded 20 "$spawn"
    [ "$status" -eq 0 ]
    expect_same "$wanted" "$output"
}

@test "each is joined before the next one starts" {
    need_user
    run --separate-stderr as_user 2 "$spawn" # itself and one child; a zombie counts, too
    [ "$status" -eq 0 ] || report "expected status 0"
    expect_same "$wanted" "$output"
}

@test "help, bad usage, a full disk, no processes ..." {
    expect_edges "$spawn"
    expect_bad_usage "unexpected argument '5'" "$spawn" 5
    expect_full_device "$spawn"
    expect_same 'spawn: process 0 ended with exit code 1' "$(tail -n 1 <<<"$stderr")"
}
