/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address types. An address of one space cannot be passed for one of another:
 * each space is its own one-field struct.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { uint64_t v; } pa_t;   /* host physical address          */
typedef struct { uint64_t v; } ipa_t;  /* guest physical (stage-1 output) */
typedef struct { uint64_t v; } va_t;   /* EL2 virtual address            */

#define PA(x)  ((pa_t){ (x) })
#define IPA(x) ((ipa_t){ (x) })
#define VA(x)  ((va_t){ (x) })

#define PAGE_SHIFT 12
#define PAGE_SIZE  (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

static inline pa_t pa_add(pa_t a, uint64_t n)
{
	return PA(a.v + n);
}

static inline ipa_t ipa_add(ipa_t a, uint64_t n)
{
	return IPA(a.v + n);
}

static inline va_t va_add(va_t a, uint64_t n)
{
	return VA(a.v + n);
}

static inline void *va_ptr(va_t a)
{
	return (void *)(uintptr_t)a.v;
}

static inline va_t va_of(const void *p)
{
	return VA((uintptr_t)p);
}
