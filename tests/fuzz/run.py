#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run fuzzers.

usage: run.py [--build DIR] --test NAME          the fixed runs of one, as make test does
       run.py [--build DIR] --seconds N NAME...  N seconds for each, two at once

Inputs kept in tests/fuzz/corpus/NAME/ come first. What is found goes to
DIR/fuzz/found/NAME/, a crash to DIR/fuzz/crash-NAME-*: keep it in the corpus.
"""
import argparse
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MAX_LEN = {"config": 6000, "board": 10000, "guest_fdt": 10000, "bundle": 2000, "loader": 2000}
# Executions of make test: what each does in about five seconds.
RUNS = {"config": 8000, "board": 3000, "guest_fdt": 8000, "exit": 40000, "abort": 40000,
        "vgic": 6000, "virtq": 15000, "smccc": 40000, "shell": 15000,
        "blk": 20000, "net": 15000, "console": 20000, "vsock": 8000, "balloon": 15000, "ivc": 1500}


def command(build, name, found, *more):
    fuzz = build / "fuzz"
    return [str(fuzz / name), "-seed=1", "-verbosity=1", "-print_final_stats=1", "-timeout=60",
            "-rss_limit_mb=2048", "-max_len=%d" % MAX_LEN.get(name, 1000),
            "-artifact_prefix=%s/crash-%s-" % (fuzz, name), *more, str(found),
            str(TOP / "tests" / "fuzz" / "corpus" / name)]


def test(build, name):
    """Always the same executions: found inputs of before must not change them."""
    found = build / "fuzz" / "test" / name
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir(parents=True)
    runs = RUNS.get(name, 60000)
    return subprocess.run(command(build, name, found, "-runs=%d" % runs), cwd=TOP).returncode


def fuzz(build, name, seconds):
    found = build / "fuzz" / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command(build, name, found, "-max_total_time=%d" % seconds), cwd=TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="replace")
    (build / "fuzz" / (name + ".log")).write_text(text)
    runs = re.findall(r"number_of_executed_units: (\d+)", text)
    print("%-4s %-12s %s executions" % ("ok" if not done.returncode else "FAIL", name,
                                       runs[-1] if runs else "?"), flush=True)
    if done.returncode:
        print("\n".join("     | " + line for line in text.splitlines()[-40:]))
    return done.returncode != 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--test")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    build = (TOP / args.build).resolve()
    if args.test:
        sys.exit(test(build, args.test))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failed = sum(pool.map(lambda n: fuzz(build, n, args.seconds), args.names))
    print("%d passed, %d failed" % (len(args.names) - failed, failed))
    sys.exit(1 if failed or not args.names else 0)


main()
