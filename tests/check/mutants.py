#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The oracles notice defects: each of tests/host/mutants.toml makes its test fail.

A mutant is one text of one file replaced by another, in a copy that is compiled and
linked with the objects of the test as they are.
"""
import concurrent.futures
import pathlib
import shlex
import subprocess
import sys
import tomllib

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LIST = TOP / "tests" / "host" / "mutants.toml"
WORK = TOP / "build" / "mutants"
TIMEOUT_S = 300


def output_of(*command):
    return subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout


def compile_mutant(cc, mutant, number):
    text = (TOP / mutant["file"]).read_text()
    if text.count(mutant["old"]) != 1:
        return None, "%s: %d times in %s: %s" % (mutant["name"], text.count(mutant["old"]),
                                                 mutant["file"], mutant["old"])
    source = WORK / ("%d.c" % number)
    source.write_text(text.replace(mutant["old"], mutant["new"]))
    done = subprocess.run(cc + ["-Wno-error", "-w", "-c", source, "-o",
                                source.with_suffix(".o")],
                          cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return source.with_suffix(".o"), done.stdout if done.returncode else ""


def link(cc, mutant, number, sources, changed):
    objects = [changed if s == mutant["file"] else
               TOP / "build" / "host" / "address" / (s[:-2] + ".o") for s in sources]
    binary = WORK / str(number)
    subprocess.run(cc[:1] + ["-fsanitize=address,undefined", "-pthread", *objects, "-lcmocka",
                             "-lfdt", "-o", binary], cwd=TOP, check=True)
    return binary


def caught(cc, sources, mutant, number):
    """(it was, what is to be told)."""
    changed, error = compile_mutant(cc, mutant, number)
    if error:
        return False, error
    binary = link(cc, mutant, number, sources[mutant["test"]], changed)
    try:
        done = subprocess.run([binary], cwd=TOP, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return False, "hangs:  %s" % mutant["name"]
    return done.returncode != 0, "%s %s" % ("caught:" if done.returncode else "MISSED:",
                                            mutant["name"])


def main():
    mutants = tomllib.loads(LIST.read_text())["mutant"]
    tests = sorted({m["test"] for m in mutants})
    WORK.mkdir(parents=True, exist_ok=True)
    subprocess.run(["make", "-s"] + ["build/host/" + t for t in tests], cwd=TOP, check=True)
    cc = shlex.split(output_of("make", "-s", "print-host-cc"))
    sources = {t: output_of("make", "-s", "print-srcs-" + t).split() for t in tests}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda n: caught(cc, sources, mutants[n], n),
                                range(len(mutants))))
    print("\n".join(text for _, text in results))
    missed = sum(1 for ok, _ in results if not ok)
    print("%d mutants, %d missed" % (len(mutants), missed))
    sys.exit(1 if missed or not mutants else 0)


main()
