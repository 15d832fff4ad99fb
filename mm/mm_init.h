/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory management from nothing, in two steps with the change of tables
 * between them. Called once, by the boot pCPU alone (docs/memory.md):
 *
 *	mm_early_init(&boot);              final EL2 tables, not yet in use
 *	el2_map_io(uart...); el2_map_blob(board tree, bundle...);
 *	arch_el2_switch_tables(el2_map_root(0));
 *	mm_late_init();                    frames, heap: everything works now
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/board.h"
#include "core/lib/types.h"

#define MM_MAX_KEEP 8
#define MM_ARENA_PAGES_MIN 24

/* A part of the image: page aligned at both ends, at its link address. */
struct mm_section {
	va_t start;
	va_t end;
};

struct mm_boot {
	const struct board *board;         /* mem[], reserved[]; must stay           */
	pa_t image_pa;                     /* of HYP_IMAGE_VA; 4 KiB aligned         */
	uint64_t image_size;               /* with .bss; rounded up to pages         */
	struct mm_section text;            /* read and execute                       */
	struct mm_section checked;         /* the same, with landing pads; may be empty */
	bool check_targets;                /* and the CPU can check them             */
	struct mm_section rodata;          /* read                                   */
	struct mm_section data;            /* data and .bss: read and write          */
	/* RAM that is in use and stays: the board tree, the bundle; rounded outwards */
	struct board_range keep[MM_MAX_KEEP];
	uint32_t nr_keep;
	/* zeroed pages inside data, at least MM_ARENA_PAGES_MIN, for the first tables */
	va_t arena;                        /* 4 KiB aligned                          */
	uint32_t arena_pages;
};

/**
 * mm_early_init() - plan the frame table, build the final EL2 tables
 * @b: copied; sections that are not mapped by it stay unmapped
 *
 * The tables map the image by section, the frame table's memory in the
 * physmap, and pCPU 0's windows.
 *
 * Return: 0; -EINVAL sections, arena or banks make no sense; -ENOMEM no bank
 *         has room for the frame table, or the arena is too small.
 */
int mm_early_init(const struct mm_boot *b);

/**
 * mm_late_init() - fill the frame table, open the heap
 *
 * The tables of el2_map_root(0) are in use.
 *
 * Return: 0; -ENOMEM.
 */
int mm_late_init(void);
