#!/usr/bin/env bats
# cli: options, numbers, messages, exit codes, and what a program does when it can't print.

load ../.ci/test_helper

# cli_test SCENARIO ARG...: the scenario is also the name of the program that cli sees. Leaves status,
# output and stderr as `run --separate-stderr` does, in a fifth of its time: the calls are many.
cli_test() {
    local errors=$BATS_TEST_TMPDIR/stderr
    status=0
    output=$(bounded 20 build/test/cli_test "$@" 2>"$errors") || status=$?
    stderr=$(<"$errors")
}

# with REDIRECTIONS SCENARIO ARG...: the same, with some of bash's redirections.
with() {
    local errors=$BATS_TEST_TMPDIR/stderr redirections=$1
    shift
    status=0
    output=$(bounded 20 bash -c "exec build/test/cli_test \"\$@\" $redirections" - "$@" 2>"$errors") || status=$?
    stderr=$(<"$errors")
}

# each COMMAND VALUE...: the shell command for every value, in $value; what it prints, and its status.
each() {
    bounded 20 bash -c "for value; do $1; echo \"status \$?\"; done" - "${@:2}" 2>&1
}

# prints WANTED ARG...: exactly that, nothing on standard error, and status 0.
prints() {
    local wanted=$1
    shift
    cli_test "$@"
    [[ $status -eq 0 && -z $stderr ]] || report "$*: expected success" || return
    [ "$output" = "$wanted" ] || expect_same "$wanted" "$output" || fail "^ $*"
}

# refuses WORDS ARG...: wrong usage, in one line that begins with the program's name.
refuses() {
    local words=$1
    shift
    cli_test "$@"
    [ "$status" -eq 2 ] || report "$*: expected status 2" || return
    [ -z "$output" ] || report "$*: expected nothing on standard output" || return
    [[ $stderr != *$'\n'* ]] || report "$*: expected one line" || return
    [[ $stderr == "$1: "* && $stderr == *"$words"* ]] || report "$*: expected '$words'"
}

# ends STATUS STDERR OUTPUT ARG...: exactly so.
ends() {
    local wanted=$1 wanted_stderr=$2 wanted_output=$3
    shift 3
    cli_test "$@"
    [ "$status" -eq "$wanted" ] || report "$*: expected status $wanted" || return
    expect_same "$wanted_stderr" "$stderr" || fail "^ $*, standard error" || return
    expect_same "$wanted_output" "$output" || fail "^ $*, standard output"
}

@test "cli: options one by one or together, with arguments that look like options; where they end; -h and --help" {
    # Options come one by one, and the operands follow.
    prints '' options
    prints "-a ''" options -a
    prints $'-a \'\'\n-b \'\'\n-a \'\'' options -a -b -a
    prints "-o 'x y'" options -o 'x y'
    prints "-o ''" options -o ''
    prints $'-b \'\'\noperand \'x\'\noperand \'y\'' options -b x y

    # Options can be written together, and an argument right behind its option.
    prints $'-a \'\'\n-b \'\'' options -ab
    prints $'-a \'\'\n-b \'\'\n-o \'7\'' options -abo7
    prints $'-b \'\'\n-o \'7\'\n-a \'\'' options -bo 7 -a
    prints "-o 'a'" options -oa

    # An argument may look like an option.
    prints "-o '-a'" options -o -a
    prints "-o '--help'" options -o --help
    prints $'-a \'\'\n-o \'--help\'' options -ao --help
    prints "-o '--'" options -o --

    # The first operand ends the options.
    prints $'operand \'x\'\noperand \'-a\'' options x -a
    prints $'operand \'x\'\noperand \'--help\'' options x --help
    prints $'operand \'x\'\noperand \'-z\'\noperand \'--zzz\'' options x -z --zzz
    prints $'-a \'\'\noperand \'-\'\noperand \'-b\'' options -a - -b
    prints $'operand \'\'\noperand \'-b\'' options '' -b

    # Two dashes end the options.
    prints '' options --
    prints "operand '-a'" options -- -a
    prints $'-a \'\'\noperand \'--help\'' options -a -- --help
    prints $'operand \'--\'\noperand \'-h\'' options -- -- -h

    # -h and --help print the usage, wherever they stand.
    local usage=$'usage: options [-ab] [-o VALUE] [OPERAND ...]\n  -a  the second line'
    prints "$usage" options -h
    prints "$usage" options --help
    prints "$usage" options -h -z
    prints "$usage" options --help -z
    prints "-a ''"$'\n'"$usage" options -a --help
    prints "-a ''"$'\n'"$usage" options -ah
    prints $'-a \'\'\n-o \'7\'\n'"$usage" options -a -o 7 -h
    prints 'usage: none' none -h # a program without options has these
}

@test "cli: an unknown option, or one without its argument, is refused, with the synopsis" {
    # An unknown option is refused, with the synopsis.
    local synopsis='usage: options [-ab] [-o VALUE] [OPERAND ...]'
    refuses "-z; $synopsis" options -z
    refuses "-z; $synopsis" options -zab
    refuses "-:; $synopsis" options -:
    refuses "-+; $synopsis" options -+
    refuses "'--zzz'; $synopsis" options --zzz
    refuses "'--hel'; $synopsis" options --hel
    refuses "'--help='; $synopsis" options --help=
    refuses "'---'; $synopsis" options ---
    refuses "'--%s%n'; $synopsis" options --%s%n
    refuses '-a; usage: none' none -a

    # An unknown option behind a good one is refused.
    local arguments
    for arguments in '-a -z' '-az' '-o 7 -z' '-a --zzz' '-ab --zzz'; do
        # shellcheck disable=SC2086 # they are several
        cli_test options $arguments
        [ "$status" -eq 2 ] || report "$arguments"
        [[ $stderr == 'options: '*-z*'; usage: '* && $stderr != *$'\n'* ]] || report "$arguments"
    done

    # An option without its argument is refused.
    refuses 'option -o lacks its argument; usage: options ' options -o
    cli_test options -ao
    [ "$status" -eq 2 ] || report '-ao'
    [[ $stderr == 'options: option -o lacks its argument; usage: options '* ]] || report '-ao'
}

@test "cli: operands: as many as there may be" {
    prints 1 operands x
    prints 2 operands x y
    prints 1 operands -a x
    prints 2 operands -a -- -x -y
    refuses 'argument is missing; usage: operands [-a] FROM [TO]' operands
    refuses 'argument is missing; usage: operands' operands -a
    refuses 'argument is missing; usage: operands' operands --
    refuses "'z'; usage: operands [-a] FROM [TO]" operands x y z
    refuses "'z'; usage: operands" operands -a x y z zz
    refuses "'-a'; usage: operands" operands x y -a
}

@test "cli: numbers: whole decimal ones within their bounds and those of a long; what is none is shown in one line" {
    # Numbers: whole decimal ones, the bounds included.
    prints 0 number -5 5 0
    prints 5 number -5 5 5
    prints -5 number -5 5 -5
    prints 7 number 7 7 7
    prints 0 number 0 5 -0
    prints 5 number 0 5 005
    prints 99999 number 1 1000000 99999
    local most=${LONG_MAX:-9223372036854775807} # of a long; check.sh names another one for 32 bits
    local least=$((-most - 1))
    prints "$most" number 0 "$most" "$most"
    prints "$least" number "$least" 0 "$least"

    # Numbers out of their bounds are refused, and the bounds named.
    refuses "number: -n: expected a whole number from -5 to 5, got '6'" number -5 5 6
    refuses "from -5 to 5, got '-6'" number -5 5 -6
    refuses "from 1 to 5, got '0'" number 1 5 0
    refuses "from 0 to 5, got '-1'" number 0 5 -1
    refuses "from 1 to 5, got '-3'" number 1 5 -3
    refuses "got '4?5'" number 1 5 $'4\n5'
    refuses "got '4294967297'" number 0 5 4294967297           # 1 in 32 bits
    refuses "got '18446744073709551617'" number 0 5 18446744073709551617 # 1 in 64 bits

    # Numbers that do not fit into a long are refused, even where the bounds are those of a long.
    refuses "got '9223372036854775808'" number "$least" "$most" 9223372036854775808
    refuses "got '-9223372036854775809'" number "$least" "$most" -9223372036854775809
    refuses "got '99999999999999999999999'" number "$least" "$most" 99999999999999999999999

    # What is no number is refused, and shown, in one line.
    local -a texts=('' ' ' ' 7' '7 ' $'7\t' $'\t7' '+7' '7x' 'x7' 'seven' 0x10 0b1 1e3 7. 7.0 .7 '7,0' 1_000
        - -- --7 +-7 -+7 '- 7' '-x' nan inf 0x '7 7' '%d' '7%' '７')
    expect_same \
        "$(printf "number: -n: expected a whole number from -9 to 9999, got '%s'\nstatus 2\n" "${texts[@]//$'\t'/?}")" \
        "$(each "build/test/cli_test number -9 9999 \"\$value\"" "${texts[@]}")"
}

@test "cli: complain goes on, die adds the reason, bad_usage nothing; the name of the program; nothing formatted twice" {
    # Complain prints its message, and goes on.
    ends 3 'message: open FILE' 'printed before' message complain FILE

    # Die adds the reason, and exits with 1.
    ends 1 'message: open FILE: No such file or directory' 'printed before' message die FILE

    # Bad_usage adds nothing, and exits with 2.
    ends 2 'message: open FILE' 'printed before' message bad_usage FILE

    # The name of the program is that of its file.
    ends 3 'message: open FILE' 'printed before' ./some/where/message complain FILE

    # What is formatted into a message is not formatted again.
    ends 1 'message: open %s%n%d: No such file or directory' 'printed before' message die '%s%n%d'
}

@test "cli: a message is one write, and one line, however long" {
    local kind
    for kind in complain die bad_usage; do
        cli_test one_write "$kind" FILE
        [[ $status -eq 0 && $output =~ ^[0-9]{2}' bytes, a whole line'$ ]] || report "$kind"
        cli_test one_write "$kind" "$(printf '%05000d' 7)"
        # Its end may be cut off.
        [[ $status -eq 0 && $output =~ ^[0-9]{4}' bytes, a whole line'$ ]] || report "$kind, long"
    done
}

@test "cli: messages that nobody can read change nothing else" {
    local redirection
    for redirection in '2>&-' '2>/dev/full'; do
        with "$redirection" message die FILE
        [ "$status" -eq 1 ] || report "die $redirection"
        with "$redirection" options -z
        [ "$status" -eq 2 ] || report "options -z $redirection"
    done
}

@test "cli: closed descriptors 0, 1 and 2 are filled, so that no pipe is taken for one of them" {
    local closed result=$BATS_TEST_TMPDIR/result
    for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
        with "$closed" descriptors "$result"
        [ "$status" -eq 0 ] || report "$closed"
        grep -qx 'pipe: above 2' "$result" || fail "$closed" "$(cat "$result")"
    done
    ends 1 'unfilled: open /dev/null: Too many open files' '' unfilled
}

@test "cli: to use a closed descriptor is an error still; the other ones stay what they are" {
    local result=$BATS_TEST_TMPDIR/result wrong='Bad file descriptor'
    with '<&-' descriptors "$result"
    expect_same $'pipe: above 2\n'"read 0: $wrong"$'\nwrite 1: done\nwrite 2: done' "$(cat "$result")"
    expect_same out "$output"
    with '>&-' descriptors "$result"
    expect_same $'pipe: above 2\nread 0: done\n'"write 1: $wrong"$'\nwrite 2: done' "$(cat "$result")"
    expect_same err "$stderr"
    with '2>&-' descriptors "$result"
    expect_same $'pipe: above 2\nread 0: done\nwrite 1: done\n'"write 2: $wrong" "$(cat "$result")"
    expect_same out "$output"
}

@test "cli: a program that has printed everything returns its own status" {
    prints some print some 0
    ends 3 '' some print some 3
    with '>&-' print '' 0 # nothing to print, so nothing is lost
    [[ $status -eq 0 && -z $stderr ]] || report 'print nothing'
}

@test "cli: a program whose standard output is closed says so, and exits with 1" {
    local arguments
    with '>&-' print some 0
    [ "$status" -eq 1 ] || report 'print some 0'
    expect_same 'print: write standard output: Bad file descriptor' "$stderr"
    for arguments in 'print some 3' 'options --help' 'options -h' 'options -a'; do
        # shellcheck disable=SC2086 # they are several
        with '>&-' $arguments
        [[ $status -eq 1 && $stderr == "${arguments%% *}: write standard output: "* ]] || report "$arguments"
    done
}

@test "cli: a program whose standard output is full says so, and exits with 1" {
    local arguments
    expect_full_device build/test/cli_test print some 0
    expect_same 'print: write standard output: No space left on device' "$stderr"
    for arguments in 'print some 3' 'options --help' 'options -h' 'options -a'; do
        # shellcheck disable=SC2086 # they are several
        expect_full_device build/test/cli_test $arguments
    done
}

@test "cli: a program whose reader is gone says so, where SIGPIPE is ignored" {
    local reader
    trap '' PIPE
    exec {reader}> >(exec true)
    wait $! # the reader
    with ">&$reader" print some 0
    [ "$status" -eq 1 ] || report 'print'
    expect_same 'print: write standard output: Broken pipe' "$stderr"
}

@test "cli: TIME_SCALE and SEED are checked before all else" {
    local -a scales=('' junk -1 1000.1 1e2 0x10 nan inf 1x '1 ' ' 1' +1 --1 1e999)
    local -a seeds=('' junk -1 2147483648 99999999999999999999 7x ' 7' '7 ' +7 7.0 0x7 1e3)
    expect_same \
        "$(printf "options: TIME_SCALE: expected a number from 0 to 1000, got '%s'\nstatus 2\n" "${scales[@]}")" \
        "$(each "TIME_SCALE=\$value build/test/cli_test options -h" "${scales[@]}")"
    expect_same \
        "$(printf "options: SEED: expected a whole number from 0 to 2147483647, got '%s'\nstatus 2\n" "${seeds[@]}")" \
        "$(each "SEED=\$value build/test/cli_test options -h" "${seeds[@]}")"
    TIME_SCALE=junk SEED=7 refuses TIME_SCALE options
    TIME_SCALE=1 SEED=junk refuses SEED options -z
}

@test "cli: TIME_SCALE and SEED may be missing, and have all these values" {
    expect_same 'status 0' "$(each "TIME_SCALE=\$value build/test/cli_test options" 0 0.05 1 1.5 1000 | uniq)"
    expect_same 'status 0' "$(each "SEED=\$value build/test/cli_test options" 0 7 007 2147483647 | uniq)"
    unset TIME_SCALE SEED
    prints '' options
}
