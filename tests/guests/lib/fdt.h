/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of flattened device trees, enough to look at the one the guest was given. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A node is the offset of its FDT_BEGIN_NODE in the structure block; negative: none. */
bool fdt_ok(const void *fdt);
uint32_t fdt_size(const void *fdt);

/**
 * fdt_next_node() - depth-first walk
 * @node:  the last one, or -1 to start with the root
 * @depth: updated; root is 0
 */
long fdt_next_node(const void *fdt, long node, int *depth);
const char *fdt_node_name(const void *fdt, long node);

/* First node whose path is the given one without unit addresses ("/cpus/cpu" finds cpu@0). */
long fdt_find(const void *fdt, const char *path);

/* First node after "from" (-1: from the root) with the string in its compatible list. */
long fdt_find_compatible(const void *fdt, long from, const char *compatible);

const void *fdt_prop(const void *fdt, long node, const char *name, uint32_t *len);
uint32_t fdt_u32(const void *prop, unsigned int cell);
uint64_t fdt_u64(const void *prop, unsigned int cell);
bool fdt_list_has(const void *prop, uint32_t len, const char *s);
