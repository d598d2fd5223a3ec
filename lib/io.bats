#!/usr/bin/env bats
# io: whole reads and writes, in spite of signals, full pipes and non-blocking mode; descriptors that
# are closed on exec, and once only.

load ../.ci/test_helper

scenario() {
    run bounded 20 build/test/io_test "$1"
    [[ $status -eq 0 && -z $output ]] || fail "$1: status $status" "$output"
}

@test "io: reads and writes are whole: interrupted, in non-blocking mode, in parts, of megabytes" {
    # A write that signals interrupt, again and again, is whole.
    scenario interrupted_write
    scenario interrupted_wait

    # A read that signals interrupt, again and again, is whole.
    scenario interrupted_read

    # A write in non-blocking mode waits, idle, while the pipe is full.
    scenario non_blocking_write

    # A read in non-blocking mode waits, idle, while the pipe is empty.
    scenario non_blocking_read

    # A read goes on where the kernel gives it a part.
    scenario short_reads

    # A write is one write where the kernel takes it whole, and none for nothing.
    scenario one_write

    # A write goes on where the kernel takes a part, up to the error.
    scenario short_write

    # A read ends at the end of the file.
    scenario end_of_file

    # Megabytes, there and back.
    scenario both_ways
}

@test "io: errors come through: EPIPE, also when the reader goes away, EBADF, EISDIR" {
    # Write errors come through: EPIPE, EBADF.
    scenario write_errors

    # The reader goes away while a write waits: EPIPE, in blocking mode or not.
    scenario reader_ends

    # Read errors come through: EISDIR, EBADF.
    scenario read_errors
}

@test "io: write errors come through: ENOSPC" {
    [ -c /dev/full ] || skip 'this system has no /dev/full'
    scenario full_device
}

@test "io: descriptors are closed on exec, and once only; where none is to be had, nothing stays open" {
    # Pipes and sockets are closed on exec, both ends.
    scenario close_on_exec

    # EMFILE leaves nothing open.
    scenario no_descriptors

    # A socket of no such type leaves nothing open.
    scenario no_such_socket

    # Closing twice is harmless, and errno is kept.
    scenario close_twice
}
