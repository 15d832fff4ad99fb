#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fio's 4 KiB requests in Debian, on one CPU: bare on QEMU's disk, and under Corbel.

usage: tests/bench/fio.py

Under -icount shift=0,sleep=off, where one instruction is one nanosecond of the guest's time;
QEMU's own work costs none. Prints the table of docs/performance.md. Needs make guest-disk.
"""
import re
import subprocess
import sys

import measure  # noqa: F401  (makes what is below importable)
from linux import GUESTS
from machine import LONG, TOP, WORK, Failure, Machine, bare, corbel, pack, written
from measure import BOARD

MODULES = ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk"]
ROOT = GUESTS / "debian" / "root.img"
# The first disk has fio; the second one is written to.
RC = """#!/bin/sh
for m in %s; do insmod /lib/modules/$m.ko; done
mkdir -p /new
mount -t ext4 -o ro,noload /dev/vda /new
mount -t proc proc /new/proc
mount -t sysfs sys /new/sys
mount -t devtmpfs dev /new/dev
mount -t tmpfs tmp /new/tmp
for rw in randread randwrite; do for depth in 1 32; do
	echo "FIO $rw $depth"
	chroot /new /bin/sh -c "cd /tmp; fio --name=x --filename=/dev/vdb --rw=$rw --bs=4k \\
		--size=60m --io_size=$((8 + depth))m --iodepth=$depth --ioengine=libaio \\
		--direct=1 --thread --output-format=terse"
done; done
poweroff -f
""" % " ".join(MODULES)
# Where fio's terse line, version 3, has requests a second and the least time of one.
FIELDS = {"randread": (7, 37), "randwrite": (48, 78)}
KINDS = {"bare": None, "a RAM disk": 'size = "64M"', "a disk of the board": 'physical = "1"'}


def initramfs():
    out = WORK / "fio.cpio.gz"
    files = ["%s=etc/rc" % written(WORK / "fio.rc", RC.encode())]
    files += ["%s=lib/modules/%s.ko" % (next((GUESTS / "cloud/modules").rglob(m + ".ko")), m)
              for m in MODULES]
    subprocess.run([sys.executable, TOP / "tools/initramfs.py", GUESTS / "busybox/busybox", out,
                    *files], check=True)
    return out


def machine(name, disk):
    """Of QEMU's disks the one that comes last has the lowest address."""
    extra = BOARD["extra"] + [
        "-global", "virtio-mmio.force-legacy=false",
        "-blockdev", "driver=null-co,node-name=null,size=%d,read-zeroes=on" % (64 << 20),
        "-device", "virtio-blk-device,drive=null",
        "-drive", "if=none,id=root,format=raw,readonly=on,file=%s" % ROOT,
        "-device", "virtio-blk-device,drive=root"]
    board = {**BOARD, "smp": 1, "extra": extra}
    if not disk:
        return bare(GUESTS / "cloud/Image", "console=ttyAMA0 quiet", initramfs(), **board)
    text = ('[[vm]]\nname = "fio"\nmemory = "512M"\nkernel = "%s"\ninitrd = "%s"\n'
            'cmdline = "console=ttyAMA0 quiet"\n[[vm.disk]]\nphysical = "0"\nreadonly = true\n'
            '[[vm.disk]]\n%s\n' % (GUESTS / "cloud/Image", initramfs(), disk))
    return corbel(pack(name, text, "1G", 1), **board)


def figures(name, disk):
    """(requests a second, least microseconds) by (rw, depth)."""
    with Machine(machine(name, disk)) as m:
        m.ends(4 * LONG)
    found = {}
    for rw, depth, line in re.findall(r"FIO (\w+) (\d+)\n(?:.*\n)*?.*?\b3;fio-(.*)", m.text):
        fields = ("3;" + line).split(";")
        iops, least = (fields[n] for n in FIELDS[rw])
        found[rw, depth] = (int(iops), round(float(least)))
    if len(found) != 4:
        raise Failure("fio did not report: " + m.text[-1000:])
    return found


def main():
    all_of = [figures("fio_%d" % n, disk) for n, disk in enumerate(KINDS.values())]
    rows = [("%s, one at a time, us" % rw, (rw, "1"), 1) for rw in FIELDS]
    rows += [("%s, 32 at a time, requests a second" % rw, (rw, "32"), 0) for rw in FIELDS]
    print("\n| 4 KiB | %s |\n| --- |%s" % (" | ".join(KINDS), " ---: |" * len(KINDS)))
    for title, key, which in rows:
        print("| %s | %s |" % (title, " | ".join(str(f[key][which]) for f in all_of)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
