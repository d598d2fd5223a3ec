#!/usr/bin/env bats
# subclass: five objects of a struct that embeds the process.

load ../.ci/test_helper

subclass=02-process/subclass

wanted='called run method in MyProcess-1
called run method in MyProcess-2
called run method in MyProcess-3
called run method in MyProcess-4
called run method in MyProcess-5'

@test "each runs the method of its struct, one after the other" {
    run --separate-stderr bounded 20 "$subclass"
    [[ $status -eq 0 && -z $stderr ]]
    expect_same "$wanted" "$output"
}

@test "each is joined before the next one starts" {
    need_user
    run --separate-stderr as_user 2 "$subclass" # itself and one child; a zombie counts, too
    [ "$status" -eq 0 ] || report "expected status 0"
    expect_same "$wanted" "$output"
}

@test "help, bad usage, a full disk, no processes ..." {
    expect_edges "$subclass"
    expect_bad_usage "unexpected argument '5'" "$subclass" 5
    expect_full_device "$subclass"
    expect_same 'subclass: MyProcess-1 ended with exit code 1' "$(tail -n 1 <<<"$stderr")"
}
