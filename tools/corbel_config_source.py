# SPDX-License-Identifier: Apache-2.0
"""Read TOML and DTS files into trees that remember the line of every key.

tomllib gives values without places, so the TOML text is walked a second time for
the lines alone; that walk may be lax because tomllib has accepted the text. dtc
prints the places itself (-T). A DTS tree comes out in the shape of a TOML file.
"""
import os
import re
import shutil
import subprocess
import tomllib

import corbel_config_fdt as fdt
import corbel_config_schema as schema

# Sections of a VM of which there may be several.
MANY = [s.dts for s in schema.SECTIONS if s.many]
BOARD_MANY = [s.dts.partition('.')[2] for s in schema.BOARD_LISTS]


class Node:
    """A value with its place. value: dict or list of Nodes, or a plain value; DTS
    properties are bytes."""

    def __init__(self, value, file, line):
        self.value, self.file, self.line = value, file, line


class Errors:
    """All that is wrong, each 'file:line: key: what is wrong; what would be right'."""

    def __init__(self):
        self.lines = []

    def add(self, node, key, wrong, right):
        self.text(f'{node.file}:{node.line}: {key}: {wrong}; {right}')

    def text(self, line):
        if line not in self.lines:
            self.lines.append(line)


class Unreadable(Exception):
    """The file is no TOML or DTS at all; the text is the error line."""


# --- TOML -------------------------------------------------------------------

class TomlLines:
    """The line of every key and list element of a TOML text, by its path."""

    KEY = re.compile(r'''\s*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)\s*''')
    STRINGS = [re.compile(p, re.S) for p in (
        r"'''.*?'''(?:'{0,2})(?!')", r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})(?!")',
        r"'[^'\n]*'", r'"(?:[^"\\\n]|\\.)*"')]
    SPACE = re.compile(r'(?:[ \t\r\n]|#[^\n]*)*')
    BARE = re.compile(r'[^,\]}\n#]*')

    def __init__(self, text):
        self.text, self.pos, self.lines = text, 0, {(): 1}
        self.counts = {}           # elements of each [[list]] so far
        prefix = ()
        while self.skip():
            prefix = self.header() if self.at('[') else self.pair(prefix) or prefix

    def at(self, what):
        return self.text.startswith(what, self.pos)

    def skip(self):
        self.pos = self.SPACE.match(self.text, self.pos).end()
        return self.pos < len(self.text)

    def mark(self, path):
        self.lines.setdefault(path, self.text.count('\n', 0, self.pos) + 1)

    def names(self):
        out = []
        while True:
            m = self.KEY.match(self.text, self.pos)
            self.pos = m.end()
            out.append(m[1].strip('"\''))
            if not self.at('.'):
                return out
            self.pos += 1

    def header(self):
        many = self.at('[[')
        start = self.pos
        self.pos += 2 if many else 1
        path, names = (), self.names()
        for i, name in enumerate(names):
            path += (name,)
            if many and i == len(names) - 1:
                self.counts[path] = self.counts.get(path, 0) + 1
            end, self.pos = self.pos, start
            self.mark(path)
            if path in self.counts:
                path += (self.counts[path] - 1,)
            self.mark(path)
            self.pos = end
        self.pos += 2 if many else 1
        return path

    def pair(self, prefix):
        start = self.pos
        names = self.names()
        end, self.pos = self.pos, start
        for i in range(len(names)):
            self.mark(prefix + tuple(names[:i + 1]))
        self.pos = end + 1         # past '='
        self.any(prefix + tuple(names))

    def any(self, path):
        self.pos = re.compile(r'[ \t]*').match(self.text, self.pos).end()
        if self.at('['):
            self.list(path)
        elif self.at('{'):
            self.inline(path)
        else:
            self.scalar()

    def list(self, path):
        self.pos += 1
        idx = 0
        while self.skip() and not self.at(']'):
            self.mark(path + (idx,))
            self.any(path + (idx,))
            idx += 1
            self.skip()
            self.pos += self.at(',')
        self.pos += 1

    def inline(self, path):
        self.pos += 1
        while self.skip() and not self.at('}'):
            self.pair(path)
            self.skip()
            self.pos += self.at(',')
        self.pos += 1

    def scalar(self):
        for string in self.STRINGS:
            m = string.match(self.text, self.pos)
            if m:
                self.pos = m.end()
                return
        self.pos = self.BARE.match(self.text, self.pos).end()


def toml_node(value, lines, path, file):
    line = lines.get(path) or lines.get(path[:-1]) or 1
    if isinstance(value, dict):
        value = {k: toml_node(v, lines, path + (k,), file) for k, v in value.items()}
    elif isinstance(value, list):
        value = [toml_node(v, lines, path + (i,), file) for i, v in enumerate(value)]
    return Node(value, file, line)


def toml_error(file, err):
    m = re.fullmatch(r'(.*?) \(at (?:line (\d+), column \d+|end of document)\)', str(err))
    text, line = (m[1], m[2] or 1) if m else (str(err), 1)
    return Unreadable(f'{file}:{line}: syntax: {text[:1].lower()}{text[1:]}; correct the TOML')


def read_text(file):
    try:
        with open(file, encoding='utf-8') as f:
            return f.read()
    except OSError as err:
        raise Unreadable(f'{file}:1: file: {err.strerror.lower()}; name a file that '
                         'can be read') from None
    except UnicodeDecodeError:
        raise Unreadable(f'{file}:1: file: it is not UTF-8 text; name a TOML or DTS '
                         'file') from None


def load_toml(file):
    text = read_text(file)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise toml_error(file, err) from None
    return toml_node(raw, TomlLines(text).lines, (), file)


# --- DTS --------------------------------------------------------------------

def dtc(file, *args):
    if not shutil.which('dtc'):
        raise Unreadable(f'{file}:1: file: dtc is not installed; install device-tree-compiler')
    run = subprocess.run(['dtc', '-q', '-I', 'dts', *args, file], capture_output=True, check=False)
    if run.returncode:
        raise Unreadable(dtc_error(file, run.stderr.decode(errors='replace')))
    return run.stdout


def dtc_error(file, stderr):
    """dtc says 'Error: FILE:LINE.COL-... text' or '...FILE:LINE.COL...: ERROR (check): text'."""
    for pattern in (r'^Error: .*?:(\d+)\.[\d.-]* (.*)$',
                    r'^[^:\n]*:(\d+)\.[\d.-]*: ERROR \(\w+\): (.*)$',
                    r'^()ERROR \(\w+\): (.*)$'):
        m = re.search(pattern, stderr, re.M)
        if m:
            return f'{file}:{m[1] or 1}: syntax: {m[2]}; correct the DTS'
    return f'{file}:1: syntax: dtc does not accept it; correct the DTS'


def dts_lines(file):
    """The line of every node and property, by path, from dtc's annotations."""
    lines, path = {}, []
    for text in dtc(file, '-O', 'dts', '-T').decode().splitlines():
        m = re.fullmatch(r'\s*(\S+ \{|\S+ = .*;|\};|\S+;) /\* (?:.*[:, ])?(\d+) \*/', text)
        if not m:
            continue
        what, line = m[1], int(m[2])
        if what == '};':
            path.pop()
        elif what.endswith('{'):
            path.append(what[:-2])
            lines[tuple(path)] = line
        else:
            lines[tuple(path) + (what.split(' = ')[0].rstrip(';'),)] = line
    return lines


class DtsShape:
    """A device tree turned into the shape of a TOML system file."""

    def __init__(self, file):
        self.file = file
        self.lines = dts_lines(file)
        self.root = fdt.parse(dtc(file, '-O', 'dtb'))

    def node(self, value, path):
        return Node(value, self.file, self.lines.get(path, 1))

    def table(self, tree, path):
        out = {}
        for name, data in tree.props.items():
            out[name] = self.node(data, path + (name,))
        for name, child in tree.children.items():
            out[name] = self.node(self.table(child, path + (name,)), path + (name,))
        return out

    def gather(self, table, lists):
        """'memory', 'memory-1', ... become the list 'memory'."""
        for many, key in lists:
            found = [k for k in table if k == many or k.startswith(many + '-')]
            if found:
                first = table[found[0]]
                table[key] = Node([table.pop(k) for k in found], self.file, first.line)

    def named(self, name, tree, path, lists):
        """A table with its lists; the node's name becomes a key."""
        table = self.table(tree, path)
        self.gather(table, lists)
        table['name'] = self.node(name.encode() + b'\0', path)
        return self.node(table, path)

    def group(self, table, group, to, lists):
        """The children of /vms or /pools become a list."""
        tree, where = self.root.children.get(group), ('/', group)
        if not tree:
            return
        for name in tree.props:
            raise Unreadable(f'{self.file}:{self.lines.get(where + (name,), 1)}: {name}: '
                             f'a property of /{group}; put it into a ' + to.replace('vm', 'VM'))
        del table[group]
        table[to] = self.node([self.named(n, c, where + (n,), lists)
                               for n, c in tree.children.items()], where)

    def system(self):
        if self.root.props.get('compatible') != b'corbel,system\0':
            raise Unreadable(f'{self.file}:1: compatible: this is not a Corbel system; '
                             'write compatible = "corbel,system"')
        table = self.table(self.root, ('/',))
        del table['compatible']
        if 'board' in self.root.children:
            self.gather(table['board'].value, [(n, n) for n in BOARD_MANY])
        self.group(table, 'vms', 'vm', [(n, n) for n in MANY])
        self.group(table, 'pools', 'pool', [('window', 'windows')])
        self.group(table, 'channels', 'channel', [('member', 'members')])
        self.group(table, 'networks', 'network', [])
        return self.node(table, ('/',))


def load_dts(file):
    read_text(file)
    return DtsShape(file).system()


def load(file):
    return load_dts(file) if os.path.splitext(file)[1] == '.dts' else load_toml(file)
