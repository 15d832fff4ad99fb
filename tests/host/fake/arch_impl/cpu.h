/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <arch/cpu.h> on a host: every thread of a test is a pCPU of its own, which
 * fake_cpu_enter() gives an index. Until then it is pCPU 0.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

extern _Thread_local struct percpu *fake_percpu;
extern _Thread_local uint64_t fake_daif;   /* bit 7: IRQs masked, as in DAIF.I */

#define FAKE_DAIF_I UINT64_C(0x80)

/* Out of line: ThreadSanitizer does not know fences, and gcc warns of them. */
void fake_barrier(void);

static inline struct percpu *arch_percpu(void)
{
	return fake_percpu;
}

static inline void arch_percpu_set(struct percpu *p)
{
	fake_percpu = p;
}

static inline void arch_irq_enable(void)
{
	fake_daif &= ~FAKE_DAIF_I;
}

static inline void arch_irq_disable(void)
{
	fake_daif |= FAKE_DAIF_I;
}

static inline uint64_t arch_irq_save(void)
{
	uint64_t daif = fake_daif;

	arch_irq_disable();
	return daif;
}

static inline void arch_irq_restore(uint64_t daif)
{
	fake_daif = daif;
}

/* An SError is pending; what takes it. */
extern _Thread_local bool fake_serror;
extern _Thread_local void (*fake_serror_taken)(void);

static inline bool arch_serror_pending(void)
{
	return fake_serror;
}

static inline void arch_serror_take(void)
{
	fake_serror = false;
	fake_serror_taken();
}

static inline void arch_isb(void)
{
}

static inline void arch_dsb_sy(void)
{
	fake_barrier();
}

static inline void arch_dsb_ish(void)
{
	fake_barrier();
}

static inline void arch_dsb_ishst(void)
{
	fake_barrier();
}

static inline void arch_cpu_relax(void)
{
	sched_yield();
}

static inline void arch_wfi(void)
{
	sched_yield();
}

static inline void arch_wfe(void)
{
	sched_yield();
}

static inline void arch_sev(void)
{
}

uint64_t arch_mpidr(void);

/* In fake/panic.c: a test may expect it. */
void arch_bug(void) __attribute__((noreturn));
