#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the tests of a --coverage build and print the lines and branches they reached.

usage: tools/coverage.py DIR NAME...      host test DIR/host/NAME; fuzzer: fuzz/NAME
"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent


# What reads bytes of guests and bundles, keeps VMs apart, or is what they see of a GIC.
CORE = ("core/board", "core/fdt_sound.c", "core/vmm/manage.c", "core/vmm/shell_line.c",
        "core/vmm/shell_words.c", "devices/", "irq/vgic", "mm/pgtable.c", "mm/stage2.c",
        "mm/guest_", "vcpu/", "vm/")


def reached(folder):
    """{file: {line or (line, branch): times}}, summed over all objects that hold the file."""
    lines, branches = (collections.defaultdict(collections.Counter) for _ in range(2))
    notes = [str(p) for p in folder.rglob("*.gcda")]
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--hash-filenames",
                        "--preserve-paths"] + notes,
                       cwd=tmp, check=True, stdout=subprocess.DEVNULL)
        for report in pathlib.Path(tmp).glob("*.gcov.json.gz"):
            for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
                for line in file["lines"]:
                    nr = line["line_number"]
                    lines[file["file"]][nr] += line["count"]
                    for i, branch in enumerate(line["branches"]):
                        branches[file["file"]][nr, i] += branch["count"]
    return lines, branches


def run(folder, name):
    """Run a host test, or give a fuzzer all inputs that there are. False: it failed."""
    command = [folder / "host" / name]
    if name.startswith("fuzz/"):
        fuzzer = name[len("fuzz/"):]
        command = [folder / name, "tests/fuzz/corpus/" + fuzzer] + [
            "build/fuzz/%s/%s" % (kind, fuzzer) for kind in ("test", "found")]
    return subprocess.run(command, cwd=TOP, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def share(counts):
    """(reached, of how many)."""
    return sum(1 for n in counts.values() if n), len(counts)


def show(lines, branches, name):
    print("%5.1f %%  %4d of %4d lines  %5.1f %%  %4d of %4d branches  %s" % (
        100 * lines[0] / max(lines[1], 1), *lines, 100 * branches[0] / max(branches[1], 1),
        *branches, name))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    for old in folder.rglob("*.gcda"):
        old.unlink()
    failed = [name for name in sys.argv[2:] if not run(folder, name)]
    lines, branches = reached(folder)
    total = {"all": [(0, 0), (0, 0)], "parsers, vGIC, stage 2, decode, devices": [(0, 0), (0, 0)]}
    for file in sorted(lines):
        if file.startswith(("tests/", "/", "build/")):
            continue
        parts = share(lines[file]), share(branches[file])
        show(*parts, file)
        for name, sums in total.items():
            if name == "all" or file.startswith(CORE):
                sums[:] = [(s[0] + p[0], s[1] + p[1]) for s, p in zip(sums, parts)]
    for name, sums in total.items():
        show(*sums, name)
    if failed:
        sys.exit("failed: " + " ".join(failed))


main()
