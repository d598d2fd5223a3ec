#!/usr/bin/env bats
# count_files: counts that other tools can check, in the order of the arguments; also when files can't
# be read, and workers are killed.

load ../.ci/test_helper

count_files=04-pool/count_files

# The line for the file $1, whose name in Python's notation is $2, as other tools count.
line_of() {
    local total digits spaces letters
    total=$(wc -c <"$1")
    digits=$(tr -dc 0-9 <"$1" | wc -c)
    spaces=$(tr -dc ' \t\n\v\f\r' <"$1" | wc -c)
    letters=$(tr -dc A-Za-z <"$1" | wc -c)
    echo "{'filename': ${2:-"'$1'"}, 'total': $total, 'digits': $digits, 'spaces': $spaces," \
        "'letters': $letters, 'other': $((total - digits - spaces - letters))}"
}

lines_of() {
    local file
    for file; do line_of "$file"; done
}

# The lines of the workers in `output`, without their pids, sorted; and those of the parent.
analyzing() {
    sed -nE 's/^Process [0-9]+ (analyzing .*)/\1/p' <<<"$output" | sort
}
results() {
    grep -v '^Process ' <<<"$output"
}

# As large as you like, and takes no room.
make_endless() {
    endless=$BATS_TEST_TMPDIR/$1
    truncate -s 50G "$endless"
}

@test "counts every byte of every file, in the order of the arguments, with any number of workers" {
    cd "$BATS_TEST_TMPDIR"
    # shellcheck disable=SC2059 # all 256 bytes
    printf "$(printf '\\x%x' {0..255})" >all
    : >empty
    seq 30000 >numbers # of more than one block
    head -c 131072 "$ROOT/$count_files" >program
    yes 'A a
b	9' | head -c 65537 >text
    wanted=$(lines_of text all empty numbers program all)
    for workers in 1 3 40; do
        run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$ROOT/$count_files" "$workers" text all empty numbers program all
        [[ $status -eq 0 && -z $stderr ]]
        pid=${lines[0]}
        output=${output#*$'\n'}
        expect_same "$wanted" "$(results)"
        expect_same "$(printf 'analyzing %s\n' all all empty numbers program text)" "$(analyzing)"
        pids=$(sed -nE 's/^Process ([0-9]+) .*/\1/p' <<<"$output" | sort -u)
        [ "$(wc -l <<<"$pids")" -le "$workers" ]
        [[ $'\n'$pids$'\n' != *$'\n'$pid$'\n'* ]]
        [ "$(tail -n 6 <<<"$output")" = "$(results)" ] # when all are done
    done
    output=$(bounded 20 bash -c 'ulimit -n 12 && exec "$@"' - "$ROOT/$count_files" 1 {all,empty}{,,}{,,}{,,} 2>&1)
    expect_same "$(lines_of all empty)" "$(results | sort -u)" # files are closed
    output=$wanted
    expect_same "'total': 256, 'digits': 10, 'spaces': 6, 'letters': 52, 'other': 188}" "$(sed -n '2s/.*all., //p' <<<"$(results)")"
}

@test "a file that can't be read is reported with its reason; the others go on" {
    make_public
    mkdir "$PUBLIC/directory"
    mkfifo "$PUBLIC/fifo"
    echo secret >"$PUBLIC/secret"
    chmod 0 "$PUBLIC/secret"
    echo 'good 1' >"$PUBLIC/good"
    chmod 644 "$PUBLIC/good"
    cd "$PUBLIC"
    files=(nothing good directory secret good fifo /dev/zero /proc/self/mem '' good)
    if can_be_user; then
        run --separate-stderr as_user 10 "$ROOT/$count_files" 2 "${files[@]}"
    else
        [ "$(id -u)" -ne 0 ] || skip 'root may read everything'
        run --separate-stderr bounded 20 "$ROOT/$count_files" 2 "${files[@]}"
    fi
    [ "$status" -eq 1 ]
    expect_same "$(lines_of good good good)" "$(results)"
    expect_same "$(printf 'analyzing %s\n' "${files[@]}" | sort)" "$(analyzing)"
    expect_same 'count_files: analyze nothing: No such file or directory
count_files: analyze directory: Is a directory
count_files: analyze secret: Permission denied
count_files: analyze fifo: not a regular file
count_files: analyze /dev/zero: not a regular file
count_files: analyze /proc/self/mem: REASON
count_files: analyze : No such file or directory' "$(sed '/self/s/: I[^:]*$/: REASON/' <<<"$stderr")"
}

@test "names in Python's notation" {
    cd "$BATS_TEST_TMPDIR"
    names=("it's" 'a "word"' "it's a \"word\"" 'back\slash' $'two\nlines\x7f\t' grün -h)
    shown=("\"it's\"" "'a \"word\"'" "'it\\'s a \"word\"'" "'back\\\\slash'" "'two\\x0alines\\x7f\\x09'" "'grün'" "'-h'")
    for i in "${!names[@]}"; do
        echo "$i" >"./${names[i]}"
        wanted+=$(line_of "./${names[i]}" "${shown[i]}")$'\n'
    done
    run --separate-stderr bounded 20 "$ROOT/$count_files" 2 "${names[@]}"
    [[ $status -eq 0 && -z $stderr ]]
    expect_same "$wanted" "$(grep '^{' <<<"$output")"$'\n'
    [[ $output == *$'analyzing two?lines??\n'* ]] # as in a message
    long=$(printf "'%.0s" {1..254})\" # every character is escaped
    : >"$long"
    output=$(bounded 20 "$ROOT/$count_files" 1 "$long")
    expect_same "{'filename': '${long//\'/\\\'}', 'total': 0, 'digits': 0, 'spaces': 0, 'letters': 0, 'other': 0}" "${output#*$'\n'}"
}

@test "a worker is killed: its file is reported, the others go on" {
    make_endless one
    make_endless two
    echo 'a 1' >"$BATS_TEST_TMPDIR/good"
    begun=''
    at_line() { # when both have begun; so there are two workers
        [[ $1 != *' analyzing '*/one && $1 != *' analyzing '*/two ]] || begun+=" $(cut -d ' ' -f 2 <<<"$1")"
        # shellcheck disable=SC2086 # two pids
        [[ $begun != ' '*' '* ]] || { kill -KILL $begun && begun=''; }
    }
    run --separate-stderr watch "$count_files" 2 "$BATS_TEST_TMPDIR"/{one,good,two,good}
    [ "$status" -eq 1 ]
    expect_same "$(lines_of "$BATS_TEST_TMPDIR"/{good,good})" "$(results)"
    expect_same "$(sed -nE 's/^Process ([0-9]+) analyzing (.*(one|two))$/count_files: analyze \2: process \1 was killed by signal 9/p' \
        <<<"$output" | sort)" "$(sort <<<"$stderr")"
    expect_same 2 "$(wc -l <<<"$stderr")"
    expect_nothing_left "$count_files"
}

@test "large files: as many bytes as there are, in little memory; and Ctrl-C" {
    truncate -s 50M "$BATS_TEST_TMPDIR/large"
    echo 7 >>"$BATS_TEST_TMPDIR/large"
    run --separate-stderr bounded 20 bash -c 'ulimit -v 40000 && exec "$@"' - "$count_files" 1 "$BATS_TEST_TMPDIR/large"
    [[ $status -eq 0 && -z $stderr ]]
    [[ $output == *"'total': 52428802, 'digits': 1, 'spaces': 1, 'letters': 0, 'other': 52428800}" ]]
    make_endless one
    make_endless two
    export INTERRUPT_AT=analyzing
    interrupt "$count_files" 2 "$BATS_TEST_TMPDIR"/{one,two}
    interrupt_parent "$count_files" 2 "$BATS_TEST_TMPDIR"/{one,two}
}

@test "by default: 3 workers, and the chapter's .c files, wherever it is called from" {
    mapfile -t sources < <(cd 04-pool && printf '%s\n' *.c)
    wanted=$(cd 04-pool && lines_of "${sources[@]}")
    for directory in . / "$BATS_TEST_TMPDIR"; do
        output=$(cd "$directory" && bounded 20 "$ROOT/$count_files")
        expect_same "$wanted" "$(results)"
    done
    output=$(bounded 20 "$count_files" 2)
    expect_same "$wanted" "$(results)"
    cp "$count_files" "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    run --separate-stderr env PATH="$BATS_TEST_TMPDIR" count_files
    [ "$status" -eq 2 ]
    expect_same "count_files: FILE: found no .c files beside this program, so name some files" "$stderr"
    cd "$ROOT"
    need_user
    run --separate-stderr as_user 0 "$count_files"
    expect_same 'count_files: open a pool of 3 workers: Resource temporarily unavailable' "$stderr"
}

@test "at the edges" {
    for workers in 0 1001 -1 3x ''; do
        expect_bad_usage "WORKERS: expected a whole number from 1 to 1000, got '$workers'" "$count_files" -- "$workers" a
    done
    make_public
    echo 'one 1' >"$PUBLIC/file"
    expect_edges "$count_files" 2 "$PUBLIC/file"
}
