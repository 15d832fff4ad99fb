#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every test that docs/testing.md names in its tables exists."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def names():
    """Functions of host tests and guests, scripts, fuzzers, system entries."""
    found = set()
    for path in (TOP / "tests").rglob("*.c"):
        found.update(re.findall(r"^(?:static )?void (\w+)\(", path.read_text(), re.M))
    found.update("check/" + p.stem for p in (TOP / "tests" / "check").iterdir())
    found.update("host/" + p.stem for p in (TOP / "tests" / "host").glob("test_*.c"))
    found.update(p.stem for p in (TOP / "tests" / "fuzz").glob("fuzz_*.c"))
    found.update(subprocess.run([sys.executable, "tests/system/run.py", "--list"], cwd=TOP,
                                check=True, stdout=subprocess.PIPE, text=True).stdout.split())
    return found


def main():
    there = names()
    text = (TOP / "docs" / "testing.md").read_text()
    section = text.split("## What has gone wrong elsewhere")[1].split("\n## ")[0]
    named = [n for line in section.splitlines() if line.startswith("| ")
             for n in re.findall(r"`([a-z0-9_/]+)`", line.split("|")[2])]
    missing = [n for n in named if n not in there and n not in ("tests/bench/", "pa_t")]
    print("\n".join("docs/testing.md names %s, which there is not" % n for n in missing))
    print("%d tests named, %d missing" % (len(named), len(missing)))
    sys.exit(1 if missing or len(named) < 50 else 0)


main()
