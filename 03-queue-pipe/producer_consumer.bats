#!/usr/bin/env bats
# producer_consumer: whatever the numbers of producers and consumers, each item comes out once; also
# when some of them are killed.

load ../.ci/test_helper
load ../.ci/hit

program=03-queue-pipe/producer_consumer

# The items in the lines of `output` that match $1, in the order of the lines.
items_in() {
    sed -nE "s/^Process $1.*/\2/p" <<<"$output"
}

appended='(Producer) : item ([0-9]+) appended to queue'
popped='(Consumer) : item ([0-9]+) popped from by'

@test "one of each: ten items, first in, first out, and the queue is empty" {
    run --separate-stderr bounded 20 "$program"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    expect_same "$(seq 0 9)" "$(items_in "$appended producer-1$")"
    expect_same "$(seq 0 9)" "$(items_in "$popped consumer-2$")"
    [ "$(grep -cxE 'The size of queue is [0-9]' <<<"$output")" -eq 10 ]
    expect_same '10 items: none lost, none twice
the queue is empty' "$(tail -n 2 <<<"$output")"
    [ "$(wc -l <<<"$output")" -eq 32 ]
    expect_nothing_left "$program"
}

@test "at its edges" {
    TIME_SCALE=0 VARIES=yes expect_edges "$program" -p 2 -c 2 -n 2
}

@test "its numbers are checked" {
    expect_bad_usage "-p: expected a whole number from 1 to 64, got '0'" "$program" -p 0
    expect_bad_usage "-c: expected a whole number from 1 to 64, got '65'" "$program" -c 65
    expect_bad_usage "-m: expected a whole number from 1 to 100000, got '0'" "$program" -m 0
    expect_bad_usage "-n: expected a whole number from 1 to 100000, got '1e3'" "$program" -n 1e3
    expect_bad_usage "unexpected argument '5'" "$program" 5
}

@test "many of each, and little room: every item is appended and popped once" {
    for options in '-p 3 -c 4 -m 1' '-p 4 -c 1' '-p 1 -c 3 -m 2'; do
        read -ra words <<<"$options -n 40"
        TIME_SCALE=0 run --separate-stderr bounded 20 "$program" "${words[@]}"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        producers=${words[1]} total=$((40 * words[1]))
        expect_same "$(seq 0 $((total - 1)))" "$(items_in "$appended" | sort -n)"
        expect_same "$(seq 0 $((total - 1)))" "$(items_in "$popped" | sort -n)"
        for ((number = 1; number <= producers; number++)); do # each has its own items, in their order
            expect_same "$(seq $((40 * number - 40)) $((40 * number - 1)))" "$(items_in "$appended producer-$number$")"
        done
        for ((number = producers + 1; number <= producers + words[3]; number++)); do
            items_in "$popped consumer-$number$"
        done | wc -l | grep -qx "$total"
        expect_same "$total items: none lost, none twice"$'\nthe queue is empty' "$(tail -n 2 <<<"$output")"
    done
}

@test "the queue is full: the producer says so, and waits" {
    build_hit "$program" queue.h queue_get
    HIT=1 HIT_IN=consumer-2 start_hit "$hit" -m 2 -n 3
    expect_line full
    expect_same 'Process Producer : item 0 appended to queue producer-1
The size of queue is 1
Process Producer : item 1 appended to queue producer-1
The size of queue is 2
Process Producer : the queue is full, producer-1 waits' "$(cat "$BATS_TEST_TMPDIR/output")"
    kill -CONT "$stopped"
    wait_for_hit
    [ "$status" -eq 0 ]
    expect_same $'0\n1\n2' "$(items_in "$popped consumer-2$")"

    HIT=1 HIT_IN=consumer-2 start_hit "$hit" -m 1 -n 3 # and if nobody is left who could make room
    expect_line full
    kill -KILL "$stopped"
    wait_for_hit
    [ "$status" -eq 1 ]
    expect_same 'producer_consumer: append item 1: Broken pipe
producer_consumer: producer-1 (N) ended with exit code 1
producer_consumer: consumer-2 (N) ended with exit code -9
producer_consumer: of 3 items 3 were not popped, 0 more than once; 1 are in the queue' "$(mask <<<"$stderr")"
    expect_nothing_left "$hit"
}

@test "some are killed: the others go on, and what is missing is counted" {
    build_hit "$program" queue.h queue_get
    HIT=1 HIT_IN=consumer-3 run --separate-stderr bounded 20 "$hit" -p 1 -c 2
    [ "$status" -eq 1 ]
    expect_same "$(seq 0 9)" "$(items_in "$popped consumer-2$")"
    expect_same 'producer_consumer: consumer-3 (N) ended with exit code -9' "$(mask <<<"$stderr")"
    expect_same 'the queue is empty' "$(tail -n 1 <<<"$output")"

    build_hit "$program" queue.h queue_put
    HIT=4 HIT_IN=producer-1 run --separate-stderr bounded 20 "$hit" -p 2
    [ "$status" -eq 1 ]
    expect_same "$(seq 0 2)"$'\n'"$(seq 10 19)" "$(items_in "$popped consumer-3$" | sort -n)"
    expect_same 'producer_consumer: producer-1 (N) ended with exit code -9
producer_consumer: of 20 items 7 were not popped, 0 more than once; 0 are in the queue' "$(mask <<<"$stderr")"

    HIT=4 HIT_IN=producer-1 start_hit "$hit" # and the parent: nobody is left behind
    expect_sockets 1 "$stopped"
    expect_sockets 0 "$main"
    kill -TERM "$main"
    wait_for_hit
    expect_nothing_left "$hit"
}

@test "the pauses are random, other ones in each process, and the same with the same SEED" {
    mkdir "$BATS_TEST_TMPDIR/told"
    told=$BATS_TEST_TMPDIR/told/producer_consumer # says its pauses instead
    cat >"$told.h" <<'EOF'
#include "process.h"
#include "say.h"
#define pause_seconds(seconds) say("%s pauses %.6f", process_current_name(), seconds)
EOF
    bounded 60 "${CC:-cc}" -Ilib -include "$told.h" -o "$told" "$program.c" build/libprocesses.a -pthread
    first=$(SEED=7 bounded 20 "$told" -p 2 | grep pauses | sort)
    [ "$(grep -c '^producer-[12] pauses 0' <<<"$first")" -eq 20 ]
    [ "$(grep -c '^consumer-3 pauses [01]' <<<"$first")" -eq 20 ]
    grep -q '^consumer-3 pauses 1' <<<"$first"
    [ "$(cut -d' ' -f3 <<<"$first" | sort -u | wc -l)" -eq 40 ]
    expect_same "$first" "$(SEED=7 bounded 20 "$told" -p 2 | grep pauses | sort)"
    other=$(bounded 20 "$told" -p 2 | grep pauses | sort)
    [ "$(comm -12 <(echo "$first") <(echo "$other") | wc -l)" -le 4 ] # a few may be the same
}

@test "an item that comes twice, or is lost, is found" {
    mkdir "$BATS_TEST_TMPDIR/false"
    false=$BATS_TEST_TMPDIR/false/producer_consumer
    cat >"$false.h" <<'EOF'
#include "queue.h"
#include <string.h>

static inline ssize_t get_first(struct queue *queue, void *buffer, size_t room, double timeout)
{
    static int first = -1;
    ssize_t size = queue_get(queue, buffer, room, timeout);

    if (size != -1 && first == -1)
        memcpy(&first, buffer, sizeof first);
    memcpy(buffer, &first, sizeof first);
    return size;
}
#define queue_get get_first
EOF
    bounded 60 "${CC:-cc}" -Ilib -include "$false.h" -o "$false" "$program.c" build/libprocesses.a -pthread
    run --separate-stderr bounded 20 "$false" -n 3
    [ "$status" -eq 1 ]
    expect_same 'producer_consumer: of 3 items 2 were not popped, 1 more than once; 0 are in the queue' "$stderr"
    [[ $output != *'none lost'* ]]
}
