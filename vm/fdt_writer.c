/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/fdt_writer.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

void fw_open(struct fdt_writer *w, const void *dtb, void *buf, size_t size)
{
	*w = (struct fdt_writer){ .fdt = buf, .err = fdt_open_into(dtb, buf, (int)size) };
}

int fw_close(struct fdt_writer *w)
{
	if (!w->err)
		w->err = fdt_pack(w->fdt);
	return w->err ? w->err : (int)fdt_totalsize(w->fdt);
}

void fw_node(struct fdt_writer *w, const char *name)
{
	int node = w->err;

	if (!node)
		node = fdt_subnode_offset(w->fdt, fw_offset(w), name);
	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(w->fdt, fw_offset(w), name);
	if (node < 0)
		w->err = node;
	else
		w->node[++w->depth] = node;
}

void fw_node_at(struct fdt_writer *w, const char *name, uint64_t addr)
{
	char full[48];

	snprintf(full, sizeof(full), "%.24s@%llx", name, (unsigned long long)addr);
	fw_node(w, full);
}

void fw_end(struct fdt_writer *w)
{
	if (!w->err)
		w->depth--;
}

void fw_bytes(struct fdt_writer *w, const char *prop, const void *data, size_t len)
{
	if (!w->err)
		w->err = fdt_setprop(w->fdt, fw_offset(w), prop, data, (int)len);
}

void fw_empty(struct fdt_writer *w, const char *prop)
{
	fw_bytes(w, prop, NULL, 0);
}

void fw_string(struct fdt_writer *w, const char *prop, const char *s)
{
	fw_bytes(w, prop, s, strlen(s) + 1);
}

void fw_cells(struct fdt_writer *w, const char *prop, const uint32_t *cells, size_t nr)
{
	fdt32_t be[FW_MAX_CELLS];

	if (nr > FW_MAX_CELLS)
		nr = FW_MAX_CELLS;
	for (size_t i = 0; i < nr; i++)
		be[i] = cpu_to_fdt32(cells[i]);
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

	reg[na] = (uint32_t)(size >> 32);
	reg[na + (ns > 1)] = (uint32_t)size;
	if (!w->err && ((na < 2 && reg[0]) || (ns < 2 && size >> 32)))
		w->err = -FDT_ERR_BADVALUE;
	if (na < 2)
		reg[0] = (uint32_t)base;
	fw_cells(w, "reg", reg, (size_t)(na + ns));
}

void fw_drop(struct fdt_writer *w, const char *prop)
{
	int err = w->err ? 0 : fdt_delprop(w->fdt, fw_offset(w), prop);

	if (err && err != -FDT_ERR_NOTFOUND)
		w->err = err;
}
