# Puts the drawings into the page: awk -v directory=DIRECTORY -v css=FILE -f report-inline.awk charts page
# .ci/report.sh calls it; report.awk has written both files, and gnuplot the drawings.
#
# All of them go into one document, so each gets ids of its own; and what its plots are, it says itself.

FILENAME == ARGV[1] {
    if ($1 == "drawing") {
        id = $2 "-" $3
        box[id] = "0 0 " $4 " " $5
    } else {
        split($0, part, "\t") # plot, class, name
        count[id]++
        class[id, count[id]] = part[2]
        name[id, count[id]] = part[3]
    }
    next
}

$0 == "@css" {
    print "<style>"
    while ((getline line <css) > 0)
        print line
    print "</style>"
    next
}

/^@svg / {
    id = $2 "-" $3
    split(substr($0, length("@svg " $2 " " $3 " ") + 1), text, "\t")
    printf "<svg class=\"%s\" viewBox=\"%s\" role=\"img\" aria-labelledby=\"%s-title %s-desc\">\n", $3, box[id], id, id
    print "<title id=\"" id "-title\">" escaped(text[1]) "</title>"
    print "<desc id=\"" id "-desc\">" escaped(text[2]) "</desc>"
    inline(directory "/" id ".svg")
    next
}

{ print }

function inline(file,    line, inside, skip, number) {
    while ((getline line <file) > 0) {
        if (line ~ /^<g id="gnuplot_canvas">/)
            inside = 1
        if (!inside)
            continue
        if (line ~ /<filter /) # which only boxed labels need
            skip = 1
        if (skip) {
            skip = line !~ /<\/filter>/
            continue
        }
        if (line ~ /<g id="gnuplot_plot_/) {
            number++
            line = "<g class=\"" class[id, number] "\"><title>" escaped(name[id, number]) "</title>"
        } else if (line !~ /<text>/) {
            sub(/font-family="Arial:Bold"/, "font-family=\"Arial\" font-weight=\"bold\"", line) # gnuplot leaves it so
            gsub(/xlink:href='#/, "href='#" id "-", line)
            gsub(/ id='/, " id='" id "-", line)
            gsub(/ id="/, " id=\"" id "-", line)
            gsub(/url\(#/, "url(#" id "-", line)
        }
        print line
    }
    close(file)
    if (!inside || number != count[id]) {
        print "report: " file " is not what gnuplot should have drawn" >"/dev/stderr"
        exit 1
    }
}
