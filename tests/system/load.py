# SPDX-License-Identifier: Apache-2.0
"""Systems of small guests that run for ever (tests/guests/load/), and Corbel's shell."""
import re

from guests import build
from machine import LONG, Failure, Machine, corbel, pack

ESCAPE = "\x1d"


def value(v):
    return '"%s"' % v if isinstance(v, str) else str(v).lower()


def vm(name, guest, cmdline="", **keys):
    """A VM in TOML that runs tests/guests/load/GUEST.c."""
    keys = {"memory": "4M", **keys}
    return ('[[vm]]\nname = "%s"\nkernel = "%s"\ncmdline = "%s"\n' %
            (name, build("load/" + guest), cmdline) +
            "".join("%s = %s\n" % (k, value(v)) for k, v in keys.items()))


def pool(name, cpus, policy, keys=""):
    return '[[pool]]\nname = "%s"\ncpus = %s\npolicy = "%s"\n%s\n' % (name, cpus, policy, keys)


def boot(name, text, smp=1, shift=0, **board):
    """
    A machine with that system. An instruction is 2^shift ns of virtual time, so that a run
    repeats whatever else the host does. QEMU 7.2 plays one pCPU for too long where several
    compute, so these get QEMU 10.
    """
    board = {"version": 10 if smp > 1 else 7,
             "extra": ["-icount", "shift=%d,sleep=off" % shift], **board}
    bundle = pack(name, text, board.get("mem", "1G"), smp)
    return Machine(corbel(bundle, smp=smp, **board))


def no_findings(m, limit=LONG):
    """What Corbel's shell, which is attached, says when it audits memory."""
    m.send("audit\n")
    if m.expect(r"findings *\n( +\d+){3} +(\d+) *\n", limit)[2] != "0":
        raise Failure("the audit has findings")


def reports(m, name, pattern, limit=LONG):
    """A VM's first line with that in it, whenever it came."""
    m.seen, seen = 0, m.seen
    found = m.expect(r"^\[%s\] .*?%s.*\n" % (re.escape(name), pattern), limit)
    m.seen = max(seen, m.seen)
    return found


class Console:
    """Corbel's shell, and the VMs' consoles by way of it."""

    def __init__(self, machine, attached=False):
        self.m = machine
        if not attached:
            self.m.send(ESCAPE + "c")
            self.m.expect(r"input goes to the hypervisor", LONG)
        # Its prompt is there already, or after a line.
        self.command("")
        self.attach = "vm console" if "vm console" in self.command("help") else "console"

    def command(self, line, limit=LONG):
        """What a command prints, up to the next prompt."""
        self.m.send(line + "\n")
        if line:
            self.m.expect(re.escape(line) + r"\n", limit)
        start = self.m.seen
        found = self.m.expect(r"^corbel> ", limit)
        return self.m.text[start:found.start()]

    def verb(self, verb, words, limit=LONG):
        """A verb that must succeed; words: a VM, and what else it takes."""
        said = self.command("vm %s %s" % (verb, words), limit)
        if "failed" in said or "usage" in said or "no VM" in said:
            raise Failure("vm %s %s: %s" % (verb, words, said.strip()))

    def memory(self, limit=LONG):
        """KiB by owner."""
        rows = re.findall(r"^(\S[^\n]*?) {2,}(\d+) *$", self.command("mem", limit), re.M)
        return {owner: int(kib) for owner, kib in rows}

    def states(self):
        """VMs' states by name, as `vm list` has them."""
        rows = re.findall(r"^ *\d+ +(\S+) +(\S+)", self.command("vm list"), re.M)
        return dict(rows)

    def stat(self, name):
        """Counts by name, as `stat NAME` has them."""
        rows = re.findall(r"^ *([A-Za-z][^\n]*?) {2,}(\d+) *$", self.command("stat " + name), re.M)
        return {re.sub(" +", " ", what): int(nr) for what, nr in rows}

    def type_to(self, name, words):
        """Type a line to a VM, whose console stays attached."""
        self.m.send("%s %s\n" % (self.attach, name))
        self.m.expect(r"input goes to \d+ %s" % re.escape(name), LONG)
        self.m.send(words + "\n")

    def leave(self):
        """Back to Corbel's shell."""
        self.m.send(ESCAPE + "c")
        self.m.expect(r"input goes to the hypervisor", LONG)

    def say(self, name, words):
        """Type a line to a VM."""
        self.type_to(name, words)
        self.leave()

    def answers(self, name, words, pattern, limit=LONG):
        """
        Type a line to a VM, which answers; what Corbel says when its console is left would cut the
        answer in two.
        """
        start = len(self.m.text)
        self.type_to(name, words)
        self.m.seen = start
        found = self.m.expect(r"^\[%s\] .*%s.*\n" % (re.escape(name), pattern), limit)
        self.leave()
        self.m.seen = found.end()
        return found
