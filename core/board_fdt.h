/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one thing out of the board's device tree, bounds checked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/board.h"

/* status is absent, "okay" or "ok". */
bool fdt_node_enabled(const void *fdt, int node);

/* A number of nr 32-bit cells (1 or 2) at cell index first. 0 or -ENOENT. */
int fdt_cells(const void *fdt, int node, const char *prop, int first, int nr, uint64_t *v);

/* Entry idx of reg, translated through every parent's ranges. 0 or -ENOENT. */
int fdt_reg(const void *fdt, int node, int idx, struct board_range *r);

/*
 * INTID of entry idx of interrupts, in arm,gic-v3's form (three or four cells).
 * 0, or -ENOENT with *intid 0.
 */
int fdt_gic_intid(const void *fdt, int node, int idx, uint32_t *intid);

/* The node that /chosen stdout-path names, by path or alias; or negative. */
int fdt_stdout_node(const void *fdt);

/**
 * board_read_uart() - find the board's console; needs b->fdt only
 *
 * Return: 0; -ENOENT when the tree names none.
 */
int board_read_uart(struct board *b);

/**
 * board_init() - read everything else
 * @b:          b->fdt set, the tree checked with fdt_check_header()
 * @boot_mpidr: affinity of the calling pCPU
 *
 * Says on the log what is missing. Return: 0 or negative errno.
 */
int board_init(struct board *b, uint64_t boot_mpidr);
