#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a disk image: raw, sparse, with a GUID partition table.

usage: tools/disk_image.py OUT SIZE [NAME=SIZE[:FILE]...]

Sizes are like "64M" (K, M, G). Each NAME becomes a partition of that size, in order,
with the contents of FILE at its beginning. Without partitions OUT is empty. The
output depends on the input alone.
"""
import os
import struct
import sys
import zlib

BLOCK = 512
ALIGN = 1 << 20
ENTRIES = 128
# "Linux filesystem data", as on the disk.
LINUX = bytes.fromhex("af3dc60f838472478e793d69d8477de4")
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size_of(text):
    return int(text[:-1]) * UNITS[text[-1].upper()] if text[-1].upper() in UNITS else int(text)


def entry(name, number, start, size):
    return struct.pack("<16s16sQQQ72s", LINUX, number.to_bytes(16, "little"), start // BLOCK,
                       (start + size) // BLOCK - 1, 0, name.encode("utf-16-le"))


def header(at, other, blocks, entries_at, entries):
    def with_crc(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, at, other, 34,
                           blocks - 34, b"\x01" * 16, entries_at, ENTRIES, 128,
                           zlib.crc32(entries))
    return with_crc(zlib.crc32(with_crc(0)))


def tables(size, parts):
    """Protective MBR and both tables, as {position: bytes}; parts are (name, start, size)."""
    blocks = size // BLOCK
    entries = b"".join(entry(n, i + 1, s, z) for i, (n, s, z) in enumerate(parts))
    entries += bytes(ENTRIES * 128 - len(entries))
    mbr = bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1,
                                   min(blocks - 1, 0xffffffff)) + bytes(48) + b"\x55\xaa"
    return {0: mbr,
            BLOCK: header(1, blocks - 1, blocks, 2, entries),
            2 * BLOCK: entries,
            (blocks - 33) * BLOCK: entries,
            (blocks - 1) * BLOCK: header(blocks - 1, 1, blocks, blocks - 33, entries)}


def copy_sparse(out, at, path):
    """The file's contents at that place; zeroes stay holes."""
    with open(path, "rb") as source:
        while data := source.read(1 << 20):
            if data.strip(b"\0"):
                out.seek(at)
                out.write(data)
            at += len(data)


def layout(specs):
    """(name, start, size, file) for each NAME=SIZE[:FILE]."""
    at = ALIGN
    for spec in specs:
        name, _, rest = spec.partition("=")
        text, _, path = rest.partition(":")
        size = size_of(text)
        if path and os.path.getsize(path) > size:
            sys.exit("disk_image: %s is larger than its partition" % path)
        yield name, at, size, path
        at += (size + ALIGN - 1) // ALIGN * ALIGN


def make(out_path, size, specs):
    parts = list(layout(specs))
    if parts and parts[-1][1] + parts[-1][2] > size - ALIGN:
        sys.exit("disk_image: the partitions need more than the disk has")
    part = out_path + ".part"
    with open(part, "wb") as out:
        out.truncate(size)
        for name, at, _, path in parts:
            if path:
                copy_sparse(out, at, path)
        if parts:
            for at, data in tables(size, [p[:3] for p in parts]).items():
                out.seek(at)
                out.write(data)
    os.replace(part, out_path)
    return {name: (at, part_size) for name, at, part_size, _ in parts}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    make(sys.argv[1], size_of(sys.argv[2]), sys.argv[3:])
