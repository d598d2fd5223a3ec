#!/usr/bin/env bats
# fetch_urls: titles of pages that 01-fork/http_server serves, and what can go wrong with a page. All
# of it on this machine: no test needs a network.

load ../.ci/test_helper

fetch_urls=05-subprocess/fetch_urls
MOST=${LONG_MAX:-9223372036854775807}

# One site for all tests: page NAME TEXT adds to it. (The servers run without the tests' mark: what a
# test leaves behind is not them.)
setup_file() {
    cd "$ROOT" || return
    unset PROCESSES_TEST_MARK
    build_unless_there 01-fork/http_server 01-fork/http_server.c
    build_unless_there build/test/slow_server lib/test/slow_server.c
    mkdir "$BATS_FILE_TMPDIR/site"
    page index.html '<!DOCTYPE html>
<html><head><title>The first page</title></head></html>'
    serve "$BATS_FILE_TMPDIR/site.log" 01-fork/http_server -p 0 "$BATS_FILE_TMPDIR/site"
    export SITE=$url SERVER=$server
}

teardown_file() {
    kill "$SERVER"
}

setup() {
    common_setup
    command -v curl >/dev/null || skip 'this system has no curl'
    unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
    list=$BATS_TEST_TMPDIR/list server=''
}

teardown() {
    [ -z "$server" ] || kill "$server" || true
    common_teardown
}

# `make test` has both; `make test-05-subprocess` on a clean tree has not.
build_unless_there() {
    local program=$BATS_FILE_TMPDIR/${1##*/}
    if [ -x "$1" ]; then
        cp "$1" "$program"
    else
        "${CC:-cc}" -std=c17 -D_POSIX_C_SOURCE=200809L -Ilib -o "$program" "$2" lib/{beyond,cli,say,clock,io}.c -pthread
    fi
}

page() {
    printf '%b' "$2" >"$BATS_FILE_TMPDIR/site/$1"
}

# serve LOG PROGRAM ARG...: starts a server: `server`, `url`.
serve() {
    local log=$1 program=$BATS_FILE_TMPDIR/${2##*/} end=$((SECONDS + 10))
    shift 2
    rm -f "$log"
    env -u PROCESSES_TEST_MARK "$program" "$@" >"$log" 2>&1 3>&- &
    server=$!
    until [ -s "$log" ]; do
        [ "$SECONDS" -lt "$end" ] || return
        sleep 0.01
    done
    read -r url <"$log"
}

# slow ANSWER OPTION...: one that lets its clients wait: see lib/test/slow_server.c.
slow() {
    printf '%b' "$1" >"$BATS_TEST_TMPDIR/answer"
    shift
    serve "$BATS_TEST_TMPDIR/log" build/test/slow_server "$@" "$BATS_TEST_TMPDIR/answer"
}

# Until COUNT requests have come to it.
await_requests() {
    local end=$((SECONDS + 10))
    until [ "$(grep -c GET "$BATS_TEST_TMPDIR/log")" -ge "$1" ]; do
        [ "$SECONDS" -lt "$end" ] || fail "waited in vain for $1 requests" || return
        sleep 0.01
    done
}

# expect STATUS OUTPUT ERRORS ARG...: what `fetch_urls ARG...` gives, without its last line.
expect() {
    local code=$1 wanted=$2 complaints=$3
    shift 3
    run "-$code" --separate-stderr bounded 30 "$fetch_urls" "$@"
    expect_same "$complaints" "$stderr"
    expect_same "$wanted" "$(sed -E '$ { /^Elapsed time: [0-9]+\.[0-9]{2} for [0-9]+ pages\.$/d; }' <<<"$output")"
    [[ ${lines[-1]} == 'Elapsed time: '* ]]
}

# One worker, and five: the same. The number of pages is that of the lines.
expect_both() {
    local workers
    for workers in 1 5; do
        expect "$1" "$2" "$3" -w "$workers" "${@:4}"
        [[ ${lines[-1]} == *" for $(printf '%s\n' "$2" "$3" | grep -c .) pages." ]]
    done
}

@test "titles, in the order of the file: as HTML has them, safe for a terminal, cut when long" {
    wanted=''
    while IFS='|' read -r text title; do
        name=page$((number += 1)).html
        page "$name" "$text"
        echo "$SITE$name" >>"$list"
        wanted+="$SITE$name: $title"$'\n'
    done <<'END'
<TITLE>\r\n  Upper\t\f and\n\n lower \n</Title>|Upper and lower
<title lang="en" >one</title><title>two</title>|one
<titlepage>no</titlepage><h1>nor</h1>|(no title)
<title|(no title)
<title>not ended|(no title)
<title></title>|(no title)
<title>  </titles></title >|</titles>
|(no title)
<title>&lt;b&gt; &amp;amp; &quot;&#39;&apos; &#x263A;&#9731;|(no title)
<title>&lt;b&gt; &amp;amp; &quot;&#39;&apos; &#x263A;&#9731;.&#10;</title>|<b> &amp; "'' ☺☃.
<title>&unknown; &; & &#; &#x; &#0; &#-1; &# 1; &#xD800; &#1114112; &#99999999999999999999; &#65 &ampx</title>|&unknown; &; & &#; &#x; &#0; &#-1; &# 1; &#xD800; &#1114112; &#99999999999999999999; &#65 &ampx
<title>&#x0x41; &#x0X41; &#0x41; &#x+41; &#x-41; &#x 41; &#xX41; &#+65; &#x4g; &#6A; &#X4a;</title>|&#x0x41; &#x0X41; &#0x41; &#x+41; &#x-41; &#x 41; &#xX41; &#+65; &#x4g; &#6A; J
<title>\033[31m&#27;[0m \a \0177 &#155; \0302\0233 &#x7f;</title>|\x1B[31m\x1B[0m \x07 \x7F \x9B \x9B \x7F
<title>Latin-1: \0351\0350; half: \0342\0202; \0300\0200 \0355\0240\0200 \0364\0220\0200\0200 \0371\0220\0220\0220 \0340\0200\0200</title>|Latin-1: \xE9\xE8; half: \xE2\x82; \xC0\x80 \xED\xA0\x80 \xF4\x90\x80\x80 \xF9\x90\x90\x90 \xE0\x80\x80
<title>NUL \0000.</title>|NUL \x00.
<title>grüße, 日本語, 😀, %s %n</title>|grüße, 日本語, 😀, %s %n
END
    long=$(printf '%0200d' 0)
    while IFS='|' read -r text title; do
        name=page$((number += 1)).html
        page "$name" "<title>$text</title>"
        echo "$SITE$name" >>"$list"
        wanted+="$SITE$name: $title"$'\n'
    done <<END
a&nbsp;b|a$(printf '\302\240')b
$long|$long
${long}0|$long...
${long:1}é|${long:1}...
${long:2}é|${long:2}é
${long:3}\033.|${long:3}...
END
    expect_both 0 "${wanted%$'\n'}" '' "$list"
}

@test "FILE: lines, CRLF and comments; -n; a sitemap; standard input; nothing in it" {
    page a.html '<title>A</title>'
    echo "output = $BATS_TEST_TMPDIR/output" >"$BATS_TEST_TMPDIR/.curlrc"
    export CURL_HOME=$BATS_TEST_TMPDIR # the user's own options: not for us
    printf '# pages\r\n\r\n%s\r\n  %s \n#%s\n\t\n%s' "$SITE" "${SITE}a.html" "$SITE" "${SITE}a.html?b={c,d}&e=[1-3]&amp;" >"$list"
    wanted="$SITE: The first page
${SITE}a.html: A
${SITE}a.html?b={c,d}&e=[1-3]&amp;: A"
    expect 0 "$wanted" '' -w 3 "$list"
    [ "$(grep -c '/a.html?b={c,d}&e=\[1-3\]&amp; 200$' "$BATS_FILE_TMPDIR/site.log")" -eq 1 ] # no patterns
    expect 0 "${wanted%$'\n'*}" '' -n 2 "$list"
    expect 0 "$wanted" '' -n "$MOST" - <"$list"
    printf '<?xml version="1.0"?><urlset><url><LOC>\n %s </loc></url><url><loc>%s</loc><x/></url><location>x</location></urlset>' \
        "${SITE}?a&amp;b&#x3d;" "${SITE}a.html" >"$list"
    expect 0 "${SITE}?a&b=: The first page
${SITE}a.html: A" '' "$list"
    expect 1 '' 'fetch_urls: a: neither http:// nor https://' -n 1 - < <(printf 'a\n%.0s' {1..2000})
    for text in '' '\n\n# none' '<urlset><loc>'; do
        printf '%b' "$text" >"$list"
        run -0 --separate-stderr bounded 20 "$fetch_urls" -w 2 "$list"
        [[ -z $stderr && $output == 'Elapsed time: '*' for 0 pages.' ]] || [[ $text == '<'* ]]
    done
}

@test "a page that fails is reported with its URL and the reason, and the others come; status 1" {
    slow 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n<title>cut</title>'
    cut=$url servers=$server
    slow 'HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    circle=$url servers+=" $server"
    slow 'HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    elsewhere=$url servers+=" $server"
    slow ''
    gone=$url # nobody listens there any more
    kill "$server"
    wait "$server" || true
    server=''
    long=$SITE$(printf '%0500d' 0)
    printf '%s\n' "$SITE" "${SITE}nothing" "$cut" "$circle" "$elsewhere" "$gone" file:///etc/passwd \
        @/etc/passwd -h http:// "$long" $'http://\033[31m\302\233/' "$SITE" >"$list"
    run -1 --separate-stderr bounded 30 "$fetch_urls" -w 3 "$list"
    # shellcheck disable=SC2086 # three pids
    kill $servers
    expect_same "$SITE: The first page
$SITE: The first page" "$(sed '$d' <<<"$output")"
    [[ ${lines[-1]} == *' for 13 pages.' ]]
    expect_same "fetch_urls: ${SITE}nothing: curl: (22) The requested URL returned error: 404
fetch_urls: $cut: curl: (18) ...
fetch_urls: $circle: curl: (47) Maximum (5) redirects followed
fetch_urls: $elsewhere: curl: (1) ...
fetch_urls: $gone: curl: (7) ...
fetch_urls: file:///etc/passwd: neither http:// nor https://
fetch_urls: @/etc/passwd: neither http:// nor https://
fetch_urls: -h: neither http:// nor https://
fetch_urls: http://: curl: (3) ...
fetch_urls: ${long:0:400}...: curl: (22) The requested URL returned error: 404
fetch_urls: http://\\x1B[31m\\x9B/: curl: (3) ..." "$(sed -E 's/(curl: \((1|3|7|18)\) ).*/\1.../' <<<"$stderr")"

    slow '' -g 200 # 200 clients at once never come
    run -1 --separate-stderr bounded 30 "$fetch_urls" -t 1 - <<<"$url"
    [[ $stderr == "fetch_urls: $url: curl: (28) "* && $output == 'Elapsed time: '*' for 1 pages.' ]]
    expect_nothing_left "$fetch_urls"
}

@test "five workers fetch five pages at once; a page of 10 MB" {
    # It answers when five requests are there together.
    slow 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<title>together</title>' -g 5
    for i in {1..10}; do echo "$url$i"; done >"$list"
    expect 0 "$(sed 's/$/: together/' "$list")" '' -w 5 -t 10 "$list"
    { head -c 5000000 /dev/zero && printf '<title>Much ' && head -c 5000000 /dev/zero | tr '\0' ' ' &&
        printf 'of it</title>'; } >"$BATS_FILE_TMPDIR/site/big"
    echo "${SITE}big" >"$list"
    expect 0 "${SITE}big: Much of it" '' "$list"
    expect_nothing_left "$fetch_urls"
}

@test "no curl, or none that can be executed: one error, and nothing is fetched" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '%s\n' "$SITE?never" "$SITE?never" >"$list"
    for workers in 1 5; do
        run -127 --separate-stderr bounded 20 env "PATH=$BATS_TEST_TMPDIR/bin" "$PWD/$fetch_urls" -w "$workers" "$list"
        expect_same 'fetch_urls: curl: No such file or directory' "$output$stderr"
    done
    echo 'no program' >"$BATS_TEST_TMPDIR/bin/curl"
    run -126 --separate-stderr bounded 20 env "PATH=$BATS_TEST_TMPDIR/bin" "$PWD/$fetch_urls" "$list"
    expect_same 'fetch_urls: curl: Permission denied' "$output$stderr"
    # One that works for its version only: with no message, killed, with a message of many lines.
    while IFS='|' read -r commands reason; do
        printf '#!/bin/sh\n[ "$1" = --version ] || { %s; }\n' "$commands" >"$BATS_TEST_TMPDIR/bin/curl"
        chmod +x "$BATS_TEST_TMPDIR/bin/curl"
        expect_wrong "$reason"
    done <<'END'
cat >&2; exit 3|curl: exit code 3
sleep 1000 >/dev/null 2>&1 & exit 3|curl: exit code 3
kill -9 $$|curl: exit code -9
printf 'curl: (60) no\033[1m\nMore\n' >&2; exit 60|curl: (60) no\x1B[1m
END
    expect_nothing_left "$fetch_urls" # not the sleep
    run ! grep never "$BATS_FILE_TMPDIR/site.log"
}

expect_wrong() {
    PATH=$BATS_TEST_TMPDIR/bin:$PATH expect 1 '' "fetch_urls: $SITE?never: $1" -n 1 "$list"
}

@test "Ctrl-C, and SIGINT to the parent alone: no worker stays, and no curl" {
    slow '' -g 200
    for i in 1 2 3; do echo "$url$i"; done >"$list"
    # It says "ready" when each worker's curl waits for its page.
    cat >"$BATS_TEST_TMPDIR/when_all_wait" <<'END'
#!/bin/sh
(until [ "$(grep -c GET "${0%/*}/log")" -ge "$1" ]; do sleep 0.01; done; echo ready) &
exec 05-subprocess/fetch_urls -w "$1" "${0%/*}/list"
END
    chmod +x "$BATS_TEST_TMPDIR/when_all_wait"
    for workers in 1 3; do
        for how in interrupt interrupt_parent; do
            : >"$BATS_TEST_TMPDIR/log"
            INTERRUPT_AT=ready "$how" "$BATS_TEST_TMPDIR/when_all_wait" "$workers"
            expect_same ready "$output$stderr"
        done
    done
}

@test "a worker that is killed: its page is reported, the others come; a parent that is killed" {
    slow '' -g 200
    printf '%s\n' "$url" "$SITE" "$SITE?1" "$SITE?2" >"$list"
    start -w 2 "$list"
    for worker in $(children "$pid"); do
        ! grep -q "$url" "/proc/$(children "$worker")/cmdline" 2>/dev/null || kill -KILL "$worker"
    done
    wait "$runner" || status=$?
    [ "$status" -eq 1 ]
    expect_same "$SITE: The first page
$SITE?1: The first page
$SITE?2: The first page
Elapsed time: T for 4 pages." "$(sed -E '$s/[0-9]+\.[0-9]{2}/T/' "$BATS_TEST_TMPDIR/output")"
    expect_same "fetch_urls: $url: process N was killed by signal 9" "$(sed -E 's/process [0-9]+/process N/' "$BATS_TEST_TMPDIR/errors")"
    # The curl of that worker is nobody's now, and stays as long as its page may take.
    kill "$server"
    expect_nothing_left "$fetch_urls"

    slow '' -g 200
    printf '%s\n' "$url" "$url" >"$list"
    for how in --default-signal --ignore-signal --block-signal; do # as we have got SIGTERM
        : >"$BATS_TEST_TMPDIR/log"
        start -w 2 "$list"
        kill -KILL "$pid"
        wait "$runner" || true
        expect_nothing_left "$fetch_urls, SIGTERM with $how"
    done
}

# The kernel's own list is quicker to read than all of /proc, and not on every Linux.
children() {
    { cat "/proc/$1/task/$1/children" 2>/dev/null || children_of "$1"; } | tr ' ' '\n'
}

# Starts it in the background: `pid`, below `runner`. Returns when a page has been asked for.
start() {
    timeout 20 env ${how:+"$how=TERM"} "$fetch_urls" "$@" >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/errors" 3>&- &
    runner=$!
    await_requests 1
    pid=$(children "$runner")
}

@test "options and FILE are checked first; short of processes; what every program does" {
    expect_bad_usage "-w: expected a whole number from 1 to 100, got '0'" "$fetch_urls" -w 0 x
    expect_bad_usage "-w: expected a whole number from 1 to 100, got '101'" "$fetch_urls" -w 101 x
    expect_bad_usage "-n: expected a whole number from 1 to" "$fetch_urls" -n 0 x
    expect_bad_usage "-n: expected a whole number from 1 to" "$fetch_urls" -n x x
    expect_bad_usage "-t: expected a whole number from 1 to 3600, got '0.5'" "$fetch_urls" -t 0.5 x
    expect_bad_usage 'an argument is missing' "$fetch_urls"
    expect_bad_usage "unexpected argument 'y'" "$fetch_urls" x y
    expect_failure "open '$list': No such file or directory" "$list"
    expect_failure "read '/tmp': Is a directory" /tmp
    printf '%s\n\0' "$SITE" >"$list"
    expect_failure "'$list' is no text: Invalid or incomplete multibyte or wide character" "$list"
    make_public
    list=$PUBLIC/list # where any user may read
    printf '%s\n' "$SITE" "$SITE" >"$list"
    expect_edges "$fetch_urls" -w 2 "$list"
    # The check for curl takes one process, and is done; five workers can't be had.
    need_user
    run -1 --separate-stderr as_user 2 "$fetch_urls" -w 5 "$list"
    expect_same 'fetch_urls: open a pool of 5 workers: Resource temporarily unavailable' "$output$stderr"
    expect_nothing_left "$fetch_urls"
}

expect_failure() {
    run -1 --separate-stderr bounded 20 "$fetch_urls" "${@:2}"
    expect_same "fetch_urls: $1" "$output$stderr"
}
