# SPDX-License-Identifier: Apache-2.0
"""Runs machines under -icount and gives what was counted in them.

A row is a dict: value, what it is about; counts, the hypervisor's part of it by kind, if count.c
has seen it. Each function gives rows by key.
"""
import gzip
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
import guests  # noqa: E402
from machine import BUILD, LONG, TOP, WORK, Failure, Machine, bare, corbel, pack  # noqa: E402

OUT = BUILD / "bench"
# One tick of the counter is one instruction. Fair turns between spinning CPUs and the property
# cntfrq need QEMU 8.1 or newer.
BOARD = {"cpu": "cortex-a72,cntfrq=1000000000", "version": 10,
         "extra": ["-icount", "shift=0,sleep=off"]}
KINDS = ["guest", "hypervisor", "sysreg", "barrier", "tlbi"]
MODES = {"all": 0, "one_cpu": 1, "one_core": 2, "timers": 3, "busy": 4, "share": 5,
         "spin": 6, "nothing": 7, "blk": 8, "wall": 9, "net": 10, "net_receive": 11,
         "ring": 12, "rung": 13}


def make(*targets):
    done = subprocess.run(["make", "-s", "-f", "tests/bench/bench.mk", "HOSTCC=gcc", *targets],
                          cwd=TOP)
    if done.returncode:
        raise Failure("cannot make " + " ".join(targets))


def counted(args, name):
    """The command line with count.c in it, and the file it writes to."""
    out = WORK / ("bench_%s.counts" % name)
    return args + ["-plugin", "%s,out=%s" % (OUT / "count.so", out)], out


def lines(path, first_of_guest):
    """What count.c wrote, without the line of the first guest's beginning."""
    rows = [[int(n) for n in line.split()] for line in path.read_text().splitlines()]
    return rows[1:] if first_of_guest else rows


def rows_of(m, marks):
    """Rows that the guest printed, each with the difference of its two marks."""
    hz = int(re.search(r"hz (\d+)$", m.text, re.M)[1])
    rows = {}
    for i, found in enumerate(re.finditer(r"bench (\w+) (\d+) (\d+)$", m.text, re.M)):
        rounds = int(found[3])
        row = rows[found[1]] = {"value": int(found[2]) * 1e9 / hz / rounds}
        if marks:
            row["counts"] = {kind: (b - a) / rounds for kind, a, b in
                             zip(KINDS, marks[2 * i], marks[2 * i + 1])}
    return rows


def run(args, name, hosted=True, done="^DONE 1 passed"):
    """The rows of a machine that ends with that line."""
    args, out = counted(args, name)
    with Machine(args) as m:
        m.expect("%s.*\n" % done if done[0] == "^" else done + ".*\n", LONG * 2)
        # The plugin writes each line at once.
        return rows_of(m, lines(out, hosted))


def vm(mode, vcpus=1, name="bench", memory="128M", keys=""):
    return ('[[vm]]\nname = "%s"\nvcpus = %d\nmemory = "%s"\nkernel = "%s"\n'
            'cmdline = "mode=%d"\n%s\n' %
            (name, vcpus, memory, guests.build("bench_guest"), MODES[mode], keys))


def pool(policy, cpus):
    return '[[pool]]\nname = "own"\ncpus = %s\npolicy = "%s"\n' % (cpus, policy)


def hosted(name, system, smp=2, mem="1G", **kw):
    bundle = pack("bench_" + name, system, mem, smp)
    return run(corbel(bundle, smp=smp, mem=mem, **BOARD), name, **kw)


def native():
    image = guests.build("bench_guest")
    rows = run(bare(image, smp=2, **BOARD), "native", hosted=False)
    rows["busy_pinned"] = rows["busy_fair"] = run(
        bare(image, "mode=%d" % MODES["busy"], smp=1, **BOARD), "native_busy",
        hosted=False)["busy_100ms"]
    return rows


PINNED = 'pool = "own"\n'


def pinned():
    """The rows of one VM whose vCPUs own their CPUs; housekeeping has another one."""
    rows = hosted("pinned", pool("pinned", [1, 2]) + vm("all", 2, memory="256M", keys=PINNED),
                  smp=3)
    rows["busy_pinned"] = hosted("busy", pool("pinned", [1]) + vm("busy", keys=PINNED))[
        "busy_100ms"]
    rows["timer_direct"] = hosted("direct", pool("pinned", [1]) + vm(
        "timers", keys=PINNED + 'interrupts = "direct"\n'))["timer_busy"]
    return rows


def switch_vm():
    """Two VMs compute on one CPU; what each change from one to the other takes."""
    keys = 'slice = "1ms"\n'
    share = hosted("switch_vm", vm("spin", name="other", keys=keys) + vm("share", keys=keys), smp=1,
                   done=r"\[bench\] DONE 1 passed")["share"]
    switches = share["value"] / 1e6
    counts = {k: v / switches for k, v in share["counts"].items()}
    return {"value": counts["hypervisor"], "counts": counts}


def shared():
    """Rows of the scheduler."""
    fair = pool("fair", [1, 2])
    one = hosted("one_core", vm("one_core", 2), smp=1)
    return {
        "ipi_one_core": one["ipi_ping_pong"],
        "switch_vm": switch_vm(),
        "busy_fair": hosted("fair", fair + vm("busy", keys=PINNED), smp=3)["busy_100ms"],
        "timer_fair": hosted("timer_fair", fair + vm("timers", keys=PINNED), smp=3)["timer_wfi"],
        "wake_other_core": hosted("wake", pool("fair", [1, 2]) + vm(
            "one_core", 2, keys=PINNED + "cpus = [[1], [2]]\n"), smp=3)["ipi_ping_pong"],
    }


def hypervisors(rows):
    """Of rows whose guest polls: what the hypervisor takes, and nothing of the driver."""
    return {key: {"value": row["counts"]["hypervisor"], "counts": row["counts"]}
            for key, row in rows.items()}


def devices():
    """Requests to a disk in memory, and frames from a VM on one CPU to one on another."""
    disk = hosted("blk", vm("blk", keys='disk = { size = "1M" }\n'), smp=1)
    port = 'cpus = [[%d]]\n[[vm.net]]\nnetwork = "lan"\nmac = "02:00:00:00:00:0%d"\n'
    net = hosted("net", '[[network]]\nname = "lan"\n' +
                 vm("net_receive", name="receiver", keys=port % (1, 2)) +
                 vm("net", name="sender", keys=port % (0, 1)), done=r"\[sender\] DONE 1 passed")
    return hypervisors({**disk, **net})


def doorbell():
    """A channel's doorbell between two VMs that own their CPUs."""
    system = pool("pinned", [1, 2]) + vm("rung", name="rung", keys=PINNED) + vm(
        "ring", name="ring", keys=PINNED)
    return hosted("doorbell", system + '[[channel]]\nname = "c"\nsize = "64K"\n'
                  'members = [{ vm = "ring" }, { vm = "rung" }]\n', smp=3,
                  done=r"\[ring\] DONE 1 passed")


def reset():
    """From the board's reset to the first instruction of a VM of 1 MiB, on one CPU."""
    bundle = pack("bench_reset", vm("nothing", memory="1M"), "1G", 1)
    args, out = counted(corbel(bundle, smp=1, **BOARD), "reset")
    with Machine(args) as m:
        m.expect("^DONE 1 passed", LONG)
    first = dict(zip(KINDS, lines(out, False)[0]))
    # What runs before the hypervisor's map is made counts as the guest's.
    return {"reset": {"value": first["guest"] + first["hypervisor"], "counts": first}}


def cpio(data):
    """An initramfs of /init alone, with what the kernel wants for its console."""
    def entry(name, mode, content=b""):
        fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
    path = WORK / "bench_init.cpio.gz"
    path.write_bytes(gzip.compress(entry("init", 0o100755, data) + entry("TRAILER!!!", 0), 9,
                                   mtime=0))
    return path


def linux():
    """Debian's kernel from its entry to its first program, with one CPU."""
    kernel, initrd = BUILD / "guests" / "cloud" / "Image", cpio((OUT / "init").read_bytes())
    quiet = "console=ttyAMA0 quiet"
    system = ('[[vm]]\nname = "linux"\nvcpus = 1\nmemory = "256M"\nkernel = "%s"\ninitrd = "%s"\n'
              'cmdline = "%s"\n' % (kernel, initrd, quiet))
    args, out = counted(bare(kernel, quiet, initrd, smp=1, **{**BOARD, "mem": "256M"}),
                        "linux_native")
    with Machine(args) as m:
        m.ends(LONG * 2)
    alone = lines(out, False)[0][0]
    args, out = counted(corbel(pack("bench_linux", system, "1G", 1), smp=1, **BOARD), "linux")
    with Machine(args) as m:
        m.ends(LONG * 2)
    entry, init = lines(out, False)[:2]
    taken = dict(zip(KINDS, [b - a for a, b in zip(entry, init)]))
    return {"linux_boot": {"value": taken["hypervisor"] / alone * 1e6, "counts": taken,
                           "native": alone}}


def memory():
    """What the hypervisor keeps for itself while a VM of four vCPUs runs."""
    system = 'when_all_off = "shell"\n' + vm("busy", 4, memory="512M")
    with Machine(corbel(pack("bench_memory", system, "1G", 4), version=10)) as m:
        m.expect("^hz ", LONG)
        m.send("\x1dc")
        m.expect(r"corbel: console: input goes to", LONG)
        m.send("\nmem\n")
        kib = int(m.expect(r"^hypervisor +(\d+)\n", LONG)[1])
    size = subprocess.run(["aarch64-linux-gnu-size", "-A", "-d", str(BUILD / "corbel.elf")],
                          capture_output=True, text=True, check=True).stdout
    image = sum(int(n) for n in re.findall(r"^\.(?:text|rodata|data) +(\d+)", size, re.M))
    return {"memory": {"value": kib}, "image": {"value": image}}


def old():
    """The rows of one CPU on QEMU 7.2: a coarser counter, and no count.c."""
    board = {"cpu": "cortex-a72", "extra": BOARD["extra"], "smp": 1}
    out = []
    for args in (bare(guests.build("bench_guest"), "mode=%d" % MODES["one_cpu"], **board),
                 corbel(pack("bench_old", vm("one_cpu"), "1G", 1), **board)):
        with Machine(args) as m:
            m.expect("^DONE 1 passed", LONG * 2)
            out.append(rows_of(m, None))
    return out


def wall():
    """Memory by the clock on the wall: bare, in blocks of 2 MiB, in pages of 4 KiB."""
    board = {"cpu": "cortex-a72", "version": 10, "smp": 1, "mem": "1G"}
    # Where IPA and PA are not congruent no block fits.
    regions = ('[[vm]]\nname = "wall"\nkernel = "%s"\ncmdline = "mode=%d small_mib=1792"\n'
               '[[vm.memory]]\nsize = "256M"\n[[vm.memory]]\nipa = 0x70000000\nsize = "32M"\n'
               'backend = "linear"\npa = 0x78001000\n' %
               (guests.build("bench_guest"), MODES["wall"]))
    rows = []
    for args in (bare(guests.build("bench_guest"), "mode=%d" % MODES["wall"], **board),
                 corbel(pack("bench_wall", regions, "1G", 1), **board)):
        with Machine(args) as m:
            m.expect("^DONE 1 passed", LONG * 2)
            rows.append(rows_of(m, None))
    native, hosted = rows
    native["chase_small"] = native["chase"]
    return native, hosted


def scaling():
    """The rows of one CPU with more of everything that is defined."""
    out = {}
    for title, vms, vcpus, spi in (("1 VM, 1 vCPU", 1, 1, 1), ("8 vCPUs", 1, 8, 1),
                                   ("8 VMs", 8, 1, 1), ("64 VMs", 64, 1, 1),
                                   ("512 interrupts", 1, 1, 479)):
        # The distributor has as many as its devices need.
        system = vm("one_cpu", vcpus, keys="console = { spi = %d }\n" % spi) + "".join(
            vm("nothing", name="idle%d" % i, memory="1M", keys="autostart = false\n")
            for i in range(1, vms))
        # The guest turns its machine off; the others never run.
        out[title] = hosted("scale_%d_%d_%d" % (vms, vcpus, spi), system, smp=1,
                            done=r"DONE 1 passed")
    return out
