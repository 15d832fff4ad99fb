# SPDX-License-Identifier: Apache-2.0
"""What was measured, as a table for a terminal, JSON, a page and a chart."""
import math
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 1.02
BEGIN, END = "<!-- begin: tests/bench/run.py --write -->", "<!-- end -->"
PEERS = [("kvm", "KVM nVHE"), ("xen", "Xen null"), ("bao", "Bao")]


def budgets():
    return tomllib.loads((HERE / "budgets.toml").read_text())["row"]


def number(value):
    if value is None:
        return "–"
    if value >= 100000:
        return "%.4gM" % (value / 1e6) if value >= 1e6 else "%dk" % round(value / 1e3)
    return "%d" % round(value) if abs(value - round(value)) < 0.05 else "%.1f" % value


def verdict(row, measured):
    """None when it is as it shall be, else what is wrong."""
    if not measured:
        return "not measured"
    limit = row["budget"] * TOLERANCE
    if measured["value"] > limit + 1e-9:
        return "OVER"
    if row.get("target", row["budget"]) * TOLERANCE < measured["value"]:
        return "over the aim"
    return None


def over(rows, figures):
    """Lines for the rows that fail."""
    bad = []
    for row in rows:
        wrong = verdict(row, figures.get(row["key"]))
        if wrong and wrong != "over the aim":
            got = figures.get(row["key"], {}).get("value")
            bad.append("%s: %s, budget %s: %s" % (row["key"], number(got), number(row["budget"]),
                                                  wrong))
    return bad


def cells(row, figures, native):
    """Of one row: title, native, peers, budget, Corbel, its registers, barriers, TLBI."""
    got = figures.get(row["key"], {})
    counts = got.get("counts", {})
    title = row["title"] + (", " + row["unit"] if "unit" in row else "")
    peers = [number(row["peers"].get(key)) for key, _ in PEERS]
    kinds = [number(counts[k]) if k in counts else "–" for k in ("sysreg", "barrier", "tlbi")]
    return [title, number(native.get(row["key"], {}).get("value")), *peers,
            number(row["target"] if "target" in row else row["budget"]), number(got.get("value")),
            *kinds]


HEADS = ["instructions", "native", *(name for _, name in PEERS), "at most", "Corbel", "mrs, msr",
         "barriers", "TLBI"]


def table(rows, figures, native):
    """For a terminal."""
    lines = [HEADS + [""]] + [cells(r, figures, native) +
                              [verdict(r, figures.get(r["key"])) or "ok"] for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                               for i, (c, w) in enumerate(zip(line, widths))) for line in lines)


def scaling_lines(scales):
    """The rows of one CPU under each scale, and how far they are apart, in percent."""
    names = list(scales)
    out = [["row", *names, "apart"]]
    for key in scales[names[0]]:
        values = [scales[n][key]["value"] for n in names]
        out.append([key, *map(number, values), "%.1f %%" % apart(values)])
    return out


def apart(values):
    return (max(values) / min(values) - 1) * 100


def markdown(lines):
    rule = ["---"] + ["---:"] * (len(lines[0]) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]])


def page(rows, figures, native, scales):
    """The generated part of docs/performance.md."""
    main = markdown([HEADS] + [cells(r, figures, native) for r in rows])
    return "%s\n%s\n\n%s\n%s" % (BEGIN, main, markdown(scaling_lines(scales)), END)


def write(path, rows, figures, native, scales):
    text = path.read_text()
    new = page(rows, figures, native, scales)
    path.write_text(re.sub(re.escape(BEGIN) + ".*" + re.escape(END), lambda m: new, text,
                           flags=re.S))


def stale(path, rows, figures):
    """Rows of the page that are more than 2 % from what was measured now."""
    shown = {}
    for line in path.read_text().splitlines():
        fields = [f.strip() for f in line.strip("|").split(" | ")]
        if len(fields) == len(HEADS):
            shown[fields[0].strip("| ")] = fields[6]
    bad = []
    for row in rows:
        title = row["title"] + (", " + row["unit"] if "unit" in row else "")
        got = figures.get(row["key"])
        if got and not near(shown.get(title), got["value"]):
            bad.append("%s: the page says %s, measured is %s" %
                       (row["key"], shown.get(title), number(got["value"])))
    return bad


def near(text, value):
    if text is None or text == "–":
        return False
    unit = {"M": 1e6, "k": 1e3}.get(text[-1], 1)
    said = float(text.rstrip("Mk")) * unit
    return abs(said - value) <= 0.02 * max(abs(said), abs(value)) + 0.06


# ---- the chart -----------------------------------------------------------------------------

BARS = [("corbel", "Corbel", "#1b6ca8"), ("bao", "Bao", "#7a9e3b"), ("xen", "Xen null", "#d08b2c"),
        ("kvm", "KVM nVHE", "#a33d3d")]
LEFT, WIDTH, BAR, GAP = 330, 560, 7, 9


def chart(rows, figures):
    """Bars on a logarithmic scale, rows with a peer's figure only."""
    rows = [r for r in rows if r["peers"] and "unit" not in r and r["key"] in figures]
    top = max(max(r["peers"].values()) for r in rows)
    scale = WIDTH / math.log10(max(top, 10))
    x = lambda v: LEFT + scale * math.log10(max(v, 1))  # noqa: E731
    height = 50 + len(rows) * (len(BARS) * BAR + GAP)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11">' % (LEFT + WIDTH + 60, height),
           '<rect width="100%" height="100%" fill="white"/>']
    for i, (_, name, colour) in enumerate(BARS):
        out.append('<rect x="%d" y="8" width="10" height="10" fill="%s"/>'
                   '<text x="%d" y="17">%s</text>' % (LEFT + 90 * i, colour, LEFT + 14 + 90 * i,
                                                      name))
    for power in range(int(math.log10(top)) + 1):
        out.append('<line x1="%.1f" x2="%.1f" y1="28" y2="%d" stroke="#ddd"/>'
                   '<text x="%.1f" y="%d" text-anchor="middle" fill="#666">%s</text>' %
                   (x(10 ** power), x(10 ** power), height - 14, x(10 ** power), height - 3,
                    number(10 ** power)))
    for n, row in enumerate(rows):
        y = 32 + n * (len(BARS) * BAR + GAP)
        title = row["title"].replace("&", "&amp;").replace("`", "")
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (LEFT - 8, y + 18, title))
        for i, (key, _, colour) in enumerate(BARS):
            value = figures[row["key"]]["value"] if key == "corbel" else row["peers"].get(key)
            if value is not None:
                out.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>'
                           '<text x="%.1f" y="%d" font-size="7" fill="#444">%s</text>' %
                           (LEFT, y + i * BAR, max(x(value) - LEFT, 1), BAR - 1, colour,
                            x(value) + 3, y + i * BAR + 6, number(value)))
    return "\n".join(out + ["</svg>"]) + "\n"
