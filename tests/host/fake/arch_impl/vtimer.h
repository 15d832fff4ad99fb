/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/vtimer.h> on a host: registers that a test reads and sets. */
#pragma once

extern uint64_t fake_cntv_ctl, fake_cntv_cval, fake_cntvoff, fake_cnthctl;
extern uint64_t fake_cntp_ctl, fake_cntp_cval;

static inline uint64_t arch_cntv_ctl_read(void)
{
	return fake_cntv_ctl;
}

static inline void arch_cntv_ctl_write(uint64_t v)
{
	fake_cntv_ctl = v;
}

static inline uint64_t arch_cntv_cval_read(void)
{
	return fake_cntv_cval;
}

static inline void arch_cntv_cval_write(uint64_t v)
{
	fake_cntv_cval = v;
}

static inline uint64_t arch_cntp_ctl_read(void)
{
	return fake_cntp_ctl;
}

static inline void arch_cntp_ctl_write(uint64_t v)
{
	fake_cntp_ctl = v;
}

static inline uint64_t arch_cntp_cval_read(void)
{
	return fake_cntp_cval;
}

static inline void arch_cntp_cval_write(uint64_t v)
{
	fake_cntp_cval = v;
}

static inline void arch_cntvoff_write(uint64_t v)
{
	fake_cntvoff = v;
}

static inline void arch_cnthctl_write(uint64_t v)
{
	fake_cnthctl = v;
}
