#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No instruction of the image touches an FP or SIMD register, libraries
included, except in the functions that switch the guest's."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SWITCH = re.compile(r"^arch_fp")
# A disassembled operand such as q0, d8, v3.16b: hardly ever anything else.
FP_OPERAND = re.compile(r"[\s,{\[](?:[bhsdq](?:[12]?\d|3[01])|v(?:[12]?\d|3[01])\.\w+)\b")


def main():
    listing = subprocess.run(
        ["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", "build/corbel.elf"],
        cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout
    function, lines, bad = "", 0, 0
    for line in listing.splitlines():
        head = re.match(r"^[0-9a-f]+ <(.*)>:$", line)
        if head:
            function = head.group(1)
            continue
        insn = re.match(r"^\s*[0-9a-f]+:\t(.*?)(?:\s+<.*|\s+//.*)?$", line)
        if not insn:
            continue
        lines += 1
        if FP_OPERAND.search(insn.group(1)) and not SWITCH.match(function):
            print("%s: %s" % (function, insn.group(1)))
            bad += 1
    print("%d instructions, %d with FP registers" % (lines, bad))
    sys.exit(1 if bad or not lines else 0)


main()
