/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the board's memory looks like before there is an allocator: the zones
 * of RAM, who has what from the start, and where the frame table goes. Pure.
 */
#pragma once

#include <stdint.h>

#include "core/board.h"
#include "mm/mm_init.h"

/* image, keep[], frame table */
#define PLAN_MAX_HYP (MM_MAX_KEEP + 2)

struct mm_plan {
	/* RAM in whole pages, sorted, no two touch */
	struct board_range zone[BOARD_MAX_RANGES];
	uint32_t nr_zones;
	/* widened to whole pages; may overlap and lie outside of RAM */
	struct board_range hyp[PLAN_MAX_HYP];
	uint32_t nr_hyp;
	struct board_range reserved[BOARD_MAX_RANGES];
	uint32_t nr_reserved;
	struct board_range table;          /* the frame table; also one of hyp[] */
};

/**
 * mm_plan_make() - zones and ranges from the board's description
 * @pa_bits: RAM beyond it is left out
 *
 * Return: 0; -EINVAL no RAM, or a range of @b wraps.
 */
int mm_plan_make(struct mm_plan *plan, const struct mm_boot *b, unsigned int pa_bits);

/**
 * mm_plan_place() - find room for the frame table in RAM that nobody has
 * @size: bytes, multiple of 4 KiB; aligned to 2 MiB if it is as large
 *
 * Return: 0 with plan->table set and added to hyp[]; -ENOMEM.
 */
int mm_plan_place(struct mm_plan *plan, uint64_t size);
