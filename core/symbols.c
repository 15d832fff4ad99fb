/* SPDX-License-Identifier: Apache-2.0 */
#include "core/symbols.h"

#define INSN_SIZE 4

/* On the way to one name and through it. */
struct decoder {
	const struct symbol_table *table;
	size_t skip;  /* names before it */
	char *text;
	size_t len;
	size_t max;   /* characters that fit, the NUL not counted */
	bool done;
};

static void put(struct decoder *d, char c)
{
	if (d->skip > 0)
		d->skip -= c == '\0';
	else if (c == '\0')
		d->done = true;
	else if (d->len < d->max)
		d->text[d->len++] = c;
}

/* A pair is made of lower codes: the depth is bounded. */
static void expand(struct decoder *d, uint8_t code)
{
	const struct symbol_table *table = d->table;
	const uint8_t *pair;

	if (d->done)
		return;
	if (code < table->nr_chars) {
		put(d, table->chars[code]);
		return;
	}
	pair = table->pairs[code - table->nr_chars];
	expand(d, pair[0]);
	expand(d, pair[1]);
}

static void decode(const struct symbol_table *table, size_t idx, char *text, size_t size)
{
	struct decoder d = { .table = table, .skip = idx, .text = text, .max = size - 1 };

	for (const uint8_t *code = table->names; !d.done; code++)
		expand(&d, *code);
	text[d.len] = '\0';
}

bool symbol_find(const struct symbol_table *table, uint64_t at, char *name, size_t size,
		 uint64_t *rest)
{
	uint64_t start = 0, next = 0;
	size_t nr = 0;

	for (const uint8_t *step = table->steps; step < table->steps_end; step++) {
		next += *step * (uint64_t)INSN_SIZE;
		if (at < next)
			break;
		if (*step == SYMBOL_STEP_MORE)
			continue;
		start = next;
		nr++;
	}
	if (nr == 0)
		return false;
	*rest = at - start;
	decode(table, nr - 1, name, size);
	return true;
}

bool symbol_lookup(va_t pc, char *name, size_t size, uint64_t *rest)
{
	const struct symbol_table table = {
		.steps = hyp_symsteps,
		.steps_end = hyp_symsteps_end,
		.chars = hyp_symchars,
		.nr_chars = (size_t)(hyp_symchars_end - hyp_symchars),
		.pairs = hyp_sympairs,
		.names = hyp_symnames,
	};

	if (pc.v < (uintptr_t)__text_start || pc.v >= (uintptr_t)__text_end)
		return false;
	return symbol_find(&table, pc.v - (uintptr_t)__image_start, name, size, rest);
}
