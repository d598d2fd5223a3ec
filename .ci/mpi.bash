# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is for the tests; run sets status, output, stderr
# For tests of programs that are made of ranks: load ../.ci/mpi
#
#   expect_lines PROGRAM ARG... <<'END'    it succeeds, and prints these lines, in any order
#   need_mpi PROGRAM                       skips the test where no MPI is installed, or PROGRAM not built for it
#   with_mpi RANKS PROGRAM ARG...          runs build/mpi/PROGRAM as so many ranks
#   expect_lines_with_mpi RANKS PROGRAM ARG... <<'END'    the same as expect_lines, of that

MPIRUN=${MPIRUN:-mpirun} # of the MPI whose MPICC has built build/mpi

# Open MPI wants to be told that root may run the ranks, and that there may be more of them than processors;
# the last one is what its version 5 calls that. MPICH asks nobody.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
    PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe

expect_lines() {
    local wanted
    wanted=$(sort)
    run --separate-stderr bounded 20 "$@"
    [[ $status -eq 0 && -z $stderr ]] || report "$*: expected status 0, and no message" || return
    expect_same "$wanted" "$(sort <<<"$output")" || fail "by $*"
}

need_mpi() {
    command -v "$MPIRUN" >/dev/null || skip 'no MPI here (apt-get install mpich)'
    [ -x "build/mpi/$1" ] || skip "build/mpi/$1 is not there (make mpi)"
}

# Open MPI keeps files while it runs, and leaves them when it is killed: in this test's own directory.
with_mpi() {
    TMPDIR=$BATS_TEST_TMPDIR bounded 60 "$MPIRUN" -n "$1" "build/mpi/$2" "${@:3}"
}

expect_lines_with_mpi() {
    local wanted
    wanted=$(sort)
    need_mpi "$2"
    run --separate-stderr with_mpi "$@"
    [ "$status" -eq 0 ] || report "$MPIRUN -n $*: expected status 0" || return
    expect_same "$wanted" "$(sort <<<"$output")" || fail "by $MPIRUN -n $*"
}
