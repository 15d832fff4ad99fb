#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole machines in QEMU.

usage: tests/system/run.py --list [--matrix]     names, one a line
       tests/system/run.py --run NAME            one of them; the exit status is the truth

    bare_GUEST      an EL1 test guest on the bare machine: proves the expectation
    corbel_GUEST    the same guest under Corbel
    shared_GUEST    the same with four vCPUs on one CPU; pair_GUEST: in two VMs on one CPU
    traced_GUEST    the same while exits are traced, which the fast paths then leave alone
    boot_*          what Corbel says when it cannot boot
    linux_*         Debian's kernel under Corbel
    sched_*         what the scheduler's policies promise
    many_*          many VMs on few pCPUs
    life_*          VMs that die, come back, pause and go
    virtio_*        virtio devices of VMs, with Debian's drivers, and their cost
    channel_*       memory that VMs share, and their doorbells
    chaos_*         a guest that does its worst beside one that must not notice
    pass_*          devices of the board that a VM has for itself
    el2_*           the hypervisor's own tests at EL2
    fault_*         what the hardware may do wrong
    hostio_*        the board's disks and networks, driven by EL2 itself
    disks_*         Linux guests on the board's disks
    net_*           guests that talk to each other
    guests_*        some guests on another emulator
    matrix_*        --matrix: CPUs, sizes, emulators, firmware, kernels

The machine's output goes to standard output; tools/test.py keeps it in build/test/.
"""
import argparse
import signal
import sys

import boot
import channels
import chaos
import debian
import devices
import disks
import el2
import faults
import features
import guests
import hostio
import installer
import life
import linux
import many
import matrix
import net
import net_rules
import passthrough
import sched
import services
import soak
import virtio
from machine import TAIL, Failure


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--matrix", action="store_true")
    parser.add_argument("--run", metavar="NAME")
    args = parser.parse_args()
    usual = dict([*boot.tests(), *el2.tests(), *guests.tests(), *linux.tests(), *services.tests(),
                  *sched.tests(), *many.tests(), *life.tests(), *hostio.tests(), *disks.tests(),
                  *channels.tests(), *virtio.tests(), *chaos.tests(), *devices.tests(),
                  *net.tests(), *net_rules.tests(), *faults.tests(),
                  *features.tests(), *passthrough.tests(),
                  *matrix.representative()])
    wide = dict([*matrix.tests(), *sched.matrix(), *many.matrix(), *debian.tests(),
                 *installer.tests(), *soak.tests()])
    if args.list:
        print("\n".join(wide if args.matrix else usual))
        return 0
    test = {**usual, **wide}.get(args.run)
    if not test:
        print(__doc__)
        return 2
    # Whoever ends us ends the machine as well.
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit("terminated"))
    try:
        test()
    except Failure as failure:
        print("\nFAILED: %s" % str(failure)[-TAIL:])
        return 1
    print("\nPASSED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
