# SPDX-License-Identifier: Apache-2.0
"""EL1 test guests: each on bare QEMU (bare_NAME), then under Corbel (corbel_NAME).

Those about state that vCPUs must not share run again with four vCPUs on one CPU of the
board (shared_NAME), and in two VMs that have one CPU between them (pair_NAME). Those that use what
the vectors answer by themselves run while exits are traced (traced_NAME), when nothing is. And
all of them with CPUs of their own and interrupts = "direct" (direct_NAME).
"""
import re
import subprocess
import time

from machine import BUILD, TOP, WORK, Failure, Machine, bare, corbel, pack, written

GUEST_DIR = TOP / "tests" / "guests"
# What differs from: four CPUs, 512 MiB, no command line, no initrd, nothing typed.
OPTIONS = {
    "boot_state": {"initrd": True, "cmdline": "hello world"},
    "cpu_pauth": {"cpu": "max"},
    "smp_stress": {"cmdline": "ipis=8000"},
    "virtio_blk": {
        "keys": '[vm.balloon]\n[[vm.disk]]\nsize = "16M"\nserial = "corbel-1"\nqueues = 2\n',
        "bare": ["-global", "virtio-mmio.force-legacy=false",
                 "-blockdev", "driver=file,filename={disk},node-name=d",
                 "-device", "virtio-blk-device,drive=d,serial=corbel-1,num-queues=2,packed=on"],
    },
    "virtio_matrix": {
        "system": '[[network]]\nname = "n"\n',
        "keys": '[[vm.disk]]\nsize = "1M"\nqueues = 4\n' +
                '[[vm.net]]\nnetwork = "n"\nqueues = 4\n' * 2,
        "bare": ["-global", "virtio-mmio.force-legacy=false",
                 "-blockdev", "driver=file,filename={disk},node-name=d",
                 "-device", "virtio-blk-device,drive=d,num-queues=4,packed=on",
                 "-netdev", "hubport,id=a,hubid=0", "-netdev", "hubport,id=b,hubid=0",
                 "-device", "virtio-net-device,netdev=a,packed=on",
                 "-device", "virtio-net-device,netdev=b,packed=on"],
    },
}
SHARED = ["boot_state", "cpu_debug", "cpu_fp", "cpu_pauth", "gic_sgi", "gic_spi", "psci",
          "psci_reset", "pvtime", "smp_stress", "timer_phys", "timer_virt", "tlb_cache",
          "virtio_blk", "virtio_matrix", "wfx"]
PAIRS = ["cpu_debug", "cpu_fp", "cpu_pauth", "timer_phys", "timer_virt"]
TRACED = ["cpu_idregs", "gic_dist", "gic_redist", "gic_sgi", "mmio_widths", "smccc", "timer_virt"]
LIMIT = 400
# Keys for four vCPUs that own their CPUs, beside one for the housekeeping.
DIRECT = {"system": '[[pool]]\nname = "own"\ncpus = [1, 2, 3, 4]\npolicy = "pinned"\n',
          "vm": 'pool = "own"\ninterrupts = "direct"\n'}


def names():
    return sorted(p.stem for p in GUEST_DIR.glob("*.c"))


def build(name):
    image = "build/guests-el1/%s.bin" % name
    done = subprocess.run(["make", "-s", "-f", "tests/guests/guests.mk", image], cwd=TOP)
    if done.returncode:
        raise Failure("%s does not build" % image)
    return TOP / image


def initrd_file():
    """What boot_state.c expects: 12345 bytes, byte n being n * 7."""
    return written(WORK / "initrd.bin", bytes(i * 7 & 255 for i in range(12345)))


def disk_file(name):
    """An empty disk of 16 MiB, for the bare machine."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / ("bare_%s.img" % name)
    path.write_bytes(bytes(16 << 20))
    return path


def toml(image, vcpus, options, initrd, name="guest", memory="512M", direct=False):
    text = options.get("system", "") + (DIRECT["system"] if direct else "")
    text += ('[[vm]]\nname = "%s"\nvcpus = %d\nmemory = "%s"\nkernel = "%s"\n' %
             (name, vcpus, memory, image))
    if options.get("cmdline"):
        text += 'cmdline = "%s"\n' % options["cmdline"]
    if initrd:
        text += 'initrd = "%s"\n' % initrd
    if direct:
        text += DIRECT["vm"]
    return text + options.get("keys", "")


def options_of(name, under_corbel, version=7):
    # A sum of CNTVOFF_EL2 and CVAL that wraps hangs QEMU 7.2; 10 is right.
    if name == "timer_virt" and under_corbel and version == 7:
        return {"cmdline": "less=1"}
    return OPTIONS.get(name, {})


def command(name, under_corbel, smp=4, vcpus=None, direct=False, **board):
    """The machine for a guest; board may change its CPU, memory and emulator."""
    vcpus = vcpus or smp
    smp += direct
    options = options_of(name, under_corbel, board.get("version", 7))
    image = build(name)
    initrd = initrd_file() if options.get("initrd") else None
    if "cpu" in options:
        board["cpu"] = options["cpu"]
    if not under_corbel:
        board["extra"] = [a.format(disk=disk_file(name)) for a in options.get("bare", [])]
        return bare(image, options.get("cmdline", ""), initrd, name == "psci_reset", smp=smp,
                    **board)
    bundle = pack("corbel_%s_%d_%d" % (name, vcpus, smp),
                  toml(image, vcpus, options, initrd, direct=direct),
                  board.get("mem", "1G"), smp)
    return corbel(bundle, smp=smp, **board)


def verdict(m, under_corbel):
    """Reads to the guest's last line and judges it."""
    m.expect("^GUEST under Corbel" if under_corbel else "^GUEST bare", LIMIT)
    done = m.expect(r"^DONE (\d+) passed, (\d+) failed, (\d+) skipped", LIMIT)
    if int(done[2]):
        raise Failure("%s checks failed" % done[2])
    if not int(done[1]) + int(done[3]):
        raise Failure("nothing was checked")


def feed(m):
    """Types what the UART guest asks for."""
    while True:
        found = m.expect(r"^(SEND (.*)|DONE .*)\n", LIMIT)   # not half a line
        if found[1].startswith("DONE"):
            m.seen = found.start()
            return
        time.sleep(0.2)
        m.send(found[2])


def check_clock(m):
    rtc = int(m.expect(r"RTCDR (\d+)\n", LIMIT)[1])   # not its first digits
    if abs(rtc - time.time()) > 60:
        raise Failure("RTCDR %d, the host's clock says %d" % (rtc, time.time()))


def resets(m, under_corbel):
    """Seven boots, six of them by a reset of each kind: clean again each time."""
    letters = "rsrs" + ("22" if under_corbel else "") + "o"
    for letter in letters:
        m.expect("^GUEST", LIMIT)
        m.expect("^ok boot_is_clean", LIMIT)
        ram = m.expect(r"^RAM (clean|dirty) .*", LIMIT)
        # QEMU's reset keeps RAM: only Corbel promises to clear it.
        if under_corbel and ram[1] != "clean":
            raise Failure("memory is not clean: " + ram[0])
        m.expect("^WAITING", LIMIT)
        m.send(letter)
    m.expect(r"^DONE 2 passed, 0 failed", LIMIT)


def run(name, under_corbel, **board):
    with Machine(command(name, under_corbel, **board)) as m:
        if name == "psci_reset":
            resets(m, under_corbel)
        else:
            m.expect("^GUEST", LIMIT)
            m.seen = 0
            if name == "uart":
                feed(m)
                m.seen = 0
            if name == "rtc":
                check_clock(m)
                m.seen = 0
            verdict(m, under_corbel)
            # Four vCPUs on one CPU of the board take much from each other.
            if name == "pvtime" and board.get("vcpus", 1) > board.get("smp", 4):
                m.seen = 0
                m.expect("^STOLEN much", 1)
        m.ends()
        m.never(r"corbel: .*(crash|BUG|panic)")


def run_pair(name):
    """Two VMs of two vCPUs run the same at the same time on one CPU."""
    options = options_of(name, True)
    image = build(name)
    system = "".join(toml(image, 2, options, None, vm, "256M") for vm in ("left", "right"))
    bundle = pack("pair_" + name, system, "1G", 1)
    args = corbel(bundle, smp=1, cpu=options.get("cpu", "cortex-a57"))
    with Machine(args) as m:
        for vm in ("left", "right"):
            m.seen = 0
            m.expect(r"^\[%s\] GUEST under Corbel" % vm, LIMIT)
            found = m.expect(r"^\[%s\] DONE (\d+) passed, (\d+) failed" % vm, LIMIT)
            if int(found[2]):
                raise Failure("%s checks failed in %s" % (found[2], vm))
        m.ends()


def run_traced(name):
    """All exits take the general path, and the guest must not see a difference."""
    options = options_of(name, True)
    system = 'when_all_off = "shell"\n' + toml(build(name), 4, options, None)
    with Machine(corbel(pack("traced_" + name, system + "autostart = false\n"))) as m:
        m.send("\x1dc")
        m.expect("corbel: console: input goes to", LIMIT)
        m.send("\ntrace start\nvm create guest\nvm start guest\n")
        m.expect(r"GUEST under Corbel", LIMIT)
        found = m.expect(r"DONE (\d+) passed, (\d+) failed", LIMIT)
        if int(found[2]) or not int(found[1]):
            raise Failure("%s checks failed, %s passed" % (found[2], found[1]))
        m.send("trace stop\ntrace dump\n")
        m.expect(r" exit ", LIMIT)


def tests():
    for name in names():
        yield "bare_" + name, lambda n=name: run(n, False)
    for name in names():
        yield "corbel_" + name, lambda n=name: run(n, True)
    for name in names():
        yield "direct_" + name, lambda n=name: run(n, True, direct=True)
    for name in SHARED:
        yield "shared_" + name, lambda n=name: run(n, True, smp=1, vcpus=4)
    for name in PAIRS:
        yield "pair_" + name, lambda n=name: run_pair(n)
    for name in TRACED:
        yield "traced_" + name, lambda n=name: run_traced(n)
