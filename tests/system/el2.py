# SPDX-License-Identifier: Apache-2.0
"""The hypervisor's own tests at EL2, on several pCPUs at once (tests/el2/)."""
from machine import BUILD, LONG, Machine, board

IMAGE = BUILD / "el2test.bin"


def frames_on(smp, **kw):
    """Frames and heap allocated, shared, dropped and freed from all pCPUs; then the audit."""
    def test():
        with Machine(board(smp=smp, **kw) + ["-no-reboot", "-kernel", str(IMAGE)]) as m:
            m.expect(r"selftest: %d pCPUs" % smp, LONG)
            m.expect(r"selftest: PASSED", LONG)
            m.ends()
            m.never(r"selftest: FAILED|audit:|BUG|panic")
    return test


def crash_report_names_the_calls():
    """A bug in an interrupt's handler: the way there, through the entry of the interrupt."""
    with Machine(board(smp=2) + ["-no-reboot", "-kernel", str(IMAGE)]) as m:
        m.expect(r"CRASH at EL2 on pCPU 1\n", LONG)
        m.expect(r"ESR_EL2 f2\w+: BUG_ON\n")
        m.expect(r"thread selftest, stack ")
        m.expect(r"call chain:\n")
        for name in ("crash_handler", "vmm_el2_fiq", "el2_fiq", "crash_wait", "crash_selftest"):
            m.expect(r"^  7f[0-9a-f]{10} %s\+0x[0-9a-f]+\n" % name)
        m.ends()


def smashed_stack_is_noticed():
    """A function that wrote past its buffer does not return."""
    with Machine(board(smp=3) + ["-no-reboot", "-kernel", str(IMAGE)]) as m:
        m.expect(r"CRASH at EL2 on pCPU 0\n", LONG)
        m.expect(r"call chain:\n")
        for name in ("__stack_chk_fail", "smash_selftest"):
            m.expect(r"^  7f[0-9a-f]{10} %s\+0x[0-9a-f]+\n" % name)
        m.ends()


def calls_end_at_landing_pads():
    """On a CPU with BTI: a call to inside of a function is a crash report."""
    with Machine(board(smp=6, cpu="max,pauth-impdef=on") +
                 ["-no-reboot", "-kernel", str(IMAGE)]) as m:
        m.expect(r"branch targets are checked\n", LONG)
        m.expect(r"selftest: called by address\n", LONG)
        m.expect(r"CRASH at EL2 on pCPU 0\n")
        m.expect(r"ESR_EL2 3[4-7]\w+: branch target exception\n")
        m.ends()
        m.never("FAILED")


def serrors_are_borne_or_reported():
    """What the RAS extension calls corrected or contained, and what it does not."""
    with Machine(board(smp=5) + ["-no-reboot", "-kernel", str(IMAGE)]) as m:
        for esr in ("be001811", "be000811"):
            m.expect(r"EL2: SError on pCPU 0, ESR_EL2 %s: contained, going on\n" % esr, LONG)
        m.expect(r"selftest: two SErrors borne\n")
        m.expect(r"CRASH at EL2 on pCPU 0\n")
        m.expect(r"ESR_EL2 be000011: SError\n")
        m.expect(r"call chain:\n")
        m.expect(r"^  7f[0-9a-f]{10} serror_raise\+0x[0-9a-f]+\n")
        m.ends()


def tests():
    return [("el2_branch_targets", calls_end_at_landing_pads),
            ("el2_serror", serrors_are_borne_or_reported),
            ("el2_crash_report", crash_report_names_the_calls),
            ("el2_smashed_stack", smashed_stack_is_noticed),
            ("el2_frames_four_pcpus", frames_on(4)),
            ("el2_frames_one_pcpu", frames_on(1, mem="256M", cpu="cortex-a53"))]
