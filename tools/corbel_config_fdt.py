# SPDX-License-Identifier: Apache-2.0
"""Flattened device trees, read and written. Devicetree Specification, chapter 5."""
import struct

MAGIC = 0xd00dfeed
BEGIN, END, PROP, NOP, FINISH = 1, 2, 3, 4, 9


class Tree:
    """A node: properties as bytes and children, both by name, in order."""

    def __init__(self):
        self.props, self.children = {}, {}


def pad4(data):
    return data + b'\0' * (-len(data) % 4)


class Writer:
    def __init__(self):
        self.body, self.strings = bytearray(), bytearray()

    def string(self, name):
        text = name.encode() + b'\0'
        at = (b'\0' + bytes(self.strings)).find(b'\0' + text)
        if at < 0:
            at = len(self.strings)
            self.strings += text
        return at

    def node(self, name, tree):
        self.body += struct.pack('>I', BEGIN) + pad4(name.encode() + b'\0')
        for key, data in tree.props.items():
            self.body += struct.pack('>III', PROP, len(data), self.string(key)) + pad4(data)
        for key, child in tree.children.items():
            self.node(key, child)
        self.body += struct.pack('>I', END)


def build(tree):
    """The bytes of a version 17 blob with an empty reservation map."""
    w = Writer()
    w.node('', tree)
    w.body += struct.pack('>I', FINISH)
    reserve, body = 40, 56
    strings = body + len(w.body)
    total = (strings + len(w.strings) + 7) & ~7
    head = struct.pack('>10I', MAGIC, total, body, strings, reserve, 17, 16, 0,
                       len(w.strings), len(w.body))
    blob = head + b'\0' * 16 + bytes(w.body) + bytes(w.strings)
    return blob + b'\0' * (total - len(blob))


def cstring(blob, at):
    return blob[at:blob.index(b'\0', at)].decode()


def parse(blob):
    """The root of a blob that dtc made; not for blobs from elsewhere."""
    _, _, at, strings = struct.unpack_from('>4I', blob)
    stack = [Tree()]
    while True:
        token, = struct.unpack_from('>I', blob, at)
        at += 4
        if token == BEGIN:
            name = cstring(blob, at)
            at += (len(name.encode()) + 4) & ~3
            stack.append(Tree())
            stack[-2].children[name] = stack[-1]
        elif token == END:
            stack.pop()
        elif token == PROP:
            size, name_at = struct.unpack_from('>II', blob, at)
            stack[-1].props[cstring(blob, strings + name_at)] = bytes(blob[at + 8:at + 8 + size])
            at += 8 + (size + 3 & ~3)
        elif token == FINISH:
            return stack[0].children['']
