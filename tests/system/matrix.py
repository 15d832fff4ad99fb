# SPDX-License-Identifier: Apache-2.0
"""The wide part: CPUs, sizes, emulators, firmware, kernels. Minutes each, hours in all."""
import subprocess

import guests
import linux
from machine import BUILD, LONG, TOP, WORK, Failure, Machine, qemu

CPUS = ["cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1", "max"]
QEMU10_CPUS = CPUS + ["cortex-a55", "cortex-a710", "neoverse-v1", "neoverse-n2"]
# What depends on the CPU; the rest of the guests depends on the emulator only.
CPU_GUESTS = ["boot_state", "cpu_debug", "cpu_fp", "cpu_idregs", "cpu_pauth", "cpu_pmu",
              "cpu_sysregs", "cpu_undef", "mem_abort", "mmio_widths", "tlb_cache", "timer_phys",
              "timer_virt", "wfx"]


def fetched(thing, path):
    """Gets it when it is not there: these are not part of every set-up."""
    if not path.exists():
        if subprocess.run([str(TOP / "tools" / "fetch"), thing], cwd=TOP).returncode:
            raise Failure("tools/fetch %s failed" % thing)


def qemu10():
    fetched("qemu10", BUILD / "qemu10")
    return {"version": 10}


def run_guests(names, **board):
    """Each bare, then under Corbel; all are run before a failure counts."""
    failed = []
    for name in names:
        for under_corbel in (False, True):
            try:
                guests.run(name, under_corbel, **board)
            except Failure as failure:
                failed.append("%s %s: %s" % ("corbel" if under_corbel else "bare", name, failure))
                print("FAILED here: " + failed[-1], flush=True)
    if failed:
        raise Failure("\n".join(failed))


def on_qemu10(cpu):
    board = {"cpu": cpu, **qemu10()}
    linux.to_shell("matrix_qemu10_" + cpu, **board)
    run_guests(CPU_GUESTS, **board)


def with_cpus(nr):
    linux.to_shell("matrix_smp_%d" % nr, nr, linux.vm(vcpus=nr), smp=nr)
    run_guests(["psci", "gic_redist", "gic_sgi", "smp_stress"], smp=nr)


def with_memory(board_mem, vm_mem):
    linux.to_shell("matrix_mem_" + board_mem, text=linux.vm(memory=vm_mem), mem=board_mem)


def kernel(kind, cpu, **board):
    fetched(kind, BUILD / "guests" / kind)
    linux.to_shell("matrix_kernel_" + kind, text=linux.vm(kernel=kind), cpu=cpu, **board)


def behind_tfa(*boards):
    """TF-A in the secure world starts Corbel with the bundle linked in."""
    fetched("tfa", BUILD / "tfa")
    initrd = linux.rc_initramfs("tfa", "echo RC-$((40 + 2))\npoweroff -f\n")
    config = WORK / "tfa.toml"
    config.write_text(linux.vm(initrd=initrd))
    # The objects are those of all tests; only the link is another.
    make = ["make", "-s", "run", "TFA=1", "O=build/test/tfa", "OBJ=build", "CONFIG=%s" % config]
    for extra in boards:
        with Machine(make + extra) as m:
            m.expect("RC-42", LONG * 6)
            linux.finish(m)
            # Its firmware has a call for this CPU, which Linux's exits have come through.
            if "CPU=cortex-a72" in extra:
                m.seen = 0
                m.expect(r"branch predictions of guests are cleared by the firmware", 1)
    # This CPU has what TF-A 2.8 does not know, so EL2's access ends in EL3 without a word.
    with Machine(make + ["CPU=max", "QEMU=" + qemu(**qemu10())]) as m:
        m.expect("unless the firmware has set SCR_EL3.HXEn and FGTEn", LONG * 6)


def hotplug_at_length():
    linux.hotplug_of_every_secondary(20)


def ipis_at_length():
    saved = guests.OPTIONS.pop("smp_stress")
    try:
        run_guests(["smp_stress"])
    finally:
        guests.OPTIONS["smp_stress"] = saved


def representative():
    """What `make test` takes of all this."""
    yield "linux_cpu_a53", lambda: linux.to_shell("linux_cpu_a53", cpu="cortex-a53")
    yield "linux_cpu_max", lambda: linux.to_shell("linux_cpu_max", cpu="max,pauth-impdef=on")
    yield "linux_1cpu", lambda: linux.to_shell("linux_1cpu", 1, linux.vm(vcpus=1), smp=1)
    yield "linux_qemu10", lambda: linux.to_shell("linux_qemu10", cpu="max", **qemu10())
    yield "guests_qemu10", lambda: run_guests(
        ["boot_state", "mmio_widths", "cpu_idregs", "timer_virt"], cpu="max", **qemu10())
    yield "linux_tfa", lambda: behind_tfa(["CPU=cortex-a72", "SMP=2"], ["CPU=max"])


def tests():
    for cpu in CPUS:
        yield "matrix_cpu_" + cpu, lambda c=cpu: linux.to_shell("matrix_cpu_" + c, cpu=c)
        yield "matrix_guests_" + cpu, lambda c=cpu: run_guests(CPU_GUESTS, cpu=c)
    for nr in (1, 2, 4, 8):
        yield "matrix_smp_%d" % nr, lambda n=nr: with_cpus(n)
    yield "matrix_mem_1G", lambda: with_memory("1G", "512M")
    yield "matrix_mem_4G", lambda: with_memory("4G", "3G")
    for cpu in QEMU10_CPUS:
        yield "matrix_qemu10_" + cpu, lambda c=cpu: on_qemu10(c)
    yield "matrix_qemu10_all_guests", lambda: run_guests(guests.names(), **qemu10())
    yield "matrix_tfa", lambda: behind_tfa([], ["CPU=cortex-a53"], ["CPU=cortex-a72", "SMP=2"],
                                           ["CPU=max"])
    yield "matrix_kernel_rt", lambda: kernel("rt", "cortex-a57")
    yield "matrix_kernel_6.12", lambda: kernel("6.12", "cortex-a57")
    yield "matrix_kernel_6.12-16k", lambda: kernel("6.12-16k", "cortex-a76")
    yield "matrix_kernel_6.12-16k_qemu10", lambda: kernel("6.12-16k", "neoverse-n1", **qemu10())
    yield "matrix_hotplug", hotplug_at_length
    yield "matrix_ipis", ipis_at_length
    yield "matrix_stress", linux.stress
