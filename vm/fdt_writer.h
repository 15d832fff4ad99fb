/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device tree written from its beginning to its end, with one error for all calls: check
 * it at the end. Nothing that was written is moved, so all properties of a node come before
 * its subnodes, and each once. Parts of another tree can be copied as they are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FW_MAX_DEPTH 4
#define FW_NAMES     32

struct fdt_writer {
	char *buf;
	const void *from;        /* the tree that parts are copied of, or NULL   */
	uint32_t size;
	uint32_t at;             /* where the structure goes on                  */
	uint32_t names;          /* bytes of names, at the end of the buffer     */
	uint32_t theirs;         /* of them, the other tree's                    */
	int err;                 /* the first negative errno, else 0             */
	int depth;               /* of nodes that are open                       */
	uint32_t phandles;       /* added to the numbers of phandles: for users  */
	uint32_t end[FW_NAMES];  /* names there were with this one               */
	const char *known[FW_NAMES];
};

/* Begin in size bytes at buf, 8-byte aligned; with the reservations of a sound tree, or NULL. */
void fw_open(struct fdt_writer *w, const void *from, void *buf, size_t size);
/* Total size; -ENOSPC; or what err was set to. */
int  fw_close(struct fdt_writer *w);

/* Open a subnode, at most FW_MAX_DEPTH deep with the root, whose name is "". */
void fw_node(struct fdt_writer *w, const char *name);
/* A node named name@addr. */
void fw_node_at(struct fdt_writer *w, const char *name, uint64_t addr);
void fw_end(struct fdt_writer *w);

/* What of w->from lies between two tags: properties, or nodes with all that is in them. */
void fw_copy(struct fdt_writer *w, const uint32_t *tag, const uint32_t *end);

/* Properties of the node that is open. The name is a literal, or stays where it is so long. */
void fw_empty(struct fdt_writer *w, const char *prop);
void fw_u32(struct fdt_writer *w, const char *prop, uint32_t v);
void fw_u64(struct fdt_writer *w, const char *prop, uint64_t v);
void fw_bytes(struct fdt_writer *w, const char *prop, const void *data, size_t len);
void fw_string(struct fdt_writer *w, const char *prop, const char *s);
/* A literal with NULs between the strings; the last one is the compiler's. */
#define fw_strings(w, prop, lit) fw_bytes(w, prop, lit, sizeof(lit))
/* Cells, host order in, at most FW_MAX_CELLS. */
#define FW_MAX_CELLS 24
void fw_cells(struct fdt_writer *w, const char *prop, const uint32_t *cells, size_t nr);
/* "reg" of na (1, 2) and ns (0 to 2) cells; an error if a number does not fit. */
void fw_reg(struct fdt_writer *w, uint64_t base, int na, uint64_t size, int ns);
