# SPDX-License-Identifier: Apache-2.0
"""From source trees to a System: keys known, types right, VM files and defaults merged."""
import difflib
import os

import corbel_config_channels as channels
import corbel_config_schema as schema
from corbel_config_source import Node, Unreadable, load


class Item:
    """A value in normal form, with its place. given: the user wrote it."""

    def __init__(self, value, node, key, given=True):
        self.value, self.node, self.key, self.given = value, node, key, given


class Vm:
    """items: name -> Item; sections: name -> {name -> Item}; lists: name -> a list of those."""

    def __init__(self, node):
        self.node, self.items, self.sections = node, {}, {}
        self.lists = {s.name: [] for s in schema.SECTIONS if s.many}
        self.memory = self.lists['memory']
        self.pool = None           # the Pool it names, when there is one

    def __getitem__(self, path):
        section, _, key = path.rpartition('.')
        return (self.sections[section] if section else self.items)[key]

    def value(self, path):
        return self[path].value

    def files(self):
        """Items of all files that it names, or may name."""
        found = [self[section + '.file'] for section in ('kernel', 'initrd', 'dtb')]
        return found + [items[key.name] for section in schema.VIRTIO for key in section.keys
                        for items in self.lists[section.name]
                        if isinstance(key.kind, schema.File)]

    def has(self, path):
        return self[path].value is not None


    def idle(self, key):
        """Why a key is not read with this VM's policy and devices, or None."""
        policy = self.pool.value('policy')
        if key.policies and policy not in key.policies:
            return f'policy {policy} of pool {self.pool.value("name")} does not read it'
        restarts = self.value('on_crash') == 'restart' or \
            self.value('watchdog.enabled') and self.value('on_watchdog') == 'restart'
        reasons = {
            'slice': policy == 'edf' and self.has('budget') and 'it is not for a VM with a budget',
            'budget': not self.has('period') and 'it is without a period',
            'period': not self.has('budget') and 'it is without a budget',
            'on_watchdog': not self.value('watchdog.enabled') and 'there is no watchdog',
            'restart_limit': not restarts and 'nothing restarts the VM',
            'restart_backoff': not restarts and 'nothing restarts the VM',
            'stop_timeout': not self.value('power_key.enabled') and 'there is no power key',
            'dma': not self.value('devices') and 'there are no devices',
            'console_log': not self.value('console.enabled') and 'there is no console',
        }
        return reasons.get(key.name) or None


class Pool:
    """items: name -> Item; windows: a list of {name -> Item}."""

    def __init__(self, node):
        self.node, self.items, self.windows = node, {}, []

    def __getitem__(self, key):
        return self.items[key]

    def value(self, key):
        return self.items[key].value


class System:
    def __init__(self, file):
        self.networks = []         # each: name -> Item
        self.file, self.items, self.board, self.vms, self.pools = file, {}, {}, [], []
        self.channels = []
        self.board_lists = {s.name: [] for s in schema.BOARD_LISTS}
        self.sources = [file]      # every file that was read


class Reader:
    def __init__(self, file, errors):
        self.errors = errors
        self.is_dts = file.endswith('.dts')
        self.system = System(file)

    def spell(self, key):
        return key.dts if self.is_dts else key.name

    def right(self, kind):
        return self.is_dts and kind.right_dts or kind.right

    # --- keys

    def unknown(self, node, key, known):
        name = key.rpartition('.')[2]
        near = difflib.get_close_matches(name, known, 1, 0.6)
        right = f'did you mean {near[0]}?' if near else 'known keys: ' + ', '.join(known)
        self.errors.add(node, key, 'no such key', right)

    def known(self, node, keys, prefix, more=()):
        names = [self.spell(k) for k in keys] + list(more)
        for name, child in node.value.items():
            if name not in names:
                self.unknown(child, prefix + name, names)

    def key(self, table, key, prefix):
        """One key of a table as an Item; its default where it is not given."""
        name = self.spell(key)
        node = table.value.get(name)
        if node is None:
            if key.required:
                self.errors.add(table, prefix + name, 'it is missing', self.right(key.kind))
            return Item(key.default, table, prefix + name, False)
        try:
            return Item(key.kind.read(plain(node)), node, prefix + name)
        except schema.Wrong as err:
            self.errors.add(node, prefix + name, err, self.right(key.kind))
            return Item(key.default, node, prefix + name, False)

    def keys(self, table, keys, prefix):
        return {k.name: self.key(table, k, prefix) for k in keys}

    # --- sections

    def section(self, node, section, prefix):
        """A section: a table, or a plain value for its short key."""
        if not isinstance(node.value, dict) and section.short and not isinstance(node.value, bytes):
            if isinstance(node.value, list):
                return self.wrong_section(node, section, prefix)
            key = next(k for k in section.keys if k.name == section.short)
            table = Node({key.name: node}, node.file, node.line)
            items = self.keys(table, [k for k in section.keys if k is not key], prefix + '.')
            try:
                items[key.name] = Item(key.kind.read(node.value), node, prefix)
            except schema.Wrong as err:
                self.errors.add(node, prefix, err, self.section_right(section))
                items[key.name] = Item(None, node, prefix, False)
            return items
        if not isinstance(node.value, dict):
            return self.wrong_section(node, section, prefix)
        self.known(node, section.keys, prefix + '.')
        return self.keys(node, section.keys, prefix + '.')

    def section_right(self, section):
        if self.is_dts:
            return f'write {section.name} {{ ... }} with ' + ', '.join(k.dts for k in section.keys)
        if not section.short:
            return 'write a table with ' + ', '.join(k.name for k in section.keys)
        kind = next(k for k in section.keys if k.name == section.short).kind
        return f'{kind.right}, or a table with ' + ', '.join(k.name for k in section.keys)

    def wrong_section(self, node, section, prefix):
        self.errors.add(node, prefix, what_is(node), self.section_right(section))
        return {k.name: Item(k.default, node, prefix, False) for k in section.keys}

    def many(self, node, section, vm):
        name = section.name
        nodes = node.value if isinstance(node.value, list) else [node]
        if not nodes and name in schema.REQUIRED_SECTIONS:
            self.errors.add(node, name, 'the list is empty', f'give the VM {name}')
        for i, child in enumerate(nodes):
            prefix = f'{name}[{i}]' if isinstance(node.value, list) else name
            vm.lists[name].append(self.section(child, section, prefix))

    def sections(self, table, vm):
        for section in schema.SECTIONS:
            node = table.value.get(self.spell(section))
            if node is None and section.name in schema.REQUIRED_SECTIONS:
                self.errors.add(table, section.name, 'it is missing', self.section_right(section))
            if section.many:
                if node is not None:
                    self.many(node, section, vm)
                continue
            if node is not None:
                vm.sections[section.name] = self.section(node, section, self.spell(section))
            else:
                vm.sections[section.name] = {k.name: Item(k.default, table, section.name, False)
                                             for k in section.keys}

    # --- the board

    def board(self, root):
        """Its keys and lists."""
        node = root.value.get('board', Node({}, root.file, root.line))
        lists = {} if not isinstance(node.value, dict) else \
            {s.name.partition('.')[2]: s for s in schema.BOARD_LISTS}
        for key, section in lists.items():
            right = f'write {key} {{ ... }} and its keys in it' if self.is_dts else \
                f'write [[{section.name}]] and its keys below it'
            for i, child in enumerate(self.listed(node, key, dict, right, section.name)):
                self.system.board_lists[section.name].append(
                    self.section(child, section, f'{section.name}[{i}]'))
        if lists:
            node = Node({k: v for k, v in node.value.items() if k not in lists}, node.file,
                        node.line)
        self.system.board = self.section(node, schema.BOARD, 'board')

    # --- pools

    def pool(self, node):
        pool = Pool(node)
        self.known(node, schema.POOL.keys, 'pool.', ['windows'])
        pool.items = self.keys(node, schema.POOL.keys, 'pool.')
        right = 'write windows = [{ vm = "a", duration = "1ms" }]'
        for i, window in enumerate(self.listed(node, 'windows', dict, right, 'pool.windows')):
            pool.windows.append(self.section(window, schema.WINDOW, f'pool.windows[{i}]'))
        self.system.pools.append(pool)

    def pools(self, root):
        """The pools that are written, after the one of all other CPUs."""
        default = Pool(root)
        value = {'name': 'default', 'policy': 'rr'}
        default.items = {k.name: Item(value.get(k.name), root, 'pool.' + k.name, False)
                         for k in schema.POOL.keys}
        self.system.pools.append(default)
        for node in self.listed(root, 'pool', dict, 'write [[pool]] and its keys below it'):
            self.pool(node)

    def networks(self, root):
        right = 'write [[network]] and its keys below it'
        for i, node in enumerate(self.listed(root, 'network', dict, right)):
            self.system.networks.append(self.section(node, schema.NETWORK, f'network[{i}]'))

    def join(self, vm):
        """Find the pool that a VM names."""
        item, names = vm['pool'], [p.value('name') for p in self.system.pools]
        if item.value in names:
            vm.pool = self.system.pools[names.index(item.value)]
        else:
            self.errors.add(item.node, item.key, f'there is no {item.value}',
                            'pools: ' + ', '.join(str(n) for n in names))

    # --- channels

    def channels(self, root):
        right = 'write members = [{ vm = "a" }, { vm = "b" }]'
        for node in self.listed(root, 'channel', dict, 'write [[channel]] and its keys below it'):
            channel = channels.Channel(node)
            self.known(node, schema.CHANNEL.keys, 'channel.', ['members'])
            channel.items = self.keys(node, schema.CHANNEL.keys, 'channel.')
            for i, member in enumerate(self.listed(node, 'members', dict, right,
                                                   'channel.members')):
                channel.members.append(self.section(member, schema.MEMBER,
                                                    f'channel.members[{i}]'))
            self.system.channels.append(channel)

    # --- VMs

    def resolve(self, vm):
        """The names of VMs in its rights, now that all are known."""
        names = [v.value('name') for v in self.system.vms]
        rights = [(key.kind, vm['manage.' + key.name]) for key in schema.MANAGE.keys]
        rights += [(schema.Vms(), items['peers']) for items in vm.lists['vsock']]
        rights += [(schema.Vms(), items[k]) for items in vm.lists['ivc'] for k in ('read', 'write')]
        for kind, item in rights:
            try:
                item.value = kind.resolve(item.value, names)
            except schema.Wrong as err:
                self.errors.add(item.node, item.key, err,
                                'VMs: ' + ', '.join(str(n) for n in names))
                item.value = 0

    def merged(self, entry, defaults):
        """A [[vm]] entry over the VM file it names over [defaults]."""
        table = dict(defaults.value) if defaults else {}
        where = entry
        file = entry.value.get('file')
        if file is not None and not self.is_dts:
            inner = self.vm_file(file)
            if inner is None:
                return None
            table.update(inner.value)
            if len(entry.value) == 1:      # all of it is in the VM file
                where = inner
            stem = os.path.basename(inner.file).removesuffix('.toml')
            table.setdefault('name', Node(stem, inner.file, 1))
        table.update({k: v for k, v in entry.value.items() if k != 'file' or self.is_dts})
        return Node(table, where.file, where.line)

    def vm_file(self, node):
        if not isinstance(node.value, str):
            self.errors.add(node, 'file', schema.describe(plain(node)), schema.FILE.right)
            return None
        path = os.path.join(os.path.dirname(node.file), node.value)
        if not os.path.isfile(path):
            self.errors.add(node, 'file', f'there is no {path}',
                            "file names count from this file's folder")
            return None
        self.system.sources.append(path)
        try:
            return load(path)
        except Unreadable as err:
            self.errors.text(str(err))
            return None

    def vm(self, entry, defaults, idx):
        table = self.merged(entry, defaults)
        if table is None:
            return
        vm = Vm(table)
        self.known(table, schema.VM, '', [self.spell(s) for s in schema.SECTIONS])
        vm.items = self.keys(table, schema.VM, '')
        if 'name' not in table.value:
            self.errors.add(table, 'name', 'it is missing', schema.Name.right)
        if not vm['id'].given:
            vm['id'].value = idx
        self.sections(table, vm)
        self.join(vm)
        self.system.vms.append(vm)

    def entries(self, root):
        """Every VM of the system, as [[vm]] entries: the files of 'vms' come first."""
        out = []
        for node in self.listed(root, 'vms', str, 'write a list of VM files'):
            out.append(Node({'file': node}, node.file, node.line))
        out += self.listed(root, 'vm', dict, 'write [[vm]] and the keys of a VM below it')
        if not out:
            self.errors.add(root, 'vms', 'there is no VM', 'write vms = ["vms/linux.toml"]')
        return out

    def listed(self, root, key, cls, right, title=None):
        title = title or key
        node = root.value.get(key)
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.errors.add(node, title, schema.describe(plain(node)), right)
            return []
        good = [n for n in node.value if isinstance(n.value, cls)]
        for n in node.value:
            if n not in good:
                self.errors.add(n, title, what_is(n), right)
        return good

    def defaults(self, root):
        node = root.value.get('defaults')
        if node is None or self.is_dts:
            return None
        if not isinstance(node.value, dict):
            self.errors.add(node, 'defaults', schema.describe(plain(node)), 'write [defaults]')
            return None
        for key in ('name', 'id'):
            if key in node.value:
                self.errors.add(node.value[key], f'defaults.{key}', 'no two VMs can share it',
                                'give it in the VM')
        return node

    def read(self):
        root = load(self.system.file)
        more = ['board', 'network', 'pool', 'channel', 'vm'] + \
            ([] if self.is_dts else ['defaults', 'vms'])
        keys = schema.SYSTEM + ([schema.Key('version', schema.Int(1, 1), 1)] if self.is_dts else [])
        self.known(root, keys, '', more)
        self.system.items = self.keys(root, keys, '')
        self.board(root)
        self.pools(root)
        self.networks(root)
        defaults = self.defaults(root)
        for idx, entry in enumerate(self.entries(root)):
            self.vm(entry, defaults, idx)
        for vm in self.system.vms:
            self.resolve(vm)
        self.channels(root)
        channels.place(self.system)
        return self.system


def what_is(node):
    """In words, where a table should be."""
    value = plain(node)
    return 'this is a property' if isinstance(value, bytes) else schema.describe(value)


def plain(node):
    """A Node without its places."""
    if isinstance(node.value, dict):
        return {k: plain(v) for k, v in node.value.items()}
    if isinstance(node.value, list):
        return [plain(v) for v in node.value]
    return node.value


def read_system(file, errors):
    """The System in a file, or None; errors tells why."""
    try:
        return Reader(file, errors).read()
    except Unreadable as err:
        errors.text(str(err))
        return None
