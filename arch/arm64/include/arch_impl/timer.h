/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/timer.h> for AArch64 at EL2. */
#pragma once

#include <arch_impl/sysreg.h>

static inline uint64_t arch_counter(void)
{
	__asm__ volatile("isb" ::: "memory");
	return read_sysreg(cntpct_el0);
}

static inline uint64_t arch_counter_hz(void)
{
	return read_sysreg(cntfrq_el0);
}

static inline void arch_counter_wait(uint64_t at, uint64_t most)
{
	while (at - arch_counter() - 1 < most)
		;
}

static inline void arch_hyp_timer_set(uint64_t cval)
{
	write_sysreg(cnthp_cval_el2, cval);
	write_sysreg(cnthp_ctl_el2, 1);
	__asm__ volatile("isb" ::: "memory");
}

static inline void arch_hyp_timer_off(void)
{
	write_sysreg(cnthp_ctl_el2, 0);
	__asm__ volatile("isb" ::: "memory");
}
