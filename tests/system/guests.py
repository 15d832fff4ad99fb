# SPDX-License-Identifier: Apache-2.0
"""EL1 test guests: each on bare QEMU (bare_NAME), then under Corbel (corbel_NAME)."""
import re
import subprocess
import time

from machine import BUILD, TOP, WORK, Failure, Machine, bare, corbel, pack

GUEST_DIR = TOP / "tests" / "guests"
# What differs from: four CPUs, 512 MiB, no command line, no initrd, nothing typed.
OPTIONS = {
    "boot_state": {"initrd": True, "cmdline": "hello world"},
    "cpu_pauth": {"cpu": "max"},
    "smp_stress": {"cmdline": "ipis=20000"},
}
LIMIT = 400


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
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / "initrd.bin"
    path.write_bytes(bytes(i * 7 & 255 for i in range(12345)))
    return path


def toml(image, smp, options, initrd):
    text = '[[vm]]\nname = "guest"\nvcpus = %d\nmemory = "512M"\nkernel = "%s"\n' % (smp, image)
    if options.get("cmdline"):
        text += 'cmdline = "%s"\n' % options["cmdline"]
    if initrd:
        text += 'initrd = "%s"\n' % initrd
    return text


def command(name, under_corbel, smp=4, **board):
    """The machine for a guest; board may change its CPU, memory and emulator."""
    options = OPTIONS.get(name, {})
    image = build(name)
    initrd = initrd_file() if options.get("initrd") else None
    if "cpu" in options:
        board["cpu"] = options["cpu"]
    if not under_corbel:
        return bare(image, options.get("cmdline", ""), initrd, name == "psci_reset", smp=smp,
                    **board)
    bundle = pack("corbel_%s_%d" % (name, smp), toml(image, smp, options, initrd),
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
    rtc = int(m.expect(r"RTCDR (\d+)", LIMIT)[1])
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
        m.ends()
        m.never(r"corbel: .*(crash|BUG|panic)")


def tests():
    for name in names():
        yield "bare_" + name, lambda n=name: run(n, False)
    for name in names():
        yield "corbel_" + name, lambda n=name: run(n, True)
