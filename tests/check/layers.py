#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file includes headers of its own folder and of lower floors, nothing else."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

# The floors of the house; docs/architecture.md draws them.
FLOORS = {
    "core/lib": 0,
    "arch": 1,
    "core": 2,
    "mm": 3, "irq": 3, "devices": 3,
    "vcpu": 4,
    "vm": 5,
    "core/vmm": 6,
}
# The only libraries that EL2 has. The compiler's own headers, then newlib's, libfdt's.
LIBRARY = set("stdarg.h stdatomic.h stdbool.h stddef.h stdint.h limits.h stdalign.h stdnoreturn.h "
              "ctype.h errno.h inttypes.h stdio.h stdlib.h string.h "
              "libfdt.h".split())
# Who may see more of newlib: the glue below it. The version is generated.
EXTRA = {
    "core/lib/libc_glue.c": {"locale.h", "malloc.h", "reent.h"},
    "core/version.c": {"corbel_version.h"},
}


def folder_of(path):
    """The longest folder name of FLOORS that path lies in."""
    fits = [f for f in FLOORS if path.startswith(f + "/")]
    return max(fits, key=len, default=None)


def problem(path, line):
    """What is wrong with one #include line of path, or None."""
    own = folder_of(path)
    quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
    angled = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
    if quoted:
        name = quoted.group(1)
        if not (TOP / name).exists():
            return 'no such file from the top: "%s"' % name
        to = folder_of(name)
        if to is None:
            return '"%s" is on no floor' % name
        if to != own and FLOORS[to] >= FLOORS[own]:
            return '"%s" is %s: floor %d includes only its own folder and floors below' % (
                name, "sideways" if FLOORS[to] == FLOORS[own] else "upward", FLOORS[own])
    elif angled:
        name = angled.group(1)
        if name.startswith("arch_impl/"):
            return None if own == "arch" else "<%s> is for arch/ alone" % name
        if name.startswith("arch/"):
            return None if FLOORS[own] >= 1 else "<%s> is upward" % name
        if name not in LIBRARY | EXTRA.get(path, set()):
            return "<%s> is not a header that EL2 has" % name
    return None


def main():
    bad = 0
    files = [p for folder in ("core", "arch", "mm", "irq", "devices", "vcpu", "vm")
             for p in sorted((TOP / folder).rglob("*.[chS]"))]
    for file in files:
        path = str(file.relative_to(TOP))
        for number, line in enumerate(file.read_text().splitlines(), 1):
            why = problem(path, line)
            if why:
                print("%s:%d: %s" % (path, number, why))
                bad += 1
    print("%d files, %d includes that break the floors" % (len(files), bad))
    sys.exit(1 if bad or not files else 0)


main()
