#!/usr/bin/env bash
# How many requests a second http_server answers, beside python3 -m http.server on the same file:
#   .ci/bench-http.sh [ROUNDS [REQUESTS]]        5 rounds of 5000 requests each, 32 at a time
# The two take turns, so that a busy moment of the machine hits both. Needs python3, and ab (Debian's
# package apache2-utils) or wrk. Not part of make test. The exit status is 0 if no request failed, and
# http_server did at least three times as many.
set -u

cd "$(dirname "$0")/.." || exit
rounds=${1:-5} requests=${2:-5000} clients=32

complain() {
    echo "bench-http: $*" >&2
    exit 1
}

[[ $rounds =~ ^[1-9][0-9]*$ && $requests =~ ^[1-9][0-9]*$ && $requests -ge $clients && $# -le 2 ]] || {
    echo "usage: .ci/bench-http.sh [ROUNDS [REQUESTS]], at least $clients requests" >&2
    exit 2
}
command -v python3 >/dev/null || complain 'python3 is missing: there is nothing to compare with'
if command -v ab >/dev/null; then
    tool=ab
elif command -v wrk >/dev/null; then
    tool=wrk
else
    complain 'neither ab nor wrk is here: apt-get install apache2-utils (or wrk)'
fi
make -s 01-fork/http_server || exit

directory=$(mktemp -d) || exit
servers=()
clean_up() {
    [ "${#servers[@]}" -eq 0 ] || kill "${servers[@]}" 2>/dev/null
    wait
    rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$directory/site"
head -c 4096 /dev/urandom >"$directory/site/page"

# start NAME COMMAND...: a server that prints its URL; `url` is that of the page.
start() {
    local end=$((SECONDS + 10)) output=$directory/$1
    shift
    : >"$output"
    "$@" >"$output" 2>"$output.errors" &
    servers+=($!)
    until url=$(grep -om 1 'http://127\.0\.0\.1:[0-9]*/' "$output"); do
        if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$!" 2>/dev/null; then
            complain "no server: $*: $(cat "$output.errors")"
        fi
        sleep 0.05
    done
    url+=page
}

# Prints the requests a second, and how many failed.
measure() {
    case $tool in
    ab) ab -q -n "$requests" -c "$clients" "$1" 2>&1 | awk '
        /^Requests per second/ { rate = $4 }
        /^Complete requests/   { complete = $3 }
        /^Failed requests/     { failed = $3 }
        /^Non-2xx responses/   { failed += $3 }
        END { print rate + 0, (complete == "'"$requests"'" ? failed : "some") }' ;;
    wrk) wrk -t 2 -c "$clients" -d 3 -H 'Connection: close' "$1" 2>&1 | awk '
        /^Requests\/sec/     { rate = $2 }
        /Non-2xx/            { failed += $NF }
        /Socket errors/      { gsub(/[^0-9 ]/, ""); failed += $1 + $2 + $3 + $4 }
        END { print rate + 0, (rate > 0 ? failed + 0 : "some") }' ;;
    esac
}

median() {
    sort -n | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

start ours ./01-fork/http_server -p 0 "$directory/site"
ours=$url
start python python3 -u -m http.server --bind 127.0.0.1 --directory "$directory/site" 0
python=$url

[ "$tool" = wrk ] && what='3 seconds' || what="$requests requests"
printf '%s, %d clients at once, %s a round, a file of 4096 bytes\n' "$tool" "$clients" "$what"
printf '%-7s %14s %14s %7s\n' round http_server python ratio
failures=''
for ((round = 1; round <= rounds; round++)); do
    read -r rate failed < <(measure "$ours")
    read -r python_rate python_failed < <(measure "$python")
    ratio=$(awk "BEGIN { print ($python_rate > 0 ? $rate / $python_rate : 0) }")
    printf '%-7d %12.0f/s %12.0f/s %7.1f\n' "$round" "$rate" "$python_rate" "$ratio"
    echo "$rate" >>"$directory/rates" && echo "$python_rate" >>"$directory/python_rates"
    echo "$ratio" >>"$directory/ratios"
    [ "$failed" = 0 ] || failures+=" http_server: $failed in round $round."
    [ "$python_failed" = 0 ] || echo "bench-http: python: $python_failed failed in round $round" >&2
done
ratio=$(median <"$directory/ratios")
printf '%-7s %12.0f/s %12.0f/s %7.1f\n' median "$(median <"$directory/rates")" "$(median <"$directory/python_rates")" "$ratio"

[ -z "$failures" ] || complain "failed requests:$failures"
awk "BEGIN { exit !($ratio >= 3) }" || complain 'http_server did less than three times as many'
