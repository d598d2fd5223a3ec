#!/usr/bin/env bash
# What a second rank gains, and what messages between ranks cost: forked, and by the MPI for which
# `make mpi` has built them: `make bench-ranks`. MPIRUN is its mpirun. With TABLE, a file, writes there what
# `make report` needs.
set -u -o pipefail

cd "$(dirname "$0")/.." || exit
# shellcheck source=.ci/bench.bash
. .ci/bench.bash
export NO_COLOR=1 # Open MPI gives its ranks a terminal
mpirun=${MPIRUN:-mpirun}
last=20000 # the numbers 1 to this: a quarter of a second on two processors
repeats=3  # of the messages, within a round
[ -z "${QUICK:-}" ] || last=10000 repeats=1
sizes=(8 64 512 4096 16384 65536 262144 1048576)
words=([8]='8 B' [64]='64 B' [512]='512 B' [4096]='4 KB' [16384]='16 KB' [65536]='64 KB' [262144]='256 KB' [1048576]='1 MB')

# forked RANKS PROGRAM ARG...; and MPI does the same by mpirun
forked() {
    local directory=build/test
    [ "$2" != perfect_ranks ] || directory=06-benchmarks
    "$directory/$2" -n "$1" "${@:3}"
}

flags=()
MPI() {
    "$mpirun" ${flags[@]+"${flags[@]}"} -n "$1" "build/mpi/$2" "${@:3}" </dev/null
}

# Finds out the MPI's name, or why it can't be measured.
lack='' version=''
find_mpi() {
    local output
    if ! command -v "$mpirun" >/dev/null; then
        lack="no $mpirun here (apt-get install mpich)"
    elif [ ! -x build/mpi/perfect_ranks ] || [ ! -x build/mpi/ranks_bench ]; then
        lack='build/mpi has not both programs (make mpi)'
    else
        version=$("$mpirun" --version 2>/dev/null)
        if [[ $version == *open-mpi* ]]; then
            flags=(--allow-run-as-root)
            # Only if it must be: it has ranks that wait give way to each other, and that is slower.
            MPI 2 perfect_ranks -l 6 >/dev/null 2>&1 || flags+=(--oversubscribe)
        fi
        version=$(sed -n -e 's/^mpirun.* (Open[^)]*)/Open MPI/p' -e 's/^ *Version: */MPICH /p' <<<"$version" | head -n 1)
        if ! output=$(MPI 2 perfect_ranks -l 6 2>&1); then
            lack="$mpirun -n 2 build/mpi/perfect_ranks fails"
        elif [[ $output != *'2 ranks test in'* ]]; then # but twice 1
            lack="$mpirun is of another MPI than build/mpi"
        fi
    fi
}

ways=(forked) # and MPI, if it is there

# WAY: what `messages` prints
names_of() {
    local all=("${sizes[@]/#/ping-pong-}" "${sizes[@]/#/broadcast-}" wait)
    echo "${all[@]/#/$1-}"
}

# WAY: microseconds
messages() {
    "$1" 2 ranks_bench -r "$repeats" | awk '{ printf "%s ", $3 } END { print "" }'
}

# WAY RANKS: seconds
perfect() {
    "$1" "$2" perfect_ranks -l "$last" | awk '/ ranks test in / { print $5 }'
}

one_round() {
    local way ranks
    for way in "${ways[@]}"; do
        for ranks in 1 2; do
            measure "$way-$ranks" perfect "$way" "$ranks"
        done
    done
    for way in "${ways[@]}"; do
        measure "$(names_of "$way")" messages "$way"
    done
}

results_of_all() {
    local way size what
    heading ${version:+"$version"}
    for way in "${ways[@]}"; do
        line "perfect, 1 to $last: 1 rank, $way" "$way-1" 1 s
        line "2 ranks, $way" "$way-2" 1 s
    done
    for what in ping-pong broadcast; do
        for size in "${sizes[@]}"; do
            for way in "${ways[@]}"; do
                line "$what, ${words[size]}, $way" "$way-$what-$size" 1 us
            done
        done
    done
    for way in "${ways[@]}"; do
        line "processor time of a wait of 100 ms, $way" "$way-wait" 1e-3 ms
    done
    echo
    share 'perfect_ranks, forked: 2 ranks, times faster than 1' forked-1 forked-2 '>= 1.9'
    if [ -n "$lack" ]; then
        printf '%-60s       - not measured: %s\n' 'ranks beside an MPI' "$lack" | tee -a "${RATIOS:-/dev/null}"
    else
        share 'perfect_ranks, MPI: 2 ranks, times faster than 1' MPI-1 MPI-2 '>= 1.9'
        for what in ping-pong broadcast; do
            ratio "$what of 8 B, forked: part of the MPI's speed" "MPI-$what-8" "forked-$what-8"
            for size in 65536 262144 1048576; do
                ratio "$what of ${words[size]}, forked: part of the MPI's bandwidth" "MPI-$what-$size" "forked-$what-$size" '>= 0.7'
            done
        done
    fi
    [ -z "${TABLE:-}" ] || write_ranks >"$TABLE"
}

write_ranks() {
    local way what size
    printf 'table\twhat\tat\tunit\tmedian\tleast\tmost\trounds\n'
    for way in "${ways[@]}"; do
        row 'perfect ranks' "$way" 1 s "$way-1"
        row 'perfect ranks' "$way" 2 s "$way-2"
        for what in ping-pong broadcast; do
            for size in "${sizes[@]}"; do
                row ranks "$what, $way" "$size" us "$way-$what-$size"
            done
        done
    done
}

find_mpi
if [ -n "$interrupted" ]; then # it was only Ctrl-C that made it fail
    trap - INT
    kill -INT $$
fi
[ -n "$lack" ] || ways+=(MPI)
in_rounds one_round results_of_all
