/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/cpu.h> for AArch64 at EL2. */
#pragma once

#include <arch_impl/sysreg.h>
#include <arch/regs.h>

static inline struct percpu *arch_percpu(void)
{
	struct percpu *p;

	/* Volatile: a thread may be on another pCPU after each call that blocks. */
	__asm__ volatile("mrs %0, tpidr_el2" : "=r"(p));
	return p;
}

static inline void arch_percpu_set(struct percpu *p)
{
	write_sysreg(tpidr_el2, (uintptr_t)p);
}

/* FIQs and SErrors with them: what takes one may then take locks and write lines. */
static inline void arch_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #7" ::: "memory");
}

static inline void arch_irq_disable(void)
{
	__asm__ volatile("msr daifset, #7" ::: "memory");
}

static inline uint64_t arch_irq_save(void)
{
	uint64_t daif = read_sysreg(daif);

	arch_irq_disable();
	return daif;
}

static inline void arch_irq_restore(uint64_t daif)
{
	__asm__ volatile("msr daif, %0" :: "r"(daif) : "memory");
}

/* By vectors.S. */
extern char vectors[], vectors_mitigated[];

static inline void arch_vectors_set(bool mitigated)
{
	write_sysreg(vbar_el2, (uintptr_t)(mitigated ? vectors_mitigated : vectors));
	__asm__ volatile("isb" ::: "memory");
}

static inline bool arch_serror_pending(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
	return read_sysreg(isr_el1) & ISR_A;
}

static inline void arch_serror_take(void)
{
	__asm__ volatile("msr daifclr, #4\n\tisb\n\tmsr daifset, #4" ::: "memory");
}

/* BRK raises an exception whose ESR_EL2.EC tells crash reports what it was. */
static inline __attribute__((noreturn)) void arch_bug(void)
{
	__asm__ volatile("brk #0");
	__builtin_unreachable();
}

static inline void arch_isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline void arch_dsb_sy(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

static inline void arch_dsb_ish(void)
{
	__asm__ volatile("dsb ish" ::: "memory");
}

static inline void arch_dsb_ishst(void)
{
	__asm__ volatile("dsb ishst" ::: "memory");
}

static inline void arch_wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

static inline void arch_wfe(void)
{
	__asm__ volatile("wfe" ::: "memory");
}

static inline void arch_sev(void)
{
	__asm__ volatile("dsb ish\n\tsev" ::: "memory");
}

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static inline uint64_t arch_mpidr(void)
{
	return read_sysreg(mpidr_el1) & MPIDR_AFF;
}
