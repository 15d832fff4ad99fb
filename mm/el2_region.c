/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of EL2's address space that are handed out: devices, blobs, stacks. */
#include <errno.h>
#include <string.h>

#include <arch/layout.h>
#include "core/lib/bits.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "mm/el2_map.h"
#include "mm/el2_region.h"
#include "mm/frames.h"

#define MAX_IO_SIZE    UINT64_C(0x10000000)
#define BLOCK_2M       UINT64_C(0x200000)
#define MAX_STACK_SIZE UINT64_C(0x100000)
/* Stacks and their guard pages: 64 MiB of addresses. */
#define VMAP_PAGES     16384u

static struct {
	struct spinlock lock;              /* rank 60, docs/locking.md            */
	/* under lock */
	uint64_t io_next, blob_next;       /* first address not handed out        */
	uint64_t vmap[VMAP_PAGES / 64];    /* pages in use, the guard below too   */
	uint64_t views[VMAP_PAGES / 64];   /* of these, a guest's                 */
} regions;

void el2_region_init(void)
{
	memset(&regions, 0, sizeof(regions));
	regions.io_next = HYP_IO_VA;
	regions.blob_next = HYP_BLOB_VA;
	/* The guard above the last stack is the end of the region. */
	regions.vmap[VMAP_PAGES / 64 - 1] = BIT(63);
}

/* Take addresses equal to pa modulo 2 MiB from a region that only grows. */
static int take_va(uint64_t *next, uint64_t end, pa_t pa, uint64_t size, va_t *va)
{
	uint64_t flags = spin_lock_irqsave(&regions.lock);
	uint64_t at = align_up(*next, BLOCK_2M) + (pa.v & (BLOCK_2M - 1));
	int err = -ENOSPC;

	if (at < end && size <= end - at) {
		/* One page at least stays unmapped before the next. */
		*next = at + size + PAGE_SIZE;
		*va = VA(at);
		err = 0;
	}
	spin_unlock_irqrestore(&regions.lock, flags);
	return err;
}

/* Whole pages around [pa, pa + size). */
static int widen(pa_t *pa, uint64_t *size)
{
	uint64_t end = pa->v + *size;

	if (range_bad(pa->v, *size) || end > UINT64_C(1) << 48)
		return -EINVAL;
	*pa = PA(align_down(pa->v, PAGE_SIZE));
	*size = align_up(end, PAGE_SIZE) - pa->v;
	return 0;
}

int el2_map_io(pa_t pa, uint64_t size, va_t *va)
{
	uint64_t in_page = pa.v & PAGE_MASK;
	int err = widen(&pa, &size);

	if (err || size > MAX_IO_SIZE)
		return -EINVAL;
	err = frames_device_claim(OWNER_HYP, pa, size);
	if (!err)
		err = take_va(&regions.io_next, HYP_VMAP_VA, pa, size, va);
	if (!err)
		err = el2_map_range(*va, pa, size, EL2_IO);
	if (!err)
		*va = va_add(*va, in_page);
	return err;
}

/* The addresses are not used again. */
void el2_unmap_io(pa_t pa, uint64_t size, va_t va)
{
	va = VA(align_down(va.v, PAGE_SIZE));
	if (widen(&pa, &size))
		return;
	el2_unmap_range(va, size);
	frames_device_release(OWNER_HYP, pa, size);
}

static bool range_is_hyp(pa_t pa, uint64_t size)
{
	for (uint64_t off = 0; off < size; off += PAGE_SIZE) {
		uint16_t owner = frames_owner(pa_add(pa, off));

		/* Before the frame table is filled nobody owns anything. */
		if (owner != OWNER_HYP && owner != OWNER_NONE)
			return false;
	}
	return true;
}

int el2_map_blob(pa_t pa, uint64_t size, va_t *va)
{
	uint64_t in_page = pa.v & PAGE_MASK;
	int err = widen(&pa, &size);

	if (!err && !range_is_hyp(pa, size))
		err = -EPERM;
	if (!err)
		err = take_va(&regions.blob_next, BOOT_SLOT_VA, pa, size, va);
	if (!err)
		err = el2_map_range(*va, pa, size, EL2_RO);
	if (!err)
		*va = va_add(*va, in_page);
	return err;
}

/* ---- stacks ---- */

static bool vmap_used(uint32_t page)
{
	return regions.vmap[page / 64] & BIT(page % 64);
}

static void vmap_mark(uint32_t first, uint32_t nr, bool used)
{
	for (uint32_t i = first; i < first + nr; i++) {
		if (used)
			regions.vmap[i / 64] |= BIT(i % 64);
		else
			regions.vmap[i / 64] &= ~BIT(i % 64);
	}
}

/* The first run of nr unused pages; with its guard each takes one more than it maps. */
static int vmap_take(uint32_t nr, uint32_t *first)
{
	uint64_t flags = spin_lock_irqsave(&regions.lock);
	uint32_t run = 0, i;

	for (i = 0; i < VMAP_PAGES && run < nr; i++)
		run = vmap_used(i) ? 0 : run + 1;
	if (run == nr) {
		*first = i - nr;
		vmap_mark(*first, nr, true);
	}
	spin_unlock_irqrestore(&regions.lock, flags);
	return run == nr ? 0 : -ENOSPC;
}

static void vmap_give(uint32_t first, uint32_t nr)
{
	uint64_t flags = spin_lock_irqsave(&regions.lock);

	vmap_mark(first, nr, false);
	spin_unlock_irqrestore(&regions.lock, flags);
}

static void unmap_stack_page(va_t va)
{
	struct pgtable_leaf leaf;

	BUG_ON(el2_map_lookup(va, &leaf) || !leaf.mapped || leaf.size != PAGE_SIZE);
	el2_unmap_range(va, PAGE_SIZE);
	frames_free(OWNER_HYP, leaf.pa, 0);
}

/* Stack frames are seen here only, not in the physmap: no way round the guard. */
static int map_stack_page(va_t va)
{
	pa_t pa;
	int err = frames_alloc(OWNER_HYP, 0, &pa);

	if (err)
		return err;
	err = el2_map_range(va, pa, PAGE_SIZE, EL2_RW);
	if (err)
		frames_free(OWNER_HYP, pa, 0);
	return err;
}

int el2_stack_alloc(uint64_t size, va_t *base)
{
	uint32_t nr = (uint32_t)(size >> PAGE_SHIFT) + 1, first = 0;
	int err;

	if (!size || size > MAX_STACK_SIZE || !is_aligned(size, PAGE_SIZE))
		return -EINVAL;
	err = vmap_take(nr, &first);
	if (err)
		return err;
	*base = VA(HYP_VMAP_VA + (first + 1) * PAGE_SIZE);
	for (uint64_t off = 0; off < size; off += PAGE_SIZE) {
		err = map_stack_page(va_add(*base, off));
		if (!err)
			continue;
		while (off) {
			off -= PAGE_SIZE;
			unmap_stack_page(va_add(*base, off));
		}
		vmap_give(first, nr);
		return err;
	}
	return 0;
}

void el2_stack_free(va_t base, uint64_t size)
{
	uint32_t first = (uint32_t)((base.v - HYP_VMAP_VA) >> PAGE_SHIFT) - 1;

	for (uint64_t off = 0; off < size; off += PAGE_SIZE)
		unmap_stack_page(va_add(base, off));
	vmap_give(first, (uint32_t)(size >> PAGE_SHIFT) + 1);
}

/* ---- views ---- */

static void view_mark(va_t va, uint32_t nr, bool on)
{
	uint32_t first = (uint32_t)((va.v - HYP_VMAP_VA) >> PAGE_SHIFT);
	uint64_t flags = spin_lock_irqsave(&regions.lock);

	for (uint32_t i = first; i < first + nr; i++) {
		if (on)
			regions.views[i / 64] |= BIT(i % 64);
		else
			regions.views[i / 64] &= ~BIT(i % 64);
	}
	spin_unlock_irqrestore(&regions.lock, flags);
}

int el2_view_take(uint32_t nr_pages, va_t *va)
{
	uint32_t first = 0;
	int err = vmap_take(nr_pages + 1, &first);

	if (err)
		return err;
	*va = VA(HYP_VMAP_VA + (first + 1) * PAGE_SIZE);
	view_mark(*va, nr_pages, true);
	return 0;
}

void el2_view_give(va_t va, uint32_t nr_pages)
{
	view_mark(va, nr_pages, false);
	vmap_give((uint32_t)((va.v - HYP_VMAP_VA) >> PAGE_SHIFT) - 1, nr_pages + 1);
}

bool el2_view_has(va_t va)
{
	uint64_t page = (va.v - HYP_VMAP_VA) >> PAGE_SHIFT;

	return page < VMAP_PAGES && (regions.views[page / 64] & BIT(page % 64));
}
