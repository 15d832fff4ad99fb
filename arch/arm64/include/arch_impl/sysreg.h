/* SPDX-License-Identifier: Apache-2.0 */
/* Access to system registers by name, or by S<op0>_<op1>_C<n>_C<m>_<op2>. */
#pragma once

#include <stdint.h>

#define read_sysreg(name) ({						\
	uint64_t val_;							\
	__asm__ volatile("mrs %0, " #name : "=r"(val_) :: "memory");	\
	val_; })

#define write_sysreg(name, v) do {					\
	uint64_t val_ = (v);						\
	__asm__ volatile("msr " #name ", %x0" :: "rZ"(val_) : "memory");	\
} while (0)
