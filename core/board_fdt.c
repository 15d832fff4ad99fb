/* SPDX-License-Identifier: Apache-2.0 */
#include "core/board_fdt.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "core/lib/bits.h"

#define MAX_DEPTH 8

bool fdt_node_enabled(const void *fdt, int node)
{
	const char *status = fdt_getprop(fdt, node, "status", NULL);

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

int fdt_cells(const void *fdt, int node, const char *prop, int first, int nr, uint64_t *v)
{
	int len = 0;
	const fdt32_t *p = fdt_getprop(fdt, node, prop, &len);
	uint64_t sum = 0;

	if (!p || first < 0 || nr < 0 || nr > 2 || len < (first + nr) * 4)
		return -ENOENT;
	for (int i = 0; i < nr; i++)
		sum = sum << 32 | fdt32_to_cpu(p[first + i]);
	*v = sum;
	return 0;
}

/*
 * One bus upwards: addr as node's parent sees it, to what the grandparent sees.
 * An empty ranges maps one to one; none at all means not reachable.
 */
static int translate(const void *fdt, int parent, uint64_t *addr)
{
	int grand = fdt_parent_offset(fdt, parent);
	int len = 0;
	int ca = fdt_address_cells(fdt, parent);
	int cs = fdt_size_cells(fdt, parent);
	int pa;

	if (grand < 0)
		return 0;                    /* parent is the root */
	if (!fdt_getprop(fdt, parent, "ranges", &len))
		return -ENOENT;
	if (len == 0)
		return 0;
	pa = fdt_address_cells(fdt, grand);
	for (int i = 0; i + ca + pa + cs <= len / 4; i += ca + pa + cs) {
		uint64_t child, up, size;

		if (fdt_cells(fdt, parent, "ranges", i, ca, &child) ||
		    fdt_cells(fdt, parent, "ranges", i + ca, pa, &up) ||
		    fdt_cells(fdt, parent, "ranges", i + ca + pa, cs, &size))
			return -ENOENT;
		if (*addr >= child && *addr - child < size) {
			*addr = up + (*addr - child);
			return 0;
		}
	}
	return -ENOENT;
}

int fdt_reg(const void *fdt, int node, int idx, struct board_range *r)
{
	int parent = fdt_parent_offset(fdt, node);
	int ca = fdt_address_cells(fdt, parent);
	int cs = fdt_size_cells(fdt, parent);
	uint64_t base, size;

	if (parent < 0 || ca < 0 || cs < 0 ||
	    fdt_cells(fdt, node, "reg", idx * (ca + cs), ca, &base) ||
	    fdt_cells(fdt, node, "reg", idx * (ca + cs) + ca, cs, &size))
		return -ENOENT;
	for (int depth = 0; parent > 0; depth++) {
		if (depth == MAX_DEPTH || translate(fdt, parent, &base))
			return -ENOENT;
		parent = fdt_parent_offset(fdt, parent);
	}
	r->base = PA(base);
	r->size = size;
	return 0;
}

/* interrupt-parent of a node is its own or the nearest ancestor's. */
static int interrupt_parent(const void *fdt, int node)
{
	for (int depth = 0; node >= 0 && depth < MAX_DEPTH; depth++) {
		uint64_t phandle;

		if (fdt_cells(fdt, node, "interrupt-parent", 0, 1, &phandle) == 0)
			return fdt_node_offset_by_phandle(fdt, (uint32_t)phandle);
		node = fdt_parent_offset(fdt, node);
	}
	return -ENOENT;
}

int fdt_gic_intid(const void *fdt, int node, int idx, uint32_t *intid)
{
	uint64_t cells, kind, nr;
	int gic = interrupt_parent(fdt, node);

	*intid = 0;
	if (gic < 0)
		gic = node;                  /* the GIC itself, at the root */
	if (fdt_cells(fdt, gic, "#interrupt-cells", 0, 1, &cells) || cells < 3 || cells > 4 ||
	    fdt_cells(fdt, node, "interrupts", idx * (int)cells, 1, &kind) ||
	    fdt_cells(fdt, node, "interrupts", idx * (int)cells + 1, 1, &nr) || nr > 987)
		return -ENOENT;
	*intid = (uint32_t)nr + (kind == 1 ? 16 : 32);
	return 0;
}

int fdt_stdout_node(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "stdout-path", NULL);
	const char *colon;
	int len;

	if (!path)
		return -ENOENT;
	colon = strchr(path, ':');           /* options such as ":115200n8" */
	len = colon ? (int)(colon - path) : (int)strlen(path);
	if (path[0] != '/') {
		/* libfdt would go round for ever after an alias that names itself. */
		path = fdt_get_alias_namelen(fdt, path, len);
		if (!path || path[0] != '/')
			return -ENOENT;
		len = (int)strlen(path);
	}
	return fdt_path_offset_namelen(fdt, path, len);
}
