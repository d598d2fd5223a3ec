#!/usr/bin/env bats
# digits: the same report from one process and from a pool, checked against other tools; files that are
# made, and that go again, whatever happens.

load ../.ci/test_helper

digits=04-pool/digits
MOST=${LONG_MAX:-9223372036854775807}

setup() {
    common_setup
    directory=$BATS_TEST_TMPDIR/directory
}

# What the report on the files $@ of $directory must be, by other tools.
report_of() {
    local file
    for file; do
        tr -dc 0-9 <"$directory/$file" | fold -w 1 | sort | uniq -c | FILE=$file awk '{ count[$2] = $1 }
            END { for (digit = 0; digit < 10; digit++) printf "%6d ", count[digit]; print " " ENVIRON["FILE"] }'
    done | awk '
        BEGIN { for (digit = 0; digit < 10; digit++) printf "%6d ", digit; print " digit" }
        { print; for (i = 1; i <= 10; i++) all[i] += $i }
        END { for (i = 1; i <= 10; i++) printf "%6d ", all[i]; print " all files" }'
}

# Runs digits on $directory in one process, and in pools of several sizes: with status $1, the same
# report and the same complaints. Leaves them in output and stderr.
count_all_ways() {
    local first='' workers
    for workers in '' 1 2 9; do
        run --separate-stderr bounded 30 "${program:-$digits}" ${workers:+-w "$workers"} "$directory"
        [ "$status" -eq "$1" ] || report "with -w $workers: expected status $1" || return
        expect_same "${first:=$output$stderr}" "$output$stderr" || return
    done
}

# Builds it with a hook: before AT is opened, by whichever process, the command DO runs; its parent,
# $PPID, is that process.
build_hooked() {
    hooked=$BATS_FILE_TMPDIR/digits
    [ ! -x "$hooked" ] || return 0
    cat >"$hooked.h" <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static inline void hook(const char *path)
{
    const char *at = getenv("AT"), *name = strrchr(path, '/');

    if (strcmp(name == NULL ? path : name + 1, at) == 0 && system(getenv("DO")) != 0)
        fprintf(stderr, "failed: %s\n", getenv("DO"));
}
#define openat(directory, path, mode) (hook(path), openat(directory, path, mode))
#define fopen(path, mode) (hook(path), fopen(path, mode))
END
    "${CC:-cc}" -std=c17 -D_POSIX_C_SOURCE=200809L -Ilib -include "$hooked.h" -o "$hooked" 04-pool/digits.c \
        build/libprocesses.a -pthread
}

@test "-g makes N files of L random strings of up to X characters; by default 100, 5000 and 100" {
    run --separate-stderr bounded 20 "$digits" -g "$directory" -n 3 -l 400 -x 4
    [[ $status -eq 0 && -z $output$stderr ]]
    expect_same '1.txt 2.txt 3.txt' "$(cd "$directory" && echo *)"
    for file in "$directory"/*; do
        expect_same '1 2 3 4 of 400' "$(awk '{ seen[length]++ } END { print seen[1] ? 1 : 0, seen[2] ? 2 : 0, seen[3] ? 3 : 0,
            seen[4] ? 4 : 0, "of", NR }' "$file")"
        [ "$(tail -c 1 "$file" | wc -l)" -eq 1 ]
    done
    expect_same "$(printf '%s\n' {0..9} {A..Z} {a..z})" "$(cat "$directory"/* | fold -w 1 | sort -u)"
    [ "$(sort -u <<<"$(cksum <"$directory/1.txt")
$(cksum <"$directory/2.txt")")" != "$(cksum <"$directory/1.txt")" ]

    bounded 20 "$digits" -x 1 -g "$directory.long"
    expect_same 100 "$(find "$directory.long" -name '*.txt' | wc -l)"
    expect_same $'5000 1.txt\n5000 100.txt' "$(cd "$directory.long" && wc -l 1.txt 100.txt | sed -e 's/^ *//' -e '/total/d')"
    bounded 20 "$digits" -n 1 -g "$directory.wide"
    expect_same 100 "$(awk 'length > most { most = length } END { print most }' "$directory.wide/1.txt")"

    for seed in 7 7 8; do
        rm -r "$directory"
        SEED=$seed bounded 20 "$digits" -n 2 -l 9 -g "$directory"
        contents+=("$(cat "$directory"/*)")
    done
    [ "${contents[0]}" = "${contents[1]}" ]
    [ "${contents[0]}" != "${contents[2]}" ]
}

@test "the same report from one process and from a pool, in the order of the numbers, checked against tr and wc" {
    bounded 20 "$digits" -g "$directory" -n 11 -l 1500 # of more than one block
    count_all_ways 0
    expect_same "$(report_of {1..11}.txt)" "$output"
    expect_same '' "$stderr"
    for option in -w2 --; do # files are closed
        output=$(bounded 20 bash -c 'ulimit -n 15 && exec "$@"' - "$digits" "$option" "$directory" 2>&1)
        expect_same "$(report_of {1..11}.txt)" "$output"
    done
    expect_nothing_left "$digits"
}

@test "a large file, in little memory" {
    mkdir "$directory"
    truncate -s 40M "$directory/1.txt"
    echo 7777777 >>"$directory/1.txt"
    program=$BATS_TEST_TMPDIR/limited
    printf '#!/bin/sh\nulimit -v 60000 && exec %s "$@"\n' "$PWD/$digits" >"$program"
    chmod 755 "$program"
    count_all_ways 0
    expect_same "$(report_of 1.txt)" "$output"
}

@test "empty, strange and unreadable files, subdirectories, other names; no files at all" {
    mkdir "$directory"
    count_all_ways 0
    expect_same "$(report_of)" "$output"

    mkdir "$directory/0.txt"
    mkfifo "$directory/fifo"
    ln -s /dev/zero "$directory/device"
    ln -s nowhere "$directory/5.txt"
    ln -s /proc/self/mem "$directory/memory"
    ln -s 02.txt "$directory/link"
    printf '0123456789/:' >"$directory/10.txt"
    printf '\000\0609\377\271\n' >"$directory/02.txt"
    echo 2 >"$directory/2.txt"
    echo 99 >"$directory/9 lives"
    echo 1 >"$directory/.hidden"
    printf '%s' 18446744073709551615 >"$directory/18446744073709551615"
    echo 5 >"$directory/4294967296"
    : >"$directory/empty"
    count_all_ways 1
    expect_same "$(report_of 02.txt 2.txt '9 lives' 10.txt 4294967296 .hidden 18446744073709551615 empty link)" "$output"
    expect_same 'digits: count in 5.txt: No such file or directory
digits: count in memory: REASON' "$(sed '/memory/s/: I[^:]*$/: REASON/' <<<"$stderr")"

    directory=$PUBLIC/directory
    make_public
    mkdir "$directory"
    cp "$BATS_TEST_TMPDIR"/directory/*2.txt "$directory"
    chmod 0 "$directory/2.txt"
    need_user
    chown "$ORDINARY_USER" "$directory/2.txt"
    for option in -w1 -w3 --; do
        run --separate-stderr as_user 10 "$digits" "$option" "$directory"
        [ "$status" -eq 1 ]
        expect_same "$(report_of 02.txt)" "$output"
        expect_same 'digits: count in 2.txt: Permission denied' "$stderr"
    done
    run --separate-stderr as_user 2 "$digits" -w 2 "$directory" # one process too few
    [ "$status" -eq 1 ]
    expect_same 'digits: open a pool of 2 workers: Resource temporarily unavailable' "$stderr"
    chmod 0 "$directory"
    run --separate-stderr as_user 10 "$digits" "$directory"
    expect_same "digits: list directory $directory: Permission denied" "$stderr"
}

@test "a file vanishes or becomes a FIFO after it was found; a worker is killed: that is reported, the others are counted" {
    build_hooked
    bounded 20 "$digits" -g "$directory" -n 4 -l 20
    cd "$directory"
    export AT=3.txt
    wanted=$(report_of 1.txt 2.txt 4.txt)
    for option in -w2 --; do
        cp 1.txt 3.txt
        DO='rm 3.txt' run --separate-stderr bounded 20 "$hooked" "$option" .
        [ "$status" -eq 1 ]
        expect_same "$wanted" "$output"
        expect_same 'digits: count in 3.txt: No such file or directory' "$stderr"
        cp 1.txt 3.txt
        DO='rm 3.txt; mkfifo 3.txt' run --separate-stderr bounded 20 "$hooked" "$option" .
        [ "$status" -eq 0 ]
        rm 3.txt
    done
    for signal in KILL TERM; do
        for workers in 1 3; do
            cp 1.txt 3.txt
            DO="kill -$signal \$PPID" run --separate-stderr bounded 20 "$hooked" -w "$workers" .
            [ "$status" -eq 1 ]
            expect_same "$wanted" "$output"
            expect_same "digits: count in 3.txt: process N was killed by signal $(kill -l "$signal")" "$(mask <<<"$stderr")"
        done
    done
}

@test "without DIR: counts both ways in files of its own, and removes them" {
    export TMPDIR=$BATS_TEST_TMPDIR/temporary
    mkdir "$TMPDIR"
    for workers in 3 ''; do
        SEED=7 run --separate-stderr bounded 20 "$digits" ${workers:+-w "$workers"} -n 4 -l 90
        [[ $status -eq 0 && -z $stderr ]]
        SEED=7 "$digits" -g "$directory" -n 4 -l 90
        all=$(report_of {1..4}.txt | sed -n '1p;$p')
        expect_same "One process: T seconds
$all
A pool of ${workers:-$(getconf _NPROCESSORS_ONLN)}: T seconds
$all
The same in each of 4 files." "$(sed -E 's/[0-9]+\.[0-9]{4} sec/T sec/' <<<"$output")"
        expect_same '' "$(ls "$TMPDIR")"
        rm -r "$directory"
    done

    build_hooked
    export AT=2.txt
    DO='for file in "$TMPDIR"/digits-*/2.txt; do [ ! -e "$file" ] || echo 5 >>"$file"; done' \
        run --separate-stderr bounded 20 "$hooked" -n 3 -l 9 # it grows while it is counted
    [ "$status" -eq 1 ]
    expect_same 'digits: the counts in 2.txt differ' "$stderr"
    DO='read -r _ _ _ parent _ <"/proc/$PPID/stat"; grep -qv digits "/proc/$parent/comm" || kill -KILL "$PPID"' \
        run --separate-stderr bounded 20 "$hooked" -n 3 -l 0 # a worker opens it
    [ "$status" -eq 1 ]
    expect_same 'digits: count in 2.txt: process N was killed by signal 9' "$(mask <<<"$stderr")"
    # What waits in the parent waits in a worker, too, for ever; it is not for a worker to remove the files.
    DO='read -r _ _ _ parent _ <"/proc/$PPID/stat"; grep -qv digits "/proc/$parent/comm" || kill -TERM "$PPID"' \
        run --separate-stderr bounded 20 "$hooked" -n 3 -l 9
    [[ $status -eq 0 && -z $stderr && $output == *'each of 3 files.' ]]
    DO='cd "$TMPDIR"/digits-*; if [ -e 2 ]; then mv 2 2.txt; elif [ -e 2.txt ]; then mv 2.txt 2; fi' \
        run --separate-stderr bounded 20 "$hooked" -n 3 -l 0 # it is away for a while
    [ "$status" -eq 1 ]
    expect_same 'digits: count in 2.txt: No such file or directory' "$stderr"
    expect_same '' "$(ls "$TMPDIR")"
    DO='cd "$TMPDIR"/digits-* && { [ -e "not mine" ] || echo 5 >"not mine"; }' run --separate-stderr bounded 20 "$hooked" -n 3 -l 9
    [ "$status" -eq 1 ]
    expect_same "digits: remove $(echo "$TMPDIR"/digits-*): Directory not empty" "$stderr"
    expect_same 5 "$(cat "$TMPDIR"/digits-*/*)"
    rm -r "$TMPDIR"/digits-*

    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 7<>"$BATS_TEST_TMPDIR/pipe" # with a reader, there can be a writer
    exec 8>"$BATS_TEST_TMPDIR/pipe" 7<&-
    run --separate-stderr with '>&8 8>&-' "$digits" -n 3 -l 9
    exec 8>&-
    [ "$status" -eq $((128 + $(kill -l PIPE))) ]
    expect_same '' "$stderr$(ls "$TMPDIR")"

    export TMPDIR=$BATS_TEST_TMPDIR/none
    run --separate-stderr bounded 20 "$digits" -n 1
    [ "$status" -eq 1 ]
    expect_same "digits: make a directory in $TMPDIR: No such file or directory" "$stderr"
    output=$(SEED=7 env -u TMPDIR "$digits" -n 4 -l 90 | tail -n 1)
    expect_same "The same in each of 4 files." "$output"
    # Empty, it is as if it was not set; the directory would be /digits-...
    TMPDIR='' AT=1.txt DO='echo /digits-*' run --separate-stderr bounded 20 "$hooked" -w 1 -n 1 -l 0
    [[ $status -eq 0 && -z $stderr && ${lines[0]} == '/digits-*' ]]
    expect_nothing_left "$digits"
}

@test "what is made is removed when a signal ends it, or a file can't be made; what was there stays" {
    build_hooked
    ulimit -c 0
    export TMPDIR=$BATS_TEST_TMPDIR/temporary AT=3.txt
    mkdir "$TMPDIR"
    for signal in HUP INT QUIT PIPE TERM XFSZ; do # while files are made; and when they are counted
        export DO="kill -$signal \$PPID"
        run --separate-stderr bounded 20 "$hooked" -n 5 -l 2
        [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
        [ -z "$stderr" ]
        expect_same '' "$output$(ls "$TMPDIR")"
        run --separate-stderr bounded 20 "$hooked" -n 5 -l 2 -g "$directory"
        [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
        [[ -z $stderr && ! -e $directory ]]
    done
    # While it counts, by itself and in a pool: a file that would take it many seconds.
    for whom in digits timeout; do # the parent of the worker; of itself
        AT=2.txt DO='read -r _ _ _ parent _ <"/proc/$PPID/stat"
            for file in "$TMPDIR"/digits-*/2.txt; do
                ! grep -q '$whom' "/proc/$parent/comm" || [ ! -e "$file" ] || {
                    truncate -s 50G "$file"
                    grep -q digits "/proc/$parent/comm" || parent=$PPID
                    kill -TERM "$parent"
                }
            done' run --separate-stderr bounded 20 "$hooked" -w 2 -n 3 -l 2
        [ "$status" -eq $((128 + $(kill -l TERM))) ]
        expect_same '' "$output$stderr$(ls "$TMPDIR")"
        expect_nothing_left "$digits"
    done
    # One that is ignored is ignored, one that is blocked stays blocked.
    DO='kill -INT $PPID' run --separate-stderr bounded 20 env --block-signal=INT "$hooked" -n 5 -l 2
    [[ $status -eq 0 && -z $stderr && $output == *'each of 5 files.' ]]
    DO='kill -INT $PPID' run --separate-stderr bounded 20 env --ignore-signal=INT "$hooked" -n 5 -l 2
    [[ $status -eq 0 && -z $stderr && $output == *'each of 5 files.' ]]

    mkdir "$directory"
    echo mine >"$directory/4.txt"
    echo 1 >"$directory/other"
    run --separate-stderr bounded 20 "$digits" -g "$directory" -n 5 -l 2
    [ "$status" -eq 1 ]
    expect_same "digits: make $directory/4.txt: File exists" "$stderr"
    expect_same '4.txt mine other 1' "$(cd "$directory" && echo 4.txt "$(cat 4.txt)" other "$(cat other)")"
    run --separate-stderr bounded 20 "$digits" -g "$directory" -n 3 -l 2
    [ "$status" -eq 0 ]
    expect_same '1.txt 2.txt 3.txt 4.txt other' "$(cd "$directory" && echo *)"

    run --separate-stderr bounded 20 env --ignore-signal=XFSZ bash -c 'ulimit -f 1 && exec "$@"' - "$digits" -g "$directory.new" -n 2 -x 1 -l 700
    [ "$status" -eq 1 ]
    expect_same "digits: write $directory.new/1.txt: File too large" "$stderr"
    run --separate-stderr bounded 20 bash -c 'ulimit -f 1 && exec "$@"' - "$digits" -g "$directory.new" -n 2 -x 1 -l 700
    [ "$status" -eq $((128 + $(kill -l XFSZ))) ]
    [[ -z $stderr && ! -e $directory.new ]]
    run --separate-stderr bounded 20 "$digits" -g "$directory/none/new"
    [ "$status" -eq 1 ]
    expect_same "digits: make directory $directory/none/new: No such file or directory" "$stderr"
    run --separate-stderr bounded 20 "$digits" -g "$directory/other"
    [ "$status" -eq 1 ]
    expect_same "digits: make $directory/other/1.txt: Not a directory" "$stderr"
}

@test "Ctrl-C while it counts" {
    mkdir "$directory"
    truncate -s 50G "$directory/1.txt" "$directory/2.txt"
    for option in -w2 --; do
        run --separate-stderr timeout -k 10 -s INT 0.2 "$digits" "$option" "$directory" 3>&-
        [ "$status" -eq 124 ]
        [ -z "$output$stderr" ]
    done
    expect_nothing_left "$digits"
}

@test "at the edges" {
    expect_bad_usage "-w: expected a whole number from 1 to 1000, got '0'" "$digits" -w 0 .
    expect_bad_usage "-n: expected a whole number from 1 to $MOST, got '0'" "$digits" -n 0
    expect_bad_usage "-l: expected a whole number from 0 to $MOST, got '-1'" "$digits" -l -1
    expect_bad_usage "-x: expected a whole number from 1 to 1000000, got '1000001'" "$digits" -x 1000001
    expect_bad_usage "unexpected argument 'b'" "$digits" a b
    expect_bad_usage "unexpected argument 'b'" "$digits" -g "$directory" b
    run --separate-stderr bounded 20 "$digits" nothing
    [ "$status" -eq 1 ]
    expect_same 'digits: list directory nothing: No such file or directory' "$stderr"
    SEED=7 expect_edges "$digits" -w 2 -n 3 -l 5
}
