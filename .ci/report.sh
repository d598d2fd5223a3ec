#!/usr/bin/env bash
# Draws what `make bench` has measured: bash .ci/report.sh [DIRECTORY [OUTPUT]], or `make report`.
# Reads DIRECTORY/*.tsv and DIRECTORY/machine.txt (build/bench), writes one page that needs nothing else
# (build/report.html). What has not been measured is named there, with the command that measures it.
#
# report.awk checks the files and writes the page's text, report-draw.awk what gnuplot is to draw, and
# report-inline.awk puts the drawings into the page (report-escape.awk is for both). .ci/check_report.py looks at the page in a browser.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -le 2 ] || {
    echo 'usage: report.sh [DIRECTORY [OUTPUT]]' >&2
    exit 2
}
if [ $# -eq 0 ]; then cd "$here/.."; fi
directory=${1:-build/bench}
output=${2:-build/report.html}

command -v gnuplot >/dev/null || {
    echo 'report: gnuplot is missing; it draws the charts. Please install it, such as by' >&2
    echo 'report:   apt-get install gnuplot-nox (Debian, Ubuntu), dnf install gnuplot, brew install gnuplot' >&2
    exit 1
}

mkdir -p "$(dirname "$output")"
temporary=$(mktemp -d "${TMPDIR:-/tmp}/report-XXXXXX")
trap 'rm -rf "$temporary" "$output.part"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

files=()
for file in "$directory"/*.tsv; do
    [[ $file == /* ]] || file=./$file # else awk may take a name for an assignment
    [ ! -e "$file" ] || files+=("$file")
done
machine=''
[ ! -e "$directory/machine.txt" ] || machine=$(head -n 1 "$directory/machine.txt")

# Numbers with a point, and bytes for awk; but gnuplot has to know what a character is.
export LC_ALL=C
DIRECTORY=$directory MACHINE=$machine PROCESSORS=$(getconf _NPROCESSORS_ONLN) TEMPORARY=$temporary \
    awk -f "$here/report-escape.awk" -f "$here/report.awk" -f "$here/report-draw.awk" ${files[@]+"${files[@]}"} /dev/null
if ! (cd "$temporary" && LC_ALL=C.UTF-8 gnuplot charts.gp) 2>"$temporary/messages"; then
    echo 'report: gnuplot failed:' >&2
    cat "$temporary/messages" >&2
    exit 1
fi
awk -v directory="$temporary" -v css="$here/report.css" -f "$here/report-escape.awk" -f "$here/report-inline.awk" \
    "$temporary/charts" "$temporary/page" >"$temporary/report.html"
# Only now: a page that is half written never has this name.
cp "$temporary/report.html" "$output.part"
mv "$output.part" "$output"
missing=$(grep -c '^<figure.*unmeasured' "$output") || true
echo "$output: $(grep -c '^<figure' "$output") charts$([ "$missing" -eq 0 ] || echo ", $missing of them not measured yet")"
