# shellcheck shell=bash disable=SC2034 # what is set here is for the tests
# For tests that end or stop one process of a program at a certain line: load ../.ci/hit
#
#   build_hit CHAPTER/PROGRAM HEADER FUNCTION   builds it into $hit, where calls of FUNCTION are watched
#   HIT=3 HIT_IN=NAME "$hit" ARG...             the process of that name is killed at its third call
#   HIT=3 HIT_IN=NAME start_hit "$hit" ARG...   it is stopped there, with the program in the background
#   expect_line TEXT                            it has printed a line with TEXT, at most a moment later
#   expect_dead PID                             that process of it is, at most a moment later (SIGKILL takes a moment)
#   wait_for_hit                                for its end
#   children_now PID                            its children in one line, oldest first
#   expect_sockets COUNT PID                    the process holds so many, at most a moment later
#
# The name is what process_name gives; the program itself is MainProcess.

build_hit() {
    mkdir -p "$BATS_FILE_TMPDIR/$3"
    hit=$BATS_FILE_TMPDIR/$3/${1##*/}
    [ ! -x "$hit" ] || return 0
    cat >"$hit.h" <<EOF
#include "process.h"
#include <$2>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static inline void hit(void)
{
    static int calls;

    if (strcmp(getenv("HIT_IN"), process_current_name()) == 0 && ++calls == atoi(getenv("HIT")))
        raise(getenv("HIT_STOP") == NULL ? SIGKILL : SIGSTOP);
}
#define $3(...) (hit(), $3(__VA_ARGS__))
EOF
    bounded 60 "${CC:-cc}" -Ilib -include "$hit.h" -o "$hit" "$1.c" build/libprocesses.a -pthread
}

# Quicker than children_of, where Linux was built with that file.
children_now() {
    local file=/proc/$1/task/$1/children children=''
    if [ -e "$file" ] || [ ! -d "/proc/$1" ]; then
        { read -r children <"$file" || true; } 2>/dev/null
    else
        children=$(children_of "$1")
    fi
    echo "${children//$'\n'/ }"
}

# Returns when it has stopped: its pid is in $stopped, the program's own in $main.
start_hit() {
    local pid line end=$((SECONDS + 10))
    HIT_STOP=1 "$@" >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
    main=$! stopped=''
    until [ -n "$stopped" ]; do
        [ "$SECONDS" -lt "$end" ] || fail "$*: nothing has stopped" || return
        for pid in "$main" $(children_now "$main"); do
            { read -r line <"/proc/$pid/stat"; } 2>/dev/null || continue
            [[ $line != *') T '* ]] || stopped=$pid
        done
    done
}

expect_line() {
    local text end=$((SECONDS + 10))
    until read -rd '' text <"$BATS_TEST_TMPDIR/output" || true && [[ $text == *"$1"* ]]; do
        [ "$SECONDS" -lt "$end" ] || fail "it does not print '$1'" || return
        sleep 0.01
    done
}

expect_dead() {
    local end=$((SECONDS + 10))
    until [ "$(state_of "$1")" = Z ] || [ ! -d "/proc/$1" ]; do
        [ "$SECONDS" -lt "$end" ] || fail "process $1 is not dead" || return
        sleep 0.01
    done
}

# Leaves the same as run --separate-stderr: status, output, stderr.
wait_for_hit() {
    local end=$((SECONDS + 10))
    while kill -0 "$main" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || fail 'it does not end' || return
        sleep 0.01
    done
    status=0
    wait "$main" || status=$?
    output=$(<"$BATS_TEST_TMPDIR/output")
    stderr=$(<"$BATS_TEST_TMPDIR/stderr")
}

expect_sockets() {
    local end=$((SECONDS + 3)) count
    [ -d /proc/self/fd ] || return 0 # not Linux
    until count=$(find "/proc/$2/fd" -lname 'socket:*' | wc -l) && [ "$count" -eq "$1" ]; do
        [ "$SECONDS" -lt "$end" ] || fail "process $2 holds $count sockets, not $1" || return
        sleep 0.01
    done
}
