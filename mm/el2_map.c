/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/el2_map.h"

#include <errno.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/hyp_ptr.h>
#include <arch/mmu.h>
#include "core/lib/bits.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/plan.h"
#include "mm/window.h"

#define VA_BITS    48
#define ROOT_INDEX(va) (((va) >> 39) & (PGTABLE_ENTRIES - 1))

/*
 * Table pages are taken from a reserve of mapped pages, filled before an
 * operation needs them: mapping a new page of the heap may itself need tables,
 * and must not have to ask the heap. One range of at most HYP_ALLOC_MAX_PAGES
 * needs no more than RESERVE_MIN.
 */
#define RESERVE_MIN 6
#define RESERVE_MAX 32

static struct {
	struct spinlock lock;              /* rank 65, docs/locking.md           */
	/* under lock */
	struct pgtable pt;                 /* its root is pCPU 0's               */
	pa_t root[MAX_PCPUS];
	pa_t reserve[2];                   /* lists through the pages' first word: of
	                                    * frames, and of the arena, which go first */
	uint32_t nr_reserve;
	bool use_frames;                   /* the reserve can be filled          */
} el2;

/* ---- the reserve of table pages ---- */

static void reserve_push(pa_t page)
{
	uint64_t *p = hyp_va(page);
	pa_t *list = &el2.reserve[arch_ptr_to_va(p).v < PHYSMAP_VA];

	*p = list->v;
	*list = page;
	el2.nr_reserve++;
}

/* A zeroed page of a list that is not empty. */
static pa_t reserve_pop_from(pa_t *list)
{
	pa_t page = *list;
	uint64_t *p = hyp_va(page);

	*list = PA(*p);
	el2.nr_reserve--;
	*p = 0;
	return page;
}

static int reserve_pop(pa_t *page)
{
	if (!el2.nr_reserve)
		return -ENOMEM;
	*page = reserve_pop_from(&el2.reserve[el2.reserve[1].v != 0]);
	return 0;
}

static int table_alloc(void *ctx, pa_t *table)
{
	(void)ctx;
	return reserve_pop(table);
}

static void table_free(void *ctx, pa_t table)
{
	(void)ctx;
	/* Only the link to the next dead table is in it. */
	reserve_push(table);
}

static void invalidate(void *ctx, uint64_t addr, uint64_t size, uint64_t step)
{
	(void)ctx;
	if (size / step > 64) {
		arch_tlb_el2_all();
		return;
	}
	for (uint64_t a = 0; a < size; a += step)
		arch_tlb_el2_va(VA(addr + a));
}

static const struct pgtable_ops el2_ops = { table_alloc, table_free, invalidate };

static int map_physmap_locked(pa_t pa, uint64_t size)
{
	return pgtable_map(&el2.pt, PHYSMAP_VA + pa.v, pa, size, EL2_RW);
}

static int reserve_add_locked(void)
{
	pa_t page;
	int err = frames_alloc(OWNER_HYP, 0, &page);

	if (err)
		return err;
	err = map_physmap_locked(page, PAGE_SIZE);
	if (err) {
		frames_free(OWNER_HYP, page, 0);
		return err;
	}
	reserve_push(page);
	return 0;
}

/* See to it that nr tables, and what it takes to get more, are there. */
static int reserve_fill_locked(uint32_t nr)
{
	int err = 0;

	if (!el2.use_frames)
		return el2.nr_reserve >= nr ? 0 : -ENOMEM;
	while (!err && el2.nr_reserve < nr + RESERVE_MIN)
		err = reserve_add_locked();
	return err;
}

/*
 * Give back what is too much, and the tables that mapped it; the pages of the arena, in the
 * image, stay.
 */
static void reserve_trim_locked(void)
{
	while (el2.nr_reserve > RESERVE_MAX && el2.reserve[0].v) {
		pa_t page = reserve_pop_from(&el2.reserve[0]);

		pgtable_unmap(&el2.pt, PHYSMAP_VA + page.v, PAGE_SIZE);
		frames_free(OWNER_HYP, page, 0);
	}
}

/* ---- ranges ---- */

/* The most tables that mapping a range can need below the pinned ones. */
static uint32_t tables_for(uint64_t va, uint64_t pa, uint64_t size)
{
	uint64_t last = va + (size - 1);
	uint64_t l3 = (last >> 21) - (va >> 21) + 1;

	/* Where blocks of 2 MiB fit, only the ends need tables of pages. */
	if (is_aligned(va ^ pa, pgtable_level_size(2)))
		l3 = MIN(l3, 2);
	return (uint32_t)((last >> 30) - (va >> 30) + 1 + l3);
}

static int map_locked(uint64_t va, pa_t pa, uint64_t size, uint64_t attr)
{
	int err = reserve_fill_locked(tables_for(va, pa.v, size));

	return err ? err : pgtable_map(&el2.pt, va, pa, size, attr);
}

int el2_map_range(va_t va, pa_t pa, uint64_t size, uint64_t attr)
{
	uint64_t flags = spin_lock_irqsave(&el2.lock);
	int err = map_locked(va.v, pa, size, attr);

	spin_unlock_irqrestore(&el2.lock, flags);
	return err;
}

/* Whole leaves as they were mapped: nothing is split, so it cannot fail. */
void el2_unmap_range(va_t va, uint64_t size)
{
	uint64_t flags = spin_lock_irqsave(&el2.lock);
	int err = pgtable_unmap(&el2.pt, va.v, size);

	reserve_trim_locked();
	spin_unlock_irqrestore(&el2.lock, flags);
	BUG_ON(err);
}

int el2_map_physmap(pa_t pa, uint64_t size)
{
	return el2_map_range(VA(PHYSMAP_VA + pa.v), pa, size, EL2_RW);
}

void el2_unmap_physmap(pa_t pa, uint64_t size)
{
	el2_unmap_range(VA(PHYSMAP_VA + pa.v), size);
}

int el2_map_lookup(va_t va, struct pgtable_leaf *leaf)
{
	uint64_t flags = spin_lock_irqsave(&el2.lock);
	int err = pgtable_lookup(&el2.pt, va.v, leaf);

	spin_unlock_irqrestore(&el2.lock, flags);
	return err;
}

unsigned int el2_map_path(va_t va, pa_t path[PGTABLE_LEVELS])
{
	uint64_t flags = spin_lock_irqsave(&el2.lock);
	unsigned int nr = pgtable_path(&el2.pt, va.v, path);

	spin_unlock_irqrestore(&el2.lock, flags);
	return nr;
}

/* ---- a root and windows for each pCPU ---- */

static void link(uint64_t *entry, pa_t table)
{
	arch_pte_write(entry, table.v | PTE_TABLE | PTE_VALID);
}

/*
 * Root entries are made once, before the second pCPU's root, and never change:
 * the copies stay equal. Only the windows hang from a different table.
 */
static void cpu_tables(uint32_t cpu_idx, const pa_t page[4])
{
	uint64_t *root = hyp_va(page[0]), *l1 = hyp_va(page[1]), *l2 = hyp_va(page[2]);

	if (cpu_idx != 0)
		memcpy(root, hyp_va(el2.root[0]), PAGE_SIZE);
	root[ROOT_INDEX(HYP_WINDOW_VA)] = 0;
	link(&l2[0], page[3]);
	link(&l1[0], page[2]);
	link(&root[ROOT_INDEX(HYP_WINDOW_VA)], page[1]);
	window_cpu_init(cpu_idx, hyp_va(page[3]), &l2[1]);
	el2.root[cpu_idx] = page[0];
}

int el2_map_cpu_init(uint32_t cpu_idx)
{
	pa_t page[4];
	void *p;

	if (cpu_idx == 0 || cpu_idx >= MAX_PCPUS || el2.root[cpu_idx].v)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++) {
		if (hyp_alloc_pages(1, &p)) {
			while (i-- > 0)
				hyp_free_pages(hyp_va(page[i]), 1);
			return -ENOMEM;
		}
		page[i] = hyp_pa(p);
	}
	cpu_tables(cpu_idx, page);
	return 0;
}

pa_t el2_map_root(uint32_t cpu_idx)
{
	return cpu_idx < MAX_PCPUS ? el2.root[cpu_idx] : PA(0);
}

/* ---- the beginning ---- */

static int map_section(const struct mm_boot *b, const struct mm_section *s, uint64_t attr)
{
	pa_t pa = pa_add(b->image_pa, s->start.v - HYP_IMAGE_VA);

	if (s->start.v == s->end.v)
		return 0;
	return map_locked(s->start.v, pa, s->end.v - s->start.v, attr);
}

/* The level-1 tables of all physmap entries that RAM needs, so the roots are final. */
static int link_physmap(const struct mm_plan *plan)
{
	uint64_t *root = hyp_va(el2.root[0]);

	for (uint32_t i = 0; i < plan->nr_zones; i++) {
		const struct board_range *z = &plan->zone[i];
		uint64_t last = PHYSMAP_VA + z->base.v + (z->size - 1);
		unsigned int k = ROOT_INDEX(PHYSMAP_VA + z->base.v);

		for (; k <= ROOT_INDEX(last); k++) {
			pa_t table;

			if (root[k] & PTE_VALID)
				continue;
			if (reserve_pop(&table))
				return -ENOMEM;
			link(&root[k], table);
			el2.pt.nr_tables++;
		}
	}
	return 0;
}

static int map_image(const struct mm_boot *b)
{
	uint64_t targets = b->check_targets ? PTE_GP : 0;
	int err = map_section(b, &b->text, EL2_RX);

	if (!err)
		err = map_section(b, &b->checked, EL2_RX | targets);

	if (!err)
		err = map_section(b, &b->rodata, EL2_RO);
	return err ? err : map_section(b, &b->data, EL2_RW);
}

/* Zeroed pages for the root and windows of pCPU 0. */
static int first_tables(void)
{
	pa_t page[4];

	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		if (reserve_pop(&page[i]))
			return -ENOMEM;
	cpu_tables(0, page);
	el2.pt = (struct pgtable){
		.ops = &el2_ops, .root = page[0], .start_level = 0, .nr_roots = 1,
		.in_bits = VA_BITS, .out_bits = 48, .max_leaf_level = 2, .pinned_level = 1,
		.soft_mask = PTE_RO | PTE_XN,
	};
	return 0;
}

int el2_map_init(const struct mm_boot *b, const struct mm_plan *plan)
{
	int err;

	memset(&el2, 0, sizeof(el2));
	for (uint32_t i = b->arena_pages; i-- > 0;)
		reserve_push(pa_add(b->image_pa, b->arena.v - HYP_IMAGE_VA + i * PAGE_SIZE));
	err = first_tables();
	if (!err)
		err = link_physmap(plan);
	if (!err)
		err = map_image(b);
	return err ? err : map_physmap_locked(plan->table.base, plan->table.size);
}

int el2_map_use_frames(void)
{
	uint64_t flags = spin_lock_irqsave(&el2.lock);
	int err;

	el2.use_frames = true;
	err = el2.nr_reserve < RESERVE_MIN ? -ENOMEM : reserve_fill_locked(0);
	spin_unlock_irqrestore(&el2.lock, flags);
	return err;
}

/* ---- what pages allow ---- */

bool el2_attr_writable(uint64_t attr)
{
	return !(attr & PTE_RO);
}

bool el2_attr_executable(uint64_t attr)
{
	return !(attr & PTE_XN);
}

bool el2_attr_device(uint64_t attr)
{
	return (attr & PTE_ATTR_INDX) == (PTE_ATTR_DEVICE & PTE_ATTR_INDX);
}

int el2_map_check_wx(va_t *where)
{
	struct pgtable_leaf leaf;

	for (uint64_t va = 0; el2_map_lookup(VA(va), &leaf) == 0; va = leaf.base + leaf.size) {
		if (leaf.mapped && el2_attr_writable(leaf.attr) &&
		    el2_attr_executable(leaf.attr)) {
			*where = VA(va);
			return -EPERM;
		}
	}
	return 0;
}
