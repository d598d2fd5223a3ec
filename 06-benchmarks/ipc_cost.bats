#!/usr/bin/env bats
# ipc_cost: every way has its rows or a reason, nothing is lost unnoticed, and nothing is left behind. How
# fast it is, is not tested, as that depends on the machine.

load ../.ci/test_helper
load cost

ipc_cost=06-benchmarks/ipc_cost
ways=(pipe stream seqpacket mqueue conn queue)
trips=("${ways[@]}" ring sem_t semaphore)

setup() {
    common_setup
    tsv=$BATS_TEST_TMPDIR/tsv
}

# all_rows ROUNDS WAY...: each way with each size, as rows_of tells it.
all_rows() {
    local way size
    for way in "${@:2}"; do
        for size in 1 64 4096 65536; do echo "$way|$size|$1"; done
    done
}

# Waits until the process has had other children than before, so many times (they live for milliseconds),
# or is gone. `changes` is how many times that was, and `most_children` how many it had at once.
watch_children() {
    local children='' before='' end=$((SECONDS + 20))
    local -a list
    changes=0 most_children=0
    [ -e "/proc/$$/task/$$/children" ] || skip 'no /proc/PID/task/PID/children'
    while [ "$changes" -lt "$2" ] && kill -0 "$1" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || fail "only $changes changes in 20 seconds" || return
        read -ra list 2>/dev/null <"/proc/$1/task/$1/children" || true # there is no newline
        children=${list[*]}
        [[ -n $children && $children != "$before" ]] || continue
        before=$children
        changes=$((changes + 1))
        [ "${#list[@]}" -le "$most_children" ] || most_children=${#list[@]}
    done
}

# Starts ipc_cost ARG... in the background; `pid` is its process.
start() {
    # bash would have it ignore SIGINT, and then it would not hear of Ctrl-C.
    env --default-signal=INT "$ipc_cost" "$@" >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
    pid=$!
}

# Waits for the end of what `start` has started: status, output and stderr, as `run` gives them.
finish() {
    status=0
    wait "$pid" || status=$?
    output=$(cat "$BATS_TEST_TMPDIR/output") stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
}

# Builds `lossy`, whose io_write loses the tenth message of LOSE bytes, where there are AMONG processes; or,
# with CHANGE set, writes another one.
build_lossy() {
    lossy=$BATS_TEST_TMPDIR/ipc_cost
    cat >"$lossy.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int siblings(void)
{
    char path[64];
    int pid, count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)getppid(), (int)getppid());
    FILE *file = fopen(path, "r");
    while (file != NULL && fscanf(file, "%d", &pid) == 1)
        count++;
    return count;
}
ssize_t write_lossy(int descriptor, const void *bytes, size_t size);
ssize_t write_lossy(int descriptor, const void *bytes, size_t size)
{
    static int count;
    char others[64];
    if (size != (size_t)atoi(getenv("LOSE")) || ++count != 10 || siblings() != atoi(getenv("AMONG")))
        return write(descriptor, bytes, size);
    memset(others, '?', sizeof others);
    return getenv("CHANGE") != NULL ? write(descriptor, others, sizeof others) : (ssize_t)size;
}
END
    bounded 60 "${CC:-cc}" -Ilib -Dwrite=write_lossy -include unistd.h -c -o "$lossy.io.o" lib/io.c
    bounded 60 "${CC:-cc}" -D_POSIX_C_SOURCE=200809L -o "$lossy" "$lossy.c" "$lossy.io.o" \
        build/06-benchmarks/ipc_cost.o build/libprocesses.a -pthread
}

@test "every way has its rows, in the file as printed; the figures are possible" {
    run --separate-stderr bounded 60 "$ipc_cost" -q -r 1 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]] || report "$ipc_cost"
    expect_tables "$tsv" 1
    [[ $output != *'not measured'* ]]
    # Where there are message queues, long messages may be too long for them; where not, nine rows say why.
    lacking='^mqueue.*|65536|'
    ! grep -q $'^throughput\tmqueue 1 to 1\t1\t.*\t0$' "$tsv" || lacking='^mqueue'
    expect_same "$(all_rows 1 "${ways[@]/%/ 1 to 1}" 'ring 1 to 1' memcpy "${ways[@]/%/ 2 to 2}")" \
        "$(rows_of throughput "$tsv" | sed "/$lacking/s/|0\$/|1/")"
    expect_same "$(printf '%s|64|1\n' "${trips[@]}")" "$(rows_of 'round trip' "$tsv" | sed "/$lacking/s/|0\$/|1/")"
    # Coarse, for any machine and load: it is the units that are checked, and that long messages carry more.
    awk -F '\t' '
        $2 == "pipe 1 to 1" && $3 == 1 && !($5 > 0.001 && $5 < 50) { print; exit 1 }
        $1 == "round trip" && !($5 > 0.02 && $5 < 20000) { print; exit 1 }
        $2 ~ /^(pipe|stream|seqpacket|conn) . to/ && $3 == 65536 && $5 < 3 * short { print; exit 1 }
        $3 == 1 { short = $5 }' "$tsv"
    expect_nothing_left "$ipc_cost"
}

@test "-w, -r, -q: only this way, so many rounds, of so many milliseconds" {
    for way in ring sem_t memcpy; do
        run --separate-stderr bounded 20 "$ipc_cost" -w "$way" -q -r 3 -o "$tsv"
        [[ $status -eq 0 && ${lines[0]} == 'Rounds: 3,'* ]]
        expect_tables "$tsv" 3
        case $way in
        ring) wanted=$(all_rows 3 'ring 1 to 1' && echo 'ring|64|3') ;;
        sem_t) wanted='sem_t|64|3' ;;
        memcpy) wanted=$(all_rows 3 memcpy) ;;
        esac
        expect_same "$wanted" "$(rows_of throughput "$tsv" && rows_of 'round trip' "$tsv")"
        expect_same "$(cut -f 1 "$tsv" | tail -n +2 | uniq | wc -l)" "$(grep -c '^way ' <<<"$output")"
    done
    for option in -q -r5; do
        start=${EPOCHREALTIME/./}
        bounded 20 "$ipc_cost" -w sem_t "$option" >"$BATS_TEST_TMPDIR/output"
        took=$((${EPOCHREALTIME/./} - start))
        [ "$took" -ge "$([ "$option" = -q ] && echo 50000 || echo 200000)" ] || fail "$option: $took microseconds"
    done
}

@test "a message that is lost or changed is a failure" {
    build_lossy
    LOSE=64 AMONG=2 run --separate-stderr bounded 20 "$lossy" -q -r 1 -w pipe
    [ "$status" -eq 1 ]
    expect_same 'ipc_cost: pipe 1 to 1, 64 bytes each: sent and not received: 1 messages, 64 bytes, stamps 10' "$stderr"
    CHANGE=1 LOSE=64 AMONG=2 run --separate-stderr bounded 20 "$lossy" -q -r 1 -w seqpacket
    [ "$status" -eq 1 ]
    expect_same 'ipc_cost: seqpacket 1 to 1, 64 bytes each: sent and not received: 0 messages, 0 bytes, stamps -116' "$stderr"
    # Messages that two write at once may be torn; their bytes must be there all the same. (Both lose one,
    # unless one has ended before.)
    LOSE=65536 AMONG=4 run --separate-stderr bounded 20 "$lossy" -q -r 1 -w stream
    [ "$status" -eq 1 ]
    [[ $stderr =~ ^'ipc_cost: stream 2 to 2, 65536 bytes each: sent and not received: '-?[0-9]+' messages, '(65536|131072)' bytes, ' ]]
    expect_nothing_left "$lossy"
}

@test "a process that is killed ends all, also one that waits for it without a system call" {
    start -w ring -r 99
    watch_children "$pid" 3
    end=$((SECONDS + 20))
    # Again and again, as the first one may have been at its end already. The sender is the first child.
    while kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do
        read -ra children 2>/dev/null <"/proc/$pid/task/$pid/children" || true # there is no newline
        [ "${#children[@]}" -ne 2 ] || kill -KILL "${children[1]}" 2>/dev/null || true
    done
    run ! kill -0 "$pid"
    finish
    [ "$status" -eq 1 ]
    [[ $stderr =~ ^"ipc_cost: ring: process "[0-9]+" ended with exit code -9"$ ]]
    expect_nothing_left "$ipc_cost"
}

@test "Ctrl-C: what has been measured is printed and written; nothing more is measured" {
    start -w pipe -q -r 99 -o "$tsv"
    watch_children "$pid" 90 # nine measurements in a round, and the first one warms up
    kill -INT "$pid"
    finish
    [[ $status -eq 130 && -z $stderr && $most_children -eq 4 ]] || report "children: $most_children"
    expect_tables "$tsv" 98
    expect_same "$(all_rows 1 'pipe 1 to 1' 'pipe 2 to 2' && echo 'pipe|64|1')" \
        "$( (rows_of throughput "$tsv" && rows_of 'round trip' "$tsv") | sed 's/|[1-9][0-9]*$/|1/')"
    start -q
    watch_children "$pid" 20
    kill -INT "$pid"
    watch_children "$pid" 999
    finish
    [[ $status -eq 130 && $changes -lt 15 ]] || report "changes: $changes"
    expect_nothing_left "$ipc_cost"
    interrupt "$ipc_cost" -w queue -r 99
    [[ $output == *$'\nthroughput, MB/s\n'* && -z $stderr ]] || report 'no table, or a message'
}

@test "kill -9 leaves nothing behind" {
    start -w ring -r 99
    watch_children "$pid" 2
    kill -KILL "$pid"
    finish
    [ "$status" -eq 137 ]
    expect_nothing_left "$ipc_cost"
}

@test "bad usage, a file that can't be written, and limits of the system" {
    expect_bad_usage "-w: expected a way such as pipe or conn (-h shows all), got 'fifo'" "$ipc_cost" -w fifo
    expect_bad_usage "got ''" "$ipc_cost" -w ''
    expect_bad_usage 'option -w lacks its argument' "$ipc_cost" -w
    expect_bad_usage "-r: expected a whole number from 1 to 99, got '100'" "$ipc_cost" -r 100
    expect_bad_usage "unexpected argument 'pipe'" "$ipc_cost" -q pipe

    run --separate-stderr bounded 20 "$ipc_cost" -w pipe -q -r 1 -o "$BATS_TEST_TMPDIR/missing/tables"
    [[ $status -eq 1 && -z $output && $stderr == "ipc_cost: open "*/missing/tables:\ No\ such\ file* ]]
    run --separate-stderr bounded 20 "$ipc_cost" -w sem_t -q -r 1 -o /dev/full
    [[ $status -eq 1 && $stderr == 'ipc_cost: write /dev/full: No space left on device' ]]
    run --separate-stderr bounded 20 bash -c 'ulimit -n 4; exec "$@"' - "$ipc_cost" -w pipe -q -r 1
    [[ $status -eq 1 && $stderr == 'ipc_cost: pipe, 1 bytes: Too many open files' ]]
    # No memory for message queues: that is no failure, but a reason in each row.
    run --separate-stderr bounded 20 bash -c 'ulimit -q 0 && exec "$@"' - "$ipc_cost" -w mqueue -q -r 1 -o "$tsv"
    [[ $status -eq 0 && -z $stderr ]]
    expect_tables "$tsv" 1
    [ "$(grep -cE '^mqueue.* - +[a-zA-Z].*[a-z]$' <<<"$output")" -eq 9 ]
    [ "$(grep -c $'\tmqueue.*\t0$' "$tsv")" -eq 9 ]
    [[ $output != *'not measured'* ]]
    expect_nothing_left "$ipc_cost"
}

@test "help, a full disk, no processes to be had: as every program" {
    VARIES=yes expect_edges "$ipc_cost" -w sem_t -q -r 1
}
