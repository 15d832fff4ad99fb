# SPDX-License-Identifier: Apache-2.0
"""The board's disks and networks, driven by EL2 itself (tests/el2/hostio_selftest.c)."""
import struct
import sys

from machine import BUILD, LONG, TOP, WORK, Failure, Machine, board

sys.path.insert(0, str(TOP / "tools"))
import disk_image  # noqa: E402

IMAGE = BUILD / "el2test.bin"
MODERN = ["-global", "virtio-mmio.force-legacy=false"]
KEY = 0x5a5a << 16
PIECE = 0x10000
MIB = 1 << 20


def numbered(size, key=0):
    """Bytes of which every 8 hold their own position."""
    return b"".join(struct.pack("<Q", at ^ key) for at in range(0, size, 8))


def drive(name, path, options="", device=""):
    return ["-drive", "if=none,id=%s,format=raw,file=%s%s" % (name, path, options),
            "-device", "virtio-blk-device,drive=%s,serial=%s%s" % (name, name, device)]


def work_disk(path):
    WORK.mkdir(parents=True, exist_ok=True)
    full = WORK / "hostio_full.bin"
    full.write_bytes(numbered(8 * MIB))
    return disk_image.make(str(path), 32 * MIB, ["full=8M:%s" % full, "empty=7M"])


def old_disk(path):
    """Its primary table is damaged."""
    disk_image.make(str(path), 8 * MIB, ["kept=1M"])
    with open(path, "r+b") as f:
        f.seek(512 + 80)
        f.write(b"\x55")


def empty_disk(path):
    disk_image.make(str(path), 8 * MIB, [])


def bad_disk(path):
    """A blkdebug configuration: reads that begin a MiB into the disk fail."""
    empty_disk(path)
    rules = path.with_suffix(".debug")
    rules.write_text('[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "2048"\n'
                     'once = "off"\nimmediately = "off"\n')
    return ["-drive", "if=none,id=bad,driver=raw,file.driver=blkdebug,file.config=%s,"
            "file.image.driver=file,file.image.filename=%s" % (rules, path),
            "-device", "virtio-blk-device,drive=bad,serial=bad"]


def disks_and_network():
    path = {name: WORK / ("hostio_%s.img" % name) for name in ("work", "bad", "ro", "old")}
    places = work_disk(path["work"])
    old_disk(path["old"])
    empty_disk(path["ro"])
    extra = (MODERN + bad_disk(path["bad"]) + drive("work", path["work"], ",discard=unmap") +
             drive("ro", path["ro"], ",read-only=on") + drive("old", path["old"]) +
             ["-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"])
    with Machine(board(smp=2, extra=extra) + ["-no-reboot", "-kernel", str(IMAGE)]) as m:
        m.expect(r"selftest: PASSED, disks and network", LONG)
        m.ends()
        m.never(r"selftest: FAILED")
    start, size = places["empty"]
    at = start + 3 * PIECE
    with open(path["work"], "rb") as f:
        f.seek(at)
        data = f.read(size - 3 * PIECE)
    # In whole rounds of 48 pieces, as the test writes it.
    end = size - size % (48 * PIECE) - 3 * PIECE
    want = numbered(size - size % (48 * PIECE), KEY)[3 * PIECE:]
    if data[:end] != want:
        raise Failure("the image does not hold what was written")


def old_interface():
    """A device that QEMU shows by the interface before VirtIO 1.0: a sentence, no use."""
    path = WORK / "hostio_legacy.img"
    WORK.mkdir(parents=True, exist_ok=True)
    empty_disk(path)
    args = board(smp=1, extra=drive("old", path)) + ["-no-reboot", "-kernel", str(IMAGE)]
    with Machine(args) as m:
        m.expect(r"virtio_mmio@\w+ is a virtio device of the old interface, which cannot be used",
                 LONG)
        m.expect(r"selftest: PASSED, EL2 maps", LONG)
        m.ends()


def tests():
    yield "hostio_disks_and_network", disks_and_network
    yield "hostio_old_interface", old_interface
