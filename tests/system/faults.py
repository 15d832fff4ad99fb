# SPDX-License-Identifier: Apache-2.0
"""What the hardware may do wrong, where a whole machine is needed to see what follows."""
from gdbstub import Stub, symbol
from load import boot, pool, reports, vm
from machine import LONG

GUEST_SYNC, GUEST_SERROR = 0x400, 0x580         # in the table of vectors


def an_serror_is_the_guests_that_ran():
    """
    No emulator makes one: an exit of the guest's is diverted to the other vector. The guest
    takes it as a virtual SError and goes on, and nobody else notices.
    """
    stub = Stub("fault_serror")
    text = (pool("a", [0], "fifo") + pool("b", [1], "fifo") +
            vm("other", "serror", pool="b") + vm("victim", "serror", pool="a"))
    with boot("fault_serror", text, smp=2, extra=stub.args()) as m:
        reports(m, "victim", "serror: ready")
        vectors = symbol("vectors")
        for nr in (1, 2):
            reports(m, "victim", r"100 calls" if nr == 1 else r"1 taken")
            stub.attach()
            while stub.stop_at(vectors + GUEST_SYNC) != 1:
                stub.step()
            stub.go_on_at(1, vectors + GUEST_SERROR)
            reports(m, "victim", r"serror: taken, class 2f, masked 0")
            reports(m, "victim", r"calls, %d taken" % nr)
        m.seen = 0
        m.expect(r"^corbel: vm victim: vCPU 0: SError, ESR_EL2", LONG)
        reports(m, "other", "calls")
        start = len(m.text)
        m.seen = start
        m.expect(r"^\[other\] serror: \d+ calls, 0 taken", LONG)
        m.never("CRASH|crashed|unexpected")


def tests():
    yield "fault_serror", an_serror_is_the_guests_that_ran
