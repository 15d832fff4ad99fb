#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every wrong configuration of tests/config/wrong.toml is answered with exactly its lines."""
import contextlib
import io
import os
import pathlib
import struct
import sys
import tempfile
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / 'tools'))
import corbel_config  # noqa: E402

SYSTEM = 'vms = ["vm.toml"]\n'
VM = 'kernel = "Image"\nmemory = "64M"\n'


def image(size):
    """An arm64 Image as far as its header goes."""
    head = struct.pack('<II4Q', 0, 0, 0, size, 0xa, 0) + b'\0' * 16 + b'ARM\x64' + b'\0' * 4
    return head.ljust(size, b'\0')


def elf(machine):
    ident = b'\x7fELF\x02\x01\x01'.ljust(16, b'\0')
    return (ident + struct.pack('<HH', 2, machine)).ljust(64, b'\0')


FILES = {
    'Image': image(0x10000),
    'prog.elf': elf(183),
    'arm.elf': elf(40),
    'raw.bin': b'\x1f\x20\x03\xd5' * 2048,
    'zImage': (b'\0' * 0x24 + b'\x18\x28\x6f\x01').ljust(4096, b'\0'),
    'zboot': b'MZ\0\0zimg'.ljust(4096, b'\0'),
    'initrd': b'x' * 4096,
    'empty': b'',
    'good.dtb': b'\xd0\x0d\xfe\xed'.ljust(64, b'\0'),
    'bad.gz': b'\x1f\x8b' + b'\xff' * 64,
    'torn.dts': b'/dts-v1/;\n/ {\n\tx = 4;\n};\n',
}


def run_case(case):
    """The lines the compiler writes, and its exit status."""
    if 'vm_cmdline' in case:
        case['vm'] = VM + 'cmdline = "' + 'x' * case['vm_cmdline'] + '"\n'
    pathlib.Path('vm.toml').write_text(case.get('vm', VM))
    name = 'system.dts' if 'dts' in case else 'system.toml'
    pathlib.Path(name).write_text(case.get('dts') or case.get('system', SYSTEM))
    out = io.StringIO()
    with contextlib.redirect_stderr(out):
        status = corbel_config.main(['check', '--build', 'build', name, *case.get('args', [])])
    return out.getvalue().splitlines(), status


def judge(case):
    lines, status = run_case(case)
    good = lines == case['expect'] and status == (1 if case['expect'] else 0)
    print(('ok   ' if good else 'FAIL ') + case['name'])
    if not good:
        print('  expected: ' + '\n            '.join(case['expect']))
        print('  came:     ' + '\n            '.join(lines) + f'  (exit status {status})')
    return good


def main():
    with open(TOP / 'tests/config/wrong.toml', 'rb') as f:
        cases = tomllib.load(f)['case']
    cases.insert(0, {'name': 'nothing wrong', 'expect': []})
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, data in FILES.items():
            (folder / file).write_bytes(data)
        os.chdir(folder)
        failed = sum(not judge(case) for case in cases)
        os.chdir(TOP)
    print(f'{len(cases) - failed} passed, {failed} failed')
    return 1 if failed or len(cases) < 26 else 0


if __name__ == '__main__':
    sys.exit(main())
