/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structure grows from the front of the buffer, names from its end down, so that they fill it
 * without a guess at how many there will be. A property is told where its name is from the
 * first name of the other tree on, which comes last; fw_close() makes that the first of all.
 */
#include "vm/fdt_writer.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "core/fdt_sound.h"
#include "core/lib/bits.h"

#define HEADER_WORDS 10
#define VERSION      17
#define COMPATIBLE   16          /* the oldest that reads it                     */

static void word_set(char *p, uint32_t v)
{
	*(uint32_t *)(void *)p = FDT_TAG(v);
}

/* Room for len bytes more of the structure, in whole words, or NULL. */
static char *room(struct fdt_writer *w, uint64_t len)
{
	char *p = w->buf + w->at;

	if (!w->err && align_up(len, 4) > w->size - w->names - w->at)
		w->err = -ENOSPC;
	if (w->err)
		return NULL;
	w->at += (uint32_t)align_up(len, 4);
	return p;
}

void fw_open(struct fdt_writer *w, const void *from, void *buf, size_t size)
{
	const uint64_t *map = from ? fdt_reservations(from) : NULL;
	uint32_t nr = 1;
	char *p;

	/* The structure follows them, so blocks come in the usual order. */
	for (const uint64_t *m = map; m && m[1]; m += 2)
		nr++;
	*w = (struct fdt_writer){ .buf = buf, .from = from,
				  .size = (uint32_t)MIN(align_down(size, 4), INT32_MAX) };
	if (from && fdt_size_dt_strings(from) < w->size) {
		w->names = w->theirs = fdt_size_dt_strings(from);
		memcpy(w->buf + w->size - w->names, (const char *)from + fdt_off_dt_strings(from),
		       w->names);
	} else if (from) {
		w->err = -ENOSPC;
	}
	p = room(w, HEADER_WORDS * 4 + nr * 16);
	if (!p)
		return;
	memset(p, 0, w->at);
	if (map)
		memcpy(p + HEADER_WORDS * 4, map, (nr - 1) * 16);
}

/* Names that were ours come before the other tree's. */
static void names_move(const struct fdt_writer *w, uint32_t first, uint32_t by)
{
	const uint32_t *tag = (const void *)(w->buf + first);

	for (; by && *tag != FDT_TAG(FDT_END); tag = fdt_tag_next(tag))
		if (*tag == FDT_TAG(FDT_PROP))
			word_set((char *)(uintptr_t)(tag + 2), fdt_be(tag + 2) + by);
}

int fw_close(struct fdt_writer *w)
{
	char *p = room(w, 4);
	uint32_t map = HEADER_WORDS * 4, first = map, total;

	if (!p)
		return w->err;
	word_set(p, FDT_END);
	while (*(uint64_t *)(void *)(w->buf + first + 8))
		first += 16;
	first += 16;
	total = w->at + w->names;
	const uint32_t header[HEADER_WORDS] = {
		FDT_MAGIC, total, first, w->at, map, VERSION, COMPATIBLE,
		w->from ? fdt_boot_cpuid_phys(w->from) : 0, w->names, w->at - first,
	};

	names_move(w, first, w->names - w->theirs);
	memmove(w->buf + w->at, w->buf + w->size - w->names, w->names);
	for (uint32_t i = 0; i < HEADER_WORDS; i++)
		word_set(w->buf + 4 * i, header[i]);
	return (int)total;
}

void fw_node(struct fdt_writer *w, const char *name)
{
	size_t len = strlen(name) + 1;
	char *p = room(w, 4 + len);

	if (w->depth == FW_MAX_DEPTH)
		w->err = w->err ? w->err : -EINVAL;
	w->depth++;
	if (!p)
		return;
	word_set(w->buf + w->at - 4, 0);
	word_set(p, FDT_BEGIN_NODE);
	memcpy(p + 4, name, len);
}

void fw_node_at(struct fdt_writer *w, const char *name, uint64_t addr)
{
	char full[48];

	snprintf(full, sizeof(full), "%.24s@%llx", name, (unsigned long long)addr);
	fw_node(w, full);
}

void fw_end(struct fdt_writer *w)
{
	char *p = room(w, 4);

	w->depth--;
	if (p)
		word_set(p, FDT_END_NODE);
}

void fw_copy(struct fdt_writer *w, const uint32_t *tag, const uint32_t *end)
{
	size_t len = (size_t)((const char *)end - (const char *)tag);
	char *p = room(w, len);

	if (p)
		memcpy(p, tag, len);
}

/* Where a name is, as properties tell it; added, unless it just was: names are few. */
static uint32_t name_at(struct fdt_writer *w, const char *name)
{
	uint32_t i = (uint32_t)((uintptr_t)name % FW_NAMES), len;

	if (w->known[i] != name) {
		len = (uint32_t)strlen(name) + 1;
		if (len > w->size - w->names - w->at) {
			w->err = -ENOSPC;
			return 0;
		}
		w->names += len;
		memcpy(w->buf + w->size - w->names, name, len);
		w->known[i] = name;
		w->end[i] = w->names;
	}
	return w->theirs - w->end[i];
}

void fw_bytes(struct fdt_writer *w, const char *prop, const void *data, size_t len)
{
	char *p = room(w, 12 + len);
	uint32_t name;

	if (!p)
		return;
	name = name_at(w, prop);
	word_set(w->buf + w->at - 4, 0);
	word_set(p, FDT_PROP);
	word_set(p + 4, (uint32_t)len);
	word_set(p + 8, name);
	memcpy(p + 12, data, len);
}

void fw_empty(struct fdt_writer *w, const char *prop)
{
	fw_bytes(w, prop, "", 0);
}

void fw_string(struct fdt_writer *w, const char *prop, const char *s)
{
	fw_bytes(w, prop, s, strlen(s) + 1);
}

void fw_cells(struct fdt_writer *w, const char *prop, const uint32_t *cells, size_t nr)
{
	uint32_t be[FW_MAX_CELLS];

	if (nr > FW_MAX_CELLS)
		nr = FW_MAX_CELLS;
	for (size_t i = 0; i < nr; i++)
		be[i] = fdt_be(&cells[i]);
	fw_bytes(w, prop, be, nr * sizeof(be[0]));
}

void fw_u32(struct fdt_writer *w, const char *prop, uint32_t v)
{
	fw_cells(w, prop, &v, 1);
}

void fw_u64(struct fdt_writer *w, const char *prop, uint64_t v)
{
	uint32_t cells[2] = { (uint32_t)(v >> 32), (uint32_t)v };

	fw_cells(w, prop, cells, 2);
}

void fw_reg(struct fdt_writer *w, uint64_t base, int na, uint64_t size, int ns)
{
	uint32_t reg[4] = { (uint32_t)(base >> 32), (uint32_t)base };

	if (w->err)                      /* cells may be what they cannot be     */
		return;
	reg[na] = (uint32_t)(size >> 32);
	reg[na + (ns > 1)] = (uint32_t)size;
	if ((na < 2 && reg[0]) || (ns < 2 && size >> 32))
		w->err = -EINVAL;
	if (na < 2)
		reg[0] = (uint32_t)base;
	fw_cells(w, "reg", reg, (size_t)(na + ns));
}
