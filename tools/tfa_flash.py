#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a flash image for QEMU's virt board: TF-A, and what it starts at EL2.

usage: tools/tfa_flash.py IMAGE OUT

IMAGE is what TF-A starts (BL33), with the device tree in x0: an arm64 Image that
needs no initrd, such as `make BUNDLED=1` leaves. Use the output as
    -M virt,secure=on,virtualization=on,gic-version=3 -bios OUT
BL1 lies at 0, the firmware image package (FIP) at 256 KiB, as TF-A's platform
"qemu" has it. A FIP is a header, one entry per image with its UUID, and an end.
Spec: TF-A documentation, "Firmware Image Package (FIP)".
"""
import pathlib
import struct
import sys

TFA = pathlib.Path(__file__).resolve().parent.parent / "build" / "tfa"
FIP_OFFSET = 256 * 1024
FLASH_SIZE = 64 * 1024 * 1024
TOC_NAME, TOC_SERIAL = 0xAA640001, 0x12345678
BL2 = bytes.fromhex("5ff9ec0b4d223e4da544c39d81c73f0a")
BL31 = bytes.fromhex("47d4086d4cfe98469b952950cbbd5a00")
BL33 = bytes.fromhex("d6d0eea7fcead54b97829934f234b6e4")


def fip(images):
    entry = struct.Struct("<16sQQQ")
    offset = 16 + entry.size * (len(images) + 1)
    toc, data = [struct.pack("<IIQ", TOC_NAME, TOC_SERIAL, 0)], []
    for uuid, image in images:
        image += bytes(-len(image) % 8)
        toc.append(entry.pack(uuid, offset, len(image), 0))
        data.append(image)
        offset += len(image)
    toc.append(entry.pack(bytes(16), offset, 0, 0))
    return b"".join(toc + data)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    package = fip([(BL2, (TFA / "bl2.bin").read_bytes()), (BL31, (TFA / "bl31.bin").read_bytes()),
                   (BL33, pathlib.Path(sys.argv[1]).read_bytes())])
    flash = (TFA / "bl1.bin").read_bytes().ljust(FIP_OFFSET, b"\0") + package
    if len(flash) > FLASH_SIZE:
        sys.exit("tfa_flash: %d bytes do not fit in the flash of %d" % (len(flash), FLASH_SIZE))
    pathlib.Path(sys.argv[2]).write_bytes(flash)


main()
