# SPDX-License-Identifier: Apache-2.0
"""VMs that die, come back, pause and go, while others must not notice."""
import re

import linux
from linux import Shell
from load import Console, boot, pool, reports, vm
from machine import LONG, Failure, Machine, corbel, pack

LIMIT = 2 * LONG
TICKS = r"(\d+) ticks, late by (\d+) to (\d+) ns, \d+ on average, (\d+) lost"
BURNT = r"(\d+) rounds at \d+ ms, nothing for (\d+) us"
# How each end comes, and what Corbel calls it.
ENDS = [("crash", "crashed"), ("nowhere", "crashed"),
        ("wedge", "not alive for its watchdog"), ("starve", "not alive for its watchdog")]


def the_dead_come_back():
    """Killed in four ways, on the pCPU of two that count: no gap in their counts."""
    text = ('when_all_off = "shell"\n' + pool("p", [0], "fair") +
            vm("victim", "rt_tick", "report=0 watchdog=50", pool="p", watchdog=True,
               on_crash="restart", on_watchdog="restart", restart_backoff="20ms",
               restart_limit=3) +
            vm("tick", "rt_tick", "report=0 period_us=20000", pool="p") +
            vm("busy", "spin", "report_ms=0", pool="p"))
    with boot("life_dead", text, shift=2) as m:
        for name in ("victim", "tick", "busy"):
            m.seen = 0
            m.expect(r"^\[%s\] GUEST" % name, LONG)
        shell = Console(m)
        # What was before is not asked for: all three were being loaded.
        for name, what in (("tick", TICKS), ("busy", BURNT)):
            shell.answers(name, "stat", what)
        for nr, (word, why) in enumerate(ENDS):
            shell.say("victim", word)
            if nr < 3:
                m.expect(r"VM victim: %s, restarts in %d ms" % (why, 20 << nr), LIMIT)
                m.expect(r"^\[victim\] GUEST", LIMIT)
            else:
                m.expect(r"VM victim: restarted 3 times, now left", LIMIT)
        tick = shell.answers("tick", "stat", TICKS)
        busy = shell.answers("busy", "stat", BURNT)
        # A slice for the one that begins to run, one for each other.
        if tick[4] != "0" or int(tick[3]) > 10.5e6 or int(busy[2]) > 25000:
            raise Failure("the others noticed: %s%s" % (tick[0], busy[0]))
        if shell.states() != {"victim": "crashed", "tick": "running", "busy": "running"}:
            raise Failure("in the end: %s" % shell.states())
        shell.verb("start", "victim")
        m.expect(r"^\[victim\] GUEST", LIMIT)


def paused_linux_does_not_notice(rounds=100):
    """A Linux under load stands still again and again, three times for half a minute of others'."""
    text = ('when_all_off = "shell"\n' + pool("p", [0, 1], "fair") +
            linux.vm("linux", vcpus=2, memory="256M", keys='pool = "p"') +
            vm("clock", "rt_tick", "period_us=500000 report=60", pool="p"))
    with boot("life_pause", text, 2, shift=3) as m:
        Shell(m, r"^\[linux\] .*").ready(2)
        m.send("for c in 1 2 3; do (while :; do dd if=/dev/zero of=/tmp/f$c bs=64k count=64; "
               "md5sum /tmp/f$c; done >/dev/null 2>&1) & done\n"
               "while usleep 20000; do echo up-$(cut -d. -f1 /proc/uptime)-; done &\n")
        up = r"^\[linux\] .*up-(\d+)-"
        before = int(m.expect(up, LIMIT)[1])
        shell = Console(m)
        for nr in range(rounds):
            shell.verb("pause", "linux")
            if nr % (rounds // 3) == 10:
                said = len(m.text)
                m.seen = said
                m.expect(r"^\[clock\] rt_tick: .*\n(.*\n)*\[clock\] rt_tick: ", LIMIT)
                if re.search(up, m.text[said:], re.M):
                    raise Failure("it runs while it is paused")
            shell.verb("resume", "linux")
            after = int(m.expect(up, LIMIT)[1])
            if after > before + 10:
                raise Failure("%d s of uptime, then %d" % (before, after))
            before = after
        # The end is a word that the echo of the line has not.
        shell.say("linux", "kill $(jobs -p); dmesg | grep -E '%s' | sed 's/^/fault: /'; "
                  "echo looked-$((40 + 2))" %
                  (linux.BAD[:-1] + "|unstable|hrtimer: int|stall)"))
        m.expect(r"^\[linux\] .*looked-42", LIMIT)
        m.never(r"^\[linux\] fault: \[")
        shell.say("linux", "poweroff -f")
        m.expect(r"corbel: VM linux: off", LIMIT)


def full_board(free_kib):
    """A small VM and one that takes all the rest, on a board of 64 MiB."""
    text = ('when_all_off = "shell"\n' +
            vm("small", "spin", "report_ms=0", autostart=False, power_key=False, vcpus=2) +
            vm("rest", "spin", autostart=False, memory="%dK" % (free_kib - 4096)))
    bundle = pack("life_rounds", text, mem=None)
    return Machine(corbel(bundle, smp=2, mem="64M"))


def both_fit(shell):
    for name in ("small", "rest"):
        shell.command("vm create " + name)
    fits = shell.states() == {"small": "ready", "rest": "ready"}
    for name in ("small", "rest"):
        shell.command("vm destroy " + name)
    return fits


def rounds_leak_nothing(rounds=1000, step_kib=256):
    """Created, started, stopped, destroyed: then as much memory is there as before."""
    for free_kib in range(63 << 10, 48 << 10, -step_kib):
        with full_board(free_kib) as m:
            m.expect(r"^corbel> |^corbel: VM rest refused", LONG)
            if "refused" in m.text:
                continue
            shell = Console(m, attached=True)
            if not both_fit(shell):
                continue
            # What is left is less than two steps: less than a page for each round.
            for _ in range(rounds):
                for verb in ("create", "start", "stop", "destroy"):
                    shell.verb(verb, "small")
            if not both_fit(shell):
                raise Failure("after %d rounds there is less memory" % rounds)
            shell.command("audit")
            m.never(r"audit: .* [1-9]\d* findings")
            return
    raise Failure("no size fits")


def tests():
    yield "life_dead_come_back", the_dead_come_back
    yield "life_pause_of_linux", paused_linux_does_not_notice
    yield "life_rounds_leak_nothing", rounds_leak_nothing
