/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/guest_copy.h"

#include <errno.h>
#include <string.h>

#include <arch/cache.h>
#include "core/lib/bits.h"
#include "mm/window.h"

/* What to do with a part of one page, seen at p. */
struct page_op {
	void (*act)(const struct page_op *op, char *p, uint64_t size, uint64_t done);
	void *to;
	const void *from;
	uint32_t need;             /* S2_* that the page must have */
};

static void act_from(const struct page_op *op, char *p, uint64_t size, uint64_t done)
{
	memcpy((char *)op->to + done, p, size);
}

static void act_to(const struct page_op *op, char *p, uint64_t size, uint64_t done)
{
	memcpy(p, (const char *)op->from + done, size);
}

static void act_zero(const struct page_op *op, char *p, uint64_t size, uint64_t done)
{
	(void)op;
	(void)done;
	memset(p, 0, size);
}

static void act_clean(const struct page_op *op, char *p, uint64_t size, uint64_t done)
{
	(void)op;
	(void)done;
	arch_dcache_clean_poc(p, size);
}

static void act_flush(const struct page_op *op, char *p, uint64_t size, uint64_t done)
{
	(void)op;
	(void)done;
	arch_dcache_clean_inval_poc(p, size);
}

/* The table is locked until the window is closed: nobody frees the frame meanwhile. */
static int on_page(struct stage2 *s2, const struct page_op *op, ipa_t ipa, uint64_t size,
		   uint64_t done)
{
	uint64_t flags = spin_lock_irqsave(&s2->lock);
	uint64_t in_page = ipa.v & PAGE_MASK;
	struct stage2_leaf leaf;
	struct window w;
	int err = stage2_lookup_locked(s2, ipa, &leaf);

	if (!err && !leaf.mapped)
		err = -ENOENT;
	else if (!err && ((leaf.attr & S2_DEVICE) || (leaf.attr & op->need) != op->need))
		err = -EFAULT;
	if (!err) {
		char *p = window_open(&w, WINDOW_SLOT_COPY, PA(leaf.pa.v - in_page));

		op->act(op, p + in_page, size, done);
		window_close(&w);
	}
	spin_unlock_irqrestore(&s2->lock, flags);
	return err;
}

static int on_range(struct stage2 *s2, const struct page_op *op, ipa_t ipa, uint64_t size)
{
	uint64_t limit = UINT64_C(1) << stage2_ipa_bits(s2), n;
	int err = 0;

	if (size == 0)
		return 0;
	if (ipa.v >= limit || size > limit - ipa.v)
		return -EINVAL;
	for (uint64_t done = 0; !err && done < size; done += n) {
		ipa_t at = ipa_add(ipa, done);

		n = MIN(size - done, PAGE_SIZE - (at.v & PAGE_MASK));
		err = on_page(s2, op, at, n, done);
		if (err == -ENOENT && s2->populate && !s2->populate(s2->populate_ctx, at))
			err = on_page(s2, op, at, n, done);
	}
	return err == -ENOENT ? -EFAULT : err;
}

int guest_copy_from(struct stage2 *s2, void *dst, ipa_t ipa, size_t size)
{
	const struct page_op op = { .act = act_from, .to = dst, .need = S2_R };

	return on_range(s2, &op, ipa, size);
}

int guest_copy_to(struct stage2 *s2, ipa_t ipa, const void *src, size_t size)
{
	const struct page_op op = { .act = act_to, .from = src, .need = S2_W };

	return on_range(s2, &op, ipa, size);
}

int guest_zero(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	const struct page_op op = { .act = act_zero, .need = S2_W };

	return on_range(s2, &op, ipa, size);
}

int guest_load(struct stage2 *s2, ipa_t ipa, const void *src, size_t size)
{
	const struct page_op op = { .act = act_to, .from = src };

	return on_range(s2, &op, ipa, size);
}

int guest_load_zero(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	const struct page_op op = { .act = act_zero };

	return on_range(s2, &op, ipa, size);
}

int guest_clean_range(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	const struct page_op op = { .act = act_clean };
	int err = on_range(s2, &op, ipa, size);

	/* Whoever had these frames before may have left instructions. */
	arch_icache_inval_all();
	return err;
}

uint64_t guest_flush_piece(struct stage2 *s2, ipa_t ipa)
{
	const struct page_op op = { .act = act_flush };
	struct stage2_leaf leaf;
	uint64_t done = 0;

	if (stage2_lookup(s2, ipa, &leaf))
		return 0;
	if (!leaf.mapped || (leaf.attr & S2_DEVICE))
		return leaf.left;
	/* What was unmapped meanwhile is clean, or another's. */
	for (; done < leaf.left && done < WINDOW_CHUNK; done += PAGE_SIZE)
		on_page(s2, &op, ipa_add(ipa, done), PAGE_SIZE, 0);
	return done;
}
