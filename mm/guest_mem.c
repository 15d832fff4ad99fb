/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/guest_mem.h"

#include <errno.h>

#include "core/lib/bits.h"
#include "core/panic.h"
#include "mm/frames.h"
#include "mm/frames_impl.h"
#include "mm/window.h"

#define PIECE order_size(FRAMES_ORDER_2M)  /* most to do under the table's lock */

static int check(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	uint64_t limit = UINT64_C(1) << stage2_ipa_bits(s2);

	if (!is_aligned(ipa.v | size, PAGE_SIZE) || size == 0 || ipa.v >= limit ||
	    size > limit - ipa.v)
		return -EINVAL;
	return 0;
}

/* Ready to be populated: a sane range of normal memory, with nothing in it. */
static int check_empty(struct stage2 *s2, ipa_t ipa, uint64_t size, uint32_t attr)
{
	struct stage2_leaf leaf;
	int err = check(s2, ipa, size);

	if (err || (attr & S2_DEVICE))
		return -EINVAL;
	for (uint64_t at = 0; at < size; at += leaf.left) {
		err = stage2_lookup(s2, ipa_add(ipa, at), &leaf);
		if (err)
			return err;
		if (leaf.mapped)
			return -EEXIST;
	}
	return 0;
}

/* ---- alloc ---- */

/* Map a block that was just allocated, or give it back. */
static int map_new(struct stage2 *s2, ipa_t ipa, pa_t pa, unsigned int order, uint32_t attr)
{
	int err = stage2_map(s2, ipa, pa, order_size(order), attr);

	if (err)
		BUG_ON(frames_free(s2->owner, pa, order));
	return err;
}

/* One block of the largest order that fits the range and can be had. */
static int alloc_block(struct stage2 *s2, ipa_t ipa, uint64_t size, uint32_t attr,
		       uint64_t *done)
{
	unsigned int order = buddy_order(ipa.v >> PAGE_SHIFT, size >> PAGE_SHIFT);
	pa_t pa;
	int err;

	while ((err = frames_alloc_ram(s2->owner, order, &pa)) == -ENOMEM && order > 0)
		order--;
	if (err)
		return err;
	*done = order_size(order);
	return map_new(s2, ipa, pa, order, attr);
}

int guest_mem_populate_alloc(struct stage2 *s2, ipa_t ipa, uint64_t size, uint32_t attr)
{
	uint64_t done;
	int err = check_empty(s2, ipa, size, attr);

	if (err)
		return err;
	for (uint64_t at = 0; at < size; at += done) {
		err = alloc_block(s2, ipa_add(ipa, at), size - at, attr, &done);
		if (err) {
			/* Whole blocks go, so nothing is split and it cannot fail. */
			if (at)
				BUG_ON(guest_mem_release(s2, ipa, at));
			return err;
		}
	}
	return 0;
}

/*
 * A touch maps one block or nothing. The VM runs, so what is mapped is in use at
 * once, and could not be taken back because a later piece cannot be had.
 */
static int touch_order(struct stage2 *s2, ipa_t ipa, unsigned int order, uint32_t attr)
{
	pa_t pa;
	int err = check_empty(s2, ipa, order_size(order), attr);

	if (!err)
		err = frames_alloc_ram(s2->owner, order, &pa);
	return err ? err : map_new(s2, ipa, pa, order, attr);
}

static bool is_mapped(struct stage2 *s2, ipa_t ipa)
{
	struct stage2_leaf leaf;

	return stage2_lookup(s2, ipa, &leaf) == 0 && leaf.mapped;
}

int guest_mem_touch(struct stage2 *s2, ipa_t base, uint64_t size, ipa_t ipa, uint32_t attr)
{
	ipa_t page = IPA(align_down(ipa.v, PAGE_SIZE)), block = IPA(align_down(ipa.v, PIECE));
	int err = check(s2, base, size);

	if (err || ipa.v - base.v >= size)
		return -EINVAL;
	err = -EEXIST;
	if (block.v >= base.v && size >= PIECE && block.v - base.v <= size - PIECE)
		err = touch_order(s2, block, FRAMES_ORDER_2M, attr);
	if (err == -EEXIST || err == -ENOMEM)
		err = touch_order(s2, page, 0, attr);
	/* Another vCPU was quicker. */
	if ((err == -EEXIST || err == -ENOMEM) && is_mapped(s2, ipa))
		err = 0;
	return err;
}

/* ---- linear ---- */

/* How far one piece goes: to the next 2 MiB border, or one block of 1 GiB. */
static uint64_t linear_piece(ipa_t ipa, pa_t pa, uint64_t size)
{
	uint64_t gib = order_size(FRAMES_MAX_ORDER);

	if (is_aligned(ipa.v | pa.v, gib) && size >= gib)
		return gib;
	return MIN(size, PIECE - (ipa.v & (PIECE - 1)));
}

int guest_mem_populate_linear(struct stage2 *s2, ipa_t ipa, pa_t pa, uint64_t size, uint32_t attr)
{
	uint64_t n;
	int err = check_empty(s2, ipa, size, attr);

	if (err)
		return err;
	err = frames_claim(s2->owner, pa, size);
	if (err)
		return err;
	for (uint64_t at = 0; at < size; at += n) {
		n = linear_piece(ipa_add(ipa, at), pa_add(pa, at), size - at);
		err = stage2_map(s2, ipa_add(ipa, at), pa_add(pa, at), n, attr);
		if (err) {
			if (at)
				BUG_ON(stage2_unmap(s2, ipa, at));
			BUG_ON(frames_release(s2->owner, pa, size));
			return err;
		}
	}
	return 0;
}

/* ---- what is there already ---- */

/*
 * A run of addresses from ipa on, within a piece, that is mapped to consecutive
 * frames of the VM's own, or that is not (a hole, a device, shared).
 */
struct run {
	pa_t pa;
	uint64_t size;
	bool mapped, own;
};

static bool leaf_own(struct stage2 *s2, const struct stage2_leaf *leaf)
{
	return leaf->mapped && !(leaf->attr & S2_DEVICE) && frames_owner(leaf->pa) == s2->owner;
}

/* One leaf may hold frames of several kinds: shared ones are looked at singly. */
static uint64_t leaf_run(struct stage2 *s2, const struct stage2_leaf *leaf, uint64_t max, bool own)
{
	uint64_t left = MIN(leaf->left, max), n = PAGE_SIZE;

	if (!leaf->mapped || (leaf->attr & S2_DEVICE))
		return left;
	while (n < left && (frames_owner(pa_add(leaf->pa, n)) == s2->owner) == own)
		n += PAGE_SIZE;
	return n;
}

static int run_at(struct stage2 *s2, ipa_t ipa, uint64_t max, struct run *run)
{
	struct stage2_leaf leaf;
	int err = stage2_lookup(s2, ipa, &leaf);

	if (err)
		return err;
	/* A whole block of 1 GiB is one piece, so that it need not be split. */
	if (!leaf.mapped || leaf.left < order_size(FRAMES_MAX_ORDER))
		max = leaf.mapped ? MIN(max, PIECE - (ipa.v & (PIECE - 1))) : max;
	run->pa = leaf.pa;
	run->mapped = leaf.mapped;
	run->own = leaf_own(s2, &leaf);
	run->size = leaf_run(s2, &leaf, max, run->own);
	while (run->own && run->size < max) {
		if (stage2_lookup(s2, ipa_add(ipa, run->size), &leaf) || !leaf_own(s2, &leaf) ||
		    leaf.pa.v != run->pa.v + run->size)
			break;
		run->size += leaf_run(s2, &leaf, max - run->size, true);
	}
	return 0;
}

int guest_mem_release(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	struct run run;
	int err = check(s2, ipa, size);

	for (uint64_t at = 0; !err && at < size; at += run.size) {
		err = run_at(s2, ipa_add(ipa, at), size - at, &run);
		/* A hole stays as it is, for a touch may be filling it. */
		if (!err && run.mapped)
			err = stage2_unmap(s2, ipa_add(ipa, at), run.size);
		/* Only now can no pCPU reach the frames. */
		if (!err && run.own)
			err = frames_release(s2->owner, run.pa, run.size);
	}
	return err;
}

int guest_mem_scrub(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	struct run run;
	int err = check(s2, ipa, size);

	for (uint64_t at = 0; !err && at < size; at += run.size) {
		err = run_at(s2, ipa_add(ipa, at), size - at, &run);
		if (!err && run.own)
			window_scrub(run.pa, run.size);
	}
	return err;
}
