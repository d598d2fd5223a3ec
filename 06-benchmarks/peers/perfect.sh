#!/usr/bin/env bash
# perfect.sh: benchmark's perfect task by programs that start programs.
#
# usage: perfect.sh xargs|parallel N WORKERS    the perfect numbers from 1 to N, and the seconds
#
# They run perfect_range, which build.sh has put into build/peers (or the directory PEERS), for blocks
# of the numbers, 100 at most: a program costs too much for one number. Exit status 3: the tool is
# missing, as standard error says.
set -euo pipefail
export LC_ALL=C

usage() {
    echo 'usage: perfect.sh xargs|parallel N WORKERS' >&2
    exit 2
}

missing() {
    echo "perfect.sh: $1" >&2
    exit 3
}

[ $# -eq 3 ] || usage
tool=$1 last=$2 workers=$3
number='^([1-9][0-9]{0,5}|1000000)$'
[[ $last =~ $number && $workers =~ $number ]] || usage
range=${PEERS:-build/peers}/perfect_range
[ -x "$range" ] || missing "there is no $range; build.sh builds it"

blocks() {
    local size=$((last < 10000 ? 100 : (last + 99) / 100))
    seq 1 "$size" "$last" |
        awk -v size="$size" -v last="$last" '{ end = $1 + size - 1; print $1, end < last ? end : last }'
}

case $tool in
xargs)
    echo 1 | xargs -P 1 true 2>/dev/null || missing 'there is no xargs that knows -P'
    run() { blocks | xargs -n 2 -P "$workers" "$range"; }
    ;;
parallel)
    [[ $(parallel --version 2>/dev/null </dev/null) == 'GNU parallel'* ]] || missing 'there is no GNU parallel'
    PARALLEL_HOME=$(mktemp -d) # else it writes into the home directory
    export PARALLEL_HOME
    trap 'rm -rf "$PARALLEL_HOME"' EXIT
    run() { blocks | parallel --will-cite --colsep ' ' -j "$workers" "$range" '{1}' '{2}'; }
    ;;
*) usage ;;
esac

start=${EPOCHREALTIME?bash 5 or newer is needed}
run
end=$EPOCHREALTIME
awk -v start="$start" -v end="$end" 'BEGIN { printf "%.6f\n", end - start }'
