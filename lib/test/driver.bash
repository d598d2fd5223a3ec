# shellcheck shell=bash disable=SC2034 # report, in .ci/test_helper.bash, uses output and stderr
# What the upper floors' bats files share: load test/driver

# The program under build/test that is named after the bats file; `make test` builds it.
DRIVER=${BATS_TEST_FILENAME##*/}
DRIVER=build/test/${DRIVER%.bats}_test

# What `run --separate-stderr` does, but by way of files: where a driver fails, its children may live on,
# and would hold the pipe that `run` reads, so that bats would wait for them.
capture() {
    status=0
    "$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
    output=$(<"$BATS_TEST_TMPDIR/stdout")
    stderr=$(<"$BATS_TEST_TMPDIR/stderr")
}

# scenario NAME [OPERAND...] <<'END': it succeeds, prints exactly the lines that follow, and leaves nothing.
scenario() {
    local wanted
    IFS= read -rd '' wanted || true # there is no \0 in it
    wanted=${wanted%$'\n'}
    capture bounded 90 "$DRIVER" "$@" </dev/null
    expect_printed "$DRIVER $*" <<<"$wanted"
}

# The same for what was captured last; $1 is what the messages call it.
expect_printed() {
    local wanted
    IFS= read -rd '' wanted || true # there is no \0 in it
    wanted=${wanted%$'\n'}
    [ "$status" -ne 77 ] || skip "$output"
    [ "$status" -eq 0 ] || report "$1: failed" || return
    expect_same "$wanted" "$output" || return
    expect_nothing_left "$1"
}

# What is on standard error begins with that; with nothing given, there is nothing.
expect_message() {
    [[ ${1:+x} == "${stderr:+x}" && $stderr == "${1:-}"* ]] || report "expected the message '${1:-}'"
}
