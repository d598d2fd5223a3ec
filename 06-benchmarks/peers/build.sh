#!/bin/sh
# Builds the peers that are C programs: build.sh DIRECTORY    (CC, CFLAGS as for make; cc and -O2)
# Exit status 3: all but perfect_openmp, since this compiler has no OpenMP; it says so.
set -eu

[ $# -eq 1 ] || { echo 'usage: build.sh DIRECTORY' >&2; exit 2; }
here=$(dirname "$0")
mkdir -p "$1"
compile() {
    # shellcheck disable=SC2086 # CFLAGS are several
    ${CC:-cc} -std=c17 -D_POSIX_C_SOURCE=200809L ${CFLAGS:--O2} "$@"
}
compile -o "$1/perfect_range" "$here/perfect_range.c"
compile -o "$1/perfect_loop" "$here/perfect_openmp.c"
# It must also run: musl-gcc finds a libgomp to link with, and it is the other C library's.
if ! log=$(compile -fopenmp -o "$1/perfect_openmp" "$here/perfect_openmp.c" 2>&1 && "$1/perfect_openmp" 6 1 2>&1); then
    rm -f "$1/perfect_openmp"
    echo "build.sh: ${CC:-cc} -fopenmp does not work here: $(echo "$log" | head -n 1)" >&2
    exit 3
fi
