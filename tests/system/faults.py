# SPDX-License-Identifier: Apache-2.0
"""What the hardware may do wrong, where a whole machine is needed to see what follows."""
import re

from gdbstub import Stub, readings, symbol
from load import boot, pool, reports, vm
from machine import LONG, Failure

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


DAY = 86400 * 62500000


def misread(stub, function, by):
    """The counter, once."""
    at, number = readings(function, "cntpct_el0")[0]
    stub.attach()
    stub.add(stub.stop_at(at), number, by)
    stub.detach()


def a_misread_counter_stops_nobody():
    """
    By the scheduler, forward: the tick it sets is days ahead. By the timer's interrupt: all
    timers fire, and the time before seems to be to come. Two VMs that share a pCPU go on.
    """
    stub = Stub("fault_counter")
    text = pool("p", [0], "fair") + "".join(vm(n, "spin", pool="p") for n in "ab")
    with boot("fault_counter", text, version=10, extra=stub.args()) as m:
        for function, by in (("sched_switch_locked", DAY), ("sched_switch_locked", -DAY),
                             ("cpu_timer", DAY), ("cpu_timer", -DAY)):
            m.expect(r"^\[a\] spin: ", LONG)
            misread(stub, function, by)
            start = len(m.text)
            for name in "ab":
                for _ in range(3):
                    m.expect(r"^\[%s\] spin: " % name, LONG)
                m.seen = start
        m.seen = 0
        m.expect(r"^corbel: pCPU 0: the counter jumps by 54000\d{8} ticks", LONG)
        if len(re.findall("the counter jumps", m.text)) != 1:
            raise Failure("said more than once")


def tests():
    yield "fault_serror", an_serror_is_the_guests_that_ran
    yield "fault_counter", a_misread_counter_stops_nobody
