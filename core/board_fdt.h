/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one thing out of the board's device tree, bounds checked. A node is known by its place in
 * the tree, counted from the root, which is 0; a negative one is none. One walk through the tree
 * notes where they are, so that finding one, or the parent of one, takes none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/board.h"

#define BOARD_MAX_NODES 4096

/* Note the nodes of b->fdt, which is sound. 0, or -E2BIG: it has more than BOARD_MAX_NODES. */
int board_index(struct board *b);

const char *board_node_name(const struct board *b, int node);
/* The tag of a node; see core/fdt_sound.h. */
const uint32_t *board_node_tag(const struct board *b, int node);

/* The next node after the one given, -1 for the first, that is a child of another or compatible. */
int board_child(const struct board *b, int parent, int after);
int board_compatible(const struct board *b, int after, const char *compatible);

#define board_for_each_child(node, b, parent) \
	for (node = board_child(b, parent, parent); node >= 0; node = board_child(b, parent, node))

/* A node by its path from the root on, all of it or its first len characters: no aliases. */
int board_path(const struct board *b, const char *path);
int board_path_len(const struct board *b, const char *path, size_t len);
int board_by_phandle(const struct board *b, uint32_t phandle);

bool board_is(const struct board *b, int node, const char *compatible);

/* A property's value, in whole words, and its length; NULL: there is none. */
const void *board_prop(const struct board *b, int node, const char *name, int *len);

/* The first of a property's strings, or NULL: it has none that ends. */
const char *board_string(const struct board *b, int node, const char *name);

/* status is absent, "okay" or "ok". */
bool board_node_enabled(const struct board *b, int node);

/* A number of nr 32-bit cells (1 or 2) at cell index first. 0 or -ENOENT. */
int board_cells(const struct board *b, int node, const char *prop, int first, int nr,
		uint64_t *v);

/* Entry idx of reg, translated through every parent's ranges. 0 or -ENOENT. */
int board_reg(const struct board *b, int node, int idx, struct board_range *r);

/*
 * INTID of entry idx of interrupts, in arm,gic-v3's form (three or four cells).
 * 0, or -ENOENT with *intid 0.
 */
int board_intid(const struct board *b, int node, int idx, uint32_t *intid);

/* The node that /chosen stdout-path names, by path or alias; or negative. */
int board_stdout(const struct board *b);

/**
 * board_read_uart() - find the board's console; after board_index()
 *
 * Return: 0; -ENOENT when the tree names none.
 */
int board_read_uart(struct board *b);

/**
 * board_init() - read everything else
 * @b:          after board_index()
 * @boot_mpidr: affinity of the calling pCPU
 *
 * Says on the log what is missing. Return: 0 or negative errno.
 */
int board_init(struct board *b, uint64_t boot_mpidr);
