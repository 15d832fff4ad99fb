# SPDX-License-Identifier: Apache-2.0
"""Channels: memory that VMs share, with doorbells."""
from load import Console, boot, vm
from machine import LONG, Failure

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


def tests():
    yield "channel_rights", rights_are_kept
    yield "channel_doorbells", doorbells_ring
    yield "channel_life", members_come_and_go
