/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/mm_init.h"

#include <errno.h>

#include <arch/hyp_ptr.h>
#include <arch/layout.h>
#include <arch/mmu.h>
#include "core/lib/bits.h"
#include "mm/el2_map.h"
#include "mm/el2_region.h"
#include "mm/frames.h"
#include "mm/frames_impl.h"
#include "mm/hyp_pool.h"
#include "mm/plan.h"
#include "mm/stage2.h"
#include "mm/vmid.h"

static struct mm_plan plan;

static bool section_ok(const struct mm_boot *b, const struct mm_section *s)
{
	uint64_t end = HYP_IMAGE_VA + align_up(b->image_size, PAGE_SIZE);

	return is_aligned(s->start.v | s->end.v, PAGE_SIZE) && s->start.v <= s->end.v &&
	       s->start.v >= HYP_IMAGE_VA && s->end.v <= end;
}

static bool boot_ok(const struct mm_boot *b)
{
	return is_aligned(b->image_pa.v | b->arena.v, PAGE_SIZE) && b->nr_keep <= MM_MAX_KEEP &&
	       section_ok(b, &b->text) && (!b->checked.end.v || section_ok(b, &b->checked)) &&
	       section_ok(b, &b->rodata) && section_ok(b, &b->data) &&
	       b->arena_pages >= MM_ARENA_PAGES_MIN && b->arena.v >= b->data.start.v &&
	       b->arena.v + b->arena_pages * PAGE_SIZE <= b->data.end.v;
}

int mm_early_init(const struct mm_boot *b)
{
	int err;

	if (!boot_ok(b))
		return -EINVAL;
	err = mm_plan_make(&plan, b, MIN((unsigned int)arch_pa_bits(), HYP_PA_BITS_MAX));
	if (!err)
		err = mm_plan_place(&plan, frames_table_size(&plan));
	if (err)
		return err;
	frames_device_reset();
	stage2_registry_init();
	hyp_pool_init(b->image_pa, b->image_size);
	el2_region_init();
	return el2_map_init(b, &plan);
}

int mm_late_init(void)
{
	frames_init(&plan, arch_va_to_ptr(VA(PHYSMAP_VA + plan.table.base.v)));
	vmid_init();
	return el2_map_use_frames();
}
