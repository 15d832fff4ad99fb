# SPDX-License-Identifier: Apache-2.0
"""The files a configuration names: where they are, what they hold, what goes into the bundle."""
import gzip
import os
import struct
import zlib

from corbel_config_source import Unreadable, dtc

BUILD = '@build/'      # a file name that begins so counts from the build folder
IMAGE_MAGIC = b'ARM\x64'
ZIMAGE_MAGIC = b'\x18\x28\x6f\x01'
FDT_MAGIC = b'\xd0\x0d\xfe\xed'
GZIP_MAGIC = b'\x1f\x8b'
EM_AARCH64 = 183


def locate(item, build):
    """The path of the file an Item names."""
    name = item.value
    if name.startswith(BUILD):
        return os.path.join(build, name[len(BUILD):])
    return os.path.normpath(os.path.join(os.path.dirname(item.node.file), name))


def read_head(path, size):
    """The first bytes of a file, unpacked if it is gzip."""
    opener = gzip.open if is_gzip(path) else open
    with opener(path, 'rb') as f:
        return f.read(size)


def file_size(path):
    """Bytes of a file, unpacked if it is gzip (whose end tells, modulo 4 GiB)."""
    if not is_gzip(path):
        return os.path.getsize(path)
    with open(path, 'rb') as f:
        f.seek(-4, os.SEEK_END)
        return struct.unpack('<I', f.read(4))[0]


def is_gzip(path):
    with open(path, 'rb') as f:
        return f.read(2) == GZIP_MAGIC


def kernel_kind(head):
    """What an image is by its first bytes: image, elf, zimage, zboot or raw."""
    if head[:4] == b'\x7fELF':
        return 'elf'
    if head[0x38:0x3c] == IMAGE_MAGIC:
        return 'image'
    if head[0x24:0x28] == ZIMAGE_MAGIC:
        return 'zimage'
    if head[:2] == b'MZ' and head[4:8] == b'zimg':
        return 'zboot'
    return 'raw'


def image_size(head, size):
    """Bytes an arm64 Image takes up: image_size of its header, or the file's."""
    in_header, = struct.unpack_from('<Q', head, 16)
    return max(in_header, size)


def elf_ok(head):
    """An ELF file for this machine: 64 bits, little-endian, AArch64."""
    return head[4:6] == b'\x02\x01' and struct.unpack_from('<H', head, 18)[0] == EM_AARCH64


class Payload:
    """One file of the bundle: name in it, and how to get the bytes."""

    def __init__(self, name, path, unpack):
        self.name, self.path, self.unpack = name, path, unpack

    def data(self):
        if self.path.endswith('.dts'):
            return dtc(self.path, '-O', 'dtb')
        try:
            with (gzip.open if self.unpack else open)(self.path, 'rb') as f:
                return f.read()
        except (OSError, EOFError, zlib.error) as err:
            raise Unreadable(f'{self.path}:1: file: it cannot be unpacked ({err}); '
                             'replace it') from None


class Payloads:
    """The files of a bundle: each once, however many VMs name it."""

    def __init__(self, build):
        self.build, self.by_key, self.names = build, {}, set()

    def add(self, item, unpack=False):
        """The name in the bundle for the file that an Item names."""
        path = locate(item, self.build)
        unpack = unpack and is_gzip(path)
        key = (os.path.realpath(path), unpack)
        if key not in self.by_key:
            self.by_key[key] = Payload(self.free_name(path, unpack), path, unpack)
        return self.by_key[key].name

    def free_name(self, path, unpack):
        base = os.path.basename(path)
        if unpack:
            base = base.removesuffix('.gz')
        if base.endswith('.dts'):
            base = base[:-4] + '.dtb'
        name, n = base, 1
        while name in self.names or name == 'system.dtb':
            n += 1
            name = f'{n}-{base}'
        self.names.add(name)
        return name

    def list(self):
        return list(self.by_key.values())
