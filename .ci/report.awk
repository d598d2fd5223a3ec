# Reads the tables of `make bench`, and writes into the directory TEMPORARY (all in the environment)
#   page        the text of report.html, with a line "@svg CHART FORM" where a drawing goes
#   charts      for each drawing: its size, and what its plots are, in order
#   charts.gp   what gnuplot is to draw
# .ci/report.sh calls it. Stops at the first line that is not as it should be.
#
# No figure stands in here but those of the document.

BEGIN {
    FS = OFS = "\t"
    set_styles()
    temporary = ENVIRON["TEMPORARY"]
    page = temporary "/page"
    charts = temporary "/charts"
    script = temporary "/charts.gp"
    head = "table\twhat\tat\tunit\tmedian\tleast\tmost\trounds"
    unit["spawn"] = unit["round trip"] = unit["task"] = unit["ranks"] = "us"
    unit["throughput"] = "MB/s"
    unit["efficiency"] = "T1/(w Tw)"
    unit["modes"] = unit["peers"] = "s"
    printf "" >charts # they exist, even if nothing was measured
    printf "" >script
    number = "^[0-9]+(\\.[0-9]*)?([eE][-+]?[0-9]+)?$"
}

FNR == 1 {
    if ($0 != head)
        wrong("the head of the table is expected, '" head "'")
    next
}

{
    if (NF != 8)
        wrong("8 columns are expected, these are " NF)
    if (!($1 in unit))
        next # a table that is not drawn
    if ($4 != unit[$1])
        wrong("table " $1 ": the unit should be " unit[$1] ", not '" $4 "'")
    if ($1 != "modes" && $1 != "peers" && $3 !~ number && !($1 == "task" && $3 == "-"))
        wrong("table " $1 ": '" $3 "' is not a number")
    if ($3 ~ number && $3 + 0 > 1e15)
        wrong("table " $1 ": '" $3 "' is too large a number")
    if ($3 ~ number && $3 + 0 == 0 && $1 != "spawn")
        wrong("table " $1 ": 0 is not on the scale") # which is logarithmic, or counts workers
    if (($1, $2, $3) in rounds)
        wrong("table " $1 ": " $2 ", " $3 " is there twice")
    if (!(($1, $2) in ats)) {
        whats[$1, ++whats[$1]] = $2
        ats[$1, $2] = 0
    }
    ats[$1, $2, ++ats[$1, $2]] = $3
    rounds[$1, $2, $3] = $8
    if ($5 == "-")
        next # could not be measured
    for (i = 5; i <= 7; i++)
        if ($i !~ number || $i + 0 <= 0 || $i + 0 > 1e15)
            wrong("'" $i "' is not a number above 0, and below 1e15")
    if ($6 + 0 > $5 + 0 || $5 + 0 > $7 + 0)
        wrong("the median " $5 " is not between " $6 " and " $7)
    if ($8 !~ /^[1-9][0-9]*$/)
        wrong("'" $8 "' is not a number of rounds")
    median[$1, $2, $3] = $5
    least[$1, $2, $3] = $6
    most[$1, $2, $3] = $7
}

function wrong(words) {
    printf "report: %s:%d: %s\n", FILENAME, FNR, words >"/dev/stderr"
    failed = 1
    exit 1
}

END {
    if (failed)
        exit 1
    processors = ENVIRON["PROCESSORS"]
    if (match(ENVIRON["MACHINE"], /[0-9]+ (processor|core|CPU)/)) # the one that was measured
        processors = substr(ENVIRON["MACHINE"], RSTART) + 0
    print_top()
    print_conclusion()
    print_task()
    print_spawn()
    print_throughput()
    print_ranks()
    print_speedup()
    print_modes()
    print "</main>\n</body>\n</html>" >page
    print "set output" >script
}

# --- words ---------------------------------------------------------------------------------------

# Three digits that count.
function figure(x) {
    return sprintf(x >= 99.95 ? "%.0f" : x >= 9.995 ? "%.1f" : x >= 0.9995 ? "%.2f" : "%.3g", x)
}

# The same for a number on an axis: 1, not 1.00
function plain(x) {
    return sprintf("%.6g", x)
}

function of_seconds(x, plainly,    unit) {
    unit = x >= 0.9995 ? "s" : x >= 0.0009995 ? "ms" : x >= 0.0000009995 ? "µs" : "ns"
    x *= unit == "s" ? 1 : unit == "ms" ? 1e3 : unit == "µs" ? 1e6 : 1e9
    return (plainly ? plain(x) : figure(x)) " " unit
}

# x in MB/s
function of_rate(x, plainly,    unit) {
    unit = x >= 999500 ? "TB/s" : x >= 999.5 ? "GB/s" : x >= 0.9995 ? "MB/s" : "kB/s"
    x *= unit == "TB/s" ? 1e-6 : unit == "GB/s" ? 1e-3 : unit == "kB/s" ? 1e3 : 1
    return (plainly ? plain(x) : figure(x)) " " unit
}

function of_bytes(x) {
    return x >= 1048576 ? plain(x / 1048576) " MiB" : x >= 1024 ? plain(x / 1024) " KiB" : plain(x) " B"
}

function of_kind(x, kind, plainly) {
    return kind == "s" ? of_seconds(x, plainly) : kind == "us" ? of_seconds(x / 1e6, plainly) : \
        kind == "MB/s" ? of_rate(x, plainly) : kind == "bytes" ? of_bytes(x) : plainly ? plain(x) : figure(x)
}

function times(x) {
    return sprintf(x >= 9.95 ? "%.0f" : x >= 0.995 ? "%.1f" : "%.2f", x) " times"
}

function as_long_as(x) {
    return (x >= 0.95 && x < 1.05 ? "" : times(x) " ") "as long as"
}

function processes(n) {
    return n " worker" (n == 1 ? "" : "s")
}

function has(table, what, at) {
    return (table, what, at) in median
}

# --- the page ------------------------------------------------------------------------------------

function out(text) {
    print text >page
}

function print_top(    k, part, n, i, low, high) {
    for (k in median) {
        split(k, part, SUBSEP)
        n = rounds[k] + 0
        if (low == "" || n < low) low = n
        if (high == "" || n > high) high = n
    }
    out("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")
    out("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
    out("<title>What processes cost, and what they gain</title>")
    out("@css")
    out("</head>\n<body>\n<header>\n<h1>What processes cost, and what they gain</h1>")
    out("<p>Measured on " (ENVIRON["MACHINE"] == "" ? "a machine that <code>machine.txt</code> does not describe" : \
        escaped(ENVIRON["MACHINE"])) ".</p>")
    if (high != "")
        out("<p>A point or the length of a bar is the median of " (low == high ? low : low " to " high) \
            (high == 1 ? " round" : " rounds") "; the thin line through it goes from the least to the most" \
            (low == 1 ? ", where there was more than one round" : "") \
            ". Lines are drawn a bit side by side where they would hide one another. " \
            "Every figure was measured on this machine, but those marked <em>document</em>.</p>")
    out("</header>\n<nav aria-label=\"Charts\">\n<ol>")
    n = split("conclusion:The document's table|task:What a task costs|spawn:What a process costs|throughput:What a message costs|" \
        "ranks:What a message between ranks costs|speedup:What processes gain|kernels:What the algorithm gains", part, "|")
    for (i = 1; i <= n; i++) {
        k = part[i]
        sub(/:.*/, "", k)
        heading[k] = i ". " substr(part[i], length(k) + 2)
        out("<li><a href=\"#" k "\">" substr(part[i], length(k) + 2) "</a></li>")
    }
    out("</ol>\n</nav>\n<main>")
}

function begin_section(id, text) {
    out("<section id=\"" id "\">\n<h2>" heading[id] "</h2>\n<p>" text "</p>")
}

function end_section() {
    out("</section>")
}

# The figure of the chart that has been drawn. What it says is a sentence or two, computed.
function print_figure(title, reading, note) {
    if (unmeasured != "")
        note = note (note == "" ? "" : " ") "Not measured here: " unmeasured "."
    if (reading == "")
        reading = "Too little was measured for a reading."
    out("<figure id=\"" chart "\">\n<h3>" escaped(title) "</h3>")
    out("@svg " chart " wide " title "\t" reading)
    out("@svg " chart " narrow " title "\t" reading)
    out("<figcaption>")
    out("<p class=\"reading\">" escaped(reading) "</p>")
    if (note != "")
        out("<p>" escaped(note) "</p>")
    out("</figcaption>")
}

function end_figure() {
    out("</figure>")
}

function print_unmeasured(title, program) {
    out("<figure id=\"" chart "\" class=\"unmeasured\">\n<h3>" escaped(title) "</h3>\n<figcaption>")
    out("<p>Not measured yet. <code>make bench</code> measures everything" (program == "" ? "" : \
        ", <code>mkdir -p " escaped(ENVIRON["DIRECTORY"]) " &amp;&amp; ./06-benchmarks/" program " -o " \
        escaped(ENVIRON["DIRECTORY"]) "/" program ".tsv</code> only this") \
        ". Then <code>make report</code> again.</p>\n</figcaption>\n</figure>")
}

function begin_table(name, heads,    part, i, n) {
    out("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" name "\">\n<table>\n<thead><tr>")
    n = split(heads, part, "|")
    for (i = 1; i <= n; i++)
        out("<th scope=\"col\">" part[i] "</th>")
    out("</tr></thead>\n<tbody>")
}

function end_table() {
    out("</tbody>\n</table>\n</div>")
}

# The rows of a table, without those whose first column matches.
function print_table(table, what_head, at_head, without,    i, j, what, at, cells) {
    out("<details>\n<summary>The figures</summary>")
    begin_table("the figures", what_head "|" at_head "|median|least|most|rounds")
    for (i = 1; i <= whats[table]; i++) {
        what = whats[table, i]
        if (without != "" && what ~ without)
            continue
        for (j = 1; j <= ats[table, what]; j++) {
            at = ats[table, what, j]
            cells = "<td colspan=\"4\">not measured</td>"
            if (has(table, what, at))
                cells = cell(table, median[table, what, at]) cell(table, least[table, what, at]) \
                    cell(table, most[table, what, at]) "<td>" rounds[table, what, at] "</td>"
            out("<tr><th scope=\"row\">" escaped(what) "</th><td>" escaped(at) "</td>" cells "</tr>")
        }
    }
    end_table()
    out("</details>")
}

function cell(table, x) {
    return "<td>" of_kind(x, unit[table]) "</td>"
}

# --- 1. the document's table ---------------------------------------------------------------------

# The document's own figures. They are from its author's machine.
function set_document() {
    document["sleep", "mono"] = "10.0160"
    document["sleep", "multi"] = "1.1322"
    document["sleep", "pool"] = "3.0675"
    document["perfect", "mono"] = "203.4457"
    document["perfect", "multi"] = "failed"
    document["perfect", "pool"] = "86.9723"
    document_size["sleep"] = 1 # seconds for each of ten tasks
    document_size["perfect"] = 99999
}

# The first column of the peers' table: "perfect", or "perfect 9999" if that was another size.
function find_peers(    i, part) {
    for (i = 1; i <= whats["peers"]; i++) {
        split(whats["peers", i], part, " ")
        peers[part[1]] = whats["peers", i]
        size_here[part[1]] = part[2] == "" ? document_size[part[1]] : part[2]
    }
}

function has_peer(task, at) {
    return has("peers", peers[task], at)
}

function peer(task, at) {
    return median["peers", peers[task], at]
}

function peer_cell(task, at) {
    return has_peer(task, at) ? of_seconds(peer(task, at)) : "-"
}

function print_conclusion(    i, j, task, tasks, mode, modes, titles, notes, differences, x, cells) {
    split("sleep perfect", tasks, " ")
    split("mono multi pool", modes, " ")
    titles["sleep"] = "Tasks that wait: sleep"
    titles["perfect"] = "Tasks that compute: perfect"
    set_document()
    find_peers()
    for (i = 1; i <= 2; i++) {
        task = tasks[i]
        notes[task] = "Grey: the document's figures, from another machine."
        if (task in peers && size_here[task] != document_size[task]) {
            x = task == "sleep" ? "Here, tasks of " size_here[task] " s, in the document, of " document_size[task] " s." : \
                "Here, the numbers 1 to " size_here[task] ", in the document, to " document_size[task] "."
            notes[task] = x
            differences = differences " " x
        }
    }

    begin_section("conclusion", "Two tasks, one that waits and one that computes, in one process (<em>mono</em>), in a " \
        "process for each task (<em>multi</em>), and in a pool (<em>pool</em>; the document's has four workers).")
    begin_table("the document's table", "task|mode|<em>document</em>|C, here|Python, here|Python to C")
    for (i = 1; i <= 2; i++)
        for (j = 1; j <= 3; j++) {
            task = tasks[i]
            mode = modes[j]
            x = document[task, mode]
            cells = "<td><em>" x (x + 0 > 0 ? " s" : "") "</em></td>"
            cells = cells "<td>" peer_cell(task, "C " mode) "</td><td>" peer_cell(task, "Python " mode) "</td><td>"
            if (has_peer(task, "C " mode) && has_peer(task, "Python " mode))
                cells = cells figure(peer(task, "Python " mode) / peer(task, "C " mode))
            else
                cells = cells "-"
            out("<tr><th scope=\"row\">" task "</th><th scope=\"row\">" mode "</th>" cells "</td></tr>")
        }
    end_table()
    out("<p><em>document</em>: the notebook's own figures, from another machine." differences "</p>")
    for (i = 1; i <= 2; i++) {
        task = tasks[i]
        begin_chart(task)
        if (peers[task] == "" || !any("peers", peers[task])) { # "in" would be true: we have asked for it
            print_unmeasured(titles[task], "")
            continue
        }
        y_log = 0
        for (j = 1; j <= 3; j++) {
            mode = modes[j]
            x = document[task, mode]
            if (size_here[task] == document_size[task])
                add_row(mode, "document", grey, x + 0 > 0 ? x : "", x, x, x + 0 > 0 ? x " s" : x)
            add_table_row("peers", peers[task], "C " mode, mode, "C", 1)
            add_table_row("peers", peers[task], "Python " mode, mode, "Python", 6)
        }
        draw_rows("time for the whole task; shorter is better", "s")
        print_figure(titles[task], read_conclusion(task), notes[task])
        print_table("peers", "task", "where, mode", task == "sleep" ? "^perfect" : "^sleep")
        end_figure()
    }
    end_section()
}

# Whether a table has anything measured; with `what`, in that row.
function any(table, what,    k, part) {
    for (k in median) {
        split(k, part, SUBSEP)
        if (part[1] == table && (what == "" || part[2] == what))
            return 1
    }
    return 0
}

function read_conclusion(task,    words) {
    words = gains(task, "C")
    if (gains(task, "Python") != "")
        words = words (words == "" ? "" : " ") gains(task, "Python")
    if (has_peer(task, "C pool") && has_peer(task, "Python pool"))
        words = words (words == "" ? "" : " ") "Python's pool takes " \
            as_long_as(peer(task, "Python pool") / peer(task, "C pool")) " C's."
    return words
}

function gains(task, where,    mono, words) {
    if (!has_peer(task, where " mono"))
        return ""
    mono = peer(task, where " mono")
    if (has_peer(task, where " multi"))
        words = "a process per task is " times(mono / peer(task, where " multi"))
    if (has_peer(task, where " pool"))
        words = words (words == "" ? "" : ", ") "the pool " (words == "" ? "is " : "") times(mono / peer(task, where " pool"))
    return words == "" ? "" : "In " where ", " words " as fast as one process."
}

# --- 2. cost per task ----------------------------------------------------------------------------

function print_task(    i, what, n, last, loop, title, words) {
    begin_section("task", "An empty task, handed to a pool: all that it takes is what handing over costs. In a chunk, " \
        "several tasks are handed over at once.")
    begin_chart("pool")
    title = "Cost of an empty task in a pool"
    if (!any("task")) {
        print_unmeasured(title, "pool_cost")
        end_section()
        return
    }
    for (i = 1; i <= whats["task"]; i++) {
        what = whats["task", i]
        if (has("task", what, "-"))
            loop = what # in no pool, so in no chunks
        else
            add_rows("task", what, what ~ number ? processes(what) : what, style_of(++n))
    }
    x_ticks = ticks_of_values("")
    last = series_count
    if (loop != "")
        add_limit(loop, median["task", loop, "-"])
    draw_lines("tasks in a chunk", "time for one task", "us")
    if (last > 0) {
        n = point_count[last]
        words = "With " series[last] ", a task alone takes " of_kind(ys[last, 1], "us")
        if (n > 1)
            words = words ", one of a chunk of " xs[last, n] " takes " of_kind(ys[last, n], "us") \
                (ys[last, 1] / ys[last, n] < 1.05 ? "" : ": " times(ys[last, 1] / ys[last, n]) " less")
        words = words "."
    }
    if (loop != "")
        words = words (words == "" ? "" : " ") "Without a pool (" loop "), it takes " of_kind(median["task", loop, "-"], "us") "."
    print_figure(title, words, "")
    print_table("task", "workers", "chunk", "")
    end_figure()
    end_section()
}

# Ticks where there are values; all are labelled if they are few, else those that are so many times as large
# as the last one that is.
function ticks_of_values(kind, apart,    i, j, x, seen, all, labelled) {
    for (i = 1; i <= series_count; i++)
        for (j = 1; j <= point_count[i]; j++) {
            x = xs[i, j]
            if (x in seen)
                continue
            seen[x]
            all = all (all == "" ? "" : ", ")
            if (labelled != "" && x < labelled * apart) {
                all = all "'' " x
                continue
            }
            labelled = x
            all = all quoted(x == x_zero ? "0" : of_kind(x, kind, 1)) " " x
        }
    return all
}

# --- 3. spawn against memory ---------------------------------------------------------------------

function print_spawn(    i, what, at, j, smallest, title) {
    begin_section("spawn", "A process is started, ends at once, and is waited for. Its parent has more and more memory, " \
        "which it has touched.")
    begin_chart("memory")
    title = "Cost of a process, by the memory of its parent"
    if (!any("spawn")) {
        print_unmeasured(title, "spawn_cost")
        end_section()
        return
    }
    for (i = 1; i <= whats["spawn"]; i++)
        for (j = 1; j <= ats["spawn", whats["spawn", i]]; j++) {
            at = ats["spawn", whats["spawn", i], j] + 0
            if (at > 0 && (smallest == "" || at < smallest))
                smallest = at
        }
    x_zero = smallest == "" ? 1 : smallest / 10 # a logarithmic scale has no 0
    for (i = 1; i <= whats["spawn"]; i++)
        add_rows("spawn", whats["spawn", i], whats["spawn", i], style_of(i))
    x_ticks = ticks_of_values("")
    draw_lines("MB that the parent has touched", "time for one process", "us")
    print_figure(title, read_spawn(), "")
    print_table("spawn", "way", "MB", "")
    end_figure()
    end_section()
}

# What memory costs fork, and what posix_spawn; if they are not there, the ways for which it costs most and
# least. (The bare calls: others that do the same could be first only by chance.)
function read_spawn(    i, n, ratio, worst, best, words) {
    for (i = 1; i <= series_count; i++) {
        n = point_count[i]
        if (n < 2)
            continue
        ratio[i] = ys[i, n] / ys[i, 1]
        if (worst == "" || ratio[i] > ratio[worst]) worst = i
        if (best == "" || ratio[i] < ratio[best]) best = i
    }
    for (i = 1; i <= series_count; i++)
        if (i in ratio) {
            if (series[i] == "fork") worst = i
            if (series[i] == "posix_spawn") best = i
        }
    if (worst == "")
        return series_count == 0 ? "" : series[1] " beside " (xs[1, 1] == x_zero ? 0 : xs[1, 1]) " MB takes " of_kind(ys[1, 1], "us") "."
    n = point_count[worst]
    words = series[worst] " beside " xs[worst, n] " MB takes " as_long_as(ratio[worst]) " beside " \
        (xs[worst, 1] == x_zero ? 0 : xs[worst, 1]) " MB (" of_kind(ys[worst, n], "us") " and " of_kind(ys[worst, 1], "us") ")"
    return words (best == worst ? "." : "; " series[best] " " times(ratio[best]) ".")
}

# --- 4. throughput, round trip -------------------------------------------------------------------

function print_throughput(    i, e, ends, what, way, title, n, slowest, fastest) {
    # A way has the same colour in all three charts.
    n = 0
    for (i = 1; i <= whats["throughput"]; i++) {
        way = whats["throughput", i]
        sub(/ [12] to [12]$/, "", way)
        if (!(way in style_of_way))
            style_of_way[way] = way == "memcpy" ? grey : style_of(++n)
    }
    for (i = 1; i <= whats["round trip"]; i++)
        if (!(whats["round trip", i] in style_of_way))
            style_of_way[whats["round trip", i]] = style_of(++n)

    begin_section("throughput", "Messages of one size, as fast as they go: from one process to another, then from two to two. " \
        "What it costs to copy them within a process (memcpy) is the limit.")
    for (e = 1; e <= 2; e++) {
        ends = e " to " e
        begin_chart("throughput-" e)
        title = "Throughput, " ends
        for (i = 1; i <= whats["throughput"]; i++) {
            what = way = whats["throughput", i]
            sub(/ [12] to [12]$/, "", way)
            if (way == what || what == way " " ends)
                add_rows("throughput", what, way, style_of_way[way], way == "memcpy" ? "limit" : "")
        }
        if (series_count == 0 || !any_ends(ends)) {
            print_unmeasured(title, "ipc_cost")
            continue
        }
        x_ticks = ticks_of_values("bytes")
        draw_lines("size of a message", "throughput; higher is better", "MB/s")
        print_figure(title, read_throughput(), "")
        print_table("throughput", "way", "bytes", " " 3 - e " to " 3 - e "$")
        end_figure()
    }

    begin_chart("round-trip")
    title = "Round trip: a message there, and one back"
    if (!any("round trip")) {
        print_unmeasured(title, "ipc_cost")
        end_section()
        return
    }
    y_log = 0
    for (i = 1; i <= whats["round trip"]; i++) {
        what = whats["round trip", i]
        add_table_row("round trip", what, ats["round trip", what, 1], "", what, style_of_way[what])
        if (values[i] == "")
            continue
        if (slowest == "" || values[i] + 0 > values[slowest] + 0) slowest = i
        if (fastest == "" || values[i] + 0 < values[fastest] + 0) fastest = i
    }
    draw_rows("time there and back; shorter is better", "us")
    print_figure(title, names[fastest] " is the fastest way there and back, " texts[fastest] "; " names[slowest] \
        " takes " times(values[slowest] / values[fastest]) " as long, " texts[slowest] ".", "")
    print_table("round trip", "way", "bytes", "")
    end_figure()
    end_section()
}

function any_ends(ends,    i) {
    for (i = 1; i <= whats["throughput"]; i++)
        if (whats["throughput", i] ~ (" " ends "$") && any("throughput", whats["throughput", i]))
            return 1
    return 0
}

function read_throughput(    low, high) {
    low = read_size(x_low)
    high = read_size(x_high)
    return low (low == "" || high == "" || x_low == x_high ? "" : " ") (x_low == x_high ? "" : high)
}

# The fastest and the slowest way for messages of that size, and the limit.
function read_size(x,    i, j, fastest, slowest, limit, y, words) {
    for (i = 1; i <= series_count; i++)
        for (j = 1; j <= point_count[i]; j++) {
            if (xs[i, j] != x)
                continue
            y[i] = ys[i, j]
            if (classes[i] == "limit") {
                limit = i
                continue
            }
            if (fastest == "" || y[i] > y[fastest]) fastest = i
            if (slowest == "" || y[i] < y[slowest]) slowest = i
        }
    if (fastest == "")
        return ""
    words = "At " of_bytes(x) ", " series[fastest] " is the fastest, " of_rate(y[fastest])
    if (slowest != fastest)
        words = words ", " times(y[fastest] / y[slowest]) " what " series[slowest] " moves"
    if (limit != "")
        words = words "; memcpy moves " times(y[limit] / y[fastest]) " as much"
    return words "."
}

# --- 5. ranks ------------------------------------------------------------------------------------

function print_ranks(    i, title) {
    begin_section("ranks", "Ranks are processes that talk by messages only: forked ones, over sockets, and those of an MPI. " \
        "In a ping-pong a message goes to the other rank and back; the time is that of one way. A broadcast is over when " \
        "its root knows that the last rank has it.")
    begin_chart("messages")
    title = "Messages between ranks, by their size"
    if (!any("ranks")) {
        print_unmeasured(title, "")
        end_section()
        return
    }
    for (i = 1; i <= whats["ranks"]; i++)
        add_rows("ranks", whats["ranks", i], whats["ranks", i], style_of(i))
    x_ticks = ticks_of_values("bytes", 30)
    draw_lines("size of a message", "time for one message", "us")
    print_figure(title, read_ranks(), "")
    print_table("ranks", "what", "bytes", "")
    end_figure()
    end_section()
}

# The forked ping-pong beside the MPI's, for the smallest and the largest messages.
function read_ranks(    i, n, way, words) {
    for (i = 1; i <= series_count; i++)
        way[series[i]] = i
    if (!("ping-pong, forked" in way))
        return ""
    i = way["ping-pong, forked"]
    n = point_count[i]
    words = "A message of " of_bytes(xs[i, 1]) " to another forked rank takes " of_kind(ys[i, 1], "us")
    if (n > 1)
        words = words ", one of " of_bytes(xs[i, n]) " " of_kind(ys[i, n], "us") ": " of_rate(xs[i, n] / ys[i, n])
    words = words "."
    if (!has("ranks", "ping-pong, MPI", xs[i, 1]))
        return words
    words = words " The MPI's take " of_kind(median["ranks", "ping-pong, MPI", xs[i, 1]], "us")
    if (n > 1 && has("ranks", "ping-pong, MPI", xs[i, n]))
        words = words " and " of_kind(median["ranks", "ping-pong, MPI", xs[i, n]], "us")
    return words "."
}

# --- 6. speed-up ---------------------------------------------------------------------------------

function print_speedup(    i, what, title, x, first, last) {
    begin_section("speedup", "Tasks that compute, of several lengths, done by one worker and by more. Speed-up is the time " \
        "that they take one after the other, without a pool, divided by the time that they take in the pool.")
    begin_chart("workers")
    title = "Speed-up, by workers"
    if (!any("efficiency")) {
        print_unmeasured(title, "pool_cost")
        end_section()
        return
    }
    for (i = 1; i <= whats["efficiency"]; i++) {
        what = whats["efficiency", i]
        add_rows("efficiency", what, "tasks of " (what ~ number ? of_seconds(what / 1e6, 1) : what), style_of(i))
    }
    x_log = y_log = 0
    if (x_high <= 10)
        x_ticks = ticks_of_values("")
    # As many times as fast as there are workers, up to the number of processors.
    if (processors > 0) {
        first = x_low
        last = x_high
        add_series("ideal", grey, "ideal")
        for (x = first; x <= last; x++)
            if (x == first || x == last || x == processors)
                add_point(x, x < processors ? x : processors + 0, 0, 0)
        y_low = 0
        if (y_high < processors && x_high >= processors)
            y_high = processors + 0
    }
    draw_lines("workers" (processors > 0 ? "; this machine has " processors " processor" (processors == 1 ? "" : "s") : ""), \
        "times as fast as without a pool", "")
    print_figure(title, read_speedup(), processors > 0 ? "Grey: what would be ideal on " processors " processor" \
        (processors == 1 ? "." : "s.") : "")
    print_table("efficiency", "task, µs", "workers", "")
    end_figure()
    end_section()
}

# The longest and the shortest tasks, with as many workers as processors.
function read_speedup(    i, j, best, at, low, high) {
    for (i = 1; i <= series_count; i++) {
        if (classes[i] == "ideal")
            continue
        at = point_count[i]
        for (j = 1; j <= point_count[i]; j++)
            if (xs[i, j] == processors)
                at = j
        best[i] = at
        if (high == "" || ys[i, at] > ys[high, best[high]]) high = i
        if (low == "" || ys[i, at] < ys[low, best[low]]) low = i
    }
    i = "With " processes(xs[high, best[high]]) ", " series[high] " are done " figure(ys[high, best[high]]) \
        " times as fast as without a pool"
    if (low != high)
        i = i "; " series[low] " " figure(ys[low, best[low]]) " times"
    return i "."
}

# --- 7. kernels ----------------------------------------------------------------------------------

function print_modes(    i, j, what, at, title, n, style) {
    begin_section("kernels", "The search for perfect numbers, done in several ways (<em>kernels</em>), each in one process, in a " \
        "process per task, in a pool, and on threads. A step on this scale is ten times as long.")
    begin_chart("modes")
    title = "Kernels and modes"
    if (!any("modes")) {
        print_unmeasured(title, "benchmark")
        end_section()
        return
    }
    for (i = 1; i <= whats["modes"]; i++) {
        what = whats["modes", i]
        for (j = 1; j <= ats["modes", what]; j++) {
            at = ats["modes", what, j]
            if (!(at in style))
                style[at] = style_of(++n)
            add_table_row("modes", what, at, what, at, style[at])
        }
    }
    draw_rows("time for the whole task; less is better", "s")
    print_figure(title, read_modes(), "")
    print_table("modes", "kernel", "mode", "")
    end_figure()
    end_section()
}

# What the best algorithm gains in one process, and what more of them gain with the worst.
function read_modes(    i, what, fast, slow, best, gain, words) {
    for (i = 1; i <= whats["modes"]; i++) {
        what = whats["modes", i]
        if (what == "sleep" || !has("modes", what, "mono"))
            continue
        if (fast == "" || median["modes", what, "mono"] < median["modes", fast, "mono"]) fast = what
        if (slow == "" || median["modes", what, "mono"] > median["modes", slow, "mono"]) slow = what
    }
    if (fast == slow)
        return ""
    words = "In one process, " slow " takes " of_seconds(median["modes", slow, "mono"]) ", " fast " " \
        of_seconds(median["modes", fast, "mono"]) ": the algorithm gains " \
        times(median["modes", slow, "mono"] / median["modes", fast, "mono"]) "."
    for (i = 1; i <= ats["modes", slow]; i++) {
        what = ats["modes", slow, i]
        if (what != "mono" && has("modes", slow, what) && (best == "" || \
            median["modes", slow, what] < median["modes", slow, best]))
            best = what
    }
    if (best == "")
        return words
    gain = median["modes", slow, "mono"] / median["modes", slow, best]
    return words " More processors gain " (gain > 1 ? times(gain) : "nothing") " (" slow ", " best ")."
}
