#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, with the flags of the hypervisor."""
import concurrent.futures
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
# Not arch/arm64/include/arch_impl: those are the second halves of arch/include/arch.
FOLDERS = ["arch/include", "core", "mm", "irq", "devices", "vcpu", "vm"]


def name_of(path):
    """As an #include line names it."""
    text = str(path.relative_to(TOP))
    root = "arch/include/"
    return "<%s>" % text[len(root):] if text.startswith(root) else '"%s"' % text


def compile_alone(command, path):
    # Twice: the second inclusion must add nothing.
    source = "#include %s\n#include %s\n" % (name_of(path), name_of(path))
    done = subprocess.run(command + ["-x", "c", "-fsyntax-only", "-"], input=source, cwd=TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def main():
    flags = subprocess.run(["make", "-s", "print-cflags"], cwd=TOP, check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split()
    command = [f for f in flags if f not in ("-MMD", "-MP")]
    headers = [p for folder in FOLDERS for p in sorted((TOP / folder).rglob("*.h"))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda p: compile_alone(command, p), headers))
    bad = [out for ok, out in results if not ok]
    print("".join(bad) + "%d headers, %d do not stand alone" % (len(headers), len(bad)))
    sys.exit(1 if bad or not headers else 0)


main()
