# SPDX-License-Identifier: Apache-2.0
"""Channels: memory that VMs share, with doorbells."""
import re
import subprocess
import sys

import linux
from guests import build
from load import Console, boot, vm
from machine import BUILD, LONG, TOP, WORK, Failure, Machine, corbel, pack

FILL = "1122334455667788"


def members(*names, size="64K", name="ring"):
    """A channel in TOML; a name with a ! is read-only."""
    listed = ", ".join('{ vm = "%s", access = "%s" }' % (n.strip("!"), "ro" if "!" in n else "rw")
                       for n in names)
    return '[[channel]]\nname = "%s"\nsize = "%s"\nmembers = [%s]\n' % (name, size, listed)


def system(*names, channel, **keys):
    return ('when_all_off = "shell"\n' + channel +
            "".join(vm(n, "channel", power_key=False, **keys) for n in names))


class Members:
    """The VMs of a system, all of which run tests/guests/load/channel.c."""

    def __init__(self, m, *names):
        self.m = m
        for name in names:
            m.seen = 0
            m.expect(r"^\[%s\] .*channel: ready" % name, LONG)
        self.shell = Console(m)

    def says(self, name, words, pattern):
        """It answers just that."""
        what = words.split()[0]
        found = self.shell.answers(name, words, r"channel: %s (.*)" % what)
        said = found[1].strip()
        if said != pattern:
            raise Failure("%s: %s: %s, not %s" % (name, words, said, pattern))

    def audit(self):
        said = self.shell.command("audit")
        row = said.strip().split("\n")[-1].split()
        if row[-1] != "0":
            raise Failure("audit: " + said)


def rights_are_kept():
    """Members see one memory; who may only read does no harm but to itself; strangers see none."""
    text = system("left", "right", "reader", "stranger",
                  channel=members("left", "right", "reader!", size="132K"))
    with boot("channel_rights", text) as m:
        vms = Members(m, "left", "right", "reader", "stranger")
        for name, said in (("left", "1 size 0x21000 member 0 rw"),
                           ("right", "1 size 0x21000 member 1 rw"),
                           ("reader", "1 size 0x21000 member 2 ro"),
                           ("stranger", "0 size 0x0 member 0 ro")):
            vms.says(name, "channels", said)
        vms.audit()
        vms.says("left", "holds 0", "0 others")
        vms.says("left", "fill " + FILL, "done")
        for name in ("right", "reader"):
            vms.says(name, "holds " + FILL, "0 others")
        # Its last word, and the one behind it; what is read-only; another's by the same address.
        vms.says("right", "poke 20ff8 5", "done")
        vms.says("right", "poke 21000 5", "abort")
        vms.says("reader", "poke 10 7", "abort")
        vms.says("reader", "poke 20ff8 7", "abort")
        vms.says("stranger", "peek c000000", "abort")
        vms.says("stranger", "poke c000000 9", "abort")
        vms.says("left", "peek 10", "0x" + FILL)
        vms.says("reader", "peek 20ff8", "0x5")
        states = vms.shell.states()
        if set(states.values()) != {"running"}:
            raise Failure("not all run: %s" % states)
        vms.audit()


def doorbells_ring():
    """For members and nobody else, once for each acknowledge, whoever rings."""
    text = system("left", "right", "reader", channel=members("left", "right", "reader!"))
    with boot("channel_doorbells", text) as m:
        vms = Members(m, "left", "right", "reader")
        vms.says("left", "present", "0x7")
        vms.says("left", "ring 1", "done")
        vms.says("right", "rung", "1 by 0x1")
        vms.says("right", "rung", "0 by 0x0")
        vms.says("reader", "ring 1", "done")
        vms.says("left", "ring 1", "done")
        vms.says("right", "rung", "2 by 0x5")
        vms.says("right", "ring 1", "done")          # itself
        vms.says("right", "rung", "1 by 0x2")
        for nobody in ("3", "7", "8", "20", "ffffffff"):
            vms.says("left", "ring " + nobody, "done")
        for name in ("left", "right", "reader"):
            vms.says(name, "rung", "0 by 0x0")
        vms.says("left", "width", "4")
        # While it stands still it is rung for, and finds it out later.
        vms.shell.verb("pause", "right")
        vms.says("left", "ring 1", "done")
        vms.shell.verb("resume", "right")
        vms.says("right", "rung", "1 by 0x1")


def members_come_and_go():
    """What others use stays when one is reset or destroyed; the last one's goes, scrubbed."""
    text = system("left", "right", channel=members("left", "right", size="2M"), memory="8M")
    with boot("channel_life", text) as m:
        vms = Members(m, "left", "right")
        sh = vms.shell
        vms.says("left", "fill " + FILL, "done")

        def anew(name, verb):
            m.seen = len(m.text)
            sh.verb(verb, name)
            m.expect(r"^\[%s\] .*channel: ready" % name, LONG)
            sh.command("")

        vms.says("left", "ring 1", "done")
        anew("right", "reset")
        vms.says("right", "rung", "0 by 0x0")
        vms.says("right", "holds " + FILL, "0 others")
        vms.says("left", "present", "0x3")
        for verb in ("kill", "destroy"):
            sh.verb(verb, "right")
        vms.says("left", "present", "0x1")
        vms.says("left", "ring 1", "done")
        vms.says("left", "holds " + FILL, "0 others")
        vms.audit()
        sh.verb("create", "right")
        anew("right", "start")
        vms.says("right", "rung", "0 by 0x0")
        vms.says("right", "holds " + FILL, "0 others")
        # Both gone, by two ways: then it is zero.
        for verb in ("kill", "destroy"):
            sh.verb(verb, "right")
        anew("left", "reset")
        vms.says("left", "holds 0", "0 others")
        vms.says("left", "fill " + FILL, "done")
        for verb in ("kill", "destroy"):
            sh.verb(verb, "left")
        vms.audit()
        for name in ("right", "left"):
            sh.verb("create", name)
            anew(name, "start")
        for name in ("right", "left"):
            vms.says(name, "holds 0", "0 others")
        vms.audit()


def doorbell_is_cheap(limit=1280):
    """Instructions from the write that rings to the handler's first, the handler's CPU included."""
    text = system("one", "idle", channel=members("one"))
    with boot("channel_cost_own", text) as m:
        vms = Members(m, "one", "idle")
        own = int(vms.shell.answers("one", "cost 0", r"channel: cost (\d+)")[1])
    text = ("when_all_off = \"shell\"\n" + members("left", "right") +
            "".join(vm(n, "channel", power_key=False, cpus=[c])
                    for c, n in enumerate(("left", "right"))))
    with boot("channel_cost_other", text, smp=2) as m:
        vms = Members(m, "left", "right")
        vms.shell.say("right", "awake")
        other = int(vms.shell.answers("left", "cost 1", r"channel: cost (\d+)")[1])
    # Ticks are 16 instructions of virtual time.
    own, other = own * 16, other * 16
    print("\ndoorbell to handler: %d instructions on one CPU, %d to another" % (own, other))
    if not 0 < own <= limit or not 0 < other <= limit:
        raise Failure("%d and %d instructions, not %d" % (own, other, limit))


SENT = r"messages: (\d+) sent, (\d+) received, (\d+) wrong, (\d+) doorbells"


def all_arrived(found, nr):
    sent, received, wrong, bells = map(int, found.groups())
    if (sent, received, wrong) != (nr, nr, 0) or not bells:
        raise Failure("%d messages: %s" % (nr, found[0]))


def talker(name, cmdline, keys=""):
    return ('[[vm]]\nname = "%s"\nmemory = "16M"\nkernel = "%s"\ncmdline = "%s"\n%s\n' %
            (name, build("load/messages"), cmdline, keys))


def messages_between_guests(nr=10000):
    """Two bare-metal guests, each on a CPU of its own."""
    text = (members("left", "right", size="8K") +
            talker("left", "peer=1 nr=%d" % nr, "cpus = [0]") +
            talker("right", "peer=0 nr=%d" % nr, "cpus = [1]"))
    with Machine(corbel(pack("channel_messages", text, "1G", 2), smp=2)) as m:
        for name in ("left", "right"):
            m.seen = 0
            all_arrived(m.expect(r"^\[%s\] " % name + SENT, LONG * 2), nr)
        m.ends()
        m.never("FAIL")


def uio_initramfs():
    """The usual one with the kernel's UIO modules and the example program."""
    out, kernel = WORK / "channel_linux.cpio.gz", linux.GUESTS / "cloud" / "modules"
    uio = list(kernel.glob("**/uio.ko"))
    done = subprocess.run(["make", "-s", "-f", "tests/guests/guests.mk",
                           "build/guests-linux/messages"], cwd=TOP)
    if len(uio) != 1 or done.returncode:
        raise Failure("no uio.ko, or the example does not build")
    WORK.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(TOP / "tools" / "initramfs.py"),
                    str(linux.GUESTS / "busybox" / "busybox"), str(out),
                    "%s=lib/modules/uio.ko" % uio[0],
                    "%s=lib/modules/uio_pdrv_genirq.ko" %
                    (linux.GUESTS / "uio" / "uio_pdrv_genirq.ko"),
                    "%s=bin/messages" % (BUILD / "guests-linux" / "messages")], check=True)
    return out


def messages_with_linux(nr=10000):
    """A Linux program by UIO and a bare-metal guest: so many each way, none lost."""
    text = (members("linux", "rt", size="16K") +
            linux.vm(vcpus=1, memory="256M", initrd=uio_initramfs(), keys="cpus = [0]") +
            talker("rt", "peer=0 nr=%d" % nr, "cpus = [1]"))
    with linux.boot("channel_linux", text, smp=2) as m:
        shell = linux.Shell(m, r"^\[linux\] .*")
        shell.ready(1)
        shell.run("insmod /lib/modules/uio.ko && "
                  "insmod /lib/modules/uio_pdrv_genirq.ko of_id=corbel,channel")
        if "ring" not in shell.run("cat /sys/class/uio/uio0/name"):
            raise Failure("UIO does not know the channel")
        said = shell.run("messages /dev/uio0 1 %d" % nr, LONG * 2)
        all_arrived(re.search(SENT, said), nr)
        shell.healthy()
        shell.poweroff()
        m.seen = 0
        all_arrived(m.expect(r"^\[rt\] " + SENT, LONG), nr)
        linux.finish(m)


def tests():
    yield "channel_rights", rights_are_kept
    yield "channel_doorbells", doorbells_ring
    yield "channel_life", members_come_and_go
    yield "channel_cost", doorbell_is_cheap
    yield "channel_messages", messages_between_guests
    yield "channel_linux", messages_with_linux
