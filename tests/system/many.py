# SPDX-License-Identifier: Apache-2.0
"""Many VMs on few pCPUs: the systems of configs/ as they are."""
import subprocess
import sys

import linux
from linux import Shell
from load import Console, reports
from machine import LONG, TOP, WORK, Failure, Machine, corbel

LIMIT = 3 * LONG


def packed(config):
    """The bundle of one of configs/, once its guests are there."""
    WORK.mkdir(parents=True, exist_ok=True)
    out = WORK / (config + ".cpio")
    if subprocess.run([sys.executable, "tools/corbel_config.py", "pack",
                       "configs/%s.toml" % config, "-o", str(out)], cwd=TOP).returncode:
        raise Failure("configs/%s.toml does not pack" % config)
    return out


def must_be(shell, name, state):
    is_now = shell.states().get(name)
    if is_now != state:
        raise Failure("%s is %s, not %s" % (name, is_now, state))


def each_verb(shell, name):
    """From running, through every state, to running again."""
    for verb, state in (("pause", "paused"), ("resume", "running"), ("reset", "running"),
                        ("kill", "off"), ("start", "running"), ("stop", "off"),
                        ("destroy", "defined"), ("create", "ready"), ("start", "running")):
        shell.verb(verb, name)
        must_be(shell, name, state)
    shell.answers(name, "stat", "ticks, late")


def demo():
    """`make run` with the demonstration: all reach their prompts, the shell rules them."""
    small = {"tick": "ticks, late", "worker": "0 missed", "spin": "rounds at",
             "slow-tick": "ticks, late"}
    with Machine(["make", "-s", "run", "CONFIG=configs/demo.toml"]) as m:
        for name, cpus in (("linux-a", 2), ("linux-b", 4)):
            m.seen = 0
            Shell(m, r"^\[%s\] .*" % name).ready(cpus)
        shell = Console(m)
        states = shell.states()
        if sorted(states) != sorted([*small, "linux-a", "linux-b"]) or \
                set(states.values()) != {"running"}:
            raise Failure("the shell lists %s" % states)
        for name, answer in small.items():
            # Deadlines are for virtual time: the host has other things to do.
            shell.answers(name, "stat", answer if name != "worker" else "jobs")
        for name in ("linux-a", "linux-b"):
            shell.answers(name, "echo I-am-$((40 + 2))", "I-am-42")
        each_verb(shell, "slow-tick")
        for name in ("linux-a", "linux-b"):
            shell.say(name, "poweroff -f")
            m.expect(r"corbel: VM %s: off" % name, LONG)
        m.send("poweroff\n")
        linux.finish(m)


# Turns of a fixed number of instructions: a small host's own do badly for so many busy pCPUs.
TURNS = {"version": 10, "extra": ["-icount", "shift=3,sleep=off"]}


def sixty_four():
    """64 small VMs on four pCPUs: each tells twice how it gets on."""
    with Machine(corbel(packed("many"), smp=4, **TURNS)) as m:
        for nr in range(64):
            name, what = ("spin", r"rounds at") if nr % 8 == 7 else ("tick", r"200 ticks")
            first = reports(m, "%s-%02d" % (name, nr), what, LIMIT)
            if what == "rounds at":
                m.seen = first.end()
                m.expect(r"^\[%s-%02d\] .*rounds at" % (name, nr), LIMIT)
                m.seen = 0
        shell = Console(m)
        states = shell.states()
        if len(states) != 64 or set(states.values()) != {"running"}:
            raise Failure("the shell lists %s" % states)
        m.send("poweroff\n")
        linux.finish(m)


def linuxes(nr, system):
    """So many Linux VMs boot on four pCPUs; each is asked, and each powers off."""
    with Machine(system) as m:
        names = ["linux-%d" % (n + 1) for n in range(nr)]
        for name in names:
            m.seen = 0
            Shell(m, r"^\[%s\] .*" % name).ready(2)
        shell = Console(m)
        for name in names:
            shell.answers(name, "dmesg | grep -cE '%s' | sed s/^/faults-/" % linux.BAD,
                          r"faults-0$", LIMIT)
        for name in names:
            shell.say(name, "poweroff -f")
            m.expect(r"corbel: VM %s: off" % name, LIMIT)
        m.send("poweroff\n")
        linux.finish(m)


def four_linuxes():
    text = '[[pool]]\nname = "all"\ncpus = [0, 1, 2, 3]\npolicy = "fair"\n'
    for n in range(4):
        text += linux.vm("linux-%d" % (n + 1), vcpus=2, memory="128M", keys='pool = "all"')
    text = 'when_all_off = "shell"\n' + text
    linuxes(4, linux.boot("many_four", text, **TURNS).args)


def eight_linuxes():
    linuxes(8, corbel(packed("eight-linux"), mem="3G", **TURNS))


def tests():
    yield "many_demo", demo
    yield "many_sixty_four", sixty_four
    yield "many_four_linuxes", four_linuxes


def matrix():
    yield "matrix_eight_linuxes", eight_linuxes
