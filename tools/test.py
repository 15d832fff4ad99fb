#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the tests and print how many passed and failed.

usage: tools/test.py [--matrix] [--build DIR] [--match PATTERN] [HOST_TEST...]

    host/NAME     a cmocka binary, DIR/host/NAME; each of its functions counts
    check/NAME    a script of tests/check; its exit status counts
    fuzz/NAME     a fuzzer of tests/fuzz, some thousand executions, always the same ones
    system/NAME   what tests/system/run.py lists; `--run NAME`'s exit status counts

PATTERN is a part of such a name, or one with * and ?. --matrix runs what
`run.py --list --matrix` lists instead. Each test's output is in DIR/test/.
Exits 0 when at least one test ran and none failed.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
FUZZ = TOP / "tests" / "fuzz" / "run.py"
SYSTEM = TOP / "tests" / "system" / "run.py"
AT_ONCE = 2
TIMEOUT_S, MATRIX_TIMEOUT_S = 900, 4 * 3600
TAIL_LINES = 40
# Tests that call make are not part of the make that runs us.
ENVIRONMENT = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def host_command(binary):
    """ThreadSanitizer needs the addresses where they were before kernels moved them."""
    fixed = ["setarch", "-R"]
    works = subprocess.run(fixed + ["true"], capture_output=True).returncode == 0
    return (fixed if works else []) + [str(binary)]


def collect(args):
    """Every test as (name, command)."""
    build = TOP / args.build
    if not args.matrix:
        for name in args.host:
            yield "host/" + name, host_command(build / "host" / name)
        for script in sorted((TOP / "tests" / "check").glob("*")):
            if script.is_file() and script.stat().st_mode & 0o100:
                yield "check/" + script.stem, [str(script)]
        for source in sorted((TOP / "tests" / "fuzz").glob("fuzz_*.c")):
            name = source.stem[len("fuzz_"):]
            yield "fuzz/" + name, [sys.executable, str(FUZZ), "--build", args.build,
                                   "--test", name]
    if SYSTEM.exists():
        extra = ["--matrix"] if args.matrix else []
        listed = subprocess.run([sys.executable, str(SYSTEM), "--list"] + extra, check=True,
                                cwd=TOP, stdout=subprocess.PIPE, text=True).stdout.split()
        for name in listed:
            yield "system/" + name, [sys.executable, str(SYSTEM), "--run", name]


def matches(name, pattern):
    return not pattern or pattern in name or fnmatch.fnmatch(name, pattern)


def run(test, logs, timeout):
    """(passed, failed, report) of one test."""
    name, command = test
    log = logs / (name.replace("/", "-") + ".log")
    begin = time.monotonic()
    with open(log, "wb") as out:
        try:
            status = subprocess.run(command, cwd=TOP, env=ENVIRONMENT, timeout=timeout,
                                    stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT).returncode
        except subprocess.TimeoutExpired:
            status = "timeout after %d s" % timeout
    text = log.read_bytes().decode(errors="replace")
    passed, failed = count(name, status, text)
    head = "%-4s %s (%.1f s)" % ("FAIL" if failed else "ok", name, time.monotonic() - begin)
    if failed:
        tail = text.splitlines()[-TAIL_LINES:]
        head += "\n" + "\n".join("     | " + line for line in tail)
        head += "\n     exit status: %s; all of it: %s" % (status, log.relative_to(TOP))
    return passed, failed, head


def count(name, status, text):
    """The exit status decides; cmocka's lines only tell how many functions ran."""
    if not name.startswith("host/"):
        return (1, 0) if status == 0 else (0, 1)
    passed = len(re.findall(r"(?m)^\[       OK \]", text))
    failed = sum(int(n) for n in re.findall(r"(?m)^\[  FAILED  \] (\d+) test\(s\), listed", text))
    if status == 0:
        return (passed, 0) if passed else (0, 1)
    return passed, max(failed, 1)


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--matrix", action="store_true")
    parser.add_argument("--build", default="build")
    parser.add_argument("--match", default="")
    parser.add_argument("host", nargs="*")
    args = parser.parse_args()
    logs = TOP / args.build / "test"
    logs.mkdir(parents=True, exist_ok=True)
    tests = [t for t in collect(args) if matches(t[0], args.match)]
    timeout = MATRIX_TIMEOUT_S if args.matrix else TIMEOUT_S
    total_passed = total_failed = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for passed, failed, report in pool.map(lambda t: run(t, logs, timeout), tests):
            print(report, flush=True)
            total_passed += passed
            total_failed += failed
    if not tests:
        print("no test matches '%s'" % args.match)
    print("%d passed, %d failed" % (total_passed, total_failed))
    sys.exit(1 if total_failed or not total_passed else 0)


main()
