#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From each call in the image, core/unwind.c finds the way to the caller's caller
that the compiler's debug information tells; and through an interrupt's entry.

usage: tests/check/unwind.py [ELF]
"""
import bisect
import ctypes
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ELF = pathlib.Path(sys.argv[1] if sys.argv[1:] else TOP / "build" / "corbel.elf").resolve()
TOOL = "aarch64-linux-gnu-"
NONE = -1
# What the compiler knows nothing of: an interrupt or SError of EL2, and an exit, where the chain
# ends.
ASSEMBLY = {"el2_irq": (176, 160, 144), "el2_fiq": (176, 160, 144),
            "el2_serror": (176, 160, 144),
            "guest_serror": (0, 240, 240), "light": (0, 240, 240), "light_call": (0, 240, 240),
            "light_irq": (0, 240, 240), "light_fiq": (0, 240, 240)}


class Frame(ctypes.Structure):
    _fields_ = [("size", ctypes.c_int32), ("pc_at", ctypes.c_int32), ("lr_at", ctypes.c_int32)]


def output(*command):
    return subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


def library(folder):
    out = folder + "/unwind.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-I.", "core/unwind.c", "-o", out], cwd=TOP,
                   check=True)
    return ctypes.CDLL(out)


def text_section():
    """(address, bytes)"""
    for line in output(TOOL + "readelf", "-SW", str(ELF)).splitlines():
        found = re.search(r"\] \.text +PROGBITS +(\w+) (\w+) (\w+)", line)
        if found:
            address, offset, size = (int(x, 16) for x in found.groups())
            return address, ELF.read_bytes()[offset:offset + size]
    raise SystemExit("no .text")


def debug_rows():
    """(address, size of the frame, place of the return address), ascending."""
    columns, rows = [], [(0, None, None)]
    for line in output(TOOL + "readelf", "--debug-dump=frames-interp", str(ELF)).splitlines():
        words = line.split()
        if words[:1] == ["LOC"]:
            columns = words
        elif "FDE" in words:
            first, last = words[-1][3:].split("..")
            columns = []
            rows.append((int(first, 16), 0, NONE))
            rows.append((int(last, 16), None, None))
        elif "CIE" in words:
            columns = []
        elif columns and re.match(r"[0-9a-f]{16}$", words[0] if words else ""):
            cfa = re.match(r"sp\+(\d+)$", words[1])
            if not cfa:
                raise SystemExit("%s: a frame that is not found from SP" % words[0])
            ra = words[columns.index("ra")] if "ra" in columns else "u"
            size = int(cfa.group(1))
            rows.append((int(words[0], 16), size, NONE if ra == "u" else size + int(ra[1:])))
    # What begins at a place comes behind what ends there.
    return sorted(rows, key=lambda row: (row[0], row[1] is not None))


def main():
    base, code = text_section()
    buffer = ctypes.create_string_buffer(code, len(code))
    functions = {int(words[0], 16): words[2] for words in map(
        str.split, output(TOOL + "nm", str(ELF)).splitlines())
        if words[1] in "tT" and not words[2].startswith("$")}
    start_of = sorted(functions)
    rows = debug_rows()
    places = [row[0] for row in rows]
    calls = bad = 0

    with tempfile.TemporaryDirectory() as folder:
        unwind = library(folder).unwind_frame

        def frame(start, at):
            found = Frame()
            where = ctypes.addressof(buffer) - base
            unwind(ctypes.c_void_p(where + start), ctypes.c_void_p(where + at),
                   ctypes.byref(found))
            return found.size, found.pc_at, found.lr_at

        for at, (op,) in enumerate(struct.iter_unpack("<I", code)):
            at = base + 4 * at
            if op >> 26 != 0x25 and op & 0xfffffc1f != 0xd63f0000:
                continue
            start = start_of[bisect.bisect_right(start_of, at) - 1]
            _, size, pc_at = rows[bisect.bisect_right(places, at) - 1]
            want = ASSEMBLY.get(functions[start], (size, pc_at, pc_at))
            if want[0] is None:
                continue
            calls += 1
            if frame(start, at) != want:
                print("%x in %s: %s, not %s" % (at, functions[start], frame(start, at), want))
                bad += 1
    print("%d calls, %d of them not understood" % (calls, bad))
    sys.exit(1 if bad or calls < 1000 else 0)


main()
