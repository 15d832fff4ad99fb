/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an EL2 virtual address to a C pointer and back. On the machine they are
 * the same; a host test looks the address up in the tables under test.
 */
#pragma once

#include "core/lib/types.h"

/*
 * void *arch_va_to_ptr(va_t va)         va must be mapped, in the map in use
 * va_t arch_ptr_to_va(const void *p)
 */
#include <arch_impl/hyp_ptr.h>
