/* SPDX-License-Identifier: Apache-2.0 */
/* The frame table filled from the board's description, once. */
#include <arch/cache.h>
#include "core/lib/bits.h"
#include "mm/frames_impl.h"
#include "mm/plan.h"

static uint64_t nr_blocks(uint64_t base, uint64_t nr, unsigned int order)
{
	return ((base + nr - 1) >> order) - (base >> order) + 1;
}

static uint64_t entries_size(uint64_t nr)
{
	return align_up(nr * sizeof(uint16_t), 8);
}

uint64_t frames_table_size(const struct mm_plan *plan)
{
	uint64_t size = plan->nr_zones * sizeof(struct zone);

	for (uint32_t i = 0; i < plan->nr_zones; i++) {
		uint64_t base = plan->zone[i].base.v >> PAGE_SHIFT;
		uint64_t nr = plan->zone[i].size >> PAGE_SHIFT;

		size += entries_size(nr);
		for (unsigned int k = 0; k <= FRAMES_MAX_ORDER; k++)
			size += bittree_size(nr_blocks(base, nr, k));
	}
	return align_up(size, PAGE_SIZE);
}

/* Lay out one zone in the table, which is zero: all is free; where the next goes. */
static char *zone_init(struct zone *z, const struct board_range *r, char *mem)
{
	z->base = r->base.v >> PAGE_SHIFT;
	z->nr = r->size >> PAGE_SHIFT;
	z->entry = (uint16_t *)(void *)mem;
	mem += entries_size(z->nr);
	for (unsigned int k = 0; k <= FRAMES_MAX_ORDER; k++) {
		uint64_t nr = nr_blocks(z->base, z->nr, k);

		bittree_init(&z->free[k], nr, mem);
		mem += bittree_size(nr);
	}
	return mem;
}

/* Mark what of a range lies in the zone. */
static void zone_mark(struct zone *z, const struct board_range *r, uint16_t owner)
{
	uint64_t first = MAX(r->base.v >> PAGE_SHIFT, z->base);
	uint64_t end = MIN((r->base.v + r->size) >> PAGE_SHIFT, z->base + z->nr);

	for (uint64_t i = first; i < end; i++)
		z->entry[i - z->base] = owner;
}

/* The first frame behind this one where a range that is in use begins or ends. */
static uint64_t next_edge(const struct mm_plan *plan, uint64_t frame, uint64_t end)
{
	for (uint32_t i = 0; i < plan->nr_hyp + plan->nr_reserved; i++) {
		const struct board_range *r = i < plan->nr_hyp ? &plan->hyp[i] :
					      &plan->reserved[i - plan->nr_hyp];
		uint64_t first = r->base.v >> PAGE_SHIFT;
		uint64_t past = (r->base.v + r->size) >> PAGE_SHIFT;

		if (past > frame)
			end = MIN(end, first > frame ? first : past);
	}
	return end;
}

/* Count owners, and make what is left over free. */
static void zone_open(const struct mm_plan *plan, struct zone *z)
{
	uint64_t end = z->base + z->nr, next;

	for (uint64_t at = z->base; at < end; at = next) {
		uint16_t owner = entry_owner(z->entry[at - z->base]);

		next = next_edge(plan, at, end);
		frames_count(owner, (int64_t)(next - at));
		if (owner == OWNER_FREE)
			buddy_put(z, at, next - at);
	}
}

void frames_init(const struct mm_plan *plan, void *mem)
{
	char *at = mem;

	/* RAM at reset is anything. */
	arch_zero_pages(mem, frames_table_size(plan));
	frames_counts_reset();
	frames_share_reset();
	frames.zone = mem;
	frames.nr_zones = plan->nr_zones;
	at += plan->nr_zones * sizeof(struct zone);
	for (uint32_t i = 0; i < plan->nr_zones; i++)
		at = zone_init(&frames.zone[i], &plan->zone[i], at);
	for (uint32_t i = 0; i < plan->nr_zones; i++) {
		struct zone *z = &frames.zone[i];

		for (uint32_t k = 0; k < plan->nr_reserved; k++)
			zone_mark(z, &plan->reserved[k], OWNER_RESERVED);
		for (uint32_t k = 0; k < plan->nr_hyp; k++)
			zone_mark(z, &plan->hyp[k], OWNER_HYP);
		zone_open(plan, z);
	}
}
