/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/hyp_ptr.h> on a host: see "tests/host/fake/mmu.h". */
#pragma once

#include "core/lib/types.h"

void *arch_va_to_ptr(va_t va);
va_t arch_ptr_to_va(const void *p);
