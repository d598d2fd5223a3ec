# What .ci/report.sh makes of tables with known figures. .ci/check_report.py looks at the page in a browser.
load test_helper

HEAD=$'table\twhat\tat\tunit\tmedian\tleast\tmost\trounds'

# Each line is a row; "|" stands for the tab: rows FILE <<END
rows() {
    { echo "$HEAD"; tr '|' '\t'; } >"$BATS_TEST_TMPDIR/$1"
}

# Makes the page of what is there; no test goes on without gnuplot.
page() {
    command -v gnuplot >/dev/null || skip 'gnuplot is missing, which draws the charts (apt-get install gnuplot-nox)'
    run --separate-stderr bounded 20 bash .ci/report.sh "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/out/report.html"
    [ ! -e "$BATS_TEST_TMPDIR/out/report.html" ] || page=$(cat "$BATS_TEST_TMPDIR/out/report.html")
}

# The sentence below a chart.
reading() {
    sed -n "/<figure id=\"$1\"/,/<\/figure>/s/.*<p class=\"reading\">\(.*\)<\/p>\$/\1/p" <<<"$page"
}

# What is drawn in a chart for a wide page, in its order: series CHART [spread]
series() {
    sed -nE "/<figure id=\"$1\"/,/<\/svg>/s/.*<g class=\"(${2:-series|limit|ideal})\"><title>(.*)<\/title>\$/\2/p" <<<"$page"
}

@test "report: every table becomes a chart; what is said below it follows from the figures" {
    rows all.tsv <<'END'
peers|sleep|C mono|s|10|10|10|1
peers|sleep|C multi|s|1|1|1|1
peers|sleep|C pool|s|2.5|2.5|2.5|1
peers|sleep|Python pool|s|2.51|2.51|2.51|1
peers|perfect 9999|C mono|s|2|2|2|1
peers|perfect 9999|C pool|s|1|1|1|1
peers|perfect 9999|Python pool|s|17|17|17|1
task|bare loop|-|us|0.002|0.001|0.003|5
task|2|1|us|0.5|0.4|0.6|5
task|2|1000|us|0.05|0.04|0.06|5
spawn|posix_spawn|0|us|300|290|310|7
spawn|posix_spawn|1000|us|330|320|340|7
spawn|fork|0|us|100|90|110|7
spawn|fork|1000|us|14000|13000|15000|7
spawn|process|0|us|80|80|80|7
spawn|process|1000|us|14000|14000|14000|7
spawn price|process / fork|0|times|1.1|1|1.2|7
throughput|pipe 1 to 1|1|MB/s|2|1|3|7
throughput|pipe 1 to 1|65536|MB/s|2500|2000|3000|7
throughput|ring 1 to 1|1|MB/s|30|20|40|7
throughput|mqueue 1 to 1|65536|MB/s|-|-|-|0
throughput|pipe 2 to 2|1|MB/s|4|4|4|7
throughput|memcpy|1|MB/s|60|50|70|7
throughput|memcpy|65536|MB/s|10000|9000|11000|7
round trip|pipe|64|us|4|3|5|7
round trip|sem_t|64|us|20|10|30|7
perfect ranks|forked|1|s|4|4|4|1
ranks|ping-pong, forked|8|us|9|8|10|5
ranks|ping-pong, forked|65536|us|32.768|30|40|5
ranks|broadcast, forked|8|us|20|20|20|5
ranks|ping-pong, MPI|8|us|0.5|0.5|0.5|5
ranks|ping-pong, MPI|65536|us|20|20|20|5
efficiency|1|1|T1/(w Tw)|0.9|0.8|1|7
efficiency|1|2|T1/(w Tw)|0.4|0.3|0.5|7
efficiency|10000|1|T1/(w Tw)|1|0.9|1.1|7
efficiency|10000|2|T1/(w Tw)|0.99|0.9|1|7
efficiency|10000|4|T1/(w Tw)|0.495|0.4|0.5|7
modes|sleep|mono|s|10|10|10|1
modes|brute|mono|s|8|8|8|1
modes|brute|multi|s|9|9|9|1
modes|brute|pool|s|4|4|4|1
modes|sieve|mono|s|0.002|0.002|0.002|1
END
    echo '2 processors & more' >"$BATS_TEST_TMPDIR/machine.txt"
    page
    expect_same "0::$BATS_TEST_TMPDIR/out/report.html: 10 charts" "$status:$stderr:$output"
    expect_same 'In C, a process per task is 10 times, the pool 4.0 times as fast as one process. Python'\''s pool takes as long as C'\''s.
In C, the pool is 2.0 times as fast as one process. Python'\''s pool takes 17 times as long as C'\''s.
With 2 workers, a task alone takes 500 ns, one of a chunk of 1000 takes 50.0 ns: 10 times less. Without a pool (bare loop), it takes 2.00 ns.
fork beside 1000 MB takes 140 times as long as beside 0 MB (14.0 ms and 100 µs); posix_spawn 1.1 times.
At 1 B, ring is the fastest, 30.0 MB/s, 15 times what pipe moves; memcpy moves 2.0 times as much. At 64 KiB, pipe is the fastest, 2.50 GB/s; memcpy moves 4.0 times as much.
At 1 B, pipe is the fastest, 4.00 MB/s; memcpy moves 15 times as much.
pipe is the fastest way there and back, 4.00 µs; sem_t takes 5.0 times as long, 20.0 µs.
A message of 8 B to another forked rank takes 9.00 µs, one of 64 KiB 32.8 µs: 2.00 GB/s. The MPI'\''s take 500 ns and 20.0 µs.
With 2 workers, tasks of 10 ms are done 1.98 times as fast as without a pool; tasks of 1 µs 0.8 times.
In one process, brute takes 8.00 s, sieve 2.00 ms: the algorithm gains 4000 times. More processors gain 2.0 times (brute, pool).' \
        "$(for chart in sleep perfect pool memory throughput-1 throughput-2 round-trip messages workers modes; do reading "$chart"; done)"

    # The document's figures stand beside those of the same size only, and say whose they are.
    expect_same $'document\nC\nPython' "$(series sleep series)"
    expect_same $'C\nPython' "$(series perfect series)"
    for figure in 10.0160 1.1322 3.0675 203.4457 86.9723; do
        [[ $page == *"<td><em>$figure s</em></td>"* ]] || fail "the document's $figure is missing" || return
    done
    [[ $page == *'<em>failed</em>'*'Here, the numbers 1 to 9999, in the document, to 99999.'* ]]
    expect_same $'memcpy\npipe\nring' "$(series throughput-1)"
    expect_same $'bare loop\n2 workers' "$(series pool)"
    expect_same $'ping-pong, forked\nbroadcast, forked\nping-pong, MPI' "$(series messages)"
    expect_same $'ideal\ntasks of 10 ms\ntasks of 1 µs' "$(series workers)"
    expect_same $'mono\nmulti\npool' "$(series modes)"
    expect_same $'fork\nposix_spawn:' "$(series memory spread):$(series modes spread)" # there, one round each
    [[ $page == *'Not measured here: mqueue.'*'this machine has 2 processors'* ]]
    [[ $page == *'Measured on 2 processors &amp; more.'*'median of 1 to 7 rounds'* ]]
    expect_same '' "$(grep -oE ' id=.[^ >]*' <<<"$page" | tr \' \" | sort | uniq -d)"
    [[ $page != *'@svg'* && $page != *'<script'* && $page != *http://* ]]
    expect_nothing_left report.sh
}

@test "report: what is not measured is named, with the command for it; without any table, too" {
    rows spawn.tsv <<'END'
spawn|fork|0|us|100|90|110|7
spawn|fork|10|us|-|-|-|0
modes|brute|mono|s|-|-|-|0
peers|perfect 9999|C mono|s|2|2|2|1
modes|sqrt|mono|s|4|4|4|1
modes|sqrt|pool|s|8|8|8|1
modes|sieve|mono|s|2|2|2|1
END
    : >"$BATS_TEST_TMPDIR/empty.tsv" # of a program that was killed
    page
    expect_same "0::$BATS_TEST_TMPDIR/out/report.html: 10 charts, 7 of them not measured yet" "$status:$stderr:$output"
    expect_same 'fork' "$(series memory)"
    expect_same 'fork beside 0 MB takes 100 µs.' "$(reading memory)"
    expect_same 'In one process, sqrt takes 4.00 s, sieve 2.00 s: the algorithm gains 2.0 times. More processors gain nothing (sqrt, pool).' \
        "$(reading modes)"
    for program in pool_cost ipc_cost; do
        [[ $page == *"<code>mkdir -p $BATS_TEST_TMPDIR &amp;&amp; ./06-benchmarks/$program -o $BATS_TEST_TMPDIR/$program.tsv</code>"* ]] ||
            fail "$program is not named:" "$(grep 'Not measured' <<<"$page")" || return
    done
    [[ $page != *06-benchmarks/spawn_cost* && $page != *06-benchmarks/benchmark* ]]
    rm "$BATS_TEST_TMPDIR"/*.tsv
    page
    expect_same "0::$BATS_TEST_TMPDIR/out/report.html: 10 charts, 10 of them not measured yet" "$status:$stderr:$output"
}

@test "report: names out of the files are text, in the page as in gnuplot's hands" {
    local evil='<b>&"'\''`id`$(id)\n@x'
    rows spawn.tsv <<<"spawn|$evil|0|us|100|90|110|7"
    rows modes.tsv <<<"modes|$evil|$evil|s|1|1|1|1"
    rows trip.tsv <<<"round trip|$evil|64|us|1|1|1|1"
    echo "<i>machine</i> & \\d" >"$BATS_TEST_TMPDIR/machine.txt"
    page
    expect_same '0:' "$status:$stderr"
    rows spawn.tsv <<<"spawn|'quoted'|0|us|100|90|110|7" # gnuplot takes '' at the beginning for an empty string
    run --separate-stderr bounded 20 bash .ci/report.sh "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/quoted.html"
    expect_same '0:' "$status:$stderr"
    [[ $page == *'Measured on &lt;i&gt;machine&lt;/i&gt; &amp; \d.'* ]]
    [[ $page == *'<th scope="row">&lt;b&gt;&amp;&quot;'\''`id`$(id)\n@x</th>'* ]]
    [[ $page != *'<b>'* && $page != *'<i>'* && ! $page =~ \&[^a-z] ]]
    # Twice in each chart, and in that of the modes as the name of a group, too.
    expect_same 8 "$(grep -cF '&amp;"'\''`id`$(id)\n@x</text>' <<<"$page")"
}

@test "report: a line that is not as it should be is named, and the page before stays" {
    command -v gnuplot >/dev/null || skip 'gnuplot is missing, which draws the charts (apt-get install gnuplot-nox)'
    local line words good='spawn|fork|0|us|2|1|3|7' file=$BATS_TEST_TMPDIR/spawn.tsv
    mkdir "$BATS_TEST_TMPDIR/out"
    echo before >"$BATS_TEST_TMPDIR/out/report.html"
    while IFS=: read -r line words; do
        rows spawn.tsv <<<"$good"$'\n'"$line"
        page
        expect_same "1::report: $file:3: $words" "$status:$output:$stderr" || fail "^ $line" || return
    done <<'END'
spawn|fork|10|us|2|1|3:8 columns are expected, these are 7
spawn|fork|10|ms|2|1|3|7:table spawn: the unit should be us, not 'ms'
spawn|fork|ten|us|2|1|3|7:table spawn: 'ten' is not a number
task|2|0|us|2|1|3|7:table task: 0 is not on the scale
task|2|1e999|us|2|1|3|7:table task: '1e999' is too large a number
spawn|fork|0|us|2|1|3|7:table spawn: fork, 0 is there twice
spawn|fork|10|us|nan|1|3|7:'nan' is not a number above 0, and below 1e15
spawn|fork|10|us|2|0|3|7:'0' is not a number above 0, and below 1e15
spawn|fork|10|us|2|1|1e999|7:'1e999' is not a number above 0, and below 1e15
spawn|fork|10|us|4|1|3|7:the median 4 is not between 1 and 3
spawn|fork|10|us|2|1|3|0:'0' is not a number of rounds
END
    echo 'what at' >"$file"
    page
    expect_same "1::report: $file:1: the head of the table is expected, '$HEAD'" "$status:$output:$stderr"
    expect_same $'before\nreport.html' "$page"$'\n'"$(ls "$BATS_TEST_TMPDIR/out")"
    expect_nothing_left report.sh
}

@test "report: without gnuplot it says how to get it, and makes no page" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for tool in bash dirname; do ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin"; done
    run --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin" bash .ci/report.sh "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/report.html"
    expect_same '1:' "$status:$output"
    [[ $stderr == *'gnuplot is missing'*'apt-get install gnuplot-nox'* ]]
    [ ! -e "$BATS_TEST_TMPDIR/report.html" ]
    run --separate-stderr bash .ci/report.sh one two three
    expect_same '2::usage: report.sh [DIRECTORY [OUTPUT]]' "$status:$output:$stderr"
}
