/* SPDX-License-Identifier: Apache-2.0 */
/* Devicetree Specification v0.4, "Flattened Devicetree (DTB) Format". */
#include "lib/fdt.h"
#include "lib/guest.h"

#define FDT_MAGIC      0xd00dfeedu
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP        4

uint32_t fdt_u32(const void *prop, unsigned int cell)
{
	const uint8_t *p = (const uint8_t *)prop + cell * 4;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t fdt_u64(const void *prop, unsigned int cell)
{
	return (uint64_t)fdt_u32(prop, cell) << 32 | fdt_u32(prop, cell + 1);
}

static const uint8_t *structure(const void *fdt)
{
	return (const uint8_t *)fdt + fdt_u32(fdt, 2);
}

static uint32_t token(const void *fdt, long off)
{
	return fdt_u32(structure(fdt) + off, 0);
}

/* The token after the one at off. */
static long after(const void *fdt, long off)
{
	const uint8_t *p = structure(fdt) + off;

	switch (fdt_u32(p, 0)) {
	case FDT_BEGIN_NODE:
		return off + 4 + (long)((strlen((const char *)p + 4) + 4) & ~3ul);
	case FDT_PROP:
		return off + 12 + (long)((fdt_u32(p, 1) + 3u) & ~3u);
	default:
		return off + 4;
	}
}

bool fdt_ok(const void *fdt)
{
	return fdt && !((uintptr_t)fdt & 7) && fdt_u32(fdt, 0) == FDT_MAGIC;
}

uint32_t fdt_size(const void *fdt)
{
	return fdt_u32(fdt, 1);
}

long fdt_next_node(const void *fdt, long node, int *depth)
{
	long off = node < 0 ? 0 : after(fdt, node);

	if (node < 0)
		*depth = -1;
	for (;; off = after(fdt, off)) {
		switch (token(fdt, off)) {
		case FDT_BEGIN_NODE:
			++*depth;
			return off;
		case FDT_END_NODE:
			if (--*depth < 0)
				return -1;
			break;
		case FDT_PROP:
		case FDT_NOP:
			break;
		default:
			return -1;
		}
	}
}

const char *fdt_node_name(const void *fdt, long node)
{
	return (const char *)structure(fdt) + node + 4;
}

static bool name_is(const char *name, const char *want, size_t len)
{
	return strncmp(name, want, len) == 0 && (name[len] == 0 || name[len] == '@');
}

long fdt_find(const void *fdt, const char *path)
{
	int depth, matched = 0;
	long node = -1;

	while ((node = fdt_next_node(fdt, node, &depth)) >= 0) {
		size_t len = 0;

		if (depth == 0)
			continue;
		if (depth <= matched)		/* left the subtree that matched so far */
			return -1;
		if (depth != matched + 1)
			continue;
		while (path[1 + len] && path[1 + len] != '/')
			len++;
		if (!name_is(fdt_node_name(fdt, node), path + 1, len))
			continue;
		matched++;
		path += 1 + len;
		if (!*path)
			return node;
	}
	return -1;
}

const void *fdt_prop(const void *fdt, long node, const char *name, uint32_t *len)
{
	const char *strings = (const char *)fdt + fdt_u32(fdt, 3);

	for (long off = after(fdt, node);; off = after(fdt, off)) {
		const uint8_t *p = structure(fdt) + off;

		if (token(fdt, off) == FDT_NOP)
			continue;
		if (token(fdt, off) != FDT_PROP)
			return NULL;
		if (strcmp(strings + fdt_u32(p, 2), name) == 0) {
			if (len)
				*len = fdt_u32(p, 1);
			return p + 12;
		}
	}
}

bool fdt_list_has(const void *prop, uint32_t len, const char *s)
{
	const char *p = prop, *end = p + len;

	for (; p && p < end; p += strlen(p) + 1) {
		if (strcmp(p, s) == 0)
			return true;
	}
	return false;
}

long fdt_find_compatible(const void *fdt, long from, const char *compatible)
{
	int depth = INT32_MAX / 2;       /* of from: whatever, the walk ends at the tree's end */
	uint32_t len;
	const void *c;

	while ((from = fdt_next_node(fdt, from, &depth)) >= 0) {
		c = fdt_prop(fdt, from, "compatible", &len);
		if (c && fdt_list_has(c, len, compatible))
			break;
	}
	return from;
}
