#!/usr/bin/env bats
# barrier: p1 does not go on before p2 is there, p3 and p4 do as they like; and what if one is killed.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

barrier=03-queue-pipe/barrier

# The moment that the process prints, in microseconds.
moment() {
    sed -nE "s/^process $1 - .* ----> (.*)/\1/p" <<<"$output" | date -f - '+%s%6N'
}

# What the program says of two processes is what their own lines say.
expect_apart() {
    local apart=$(($(moment "$2") - $(moment "$1")))
    expect_same "$(printf '%s and %s: %d.%06d seconds apart' "$1" "$2" $((${apart#-} / 1000000)) $((${apart#-} % 1000000)))" \
        "$(grep "^$1 and $2: " <<<"$output")"
}

run_well() {
    run --separate-stderr bounded 20 "$barrier"
    [[ $status -eq 0 && -z $stderr ]] || report 'expected status 0, and no message' || return
    expect_same 'Now p2 and p4 start.
p1 and p2: T seconds apart
p3 and p4: T seconds apart
process p1 - test_with_barrier ----> DATE TIME
process p2 - test_with_barrier ----> DATE TIME
process p3 - test_without_barrier ----> DATE TIME
process p4 - test_without_barrier ----> DATE TIME' "$(sed -E -e 's/> [0-9]{4}(-[0-9]{2}){2} ([0-9]{2}:){2}[0-9]{2}\.[0-9]{6}$/> DATE TIME/' \
        -e 's/: [0-9]+\.[0-9]{6} /: T /' <<<"$output" | sort)" || return
    [[ $output == *'Now p2 and p4 start.'*'process p1'* ]] || report 'p1 did not wait for p2' || return
    [[ $output == *'Now p2 and p4 start.'*'process p4'*$'\np1 and p2'*$'\np3 and p4: '* ]] || report 'the order' || return
}

@test "p1 goes on when p2 is there, every time, also without a pause" {
    for ((turn = 0; turn < 8; turn++)); do
        TIME_SCALE=0 run_well
    done
    run_well
    expect_nothing_left "$barrier"
}

@test "the moments and their differences are right" {
    before=$(date +%s%6N)
    TIME_SCALE=1 run_well # more than a second apart
    after=$(date +%s%6N)
    for name in p1 p2 p3 p4; do
        [ "$(moment $name)" -ge "$before" ] && [ "$(moment $name)" -le "$after" ]
    done
    expect_apart p1 p2
    expect_apart p3 p4
    export TZ=UTC-5 # the times are local
    run_well
    [ "$(moment p1)" -ge "$after" ]
}

@test "p3 does not wait; killed in the pause, the parent takes p1 along" {
    at_line() {
        kill -KILL "$pid"
    }
    TIME_SCALE=1000 run --separate-stderr watch "$barrier"
    [ "$status" -eq 137 ]
    [[ $output == 'process p3 - test_without_barrier ----> '* && $output != *$'\n'* ]]
    export TIME_SCALE=1000 INTERRUPT_AT='process p3'
    interrupt "$barrier"
    interrupt_parent "$barrier"
}

@test "one is killed before it comes to the barrier: the other does not wait for ever" {
    altered=$BATS_TEST_TMPDIR/barrier
    sed 's/^static int test_with_barrier.*/#include <signal.h>\n#include <string.h>\n&/
         s/^ *if (barrier_wait/    if (strcmp(process_current_name(), getenv("VICTIM")) == 0) raise(SIGKILL);\n&/' \
        "$barrier.c" >"$altered.c"
    bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" build/libprocesses.a -pthread ||
        bounded 60 "${CC:-cc}" -Ilib -o "$altered" "$altered.c" lib/*.c -pthread # it has other flags
    for VICTIM in p1 p2; do
        export VICTIM
        run --separate-stderr bounded 20 "$altered"
        [ "$status" -eq 1 ]
        other=p2
        [ $VICTIM = p1 ] || other=p1
        expect_same "barrier: $VICTIM ended with exit code -9
barrier: wait at the barrier: REASON
barrier: $other ended with exit code 1" "$(sed -E 's/(wait at the barrier: ).*/\1REASON/' <<<"$stderr")"
        [[ $(wc -l <<<"$output") -eq 3 && $output == *'process p3'* && $output == *'process p4'* ]]
        expect_nothing_left "$altered"
    done
}

@test "the edges" {
    VARIES=yes expect_edges "$barrier"
    expect_bad_usage "unexpected argument '2'" "$barrier" 2
}
