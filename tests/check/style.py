#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a script can tell of the house style: licence lines, sizes, stray names."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MAX_FUNCTION_LINES = 60
MAX_LINE = 100
SOURCE = (".c", ".h", ".S", ".py", ".ld", ".mk")

# Absolute paths that belong to one machine, not to every system.
HOME_PATHS = re.compile(r"(?<![\w.$}/*-])/(?:home|work|mnt|media|srv|opt|Users)/\w+")
SERVERS = re.compile(r"\b(?:https?|ftp)://(?!www\.w3\.org)|\b(?:deb|archive|registry|security)"
                     r"\.\w+\.(?:org|com)\b")


def tracked():
    """Files that git knows, plus new ones that it does not ignore."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, check=True,
                            stdout=subprocess.PIPE, text=True).stdout.split("\n")
    return [TOP / name for name in listed if name and (TOP / name).is_file()]


def licence(path, text):
    if path.suffix in SOURCE or text.startswith("#!"):
        if not any("SPDX-License-Identifier: Apache-2.0" in line
                   for line in text.splitlines()[:2]):
            yield 1, "no SPDX-License-Identifier line"


def stray_names(path, text):
    if path == pathlib.Path(__file__).resolve():
        return
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in (("a path of one machine", HOME_PATHS), ("a server", SERVERS)):
            found = pattern.search(line)
            if found:
                yield number, "%s is named: %s" % (what, found.group(0))


def long_lines(path, text):
    if path.suffix in SOURCE:
        for number, line in enumerate(text.splitlines(), 1):
            if len(line.expandtabs(8)) > MAX_LINE:
                yield number, "longer than %d columns" % MAX_LINE
            if line != line.rstrip():
                yield number, "blanks at the end"


def long_functions(path, text):
    """A function's body begins with { and ends with } in the first column."""
    if path.suffix != ".c":
        return
    begin = None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            begin = number
        elif line == "}" and begin:
            if number - begin - 1 > MAX_FUNCTION_LINES:
                yield begin, "function of %d lines" % (number - begin - 1)
            begin = None


def externs(path, text):
    if path.suffix == ".c" and not str(path.relative_to(TOP)).startswith("tests/"):
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("extern "):
                yield number, "extern belongs in a header"


EL2 = ("arch/", "core/", "mm/", "irq/", "devices/", "vcpu/", "vm/")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
# What core/lib/format.c knows; and operands of assembly.
FORMAT = re.compile(r"%(?:%|[-0]*(?:\*|\d+)?(?:\.(?:\*|\d+)?)?l{0,2}[csdux])|%\w?\d|%\[")


def formats(path, text):
    if not str(path.relative_to(TOP)).startswith(EL2):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for literal in LITERAL.findall(line):
            if "%" in FORMAT.sub("", literal):
                yield number, "a format that EL2's printf does not know: %s" % literal


def main():
    bad = 0
    files = tracked()
    for path in files:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for rule in (licence, stray_names, long_lines, long_functions, externs, formats):
            for number, why in rule(path, text):
                print("%s:%d: %s" % (path.relative_to(TOP), number, why))
                bad += 1
    print("%d files, %d faults" % (len(files), bad))
    sys.exit(1 if bad or not files else 0)


main()
