# SPDX-License-Identifier: Apache-2.0
"""Debian's drivers on Corbel's virtio-rng, balloon, console and vsock."""
import re
import subprocess
import sys
import time

from linux import BAD, GONE, GUESTS, LONG, Shell, boot, finish, vm
from machine import BUILD, TOP, WORK, Failure
from load import no_findings
from services import attach, to_shell

VIRTIO = ["virtio_ring", "virtio", "virtio_mmio"]
VSOCK = ["vsock", "vmw_vsock_virtio_transport_common", "vmw_vsock_virtio_transport"]
MIB = 1 << 20


def initramfs(name, modules, programs=(), script=""):
    """The shell's initramfs, and modules of Debian's kernel that are loaded before it."""
    WORK.mkdir(parents=True, exist_ok=True)
    rc, out = WORK / (name + ".rc"), WORK / (name + ".cpio.gz")
    extra = ["%s=etc/rc" % rc]
    for module in VIRTIO + modules:
        found = list((GUESTS / "cloud" / "modules").glob("**/%s.ko" % module))
        if len(found) != 1:
            raise Failure("%d modules %s" % (len(found), module))
        extra.append("%s=lib/modules/%s.ko" % (found[0], module))
    for program in programs:
        path = BUILD / "guests-linux" / program
        subprocess.run(["make", "-s", str(path.relative_to(TOP))], cwd=TOP, check=True)
        extra.append("%s=bin/%s" % (path, program))
    rc.write_text("#!/bin/sh\n" + "".join("insmod /lib/modules/%s.ko\n" % m
                                          for m in VIRTIO + modules) + script)
    rc.chmod(0o755)
    subprocess.run([sys.executable, str(TOP / "tools" / "initramfs.py"),
                    str(GUESTS / "busybox" / "busybox"), str(out), *extra], check=True)
    return out


def entropy():
    """hw_random has the device and reads it; what it reads differs."""
    text = vm(vcpus=1, memory="256M", keys="rng = {}",
              initrd=initramfs("virtio_rng", ["virtio-rng"]))
    with boot("virtio_rng", text) as m:
        m.expect(r"corbel: random numbers: ")
        shell = Shell(m)
        shell.ready(1)
        name = shell.run("cat /sys/class/misc/hw_random/rng_current")
        if "virtio_rng" not in name:
            raise Failure("the entropy comes from " + name)
        text = shell.run("dd if=/dev/hwrng bs=512 count=64 of=/tmp/a 2>/dev/null; "
                         "dd if=/dev/hwrng bs=512 count=64 of=/tmp/b 2>/dev/null; "
                         "wc -c /tmp/a; gzip -c /tmp/a | wc -c; cmp /tmp/a /tmp/b || true")
        if not re.search(r"\b32768 /tmp/a", text) or "differ" not in text:
            raise Failure("hwrng: " + text)
        if int(re.findall(r"^(\d+)", text, re.M)[1]) < 32768:
            raise Failure("it can be compressed: " + text)
        shell.healthy()
        shell.poweroff()
        finish(m)


def memory_of(m, name):
    """MiB of frames that a VM has, and that are free, by Corbel's shell."""
    m.send("mem\n")
    free = int(m.expect(r"^free +(\d+) *\n", LONG)[1])
    return int(m.expect(r"^%s +(\d+) *\n" % name, LONG)[1]) >> 10, free >> 10


def balloon_moves_memory():
    """128 MiB go from one VM to another by two commands, and the other needs them."""
    initrd = initramfs("virtio_balloon", ["virtio_balloon"])
    text = (vm("giver", vcpus=1, memory="320M", initrd=initrd, keys="cpus = [0]\nballoon = {}") +
            vm("taker", vcpus=1, memory="384M", initrd=initrd,
               keys='cpus = [1]\nballoon = "192M"'))
    text = text.replace('"384M"', '{ size = "384M", backend = "touch" }')
    with boot("virtio_balloon", text, mem="576M", smp=2) as m:
        shells = {}
        for name in ("giver", "taker"):
            m.seen = 0
            shells[name] = Shell(m, r"^\[%s\] .*" % name)
            shells[name].ready(1)
        to_shell(m)
        # What it lent at the start is not its own.
        settle(m, "taker", 192)
        # What Linux reports as free comes back by itself, sooner or later: the giver has its 320
        # MiB or less, but with the balloon it cannot have more than the rest.
        giver, free = memory_of(m, "giver")
        m.send("vm set giver balloon=128M\n")
        settle(m, "giver", 128)
        less, more = memory_of(m, "giver")
        print("\ngiver: %d MiB, then %d; free: %d, then %d" % (giver, less, free, more))
        if less > 320 - 127 or abs((giver - less) - (more - free)) > 16:
            raise Failure("it did not come back")
        m.send("vm set taker balloon=0\n")
        settle(m, "taker", 0)
        before, _ = memory_of(m, "taker")
        attach(m, "1", "taker")
        shells["taker"].run("mkdir /tmp/d && mount -t tmpfs -o size=300M none /tmp/d")
        shells["taker"].run("dd if=/dev/zero of=/tmp/d/f bs=1M count=260 && wc -c /tmp/d/f")
        shells["taker"].healthy()
        to_shell(m)
        after, left = memory_of(m, "taker")
        print("\ntaker: %d MiB, then %d; free: %d" % (before, after, left))
        # All that there is but the giver's was not enough.
        if after < 576 - 320 + 10 or after - before < 192:
            raise Failure("it had no need of the other's memory: %d MiB" % after)
        no_findings(m)
        attach(m, "0", "giver")
        shells["giver"].healthy()
        m.never(GONE)
        m.never(BAD)
        shells["giver"].poweroff()
        m.expect("corbel: VM giver: off", LONG)
        attach(m, "1", "taker")
        shells["taker"].poweroff()
        finish(m)


def settle(m, name, mib):
    """Waits until the balloon of a VM has that size."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        time.sleep(0.5)
        m.send("vm show %s\n" % name)
        if int(m.expect(r"balloon_kib.*\n *\d+ +(\d+) ", LONG)[1]) == mib << 10:
            return
    raise Failure("the balloon of %s does not come to %d MiB" % (name, mib))


def console():
    """hvc0 instead of a UART: the kernel's messages, the shell, input, a flood beside it."""
    there = "while [ ! -c /dev/hvc0 ]; do sleep 1; done\n"
    greet = there + 'echo "Linux $(uname -r) on $(nproc) CPUs." >/dev/hvc0\n'
    text = (vm("virt", vcpus=1, memory="256M", keys="cpus = [0]\nvirtio_console = {}\n"
               "console = false", initrd=initramfs("virtio_console", ["virtio_console"], (), greet))
            .replace("console=ttyAMA0 earlycon=pl011,0x09000000", "console=hvc0") +
            vm("loud", vcpus=1, memory="256M", keys="cpus = [1]\nvirtio_console = {}",
               initrd=initramfs("virtio_loud", ["virtio_console"], (),
                                there + "(i=0; while [ $i -lt 400 ]; do echo L-$i-; i=$((i + 1)); "
                                "done) >/dev/hvc0\necho LOUD-$((40 + 2)) >/dev/hvc0\n")))
    with boot("virtio_console", text, smp=2) as m:
        shell = Shell(m, r"^\[virt\] .*")
        shell.ready(1)
        # Until it has the terminal, nobody has it open, and what is typed is lost.
        m.expect(r"^\[virt\] Enter 'help'", LONG)
        for n in range(20):
            if "-%d-" % (n * n) not in shell.run("echo -$((%d * %d))-" % (n, n)):
                raise Failure("line %d is lost" % n)
        m.seen = 0
        m.expect(r"^\[loud\] .*LOUD-42", LONG * 2)
        lines = [int(n) for n in re.findall(r"^\[loud\] L-(\d+)-", m.text, re.M)]
        if lines != list(range(400)):
            raise Failure("%d lines of 400, or not in order" % len(lines))
        shell.healthy()
        shell.poweroff()
        m.expect("corbel: VM virt: off", LONG)
        m.never(GONE)


def sockets():
    """Bytes come back from another VM; who has no right has no connection; Corbel answers."""
    initrd = initramfs("virtio_vsock", VSOCK, ["vsock_echo", "corbelctl"])
    server = initramfs("virtio_vsock_server", VSOCK, ["vsock_echo"], "vsock_echo serve 7000 &\n")
    text = (vm("asks", vcpus=1, memory="256M", initrd=initrd, keys='cpus = [0]\n'
               'vsock = { cid = 10, peers = ["answers"] }\n'
               'manage = { list = ["asks", "answers"], control = ["answers"] }') +
            vm("answers", vcpus=1, memory="256M", initrd=server,
               keys='cpus = [1]\nvsock = { cid = 11 }'))
    with boot("virtio_vsock", text, smp=2) as m:
        m.expect(r"^\[answers\] vsock_echo: ready", LONG * 2)
        m.seen = 0
        shell = Shell(m, r"^\[asks\] .*")
        shell.ready(1)
        for size in (1, 5000, 3000000):
            shell.run("vsock_echo 11 7000 %d" % size)
        shell.run("for i in 1 2 3 4 5 6 7 8; do vsock_echo 11 7000 100000 & done; wait")
        shell.run("! vsock_echo 11 7001 1")
        shell.run("! vsock_echo 12 7000 1")
        shell.run("! vsock_echo 2 7000 1")
        if not re.search(r"answers +running", shell.run("corbelctl list")):
            raise Failure("corbelctl does not list over vsock")
        shell.run("corbelctl pause answers && corbelctl resume answers")
        shell.run("vsock_echo 11 7000 100000")
        shell.run("corbelctl kill answers; ! corbelctl kill asks; ! vsock_echo 11 7000 1")
        shell.healthy()
        shell.poweroff()
        m.expect("corbel: VM asks: off", LONG)
        m.never(GONE)


def tests():
    yield "virtio_rng", entropy
    yield "virtio_balloon", balloon_moves_memory
    yield "virtio_console", console
    yield "virtio_vsock", sockets
