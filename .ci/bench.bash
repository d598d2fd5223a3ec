# shellcheck shell=bash
# What the benchmarks have in common: . .ci/bench.bash, in the root of the tree.
#
#   measure NAMES COMMAND...          one measurement: the command prints a number for each name
#   peer NAME ARG...                  the same of the benchmark's Python file, where python3 is
#   not_measured NAME REASON          there can be none: says why where it would have been shown
#   line TEXT NAME FACTOR UNIT        the median of a name's numbers, and the least and the most
#   ratio TEXT NAME OTHER WANTED      how many times NAME is OTHER, which should be ">= N" or "<= N";
#                                     without WANTED, it is only shown
#   heading WITH...                   the rounds, the machine, and what we compare ourselves with
#
# A benchmark measures everything in turn, once in each of $rounds rounds, so that what slows the machine
# down for a while slows all of them down. Medians are shown. $python is python3, or empty.

read -r load _ 2>/dev/null </proc/loadavg || load='' # before we add to it: whether to trust the figures
bench=${0##*/} bench=${bench%.sh}
rounds=${ROUNDS:-5}
python=$(command -v python3) || python=''
results=$(mktemp -d "${TMPDIR:-/tmp}/$bench-XXXXXX") || exit
trap 'rm -rf "$results"' EXIT

[[ $rounds =~ ^[1-9][0-9]*$ ]] || {
    echo "$bench: ROUNDS must be a whole number, 1 or more" >&2
    exit 2
}

measure() {
    local output number i=0
    local names numbers
    read -ra names <<<"$1"
    shift
    output=$("$@") || {
        echo "$bench: failed: $*" >&2
        exit 1
    }
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
        measure "$1" "$python" ".ci/${bench/-/_}.py" "${@:2}"
    else
        not_measured "$1" 'python3 is missing'
    fi
}

not_measured() {
    echo "$2" >"$results/$1.missing"
}

heading() {
    echo "$rounds rounds on $(getconf _NPROCESSORS_ONLN) processors, $(uname -srm)${1:+$(printf '; %s' "$@")}"
    [ -z "$load" ] || echo "load average before it began: $load (what others do beside it falsifies the figures)"
    echo
}

median() {
    sort -g "$results/$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

spread() {
    sort -g "$results/$1" | awk -v unit="$2" '
        function digits(x) { return sprintf(x < 100 ? "%.3g" : "%.0f", x) }
        { v[NR] = $1 * unit }
        END { print digits(v[1]) " to " digits(v[NR]) }'
}

line() {
    if [ -e "$results/$2" ]; then
        awk -v text="$1" -v m="$(median "$2")" -v f="$3" -v unit="$4" -v spread="$(spread "$2" "$3")" \
            'BEGIN { printf "%-44s %10s %-9s (%s)\n", text, sprintf(m * f < 1 ? "%.3f" : "%.2f", m * f), unit, spread }'
    elif [ -e "$results/$2.missing" ]; then
        printf '%-44s %10s %-9s (%s)\n' "$1" - "$4" "$(cat "$results/$2.missing")"
    fi
}

ratio() {
    local name
    for name in "$2" "$3"; do
        if [ ! -e "$results/$name" ]; then
            printf '%-60s not measured: %s\n' "$1" "$(cat "$results/$name.missing")"
            return
        fi
    done
    awk -v text="$1" -v a="$(median "$2")" -v b="$(median "$3")" -v wanted="${4:-}" 'BEGIN {
        split(wanted, w, " ")
        good = w[1] == ">=" ? a / b >= w[2] : a / b <= w[2]
        printf "%-60s %7.2f", text, a / b
        print wanted == "" ? "" : "   wanted " wanted ": " (good ? "yes" : "NO")
    }'
}
