#!/usr/bin/env bats
# barrier: what lib/barrier.h promises, also when processes are stopped, or killed at any instant.
# What a driver prints of a wait is its place, T (timed out), C (canceled) or B (bad descriptor).

load ../.ci/test_helper
load test/driver

@test "barrier: 1 to 32767 parties; open fails whole without descriptors or memory" {
    scenario opening <<'END'
-2147483648 parties: EINVAL
-1 parties: EINVAL
0 parties: EINVAL
32768 parties: EINVAL
2147483647 parties: EINVAL
32767 parties: opened
1 parties: opened
barrier_open(&barrier, 2): EMFILE
barrier_open(&barrier, 2): EMFILE
barrier_open(&barrier, 2): EMFILE
barrier_open(&barrier, 2): EMFILE
without memory: ENOMEM
as many descriptors and mappings as before
END
    expect_message
}

@test "barrier: alone at it: timeout, abort, reset, also twice; closed" {
    scenario states <<'END'
of one: whole, 0 waiting, gates shut shut
0 it is let through: whole, 0 waiting, gates open shut
0 it is let through: whole, 0 waiting, gates shut open
0 it is let through: whole, 0 waiting, gates open shut
B closed: broken, 0 waiting, gates shut shut
still closed: broken, 0 waiting, gates shut shut
of two: whole, 0 waiting, gates shut shut
T nobody else came: broken, 0 waiting, gates open shut
C still broken: broken, 0 waiting, gates open shut
reset: whole, 0 waiting, gates open shut
broken by abort, before anybody came: broken, 0 waiting, gates open open
C by a second abort: broken, 0 waiting, gates open open
reset twice: whole, 0 waiting, gates open shut
T no number: broken, 0 waiting, gates open open
on time: broken, 0 waiting, gates open open
END
}

@test "barrier: a timeout, an abort or a reset sends away all who wait, also the slow" {
    scenario broken <<'END'
four wait: whole, 4 waiting, gates shut shut
4 0123 all are there: whole, 0 waiting, gates open shut
CCCT one does not come: broken, 0 waiting, gates open open
CCCC aborted: broken, 0 waiting, gates open open
CCCC reset: whole, 0 waiting, gates shut open
4 0123 used again: whole, 0 waiting, gates open shut
END
    # One is slow to look; meanwhile: w: a round is complete; a: aborted; r: reset.
    scenario slow <<'END'
w: 0
wa: 0
wwww: 0
wr: C
a: C
ar: C
r: C
rww: C
arww: C
END
}

# w: the last to come; t: one that times out; a, r: one that aborts, or resets.
@test "barrier: one is killed, or stopped, before it can tell the others" {
    scenario silent <<'END'
w: 01 killed: whole, 0 waiting, gates shut shut
t: C killed: broken, 0 waiting, gates shut shut
a: C killed: broken, 0 waiting, gates shut shut
r: C killed: whole, 0 waiting, gates shut shut
END
    scenario late <<'END'
01 the leader is stopped: whole, 0 waiting, gates shut shut
01 the next round: whole, 0 waiting, gates shut open
the round after that: whole, 2 waiting, gates shut open
01 and it is complete: whole, 0 waiting, gates open shut
END
}

@test "barrier: 1000 rounds of five processes, none ever ahead; where only three meet" {
    scenario rounds 1000 <<<'all in step: whole, 0 waiting, gates shut open'
    scenario too_many <<<'each place as often as the others'
}

# By hand: build/test/barrier_test race meet 1 tries every instruction.
@test "barrier: one is overtaken after any instruction, and all agree on what has become" {
    scenario race meet 7 <<'END'
T C
1 0
C T
END
    scenario race abort 13 <<'END'
1 0
C C
END
}

@test "barrier: 100 random processes killed and replaced" {
    scenario stress 100 1 <<'END'
100 killed, 0 hanging, 0 errors
more rounds than killed, and all complete: 1
END
}
