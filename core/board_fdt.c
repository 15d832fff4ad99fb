/* SPDX-License-Identifier: Apache-2.0 */
#include "core/board_fdt.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "core/fdt_sound.h"
#include "core/lib/bits.h"

#define MAX_DEPTH 8
#define MAX_CELLS 4

/* ---- nodes ---- */

static struct board_node nodes[BOARD_MAX_NODES];

static int8_t cells_of(uint32_t v)
{
	return v <= MAX_CELLS ? (int8_t)v : -1;
}

/* What is asked for again and again, and is one cell. */
static void note_cell(struct board_node *n, const char *name, uint32_t v)
{
	if (name[0] == 'p' && strcmp(name, "phandle") == 0)
		n->phandle = v != UINT32_MAX ? v : 0;
	else if (strcmp(name, "#address-cells") == 0)
		n->na = v ? cells_of(v) : -1;
	else if (strcmp(name, "#size-cells") == 0)
		n->ns = cells_of(v);
	else if (strcmp(name, "#interrupt-cells") == 0)
		n->irq_cells = cells_of(v);
	else if (strcmp(name, "interrupt-parent") == 0)
		n->irq_parent = v;
	else if (!n->phandle && strcmp(name, "linux,phandle") == 0)
		n->phandle = v != UINT32_MAX ? v : 0;
}

static void note_prop(struct board_node *n, const char *name, const uint32_t *prop, uint32_t at)
{
	if (!n->props)
		n->props = (uint16_t)at;
	if (fdt_be(prop + 1) == 4 && strchr("#ilp", name[0]))
		note_cell(n, name, fdt_be(prop + 3));
	else if (name[0] == 'c' && strcmp(name, "compatible") == 0)
		n->compatible = (uint16_t)at;
}

int board_index(struct board *b)
{
	const uint32_t *first = fdt_structure(b->fdt), *tag = first;
	int16_t open = -1;
	int nr = 0;

	for (; *tag != FDT_TAG(FDT_END); tag = fdt_tag_next(tag)) {
		uint32_t at = (uint32_t)(tag - first);

		if (*tag == FDT_TAG(FDT_BEGIN_NODE)) {
			if (nr == BOARD_MAX_NODES)
				return -E2BIG;
			nodes[nr] = (struct board_node){ .offset = at, .parent = open, .na = 2,
							 .ns = 1 };
			if (nr)
				nodes[nr].irq_parent = nodes[open].irq_parent;
			open = (int16_t)nr++;
		} else if (*tag == FDT_TAG(FDT_END_NODE)) {
			open = nodes[open].parent;
		} else if (*tag == FDT_TAG(FDT_PROP) && open == nr - 1 &&
			   at - nodes[open].offset <= UINT16_MAX) {
			/* Behind subnodes it does not count, nor behind 256 KiB of others. */
			note_prop(&nodes[open], fdt_prop_name(b->fdt, tag), tag,
				  at - nodes[open].offset);
		}
	}
	b->node = nodes;
	b->nr_nodes = nr;
	return 0;
}

const uint32_t *board_node_tag(const struct board *b, int node)
{
	return fdt_structure(b->fdt) + b->node[node].offset;
}

const char *board_node_name(const struct board *b, int node)
{
	return fdt_name(board_node_tag(b, node));
}

int board_child(const struct board *b, int parent, int after)
{
	while (++after < b->nr_nodes)
		if (b->node[after].parent == parent)
			return after;
	return -ENOENT;
}

int board_by_phandle(const struct board *b, uint32_t phandle)
{
	static int last;                     /* most ask for the interrupt controller */

	if (phandle && last < b->nr_nodes && b->node[last].phandle == phandle)
		return last;
	for (int i = 0; phandle && i < b->nr_nodes; i++)
		if (b->node[i].phandle == phandle)
			return last = i;
	return -ENOENT;
}

int board_compatible(const struct board *b, int after, const char *compatible)
{
	while (++after < b->nr_nodes)
		if (board_is(b, after, compatible))
			return after;
	return -ENOENT;
}

/* A name in a path need not say the unit's address. */
static bool name_is(const char *name, const char *part, size_t len)
{
	return strncmp(name, part, len) == 0 &&
	       (name[len] == '\0' || (name[len] == '@' && !memchr(part, '@', len)));
}

static int child_named(const struct board *b, int parent, const char *part, size_t len)
{
	int node;

	board_for_each_child(node, b, parent)
		if (name_is(board_node_name(b, node), part, len))
			break;
	return node;
}

int board_path_len(const struct board *b, const char *path, size_t len)
{
	const char *end = path + len;
	int node = 0;

	while (node >= 0) {
		const char *part;

		while (path < end && *path == '/')
			path++;
		if (path == end)
			break;
		for (part = path; path < end && *path != '/'; path++)
			;
		node = child_named(b, node, part, (size_t)(path - part));
	}
	return node;
}

int board_path(const struct board *b, const char *path)
{
	return board_path_len(b, path, strlen(path));
}

/* ---- properties ---- */

const void *board_prop(const struct board *b, int node, const char *name, int *len)
{
	const struct board_node *n = &b->node[node];
	const uint32_t *prop = fdt_structure(b->fdt) + n->offset + n->props;

	prop = n->props ? fdt_prop_from(b->fdt, prop, name) : NULL;
	if (len)
		*len = prop ? (int)fdt_be(prop + 1) : 0;
	return prop ? prop + 3 : NULL;
}

const char *board_string(const struct board *b, int node, const char *name)
{
	int len;
	const char *s = board_prop(b, node, name, &len);

	return s && memchr(s, '\0', (size_t)len) ? s : NULL;
}

bool board_is(const struct board *b, int node, const char *compatible)
{
	const struct board_node *n = &b->node[node];

	return n->compatible &&
	       fdt_strings_have(fdt_structure(b->fdt) + n->offset + n->compatible, compatible);
}

bool board_node_enabled(const struct board *b, int node)
{
	int len;
	const char *status = board_prop(b, node, "status", &len);

	return !status || (len == 5 && memcmp(status, "okay", 5) == 0) ||
	       (len == 3 && memcmp(status, "ok", 3) == 0);
}

/* A number of nr cells at val, which has len bytes, or -ENOENT. */
static int number(const uint32_t *val, int len, int first, int nr, uint64_t *v)
{
	uint64_t sum = 0;

	if (!val || first < 0 || nr < 0 || nr > 2 || len < (first + nr) * 4)
		return -ENOENT;
	for (int i = 0; i < nr; i++)
		sum = sum << 32 | fdt_be(&val[first + i]);
	*v = sum;
	return 0;
}

int board_cells(const struct board *b, int node, const char *name, int first, int nr, uint64_t *v)
{
	int len;
	const uint32_t *val = board_prop(b, node, name, &len);

	return number(val, len, first, nr, v);
}

/* ---- addresses ---- */

/*
 * One bus upwards: addr as the parent's children see it, to what the grandparent's do.
 * An empty ranges maps one to one; none at all means not reachable.
 */
static int translate(const struct board *b, int parent, uint64_t *addr)
{
	int len, ca = b->node[parent].na, cs = b->node[parent].ns, pa;

	if (parent == 0)
		return 0;
	if (!board_prop(b, parent, "ranges", &len))
		return -ENOENT;
	if (len == 0)
		return 0;
	pa = b->node[b->node[parent].parent].na;
	if (ca < 0 || cs < 0 || pa < 0)
		return -ENOENT;
	for (int i = 0; i + ca + pa + cs <= len / 4; i += ca + pa + cs) {
		uint64_t child, up, size;

		if (board_cells(b, parent, "ranges", i, ca, &child) ||
		    board_cells(b, parent, "ranges", i + ca, pa, &up) ||
		    board_cells(b, parent, "ranges", i + ca + pa, cs, &size))
			return -ENOENT;
		if (*addr >= child && *addr - child < size) {
			*addr = up + (*addr - child);
			return 0;
		}
	}
	return -ENOENT;
}

int board_reg(const struct board *b, int node, int idx, struct board_range *r)
{
	int parent = b->node[node].parent, ca, cs, len;
	const uint32_t *reg;
	uint64_t base, size;

	if (parent < 0)
		return -ENOENT;
	ca = b->node[parent].na;
	cs = b->node[parent].ns;
	reg = board_prop(b, node, "reg", &len);
	if (ca < 0 || cs < 0 || number(reg, len, idx * (ca + cs), ca, &base) ||
	    number(reg, len, idx * (ca + cs) + ca, cs, &size))
		return -ENOENT;
	for (int depth = 0; parent > 0; depth++) {
		if (depth == MAX_DEPTH || translate(b, parent, &base))
			return -ENOENT;
		parent = b->node[parent].parent;
	}
	r->base = PA(base);
	r->size = size;
	return 0;
}

/* ---- interrupts ---- */

int board_intid(const struct board *b, int node, int idx, uint32_t *intid)
{
	int gic = board_by_phandle(b, b->node[node].irq_parent), cells, len;
	const uint32_t *irqs = board_prop(b, node, "interrupts", &len);
	uint64_t kind, nr;

	*intid = 0;
	if (gic < 0)
		gic = node;                  /* the GIC itself, at the root */
	cells = b->node[gic].irq_cells;
	if (cells < 3 || cells > 4 || number(irqs, len, idx * cells, 1, &kind) ||
	    number(irqs, len, idx * cells + 1, 1, &nr) || nr > 987)
		return -ENOENT;
	*intid = (uint32_t)nr + (kind == 1 ? 16 : 32);
	return 0;
}

/* ---- the console ---- */

/* A path that /aliases has under the first len characters of name, or NULL. */
static const char *alias(const struct board *b, const char *name, size_t len)
{
	int node = board_path(b, "/aliases");
	const uint32_t *prop = node < 0 ? NULL : fdt_prop_next(board_node_tag(b, node));

	for (; prop; prop = fdt_prop_next(prop)) {
		const char *s = fdt_prop_name(b->fdt, prop);

		if (strncmp(s, name, len) == 0 && s[len] == '\0')
			return memchr(prop + 3, '\0', fdt_be(prop + 1)) ?
			       (const char *)(prop + 3) : NULL;
	}
	return NULL;
}

int board_stdout(const struct board *b)
{
	int chosen = board_path(b, "/chosen");
	const char *path = chosen < 0 ? NULL : board_string(b, chosen, "stdout-path");
	size_t len;

	if (!path)
		return -ENOENT;
	len = strcspn(path, ":");            /* options such as ":115200n8" */
	if (path[0] != '/') {
		path = alias(b, path, len);
		if (!path || path[0] != '/')
			return -ENOENT;
		len = strlen(path);
	}
	return board_path_len(b, path, len);
}
