#!/usr/bin/env bash
# What chapters 2 and 3 cost beside the bare system calls and, where python3 is, beside Python's
# multiprocessing: `make bench-ipc`.
set -u

cd "$(dirname "$0")/.." || exit
# shellcheck source=.ci/bench.bash
. .ci/bench.bash
ours=build/test/ipc_bench

# So many processors as there are, and one: a queue that only spins would collapse there.
pinned=(taskset -c "$(awk '/^Cpus_allowed_list/ { sub(/[-,].*/, "", $2); print $2 }' /proc/self/status 2>/dev/null)")
"${pinned[@]}" true 2>/dev/null || pinned=()

one_round() {
    measure queue11 $ours queue "$(amount 2000000)" 1 1
    peer python11 ipc.py queue "$(amount 60000)" 1 1
    measure queue22 $ours queue "$(amount 2000000)" 2 2
    peer python22 ipc.py queue "$(amount 60000)" 2 2
    if [ ${#pinned[@]} -gt 0 ]; then
        measure queue11pinned "${pinned[@]}" $ours queue "$(amount 2000000)" 1 1
        measure queue22pinned "${pinned[@]}" $ours queue "$(amount 2000000)" 2 2
    fi
    measure conn $ours conn "$(amount 40000)"
    measure socket $ours socket "$(amount 40000)"
    measure pipe $ours pipe "$(amount 40000)"
    peer pythonpipe ipc.py pipe "$(amount 10000)"
    measure process $ours process "$(amount 2000)"
    measure fork $ours fork "$(amount 2000)"
    peer pythonprocess ipc.py process "$(amount 200)"
}

results_of_all() {
    heading ${python:+"$($python --version)"}
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
    [ ${#pinned[@]} -eq 0 ] || share 'queue 1 to 1 on one processor: part of that on all' queue11pinned queue11 '>= 0.5'
    ratio 'conn: times the bare socketpair' conn socket '<= 1.15'
    ratio "Python's Pipe: times conn" pythonpipe conn '>= 3'
    ratio 'process: times bare fork and waitpid' process fork '<= 1.2'
    ratio "Python's Process: times process" pythonprocess process '>= 8'
}

in_rounds one_round results_of_all
