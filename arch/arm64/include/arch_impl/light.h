/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/light.h> for AArch64 at EL2. */
#pragma once

#include <arch/fast.h>
#include <arch_impl/sysreg.h>
#include "core/lib/bits.h"

static inline bool arch_exit_is_plain(void)
{
	return !(read_sysreg(spsr_el2) & SPSR_PLAIN_MASK);
}

static inline void arch_exit_advance(void)
{
	uint64_t next = read_sysreg(elr_el2) + 4;

	write_sysreg(elr_el2, next);
}

static inline bool arch_data_is_little(void)
{
	return !(read_sysreg(sctlr_el1) & SCTLR_ENDIAN);
}
