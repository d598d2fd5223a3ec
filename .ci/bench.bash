# shellcheck shell=bash
# What the benchmarks have in common: . .ci/bench.bash, in the root of the tree.
#
#   in_rounds FUNCTION REPORT         calls FUNCTION in each of $rounds rounds, which measures everything
#                                     in turn: what slows the machine down for a while slows all of them
#                                     down. Then REPORT prints; so it does after Ctrl-C, what there is
#   measure NAMES COMMAND...          one measurement: the command prints a number for each name
#   peer NAME FILE ARG...             the same of a Python file of 06-benchmarks/peers, where python3 is
#   not_measured NAME REASON          there can be none: says why where it would have been shown
#   amount NUMBER                     prints that number; less of it where it is to be quick
#   heading WITH...                   the rounds, the machine, and what we compare ourselves with
#   line TEXT NAME FACTOR UNIT        the median of a name's numbers, and the least and the most
#   ratio TEXT NAME OTHER [WANTED]    how many times NAME is OTHER, the median of the rounds, which should
#                                     be ">= N" or "<= N"; and the verdict (nothing wanted: the more the better)
#   row TABLE WHAT AT UNIT NAME       a line as the programs of chapter 6 write it, with tabs
#   share TEXT NAME OTHER WANTED      the same without a verdict: both are ours
#
# Set by the caller: ROUNDS (5), QUICK (not empty: less of all), RATIOS (a file that gets the ratios, too).
# $python is python3, or empty.

read -r load _ 2>/dev/null </proc/loadavg || load='' # before we add to it: whether to trust the figures
bench=${0##*/} bench=${bench%.sh}
rounds=${ROUNDS:-5}
python=$(command -v python3) || python=''
shrink=${QUICK:+5}
shrink=${shrink:-1}
report=:
interrupted=''
results=$(mktemp -d "${TMPDIR:-/tmp}/$bench-XXXXXX") || exit
trap 'rm -rf "$results"' EXIT
trap 'interrupted=yes' INT

[[ $rounds =~ ^[1-9][0-9]*$ ]] || {
    echo "$bench: ROUNDS must be a whole number, 1 or more" >&2
    exit 2
}

in_rounds() {
    report=$2
    for ((round = 1; round <= rounds; round++)); do
        [ ! -t 2 ] || printf '%s: round %d of %d\r' "$bench" "$round" "$rounds" >&2
        "$1"
    done
    "$report"
}

# What Ctrl-C has interrupted is no measurement; what was measured before is kept.
stop_if_interrupted() {
    [ -n "$interrupted" ] || return
    echo "$bench: interrupted in round $round of $rounds" >&2
    "$report"
    trap - INT
    kill -INT $$
}

measure() {
    local output number i=0
    local names numbers
    read -ra names <<<"$1"
    shift
    if ! output=$("$@"); then
        stop_if_interrupted
        echo "$bench: failed: $*" >&2
        exit 1
    fi
    stop_if_interrupted
    read -ra numbers <<<"$output"
    [ ${#numbers[@]} -eq ${#names[@]} ] || {
        echo "$bench: ${#names[@]} numbers expected, not '$output': $*" >&2
        exit 1
    }
    for number in "${numbers[@]}"; do
        echo "$number" >>"$results/${names[i++]}"
    done
}

peer() {
    if [ -n "$python" ]; then
        measure "$1" "$python" "06-benchmarks/peers/$2" "${@:3}"
    else
        not_measured "$1" 'python3 is missing'
    fi
}

not_measured() {
    echo "$2" >"$results/$1.missing"
}

amount() {
    echo $(($1 / shrink))
}

heading() {
    echo "$rounds rounds on $(getconf _NPROCESSORS_ONLN) processors, $(uname -srm)${1:+$(printf '; %s' "$@")}"
    [ -z "$load" ] || echo "load average before it began: $load (what others do beside it falsifies the figures)"
    echo
}

median() {
    sort -g "$results/$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# Of the rounds' ratios, since the two of one round were measured at nearly the same moment.
median_ratio() {
    paste "$results/$1" "$results/$2" | awk 'NF == 2 { print $1 / $2 }' >"$results/$1:$2"
    median "$1:$2"
}

spread() {
    sort -g "$results/$1" | awk -v unit="$2" '
        function digits(x) { return sprintf(x < 100 ? "%.3g" : "%.0f", x) }
        { v[NR] = $1 * unit }
        END { print digits(v[1]) " to " digits(v[NR]) }'
}

# Prints why there is no median of that name; nothing if there is.
why_missing() {
    if [ -e "$results/$1.missing" ]; then
        cat "$results/$1.missing"
    elif [ ! -e "$results/$1" ]; then
        echo interrupted
    fi
}

line() {
    local missing
    missing=$(why_missing "$2")
    if [ -z "$missing" ]; then
        awk -v text="$1" -v m="$(median "$2")" -v f="$3" -v unit="$4" -v spread="$(spread "$2" "$3")" \
            'BEGIN { printf "%-44s %10s %-9s (%s)\n", text, sprintf(m * f < 1 ? "%.3f" : "%.2f", m * f), unit, spread }'
    else
        printf '%-44s %10s %-9s (%s)\n' "$1" - "$4" "$missing"
    fi
}

ratio() {
    local name missing
    for name in "$2" "$3"; do
        missing=$(why_missing "$name")
        if [ -n "$missing" ]; then
            printf '%-60s       - not measured: %s\n' "$1" "$missing"
            return
        fi
    done | head -n 1 | tee -a "${RATIOS:-/dev/null}" | grep . && return
    awk -v text="$1" -v ratio="$(median_ratio "$2" "$3")" -v wanted="${4:-}" -v plain="${5:-}" 'BEGIN {
        split(wanted, w, " ")
        good = w[1] == "<=" ? ratio <= w[2] : ratio >= w[2]
        gain = w[1] == "<=" ? 1 / ratio : ratio
        verdict = plain ? "" : gain > 1.05 ? "ahead" : gain >= 0.95 ? "level" : "behind"
        printf "%-60s %7.2f %-6s", text, ratio, verdict
        print wanted == "" ? "" : "  wanted " wanted ": " (good ? "yes" : "NO")
    }' | tee -a "${RATIOS:-/dev/null}"
}

share() {
    ratio "$@" plain
}

row() {
    [ -n "$(why_missing "$5")" ] ||
        sort -g "$results/$5" | awk -v start="$1	$2	$3	$4" -v median="$(median "$5")" '
            { v[NR] = $1 }
            END { printf "%s\t%g\t%g\t%g\t%d\n", start, median, v[1], v[NR], NR }'
}
