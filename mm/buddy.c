/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The free blocks of the frame allocator, a bitmap per order. Nothing is kept
 * in the free memory itself: EL2 does not map it.
 */
#include "mm/frames_impl.h"

#include "core/lib/bits.h"

static uint64_t bit_of(const struct zone *z, uint64_t frame, unsigned int order)
{
	return (frame >> order) - (z->base >> order);
}

static bool is_free_locked(const struct zone *z, uint64_t frame, unsigned int order)
{
	/* A block that begins below the zone has a bit number below zero: huge. */
	return bittree_test(&z->free[order], bit_of(z, frame, order));
}

static void put_locked(struct zone *z, uint64_t frame, unsigned int order)
{
	while (order < FRAMES_MAX_ORDER) {
		uint64_t buddy = frame ^ (UINT64_C(1) << order);

		if (!is_free_locked(z, buddy, order))
			break;
		bittree_clear(&z->free[order], bit_of(z, buddy, order));
		frame = MIN(frame, buddy);
		order++;
	}
	bittree_set(&z->free[order], bit_of(z, frame, order));
}

/* Cut the free block of order from, which holds frame, down to order to at frame. */
static void cut_locked(struct zone *z, uint64_t frame, unsigned int from, unsigned int to)
{
	bittree_clear(&z->free[from], bit_of(z, frame, from));
	while (from-- > to) {
		/* The half that frame is not in stays free. */
		uint64_t other = (frame >> from ^ 1) << from;

		bittree_set(&z->free[from], bit_of(z, other, from));
	}
}

unsigned int buddy_order(uint64_t frame, uint64_t nr)
{
	unsigned int order = 63 - (unsigned int)__builtin_clzll(nr);

	if (frame)
		order = MIN(order, (unsigned int)__builtin_ctzll(frame));
	return MIN(order, FRAMES_MAX_ORDER);
}

bool buddy_take(unsigned int order, uint64_t *frame)
{
	uint64_t flags = spin_lock_irqsave(&frames.lock);
	bool found = false;

	for (unsigned int k = order; k <= FRAMES_MAX_ORDER && !found; k++) {
		for (uint32_t i = 0; i < frames.nr_zones && !found; i++) {
			struct zone *z = &frames.zone[i];

			if (!z->free[k].nr_set)
				continue;
			*frame = (bittree_first(&z->free[k]) + (z->base >> k)) << k;
			cut_locked(z, *frame, k, order);
			found = true;
		}
	}
	spin_unlock_irqrestore(&frames.lock, flags);
	return found;
}

bool buddy_take_at(struct zone *z, uint64_t frame, uint64_t nr, unsigned int *order)
{
	uint64_t flags = spin_lock_irqsave(&frames.lock);
	unsigned int k = 0;

	while (k <= FRAMES_MAX_ORDER && !is_free_locked(z, frame, k))
		k++;
	if (k <= FRAMES_MAX_ORDER) {
		*order = MIN(k, buddy_order(frame, nr));
		cut_locked(z, frame, k, *order);
	}
	spin_unlock_irqrestore(&frames.lock, flags);
	return k <= FRAMES_MAX_ORDER;
}

void buddy_put(struct zone *z, uint64_t frame, uint64_t nr)
{
	while (nr) {
		unsigned int order = buddy_order(frame, nr);
		uint64_t flags = spin_lock_irqsave(&frames.lock);

		put_locked(z, frame, order);
		spin_unlock_irqrestore(&frames.lock, flags);
		frame += UINT64_C(1) << order;
		nr -= UINT64_C(1) << order;
	}
}

uint64_t frames_free_blocks(unsigned int order)
{
	uint64_t flags = spin_lock_irqsave(&frames.lock);
	uint64_t nr = 0;

	for (uint32_t i = 0; order <= FRAMES_MAX_ORDER && i < frames.nr_zones; i++)
		nr += frames.zone[i].free[order].nr_set;
	spin_unlock_irqrestore(&frames.lock, flags);
	return nr;
}
