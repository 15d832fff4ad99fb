# SPDX-License-Identifier: Apache-2.0
"""Virtio devices of VMs: Debian's drivers on them, and what a request costs."""
import hashlib
import re
import subprocess
import sys

import guests
from linux import ESCAPE, GUESTS, LONG, Shell, boot, finish, vm
from load import no_findings
from machine import TOP, WORK, Failure, Machine, corbel, pack

# What a request may take, guest and hypervisor together: by row of tests/bench/bench_guest.c.
COSTS = {"blk_empty_1": 3300, "blk_empty_32": 1200, "blk_write_1": 4600, "blk_write_32": 2500,
         "blk_read_1": 4600, "blk_read_32": 2500}
MODULES = ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk"]


def initramfs():
    """The usual one with virtio's modules, loaded in their order."""
    out, script = WORK / "virtio.cpio.gz", WORK / "virtio.rc"
    WORK.mkdir(parents=True, exist_ok=True)
    script.write_text("#!/bin/busybox sh\n" + "".join(
        "insmod /lib/modules/%s.ko\n" % m for m in MODULES))
    script.chmod(0o755)
    files = ["%s=lib/modules/%s.ko" % (next((GUESTS / "cloud/modules").rglob(m + ".ko")), m)
             for m in MODULES]
    subprocess.run([sys.executable, str(TOP / "tools" / "initramfs.py"),
                    str(GUESTS / "busybox" / "busybox"), str(out), "%s=etc/rc" % script, *files],
                   check=True)
    return out


def md5_of(shell, file, flags=""):
    out = shell.run("dd if=%s bs=64k %s 2>/dev/null | md5sum" % (file, flags))
    return re.search(r"\b[0-9a-f]{32}\b", out)[0]


def disks_of_linux():
    """Memory and an image with private changes, through the cache and past it; a reset forgets."""
    image = WORK / "virtio.img"
    WORK.mkdir(parents=True, exist_ok=True)
    data = bytes(i * i % 251 for i in range(1 << 20))
    image.write_bytes(data)
    keys = ('[[vm.disk]]\nsize = "16M"\nname = "ram"\nqueues = 2\n'
            '[[vm.disk]]\nimage = "%s"\nserial = "an-image"\n'
            '[[vm.disk]]\nimage = "%s"\nreadonly = true\n' % (image, image))
    text = 'when_all_off = "shell"\n' + vm(vcpus=2, memory="256M", initrd=initramfs(), keys=keys)
    with boot("virtio_linux", text, smp=2) as m:
        shell = Shell(m)
        shell.ready(2)
        original = hashlib.md5(data).hexdigest()
        for disk in ("vdb", "vdc"):
            if md5_of(shell, "/dev/" + disk) != original:
                raise Failure("%s is not the image" % disk)
        if "an-image" not in shell.run("cat /sys/block/vdb/serial"):
            raise Failure("another serial number")
        shell.run("dd if=/dev/urandom of=/root/r bs=64k count=128 2>/dev/null")
        want = md5_of(shell, "/root/r")
        shell.run("dd if=/root/r of=/dev/vda bs=64k seek=128 2>/dev/null && sync")
        shell.run("echo 3 > /proc/sys/vm/drop_caches")
        for flags in ("skip=128", "skip=128 iflag=direct"):
            if md5_of(shell, "/dev/vda", flags) != want:
                raise Failure("the disk gives back something else")
        shell.run("dd if=/dev/zero of=/dev/vdb bs=3k count=7 conv=fsync 2>/dev/null")
        changed = hashlib.md5(bytes(3 * 1024 * 7) + data[3 * 1024 * 7:]).hexdigest()
        shell.run("echo 3 > /proc/sys/vm/drop_caches")
        if md5_of(shell, "/dev/vdb") != changed or md5_of(shell, "/dev/vdc") != original:
            raise Failure("what is written to the image is not private to its disk")
        if "1" not in shell.run("cat /sys/block/vdc/ro"):
            raise Failure("vdc can be written")
        shell.healthy()
        m.send("reboot -f\n")
        shell.ready(2)
        if md5_of(shell, "/dev/vdb") != original:
            raise Failure("a reset does not forget what was written")
        m.send(ESCAPE + "c")
        m.expect(r"corbel: console: input goes to", LONG)
        m.send("\n")
        # Its rings are mapped at EL2 just now.
        no_findings(m)
        m.send(ESCAPE + "0")
        shell.poweroff()
        m.expect(r"VM linux: off", LONG)


def requests_are_cheap():
    """Under -icount, where one instruction is one nanosecond."""
    text = ('[[vm]]\nname = "bench"\nmemory = "128M"\nkernel = "%s"\ncmdline = "mode=8"\n'
            'disk = { size = "1M" }\n' % guests.build("bench_guest"))
    extra = ["-icount", "shift=0,sleep=off"]
    with Machine(corbel(pack("virtio_cost", text, "1G", 1), smp=1, extra=extra)) as m:
        hz = int(m.expect(r"^hz (\d+)\n", LONG)[1])
        over = []
        for row, limit in COSTS.items():
            found = m.expect(r"^bench %s (\d+) (\d+)\n" % row, LONG * 2)
            cost = int(found[1]) * 10 ** 9 // hz // int(found[2])
            print("%s: %d instructions, at most %d" % (row, cost, limit))
            if not 0 < cost <= limit:
                over.append(row)
        finish(m)
    if over:
        raise Failure("too much: " + ", ".join(over))


def tests():
    yield "virtio_linux", disks_of_linux
    yield "virtio_cost", requests_are_cheap
