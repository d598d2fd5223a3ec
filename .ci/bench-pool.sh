#!/usr/bin/env bash
# What chapter 4's pool costs beside OpenMP, a bare loop and Python's Pool, and what chapter 5's
# subprocess costs beside bare posix_spawn and Python's: `make bench-pool`. Where python3 is missing, or
# a compiler with OpenMP, the rest is measured all the same.
set -u

cd "$(dirname "$0")/.." || exit
# shellcheck source=.ci/bench.bash
. .ci/bench.bash
ours=build/test/pool_bench

read -ra cc <<<"${CC:-cc}"
threads=$results/tasks_openmp
if "${cc[@]}" -O2 -fopenmp -o "$threads" 06-benchmarks/peers/tasks_openmp.c 2>/dev/null; then
    openmp=yes
else
    openmp='' # then only its bare loop
    not_measured openmp "${cc[*]} -fopenmp does not work"
    "${cc[@]}" -O2 -o "$threads" 06-benchmarks/peers/tasks_openmp.c || exit
fi

# MB in the parent; the most only where the machine can spare it.
sizes=(10 100 1024) programs='run10 spawn10 run100 spawn100 run1024 spawn1024'
available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo 2>/dev/null)
if [ "${available:-0}" -lt 2048 ]; then
    sizes=(10 100) programs='run10 spawn10 run100 spawn100'
    for name in run1024 spawn1024 fork1024; do
        not_measured $name 'no 2 GB of memory to spare'
    done
fi

one_round() {
    measure map $ours map 10 "$(amount 100000)"
    [ -z "$openmp" ] || measure openmp "$threads" omp 10 "$(amount 100000)"
    measure loop "$threads" loop 10 "$(amount 100000)"
    peer pythonmap pool.py map 1 "$(amount 10000)"
    measure maps $ours maps "$(amount 20000)" 10
    peer pythonmaps pool.py maps "$(amount 500)" 10
    measure async $ours async 50 "$(amount 10000)"
    peer pythonasync pool.py async 1 "$(amount 10000)"
    measure trips $ours trips 50 "$(amount 1000)"
    peer pythontrips pool.py trips 1 "$(amount 1000)"
    measure imap $ours imap 5 "$(amount 100000)"
    peer pythonimap pool.py imap 1 "$(amount 5000)"
    measure unordered $ours unordered 5 "$(amount 100000)"
    peer pythonunordered pool.py unordered 1 "$(amount 5000)"
    measure pools $ours pools "$(amount 200)" 2
    peer pythonpools pool.py pools "$(amount 20)" 2
    measure "$programs" $ours run "$(amount 200)" "${sizes[@]}"
    [ -e "$results/fork1024.missing" ] || measure fork1024 $ours fork 5 1024
    peer pythonrun pool.py run "$(amount 100)" 10
}

results_of_all() {
    heading ${python:+"$($python --version)"} ${openmp:+"OpenMP of $("${cc[@]}" --version | head -n 1)"}
    line 'pool_map, chunk 1, 2 workers: a task' map 1e6 us
    line 'OpenMP, schedule(dynamic,1), 2 threads' openmp 1e6 us
    line 'bare loop' loop 1e6 us
    line 'Python Pool.map, chunksize 1' pythonmap 1e6 us
    line 'pool_map of 10 tasks: a map' maps 1e6 us
    line 'Python Pool.map of 10 tasks' pythonmaps 1e6 us
    line 'apply_async, then collected: a task' async 1e6 us
    line 'Python apply_async, then collected' pythonasync 1e6 us
    line 'apply_async and get, one at a time' trips 1e6 us
    line 'Python apply_async and get' pythontrips 1e6 us
    line 'imap: a task' imap 1e6 us
    line 'Python imap' pythonimap 1e6 us
    line 'imap, unordered: a task' unordered 1e6 us
    line 'Python imap_unordered' pythonunordered 1e6 us
    line 'pool of 2, made and ended' pools 1e6 us
    line 'Python Pool' pythonpools 1e6 us
    for size in 10 100 1024; do
        line "subprocess_run(true) beside $size MB" run$size 1e6 us
        line "bare posix_spawnp beside $size MB" spawn$size 1e6 us
    done
    line 'bare fork and execvp beside 1024 MB' fork1024 1e6 us
    line 'Python subprocess.run beside 10 MB' pythonrun 1e6 us
    echo
    ratio "Python's map, chunk 1: times ours" pythonmap map '>= 200'
    ratio 'pool_map, chunk 1: times OpenMP' map openmp '<= 1.5'
    ratio "Python's maps of 10 tasks: times ours" pythonmaps maps '>= 30'
    ratio "Python's apply_async, then collected: times ours" pythonasync async '>= 50'
    ratio "Python's apply_async and get: times ours" pythontrips trips '>= 20'
    ratio "Python's imap: times ours" pythonimap imap
    ratio "Python's imap_unordered: times ours" pythonunordered unordered
    ratio "Python's pool of 2, made and ended: times ours" pythonpools pools '>= 15'
    ratio 'subprocess_run: times bare posix_spawnp, beside 10 MB' run10 spawn10 '<= 1.10'
    ratio 'subprocess_run: times bare posix_spawnp, beside 1024 MB' run1024 spawn1024 '<= 1.10'
    share 'subprocess_run: beside 1024 MB, times beside 10 MB' run1024 run10 '<= 1.10'
    ratio "Python's subprocess.run: times ours" pythonrun run10
}

in_rounds one_round results_of_all
