#!/usr/bin/env bash
# Which lines and branches of the library the tests reach: `make coverage`. Prints a table, and each line that
# nothing reaches; build/coverage/lines has them all, with counts.
#   .ci/coverage.sh [FILE.bats...]   (all of the tests, if none is given)
#
# With clang and not with gcov: its counters can lie in a file that is mapped into all processes. gcov's are
# written at exit, and so never by a process that is killed, or leaves by _exit: that is most of ours.
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
mkdir -p "$tree/profiles"
chmod 777 "$tree/profiles" # some tests run as another user
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$tree"
cd "$tree"

export CC=clang CFLAGS='-O0 -g -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation'
export LLVM_PROFILE_FILE="$tree/profiles/%m%c.profraw" TEST_SECONDS=900 MPICC=none # not with an MPI
status=0
make -s ${1:+BATS_FILES="$*"} test >test.log 2>&1 || status=$?
tail -n 1 test.log

objects=()
for object in build/test/*_test 0*/*; do
    [[ ! -x $object || -d $object || $object == *.* ]] || objects+=(${objects[0]+-object} "$object")
done
llvm-profdata merge -o profile profiles/*.profraw
modules=(lib/*.c)
llvm-cov report "${objects[@]}" -instr-profile=profile "${modules[@]}" 2>report.log |
    awk '/^Filename|%|^TOTAL/ { printf "%-16s %8s %8s %9s %10s %8s %9s\n", $1, $8, $9, $10, $11, $12, $13 }' |
    sed 's/^Filename .*/module              lines   missed    reached   branches   missed   reached/'
llvm-cov show "${objects[@]}" -instr-profile=profile --show-branches=count "${modules[@]}" >lines 2>>report.log # its warnings: that programs have a main each
echo 'not reached:'
awk -F'|' '/^\/.*:$/ { n = split($0, part, "/"); file = part[n] } $2 ~ /^ *0$/ { print file $1 ":" $3 }' lines |
    sed -E 's/: */:/'
exit "$status"
