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


def tests():
    return [("el2_frames_four_pcpus", frames_on(4)),
            ("el2_frames_one_pcpu", frames_on(1, mem="256M", cpu="cortex-a53"))]
