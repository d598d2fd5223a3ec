#!/usr/bin/env bash
# Runs bats files: .ci/test.sh FILE.bats...   (`make test` and its like call it)
#
# Finds bats, or fetches it, and says which it takes. Ends with a line of its own that says how it went,
# such as: 12 passed, 0 failed, 1 skipped. The exit status is 0 only if every test ran and none failed.
# A test that hangs ends the run after TEST_SECONDS (300 if it is not set), and is named. TEST_PART: below.
set -u

cd "$(dirname "$0")/.." || exit
unset MAKEFLAGS MFLAGS MAKELEVEL # we may be started by make; the tests' own makes are not part of it
part=${TEST_PART:-}              # see below; a test that runs this script is no part
unset TEST_PART
private=build/bats               # where a bats lies that we have fetched for this tree only

complain() {
    echo "test: $*" >&2
}

# --- bats ----------------------------------------------------------------------------------------

# Prints the path of a bats that an earlier run has fetched, by npm or from Debian's package.
fetched_bats() {
    local path
    for path in "$private/node_modules/bats/bin/bats" "$private/usr/bin/bats"; do
        if "$path" --version >/dev/null 2>&1; then
            echo "$path"
            return
        fi
    done
    return 1
}

have() {
    command -v "$1" >/dev/null
}

apt_install() {
    "$@" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends bats >/dev/null
}

# Each way prints what it does on standard error. Returns 0 if bats is there afterwards.
by_apt() {
    local -a as_root=()
    have apt-get || return
    if [ "$(id -u)" -ne 0 ]; then
        have sudo && sudo -n true 2>/dev/null || return
        as_root=(sudo -n)
    fi
    complain 'no bats here; installing the package bats with apt-get'
    # An update takes time, and is needed only where the lists are missing or old.
    if ! apt-cache show bats >/dev/null 2>&1 || ! apt_install "${as_root[@]}"; then
        "${as_root[@]}" apt-get update -qq >&2 && apt_install "${as_root[@]}" || return
    fi
    hash -r
    have bats
}

by_npm() {
    have npm || return
    complain "no bats here; fetching it with npm into $private"
    npm install --prefix "$private" --no-audit --no-fund --no-update-notifier --loglevel=error bats >&2 &&
        fetched_bats >/dev/null
}

# Needs no rights: downloads Debian's package, and unpacks it here.
by_download() {
    local download=$private/download
    local -a own_lists=(-o "Dir::State=$PWD/$download" -o "Dir::State::status=/var/lib/dpkg/status"
        -o "Dir::Cache=$PWD/$download")
    have apt-get && have dpkg || return
    complain "no bats here; downloading Debian's package into $private"
    rm -rf "$download"
    mkdir -p "$download/lists/partial" "$download/archives/partial" || return
    (
        cd "$download" || exit
        apt-get download -qq bats >&2 2>/dev/null || {
            # This machine has no package lists yet: get them, for this tree only.
            apt-get "${own_lists[@]}" update -qq >&2 && apt-get "${own_lists[@]}" download -qq bats >&2
        }
    ) && dpkg -x "$download"/bats_*.deb "$private" && fetched_bats >/dev/null
    local status=$?
    rm -rf "$download"
    return "$status"
}

find_bats() {
    if have bats; then
        bats=bats
    elif bats=$(fetched_bats); then
        :
    elif by_apt; then
        bats=bats
    elif by_npm || by_download; then
        bats=$(fetched_bats)
    else
        complain 'bats is missing, and none of the ways to get it works here. Any of these will do:'
        complain '  apt-get install bats                 as root, on Debian and Ubuntu'
        complain '  the package bats (or bats-core) of your system'
        complain "  npm install --prefix $private bats   where npm is"
        exit 1
    fi
}

# --- the run -------------------------------------------------------------------------------------

if [ $# -eq 0 ]; then
    complain 'there are no bats files to run'
    exit 1
fi
find_bats
[ -n "$part" ] || echo "test: $("$bats" --version) ($(command -v "$bats"))"

# Parts side by side, two a processor, since many tests wait: each is this script again, with TEST_PART
# naming the file for its counts. The first one's report is shown as it comes, the others' afterwards.
processors=$(getconf _NPROCESSORS_ONLN)
count=$((processors > 1 ? 2 * processors : 1))
count=$((count > $# ? $# : count))
if [ -z "$part" ] && [ "$count" -gt 1 ]; then
    parts=$(mktemp -d "${TMPDIR:-/tmp}/bats-parts-XXXXXX") || exit
    trap 'rm -rf "$parts"' EXIT
    for ((i = 0; i < count; i++)); do sizes[i]=0; done
    # The largest file first, each to the part that has least: the longer a file, the longer its tests take.
    while read -r size file; do
        least=0
        for ((i = 1; i < count; i++)); do [ "${sizes[i]}" -ge "${sizes[least]}" ] || least=$i; done
        sizes[least]=$((sizes[least] + size))
        printf '%s\n' "$file" >>"$parts/files.$least"
    done < <(wc -c "$@" | sed '$d' | sort -rn)
    runners=()
    for ((i = 0; i < count; i++)); do
        mapfile -t files <"$parts/files.$i"
        if [ "$i" -eq 0 ]; then
            TEST_PART=$parts/count.$i bash .ci/test.sh "${files[@]}" </dev/null &
        else
            TEST_PART=$parts/count.$i bash .ci/test.sh "${files[@]}" </dev/null >"$parts/report.$i" 2>&1 &
        fi
        runners+=($!)
    done
    trap 'kill "${runners[@]}" 2>/dev/null' INT TERM HUP # INT is ignored in the background
    status=0
    for ((i = 0; i < count; i++)); do
        while :; do
            wait "${runners[i]}"
            part_status=$?
            kill -0 "${runners[i]}" 2>/dev/null || break
        done
        [ "$status" -ne 0 ] || status=$part_status
        [ "$i" -eq 0 ] || cat "$parts/report.$i"
    done
    awk '{ passed += $1; failed += $3; skipped += $5 }
        END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$parts"/count.*
    exit "$status"
fi

# Everything temporary goes below one directory, so that nothing stays when bats has to be killed. Others
# may enter it: some tests run as another user.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/bats-suite-XXXXXX") && chmod 755 "$TMPDIR" || exit
trap 'rm -rf "$TMPDIR"' EXIT
report=$TMPDIR/report
TEST_NOW=$TMPDIR/now # the tests write their names into it
: >"$TEST_NOW"
export TMPDIR TEST_NOW

# As root, give the tests a group of their own: that is how they know the files that they have left in
# /tmp from everybody else's.
own_group=(setpriv --regid=$((30000 + RANDOM)) --keep-groups)
"${own_group[@]}" true 2>/dev/null || own_group=()

# Not a pipe into tee: we need the pid of timeout, for the traps.
exec 5> >(exec tee "$report")
tee=$!
# timeout makes a process group, so that it can end bats and all its tests. Ctrl-C does not reach that
# group, so we hand it on. Job control keeps SIGINT from being ignored, as it is in the background.
set -m
timeout -k 10 "${TEST_SECONDS:-300}" ${own_group[0]+"${own_group[@]}"} \
    "$bats" --tap --print-output-on-failure "$@" </dev/null >&5 5>&- &
runner=$!
set +m
exec 5>&-
trap 'kill -INT "$runner"' INT
trap 'kill -TERM "$runner"' TERM HUP
while :; do
    wait "$runner"
    status=$?
    kill -0 "$runner" 2>/dev/null || break # else it was a trap that ended wait
done
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    complain "not done after ${TEST_SECONDS:-300} seconds, in $(cat "$TEST_NOW")"
    sleep 0.5
    kill "$tee" 2>/dev/null # whatever hung may still hold its pipe
fi
wait "$tee"

# What really happened, whatever the exit status says.
counts=$(awk '
    /^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; plans++ }
    /^ok /         { if (/ # skip/) skipped++; else passed++ }
    /^not ok /     { failed++ }
    END {
        run = passed + failed + skipped
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        if (plans != 1 || run < planned) printf "%d of %d tests ran\n", run, planned
        else if (run == 0) print "there is not one test in these files"
    }' "$report")
case $counts in
*$'\n'*) # something is wrong that is no failed test
    complain "${counts#*$'\n'}"
    [ "$status" -ne 0 ] || status=1
    ;;
*', 0 failed, '*) [ "$status" -eq 0 ] || complain "bats itself failed, with status $status" ;;
*) [ "$status" -ne 0 ] || status=1 ;;
esac
if [ -n "$part" ]; then
    echo "${counts%%$'\n'*}" >"$part"
else
    echo "${counts%%$'\n'*}"
fi
exit "$status"
