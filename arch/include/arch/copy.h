/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from one place in memory to another, fast, whatever their alignment. */
#pragma once

#include <stddef.h>

/* They do not overlap, are normal memory, and EL2's MMU is on: where it is not, memcpy(). */
void arch_copy(void *to, const void *from, size_t size);
