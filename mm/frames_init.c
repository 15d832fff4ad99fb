/* SPDX-License-Identifier: Apache-2.0 */
/* The frame table filled from the board's description, once. */
#include <string.h>

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

/* Four entries at a time: the table has one for each frame of the board. */
#define ENTRIES_4(e) ((uint64_t)(e) * UINT64_C(0x0001000100010001))

typedef uint64_t __attribute__((may_alias)) entries_4;

static void entries_fill(uint16_t *entry, uint64_t nr, uint16_t e)
{
	entries_4 *four = (entries_4 *)(void *)entry;

	/* The table is rounded up to whole ones. */
	for (uint64_t i = 0; i < (nr + 3) / 4; i++)
		four[i] = ENTRIES_4(e);
}

/* How many in a row from i on are the same. */
static uint64_t entries_run(const struct zone *z, uint64_t i)
{
	const uint16_t *entry = z->entry;
	uint16_t e = entry[i];
	uint64_t at = i + 1;

	while (at < z->nr && entry[at] == e) {
		while (is_aligned(at, 4) && at + 4 <= z->nr &&
		       *(const entries_4 *)(const void *)&entry[at] == ENTRIES_4(e))
			at += 4;
		if (at < z->nr && entry[at] == e)
			at++;
	}
	return at - i;
}

/* Lay out one zone in the table; where the next goes. */
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
	entries_fill(z->entry, z->nr, OWNER_FREE | ENTRY_UNSCRUBBED);
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

/* Count owners, and make what is left over free. */
static void zone_open(struct zone *z)
{
	uint64_t n;

	for (uint64_t i = 0; i < z->nr; i += n) {
		uint16_t e = z->entry[i];

		n = entries_run(z, i);
		frames_count(entry_owner(e), (int64_t)n);
		if (entry_owner(e) == OWNER_FREE)
			buddy_put(z, z->base + i, n);
	}
}

void frames_init(const struct mm_plan *plan, void *mem)
{
	char *at = mem;

	/* RAM at reset is anything. */
	memset(mem, 0, frames_table_size(plan));
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
		zone_open(z);
	}
}
