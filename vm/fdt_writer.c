/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/fdt_writer.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

/* Do it unless something failed before. */
#define FW_DO(w, call) do { if (!(w)->err) (w)->err = (call); } while (0)

void fw_open(struct fdt_writer *w, void *buf, size_t size)
{
	w->fdt = buf;
	w->err = fdt_create(buf, (int)size);
	FW_DO(w, fdt_finish_reservemap(buf));
	fw_node(w, "");
}

int fw_close(struct fdt_writer *w)
{
	fw_end(w);
	FW_DO(w, fdt_finish(w->fdt));
	return w->err ? w->err : (int)fdt_totalsize(w->fdt);
}

void fw_node(struct fdt_writer *w, const char *name)
{
	FW_DO(w, fdt_begin_node(w->fdt, name));
}

void fw_node_at(struct fdt_writer *w, const char *name, uint64_t addr)
{
	char full[48];

	snprintf(full, sizeof(full), "%.24s@%llx", name, (unsigned long long)addr);
	fw_node(w, full);
}

void fw_end(struct fdt_writer *w)
{
	FW_DO(w, fdt_end_node(w->fdt));
}

void fw_bytes(struct fdt_writer *w, const char *prop, const void *data, size_t len)
{
	FW_DO(w, fdt_property(w->fdt, prop, data, (int)len));
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
