#!/usr/bin/env bash
# Everything that is measured, in turn, and at the end all ratios in one table: `make bench`, or with -q
# `make bench-quick`. Leaves what `make report` draws in build/bench. After Ctrl-C, it shows and keeps
# what it has.
set -u

cd "$(dirname "$0")/.." || exit
last=30000 # the numbers 1 to this
if [ "${1:-}" = -q ]; then
    export QUICK=yes ROUNDS="${ROUNDS:-3}"
    last=9999
fi
directory=build/bench
mkdir -p "$directory" && rm -f "$directory"/* || exit
export RATIOS=$directory/ratios.txt
: >"$RATIOS"
interrupted='' failed='' # failed: the names of parts
trap 'interrupted=yes' INT

read -ra cc <<<"${CC:-cc}"
# The processor, the system, the compiler, the day.
{
    processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
    printf '%s processors%s, %s, %s, %s\n' "$(getconf _NPROCESSORS_ONLN)" "${processor:+ ($processor)}" \
        "$(uname -srm)" "$("${cc[@]}" --version | head -n 1)" "$(date -u +%Y-%m-%d)"
} >"$directory/machine.txt"

part=0 parts=9
# part NAME COMMAND...
part() {
    [ -z "$interrupted" ] || return
    part=$((part + 1))
    printf '\n=== %d of %d, after %d s: %s\n' "$part" "$parts" "$SECONDS" "$1"
    "${@:2}" || { [ -n "$interrupted" ] || failed+="${failed:+, }$1"; }
}

cat "$directory/machine.txt"
part 'what a process costs' 06-benchmarks/spawn_cost ${QUICK:+-q} -o "$directory/spawn.tsv"
part 'what a message costs' 06-benchmarks/ipc_cost ${QUICK:+-q} -o "$directory/ipc.tsv"
part 'what a task costs' 06-benchmarks/pool_cost ${QUICK:+-q} -o "$directory/pool.tsv"
part 'the algorithms, and the modes' 06-benchmarks/benchmark -k all -m all -t perfect -w 2 \
    -n "$last" -o "$directory/modes.tsv"
part 'chapters 2 and 3 beside the bare calls and Python' bash .ci/bench-ipc.sh
part 'chapters 4 and 5 beside OpenMP, posix_spawn and Python' bash .ci/bench-pool.sh
part 'the two tasks beside OpenMP, Python, xargs and parallel' env TABLE="$directory/peers.tsv" bash .ci/bench-perfect.sh
part 'ranks beside an MPI' env TABLE="$directory/ranks.tsv" bash .ci/bench-ranks.sh
part 'http_server beside Python' bash .ci/bench-http.sh

printf '\n=== the ratios, after %d s%s\n' "$SECONDS" "${interrupted:+; interrupted}"
cat "$directory/machine.txt"
cat "$RATIOS"
awk '/ ahead( |$)/ { ahead++ } / level( |$)/ { level++ } / behind( |$)/ { behind++ } /: yes$/ { yes++ } /: NO$/ { no++ }
    END { printf "ahead %d, level %d, behind %d; wanted: %d reached, %d not\n", ahead, level, behind, yes, no }' "$RATIOS"
[ -z "$failed" ] || echo "bench: failed: $failed" >&2
if [ -n "$interrupted" ]; then
    trap - INT
    kill -INT $$
fi
[ -z "$failed" ]
