# SPDX-License-Identifier: Apache-2.0
"""The disks and networks of [board] as arguments of QEMU."""
import os
import shlex
import socket

import corbel_config_files as files


def make(path, size):
    """An empty disk, where there is none."""
    if not os.path.exists(path) and size:
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        with open(path, 'wb') as f:
            f.truncate(size)


def disk(items, number, build):
    path = os.path.abspath(files.locate(items['file'], build))
    make(path, items['size'].value)
    drive = f'if=none,id=disk{number},format=raw,discard=unmap,file=' + path.replace(',', ',,')
    if items['readonly'].value:
        drive += ',readonly=on'
    device = f'virtio-blk-device,drive=disk{number}'
    if items['serial'].value:
        device += ',serial=' + items['serial'].value
    return ['-drive', drive, '-device', device]


def refused(port):
    """Why QEMU could not listen there; None: it can."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(('127.0.0.1', port))
        except OSError as err:
            return err.strerror
    return None


def take_ports(system, ssh_port, errors):
    """Ways in, the first of which may be another; of one that is taken QEMU would say less."""
    ports = [n['ssh_port'] for n in system.board_lists['board.nic'] if n['ssh_port'].value]
    if ssh_port is not None and not ports:
        errors.text(f'SSH_PORT={ssh_port}: no ssh_port in the configuration that it is instead of')
    elif ssh_port is not None:
        ports[0].value = ssh_port
    for item in ports:
        why = item.value and refused(item.value)
        if why:
            errors.add(item.node, item.key, f'port {item.value} of this host: {why}',
                       'SSH_PORT=PORT is another one instead of the first, SSH_PORT=0 none')


def nic(items, number):
    net, device = f'user,id=nic{number}', f'virtio-net-device,netdev=nic{number}'
    if items['ssh_port'].value:
        net += f',hostfwd=tcp:127.0.0.1:{items["ssh_port"].value}-:22'
    if items['mac'].value:
        device += ',mac=' + items['mac'].value
    return ['-netdev', net, '-device', device]


def arguments(system, build, ssh_port, errors):
    """The first of each gets the lowest address, for which it comes last."""
    take_ports(system, ssh_port, errors)
    disks, nics = (system.board_lists[name] for name in ('board.disk', 'board.nic'))
    out = [nic(n, i) for i, n in enumerate(nics)] + [disk(d, i, build) for i, d in enumerate(disks)]
    if not out:
        return ''
    return shlex.join(['-global', 'virtio-mmio.force-legacy=false'] +
                      [word for words in reversed(out) for word in words])
