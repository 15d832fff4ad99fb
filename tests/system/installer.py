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
from machine import BUILD, LONG, WORK, Failure, Machine, corbel, pack
from matrix import fetched

INSTALLER = BUILD / "guests/installer"
# What Debian's installer would ask until it has its parts.
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
"""
# The menu's entry for the disk: a part that comes by the network, and what it runs.
UDEB = """Package: parts-of-disk
Version: 1
Architecture: arm64
Maintainer: nobody <root@localhost>
Section: debian-installer
Priority: standard
Kernel-Version: %s
Installer-Menu-Item: 3500
Description: Make partitions and file systems
"""
PARTITION = """#!/bin/sh
exec >/dev/console 2>&1
set -ex
depmod -a 2>/dev/null
modprobe virtio_blk
modprobe ext4
until [ -b /dev/vda ]; do sleep 1; done
printf 'label: gpt\\nsize=64M\\nsize=+\\n' | sfdisk /dev/vda
for part in /dev/vda1 /dev/vda2; do
	until [ -b $part ]; do sleep 1; done
	mke2fs -q -t ext4 $part
done
mkdir -p /target
mount -t ext4 /dev/vda2 /target
cp /sbin/mke2fs /target
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


def archive(root):
    """An archive for the installer, of one package."""
    tree = WORK / "installer.udeb"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(INSTALLER / "parts", tree, symlinks=True)
    (tree / "DEBIAN").mkdir()
    control = UDEB % (INSTALLER / "version").read_text().strip()
    (tree / "DEBIAN/control").write_text(control)
    (tree / "DEBIAN/postinst").write_text(PARTITION)
    (tree / "DEBIAN/postinst").chmod(0o755)
    packages = root / ARCHIVE
    packages.parent.mkdir(parents=True)
    udeb = root / "parts.udeb"
    subprocess.run(["dpkg-deb", "-Zgzip", "--root-owner-group", "-b", str(tree), str(udeb)],
                   check=True, stdout=subprocess.DEVNULL)
    data = udeb.read_bytes()
    packages.write_text("%sFilename: parts.udeb\nSize: %d\nMD5sum: %s\nSHA256: %s\n\n" %
                        (control, len(data), hashlib.md5(data).hexdigest(),
                         hashlib.sha256(data).hexdigest()))
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


def holds_the_file(image):
    """Both partitions hold a sound file system, and the second the file as it was."""
    env = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    starts = partitions(image)
    if len(starts) != 2:
        raise Failure("there are %d partitions" % len(starts))
    places = ["%s?offset=%d" % (image, start) for start in starts]
    for place in places:
        if subprocess.run(["e2fsck", "-fn", place], env=env).returncode:
            raise Failure("%s: not a sound file system" % place)
    back = subprocess.run(["debugfs", "-R", "cat /mke2fs", places[1]], env=env, check=True,
                          stdout=subprocess.PIPE).stdout
    if back != (INSTALLER / "parts/sbin/mke2fs").read_bytes():
        raise Failure("the file that came by the network is another on the disk")


def installer():
    """It finds network and disk, gets a part from a mirror, which makes partitions."""
    fetched("installer", INSTALLER)
    image = WORK / "installer.img"
    WORK.mkdir(parents=True, exist_ok=True)
    with mirror() as port:
        with open(image, "wb") as f:
            f.truncate(256 << 20)
        text = ('[[network]]\nname = "lan"\nuplink = 0\n' +
                vm("debian", "installer", 2, "640M", installer_initrd(port),
                   "auto=true priority=critical TERM=dumb DEBIAN_FRONTEND=text",
                   'net = "lan"\nrng = {}\n' + disk("disk")))
        extra = MODERN + drive("disk", image) + ["-netdev", "user,id=n", "-device",
                                                 "virtio-net-device,netdev=n"]
        with Machine(corbel(pack("installer", text), smp=2, extra=extra)) as m:
            m.expect(r"PARTED-42", 60 * LONG)
            m.ends(LONG)
            m.never(GONE)
            # Its programs say DEBUG.
            m.never(BAD.replace("BUG: ", r"\bBUG: "))
    holds_the_file(image)


def tests():
    yield "matrix_installer", installer
