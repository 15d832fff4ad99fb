# SPDX-License-Identifier: Apache-2.0
"""Linux guests on the board's disks: partitions, whole disks, and what a killed machine leaves."""
import os
import random
import re
import shutil
import subprocess
import sys

from hostio import MODERN, drive
from linux import GONE, GUESTS, Shell, vm
from machine import LONG, TOP, WORK, Failure, Machine, corbel, pack

sys.path.insert(0, str(TOP / "tools"))
import disk_image  # noqa: E402

MODULES = ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk"]
MIB = 1 << 20


def initramfs(name, script=None):
    """A shell's initramfs that loads the driver of virtual disks, then runs the script."""
    WORK.mkdir(parents=True, exist_ok=True)
    modules = next((GUESTS / "cloud" / "modules").iterdir())
    rc, out = WORK / (name + ".rc"), WORK / (name + ".cpio.gz")
    rc.write_text("#!/bin/sh\nfor m in %s; do insmod /lib/modules/$m.ko; done\n%s" %
                  (" ".join(MODULES), script or ""))
    rc.chmod(0o755)
    files = ["%s=lib/modules/%s.ko" % (next(modules.rglob(m + ".ko")), m) for m in MODULES]
    subprocess.run([sys.executable, str(TOP / "tools" / "initramfs.py"),
                    str(GUESTS / "busybox" / "busybox"), str(out), "%s=etc/rc" % rc, *files],
                   check=True)
    return out


def disk(physical, partition=None, keys=""):
    part = 'partition = "%s"\n' % partition if partition else ""
    return '[[vm.disk]]\nphysical = "%s"\n%s%s\n' % (physical, part, keys)


def partitions_and_a_whole_disk():
    """
    Two VMs with a partition each of one disk, one of them with a disk of its own as well. A
    file system, written and read again after a reset of the VM; the other partition is as it was.
    """
    work, whole = WORK / "disks_work.img", WORK / "disks_whole.img"
    initrd = initramfs("disks")
    places = disk_image.make(str(work), 96 * MIB, ["left=40M", "right=40M"])
    disk_image.make(str(whole), 64 * MIB, [])
    text = (vm("left", vcpus=1, memory="256M", initrd=initrd) + disk("work", "left") +
            disk("1", keys='serial = "mine"') +
            vm("right", vcpus=1, memory="256M", initrd=initrd) + disk("work", "right"))
    # The last one of QEMU's devices has the lowest address: number 0.
    extra = MODERN + drive("whole", whole) + drive("work", work)
    with Machine(corbel(pack("disks", text), extra=extra)) as m:
        for name in ("left", "right"):
            m.seen = 0
            Shell(m, r"^\[%s\] .*" % name).ready(1)
        m.seen = len(m.text)
        left = Shell(m)
        sizes = left.run("cat /sys/block/vda/size /sys/block/vdb/size")
        if re.findall(r"\b\d{5,}\b", sizes) != [str(40 * MIB // 512), str(64 * MIB // 512)]:
            raise Failure("the sizes are not those of partition and disk")
        if "mine" not in left.run("cat /sys/block/vdb/serial"):
            raise Failure("the serial number is not the configuration's")
        left.run("mke2fs /dev/vda >/dev/null && mount -t ext2 /dev/vda /tmp && "
                 "dd if=/dev/urandom of=/tmp/file bs=64k count=100 2>/dev/null")
        found = re.search(r"\b[0-9a-f]{32}\b", left.run("md5sum /tmp/file && umount /tmp"))
        left.run("dd if=/dev/zero bs=1M count=8 2>/dev/null | tr '\\0' 'x' "
                 "| dd of=/dev/vdb bs=64k 2>/dev/null; sync")
        m.send("reboot -f\n")
        left.ready(1)
        if found[0] not in left.run("mount -t ext4 /dev/vda /tmp && md5sum /tmp/file"):
            raise Failure("the file is another after the reset")
        if "xxxxxxxx" not in left.run("dd if=/dev/vdb bs=8 skip=1000 count=1 2>/dev/null; echo"):
            raise Failure("the other disk does not hold what was written")
        left.healthy()
        left.poweroff()
        # What is typed before the console has moved on goes to the VM that is off.
        m.expect(r"corbel: console: input goes to \d+ right", LONG)
        right = Shell(m)
        right.run("dd if=/dev/vda bs=1M 2>/dev/null | tr -d '\\0' | wc -c | grep -q '^0$'")
        right.healthy()
        right.poweroff()
        m.ends(LONG)
        m.never(GONE)
    start, size = places["right"]
    with open(work, "rb") as f:
        f.seek(start)
        if f.read(size).strip(b"\0"):
            raise Failure("there is something in the partition that nobody wrote to")


def claimed_once():
    """Serial number and number of one disk: the second VM is named, and the first goes on."""
    path = WORK / "disks_claim.img"
    initrd = initramfs("disks_claim", "poweroff -f\n")
    disk_image.make(str(path), 8 * MIB, ["part=1M"])
    text = (vm("first", vcpus=1, memory="128M", initrd=initrd) + disk("disk", "part") +
            vm("second", vcpus=1, memory="128M", initrd=initrd) + disk("0"))
    with Machine(corbel(pack("disks_claim", text), extra=MODERN + drive("disk", path))) as m:
        m.expect(r"VM (first|second): disk \w+: VM (first|second) has it, or a part of it", LONG)
        m.expect(r"VM (first|second): off", LONG)
        m.ends(LONG)


# A record of 4 KiB: its number and bytes that follow from it. The guest writes one after the
# other, flushes, and prints the number only then.
RECORD = 4096
LOAD = """
n=1
while :; do
	printf '%08d' $n >/tmp/number
	for i in 1 2 3 4 5 6 7 8; do cat /tmp/number; done >/tmp/line
	for i in 1 2 3 4 5 6 7 8; do cat /tmp/line; done >/tmp/block
	for i in 1 2 3 4 5 6 7 8; do cat /tmp/block; done >/tmp/record
	dd if=/tmp/record of=/dev/vda bs=4096 seek=$(((n - 1) % 4096)) conv=fsync,notrunc \\
		2>/dev/null && echo "FLUSHED $n."
	n=$((n + 1))
done
"""


def record(number):
    return (b"%08d" % number) * (RECORD // 8)


def check_image(path, start, last):
    """All that was said to be flushed is in the image of a machine that is dead."""
    with open(path, "rb") as f:
        for number in range(1, last + 1):
            f.seek(start + (number - 1) * RECORD)
            if f.read(RECORD) != record(number):
                raise Failure("record %d of %d is not on the disk" % (number, last))


def flushed_is_on_the_disk(kills=3):
    """QEMU is killed at moments of a seed, under a load of writes and flushes."""
    rng = random.Random(int(os.environ.get("SEED", "20")))
    path = WORK / "disks_kill.img"
    initrd = initramfs("disks_kill", LOAD)
    bundle = pack("disks_kill", vm(vcpus=1, memory="128M", initrd=initrd) + disk("disk", "load"))
    for _ in range(int(os.environ.get("KILLS", kills))):
        start, _ = disk_image.make(str(path), 24 * MIB, ["load=16M"])["load"]
        args = corbel(bundle, extra=MODERN + drive("disk", path))
        with Machine(args) as m:
            m.expect(r"FLUSHED %d\.\n" % rng.randrange(5, 120), LONG * 2)
            # Within some write, and not always the same part of it.
            m.quiet(rng.random() / 10)
            m.kill()
            m.quiet(1)
        numbers = [int(n) for n in re.findall(r"^FLUSHED (\d+)\.\n", m.text, re.M)]
        if numbers != list(range(1, len(numbers) + 1)):
            raise Failure("the guest did not count: %s" % numbers)
        check_image(path, start, numbers[-1])


def boot_disk(name):
    """A disk with one partition, with a kernel and its initramfs."""
    root, tree = WORK / (name + ".root"), WORK / (name + ".tree")
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    shutil.copy(GUESTS / "cloud" / "Image", tree / "Image")
    shutil.copy(GUESTS / "initramfs.cpio.gz", tree / "initrd")
    root.unlink(missing_ok=True)
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(tree), str(root), "64M"],
                   check=True, env={**os.environ, "PATH": path})
    image = WORK / (name + ".img")
    disk_image.make(str(image), 80 * MIB, ["boot=64M:%s" % root])
    return image


def u_boot_loads_a_kernel():
    """U-Boot as a guest: its own virtio driver reads a partition table, a file system, a kernel."""
    image = boot_disk("disks_uboot")
    # It looks for its settings where the virt board has flash.
    text = ('[[vm]]\nname = "uboot"\nvcpus = 2\n'
            'memory = [{ size = "512M" }, { ipa = 0x04000000, size = "256K", access = "r" }]\n'
            'kernel = { file = "%s", type = "raw", load = 0x40200000 }\n'
            'dtb = { load = 0x40000000 }\n' % (GUESTS / "u-boot" / "u-boot.bin") +
            disk("boot"))
    args = corbel(pack("disks_uboot", text), extra=MODERN + drive("boot", image))
    with Machine(args) as m:
        m.expect(r"Hit any key to stop autoboot", LONG * 2)
        m.send(" \n\n")
        m.expect(r"=> ")
        for command, answer in (
                ("load virtio 0:1 0x44000000 /initrd", r"\d+ bytes read"),
                ("setenv size ${filesize}", r"=> "),
                ("load virtio 0:1 0x48000000 /Image", r"\d{8} bytes read"),
                ("setenv bootargs console=ttyAMA0 from=u-boot", r"=> ")):
            m.send(command + "\n")
            m.expect(answer, LONG * 2)
        m.send("booti 0x48000000 0x44000000:${size} ${fdtcontroladdr}\n")
        shell = Shell(m)
        shell.ready(2)
        if "from=u-boot" not in shell.run("cat /proc/cmdline"):
            raise Failure("the command line is not U-Boot's")
        shell.healthy()
        shell.poweroff()
        m.ends(LONG)
        m.never(GONE)


def tests():
    yield "disks_partitions", partitions_and_a_whole_disk
    yield "disks_claimed_once", claimed_once
    yield "disks_flushed", flushed_is_on_the_disk
    yield "disks_u_boot", u_boot_loads_a_kernel
