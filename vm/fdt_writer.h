/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfdt's editing functions as a writer, with one error for all calls: check it at
 * the end. What is written comes in front of what is there, so subnodes appear
 * in the reverse order.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FW_MAX_DEPTH 4

struct fdt_writer {
	void *fdt;
	int err;                 /* the first libfdt error, else 0               */
	int depth;
	int node[FW_MAX_DEPTH];  /* offsets of the open nodes, the root first    */
	uint32_t phandles;       /* added to the numbers of phandles: for users  */
};

/* Go on with a tree of size bytes at most, copied to buf from a sound one. */
void fw_open(struct fdt_writer *w, const void *dtb, void *buf, size_t size);
/* Returns total size or a negative libfdt error. */
int  fw_close(struct fdt_writer *w);

/* Open the subnode of this name, made if it is missing; at most FW_MAX_DEPTH - 1 deep. */
void fw_node(struct fdt_writer *w, const char *name);
/* A node named name@addr. */
void fw_node_at(struct fdt_writer *w, const char *name, uint64_t addr);
void fw_end(struct fdt_writer *w);

/* The offset of the node that is open. */
static inline int fw_offset(const struct fdt_writer *w)
{
	return w->node[w->depth];
}

/* Properties of the node that is open; one that is there is replaced. */
void fw_empty(struct fdt_writer *w, const char *prop);
void fw_u32(struct fdt_writer *w, const char *prop, uint32_t v);
void fw_u64(struct fdt_writer *w, const char *prop, uint64_t v);
void fw_bytes(struct fdt_writer *w, const char *prop, const void *data, size_t len);
void fw_string(struct fdt_writer *w, const char *prop, const char *s);
/* A literal with NULs between the strings; the last one is the compiler's. */
#define fw_strings(w, prop, lit) fw_bytes(w, prop, lit, sizeof(lit))
/* Cells, host order in, at most FW_MAX_CELLS. */
#define FW_MAX_CELLS 16
void fw_cells(struct fdt_writer *w, const char *prop, const uint32_t *cells, size_t nr);
/* "reg" of na (1, 2) and ns (0 to 2) cells; an error if a number does not fit. */
void fw_reg(struct fdt_writer *w, uint64_t base, int na, uint64_t size, int ns);
/* Delete a property; that it is not there is no error. */
void fw_drop(struct fdt_writer *w, const char *prop);
