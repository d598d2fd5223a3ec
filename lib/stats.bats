#!/usr/bin/env bats
# stats: the median, the least and the most of known samples.

load ../.ci/test_helper

# expect 'MEDIAN LEAST MOST: SORTED SAMPLES' SAMPLE...
expect() {
    local got
    got=$(bounded 20 build/test/stats_test -- "${@:2}") || fail "status $?: ${*:2}" || return
    [ "$got" = "$1" ] || fail "${*:2}: wanted '$1', got '$got'"
}

@test "stats: an odd number of samples: the one in the middle" {
    expect '2 1 3: 1 2 3' 1 2 3
    expect '2 1 30: 1 2 30' 30 1 2 # the mean would be 11
    expect '7 -5 1000000: -5 0.5 7 8 1000000' 8 -5 1000000 7 0.5
    expect '50 0 100:'"$(printf ' %d' {0..100})" {100..0}
}

@test "stats: an even number: between the two in the middle" {
    expect '1.5 1 2: 1 2' 2 1
    expect '2.5 1 1000: 1 2 3 1000' 1000 3 2 1
    expect '50.5 1 100:'"$(printf ' %d' {1..100})" {51..100} {1..50}
}

@test "stats: one; equal ones; negative ones; small and large ones" {
    expect '7 7 7: 7' 7
    expect '0 0 0: 0' 0
    expect '4 4 4: 4 4 4 4' 4 4 4 4
    expect '4 1 9: 1 4 4 4 9' 4 9 4 1 4
    expect '-2 -3 -1: -3 -2 -1' -1 -2 -3
    expect '0 -1 1: -1 1' 1 -1
    # Close together: to compare them as whole numbers, or by a difference that is cut, would not sort them.
    expect '0.5 0.25 0.75: 0.25 0.5 0.75' 0.75 0.25 0.5
    expect '1.0000000000000002 1 2: 1 1.0000000000000002 2' 2 1.0000000000000002 1
    expect '2 -1e+22 1e+22: -1e+22 2 1e+22' 1e22 2 -1e22
}
