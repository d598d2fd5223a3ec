#!/usr/bin/env bats
# conn: what lib/conn.h promises, also when any of its processes is killed at any instant.

load ../.ci/test_helper
load test/driver

@test "conn: messages of every size come whole and in order, there and back" {
    scenario sizes <<'END'
conn_poll(&pair[0], 0): 0
conn_send(&pair[0], NULL, 0, FOREVER): 0
conn_receive(&pair[0], NULL, 0, FOREVER): 0
conn_receive(&pair[0], NULL, 0, FOREVER): EPIPE
END
    expect_message
}

@test "conn: to look takes nothing away and merges nothing" {
    scenario looks <<'END'
'hello'
''
'a'
'b'
''
'bye'
conn_poll(&pair[0], 0): 0
END
}

@test "conn: what an end can't do is EBADF; what is too long, or of the other kind, is next again" {
    scenario errors <<'END'
the receiving end:
conn_send(end, "1", 1, FOREVER): EBADF
conn_send(end, bytes, LONGISH, FOREVER): EBADF
conn_send_descriptor(end, 0, FOREVER): EBADF
conn_poll(end, 0): 0
conn_next_size(end, 0): ETIMEDOUT
conn_receive(end, got, 1, 0): ETIMEDOUT
conn_receive_descriptor(end, 0): ETIMEDOUT
the sending end:
conn_send(end, "1", 1, FOREVER): 0
conn_send(end, bytes, LONGISH, FOREVER): 0
conn_send_descriptor(end, 0, FOREVER): 0
conn_poll(end, 0): EBADF
conn_next_size(end, 0): EBADF
conn_receive(end, got, 1, 0): EBADF
conn_receive_descriptor(end, 0): EBADF
what it has sent:
conn_receive(in, got, 0, FOREVER): EMSGSIZE
conn_receive_descriptor(in, FOREVER): Bad message
conn_next_size(in, FOREVER): 1
conn_receive(in, got, 1, 0): 1
conn_receive(in, got, LONGISH - 1, 0): EMSGSIZE
conn_receive_descriptor(in, 0): Bad message
conn_next_size(in, 0): 65537
conn_receive(in, got, LONGISH, 0): 65537
conn_receive(in, got, LARGEST, FOREVER): Bad message
conn_next_size(in, 0): Bad message
refused:
conn_send(out, bytes, CONN_MAX + (size_t)1, FOREVER): EMSGSIZE
conn_send(out, bytes, SIZE_MAX, 0): EMSGSIZE
conn_send_descriptor(out, NOT_OPEN, FOREVER): EBADF
conn_send_descriptor(out, -1, 0): EBADF
conn_poll(in, 0): 0
closed:
conn_send(end, "1", 1, FOREVER): EBADF
conn_send(end, bytes, LONGISH, FOREVER): EBADF
conn_send_descriptor(end, 0, FOREVER): EBADF
conn_poll(end, 0): EBADF
conn_next_size(end, 0): EBADF
conn_receive(end, got, 1, 0): EBADF
conn_receive_descriptor(end, 0): EBADF
never opened:
conn_send(end, "1", 1, FOREVER): EBADF
conn_send(end, bytes, LONGISH, FOREVER): EBADF
conn_send_descriptor(end, 0, FOREVER): EBADF
conn_poll(end, 0): EBADF
conn_next_size(end, 0): EBADF
conn_receive(end, got, 1, 0): EBADF
conn_receive_descriptor(end, 0): EBADF
END
}

@test "conn: without a descriptor to be had, EMFILE, and what there is room for stays" {
    scenario no_descriptors <<'END'
conn_pair(others): EMFILE
conn_one_way(others): EMFILE
conn_send(&pair[1], bytes, LONGISH, FOREVER): EMFILE
conn_send(&pair[1], bytes, CONN_PACKET, FOREVER): 0
conn_send_descriptor(&pair[1], 0, FOREVER): 0
conn_receive(&pair[0], got, LONGISH, FOREVER): EMFILE
conn_receive(&pair[0], got, LONGISH, FOREVER): EMFILE
conn_receive(&pair[0], got, LONGISH, FOREVER): 65536
conn_receive_descriptor(&pair[0], FOREVER): EMFILE
conn_receive_descriptor(&pair[0], FOREVER): EMFILE
conn_poll(&pair[0], 0): 0
without room for it:
conn_receive(&pair[0], got, CONN_PACKET, FOREVER): EMFILE
conn_receive(&pair[0], got, CONN_PACKET, FOREVER): 4
conn_receive(&pair[0], got, CONN_PACKET, FOREVER): EMFILE
conn_receive(&pair[0], got, CONN_PACKET, FOREVER): 4
conn_poll(&pair[0], 0): 0
END
}

@test "conn: what was refused is kept in its place, by the process that it was refused to" {
    scenario kept <<<'the next message'
    scenario kept_alone <<<'each its own'
}

@test "conn: without memory, ENOMEM, and nothing is lost; a closed end has given back what it had" {
    scenario no_memory <<'END'
conn_poll(&pair[0], 0): ENOMEM
conn_next_size(&pair[0], 0): ENOMEM
conn_receive(&pair[0], got, 1, 0): ENOMEM
conn_receive_descriptor(&pair[0], 0): ENOMEM
conn_receive(&pair[0], got, 1, 0): 1
END
}

@test "conn: timeouts are on time, signals or not" {
    scenario timeouts <<<'on time'
}

@test "conn: when the other side is closed or killed, EPIPE, but first what it has sent" {
    scenario drained <<<'the rest, then EPIPE'
    scenario deserted <<<'all hear EPIPE'
}

@test "conn: descriptors arrive open, and closed on exec" {
    scenario passed <<<"a file, a pipe's end, two connections"
}

@test "conn: with 4 senders and 4 receivers, each message and each descriptor comes once, and whole" {
    scenario crowd messages 6000 <<<'6000 once'
    scenario crowd files 2000 <<<'2000 once'
}

# `build/test/conn_test step send 1` tries every instruction.
@test "conn: a sender or receiver killed after any instruction has sent or received whole messages" {
    scenario step send 79 <<<'killed at every step: whole messages, then the end'
    scenario step receive 197 <<<'killed at every step: whole messages, then the end'
}

@test "conn: 60 random senders and receivers killed and replaced" {
    scenario stress 60 1 <<<'60 killed, and no more messages lost than receivers'
}
