#!/usr/bin/env bats
# beyond: what POSIX does not have; and the same where the system has nothing beyond POSIX.

load ../.ci/test_helper

scenario() {
    run bounded 30 build/test/beyond_test "$1"
    [[ $status -eq 0 && -z $output ]] || fail "$1: status $status" "$output"
}

need_linux() {
    [ "$(uname -s)" = Linux ] || skip 'only Linux has this'
}

@test "beyond: memory: zeroed, shared, and without a descriptor; where nothing is anonymous, an unlinked file does it" {
    # Memory: zeroed, shared, and without a descriptor.
    scenario map

    # Memory, where nothing is anonymous: an unlinked file does it.
    scenario bare_map
}

@test "beyond: memory has no name, either way" {
    need_linux
    local which
    for which in map_name bare_map_name; do
        run bounded 20 build/test/beyond_test "$which"
        [ "$status" -eq 0 ] || fail "status $status" "$output"
        [[ $output == /*' (deleted)' && $output != *$'\n'* ]] || fail "$which: $output"
    done
}

@test "beyond: a child that has asked for it ends when its parent is killed, or returns; asked too late, or of another parent: at once" {
    # A child that has asked for it ends when its parent is killed.
    need_linux
    scenario parent_killed

    # A child that has asked for it ends when its parent returns.
    need_linux
    scenario parent_returns

    # A child that asks too late is ended at once.
    need_linux
    scenario parent_gone

    # A child that names another parent is ended, by the signal that it asks for.
    need_linux
    scenario not_the_parent
}

@test "beyond: where it is not known or can't be had: the end with the parent, the machine, the memory in use" {
    # The end with the parent, where it cannot be asked for: ENOSYS, and nobody is ended.
    scenario bare_end

    # The machine, where it is not known: one processor, ENOSYS for the rest.
    scenario bare_machine

    # The memory in use, where it is not known: ENOSYS.
    scenario bare_memory
}

@test "beyond: waiting for a child: idle until its end; ended already; with a limit; naps where there is nothing to poll" {
    # Waiting for a child: until its end, and idle until then.
    scenario wait_for_child

    # Waiting for a child that has ended already.
    scenario wait_for_zombie

    # Waiting for a child that does not end, with a limit.
    scenario wait_in_vain

    # Waiting for a child where no descriptor is left: naps.
    scenario wait_without_descriptors

    # Waiting for a child, where there is nothing to poll: naps of 5 ms, or less.
    scenario bare_wait
}

@test "beyond: a descriptor that says when a child has ended" {
    need_linux
    scenario end_handle
}

@test "beyond: a program starts in its directory; a lock; a file without a name; the bytes in a pipe" {
    # A program starts in its directory, with no descriptor but three; by whatever there is.
    scenario spawn
    scenario bare_spawn

    # Waiting for a lock, for so long, by whichever clock there is.
    scenario lock_for
    scenario bare_lock

    # A file without a name, in memory or not.
    [ "$(uname -s)" != Linux ] || scenario memory_file
    scenario bare_file

    # The bytes in a pipe.
    scenario bytes_in_pipe
}

@test "beyond: a process shows its name, the first 15 bytes of it" {
    need_linux
    run bounded 20 build/test/beyond_test show_name
    [[ $status -eq 0 && $output == 'a name of more ' ]] || fail "status $status" "$output"
}

@test "beyond: a process runs on the processor that it has chosen, if there is such a one" {
    need_linux
    scenario run_on
}

# C libraries differ in whether they count the processors of the machine, or those for this process.
@test "beyond: the processors are as many as the system says" {
    run bounded 20 build/test/beyond_test processors
    [ "$status" -eq 0 ] || fail "status $status" "$output"
    [ "$output" -ge 1 ]
    [ "$output" = "$(getconf _NPROCESSORS_ONLN)" ] || [ "$output" = "$(nproc)" ] ||
        fail "$output; getconf: $(getconf _NPROCESSORS_ONLN), nproc: $(nproc)"
}

# It does not stand still, hence the tolerance. Nor does it follow each mapping at once: the kernel keeps
# some free pages for each processor, and does not count them as free.
@test "beyond: the memory in use, and to spare, is what the system says, within an eighth of all there is" {
    local try in_use to_spare
    grep -qs ^MemAvailable: /proc/meminfo || skip 'this system does not say'
    for try in {1..10}; do
        in_use=$(bounded 20 build/test/beyond_test memory_in_use)
        to_spare=$(bounded 20 build/test/beyond_test memory_to_spare)
        awk -v in_use="$in_use" -v to_spare="$to_spare" '
            function is_near(a, b) { return a > 0 && a < all && a - b < all / 8 && b - a < all / 8 }
            { bytes[$1] = $2 * 1024 }
            END {
                all = bytes["MemTotal:"]
                exit !(is_near(in_use, all - bytes["MemAvailable:"]) && is_near(to_spare, bytes["MemAvailable:"]))
            }' /proc/meminfo && return
        sleep 0.1
    done
    fail "$in_use bytes in use, $to_spare to spare, the $try times; but:" "$(head -n 3 /proc/meminfo)"
}

@test "beyond: memory in small pages: this memory, and no other" {
    need_linux
    run bounded 20 build/test/beyond_test small_pages
    [ "$status" -eq 0 ] || fail "status $status" "$output"
    [ "$output" != 'no large pages' ] || skip 'this kernel has no large pages'
    expect_same $'small\nany' "$output"
}
