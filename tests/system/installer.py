# SPDX-License-Identifier: Apache-2.0
"""Debian's installer as a guest."""
import contextlib
import gzip
import hashlib
import http.server
import os
import shutil
import subprocess
import threading

from disks import disk
from hostio import MODERN, drive
from linux import BAD, GONE, vm
from machine import BUILD, LONG, TOP, WORK, Failure, Machine, corbel, pack
from matrix import fetched

INSTALLER = BUILD / "guests/installer"
PARTMAN = BUILD / "guests/partman"
REST = TOP / "tests/guests/partman"
# What Debian's installer would ask until its disk is ready.
PRESEED = """
d-i debian-installer/locale string C
d-i debian-installer/allow_unauthenticated boolean true
d-i keyboard-configuration/xkb-keymap select us
d-i netcfg/choose_interface select auto
d-i netcfg/get_hostname string guest
d-i netcfg/get_domain string
d-i mirror/country string manual
d-i mirror/protocol string http
d-i mirror/http/hostname string 10.0.2.2:%d
d-i mirror/http/directory string /debian
d-i mirror/http/proxy string
d-i mirror/suite string stable
d-i partman-auto/method string regular
d-i partman-auto/disk string /dev/vda
d-i partman-auto/choose_recipe select atomic
d-i partman/choose_partition select finish
d-i partman/confirm boolean true
d-i partman/confirm_nooverwrite boolean true
"""
UDEB = """Package: %s
Version: 1
Architecture: arm64
Maintainer: nobody <root@localhost>
Section: debian-installer
Description: %s
"""
# In the place of disk-detect. partman's log is shown, and it need not look for LVM.
DETECT = """#!/bin/sh
: >>/var/log/partman
tail -f /var/log/partman </dev/null >/dev/console 2>&1 &
depmod -a 2>/dev/null
modprobe virtio_blk
modprobe ext4
mkdir -p /var/lib/partman
>/var/lib/partman/loaded-extra
"""
# After partman, in the place of what installs the system on /target.
INSTALL = """#!/bin/sh
exec >/dev/console 2>&1
set -ex
grep ' /target ' /proc/mounts
grep ' /target/boot ' /proc/mounts
cat /target/etc/fstab
cp /sbin/mke2fs /var/log/partman /target
umount /target/boot
umount /target
dmesg | tail -n 100
ip route
echo PARTED-$((40 + 2))
poweroff -f
"""
ARCHIVE = "dists/bookworm/main/debian-installer/binary-arm64/Packages"
RELEASE = """Origin: Debian
Suite: stable
Codename: bookworm
Architectures: arm64
Components: main
SHA256:
 %s %d main/debian-installer/binary-arm64/Packages
"""


def tree(name, control, parts=(), **scripts):
    """The folder of a package for the installer."""
    root = WORK / "installer.udebs" / name
    for part in parts:
        shutil.copytree(part, root, symlinks=True, dirs_exist_ok=True)
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(UDEB % (name, name) + control)
    for script, text in scripts.items():
        (root / "DEBIAN" / script).write_text(text)
        (root / "DEBIAN" / script).chmod(0o755)
    return root


def rest_of_partman():
    """What partman needs that the archive may have neither as udeb nor as source.

    partman-partitioning, -basicfilesystems, -ext3 and -basicmethods are scripts about
    kinds of partition tables and file systems: here for one kind, and for Debian's mke2fs.
    di-utils-mapdevfs is about names of devices that there are no more.
    """
    version = (INSTALLER / "version").read_text().strip()
    return tree("rest-of-partman", "Priority: standard\nKernel-Version: %s\n" % version +
                "Installer-Menu-Item: 3500\nProvides: harddrive-detection, "
                "di-utils-mapdevfs, partman-partitioning, partman-basicfilesystems, partman-ext3, "
                "partman-basicmethods\n", (INSTALLER / "parts", REST), postinst=DETECT)


def packed(root, folder):
    """The package in the archive; its entry in the index."""
    udeb = root / (folder.name + ".udeb")
    subprocess.run(["dpkg-deb", "-Zgzip", "--root-owner-group", "-b", str(folder), str(udeb)],
                   check=True, stdout=subprocess.DEVNULL)
    data = udeb.read_bytes()
    return "%sFilename: %s\nSize: %d\nMD5sum: %s\nSHA256: %s\n\n" % (
        (folder / "DEBIAN/control").read_text(), udeb.name, len(data),
        hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest())


def archive(root):
    """An archive for the installer: its partitioner and what that needs."""
    for old in (root, WORK / "installer.udebs"):
        shutil.rmtree(old, ignore_errors=True)
    folders = [PARTMAN / name for name in ("partman-base", "partman-utils", "partman-auto",
                                           "partman-target")]
    folders += [tree("libparted2-udeb", "Priority: optional\n", [PARTMAN / "libparted"]),
                rest_of_partman(),
                tree("install", "Priority: standard\nInstaller-Menu-Item: 6500\n"
                     "Depends: mounted-partitions, created-fstab\n", postinst=INSTALL)]
    packages = root / ARCHIVE
    packages.parent.mkdir(parents=True)
    packages.write_text("".join(packed(root, folder) for folder in folders))
    release = RELEASE % (hashlib.sha256(packages.read_bytes()).hexdigest(),
                         packages.stat().st_size)
    for suite in ("bookworm", "stable"):
        (root / "dists" / suite / "main/binary-arm64").mkdir(parents=True)
        (root / "dists" / suite / "Release").write_text(release)
        (root / "dists" / suite / "main/binary-arm64/Release").write_text("Architecture: arm64\n")


@contextlib.contextmanager
def mirror():
    """The port of a web server with that archive."""
    root = WORK / "installer.archive"
    archive(root / "debian")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(root))

        def log_message(self, text, *args):
            print("\nmirror: " + text % args)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def installer_initrd(port):
    """The installer's, and behind it an archive with the answers."""
    folder, out = WORK / "installer", WORK / "installer.initrd"
    shutil.rmtree(folder, ignore_errors=True)
    # Its log, as its own console shows little.
    start = folder / "lib/debian-installer-startup.d"
    start.mkdir(parents=True)
    (start / "S11log").write_text("tail -f /var/log/syslog >/dev/console 2>&1 &\n")
    (folder / "preseed.cfg").write_text(PRESEED % port)
    names = "\n".join(str(p.relative_to(folder)) for p in sorted(folder.rglob("*")))
    more = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=folder,
                          input=names.encode(), stdout=subprocess.PIPE, check=True)
    out.write_bytes((INSTALLER / "initrd.gz").read_bytes() + gzip.compress(more.stdout))
    return out


def partitions(path):
    """Where those of a disk with a GPT begin, in bytes."""
    with open(path, "rb") as f:
        f.seek(512)
        if f.read(8) != b"EFI PART":
            raise Failure("there is no partition table")
        f.seek(1024)
        entries = f.read(128 * 128)
    starts = [int.from_bytes(entries[at + 32:at + 40], "little") * 512
              for at in range(0, len(entries), 128)]
    return [start for start in starts if start]


def tool(*command):
    env = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    return subprocess.run(command, env=env, stdout=subprocess.PIPE)


def is_ready(image):
    """The disk is as the recipe has it, and the root file system holds what came to /target."""
    starts = partitions(image)
    if len(starts) != 4:
        raise Failure("there are %d partitions" % len(starts))
    _, boot, root, swap = starts
    for start in (boot, root):
        if tool("e2fsck", "-fn", "%s?offset=%d" % (image, start)).returncode:
            raise Failure("no sound file system at %d" % start)
    with open(image, "rb") as f:
        f.seek(swap + 4096 - 10)
        if f.read(10) != b"SWAPSPACE2":
            raise Failure("no swap space")

    def read(name):
        return tool("debugfs", "-R", "cat " + name, "%s?offset=%d" % (image, root)).stdout
    if read("/mke2fs") != (INSTALLER / "parts/sbin/mke2fs").read_bytes():
        raise Failure("the file that came by the network is another on the disk")
    if [line.split()[1:3] for line in read("/etc/fstab").decode().splitlines()
            if line.startswith("UUID=")] != [["/", "ext4"], ["/boot", "ext4"], ["none", "swap"]]:
        raise Failure("another fstab: %s" % read("/etc/fstab").decode())
    log = read("/partman").decode()
    for command in ("NEW_LABEL", "NEW_PARTITION", "COMMIT"):
        if "IN: %s =dev=vda" % command not in log:
            raise Failure("partman was not asked for %s" % command)
    if "exception with type" in log:
        raise Failure("partman had an error: it is in its log")


def installer():
    """It finds network and disk, gets partman from a mirror, which prepares the disk."""
    fetched("installer", INSTALLER)
    fetched("partman", PARTMAN)
    image = WORK / "installer.img"
    WORK.mkdir(parents=True, exist_ok=True)
    with mirror() as port:
        with open(image, "wb") as f:
            f.truncate(12 << 30)
        text = ('[[network]]\nname = "lan"\nuplink = 0\n' +
                vm("debian", "installer", 2, "640M", installer_initrd(port),
                   "auto=true priority=critical TERM=dumb DEBIAN_FRONTEND=text",
                   'net = "lan"\nrng = {}\n' + disk("disk")))
        extra = MODERN + drive("disk", image) + ["-netdev", "user,id=n", "-device",
                                                 "virtio-net-device,netdev=n"]
        with Machine(corbel(pack("installer", text), smp=2, extra=extra)) as m:
            if m.expect(r"PARTED-42|!! ERROR: .*", 60 * LONG).group(0) != "PARTED-42":
                raise Failure("the installer asks what to do about an error")
            m.ends(LONG)
            m.never(GONE)
            # Its programs say DEBUG, and depmod misses a list that the image leaves out.
            m.never(BAD.replace("BUG: ", r"\bBUG: ").replace("WARNING: ",
                                                             r"(?<!depmod: )WARNING: "))
    is_ready(image)


def tests():
    yield "matrix_installer", installer
