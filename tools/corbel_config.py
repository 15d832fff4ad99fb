#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check a system configuration, pack it with the files it names, show it as DTS.

docs/configuration.md describes the files. Errors come one a line on standard error,
    file:line: key: what is wrong; what would be right
and make the exit status 1.
"""
import argparse
import os
import sys

import corbel_config_pack as pack
import corbel_config_qemu as qemu
import corbel_config_schema as schema
from corbel_config_check import Board, check_system
from corbel_config_source import Errors, Unreadable
from corbel_config_system import read_system

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def size_argument(text):
    """A memory size as QEMU takes it: 4G, 512M, or 512 for megabytes."""
    text = text.upper()
    try:
        return schema.Size().read(text + 'M' if text.isdigit() else text)
    except schema.Wrong as err:
        raise argparse.ArgumentTypeError(f'{err}; {schema.Size.right}') from None


def port_argument(text):
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is no port; write a number up to 65535")
    return int(text)


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('command', choices=['check', 'pack', 'dts', 'deps', 'board', 'qemu'],
                        help=(
        'check: only look; pack: write the bundle; dts: print the same as DTS; '
        'deps: print the names of all files it is made from; '
        'board: print the board the system is for, as SMP=... and MEM=...; '
        'qemu: print its disks and networks as QEMU takes them, and make missing disks'))
    parser.add_argument('file', help='the system, in TOML or DTS')
    parser.add_argument('-o', '--output', help='pack: the bundle (default: BUILD/bundle.cpio)')
    parser.add_argument('--build', default=os.path.join(TOP, 'build'),
                        help='what @build/ in file names stands for')
    parser.add_argument('--ssh-port', type=port_argument, metavar='PORT',
                        help='qemu: instead of the first ssh_port; 0: none')
    parser.add_argument('--board-mem', type=size_argument, help='memory of the board')
    parser.add_argument('--board-cpus', type=int, help='CPUs of the board')
    return parser.parse_args(argv)


def board_of(system, args):
    """The command line knows better than the file."""
    cpus = args.board_cpus or system.board['cpus'].value
    return Board(cpus, args.board_mem or system.board['memory'].value)


def print_board(system):
    cpus, memory = system.board['cpus'].value, system.board['memory'].value
    if cpus:
        print(f'SMP={cpus}')
    if memory:
        print(f'MEM={memory >> 20}M')


def run(args, errors):
    system = read_system(args.file, errors)
    if args.command in ('deps', 'board', 'qemu') and not errors.lines:
        if args.command == 'board':
            print_board(system)
        elif args.command == 'qemu':
            print(qemu.arguments(system, args.build, args.ssh_port, errors))
        else:
            print('\n'.join(pack.file_list(system, args.build)))
        return
    if not errors.lines:
        check_system(system, board_of(system, args), args.build, errors)
    if errors.lines:
        return
    if args.command == 'pack':
        pack.write_bundle(system, args.build,
                          args.output or os.path.join(args.build, 'bundle.cpio'))
    elif args.command == 'dts':
        print(pack.dts_text(system, args.build), end='')


def main(argv=None):
    errors = Errors()
    try:
        run(arguments(argv), errors)
    except Unreadable as err:
        errors.text(str(err))
    for line in errors.lines:
        print(line, file=sys.stderr)
    return 1 if errors.lines else 0


if __name__ == '__main__':
    sys.exit(main())
