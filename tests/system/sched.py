# SPDX-License-Identifier: Apache-2.0
"""What the scheduler's policies promise, in virtual time: one instruction is a fixed time there."""
import re

from load import Console, boot, pool, reports, vm
from machine import LONG, Failure, corbel, pack, Machine

LIMIT = 2 * LONG


def check_shares(got, what, tolerance):
    """By weight: within that of what each weight shall have."""
    for w, had in got.items():
        share = had * sum(got) / sum(got.values())
        print("weight %d: %.4f of %s" % (w, share, what))
        if abs(share / w - 1) > tolerance:
            raise Failure("weight %d has a share of %.3f of 7 of %s" % (w, share, what))


def fair_shares(cpus, shift, seconds=10):
    """VMs that all compute, with weights 1:2:4, get that within 2 % of it.

    On one pCPU what they computed says so. Of several the emulator plays one after the other, in
    turns whose lengths are in phase with the slices: there the time on a pCPU has to be within
    it, and what was computed follows at some distance.
    """
    weights = (1, 2, 4)
    text = pool("p", list(range(cpus)), "fair")
    for w in weights:
        text += vm("w%d" % w, "spin", pool="p", weight=100 * w, vcpus=cpus)
    pattern = r"(\d+) rounds at %d000 ms"
    rounds, ran = [], []
    with boot("sched_fair_%d" % cpus, text, cpus, shift=shift) as m:
        # The first second is loading.
        for s in (2, 2 + seconds):
            rounds.append({w: int(reports(m, "w%d" % w, pattern % s, LIMIT)[1]) for w in weights})
            if cpus > 1:
                console = Console(m, attached=bool(ran))
                ran.append({w: int(re.search(r"^ *\d+ w%d +(\d+) " % w, console.command("stat"),
                                             re.M)[1]) for w in weights})
    computed = {w: rounds[1][w] - rounds[0][w] for w in weights}
    check_shares(computed, "what is computed", 0.02 if cpus == 1 else 0.3)
    if cpus > 1:
        check_shares({w: ran[1][w] - ran[0][w] for w in weights}, "time", 0.02)


def late(found):
    """The report of rt_tick: least, most, average in ns, and ticks lost."""
    return [int(found[n]) for n in (1, 2, 3, 4)]


TICKS = r"%d ticks, late by (\d+) to (\d+) ns, (\d+) on average, (\d+) lost"
SLICE_MS = 10


def spinner_costs_a_slice():
    """Who is driven by interrupts waits for one that spins for a slice at most."""
    text = (pool("p", [0], "fair") + vm("tick", "rt_tick", "period_us=20000 report=100", pool="p") +
            vm("busy", "spin", "report_ms=0", pool="p") +
            vm("busier", "storm", pool="p", weight=1000))
    with boot("sched_spinner", text, shift=3) as m:
        # The first hundred are while the others load.
        reports(m, "tick", TICKS % 100, LIMIT)
        most = late(reports(m, "tick", TICKS % 200, LIMIT))[1]
    if most > SLICE_MS * 1e6 * 1.05:
        raise Failure("%d ns late" % most)


def deadlines_are_met(periods, scale=1):
    """Budgets that sum to 95 %, used up to nine tenths, beside one that wants all there is."""
    servers = (("a", 250, 100), ("b", 500, 150), ("c", 1000, 250))
    text = pool("p", [0], "edf")
    for name, period, budget in servers:
        period, budget = period * scale, budget * scale
        text += vm(name, "edf_worker",
                   "period_us=%d work_us=%d report=0 jobs=%d" %
                   (period, budget * 9 // 10, periods * 250 * scale // period),
                   pool="p", budget="%dus" % budget, period="%dus" % period)
    text += vm("busy", "spin", "report_ms=0", pool="p")
    with boot("sched_edf", text) as m:
        for name, _, _ in servers:
            done = reports(m, name, r"(\d+) jobs, (\d+) met, (\d+) missed", LIMIT)
            if done[1] != done[2] or done[3] != "0":
                raise Failure("%s: %s" % (name, done[0]))


def too_many_promises_are_refused():
    """A bundle whose budgets ask for more than the pCPU: the later VM is told the numbers."""
    text = (pool("p", [0], "edf") +
            vm("a", "rt_tick", "ticks=3", pool="p", budget="6ms", period="10ms") +
            vm("b", "rt_tick", pool="p", budget="1234us", period="10ms"))
    bundle = pack("sched_refused", text)
    data = bundle.read_bytes()
    small, large = (1234).to_bytes(4, "big"), (5678).to_bytes(4, "big")
    if data.count(small) != 1:
        raise Failure("the budget is not found in the bundle")
    bundle.write_bytes(data.replace(small, large))
    with Machine(corbel(bundle, smp=1)) as m:
        m.expect(r"VM b refused: budget-us: vCPU 0 asks for 56.78.*CPU 0 has 40.0", LONG)
        m.expect(r"rt_tick: \d+ ticks", LONG)


def windows(frames, others, shift=0):
    """Windows begin on time, to two microseconds, whatever those in between do."""
    text = pool("p", [1], "partition", 'major_frame = "1ms"\nwindows = [\n'
                '\t{ vm = "one", duration = "200us" },\n'
                '\t{ vm = "storm", start = "200us", duration = "250us" },\n'
                '\t{ vm = "two", start = "450us", duration = "200us" },\n'
                '\t{ vm = "busy", start = "650us", duration = "250us" },\n'
                '\t{ vm = "storm", start = "900us", duration = "100us" }\n]')
    for name in ("one", "two"):
        text += vm(name, "window", "frame_us=1000 frames=%d gap_us=40" % frames, pool="p")
    text += vm("storm", others, pool="p", vcpus=2, slice="50us")
    text += vm("busy", "spin", "report_ms=0", pool="p")
    edge = r"%d %s at (\d+) ns of the frame, from (-?\d+) to (-?\d+)"
    with boot("sched_windows", text, 2, shift=shift) as m:
        begin, end = {}, {}
        for name in ("one", "two"):
            for what, into in (("begin", begin), ("end", end)):
                found = reports(m, name, edge % (frames, what), LIMIT)
                first, least, most = map(int, found.groups())
                into[name] = (first + least, first + most)
    # Where the table has its begin: a window ends 20 us before what comes next.
    origin = end["one"][0] - 180000
    for name, start in (("one", 0), ("two", 450000)):
        least, most = ((t - origin - start + 500000) % 1000000 - 500000 for t in begin[name])
        print("%s: %d to %d ns late" % (name, least, most))
        if least < -16 or most > 2000:
            raise Failure("%s begins %d to %d ns late" % (name, least, most))
        if end[name][1] - end[name][0] > 100:
            raise Failure("%s does not end on time: %s" % (name, end[name]))


def own_cpu(guest, cmdline):
    """One VM that owns a pCPU, and the shell on another."""
    text = ('when_all_off = "shell"\n' + pool("own", [1], "pinned") +
            vm("a", guest, cmdline, pool="own") +
            # Of several VMs the console shows whole lines only.
            vm("b", "spin", autostart=False))
    return boot("sched_pinned_" + guest, text, 2)


def pinned_computes_without_exits():
    with own_cpu("spin", "report_ms=0") as m:
        m.expect(r"GUEST", LONG)
        shell = Console(m)
        shell.answers("a", "stat", "rounds at")
        # Its prompt comes after the answer.
        first, then = shell.stat("a"), shell.stat("a")
        shell.command("vm list")
        last = shell.stat("a")
        if last != then or sum(then.values()) > sum(first.values()) + 50:
            raise Failure("it computes and exits: %s, then %s, then %s" % (first, then, last))


def pinned_ticks_with_an_exit_each(ticks=10000):
    with own_cpu("rt_tick", "report=0 wait=1 ticks=%d" % ticks) as m:
        m.expect(r"GUEST", LONG)
        shell = Console(m)
        before = shell.stat("a")
        shell.say("a", "go")
        reports(m, "a", "%d ticks" % ticks, LIMIT)
        exits = {what: nr - before.get(what, 0) for what, nr in shell.stat("a").items()}
        print(exits)
    irqs = exits.pop("interrupt")
    exits.pop("injected", 0)
    # Besides the ticks: what was typed, and what it printed.
    if not ticks <= irqs <= ticks + 20 or sum(exits.values()) > 500:
        raise Failure("%d ticks, %d interrupts, %s" % (ticks, irqs, exits))


def tests():
    yield "sched_fair_one_cpu", lambda: fair_shares(1, 3)
    yield "sched_fair_four_cpus", lambda: fair_shares(4, 3)
    yield "sched_spinner_costs_a_slice", spinner_costs_a_slice
    yield "sched_edf_deadlines", lambda: deadlines_are_met(10000, 2)
    yield "sched_edf_too_many_promises", too_many_promises_are_refused
    yield "sched_windows_begin_on_time", lambda: windows(1000, "storm")
    yield "sched_pinned_computes", pinned_computes_without_exits
    yield "sched_pinned_ticks", pinned_ticks_with_an_exit_each


def matrix():
    yield "matrix_sched_fair_one_cpu", lambda: fair_shares(1, 0)
    yield "matrix_sched_fair_four_cpus", lambda: fair_shares(4, 0)
    yield "matrix_sched_edf_deadlines", lambda: deadlines_are_met(10000, 4)
    yield "matrix_sched_windows", lambda: windows(10000, "storm")
