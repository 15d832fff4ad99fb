/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers into memory that is not EL2's own. To the compiler they are like others; sparse
 * (check/sparse) refuses to follow them, or to take them for another kind, but here.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "core/lib/types.h"

#ifdef __CHECKER__
#define __guest __attribute__((noderef, address_space(__guest)))  /* a guest may write it too */
#define __mmio  __attribute__((noderef, address_space(__mmio)))   /* registers of a device    */
#define __force __attribute__((force))
#else
#define __guest
#define __mmio
#define __force
#endif

/* In some order, bytes perhaps more than once: what is decided on is read once and kept. */
static inline void guest_get(void *to, const void __guest *from, size_t n)
{
	memcpy(to, (const __force void *)from, n);
}

static inline void guest_put(void __guest *to, const void *from, size_t n)
{
	memcpy((__force void *)to, from, n);
}

static inline void guest_fill(void __guest *to, int byte, size_t n)
{
	memset((__force void *)to, byte, n);
}

/* One access each. */
#define MMIO_READ(type, p)     (*(const volatile __force type *)(p))
#define MMIO_WRITE(type, p, v) (*(volatile __force type *)(p) = (type)(v))

static inline char __mmio *va_mmio(va_t a)
{
	return (char __mmio *)(uintptr_t)a.v;
}
