/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/listing.h"

#include <stdio.h>

#include <arch/timer.h>
#include "core/lib/number.h"

#define SET_MAX 180              /* a text of any cell; the longest set fits */

static void flush(struct list_out *o)
{
	if (o->len)
		o->write(o->line, o->len);
	o->len = 0;
}

static void put(struct list_out *o, const char *text)
{
	for (; *text; text++) {
		if (o->len == sizeof(o->line))
			flush(o);
		o->line[o->len++] = *text;
	}
}

/* As a JSON string. Bytes are what they would be in Latin-1. */
static void put_quoted(struct list_out *o, const char *text)
{
	char c[8];

	put(o, "\"");
	for (; *text; text++) {
		uint8_t b = (uint8_t)*text;
		const char *form = b < ' ' || b > '~' ? "\\u%04x" :
				   b == '"' || b == '\\' ? "\\%c" : "%c";

		snprintf(c, sizeof(c), form, b);
		put(o, c);
	}
	put(o, "\"");
}

/* Text ends where it ends. */
static void end_line(struct list_out *o)
{
	while (o->len && o->line[o->len - 1] == ' ')
		o->len--;
	put(o, "\n");
}

static void put_padded(struct list_out *o, const char *text, int width)
{
	char cell[SET_MAX];

	snprintf(cell, sizeof(cell), width ? "%*s " : "%*s", width, text);
	put(o, cell);
}

/* ---- values ---- */

static void set_text(char *to, size_t size, uint64_t set)
{
	size_t n = 0;

	to[0] = '\0';
	while (set && n < size) {
		unsigned int from = (unsigned int)__builtin_ctzll(set);
		uint64_t rest = ~(set >> from);
		unsigned int nr = rest ? (unsigned int)__builtin_ctzll(rest) : 64;

		n += (size_t)snprintf(to + n, size - n, nr > 1 ? "%s%u-%u" : "%s%u",
				      n ? "," : "", from, from + nr - 1);
		set &= nr == 64 ? 0 : ~(((UINT64_C(1) << nr) - 1) << from);
	}
}

bool list_parse_set(const char *p, uint64_t *set)
{
	*set = 0;
	for (;; p++) {
		uint64_t from, to;

		p = number_parse(p, &from);
		to = from;
		if (p && *p == '-')
			p = number_parse(p + 1, &to);
		if (!p || from > to || to > 63)
			return false;
		*set |= (~UINT64_C(0) >> (63 - to)) & (~UINT64_C(0) << from);
		if (*p != ',')
			return *p == '\0';
	}
}

/* The text of a cell, in buf unless it is a text anyway. */
static const char *cell(const struct list_column *col, const char *field, char *buf)
{
	uint64_t v;

	if (col->kind == LIST_STR)
		return field;
	if (col->kind == LIST_PTR)
		return *(const char *const *)field ? *(const char *const *)field : "";
	v = col->kind == LIST_U32 ? *(const uint32_t *)field : *(const uint64_t *)field;
	if (col->kind == LIST_SET) {
		set_text(buf, SET_MAX, v);
		return buf;
	}
	if (col->kind == LIST_KIB)
		v >>= 10;
	if (col->kind == LIST_US)
		v = v * 1000 / (arch_counter_hz() / 1000);
	snprintf(buf, SET_MAX, col->kind == LIST_HEX ? "0x%llx" : "%llu", (unsigned long long)v);
	return buf;
}

/* ---- listings ---- */

static void list_close(struct list_out *o)
{
	if (o->l && o->json)
		put(o, "]");
	o->l = NULL;
}

void list_begin(struct list_out *o, const struct listing *l)
{
	list_close(o);
	o->l = l;
	o->nr_rows = 0;
	if (o->json) {
		put(o, o->nr_listings++ ? ",\n" : "{");
		put_quoted(o, l->name);
		put(o, ":[");
	} else if (l->columns[0].width) {
		for (uint32_t i = 0; i < l->nr_columns; i++)
			put_padded(o, l->columns[i].name, l->columns[i].width);
		end_line(o);
	}
	flush(o);
}

void list_row(struct list_out *o, const void *row)
{
	const struct list_column *col = o->l->columns;
	char buf[SET_MAX];

	if (o->nr_rows++ && o->json)
		put(o, ",");
	if (o->json)
		put(o, "\n");
	for (uint32_t i = 0; i < o->l->nr_columns; i++, col++) {
		const char *text = cell(col, (const char *)row + col->offset, buf);

		if (!o->json) {
			put_padded(o, text, col->width);
			continue;
		}
		put(o, i ? "," : "{");
		put_quoted(o, col->name);
		put(o, ":");
		if (col->kind < LIST_HEX)
			put(o, text);
		else
			put_quoted(o, text);
	}
	if (o->json)
		put(o, "}");
	else
		end_line(o);
	flush(o);
}

void list_end(struct list_out *o)
{
	list_close(o);
	if (o->nr_listings)
		put(o, "}\n");
	flush(o);
}
