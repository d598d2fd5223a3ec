#!/usr/bin/env bats
# exit_codes: the table of wait statuses and exit codes.

load ../.ci/test_helper

exit_codes=02-process/exit_codes

wanted='the process               wait status   in hex  exit code  shell
ended well                          0   0x0000          0      0
ended with error code 1           256   0x0100          1      1
ended with error code 3           768   0x0300          3      3
killed by SIGINT                    2   0x0002         -2    130
killed by SIGKILL                   9   0x0009         -9    137
killed by SIGTERM                  15   0x000f        -15    143'

@test "how processes end" {
    run --separate-stderr bounded 20 "$exit_codes"
    [[ $status -eq 0 && -z $stderr ]]
    expect_same "$wanted" "$output"
}

@test "also when it was started with signals ignored or blocked" {
    run --separate-stderr bounded 20 env --ignore-signal=INT,TERM --block-signal=INT,TERM "$exit_codes"
    [[ $status -eq 0 && -z $stderr ]]
    expect_same "$wanted" "$output"
}

@test "help, bad usage, a full disk, no processes ..." {
    expect_edges "$exit_codes"
    expect_bad_usage "unexpected argument '5'" "$exit_codes" 5
}
