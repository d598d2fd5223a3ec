#!/usr/bin/env bats
# io: whole reads and writes, in spite of signals, full pipes and non-blocking mode; descriptors that
# are closed on exec, and once only.

load ../.ci/test_helper

scenario() {
    run bounded 20 build/test/io_test "$1"
    [[ $status -eq 0 && -z $output ]] || fail "$1: status $status" "$output"
}

@test "io: a write that signals interrupt, again and again, is whole" {
    scenario interrupted_write
}

@test "io: a read that signals interrupt, again and again, is whole" {
    scenario interrupted_read
}

@test "io: a write in non-blocking mode waits, idle, while the pipe is full" {
    scenario non_blocking_write
}

@test "io: a read in non-blocking mode waits, idle, while the pipe is empty" {
    scenario non_blocking_read
}

@test "io: a read goes on where the kernel gives it a part" {
    scenario short_reads
}

@test "io: a write is one write where the kernel takes it whole, and none for nothing" {
    scenario one_write
}

@test "io: a write goes on where the kernel takes a part, up to the error" {
    scenario short_write
}

@test "io: a read ends at the end of the file" {
    scenario end_of_file
}

@test "io: megabytes, there and back" {
    scenario both_ways
}

@test "io: write errors come through: EPIPE, EBADF" {
    scenario write_errors
}

@test "io: the reader goes away while a write waits: EPIPE, in blocking mode or not" {
    scenario reader_ends
}

@test "io: write errors come through: ENOSPC" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    scenario full_device
}

@test "io: read errors come through: EISDIR, EBADF" {
    scenario read_errors
}

@test "io: pipes and sockets are closed on exec, both ends" {
    scenario close_on_exec
}

@test "io: EMFILE leaves nothing open" {
    scenario no_descriptors
}

@test "io: a socket of no such type leaves nothing open" {
    scenario no_such_socket
}

@test "io: closing twice is harmless, and errno is kept" {
    scenario close_twice
}
