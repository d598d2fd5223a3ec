#!/usr/bin/env bats
# http_server: a child for each connection. The clients here are bash's own, /dev/tcp.

load ../.ci/test_helper

server=01-fork/http_server

setup() {
    common_setup
    log=$BATS_TEST_TMPDIR/log errors=$BATS_TEST_TMPDIR/errors site=$BATS_TEST_TMPDIR/site
    mkdir "$site"
}

# until_true COMMAND...: for 10 seconds at most.
until_true() {
    local end=$((SECONDS + 10))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "waited in vain for: $*" "$(cat "$log" "$errors")" || return
        sleep 0.01
    done
}

# serve COMMAND...: starts a server; its first line says where: `pid`, `port`.
serve() {
    rm -f "$log"
    "$@" >"$log" 2>"$errors" 3>&- &
    pid=$!
    until_true test -s "$log" || return
    read_port <"$log"
}

read_port() {
    read -r line
    [[ $line =~ ^http://127\.0\.0\.1:([0-9]+)/$ ]] || fail "not an address: $line" || return
    port=${BASH_REMATCH[1]}
}

# ask REQUEST: prints the answer. Escapes in it are printf's.
ask() {
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    printf '%b' "$1" >&9 || true
    timeout 10 cat <&9 | tr -d '\r'
    exec 9>&-
}

get() {
    ask "GET $1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
}

# expect_end SIGNAL [STATUS]: it ends by that, soon; without a STATUS, well, and without a complaint.
expect_end() {
    local status=0 end=$((SECONDS + 5))
    kill -s "$1" -- "$pid"
    while kill -0 -- "$pid" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do sleep 0.01; done
    kill -0 -- "$pid" 2>/dev/null && kill -KILL -- "$pid"
    wait "${pid#-}" || status=$?
    [ "$status" -eq "${2:-0}" ] || fail "status $status after SIG$1" "$(cat "$errors")" || return
    [ $# -gt 1 ] || expect_same '' "$(cat "$errors")"
}

# The kernel's own list is quicker to read than all of /proc, and not on every Linux.
children() {
    cat "/proc/$pid/task/$pid/children" 2>/dev/null || children_of "$pid"
}

has_children() {
    [ "$(children | wc -w)" -eq "$1" ]
}

has_line() {
    grep -qE "$1" "$2"
}

@test "the built-in page: each connection has a child of its own, and each is reaped" {
    serve env --ignore-signal=CHLD,INT,ALRM "$server" -p 0
    expect_same 'HTTP/1.1 200 OK
Content-Type: text/html; charset=utf-8
Content-Length: N
Connection: close

<!DOCTYPE html><title>http_server</title>
<p>Process N serves you.</p>' "$(get / | sed -E 's/(Length: |Process )[0-9]+/\1N/')"
    answer=$(ask 'HEAD / HTTP/1.0\r\n\r\n'; echo .)
    expect_same 'HTTP/1.1 200 OK' "${answer%%$'\n'*}"
    [[ $answer == *$'\n\n.' ]]
    expect_same $'404 Not Found' "$(ask 'GET /index.html HTTP/1.0\n\n' | tail -n 1)"
    pids=$(for i in 1 2 3 4 5 6 7; do get /?$i; done | sed -n 's/.*Process \([0-9]*\).*/\1/p')
    [ "$(sort -u <<<"$pids" | wc -l)" -eq 7 ]
    until_true has_children 0
    expect_same "GET / 200
HEAD / 200
GET /index.html 404
$(for i in 1 2 3 4 5 6 7; do echo "GET /?$i 200"; done)" "$(sed -E '1d; s/^[0-9]+ //' "$log")"
    expect_same "$pids" "$(sed -nE 's/ GET .[?].*//p' "$log")" # the log's pids are the pages'
    expect_end TERM
}

@test "files below DIR, whole" {
    mkdir -p "$site/a dir/sub"
    printf 'hello\n' >"$site/index.html"
    printf '{}' >"$site/a dir/sub/x.json"
    : >"$site/empty.txt"
    head -c 1000000 /dev/urandom >"$site/big"
    serve "$server" -p 0 "$site"
    expect_same 'HTTP/1.1 200 OK
Content-Type: text/html; charset=utf-8
Content-Length: 6
Connection: close

hello' "$(get /)"
    for path in /%61%20dir/sub/x.json '//a%20dir/.//sub/x.json?q=..#..'; do
        expect_same 'HTTP/1.1 200 OK
Content-Type: application/json
Content-Length: 2
Connection: close

{}' "$(get "$path")"
    done
    [[ $(get /empty.txt) == *'text/plain'*'Length: 0'* ]]
    [[ $(ask 'HEAD /big HTTP/1.0\r\n\r\n' | sed '1,/^$/d' | wc -c) -eq 0 ]]
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /big HTTP/1.1\r\n\r\n' >&9
    tail -n +6 <&9 | cmp - "$site/big"
    exec 9>&-
    # A directory without its slash; never the name of another host.
    for path in '/a%20dir' '//a%20dir?x'; do
        [[ $(get "$path") == $'HTTP/1.1 301 Moved Permanently\nLocation: /a%20dir/\n'* ]]
    done
    [[ $(get /a%20dir/) == 'HTTP/1.1 404 '* ]] # no index.html, no list
    expect_end INT
}

@test "what is refused, and how" {
    echo secret >"$BATS_TEST_TMPDIR/secret"
    echo page >"$site/page"
    mkdir "$site/a"
    ln -s ../secret "$site/link"
    ln -s .. "$site/up"
    mkfifo "$site/fifo"
    long=$(printf '%09000d' 0)
    word=${long//0/A}
    serve "$server" -p 0 "$site"
    while read -r wanted request; do
        [ -n "$request" ] || continue
        answer=$(ask "$request")
        [[ $answer == "HTTP/1.1 $wanted "* && $answer != *secret* ]] ||
            fail "${request:0:60}: expected $wanted, got:" "$answer"
    done <<END
404 GET /nothing HTTP/1.1\r\n\r\n
404 GET /page/ HTTP/1.1\r\n\r\n
404 GET /page/page HTTP/1.1\r\n\r\n
404 GET /${long:0:5000} HTTP/1.1\r\n\r\n
403 GET /../secret HTTP/1.1\r\n\r\n
403 GET /%2e%2E/secret HTTP/1.1\r\n\r\n
403 GET /..%2fsecret HTTP/1.1\r\n\r\n
403 GET /a/../../secret HTTP/1.1\r\n\r\n
403 GET /.. HTTP/1.1\r\n\r\n
403 GET /link HTTP/1.1\r\n\r\n
403 GET /up/secret HTTP/1.1\r\n\r\n
403 GET /fifo HTTP/1.1\r\n\r\n
400 GET /page%00.html HTTP/1.1\r\n\r\n
400 GET /pa\0000ge HTTP/1.1\r\n\r\n
400 GET /%4 HTTP/1.1\r\n\r\n
400 GET /%4g HTTP/1.1\r\n\r\n
400 GET page HTTP/1.1\r\n\r\n
400 GET  /page HTTP/1.1\r\n\r\n
400 GET /\033[31m HTTP/1.1\r\n\r\n
400 GE\033T /page HTTP/1.1\r\n\r\n
400 GET /page\r\n\r\n
400 GET /page HTTP/1\r\n\r\n
400 \r\n\r\n
405 POST /page HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody
501 BREW /page HTTP/1.1\r\n\r\n
501 ${word:0:5000} /page HTTP/1.1\r\n\r\n
505 GET /page HTTP/2.0\r\n\r\n
414 GET /$long HTTP/1.1\r\n\r\n
431 GET /page HTTP/1.1\r\nX: $long\r\n\r\n
END
    # All of it is read, though it is too much: else the answer might be lost by a reset.
    [[ $(get "/page HTTP/1.1\r\nX: $(printf '%01000000d' 0)") == 'HTTP/1.1 431 '* ]]
    [[ $(ask 'PUT / HTTP/1.1\r\n\r\n') == *$'\nAllow: GET, HEAD\n'* ]]
    expect_same 200 "$(get /page | sed -n '1s/.* \(.*\) OK/\1/p')"
    expect_same '' "$(sed 1d "$log" | grep -vE '^[0-9]+ ([A-Z]+ [!-~]+|- -) [0-9]{3}$')"
    expect_same '' "$(grep -E '.{1100}' "$log")" # so each is one write, to a pipe as well
    [ "$(wc -l <"$log")" -eq 33 ] # the address, and one line for each
    expect_end TERM
}

@test "-c: never more children at once; who comes then, waits" {
    serve "$server" -p 0 -c 2
    exec 4<>"/dev/tcp/127.0.0.1/$port" 5<>"/dev/tcp/127.0.0.1/$port"
    until_true has_children 2
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET / HTTP/1.1\r\n\r\n' >&6
    run read -r -t 0.2 line <&6
    [ "$status" -ne 0 ]
    has_children 2
    exec 4>&-
    [[ $(timeout 5 cat <&6) == 'HTTP/1.1 200 '* ]] # at once, not after 10 seconds
    exec 5>&- 6>&-
    expect_end TERM
}

@test "-t: clients without end cost nothing but their child" {
    dd if=/dev/zero of="$site/big" bs=1 count=1 seek=100000000 2>/dev/null
    echo page >"$site/page"
    # One whose log nobody reads: its pipe is full.
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec {pipe}<>"$BATS_TEST_TMPDIR/pipe"
    "$server" -p 0 -t 1 >&"$pipe" 3>&- &
    mute=$!
    read_port <&"$pipe"
    dd if=/dev/zero of="$BATS_TEST_TMPDIR/pipe" bs=4096 oflag=nonblock 2>/dev/null || true
    exec {unheard}<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET / HTTP/1.1\r\n\r\n' >&"$unheard"

    serve env --ignore-signal=ALRM "$server" -p 0 -c 4 -t 1 "$site"
    # 4 is silent; 5 sends a byte now and then; 6 does not read; 7 takes longer than a second over its
    # answer, but goes on reading, and gets all of it.
    for ((i = 4; i < 8; i++)); do eval "exec $i<>/dev/tcp/127.0.0.1/$port"; done
    for i in 6 7; do printf 'GET /big HTTP/1.1\r\n\r\n' >&$i; done
    (
        for ((i = 0; i < 7; i++)); do head -c 10000000 && sleep 0.2; done && cat
    ) <&7 2>/dev/null 3>&- | wc -c >"$BATS_TEST_TMPDIR/count" &
    reader=$!
    (while printf 'G' >&5; do sleep 0.05; done 2>/dev/null) 3>&- &
    expect_same page "$(get /page | tail -n 1)"
    expect_same 'HTTP/1.1 408 Request Timeout' "$(head -n 1 <&4 | tr -d '\r')"
    wait "$reader"
    [ "$(cat "$BATS_TEST_TMPDIR/count")" -gt 100000000 ] # and the header
    until_true has_children 0
    for ((i = 4; i < 8; i++)); do eval "exec $i>&-"; done
    expect_same '- - 408
- - 408
GET /big 200
GET /big 200
GET /page 200' "$(sed -E '1d; s/^[0-9]+ //' "$log" | sort)"
    expect_same '' "$(timeout 5 cat <&"$unheard" || echo late)"
    kill "$mute"
    wait "$mute"
    # Half a request, and gone; and one who has never said a word: the second leaves no line.
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /page' >&4
    exec 4>&- 5<>"/dev/tcp/127.0.0.1/$port" 5>&-
    until_true has_line '^[0-9]+ - - 400$' "$log"
    expect_same page "$(get /page | tail -n 1)"
    until_true has_children 0
    [ "$(wc -l <"$log")" -eq 8 ]
    expect_end TERM
}

@test "SIGTERM ends it, also with a child that is stopped; Ctrl-C; a restart" {
    serve "$server" -p 0
    exec 4<>"/dev/tcp/127.0.0.1/$port" 5<>"/dev/tcp/127.0.0.1/$port"
    until_true has_children 2
    read -ra stopped <<<"$(children | xargs)"
    kill -STOP "${stopped[@]}"
    expect_end TERM
    expect_nothing_left "$server"

    # SIGINT to the whole group, as from a terminal.
    serve setsid "$server" -p 0
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    until_true has_children 1
    pid=-$pid expect_end INT
    expect_nothing_left "$server"

    # The same port again, with a connection that has just ended. (Three times: somebody may take it.)
    for ((i = 0; i < 3; i++)); do
        serve "$server" -p 0
        get / >/dev/null
        expect_end TERM
        serve "$server" -p "$port" || continue
        [[ $(get /) == 'HTTP/1.1 200 '* ]]
        expect_bad "listen at 127.0.0.1:$port: Address already in use" "$server" -p "$port"
        expect_end TERM
        return
    done
    fail 'the port is not free again'
}

# expect_bad MESSAGE PROGRAM ARG...
expect_bad() {
    run --separate-stderr bounded 10 "${@:2}"
    [[ $status -eq 1 && -z $output && $stderr == "http_server: $1" ]] || report "$*"
}

@test "short of processes or descriptors: it says so, and goes on" {
    serve bash -c 'ulimit -n 4; exec "$@"' - "$server" -p 0
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    until_true has_line '^http_server: accept: Too many open files$' "$errors"
    expect_end TERM 0
    [ "$(wc -l <"$errors")" -lt 50 ] # it rests in between

    [ "$(id -u)" -ne 0 ] || need_user
    rm "$log"
    as_user 0 sh -c 'echo $$; exec "$@"' - "$(public_copy "$server")" -p 0 >"$log" 2>"$errors" 3>&- &
    runner=$!
    until_true has_line http "$log"
    { read -r pid && read_port; } <"$log"
    for i in 1 2; do
        expect_same 'HTTP/1.1 503 Service Unavailable' "$(ask '' | head -n 1)"
    done
    expect_same 'http_server: fork: Resource temporarily unavailable' "$(sort -u "$errors")"
    kill -TERM "$pid"
    wait "$runner"
}

@test "a child that is killed, and a log that can't be written: the others are served, status 1; a parent that is killed" {
    serve "$server" -p 0
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    until_true has_children 1
    kill -KILL "$(children)"
    until_true has_line '^http_server: child [0-9]+: killed by signal 9$' "$errors"
    expect_same '' "$(timeout 5 cat <&4 || echo late)" # its client knows, too
    [[ $(get /) == 'HTTP/1.1 200 '* ]]
    expect_end TERM 1

    mkfifo "$BATS_TEST_TMPDIR/pipe"
    "$server" -p 0 >"$BATS_TEST_TMPDIR/pipe" 2>"$errors" 3>&- &
    pid=$!
    read_port <"$BATS_TEST_TMPDIR/pipe" # and then nobody reads any more
    [[ $(get /) == 'HTTP/1.1 200 '* ]]
    until_true has_line '^http_server: write standard output: Broken pipe$' "$errors"
    expect_end TERM 1

    # Its child goes on, but nobody listens any more.
    serve "$server" -p 0
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    until_true has_children 1
    kill -KILL "$pid"
    wait "$pid" || true
    run bash -c 'exec 9<>"/dev/tcp/127.0.0.1/$0"' "$port"
    [[ $status -ne 0 && $output == *refused* ]]
    printf 'GET / HTTP/1.1\r\n\r\n' >&4
    [[ $(timeout 5 cat <&4) == 'HTTP/1.1 200 '* ]]
}

@test "options, DIR and standard output are checked first" {
    for help in -h --help; do
        run --separate-stderr "$server" "$help"
        [[ $status -eq 0 && -z $stderr && $output == 'usage: http_server [-p PORT]'* ]]
    done
    for value in -1 65536 '' 8080x; do
        expect_bad_usage "-p: expected a whole number from 0 to 65535, got '$value'" "$server" -p "$value"
    done
    expect_bad_usage "-c: expected a whole number from 1 to 1000, got '0'" "$server" -c 0
    expect_bad_usage "-t: expected a whole number from 1 to 3600, got '0.5'" "$server" -t 0.5
    expect_bad_usage "unexpected argument 'b'" "$server" a b
    expect_bad_usage 'unknown option -x' "$server" -x
    TIME_SCALE=nan expect_bad_usage 'TIME_SCALE: expected' "$server"
    expect_bad "open directory '$site/x': No such file or directory" "$server" "$site/x"
    expect_bad "open directory 'README.md': Not a directory" "$server" README.md
    expect_full_device "$server" -h
    expect_full_device "$server" -p 0
    run --separate-stderr with '>&- <&-' "$server" -p 0
    [[ $status -eq 1 && $stderr == 'http_server: write standard output: '* ]]
    expect_nothing_left "$server"
}
