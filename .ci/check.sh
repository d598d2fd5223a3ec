#!/usr/bin/env bash
# Runs what there is under tools that see what a test can't: bash .ci/check.sh HOW [FILE.bats...]
#   sanitize-gcc, sanitize-clang   AddressSanitizer and UndefinedBehaviorSanitizer: any finding is a failure
#   threads                        ThreadSanitizer, for what has threads: benchmark -m threads
#   valgrind                       memcheck: no invalid access, nothing lost, no descriptor left open
#   analyze                        gcc -fanalyzer, every C file
#   musl, 32-bit                   the tests with another C library, and with other sizes of types
#   big-endian                     what reads and writes bytes, on an emulated IBM Z: XDR, and the corpus
#   strict                         every C file compiles where POSIX.1-2008 is all there is
# `make check` runs all of them. Each builds in a copy of the tree, build/check/HOW, so that the programs
# here stay as they are. Without FILE, the tests are most of the library's, and some of each chapter:
# `bash .ci/check.sh musl 0*/*.bats lib/*.bats` takes all of them, but the frame's.
set -euo pipefail

cd "$(dirname "$0")/.."
how=${1:?'usage: check.sh HOW [FILE.bats...]'}
shift
jobs=$(getconf _NPROCESSORS_ONLN)
# shellcheck source=.ci/quick.bash
. .ci/quick.bash
standard=(-std=c17 -D_POSIX_C_SOURCE=200809L -Ilib)
unset MAKEFLAGS MFLAGS MAKELEVEL CPPFLAGS LDFLAGS LDLIBS

# Makes the copy, and enters it. What was built there the last time is built again where it has changed.
# CC becomes the COMMAND... as one word: the tests build programs of their own.
enter_copy() {
    local copy=build/check/$how source
    export GIT_CEILING_DIRECTORIES=$PWD/build # it is no part of the repository around it
    mkdir -p "$copy"
    find "$copy" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    cp -Rp .ci .clang-format Makefile README.md lib 0[1-6]-* "$copy"
    cd "$copy"
    for source in 0[1-6]-*/*.c; do rm -f "${source%.c}"; done # the tree's programs are not of this compiler
    mkdir -p build
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >build/compiler
    chmod 755 build/compiler
    export CC=$PWD/build/compiler MPICC=none
}

# What the tools write. Users who are not root write there, too.
make_reports() {
    reports=$(mktemp -d "${TMPDIR:-/tmp}/check-XXXXXX")
    trap 'rm -rf "$reports"' EXIT
    chmod 1777 "$reports"
}

# Without arguments. The README of a chapter is tested with its main program.
quick=(01-fork/{fork,http_server,return_data}.bats 02-process/process.bats 03-queue-pipe/{queue,marshal,log}.bats
    04-pool/{pool,digits}.bats 05-subprocess/{call,communicate,fetch_urls}.bats
    lib/{barrier,board,cli,clock,conn,fuzz,io,launch,lock,pack,process,queue,say,shm,subprocess,sync,workers}.bats)

# Builds all, and runs the tests, or the quick ones. Where UNFIT matches the name of a test, it may fail.
run_tests() {
    local unfit=$1 status=0 file
    shift
    local -a files=("$@") targets=()
    [ "${#files[@]}" -gt 0 ] || files=("${quick[@]}")
    [[ "${files[*]}" != *0[1-6]-* ]] || targets=(all) # the library's tests need no program
    export CFLAGS='-O1 -g' TEST_SECONDS=${TEST_SECONDS:-900}
    for file in lib/test/*.c; do targets+=("build/test/$(basename "$file" .c)"); done
    for file in lib/test/fuzz/*_fuzz.c; do targets+=("build/fuzz/$(basename "$file" .c)"); done
    make -s -j"$jobs" "${targets[@]}" build/test/faults.so || return
    bash .ci/test.sh "${files[@]}" >build/log 2>&1 || status=$?
    tail -n 1 build/log
    if grep '^not ok' build/log | grep -vE "$unfit" || [ "$status" -gt 1 ] || ! grep -q '^1\.\.' build/log; then
        echo "check: the tests' output is in $PWD/build/log"
        return 1
    fi
}

# Unfit, since the sanitizer takes 20 TB of addresses, and ten instructions for one:
#   with a limit of memory (ulimit -v, RLIMIT_AS), or where the memory of a process is measured
#   step by step, which takes longer than the test may
crowded='8 MB are allowed|in little memory|memory that is not to be had|without memory, ENOMEM|shm: zeros|'
crowded+='that much memory, in small pages|a sender or receiver killed after any instruction|about to sleep'

sanitize() {
    local options status=0
    make_reports
    # What dies of a signal is to die of it, as the tests have it; they also ask for more memory than there
    # is. Leaks are valgrind's affair: LeakSanitizer needs a thread and a descriptor at the exit, which
    # many tests take away, and never looks at the children, since they leave by _exit.
    options=detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0
    export ASAN_OPTIONS=$options:allocator_may_return_null=1:log_path=$reports/address
    export UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/undefined
    run_tests "$crowded" "$@" || status=1
    nothing_reported && return "$status"
}

# No OpenMP: gcc's is for glibc. So one transcript can't be run.
musl() {
    awk '/^```console/ { fence = $0; next }
        fence != "" { if (/perfect_openmp/) print "<!-- not run: no OpenMP for musl -->"; print fence; fence = "" }
        { print }' 06-benchmarks/README.md >build/README.md
    mv build/README.md 06-benchmarks/README.md
    # shellcheck disable=SC2016 # for the script
    printf '%s\n' '#!/bin/sh' 'case " $* " in *" -fopenmp "*) echo "no OpenMP for musl" >&2 && exit 1 ;; esac' \
        "exec musl-gcc -include $PWD/.ci/musl_words.h \"\$@\"" >build/compiler
    run_tests '^$' "$@"
}

# That there was no memory for the sanitizer is no finding: see "unfit".
nothing_reported() {
    { grep -lE 'AddressSanitizer failed to allocate' "$reports"/* 2>/dev/null || true; } | xargs -r rm -f
    [ -n "$(ls "$reports")" ] || return 0
    cat "$reports"/*
    return 1
}

# But for the peers with OpenMP, nothing else has threads. What processes share, ThreadSanitizer can't see.
threads() {
    local status=0
    make_reports
    export TSAN_OPTIONS=log_path=$reports/thread CFLAGS='-O1 -g'
    make -s -j"$jobs" 06-benchmarks/benchmark
    TIME_SCALE=0.01 ./06-benchmarks/benchmark -m threads -l 2000 -w 4 >build/log 2>&1 || status=$?
    nothing_reported || return
    [ "$status" -eq 0 ] || { cat build/log && return 1; }
}

# A command a line: a short run of each program, and some more.
commands() {
    quick_runs | sed -E -e 's/^[~!] //' -e 's|FILE|README.md|g' -e "s|DIRECTORY|$reports/digits|" -e 's|LIST|build/urls|'
    cat <<'END'
01-fork/http_server -p 0
01-fork/return_data -k
03-queue-pipe/pipe_square -s
04-pool/digits -w 2 -n 3 -l 5
04-pool/imap -u
05-subprocess/fetch_urls build/urls
06-benchmarks/benchmark -q -m pool -l 50 -w 2
build/fuzz/html_fuzz lib/test/fuzz/corpus/html/list lib/test/fuzz/corpus/html/entities
build/fuzz/http_fuzz lib/test/fuzz/corpus/http/get
build/fuzz/number_fuzz lib/test/fuzz/corpus/number/long
build/fuzz/xdr_fuzz lib/test/fuzz/corpus/xdr/record
END
}

# Asks http_server for two pages, and ends it.
visit() {
    local port='' page i
    for ((i = 0; i < 1000 && !port; i++)); do
        sleep 0.1
        port=$(sed -nE 's/.*127\.0\.0\.1:([0-9]+).*/\1/p' "$1.output")
    done
    for page in / /none; do
        exec 9<>"/dev/tcp/127.0.0.1/$port"
        printf 'GET %s HTTP/1.0\r\n\r\n' "$page" >&9
        timeout 20 cat <&9 >>"$1.visit"
    done
    [ "$(grep -c '^HTTP/1.. [24]0' "$1.visit")" -eq 2 ] || echo '== http_server: not visited' >"$1.finding"
    kill "$(cat "$1.main")"
}

# Leaves in a file what valgrind has to say, but for
#   descriptors that were open before we came
#   descriptors of children: they leave by _exit, and what they still hold goes with them. So only the
#     process that was started here is looked at: that has the pid of its shell
#   what these three hold until their end, since just that is what they are about, or need:
#     background (the lifeline, whose end tells the child), start_methods (two numbers that its children
#     look for), digits (the directory, for openat)
#   "possibly lost", where only the inside of a block is pointed to, as digits does with a dirent's name
#   that valgrind does not know a system call (pidfd_open): then the library does without
valgrind_one() {
    local command=$2 log=$reports/$1 status=0 file
    local hold='^02-process/(background|start_methods)|^04-pool/digits'
    : >"$log.output"
    [[ $command != *http_server* ]] || visit "$log" &
    # shellcheck disable=SC2016,SC2086 # for the inner sh; the command is several words
    timeout 200 sh -c 'echo $$ >"$0.main"; exec valgrind -q --track-fds=yes --leak-check=full \
        --errors-for-leak-kinds=definite,indirect --show-leak-kinds=definite,indirect \
        --log-file="$0.%p" "$@"' "$log" $command >"$log.output" 2>&1 </dev/null || status=$?
    [ "$status" -ne 124 ] || echo "$command: not done after 200 seconds" >"$log.finding"
    wait
    for file in "$log".[0-9]*; do
        awk -v main="$([ "${file##*.}" = "$(cat "$log.main")" ] && ! [[ $command =~ $hold ]] && echo 1)" '
            /^--/ { next }
            { sub(/^==[0-9]+== ?/, "") }
            /^FILE DESCRIPTORS|^ *$/ { skipping = 0; next }
            /^Open / { open = $0; next }
            open != "" {
                skipping = !main || /inherited from parent/
                if (!skipping)
                    print open "\n" $0
                open = ""
                next
            }
            !skipping' "$file" >"$file.left"
        [ ! -s "$file.left" ] || { echo "== $command" && cat "$file.left"; } >"$file.finding"
    done
}

run_valgrind() {
    make_reports
    export CFLAGS='-O1 -g' TIME_SCALE=0 NO_COLOR=1 SEED=7 reports
    export -f valgrind_one visit
    make -s -j"$jobs" all build/fuzz/{html,http,number,xdr}_fuzz
    echo ftp://nowhere/ >build/urls # which fetch_urls does not fetch: neither http nor https
    # shellcheck disable=SC2016 # for the inner bash
    commands | nl -ba -w 3 -n rz -s ' ' | tr '\n' '\0' |
        xargs -0 -P $((2 * jobs)) -I LINE bash -c 'line="LINE"; valgrind_one "${line%% *}" "${line#* }"'
    echo "check: $(commands | wc -l) commands, $(find "$reports" -name '*.left' | wc -l) processes"
    [ -z "$(find "$reports" -name '*.finding')" ] || { find "$reports" -name '*.finding' -exec cat {} + && return 1; }
}

# Every C file; and with MPI, where it is, what is empty without.
c_files=(0[1-6]-*/*.c 0[1-6]-*/peers/*.c lib/*.c lib/test/*.c lib/test/{fuzz,preload}/*.c .ci/*.c)
each_c_file() {
    printf '%s\n' "${c_files[@]}" | xargs -P "$jobs" -I FILE "$@" gcc "${standard[@]}" FILE || return
    ! command -v "${MPICC:=mpicc}" >/dev/null ||
        MPICH_CC=gcc OMPI_CC=gcc "$@" "$MPICC" "${standard[@]}" -DRANKS_MPI lib/ranks_mpi.c
}

# What gcc 12 says where it is not so: the file, the function, the warning, and why. Anything else is a finding.
false_alarms() {
    sed 's/  *#.*//' <<'END'
04-pool/crash.c map use-of-uninitialized-value          # the pool has copied the result there
04-pool/imap.c main use-of-uninitialized-value          # the same
lib/subprocess.c take_both malloc-leak                  # what realloc gave is the caller's: *text
lib/test/driver.h check malloc-leak                     # CHECK ends the process
lib/test/pool_bench.c start_sized malloc-leak           # it ends
lib/test/process_test.c check_any_of use-of-uninitialized-value # process_children has filled that many
lib/test/subprocess_test.c wait_all_but_one use-of-uninitialized-value # read has
END
}

# analyze_one COMPILER... FILE: each has a log of its own, since they run side by side.
analyze_one() {
    local log
    log=build/check/analyze/$(tr -c a-z0-9_ - <<<"$1-${*: -1}")
    LC_ALL=C "$@" -O2 -fanalyzer -fdiagnostics-plain-output -c -o /dev/null 2>"$log"
}

analyze() {
    local logs=build/check/analyze
    rm -rf "$logs"
    mkdir -p "$logs"
    export -f analyze_one
    each_c_file bash -c 'analyze_one "$@"' - || { cat "$logs"/* && return 1; }
    awk -v "quote='" '
        split($0, part, "In function " quote) > 1 { place = part[2]; sub(quote ".*", "", place) }
        /\[-Wanalyzer-.*\]$/ {
            file = kind = $0
            sub(/:.*/, "", file)
            gsub(/.*\[-Wanalyzer-|\]$/, "", kind)
            print file, place, kind
        }
    ' "$logs"/* | sort -u | { grep -vxF "$(false_alarms)" || true; } >"$logs/new"
    [ ! -s "$logs/new" ] || { cat "$logs"/* && return 1; }
}

# Processes are not qemu's strength, so only what takes bytes apart. Not gcc: Debian's for s390x can't be
# installed beside gcc-multilib.
big_endian() {
    local headers=/usr/s390x-linux-gnu compiler=/usr/lib/gcc-cross/s390x-linux-gnu/12 target file
    local -a objects=()
    local -a clang=(clang --target=s390x-linux-gnu -isystem "$headers/include" "${standard[@]}" -O1 -g)
    local -a link=(-static "-L$headers/lib" "-B$headers/lib" "-L$compiler" "-B$compiler" -pthread)
    mkdir -p build/s390x build/test
    # shellcheck disable=SC2016 # for the inner sh
    printf '%s\n' lib/*.c lib/test/pack_test.c lib/test/fuzz/*.c |
        xargs -P "$jobs" -I FILE sh -c 'out=$1; shift; exec "$@" -c -o "build/s390x/$(basename "$out" .c).o" "$out"' - \
            FILE "${clang[@]}"
    for file in lib/*.c; do objects+=("build/s390x/$(basename "$file" .c).o"); done
    rm -f build/s390x/library.a
    ar rcs build/s390x/library.a "${objects[@]}"
    for target in number xdr http html; do
        "${clang[@]}" -o "build/s390x/$target" build/s390x/{"${target}_fuzz",replay}.o build/s390x/library.a "${link[@]}"
        qemu-s390x "build/s390x/$target" "lib/test/fuzz/corpus/$target"/*
    done
    "${clang[@]}" -o build/s390x/pack_test build/s390x/pack_test.o build/s390x/library.a "${link[@]}"
    printf '#!/bin/sh\nexec qemu-s390x build/s390x/pack_test "$@"\n' >build/test/pack_test
    chmod 755 build/test/pack_test
    bash .ci/test.sh lib/pack.bats >build/log 2>&1 || { cat build/log && return 1; }
    tail -n 1 build/log
}

# Only these ask the C library for more than the standards have: beyond, the test that includes it, one that
# makes a pipe smaller (F_SETPIPE_SZ), and what makes calls fail (dlsym's RTLD_NEXT, unshare). What is not
# declared then is an error: a compiler might take it for a function that returns an int.
beyond='lib/beyond.c lib/test/beyond_test.c lib/test/faults.c lib/test/preload/faults.c lib/test/sync_test.c'

strict() {
    local asking
    asking=$(grep -rlE '^ *# *define +_[A-Z_]*SOURCE' --include='*.[ch]' 0[1-6]-* lib | sort | xargs)
    [ "$asking" = "$beyond" ] || {
        echo "check: these ask for more than POSIX.1-2008: $asking"
        return 1
    }
    each_c_file sh -c 'exec "$@" -Werror=implicit -pedantic-errors -fsyntax-only' -
}

case $how in
# gcc no longer sees how large a number can be, with the sanitizers' code in between: no-format-truncation
sanitize-gcc)
    # static: else it would not know of log_path
    enter_copy gcc -fsanitize=address,undefined -static-libubsan -fno-sanitize-recover=undefined -Wno-format-truncation
    sanitize "$@"
    ;;
sanitize-clang)
    enter_copy clang -fsanitize=address,undefined -fno-sanitize-recover=undefined
    sanitize "$@"
    ;;
threads)
    enter_copy gcc -fsanitize=thread -Wno-format-truncation
    threads
    ;;
valgrind)
    enter_copy gcc
    run_valgrind
    ;;
musl)
    enter_copy musl-gcc
    musl "$@"
    ;;
32-bit)
    # -Wno-psabi: it would note that older compilers aligned atomics otherwise
    enter_copy gcc -m32 -Wno-psabi -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
    export LONG_MAX=2147483647 # what the tests take for the largest number
    run_tests '^$' "$@"
    ;;
big-endian)
    enter_copy gcc
    big_endian
    ;;
strict) strict ;;
analyze) analyze ;;
*)
    echo 'check: HOW is one of sanitize-gcc, sanitize-clang, threads, valgrind, analyze, musl, 32-bit, big-endian, strict' >&2
    exit 2
    ;;
esac
echo "check: $how: nothing found"
