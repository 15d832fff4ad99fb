/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/pgtable.h"

#include <errno.h>

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/regs_mmu.h>
#include "core/lib/bits.h"
#include "core/panic.h"
#include "mm/hyp_pool.h"

#define LAST_LEVEL 3
#define NOT_ATTR   (PTE_OA | PTE_VALID | PTE_TABLE)

_Static_assert(PTE_TABLE == PTE_PAGE, "bit 1: table above the last level, page on it");

/* Entries are read while other pCPUs' walkers, and nobody else, read them too. */
static uint64_t pte_read(const uint64_t *pte)
{
	return __atomic_load_n(pte, __ATOMIC_RELAXED);
}

static bool is_table(uint64_t desc, unsigned int level)
{
	return level < LAST_LEVEL && (desc & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static uint64_t leaf_desc(uint64_t pa, uint64_t attr, unsigned int level)
{
	return pa | attr | PTE_VALID | (level == LAST_LEVEL ? PTE_PAGE : 0);
}

static uint64_t *table_of(uint64_t desc)
{
	return hyp_va(PA(desc & PTE_OA));
}

static unsigned int index_of(uint64_t addr, unsigned int level)
{
	return (addr / pgtable_level_size(level)) & (PGTABLE_ENTRIES - 1);
}

/* Concatenated roots are one long array: the index is not cut to 9 bits. */
static uint64_t *root_entry(const struct pgtable *pt, uint64_t addr)
{
	return (uint64_t *)hyp_va(pt->root) + addr / pgtable_level_size(pt->start_level);
}

/* Walk towards to_level; ends early where there is no table. *level: how far. */
static uint64_t *descend(const struct pgtable *pt, uint64_t addr, unsigned int to_level,
			 unsigned int *level)
{
	uint64_t *pte = root_entry(pt, addr);

	*level = pt->start_level;
	while (*level < to_level && is_table(pte_read(pte), *level)) {
		uint64_t *table = table_of(pte_read(pte));

		++*level;
		pte = &table[index_of(addr, *level)];
	}
	return pte;
}

static int check_range(const struct pgtable *pt, uint64_t addr, uint64_t size)
{
	uint64_t limit = UINT64_C(1) << pt->in_bits;

	if (((addr | size) & PAGE_MASK) || size == 0 || addr >= limit || size > limit - addr)
		return -EINVAL;
	return 0;
}

void pgtable_geometry(unsigned int in_bits, unsigned int *level, unsigned int *roots)
{
	/* Level 1 resolves 39 bits, and 4 more by 16 tables side by side. */
	*level = in_bits <= 43 ? 1 : 0;
	*roots = *level == 1 && in_bits > 39 ? 1u << (in_bits - 39) : 1;
}

int pgtable_lookup(const struct pgtable *pt, uint64_t addr, struct pgtable_leaf *leaf)
{
	uint64_t desc;

	if (addr >> pt->in_bits)
		return -EINVAL;
	desc = pte_read(descend(pt, addr, LAST_LEVEL, &leaf->level));
	leaf->size = pgtable_level_size(leaf->level);
	leaf->base = align_down(addr, leaf->size);
	leaf->mapped = desc & PTE_VALID;
	leaf->pa = PA((desc & PTE_OA) + (addr - leaf->base));
	leaf->attr = desc & ~NOT_ATTR;
	return 0;
}

unsigned int pgtable_path(const struct pgtable *pt, uint64_t addr, pa_t path[PGTABLE_LEVELS])
{
	unsigned int nr = 1, level = pt->start_level;
	uint64_t *pte = root_entry(pt, addr);

	path[0] = pa_add(pt->root, align_down(addr / pgtable_level_size(level) * 8, PAGE_SIZE));
	for (; is_table(pte_read(pte), level); nr++) {
		uint64_t desc = pte_read(pte);

		path[nr] = PA(desc & PTE_OA);
		pte = &table_of(desc)[index_of(addr, ++level)];
	}
	return nr;
}

/* Is there a leaf, or is there a hole, in a range? */
static bool range_has(const struct pgtable *pt, uint64_t addr, uint64_t size, bool mapped)
{
	uint64_t end = addr + size;

	while (addr < end) {
		unsigned int level, i;
		const uint64_t *pte = descend(pt, addr, LAST_LEVEL, &level);
		uint64_t step = pgtable_level_size(level);

		/* To the end of the table, or where there is one below it. */
		i = index_of(addr, level);
		do {
			if ((pte_read(pte++) & PTE_VALID) == mapped)
				return true;
			addr = align_down(addr, step) + step;
		} while (addr < end && ++i < PGTABLE_ENTRIES && !is_table(pte_read(pte), level));
	}
	return false;
}

/* ---- map ---- */

static int link_table(struct pgtable *pt, uint64_t *pte)
{
	pa_t table;
	int err = pt->ops->alloc(pt->ctx, &table);

	if (err)
		return err;
	/* A walker that sees the link must see the zeroes behind it. */
	arch_dsb_ishst();
	arch_pte_write(pte, table.v | PTE_TABLE | PTE_VALID);
	pt->nr_tables++;
	return 0;
}

/* The coarsest level at which one leaf fits. */
static unsigned int leaf_level(const struct pgtable *pt, uint64_t addr, uint64_t pa, uint64_t size)
{
	unsigned int level = MAX(pt->max_leaf_level, 1);

	/*@ loop invariant 1 <= level <= LAST_LEVEL && pt->max_leaf_level <= level;
	  @ loop assigns level;
	  @ loop variant LAST_LEVEL - level;
	  @*/
	while (level < LAST_LEVEL &&
	       (!is_aligned(addr | pa, pgtable_level_size(level)) ||
		size < pgtable_level_size(level)))
		level++;
	return level;
}

/* As many entries as the table has from addr on, or as the range needs. */
static uint64_t run_length(uint64_t addr, uint64_t size, unsigned int level)
{
	uint64_t in_range = size / pgtable_level_size(level);
	uint64_t in_table = PGTABLE_ENTRIES - index_of(addr, level);

	return MIN(in_range, in_table);
}

/* Fill entries of one table, as many as the range and the table have; *done bytes. */
static int map_run(struct pgtable *pt, uint64_t addr, uint64_t pa, uint64_t size, uint64_t attr,
		   uint64_t *done)
{
	unsigned int to_level = leaf_level(pt, addr, pa, size), level;
	uint64_t step = pgtable_level_size(to_level), nr, desc;
	uint64_t *pte = descend(pt, addr, to_level, &level);

	while (level < to_level) {
		int err = link_table(pt, pte);

		if (err)
			return err;
		pte = descend(pt, addr, to_level, &level);
	}
	nr = run_length(addr, size, level);
	*done = nr * step;
	for (desc = leaf_desc(pa, attr, level); nr; nr--, desc += step) {
		/* The range was empty, and empty tables do not stay. */
		BUG_ON(pte_read(pte) & PTE_VALID);
		arch_pte_write_relaxed(pte++, desc);
	}
	return 0;
}

static void unmap_range(struct pgtable *pt, uint64_t addr, uint64_t size);

int pgtable_map(struct pgtable *pt, uint64_t addr, pa_t pa, uint64_t size, uint64_t attr)
{
	uint64_t out_limit = UINT64_C(1) << pt->out_bits;
	uint64_t done, at;
	int err = check_range(pt, addr, size);

	if (err || (pa.v & PAGE_MASK) || pa.v >= out_limit || size > out_limit - pa.v ||
	    (attr & NOT_ATTR))
		return -EINVAL;
	if (range_has(pt, addr, size, true))
		return -EEXIST;
	for (at = 0; at < size; at += done) {
		err = map_run(pt, addr + at, pa.v + at, size - at, attr, &done);
		if (err) {
			unmap_range(pt, addr, size);
			return err;
		}
	}
	arch_dsb_ishst();
	arch_isb();
	return 0;
}

/* ---- split ---- */

/* Replace a block by a table of leaves one level finer that map the same. */
static int split_block(struct pgtable *pt, uint64_t *pte, const struct pgtable_leaf *leaf)
{
	uint64_t step = pgtable_level_size(leaf->level + 1);
	uint64_t out = pte_read(pte) & PTE_OA;
	uint64_t *finer;
	pa_t table;
	int err = pt->ops->alloc(pt->ctx, &table);

	if (err)
		return err;
	finer = hyp_va(table);
	for (unsigned int i = 0; i < PGTABLE_ENTRIES; i++)
		arch_pte_write_relaxed(&finer[i],
				       leaf_desc(out + i * step, leaf->attr, leaf->level + 1));
	/* Break before make: the TLBs may not hold both sizes at once. */
	arch_pte_write(pte, 0);
	pt->ops->invalidate(pt->ctx, leaf->base, leaf->size, leaf->size);
	arch_pte_write(pte, table.v | PTE_TABLE | PTE_VALID);
	pt->nr_tables++;
	return 0;
}

/* Make addr a border between leaves. */
static int split_at(struct pgtable *pt, uint64_t addr)
{
	struct pgtable_leaf leaf;
	unsigned int level;

	/* The end of the last leaf of all is a border, and out of range. */
	while (pgtable_lookup(pt, addr, &leaf) == 0 && leaf.mapped && leaf.base != addr) {
		int err = split_block(pt, descend(pt, addr, leaf.level, &level), &leaf);

		if (err)
			return err;
	}
	return 0;
}

static int split_ends(struct pgtable *pt, uint64_t addr, uint64_t size)
{
	int err = split_at(pt, addr);

	return err ? err : split_at(pt, addr + size);
}

/* ---- unmap ---- */

/* Clear the leaves of a range; the size of the smallest, 0 if there was none. */
static uint64_t clear_leaves(struct pgtable *pt, uint64_t addr, uint64_t end)
{
	uint64_t step = 0;
	unsigned int level;

	while (addr < end) {
		uint64_t *pte = descend(pt, addr, LAST_LEVEL, &level);
		uint64_t size = pgtable_level_size(level);

		if (pte_read(pte) & PTE_VALID) {
			arch_pte_write_relaxed(pte, 0);
			step = step ? MIN(step, size) : size;
		}
		addr = align_down(addr, size) + size;
	}
	return step;
}

static bool table_empty(const uint64_t *table)
{
	for (unsigned int i = 0; i < PGTABLE_ENTRIES; i++)
		if (pte_read(&table[i]) & PTE_VALID)
			return false;
	return true;
}

/*
 * Unlink the tables that hang from entries of one level and are empty. They go
 * on a list kept in their own first entry: an aligned address has bit 0 clear,
 * so a walker that still comes by sees an invalid descriptor.
 */
static void unlink_empty(struct pgtable *pt, uint64_t addr, uint64_t end, unsigned int at_level,
			 pa_t *dead)
{
	unsigned int level;

	while (addr < end) {
		uint64_t *pte = descend(pt, addr, at_level, &level);
		uint64_t desc = pte_read(pte);
		uint64_t size = pgtable_level_size(level);

		if (level == at_level && is_table(desc, level) && table_empty(table_of(desc))) {
			arch_pte_write_relaxed(pte, 0);
			arch_pte_write_relaxed(table_of(desc), dead->v);
			*dead = PA(desc & PTE_OA);
			pt->nr_tables--;
		}
		addr = align_down(addr, size) + size;
	}
}

static void free_list(struct pgtable *pt, pa_t dead)
{
	while (dead.v) {
		pa_t next = PA(pte_read(hyp_va(dead)));

		pt->ops->free(pt->ctx, dead);
		dead = next;
	}
}

/* The range has borders at both ends. */
static void unmap_range(struct pgtable *pt, uint64_t addr, uint64_t size)
{
	uint64_t end = addr + size;
	uint64_t step = clear_leaves(pt, addr, end);
	int first = MAX(pt->start_level, pt->pinned_level);
	pa_t dead = PA(0);

	for (int level = LAST_LEVEL - 1; level >= first; level--)
		unlink_empty(pt, addr, end, (unsigned int)level, &dead);
	if (!step && !dead.v)
		return;
	arch_dsb_ishst();
	/* Without a leaf the range was walked through tables that are gone now. */
	pt->ops->invalidate(pt->ctx, addr, size, step ? step : PAGE_SIZE);
	free_list(pt, dead);
}

int pgtable_unmap(struct pgtable *pt, uint64_t addr, uint64_t size)
{
	int err = check_range(pt, addr, size);

	if (!err)
		err = split_ends(pt, addr, size);
	if (!err)
		unmap_range(pt, addr, size);
	return err;
}

/* ---- protect ---- */

static void protect_leaf(struct pgtable *pt, uint64_t *pte, const struct pgtable_leaf *leaf,
			 uint64_t attr)
{
	uint64_t new = leaf_desc(leaf->pa.v, attr, leaf->level);

	if ((leaf->attr ^ attr) & ~pt->soft_mask) {
		arch_pte_write(pte, 0);
		pt->ops->invalidate(pt->ctx, leaf->base, leaf->size, leaf->size);
	}
	arch_pte_write_relaxed(pte, new);
}

int pgtable_protect(struct pgtable *pt, uint64_t addr, uint64_t size, uint64_t attr)
{
	uint64_t step = pgtable_level_size(1);
	struct pgtable_leaf leaf;
	unsigned int level;
	int err = check_range(pt, addr, size);

	if (err || (attr & NOT_ATTR))
		return -EINVAL;
	if (range_has(pt, addr, size, false))
		return -ENOENT;
	err = split_ends(pt, addr, size);
	if (err)
		return err;
	for (uint64_t at = addr; at < addr + size; at += leaf.size) {
		pgtable_lookup(pt, at, &leaf);
		protect_leaf(pt, descend(pt, at, leaf.level, &level), &leaf, attr);
		step = MIN(step, leaf.size);
	}
	arch_dsb_ishst();
	pt->ops->invalidate(pt->ctx, addr, size, step);
	return 0;
}
