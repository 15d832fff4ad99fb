#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/exits.md names every class of exit and every system register that is answered."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]


def answered():
    for path in ('vcpu/exits.c', 'vm/vm.c', 'core/vmm/exits.c'):
        for line in (TOP / path).read_text().splitlines():
            if entry := re.match(r'\s*\[(EC_\w+)\]\s*=\s*(\w+)', line):
                yield from entry.groups()
    table = (TOP / 'vcpu/sysreg_table.c').read_text()
    names = re.findall(r'\bSYS\([^"]*"([^"]+)"', table)
    assert len(names) > 40, 'the rows of vcpu/sysreg_table.c are not recognized'
    yield from names


def main():
    documented = set(re.findall(r'`([^`]+)`', (TOP / 'docs/exits.md').read_text()))
    missing = sorted(set(answered()) - documented)
    for name in missing:
        print(f'docs/exits.md: {name} is not in it')
    if not missing:
        print('docs/exits.md names all that is answered')
    return bool(missing)


if __name__ == '__main__':
    sys.exit(main())
