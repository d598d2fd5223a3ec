#!/usr/bin/env bash
# Fuzzes what parses, for FUZZ_SECONDS (60) in all: bash .ci/fuzz.sh [TARGET...], or `make fuzz`.
#
# The targets of lib/test/fuzz, with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer;
# and the tables of `make bench`, as awk and gnuplot read them for `make report`. What is found lies in
# build/fuzz/found, and is no more than an argument for build/fuzz/TARGET_fuzz, which `make test` builds,
# or for the target itself in build/fuzz/clang. Inputs that reach new code stay in build/fuzz/corpus, and
# the next run goes on from there.
set -euo pipefail

cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
    echo "fuzz: FUZZ_SECONDS: expected a whole number above 0, got '$seconds'" >&2
    exit 2
}
targets=("$@")
[ "$#" -gt 0 ] || targets=(number xdr http html tsv)
standard=(-std=c17 -D_POSIX_C_SOURCE=200809L -Ilib)
# shellcheck disable=SC2054 # the commas are the options'
sanitizers=(-g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined)
processors=$(getconf _NPROCESSORS_ONLN)
clang=${FUZZ_CC:-clang}
objects=build/fuzz/clang
found=build/fuzz/found
mkdir -p "$objects" "$found"

build() {
    if ! echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
        "$clang" -fsanitize=fuzzer,address,undefined -x c -o "$objects/try" - 2>/dev/null; then
        echo "fuzz: $clang -fsanitize=fuzzer,address,undefined does not work here. In Debian and Ubuntu:" >&2
        echo 'fuzz:   apt-get install clang libclang-rt-dev' >&2
        return 1
    fi
    rm -f "$objects"/*.o # always anew: it takes seconds, and no target is an old one
    # shellcheck disable=SC2016 # for the inner sh
    printf '%s\n' lib/*.c lib/test/fuzz/*_fuzz.c | xargs -P "$processors" -I FILE sh -c \
        'out=$1; shift; exec "$@" -c -o "$out/$(basename FILE .c).o" FILE' - \
        "$objects" "$clang" "${standard[@]}" "${sanitizers[@]}"
    rm -f "$objects/library.a"
    local target file
    local -a library=()
    for file in lib/*.c; do library+=("$objects/$(basename "$file" .c).o"); done
    ar rcs "$objects/library.a" "${library[@]}"
    for target in "${targets[@]}"; do
        [ "$target" = tsv ] || "$clang" "${sanitizers[@]}" -o "$objects/$target" \
            "$objects/${target}_fuzz.o" "$objects/library.a" -pthread
    done
}

# fuzz_code TARGET SECONDS
fuzz_code() {
    local log=$objects/$1.log status=0
    mkdir -p "build/fuzz/corpus/$1"
    "$objects/$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=1000 -max_len=9000 -print_final_stats=1 \
        -artifact_prefix="$found/$1-" "build/fuzz/corpus/$1" "lib/test/fuzz/corpus/$1" \
        >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        grep -vE '^(INFO|#[0-9]+\s+(NEW|REDUCE|pulse|INITED|RELOAD))' "$log" | tail -n 40
        echo "fuzz: $1: found something, in $found"
        return 1
    fi
    awk -v target="$1" -v seconds="$2" '/number_of_executed_units/ { inputs = $2 } /new_units_added/ { new = $2 }
        END { printf "fuzz: %-7s %9d inputs in %d s, %d of them reached new code; nothing found\n",
            target, inputs, seconds, new }' "$log"
}

# A table, changed at random: fields and bytes replaced, lines left out or twice.
mutate() {
    LC_ALL=C awk -v seed="$1" 'BEGIN {
            FS = OFS = "\t"
            srand(seed)
            count = split("|-|0|-1|nan|inf|1e999|1e-999|0x10|1.2.3| |&|<script>|\"|'\''|\\|`touch found`|@x|%s|" \
                "\"); system(\"touch found\"); (\"|$x|END|99999999999999999999|\033[2J|\200", tokens, "|")
            how_many = 1 + int(3 * rand())
        }
        {
            lines[NR] = $0
        }
        END {
            for (change = 0; change < how_many; change++) {
                i = 1 + int(NR * rand())
                what = int(10 * rand())
                fields = split(lines[i], field, "\t")
                if (what == 0)
                    delete lines[i]
                else if (what == 1)
                    lines[1 + int(NR * rand())] = lines[i]
                else if (what == 2)
                    lines[i] = substr(lines[i], 1, int(length(lines[i]) * rand()))
                else {
                    # mostly where any text will do, so that it gets as far as the page
                    field[what < 7 ? 2 : 1 + int(8 * rand())] = tokens[1 + int(count * rand())]
                    lines[i] = field[1]
                    for (k = 2; k <= fields; k++)
                        lines[i] = lines[i] "\t" field[k]
                }
            }
            for (i = 1; i <= NR; i++)
                if (i in lines)
                    print lines[i]
        }' lib/test/fuzz/corpus/tsv/all.tsv
}

# It is a page, or one line that says what is wrong where. What is in a table is text: no tag of the page,
# and no command for gnuplot.
fuzz_table() {
    local end=$((SECONDS + $2)) inputs=0 pages=0 status start directory
    directory=$(mktemp -d "${TMPDIR:-/tmp}/fuzz-XXXXXX")
    start=$RANDOM
    while [ "$SECONDS" -lt "$end" ]; do
        inputs=$((inputs + 1)) status=0
        rm -rf "${directory:?}"/*
        mutate $((start + inputs)) >"$directory/table.tsv"
        timeout 20 bash .ci/report.sh "$directory" "$directory/page" >"$directory/out" 2>"$directory/errors" || status=$?
        case $status in
        0) pages=$((pages + 1)) ;;
        1) grep -qE '^report: .*:[0-9]+: ' "$directory/errors" && [ "$(wc -l <"$directory/errors")" -eq 1 ] || status=2 ;;
        esac
        if [ "$status" -gt 1 ] || [ -e "$directory/found" ] || grep -qs '<script>.*</script>\|<script>[^<]*$' "$directory/page" ||
            { [ "$status" -eq 0 ] && [ -s "$directory/errors" ]; }; then
            cat "$directory/errors"
            mv "$directory/table.tsv" "$found/tsv-$((start + inputs)).tsv"
            rm -rf "$directory"
            echo "fuzz: tsv: found something: $found/tsv-$((start + inputs)).tsv"
            return 1
        fi
    done
    rm -rf "$directory"
    printf 'fuzz: %-7s %9d inputs in %d s, %d of them became a page; nothing found\n' tsv "$inputs" "$2" "$pages"
}

build
# As many side by side as there are processors; each has its share of the time.
share=$((seconds * processors / ${#targets[@]}))
[ "$share" -gt 0 ] || share=1
failed=0
running=()
collect() {
    wait "${running[0]}" || failed=1
    running=("${running[@]:1}")
}
for target in "${targets[@]}"; do
    if [ "$target" = tsv ]; then fuzz_table tsv "$share" & else fuzz_code "$target" "$share" & fi
    running+=($!)
    [ "${#running[@]}" -lt "$processors" ] || collect
done
while [ "${#running[@]}" -gt 0 ]; do collect; done
exit "$failed"
