# shellcheck shell=bash disable=SC2154 # bats' run sets status, output, stderr and stderr_lines
# What every bats file loads: load ../.ci/test_helper
#
# A test starts in the root of the tree, with short pauses (TIME_SCALE=0.05), no colours and no SEED.
# A file that has a setup or a teardown of its own calls common_setup and common_teardown there.
#
#   bounded SECONDS COMMAND...      run it for so long at most (status 124, and a line that says so)
#   with REDIRECTION PROGRAM ARG... run it with, for example, '<&-' or '>FILE'
#   watch PROGRAM ARG...            run it, and at_line LINE at each line that it prints
#   build_stepped CHAPTER/PROGRAM   build it with a clock that the test drives
#   build_late CHAPTER/PROGRAM      build it with a parent that is slow to look at its child
#   mask                            filter: hides what varies, such as pids and times
#   expect_same WANTED GOT          two texts are the same; shows a diff if not
#   expect_bad_usage WORDS PROGRAM ARG...    one line about WORDS, status 2, nothing forked
#   expect_full_device PROGRAM ARG...        says so when its output can't be written; status 1
#   expect_edges PROGRAM ARG...     what is the same for every program: help, usage, full disk, no processes ...
#   expect_nothing_left PROGRAM     no process of this test and no file of it is left
#   interrupt PROGRAM ARG...        Ctrl-C: it dies of SIGINT, and nothing of it is left
#   interrupt_parent PROGRAM ARG... the same when only PROGRAM itself gets the signal
#   as_user NPROC COMMAND...        as an ordinary user who may have so many processes
#   make_public                     makes $PUBLIC, a directory which that user may enter
#   need_user, need_terminal        skip the test where there can be no such user, no terminal
#   children_of PID, state_of PID   what /proc knows
#   check_readme FILE               the transcripts in a README are true
#
# bats writes its report to descriptor 3. A program that outlives its test would keep it open, and bats
# would wait for that program: start with 3>&- whatever you start without one of these helpers, above
# all in the background. Descriptor 0 of every test is /dev/null; .ci/test.sh sees to that.

bats_require_minimum_version 1.5.0 # run --separate-stderr

ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)

setup() {
    common_setup
}

teardown() {
    common_teardown
}

common_setup() {
    # bats runs a DEBUG trap before every command, so that it can say which one failed: a third of all the
    # time. bash knows it anyway, at the only moment when we ask.
    trap - DEBUG
    trap 'where_it_failed "$?" || bats_error_trap' ERR
    cd "$ROOT" || return
    export TIME_SCALE=0.05 NO_COLOR=1 LC_ALL=C
    unset SEED
    unset MAKEFLAGS MFLAGS MAKELEVEL # we are `make test`; a make in a test has nothing to do with it
    if [ -n "${TEST_NOW:-}" ]; then # for .ci/test.sh, which names the test that hung
        printf '%s: %s\n' "${BATS_TEST_FILENAME#"$ROOT"/}" "$BATS_TEST_DESCRIPTION" >"$TEST_NOW"
    fi
    # What this test starts inherits the mark, and so do the children of that, whatever they execute.
    # It tells them from the same programs that someone else runs at the same time.
    export PROCESSES_TEST_MARK=$$.$BATS_SUITE_TEST_NUMBER.$RANDOM
    # Where an ordinary user may read, once make_public has made it: bats' own directories are for root only
    # when root runs it.
    PUBLIC=${TMPDIR:-/tmp}/bats-public-$PROCESSES_TEST_MARK
    ORDINARY_USER=$((30000 + RANDOM)) # nobody's, so that nobody else's processes count
    PIDS_BEFORE=(/proc/[0-9]*)
    list_files FILES_BEFORE
}

common_teardown() {
    local pid
    find_marked
    for pid in "${marked[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true # it failed to end; don't let it hang bats as well
    done
    [ ! -d "$PUBLIC" ] || rm -rf "$PUBLIC"
}

# Hands bats the functions that we are in, and their lines, in the form in which it keeps them.
# shellcheck disable=SC2034
where_it_failed() {
    local i
    BATS_DEBUG_LAST_LINENO=() BATS_DEBUG_LAST_STACK_TRACE=()
    for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
        BATS_DEBUG_LAST_STACK_TRACE+=("${BASH_LINENO[i - 1]} ${FUNCNAME[i]} ${BASH_SOURCE[i]}")
        [ "${FUNCNAME[i]}" != "$BATS_TEST_NAME" ] || break
    done
    return "$1"
}

# The message on standard output, where bats looks for it; and false.
fail() {
    printf '%s\n' "$@"
    return 1
}

expect_same() {
    [ "$1" = "$2" ] ||
        fail 'wanted (-), and got (+):' "$(diff -U 100 <(printf '%s\n' "$1") <(printf '%s\n' "$2") | tail -n +4)"
}

# As in `run bounded 10 ./04-pool/pool`. SECONDS is generous: it is for what hangs.
bounded() {
    local seconds=$1 status=0 start=$SECONDS
    shift
    timeout -k 2 "$seconds" "$@" 3>&- || status=$?
    # 137 also is a command that was killed otherwise.
    if [ "$status" -eq 124 ] || { [ "$status" -eq 137 ] && [ $((SECONDS - start)) -ge "${seconds%.*}" ]; }; then
        echo "bounded: not done after $seconds seconds: $*" >&2
    fi
    return "$status"
}

# The same with its descriptors redirected as in REDIRECTION: with '>FILE' or '<&-' or the like.
with() {
    bounded 20 sh -c "exec \"\$@\" $1" - "${@:2}"
}

# Hands each line that PROGRAM prints, as soon as it does, to at_line, which the test defines, and
# prints it. `pid` is PROGRAM's, there. Descriptor 8 is the test's own.
watch() {
    bounded 30 sh -c 'echo $$; exec "$@" 8>&-' - "$@" | {
        read -r pid
        while IFS= read -r -t 20 line; do
            printf '%s\n' "$line"
            at_line "$line"
        done
    }
    return "${PIPESTATUS[0]}"
}

# Builds the program with the clock of stepped_clock.c, which says there what it does, into `stepped`.
build_stepped() {
    stepped=$BATS_FILE_TMPDIR/${1##*/}
    [ ! -x "$stepped" ] || return 0
    bounded 60 "${CC:-cc}" -Ilib -c -o "$stepped.o" .ci/stepped_clock.c
    # _GNU_SOURCE: as beyond.c says it, which is too late behind a header.
    local -a command=("${CC:-cc}" -Ilib -D_GNU_SOURCE= -include .ci/stepped_clock.h
        -o "$stepped" "$1.c" "$stepped.o" -pthread)
    # Only what asks for the time is compiled. (The library may have been built with other flags.)
    bounded 60 "${command[@]}" lib/{beyond,clock}.c build/libprocesses.a 2>/dev/null ||
        bounded 60 "${command[@]}" lib/*.c
}

# Builds the program into `late`, with a waitpid that lets the child go on for a moment when it need not
# wait itself: as if the parent were slow.
build_late() {
    late=$BATS_TEST_TMPDIR/${1##*/}
    cat >"$late.c" <<'END'
#include <sys/wait.h>
#include <time.h>
#undef waitpid
pid_t waitpid(pid_t pid, int *status, int options);
pid_t waitpid_late(pid_t pid, int *status, int options)
{
    if (options & WNOHANG)
        nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    return waitpid(pid, status, options);
}
END
    local -a command=("${CC:-cc}" -Ilib -Dwaitpid=waitpid_late -o "$late" "$late.c" "$1.c" -pthread)
    bounded 60 "${command[@]}" lib/process.c build/libprocesses.a 2>/dev/null || # it may have other flags
        bounded 60 "${command[@]}" lib/{beyond,cli,clock,io,process,say}.c
}

# Decimal numbers (0.05, 12.3) become T, whole numbers of three digits and more (pids) N, runs of
# blanks one blank. Small numbers stay: counts, indices, exit codes. (A pid has two digits only in the
# first moments of a container.)
mask() {
    sed -E -e 's/[0-9]+\.[0-9]+/T/g' -e 's/[0-9]{3,}/N/g' -e 's/[[:blank:]]+/ /g' -e 's/ $//'
}

# --- what is left behind -------------------------------------------------------------------------

# Sets `marked` to the pids of the live processes that this test has started: of those that were not there
# before it. (No need to look for zombies: one exists only as long as its parent lives, which is found
# itself, or until init gets round to it.) Here as below, without another process for each file: many tests ask.
find_marked() {
    local path
    local -a variables
    local -A before=()
    marked=()
    [ -d /proc/self ] || return 0 # not Linux: nothing is found
    for path in "${PIDS_BEFORE[@]}"; do before[$path]=yes; done
    for path in /proc/[0-9]*; do
        [ -z "${before[$path]:-}" ] || continue
        { mapfile -d '' -t variables <"$path/environ"; } 2>/dev/null || continue
        [[ " ${variables[*]} " != *" PROCESSES_TEST_MARK=$PROCESSES_TEST_MARK "* ]] || marked+=("${path##*/}")
    done
}

# Sets the array $1 to all there is in the directories for temporary files.
# shellcheck disable=SC2034
list_files() {
    local -n list=$1
    shopt -s dotglob nullglob
    list=("${TMPDIR:-/tmp}"/* /tmp/* /dev/shm/*)
    shopt -u dotglob nullglob
}

# Sets `left` to what has come since the test began, without what is from mktemp and bats. Only what is of our group:
# when root runs .ci/test.sh, the tests have a group of their own, and what others put there, such as
# compilers, is not taken for ours.
find_files() {
    local path
    local -a now new=()
    local -A before=()
    left=()
    list_files now
    [ "${now[*]}" != "${FILES_BEFORE[*]}" ] || return 0
    for path in "${FILES_BEFORE[@]}"; do before[$path]=yes; done
    for path in "${now[@]}"; do
        case ${path##*/} in
        bats-* | tmp.*) ;;
        *) [ -n "${before[$path]:-}" ] || new+=("$path") ;;
        esac
    done
    [ "${#new[@]}" -eq 0 ] || mapfile -t left < <(find "${new[@]}" -maxdepth 0 \
        \( -group "${GROUPS[0]}" -o -group "$ORDINARY_USER" \) 2>/dev/null | sort -u)
}

# Gives processes and files a second to go: a daemon's end comes after its parent's.
expect_nothing_left() {
    local pid end=$((SECONDS + 2)) # SECONDS may be about to turn: 1 to 2 seconds
    local -a marked left first
    while find_marked && [ "${#marked[@]}" -gt 0 ] && [ "$SECONDS" -lt "$end" ]; do
        sleep 0.05
    done
    end=$((SECONDS + 2))
    find_files
    first=("${left[@]}")
    while [ "${#left[@]}" -gt 0 ] && [ "$SECONDS" -lt "$end" ]; do
        sleep 0.05
        find_files
        mapfile -t left < <(comm -12 <(printf '%s\n' "${first[@]}") <(printf '%s\n' "${left[@]}")) # those still there
    done
    for pid in "${marked[@]}"; do
        fail "$1 left process $pid ($(state_of "$pid")): $(tr '\0' ' ' <"/proc/$pid/cmdline")" || true
    done
    [ "${#left[@]}" -eq 0 ] || fail "$1 left files:" "${left[@]}" || true
    [ $((${#marked[@]} + ${#left[@]})) -eq 0 ]
}

# R, S, Z ... as in proc(5); nothing when there is no such process. (The name before the state is in
# parentheses, and may have any in it.)
state_of() {
    local line=''
    { read -rd '' line <"/proc/$1/stat"; } 2>/dev/null || true
    line=${line##*) }
    printf '%s\n' "${line%% *}"
}

# The pids of the children, zombies included, in ascending order.
children_of() {
    local path line='' parent
    local -a children=()
    for path in /proc/[0-9]*/stat; do
        { read -rd '' line <"$path"; } 2>/dev/null || true # there is no \0 in it
        parent=${line##*) ? }
        [ "${parent%% *}" != "$1" ] || children[${line%% *}]=yes # so they are in order
        line=''
    done
    [ "${#children[@]}" -eq 0 ] || printf '%s\n' "${!children[@]}"
}

# --- an ordinary user ----------------------------------------------------------------------------

# Call it first in a test that uses as_user.
need_user() {
    can_be_user || skip 'only root can become an ordinary user (with setpriv)'
}

can_be_user() {
    if [ -z "${USER_FOUND:-}" ]; then # many ask, and it takes processes to find out
        USER_FOUND=no
        [ "$EUID" -ne 0 ] ||
            ! setpriv --reuid="$ORDINARY_USER" --regid="$ORDINARY_USER" --clear-groups prlimit --nproc=1 true \
                2>/dev/null || USER_FOUND=yes
    fi
    [ "$USER_FOUND" = yes ]
}

# Makes $PUBLIC, a directory that an ordinary user can enter. Removed after the test.
make_public() {
    [ -d "$PUBLIC" ] || mkdir -m 755 "$PUBLIC"
}

# Copies PROGRAM to where an ordinary user can execute it, unless it is there; prints the path.
public_copy() {
    local copy=$PUBLIC/${1//\//%}/${1##*/}
    [ "$copy" -nt "$1" ] || (umask 022 && install -D -m 755 "$1" "$copy") && echo "$copy"
}

# as_user NPROC COMMAND...: NPROC processes at once, the command's own among them; 0: it can't fork.
# At most 60 seconds. With another limit besides:
#   as_user 40 bash -c 'ulimit -v 200000; exec "$@"' - "$(public_copy 06-benchmarks/benchmark)" -n 99
as_user() {
    local processes=$1 program=$2
    # shellcheck disable=SC2016 # for the inner bash
    local -a limited=(bash -c 'ulimit -u "$0" && exec "$@"' "$processes")
    shift 2
    if [ "$EUID" -eq 0 ]; then # root has no such limit
        limited=(setpriv --reuid="$ORDINARY_USER" --regid="$ORDINARY_USER" --clear-groups
            prlimit --nproc="$processes")
    elif [ "$processes" -gt 0 ]; then
        echo 'as_user: all my other processes would count' >&2
        return 125
    fi
    [[ $program != */* ]] || program=$(public_copy "$program") || return
    bounded 60 "${limited[@]}" "$program" "$@"
}

# Call it first in a test that uses script(1) to give a program a terminal.
need_terminal() {
    script -qec true /dev/null >/dev/null 2>&1 </dev/null || skip 'no terminal to be had (script, /dev/pts)'
}

# --- expectations --------------------------------------------------------------------------------

# Words about what $1 did wrong, with what `run` got from it.
report() {
    fail "$1" "status: $status" 'standard output:' "$output" 'standard error:' "$stderr"
}

# Wrong usage: status 2, nothing on standard output, and one line on standard error that begins with
# the program's name and has WORDS in it. The program can't fork, so if it tries to before it has
# checked its arguments, it says that instead, with status 1.
expect_bad_usage() {
    local words=$1 program=$2
    shift 2
    if [ "$EUID" -ne 0 ] || can_be_user; then
        run --separate-stderr as_user 0 "$program" "$@"
    else
        run --separate-stderr bounded 60 "$program" "$@" # a root that can't become anyone else
    fi
    [ "$status" -eq 2 ] || report "$program $*: expected status 2" || return
    [ -z "$output" ] || report "$program $*: expected nothing on standard output" || return
    [[ -n $stderr && $stderr != *$'\n'* ]] || report "$program $*: expected one line on standard error" || return
    [[ $stderr == "${program##*/}: "* ]] || report "$program $*: expected the program's name first" || return
    [[ $stderr == *"$words"* ]] || report "$program $*: expected '$words'" || return
}

# Nothing that is printed arrives: status 1, and a message that names standard output.
expect_full_device() {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    # shellcheck disable=SC2016 # for the inner sh
    run --separate-stderr bounded 60 sh -c 'exec "$@" >/dev/full' - "$@"
    [ "$status" -eq 1 ] || report "$* >/dev/full: expected status 1" || return
    [[ $stderr == *'standard output'* ]] || report "$* >/dev/full: expected a message on standard output" || return
}

# What every program of a chapter does at its edges; with ARG... it is to run for a moment, and end well.
# One that forks nothing: FORKS=no expect_edges PROGRAM. One whose lines differ from run to run even when
# they are masked and sorted: VARIES=yes.
expect_edges() {
    local program=$1 name=${1##*/} help wanted
    for help in -h --help; do
        run --separate-stderr bounded 20 "$program" "$help"
        [[ $status -eq 0 && -z $stderr && $output == "usage: $name"* ]] || report "$program $help" || return
    done
    expect_full_device "$program" -h || return
    expect_bad_usage "unknown option '--nothing'" "$program" --nothing || return
    expect_bad_usage 'unknown option -%' "$program" -% || return
    TIME_SCALE=nan expect_bad_usage 'TIME_SCALE: expected' "$program" "${@:2}" || return
    SEED=7x expect_bad_usage 'SEED: expected' "$program" "${@:2}" || return

    run --separate-stderr bounded 20 "$@"
    [[ $status -eq 0 && -z $stderr ]] || report "$*: expected status 0, and no message" || return
    wanted=$(mask <<<"$output" | sort)
    run --separate-stderr with '<&-' env --ignore-signal=CHLD "$@"
    [[ $status -eq 0 && -z $stderr ]] || report "$* with SIGCHLD ignored and standard input closed" || return
    [ -n "${VARIES:-}" ] || expect_same "$wanted" "$(mask <<<"$output" | sort)" || return
    run --separate-stderr with '>&-' "$@"
    [[ $status -eq 1 && $stderr == "$name: "* ]] || report "$* with standard output closed" || return
    expect_full_device "$@" || return
    if [ "${FORKS:-}" != no ] && { [ "$EUID" -ne 0 ] || can_be_user; }; then
        TMPDIR=/tmp run --separate-stderr as_user 0 "$@" # bats' own directory is not that user's
        [[ $status -eq 1 && $stderr == "$name: "*'Resource temporarily unavailable'* ]] ||
            report "$* without a process to be had: expected a message and status 1" || return
    fi
    expect_nothing_left "$*"
}

# What Ctrl-C on a terminal does: SIGINT to all processes of the group, as soon as the program has
# printed its first line. It must die of it: bash's 130 could also be an exit(130), hence xargs, which
# tells one from the other. Give a pause time to be interrupted: TIME_SCALE=1 interrupt ./04-pool/pool
# INTERRUPT_AT='Run task' waits for a line with that text. Leaves the text printed in output and stderr.
interrupt() {
    interrupted - "$@"
}

# kill -INT PID does this: only the program itself gets it; its children are its own affair.
interrupt_parent() {
    interrupted '' "$@"
}

interrupted() {
    local group=$1 pid='' runner end=$((SECONDS + 11)) files=$BATS_TEST_TMPDIR/interrupt text
    shift
    type setsid >/dev/null || skip 'this system has no setsid'
    [ ! -d "$files" ] || rm -rf "$files"
    mkdir "$files" && : >"$files/stdout"
    # bash starts what runs in the background with SIGINT ignored; env puts that right. xargs takes
    # no arguments from /dev/null, and runs the command once. setsid makes a session, and so a group.
    # shellcheck disable=SC2016 # for the inner sh
    env --default-signal=INT xargs setsid sh -c 'echo $$ >"$0/pid"; exec "$@" 2>"$0/stderr"' "$files" "$@" \
        </dev/null >"$files/stdout" 2>"$files/xargs" 3>&- &
    runner=$!
    until IFS= read -rd '' text <"$files/stdout" || [[ -n $text && $text == *"${INTERRUPT_AT:-}"* ]]; do
        kill -0 "$runner" 2>/dev/null || break
        [ "$SECONDS" -lt "$end" ] || break
        sleep 0.01
    done
    read -r pid <"$files/pid" || fail "$* did not start:" "$(cat "$files/xargs")" || return
    kill -INT -- "$group$pid" 2>/dev/null || true
    # Its end must come soon. (The runner is a child, so its pid stays taken until wait.)
    end=$((SECONDS + 2))
    while kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do sleep 0.01; done
    if kill -0 "$pid" 2>/dev/null; then
        kill -KILL -- "-$pid"
        fail "$* still runs a second after SIGINT" || true
    fi
    status=0
    wait "$runner" || status=$?
    output=$(<"$files/stdout")
    stderr=$(<"$files/stderr")
    [[ $(<"$files/xargs") == *'terminated by signal 2' ]] ||
        report "$*: expected that it dies of SIGINT; $(sed 's/^xargs: //' "$files/xargs")" || return
    status=130 # as a shell sees it
    expect_nothing_left "$*"
}

# --- READMEs -------------------------------------------------------------------------------------

# Runs the commands in the ```console blocks of FILE: a line that begins with "$ " is a command, the
# lines up to the next one are what it must print, on standard output and standard error, as `mask`
# sees it. (Of a command that itself prints such lines, so many are taken for its output.) A command with
# nothing below it may print what it likes, but must succeed. To show an exit status, write
# `COMMAND; echo $?`. A line right before the block changes this:
#   <!-- any order -->        the lines are sorted before they are compared
#   <!-- not run: REASON -->  the block is left alone
# Blocks of other kinds are not run, so a "$ " in them is an error: it looks checked, and is not.
check_readme() {
    local file=$1 line indent='' kind='' note='' number=0
    local checked=0 wrong=0     # commands that ran; and what was not right
    local -a block=()           # the lines of a console block
    local fence='^([[:blank:]]*)```([[:alnum:]]*)' comment='^[[:blank:]]*(<!-- .* -->)$'
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        if [ -z "$kind" ]; then
            if [[ $line =~ $fence ]]; then
                indent=${BASH_REMATCH[1]} kind=${BASH_REMATCH[2]:-none}
                block=()
            elif [[ $line =~ $comment ]]; then
                note=${BASH_REMATCH[1]}
            else
                note=''
            fi
            continue
        fi
        line=${line#"$indent"}
        if [[ ${line%%[[:blank:]]*} == '```' ]]; then
            [[ $kind != console ]] || readme_block
            kind='' note=''
        elif [[ $kind == console ]]; then
            block+=("$line")
        elif [[ $line == '$ '* ]]; then
            fail "$file:$number: a command in a \`\`\`$kind block is not checked" || wrong=$((wrong + 1))
        fi
    done <"$file"
    [ -z "$kind" ] || fail "$file: a block without an end" || return
    [ "$checked" -gt 0 ] || fail "$file: not one command that is checked" || return
    [ "$wrong" -eq 0 ] || fail "$file: $wrong wrong" || return
}

# What mask makes of $wanted and $got.
mask_both() {
    local both
    both=$(mask <<<"$wanted"$'\n\1\n'"$got")
    wanted=${both%%$'\n\1'*} got=${both#*$'\1\n'}
    while [[ $wanted == *$'\n' ]]; do wanted=${wanted%$'\n'}; done # as of $got
}

# Checks a block that check_readme has read, in check_readme's variables. Ends at the first command that
# is wrong: what follows may be its output.
readme_block() {
    local at=0 start=$((number - ${#block[@]})) command where got line wanted prompts status order=''
    case $note in
    '<!-- any order -->') order=any ;;
    '<!-- not run: '?*' -->') return ;;
    '<!-- any'* | '<!-- not'*)
        fail "$file:$((start - 1)): neither <!-- any order --> nor <!-- not run: REASON -->" || wrong=$((wrong + 1))
        return
        ;;
    esac
    while [ "$at" -lt "${#block[@]}" ]; do
        command=${block[at]} where=$file:$((start + at))
        if [[ $command != '$ '* ]]; then
            fail "$where: output without a command" || wrong=$((wrong + 1))
            return
        fi
        command=${command#'$ '}
        checked=$((checked + 1))
        status=0
        got=$(cd "$ROOT" && bounded 60 bash -c "$command" 2>&1 </dev/null) || status=$?
        prompts=0
        if [[ $'\n'$got == *$'\n$ '* ]]; then
            while IFS= read -r line; do [[ $line != '$ '* ]] || ((++prompts)); done <<<"$got"
        fi
        wanted=''
        for ((at++; at < ${#block[@]}; at++)); do
            [[ ${block[at]} != '$ '* ]] || ((prompts--)) || break # at 0, the next command
            wanted+=${block[at]}$'\n'
        done
        if [ -n "$wanted" ]; then
            mask_both
            if [ "$order" = any ]; then wanted=$(sort <<<"$wanted") got=$(sort <<<"$got"); fi
            expect_same "$wanted" "$got" && [ "$status" -ne 124 ] && continue
        else
            [ "$status" -ne 0 ] || continue
        fi
        fail "^ $where: status $status: $command" || wrong=$((wrong + 1))
        [ -n "$wanted" ] || echo "$got"
        return
    done
}
