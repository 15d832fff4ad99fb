/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/plan.h"

#include <errno.h>
#include <stdbool.h>

#include "core/lib/bits.h"

static uint64_t range_end(const struct board_range *r)
{
	return r->base.v + r->size;
}

/* To whole pages: RAM shrinks, what is in use grows. False: nothing is left. */
static bool trim(struct board_range *r, uint64_t limit, bool grow)
{
	uint64_t base = r->base.v, end = range_end(r);

	end = MIN(end, limit);
	base = grow ? align_down(base, PAGE_SIZE) : align_up(base, PAGE_SIZE);
	end = grow ? align_up(end, PAGE_SIZE) : align_down(end, PAGE_SIZE);
	r->base = PA(base);
	r->size = end > base ? end - base : 0;
	return r->size;
}

/* Insert in order of base. */
static void zone_insert(struct mm_plan *plan, struct board_range r)
{
	uint32_t i = plan->nr_zones++;

	for (; i > 0 && plan->zone[i - 1].base.v > r.base.v; i--)
		plan->zone[i] = plan->zone[i - 1];
	plan->zone[i] = r;
}

/* Banks that touch or overlap become one, so blocks can span them. */
static void zones_merge(struct mm_plan *plan)
{
	uint32_t nr = 0;

	for (uint32_t i = 1; i < plan->nr_zones; i++) {
		struct board_range *last = &plan->zone[nr];
		struct board_range *r = &plan->zone[i];

		if (r->base.v <= range_end(last))
			last->size = MAX(range_end(last), range_end(r)) - last->base.v;
		else
			plan->zone[++nr] = *r;
	}
	plan->nr_zones = nr + 1;
}

static int add_hyp(struct mm_plan *plan, struct board_range r)
{
	if (range_bad(r.base.v, r.size))
		return r.size ? -EINVAL : 0;
	if (plan->nr_hyp == PLAN_MAX_HYP)
		return -EINVAL;
	trim(&r, ~PAGE_MASK, true);
	plan->hyp[plan->nr_hyp++] = r;
	return 0;
}

static int make_zones(struct mm_plan *plan, const struct board *brd, uint64_t limit)
{
	for (uint32_t i = 0; i < MIN(brd->nr_mem, BOARD_MAX_RANGES); i++) {
		struct board_range r = brd->mem[i];

		if (range_bad(r.base.v, r.size))
			continue;
		if (trim(&r, limit, false))
			zone_insert(plan, r);
	}
	if (!plan->nr_zones)
		return -EINVAL;
	zones_merge(plan);
	return 0;
}

int mm_plan_make(struct mm_plan *plan, const struct mm_boot *b, unsigned int pa_bits)
{
	struct board_range image = { b->image_pa, b->image_size };
	int err;

	plan->nr_zones = plan->nr_hyp = plan->nr_reserved = 0;
	err = make_zones(plan, b->board, UINT64_C(1) << pa_bits);
	if (!err)
		err = add_hyp(plan, image);
	for (uint32_t i = 0; !err && i < b->nr_keep; i++)
		err = add_hyp(plan, b->keep[i]);
	for (uint32_t i = 0; !err && i < MIN(b->board->nr_reserved, BOARD_MAX_RANGES); i++) {
		struct board_range r = b->board->reserved[i];

		if (!range_bad(r.base.v, r.size) && trim(&r, ~PAGE_MASK, true))
			plan->reserved[plan->nr_reserved++] = r;
	}
	return err;
}

/* The end of a range in use that [base, base + size) runs into; 0: it is free. */
static uint64_t blocked_until(const struct mm_plan *plan, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < plan->nr_hyp; i++)
		if (range_overlap(base, size, plan->hyp[i].base.v, plan->hyp[i].size))
			return range_end(&plan->hyp[i]);
	for (uint32_t i = 0; i < plan->nr_reserved; i++)
		if (range_overlap(base, size, plan->reserved[i].base.v, plan->reserved[i].size))
			return range_end(&plan->reserved[i]);
	return 0;
}

static bool place_in(const struct mm_plan *plan, const struct board_range *zone, uint64_t size,
		     uint64_t *at)
{
	uint64_t align = size >= UINT64_C(0x200000) ? UINT64_C(0x200000) : PAGE_SIZE;
	uint64_t base = align_up(zone->base.v, align), until;

	while (base < range_end(zone) && range_end(zone) - base >= size) {
		until = blocked_until(plan, base, size);
		if (!until) {
			*at = base;
			return true;
		}
		base = align_up(until, align);
	}
	return false;
}

int mm_plan_place(struct mm_plan *plan, uint64_t size)
{
	uint64_t at;

	for (uint32_t i = 0; i < plan->nr_zones; i++) {
		if (!place_in(plan, &plan->zone[i], size, &at))
			continue;
		plan->table = (struct board_range){ PA(at), size };
		return add_hyp(plan, plan->table);
	}
	return -ENOMEM;
}
