#!/usr/bin/env bash
# What faults.txt runs of 05-subprocess/fetch_urls: two pages of a server in which nothing fails. Ends with
# the status of fetch_urls.
# shellcheck disable=SC2154 # coproc sets server_PID
set -u

tree=${0%/*}/../..
coproc server { exec env -u LD_PRELOAD "$tree/01-fork/http_server" -p 0; }
pid=$server_PID
read -r -t 5 address <&"${server[0]}"
"$tree/05-subprocess/fetch_urls" "$@" <(printf '%s\n' "$address" "$address")
status=$?
kill "$pid"
wait "$pid"
exit "$status"
