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

    guest = "channel"

    def __init__(self, m, *names):
        self.m = m
        for name in names:
            m.seen = 0
            m.expect(r"^\[%s\] .*%s: ready" % (name, self.guest), LONG)
        self.shell = Console(m)

    def says(self, name, words, pattern):
        """It answers just that."""
        what = words.split()[0]
        found = self.shell.answers(name, words, r"%s: %s (.*)" % (self.guest, what))
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


# Functions of docs/hypercalls.md, from c6000100 on, and codes.
FEATURES, PUBLISH, SUBSCRIBE, UNPUBLISH, UNSUBSCRIBE, NOTIFY, INFO = range(7)
NOT_SUPPORTED, INVALID, NOT_FOUND, DENIED, STALE, ALREADY, BUSY, LIMIT = \
    -1, -3, -4, -5, -6, -8, -10, -15
WINDOW, BELLS, SPI = 0x40400000, 0x0b010000, 120


class Ivc(Members):
    """VMs that run tests/guests/load/ivc.c."""

    guest = "ivc"

    def call(self, name, fn, *args, by="call"):
        """x0 as a number, then x1 to x7."""
        words = " ".join("%x" % a if isinstance(a, int) else a for a in (fn, *args))
        found = self.shell.answers(name, "%s %s" % (by, words), r"ivc: call (.*)")
        return [int(w, 0) for w in found[1].split()]

    def does(self, name, code, fn, *args, **keys):
        said = self.call(name, fn, *args, **keys)
        if said[0] != code:
            raise Failure("%s: call %d %s: %s, not %d" % (name, fn, args, said, code))
        return said


def publishers(**more):
    """left publishes, right reads and writes, reader reads, stranger may see right's only."""
    rules = {"left": '{ publish = 3, memory = "4M" }',
             "right": '{ publish = 1, memory = "64K", write = ["left"] }',
             "reader": '{ read = ["left", "right"] }',
             "stranger": '{ publish = 1, memory = "4K", read = ["right"] }'}
    text = 'when_all_off = "shell"\n'
    for i, name in enumerate([*rules, "nobody"]):
        text += vm(name, "ivc", power_key=False, id=70 + i, **more)
        if name in rules:
            text += "ivc = %s\n" % rules[name]
        if name == "right":
            text += 'manage = { list = ["right"] }\nmailbox = true\n'
    return text


def ivc_rights():
    """Who may publish and subscribe, with which keys, sizes, addresses and handles."""
    with boot("channel_ivc", publishers()) as m:
        v = Ivc(m, "left", "right", "reader", "stranger", "nobody")
        for fn in range(8):
            if v.call("nobody", fn, 1, 0x1000, "-", 0)[:6] != [NOT_SUPPORTED, 1, 0x1000,
                                                               2 ** 64 - 1, 0, 0x55]:
                raise Failure("nobody has call %d" % fn)
        said = v.does("left", 0, FEATURES)
        if said != [0, 0x7f, 70, 8, 3, 4 << 20, WINDOW, 1 << 30]:
            raise Failure("FEATURES: %s" % said)
        for size in (0, 1, 0x1800, 2 ** 64 - 1):
            v.does("left", INVALID, PUBLISH, 1, size, "-", 1)
        for size in (0x401000, 1 << 31, 1 << 63):
            v.does("left", LIMIT, PUBLISH, 1, size, "-", 1)
        for ipa in (0, 0x40000000, WINDOW - 0x1000, WINDOW + 1, WINDOW + (1 << 30), 0x09000000):
            v.does("left", INVALID, PUBLISH, 1, 0x1000, ipa, 1)
        v.does("left", INVALID, PUBLISH, 1, 0x1000, "-", 2)
        v.does("reader", DENIED, PUBLISH, 1, 0x1000, "-", 1)
        # 132 KiB under key 1; under key 2, for reading only, behind it.
        got = v.does("left", 0, PUBLISH, 1, 0x21000, "-", 1)
        if got[2:7] != [WINDOW, 0x21000, BELLS, 32 + SPI, 0]:
            raise Failure("PUBLISH: %s" % got)
        v.does("left", ALREADY, PUBLISH, 1, 0x1000, "-", 1)
        v.does("left", BUSY, PUBLISH, 2, 0x1000, WINDOW + 0x20000, 0)
        v.does("left", 0, PUBLISH, 2, 0x1000, WINDOW + 0x21000, 0)
        v.says("left", "fill %x 21000 %s" % (WINDOW, FILL), "0 others")
        v.does("stranger", NOT_FOUND, SUBSCRIBE, 70, 1, "-", 0)
        v.does("right", NOT_FOUND, SUBSCRIBE, 70, 3, "-", 0)
        v.does("right", NOT_FOUND, SUBSCRIBE, 0, 1, "-", 0)
        v.does("reader", DENIED, SUBSCRIBE, 70, 1, "-", 1)
        v.does("right", DENIED, SUBSCRIBE, 70, 2, "-", 1)
        # The kernel of right calls, its programs by the mailbox.
        got = v.does("right", 0, SUBSCRIBE, 70, 1, WINDOW + 0x100000, 1, by="box")
        v.does("right", ALREADY, SUBSCRIBE, 70, 1, "-", 1)
        v.does("reader", 0, SUBSCRIBE, 70, 1, "-", 0)
        v.says("right", "holds %x 21000 %s" % (WINDOW + 0x100000, FILL), "0 others")
        v.says("right", "poke %x 5" % (WINDOW + 0x120ff8), "done")
        v.says("right", "poke %x 5" % (WINDOW + 0x121000), "abort")
        v.says("right", "poke %x 5" % WINDOW, "abort")
        v.says("reader", "peek %x" % (WINDOW + 0x20ff8), "0x5")
        v.says("reader", "poke %x 7" % WINDOW, "abort")
        v.says("stranger", "peek %x" % WINDOW, "abort")
        v.says("left", "peek %x" % (WINDOW + 0x20ff8), "0x5")
        v.audit()
        # Doorbells: by call, for one and for all; foreign handles and those of nobody.
        v.does("left", 0, NOTIFY, "h0", 1)
        v.says("right", "rung", "1 at 0x1 by 0x1")
        v.says("reader", "rung", "0 at 0x0 by 0x0")
        v.does("right", 0, NOTIFY, got[1], "-")
        v.says("left", "rung", "1 at 0x1 by 0x2")
        v.says("reader", "rung", "1 at 0x1 by 0x2")
        v.says("right", "rung", "0 at 0x0 by 0x0")
        v.does("left", NOT_FOUND, NOTIFY, "h0", 3)
        for fn in (UNPUBLISH, UNSUBSCRIBE, NOTIFY):
            for name in ("left", "stranger"):
                v.does(name, INVALID, fn, got[1], 0)
            for handle in (0, 1, 7, "-", got[1] ^ 0x100, got[1] + (1 << 40)):
                v.does("right", INVALID, fn, handle, 0)
        v.does("right", INVALID, UNPUBLISH, got[1])
        v.does("right", 0, UNSUBSCRIBE, got[1])
        for fn in (UNPUBLISH, UNSUBSCRIBE, NOTIFY):
            v.does("right", STALE, fn, got[1], 0)
        v.says("right", "peek %x" % (WINDOW + 0x100000), "abort")
        v.audit()


def ivc_life():
    """Unpublished, reset, destroyed while others have it: they keep it; what is freed is zero."""
    with boot("channel_ivc_life", publishers()) as m:
        v = Ivc(m, "left", "right", "reader", "stranger", "nobody")
        sh = v.shell

        def owned():
            """What VMs have, and grants; tables of stage 2 stay for the next map."""
            return re.findall(r"^(?!free|hypervisor)(\S+) +(\d+) *$", sh.command("mem"), re.M)

        frames = owned()

        def anew(name, *verbs):
            m.seen = len(m.text)
            for verb in verbs:
                sh.verb(verb, name)
            m.expect(r"^\[%s\] .*ivc: ready" % name, LONG)
            sh.command("")

        def shown(size):
            """left publishes and fills it; right and reader have it; then all but left."""
            v.does("left", 0, PUBLISH, 1, size, WINDOW, 1)
            v.says("left", "holds %x %x 0" % (WINDOW, size), "0 others")
            v.says("left", "fill %x %x %s" % (WINDOW, size, FILL), "0 others")
            v.does("right", 0, SUBSCRIBE, 70, 1, WINDOW, 1)
            v.does("reader", 0, SUBSCRIBE, 70, 1, WINDOW, 0)

        def kept(size):
            for name in ("right", "reader"):
                v.says(name, "holds %x %x %s" % (WINDOW, size, FILL), "0 others")
            v.says("left", "peek %x" % WINDOW, "abort")
            v.does("stranger", NOT_FOUND, SUBSCRIBE, 70, 1, "-", 0)
            # It is charged for it, and the key is free.
            v.does("left", LIMIT, PUBLISH, 1, 0x400000, "-", 1)
            v.does("left", 0, PUBLISH, 1, 0x1000, WINDOW, 1)
            v.says("left", "peek %x" % WINDOW, "0x0")
            v.does("left", 0, UNPUBLISH, "h0")
            v.audit()

        def gone():
            v.does("right", 0, UNSUBSCRIBE, "h0")
            v.says("right", "peek %x" % WINDOW, "abort")
            v.says("reader", "peek %x" % WINDOW, "0x" + FILL)
            v.does("reader", 0, UNSUBSCRIBE, "h0")
            v.says("reader", "peek %x" % WINDOW, "abort")
            v.audit()

        shown(0x200000)
        v.does("left", 0, UNPUBLISH, "h0")
        kept(0x200000)
        gone()
        shown(0x21000)
        anew("left", "reset")
        kept(0x21000)
        gone()
        shown(0x201000)
        anew("left", "kill", "destroy", "create", "start")
        kept(0x201000)
        # The others' turn: one is reset, one destroyed, while what they have is nobody else's.
        anew("right", "reset")
        v.says("right", "peek %x" % WINDOW, "abort")
        v.says("reader", "peek %x" % (WINDOW + 0x200000), "0x" + FILL)
        anew("reader", "kill", "destroy", "create", "start")
        v.says("reader", "peek %x" % WINDOW, "abort")
        v.audit()
        # And those who have it, while it is published.
        shown(0x10000)
        anew("right", "reset")
        anew("reader", "kill", "destroy", "create", "start")
        v.says("left", "holds %x 10000 %s" % (WINDOW, FILL), "0 others")
        said = v.does("left", 0, INFO, 0)
        if said[3:] != [0x10000, BELLS, 1, 70, 1 << 32]:
            raise Failure("INFO: %s" % said)
        v.does("left", 0, UNPUBLISH, "h0")
        if owned() != frames or ("shared", "0") not in frames:
            raise Failure("memory is lost: %s\nnot %s" % (owned(), frames))
        v.audit()


def ivc_storm(nr=200):
    """Two VMs publish and unpublish for all they are worth, a third is looked at meanwhile."""
    with boot("channel_ivc_storm", publishers(), smp=2) as m:
        v = Ivc(m, "left", "right", "reader", "stranger", "nobody")
        v.shell.say("left", "storm 1 %x" % nr)
        v.shell.say("right", "storm 2 %x" % nr)
        v.audit()
        for name in ("left", "right"):
            m.seen = 0
            if m.expect(r"^\[%s\] .*ivc: storm (\d+)" % name, LONG)[1] != "0":
                raise Failure("%s: calls have failed" % name)
        v.shell.command("")
        v.audit()


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
    yield "channel_ivc", ivc_rights
    yield "channel_ivc_life", ivc_life
    yield "channel_ivc_storm", ivc_storm
    yield "channel_messages", messages_between_guests
    yield "channel_linux", messages_with_linux
