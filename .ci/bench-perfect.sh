#!/usr/bin/env bash
# The notebook's two tasks, as chapter 6's benchmark does them, beside a bare loop, OpenMP, Python, xargs
# and GNU parallel: `make bench-perfect`. What is missing of these is named. With TABLE, a file, writes
# there what `make report` needs for the document's table.
set -u -o pipefail

cd "$(dirname "$0")/.." || exit
# shellcheck source=.ci/bench.bash
. .ci/bench.bash
peers=06-benchmarks/peers benchmark=06-benchmarks/benchmark
workers=2
long=30000 # the numbers 1 to this: enough work to tell a hundredth more or less
short=2000                      # as much as Python can do, again and again
naps=10 nap=0.1
[ -z "${QUICK:-}" ] || long=10000 short=1000 nap=0.05

CC=${CC:-cc} sh $peers/build.sh "$results"
case $? in
0) openmp=yes ;;
3) openmp='' && not_measured openmp "${CC:-cc} -fopenmp does not work" ;;
*) exit 1 ;;
esac

# The last line of what it prints.
seconds_of() {
    "$@" | tail -n 1
}

# TASK N MODE: ours.
ours() {
    local options=(-t "$1" -n "$2" -m "$3" -w "$workers")
    TIME_SCALE=$nap "$benchmark" "${options[@]}" | awk '/ test in / { print $(NF - 1) }'
}

# Two at once, each with all the numbers: as fast as this machine is with two processes.
two_at_once() {
    local loop=("$results/perfect_loop" "$long" 1)
    # A pipe only for Ctrl-C: what runs behind an & would ignore it.
    { "${loop[@]}" >"$results/this"; } | "${loop[@]}" >"$results/that" &&
        tail -qn 1 "$results/this" "$results/that" | sort -g | tail -n 1
}

# NAME TOOL N: for xargs and parallel.
programs() {
    [ ! -e "$results/$1.missing" ] || return 0
    local why
    if why=$(PEERS=$results bash $peers/perfect.sh "$2" 10 1 2>&1 >/dev/null); then
        measure "$1" seconds_of env PEERS="$results" bash $peers/perfect.sh "$2" "$3" $workers
    else
        not_measured "$1" "${why#perfect.sh: }"
    fi
}

one_round() {
    measure loop seconds_of "$results/perfect_loop" "$long" 1
    measure mono ours perfect "$long" mono
    measure two two_at_once
    measure pool ours perfect "$long" pool
    measure threads ours perfect "$long" threads
    [ -z "$openmp" ] || measure openmp seconds_of "$results/perfect_openmp" "$long" $workers
    programs xargs xargs "$long"
    programs parallel parallel "$long"
    for mode in mono multi pool; do
        measure "short_$mode" ours perfect "$short" "$mode"
        measure "sleep_$mode" ours sleep "$naps" "$mode"
        python_seconds "python_$mode" "$short" "$mode"
        python_seconds "python_sleep_$mode" "$naps" "$mode" "$nap"
    done
    python_seconds python_futures "$short" futures
    python_seconds python_subprocess "$short" subprocess
}

# NAME N MODE [SECONDS]
python_seconds() {
    if [ -n "$python" ]; then
        measure "$1" seconds_of "$python" $peers/perfect.py "$2" "$workers" "${@:3}"
    else
        not_measured "$1" 'python3 is missing'
    fi
}

results_of_all() {
    heading ${python:+"$($python --version)"} "$workers workers"
    line "perfect, 1 to $long: bare loop" loop 1 s
    line 'mono' mono 1 s
    line 'pool' pool 1 s
    line 'threads' threads 1 s
    line 'OpenMP, schedule(dynamic,1)' openmp 1 s
    line 'two bare loops at once' two 1 s
    line 'xargs -P, 100 blocks' xargs 1 s
    line 'GNU parallel, 100 blocks' parallel 1 s
    for mode in mono multi pool; do
        line "perfect, 1 to $short: $mode" "short_$mode" 1 s
        line "Python $mode" "python_$mode" 1 s
    done
    line 'Python concurrent.futures' python_futures 1 s
    line 'Python subprocess' python_subprocess 1 s
    for mode in mono multi pool; do
        line "sleep, $naps x $nap s: $mode" "sleep_$mode" 1 s
        line "Python $mode" "python_sleep_$mode" 1 s
    done
    echo
    ratio 'perfect, mono: times the bare loop' mono loop '<= 1.02'
    share 'perfect, pool of 2: times faster than mono' mono pool '>= 1.90'
    share 'the same for two at once, the most there is' two pool '>= 1.94'
    ratio 'perfect, pool: times OpenMP' pool openmp '<= 1.03'
    ratio 'perfect, xargs -P: times our pool' xargs pool
    ratio 'perfect, GNU parallel: times our pool' parallel pool
    for mode in mono multi pool; do
        ratio "perfect, Python's $mode: times ours" "python_$mode" "short_$mode"
    done
    ratio "perfect, Python's futures: times our pool" python_futures short_pool
    ratio "perfect, Python's subprocess: times our pool" python_subprocess short_pool
    for mode in mono multi pool; do
        ratio "sleep, Python's $mode: times ours" "python_sleep_$mode" "sleep_$mode"
    done
    [ -z "${TABLE:-}" ] || write_peers >"$TABLE"
}

write_peers() {
    printf 'table\twhat\tat\tunit\tmedian\tleast\tmost\trounds\n'
    for mode in mono multi pool; do
        row peers "perfect $short" "C $mode" s "short_$mode"
        row peers "perfect $short" "Python $mode" s "python_$mode"
        row peers "sleep $nap" "C $mode" s "sleep_$mode"
        row peers "sleep $nap" "Python $mode" s "python_sleep_$mode"
    done
}

in_rounds one_round results_of_all
