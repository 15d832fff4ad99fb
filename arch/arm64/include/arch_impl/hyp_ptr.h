/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/hyp_ptr.h> at EL2: the MMU does the work. */
#pragma once

#include "core/lib/types.h"

static inline void *arch_va_to_ptr(va_t va)
{
	return (void *)(uintptr_t)va.v;
}

static inline va_t arch_ptr_to_va(const void *p)
{
	return VA((uintptr_t)p);
}
