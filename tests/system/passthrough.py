# SPDX-License-Identifier: Apache-2.0
"""Devices of the board that a VM has for itself: QEMU's PL031 and PL061 are the hardware."""
import re

import chaos
import linux
from guests import build
from load import Console, boot, pool, reports, vm
from machine import LONG, Failure

RTC = "/pl031@9010000"
INTID = 34


def owner(name, paths=(RTC,), rtc=False, **keys):
    text = vm(name, "board_rtc", rtc=rtc, power_key=False, **keys)
    return text + "devices = [%s]\n" % ", ".join('"%s"' % p for p in paths)


def answer(shell, name, words):
    return shell.answers(name, words, r"rtc: %s (.*)" % words)[1].strip()


def expect(shell, name, words, said):
    got = answer(shell, name, words)
    if got != said:
        raise Failure("%s: %s: %s, not %s" % (name, words, got, said))


def rtc_is_the_guests_own(direct=False):
    """
    Registers without exits, its alarm linked; nothing else of the board; it survives verbs. With
    direct interrupts neither the alarm is an exit.
    """
    text = 'when_all_off = "shell"\n' + vm("other", "board_rtc", power_key=False, rtc=False)
    text += (pool("own", [1], "pinned") + owner("owner", pool="own", interrupts="direct")
             if direct else owner("owner"))
    # In real time: the board's clock is the host's.
    with boot("pass_rtc_direct" if direct else "pass_rtc", text, 2 if direct else 1,
              extra=[]) as m:
        for name, there in (("owner", "there"), ("other", "none")):
            m.seen = 0
            m.expect(r"^\[%s\] .*rtc: ready, %s" % (name, there), LONG)
        shell = Console(m)
        expect(shell, "owner", "tree", "0x9010000 intid %d clock 24000000" % INTID)
        expect(shell, "owner", "beside", "abort")
        for _ in range(3):
            expect(shell, "owner", "alarm", "1")
        before = shell.stat("owner")["interrupt"]
        expect(shell, "owner", "alarms", "4")
        irqs = shell.stat("owner")["interrupt"] - before
        # What was typed may have made it leave the guest.
        if not (irqs < 4 if direct else irqs >= 4):
            raise Failure("four alarms, %d interrupts taken at EL2" % irqs)
        before = shell.stat("owner")
        expect(shell, "owner", "polls", "done")
        after = shell.stat("owner")
        grew = {k: after[k] - before.get(k, 0) for k in after if after[k] - before.get(k, 0) > 900}
        if any("abort" in k.lower() for k in grew):
            raise Failure("1,000 reads cost exits: %s" % grew)
        # What comes in a pause waits for its end.
        shell.verb("pause", "owner")
        m.quiet(2.5)
        shell.verb("resume", "owner")
        expect(shell, "owner", "alarm", "1")
        expect(shell, "owner", "count", "1")
        expect(shell, "owner", "armed", "done")
        shell.verb("pause", "owner")
        m.quiet(2.5)
        shell.verb("resume", "owner")
        expect(shell, "owner", "count", "1")
        # Ended in the middle, reset, destroyed and created: nothing of it storms, and it works.
        for verbs in (("reset",), ("kill", "start"), ("kill", "destroy", "create", "start")):
            expect(shell, "owner", "armed", "done")
            for verb in verbs:
                start = len(m.text)
                shell.verb(verb, "owner")
                if verb == "kill":
                    m.quiet(2.5)
            m.seen = start
            m.expect(r"^\[owner\] .*rtc: ready, there", LONG)
            shell.command("")
            expect(shell, "owner", "alarm", "1")
        said = shell.command("audit").strip().split("\n")[-1].split()
        if said[-1] != "0":
            raise Failure("audit: %s" % said)
        m.never(r"masked")


def a_storm_is_the_owners_alone():
    """
    Its line never falls: masked, named once, tried again; who shares its CPU is on time, and
    so is the owner once the device is quiet.
    """
    text = ('when_all_off = "shell"\n' + pool("p", [0], "fair") +
            chaos.vm("witness", "chaos/witness", "report=%d" % chaos.REPORT_TICKS, memory="4M",
                     vcpus=2, reservation=20, **chaos.SHARES) +
            owner("owner", pool="p", slice="%dus" % chaos.SLICE_US))
    named = r"^corbel: interrupt %d of owner storms: masked" % INTID
    with boot("pass_storm", text,
              extra=["-icount", "shift=0,sleep=off", "-rtc", "clock=vm"]) as m:
        reports(m, "owner", "rtc: ready, there")
        shell = Console(m)
        expect(shell, "owner", "alarm", "1")
        shell.say("owner", "storm")
        m.expect(named, LONG)
        start = len(m.text)
        for _ in range(3):
            m.expect(chaos.TICKS, LONG)
        quiet = [r for r in chaos.quiet_reports(m.text[start:])][1:]
        print("late by", [int(r[2]) for r in quiet])
        if any(int(r[2]) > 1000 * chaos.LATE_US or int(r[3]) or int(r[5]) for r in quiet):
            raise Failure("the witness was late, or saw something change")
        before = int(answer(shell, "owner", "count"))
        ticks = [int(m.expect(chaos.TICKS, LONG)[1]) for _ in range(2)]
        came = int(answer(shell, "owner", "count"))
        print("%d interrupts until it was named, %d in some %d ms after" %
              (before, came, ticks[1] - ticks[0]))
        shell.say("owner", "calm")
        reports(m, "owner", "rtc: calm done")
        expect(shell, "owner", "alarm", "1")
        if len(re.findall(named, m.text, re.M)) != 1:
            raise Failure("the storm was named more than once")


REFUSED = [
    ("uart", "/pl011@9000000", {"console": False}, "is the hypervisor's own"),
    ("gic", "/intc@8000000", {}, "is an interrupt controller"),
    ("its", "/intc@8000000/its@8080000", {}, "may do DMA"),
    ("virtio", "/virtio_mmio@a000200", {}, "may do DMA"),
    ("nothing", "/pl031@9020000", {}, "the board has no"),
    ("timer", "/timer", {}, "may do DMA"),
    ("pci", "/pcie@10000000", {}, "may do DMA"),
    ("overlap", "/pl061@9030000", {"power_key": True}, "is that of a device of the board"),
]


def what_cannot_be_had_is_refused():
    """Each by name and with the reason; the others start."""
    text = 'when_all_off = "shell"\n' + owner("owner")
    for name, path, keys, _ in REFUSED:
        text += (vm(name, "board_rtc", **{"rtc": False, "power_key": False, **keys}) +
                 'devices = ["%s"]\n' % path)
    # May do DMA, and shares its page with others.
    text += ('[[vm]]\nname = "page"\nkernel = "%s"\nrtc = false\ndma = "unprotected"\n'
             'memory = { ipa = 0x50000000, size = "4M", backend = "linear", pa = 0x50000000 }\n'
             'devices = ["/virtio_mmio@a000000"]\n' % build("load/board_rtc"))
    with boot("pass_refused", text) as m:
        for name, _, _, why in REFUSED + [("page", "", {}, "shares its page 0xa000000 with virt")]:
            m.seen = 0
            m.expect(r"VM %s refused: .*%s" % (name, re.escape(why)), LONG)
        m.seen = 0
        m.expect(r"rtc: ready, there", LONG)


def linux_drives_the_rtc():
    """Debian's rtc-pl031 takes the board's clock, and its alarm wakes a reader."""
    text = linux.vm(vcpus=1, memory="256M",
                    keys='rtc = false\ndevices = ["%s"]\n' % RTC)
    with linux.boot("pass_linux", text, smp=1) as m:
        shell = linux.Shell(m)
        shell.ready(1)
        if "rtc-pl031 9010000.pl031" not in shell.run("dmesg | grep -i rtc"):
            raise Failure("rtc-pl031 has not bound")
        shell.run("test $(cat /sys/class/rtc/rtc0/since_epoch) -gt 1600000000")
        shell.run("echo 0 >/sys/class/rtc/rtc0/wakealarm; echo +2 >/sys/class/rtc/rtc0/wakealarm")
        shell.run("for i in 1 2 3 4 5 6 7 8; do grep -q 'pl031' /proc/interrupts && break; "
                  "sleep 1; done; sleep 4")
        row = re.search(r"\d+: +(\d+) .*(pl031|rtc)", shell.run("cat /proc/interrupts"))
        if not row or int(row[1]) < 1:
            raise Failure("no alarm: %s" % (row and row[0]))
        shell.healthy()
        shell.poweroff()
        linux.finish(m)


def tests():
    yield "pass_rtc", rtc_is_the_guests_own
    yield "pass_rtc_direct", lambda: rtc_is_the_guests_own(True)
    yield "pass_storm", a_storm_is_the_owners_alone
    yield "pass_refused", what_cannot_be_had_is_refused
    yield "pass_linux", linux_drives_the_rtc
