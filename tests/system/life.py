# SPDX-License-Identifier: Apache-2.0
"""VMs that die, come back, pause and go, while others must not notice."""
import re

import linux
from hostio import MODERN, drive, empty_disk
from linux import Shell
from load import Console, boot, no_findings, pool, reports, vm
from machine import LONG, WORK, Failure, Machine, corbel, pack

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


# tests/guests/load/hold.c
HOLDS = ["spins", "sleeps", "waits_for_events", "in_a_handler", "masks_all", "calls"]


def held_cores_are_recalled(mode):
    """
    A VM that keeps every interrupt out of its own CPUs is paused, reset and killed all the same,
    and one beside it goes on. How late that one is depends on QEMU, which plays a pCPU that
    spins for 25 ms.
    """
    text = ('when_all_off = "shell"\n' + pool("own", [1, 2], "pinned") +
            pool("other", [3], "pinned") +
            vm("hold", "hold", "mode=%d" % mode, pool="own", vcpus=2, autostart=False,
               interrupts="direct", power_key=False) +
            vm("tick", "rt_tick", "report=0 period_us=20000", pool="other"))
    with boot("life_hold_" + HOLDS[mode], text, 4, shift=2) as m:
        m.expect(r"^(\[tick\] )?GUEST", LONG)
        shell = Console(m)
        ticks = int(shell.answers("tick", "stat", TICKS)[1])
        shell.command("vm create hold")
        for verb, state in (("start", "running"), ("pause", "paused"), ("resume", "running"),
                            ("reset", "running"), ("kill", "off"), ("start", "running"),
                            ("destroy", "running"), ("pause", "paused"), ("kill", "off"),
                            ("destroy", "defined")):
            start = len(m.text)
            shell.command("vm %s hold" % verb)
            if verb in ("start", "reset"):
                for cpu in (0, 1):
                    m.seen = start
                    m.expect(r"hold: CPU %d holds" % cpu, LIMIT)
            found = shell.states()["hold"]
            if found != state:
                raise Failure("after %s it is %s" % (verb, found))
        for _ in range(1000):
            if int(shell.answers("tick", "stat", TICKS)[1]) > ticks:
                break
        else:
            raise Failure("the other stands at tick %d" % ticks)
        m.never("did not fold|CRASH|panic")


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
            no_findings(m)
            return
    raise Failure("no size fits")


TRAFFIC = r"traffic: (\d+) requests, (\d+) sent, (\d+) got, (\d+) wrong"


def traffic(shell, name):
    """What a VM of traffic.c has done so far, once it has started."""
    return [int(n) for n in shell.answers(name, "stat", TRAFFIC, LIMIT).groups()]


def goes_on(shell, name, since):
    """Asks until it has moved data both to its disk and to others."""
    for _ in range(400):
        now = traffic(shell, name)
        if now[3]:
            raise Failure("%s: %d times something was wrong" % (name, now[3]))
        if now[0] > since[0] and now[1] > since[1]:
            return now
    raise Failure("%s stands still: %s, then %s" % (name, since, now))


def traffic_system():
    """Two that must not notice, and a victim on a disk of the board and one of memory."""
    disk = WORK / "life_traffic.img"
    WORK.mkdir(parents=True, exist_ok=True)
    empty_disk(disk)
    text = 'when_all_off = "shell"\n' + pool("p", [0, 1], "fair") + '[[network]]\nname = "n"\n'
    for me, name in enumerate(("one", "two", "victim"), 1):
        text += vm(name, "traffic", "me=%d reset=%d" % (me, 7 if me == 3 else 50), memory="8M",
                   pool="p", net="n", on_crash="restart", restart_backoff="1ms")
        text += ('[[vm.disk]]\nphysical = "victim"\n' if me == 3 else
                 '[[vm.disk]]\nsize = "1M"\n')
    return text, ["-icount", "shift=0,sleep=off"] + MODERN + drive("victim", disk)


def verbs_under_traffic(rounds=4):
    """Every verb hits a VM with requests and frames on their way, and its neighbours go on."""
    text, extra = traffic_system()
    with boot("life_traffic", text, 2, extra=extra) as m:
        for name in ("one", "two", "victim"):
            m.seen = 0
            m.expect(r"^\[%s\] GUEST" % name, LONG)
        shell = Console(m)
        start = [0, 0, 0, 0]
        one = two = start
        goes_on(shell, "victim", start)
        # Their disks are memory that is taken once it is written: all of them is by then.
        for name in ("one", "two"):
            while traffic(shell, name)[0] < 1000:
                pass
        shell.verb("kill", "victim")
        shell.verb("destroy", "victim")
        memory = []
        for _ in range(rounds):
            shell.verb("create", "victim")
            shell.verb("start", "victim")
            victim = goes_on(shell, "victim", start)
            shell.verb("pause", "victim")
            one, two = goes_on(shell, "one", one), goes_on(shell, "two", two)
            shell.verb("resume", "victim")
            goes_on(shell, "victim", victim)
            shell.verb("reset", "victim")
            victim = goes_on(shell, "victim", start)
            shell.say("victim", "crash")
            m.expect(r"VM victim: crashed, restarts in", LIMIT)
            one = goes_on(shell, "one", one)
            goes_on(shell, "victim", start)
            shell.verb("kill", "victim")
            two = goes_on(shell, "two", two)
            shell.verb("destroy", "victim")
            memory.append(shell.memory())
        # In the first round EL2 keeps pages for its tables (mm/el2_map.c), as many as it needs.
        if any(now != memory[0] for now in memory[1:]):
            raise Failure("memory: %s" % memory)
        no_findings(m)
        m.never(r"WRONG|corbel: (.*(BUG|panic))")


def tests():
    yield "life_verbs_under_traffic", verbs_under_traffic
    for mode, way in enumerate(HOLDS):
        yield "life_hold_" + way, lambda n=mode: held_cores_are_recalled(n)
    yield "life_dead_come_back", the_dead_come_back
    yield "life_pause_of_linux", paused_linux_does_not_notice
    yield "life_rounds_leak_nothing", rounds_leak_nothing
