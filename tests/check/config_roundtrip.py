#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the compiler packs is what the hypervisor reads, and DTS says the same as TOML.

Packs configurations, reads the bundle with the hypervisor's own reader
(tests/config/show.c) and compares field by field with what the compiler meant.
"""
import contextlib
import gzip
import io
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / 'tools'))
sys.path.insert(0, str(TOP / 'tests/check'))
import corbel_config  # noqa: E402
import corbel_config_fdt as fdt  # noqa: E402
import corbel_config_qemu  # noqa: E402
from config_errors import image  # noqa: E402
from corbel_config_source import Errors, TomlLines  # noqa: E402
from corbel_config_system import read_system  # noqa: E402

AUTO = (1 << 64) - 1
BACKENDS = ['eager', 'touch', 'linear']
TYPES = ['auto', 'raw', 'image', 'elf']
ACTIONS = ['stop', 'restart', 'pause', 'shutdown-machine']
ACCESS = {'r': 1, 'rw': 3, 'rx': 5, 'rwx': 7}
# Every line with a key in it holds its own line number as the value.
ODD_TOML = r'''# c = [x]
a = 2 # d = 9
b = """
]"quoted" \""" y
# not a comment""" # yes
"c.d" = [ 6, [6, 6], # c ]
  { e = 7, s = "}", f = [ 7 ] },
  8 ]
g.h . i = 9
k = { l = { m = 10 }, n = [] }
[t."u v"]
w = 12
[[z]]
q = 14
[z.y]
r = 16
[[z]]
q = 18
[[z.s]]
t = 20
'''
GUEST_DTS = '/dts-v1/;\n/ { model = "guest"; };\n'


def compile_show(folder):
    sources = ['tests/config/show.c', 'vm/config.c', 'vm/config_keys.c', 'vm/config_pools.c',
               'vm/config_sums.c', 'vm/config_check.c', 'vm/config_channels.c',
               'vm/config_virtio.c', 'vm/config_net.c', 'vm/bundle.c', 'core/fdt_sound.c']
    subprocess.run([os.environ.get('HOSTCC', 'gcc'), '-std=gnu11', '-Wall', '-Wextra', '-Werror',
                    '-fsanitize=address,undefined', '-I.', '-Iarch/include', *sources, '-lfdt',
                    '-o', folder / 'show'], cwd=TOP, check=True)


def fixtures(folder):
    (folder / 'guests/cloud').mkdir(parents=True)
    (folder / 'guests/debian').mkdir()
    for name in ('a.img', 'b.img', 'scratch.img', 'initramfs.cpio.gz'):
        (folder / 'guests/debian' / name).write_bytes(b'debian')
    (folder / 'sub').mkdir()
    (folder / 'guests/cloud/Image').write_bytes(image(0x20000))
    (folder / 'guests-el1/load').mkdir(parents=True)
    for guest in LOAD:
        (folder / f'guests-el1/load/{guest}.bin').write_bytes(image(0x4000))
    (folder / 'guests/initramfs.cpio.gz').write_bytes(gzip.compress(b'initramfs', mtime=0))
    (folder / 'Image.gz').write_bytes(gzip.compress(image(0x10000), mtime=0))
    (folder / 'sub/Image').write_bytes(b'another' * 100)
    (folder / 'initrd').write_bytes(b'rd' * 999)
    (folder / 'disk.img').write_bytes(b'disk' * 1000)
    (folder / 'guest.dts').write_text(GUEST_DTS)
    (folder / 'plain.toml').write_text('kernel = "sub/Image"\nmemory = "32M"\n')
    shutil.copy(TOP / 'tests/config/all-keys.toml', folder / 'all-keys.toml')


def outcome(*args):
    """Status, standard output and errors of a run of the compiler."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = corbel_config.main([str(a) for a in args])
    return status, out.getvalue(), err.getvalue()


def tool(*args):
    """Standard output of a successful run of the compiler."""
    status, out, err = outcome(*args)
    assert status == 0, err
    return out


def number(value):
    return hex(AUTO if value is None else value)


def meant_pool(pool, system):
    names, get = [vm.value('name') for vm in system.vms], pool.value
    cpus = get('cpus')
    if cpus is None:      # the show program's board has 64
        cpus = (1 << 64) - 1 - sum(p.value('cpus') for p in system.pools[1:])
    yield f'pool.{get("name")}={get("policy")} {cpus:#x} {get("major_frame") or 0} '
    for w in sorted(pool.windows, key=lambda w: w['start'].value):
        yield (f'pool.{get("name")}.window={w["vm"].value} {names.index(w["vm"].value)} '
               f'{w["start"].value} {w["duration"].value}')


def meant_channel(channel):
    name = channel.value('name')
    yield f'channel.{name}={channel.value("size"):#x} '
    for m in channel.members:
        get = {k: item.value for k, item in m.items()}
        # Those that the source leaves open, by docs/channels.md.
        chosen = {('ring', 'table'): (0x0c000000, 0x0b000000, 112),
                  ('large', 'table'): (0x41000000, 0x0b001000, 113),
                  ('large', 'pin'): (0x41000000, 0x0b000000, 112)}.get((name, get['vm']))
        if chosen:
            assert chosen == (get['ipa'], get['doorbell'], get['spi']), get
        yield (f'channel.{name}.member={get["vm"]} {["ro", "rw"].index(get["access"])} '
               f'{get["ipa"]:#x} {get["doorbell"]:#x} {get["spi"]}')


def meant_rights(mask, system):
    """The mask of what the source of VM full says; its list is all, its control two."""
    names = [v.value('name') for v in system.vms]
    if 'full' in names and mask not in (0, AUTO):
        assert mask == 1 << names.index('pin') | 1 << names.index('table')
    return mask


# Behind its memory, at a multiple of 2 MiB.
IVC_IPA = {'table': 0x60000000, 'weighty': 0x41000000}
# Slots that are not given are the lowest free ones.
SLOTS = {'full': [0, 9, 1, 31, 2, 3, 8, 4, 5], 'table': [0],
         'debian-a': range(6), 'debian-b': range(6)}
NETWORKS = []                  # of the system at hand
# Of those that have none of their own: by VM and slot.
AUTO_MAC = {'full': 0x02436f000105, 'debian-a': 0x02436f000005, 'debian-b': 0x02436f000105}


# By the numbers of VirtIO 1.2: what is written nowhere, of VM full's disk and of its network.
WITHOUT = (0, 1 << 34 | 1 << 28, 1 << 15 | 1 << 29 | 1 << 40)


def meant_device(vm, section, slots, d):
    assert d['without'].value in WITHOUT
    return (f'{vm.value("name")}.{section.replace("_", "-")}={next(slots)} '
            f'{d["name"].value or ""} {d["without"].value:#x}')


def meant_virtio(vm, names):
    slots = iter(SLOTS.get(vm.value('name'), []))
    for d in vm.lists['disk']:
        head = meant_device(vm, 'disk', slots, d)
        yield (f'{head} {names.get(d["image"].value, "")} {d["serial"].value or ""} '
               f'{d["size"].value or 0:#x} {d["limit"].value or 0:#x} {d["rate"].value or 0:#x} '
               f'{d["readonly"].value:d} {d["keep"].value:d} {d["queues"].value} '
               f'{d["iops"].value} {d["physical"].value or ""} {d["partition"].value or ""}')
    for section in ('rng', 'balloon', 'virtio_console', 'vsock'):
        for d in vm.lists[section]:
            line = meant_device(vm, section, slots, d)
            if section == 'balloon':
                line += f' {d["size"].value or 0:#x}'
            if section == 'vsock':
                line += f' {d["cid"].value} {d["peers"].value:#x}'
            yield line
    for n in vm.lists['net']:
        yield f'{meant_device(vm, "net", slots, n)} {meant_net(vm, n)}'


def meant_net(vm, net):
    value = {k: 0 if i.value is None else i.value for k, i in net.items()}
    network = next(n for n in NETWORKS if n['name'].value == value['network'])
    for key in ('vlan', 'isolated'):
        value[key] = (net[key] if net[key].value is not None else network[key]).value
    order = ('queues', 'queue_size', 'mtu', 'rate', 'burst', 'packet_rate', 'check_mac',
             'check_arp', 'check_ipv4', 'ipv4', 'vlan', 'isolated', 'mirror')
    mac = value['mac'] or AUTO_MAC[vm.value('name')]
    return ' '.join([value['network'], f'{mac:#x}', *(str(int(value[k])) for k in order),
                     *(str(v) for v in value['trunk'])])


def meant_network(network):
    value = {k: i.value for k, i in network.items()}
    uplink = 0xffffffff if value['uplink'] is None else value['uplink']
    return (f'network.{value["name"]}={value["vlan"]} {value["isolated"]:d} {uplink} '
            f'{value["capture"] or 0}')


def meant_vm(vm, names, system):
    """The lines show.c must print for a VM. names: source name -> name in the bundle."""
    n = vm.value('name')
    get = vm.value
    masks = get('cpus') * (get('vcpus') if len(get('cpus')) == 1 else 1)
    masks = PLACED.get(n, masks)
    yield f'{n}.id={get("id"):#x}'
    yield f'{n}.vcpus={get("vcpus"):#x}'
    yield from (f'{n}.cpus[{i}]={m:#x}' for i, m in enumerate(masks))
    for r in sorted(vm.memory, key=lambda r: r['ipa'].value):
        yield (f'{n}.memory={r["ipa"].value:#x} {r["size"].value:#x} {r["pa"].value or 0:#x} '
               f'{BACKENDS.index(r["backend"].value)} {ACCESS[r["access"].value]}')
    for s in ('kernel', 'initrd', 'dtb'):
        yield f'{n}.{s}.file={names.get(get(s + ".file"), "")}'
        yield f'{n}.{s}.load={number(get(s + ".load"))}'
        if s == 'kernel':
            yield f'{n}.kernel.type={TYPES.index(get("kernel.type")):#x}'
            yield f'{n}.kernel.entry={number(get("kernel.entry"))}'
    yield f'{n}.cmdline={get("cmdline")}'
    yield f'{n}.gicd={get("gic.gicd"):#x}'
    yield f'{n}.gicr={get("gic.gicr"):#x}'
    for s in ('console', 'rtc', 'power_key'):
        yield f'{n}.{s}={get(s + ".enabled"):d} {get(s + ".base"):#x} {get(s + ".spi")}'
    yield (f'{n}.watchdog={get("watchdog.enabled"):d} {get("watchdog.refresh"):#x} '
           f'{get("watchdog.control"):#x} {get("watchdog.spi")}')
    yield f'{n}.stolen_time={get("stolen_time.enabled"):d} {get("stolen_time.base"):#x}'
    for key in ('list', 'control'):
        yield f'{n}.manage.{key}={meant_rights(get("manage." + key), system):#x}'
    yield f'{n}.console_log={get("console_log"):#x}'
    yield f'{n}.devices={" ".join(get("devices"))}'
    yield f'{n}.dma={["refused", "unprotected"].index(get("dma")):#x}'
    yield f'{n}.interrupts={["virtual", "direct"].index(get("interrupts")):#x}'
    yield f'{n}.mailbox={get("mailbox.enabled"):d} {get("mailbox.base"):#x}'
    for i in vm.lists['ivc']:
        if n in IVC_IPA:
            assert i['ipa'].value == IVC_IPA[n], i['ipa'].value
        yield f'{n}.ivc=' + ' '.join(f'{i[k].value or 0:#x}' for k in (
            'publish', 'memory', 'read', 'write', 'ipa', 'window', 'doorbell', 'spi'))
    yield f'{n}.autostart={get("autostart"):#x}'
    for key in ('on_crash', 'on_reboot', 'on_watchdog'):
        yield f'{n}.{key}={ACTIONS.index(get(key)):#x}'
    yield f'{n}.restart_limit={get("restart_limit"):#x}'
    yield f'{n}.restart_backoff={get("restart_backoff"):#x}'
    yield f'{n}.stop_timeout={get("stop_timeout") if get("power_key.enabled") else 0:#x}'
    yield f'{n}.pool={get("pool")} {system.pools.index(vm.pool)}'
    for key in ('priority', 'slice', 'weight', 'cap', 'reservation', 'budget', 'period'):
        yield f'{n}.{key}={get(key) or 0:#x}'
    yield from meant_virtio(vm, names)
    yield f'{n}.refused='


def meant(system, names):
    items = system.items
    yield f'when_all_off={["poweroff", "shell"].index(items["when_all_off"].value)}'
    yield f'escape_key={items["escape_key"].value:#x}'
    yield f'housekeeping={items["housekeeping"].value}'
    yield f'scrub_at_boot={int(items["scrub_at_boot"].value)}'
    for pool in system.pools:
        yield from meant_pool(pool, system)
    NETWORKS[:] = system.networks
    for network in system.networks:
        yield meant_network(network)
    for channel in system.channels:
        yield from meant_channel(channel)
    for vm in system.vms:
        yield from meant_vm(vm, names, system)


def unpack(path):
    """Files of a newc archive, and the offsets of their contents."""
    data, at, files, offsets = path.read_bytes(), 0, {}, []
    while True:
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        size, namesize = field[6], field[11]
        name = data[at + 110:at + 110 + namesize].rstrip(b'\0').decode()
        begin = at + 110 + namesize + 3 & ~3
        if name == 'TRAILER!!!':
            return files, offsets
        files[name] = data[begin:begin + size]
        offsets.append(begin)
        at = begin + size + 3 & ~3


# --- the tests ------------------------------------------------------------------

def packed_is_what_was_meant(folder, file, names):
    bundle = folder / 'a.cpio'
    tool('pack', file, '--build', folder, '-o', bundle)
    run = subprocess.run([folder / 'show', bundle], capture_output=True, text=True, check=False)
    system = read_system(str(file), Errors())
    expected = list(meant(system, names))
    assert run.stdout.splitlines() == expected, \
        '\n'.join(sorted(set(run.stdout.splitlines()) ^ set(expected)))
    assert run.returncode == 0


def dts_says_the_same(folder, file):
    dts = folder / 'same.dts'
    dts.write_text(tool('dts', file, '--build', folder))
    tool('pack', file, '--build', folder, '-o', folder / 'a.cpio')
    tool('pack', dts, '--build', folder, '-o', folder / 'b.cpio')
    assert (folder / 'a.cpio').read_bytes() == (folder / 'b.cpio').read_bytes()
    assert tool('dts', dts, '--build', folder) == dts.read_text()
    assert tool('board', dts) == tool('board', file)
    assert tool('qemu', dts, '--build', folder) == tool('qemu', file, '--build', folder)


ALL_NAMES = {'sub/Image': 'Image', 'Image.gz': '2-Image', 'initrd': 'initrd',
             'disk.img': 'disk.img', 'guest.dts': 'guest.dtb'}
LOAD = ['rt_tick', 'edf_worker', 'spin']
TREE_NAMES = {'@build/guests/cloud/Image': 'Image',
              '@build/guests/initramfs.cpio.gz': 'initramfs.cpio.gz',
              '@build/guests/debian/initramfs.cpio.gz': 'initramfs.cpio.gz',
              '@build/guests/debian/scratch.img': 'scratch.img',
              **{f'@build/guests-el1/load/{guest}.bin': f'{guest}.bin' for guest in LOAD}}
# What config_check() makes of the CPUs of VMs under pinned and edf.
PLACED = {'pin': [0x20, 0x40], 'dead': [0x80], 'tick': [4], 'worker': [8]}


def test_every_key(folder):
    packed_is_what_was_meant(folder, folder / 'all-keys.toml', ALL_NAMES)


def test_every_key_as_dts(folder):
    dts_says_the_same(folder, folder / 'all-keys.toml')


def test_configs_of_the_tree(folder):
    files = sorted((TOP / 'configs').glob('*.toml'))
    assert len(files) >= 4
    for file in files:
        packed_is_what_was_meant(folder, file, TREE_NAMES)
        dts_says_the_same(folder, file)


def test_files_arrive_whole(folder):
    tool('pack', folder / 'all-keys.toml', '--build', folder, '-o', folder / 'a.cpio')
    files, offsets = unpack(folder / 'a.cpio')
    assert list(files) == ['system.dtb', 'Image', '2-Image', 'initrd', 'guest.dtb',
                           'disk.img'], list(files)
    assert files['2-Image'] == image(0x10000)         # was Image.gz
    assert files['Image'] == (folder / 'sub/Image').read_bytes()
    assert files['initrd'] == (folder / 'initrd').read_bytes()
    assert fdt.parse(files['guest.dtb']).props['model'] == b'guest\0'
    assert all(at % 16 == 0 for at in offsets)


def test_a_file_of_two_vms_is_packed_once(folder):
    tool('pack', TOP / 'configs/two-linux.toml', '--build', folder, '-o', folder / 'a.cpio')
    assert list(unpack(folder / 'a.cpio')[0]) == ['system.dtb', 'Image', 'initramfs.cpio.gz']


def test_packing_again_gives_the_same_bytes(folder):
    for name in ('a', 'b'):
        tool('pack', folder / 'all-keys.toml', '--build', folder, '-o', folder / f'{name}.cpio')
    assert (folder / 'a.cpio').read_bytes() == (folder / 'b.cpio').read_bytes()


def test_lines_of_odd_toml(_folder):
    lines = TomlLines(ODD_TOML).lines

    def walk(value, path):
        assert path in lines, path
        if isinstance(value, (dict, list)):
            for key in value if isinstance(value, dict) else range(len(value)):
                walk(value[key], path + (key,))
        elif isinstance(value, int):
            assert lines[path] == value, path

    walk(tomllib.loads(ODD_TOML), ())


def test_deps_names_every_file(folder):
    names = [os.path.relpath(p, folder) for p in
             tool('deps', folder / 'all-keys.toml', '--build', folder).split()]
    assert sorted(names) == ['Image.gz', 'all-keys.toml', 'disk,one.img', 'disk.img', 'guest.dts',
                             'initrd', 'plain.toml', 'sub/Image'], names


def test_board_is_what_make_takes(folder):
    assert tool('board', folder / 'all-keys.toml') == 'SMP=8\nMEM=2048M\n'
    assert tool('board', TOP / 'configs/default.toml') == ''


def test_qemu_is_given_disks_and_networks(folder):
    corbel_config_qemu.refused, was = lambda port: None, corbel_config_qemu.refused
    try:
        words = shlex.split(tool('qemu', folder / 'all-keys.toml', '--build', folder))
    finally:
        corbel_config_qemu.refused = was
    assert words[:2] == ['-global', 'virtio-mmio.force-legacy=false']
    # The first of each has the lowest address, so it comes last.
    assert [w.split(',')[0] for w in words[3::2]] == [
        'if=none', 'virtio-blk-device', 'if=none', 'virtio-blk-device', 'user',
        'virtio-net-device', 'user', 'virtio-net-device'], words
    assert words[-9].endswith(',serial=one') and f'{folder}/disk,,one.img' in words[-11]
    assert words[5].endswith('drive=disk1') and words[3].endswith(',readonly=on')
    assert words[-1].endswith('mac=52:54:00:00:00:01') and '127.0.0.1:2222-:22' in words[-3]
    made = folder / 'disk,one.img'
    assert made.stat().st_size == 64 << 20
    made.write_bytes(b'kept')
    assert 'hostfwd' not in tool('qemu', folder / 'all-keys.toml', '--build', folder,
                                 '--ssh-port', 0)
    assert made.read_bytes() == b'kept'
    assert tool('qemu', TOP / 'configs/default.toml') == '\n'


def test_a_port_that_is_taken_is_said(folder):
    command = ('qemu', folder / 'all-keys.toml', '--build', folder, '--ssh-port')
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        status, _, err = outcome(*command, port)
    assert status == 1 and f'ssh_port: port {port} of this host: Address already' in err, err
    assert 'SSH_PORT=' in err
    status, _, err = outcome('qemu', TOP / 'configs/default.toml', '--ssh-port', port)
    assert status == 1 and f'SSH_PORT={port}: no ssh_port' in err, err
    for wrong in ('65536', '-1', 'ssh'):
        try:
            outcome(*command, wrong)
            assert False, wrong
        except SystemExit as end:
            assert end.code == 2


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith('test_')]
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        compile_show(folder)
        fixtures(folder)
        for name, test in tests:
            try:
                test(folder)
                print('ok   ' + name)
            except AssertionError as err:
                failed += 1
                print(f'FAIL {name}\n{err}')
    print(f'{len(tests) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
