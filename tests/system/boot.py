# SPDX-License-Identifier: Apache-2.0
"""What cannot be booted: a plain sentence on the UART each time, then a clean stop."""
import gzip
import subprocess

from guests import build, initrd_file
from machine import BUILD, LONG, WORK, Failure, Machine, board, corbel, pack

IMAGE = BUILD / "corbel.bin"
# As tests/system/el2.mk builds spin_loader.bin.
SPIN_TABLE, SPIN_HYPERVISOR = 0x50000000, 0x60000000
STOPPED = r"(?i)stopped"


def guest_toml(name, keys="", vcpus=1, memory="128M"):
    return ('[[vm]]\nname = "%s"\nvcpus = %d\nmemory = "%s"\nkernel = "%s"\n%s\n' %
            (name, vcpus, memory, build("mmio_widths"), keys))


def says(args, sentence, off=True):
    """The machine says so and stops: powers off where it can, else it is silent."""
    with Machine(args) as m:
        m.expect(sentence, LONG)
        m.expect(STOPPED, LONG)
        if off:
            m.ends(30)
            return
        size = len(m.text)
        m.quiet(2)
        if len(m.text) > size + 2:
            raise Failure("it goes on after it stopped")


def entered_at_el1():
    args = board(machine="virt,gic-version=3") + ["-no-reboot", "-kernel", str(IMAGE)]
    says(args, r"entered at EL1, but a hypervisor needs EL2", off=False)


def without_device_tree():
    """As a loader that only copies and jumps: x0 is zero."""
    args = board(smp=1) + ["-no-reboot", "-device",
                           "loader,file=%s,addr=0x40200000,cpu-num=0,force-raw=on" % IMAGE]
    says(args, r"no device tree: x0 is zero", off=False)


def with_gicv2():
    args = corbel(None, machine="virt,gic-version=2,virtualization=on")
    says(args, r"GICv3")


def without_bundle():
    says(corbel(None), r"(?i)no bundle")


def damaged(name, data):
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / name
    path.write_bytes(data)
    return path


def truncated_bundle():
    whole = pack("boot_truncated", guest_toml("guest")).read_bytes()
    for part in (len(whole) // 2, 200, 100, len(whole) - 600):
        says(corbel(damaged("boot_truncated.part", whole[:part])),
             r"(?i)bundle.*(cut|truncated|end)")


def foreign_bundle():
    """Somebody else's initrd, random bytes, an archive without a system in it."""
    says(corbel(damaged("boot_foreign.gz", gzip.compress(b"initramfs" * 1000))), r"(?i)bundle")
    says(corbel(initrd_file()), r"(?i)bundle")
    whole = pack("boot_foreign", guest_toml("guest")).read_bytes()
    says(corbel(damaged("boot_foreign.cpio", whole.replace(b"system.dtb", b"sistem.dtb"))),
         r"(?i)bundle")
    at = whole.index(b"\xd0\x0d\xfe\xed")
    says(corbel(damaged("boot_foreign.dtb", whole[:at] + b"\0\0\0\0" + whole[at + 4:])),
         r"(?i)system\.dtb|bundle|configuration")


def wrong_vm_is_refused_and_others_start():
    """More memory than the board has, and a CPU that it has not: both named, the third runs."""
    text = (guest_toml("greedy", memory="8G") + guest_toml("good") +
            guest_toml("lost", keys="cpus = [7]"))
    with Machine(corbel(pack("boot_refused", text, mem=None), smp=2)) as m:
        m.expect(r"GUEST under Corbel", LONG)
        m.expect(r"^\[good\] DONE \d+ passed, 0 failed", LONG)
        m.ends()
        for name in ("greedy", "lost"):
            m.seen = 0
            m.expect(r"VM %s.*(refused|cannot be had|no memory|no pCPU)" % name, 1)


def all_vms_refused():
    says(corbel(pack("boot_none", guest_toml("greedy", memory="8G"), mem=None)),
         r"VM greedy.*(refused|cannot be had|no memory)")


def hardening_is_told():
    """The guard of the stacks, branch targets, and what each CPU says of speculation."""
    old, new = "may be used at EL2: the firmware knows no way", "do not reach EL2"
    for cpu, guard, targets, midr, csv2, branches in (
            ("cortex-a53", "the board's seed", "not checked", "410fd034", 0, old),
            ("cortex-a57", "the board's seed", "not checked", "411fd070", 0, old),
            ("cortex-a72", "the board's seed", "not checked", "410fd083", 0, old),
            ("cortex-a76", "the board's seed", "not checked", "414fd0b1", 1, new),
            ("neoverse-n1", "the board's seed", "not checked", "414fd0c1", 1, new),
            ("max", "the CPU", "checked", r"\w+", r"[1-9]", new)):
        says(corbel(None, cpu=cpu, smp=1),
             r"stack guard by %s\n(.*\n)*?.*branch targets are %s.*\n"
             r".*speculation: MIDR %s, CSV2 %s, CSV3 \d, SSBS \d, ECBHB \d; "
             r"firmware's workarounds: 1 none.*\n.*branch predictions of guests %s" %
             (guard, targets, midr, csv2, branches))


def spin_table_tree(cpus):
    """The board's tree with secondary CPUs that poll a word each, in reserved memory."""
    WORK.mkdir(parents=True, exist_ok=True)
    tree = WORK / "spin_table.dtb"
    machine = "virt,gic-version=3,virtualization=on,dumpdtb=%s" % tree
    subprocess.run(board(machine=machine, smp=cpus), check=True, stdin=subprocess.DEVNULL)
    page = "spin@%x" % SPIN_TABLE
    for kind, node, key, *values in (
            ("x", "/reserved-memory", "#address-cells", "2"),
            ("x", "/reserved-memory", "#size-cells", "2"), ("x", "/reserved-memory", "ranges"),
            ("x", "/reserved-memory/" + page, "reg", "0", "%x" % SPIN_TABLE, "0", "1000"),
            *(("s", "/cpus/cpu@%x" % n, "enable-method", "spin-table") for n in range(1, cpus)),
            *(("x", "/cpus/cpu@%x" % n, "cpu-release-addr", "0", "%x" % (SPIN_TABLE + 8 * n))
              for n in range(1, cpus))):
        subprocess.run(["fdtput", "-p", "-t", kind, str(tree), node, key, *values], check=True)
    return tree


def out_of_a_spin_table():
    """Three of four secondary pCPUs come; the fourth is in the tree only, and is named."""
    bundle = pack("spin_table", guest_toml("guest", vcpus=4), cpus=4)
    args = board(smp=4) + [
        "-no-reboot", "-kernel", str(BUILD / "spin_loader.bin"), "-initrd", str(bundle),
        "-dtb", str(spin_table_tree(5)),
        "-device", "loader,file=%s,addr=0x%x,force-raw=on" % (IMAGE, SPIN_HYPERVISOR)]
    with Machine(args) as m:
        m.expect(r"5 pCPUs", LONG)
        m.expect(r"pCPU 4 \(MPIDR 4\) did not come within", LONG)
        m.expect(r"DONE \d+ passed, 0 failed", LONG)
        m.ends()
        m.never(r"pCPU [1-3] ")


def tests():
    yield "boot_entered_at_el1", entered_at_el1
    yield "boot_without_device_tree", without_device_tree
    yield "boot_with_gicv2", with_gicv2
    yield "boot_without_bundle", without_bundle
    yield "boot_truncated_bundle", truncated_bundle
    yield "boot_foreign_bundle", foreign_bundle
    yield "boot_wrong_vm_is_refused", wrong_vm_is_refused_and_others_start
    yield "boot_all_vms_refused", all_vms_refused
    yield "boot_hardening_is_told", hardening_is_told
    yield "boot_out_of_a_spin_table", out_of_a_spin_table
