#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a Linux guest's initramfs: static busybox, an /init, and what is added.

usage: tools/initramfs.py BUSYBOX OUT.cpio.gz [FILE=PATH...]

FILE=PATH adds a file of the host under PATH, executable when it is so here. A
script at /etc/rc runs after the mounts and before the shell; it may power off. One at
/etc/init takes the place of all that comes after the mounts.
/lib/modules/evdev.ko and gpio_keys.ko are loaded, /bin/power-key is started.
The output depends on the input alone: no times, no owners.
"""
import gzip
import os
import pathlib
import stat
import sys

INIT = """\
#!/bin/busybox sh
busybox=/bin/busybox
$busybox mount -t devtmpfs dev /dev
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
$busybox mkdir -p /dev/pts
$busybox mount -t devpts pts /dev/pts
$busybox --install -s /bin
export PATH=/bin HOME=/root PS1='# '
hostname guest
cd /root
for m in evdev gpio_keys; do [ ! -f /lib/modules/$m.ko ] || insmod /lib/modules/$m.ko; done
[ ! -x /bin/power-key ] || power-key &
[ ! -x /etc/init ] || exec /etc/init
[ ! -x /etc/rc ] || /etc/rc
echo "Linux $(uname -r) on $(nproc) CPUs. 'poweroff -f' ends it, 'reboot -f' restarts it."
setsid cttyhack sh
poweroff -f
"""
FOLDERS = ["bin", "dev", "etc", "proc", "root", "sys", "tmp"]


def entry(name, mode, data=b"", ino=[0]):
    """One member of a newc archive, padded to 4 bytes twice."""
    ino[0] += 1
    fields = [ino[0], mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def archive(busybox, extra):
    files = {"bin/busybox": (0o755, busybox), "init": (0o755, INIT.encode())}
    folders = set(FOLDERS)
    for spec in extra:
        source, _, path = spec.partition("=")
        path = path.strip("/")
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        files[path] = (mode, pathlib.Path(source).read_bytes())
        folders |= {str(p) for p in pathlib.PurePath(path).parents if str(p) != "."}
    out = [entry(f, stat.S_IFDIR | 0o755) for f in sorted(folders)]
    out += [entry(n, stat.S_IFREG | m, d) for n, (m, d) in sorted(files.items())]
    return b"".join(out) + entry("TRAILER!!!", 0)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    data = archive(pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[3:])
    # Complete or not there: others may be booting the old one.
    part = pathlib.Path("%s.%d.part" % (sys.argv[2], os.getpid()))
    part.write_bytes(gzip.compress(data, 9, mtime=0))
    part.replace(sys.argv[2])


main()
