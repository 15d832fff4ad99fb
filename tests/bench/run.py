#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Count what exits, interrupts, switches and boots cost, bare and under Corbel.

usage: tests/bench/run.py [--check] [--write] [--verbose] | --old | --wall

Runs tests/bench/bench_guest.c and Debian's Linux under -icount shift=0,sleep=off on QEMU 10,
where one instruction is one nanosecond, and prints a table with the budgets of budgets.toml; the
figures go to build/bench.json too. --write puts them into docs/performance.md, with a
chart. --check fails when a budget is exceeded by 2 %, a row is missing, a row does not scale within
5 %, or the page is not current. --old prints the rows of one CPU on QEMU 7.2,
--wall rows of memory by the clock on the wall, which nothing is held to.
docs/performance.md says how it is measured.
"""
import argparse
import contextlib
import io
import json
import sys

import measure
import report
from measure import BUILD, TOP, Failure

PAGE = TOP / "docs" / "performance.md"
CHART = TOP / "docs" / "performance.svg"
APART = 5


def all_rows():
    native = measure.native()
    figures = {}
    for part in (measure.pinned, measure.shared, measure.devices, measure.doorbell, measure.reset,
                 measure.linux, measure.memory):
        figures.update(part())
    # What is taken, not what the loop needs by itself.
    for key in ("busy_pinned", "busy_fair"):
        figures[key]["value"] -= native[key]["value"]
        native.pop(key)
    return native, figures, measure.scaling()


def failures(rows, figures, scales):
    bad = report.over(rows, figures) + report.stale(PAGE, rows, figures)
    names = list(scales)
    for key in scales[names[0]]:
        values = [scales[n][key]["value"] for n in names]
        if report.apart(values) > APART:
            bad.append("%s does not scale: %s" % (key, values))
    return bad


def wall():
    """On a board the guest prints the same: docs/performance.md."""
    with contextlib.redirect_stdout(io.StringIO()):
        native, hosted = measure.wall()
    for key, title in (("stream_kib", "copy, ns per KiB"),
                       ("chase", "pointer chase, stage 2 in 2 MiB, ns"),
                       ("chase_small", "pointer chase, stage 2 in 4 KiB, ns")):
        print("%-40s native %8.1f  Corbel %8.1f" %
              (title, native[key]["value"], hosted[key]["value"]))
    return 0


def main():
    parser = argparse.ArgumentParser(add_help=False)
    for flag in ("--check", "--write", "--verbose", "--old", "--wall"):
        parser.add_argument(flag, action="store_true")
    args = parser.parse_args()
    if args.wall:
        return wall()
    log = io.StringIO()
    try:
        with contextlib.redirect_stdout(sys.stdout if args.verbose else log):
            native, figures, scales = (*measure.old(), {}) if args.old else all_rows()
    except Failure:
        print(log.getvalue()[-4000:])
        raise
    rows = [r for r in report.budgets() if not args.old or r["key"] in figures]
    print(report.table(rows, figures, native))
    if args.old:
        return 0
    for line in report.scaling_lines(scales):
        print("  ".join(c.rjust(14) for c in line))
    (BUILD / "bench.json").write_text(json.dumps(
        {"native": native, "corbel": figures, "scaling": scales}, indent=1) + "\n")
    if args.write:
        report.write(PAGE, rows, figures, native, scales)
        CHART.write_text(report.chart(rows, figures))
    bad = failures(rows, figures, scales)
    print("\n".join(bad) or "all within their budgets")
    return 1 if bad and args.check else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print("FAILED: %s" % failure)
        sys.exit(1)
