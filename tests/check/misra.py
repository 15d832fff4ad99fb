#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MISRA C:2012, as far as cppcheck's add-on can tell, against tests/check/misra_deviations.txt.

A rule is not adopted, for a reason; or holds but for the counted places of the files that are
listed; or holds everywhere. A count that rises fails, and so does one that fell: then the list
is to be shortened. What was found in a file is kept in build/misra/ under a hash of it and of
all that it includes.

usage: misra.py              the check
       misra.py RULE...      where rules are not kept
       misra.py --counts     the counts, as the list has them
"""
import collections
import functools
import hashlib
import importlib.util
import json
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = TOP / "build" / "misra"
DEVIATIONS = TOP / "tests" / "check" / "misra_deviations.txt"
FOLDERS = ("arch/arm64", "core", "core/lib", "core/vmm", "mm", "irq", "devices", "vcpu", "vm")
INCLUDE = (".", "arch/include", "arch/arm64/include")
# The headers of libraries are left out: cppcheck knows the C library's, and they are not ours.
CPPCHECK = ["cppcheck", "-q", "--dump", "--std=c11", "--platform=unix64", "-D__aarch64__=1",
            "--include=top/tests/check/cppcheck_libfdt.h"] + ["-Itop/" + d for d in INCLUDE]
UNREAD = ("unknownMacro", "syntaxError", "preprocessorErrorDirective", "internalAstError")
BATCH = 4


@functools.lru_cache(None)
def addon():
    """cppcheck's add-on, as a module."""
    for folder in ["/usr/share/cppcheck"] + sorted(map(str, pathlib.Path("/usr/lib").glob(
            "*/cppcheck"))):
        script = pathlib.Path(folder) / "addons" / "misra.py"
        if script.exists():
            sys.path.insert(0, str(script.parent))
            spec = importlib.util.spec_from_file_location("misra_addon", script)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    sys.exit("cppcheck's add-on misra.py is not there")


@functools.lru_cache(None)
def included(name):
    """The headers of the tree that a file includes itself."""
    found = set()
    for header in re.findall(r'(?m)^#include ["<](\S+)[">]', (TOP / name).read_text()):
        for folder in INCLUDE:
            if (TOP / folder / header).is_file():
                found.add(os.path.normpath(os.path.join(folder, header)))
                break
    return found


def key(name):
    """What decides what is found in a file."""
    files, new = set(), {name}
    while new:
        files |= new
        new = set().union(*(included(f) for f in new)) - files
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for file in sorted(files):
        digest.update(file.encode() + b"\0" + (TOP / file).read_bytes())
    return digest.hexdigest()


def violations(dump):
    """[(file, line, column, rule)] of a dump; the add-on itself only prints."""
    misra = addon()
    found = set()
    args = misra.get_args_parser().parse_args(["--quiet", "--no-summary"])
    checker = misra.MisraChecker(misra.MisraSettings(args))

    def report(location, num1, num2):
        found.add((os.path.normpath(location.file.removeprefix("top/")), location.linenr,
                   location.column, "%d.%d" % (num1, num2)))
    checker.reportError = report
    checker.parseDump(str(dump))
    return sorted(f for f in found if (TOP / f[0]).is_file())


def look(batch):
    """Files to what is found in each. cppcheck writes its dump beside the source, so it gets
    a link to that elsewhere."""
    found = {}
    with tempfile.TemporaryDirectory() as tmp:
        (pathlib.Path(tmp) / "top").symlink_to(TOP)
        for name in batch:
            source = pathlib.Path(tmp) / name
            source.parent.mkdir(parents=True, exist_ok=True)
            source.symlink_to(TOP / name)
        done = subprocess.run(CPPCHECK + list(batch), cwd=tmp, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode or any(what in done.stdout for what in UNREAD):
            raise RuntimeError("cppcheck cannot read %s:\n%s" % (" ".join(batch), done.stdout))
        for name in batch:
            found[name] = violations(pathlib.Path(tmp) / (name + ".dump"))
    return found


def find():
    """{(file, rule): places} over all files, each place once."""
    names = sorted(str(p.relative_to(TOP)) for d in FOLDERS for p in (TOP / d).glob("*.c"))
    keys = {name: key(name) for name in names}
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob("*.json"):
        if old.stem not in keys.values():
            old.unlink()
    new = [n for n in names if not (CACHE / (keys[n] + ".json")).exists()]
    # Large ones first, so that nobody waits for the last.
    new.sort(key=lambda n: -(TOP / n).stat().st_size)
    with multiprocessing.Pool(2) as pool:
        batches = [new[i:i + BATCH] for i in range(0, len(new), BATCH)]
        for found in pool.imap_unordered(look, batches):
            for name, places in found.items():
                (CACHE / (keys[name] + ".json")).write_text(json.dumps(places))
    places = {tuple(p) for n in names
              for p in json.loads((CACHE / (keys[n] + ".json")).read_text())}
    where = collections.defaultdict(set)
    for file, line, column, rule in places:
        where[file, rule].add((line, column))
    return names, where


def deviations():
    """({rule: reason}, {(file, rule): count}) of the list."""
    rules, counts = {}, {}
    for line in DEVIATIONS.read_text().splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        if words[0] == "rule":
            rules[words[1]] = " ".join(words[2:])
        else:
            counts[words[0], words[1]] = int(words[2])
    return rules, counts


def order(item):
    file, rule = item
    return [int(n) for n in rule.split(".")], file


def main():
    names, where = find()
    if sys.argv[1:2] == ["--counts"]:
        for file, rule in sorted(where, key=order):
            print("%s %s %d" % (file, rule, len(where[file, rule])))
        return
    if sys.argv[1:]:
        for file, rule in sorted(where, key=order):
            for line, _ in sorted(where[file, rule]) if rule in sys.argv[1:] else ():
                print("%s:%d: %s" % (file, line, rule))
        return
    rules, counts = deviations()
    bad = 0
    for rule in sorted(rules):
        if not any(r == rule for _, r in where):
            print("rule %s is kept everywhere: take it off the list" % rule)
            bad += 1
    for file, rule in sorted(set(where) | set(counts), key=order):
        nr, allowed = len(where.get((file, rule), ())), counts.get((file, rule), 0)
        if rule in rules and not allowed or nr == allowed:
            continue
        bad += 1
        if nr < allowed:
            print("%s: rule %s: %d places, %d are listed: lower the number" %
                  (file, rule, nr, allowed))
        for line, _ in sorted(where[file, rule]) if nr > allowed else ():
            print("%s:%d: rule %s (%d places, allowed %d)" % (file, line, rule, nr, allowed))
    print("%d files, %d rules not adopted, %d places of others, %d faults" %
          (len(names), len(rules), sum(counts.values()), bad))
    sys.exit(1 if bad or not names else 0)


if __name__ == "__main__":
    main()
