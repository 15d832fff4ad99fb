/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one walker of 4 KiB-granule translation tables, for EL2 stage 1 and for
 * stage 2 alike. It knows levels, blocks and break-before-make; attributes are
 * descriptor bits that its callers compose. No recursion. The caller locks.
 * Spec: Arm ARM DDI 0487, "Translation table descriptor formats", "TLB
 * maintenance requirements" (break-before-make).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/types.h"

#define PGTABLE_LEVELS     4
#define PGTABLE_ENTRIES    512
#define PGTABLE_MAX_ROOTS  16              /* concatenated at the start level */

/* What a kind of table needs from outside. */
struct pgtable_ops {
	/* A zeroed page; 0 or -ENOMEM. */
	int (*alloc)(void *ctx, pa_t *table);
	/* Called only after invalidate() for whatever could walk through it. */
	void (*free)(void *ctx, pa_t table);
	/* Drop cached translations of [addr, addr + size), leaves of >= step bytes
	 * and intermediate levels; complete on all pCPUs on return. */
	void (*invalidate)(void *ctx, uint64_t addr, uint64_t size, uint64_t step);
};

struct pgtable {
	const struct pgtable_ops *ops;
	void *ctx;
	pa_t root;                         /* nr_roots pages, contiguous, aligned     */
	uint8_t start_level;               /* 0 or 1                                  */
	uint8_t nr_roots;
	uint8_t in_bits;                   /* of an input address: 31..48             */
	uint8_t out_bits;                  /* of an output address: at most 48        */
	uint8_t max_leaf_level;            /* coarsest leaf to use: 1 (1 GiB) or 2, 3 */
	uint8_t pinned_level;              /* tables up to this level stay when empty;
					      0: none                                 */
	uint64_t soft_mask;                /* attributes that may change in place     */
	uint32_t nr_tables;                /* pages in use, without the roots         */
};

struct pgtable_leaf {
	pa_t pa;                           /* of the address asked for                */
	uint64_t attr;                     /* descriptor without address, type bits   */
	uint64_t base;                     /* where the leaf, or the hole, begins     */
	uint64_t size;                     /* of the leaf, or of the hole             */
	unsigned int level;
	bool mapped;                       /* false: base and size tell the hole      */
};

/* Bytes that one entry of a level maps. */
static inline uint64_t pgtable_level_size(unsigned int level)
{
	return UINT64_C(1) << (39 - 9 * level);
}

/**
 * pgtable_geometry() - start level and roots for a stage-2 input size
 * @in_bits: 31..48
 * @level:   set to the start level: 1 up to 43 bits, else 0
 * @roots:   set to the number of concatenated root pages, 1..16
 */
void pgtable_geometry(unsigned int in_bits, unsigned int *level, unsigned int *roots);

/**
 * pgtable_map() - map a range that is not mapped
 * @pt:   table
 * @addr: first input address, 4 KiB aligned
 * @pa:   first output address, 4 KiB aligned
 * @size: bytes, non-zero multiple of 4 KiB
 * @attr: descriptor bits without address, valid and type bits
 *
 * Uses the largest leaves that addr, pa and size allow. Never replaces a live
 * entry, so it needs no break-before-make. Visible to all walkers on return.
 *
 * Return: 0; -EINVAL alignment, wrap, or beyond the input or output size;
 *         -EEXIST mapped in part; -ENOMEM. On error no leaf is changed.
 */
int pgtable_map(struct pgtable *pt, uint64_t addr, pa_t pa, uint64_t size, uint64_t attr);

/**
 * pgtable_unmap() - remove whatever a range maps
 * @addr: 4 KiB aligned
 * @size: non-zero multiple of 4 KiB
 *
 * Holes are skipped. Leaves that reach beyond the range are split first.
 * Translations are invalidated on all pCPUs, and after that the tables that
 * became empty are freed.
 *
 * Return: 0; -EINVAL; -ENOMEM for a split: then nothing is unmapped.
 */
int pgtable_unmap(struct pgtable *pt, uint64_t addr, uint64_t size);

/**
 * pgtable_protect() - give a mapped range other attributes
 * @addr, @size, @attr: as for pgtable_map()
 *
 * Attributes in soft_mask change in place, others by break-before-make.
 *
 * Return: 0; -EINVAL; -ENOENT a hole; -ENOMEM: nothing is changed.
 */
int pgtable_protect(struct pgtable *pt, uint64_t addr, uint64_t size, uint64_t attr);

/* What maps an address, or how large the hole is (at one level's entry). -EINVAL: out of range. */
int pgtable_lookup(const struct pgtable *pt, uint64_t addr, struct pgtable_leaf *leaf);

/*
 * The table pages passed on the way to addr, root page first; returns how many
 * (at most PGTABLE_LEVELS). For auditors.
 */
unsigned int pgtable_path(const struct pgtable *pt, uint64_t addr, pa_t path[PGTABLE_LEVELS]);
