# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is for the tests; run sets status, output, stderr
# For tests of programs that are made of ranks: load ../.ci/mpi
#
#   expect_lines PROGRAM ARG... <<'END'    it succeeds, prints these lines, in any order, and leaves nothing
#   need_mpi PROGRAM                       skips the test where no MPI is installed, or PROGRAM not built for it
#   with_mpi RANKS PROGRAM ARG...          runs build/mpi/PROGRAM as so many ranks
#   expect_lines_with_mpi RANKS PROGRAM ARG... <<'END'    the same as expect_lines, of that

expect_lines() {
    local wanted
    wanted=$(sort)
    run --separate-stderr bounded 20 "$@"
    [[ $status -eq 0 && -z $stderr ]] || report "$*: expected status 0, and no message" || return
    expect_same "$wanted" "$(sort <<<"$output")" || return
    expect_nothing_left "$*"
}

MPIRUN=${MPIRUN:-mpirun} # of the MPI whose MPICC has built build/mpi

need_mpi() {
    command -v "$MPIRUN" >/dev/null || skip 'no MPI here (apt-get install mpich)'
    [ -x "build/mpi/$1" ] || skip "build/mpi/$1 is not there (make mpi)"
}

# Open MPI wants to be told that more ranks than processors are meant, and that root may run them.
with_mpi() {
    local ranks=$1 program=$2
    local -a flags=()
    shift 2
    [[ $("$MPIRUN" --version) != *'Open MPI'* ]] || flags=(--allow-run-as-root --oversubscribe)
    bounded 60 "$MPIRUN" "${flags[@]}" -n "$ranks" "build/mpi/$program" "$@"
}

expect_lines_with_mpi() {
    local wanted
    wanted=$(sort)
    need_mpi "$2"
    run --separate-stderr with_mpi "$@"
    [ "$status" -eq 0 ] || report "mpirun -n $*: expected status 0" || return
    expect_same "$wanted" "$(sort <<<"$output")"
}
