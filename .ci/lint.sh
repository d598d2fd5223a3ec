#!/usr/bin/env bash
# Checks the layout of the C files, the C files themselves and the scripts. `make lint` calls it:
#   .ci/lint.sh "COMPILER OPTIONS" FILE.c FILE.h... -- SCRIPT...
# Goes on after a finding, so that one run shows them all; the exit status is 1 if there was any.
# shellcheck disable=SC2317 # functions that are called by way of check
set -u

cd "$(dirname "$0")/.." || exit
read -ra options <<<"$1"
shift
c_files=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    c_files+=("$1")
    shift
done
shift
shell=()
bats=()
for file; do
    if [[ $file == *.bats ]]; then bats+=("$file"); else shell+=("$file"); fi
done
sources=() # without the headers, which are checked where they are included
for file in "${c_files[@]}"; do
    [[ $file != *.c ]] || sources+=("$file")
done

missing=''
for tool in clang-format clang-tidy cppcheck shellcheck; do # each is also its package's name
    command -v "$tool" >/dev/null || missing+=" $tool"
done
if [ -n "$missing" ]; then
    echo "lint: missing, please install:$missing" >&2
    exit 1
fi

findings=0
check() {
    local what=$1
    shift
    echo "lint: $what"
    "$@" || findings=1
}

# clang-tidy is slow, and takes one core: a process per file. The line left out is about warnings in
# the system's headers, which it does not show.
tidy() {
    # shellcheck disable=SC2016 # for the inner sh
    printf '%s\0' "${sources[@]}" |
        OPTIONS=${options[*]} xargs -0 -n 1 -P "$(getconf _NPROCESSORS_ONLN)" \
            sh -c 'clang-tidy --quiet "$0" -- $OPTIONS 2>&1' |
        grep -v '^[0-9]* warnings* generated\.$'
    [ "${PIPESTATUS[1]}" -eq 0 ]
}

# What is empty without an MPI; its own headers are not ours.
tidy_mpi() {
    local -a headers
    mapfile -t headers < <("$MPICC" -show | tr ' ' '\n' | sed -n 's/^-I/-isystem/p')
    clang-tidy --quiet lib/ranks_mpi.c -- "${options[@]}" -DRANKS_MPI "${headers[@]}" 2>/dev/null
}

# cppcheck knows no c17, which is c11 with its mistakes mended. variableScope: a function's variables
# may stand at its head. It does not look for the system's headers, need not say so, and has to be told
# what stdnoreturn.h would.
inspect() {
    cppcheck --quiet --enable=warning,style,performance,portability --error-exitcode=1 --inline-suppr \
        --language=c --std=c11 --suppress=variableScope --suppress=missingIncludeSystem \
        '-Dnoreturn=__attribute__((noreturn))' "${includes[@]}" "${sources[@]}"
}

includes=()
for option in "${options[@]}"; do
    [[ $option != -[ID]* ]] || includes+=("$option")
done

check 'clang-format (make format mends what it finds)' clang-format --dry-run -Werror "${c_files[@]}"
check clang-tidy tidy
! command -v "${MPICC:=mpicc}" >/dev/null || check 'clang-tidy, with MPI' tidy_mpi
check cppcheck inspect
check 'shellcheck (scripts)' shellcheck --external-sources "${shell[@]}"
# A test is a function in a subshell, and bats' run sets variables; a "$" in single quotes in a test is
# for another shell.
check 'shellcheck (tests)' shellcheck --exclude=SC2016,SC2030,SC2031,SC2154 "${bats[@]}"
[ "$findings" -eq 0 ] || echo 'lint: there are findings, see above'
exit "$findings"
