# SPDX-License-Identifier: Apache-2.0
"""Does a System make sense? The checks of vm/config_check.c, with places and remedies,
and those that need the files themselves."""
import os
import zlib

import corbel_config_channels as channels
import corbel_config_files as files
import corbel_config_schema as schema
from corbel_config_networks import NetworkChecker
from corbel_config_pools import PoolChecker
from corbel_config_schema import PAGE, show_about, show_size
from corbel_config_source import Unreadable
from corbel_config_system import Item

HYP_SHARE = 32 << 20       # what the hypervisor itself may need, beside the bundle
PHYSICAL_DISK = 0x140000   # memory for requests under way
MAX_ADDRESS = 1 << 40      # every CPU with EL2 has at least 40 bits of guest addresses


def overlap(a, asize, b, bsize):
    return a < b + bsize and b < a + asize


class Board:
    """What there is to give; None where nobody said."""

    def __init__(self, cpus=None, memory=None):
        self.cpus, self.memory = cpus, memory


class Checker:
    # section, key of its interrupt, keys of its addresses
    DEVICES = [('console', 'spi', 'base'), ('rtc', 'spi', 'base'), ('power_key', 'spi', 'base'),
               ('watchdog', 'spi', 'refresh', 'control'), ('stolen_time', None, 'base'),
               ('mailbox', None, 'base')]

    def __init__(self, system, board, build, errors):
        self.system, self.board, self.build, self.errors = system, board, build, errors
        self.taken = []            # VM, physical disk and partition that it has

    def bad(self, item, wrong, right):
        self.errors.add(item.node, item.key, wrong, right)

    # --- the board's own

    def board_lists(self):
        seen = set()
        for disk in self.system.board_lists['board.disk']:
            item = disk['serial']
            if item.value is not None and item.value in seen:
                self.bad(item, f'another disk has serial {item.value}', 'give each its own')
            seen.add(item.value)
            if disk['file'].value is not None and not disk['size'].given:
                self.file_there(disk['file'])

    # --- what VMs share

    def unique(self):
        for key, what in (('name', 'another VM is called {}'), ('id', 'another VM has id {}')):
            seen = set()
            for vm in self.system.vms:
                item = vm[key]
                if item.value in seen and item.value is not None:
                    self.bad(item, what.format(item.value), f'give each VM its own {key}')
                seen.add(item.value)

    def frames(self):
        """Linear memory of all VMs: no frame twice."""
        seen = []
        for vm in self.system.vms:
            for region in vm.memory:
                pa, size = region['pa'].value, region['size'].value
                if region['backend'].value != 'linear' or pa is None or size is None:
                    continue
                for name, other_pa, other_size in seen:
                    if overlap(pa, size, other_pa, other_size):
                        self.bad(region['pa'], f'0x{pa:x} overlaps memory of VM {name}',
                                 'give each region frames of its own')
                seen.append((vm.value('name'), pa, size))

    def devices_of_the_board(self):
        """What there is, only Corbel knows; but nothing is two VMs', and DMA needs linear RAM."""
        seen = {}
        for vm in self.system.vms:
            item = vm['devices']
            for path in item.value:
                other = seen.setdefault(path, vm.value('name'))
                if other != vm.value('name'):
                    self.bad(item, f'{path} is VM {other}\'s', 'give it to one of them')
            for region in vm.memory if vm.value('dma') == 'unprotected' else []:
                if region['backend'].value != 'linear' or \
                        region['ipa'].value != region['pa'].value:
                    self.bad(vm['dma'], 'a device would write to wrong addresses',
                             'write backend = "linear" with pa equal to ipa in all memory')
                    break

    def memory_sum(self):
        limit = self.board.memory
        if limit is None:
            return
        left = limit - HYP_SHARE - self.bundle_size()
        left -= channels.total_size(self.system)
        for vm in self.system.vms:
            left += sum(b['size'].value or 0 for b in vm.lists['balloon'])
            for region in vm.memory:
                size = region['size'].value
                if size is None or region['backend'].value == 'linear':
                    continue
                if size > left:
                    self.bad(region['size'], f'{show_size(size)} for VM {vm.value("name")} is '
                             f'more than the board has left ({max(left, 0) >> 20}M of '
                             f'{show_size(limit)})', 'give the VM less or the board more')
                else:
                    left -= size
            for ivc in vm.lists['ivc']:
                size = ivc['memory'].value or 0
                if size > left:
                    self.bad(ivc['memory'], f'{show_size(size)} for what VM {vm.value("name")} '
                             f'publishes is more than the board has left ({max(left, 0) >> 20}M '
                             f'of {show_size(limit)})', 'give it less or the board more')
                else:
                    left -= size
            for disk in vm.lists['disk']:
                size = self.disk_memory(disk)
                if size > left:
                    item = disk['limit'] if disk['limit'].given else disk['size']
                    self.bad(item, f'{show_size(size)} for a disk of VM {vm.value("name")} is '
                             f'more than the board has left ({max(left, 0) >> 20}M of '
                             f'{show_size(limit)})', 'give it a limit or the board more')
                else:
                    left -= size

    def disk_size(self, disk):
        path = files.locate(disk['image'], self.build) if disk['image'].value else ''
        return disk['size'].value or (os.path.getsize(path) if os.path.isfile(path) else 0)

    def disk_memory(self, disk):
        """What is written to it is kept in the board's memory."""
        size = self.disk_size(disk)
        if disk['physical'].value is not None:
            return PHYSICAL_DISK
        if disk['readonly'].value:
            return 0
        size = min(size, disk['limit'].value or size)
        return size + -size % PAGE

    def bundle_size(self):
        """About what the bundle takes: it lies in the board's memory too."""
        paths = set()
        for vm in self.system.vms:
            for item in vm.files():
                if item.value is not None:
                    paths.add(files.locate(item, self.build))
        return sum(os.path.getsize(p) for p in paths if os.path.isfile(p))

    # --- one VM: CPUs and addresses

    def cpus(self, vm):
        item, vcpus = vm['cpus'], vm.value('vcpus')
        if len(item.value) not in (1, vcpus):
            self.bad(item, f'{len(item.value)} lists for {vcpus} vCPUs',
                     'write one list for each vCPU, or one for all')
        nr = self.board.cpus
        for mask in item.value:
            if nr is not None and mask >> nr:
                self.bad(item, f'the board has no CPU {mask.bit_length() - 1}',
                         f'use CPUs 0 to {nr - 1}')
                return

    def windows(self, vm):
        out = [(vm['gic.gicd'], schema.GICD_SIZE, schema.GICD_SIZE),
               (vm['gic.gicr'], schema.GICR_STRIDE * vm.value('vcpus'), schema.GICD_SIZE)]
        for name, spi, *bases in self.DEVICES:
            if vm.value(name + '.enabled'):
                out += [(vm[f'{name}.{base}'], schema.DEVICE_SIZE, PAGE) for base in bases]
        devices = self.virtio_of(vm)
        if devices:
            slots = Item(schema.VIRTIO_BASE, devices[0]['slot'].node, 'virtio', False)
            out.append((slots, schema.VIRTIO_SIZE, PAGE))
        return out + channels.windows(self.system, vm)

    # --- virtio devices

    @staticmethod
    def virtio_of(vm):
        return [items for section in schema.VIRTIO for items in vm.lists[section.name]]

    def virtio(self, vm):
        """The slots of a VM's devices, each once; then each device."""
        seen, devices = set(), self.virtio_of(vm)
        if len(devices) > schema.VIRTIO_SLOTS:
            self.errors.add(vm.node, 'virtio', f'{len(devices)} virtio devices',
                            f'use at most {schema.VIRTIO_SLOTS}')
        for slot in (items['slot'] for items in devices):
            if slot.value is not None and slot.value in seen:
                self.bad(slot, f'slot {slot.value} is taken already', 'use another')
            seen.add(slot.value)
        for name in ('console', 'rtc', 'power_key', 'watchdog'):
            item = vm[name + '.spi']
            if vm.value(name + '.enabled') and item.value - schema.VIRTIO_SPI in self.slots(vm):
                self.bad(item, f'SPI {item.value} is that of a virtio device', 'use another')
        for disk in vm.lists['disk']:
            if disk['physical'].value is not None:
                self.physical(vm, disk)
            else:
                self.disk(disk)
        for section in schema.SINGLE:
            for items in vm.lists[section.name][1:]:
                self.bad(items['slot'], 'there can be only one', 'leave the others out')
        for balloon in vm.lists['balloon']:
            self.balloon(vm, balloon['size'])

    def balloon(self, vm, size):
        """What the board need not have: only memory that comes at the first access."""
        touch = sum(r['size'].value or 0 for r in vm.memory if r['backend'].value == 'touch')
        if size.value and size.value % PAGE:
            self.bad(size, f'{size.value} is not a multiple of 4K', 'use a multiple of "4K"')
        elif size.value and size.value > touch:
            self.bad(size, f'{show_size(size.value)} of {show_size(touch)} that come at the '
                     'first access', 'write memory = { size = ..., backend = "touch" }')

    def sockets(self):
        """CIDs of all VMs; and a VM that is named as a peer has one."""
        seen, names = {}, [vm.value('name') for vm in self.system.vms]
        having = sum(1 << i for i, vm in enumerate(self.system.vms) if vm.lists['vsock'])
        for vm in self.system.vms:
            for items in vm.lists['vsock']:
                cid, peers = items['cid'], items['peers']
                if cid.value in seen and cid.value is not None:
                    self.bad(cid, f'{cid.value} is that of VM {seen[cid.value]}',
                             'give each VM a CID of its own')
                seen[cid.value] = vm.value('name')
                lost = 0 if peers.value == schema.ALL_VMS else peers.value & ~having
                if lost:
                    self.bad(peers, f'VM {names[lost.bit_length() - 1]} has no vsock',
                             'give it one, or leave it out')

    def slots(self, vm):
        """The slots that are used, as vm/config_virtio.c gives them."""
        used = {i['slot'].value for i in self.virtio_of(vm)} - {None}
        free = (n for n in range(schema.VIRTIO_SLOTS) if n not in used)
        return used | {next(free, None) for i in self.virtio_of(vm) if i['slot'].value is None}

    def physical(self, vm, disk):
        """A disk of the board, or a partition of it, that nobody else has."""
        for key in ('image', 'size', 'limit', 'keep'):
            if disk[key].value:
                self.bad(disk[key], 'it is not for a physical disk', f'leave {key} out')
        item, part, board = disk['physical'], disk['partition'], \
            self.system.board_lists['board.disk']
        names = [d['serial'].value or str(i) for i, d in enumerate(board)]
        name = item.value
        if names and name.isdigit() and int(name) < len(names) and name not in names:
            name = names[int(name)]
        elif names and name not in names:
            self.bad(item, f'the board has no disk {name}', 'disks: ' + ', '.join(names))
        for owner, other, other_part in self.taken:
            if other == name and (None in (part.value, other_part) or part.value == other_part):
                what = f'partition {part.value}' if part.value else f'disk {name}'
                self.bad(part if part.value else item,
                         f'VM {owner} has {what}, or a part of it', 'give each VM its own')
        self.taken.append((vm.value('name'), name, part.value))

    def disk(self, disk):
        if disk['partition'].given:
            self.bad(disk['partition'], 'of which disk?', 'write physical = "SERIAL"')
        image, size = disk['image'], disk['size']
        path = self.file_there(image)
        if image.value is None and size.value is None:
            self.bad(image, 'it has neither image nor size', 'write size = "64M" for an empty disk')
        elif image.value is None and disk['readonly'].value:
            self.bad(disk['readonly'], 'there is nothing to read', 'name an image')
        if size.value and size.value % schema.SECTOR:
            self.bad(size, f'{size.value} bytes are not a multiple of {schema.SECTOR}',
                     'use a multiple of "1K"')
        if path and size.value and size.value < os.path.getsize(path):
            self.bad(size, f'{image.value} has {os.path.getsize(path)} bytes',
                     'give it more, or leave size out')
        for key in ('keep', 'limit'):
            if disk['readonly'].value and disk[key].value:
                self.bad(disk[key], 'nothing is written to a readonly disk', f'leave {key} out')

    @staticmethod
    def title(item):
        section = item.key.partition('.')[0].partition('[')[0].replace('-', '_')
        return {'gic': 'the GIC', 'console': 'the console', 'rtc': 'the clock',
                'power_key': 'the power key', 'watchdog': 'the watchdog',
                'stolen_time': 'the page of stolen time', 'mailbox': 'the mailbox',
                'channel': 'a channel', 'ivc': 'ivc',
                'virtio': 'the virtio slots'}[section]

    def mailbox(self, vm):
        item = vm['mailbox.enabled']
        if item.value and not vm.value('manage.list') and not vm.value('manage.control'):
            self.bad(item, 'there is no VM to manage', 'give rights with manage, or leave it out')

    def range(self, item, base, size, align):
        if base % align:
            self.bad(item, f'0x{base:x} is not a multiple of {show_size(align)}',
                     f'0x{base - base % align:x} would be')
        elif base + size > 1 << 64:
            self.bad(item, f'0x{base:x} and {show_size(size)} wrap around',
                     'choose a lower address')
        elif base + size > MAX_ADDRESS:
            self.bad(item, f'0x{base + size - 1:x} is beyond the 40-bit guest addresses',
                     'choose a lower address')
        else:
            return True
        return False

    def devices(self, vm):
        seen = []
        for item, size, align in self.windows(vm):
            if not self.range(item, item.value, size, align):
                continue
            for other, other_size in seen:
                if overlap(item.value, size, other.value, other_size):
                    where, what = (item, other) if item.given else (other, item)
                    self.bad(where, f'0x{where.value:x} overlaps {self.title(what)} at '
                             f'0x{what.value:x}', 'move one of them')
            seen.append((item, size))
        self.spis(vm)

    def spis(self, vm):
        seen = {}
        for name, spi, *_ in self.DEVICES:
            if not spi or not vm.value(name + '.enabled'):
                continue
            item = vm[f'{name}.{spi}']
            other = seen.setdefault(item.value, name)
            if other != name:
                at = item if item.given else vm[f'{other}.spi']
                self.bad(at, f'SPI {item.value} is used by {other} and {name}', 'use another')
        for item, name in channels.spis(self.system, vm):
            other = seen.setdefault(item.value, name)
            if other != name:
                self.bad(item, f'SPI {item.value} is used by {other} too', 'use another')

    def region(self, vm, region):
        ipa, size = region['ipa'], region['size']
        if size.value is None or ipa.value is None:
            return
        if size.value % PAGE:
            self.bad(size, f'{size.value} bytes are not a multiple of 4K',
                     'use a multiple of "4K"')
        if not self.range(ipa, ipa.value, size.value, PAGE):
            return
        for item, wsize, _ in self.windows(vm):
            if overlap(ipa.value, size.value, item.value, wsize):
                self.bad(ipa, f'0x{ipa.value:x} and {show_size(size.value)} overlap '
                         f'{self.title(item)} at 0x{item.value:x}', 'move one of them')
        self.backend(region)

    def backend(self, region):
        pa, size = region['pa'], region['size']
        linear = region['backend'].value == 'linear'
        if linear and not pa.given:
            self.bad(region['backend'], 'linear memory needs pa', 'write pa = 0x...')
        elif pa.given and not linear:
            self.bad(pa, f'it is not for {region["backend"].value} memory',
                     'write backend = "linear" or leave pa out')
        elif linear:
            self.range(pa, pa.value, size.value, PAGE)

    def memory(self, vm):
        if len(vm.memory) > schema.MAX_REGIONS:
            self.errors.add(vm.node, 'memory', f'{len(vm.memory)} regions',
                            f'use at most {schema.MAX_REGIONS}')
        for i, region in enumerate(vm.memory):
            self.region(vm, region)
            for other in vm.memory[:i]:
                a, b = region['ipa'].value, other['ipa'].value
                asize, bsize = region['size'].value, other['size'].value
                if None not in (a, b, asize, bsize) and overlap(a, asize, b, bsize):
                    self.bad(region['ipa'], f'0x{a:x} overlaps the region at 0x{b:x}',
                             'move one of them')

    # --- one VM: files

    def region_at(self, vm, address):
        for region in vm.memory:
            ipa, size = region['ipa'].value, region['size'].value
            if size is not None and ipa <= address < ipa + size:
                return region
        return None

    def placed(self, vm, load, size):
        """There is memory where a file shall go."""
        if load.value is None:
            return
        region = self.region_at(vm, load.value)
        if region is None:
            self.bad(load, f'0x{load.value:x} is outside the memory of VM {vm.value("name")}',
                     'choose an address in one of its regions')
        elif load.value + size > region['ipa'].value + region['size'].value:
            self.bad(load, f'{size} bytes at 0x{load.value:x} end outside the region',
                     'choose a lower address or give more memory')

    def file_there(self, item):
        """The path of a file that exists and is not empty, or None."""
        if item.value is None:
            return None
        path = files.locate(item, self.build)
        right = f'names count from {os.path.dirname(item.node.file) or "."}/, those with ' \
                '@build/ from the build folder'
        if not os.path.isfile(path):
            self.bad(item, f'there is no {self.show(path)}', right)
        elif os.path.getsize(path) == 0:
            self.bad(item, f'{self.show(path)} is empty', 'name the right file')
        elif not os.access(path, os.R_OK):
            self.bad(item, f'{self.show(path)} cannot be read', 'change its permissions')
        else:
            return path
        return None

    def show(self, path):
        inside = os.path.relpath(path, self.build)
        return path if inside.startswith('..') else files.BUILD + inside

    def kernel(self, vm):
        item = vm['kernel.file']
        path = self.file_there(item)
        if not path:
            return 0
        try:
            head = files.read_head(path, 64)
        except (OSError, EOFError, zlib.error):
            self.bad(item, 'it begins like gzip but cannot be unpacked', 'replace the file')
            return 0
        kind = self.kernel_type(vm, item, head)
        size = files.file_size(path)
        if kind == 'image':
            size = files.image_size(head, size)
        if kind == 'elf' and vm['kernel.load'].given:
            self.bad(vm['kernel.load'], 'an ELF file is loaded where it says', 'leave load out')
        elif kind != 'elf':
            self.placed(vm, vm['kernel.load'], size)
        return 0 if kind == 'elf' else size

    def kernel_type(self, vm, item, head):
        """The type that counts; complains where it is not what the file is."""
        said, found = vm.value('kernel.type'), files.kernel_kind(head)
        at = vm['kernel.type'] if vm['kernel.type'].given else item
        if said != 'raw' and found == 'zimage':
            self.bad(item, 'this is a kernel for 32-bit Arm', 'name an arm64 Image')
        elif said != 'raw' and found == 'zboot':
            self.bad(item, 'this is a compressed EFI kernel', 'name the arm64 Image inside it')
        elif said in ('image', 'elf') and said != found:
            self.bad(at, f'{os.path.basename(item.value)} is not {self.article(said)}',
                     f'write type = "{found}" or leave type out')
        elif found == 'elf' and said != 'raw' and not files.elf_ok(head):
            self.bad(item, 'this ELF file is not for AArch64', 'name a 64-bit little-endian one')
        return found if said == 'auto' else said

    @staticmethod
    def article(kind):
        return {'image': 'an arm64 Image', 'elf': 'an ELF file'}[kind]

    def entry(self, vm):
        item = vm['kernel.entry']
        if item.value is None:
            return
        region = self.region_at(vm, item.value)
        if region is None or item.value % 4:
            self.bad(item, f'0x{item.value:x} is no address of VM {vm.value("name")} to start at',
                     'choose a multiple of 4 in one of its regions')
        elif 'x' not in region['access'].value:
            self.bad(item, f'the memory at 0x{item.value:x} cannot be executed',
                     'give the region access = "rwx"')

    def other_files(self, vm):
        """initrd and device tree. Returns the bytes they need."""
        total = 0
        if vm['initrd.load'].given and not vm.has('initrd.file'):
            self.bad(vm['initrd.load'], 'there is no initrd', 'write its file')
        for section in ('initrd', 'dtb'):
            path = self.file_there(vm[section + '.file'])
            size = os.path.getsize(path) if path else 0
            if section == 'dtb' and path:
                self.dtb(vm['dtb.file'], path)
            self.placed(vm, vm[section + '.load'], size)
            total += size
        return total

    def dtb(self, item, path):
        if path.endswith('.dts'):
            try:
                files.Payload('', path, False).data()
            except Unreadable as err:
                self.errors.text(str(err))
        elif files.read_head(path, 4) != files.FDT_MAGIC:
            self.bad(item, f'{os.path.basename(path)} is not a device tree',
                     'name a .dtb or .dts file')

    def files(self, vm):
        total = self.kernel(vm) + self.other_files(vm)
        self.entry(vm)
        sizes = [r['size'].value for r in vm.memory if r['size'].value is not None]
        if sizes and total > sum(sizes):
            item = vm.memory[0]['size']
            self.bad(item, f'kernel and initrd of VM {vm.value("name")} need {show_about(total)}, '
                     f'it has {show_size(sum(sizes))}', 'give it more memory')

    # --- all

    def run(self):
        self.unique()
        self.board_lists()
        if len(self.system.vms) > schema.MAX_VMS:
            self.errors.add(self.system.vms[-1].node, 'vms', f'{len(self.system.vms)} VMs',
                            f'use at most {schema.MAX_VMS}')
        for vm in self.system.vms:
            self.cpus(vm)
            self.devices(vm)
            self.mailbox(vm)
            self.virtio(vm)
            self.memory(vm)
            self.files(vm)
        channels.ChannelChecker(self.system, self.errors).run()
        NetworkChecker(self.system, self.errors).run()
        PoolChecker(self.system, self.board, self.errors).run()
        self.frames()
        self.devices_of_the_board()
        self.memory_sum()
        self.sockets()


def check_system(system, board, build, errors):
    Checker(system, board, build, errors).run()
