/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/hyp_pool.h"

#include <errno.h>
#include <stdatomic.h>

#include <arch/hyp_ptr.h>
#include <arch/layout.h>
#include "core/lib/bits.h"
#include "core/panic.h"
#include "mm/el2_map.h"
#include "mm/frames.h"

/* Fixed after mm_early_init(). */
static struct {
	pa_t pa;
	uint64_t size;
} image;

static _Atomic uint64_t pages_in_use;

void hyp_pool_init(pa_t image_pa, uint64_t image_size)
{
	image.pa = image_pa;
	image.size = align_up(image_size, PAGE_SIZE);
	atomic_store(&pages_in_use, 0);
	hyp_heap_init();
}

void *hyp_va(pa_t pa)
{
	uint64_t off = pa.v - image.pa.v;

	return arch_va_to_ptr(VA(off < image.size ? HYP_IMAGE_VA + off : PHYSMAP_VA + pa.v));
}

pa_t hyp_pa(const void *p)
{
	uint64_t va = arch_ptr_to_va(p).v;

	if (va - HYP_IMAGE_VA < image.size)
		return pa_add(image.pa, va - HYP_IMAGE_VA);
	BUG_ON(va < PHYSMAP_VA || va >= 2 * PHYSMAP_VA);
	return PA(va - PHYSMAP_VA);
}

uint64_t hyp_pool_pages(void)
{
	return atomic_load(&pages_in_use);
}

int hyp_alloc_pages(unsigned int nr, void **p)
{
	uint64_t size = nr * PAGE_SIZE;
	pa_t pa;
	int err;

	if (nr == 0 || nr > HYP_ALLOC_MAX_PAGES)
		return -EINVAL;
	err = frames_alloc_pages(OWNER_HYP, nr, &pa);
	if (err)
		return err;
	err = el2_map_physmap(pa, size);
	if (err) {
		BUG_ON(frames_release(OWNER_HYP, pa, size));
		return err;
	}
	atomic_fetch_add(&pages_in_use, nr);
	*p = hyp_va(pa);
	return 0;
}

void hyp_free_pages(void *p, unsigned int nr)
{
	pa_t pa;

	if (!p)
		return;
	pa = hyp_pa(p);
	/* Frames of the image are the hypervisor's as well, but not the heap's. */
	BUG_ON(pa.v - image.pa.v < image.size || !is_aligned(pa.v, PAGE_SIZE));
	el2_unmap_physmap(pa, nr * PAGE_SIZE);
	BUG_ON(frames_release(OWNER_HYP, pa, nr * PAGE_SIZE));
	atomic_fetch_sub(&pages_in_use, nr);
}
