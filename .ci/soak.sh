#!/usr/bin/env bash
# The stress programs, all at once, again and again with other random numbers: `make soak`, for ten minutes.
#   .ci/soak.sh [SECONDS]
# Prints what they have moved, how many deaths they have survived, and what is left behind: it must be
# nothing. Ends at the first failure, with the command that has failed, and at Ctrl-C, with what was counted.
set -u

cd "$(dirname "$0")/.." || exit
seconds=${1:-600}
if ! [[ $seconds =~ ^[1-9][0-9]{0,5}$ ]]; then
    echo "soak: SOAK: expected a whole number of seconds from 1 to 999999, got '$seconds'" >&2
    exit 2
fi
seed=${SEED:-$RANDOM}

# MODULE SCENARIO DEATHS WHAT: so many deaths at a time, little enough that it takes seconds beside all
# the others; each prints on standard error how many WHAT there were.
programs=('lock stress 300 rounds' 'queue stress 300 got' 'conn stress 100 once' 'sync stress 200 woken'
    'barrier stress 50 rounds' 'pool stress 30 tasks' 'pool stress_abort 30 tasks' 'pool stress_exit 30 tasks'
    'pool stress_stop 3 tasks' 'pool stress_stopped 3 tasks')

# What they start inherits the mark, so that we find it.
export PROCESSES_SOAK_MARK=$$.$RANDOM
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/soak-XXXXXX") || exit
export TMPDIR
work=$TMPDIR/work
mkdir "$work"
trap 'rm -rf "$TMPDIR"' EXIT

names() { # of what may stay in the system beside processes and files
    find /dev/shm /dev/mqueue -mindepth 1 -user "$(id -u)" 2>/dev/null | sort
}
names_before=$(names)

# Our shells do not have the mark, as it was not there when they were started; and grep must not have it.
marked() {
    env -u PROCESSES_SOAK_MARK grep -lasF "PROCESSES_SOAK_MARK=$PROCESSES_SOAK_MARK" /proc/[0-9]*/environ |
        while IFS=/ read -r _ _ pid _; do echo "$pid"; done
}

# Runs one of them until the time is over, or somebody has failed.
repeat() {
    local module scenario deaths what command seed=$2
    read -r module scenario deaths what <<<"$1"
    while [ "$SECONDS" -lt "$seconds" ] && [ ! -e "$work/failed" ]; do
        command="build/test/${module}_test $scenario $deaths $seed"
        # shellcheck disable=SC2086 # words
        if ! timeout -k 5 300 $command >"$work/$module.$scenario.out" 2>"$work/$module.$scenario.err" </dev/null; then
            echo "$command" >>"$work/failed"
            cat "$work/$module.$scenario".{out,err} >>"$work/failed"
        fi
        awk -v deaths="$deaths" -v what="$what" \
            '{ for (i = 2; i <= NF; i++) if ($i ~ "^" what) { found = 1; print deaths, $(i - 1); exit } }
            END { exit !found }' "$work/$module.$scenario.err" >>"$work/$module.$scenario.sums" ||
            echo "$command: did not say how many $what" >>"$work/failed"
        seed=$(((seed + 1) % 2147483647))
    done
}

echo "soak: ${#programs[@]} programs at once, $seconds s, SEED=$seed"
runners=()
for program in "${programs[@]}"; do
    repeat "$program" "$seed" 2>/dev/null & # else it says "Terminated" at Ctrl-C
    runners+=($!)
done
interrupted=''
stop() {
    interrupted=$1
    touch "$work/failed"
    for pid in $(marked); do kill "$pid" 2>/dev/null; done
}
for signal in INT TERM HUP; do
    # shellcheck disable=SC2064 # which one, is known now
    trap "stop $signal" "$signal"
done
for runner in "${runners[@]}"; do
    until wait "$runner" || ! kill -0 "$runner" 2>/dev/null; do :; done
done
trap '' INT TERM HUP

printf '%-20s %10s %10s %14s\n' program runs deaths moved
for program in "${programs[@]}"; do
    read -r module scenario deaths what <<<"$program"
    awk -v name="$module $scenario" -v what="$what" \
        '{ runs++; deaths += $1; moved += $2 }
        END { printf "%-20s %10d %10d %14d %s\n", name, runs, deaths, moved, what }' "$work/$module.$scenario.sums"
done
cat "$work"/*.sums | awk '{ deaths += $1; moved += $2 }
    END { printf "%-20s %10d %10d %14d\n", "in all", NR, deaths, moved }'

left=$(
    for pid in $(marked); do
        echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done
    find "$TMPDIR" -mindepth 1 ! -path "$work*"
    comm -13 <(echo "$names_before") <(names)
)
printf 'left behind: %s\n' "${left:-nothing}"
if [ -n "$interrupted" ]; then
    rm -rf "$TMPDIR"
    trap - "$interrupted"
    kill -"$interrupted" $$
fi
if [ -s "$work/failed" ]; then
    echo 'soak: this has failed:' >&2
    cat "$work/failed" >&2
fi
[ ! -e "$work/failed" ] && [ -z "$left" ]
