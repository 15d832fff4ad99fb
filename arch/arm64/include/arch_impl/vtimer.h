/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/vtimer.h> for AArch64 at EL2. */
#pragma once

#include <arch_impl/sysreg.h>

static inline uint64_t arch_cntv_ctl_read(void)
{
	return read_sysreg(cntv_ctl_el0);
}

static inline void arch_cntv_ctl_write(uint64_t v)
{
	write_sysreg(cntv_ctl_el0, v);
	__asm__ volatile("isb" ::: "memory");
}

static inline uint64_t arch_cntv_cval_read(void)
{
	return read_sysreg(cntv_cval_el0);
}

static inline void arch_cntv_cval_write(uint64_t v)
{
	write_sysreg(cntv_cval_el0, v);
}

static inline uint64_t arch_cntp_ctl_read(void)
{
	return read_sysreg(cntp_ctl_el0);
}

static inline void arch_cntp_ctl_write(uint64_t v)
{
	write_sysreg(cntp_ctl_el0, v);
	__asm__ volatile("isb" ::: "memory");
}

static inline uint64_t arch_cntp_cval_read(void)
{
	return read_sysreg(cntp_cval_el0);
}

static inline void arch_cntp_cval_write(uint64_t v)
{
	write_sysreg(cntp_cval_el0, v);
}

static inline void arch_cntvoff_write(uint64_t v)
{
	write_sysreg(cntvoff_el2, v);
}

static inline void arch_cnthctl_write(uint64_t v)
{
	write_sysreg(cnthctl_el2, v);
	__asm__ volatile("isb" ::: "memory");
}
