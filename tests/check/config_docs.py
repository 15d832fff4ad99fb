#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/configuration.md, the compiler's schema and vm/config.c know the same keys.

The document's tables are compared by key, type and default; the properties named in
vm/config.c and vm/config_pools.c by name.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / 'tools'))
import corbel_config_schema as schema  # noqa: E402

HEAD = '| key | type | default | meaning |'


def tables():
    """Heading -> {key: (type, default)} for every table of keys in the document."""
    out, heading, inside = {}, '', False
    for line in (TOP / 'docs/configuration.md').read_text().splitlines():
        if line.startswith('#'):
            heading = line.lstrip('# ')
        inside = line == HEAD or inside and line.startswith('|')
        if inside and line.startswith('| `'):
            key, kind, default, _ = [c.strip() for c in line.strip('| ').split(' | ', 3)]
            out.setdefault(heading, {})[key.strip('`')] = (kind, default)
    return out


def expected():
    sections = {'System': schema.SYSTEM, 'board': schema.BOARD.keys, 'VM': schema.VM}
    sections |= {s.name: s.keys for s in [*schema.BOARD_LISTS, schema.POOL, schema.WINDOW,
                                          schema.CHANNEL, schema.MEMBER, schema.NETWORK,
                                          *schema.SECTIONS]}
    out = {name: {k.name: (k.kind.name, default(k)) for k in keys}
           for name, keys in sections.items()}
    out['pool']['windows'] = ('list of windows', 'none; needed by `partition`')
    out['channel']['members'] = ('list of members', 'required')
    return out


def default(key):
    text = key.default_text()
    return text if key.required or key.note else f'`{text}`'


def compare(documented, wanted):
    for section in sorted(set(documented) | set(wanted)):
        have, want = documented.get(section, {}), wanted.get(section, {})
        for key in sorted(set(have) | set(want)):
            if have.get(key) != want.get(key):
                yield (f'docs/configuration.md: {section}.{key}: says {have.get(key)}, '
                       f'the schema {want.get(key)}')


def c_tables():
    """Name of a table in vm/config*.c -> the properties in it."""
    text = ''.join((TOP / 'vm' / name).read_text() for name in (
        'config.c', 'config_pools.c', 'config_channels.c', 'config_virtio.c',
        'config_net.c'))
    key = r'[{(]\s*(?:CONFIG_\w+ \? )?"([a-z0-9-]+)"'
    return {m[1]: set(re.findall(key, m[2])) for m in re.finditer(
        r'const struct config_key (?:config_)?(\w+)_keys\[\] = \{(.*?)\n\};', text, re.S)}


def compare_c():
    tables_c = c_tables()
    wanted = {'system': schema.SYSTEM, 'vm': [k for k in schema.VM if k.name != 'name'],
              'region': schema.MEMORY.keys, 'kernel': schema.KERNEL.keys,
              'file': schema.INITRD.keys, 'gic': schema.GIC.keys, 'device': schema.RTC.keys,
              'watchdog': schema.WATCHDOG.keys, 'ivc': schema.IVC.keys,
              'manage': schema.MANAGE.keys,
              'window': schema.WINDOW.keys, 'member': schema.MEMBER.keys,
              'channel': [k for k in schema.CHANNEL.keys if k.name != 'name'],
              'network': [k for k in schema.NETWORK.keys if k.name != 'name'],
              **{s.name: s.keys[3:] for s in schema.VIRTIO},     # three are a macro's
              'pool': [k for k in schema.POOL.keys if k.name != 'name']}
    for name, keys in wanted.items():
        want = {k.dts for k in keys} | ({'compatible', 'version'} if name == 'system' else set())
        for key in sorted(want ^ tables_c.get(name, set())):
            yield f'vm: {name}_keys: {key} is in one of it and the schema only'


def main():
    wrong = list(compare(tables(), expected())) + list(compare_c())
    print('\n'.join(wrong) or 'the document, the schema and vm/config.c agree')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
