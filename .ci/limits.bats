#!/usr/bin/env bats
# Every program where there is little to be had, or something is odd: few descriptors, processes, little memory,
# no room on the disk, closed streams ... Each either does all that it does otherwise, or says what was
# not to be had, and fails; it never hangs, never dies of a signal, and leaves nothing. `make limits`

load test_helper
load quick

setup() {
    common_setup
    make_public
    export TIME_SCALE=0 SEED=7
    files=$PUBLIC/files # what the programs read and write; an ordinary user may, too
    mkdir -m 777 "$files" "$files/empty" "$BATS_TEST_TMPDIR/now"
    echo 'a1 b2' >"$files/FILE"
    echo 'http://127.0.0.1:1/' >"$files/LIST"
    [ -d "$BATS_FILE_TMPDIR/usual" ] || { mkdir "$BATS_FILE_TMPDIR/usual" && run_all "$BATS_FILE_TMPDIR/usual"; }
}

# Runs each program by way of COMMAND... and keeps in the directory $1 what it has printed, and its status.
run_all() {
    local results=$1 flag words status word
    local -a program
    shift
    while read -r flag words; do
        [[ $flag == [~!] ]] || words="$flag $words"
        program=()
        for word in $words; do
            case $word in
            FILE | LIST) word=$files/$word ;;
            DIRECTORY) word=${DIRECTORY:-$files/new} && rm -rf "$files/new" ;;
            0*/*) word=${PROGRAMS:-.}/$word ;;
            esac
            program+=("$word")
        done
        words=${words//\//,}
        status=0
        "$@" timeout -k 2 20 "${program[@]}" >"$results/$words.out" 2>"$results/$words.err" </dev/null 3>&- || status=$?
        echo "$status" >"$results/$words.status"
    done < <(quick_runs)
}

# What varies is hidden, and the lines of each file are in order; all in one text.
normalized() {
    (cd "$1" && grep -a '' ./*.out | mask | sort)
}

# Each program has either done what it does otherwise, or has said why not. $1 says where it was.
judge() {
    local wrong='' flag words name file status usual message
    local -A differs=()
    while IFS=: read -r file _; do differs[${file#??}]=yes; done < <(
        comm -3 <(normalized "$BATS_FILE_TMPDIR/usual") <(normalized "$BATS_TEST_TMPDIR/now") | tr -d '\t')
    while read -r flag words; do
        [[ $flag == [~!] ]] || { words="$flag $words" && flag=''; }
        name=${words%% *} name=${name##*/} file=${words//\//,}
        status=$(<"$BATS_TEST_TMPDIR/now/$file.status")
        message=$(<"$BATS_TEST_TMPDIR/now/$file.err")
        usual=$(<"$BATS_FILE_TMPDIR/usual/$file.status")
        [[ $usual -eq 0 || $flag == ! ]] || wrong+="$words: status $usual as usual, too"$'\n'
        if [[ $status -eq 0 ]]; then
            [[ $usual -eq 0 && -z $message ]] || wrong+="$words: status 0 with the message '$message'"$'\n'
            [[ -n $flag || -z ${differs[$file.out]:-} ]] || wrong+="$words: status 0, but other lines"$'\n'
        elif [[ $status -gt 2 ]]; then # 124: it hangs
            wrong+="$words: status $status $message"$'\n'
        elif [[ -z ${SILENT:-} && $message != "$name: "* ]]; then
            wrong+="$words: status $status, and no message of its own: '$message'"$'\n'
        elif [[ ${#message} -gt 5000 ]]; then
            wrong+="$words: a message of ${#message} characters"$'\n'
        fi
        failed=$((failed + (status != usual)))
    done < <(quick_runs)
    [ -z "$wrong" ] || fail "$1:" "$wrong" || return
    expect_nothing_left "$1"
}

# WORDS COMMAND...: all programs, each by way of the command. `failed` counts those that could not.
expect_sane() {
    failed=0
    rm -f "$BATS_TEST_TMPDIR"/now/*
    run_all "$BATS_TEST_TMPDIR/now" "${@:2}"
    judge "$1"
}

limited() {
    (ulimit "$1" "$2" && shift 2 && exec "$@")
}

# Where an ordinary user may execute them.
copy_programs() {
    local program
    need_user
    PROGRAMS=$PUBLIC/programs
    while read -r _ program; do
        mkdir -p "$PROGRAMS/${program%/*}"
        cp "$program" "$PROGRAMS/$program"
    done < <(quick_runs | sed -E 's/^([~!] )?([^ ]+).*/- \2/' | sort -u)
    chmod -R a+rX "$PROGRAMS" "$files"
}

ordinary() {
    setpriv --reuid="$ORDINARY_USER" --regid="$ORDINARY_USER" --clear-groups "$@"
}

@test "limits: as usual" {
    expect_sane 'as usual' env
    [ "$failed" -eq 0 ] || fail "$failed have failed"
}

@test "limits: few descriptors" {
    expect_sane 'with 16 descriptors' limited -n 16
    [ "$failed" -gt 3 ] || fail "only $failed have failed"
    expect_sane 'with 4 descriptors' limited -n 4
    [ "$failed" -gt 30 ] || fail "only $failed have failed"
}

@test "limits: few processes" {
    copy_programs
    few() { ordinary bash -c 'ulimit -u 4 && exec "$@"' - "$@"; } # timeout and the program are two
    TMPDIR=$files/empty expect_sane 'with 3 processes' few
    [ "$failed" -gt 20 ] || fail "only $failed have failed"
}

@test "limits: little memory" {
    expect_sane 'with 12 MB of addresses' limited -v 12000
    [ "$failed" -gt 0 ] || fail 'nobody has failed'
}

@test "limits: a full disk" {
    [ "$(id -u)" -eq 0 ] || skip 'only root can mount a disk'
    unshare -m true 2>/dev/null || skip 'no disk can be mounted here'
    # The disk goes with the namespace, so what is left there is looked at before.
    full() {
        unshare -m sh -c 'mount -t tmpfs -o size=4k none "$0/disk" && echo full >"$0/disk/full" || exit
            "$@"
            status=$?
            ls -A "$0/disk" | grep -vx full >>"$0/left"
            exit $status' "$files" "$@"
    }
    mkdir "$files/disk"
    DIRECTORY=$files/disk/new TMPDIR=$files/disk expect_sane 'with a full disk' full
    [ ! -s "$files/left" ] || fail 'left on the full disk:' "$(<"$files/left")" || return
    [ "$failed" -gt 0 ] || fail 'nobody has failed'
}

@test "limits: a directory that can't be written, and one that is not there" {
    copy_programs
    mkdir -m 555 "$files/readonly"
    DIRECTORY=$files/readonly/new TMPDIR=$files/readonly expect_sane 'in a directory that is for reading only' ordinary
    [ "$failed" -gt 0 ] || fail 'nobody has failed'
    DIRECTORY=$files/missing/new TMPDIR=$files/missing expect_sane 'in a directory that is not there' env
    [ "$failed" -gt 0 ] || fail 'nobody has failed'
}

@test "limits: closed streams" {
    closed() { sh -c 'exec "$@" '"$CLOSED" - "$@"; }
    CLOSED='<&-' expect_sane 'with standard input closed' closed
    [ "$failed" -eq 0 ] || fail "$failed have failed"
    SILENT=yes CLOSED='2>&-' expect_sane 'with standard error closed' closed
    [ "$failed" -eq 0 ] || fail "$failed have failed"
    CLOSED='>&-' expect_sane 'with standard output closed' closed
    [ "$failed" -gt 50 ] || fail "only $failed have failed"
    SILENT=yes CLOSED='<&- >&- 2>&-' expect_sane 'with all three closed' closed
    [ "$failed" -gt 50 ] || fail "only $failed have failed"
}

@test "limits: nobody reads, and SIGPIPE is ignored" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    # shellcheck disable=SC2094 # it is no file, but a pipe: it opens only while somebody would read
    exec 7<>"$BATS_TEST_TMPDIR/pipe" 8>"$BATS_TEST_TMPDIR/pipe" 7<&-
    expect_sane 'with nobody who reads' env --ignore-signal=PIPE sh -c 'exec "$@" >&8' -
    [ "$failed" -gt 50 ] || fail "only $failed have failed"
}

@test "limits: an environment of a megabyte; numbers of 100,000 digits" {
    local i large
    large=$(head -c 100000 /dev/zero | tr '\0' 9)
    for i in {0..9}; do export "LARGE$i=$large"; done
    expect_sane 'with a megabyte of environment' env
    [ "$failed" -eq 0 ] || fail "$failed have failed"
    TIME_SCALE=$large expect_sane 'with a TIME_SCALE of 100,000 digits' env
    [ "$failed" -gt 50 ] || fail "only $failed have failed"
    SEED=$large expect_sane 'with a SEED of 100,000 digits' env
    [ "$failed" -gt 50 ] || fail "only $failed have failed"
}
