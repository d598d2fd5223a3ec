#!/usr/bin/env python3
"""Opens the page of `make report` in a headless Chromium and looks at it as a reader would.

usage: check_report.py [REPORT [DIRECTORY]]     (build/report.html, bench/ beside it)

At 1280 and at 400 pixels, and as it is printed: every chart is there, with a series for all that the
tables in DIRECTORY have measured and a point for each figure; no text lies on another text, on a line
or over the edge; letters are large enough; nothing is wider than the page. Besides, each id is there
once, nothing is loaded, and the console is empty. A line for each check; exit status 1 if one fails.
"""
import csv
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# (name, width, height, what is emulated, the smallest letters in a chart)
VIEWS = (("1280 px", 1280, 800, "screen", 18), ("400 px", 400, 800, "screen", 12), ("print", 690, 1000, "print", 12))
PATIENCE = 60  # seconds for one answer of the browser; it is slow at its start


# --- what should be there ---

def read_tables(directory):
    """{table: {(what, at): whether its rounds differ}}, of what was measured"""
    tables = {}
    for path in sorted(pathlib.Path(directory).glob("*.tsv")):
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row["median"] != "-":
                    differs = float(row["least"]) < float(row["most"])
                    tables.setdefault(row["table"], {})[row["what"], row["at"]] = differs
    return tables


def duration(microseconds):
    for unit, name in ((1e6, "s"), (1e3, "ms"), (1, "µs")):
        if microseconds >= unit:
            return f"{microseconds / unit:g} {name}"
    return f"{microseconds * 1e3:g} ns"


class Series:
    def __init__(self):
        self.points = 0  # none of a line across the chart
        self.has_spread = False


def wanted_series(tables):
    """{chart: {name: Series}}"""
    wanted = {chart: {} for chart in ("sleep", "perfect", "pool", "memory", "throughput-1", "throughput-2",
                                      "round-trip", "messages", "workers", "modes")}

    def add(chart, name, points, differs):
        series = wanted[chart].setdefault(name, Series())
        series.points += points
        series.has_spread |= differs

    for (what, at), differs in tables.get("peers", {}).items():
        task, *size = what.split()
        if task in wanted and at.split()[0] in ("C", "Python"):
            add(task, at.split()[0], 1, differs)
            if size in ([], ["1" if task == "sleep" else "99999"]) and "document" not in wanted[task]:
                add(task, "document", 3 if task == "sleep" else 2, False)  # multi perfect failed there
    for (what, at), differs in tables.get("task", {}).items():
        if at == "-":
            add("pool", what, 0, False)
        else:
            add("pool", what + (" worker" if what == "1" else " workers"), 1, differs)
    for (what, at), differs in tables.get("spawn", {}).items():
        add("memory", what, 1, differs)
    for (what, at), differs in tables.get("throughput", {}).items():
        way, ends = re.fullmatch(r"(.*?)(?: ([12]) to \2)?", what).groups()
        for chart in ("1", "2") if ends is None else (ends,):
            add("throughput-" + chart, way, 1, differs)
    for (what, at), differs in tables.get("round trip", {}).items():
        add("round-trip", what, 1, differs)
    for (what, at), differs in tables.get("ranks", {}).items():
        add("messages", what, 1, differs)
    for (what, at), differs in tables.get("efficiency", {}).items():
        add("workers", "tasks of " + duration(float(what)), 1, differs)
    for (what, at), differs in tables.get("modes", {}).items():
        add("modes", at, 1, differs)
    return wanted


# --- the browser ---

class Browser:
    """Chromium, driven by chromedriver over HTTP on the loopback. `with` ends both, whatever happens."""

    def __enter__(self):
        missing = []
        self.paths = {}
        for names, package in ((("chromium", "chromium-browser", "google-chrome"), "chromium"),
                               (("chromedriver",), "chromium-driver")):
            self.paths[package] = next(filter(None, map(shutil.which, names)), None)
            if self.paths[package] is None:
                missing.append(package)
        if missing:
            sys.exit(f"check_report: no browser to look with; on Debian: apt-get install {' '.join(missing)}")
        self.directory = tempfile.mkdtemp(prefix="check-report-")
        self.driver = self.connection = self.session = None
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        environment = dict(os.environ, HOME=self.directory, TMPDIR=self.directory, LC_ALL="C.UTF-8")
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
            environment.pop(name, None)
        # In a session of its own: Ctrl-C is for us, and we end it.
        self.driver = subprocess.Popen([self.paths["chromium-driver"], "--port=0"], env=environment, text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       start_new_session=True)
        port = None
        said = ""
        for line in self.driver.stdout:
            said += line
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                port = int(found[1])
                break
        if port is None:
            raise OSError("chromedriver did not start:\n" + said)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        arguments = ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                     "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                     "--user-data-dir=" + os.path.join(self.directory, "profile")]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # root can have none
        options = {"binary": self.paths["chromium"], "args": arguments}
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]

    def ask(self, method, path, body=None):
        self.connection.request(method, path, None if body is None else json.dumps(body),
                                {"Content-Type": "application/json"})
        value = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise OSError(f"{value['error']}: {value['message']}")
        return value

    def devtools(self, command, **parameters):
        return self.ask("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address):
        self.ask("POST", self.session + "/url", {"url": address})

    def run(self, script):
        return self.ask("POST", self.session + "/execute/sync", {"script": script, "args": []})

    def log(self, kind):
        return self.ask("POST", self.session + "/se/log", {"type": kind})

    def loaded_by(self, address):
        """what that page has loaded (the browser's own first page loads a lot)"""
        for entry in self.log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent" and event["params"]["documentURL"] == address:
                yield event["params"]["request"]["url"]

    def __exit__(self, *_):
        try:
            if self.session is not None:
                self.ask("DELETE", self.session)
        except (OSError, http.client.HTTPException, ValueError):
            pass
        finally:
            self.end()

    def end(self):
        if self.driver is not None:
            self.driver.kill()
            self.driver.wait()
            self.driver.stdout.close()
        # What the browser has started may outlive it. They all have our directory in their environment.
        mark = ("HOME=" + self.directory).encode()
        for _ in range(100):
            left = [pid for pid in os.listdir("/proc") if pid.isdigit() and mark in environment_of(pid)]
            for pid in left:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if not left:
                break
            time.sleep(0.05)
        shutil.rmtree(self.directory, ignore_errors=True)


def environment_of(pid):
    try:
        return pathlib.Path("/proc", pid, "environ").read_bytes().split(b"\0")
    except OSError:
        return []


# --- what is there ---

# Everything that the checks look at, as the browser has laid it out.
EXAMINE = r"""
const box = element => { const r = element.getBoundingClientRect();
    return {left: r.left, top: r.top, right: r.right, bottom: r.bottom}; };
const shown = element => element.getClientRects().length > 0;
document.querySelectorAll('details').forEach(details => details.open = true);
const charts = {};
for (const figure of document.querySelectorAll('figure')) {
    const drawings = [...figure.querySelectorAll('svg')].filter(shown);
    charts[figure.id] = {
        reading: (figure.querySelector('.reading') || {}).textContent || '',
        drawings: drawings.map(svg => ({
            box: box(svg),
            role: svg.getAttribute('role'),
            named: (svg.getAttribute('aria-labelledby') || '').split(' ')
                .map(id => (document.getElementById(id) || {}).textContent || ''),
            texts: [...svg.querySelectorAll('text')].filter(text => text.textContent.trim() !== '')
                .map(text => ({text: text.textContent.trim(), box: box(text),
                    size: parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a})),
            plots: [...svg.querySelectorAll('g.series, g.limit, g.ideal, g.spread')].map(plot => {
                const spots = [];
                for (const path of plot.querySelectorAll('path')) {
                    const matrix = path.getScreenCTM();
                    const length = path.getTotalLength();
                    for (let at = 0; at <= length; at += 2) {
                        const spot = path.getPointAtLength(at).matrixTransform(matrix);
                        spots.push([spot.x, spot.y]);
                    }
                }
                for (const point of plot.querySelectorAll('use, polygon')) {
                    const b = box(point);
                    spots.push([b.left, b.top], [b.right, b.top], [b.left, b.bottom], [b.right, b.bottom],
                        [(b.left + b.right) / 2, (b.top + b.bottom) / 2]);
                }
                return {kind: plot.getAttribute('class'), name: plot.querySelector('title').textContent,
                    points: plot.querySelectorAll('use, polygon').length, spots: spots};
            }),
        })),
    };
}
const width = document.documentElement.clientWidth;
const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
return {
    charts: charts,
    width: width,
    pageWidth: document.documentElement.scrollWidth,
    tooWide: [...document.querySelectorAll('body *')]
        .filter(element => shown(element) && !element.closest('.scroll *, svg *')
            && element.getBoundingClientRect().right > width + 0.5)
        .map(element => element.tagName.toLowerCase() + (element.id ? '#' + element.id : '')),
    ids: ids.filter((id, at) => ids.indexOf(id) !== at),
};
"""


def overlap(a, b):
    """by more than the rounding of a pixel"""
    return (min(a["right"], b["right"]) - max(a["left"], b["left"]) > 0.5
            and min(a["bottom"], b["bottom"]) - max(a["top"], b["top"]) > 0.5)


def inside(inner, outer):
    return (inner["left"] >= outer["left"] - 0.5 and inner["right"] <= outer["right"] + 0.5
            and inner["top"] >= outer["top"] - 0.5 and inner["bottom"] <= outer["bottom"] + 0.5)


def letters(box):
    """the box without the empty part above and below its letters"""
    blank = (box["bottom"] - box["top"]) * 0.2
    return dict(box, top=box["top"] + blank, bottom=box["bottom"] - blank)


def check_charts(page, wanted):
    for chart in wanted:
        if chart not in page["charts"]:
            yield f"{chart}: is not there"
            continue
        drawings = page["charts"][chart]["drawings"]
        if len(drawings) != 1:
            yield f"{chart}: {len(drawings)} drawings are shown" + ("" if wanted[chart] else ", nothing was measured")
            continue
        if drawings[0]["role"] != "img" or not all(drawings[0]["named"]):
            yield f"{chart}: who can't see it gets neither title nor description"
        reading = page["charts"][chart]["reading"]
        if not reading or re.search(r"\b(nan|inf)\b", reading):
            yield f"{chart}: the reading is '{reading}'"
    for chart in page["charts"].keys() - wanted.keys():
        yield f"{chart}: is not known here"


def drawings_of(page):
    for chart, figure in page["charts"].items():
        for drawing in figure["drawings"]:
            yield chart, drawing


def check_series(page, wanted):
    for chart, drawing in drawings_of(page):
        drawn = {plot["name"]: plot["points"] for plot in drawing["plots"] if plot["kind"] != "spread"}
        spread = {plot["name"] for plot in drawing["plots"] if plot["kind"] == "spread"}
        for name, series in wanted.get(chart, {}).items():
            if name not in drawn:
                yield f"{chart}: no series '{name}'"
            elif drawn[name] != series.points:
                yield f"{chart}: '{name}' has {drawn[name]} points, not {series.points}"
            if series.has_spread and name not in spread:
                yield f"{chart}: '{name}' is drawn without its spread"
        for name in drawn.keys() - wanted.get(chart, {}).keys() - {"ideal"}:
            yield f"{chart}: nobody measured '{name}'"
        # In a chart with lines, their names are in a legend; with bars, beside each.
        texts = [text["text"] for text in drawing["texts"]]
        for name in drawn:
            if name not in texts:
                yield f"{chart}: the name '{name}' is not written"


def check_overlap(page):
    for chart, drawing in drawings_of(page):
        texts = drawing["texts"]
        for i, one in enumerate(texts):
            for other in texts[:i]:
                if overlap(one["box"], other["box"]):
                    yield f"{chart}: '{one['text']}' lies on '{other['text']}'"


def check_lines(page):
    for chart, drawing in drawings_of(page):
        for text in drawing["texts"]:
            box = letters(text["box"])
            for plot in drawing["plots"]:
                if any(box["left"] < x < box["right"] and box["top"] < y < box["bottom"] for x, y in plot["spots"]):
                    yield f"{chart}: '{text['text']}' lies on '{plot['name']}'"


def check_edges(page):
    for chart, drawing in drawings_of(page):
        for text in drawing["texts"]:
            if not inside(text["box"], drawing["box"]):
                yield f"{chart}: '{text['text']}' is cut off"


def check_sizes(page, smallest):
    for chart, drawing in drawings_of(page):
        size = min((text["size"] for text in drawing["texts"]), default=0)
        if size < smallest:
            yield f"{chart}: letters of {size:.1f} pixels, {smallest} are wanted"


def check_width(page):
    if page["pageWidth"] > page["width"]:
        yield f"the page is {page['pageWidth']} pixels wide"
    for element in page["tooWide"]:
        yield f"{element} is wider than the page"


def main():
    if len(sys.argv) > 3 or any(argument.startswith("-") for argument in sys.argv[1:]):
        print(__doc__, file=sys.stdout if "-h" in sys.argv or "--help" in sys.argv else sys.stderr)
        return 0 if "-h" in sys.argv or "--help" in sys.argv else 2
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/report.html").absolute()
    directory = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else path.parent / "bench"
    if not path.is_file():
        sys.exit(f"check_report: {path}: no such file; make report writes it")
    if not directory.is_dir():
        sys.exit(f"check_report: {directory}: no such directory; make bench fills it")
    wanted = wanted_series(read_tables(directory))
    failed = False

    def report(name, problems):
        nonlocal failed
        problems = list(problems)
        failed = failed or bool(problems)
        print(("FAIL  " if problems else "ok    ") + name)
        for problem in problems[:20]:
            print("        " + problem)
        if len(problems) > 20:
            print(f"        and {len(problems) - 20} more")

    with Browser() as browser:
        for view, width, height, media, smallest in VIEWS:
            browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                             mobile=False)
            browser.devtools("Emulation.setEmulatedMedia", media=media)
            browser.open(path.as_uri())
            page = browser.run(EXAMINE)
            report(f"{view}: every chart is there, and says what it shows", check_charts(page, wanted))
            report(f"{view}: every series is drawn, with a point for each figure, and its spread", check_series(page, wanted))
            report(f"{view}: no text lies on another", check_overlap(page))
            report(f"{view}: no text lies on a line, a point or a bar", check_lines(page))
            report(f"{view}: no text is cut off", check_edges(page))
            report(f"{view}: letters of {smallest} pixels or more", check_sizes(page, smallest))
            report(f"{view}: nothing is wider than the page", check_width(page))
        report("each id is there once", page["ids"])
        report("nothing is loaded but the page", set(browser.loaded_by(path.as_uri())) - {path.as_uri()})
        report("the console is empty", dict.fromkeys(entry["message"] for entry in browser.log("browser")))
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        sys.exit(main())
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"check_report: {error}")
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
