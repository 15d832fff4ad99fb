# SPDX-License-Identifier: Apache-2.0
"""Corbel's services: stolen time, management of VMs by VMs, a stop that Linux obeys."""
import re
import subprocess
import sys

import guests
from linux import ESCAPE, GONE, GUESTS, LONG, Shell, boot, finish, rc_initramfs, vm
from machine import BUILD, TOP, WORK, Failure, Machine, corbel, pack

# One CPU of the board for two VMs, which get equal shares.
SHARED = '[[pool]]\nname = "shared"\ncpus = [0]\npolicy = "fair"\n\n'
SPIN = "(while :; do :; done) & :"


def attach(m, key, name):
    m.send(ESCAPE + key)
    m.expect(r"corbel: console: input goes to .*" + name)


def to_shell(m):
    """Corbel's own."""
    m.send(ESCAPE + "c")
    m.expect(r"corbel: console: input goes to")
    m.send("\n")


def state_is(m, name, state):
    """Asks Corbel's shell until it says so."""
    for _ in range(100):
        m.send("vm list\n")
        if m.expect(r"\b%s\b.*?\b(defined|ready|running|paused|stopping|off|crashed)\b" % name,
                    LONG)[1] == state:
            return
    raise Failure("VM %s is not %s" % (name, state))


def times(shell):
    """Seconds by the guest's clock, and its first CPU's busy, idle and stolen ticks."""
    text = shell.run("cat /proc/uptime; grep '^cpu0 ' /proc/stat")
    up = re.search(r"(\d+\.\d+) \d+\.\d+", text)
    user, nice, system, idle, wait, irq, softirq, steal = map(
        int, re.search(r"cpu0((?: \d+){8})", text)[1].split())
    return float(up[1]), user + nice + system + irq + softirq, idle + wait, steal


def since(before, after):
    return [b - a for a, b in zip(before, after)]


def stolen_time_is_shown():
    """Two VMs that spin on one CPU each see about half of it stolen; not so a pause."""
    keys = 'pool = "shared"'
    text = SHARED + "".join(vm(n, vcpus=1, memory="256M", keys=keys) for n in ("left", "right"))
    with boot("linux_steal", text, smp=1) as m:
        shells = {}
        for key, name in (("1", "right"), ("0", "left")):
            m.seen = 0
            shells[name] = Shell(m, r"^\[%s\] .*" % name)
            shells[name].ready(1)
            attach(m, key, name)
            if "using stolen time PV" not in shells[name].run("dmesg"):
                raise Failure("Linux does not use stolen time")
            shells[name].run(SPIN)
        attach(m, "1", "right")
        begin = times(shells["right"])
        shells["right"].run("sleep 5")
        right = times(shells["right"])
        up, busy, idle, steal = since(begin, right)
        print("\n%.1f s: busy %d, idle %d, stolen %d ticks" % (up, busy, idle, steal))
        # Of 100 ticks a second. Linux counts the tick in which it came back as stolen too.
        if not 30 * up < steal < 70 * up or idle > busy:
            raise Failure("stolen: %d ticks, busy: %d, idle: %d" % (steal, busy, idle))

        to_shell(m)
        m.send("vm pause right\n")
        state_is(m, "right", "paused")
        attach(m, "0", "left")
        begin = times(shells["left"])
        shells["left"].run("sleep 5")
        up, _, _, steal = since(begin, times(shells["left"]))
        if steal > 10 * up:
            raise Failure("%d ticks stolen by a VM that is paused, in %.1f s" % (steal, up))
        to_shell(m)
        m.send("vm resume right\n")
        state_is(m, "right", "running")
        attach(m, "1", "right")
        up, busy, idle, steal = since(right, times(shells["right"]))
        print("\n%.1f s: busy %d, idle %d, stolen %d ticks" % (up, busy, idle, steal))
        if steal > up * 100:
            raise Failure("%d ticks stolen in %.1f s: the pause is among them" % (steal, up))
        shells["right"].healthy()
        shells["right"].poweroff()
        m.expect("corbel: console: input goes to 0 left", LONG)
        shells["left"].poweroff()
        finish(m)


def managed(name, role, keys=""):
    return ('[[vm]]\nname = "%s"\nkernel = "%s"\nmemory = "16M"\ncmdline = "role=%d"\n%s\n' %
            (name, guests.build("manage"), role, keys))


def management_calls():
    """An EL1 guest with rights uses every call and verb, and itself last."""
    text = (managed("boss", 1, 'manage = { list = ["boss", "worker", "alien"], '
                    'control = ["boss", "worker"] }') +
            managed("worker", 2, 'stop_timeout = "200ms"') +
            managed("alien", 2, "autostart = false") + managed("secret", 2, "autostart = false"))
    with Machine(corbel(pack("manage_calls", text, "1G", 4))) as m:
        m.expect(r"^\[boss\] LIFE 1", LONG)
        m.expect(r"^\[boss\] LIFE 2", LONG)
        m.expect(r"corbel: VM boss: off", LONG)
        m.never(r"\[boss\] FAIL")
        m.never(GONE)
        for name in ("verbs_are_carried_out", "a_handle_ends_with_its_vm"):
            if len(re.findall(r"\[boss\] ok " + name, m.text)) != 2:
                raise Failure("%s did not pass twice" % name)


def management_by_linux():
    """A stock Linux lists VMs and drives one from its shell; what it may not is refused."""
    text = (vm("boss", vcpus=1, memory="256M", keys="cpus = [0]\nmailbox = true\nmanage = "
               '{ list = ["boss", "worker", "alien"], control = ["worker"] }') +
            managed("worker", 2, 'cpus = [1]\nstop_timeout = "200ms"') +
            managed("alien", 2, "autostart = false") + managed("secret", 2, "autostart = false"))
    with boot("manage_linux", text, smp=2) as m:
        shell = Shell(m, r"^\[boss\] .*")
        shell.ready(1)

        def state(name):
            found = re.search(r"\b%s +(\w+) " % name, shell.run("corbelctl list"))
            return found and found[1]

        def is_now(name, want):
            now = state(name)
            if now != want:
                raise Failure("VM %s is %s, not %s" % (name, now, want))

        def refused(command, code):
            out = shell.run("! corbelctl %s 2>&1" % command)
            if code not in out:
                raise Failure("%s: not %s but %s" % (command, code, out))

        for name, now in (("boss", "running"), ("worker", "running"), ("alien", "defined"),
                          ("secret", None)):
            is_now(name, now)
        for verb, then in (("pause", "paused"), ("resume", "running"), ("reset", "running"),
                           ("stop", "off"), ("destroy", "defined"), ("create", "ready"),
                           ("start", "running"), ("kill", "off")):
            shell.run("corbelctl %s worker" % verb)
            is_now("worker", then)
        refused("kill worker", "ALREADY")
        refused("pause worker", "WRONG_STATE")
        refused("create alien", "DENIED")
        refused("kill boss", "DENIED")
        refused("create secret", "NOT_FOUND")
        refused("stat nobody", "NOT_FOUND")
        refused("frob worker", "usage")
        if int(re.search(r"ran (\d+) ms", shell.run("corbelctl stat boss"))[1]) < 1:
            raise Failure("the boss did not run")
        shell.healthy()
        shell.poweroff()
        m.expect("corbel: VM boss: off", LONG)
        m.never(GONE)


def with_modules(kernel):
    """The usual initramfs with that kernel's gpio-keys."""
    out, extra = WORK / ("stop_%s.cpio.gz" % kernel), []
    for name in ("evdev", "gpio_keys"):
        found = list((GUESTS / kernel / "modules").glob("**/%s.ko" % name))
        if len(found) != 1:
            raise Failure("%s has %d modules %s" % (kernel, len(found), name))
        extra.append("%s=lib/modules/%s.ko" % (found[0], name))
    programs = BUILD / "guests-linux"
    subprocess.run([sys.executable, str(TOP / "tools" / "initramfs.py"),
                    str(GUESTS / "busybox" / "busybox"), str(out),
                    "%s=bin/power-key" % (programs / "power_key"), *extra], check=True)
    return out


def stop(m):
    to_shell(m)
    m.send("vm stop linux\n")


def stop_is_graceful(kernel, how):
    """`vm stop` presses the power key and Linux powers itself off, not forced."""
    initrd = with_modules(kernel) if kernel != "cloud" else None
    with boot("linux_stop_" + kernel, vm(kernel=kernel, vcpus=2, memory="256M", initrd=initrd,
                                         keys='stop_timeout = "300s"')) as m:
        # It begins beside the shell, so either may speak first.
        m.expect("power-key: by " + how, LONG * 2)
        m.seen = 0
        Shell(m).ready(2)
        stop(m)
        for line in ("power-key: pressed", "reboot: Power down", "corbel: VM linux: off"):
            m.expect(line, LONG)
        m.never("does not stop")
        m.never(GONE)


def stop_is_forced_in_the_end():
    """A guest that does not watch its power key is off after the time limit."""
    initrd = rc_initramfs("linux_stop_deaf", "true\n")
    with boot("linux_stop_deaf", vm(vcpus=1, memory="256M", initrd=initrd,
                                    keys='stop_timeout = "500ms"')) as m:
        Shell(m).ready(1)
        stop(m)
        m.expect("corbel: VM linux: does not stop, forced", LONG)
        m.expect("corbel: VM linux: off", LONG)
        m.never("reboot: Power down")


def tests():
    yield "linux_stop", lambda: stop_is_graceful("cloud", "the GPIO line")
    yield "linux_stop_gpio_keys", lambda: stop_is_graceful("rt", "gpio-keys")
    yield "linux_stop_forced", stop_is_forced_in_the_end
    yield "manage_linux", management_by_linux
    yield "manage_calls", management_calls
    yield "linux_steal", stolen_time_is_shown
