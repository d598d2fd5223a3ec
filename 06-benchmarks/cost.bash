# shellcheck shell=bash disable=SC2154 # bats' run sets output
# What the tests of the cost programs share: load cost

# expect_tables FILE MOST: what was written to FILE is well-formed, has at most MOST rounds, and is what
# was printed, `output`, to three digits. Figures are positive, and in order.
expect_tables() {
    awk -v most_rounds="$2" '
        function wrong(what) { print FILENAME ":" FNR ": " what ": " $0; failed = 1; exit 1 }
        function trim(text) { gsub(/^ +| +$/, "", text); return text }
        function differ(printed, written) {
            return printed == "-" || written == "-" ? printed != written : (printed - written) ^ 2 > (written * 0.0051) ^ 2
        }
        BEGIN {
            FS = "\t"
            unit["spawn"] = "us"; unit["spawn price"] = "times"; unit["task"] = "us"
            unit["efficiency"] = "T1/(w Tw)"; unit["throughput"] = "MB/s"; unit["round trip"] = "us"
        }
        # the file
        FILENAME != "-" && FNR == 1 {
            if ($0 != "table\twhat\tat\tunit\tmedian\tleast\tmost\trounds") wrong("not the head")
            next
        }
        FILENAME != "-" {
            if (NF != 8) wrong("not eight fields")
            if ($4 != unit[$1] || $4 == "") wrong("not the unit of the table")
            if (seen[$1, $2, $3]++) wrong("twice")
            if ($8 == 0) {
                if ($5 $6 $7 != "---") wrong("figures of no round")
            } else if (!($8 <= most_rounds && $6 > 0 && $6 <= $5 && $5 <= $7 && $5 $6 $7 !~ /[^0-9.e+-]/)) {
                wrong("impossible figures")
            }
            rows[$1]++
            row[$1, rows[$1]] = $0
            next
        }
        # what was printed: a blank line, the name and the unit, the head, the rows
        $0 == "" { getline; name = $0; sub(/, .*/, "", name); next_row = 0; tables++
                   if ($0 != name ", " unit[name]) wrong("not the name and the unit of a table")
                   getline
                   if (substr($0, 35) != "      median        least         most  rounds") wrong("not the head")
                   ones = 0; next }
        tables && next_row < rows[name] {
            split(row[name, ++next_row], written, "\t")
            if (trim(substr($0, 1, 24)) != written[2] || trim(substr($0, 25, 9)) != written[3]) wrong("not the row of the file, which is " row[name, next_row])
            figures = split(trim(substr($0, 35)), printed, / +/)
            if (differ(printed[1], written[5])) wrong("not the median " written[5])
            if (written[8] == 0) next
            if (figures != 4 || differ(printed[2], written[6]) || differ(printed[3], written[7]) || printed[4] != written[8])
                wrong("not the figures " row[name, next_row])
            match(substr($0, 35), /[0-9]+/)
            if (ones != 0 && ones != RSTART + RLENGTH) wrong("the points are not below each other")
            ones = RSTART + RLENGTH
            if (length($0) != 80) wrong("not 80 wide")
        }
        END {
            if (failed) exit 1
            for (name in rows) wanted++
            if (tables != wanted) { print tables " tables were printed, and " wanted " written"; exit 1 }
        }' "$1" - <<<"$output"
}

# The table's rows in FILE: what, at, and how many rounds.
rows_of() {
    awk -F '\t' -v name="$1" '$1 == name { print $2 "|" $3 "|" $8 }' "$2"
}
