/* SPDX-License-Identifier: Apache-2.0 */
#include "core/symbols.h"

#include <string.h>

#define INSN_SIZE 4

struct name_buf {
	char *text;
	size_t len;
	size_t max;  /* characters that fit, the NUL not counted */
};

/* Append what a code stands for. A pair is made of lower codes: the depth is bounded. */
static void expand(const struct symbol_table *table, size_t nr_chars, uint8_t code,
		   struct name_buf *name)
{
	const uint8_t *pair;

	if (name->len == name->max)
		return;
	if (code <= nr_chars) {
		name->text[name->len++] = table->chars[code - 1];
		return;
	}
	pair = table->pairs[code - 1 - nr_chars];
	expand(table, nr_chars, pair[0], name);
	expand(table, nr_chars, pair[1], name);
}

static void decode(const struct symbol_table *table, const uint8_t *codes, char *text,
		   size_t size)
{
	struct name_buf name = { .text = text, .max = size - 1 };
	size_t nr_chars = strlen(table->chars);

	for (; *codes; codes++)
		expand(table, nr_chars, *codes, &name);
	text[name.len] = '\0';
}

bool symbol_find(const struct symbol_table *table, uint64_t at, char *name, size_t size,
		 uint64_t *rest)
{
	const uint8_t *codes = table->names;
	uint64_t start = 0;
	size_t i;

	for (i = 0; i < table->nr; i++) {
		uint64_t step = table->steps[i] * (uint64_t)INSN_SIZE;

		if (at < start + step)
			break;
		start += step;
		if (i > 0)
			while (*codes++)
				;
	}
	if (i == 0)
		return false;
	*rest = at - start;
	decode(table, codes, name, size);
	return true;
}

bool symbol_lookup(va_t pc, char *name, size_t size, uint64_t *rest)
{
	const struct symbol_table table = {
		.steps = hyp_symtab_start,
		.nr = (size_t)(hyp_symtab_end - hyp_symtab_start),
		.chars = hyp_symchars,
		.pairs = hyp_sympairs,
		.names = hyp_symstr,
	};

	if (pc.v < (uintptr_t)__text_start || pc.v >= (uintptr_t)__text_end)
		return false;
	return symbol_find(&table, pc.v - (uintptr_t)__image_start, name, size, rest);
}
