#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the host tests of a --coverage build and print the lines they reached.

usage: tools/coverage.py DIR HOST_TEST...      tests and objects are in DIR
"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent


def lines_reached(folder):
    """{file: {line: times}}, summed over all objects that hold the file."""
    reached = collections.defaultdict(collections.Counter)
    notes = [str(p) for p in folder.rglob("*.gcda")]
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(["gcov", "--json-format", "--hash-filenames", "--preserve-paths"] + notes,
                       cwd=tmp, check=True, stdout=subprocess.DEVNULL)
        for report in pathlib.Path(tmp).glob("*.gcov.json.gz"):
            for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
                for line in file["lines"]:
                    reached[file["file"]][line["line_number"]] += line["count"]
    return reached


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    for old in folder.rglob("*.gcda"):
        old.unlink()
    failed = [t for t in sys.argv[2:] if subprocess.run(
        [folder / t], cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode]
    total = hit = 0
    for file, lines in sorted(lines_reached(folder).items()):
        if file.startswith(("tests/", "/")):
            continue
        reached = sum(1 for n in lines.values() if n)
        print("%5.1f %%  %4d of %4d  %s" % (100 * reached / len(lines), reached, len(lines), file))
        total, hit = total + len(lines), hit + reached
    print("%5.1f %%  %4d of %4d  all" % (100 * hit / max(total, 1), hit, total))
    if failed:
        sys.exit("failed: " + " ".join(failed))


main()
