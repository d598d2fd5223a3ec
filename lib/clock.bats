#!/usr/bin/env bats
# clock: monotonic seconds, deadlines for poll, pauses that shrink and survive signals, random numbers.

load ../.ci/test_helper

clock_test() {
    bounded 20 build/test/clock_test "$@"
}

# The scenarios that check by themselves.
scenario() {
    run clock_test "$@"
    [[ $status -eq 0 && -z $output ]] || fail "$*: status $status" "$output"
}

# each COMMAND VALUE...: the shell command for every value, in $value; what it prints, and its status.
each() {
    bounded 20 bash -c "for value; do $1; echo \"status \$?\"; done" - "${@:2}" 2>&1
}

# prints WANTED ARG...
prints() {
    local wanted=$1 got
    shift
    got=$(clock_test "$@") || fail "$*: $got" || return
    [ "$got" = "$wanted" ] || fail "TIME_SCALE=${TIME_SCALE-} SEED=${SEED-} $*: wanted '$wanted', got '$got'"
}

@test "clock: monotonic seconds; milliseconds_until: rounded up, 0 when it is over, -1 for ever; a poll is never back early" {
    # Seconds_now is the monotonic clock.
    scenario monotonic_seconds

    # Milliseconds_until: rounded up, 0 when it is over, -1 for ever.
    scenario until

    # A poll for milliseconds_until is never back early.
    scenario until_poll
}

@test "clock: TIME_SCALE: a number from 0 to 1000, or 1; anything else is EINVAL" {
    # TIME_SCALE: a number from 0 to 1000, or 1.
    local -a good=(0 1 0.05 0.5 3.25 1000)
    expect_same "$(printf '%s\nstatus 0\n' "${good[@]}")" "$(each "TIME_SCALE=\$value build/test/clock_test scale" "${good[@]}")"
    unset TIME_SCALE
    prints 1 scale

    # TIME_SCALE: anything else is EINVAL.
    local -a bad=('' junk -1 -0.5 1000.001 1e2 1e999 0x10 1.2.3 nan inf +1 ' 1' '1 ' 1x '1,5' --1 1e)
    expect_same "$(printf "%.0s-1 EINVAL\nstatus 0\n" "${bad[@]}")" "$(each "TIME_SCALE=\$value build/test/clock_test scale" "${bad[@]}")"
    TIME_SCALE=junk prints '-1 EINVAL' pause_for 0
}

@test "clock: SEED: a whole number from 0 to 2147483647, or 0; anything else is EINVAL" {
    # SEED: a whole number from 0 to 2147483647, or 0.
    local -a good=(0 1 7 2147483647)
    expect_same "$(printf '%s\nstatus 0\n' "${good[@]}")" "$(each "SEED=\$value build/test/clock_test seed" "${good[@]}")"
    SEED=007 prints 7 seed
    unset SEED
    prints 0 seed

    # SEED: anything else is EINVAL.
    local -a bad=('' junk -1 2147483648 4294967296 99999999999999999999 7x ' 7' '7 ' +7 7.0 1e3 0x7)
    expect_same "$(printf "%.0s-1 EINVAL\nstatus 0\n" "${bad[@]}")" "$(each "SEED=\$value build/test/clock_test seed" "${bad[@]}")"
}

@test "clock: a pause takes its time, and no more than that" {
    local seconds
    local -a pauses=()
    unset TIME_SCALE
    for seconds in 0 0.000001 0.25 0.99999 1.1; do # at the same time
        prints '0 slept' pause_for "$seconds" &
        pauses+=($!)
    done
    for seconds in "${pauses[@]}"; do wait "$seconds"; done
}

@test "clock: a pause is stretched and shrunk, by no signal, and has a possible length" {
    # TIME_SCALE stretches and shrinks a pause.
    TIME_SCALE=0 prints '0 slept' pause_for 1000
    TIME_SCALE=0.0001 prints '0 slept' pause_for 1000
    TIME_SCALE=0.5 prints '0 slept' pause_for 0.2
    TIME_SCALE=100 prints '0 slept' pause_for 0.001

    # Signals make a pause neither shorter nor longer.
    TIME_SCALE=1 scenario pause_with_signals

    # A pause of no such length is EINVAL, and takes no time.
    local -a bad=(-1 -0.001 -1e300 nan inf -inf 1e10 1e300)
    export TIME_SCALE=1
    expect_same "$(printf "%.0s-1 EINVAL\nstatus 0\n" "${bad[@]}")" "$(each "build/test/clock_test pause_for \$value" "${bad[@]}")"
    TIME_SCALE=1000 prints '-1 EINVAL' pause_for 1e8
    TIME_SCALE=0 prints '-1 EINVAL' pause_for -1
}

@test "clock: random numbers differ, between streams, seeds, runs and processes; with SEED they are the same" {
    # Without SEED the numbers differ between runs and processes.
    local all
    all=$(clock_test numbers 0 && clock_test numbers 0 && clock_test numbers_of_children 0)
    [ "$(wc -l <<<"$all")" -eq 10 ] || fail "$all"
    [ "$(sort -u <<<"$all" | wc -l)" -eq 10 ] || fail "$all"

    # With SEED the streams differ, and so do the seeds.
    local all seed stream
    all=$(for seed in 1 2 3 1000000 2147483647; do
        for stream in 0 1 2 3 4 100 4294967295; do SEED=$seed build/test/clock_test numbers "$stream"; done
    done)
    [ "$(wc -l <<<"$all")" -eq 35 ] || fail "$all"
    [ "$(sort -u <<<"$all" | wc -l)" -eq 35 ] || fail "$(sort <<<"$all" | uniq -d)"

    # Fractions are at least 0 and below 1, everywhere in between.
    scenario fractions 0
    scenario fractions 1
    SEED=7 scenario fractions 3

    # With SEED the numbers are the same on every run, and in every process.
    local first children
    export SEED=7
    first=$(clock_test numbers 3)
    prints "$first" numbers 3
    children=$(clock_test numbers_of_children 3)
    [ "$(wc -l <<<"$children")" -eq 8 ] || fail "$children"
    [ "$(sort -u <<<"$children")" = "$first" ] || fail "$first:" "$children"
}
