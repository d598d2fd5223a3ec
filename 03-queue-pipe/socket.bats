#!/usr/bin/env bats
# socket: the same question through a UNIX-domain socket and through TCP, to a server found by its name.

load ../.ci/test_helper
load ../.ci/hit

program=03-queue-pipe/socket

setup() {
    common_setup
    server=''
}

teardown() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
    rm -rf "${path%/server}"
    common_teardown
}

# Starts a server of its own, which is no relative of the clients that follow: server, path, port.
start_server() {
    listening=$BATS_TEST_TMPDIR/listening errors=$BATS_TEST_TMPDIR/errors
    rm -f "$listening" # what an earlier server has said
    # bash starts what runs in the background with SIGINT and SIGQUIT ignored
    env --default-signal=INT,QUIT "${1:-$program}" -l >"$listening" 2>"$errors" 3>&- &
    server=$!
    until grep -qs 'port' "$listening"; do
        kill -0 "$server" || fail "$(cat "$errors")" || return
        sleep 0.01
    done
    read_names
}

read_names() {
    path=$(sed -n 's/^Listening: \(\/.*\)/\1/p' "$listening")
    port=$(sed -n 's/^Listening: port //p' "$listening")
}

# Waits for its end: status.
wait_for_server() {
    local end=$((SECONDS + 20))
    while kill -0 "$server" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || fail 'the server does not end' || return
        sleep 0.01
    done
    status=0
    wait "$server" || status=$?
    server=''
}

ask_both() {
    run --separate-stderr bounded 20 "$program" -u "$path"
    [ "$status" -eq 0 ] || report 'by its path' || return
    expect_same $'Ask through a UNIX-domain socket: 7\nProcess N is told: 49' "$(mask <<<"$output")" || return
    run --separate-stderr bounded 20 "$program" -t "$port"
    [ "$status" -eq 0 ] || report 'by its port' || return
    expect_same $'Ask through TCP: 7\nProcess N is told: 49' "$(mask <<<"$output")" || return
}

@test "the same answer both ways, from another process" {
    run --separate-stderr bounded 20 "$program"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    expect_same 'Listening: /tmp/socket-XXXXXX/server
Listening: port N
Ask through a UNIX-domain socket: 7
Process N answers: 49
Process N is told: 49
Ask through TCP: 7
Process N answers: 49
Process N is told: 49' "$(sed -E 's/socket-\w{6}/socket-XXXXXX/; s/port [0-9]+/port N/' <<<"$output" | mask)"
    [ "$(grep 'answers' <<<"$output" | sort -u | wc -l)" -eq 1 ]
    [ "$(grep 'Process' <<<"$output" | cut -d' ' -f2 | sort -u | wc -l)" -eq 2 ]
    expect_nothing_left "$program"
}

@test "at its edges" {
    VARIES=yes expect_edges "$program"
    expect_full_device "$program" -l
    expect_bad_usage '-l: expected no other option, got -u' "$program" -l -u /tmp/x
    expect_bad_usage "-t: expected a whole number from 1 to 65535, got '65536'" "$program" -t 65536
    expect_bad_usage "-t: expected a whole number from 1 to 65535, got '0'" "$program" -t 0
    expect_bad_usage '-u: expected a path of at most 107 bytes' "$program" -u "/tmp/$(printf '%0103d' 7)"
    expect_bad_usage "unexpected argument '7'" "$program" 7
    expect_nothing_left "$program"
}

@test "processes that are no relatives; the server ends by a signal, and takes its file with it" {
    for signal in INT TERM HUP QUIT; do
        start_server
        [ "$(stat -c %a "${path%/*}")" = 700 ] # nobody else can reach it by its path
        [ -S "$path" ]
        if [ "$signal" = INT ]; then
            ask_both
            expect_sockets 2 "$server" # each answer's has been closed
            [ ! -r /proc/net/tcp ] || grep -qi " 0100007F:$(printf %04x "$port") 00000000:0000 0A" /proc/net/tcp # for this machine only
        fi
        kill "-$signal" "$server"
        wait_for_server
        [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
        [ ! -e "${path%/*}" ]
    done
    run --separate-stderr bounded 20 "$program" -u "$path"
    [ "$status" -eq 1 ]
    expect_same 'socket: ask through a UNIX-domain socket: No such file or directory' "$stderr"
    run --separate-stderr bounded 20 "$program" -t "$port"
    [ "$status" -eq 1 ]
    expect_same 'socket: ask through TCP: Connection refused' "$stderr"
}

@test "nobody reads its lines any more: the server ends, and takes its file with it" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    listening=$BATS_TEST_TMPDIR/listening
    head -n 2 <"$BATS_TEST_TMPDIR/pipe" >"$listening" 3>&- &
    reader=$!
    "$program" -l >"$BATS_TEST_TMPDIR/pipe" 3>&- &
    server=$!
    wait "$reader"
    read_names
    run --separate-stderr bounded 20 "$program" -t "$port"
    [ "$status" -eq 1 ]
    wait_for_server
    [ "$status" -eq 141 ]
    [ ! -e "${path%/*}" ]
}

@test "a second server, while the first one's file is there, and another's that was killed" {
    start_server
    first=$server stale=$path
    start_server
    kill -KILL "$first"
    ask_both
    run --separate-stderr bounded 20 "$program" -u "$stale"
    [ "$status" -eq 1 ]
    expect_same 'socket: ask through a UNIX-domain socket: Connection refused' "$stderr"
    rm -r "${stale%/*}" # kill -9 leaves it no time to do that
    kill -TERM "$server"
    wait_for_server
    expect_nothing_left "$program"
}

@test "a question in pieces, in part, or none: the server goes on" {
    start_server
    exec 7<>"/dev/tcp/127.0.0.1/$port"
    printf '\0' >&7
    sleep 0.05 # so that the server sees the pieces one by one, mostly
    printf '\0\1' >&7
    sleep 0.05
    printf '\0' >&7
    [ "$(head -c 4 <&7 | od -An -tx1)" = ' 00 01 00 00' ] # 256 * 256, highest byte first
    exec 7>&-
    exec 7<>"/dev/tcp/127.0.0.1/$port"
    printf '\0\0' >&7
    exec 7>&-
    exec 7<>"/dev/tcp/127.0.0.1/$port"
    exec 7>&-
    ask_both
    expect_same 'socket: receive a question: Bad message
socket: receive a question: Broken pipe' "$(cat "$errors")"
    kill -TERM "$server"
    wait_for_server
}

@test "a partner that is silent, or stopped: neither side waits for ever" {
    impatient=$BATS_TEST_TMPDIR/socket # half a second
    sed 's/TIMEOUT = 5/TIMEOUT = 0/; s/{.tv_sec = TIMEOUT}/{.tv_usec = 500000}/' "$program.c" >"$impatient.c"
    bounded 60 "${CC:-cc}" -Ilib -o "$impatient" "$impatient.c" build/libprocesses.a -pthread
    build_hit "$program" sys/socket.h send
    start_server "$impatient"
    HIT=1 HIT_IN=MainProcess start_hit "$hit" -u "$path" # it has connected
    run --separate-stderr bounded 20 "$program" -t "$port" # it waits its turn
    [ "$status" -eq 0 ]
    expect_same 'socket: receive a question: Connection timed out' "$(cat "$errors")"
    kill -KILL "$stopped"

    kill -STOP "$server"
    clients=()
    for ((i = 0; i < 12; i++)); do # more than the kernel accepts for it
        bounded 20 "$impatient" -u "$path" 2>>"$BATS_TEST_TMPDIR/told" >/dev/null 3>&- &
        clients+=($!)
    done
    run --separate-stderr bounded 20 "$impatient" -t "$port"
    [ "$status" -eq 1 ]
    expect_same 'socket: ask through TCP: Connection timed out' "$stderr"
    for pid in "${clients[@]}"; do wait "$pid" || [ $? -eq 1 ]; done
    [ "$(grep -c '^socket: ask through a UNIX-domain socket: ' "$BATS_TEST_TMPDIR/told")" -eq 12 ]
    kill -TERM "$server"
    kill -CONT "$server"
    wait_for_server
}

@test "a client is killed before its answer: the server goes on" {
    build_hit "$program" sys/socket.h recv
    start_server
    kill -STOP "$server"
    HIT=1 HIT_IN=MainProcess run bounded 20 "$hit" -u "$path"
    [ "$status" -eq 137 ]
    kill -CONT "$server"
    ask_both
    expect_same 'socket: send the answer: Broken pipe' "$(cat "$errors")"
    kill -TERM "$server"
    wait_for_server
}

@test "the server is killed: the client does not wait, and removes the files" {
    build_hit "$program" sys/socket.h recv
    for calls in 1 2; do
        HIT=$calls HIT_IN=server run --separate-stderr bounded 20 "$hit"
        [ "$status" -eq 1 ]
        [[ $stderr == 'socket: ask through '* ]]
    done
    build_hit "$program" process.h process_terminate
    HIT=1 HIT_IN=MainProcess start_hit "$hit" # it has had both answers
    read -ra all <<<"$(children_now "$main")"
    kill -KILL "${all[0]}"
    kill -CONT "$main"
    wait_for_hit
    [ "$status" -eq 1 ]
    expect_same 'socket: the server (N) ended with exit code -9' "$(mask <<<"$stderr")"
    expect_nothing_left "$hit"
}

@test "the client is killed, or Ctrl-C: the server goes, too, and no file is left" {
    build_hit "$program" sys/socket.h recv
    HIT=2 HIT_IN=server start_hit "$hit"
    expect_sockets 1 "$main" # the one through which it asks
    kill -TERM "$main"
    wait_for_hit
    [ "$status" -eq 143 ]
    expect_nothing_left "$hit"
    INTERRUPT_AT=port interrupt "$program" -l
}
