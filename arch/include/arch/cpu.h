/* SPDX-License-Identifier: Apache-2.0 */
/* The running pCPU: its per-CPU pointer, interrupt mask, waiting, barriers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * struct percpu *arch_percpu(void)            TPIDR_EL2
 * void arch_percpu_set(struct percpu *)
 * uint64_t arch_irq_save(void)                mask IRQs; the old DAIF
 * void arch_irq_restore(uint64_t daif)
 * void arch_irq_enable(void), arch_irq_disable(void)      SErrors too, as all of these
 * bool arch_serror_pending(void)              one by what was done here so far, and masked
 * void arch_serror_take(void)                 take it
 * void arch_vectors_set(bool)                 true: struct percpu.workaround first in exits
 * void arch_wfi(void)                         DSB SY, then WFI
 * void arch_cpu_relax(void)                   YIELD
 * void arch_wfe(void), arch_sev(void)
 * void arch_isb(void), arch_dsb_ish(void), arch_dsb_ishst(void), arch_dsb_sy(void)
 * uint64_t arch_mpidr(void)                   affinity fields only
 * noreturn void arch_bug(void)                ends in a crash report of this place
 */
struct percpu;
#include <arch_impl/cpu.h>
