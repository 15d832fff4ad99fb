# SPDX-License-Identifier: Apache-2.0
"""From a System to the packed device tree, to DTS, and to the bundle."""
import os

import corbel_config_fdt as fdt
import corbel_config_files as files
import corbel_config_schema as schema

ALIGN = 16      # of every file's contents; libfdt wants 8


# --- the tree -----------------------------------------------------------------

class Emitter:
    """Fills a tree. Two of them: bytes for the packed form, text for DTS."""

    def __init__(self, file_name, pack):
        self.file_name = file_name     # Item of a file, unpack? -> name to write
        self.pack = pack               # Kind, value -> what a property holds

    def section(self, items, keys, unpack=False):
        tree = fdt.Tree()
        for key in keys:
            item = items[key.name]
            if item.value is None or item.value == []:
                continue
            value = item.value
            if isinstance(key.kind, schema.File):
                value = self.file_name(item, unpack)
            tree.props[key.dts] = self.pack(key.kind, value)
        return tree

    def vm(self, vm):
        tree = self.section(vm.items, [k for k in schema.VM if k.name != 'name'
                                       and not vm.idle(k)])
        for section in schema.SECTIONS:
            for i, items in enumerate(vm.lists.get(section.name, [])):
                name = section.dts if i == 0 else f'{section.dts}-{i}'
                tree.children[name] = self.section(items, section.keys)
            if section.many:
                continue
            sub = self.section(vm.sections[section.name], section.keys,
                               section is schema.KERNEL)
            if sub.props:
                tree.children[section.dts] = sub
        return tree

    def pool(self, pool):
        tree = self.section(pool.items, [k for k in schema.POOL.keys if k.name != 'name'])
        for i, window in enumerate(pool.windows):
            name = 'window' if i == 0 else f'window-{i}'
            tree.children[name] = self.section(window, schema.WINDOW.keys)
        return tree

    def channel(self, channel):
        tree = self.section(channel.items, [k for k in schema.CHANNEL.keys if k.name != 'name'])
        for i, member in enumerate(channel.members):
            name = 'member' if i == 0 else f'member-{i}'
            tree.children[name] = self.section(member, schema.MEMBER.keys)
        return tree

    def board(self, system):
        """Not in the packed form: the hypervisor knows its board."""
        tree = self.section(system.board, schema.BOARD.keys)
        for section in schema.BOARD_LISTS:
            name = section.dts.partition('.')[2]
            for i, items in enumerate(system.board_lists[section.name]):
                tree.children[f'{name}-{i}' if i else name] = self.section(items, section.keys)
        return tree

    def system(self, system):
        root = self.section(system.items, schema.SYSTEM)
        props = {'compatible': self.pack(schema.String(), 'corbel,system'),
                 'version': self.pack(schema.Int(0, 0), schema.VERSION)}
        root.props = props | root.props
        if len(system.pools) > 1:
            root.children['pools'] = pools = fdt.Tree()
            for pool in system.pools[1:]:
                pools.children[pool.value('name')] = self.pool(pool)
        if system.channels:
            root.children['channels'] = channels = fdt.Tree()
            for channel in system.channels:
                channels.children[channel.value('name')] = self.channel(channel)
        if system.networks:
            root.children['networks'] = networks = fdt.Tree()
            for items in system.networks:
                networks.children[items['name'].value] = self.section(
                    items, [k for k in schema.NETWORK.keys if k.name != 'name'])
        root.children['vms'] = vms = fdt.Tree()
        for vm in system.vms:
            vms.children[vm.value('name')] = self.vm(vm)
        return root


def packed_tree(system, payloads):
    emit = Emitter(payloads.add, lambda kind, value: kind.pack(value))
    return fdt.build(emit.system(system))


# --- DTS ----------------------------------------------------------------------

def dts_node(name, tree, depth, out):
    tab = '\t' * depth
    out.append(f'{tab}{name} {{')
    for key, text in tree.props.items():
        out.append(f'{tab}\t{key} = {text};')
    for key, child in tree.children.items():
        dts_node(key, child, depth + 1, out)
    out.append(f'{tab}}};')


def dts_text(system, build):
    """The System as DTS that says the same; files by absolute name or from @build/."""
    def name(item, _unpack):
        if item.value.startswith(files.BUILD):
            return item.value
        return os.path.abspath(files.locate(item, build))

    emit = Emitter(name, lambda kind, value: kind.dts_text(value))
    root = emit.system(system)
    board = emit.board(system)
    if board.props or board.children:
        root.children = {'board': board} | root.children
    out = ['/dts-v1/;', '']
    dts_node('/', root, 0, out)
    return '\n'.join(out) + '\n'


# --- the bundle -----------------------------------------------------------------

class Cpio:
    """A newc archive; the same files give the same bytes."""

    def __init__(self, out):
        self.out, self.at, self.ino = out, 0, 0

    def write(self, data):
        self.out.write(data)
        self.at += len(data)

    def entry(self, name, data, mode):
        """NULs after the name bring the contents to a multiple of ALIGN."""
        text = name.encode() + b'\0'
        text += b'\0' * (-(self.at + 110 + len(text)) % ALIGN)
        self.ino += 1
        fields = [self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(text), 0]
        self.write(b'070701' + b''.join(b'%08x' % f for f in fields) + text)
        self.write(data)
        self.write(b'\0' * (-self.at % 4))

    def close(self):
        self.entry('TRAILER!!!', b'', 0)
        self.write(b'\0' * (-self.at % 512))


def write_bundle(system, build, path):
    """Write the bundle; an old one stays whole until the new one is. Returns its size."""
    payloads = files.Payloads(build)
    blob = packed_tree(system, payloads)
    part = path + '.part'
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(part, 'wb') as f:
        cpio = Cpio(f)
        cpio.entry('system.dtb', blob, 0o100644)
        for payload in payloads.list():
            cpio.entry(payload.name, payload.data(), 0o100644)
        cpio.close()
    os.replace(part, path)
    return os.path.getsize(path)


def file_list(system, build):
    """Every file the bundle is made from, there or not."""
    out = list(system.sources)
    for vm in system.vms:
        for item in vm.files():
            if item.value is not None:
                out.append(files.locate(item, build))
    # Not in the bundle, but made with it.
    out += [files.locate(disk['file'], build) for disk in system.board_lists['board.disk']
            if disk['file'].value is not None]
    return list(dict.fromkeys(out))
