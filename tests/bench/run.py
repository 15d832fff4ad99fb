#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Count the instructions of exits and interrupts, bare and under Corbel.

usage: tests/bench/run.py [--cpu CPU] [--json FILE]

Runs tests/bench/bench_guest.c under -icount shift=0,sleep=off, where one instruction is
one nanosecond, and prints a table; the figures go to build/bench.json too.
"""
import argparse
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
import guests  # noqa: E402
from machine import BUILD, LONG, Failure, Machine, bare, corbel, pack  # noqa: E402

ICOUNT = ["-icount", "shift=0,sleep=off"]
TOML = '[[vm]]\nname = "bench"\nvcpus = 2\nmemory = "128M"\nkernel = "%s"\n'


def measure(args):
    """Every "bench NAME VALUE", and the way through a reset."""
    with Machine(args) as m:
        m.expect("^READY", LONG)
        m.send("r")
        before = int(m.expect(r"^reset_at (\d+)\n", LONG)[1])
        after = int(m.expect(r"^first_at (\d+)\n", LONG)[1])
        m.expect("^READY", LONG)
        m.send("b")
        m.expect("^DONE 1 passed", LONG * 2)
        m.ends()
        rows = {name: int(value) for name, value in
                re.findall(r"^bench (\w+) (\d+)$", m.text, re.M)}
    # A counter that starts anew with the VM hides what was before: it tells the rest.
    rows["reset_to_first_instruction"] = after - before if after >= before else after
    return rows


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--cpu", default="cortex-a57")
    parser.add_argument("--json", default=str(BUILD / "bench.json"))
    args = parser.parse_args()
    image = guests.build("bench_guest")
    board = {"cpu": args.cpu, "smp": 2, "extra": ICOUNT}
    native = measure(bare(image, reboots=True, **board))
    hosted = measure(corbel(pack("bench", TOML % image, "1G", 2), **board))
    print("%-34s %12s %12s" % ("instructions, " + args.cpu, "bare", "Corbel"))
    for name, value in hosted.items():
        print("%-34s %12s %12d" % (name, native.get(name, "-"), value))
    pathlib.Path(args.json).write_text(json.dumps(
        {"cpu": args.cpu, "bare": native, "corbel": hosted}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print("FAILED: %s" % failure)
        sys.exit(1)
