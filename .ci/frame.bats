#!/usr/bin/env bats
# The frame keeps its own promises: the test helpers fail when they should, .ci/test.sh tells the truth,
# and the Makefile does what its head says.

load test_helper

setup_file() {
    export PROBE=$BATS_FILE_TMPDIR/probe
    ${CC:-cc} -o "$PROBE" "$BATS_TEST_DIRNAME/probe.c"
}

# --- the helpers ---------------------------------------------------------------------------------

# Runs a helper that must fail, and must say WORDS.
must_fail() {
    local words=$1
    shift
    run "$@"
    [ "$status" -ne 0 ] || fail "passed: $*"
    [[ $output == *"$words"* ]] || fail "did not say '$words':" "$output"
}

@test "expect_bad_usage: passes on one line and status 2, fails on everything else" {
    expect_bad_usage "-n: expected" "$PROBE" usage
    must_fail "expected '-m'" expect_bad_usage "-m" "$PROBE" usage
    must_fail "expected one line" expect_bad_usage "-n" "$PROBE" two
    must_fail "nothing on standard output" expect_bad_usage "-n" "$PROBE" talk
    must_fail "expected status 2" expect_bad_usage "-n" "$PROBE" full
}

@test "expect_bad_usage: fails on a program that forks before it complains" {
    [ "$(id -u)" -ne 0 ] || need_user
    must_fail "probe: fork: Resource temporarily unavailable" expect_bad_usage "-n" "$PROBE" fork
}

@test "as_user: so many processes and not one more" {
    need_user
    run as_user 2 "$PROBE" fork
    [ "$status" -eq 2 ]
    run as_user 1 "$PROBE" fork
    [ "$status" -eq 1 ]
    run as_user 1 id -u
    [ "$output" -eq "$ORDINARY_USER" ]
}

@test "expect_full_device: fails on a program that does not notice" {
    expect_full_device "$PROBE" full
    must_fail "expected status 1" expect_full_device "$PROBE" full-silent
}

@test "expect_nothing_left: finds a process" {
    expect_nothing_left "$PROBE"
    "$PROBE" child 3>&-
    must_fail "left process" expect_nothing_left "$PROBE"
    common_teardown
    expect_nothing_left "$PROBE"
}

@test "expect_nothing_left: finds a file" {
    [ -d /dev/shm ] || skip "this system has no /dev/shm"
    file=$("$PROBE" file)
    must_fail "$file" expect_nothing_left "$PROBE"
    rm "$file"
    expect_nothing_left "$PROBE"
}

@test "interrupt: passes on a program that dies of SIGINT" {
    interrupt "$PROBE" wait
    [ "$output" = ready ]
    interrupt_parent "$PROBE" wait
    interrupt "$PROBE" orphan # the whole group
}

@test "interrupt: fails on exit code 130, on a program that ends by itself, and on an orphan" {
    must_fail "dies of SIGINT" interrupt "$PROBE" exit
    must_fail "dies of SIGINT" interrupt "$PROBE" full
    must_fail "left process" interrupt_parent "$PROBE" orphan
}

@test "interrupt: fails on a program that ignores SIGINT, and ends it" {
    must_fail "still runs" interrupt "$PROBE" deaf
    expect_nothing_left "$PROBE"
}

@test "bounded: ends what takes too long, and says so" {
    run bounded 0.2 sleep 5
    [ "$status" -eq 124 ]
    [[ $output == "bounded: not done"* ]]
    run bounded 5 true
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "mask: pids, times and blanks; small numbers stay" {
    got=$(printf '%s\n' "Run task 12 (31415)...   took  0.25 seconds  " "99,999 in 203.4457 s" | mask)
    expect_same "Run task 12 (N)... took T seconds
99,N in T s" "$got"
}

readme() {
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/README.md"
    check_readme "$BATS_TEST_TMPDIR/README.md"
}

@test "check_readme: a true transcript passes" {
    readme '# Title' '```console' '$ echo 1234 done; exit 3' '99999  done' '$ true' '$ echo not shown' '```' \
        '' '<!-- any order -->' '```console' "\$ printf '%s\n' b a" a b '```' \
        '<!-- not run: takes a day -->' '```console' '$ false' '```' '```c' 'int main(void);' '```' \
        '- in a list' '  <!-- not run: no -->' '  ```console' '  $ false' '  ```' '  ```console' '  $ echo $TIME_SCALE; pwd | sed "s/.*/here/"' '  0.05' '  here' '  ```'
}

@test "check_readme: a transcript that is not true fails, with its line" {
    must_fail "README.md:2: status 0: echo a" readme '```console' '$ echo a' b '```'
    must_fail "-b" readme '```console' '$ echo a' b '```'
    must_fail "README.md:2: status 1: false; false" readme '```console' '$ false; false' x '```'
    must_fail "README.md:2: status 1: false" readme '```console' '$ false' '```'
    must_fail ":3: status 0: printf" readme '```console' '$ true' "\$ printf '%s\n' b a" a b '```'
}

@test "check_readme: output may have lines that look like commands" {
    block=('```console' "\$ printf '%s\n' '\$ false' no '\$ false'" '$ false' no '$ false' '$ echo yes' yes '```')
    readme "${block[@]}"
    block[5]='$ echo no'
    must_fail "-yes" readme "${block[@]}"
    block[4]='$ true'
    must_fail "README.md:2: status 0: printf" readme "${block[@]}"
    [[ $output == *"README.md: 1 wrong" ]] # what came after it did not run
}

@test "check_readme: what would never be checked fails" {
    must_fail "not one command" readme 'text'
    must_fail "not one command" readme '<!-- not run: no -->' '```console' '$ true' '```'
    must_fail "README.md:5: a command in a \`\`\`sh block" readme '```console' '$ true' '```' '```sh' '$ false' '```'
    must_fail "README.md:2: output without a command" readme '```console' 'output' '$ true' '```'
    must_fail "a block without an end" readme '```console' '$ true'
    must_fail "README.md:2: neither" readme '<!-- not run -->' '```console' '$ true' '```'
}

# --- .ci/test.sh ---------------------------------------------------------------------------------

# Runs .ci/test.sh on the given lines as a bats file; it must not think that it is part of our bats.
suite() {
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/suite.bats"
    run --separate-stderr clean_bats bash .ci/test.sh "$BATS_TEST_TMPDIR/suite.bats"
}

clean_bats() {
    local name
    local -a unset=()
    for name in $(compgen -e BATS); do unset+=(-u "$name"); done
    # A bats that is not in PATH is found where .ci/test.sh finds it, in build/.
    env "${unset[@]}" "$@" 3>&-
}

last_line_is() {
    [ "${lines[-1]}" = "$1" ] || report "expected '$1' at the end"
}

@test "test.sh: counts what passed, failed and was skipped" {
    suite '@test "one" { true; }' '@test "two" { skip; }' '@test "three" { true; }'
    [ "$status" -eq 0 ]
    last_line_is "2 passed, 0 failed, 1 skipped"
    suite "load $ROOT/.ci/test_helper" 'inner() { [ 1 = 2 ]; }' '@test "one" { true; }' '@test "two" {' true inner '}'
    [ "$status" -ne 0 ]
    last_line_is "1 passed, 1 failed, 0 skipped"
    [[ $output == *"from function \`inner' in "*" line 2,"*" line 6)"*"\`inner' failed"* ]] || report "where?"
}

@test "test.sh: no file, a file without a test and a file that is no bats file fail" {
    run --separate-stderr clean_bats bash .ci/test.sh
    [ "$status" -eq 1 ]
    [[ $stderr == *"no bats files"* ]]
    suite '# no test'
    [ "$status" -ne 0 ]
    last_line_is "0 passed, 0 failed, 0 skipped"
    suite '@test "one" { true; }' 'fi'
    [ "$status" -ne 0 ]
}

@test "test.sh: a test that hangs ends the run, and is named; its input is empty" {
    export TEST_SECONDS=2
    suite "load $ROOT/.ci/test_helper" '@test "reads" { run cat; [ -z "$output" ]; }' '@test "hangs" { sleep 60; }'
    [ "$status" -ne 0 ]
    last_line_is "1 passed, 0 failed, 0 skipped"
    [[ $stderr == *"suite.bats: hangs"* ]]
    [[ $stderr == *"1 of 2 tests ran"* ]]
}

@test "test.sh: without bats and without a way to get it, says what to do" {
    mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/tree"
    for tool in bash dirname id mkdir rm; do ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin"; done
    cp -R .ci "$BATS_TEST_TMPDIR/tree"
    run --separate-stderr clean_bats env PATH="$BATS_TEST_TMPDIR/bin" \
        bash "$BATS_TEST_TMPDIR/tree/.ci/test.sh" some.bats
    [ "$status" -eq 1 ]
    [[ $stderr == *"bats is missing"*"apt-get install bats"*"npm install"* ]]
}

# --- the Makefile --------------------------------------------------------------------------------

# A copy of the sources. Their compiler leaves empty files: what a true one makes of them, the other bats
# files try. The first time it reads them, for its warnings and for what includes what. The tests go on
# with one another's copy where that does no harm.
copy_tree() {
    TREE=$BATS_FILE_TMPDIR/tree
    unset CFLAGS CPPFLAGS LDFLAGS LDLIBS
    export CC=$BATS_FILE_TMPDIR/compiler
    if [ ! -d "$TREE" ]; then
        cat >"$CC" <<'END'
#!/bin/sh
echo "$*" >>build/calls
case "$READ: $* " in yes:*' -c '*) cc "$@" -fsyntax-only || exit ;; esac
while [ "$1" != -o ]; do shift; done
: >"$2"
case $2 in *.o) ;; *) chmod +x "$2" ;; esac
END
        chmod +x "$CC"
        mkdir "$TREE"
        cp -R .ci .clang-format Makefile lib 0[1-6]-* "$TREE"
        make -C "$TREE" clean >/dev/null
        (cd "$TREE" && find . -type f | sort) >"$BATS_FILE_TMPDIR/sources"
        READ=yes make -C "$TREE" -j4 CFLAGS=-O0 >"$BATS_FILE_TMPDIR/log" 2>"$BATS_FILE_TMPDIR/warnings"
    fi
    cd "$TREE" || return
}

# The programs of the chapters, or of one; the peers are no programs of ours.
programs() {
    find "${@:-.}" -path '*0[1-6]-*/*.c' ! -path '*/peers/*' | sed 's/\.c$//' | sort
}

executables() {
    find . -path './0[1-6]-*' -type f -perm -u+x ! -path '*/peers/*' | sort
}

# The paths that make's commands name after -o, sorted: make ... | outputs
outputs() {
    sed -nE 's/.* -o ([^ ]+) .*/\1/p' | sort
}

@test "make -j builds every program beside its source, all else in build/, without a warning" {
    copy_tree
    [ ! -s "$BATS_FILE_TMPDIR/warnings" ] || fail "$(cat "$BATS_FILE_TMPDIR/warnings")"
    expect_same "$(programs)" "$(executables)"
    new=$(find . -type f ! -path './build/*' | sort | comm -13 "$BATS_FILE_TMPDIR/sources" -)
    expect_same "$(programs)" "$new"
}

@test "make has nothing to do when nothing has changed" {
    copy_tree
    make -q CFLAGS=-O0
}

@test "touching a header that many include, or few, compiles what includes it, and nothing else" {
    copy_tree
    # The compiler's own answer, not the one that the Makefile has stored: "source header", a pair a line
    cc -std=c17 -D_POSIX_C_SOURCE=200809L -Ilib -MM 0[1-6]-*/*.c lib/*.c | tr -s ' \134' '\n' |
        awk '/:$/ { getline source; next } NF { print source, $1 }' >"$BATS_TEST_TMPDIR/includes"
    for header in lib/cli.h lib/stats.h 06-benchmarks/cost.h; do
        wanted=$(sed -n "s|\.c $header\$|.o|p" "$BATS_TEST_TMPDIR/includes" | sed 's|^|build/|' | sort -u)
        got=$(make -n -W "$header" CFLAGS=-O0 | grep -e ' -c ' | outputs)
        [ -n "$wanted" ] && expect_same "$wanted" "$got" || fail "^ $header" || return
    done
}

@test "a changed library is linked into every program again" {
    copy_tree
    got=$(make -n -W lib/say.c CFLAGS=-O0 | outputs)
    expect_same "$(programs | sed 's/^\.\///'; echo build/lib/say.o)" "$got"
}

@test "another compiler or other flags build everything again, the same ones nothing" {
    copy_tree
    make -j4 CFLAGS=-O0 >/dev/null
    everything=$(printf 'build/%s\n' 0[1-6]-*/*.c lib/*.c | sed 's/\.c$/.o/' | sort -u)
    expect_same "$everything" "$(make -n CFLAGS=-O1 | grep -e ' -c ' | outputs)"
    expect_same "$everything" "$(make -n CFLAGS=-O0 CC=c99 | grep -e ' -c ' | outputs)"
    expect_same "$everything" "$(make -n CFLAGS=-O0 LDFLAGS=-s | grep -e ' -c ' | outputs)"
    make -q CFLAGS=-O0
}

@test "make run goes through the chapters in order, and stops at the first failure" {
    copy_tree
    export CFLAGS=-O0
    make -j4 >/dev/null
    for program in 01-fork/fork 02-process/process 03-queue-pipe/queue 04-pool/pool 05-subprocess/call \
        06-benchmarks/benchmark; do
        printf '#!/bin/sh\necho ran %s\n' "$program" >"$program" # newer than its source
    done
    run make run
    [ "$status" -eq 0 ]
    expect_same "$(printf '%s\n' 0[1-6]-*)" "$(sed -n 's/^== //p' <<<"$output")"
    expect_same "$(sed -n 's/^\$ \.\///p' <<<"$output")" "$(sed -n 's/^ran //p' <<<"$output")"
    echo 'exit 7' >>03-queue-pipe/queue
    run make run
    [ "$status" -ne 0 ]
    [[ $output == *"ran 03-queue-pipe/queue"* ]]
    [[ $output != *"04-pool"* ]]
    run sh .ci/run-chapter.sh 03-queue-pipe
    [ "$status" -eq 7 ]
    run sh .ci/run-chapter.sh 07-none
    [ "$status" -eq 2 ]
}

@test "make clean leaves what was there before, and that is what git has" {
    copy_tree
    make -j4 CFLAGS=-O0 >/dev/null
    make clean >/dev/null
    expect_same "$(cat "$BATS_FILE_TMPDIR/sources")" "$(find . -type f | sort)"
    git -C "$ROOT" rev-parse >/dev/null 2>&1 || skip "the tree is what it was; there is no git to compare it with"
    tracked=$(cd "$ROOT" && git ls-files -co --exclude-standard -- .ci .clang-format Makefile lib '0[1-6]-*' |
        while read -r file; do [ ! -e "$file" ] || echo "./$file"; done | sort -u)
    expect_same "$tracked" "$(find . -type f | sort)"
}

@test "a chapter's target builds that chapter" {
    copy_tree
    make clean >/dev/null
    make -j4 CFLAGS=-O0 04-pool >/dev/null
    expect_same "$(programs ./04-pool)" "$(executables)"
}

@test "CC, CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS are the user's" {
    copy_tree
    make clean
    ln -s "$CC" another
    make 01-fork CC=./another CPPFLAGS=-DONE CFLAGS='-O0 -DTWO="2 3"' \
        LDFLAGS=-Wl,-O1 LDLIBS=-lm >/dev/null
    compiles=$(grep -c -e ' -c ' build/calls)
    links=$(grep -vc -e ' -c ' build/calls)
    [ "$compiles" -gt 1 ]
    [ "$(grep -c -e '-DONE.* -DTWO=2 3 .*-c ' build/calls)" -eq "$compiles" ]
    [ "$links" -ge 1 ]
    [ "$(grep -v -e ' -c ' build/calls | grep -c -e '-DTWO=2 3 -Wl,-O1 .* -lm')" -eq "$links" ]
}

@test "make help lists every target" {
    local -a targets=()
    help=$(make help)
    for target in all run test format lint clean help; do
        [[ $help == *"make $target "* ]] || fail "make help does not name $target:" "$help" || return
    done
    for chapter in 0[1-6]-*; do
        [[ $help == *"$chapter"* ]] || fail "make help does not name $chapter" || return
        targets+=("$chapter" "run-$chapter" "test-$chapter") # each stands for three
    done
    make -n "${targets[@]}" >/dev/null
}

@test "the top level has the six chapters, lib and what belongs to the frame, and nothing else" {
    git rev-parse >/dev/null 2>&1 || skip "needs git"
    extra=$(git ls-files -co --exclude-standard | cut -d/ -f1 | sort -u |
        grep -vxE '0[1-6]-(fork|process|queue-pipe|pool|subprocess|benchmarks)|lib|Makefile|README\.md|\..*') || true
    [ -z "$extra" ] || fail "at the top level:" "$extra"
}

@test "setup has nothing to do here, and says so" {
    run sh .ci/setup
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "every program builds by hand: with -Ilib and no other option, without a warning" {
    local source
    run bounded 60 sh -c 'cd "$1" && "$2" -I"$3/lib" -c "$3"/lib/*.c' - "$BATS_TEST_TMPDIR" "${CC:-cc}" "$PWD"
    expect_same '0:' "$status:$output"
    # Each compiles; and of each chapter, the first one is linked, too, which takes longer.
    run bounded 60 "${CC:-cc}" -Ilib -fsyntax-only 0*/*.c
    expect_same '0:' "$status:$output"
    for chapter in 0[1-6]-*; do
        for source in "$chapter"/*.c; do break; done
        run bounded 60 "${CC:-cc}" -Ilib -o "$BATS_TEST_TMPDIR/${source##*/}-built" "$source" "$BATS_TEST_TMPDIR"/*.o
        expect_same "$source: 0:" "$source: $status:$output"
    done
    # Without the Makefile's -D, getopt would look for our options behind the command, too.
    run bounded 20 "$BATS_TEST_TMPDIR/call.c-built" echo built -h
    expect_same $'$ echo built -h\nbuilt -h\nreturn code: 0' "$output"
}
