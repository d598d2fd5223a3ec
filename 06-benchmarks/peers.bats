#!/usr/bin/env bats
# The peers of the perfect task do the work that benchmark does: the same perfect numbers, and then the
# seconds on a line of their own. How many, is not tested.

load ../.ci/test_helper

setup_file() {
    export PEERS=$BATS_FILE_TMPDIR/peers
    BUILT=0
    CC=${CC:-cc} CFLAGS=-O1 "$BATS_TEST_DIRNAME/peers/build.sh" "$PEERS" 2>"$BATS_FILE_TMPDIR/log" || BUILT=$?
    export BUILT
}

# The command prints the perfect numbers up to $1, in any order, and then the seconds.
expect_perfect() {
    local wanted='' number last=$1
    shift
    for number in 6 28 496; do
        [ "$number" -gt "$last" ] || wanted+="$number is a Perfect number"$'\n'
    done
    run --separate-stderr bounded 60 "$@"
    [[ $status -eq 0 && -z $stderr ]] || report "$*" || return
    [[ ${lines[-1]} =~ ^[0-9]+\.[0-9]{6}$ ]] || report "$*: no seconds in the last line" || return
    expect_same "${wanted%$'\n'}" "$(sed '$d' <<<"$output" | sort -n)" || fail "^ $*"
}

@test "the C programs: a bare loop, OpenMP, and a range of the numbers" {
    [[ $BUILT == [03] ]] || fail "$(cat "$BATS_FILE_TMPDIR/log")"
    for number in 1 6 27 496; do expect_perfect "$number" "$PEERS/perfect_loop" "$number" 1; done
    for range in '1 1' '6 6' '7 28' '29 495' '400 9000'; do
        read -ra ends <<<"$range"
        run --separate-stderr bounded 20 "$PEERS/perfect_range" "${ends[@]}"
        expect_same "$(for number in 6 28 496 8128; do
            ((number < ends[0] || number > ends[1])) || echo "$number is a Perfect number"
        done)" "$output"
    done
    for arguments in '' 7 '0 1' '7 1x' '7 1000001' '7 1 1'; do
        for program in perfect_loop perfect_range; do
            read -ra words <<<"$arguments"
            run --separate-stderr "$PEERS/$program" "${words[@]}"
            [ "$status" -eq 2 ]
            [ -z "$output" ]
            [[ $stderr == *"usage: perfect_"*' '* ]]
        done
    done
    run --separate-stderr "$PEERS/perfect_loop" 7 1001 # threads
    [ "$status" -eq 2 ]
    expect_full_device "$PEERS/perfect_loop" 6 1
    expect_full_device "$PEERS/perfect_range" 6 6
    [ "$BUILT" -eq 0 ] || skip "$(cat "$BATS_FILE_TMPDIR/log")"
    for workers in 1 2 5; do expect_perfect 500 "$PEERS/perfect_openmp" 500 "$workers"; done
}

@test "build.sh with a compiler that has no OpenMP: says so, with status 3, and builds the others" {
    cat >"$BATS_TEST_TMPDIR/cc" <<'END'
#!/bin/sh
case " $* " in *' -fopenmp '*) echo 'no OpenMP here' >&2 && exit 1 ;; esac
for file; do [ "$before" != -o ] || : >"$file"; before=$file; done
END
    chmod +x "$BATS_TEST_TMPDIR/cc"
    CC=$BATS_TEST_TMPDIR/cc run --separate-stderr 06-benchmarks/peers/build.sh "$BATS_TEST_TMPDIR/new/built"
    [ "$status" -eq 3 ]
    [ "$stderr" = "build.sh: $BATS_TEST_TMPDIR/cc -fopenmp does not work here: no OpenMP here" ]
    [ "$(cd "$BATS_TEST_TMPDIR/new/built" && echo perfect*)" = 'perfect_loop perfect_range' ]
    CC=false run --separate-stderr 06-benchmarks/peers/build.sh "$BATS_TEST_TMPDIR/new/built"
    [ "$status" -eq 1 ]
}

@test "xargs -P and GNU parallel, which leaves nothing behind" {
    mkdir "$BATS_TEST_TMPDIR/home"
    export HOME=$BATS_TEST_TMPDIR/home
    cat >"$BATS_TEST_TMPDIR/perfect_range" <<'END'
#!/bin/sh
echo "$1 $2"
[ "$1" -ne 201 ] # the last one fails
END
    chmod +x "$BATS_TEST_TMPDIR/perfect_range"
    for tool in xargs parallel; do
        if ! expect_perfect 550 env TMPDIR="$HOME" 06-benchmarks/peers/perfect.sh "$tool" 550 2; then
            [ "$status" -eq 3 ] # it is missing
            missing+="$stderr "
            continue
        fi
        PEERS=$BATS_TEST_TMPDIR run --separate-stderr 06-benchmarks/peers/perfect.sh "$tool" 230 2
        [ "$status" -ne 0 ]
        expect_same '1 100 101 200 201 230' "$(sort -n <<<"$output" | xargs)"
    done
    [ -z "$(ls -A "$HOME")" ]
    expect_nothing_left perfect.sh
    for arguments in '' 'xargs 7' 'make 7 1' 'xargs 0 1' 'xargs 7 x' 'xargs 1000001 1' 'xargs 7 1 1'; do
        # shellcheck disable=SC2086 # these are several
        run --separate-stderr 06-benchmarks/peers/perfect.sh $arguments
        [ "$status" -eq 2 ]
        [[ $stderr == 'usage: perfect.sh '* ]]
    done
    # What is missing, is named, with status 3.
    PEERS=$HOME run --separate-stderr 06-benchmarks/peers/perfect.sh xargs 7 1
    [ "$status" -eq 3 ]
    [ "$stderr" = "perfect.sh: there is no $HOME/perfect_range; build.sh builds it" ]
    run --separate-stderr env PATH="$BATS_TEST_TMPDIR" "$BASH" 06-benchmarks/peers/perfect.sh parallel 7 1
    [ "$status" -eq 3 ]
    [ "$stderr" = 'perfect.sh: there is no GNU parallel' ]
    [ -z "${missing:-}" ] || skip "$missing"
}

@test "Python: mono, multi, pool, futures, subprocess" {
    command -v python3 >/dev/null || skip 'there is no python3'
    for mode in mono multi pool futures subprocess; do
        expect_perfect 28 python3 06-benchmarks/peers/perfect.py 28 1 "$mode"
        [[ $mode == mono || $mode == pool ]] || continue # a Python costs a fifth of a second
        run --separate-stderr bounded 60 python3 06-benchmarks/peers/perfect.py 3 2 "$mode" 0.01
        [ "$status" -eq 0 ]
        expect_same "$(printf '%s\n' {Ending,Starting}' task: '{1,2,3})" "$(sed '$d' <<<"$output" | sort)"
        awk -v least="$([ "$mode" = mono ] && echo 0.03 || echo 0.02)" 'END { exit !($1 >= least) }' <<<"$output"
    done
    for arguments in '7 1' '0 1 mono'; do
        # shellcheck disable=SC2086 # these are several
        run --separate-stderr python3 06-benchmarks/peers/perfect.py $arguments
        [ "$status" -eq 2 ]
        [[ $stderr == 'usage: perfect.py '* ]]
    done
    expect_nothing_left perfect.py
    [ ! -e 06-benchmarks/peers/__pycache__ ]
}

@test "empty tasks: tasks_openmp, by threads and by a bare loop, and pool.py print the seconds for one" {
    source=06-benchmarks/peers/tasks_openmp.c
    bounded 60 "${CC:-cc}" -O1 -o "$BATS_TEST_TMPDIR/loop" "$source" # pragmas that it does not know are no error
    run --separate-stderr bounded 20 "$BATS_TEST_TMPDIR/loop" loop 2 1000
    [[ $status -eq 0 && $output =~ ^[0-9.e-]+$ && -z $stderr ]] || report loop
    run --separate-stderr "$BATS_TEST_TMPDIR/loop" omp 2 1000 # not the loop's figure under another name
    [[ $status -eq 1 && -z $output && $stderr == *'built without OpenMP'* ]] || report omp
    for arguments in '' 'loop 2' 'pthread 2 10' 'loop 0 10' 'loop 2 0' 'loop 2 x'; do
        read -ra words <<<"$arguments"
        run --separate-stderr "$BATS_TEST_TMPDIR/loop" "${words[@]}"
        [[ $status -eq 2 && -z $output && $stderr == *'usage: tasks_openmp'* ]] || report "$arguments"
    done
    # One that does nothing for task 7 is found out.
    sed 's/= \*(const long \*)argument + 1;/= *(const long *)argument + (*(const long *)argument != 7);/' "$source" >"$BATS_TEST_TMPDIR/wrong.c"
    bounded 60 "${CC:-cc}" -I06-benchmarks/peers -o "$BATS_TEST_TMPDIR/wrong" "$BATS_TEST_TMPDIR/wrong.c"
    run --separate-stderr "$BATS_TEST_TMPDIR/wrong" loop 1 10
    [[ $status -eq 1 && -z $output && $stderr == *'a result is wrong'* ]] || report wrong
    if bounded 60 "${CC:-cc}" -O1 -fopenmp -o "$BATS_TEST_TMPDIR/omp" "$source" 2>/dev/null; then
        run --separate-stderr bounded 20 "$BATS_TEST_TMPDIR/omp" omp 2 1000
        [[ $status -eq 0 && $output =~ ^[0-9.e-]+$ ]] || report omp
    fi
    command -v python3 >/dev/null || skip 'there is no python3'
    run --separate-stderr bounded 20 python3 06-benchmarks/peers/pool.py run 2 1
    [[ $status -eq 0 && $output =~ ^[0-9.e-]+$ && -z $stderr ]] || report pool.py
}
