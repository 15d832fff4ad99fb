/* SPDX-License-Identifier: Apache-2.0 */
#include "core/symbols.h"

#include <string.h>

/* How many functions start at or before at. */
static size_t symbols_upto(const uint32_t *offsets, size_t nr, uint64_t at)
{
	size_t lo = 0;

	while (lo < nr) {
		size_t mid = lo + (nr - lo) / 2;

		if (offsets[mid] <= at)
			lo = mid + 1;
		else
			nr = mid;
	}
	return lo;
}

const char *symbol_find(const uint32_t *offsets, size_t nr, const char *names,
			uint64_t at, uint64_t *rest)
{
	size_t upto = symbols_upto(offsets, nr, at);

	if (upto == 0)
		return NULL;
	*rest = at - offsets[upto - 1];
	for (size_t i = 1; i < upto; i++)
		names += strlen(names) + 1;
	return names;
}

const char *symbol_lookup(va_t pc, uint64_t *offset)
{
	uint64_t start = (uintptr_t)__image_start;

	if (pc.v < (uintptr_t)__text_start || pc.v >= (uintptr_t)__text_end)
		return NULL;
	return symbol_find(hyp_symtab_start, (size_t)(hyp_symtab_end - hyp_symtab_start),
			   hyp_symstr, pc.v - start, offset);
}
