# SPDX-License-Identifier: Apache-2.0
"""Channels: where they are in each member's addresses, and the checks of
vm/config_channels.c with places and remedies."""
import corbel_config_schema as schema

# Free on QEMU's virt board, as which the guests' machine looks.
DOORBELLS = 0x0b000000     # the n-th channel of a VM: this and n pages
MEMORY, MEMORY_END = 0x0c000000, 0x10000000
FIRST_SPI = 112            # and n more
BLOCK = 2 << 20            # where so much fits, it is mapped at once


class Channel:
    """items: name -> Item; members: a list of {name -> Item}."""

    def __init__(self, node):
        self.node, self.items, self.members = node, {}, []

    def value(self, key):
        return self.items[key].value


def of_vm(system, vm):
    """Pairs of channel and member, in the order of the file."""
    name = vm.value('name')
    return [(c, m) for c in system.channels for m in c.members
            if name is not None and m['vm'].value == name]


def align(value, to):
    return -(-value // to) * to


class Places:
    """The addresses of one VM that nobody chose."""

    def __init__(self, vm):
        self.low = MEMORY
        ends = [r['ipa'].value + r['size'].value for r in vm.memory
                if None not in (r['ipa'].value, r['size'].value)]
        self.high = max(ends + [schema.RAM_BASE])

    def memory(self, size):
        to = BLOCK if size >= BLOCK else schema.PAGE
        at = align(self.low, to)
        if at + size <= MEMORY_END:
            self.low = at + size
            return at
        at = align(self.high, to)
        self.high = at + size
        return at


def place(system):
    """Give members the addresses and interrupts that the file leaves to us."""
    for vm in system.vms:
        places = Places(vm)
        for n, (channel, member) in enumerate(of_vm(system, vm)):
            size = channel.value('size') or schema.PAGE
            for key, value in (('ipa', lambda: places.memory(size)),
                               ('doorbell', lambda: DOORBELLS + n * schema.PAGE),
                               ('spi', lambda: FIRST_SPI + n)):
                if member[key].value is None:
                    member[key].value = value()
        for ivc in vm.lists['ivc']:
            if ivc['ipa'].value is None:
                ivc['ipa'].value = places.memory(ivc['window'].value or schema.PAGE)


def windows(system, vm):
    """What of a VM's addresses is taken: item, size, alignment."""
    out = []
    for channel, member in of_vm(system, vm):
        out.append((member['ipa'], channel.value('size') or schema.PAGE, schema.PAGE))
        out.append((member['doorbell'], schema.DEVICE_SIZE, schema.PAGE))
    for ivc in vm.lists['ivc']:
        out.append((ivc['ipa'], ivc['window'].value or schema.PAGE, schema.PAGE))
        out.append((ivc['doorbell'], schema.IVC_SLOTS * schema.DEVICE_SIZE, schema.PAGE))
    return out


def spis(system, vm):
    """Item, and who has it."""
    out = [(member['spi'], f'channel {channel.value("name")}')
           for channel, member in of_vm(system, vm)]
    for ivc in vm.lists['ivc']:
        spi = ivc['spi']
        out += [(type(spi)(spi.value + n, spi.node, spi.key, spi.given), f'ivc {n}')
                for n in range(schema.IVC_SLOTS)]
    return out


def total_size(system):
    return sum(c.value('size') or 0 for c in system.channels)


class ChannelChecker:
    def __init__(self, system, errors):
        self.system, self.errors = system, errors

    def bad(self, item, wrong, right):
        self.errors.add(item.node, item.key, wrong, right)

    def members(self, channel):
        names = [vm.value('name') for vm in self.system.vms]
        seen = set()
        for member in channel.members:
            item = member['vm']
            if item.value is None:
                continue
            if item.value not in names:
                self.bad(item, f'there is no VM {item.value}',
                         'VMs: ' + ', '.join(str(n) for n in names))
            elif item.value in seen:
                self.bad(item, f'{item.value} is a member already', 'name each VM once')
            seen.add(item.value)
        if not 1 <= len(channel.members) <= schema.MAX_MEMBERS:
            self.errors.add(channel.node, 'channel.members', f'{len(channel.members)} members',
                            f'name 1 to {schema.MAX_MEMBERS} VMs')

    def counts(self):
        channels = self.system.channels
        if len(channels) > schema.MAX_CHANNELS:
            self.bad(channels[-1].items['name'], f'{len(channels)} channels',
                     f'use at most {schema.MAX_CHANNELS}')
        for vm in self.system.vms:
            mine = of_vm(self.system, vm)
            if len(mine) > schema.MAX_MEMBERS:
                self.bad(mine[-1][1]['vm'], f'VM {vm.value("name")} is in {len(mine)} channels',
                         f'a VM can be in {schema.MAX_MEMBERS}')

    def ivc(self, vm):
        for ivc in vm.lists['ivc'][1:]:
            self.bad(ivc['publish'], 'there can be only one', 'leave the others out')
        for ivc in vm.lists['ivc']:
            publish, memory = ivc['publish'], ivc['memory']
            if not publish.value and not ivc['read'].value and not ivc['write'].value:
                self.bad(publish, 'it may neither publish nor subscribe',
                         'say how much it may publish, or whose regions it may read or write')
            if publish.value and not memory.value:
                self.bad(memory, 'there is none for what it publishes', 'write memory = "1M"')
            elif memory.value and not publish.value:
                self.bad(memory, 'it publishes nothing', 'write publish = 1, or leave memory out')
            for item in (memory, ivc['window']):
                if item.value is not None and (item.value % schema.PAGE):
                    self.bad(item, f'{item.value} is not a multiple of 4K',
                             'use a multiple of "4K"')

    def run(self):
        for vm in self.system.vms:
            self.ivc(vm)
        seen = set()
        for channel in self.system.channels:
            name, size = channel.items['name'], channel.items['size']
            if name.value in seen and name.value is not None:
                self.bad(name, f'another channel is called {name.value}',
                         'give each channel its own name')
            seen.add(name.value)
            if size.value is not None and (size.value % schema.PAGE or size.value > 1 << 30):
                self.bad(size, f'{schema.show_size(size.value)} is not a multiple of 4K up to 1G',
                         'use a multiple of "4K", at most "1G"')
            self.members(channel)
        self.counts()
