# SPDX-License-Identifier: Apache-2.0
"""The keys a configuration may have: one table per section, one class per kind of value.

A value comes from TOML as a Python value or from DTS as the bytes of a property;
both become the same normal form, from which the packed form is made. Keep in step
with vm/config.c, which reads the packed form, and docs/configuration.md (a test
compares the tables here with that document).
"""
import re

GICD_SIZE = 0x10000
GICR_STRIDE = 0x20000
DEVICE_SIZE = 0x1000
PAGE = 0x1000
RAM_BASE = 0x40000000
MAX_VMS = 64
ALL_VMS = (1 << 64) - 1    # in a mask of them
MAX_REGIONS = 16
MAX_PCPUS = 64
MAX_SPI = 988
MAX_POOLS = 8              # with the pool "default"
MAX_WINDOWS = 32
MAX_CHANNELS = 16
MAX_MEMBERS = 8            # of a channel; and channels of a VM
EXCLUSIVE = ('pinned', 'partition')     # policies whose CPUs do no housekeeping
VERSION = 1


class Wrong(Exception):
    """A value that cannot be: what is wrong with it."""


def describe(value):
    """A TOML value in words, for 'X is a string; ...'."""
    words = [(bool, 'a truth value'), (int, 'a number'), (str, 'a string'),
             (float, 'a number with a fraction'), (list, 'a list'), (dict, 'a table')]
    kind = next((text for cls, text in words if isinstance(value, cls)), 'a date')
    if isinstance(value, (list, dict)):
        return f'this is {kind}'
    if isinstance(value, bool):
        return f'{str(value).lower()} is {kind}'
    return f'{quoted(value)} is {kind}'


def quoted(value):
    if not isinstance(value, str):
        return str(value)
    return '"' + value.replace('\\', '\\\\').replace('"', '\\"') + '"'


def cells(data, widths):
    """The big-endian number in a property of one of the given byte widths."""
    if len(data) not in widths:
        names = {4: 'one cell', 8: 'two cells'}
        raise Wrong(f'{len(data)} bytes are not ' + ' or '.join(names[w] for w in widths))
    return int.from_bytes(data, 'big')


def dts_string(data):
    if len(data) == 0 or data[-1] != 0 or 0 in data[:-1]:
        raise Wrong('this is not one string')
    try:
        return data[:-1].decode()
    except UnicodeDecodeError:
        raise Wrong('this is not text') from None


class Kind:
    """How one sort of value is written, read, packed and shown."""
    name = ''       # in docs/configuration.md
    right = ''      # what would be right, completes 'X is wrong; ...'
    right_dts = ''  # the same in DTS, where that is different

    def toml(self, value):
        raise NotImplementedError

    def dts(self, data):
        raise NotImplementedError

    def check(self, value):
        """Limits, on the normal form."""
        return value

    def read(self, raw):
        return self.check(self.dts(raw) if isinstance(raw, bytes) else self.toml(raw))

    def pack(self, value):
        raise NotImplementedError

    def text(self, value):
        """As a user would write it in TOML."""
        return str(value)

    def dts_text(self, value):
        data = self.pack(value)
        groups = [data[i:i + 4].hex() for i in range(0, len(data), 4)]
        return '<' + ' '.join('0x' + (g.lstrip('0') or '0') for g in groups) + '>'


class String(Kind):
    name = 'string'
    right = 'write a string in quotes'

    def toml(self, value):
        if not isinstance(value, str):
            raise Wrong(describe(value))
        return value

    def dts(self, data):
        return dts_string(data)

    def check(self, value):
        if any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise Wrong('it holds a control character')
        return value

    def pack(self, value):
        return value.encode() + b'\0'

    def text(self, value):
        return quoted(value)

    def dts_text(self, value):
        return quoted(value)


class File(String):
    name = 'file'
    right = 'write the name of a file in quotes'

    def check(self, value):
        if not value:
            raise Wrong('the name is empty')
        return super().check(value)


class Name(String):
    name = 'name'
    right = "use 1 to 31 letters, digits, '-', '_' and '.'"

    def check(self, value):
        if not re.fullmatch(r'[A-Za-z0-9._-]{1,31}', value):
            raise Wrong(f'{quoted(value)} is not a name')
        return value


class Partition(String):
    right = 'write the name of a partition, at most 36 characters'

    def check(self, value):
        super().check(value)
        if not 1 <= len(value) <= 36:
            raise Wrong(f'{quoted(value)} is no name')
        return value


class BoardSerial(Name):
    right = "use 1 to 20 letters, digits, '-', '_' and '.'"

    def check(self, value):
        super().check(value)
        if len(value) > 20:
            raise Wrong(f'{quoted(value)} is too long')
        return value


class Mac(String):
    name = 'MAC address'
    right = 'write six bytes as "52:54:00:12:34:56", the first one even'

    def check(self, value):
        if not re.fullmatch(r'[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}', value):
            raise Wrong(f'{quoted(value)} is not the address of a network interface')
        return value


class NetMac(Kind):
    name = 'MAC address'
    right = 'write "52:54:00:12:34:56"'
    right_dts = 'write two cells, for example <0x5254 0x00123456>'

    def toml(self, value):
        if not isinstance(value, str):
            raise Wrong(describe(value))
        if not re.fullmatch(r'[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}', value):
            raise Wrong(f'{quoted(value)} is not a MAC address')
        return int(value.replace(':', ''), 16)

    def dts(self, data):
        return cells(data, (8,))

    def check(self, value):
        if not 0 < value < 1 << 48:
            raise Wrong('it is not 48 bits, or zero')
        if value >> 40 & 1:
            raise Wrong('it is the address of a group')
        return value

    def pack(self, value):
        return value.to_bytes(8, 'big')

    def text(self, value):
        return quoted(value.to_bytes(6, 'big').hex(':'))

    def dts_text(self, value):
        return f'<{value >> 32:#x} {value & 0xffffffff:#x}>'


class Cell(Kind):
    """A number in one cell of the configuration's tree, whatever it is in TOML."""

    def dts(self, data):
        return cells(data, (4,))

    def pack(self, value):
        return value.to_bytes(4, 'big')


class Ipv4(Cell):
    name = 'IPv4 address'
    right = 'write "10.0.0.2"'
    right_dts = 'write one cell, for example <0x0a000002>'

    def toml(self, value):
        if not isinstance(value, str):
            raise Wrong(describe(value))
        parts = value.split('.')
        if len(parts) != 4 or not all(re.fullmatch(r'\d{1,3}', p) and int(p) < 256 for p in parts):
            raise Wrong(f'{quoted(value)} is not an IPv4 address')
        return int.from_bytes(bytes(int(p) for p in parts), 'big')

    def check(self, value):
        if not value:
            raise Wrong('it is nobody\'s address')
        return value


class Vlans(Kind):
    name = 'list of VLANs'
    right = 'write a list of at most 16 numbers from 1 to 4094, for example [10, 20]'
    right_dts = 'write a cell for each, for example <10 20>'

    def toml(self, value):
        if not isinstance(value, list) or \
                not all(isinstance(v, int) and not isinstance(v, bool) for v in value):
            raise Wrong(describe(value))
        return value

    def dts(self, data):
        if not data or len(data) % 4:
            raise Wrong(f'{len(data)} bytes are not cells')
        return [int.from_bytes(data[i:i + 4], 'big') for i in range(0, len(data), 4)]

    def check(self, value):
        if len(value) > 16:
            raise Wrong(f'there are {len(value)}')
        for vlan in value:
            if not 1 <= vlan <= 4094:
                raise Wrong(f'there is no VLAN {vlan}')
        return value

    def pack(self, value):
        return b''.join(v.to_bytes(4, 'big') for v in value)

    def dts_text(self, value):
        return '<' + ' '.join(str(v) for v in value) + '>'

    def text(self, value):
        return 'none' if not value else str(value)


class Bounded(String):
    limit = 0

    def check(self, value):
        super().check(value)
        if len(value.encode()) > self.limit:
            raise Wrong(f'it is {len(value.encode())} bytes long')
        return value


class Cmdline(Bounded):
    limit = 2047
    right = 'write one string of at most 2047 bytes'


class Serial(Bounded):
    limit = 20
    right = 'write a string of at most 20 bytes'


class Enum(String):
    def __init__(self, *words):
        self.words = words
        self.name = ' or '.join(quoted(w) for w in words)
        *most, last = [quoted(w) for w in words]
        self.right = 'write ' + ', '.join(most) + ' or ' + last

    def check(self, value):
        if value not in self.words:
            raise Wrong(f'{quoted(value)} is none of its values')
        return value


class Int(Cell):
    def __init__(self, low, high):
        self.low, self.high = low, high
        self.name = f'number {low} to {high}'
        self.right = f'write a whole number from {low} to {high}'
        self.right_dts = f'write one cell from <{low}> to <{high}>'

    def toml(self, value):
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(describe(value))
        return value

    def check(self, value):
        if not self.low <= value <= self.high:
            raise Wrong(f'{value} is out of range')
        return value


class Bool(Kind):
    name = 'true or false'
    right = 'write true or false, without quotes'
    right_dts = 'write <0> or <1>'

    def toml(self, value):
        if not isinstance(value, bool):
            raise Wrong(describe(value))
        return value

    def dts(self, data):
        value = cells(data, (4,)) if data else 2
        if value > 1:
            raise Wrong('it is neither <0> nor <1>')
        return bool(value)

    def pack(self, value):
        return int(value).to_bytes(4, 'big')

    def text(self, value):
        return str(value).lower()


class Address(Kind):
    name = 'address'
    right = 'write a number such as 0x40000000'
    right_dts = 'write one or two cells, for example <0x40000000>'

    def toml(self, value):
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(describe(value))
        return value

    def dts(self, data):
        return cells(data, (4, 8))

    def check(self, value):
        if not 0 <= value < 1 << 64:
            raise Wrong(f'{value} is not a 64-bit address')
        return value

    def pack(self, value):
        return value.to_bytes(8, 'big')

    def text(self, value):
        return hex(value)


class Size(Address):
    name = 'size'
    right = 'write a size with its unit, for example "512M" (K, M, G, T)'
    units = {'': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}

    def toml(self, value):
        if not isinstance(value, str):
            raise Wrong(describe(value))
        m = re.fullmatch(r'(\d+)([KMGT])(iB)?', value)
        if not m:
            raise Wrong(f'{quoted(value)} is not a size')
        return int(m[1]) * self.units[m[2]]

    def check(self, value):
        if value == 0:
            raise Wrong('it is zero')
        if value >= 1 << 64:
            raise Wrong('it does not fit in 64 bits')
        return value

    def text(self, value):
        return quoted(show_size(value))


def show_size(value):
    for unit in 'TGMK':
        if value and value % Size.units[unit] == 0:
            return f'{value // Size.units[unit]}{unit}'
    return f'{value} bytes'


def show_about(value):
    """Rounded up to what a user would give."""
    unit = 'M' if value > 16 << 20 else 'K'
    return f'{-(-value // Size.units[unit])}{unit}'


class Duration(Cell):
    name = 'duration'
    units = {'us': 1, 'ms': 1000, 's': 1000000}

    def __init__(self, high=1000000, low=0):
        self.low, self.high = low, high
        limits = f'at most {self.text(high)}'
        limits_dts = f'at most <{high}>'
        if low or high != 1000000:
            self.name = f'duration {self.text(low)[1:-1]} to {self.text(high)[1:-1]}'
        if low:
            limits, limits_dts = f'at least {self.text(low)}, {limits}', \
                f'at least <{low}>, {limits_dts}'
        self.right = f'write a duration with its unit, for example "10ms" (us, ms, s), {limits}'
        self.right_dts = f'write microseconds in one cell, {limits_dts}'

    def toml(self, value):
        if not isinstance(value, str):
            raise Wrong(describe(value))
        m = re.fullmatch(r'(\d+) ?(us|ms|s)', value)
        if not m:
            raise Wrong(f'{quoted(value)} is not a duration')
        return int(m[1]) * self.units[m[2]]

    def check(self, value):
        if not self.low <= value <= self.high:
            raise Wrong(f'{value} us is too ' + ('long' if value > self.high else 'short'))
        return value

    def text(self, value):
        unit = next(u for u in ('s', 'ms', 'us') if value % self.units[u] == 0)
        return quoted(f'{value // self.units[unit]}{unit}')


class LogSize(Size):
    right = 'write "0K" or more, at most "1M"'

    def check(self, value):
        if value > 1 << 20:
            raise Wrong(f'{quoted(show_size(value))} is too much')
        return value

    def pack(self, value):
        return value.to_bytes(4, 'big')


class Access(Enum):
    def __init__(self):
        super().__init__('r', 'rw', 'rx', 'rwx')
        self.name = 'access'


class Escape(Cell):
    """A control key that guests can spare: not Enter, Tab, Escape or Backspace."""
    name = 'key'
    right = 'write "ctrl-" and a letter or one of \\ ] ^ _, but not h, i, j or m'
    right_dts = 'write the control code in one cell, for example <0x1d>'
    taken = b'\b\t\n\r\x1b'

    def toml(self, value):
        if not isinstance(value, str):
            raise Wrong(describe(value))
        m = re.fullmatch(r'ctrl-([a-zA-Z\[\\\]^_])', value)
        if not m:
            raise Wrong(f'{quoted(value)} is not a control key')
        return ord(m[1].upper()) & 0x1f

    def check(self, value):
        if not 1 <= value < 32 or value in self.taken:
            raise Wrong('the guests need this key')
        return value

    def text(self, value):
        return quoted('ctrl-' + chr(value | 0x40).lower())


class Cpus(Kind):
    """Normal form: a list of masks, one for all vCPUs or one for each; [0]: any."""
    name = 'CPU list'
    right = 'write [0, 1] for all vCPUs, or [[0], [1]] with a list for each'
    right_dts = 'write /bits/ 64 <0x3>, one mask for all vCPUs or one for each'

    @staticmethod
    def mask(numbers):
        mask = 0
        for n in numbers:
            if isinstance(n, bool) or not isinstance(n, int):
                raise Wrong(describe(n) + ' and not a CPU number')
            if not 0 <= n < MAX_PCPUS:
                raise Wrong(f'there is no CPU {n}')
            if mask & 1 << n:
                raise Wrong(f'CPU {n} is named twice')
            mask |= 1 << n
        if not mask:
            raise Wrong('the list is empty')
        return mask

    def toml(self, value):
        if not isinstance(value, list):
            raise Wrong(describe(value))
        if value and all(isinstance(v, list) for v in value):
            return [self.mask(v) for v in value]
        return [self.mask(value)]

    def dts(self, data):
        if not data or len(data) % 8:
            raise Wrong(f'{len(data)} bytes are not 64-bit masks')
        return [int.from_bytes(data[i:i + 8], 'big') for i in range(0, len(data), 8)]

    def pack(self, value):
        return b''.join(m.to_bytes(8, 'big') for m in value)

    def text(self, value):
        return 'any' if value == [0] else str(value)

    def dts_text(self, value):
        return '/bits/ 64 <' + ' '.join(hex(m) for m in value) + '>'


class PoolCpus(Cpus):
    """Normal form: one mask."""
    name = 'CPUs'
    right = 'write a list of CPU numbers, for example [0, 1]'
    right_dts = 'write /bits/ 64 <0x3>, a mask of CPUs'

    def toml(self, value):
        if not isinstance(value, list):
            raise Wrong(describe(value))
        return self.mask(value)

    def dts(self, data):
        return cells(data, (4, 8))

    def check(self, value):
        if not value:
            raise Wrong('there is none')
        return value

    def pack(self, value):
        return super().pack([value])

    def text(self, value):
        return str([n for n in range(MAX_PCPUS) if value >> n & 1])

    def dts_text(self, value):
        return super().dts_text([value])


class Vms(Kind):
    """Normal form: a mask, bit n for VM n. From TOML first the names, until all VMs are known:
    resolve()."""
    name = 'list of VMs'
    right = 'write ["*"] for all VMs, or a list with names of VMs'
    right_dts = 'write /bits/ 64 <0x3>, bit n for the n-th node below /vms, or all ones for all'

    def toml(self, value):
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise Wrong(describe(value))
        if '*' in value and value != ['*']:
            raise Wrong('"*" is not alone')
        return value

    def dts(self, data):
        return cells(data, (4, 8))

    @staticmethod
    def resolve(value, names):
        if not isinstance(value, list):
            if value != ALL_VMS and value >> len(names):
                raise Wrong(f'there is no VM {value.bit_length() - 1}')
            return value
        missing = [v for v in value if v not in names + ['*']]
        if missing:
            raise Wrong(f'there is no VM {missing[0]}')
        return ALL_VMS if value == ['*'] else sum(1 << names.index(v) for v in set(value))

    def pack(self, value):
        return value.to_bytes(8, 'big')

    def text(self, value):
        return 'none' if not value else '["*"]'

    def dts_text(self, value):
        return f'/bits/ 64 <{value:#x}>'


class Features(Kind):
    """Of a virtio device. Normal form: a mask of them, by their numbers in VirtIO 1.2."""
    name = 'list of features'
    numbers = {'indirect': 28, 'event_idx': 29, 'packed': 34, 'ring_reset': 40}

    def __init__(self, **more):
        self.bits = {word: 1 << n for word, n in {**self.numbers, **more}.items()}
        self.all = sum(self.bits.values())
        self.right = 'write a list of ' + ', '.join(quoted(w) for w in self.bits)
        self.right_dts = f'write a mask of feature bits, of /bits/ 64 <{self.all:#x}>'

    def toml(self, value):
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise Wrong(describe(value))
        missing = [v for v in value if v not in self.bits]
        if missing:
            raise Wrong(f'{quoted(missing[0])} is none of them')
        return sum(self.bits[v] for v in set(value))

    def dts(self, data):
        return cells(data, (4, 8))

    def check(self, value):
        if value & ~self.all:
            raise Wrong(f'{value & ~self.all:#x} cannot be left out')
        return value

    def pack(self, value):
        return value.to_bytes(8, 'big')

    def text(self, value):
        return '[]'

    def dts_text(self, value):
        return f'/bits/ 64 <{value:#x}>'


class Paths(Kind):
    """A list of nodes of the board's device tree."""
    name = 'list of paths'
    right = 'write a list of paths in the board\'s device tree, for example ["/pl031@9010000"]'
    right_dts = 'write a list of paths in quotes'

    def toml(self, value):
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise Wrong(describe(value))
        return value

    def dts(self, data):
        if not data or data[-1]:
            raise Wrong('these are no strings')
        try:
            return data[:-1].decode().split('\0')
        except UnicodeDecodeError:
            raise Wrong('this is not text') from None

    def check(self, value):
        for path in value:
            if not re.fullmatch(r'(/[A-Za-z0-9,._+@-]+)+', path):
                raise Wrong(f'{quoted(path)} is not a path')
            if value.count(path) > 1:
                raise Wrong(f'{quoted(path)} is named twice')
        if len(value) > 8:
            raise Wrong(f'these are {len(value)}, at most 8 can be')
        return value

    def pack(self, value):
        return b''.join(v.encode() + b'\0' for v in value)

    def text(self, value):
        return 'none' if not value else str(value)

    def dts_text(self, value):
        return ', '.join(quoted(v) for v in value)


class Key:
    """A key: its name in TOML ('-' for '_' in DTS), kind, and default in normal form.
    policies: those that read it, when not all do."""

    def __init__(self, name, kind, default=None, required=False, dts=None, note=None,
                 policies=None):
        self.name, self.kind, self.default, self.required = name, kind, default, required
        self.dts = dts or name.replace('_', '-')
        self.policies = policies
        self.note = note     # what docs say for a default that is not a fixed value

    def default_text(self):
        if self.required:
            return 'required'
        return self.note or self.kind.text(self.default)


class Section:
    """A table of keys. short: the key that a plain value stands for ('kernel = "Image"')."""

    def __init__(self, name, keys, short=None, many=False):
        self.name, self.keys, self.short, self.many = name, keys, short, many
        self.dts = name.replace('_', '-')


ADDR, FILE = Address(), File()
ACTION = Enum('stop', 'restart', 'pause', 'shutdown-machine')
ACTION.name = 'action'
WAIT = Duration(3600000000)
PERCENT = Int(0, 100)
POLICY = Enum('pinned', 'fifo', 'rr', 'fair', 'edf', 'partition')
POLICY.name = 'policy'

SYSTEM = [
    Key('when_all_off', Enum('poweroff', 'shell'), 'poweroff'),
    Key('escape_key', Escape(), 0x1d),
    Key('housekeeping', Int(0, MAX_PCPUS - 1), 0),
    Key('scrub_at_boot', Bool(), False),
]

POOL = Section('pool', [
    Key('name', Name(), required=True),
    Key('cpus', PoolCpus(), required=True),
    Key('policy', POLICY, 'rr'),
    Key('major_frame', Duration(10000000, 1), dts='major-frame-us',
        note='none; needed by `partition`'),
])

WINDOW = Section('windows', [
    Key('vm', Name(), required=True),
    Key('start', Duration(10000000), 0, dts='start-us'),
    Key('duration', Duration(10000000, 1), required=True, dts='duration-us'),
], many=True)

CHANNEL = Section('channel', [
    Key('name', Name(), required=True),
    Key('size', Size(), required=True),
])

MEMBER = Section('members', [
    Key('vm', Name(), required=True),
    Key('access', Enum('ro', 'rw'), 'rw'),
    Key('ipa', ADDR, note='chosen'),
    Key('doorbell', ADDR, note='chosen'),
    Key('spi', Int(0, MAX_SPI - 1), note='chosen'),
], many=True)

IVC_SLOTS = 8              # regions that a VM has at a time

# One at most, as a list so that it is not there where nobody wrote it.
IVC = Section('ivc', [
    Key('publish', Int(0, IVC_SLOTS), 0),
    Key('memory', Size(), note='none; needed to publish'),
    Key('read', Vms(), 0),
    Key('write', Vms(), 0),
    Key('ipa', ADDR, note='chosen'),
    Key('window', Size(), 1 << 30),
    Key('doorbell', ADDR, 0x0b010000),
    Key('spi', Int(0, MAX_SPI - IVC_SLOTS), 120),
], many=True)

BOARD = Section('board', [
    Key('cpus', Int(1, MAX_PCPUS), note='not checked'),
    Key('memory', Size(), note='not checked'),
])

# Lists in [board], for `make run`: what QEMU's board has. Corbel finds them by itself.
BOARD_DISK = Section('board.disk', [
    Key('file', FILE, required=True),
    Key('serial', BoardSerial(), note='none'),
    Key('size', Size(), note='that of the file, which must be there'),
    Key('readonly', Bool(), False),
], many=True)

BOARD_NIC = Section('board.nic', [
    Key('mac', Mac(), note="QEMU's choice"),
    Key('ssh_port', Int(1, 65535), note='none'),
], many=True)

BOARD_LISTS = [BOARD_DISK, BOARD_NIC]

VM = [
    Key('name', Name(), note="the VM file's name without `.toml`"),
    Key('id', Int(0, 0xffffffff), note='its place in the list, from 0'),
    Key('vcpus', Int(1, 64), 1),
    Key('pool', Name(), 'default'),
    Key('cpus', Cpus(), [0], note='all of its pool'),
    Key('cmdline', Cmdline(), ''),
    Key('autostart', Bool(), True),
    Key('on_crash', ACTION, 'stop'),
    Key('on_reboot', ACTION, 'restart'),
    Key('on_watchdog', ACTION, 'restart'),
    Key('restart_limit', Int(0, 1000000), 5),
    Key('restart_backoff', WAIT, 100000, dts='restart-backoff-us'),
    Key('stop_timeout', WAIT, 10000000, dts='stop-timeout-us'),
    Key('priority', Int(1, 31), 8, policies=('fifo', 'rr', 'partition')),
    Key('slice', Duration(), 10000, dts='slice-us', policies=('rr', 'fair', 'edf', 'partition')),
    Key('weight', Int(1, 10000), 100, policies=('fair',)),
    Key('cap', PERCENT, 0, policies=('fair',)),
    Key('reservation', PERCENT, 0, policies=('fair',)),
    Key('budget', Duration(10000000, 10), dts='budget-us', note='none', policies=('edf',)),
    Key('period', Duration(10000000, 100), dts='period-us', note='none', policies=('edf',)),
    Key('console_log', LogSize(), 0x3000),
    Key('devices', Paths(), [], note='none'),
    Key('dma', Enum('refused', 'unprotected'), 'refused'),
    Key('interrupts', Enum('virtual', 'direct'), 'virtual', policies=('pinned',)),
]

MEMORY = Section('memory', [
    Key('ipa', ADDR, RAM_BASE),
    Key('size', Size(), required=True),
    Key('backend', Enum('eager', 'touch', 'linear'), 'eager'),
    Key('pa', ADDR, note='none; needed by `linear`'),
    Key('access', Access(), 'rwx'),
], short='size', many=True)

KERNEL = Section('kernel', [
    Key('file', FILE, required=True),
    Key('type', Enum('auto', 'raw', 'image', 'elf'), 'auto'),
    Key('load', ADDR, note='chosen by the loader'),
    Key('entry', ADDR, note='where the image begins, or says'),
], short='file')

INITRD = Section('initrd', [
    Key('file', FILE, required=True),
    Key('load', ADDR, note='chosen by the loader'),
], short='file')

DTB = Section('dtb', [
    Key('file', FILE, note='none: generated'),
    Key('load', ADDR, note='chosen by the loader'),
], short='file')

GIC = Section('gic', [
    Key('gicd', ADDR, 0x08000000),
    Key('gicr', ADDR, 0x080a0000),
])

CONSOLE = Section('console', [
    Key('enabled', Bool(), True),
    Key('base', ADDR, 0x09000000),
    Key('spi', Int(0, MAX_SPI - 1), 1),
], short='enabled')

RTC = Section('rtc', [
    Key('enabled', Bool(), True),
    Key('base', ADDR, 0x09010000),
    Key('spi', Int(0, MAX_SPI - 1), 2),
], short='enabled')

POWER_KEY = Section('power_key', [
    Key('enabled', Bool(), True),
    Key('base', ADDR, 0x09030000),
    Key('spi', Int(0, MAX_SPI - 1), 7),
], short='enabled')

WATCHDOG = Section('watchdog', [
    Key('enabled', Bool(), False),
    Key('refresh', ADDR, 0x090d0000),
    Key('control', ADDR, 0x090e0000),
    Key('spi', Int(0, MAX_SPI - 1), 10),
], short='enabled')

STOLEN_TIME = Section('stolen_time', [
    Key('enabled', Bool(), True),
    Key('base', ADDR, 0x090a0000),
], short='enabled')

MANAGE = Section('manage', [
    Key('list', Vms(), 0),
    Key('control', Vms(), 0),
])

MAILBOX = Section('mailbox', [
    Key('enabled', Bool(), False),
    Key('base', ADDR, 0x090f0000),
], short='enabled')

# Virtio devices: each a list, in the order of vm/config.h's kinds. The first two keys are common.
VIRTIO_BASE, VIRTIO_SIZE, VIRTIO_SPI, VIRTIO_SLOTS = 0x0a000000, 0x4000, 16, 32
SECTOR = 512


def virtio(name, keys, short=None, **features):
    return Section(name, [
        Key('slot', Int(0, VIRTIO_SLOTS - 1), note='the next free one'),
        Key('name', Name(), dts='label', note='none'),
        Key('without', Features(**features), 0),
        *keys], short, many=True)


DISK = virtio('disk', [
    Key('image', FILE, note='none: zeroes'),
    Key('physical', Name(), note='none'),
    Key('partition', Partition(), note='none: all of the disk'),
    Key('size', Size(), note="the image's"),
    Key('readonly', Bool(), False),
    Key('keep', Bool(), False),
    Key('limit', Size(), note='its size'),
    Key('serial', Serial(), note='its name'),
    Key('queues', Int(1, 8), 1),
    Key('iops', Int(0, 0xffffffff), 0),
    Key('rate', Size(), note='no limit'),
], short='image')

RNG = virtio('rng', [])

BALLOON = virtio('balloon', [
    Key('size', Size(), note='it begins empty'),
], short='size')

VIRTIO_CONSOLE = virtio('virtio_console', [])

VSOCK = virtio('vsock', [
    Key('cid', Int(3, 0xfffffffe), required=True),
    Key('peers', Vms(), 0),
], short='cid')

VLAN = Int(0, 4094)

NETWORK = Section('network', [
    Key('name', Name(), required=True),
    Key('vlan', VLAN, 0),
    Key('isolated', Bool(), False),
    Key('uplink', Int(0, 7), note='none'),
    Key('capture', Size(), note='none'),
])

NET = virtio('net', [
    Key('network', Name(), required=True),
    Key('mac', NetMac(), note='one of its own'),
    Key('queues', Int(1, 8), 1),
    Key('queue_size', Int(16, 256), 256),
    Key('mtu', Int(68, 9216), 1500),
    Key('rate', Size(), note='no limit'),
    Key('burst', Size(), note='`"128K"`, with a rate'),
    Key('packet_rate', Int(0, 0xffffffff), 0),
    Key('check_mac', Bool(), False),
    Key('check_arp', Bool(), False),
    Key('check_ipv4', Bool(), False),
    Key('ipv4', Ipv4(), note='none'),
    Key('vlan', VLAN, note="the network's"),
    Key('trunk', Vlans(), [], note='none'),
    Key('isolated', Bool(), note="the network's"),
    Key('mirror', Bool(), False),
], short='network', mergeable=15)

VIRTIO = [DISK, RNG, BALLOON, VIRTIO_CONSOLE, VSOCK, NET]
SINGLE = [RNG, BALLOON, VIRTIO_CONSOLE, VSOCK]     # a VM has one at most

SECTIONS = [MEMORY, KERNEL, INITRD, DTB, GIC, CONSOLE, RTC, POWER_KEY, WATCHDOG, STOLEN_TIME,
            MANAGE, MAILBOX, IVC, *VIRTIO]
REQUIRED_SECTIONS = ('memory', 'kernel')
