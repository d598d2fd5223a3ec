#!/usr/bin/env bash
# Which lines and branches of the library the tests reach: `make coverage`. Prints a table, and the lines that
# nothing has reached and lib/test/uncovered.txt does not explain; if there are any, the status is 1.
# build/coverage/lines has all lines and branches, with counts. It takes some minutes.
#   .ci/coverage.sh [FILE.bats...]   (of these tests only; then nothing is explained)
#
# With clang and not with gcov: clang's counters can lie in a file that is mapped into all processes. gcov's
# are written at exit, and so never by a process that is killed or leaves by _exit: that is most of ours.
# (gcov writes nothing here: echo 'void _exit(int); int main(void) { _exit(0); }' >e.c && gcc --coverage e.c
# -o e && ./e && ls e.gcda. With __gcov_dump before each _exit, those that are killed would still be missing.)
# What has no counter of its own, such as an else, is the difference of two: whoever was killed between these
# counts for it.
#
# The calls of the library's own scenarios, and of ranks, are made to fail in all ways, as by `make faults`:
# the tests do that with one call of each kind. Ranks over an MPI are counted where there is MPICH, as that
# can be told to use clang.
set -eu

cd "$(dirname "$0")/.."
tree=$PWD/build/coverage # a copy of the tree: the build takes other flags
for tool in clang llvm-profdata llvm-cov; do
    command -v "$tool" >/dev/null || {
        echo "coverage: there is no $tool here: apt-get install clang llvm" >&2
        exit 1
    }
done
rm -rf "$tree"
mkdir -p "$tree"/counts/{forked,mpi}
chmod 777 "$tree"/counts/* # some tests run as another user
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$tree"
cd "$tree"
export GIT_CEILING_DIRECTORIES=$PWD # it is no part of the repository around it
export LC_ALL=C
unset CPPFLAGS LDFLAGS LDLIBS

# Makes the compiler for ranks that are forked, and the one for ranks of an MPI: they have functions of the same
# names. Where the counters lie is in the program itself, so that it need not be in its environment. Each is
# raised at once, in memory, by one instruction: another process may raise it, too, and this one may be killed in
# the next moment. And the library that makes calls fail has none, or they would be made to fail.
make_compiler() {
    local -a counted=(-fcoverage-mapping -fprofile-update=atomic -mllvm -runtime-counter-relocation
        "-fprofile-instr-generate=$tree/counts/$1/%m%c.profraw" -Wno-unused-command-line-argument)
    cat >"$1-clang" <<END
#!/bin/sh
case " \$* " in
*' -shared '*) exec clang "\$@" ;;
*' -c '*) exec clang ${counted[*]} "\$@" ;;
*) exec clang ${counted[*]} "\$@" $tree/start.o ;;
esac
END
    chmod 755 "$1-clang"
}
make_compiler forked
make_compiler mpi
clang -O1 -c -o start.o .ci/coverage_start.c
export CC=$tree/forked-clang CFLAGS='-O1 -g' TEST_SECONDS=900
export MPICC=none MPIRUN=mpirun.mpich MPICH_CC=$tree/mpi-clang
! command -v mpicc.mpich >/dev/null || MPICC=mpicc.mpich

files=("$@")
[ "${#files[@]}" -gt 0 ] || files=(0*/*.bats lib/*.bats)
status=0
make -s BATS_FILES="${files[*]}" test >test.log 2>&1 || status=$?
grep -E '^not ok' test.log || true
tail -n 1 test.log
if [ $# -eq 0 ]; then
    grep -E '^allow |faults_test|03-queue-pipe/rank_[^d]' lib/test/faults.txt >faults.txt
    build/test/faults faults.txt >faults.log || status=$?
    grep -v '^not needed' faults.log
fi

# count KIND PROGRAM... -- MODULE...: adds the modules to the table and the lines. What it leaves in report.log
# are warnings that each program has a main of its own.
count() {
    local kind=$1
    local -a objects=()
    shift
    while [ "$1" != -- ]; do
        [[ ! -f $1 || ! -x $1 || $1 == *.* ]] || objects+=(${objects[0]+-object} "$1")
        shift
    done
    shift
    llvm-profdata merge -o "$kind.counts" counts/"$kind"/*.profraw
    objects+=("-instr-profile=$kind.counts")
    llvm-cov report "${objects[@]}" "$@" 2>>report.log | awk '$1 ~ /\.c$/' >>table
    [ $# -gt 1 ] || echo "/$1:" >>lines # else it is left out
    llvm-cov show "${objects[@]}" --show-branches=count "$@" 2>>report.log >>lines
}
shopt -s extglob
count forked build/test/*_test 0*/* -- lib/!(ranks_mpi).c
[ "$MPICC" = none ] || count mpi build/mpi/* -- lib/ranks_mpi.c

awk 'function row(name, lines, lost, branches, missed) {
        printf "%-16s %6d %8d %8.2f%% %9d %8d %8s\n", name, lines, lines - lost, 100 - 100 * lost / lines,
            branches, branches - missed, branches == 0 ? "" : sprintf("%.2f%%", 100 - 100 * missed / branches)
    }
    BEGIN { print "module            lines  reached            branches  reached" }
    { sub(/.*\//, "", $1) }
    { row($1, $8, $9, $11, $12); a += $8; b += $9; c += $11; d += $12 }
    END { row("all", a, b, c, d) }' table

# As "FILE FUNCTION: LINE BEFORE | LINE | LINE", without what has no statement of its own.
awk -F'|' 'function end() { if (lost != "") print file, name ": " before lost; lost = "" }
    /^\/.*:$/ { end(); n = split($0, part, "/"); file = part[n]; sub(/:$/, "", file) }
    /^ *[0-9]+\|/ {
        text = $0
        sub(/^[^|]*\|[^|]*\|/, "", text)
        if (text ~ /^[a-z].*\(/) { name = text; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        gsub(/^ *| *\/\*.*/, "", text)
        if ($2 !~ /^ *0$/) { end(); before = text }
        else if (text !~ /^([}#;].*)?$/) lost = lost " | " text
    }
    END { end() }' lines | sort >unreached
if [ $# -gt 0 ]; then
    echo 'not reached:'
    cat unreached
    exit "$status"
fi
list=lib/test/uncovered.txt
by_chance=$(sed -n 's/^[?] //p' "$list")
sed -E '/^(#|$)/d; s/^[?] //' "$list" | sort >known
[ "$MPICC" != none ] || sed -i '/^ranks_mpi/d' known
unknown=$(comm -23 unreached known)
stale=$(comm -13 unreached known | grep -vxF "$by_chance" || true)
[ -z "$unknown" ] || printf '%s\n' "not reached, and not explained in $list:" "$unknown"
[ -z "$stale" ] || printf '%s\n' "explained in $list, but reached, or not there any more:" "$stale"
[[ -z $unknown && -z $stale ]] || status=1
exit "$status"
