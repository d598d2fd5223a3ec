#!/usr/bin/env bats
# queue: a writer, a reader, and the four values between them; also when one of the two is killed.
# shellcheck disable=SC2317 # at_line is called, by watch

load ../.ci/test_helper

queue=03-queue-pipe/queue

# What the stepped program says of its pauses.
pauses() {
    { bounded 20 "$stepped" >/dev/null; } 2>&1
}

# The lines of `output` that match $1, without pids.
lines_like() {
    grep -E "$1" <<<"$output" | sed -E 's/: [0-9]+$/: PID/'
}

writer_lines='Process to write: PID
Put A to queue...
Put B to queue...
Put C to queue...
Put end to queue...'
reader_lines='Process to read: PID
Get A from queue.
Get B from queue.
Get C from queue.
Get end from queue.'

# Each process's lines in their order; and no value comes out before it goes in.
expect_lines() {
    local value
    expect_same "$writer_lines" "$(lines_like 'Put|write')" || return
    expect_same "$reader_lines" "$(lines_like 'Get|read')" || return
    [ "$(wc -l <<<"$output")" -eq 10 ] || fail "more lines than these:" "$output" || return
    [ "$(grep 'Process' <<<"$output" | sed 's/.*: //' | sort -u | wc -l)" -eq 2 ] || fail "one pid:" "$output" || return
    for value in A B C end; do
        [[ $output == *"Put $value to"*"Get $value from"* ]] || fail "Get $value before Put $value:" "$output" || return
    done
}

expect_success() {
    [ "$status" -eq 0 ] || report "expected status 0" || return
    [ -z "$stderr" ] || report "expected nothing on standard error" || return
    expect_lines
}

@test "four values go from the writer to the reader" {
    run --separate-stderr bounded 20 "$queue"
    expect_success
    expect_nothing_left "$queue"
}

@test "in a file: the same" {
    with ">$BATS_TEST_TMPDIR/output" "$queue"
    output=$(cat "$BATS_TEST_TMPDIR/output")
    expect_lines
    [ "$(wc -l <"$BATS_TEST_TMPDIR/output")" -eq 10 ]
}

@test "without pauses: no value is lost, and the order is kept" {
    for ((turn = 0; turn < 8; turn++)); do
        TIME_SCALE=0 run --separate-stderr bounded 20 "$queue"
        expect_success
    done
}

@test "pauses are random, below a second, the same for the same SEED, and scaled by TIME_SCALE" {
    build_stepped "$queue"
    export TIME_SCALE=1
    first=$(pauses)
    second=$(pauses)
    [ "$first" != "$second" ]
    export SEED=7
    first=$(pauses)
    second=$(pauses)
    expect_same "$first" "$second"
    [ "$(grep -cE '^pause 0\.[0-9]{3}$' <<<"$first")" -eq 4 ]
    [ "$(sort -u <<<"$first" | wc -l)" -eq 4 ]
    second=$(SEED=8 pauses)
    [ "$first" != "$second" ]
    second=$(TIME_SCALE=1000 pauses)
    expect_same "$first" "$(awk '{ printf "%s %.3f\n", $1, $2 / 1000 }' <<<"$second")"
}

@test "the writer is killed: the reader does not wait for ever" {
    at_line() {
        case $1 in
        'Process to write: '*) writer=${1##* } ;;
        'Get A '*) kill -KILL "$writer" ;; # it pauses
        esac
    }
    TIME_SCALE=1000 SEED=1 run --separate-stderr watch "$queue"
    [ "$status" -eq 1 ]
    expect_same "$(head -n 2 <<<"$writer_lines")" "$(lines_like 'Put|write')"
    expect_same "$(head -n 2 <<<"$reader_lines")" "$(lines_like 'Get|read')"
    writer=$(sed -n 's/Process to write: //p' <<<"$output")
    reader=$(sed -n 's/Process to read: //p' <<<"$output")
    expect_same "queue: get from the queue: REASON
queue: the reader ($reader) ended with exit code 1
queue: the writer ($writer) ended with exit code -9" "$(sort <<<"$stderr" | sed 's/\(queue: get.*:\) .*/\1 REASON/')"
    expect_nothing_left "$queue"
}

@test "the reader is killed: the writer puts what it has, and the end is a failure" {
    build_stepped "$queue"
    mkfifo "$BATS_TEST_TMPDIR/steps"
    exec 8<>"$BATS_TEST_TMPDIR/steps"
    at_line() {
        case $1 in
        'Process to read: '*) reader=${1##* } ;;
        'Get A '*) # now it waits for B, and the writer for us
            kill -KILL "$reader"
            printf 1234 >&8
            ;;
        esac
    }
    run --separate-stderr watch "$stepped" <"$BATS_TEST_TMPDIR/steps"
    exec 8>&-
    [ "$status" -eq 1 ]
    expect_same "$writer_lines" "$(lines_like 'Put|write')"
    expect_same "$(head -n 2 <<<"$reader_lines")" "$(lines_like 'Get|read')"
    reader=$(sed -n 's/Process to read: //p' <<<"$output")
    expect_same "queue: the reader ($reader) ended with exit code -9" "$(grep -v '^pause' <<<"$stderr")"
    expect_nothing_left "$queue"
}

@test "the parent is killed: so are its children" {
    at_line() {
        [[ $1 != 'Get A '* ]] || kill -KILL "$pid"
    }
    TIME_SCALE=1000 SEED=1 run --separate-stderr watch "$queue"
    [ "$status" -eq 137 ]
    expect_nothing_left "$queue"
}

@test "Ctrl-C, and SIGINT to the parent alone" {
    export TIME_SCALE=1000 SEED=1 INTERRUPT_AT='Get A'
    interrupt "$queue"
    interrupt_parent "$queue"
}

@test "-h and --help: usage on standard output" {
    for help in -h --help; do
        run --separate-stderr "$queue" "$help"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "usage: queue
  A writer puts A, B, C and end into a queue, a reader gets them out.
  TIME_SCALE=0.05 shortens the pauses, SEED=7 repeats them." "$output"
    done
}

@test "bad usage is refused before anything is forked" {
    expect_bad_usage "unknown option -x" "$queue" -x
    expect_bad_usage "unknown option '--nothing'" "$queue" --nothing
    expect_bad_usage "unexpected argument 'extra'" "$queue" extra
    expect_bad_usage "unexpected argument ''" "$queue" ''
    expect_bad_usage "unexpected argument '7'" "$queue" -- 7
    TIME_SCALE=nan expect_bad_usage "TIME_SCALE: expected a number" "$queue"
    TIME_SCALE='' expect_bad_usage "TIME_SCALE: expected a number" "$queue"
    SEED=-1 expect_bad_usage "SEED: expected a whole number" "$queue"
    SEED=abc expect_bad_usage "SEED: expected a whole number" "$queue"
}

@test "standard output that is full or closed is a failure" {
    for option in '' -h; do
        expect_full_device "$queue" ${option:+"$option"}
        run --separate-stderr with '>&-' "$queue" ${option:+"$option"}
        [ "$status" -eq 1 ]
        [[ $stderr == *'queue: write standard output: '* ]]
    done
    expect_nothing_left "$queue"
}

@test "standard input closed: the same" {
    run --separate-stderr with '<&-' "$queue"
    expect_success
}

@test "SIGCHLD ignored by the caller: the same" {
    run --separate-stderr bounded 20 env --ignore-signal=CHLD "$queue"
    expect_success
}

@test "no process to be had, or only one: says so, with status 1" {
    [ "$(id -u)" -ne 0 ] || need_user
    run --separate-stderr as_user 0 "$queue"
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == 'queue: start the writer: '* ]]
    [ "$(id -u)" -eq 0 ] || skip 'only root can have a user of its own for the other half'
    TIME_SCALE=1000 SEED=1 run --separate-stderr as_user 2 "$queue"
    [ "$status" -eq 1 ]
    [[ $stderr == 'queue: start the reader: '* ]]
    expect_nothing_left "$queue"
}

@test "on a terminal each process has its colour; not with NO_COLOR" {
    need_terminal
    for ((turn = 0; turn < 20; turn++)); do # pids that do not follow each other may share a colour
        output=$(TIME_SCALE=0 bounded 20 env -u NO_COLOR TERM=xterm script -qec "$queue" /dev/null | tr -d '\r')
        writer=$(sed -nE $'s/^\e\\[(3[1-6])m(Put|Process to write).*\e\\[0m$/\\1/p' <<<"$output" | sort | uniq -c)
        reader=$(sed -nE $'s/^\e\\[(3[1-6])m(Get|Process to read).*\e\\[0m$/\\1/p' <<<"$output" | sort | uniq -c)
        [[ $writer == *' 5 3'[1-6] ]]
        [[ $reader == *' 5 3'[1-6] ]]
        [ "$writer" = "$reader" ] || break
    done
    [ "$writer" != "$reader" ]
    output=$(bounded 20 env TERM=xterm script -qec "$queue" /dev/null | tr -d '\r') # NO_COLOR=1
    expect_lines
}

@test "README.md tells the truth" {
    check_readme 03-queue-pipe/README.md
}
