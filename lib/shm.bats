#!/usr/bin/env bats
# shm: memory that is shared with the children, begins as zeros, and has no name.

load ../.ci/test_helper

scenario() {
    run bounded 20 build/test/shm_test "$1"
    [[ $status -eq 0 && -z $output ]] || fail "$1: status $status" "$output"
}

@test "shm: zeros at first, the same for all who have it, until they unmap it; its errors" {
    # It begins as zeros, in every size.
    scenario zero

    # Parent and children see the same, at the same address.
    scenario shared

    # They see it while both live, in both directions.
    scenario both_ways

    # Who unmaps it loses it, and the others keep it.
    scenario unmap

    # Size 0 is EINVAL, too large is ENOMEM.
    scenario errors
}

@test "shm: it has no name that could be left behind" {
    [ -r /proc/self/maps ] || skip 'this system has no /proc/self/maps'
    run bounded 20 build/test/shm_test name
    [ "$status" -eq 0 ] || fail "status $status" "$output"
    [[ $output == *' rw-s '*' (deleted)' && $output != *$'\n'* ]] || fail "$output"
}

@test "shm: a counter counts what all processes add; one is killed while it adds" {
    # A counter counts what all processes add.
    scenario counter

    # One that is killed while it adds has added or not, and the others go on.
    scenario counter_killed
}
