#!/usr/bin/env bats
# call: programs that are not ours, and how they ended.

load ../.ci/test_helper

call=05-subprocess/call

# expect_call OUTPUT COMPLAINT STATUS ARG...: what `call ARG...` gives, with `path` as PATH if it is set.
expect_call() {
    local expected=$1 complaint=$2 code=$3
    shift 3
    run "-$code" --separate-stderr bounded 20 env "PATH=${path:-$PATH}" "$call" "$@" || return
    expect_same "$expected" "$output" || return
    expect_same "$complaint" "$stderr"
}

# A directory with a program of ours: fake NAME COMMANDS.
fake() {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/bin/$1"
    chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

# The lines of the default run; with the output and the return code of nslookup.
default_lines() {
    echo "\$ nslookup www.python.org
${1:+$1
}return code: $2
\$ ls -lah /tmp
listing of -lah /tmp
return code: 0"
}

# With fakes of both programs only.
expect_default() {
    fake ls 'echo "listing of $*"'
    path=$BATS_TEST_TMPDIR/bin:$PATH expect_call "$(default_lines "$1" "$2")" "${3:-}" 0
}

@test "without a command: nslookup www.python.org, and then ls -lah /tmp" {
    fake nslookup 'echo "Server: 127.0.0.53 for $*"'
    expect_default 'Server: 127.0.0.53 for www.python.org' 0
    with ">$BATS_TEST_TMPDIR/output" env "PATH=$BATS_TEST_TMPDIR/bin:$PATH" "$call"
    expect_same "$output" "$(cat "$BATS_TEST_TMPDIR/output")"
    expect_nothing_left "$call"
}

@test "nslookup fails, as without a network, or is killed: its return code, and on to ls" {
    fake nslookup 'echo "connection timed out" >&2; exit 1'
    expect_default '' 1 'connection timed out'
    fake nslookup 'kill -KILL $$'
    expect_default '' -9
}

@test "without nslookup: says so, with return code 127, and goes on to the real ls" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$(type -P ls)" "$BATS_TEST_TMPDIR/bin/ls"
    run --separate-stderr bounded 20 env "PATH=$BATS_TEST_TMPDIR/bin" "$call"
    [ "$status" -le 1 ] # 1, and a message of ls: a file has gone while it looked at it
    expect_same '$ nslookup www.python.org
return code: 127
$ ls -lah /tmp' "$(head -n 3 <<<"$output")"
    [[ ${lines[3]} == 'total '* ]]
    [[ ${lines[4]} == d*' .' ]]
    [ "${lines[-1]}" = "return code: $status" ]
    expect_same 'call: nslookup: No such file or directory' "$(grep -v 'ls: ' <<<"$stderr")"
}

@test "the default run ends with the status of ls" {
    fake nslookup 'exit 0'
    fake ls 'exit 2'
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run bounded 20 "$call"
    [ "$status" -eq 2 ]
}

@test "an argument stays one argument, whatever is in it" {
    expect_call $'$ printf <%s>\\n a  b c\'d e"f *  $HOME `id` ; | > x\n<a  b>\n<c\'d>\n<e"f>\n<*>\n<>\n<$HOME>\n<`id`>\n<;>\n<| > x>\nreturn code: 0' \
        '' 0 printf '<%s>\n' 'a  b' "c'd" 'e"f' '*' '' '$HOME' '`id`' ';' '| > x'
    expect_call $'$ printf %s\\n two\nlines\ntwo\nlines\nreturn code: 0' '' 0 printf '%s\n' $'two\nlines'
}

@test "what follows the command is the command's; what follows -- is a command" {
    expect_call $'$ echo -h --help --nothing -- x\n-h --help --nothing -- x\nreturn code: 0' '' 0 \
        echo -h --help --nothing -- x
    expect_call $'$ echo -x\n-x\nreturn code: 0' '' 0 -- echo -x
    path=$BATS_TEST_TMPDIR # all of it can be searched, so that the reason is always the same
    expect_call $'$ -x\nreturn code: 127' 'call: -x: No such file or directory' 127 -- -x
}

@test "exit statuses from 0 to 255" {
    run --separate-stderr bounded 60 bash -c 'for code in 0 1 2 {3..253..25} {125..129} 254 255; do
        got=$("$0" sh -c "exit $code")
        [ "$?:${got#*$'"'\n'"'}" = "$code:return code: $code" ] || echo "$code: $? $got"
    done' "$call"
    expect_same '' "$output$stderr"
}

@test "a command that is killed: its signal, and the status that a shell gives" {
    for signal in 1 2 9 13 15; do
        expect_call "\$ sh -c kill -$signal \$\$
return code: -$signal" '' $((128 + signal)) sh -c "kill -$signal \$\$"
    done
}

@test "a command that is not there, or can't be executed: a clear error, 127 or 126" {
    path=$BATS_TEST_TMPDIR # see above
    file=$BATS_TEST_TMPDIR/file
    echo 'no program' >"$file"
    for command in no-such-command ./no/such/command ''; do
        expect_call "\$ $command
return code: 127" "call: $command: No such file or directory" 127 "$command"
    done
    expect_call "\$ $file a b
return code: 126" "call: $file: Permission denied" 126 "$file" a b
    expect_call "\$ /tmp
return code: 126" "call: /tmp: Permission denied" 126 /tmp
    expect_call "\$ $file/below
return code: 126" "call: $file/below: Not a directory" 126 "$file/below"
    chmod +x "$file"
    expect_call "\$ $file
return code: 126" "call: $file: Exec format error" 126 "$file"
}

@test "the command has our standard input, output and error, and no other descriptor" {
    run --separate-stderr bounded 20 "$call" cat <<<'from us'
    expect_same $'$ cat\nfrom us\nreturn code: 0' "$output"
    expect_call $'$ sh -c echo out; echo error >&2\nout\nreturn code: 0' error 0 sh -c 'echo out; echo error >&2'
    [ -d /proc/self/fd ] || skip 'this system has no /proc/self/fd'
    expect_same $'0\n1\n2\n3' "$(bounded 20 "$call" ls /proc/self/fd | sed '1d; $d')" # 3 is what ls has opened
}

@test "the command has no signal blocked or ignored that we have not" {
    [ -e /proc/self/status ] || skip 'this system has no /proc'
    signals() { # 32 and 33 are the C library's own
        bounded 20 "$@" cat /proc/self/status | sed -nE 's/^Sig(Blk|Ign):[[:blank:]]*/0x/p' |
            while read -r set; do printf '%x\n' $((set & ~0x180000000)); done
    }
    for ignored in --ignore-signal=USR1 --ignore-signal=INT --default-signal; do
        expect_same "$(signals env "$ignored")" "$(signals env "$ignored" "$call")"
    done
}

@test "Ctrl-C, and SIGINT to call alone: the command ends, and call dies of it" {
    interrupt "$call" sleep 1000
    interrupt_parent "$call" sleep 1000
    [[ $output == '$ sleep 1000' ]]
}

@test "Ctrl-C in the default run: no ls any more" {
    fake nslookup 'echo asking; exec sleep 1000'
    PATH=$BATS_TEST_TMPDIR/bin:$PATH INTERRUPT_AT=asking interrupt "$call"
    expect_same $'$ nslookup www.python.org\nasking' "$output"
}

@test "a command that ignores SIGINT is killed" {
    for how in interrupt interrupt_parent; do # at the start of a line: call shows the command first
        INTERRUPT_AT=$'\nready' "$how" "$call" sh -c 'trap "" INT; echo ready; exec sleep 1000'
        expect_same ready "$(sed 1d <<<"$output")"
    done
}

@test "SIGTERM, SIGHUP and SIGQUIT to call: the command gets them" {
    ulimit -c 0
    for signal in TERM HUP QUIT; do
        run --separate-stderr bounded 20 sh -c 'echo $$; exec "$@"' - "$call" \
            sh -c "sleep 9 & trap 'echo got $signal; kill \$!; exit' $signal; kill -$signal \$PPID; wait" # within 0.25 s
        [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
        [ "${lines[-1]}" = "got $signal" ]
        expect_nothing_left "$call"
    done
}

@test "-h and --help: usage on standard output" {
    for help in -h --help; do
        run --separate-stderr "$call" "$help"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        expect_same "usage: call [COMMAND [ARG...]]
  Runs a program without a shell, and shows its return code.
  without a command: nslookup www.python.org, and then ls -lah /tmp" "$output"
    done
}

@test "bad usage is refused before anything is forked" {
    expect_bad_usage "unknown option -x" "$call" -x
    expect_bad_usage "unknown option -l" "$call" -l ls
    expect_bad_usage "unknown option '--nothing'" "$call" --nothing ls
    TIME_SCALE=nan expect_bad_usage "TIME_SCALE: expected a number" "$call" true
    TIME_SCALE='' expect_bad_usage "TIME_SCALE: expected a number" "$call" true
    SEED=-1 expect_bad_usage "SEED: expected a whole number" "$call"
    SEED=abc expect_bad_usage "SEED: expected a whole number" "$call"
}

@test "standard output that is full or closed is a failure" {
    for arguments in '' -h true no-such-command; do
        expect_full_device "$call" ${arguments:+"$arguments"}
        run --separate-stderr with '>&-' "$call" ${arguments:+"$arguments"}
        [ "$status" -eq 1 ]
        [[ $stderr == *'call: write standard output: '* ]]
    done
    expect_nothing_left "$call"
}

@test "standard input closed: the same" {
    run --separate-stderr with '<&-' "$call" echo still works
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    expect_same $'$ echo still works\nstill works\nreturn code: 0' "$output"
}

@test "SIGCHLD ignored by the caller: the same" {
    run --separate-stderr bounded 20 env --ignore-signal=CHLD "$call" sh -c 'exit 3'
    [ "$status" -eq 3 ]
    [ -z "$stderr" ]
    expect_same $'$ sh -c exit 3\nreturn code: 3' "$output"
}

@test "no process to be had: says so, with status 1" {
    [ "$(id -u)" -ne 0 ] || need_user
    run --separate-stderr as_user 0 "$call" true
    [ "$status" -eq 1 ]
    expect_same $'$ true\nreturn code: 1' "$output"
    [[ $stderr == 'call: true: Resource temporarily unavailable' ]]
}

@test "on a terminal its own lines are coloured, the command's are not; none with NO_COLOR" {
    need_terminal
    output=$(bounded 20 env -u NO_COLOR TERM=xterm script -qec "$call echo plain" /dev/null | tr -d '\r')
    [[ $output == *$'\nplain\n\e['3[1-6]m'return code: 0'$'\e[0m' ]]
    output=$(bounded 20 env TERM=xterm script -qec "$call echo plain" /dev/null | tr -d '\r') # NO_COLOR=1
    expect_same $'$ echo plain\nplain\nreturn code: 0' "$output"
}

@test "README.md tells the truth" {
    check_readme 05-subprocess/README.md
}
