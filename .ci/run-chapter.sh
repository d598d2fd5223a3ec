#!/bin/sh
# Runs a chapter's main program as the document does: .ci/run-chapter.sh 04-pool (see `make run`)
# The exit status is the program's.
set -u

cd "$(dirname "$0")/.." || exit
chapter=${1:-}
case $chapter in
01-fork) program=fork ;;
02-process) program=process ;;
03-queue-pipe) program=queue ;;
04-pool) program=pool ;;
05-subprocess) program=call ;;
06-benchmarks) program=benchmark ;;
*)
    echo "run-chapter: there is no chapter '$chapter'" >&2
    exit 2
    ;;
esac

printf '\n== %s\n$ ./%s\n' "$chapter" "$chapter/$program"
exec "./$chapter/$program"
