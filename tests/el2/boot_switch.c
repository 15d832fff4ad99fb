/* SPDX-License-Identifier: Apache-2.0 */
/* Arm ARM DDI 0487, "Using break-before-make when updating translation table entries". */
#include "tests/el2/boot_switch.h"

#include <arch/boot.h>
#include <arch/hyp_ptr.h>
#include <arch/layout.h>
#include <arch/regs_mmu.h>
#include "core/lib/bits.h"
#include "mm/el2_map.h"

#define LEVELS  4u
#define ENTRIES 512u

static int in_both;

/* The tables are in the image. */
static const uint64_t *table_at(uint64_t pa)
{
	uint64_t image = boot_secondary_entry().v - (uint64_t)(secondary_start - __image_start);

	return arch_va_to_ptr(VA(HYP_IMAGE_VA + (pa - image)));
}

static bool leaf_fits(uint64_t va, uint64_t size, uint64_t desc)
{
	struct pgtable_leaf leaf;

	if (el2_map_lookup(VA(va), &leaf))
		return true;                 /* not an address of final tables at all */
	if (!leaf.mapped)
		return leaf.base <= va && leaf.base + (leaf.size - 1) >= va + (size - 1);
	in_both++;
	return leaf.size == size && leaf.pa.v == (desc & PTE_OA) &&
	       !((leaf.attr ^ desc) & (PTE_ATTR_INDX | PTE_SH));
}

int boot_switch_check(uint64_t *where)
{
	struct { uint64_t pa; unsigned int next; } at[LEVELS] = { { boot_mmu_regs.ttbr, 0 } };
	unsigned int level = 0;

	for (*where = in_both = 0;;) {
		unsigned int shift = 39 - 9 * level, i = at[level].next++;
		uint64_t desc;

		if (i == ENTRIES) {
			if (level-- == 0)
				return in_both;
			continue;
		}
		*where = (*where & ~BITS(shift + 8, 0)) | (uint64_t)i << shift;
		desc = table_at(at[level].pa)[i];
		if (!(desc & PTE_VALID))
			continue;
		if (level < LEVELS - 1 && (desc & PTE_TABLE)) {
			at[++level].pa = desc & PTE_OA;
			at[level].next = 0;
		} else if (!leaf_fits(*where, UINT64_C(1) << shift, desc)) {
			return -1;
		}
	}
}
