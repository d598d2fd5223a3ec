# What gnuplot is to draw: lines with points, bars, or points on a logarithmic scale. Part of report.awk.
#
#   begin_chart(id)                            forgets the chart before
#   add_rows(table, what, name, style, class)  a line: the rows of a table, in their order
#   draw_lines(x_title, y_title, y_kind)       writes it, in both forms
#   add_table_row(table, what, at, group, name, style)       a bar, or a point
#   draw_rows(x_title, kind)                   writes it, in both forms
#
# Every drawing is made twice, for a wide page and for a narrow one. All lengths are in the units of its
# viewBox, which the page scales. Names are written where they can't lie on a line: beside the ends of the
# lines, or below them.

# --- what all drawings share ---------------------------------------------------------------------

function set_styles(    i) {
    # Colours that the colour-blind can tell apart (Okabe and Ito), each with a point and dashes of its own.
    # The last is for what is no way of its own, but a limit, or another's.
    split("#0072B2 #D55E00 #009E73 #CC79A7 #000000 #E69F00 #56B4E9 #8B4513 #A8A8A8", colours, " ")
    split("7 5 9 13 6 11 4 8 7", points, " ")
    split("solid|(10,4)|(3,3)|(10,4,3,4)|(6,3)|solid|(3,3)|(10,4)|solid", dashes, "|")
    grey = 9
    for (i = 1; i <= 8; i++) { # more than eight: the same colours with other points and dashes
        colours[9 + i] = colours[i]
        points[9 + i] = points[(i + 2) % 8 + 1]
        dashes[9 + i] = dashes[i % 8 + 1]
    }
}

function style_of(i) {
    i = (i - 1) % 16 + 1
    return i < grey ? i : i + 1
}

# A string for gnuplot, which looks for nothing in one of this kind. But where it begins with a quote,
# gnuplot takes the two at the beginning for an empty string: that one stands alone.
function quoted(text) {
    if (text ~ /^'/)
        return "\"'\" . " quoted(substr(text, 2))
    gsub(/'/, "''", text)
    return "'" text "'"
}

function across(x) {
    return sprintf("screen %.5f", x / width)
}

function down(y) {
    return sprintf("screen %.5f", 1 - y / height)
}

function label(x, y, text, how) {
    print "set label " quoted(text) " at " x ", " y " " how >script
}

function arrow(from_x, from_y, to_x, to_y, how) {
    print "set arrow from " from_x ", " from_y " to " to_x ", " to_y " nohead" how >script
}

function begin_form(form) {
    wide = form == "wide"
    width = wide ? 900 : 380
    size = wide ? 20 : 14 # of the letters
    letter = 0.62 * size  # a letter's width
}

function begin_drawing(form) {
    print "reset session\nset encoding utf8\nset key off\nset border 3 lw 1\nset grid lc '#dddddd'" >script
    print "set tics out nomirror scale 0.5\nset xtics offset 0,0.5\nset ytics offset 0.4,0" >script
    printf "set terminal svg size %d,%d dynamic noenhanced font 'Arial,%d' linewidth %.1f\n", width, height, size, \
        wide ? 1.3 : 1 >script
    print "set output " quoted(chart "-" form ".svg") >script
    print "set lmargin at " across(left) "\nset rmargin at " across(right) >script
    print "set tmargin at " down(top) "\nset bmargin at " down(bottom) >script
    print "drawing", chart, form, width, height >charts
    plots = ""
    plot_count = 0
}

# `data` is a block of lines, `how` what gnuplot does with it.
function add_plot(class, name, data, how) {
    plot_count++
    printf "$data%d << END\n%sEND\n", plot_count, data >script
    plots = plots (plots == "" ? "plot " : ", \\\n  ") "$data" plot_count " " how
    print "plot", class, name >charts
}

# From the least to the most. (gnuplot's error bars would lay something white over the points.)
function spread_lines(colour) {
    return sprintf("with vectors heads nofilled size screen %.5f,90 lw 1.5", 0.3 * size / width) colour
}

function end_drawing() {
    print plots >script
}

# Round numbers for a logarithmic axis from `low` to `high`, as gnuplot wants them. A decade takes `room`,
# a label `needed`.
function log_ticks(low, high, kind, room, needed,    every, decade, digit, first, labelled, all, x) {
    every = int(needed / room) + 1
    first = int(log(low) / log(10) + 100) - 99 # the first decade above `low`
    for (decade = first - 1; 10 ^ decade <= high; decade++)
        for (digit = 1; digit < 10; digit++) {
            x = digit * 10 ^ decade
            if (x < low * 0.999 || x > high * 1.001)
                continue
            if (room * 0.3 > needed) # from 1 to 2, from 2 to 5, from 5 to 10
                labelled = digit == 1 || digit == 2 || digit == 5
            else
                labelled = digit == 1 && (decade - first) % every == 0
            if (labelled)
                all = all (all == "" ? "" : ", ") quoted(of_kind(x, kind, 1)) " " x
            else if (every == 1 || digit == 1)
                all = all (all == "" ? "" : ", ") "'' " x " 1"
        }
    return "(" all ")"
}

function longer(a, b) {
    return length(a) > length(b) ? length(a) : length(b)
}

# The same from 0 to `high`, which takes `room`.
function ticks(high, kind, room,    step, digit, x, all) {
    step = 10 ^ int(log(high) / log(10) - 3)
    # "900 ms" is longer than "1 s".
    while (room * step / high < (longer(of_kind(step, kind, 1), of_kind(int(high / step) * step, kind, 1)) + 0.8) * letter) {
        digit = substr(sprintf("%e", step), 1, 1)
        step *= digit == 2 ? 2.5 : 2
    }
    for (x = 0; x <= high * 1.0001; x += step)
        all = all (all == "" ? "" : ", ") quoted(x == 0 ? "0" : of_kind(x, kind, 1)) " " x
    return "(" all ")"
}

# --- lines ---------------------------------------------------------------------------------------

function begin_chart(id) {
    chart = id
    series_count = 0
    row_count = 0
    x_ticks = ""
    x_log = y_log = 1
    x_zero = 0
    y_low = y_high = x_low = x_high = ""
    unmeasured = ""
}

function add_series(name, style, class) {
    series_count++
    series[series_count] = name
    styles[series_count] = style
    classes[series_count] = class == "" ? "series" : class
    point_count[series_count] = 0
}

function add_point(x, y, low, high,    n) {
    n = ++point_count[series_count]
    xs[series_count, n] = x
    ys[series_count, n] = y
    lows[series_count, n] = low
    highs[series_count, n] = high
    if (y_low == "" || low < y_low) y_low = low
    if (y_high == "" || high > y_high) y_high = high
    if (x_low == "" || x < x_low) x_low = x
    if (x_high == "" || x > x_high) x_high = x
}

# A series of a table's rows. One that has not been measured is only remembered.
function add_rows(table, what, name, style, class,    i, at, n, f) {
    n = ats[table, what]
    for (i = 1; i <= n; i++)
        if (has(table, what, ats[table, what, i]))
            break
    if (i > n) {
        unmeasured = unmeasured (unmeasured == "" ? "" : ", ") name
        return
    }
    add_series(name, style, class)
    for (i = 1; i <= n; i++) {
        at = ats[table, what, i]
        if (!has(table, what, at))
            continue
        f = table == "efficiency" ? at : 1 # the speed-up
        add_point(at == 0 ? x_zero : at + 0, f * median[table, what, at], f * least[table, what, at], \
            f * most[table, what, at])
    }
}

# A level line, for what does not depend on x.
function add_limit(name, y) {
    if (x_low == "") { # nothing else is there
        x_low = 1
        x_high = 10
    }
    add_series(name, grey, "ideal")
    add_point(x_low, y, y, y)
    add_point(x_high, y, y, y)
}

# Where a value lies on the drawing.
function place_y(y) {
    y = y_log ? log(y / y_from) / log(y_to / y_from) : (y - y_from) / (y_to - y_from)
    return bottom - (bottom - top) * y
}

# A series stands a bit aside, so that one can see what each spreads over; but not where points are close.
function aside(i, x,    part) {
    part = (i - (series_count + 1) / 2) * 0.006
    if (styles[i] == grey || (!x_log && x_high > 10))
        return x
    return x_log ? x * (x_high / x_low) ^ part : x + (x_high - x_low) * part
}

function draw_lines(x_title, y_title, y_kind,    form, f, i, j, k, n, t, data, spread, order, pitch, longest, \
        columns, keys, style, how, colour, dash, point, text, spot, gap, x, y) {
    if (x_low == x_high) # a single point has no range
        x_high = x_low + 1
    y_from = y_log ? y_low / (y_high / y_low * 2) ^ 0.06 : 0
    y_to = y_log ? y_high * (y_high / y_low * 2) ^ 0.04 : y_high * 1.08
    longest = 0
    for (i = 1; i <= series_count; i++)
        if (length(series[i]) > longest)
            longest = length(series[i])
    for (f = 1; f <= 2; f++) {
        form = f == 1 ? "wide" : "narrow"
        begin_form(form)
        pitch = 1.3 * size
        left = (y_kind == "us" ? 6 : y_kind == "MB/s" ? 7.5 : 3) * letter + 1.2 * size
        top = 2.3 * size
        if (wide) {
            right = width - longest * letter - 5 * size
            if (right < width / 2) # a name too long is cut off, but there is a drawing
                right = width / 2
            bottom = top + 400
            if (series_count * pitch > 400)
                bottom = top + series_count * pitch
            height = bottom + 3.8 * size
        } else {
            right = width - 1.6 * size
            columns = longest * letter + 3.5 * size < width / 2 ? 2 : 1
            keys = int((series_count + columns - 1) / columns)
            bottom = top + 250
            height = bottom + 4.1 * size + keys * 1.5 * size
        }
        begin_drawing(form)
        if (x_log)
            print "set logscale x" >script
        if (y_log)
            print "set logscale y\nset ytics " log_ticks(y_from, y_to, y_kind, \
                (bottom - top) / log(y_to / y_from) * log(10), 1.3 * size) >script
        printf "set yrange [%g:%g]\n", y_from, y_to >script
        if (x_log)
            printf "set xrange [%g:%g]\n", x_low / (x_high / x_low) ^ 0.04, x_high * (x_high / x_low) ^ 0.03 >script
        else
            printf "set xrange [%g:%g]\n", x_low - (x_high - x_low) * 0.05, x_high + (x_high - x_low) * 0.03 >script
        if (x_ticks != "")
            print "set xtics (" x_ticks ")" >script
        label(across(2), down(0.8 * size), y_title, "left")
        label(across((left + right) / 2), down(bottom + 2.9 * size), x_title, "center")

        # The names, in the order in which the lines end.
        for (i = 1; i <= series_count; i++)
            order[i] = i
        for (i = 2; i <= series_count; i++)
            for (j = i; j > 1 && ys[order[j], point_count[order[j]]] > ys[order[j - 1], point_count[order[j - 1]]]; j--) {
                t = order[j]; order[j] = order[j - 1]; order[j - 1] = t
            }
        # Each beside the end of its line; those that are too close push each other away.
        for (i = 1; i <= series_count; i++)
            spot[i] = place_y(ys[order[i], point_count[order[i]]])
        for (k = 0; k < 500; k++)
            for (i = 1; i <= series_count; i++) {
                if (i > 1 && (gap = pitch - (spot[i] - spot[i - 1])) > 0) {
                    spot[i - 1] -= gap / 2
                    spot[i] += gap / 2
                }
                if (spot[i] < top) spot[i] = top
                if (spot[i] > bottom) spot[i] = bottom
            }

        for (k = 1; k <= series_count; k++) {
            i = order[k]
            n = point_count[i]
            style = styles[i]
            colour = " lc rgb '" colours[style] "'"
            dash = " lw " (style == grey ? 5 : 2) " dt " dashes[style] colour
            point = classes[i] == "ideal" ? "" : " pt " points[style] " ps " (wide ? 1.1 : 0.8)
            if (wide) {
                x = right + 1.6 * size
                y = spot[k]
                text = x + 0.9 * size
                arrow("first " aside(i, xs[i, n]), "first " ys[i, n], across(x), down(y), " lw 1" colour)
            } else {
                x = 0.4 * size + int((k - 1) / keys) * width / 2
                y = bottom + 4.6 * size + (k - 1) % keys * 1.5 * size
                text = x + 2.7 * size
                arrow(across(x), down(y), across(x + 2.2 * size), down(y), dash)
                x += 1.1 * size
            }
            if (point != "")
                label(across(x), down(y), "", "point" point colour)
            else if (wide)
                arrow(across(x), down(y), across(x + 0.7 * size), down(y), dash)
            label(across(text), down(y), series[i], "left")

            data[k] = spread[k] = ""
            for (j = 1; j <= n; j++) {
                x = aside(i, xs[i, j])
                data[k] = data[k] sprintf("%.6g %.6g\n", x, ys[i, j])
                if (highs[i, j] > lows[i, j])
                    spread[k] = spread[k] sprintf("%.6g %.6g 0 %.6g\n", x, lows[i, j], highs[i, j] - lows[i, j])
            }
            how[k] = "with " (point == "" ? "lines" : "linespoints") point dash
        }
        for (t = 1; t <= 2; t++) # what is grey first: it lies under the others
            for (k = 1; k <= series_count; k++) {
                i = order[k]
                if ((t == 1) != (styles[i] == grey))
                    continue
                add_plot(classes[i], series[i], data[k], how[k])
                if (spread[k] != "")
                    add_plot("spread", series[i], spread[k], spread_lines(" lc rgb '" colours[styles[i]] "'"))
            }
        end_drawing()
    }
}

# --- rows: bars from 0, or points on a logarithmic scale -----------------------------------------

# One row; `text` stands for the value that there is none of.
function add_row(group, name, style, x, low, high, text) {
    row_count++
    groups[row_count] = group
    names[row_count] = name
    row_styles[row_count] = style
    values[row_count] = x
    row_lows[row_count] = low
    row_highs[row_count] = high
    texts[row_count] = text
}

function add_table_row(table, what, at, group, name, style) {
    if (has(table, what, at))
        add_row(group, name, style, median[table, what, at], least[table, what, at], most[table, what, at], \
            of_kind(median[table, what, at], unit[table]))
    else
        add_row(group, name, style, "", "", "", "-")
}

function draw_rows(x_title, kind,    f, form, i, j, pitch, y, group_width, name_width, text_width, low, high, room, \
        x_from, x_to, x, data, spread, colour, at) {
    low = high = ""
    for (i = 1; i <= row_count; i++) {
        if (values[i] == "")
            continue
        if (low == "" || row_lows[i] + 0 < low) low = row_lows[i] + 0
        if (high == "" || row_highs[i] + 0 > high) high = row_highs[i] + 0
    }
    for (f = 1; f <= 2; f++) {
        form = f == 1 ? "wide" : "narrow"
        begin_form(form)
        pitch = 1.55 * size
        group_width = name_width = text_width = 0
        y = 0.3
        for (i = 1; i <= row_count; i++) {
            if (i > 1 && groups[i] != groups[i - 1])
                y += 0.6
            y++
            at[i] = y
            if (length(groups[i]) * 1.1 * letter + size > group_width && groups[i] != "")
                group_width = length(groups[i]) * 1.1 * letter + size
            if (length(names[i]) * letter > name_width)
                name_width = length(names[i]) * letter
            if (length(texts[i]) * letter > text_width)
                text_width = length(texts[i]) * letter
        }
        left = group_width + name_width + 1.2 * size
        if (left > width * 0.55)
            left = width * 0.55
        right = width - 1.2 * size
        top = 0.3 * size
        bottom = top + (y + 0.8) * pitch
        height = bottom + 3.8 * size
        begin_drawing(form)
        # Room for the text to the right of the longest bar.
        room = (right - left) / (right - left - text_width - 0.8 * size)
        if (y_log) { # the values lie on this axis
            if (high < low * 10)
                high = low * 10
            x_from = low / (high / low) ^ 0.06
            x_to = x_from * (high / x_from) ^ room
            print "set logscale x\nset xtics " log_ticks(x_from, high * 2, kind, \
                (right - left) / log(x_to / x_from) * log(10), 8 * letter) >script
        } else {
            x_from = 0
            x_to = high * room
            print "set xtics " ticks(high, kind, (right - left) / room) >script
        }
        printf "set xrange [%g:%g]\nset yrange [%g:0]\nunset ytics\nset grid noytics\n", x_from, x_to, y + 0.8 >script
        label(across(wide ? (left + right) / 2 : width / 2), down(bottom + 2.9 * size), x_title, "center")
        for (i = 1; i <= row_count; i++) {
            if (groups[i] != "" && (i == 1 || groups[i] != groups[i - 1]))
                label(across(2), "first " at[i], groups[i], "left font 'Arial:Bold," size "'")
            label(across(left - 0.5 * size), "first " at[i], names[i], "right")
            x = values[i] == "" ? x_from : row_highs[i]
            label("first " x, "first " at[i], texts[i], "left offset " (y_log && values[i] != "" ? 1.3 : 0.8) ",0")
        }
        # A plot for each name, whichever groups it is in.
        for (i = 1; i <= row_count; i++) {
            for (j = 1; j < i && names[j] != names[i]; j++)
                ;
            if (j < i)
                continue
            data = spread = ""
            for (; j <= row_count; j++) {
                if (names[j] != names[i] || values[j] == "")
                    continue
                if (y_log)
                    data = data sprintf("%.6g %g\n", values[j], at[j])
                else
                    data = data sprintf("%.6g %g 0 %.6g %g %g\n", values[j] / 2, at[j], values[j], \
                        at[j] - 0.36, at[j] + 0.36)
                if (row_highs[j] + 0 > row_lows[j] + 0)
                    spread = spread sprintf("%.6g %g %.6g 0\n", row_lows[j], at[j], row_highs[j] - row_lows[j])
            }
            if (data == "")
                continue
            colour = " lc rgb '" colours[row_styles[i]] "'"
            if (y_log)
                add_plot("series", names[i], data, \
                    "with points pt " points[row_styles[i]] " ps " (wide ? 1.2 : 0.9) colour)
            else
                add_plot("series", names[i], data, "with boxxyerror" colour " fs solid 0.6 border")
            if (spread != "")
                add_plot("spread", names[i], spread, spread_lines(y_log ? colour : " lc rgb 'black'"))
        }
        end_drawing()
    }
}
