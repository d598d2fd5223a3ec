#!/usr/bin/env bats
# skeleton: a list in batches, the leftover given to the first children.

load ../.ci/test_helper

skeleton=01-fork/skeleton

# Checks a run with so many WORKERS and the ITEMs, against a division made here.
expect_shares() {
    local workers=$1 count=$(($# - 1)) start=0 end child pids ranges='' items='' reaped=''
    run --separate-stderr bounded 20 "$skeleton" "$@"
    [[ $status -eq 0 && -z $stderr ]] || report "skeleton $*" || return
    mapfile -t pids < <(sed -nE 's/^\(([0-9]+), 0\)$/\1/p' <<<"$output")
    shift
    for ((child = 0; child < workers; child++)); do
        end=$((start + count / workers))
        [ "$child" -ge $((count % workers)) ] || end=$((end + 1))
        ranges+="start=$start end=$end"$'\n'
        for (( ; start < end; start++)); do
            items+="Child (${pids[child]}): $1"$'\n'
            shift
        done
        reaped+="(${pids[child]}, 0)"$'\n'
    done
    [ "$(printf '%s\n' "${pids[@]}" | sort -u | wc -l)" -eq "$workers" ] || fail 'pids twice:' "$output" || return
    expect_same "Number of items: $count
Batch size: $((count / workers))
Leftover: $((count % workers))
$ranges$reaped" "$(grep -v '^Child' <<<"$output")"$'\n' || return
    # A child's items come in order; children race.
    expect_same "$(sort -s -k 2,2 <<<"${items%$'\n'}")" "$(grep '^Child' <<<"$output" | sort -s -k 2,2)"
}

@test "each item goes to one child, in order; a child more or less makes no difference" {
    expect_shares 1 only
    expect_shares 3 a b c d e f g
    expect_shares 2 a b c d
    expect_shares 2 '' 'with  blanks' $'\t' -x 7
    expect_shares 40 {1..203}
}

@test "more workers than items: some have none" {
    expect_shares 5 a b c
}

@test "through a pipe, lines stay whole" {
    items=$(printf "%0.s$(printf '%060d' 0) " {1..300})
    # shellcheck disable=SC2086 # 300 items
    output=$("$skeleton" 10 $items | cat)
    expect_same "    300 Child (N): N" "$(grep Child <<<"$output" | mask | uniq -c)"
}

@test "by default: 4 workers, and the chapter's .c files, wherever it is called from" {
    mapfile -t sources < <(cd 01-fork && printf '%s\n' *.c)
    wanted="Number of items: ${#sources[@]}
Batch size: $((${#sources[@]} / 4))"
    for directory in . / 01-fork "$BATS_TEST_TMPDIR"; do
        output=$(cd "$directory" && bounded 20 "$ROOT/$skeleton")
        expect_same "$wanted" "$(sed 2q <<<"$output")"
        expect_same "$(printf '%s\n' "${sources[@]}")" "$(sed -n 's/^Child ([0-9]*): //p' <<<"$output" | sort)"
        expect_same 4 "$(grep -c start= <<<"$output")"
    done
    expect_same "${#sources[@]} 2" "$(bounded 20 "./$skeleton" 2 | awk '/^Child/ { c++ } /^start/ { s++ } END { print c, s }')"
    cp "$skeleton" "$BATS_TEST_TMPDIR/skeleton" # as it is when built by hand: called from the root
    expect_same "$wanted" "$(bounded 20 "$BATS_TEST_TMPDIR/skeleton" | sed 2q)"
    cd "$BATS_TEST_TMPDIR"
    run --separate-stderr env PATH="$BATS_TEST_TMPDIR" skeleton
    [ "$status" -eq 2 ]
    expect_same 'skeleton: ITEM: there are no .c files beside this program, so name some items' "$stderr"
}

@test "a fork that fails: those that were started are waited for; status 1" {
    need_user
    run --separate-stderr as_user 3 "$skeleton" 5 a b c d e
    [ "$status" -eq 1 ]
    expect_same 'skeleton: fork: Resource temporarily unavailable' "$stderr"
    expect_same "(N, 0)
(N, 0)
Batch size: 1
Child (N): a
Child (N): b
Leftover: 0
Number of items: 5
start=0 end=1
start=1 end=2
start=2 end=3" "$(mask <<<"$output" | sort)"
}

@test "a child that is killed, and a disk that is full, are failures" {
    at_line() { # the pipe holds less than the child has to print, so it still runs
        [[ $1 != 'Child ('* ]] || [ -n "${killed:-}" ] || { killed=${1//[!0-9]/} && kill -KILL "$killed"; }
    }
    mapfile -t items < <(yes 'an item that is somewhat long and has no digits in it' | head -n 3000)
    run --separate-stderr watch "$skeleton" 1 "${items[@]}"
    [ "$status" -eq 1 ]
    expect_same '(N, 9)' "$(tail -n 1 <<<"$output" | mask)"

    run --separate-stderr with '>/dev/full' "$skeleton" 1 a
    expect_same 2 "$(grep -c 'skeleton: write standard output' <<<"$stderr")" # of both processes
}

@test "at the edges" {
    for workers in 0 1001 -1 3x ''; do
        expect_bad_usage "WORKERS: expected a whole number from 1 to 1000, got '$workers'" "$skeleton" -- "$workers" a
    done
    expect_edges "$skeleton" 2 a b c
}
