/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/frames.h"

#include <errno.h>
#include <stdatomic.h>

#include "core/lib/bits.h"
#include "mm/frames_impl.h"
#include "mm/window.h"

struct frames frames;

/* Frames of the owners below OWNER_VM0, then of each VM. */
static _Atomic uint64_t counts[OWNER_NONE + FRAMES_MAX_VMS];

static unsigned int count_idx(uint16_t owner)
{
	return owner < OWNER_VM0 ? owner : OWNER_NONE + (unsigned int)(owner - OWNER_VM0);
}

void frames_count(uint16_t owner, int64_t nr)
{
	atomic_fetch_add_explicit(&counts[count_idx(owner)], (uint64_t)nr, memory_order_relaxed);
}

uint64_t frames_stats(uint16_t owner)
{
	unsigned int i = count_idx(owner);

	if ((owner >= OWNER_NONE && owner < OWNER_VM0) || i >= ARRAY_SIZE(counts))
		return 0;
	return atomic_load_explicit(&counts[i], memory_order_relaxed);
}

void frames_counts_reset(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++)
		atomic_store_explicit(&counts[i], 0, memory_order_relaxed);
}

uint16_t entry_owner(uint16_t e)
{
	return e & ENTRY_GRANT ? OWNER_SHARED : e & ENTRY_ID;
}

struct zone *frames_zone(uint64_t frame, uint64_t nr)
{
	/*@ loop invariant 0 <= i <= frames.nr_zones;
	  @ loop invariant \forall integer k; 0 <= k < i ==> !within(frames.zone + k, frame, nr);
	  @ loop assigns i;
	  @ loop variant frames.nr_zones - i;
	  @*/
	for (uint32_t i = 0; i < frames.nr_zones; i++) {
		struct zone *z = &frames.zone[i];

		if (frame - z->base < z->nr && nr <= z->nr - (frame - z->base))
			return z;
	}
	return NULL;
}

uint16_t frames_owner(pa_t pa)
{
	uint64_t frame = pa.v >> PAGE_SHIFT;
	const struct zone *z = frames_zone(frame, 1);

	return z ? entry_owner(entry_read(&z->entry[frame - z->base])) : OWNER_NONE;
}

static bool scrub_fresh;

void frames_scrub_fresh(bool scrub)
{
	scrub_fresh = scrub;
}

/*
 * Give frames that were just taken out of the bitmaps to an owner: write the entries, and
 * wipe what was never used.
 */
static void adopt(struct zone *z, uint64_t frame, uint64_t nr, uint16_t owner, bool wipe)
{
	uint64_t chunk = WINDOW_CHUNK >> PAGE_SHIFT, n;

	for (uint64_t at = frame; at < frame + nr; at += n) {
		uint16_t all = ENTRY_SCRUBBED;

		n = MIN(chunk, frame + nr - at);
		for (uint64_t i = at; i < at + n; i++) {
			all &= entry_read(&z->entry[i - z->base]);
			entry_write(&z->entry[i - z->base], owner);
		}
		if (!all && wipe)
			(owner == OWNER_HYP ? window_zero : window_scrub)(PA(at << PAGE_SHIFT),
									  n << PAGE_SHIFT);
	}
	frames_count(OWNER_FREE, -(int64_t)nr);
	frames_count(owner, (int64_t)nr);
}

static unsigned int order_of(uint64_t nr)
{
	return nr == 1 ? 0 : 64 - (unsigned int)__builtin_clzll(nr - 1);
}

static int alloc(uint16_t owner, uint64_t nr, bool wipe, pa_t *pa)
{
	struct zone *z;
	uint64_t frame;

	if (!owner_valid(owner) || !nr || nr > UINT64_C(1) << FRAMES_MAX_ORDER)
		return -EINVAL;
	if (!buddy_take(order_of(nr), &frame))
		return -ENOMEM;
	z = frames_zone(frame, 1);
	/* Nobody has had the rest: it is as free as it was. */
	buddy_put(z, frame + nr, (UINT64_C(1) << order_of(nr)) - nr);
	adopt(z, frame, nr, owner, wipe);
	*pa = PA(frame << PAGE_SHIFT);
	return 0;
}

int frames_alloc_pages(uint16_t owner, uint64_t nr, pa_t *pa)
{
	return alloc(owner, nr, true, pa);
}

int frames_alloc(uint16_t owner, unsigned int order, pa_t *pa)
{
	return order > FRAMES_MAX_ORDER ? -EINVAL :
	       alloc(owner, UINT64_C(1) << order, true, pa);
}

int frames_alloc_ram(uint16_t owner, unsigned int order, pa_t *pa)
{
	return order > FRAMES_MAX_ORDER ? -EINVAL :
	       alloc(owner, UINT64_C(1) << order, scrub_fresh, pa);
}

/*
 * Change every entry of a range from one owner or grant to another, keeping
 * the mark of reserved memory; all, or none and false. What wins the swap has
 * the frame: of two that free it at once, one is refused.
 */
static bool swap_range(struct zone *z, uint64_t frame, uint64_t nr, uint16_t old, uint16_t new)
{
	uint16_t *e = &z->entry[frame - z->base];
	uint64_t i;

	for (i = 0; i < nr; i++) {
		uint16_t mark = entry_read(&e[i]) & ENTRY_FROM_RESERVED;

		if (!entry_swap(&e[i], old | mark, new | mark))
			break;
	}
	if (i == nr)
		return true;
	while (i-- > 0)
		entry_write(&e[i], old | (entry_read(&e[i]) & ENTRY_FROM_RESERVED));
	return false;
}

bool frames_swap(pa_t pa, uint64_t size, uint16_t old, uint16_t new)
{
	uint64_t frame = pa.v >> PAGE_SHIFT, nr = size >> PAGE_SHIFT;
	struct zone *z = frames_zone(frame, nr);

	if (!z || !swap_range(z, frame, nr, old, new))
		return false;
	frames_count(entry_owner(old), -(int64_t)nr);
	frames_count(entry_owner(new), (int64_t)nr);
	return true;
}

/* The part of a busy range that went on from frame and has the same origin. */
static uint64_t same_origin(const struct zone *z, uint64_t frame, uint64_t end)
{
	const uint16_t *e = &z->entry[frame - z->base];
	uint64_t n = 1;

	while (frame + n < end && entry_read(&e[n]) == entry_read(&e[0]))
		n++;
	return n;
}

void frames_scrub_and_free(pa_t pa, uint64_t size)
{
	uint64_t frame = pa.v >> PAGE_SHIFT, end = frame + (size >> PAGE_SHIFT), n;
	struct zone *z = frames_zone(frame, end - frame);

	window_scrub(pa, size);
	for (; frame < end; frame += n) {
		bool reserved = entry_read(&z->entry[frame - z->base]) & ENTRY_FROM_RESERVED;
		uint16_t to = reserved ? OWNER_RESERVED : OWNER_FREE | ENTRY_SCRUBBED;

		n = same_origin(z, frame, end);
		frames_count(OWNER_BUSY, -(int64_t)n);
		frames_count(entry_owner(to), (int64_t)n);
		for (uint64_t i = 0; i < n; i++)
			entry_write(&z->entry[frame + i - z->base], to);
		if (!reserved)
			buddy_put(z, frame, n);
	}
}

int frames_release(uint16_t owner, pa_t pa, uint64_t size)
{
	if (!owner_valid(owner) || !frames_range_valid(pa, size))
		return -EINVAL;
	if (!frames_swap(pa, size, owner, OWNER_BUSY))
		return -EPERM;
	frames_scrub_and_free(pa, size);
	return 0;
}

int frames_free(uint16_t owner, pa_t pa, unsigned int order)
{
	if (order > FRAMES_MAX_ORDER || !is_aligned(pa.v, order_size(order)))
		return -EINVAL;
	return frames_release(owner, pa, order_size(order));
}

/* Take a range out of the bitmaps; all, or none and false. */
static bool take_range(struct zone *z, uint64_t frame, uint64_t nr)
{
	uint64_t at = frame, end = frame + nr;
	unsigned int order;

	while (at < end && buddy_take_at(z, at, end - at, &order))
		at += UINT64_C(1) << order;
	if (at < end && at > frame)
		buddy_put(z, frame, at - frame);
	return at == end;
}

static int claim_reserved(struct zone *z, uint64_t frame, uint64_t nr, uint16_t owner)
{
	if (!swap_range(z, frame, nr, OWNER_RESERVED, OWNER_BUSY))
		return -EBUSY;
	/* While it is busy, so that no VM ever sees what firmware left there. */
	if (owner >= OWNER_VM0)
		window_scrub(PA(frame << PAGE_SHIFT), nr << PAGE_SHIFT);
	for (uint64_t i = frame; i < frame + nr; i++)
		entry_write(&z->entry[i - z->base], owner | ENTRY_FROM_RESERVED);
	frames_count(OWNER_RESERVED, -(int64_t)nr);
	frames_count(owner, (int64_t)nr);
	return 0;
}

int frames_claim(uint16_t owner, pa_t pa, uint64_t size)
{
	uint64_t frame = pa.v >> PAGE_SHIFT, nr = size >> PAGE_SHIFT;
	struct zone *z;

	if (!owner_valid(owner) || !frames_range_valid(pa, size))
		return -EINVAL;
	z = frames_zone(frame, nr);
	if (!z)
		return -ENOENT;
	if (entry_read(&z->entry[frame - z->base]) == OWNER_RESERVED)
		return claim_reserved(z, frame, nr, owner);
	if (!take_range(z, frame, nr))
		return -EBUSY;
	adopt(z, frame, nr, owner, owner == OWNER_HYP || scrub_fresh);
	return 0;
}
