/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register fields are named by their mask, written as the manual prints them.
 * Usable from assembly too: there only the masks exist.
 */
#pragma once

#ifdef __ASSEMBLER__
#define BIT(n)      (1 << (n))
#define BITS(h, l)  (((1 << ((h) - (l))) * 2 - 1) << (l))
#else
#include <stdbool.h>
#include <stdint.h>

#define BIT(n)      (UINT64_C(1) << (n))
/* BITS(31, 26): ones in bits 31 down to 26 */
#define BITS(h, l)  (((~UINT64_C(0)) >> (63 - (h))) & ~((UINT64_C(1) << (l)) - 1))

/* BITS_VAL(mask, v): v shifted to where mask begins; constant if both are. */
#define BITS_VAL(mask, v) (((uint64_t)(v) << __builtin_ctzll(mask)) & (mask))

#define BITS_DISJOINT2(a, b)       (((a) & (b)) == 0)
#define BITS_DISJOINT3(a, b, c)    (BITS_DISJOINT2(a, b) && (((a) | (b)) & (c)) == 0)
#define BITS_DISJOINT4(a, b, c, d) (BITS_DISJOINT3(a, b, c) && (((a) | (b) | (c)) & (d)) == 0)

/* The field of reg that mask names, shifted down to bit 0. */
static inline uint64_t bits_get(uint64_t mask, uint64_t reg)
{
	return (reg & mask) >> __builtin_ctzll(mask);
}

/* reg with the field that mask names replaced by v. */
static inline uint64_t bits_set(uint64_t mask, uint64_t reg, uint64_t v)
{
	return (reg & ~mask) | BITS_VAL(mask, v);
}

/*
 * How many bits are set. Not __builtin_popcountll(): the compiler's own library
 * counts in an FP register, which at EL2 belongs to a guest.
 */
static inline unsigned int bits_count(uint64_t v)
{
	v -= (v >> 1) & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) + ((v >> 2) & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned int)((v * UINT64_C(0x0101010101010101)) >> 56);
}

static inline bool is_aligned(uint64_t v, uint64_t to)
{
	return (v & (to - 1)) == 0;
}

static inline uint64_t align_down(uint64_t v, uint64_t to)
{
	return v & ~(to - 1);
}

/* Wraps to 0 when there is no such number; check the sum first. */
static inline uint64_t align_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) & ~(to - 1);
}

/* True when [base, base + size) wraps or is empty. */
static inline bool range_bad(uint64_t base, uint64_t size)
{
	return size == 0 || base + (size - 1) < base;
}

/* Do two ranges share a byte? Neither may be range_bad(). */
static inline bool range_overlap(uint64_t a, uint64_t asize, uint64_t b, uint64_t bsize)
{
	return a <= b + (bsize - 1) && b <= a + (asize - 1);
}
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))
