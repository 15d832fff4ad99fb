#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prove functions with Frama-C (WP, guards against run-time errors).

usage: tests/prove/run.py [FILE...]     FILE: a name of tests/prove, without .c; all of them

A file of tests/prove has contracts and includes the source. A comment of the form
"FUNCTION: property" in a line of its own names what is to be proved and in which words that is
printed. Fails when a goal is open.
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
TIMEOUT_S = 60
COMMAND = ["frama-c", "-c11", "-machdep", "gcc_x86_64", "-cpp-frama-c-compliant",
           "-cpp-extra-args=-I. -Iarch/include -Itests/host/fake -include tests/prove/prelude.h",
           "-wp", "-wp-rte", "-wp-prover", "cvc4,z3", "-wp-timeout", str(TIMEOUT_S),
           "-wp-par", "2"]


def prove(file, function, what):
    done = subprocess.run(COMMAND + ["-wp-fct", function, str(file.relative_to(TOP))], cwd=TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    goals = re.search(r"Proved goals:\s+(\d+) / (\d+)", done.stdout)
    proved, of = map(int, goals.groups()) if goals else (0, 0)
    good = done.returncode == 0 and of > 0 and proved == of
    print("%-4s %s: %s (%d of %d goals)" % ("ok" if good else "OPEN", function, what, proved, of),
          flush=True)
    if not good:
        print("\n".join("     | " + line for line in done.stdout.splitlines()
                        if "Valid" not in line and "annotating" not in line))
    return good


def main():
    names = sys.argv[1:] or sorted(p.stem for p in HERE.glob("*.c"))
    results = []
    for name in names:
        file = HERE / (name + ".c")
        found = re.findall(r"(?m)^/\* (\w+): (.*) \*/$", file.read_text())
        if not found:
            sys.exit("%s: names no function to prove" % file)
        results += [prove(file, *one) for one in found]
    print("%d proved, %d open" % (results.count(True), results.count(False)))
    sys.exit(not results or not all(results))


main()
