/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/el2/copy_selftest.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MAX_LEN 330u
#define SIZE    (MAX_LEN + 32)

static _Alignas(16) uint8_t from[SIZE], to[SIZE];

static bool copied(size_t dst, size_t src, size_t len)
{
	for (size_t i = 0; i < SIZE; i++) {
		from[i] = (uint8_t)(i * 7 + len);
		to[i] = 0xee;
	}
	if (memcpy(&to[dst], &from[src], len) != &to[dst])
		return false;
	for (size_t i = 0; i < SIZE; i++)
		if (to[i] != (i - dst < len ? from[src + i - dst] : 0xee))
			return false;
	return true;
}

bool copy_selftest(void)
{
	for (size_t len = 0; len < MAX_LEN; len++)
		for (size_t at = 0; at < 16; at++)
			if (!copied(at, (at * 3) % 16, len) || !copied(at & 8, 16 - (at & 8), len))
				return false;
	return true;
}
