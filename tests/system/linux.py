# SPDX-License-Identifier: Apache-2.0
"""Debian's kernel with a busybox shell under Corbel, as `make run` boots it."""
import os
import re
import subprocess
import sys
import time

from machine import BUILD, LONG, TOP, WORK, Failure, Machine, corbel, pack

GUESTS = BUILD / "guests"
BAD = (r"(WARNING: |BUG: |Oops|Internal error|Unable to handle|rcu: INFO|soft lockup|"
       r"Call trace:|unexpected interrupt|nobody cared|spurious)")
GONE = r"corbel: (.*(crash|BUG|panic)|VM \S+: (crashed|cannot go on))"


def vm(name="linux", kernel="cloud", vcpus=4, memory="512M", initrd=None, cmdline="", keys=""):
    """A VM in TOML: Debian's kernel of that kind with a shell on its console."""
    return ('[[vm]]\nname = "%s"\nvcpus = %d\nmemory = "%s"\nkernel = "%s"\ninitrd = "%s"\n'
            'cmdline = "console=ttyAMA0 earlycon=pl011,0x09000000 %s"\n%s\n' %
            (name, vcpus, memory, GUESTS / kernel / "Image",
             initrd or GUESTS / "initramfs.cpio.gz", cmdline, keys))


class Shell:
    """A busybox shell on a machine's console; prefix is what Corbel puts before its lines."""

    def __init__(self, machine, prefix=""):
        self.m = machine
        self.prefix = prefix
        self.count = 0

    def ready(self, cpus):
        """The shell's greeting, with that number of CPUs."""
        found = self.m.expect(self.prefix + r"Linux (\S+) on (\d+) CPUs\.", LONG * 2)
        if int(found[2]) != cpus:
            raise Failure("%s CPUs, not %d" % (found[2], cpus))

    def run(self, command, limit=LONG):
        """The command's output. Its end is a word that the echo of the command has not."""
        self.count += 1
        mark = "END-%d-" % self.count
        self.m.send("%s; echo END-$((%d))-$?-\n" % (command, self.count))
        start = self.m.seen
        found = self.m.expect(re.escape(mark) + r"(\d+)-", limit)
        if found[1] != "0":
            raise Failure("status %s: %s" % (found[1], command))
        return self.m.text[start:found.start()].split("\n", 1)[-1]

    def healthy(self):
        """Nothing in the kernel's log that should not be."""
        log = self.run("dmesg")
        bad = re.search(".*" + BAD + ".*", log)
        if bad:
            raise Failure("in dmesg: " + bad[0])

    def poweroff(self):
        self.m.send("poweroff -f\n")


def boot(name, text=None, **board):
    """A machine with that system. name is for its files."""
    bundle = pack(name, text or vm(), board.get("mem", "1G"), board.get("smp", 4))
    return Machine(corbel(bundle, **board))


def finish(m, limit=LONG):
    m.ends(limit)
    m.never(GONE)


def to_shell(name, cpus=4, text=None, **board):
    """Boots, looks around, powers off: what every variant of the matrix does."""
    with boot(name, text, **board) as m:
        shell = Shell(m)
        shell.ready(cpus)
        if shell.run("nproc").strip().split("\n")[-1] != str(cpus):
            raise Failure("nproc does not say %d" % cpus)
        shell.healthy()
        shell.poweroff()
        finish(m)


def shell_and_poweroff():
    to_shell("linux_shell")


def direct():
    """Its CPUs are its own, and so are their interrupts: it restarts, then powers off."""
    text = ('[[pool]]\nname = "own"\ncpus = [1, 2, 3, 4]\npolicy = "pinned"\n' +
            vm(keys='pool = "own"\ninterrupts = "direct"'))
    with boot("linux_direct", text, smp=5) as m:
        shell = Shell(m)
        shell.ready(4)
        m.send("reboot -f\n")
        shell.ready(4)
        online = "/sys/devices/system/cpu/cpu%d/online"
        for value in (0, 1):
            shell.run("; ".join("echo %d >%s" % (value, online % cpu) for cpu in (1, 2, 3)))
        shell.run("for c in 0 1 2 3; do taskset -p $((1 << c)) $$ >/dev/null; sleep 1; done")
        rows = {name: counts for (_, name), counts in
                interrupt_counts(shell.run("cat /proc/interrupts")).items()}
        if 0 in rows["arch_timer"] or not sum(rows["uart-pl011"]):
            raise Failure("interrupts: %s" % rows)
        shell.healthy()
        shell.poweroff()
        finish(m)


def reboots():
    """`reboot -f` restarts the guest and only the guest, five times."""
    with boot("linux_reboot") as m:
        shell = Shell(m)
        for _ in range(5):
            shell.ready(4)
            m.send("reboot -f\n")
        shell.ready(4)
        shell.healthy()
        shell.poweroff()
        finish(m)
        banners = len(re.findall(r"corbel: Corbel ", m.text))
        if banners != 1:
            raise Failure("Corbel started %d times" % banners)


def interrupt_counts(text):
    """/proc/interrupts as name: counts, the name being the last column."""
    rows = {}
    for line in text.split("\n"):
        found = re.match(r"\s*(\w+):((?:\s+\d+)+)\s*(.*)$", line)
        if found:
            rows[(found[1], found[3].split()[-1] if found[3] else "")] = \
                [int(n) for n in found[2].split()]
    return rows


def interrupts_are_sane():
    with boot("linux_interrupts") as m:
        shell = Shell(m)
        shell.ready(4)
        shell.run("for c in 0 1 2 3; do taskset -p $((1 << c)) $$ >/dev/null; sleep 1; done")
        rows = interrupt_counts(shell.run("cat /proc/interrupts"))
        named = {name: counts for (_, name), counts in rows.items()}
        by_irq = {irq: counts for (irq, _), counts in rows.items()}
        for name, per_cpu in (("arch_timer", True), ("uart-pl011", False)):
            counts = named.get(name)
            if not counts or (0 in counts if per_cpu else sum(counts) == 0):
                raise Failure("%s: %s" % (name, counts))
        if by_irq.get("Err") not in (None, [0]):
            raise Failure("Err: %s" % by_irq["Err"])
        if sum(by_irq.get("IPI0", [0])) + sum(by_irq.get("IPI1", [0])) == 0:
            raise Failure("no IPIs: %s" % by_irq)
        # A storm would be seen here: a second of an idle system is a few hundred interrupts.
        before = sum(map(sum, rows.values()))
        shell.run("sleep 2")
        after = sum(map(sum, interrupt_counts(shell.run("cat /proc/interrupts")).values()))
        if after - before > 20000:
            raise Failure("%d interrupts in two seconds" % (after - before))
        shell.healthy()
        shell.poweroff()
        finish(m)


def clock_runs_at_the_right_speed():
    with boot("linux_date") as m:
        shell = Shell(m)
        shell.ready(4)
        begin = time.time()
        guest = int(shell.run("date +%s").split()[-1])
        if abs(guest - begin) > 30:
            raise Failure("the guest's clock is off by %d s" % (guest - begin))
        shell.run("sleep 20")
        passed = int(shell.run("date +%s").split()[-1]) - guest
        real = time.time() - begin
        if abs(passed - real) > 2.5 + real * 0.05:
            raise Failure("%d s by the guest's clock, %.1f s by ours" % (passed, real))
        shell.poweroff()
        finish(m)


def hotplug_of_every_secondary(rounds=3):
    with boot("linux_hotplug") as m:
        shell = Shell(m)
        shell.ready(4)
        for _ in range(rounds):
            for cpu in (1, 2, 3):
                online = "/sys/devices/system/cpu/cpu%d/online" % cpu
                shell.run("echo 0 > " + online)
                if shell.run("nproc").split()[-1] != "3":
                    raise Failure("cpu %d did not go" % cpu)
                shell.run("echo 1 > " + online)
                if shell.run("nproc").split()[-1] != "4":
                    raise Failure("cpu %d did not come back" % cpu)
        shell.run("for c in 1 2 3; do echo 0 > /sys/devices/system/cpu/cpu$c/online; done")
        shell.run("for c in 3 2 1; do echo 1 > /sys/devices/system/cpu/cpu$c/online; done")
        shell.run("taskset 8 true && taskset 2 true")
        shell.healthy()
        shell.poweroff()
        finish(m)


# The console's escape key, then the number of the VM that is to get the input.
ESCAPE = "\x1d"


def two_vms_side_by_side():
    """Each on two CPUs of its own, each line prefixed, one goes on when the other is off."""
    text = (vm("left", vcpus=2, memory="256M", keys="cpus = [0, 1]") +
            vm("right", vcpus=2, memory="256M", keys="cpus = [2, 3]"))
    with boot("linux_two_vms", text) as m:
        for name in ("left", "right"):
            m.seen = 0
            Shell(m, r"^\[%s\] .*" % name).ready(2)
        m.send("echo I-am-$((40 + 2))\n")
        m.expect(r"^\[left\] .*I-am-42")
        m.send(ESCAPE + "1")
        m.expect(r"corbel: console: input goes to 1 right")
        m.send("echo I-am-$((50 + 3))\n")
        m.expect(r"^\[right\] .*I-am-53")
        m.send(ESCAPE + "0")
        m.expect(r"corbel: console: input goes to 0 left")
        m.send("poweroff -f\n")
        m.expect(r"corbel: VM left: off", LONG)
        # Nobody is left at the console of a VM that is off.
        m.expect(r"corbel: console: input goes to 1 right")
        m.send("echo I-am-$((60 + 4))\n")
        m.expect(r"I-am-64")
        m.send("poweroff -f\n")
        finish(m)


def eight_vcpus():
    to_shell("linux_8vcpu", 8, vm(vcpus=8), smp=8)


def more_vcpus_than_cpus():
    """Four vCPUs share two CPUs of the board."""
    to_shell("linux_overcommit", 4, smp=2)


def rc_initramfs(name, script):
    """The shell's initramfs with a script that runs first."""
    WORK.mkdir(parents=True, exist_ok=True)
    rc, out = WORK / (name + ".rc"), WORK / (name + ".cpio.gz")
    rc.write_text("#!/bin/sh\n" + script)
    rc.chmod(0o755)
    subprocess.run([sys.executable, str(TOP / "tools" / "initramfs.py"),
                    str(GUESTS / "busybox" / "busybox"), str(out), "%s=etc/rc" % rc], check=True)
    return out


def without_input():
    """Standard input is /dev/null: the console is printed, the machine ends by itself."""
    initrd = rc_initramfs("linux_null", "echo RC-$((40 + 2))\npoweroff -f\n")
    bundle = pack("linux_null", vm(initrd=initrd))
    with open(os.devnull, "rb") as null, Machine(corbel(bundle), null) as m:
        m.expect("RC-42", LONG * 2)
        finish(m)


def make_run_without_input():
    """`make run` with the configuration elsewhere and nothing to read."""
    initrd = rc_initramfs("linux_make", "echo RC-$((40 + 2))\npoweroff -f\n")
    config = WORK / "linux_make.toml"
    config.write_text(vm(initrd=initrd))
    command = ["make", "-s", "run", "CONFIG=%s" % config]
    with open(os.devnull, "rb") as null, Machine(command, null) as m:
        m.expect("RC-42", LONG * 4)
        finish(m)


def foreign_keys():
    """A VM with a raw command line of its own and a kernel's parameters kept as they are."""
    with boot("linux_cmdline", vm(cmdline="corbel.test=a,b loglevel=4")) as m:
        shell = Shell(m)
        shell.ready(4)
        line = shell.run("cat /proc/cmdline")
        if "corbel.test=a,b loglevel=4" not in line:
            raise Failure("the command line is " + line)
        shell.poweroff()
        finish(m)


def crash_stays_in_its_vm():
    """One VM panics; the other goes on."""
    text = (vm("bad", vcpus=2, memory="256M", keys="cpus = [0, 1]", cmdline="panic=0",
               initrd=rc_initramfs("linux_crash", "sleep 5\necho c > /proc/sysrq-trigger\n")) +
            vm("good", vcpus=2, memory="256M", keys="cpus = [2, 3]",
               initrd=rc_initramfs("linux_good", "sleep 30\necho STILL-$((40 + 2))\n")))
    with boot("linux_crash", text) as m:
        m.expect(r"Kernel panic", LONG * 2)
        m.expect(r"STILL-42", LONG * 2)
        m.never(GONE)


def stress(seconds=None):
    """All CPUs busy with memory, files, processes and pipes; nothing in dmesg."""
    seconds = int(os.environ.get("STRESS_S", seconds or 600))
    work = ("(while :; do dd if=/dev/zero of=/tmp/f$c bs=64k count=64 2>/dev/null; "
            "md5sum /tmp/f$c >/dev/null; ls -lR /sys/kernel | wc -l >/dev/null; done) &")
    with boot("linux_stress") as m:
        shell = Shell(m)
        shell.ready(4)
        shell.run("for c in 1 2 3 4 5 6; do %s done" % work)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            shell.run("sleep 10")
        shell.run("kill $(jobs -p)")
        shell.healthy()
        shell.poweroff()
        finish(m)


def tests():
    yield "linux_shell", shell_and_poweroff
    yield "linux_reboot", reboots
    yield "linux_direct", direct
    yield "linux_interrupts", interrupts_are_sane
    yield "linux_date", clock_runs_at_the_right_speed
    yield "linux_hotplug", hotplug_of_every_secondary
    yield "linux_two_vms", two_vms_side_by_side
    yield "linux_8vcpu", eight_vcpus
    yield "linux_overcommit", more_vcpus_than_cpus
    yield "linux_without_input", without_input
    yield "linux_make_run", make_run_without_input
    yield "linux_cmdline", foreign_keys
    yield "linux_crash", crash_stays_in_its_vm
