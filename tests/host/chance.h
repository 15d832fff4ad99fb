/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by chance, the same ones for a seed: xorshift. A seed is not 0. */
#pragma once

#include <stdint.h>

static uint64_t seed;

static inline uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}
