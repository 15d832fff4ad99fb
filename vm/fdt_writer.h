/* SPDX-License-Identifier: Apache-2.0 */
/* libfdt's sequential writer with one error for all calls: check it at the end. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fdt_writer {
	void *fdt;
	int err;                 /* the first libfdt error, else 0 */
};

void fw_open(struct fdt_writer *w, void *buf, size_t size);
/* Returns total size or a negative libfdt error. */
int  fw_close(struct fdt_writer *w);

void fw_node(struct fdt_writer *w, const char *name);
/* A node named name@addr. */
void fw_node_at(struct fdt_writer *w, const char *name, uint64_t addr);
void fw_end(struct fdt_writer *w);
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
