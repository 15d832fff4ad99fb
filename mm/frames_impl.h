/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the frame allocator: zones, entries, and the free blocks. Entries
 * change hands by compare-and-swap without a lock; only the bitmaps of free
 * blocks are under one. A frame whose block was taken out of the bitmaps, or
 * whose entry says BUSY, is in nobody else's reach.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/bits.h"
#include "core/spinlock.h"
#include "mm/bittree.h"
#include "mm/frames.h"

/* An entry: an owner id, or a grant, with marks. */
#define ENTRY_FROM_RESERVED BIT(15)    /* goes back to the board's reserved memory */
#define ENTRY_SCRUBBED      BIT(14)    /* free and zero: freed since reset         */
#define ENTRY_GRANT         BIT(13)    /* | grant id, instead of an owner          */
#define ENTRY_ID            0x1fff

struct zone {
	uint64_t base;                 /* first frame number               */
	uint64_t nr;                   /* frames                           */
	uint16_t *entry;               /* one for each, atomic             */
	/* under frames.lock: bit i of order k: the block at frame (first + i) << k,
	 * where first is base >> k, is free */
	struct bittree free[FRAMES_MAX_ORDER + 1];
};

struct frames {
	struct spinlock lock;          /* rank 75, docs/locking.md         */
	/* fixed after frames_init() */
	struct zone *zone;
	uint32_t nr_zones;
};

extern struct frames frames;

/* The zone that holds all of [frame, frame + nr), or NULL. */
struct zone *frames_zone(uint64_t frame, uint64_t nr);

static inline uint16_t entry_read(const uint16_t *e)
{
	return __atomic_load_n(e, __ATOMIC_ACQUIRE);
}

static inline void entry_write(uint16_t *e, uint16_t v)
{
	__atomic_store_n(e, v, __ATOMIC_RELEASE);
}

static inline bool entry_swap(uint16_t *e, uint16_t old, uint16_t new)
{
	return __atomic_compare_exchange_n(e, &old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* Who an entry stands for, as frames_owner() tells it. */
uint16_t entry_owner(uint16_t e);

/* Who may own frames by asking for them. */
static inline bool owner_valid(uint16_t owner)
{
	return owner == OWNER_HYP || (owner >= OWNER_VM0 && owner < OWNER_VM0 + FRAMES_MAX_VMS);
}

static inline bool frames_range_valid(pa_t pa, uint64_t size)
{
	return is_aligned(pa.v | size, PAGE_SIZE) && !range_bad(pa.v, size);
}

/* Add nr frames to, or with a negative number take them from, an owner's count. */
void frames_count(uint16_t owner, int64_t nr);

/*
 * Change the entries of a range, all equal to old but for the mark of reserved
 * memory, to new; counts included. False: one was not, and nothing is changed.
 */
bool frames_swap(pa_t pa, uint64_t size, uint16_t old, uint16_t new);

/* Scrub a range whose entries are OWNER_BUSY and give it back to where it came from. */
void frames_scrub_and_free(pa_t pa, uint64_t size);

/* The two halves of frames_may_map(); the range is aligned and does not wrap. */
bool frames_may_map_ram(uint16_t owner, pa_t pa, uint64_t size);
bool frames_may_map_device(uint16_t owner, pa_t pa, uint64_t size);

/* Back to nothing, before frames_init(): on the machine it is so already. */
void frames_counts_reset(void);
void frames_share_reset(void);
void frames_device_reset(void);

/* ---- free blocks: mm/buddy.c ---- */

/* Take the lowest of the smallest free blocks that have the order. */
bool buddy_take(unsigned int order, uint64_t *frame);

/* Take the largest free block at frame of at most nr frames. False: it is not free. */
bool buddy_take_at(struct zone *z, uint64_t frame, uint64_t nr, unsigned int *order);

/* Make a range free: entries written by the caller, in no bitmap. */
void buddy_put(struct zone *z, uint64_t frame, uint64_t nr);

/* The largest order of a block that starts at frame and has at most nr frames. */
unsigned int buddy_order(uint64_t frame, uint64_t nr);
