#!/usr/bin/env bash
# What faults.txt runs of 01-fork/http_server: a server, two clients, and its end by SIGTERM. Ends with
# the server's exit status. The clients are bash's own, and know nothing of faults.
# shellcheck disable=SC2154 # coproc sets server_PID
set -u

coproc server { exec "${0%/*}/../../01-fork/http_server" -p 0 -t 2; }
pid=$server_PID
trap '' PIPE # not before: the server would inherit it
read -r -t 5 address <&"${server[0]}" || address=''
port=${address//[!0-9]/}
port=${port#127001}

for page in / /none; do
    [ -n "$port" ] || break
    if exec 9<>"/dev/tcp/127.0.0.1/$port"; then
        printf 'GET %s HTTP/1.0\r\n\r\n' "$page" >&9
        timeout 5 cat <&9
        exec 9>&-
    fi
done
kill "$pid"
wait "$pid"
