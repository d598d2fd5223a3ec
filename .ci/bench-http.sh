#!/usr/bin/env bash
# How many requests a second http_server answers, beside python3 -m http.server on the same file:
# `bash .ci/bench-http.sh`. Needs python3, and ab (Debian's package apache2-utils) or wrk.
set -u

cd "$(dirname "$0")/.." || exit
# shellcheck source=.ci/bench.bash
. .ci/bench.bash
clients=32 requests=${REQUESTS:-$(amount 2000)}

give_up() {
    echo "bench-http: $*" >&2
    [ -n "${RATIOS:-}" ] || exit 1
    printf '%-60s       - not measured: %s\n' 'http_server beside http.server' "$*" >>"$RATIOS"
    exit 0
}

[[ $requests =~ ^[1-9][0-9]*$ && $requests -ge $clients ]] || {
    echo "bench-http: REQUESTS must be a whole number, $clients or more" >&2
    exit 2
}
[ -n "$python" ] || give_up 'python3 is missing'
if command -v ab >/dev/null; then
    tool=ab what="$requests requests"
elif command -v wrk >/dev/null; then
    tool=wrk what='3 seconds'
else
    give_up 'neither ab nor wrk is here: apt-get install apache2-utils (or wrk)'
fi
make -s 01-fork/http_server || exit

servers=()
clean_up() {
    [ "${#servers[@]}" -eq 0 ] || kill "${servers[@]}" 2>/dev/null
    wait
    rm -rf "$results"
}
trap clean_up EXIT
trap 'exit 143' TERM
mkdir "$results/site"
head -c 4096 /dev/urandom >"$results/site/page"

# start NAME COMMAND...: a server that prints its URL; `url` is that of the page.
start() {
    local end=$((SECONDS + 10)) output=$results/$1.output
    shift
    : >"$output"
    "$@" >"$output" 2>"$output.errors" &
    servers+=($!)
    until url=$(grep -om 1 'http://127\.0\.0\.1:[0-9]*/' "$output"); do
        if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$!" 2>/dev/null; then
            echo "bench-http: no server: $*: $(cat "$output.errors")" >&2
            exit 1
        fi
        sleep 0.05
    done
    url+=page
}

# Prints the requests a second; fails if one of them failed.
request_rate() {
    case $tool in
    ab) ab -q -n "$requests" -c "$clients" "$1" 2>&1 | awk '
        /^Requests per second/ { rate = $4 }
        /^Complete requests/   { complete = $3 }
        /^Failed requests/     { failed = $3 }
        /^Non-2xx responses/   { failed += $3 }
        END { print rate + 0; exit failed > 0 || complete != "'"$requests"'" }' ;;
    wrk) wrk -t 2 -c "$clients" -d 3 -H 'Connection: close' "$1" 2>&1 | awk '
        /^Requests\/sec/     { rate = $2 }
        /Non-2xx/            { failed += $NF }
        /Socket errors/      { gsub(/[^0-9 ]/, ""); failed += $1 + $2 + $3 + $4 }
        END { print rate + 0; exit failed > 0 || rate == 0 }' ;;
    esac
}

start ours ./01-fork/http_server -p 0 "$results/site"
ours=$url
start python "$python" -u -m http.server --bind 127.0.0.1 --directory "$results/site" 0
theirs=$url

one_round() {
    measure http_server request_rate "$ours"
    measure python request_rate "$theirs"
}

results_of_all() {
    heading "$tool, $clients clients at once, $what a round, a file of 4096 bytes" "$($python --version)"
    line 'http_server' http_server 1 requests/s
    line 'python3 -m http.server' python 1 requests/s
    echo
    ratio 'http_server: times as many requests as http.server' http_server python '>= 3'
}

in_rounds one_round results_of_all
