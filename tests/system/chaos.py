# SPDX-License-Identifier: Apache-2.0
"""
A guest that does its worst (tests/guests/chaos/) beside one that must not notice.

    tests/system/chaos.py CPUS SEED LIVES BLOCKS [EXACT [MARK]]
    CHAOS_SEEDS=1000 CHAOS_STEPS=20M [CHAOS_JOBS=2] [CHAOS_CPUS=1] [CHAOS_FIRST=1] \\
            tests/system/chaos.py
"""
import concurrent.futures
import os
import re
import socket
import subprocess
import sys
import time

from load import Console, boot, build, pool, value
from machine import LONG, TOP, WORK, Failure, written

# Longer where many machines run behind everything else: many().
PATIENCE = int(os.environ.get("CHAOS_PATIENCE", "1"))
LIMIT = 2 * LONG * PATIENCE
LOOK = 20                       # seconds without a word, then the CPUs are looked at
SLICE_US = 200
# The witness has time reserved: it waits for its other vCPU's slice, and for the longest
# that an exit takes.
LATE_US = SLICE_US + 100
# A block is some 16,000 instructions of the guest's.
BLOCKS_5M = 320
BLOCK_STEPS = 16000
# Of many seeds so many have one machine. Few lives are as long as that: those that end early
# tell what they did after each so many blocks.
MARK = 80
LIVES_A_MACHINE = 10
# Of the witness, in ticks of a millisecond. A VM that shows nothing for so many reports has
# shut itself off from all that could wake it. One with CPUs of its own spins there meanwhile,
# which takes the emulator long, and has no watchdog: it is looked after sooner.
REPORT_TICKS = 50
SILENCE = 8

SEEDS = TOP / "tests" / "guests" / "chaos" / "seeds"
DONE = r"^\[chaos\] chaos: done seed (\d+): (\d+) blocks, (\d+) traps, .* (\d+) registers tried"
TICKS = (r"^\[witness\] .*?(\d+) ticks, late by (\d+) ns at most, (\d+) lost, (\d+) rounds, "
         r"(\d+) wrong")


# In the pool of all but the one whose CPUs, and their interrupts, are its own.
SHARES = {"pool": "p", "slice": "%dus" % SLICE_US}
OWNS = {"pool": "own", "interrupts": "direct"}


def vm(name, guest, cmdline, **keys):
    return ('[[vm]]\nname = "%s"\nkernel = "%s"\ncmdline = "%s"\n' %
            (name, build(guest), cmdline) +
            "".join("%s = %s\n" % (k, value(v)) for k, v in keys.items()))


# The chaos's devices, in the order of its slots (world.c); the puppet is on the other side.
DEVICES = ('manage = { list = ["*"], control = ["puppet"] }\n'
           'rng = { slot = 1 }\nballoon = { slot = 2 }\nvirtio_console = { slot = 3 }\n'
           'vsock = { slot = 4, cid = 3, peers = ["puppet"] }\n'
           'net = { slot = 5, network = "lan" }\n')
PUPPETS = ('vsock = { cid = 4, peers = ["chaos"] }\nnet = "lan"\n')
SHARED = ('[[network]]\nname = "lan"\n[[channel]]\nname = "bell"\nsize = "4K"\n'
          'members = [{ vm = "puppet" }, { vm = "chaos" }]\n')
NR_SWEEPS = 512                 # ENCODINGS / SWEEP of chaos.h
SWEEP = 64


def disk():
    return str(written(WORK / "chaos.img", bytes(65536)))


def system(cpus, seed, blocks, exact=0, mark=0, direct=False):
    """
    The witness, the chaos, and a VM that the chaos may make and end. Direct: the last two CPUs
    are the chaos's; no watchdog, which would have it share the interrupts.
    """
    others = cpus - 2 * direct
    place = {**OWNS, "vcpus": 2} if direct else {**SHARES, "vcpus": 3, "watchdog": True,
                                                 "on_watchdog": "restart"}
    return ('when_all_off = "shell"\n' + pool("p", list(range(others)), "fair") +
            (pool("own", [others, others + 1], "pinned") if direct else "") +
            vm("witness", "chaos/witness", "report=%d" % REPORT_TICKS, memory="4M", vcpus=2,
               reservation=20, **SHARES) +
            vm("puppet", "load/spin", "report_ms=0", memory="4M", on_crash="restart",
               autostart=False, **SHARES) + PUPPETS +
            vm("chaos", "chaos/chaos", "seed=%d blocks=%d exact=%d mark=%d dog=%d" %
               (seed, blocks, exact, mark, not direct),
               memory="8M", on_crash="restart", restart_limit=0, restart_backoff="0s",
               mailbox=True, disk=disk(), **place) +
            DEVICES + SHARED)


def whole_lives(text, blocks):
    """Those that did all they were asked for; not what a guest says that has lost its mind."""
    begun = set(re.findall(r"^\[chaos\] chaos: seed (\d+)\n", text, re.M))
    return [d for d in re.findall(DONE, text, re.M) if d[0] in begun and
            int(d[1]) >= blocks * 0.95]


def blocks_of(text, blocks):
    """How many blocks all lives have done, whole or not, as far as they told."""
    done = {d[0]: min(int(d[1]), blocks) for d in whole_lives(text, 0)}
    begun = set(re.findall(r"^\[chaos\] chaos: seed (\d+)\n", text, re.M))
    for nr, seed in re.findall(r"^\[chaos\] chaos: at (\d+) of seed (\d+)\n", text, re.M):
        if seed in begun:
            done[seed] = max(done.get(seed, 0), min(int(nr), blocks))
    return sum(done.values())


class Stuck(Exception):
    """The emulator cannot go on: a vCPU is at one address of EL1, and no time passes."""


class Monitor:
    """QEMU's own view of the machine."""

    def __init__(self, name):
        self.path = str(WORK / (name + ".mon"))

    def args(self):
        return ["-monitor", "unix:%s,server=on,wait=off" % self.path]

    def places(self):
        """Each pCPU's PC and exception level."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(LOOK)
            s.connect(self.path)
            s.sendall(b"info registers -a\n")
            time.sleep(1)
            said = s.recv(1 << 20).decode("utf-8", "replace")
        return re.findall(r"PC=(\w+).*?PSTATE=\w+ \S+ (EL\d)", said, re.S)

    def stuck(self):
        """At an exception's vector, below EL2, again and again."""
        first = self.places()
        for _ in range(3):
            again = self.places()
            first = [p for p, q in zip(first, again) if p == q and p[1] == "EL1"]
        return any(int(pc, 16) % 0x80 == 0 for pc, _ in first)


class Watch:
    """What has been seen of the run so far."""

    def __init__(self, machine, monitor, shell, blocks, silence):
        self.m = machine
        self.monitor = monitor
        self.shell = shell
        self.blocks = blocks
        self.silence = silence
        self.done = 0           # lives that came to their end
        self.starts = 0
        self.silent = 0         # reports of the witness since the chaos showed something

    def step(self):
        """To the witness's next report; revive what has put itself off."""
        self.report()
        starts = len(re.findall(r"^\[chaos\] GUEST", self.m.text, re.M))
        done = len(whole_lives(self.m.text, self.blocks))
        self.silent = 0 if starts + done > self.starts + self.done else self.silent + 1
        self.starts = starts
        if done > self.done:
            self.done = done
            self.audit()
        if self.silent >= self.silence:
            self.revive()

    def report(self):
        """
        The witness's next. A vector that stage 1 refuses is an exception at its first
        instruction, for ever; under -icount no time passes then, so nobody else has a turn.
        """
        for _ in range(LIMIT // LOOK):
            try:
                return self.m.expect(TICKS, LOOK)
            except Failure:
                if self.m.process.poll() is not None:
                    raise
                if self.monitor.stuck():
                    raise Stuck
        raise Failure("the witness does not report")

    def audit(self):
        said = self.shell.command("audit", LIMIT)
        if not re.search(r"^ *\d+ +\d+ +\d+ +0$", said, re.M):
            raise Failure("the audit says: " + said)

    def revive(self):
        state = self.shell.states()["chaos"]
        self.shell.verb({"off": "start", "paused": "resume"}.get(state, "reset"), "chaos")
        self.silent = 0


def quiet_reports(text):
    """Reports of times in which the shell, which goes before all VMs, did nothing."""
    last = 0
    for r in re.finditer(TICKS, text, re.M):
        if not re.search(r"^(corbel> \w|tables )", text[last:r.start()], re.M):
            yield r
        last = r.start()


def judge_witness(text, cpus):
    reports = re.findall(TICKS, text, re.M)
    if not reports:
        return
    quiet = list(quiet_reports(text))
    if not quiet:
        return
    worst, lost = max(int(r[2]) for r in quiet), sum(int(r[3]) for r in quiet)
    rounds = int(reports[-1][3])
    print("\nwitness: %s ticks, late by %d ns at most in %d of them, %d lost, %d rounds, %s wrong" %
          (reports[-1][0], worst, REPORT_TICKS * len(quiet), lost, rounds, reports[-1][4]))
    if int(reports[-1][4]) or "WRONG" in text:
        raise Failure("the witness saw something change")
    # With several pCPUs QEMU plays one after the other while the time of all passes.
    if cpus == 1 and (worst > LATE_US * 1000 or lost):
        raise Failure("the witness was late by %d ns, %d ticks lost" % (worst, lost))
    if not rounds:
        raise Failure("the witness checked nothing")


def joined(text, what):
    """How many different ones all lives have seen together."""
    maps = {}
    for line in re.findall(r"^\[chaos\] chaos: %s((?: [0-9a-f]+:[0-9a-f]+)+)$" % what, text, re.M):
        for word in line.split():
            idx, bits = (int(n, 16) for n in word.split(":"))
            maps[idx] = maps.get(idx, 0) | bits
    return sum(bin(bits).count("1") for bits in maps.values())


def classes_of(stat):
    return re.findall(r"^(vcpu|vm|vmm) +(\S.*?) +(\d+)$", stat, re.M)


def coverage(text):
    return ("%d system registers read, %d written, %d encodings of %d tried both ways, "
            "%d registers of devices, %d kinds of access (device, direction, size, alignment)" %
            (joined(text, "read"), joined(text, "written"), SWEEP * joined(text, "swept"),
             SWEEP * NR_SWEEPS, joined(text, "devices"), joined(text, "accesses")))


def tell(text, shell, blocks):
    stat = shell.command("stat chaos", LIMIT)
    classes = classes_of(stat)
    done = whole_lives(text, blocks)
    print("\nchaos: %d lives, %d whole with %d seeds, %d blocks, %d traps" %
          (len(re.findall(r"^\[chaos\] chaos: seed ", text, re.M)), len(done),
           len({d[0] for d in done}), sum(int(d[1]) for d in done), sum(int(d[2]) for d in done)))
    print("chaos: %d exit classes, %s" % (len(classes), coverage(text)))
    for layer, what, nr in classes:
        print("chaos: %9s %s, %s" % (nr, what, layer))
    if len(classes) < 6:
        raise Failure("so few exit classes: " + stat)


def machine(cpus, seed, lives, blocks, exact, mark, direct=False):
    """
    So many whole lives at most, one after the other, in one machine; how many it were. With
    MARK, lives that end early count for what they did.
    """
    name = "chaos_%d_%d%s" % (cpus, seed, "_direct" if direct else "")
    monitor = Monitor(name)
    with boot(name, system(cpus, seed, blocks, exact, mark, direct), cpus, version=10,
              extra=["-icount", "shift=0,sleep=off", *monitor.args()]) as m:
        m.expect(r"^\[chaos\] chaos: seed", LIMIT)
        watch = Watch(m, monitor, Console(m), blocks, 2 if direct else SILENCE)
        try:
            while (blocks_of(m.text, blocks) // blocks if mark else watch.done) < lives:
                watch.step()
            watch.audit()
            watch.report()
            tell(m.text, watch.shell, blocks)
        except Stuck:
            print("\nchaos: stopped the emulator's time")
        judge_witness(m.text, cpus)
        m.never(r"(BUG_ON|panic|CRASH at EL2)")
        return blocks_of(m.text, blocks) // blocks if mark else watch.done


def run(cpus, seed, lives, blocks=BLOCKS_5M, exact=0, mark=0, direct=False):
    """So many whole lives, in as many machines as it takes; a few that end at once are all."""
    done = 0
    for nr in range(3 + lives // 4):
        done += machine(cpus, seed + 1000 * nr, lives - done, blocks, exact, mark, direct)
        print("chaos: %d whole lives of %d" % (done, lives))
        if done >= lives:
            return
    raise Failure("only %d whole lives of %d" % (done, lives))


def kept():
    """What ever failed: CPUS SEED BLOCKS EXACT, a line each."""
    for line in SEEDS.read_text().splitlines():
        if line and not line.startswith("#"):
            yield tuple(int(word) for word in line.split()[:4])


def tests():
    yield "chaos_one_cpu", lambda: run(1, 1, 40)
    yield "chaos_two_cpus", lambda: run(2, 2, 6)
    yield "chaos_direct", lambda: run(3, 3, 2, direct=True)
    for cpus, seed, blocks, exact in kept():
        yield ("chaos_kept_%d_%d" % (cpus, seed),
               lambda c=cpus, s=seed, b=blocks, e=exact: run(c, s, 3, b, e))


def done_of(text):
    """What run() has counted, by what it printed last."""
    counts = re.findall(r"^chaos: (\d+) whole lives of \d+$", text, re.M)
    return int(counts[-1]) if counts else 0


def last_seed(text):
    seeds = re.findall(r"^\[chaos\] chaos: seed (\d+)$", text, re.M)
    return seeds[-1] if seeds else "?"


def one_machine(cpus, seed, lives, blocks):
    """In a process of its own; what it said."""
    words = [str(a) for a in (cpus, seed, lives, blocks, 0, MARK)]
    done = subprocess.run([sys.executable, __file__, *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False,
                          env={"CHAOS_PATIENCE": "10", **os.environ})
    if done.returncode:
        kept_log = WORK / ("chaos-%d-%d.log" % (cpus, seed))
        kept_log.write_text(done.stdout)
        print("FAILED, see %s; for tests/guests/chaos/seeds: %d %s %d 1" %
              (kept_log, cpus, last_seed(done.stdout), blocks), flush=True)
    return done.returncode, done.stdout


def many():
    """As many seeds as the environment says, several lives in a machine, machines in parallel."""
    want = int(os.environ.get("CHAOS_SEEDS", "40"))
    steps = int(os.environ.get("CHAOS_STEPS", "5M").replace("M", "000000"))
    cpus, first = (int(os.environ.get("CHAOS_" + k, "1")) for k in ("CPUS", "FIRST"))
    blocks = max(1, steps // BLOCK_STEPS)
    lives = [min(LIVES_A_MACHINE, want - n) for n in range(0, want, LIVES_A_MACHINE)]
    WORK.mkdir(parents=True, exist_ok=True)
    maps, classes, whole, begun, failed = "", set(), 0, 0, 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("CHAOS_JOBS", "2"))) as pool_:
        jobs = [pool_.submit(one_machine, cpus, 10000 * (first + i), n, blocks)
                for i, n in enumerate(lives)]
        for job in concurrent.futures.as_completed(jobs):
            status, said = job.result()
            failed += status != 0
            whole += done_of(said)
            begun += len(set(re.findall(r"^\[chaos\] chaos: seed (\d+)$", said, re.M)))
            classes |= {c[:2] for c in classes_of(said)}
            maps += "".join(re.findall(r"^\[chaos\] chaos: \w+(?: [0-9a-f]+:[0-9a-f]+)+\n", said,
                                       re.M))
            print("%d of %d times %d blocks, in %d lives, %d machines failed: %d exit classes, %s" %
                  (whole, want, blocks, begun, failed, len(classes), coverage(maps)), flush=True)
    return failed != 0 or whole < want


def main():
    if len(sys.argv) == 1:
        return many()
    run(*(int(a) for a in sys.argv[1:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
