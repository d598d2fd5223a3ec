#!/usr/bin/env bash
# Kills processes with SIGKILL at random moments while they use the library, and checks that nobody hangs
# and nothing is lost but what the dead had: `make stress`, about two minutes. The pool's workers are also
# stopped, or die by themselves. The tests do the same for a second each. STRESS=5 kills five times as
# many; SEED=7 repeats a run's random numbers (not its timing).
set -u

cd "$(dirname "$0")/.." || exit
factor=${1:-1}
if ! [[ $factor =~ ^[1-9][0-9]{0,3}$ ]]; then
    echo "stress: STRESS: expected a whole number from 1 to 9999, got '$factor'" >&2
    exit 2
fi
seed=${SEED:-$RANDOM}

# kill_in MODULE KILLS [SCENARIO]: MODULE's own stress scenario, which says what it has seen
kill_in() {
    local start=$SECONDS kills=$(($2 * factor)) scenario=${3:-stress}
    echo "stress: $1, $kills deaths, SEED=$seed"
    # A hang must not hang us: a kill takes milliseconds.
    if ! timeout -k 5 $((60 + kills / 10)) "build/test/$1_test" "$scenario" "$kills" "$seed"; then
        echo "stress: $1 has FAILED; again with: build/test/$1_test $scenario $kills $seed" >&2
        exit 1
    fi
    echo "stress: $1 is well, after $((SECONDS - start)) s"
}

kill_in lock 5000
kill_in queue 5000
kill_in conn 2000
kill_in sync 5000
kill_in barrier 2000
kill_in pool 400
kill_in pool 400 stress_abort
kill_in pool 400 stress_exit
kill_in pool 50 stress_stop
kill_in pool 50 stress_stopped
echo 'stress: all is well'
