#!/usr/bin/env bash
# What chapters 2 and 3 cost beside the bare system calls and, where python3 is, beside Python's
# multiprocessing: `make bench-ipc`. Each round measures everything in turn, so that what slows the
# machine down for a while slows all of them down; shown are the medians, and the ratio of the medians.
set -u

cd "$(dirname "$0")/.." || exit
ours=build/test/ipc_bench
python=$(command -v python3) || python=''
rounds=${ROUNDS:-5}
results=$(mktemp -d "${TMPDIR:-/tmp}/bench-ipc-XXXXXX") || exit
trap 'rm -rf "$results"' EXIT

# measure NAME COMMAND...: adds what the command prints to the samples of that name.
measure() {
    local name=$1
    shift
    "$@" >>"$results/$name" || {
        echo "bench-ipc: failed: $*" >&2
        exit 1
    }
}

peer() {
    [ -z "$python" ] || measure "$1" "$python" .ci/bench_ipc.py "${@:2}"
}

# So many processors as there are, and one: a queue that only spins would collapse there.
pinned=(taskset -c "$(awk '/^Cpus_allowed_list/ { sub(/[-,].*/, "", $2); print $2 }' /proc/self/status 2>/dev/null)")
"${pinned[@]}" true 2>/dev/null || pinned=()

for ((round = 1; round <= rounds; round++)); do
    [ ! -t 2 ] || printf 'round %d of %d\r' "$round" "$rounds" >&2
    measure queue11 $ours queue 2000000 1 1
    peer python11 queue 60000 1 1
    measure queue22 $ours queue 2000000 2 2
    peer python22 queue 60000 2 2
    if [ ${#pinned[@]} -gt 0 ]; then
        measure queue11pinned "${pinned[@]}" $ours queue 2000000 1 1
        measure queue22pinned "${pinned[@]}" $ours queue 2000000 2 2
    fi
    measure conn $ours conn 40000
    measure socket $ours socket 40000
    measure pipe $ours pipe 40000
    peer pythonpipe pipe 10000
    measure process $ours process 2000
    measure fork $ours fork 2000
    peer pythonprocess process 200
done

median() {
    sort -g "$results/$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

spread() {
    sort -g "$results/$1" | awk -v unit="$2" '{ v[NR] = $1 * unit } END { printf "%.3g to %.3g", v[1], v[NR] }'
}

# line TEXT NAME FACTOR UNIT: the median, and the least and the most of the rounds
line() {
    [ -e "$results/$2" ] || return 0
    printf '%-38s %10.2f %-11s (%s)\n' "$1" "$(awk -v m="$(median "$2")" -v f="$3" 'BEGIN { print m * f }')" "$4" "$(spread "$2" "$3")"
}

# ratio TEXT NAME OTHER WANTED: how many times NAME is OTHER, which should be ">= N" or "<= N"
ratio() {
    if [ ! -e "$results/$2" ] || [ ! -e "$results/$3" ]; then
        printf '%-58s not measured: python3 is missing\n' "$1"
        return
    fi
    awk -v text="$1" -v a="$(median "$2")" -v b="$(median "$3")" -v wanted="$4" 'BEGIN {
        split(wanted, w, " ")
        good = w[1] == ">=" ? a / b >= w[2] : a / b <= w[2]
        printf "%-58s %6.2f   wanted %s: %s\n", text, a / b, wanted, good ? "yes" : "NO"
    }'
}

echo "$rounds rounds on $(getconf _NPROCESSORS_ONLN) processors, $(uname -srm); ${python:+$($python --version)}"
echo
line 'queue, 64 bytes, 1 to 1' queue11 1e-6 'million/s'
line 'queue, 64 bytes, 2 to 2' queue22 1e-6 'million/s'
line 'queue, 1 to 1, all on one processor' queue11pinned 1e-6 'million/s'
line 'queue, 2 to 2, all on one processor' queue22pinned 1e-6 'million/s'
line 'Python Queue, 1 to 1' python11 1e-6 'million/s'
line 'Python Queue, 2 to 2' python22 1e-6 'million/s'
line 'conn, round trip of 64 bytes' conn 1e6 us
line 'bare socketpair' socket 1e6 us
line 'bare pipes' pipe 1e6 us
line 'Python Pipe' pythonpipe 1e6 us
line 'process, start and join' process 1e6 us
line 'bare fork and waitpid' fork 1e6 us
line 'Python Process' pythonprocess 1e6 us
echo
ratio 'queue 1 to 1: times as many items as Python' queue11 python11 '>= 20'
ratio 'queue 2 to 2: times as many items as Python' queue22 python22 '>= 10'
[ ${#pinned[@]} -eq 0 ] || ratio 'queue 1 to 1 on one processor: part of that on all' queue11pinned queue11 '>= 0.5'
ratio 'conn: times the bare socketpair' conn socket '<= 1.15'
ratio "Python's Pipe: times conn" pythonpipe conn '>= 3'
ratio 'process: times bare fork and waitpid' process fork '<= 1.2'
ratio "Python's Process: times process" pythonprocess process '>= 8'
