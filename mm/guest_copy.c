/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/guest_copy.h"

#include <errno.h>
#include <string.h>

#include <arch/cache.h>
#include <arch/copy.h>
#include <arch/cpu.h>
#include "core/lib/bits.h"
#include "mm/window.h"

/* What to do with a part of one page, seen at p. */
struct page_op {
	void (*act)(const struct page_op *op, char __guest *p, uint64_t size, uint64_t done);
	pa_t frame;
	uint32_t need;             /* S2_* that the page must have */
};

static void act_zero(const struct page_op *op, char __guest *p, uint64_t size, uint64_t done)
{
	(void)op;
	(void)done;
	guest_fill(p, 0, size);
}

/* The frame is seen through the second window, within the first. */
static void act_to_frame(const struct page_op *op, char __guest *p, uint64_t size, uint64_t done)
{
	struct window w;
	uint64_t at = op->frame.v + done;
	char __guest *f = window_open(&w, WINDOW_SLOT_SCRUB, PA(align_down(at, PAGE_SIZE)));

	arch_copy((__force char *)f + (at & PAGE_MASK), (__force char *)p, size);
	window_close(&w);
}

static void act_from_frame(const struct page_op *op, char __guest *p, uint64_t size, uint64_t done)
{
	struct window w;
	uint64_t at = op->frame.v + done;
	const char __guest *f = window_open(&w, WINDOW_SLOT_SCRUB, PA(align_down(at, PAGE_SIZE)));

	arch_copy((__force char *)p, (__force const char *)f + (at & PAGE_MASK), size);
	window_close(&w);
}

static void act_clean(const struct page_op *op, char __guest *p, uint64_t size, uint64_t done)
{
	(void)op;
	(void)done;
	arch_dcache_clean_poc((__force char *)p, size);
}

static void act_flush(const struct page_op *op, char __guest *p, uint64_t size, uint64_t done)
{
	(void)op;
	(void)done;
	arch_dcache_clean_inval_poc((__force char *)p, size);
}

/* The table is locked until the window is closed: nobody frees the frame meanwhile. */
static int on_page(struct stage2 *s2, const struct page_op *op, ipa_t ipa, uint64_t size,
		   uint64_t done)
{
	uint64_t flags = spin_lock_irqsave(&s2->lock);
	uint64_t in_page = ipa.v & PAGE_MASK;
	struct window w;
	uint32_t attr = 0;
	pa_t pa;
	int err = stage2_page_locked(s2, ipa, &pa, &attr);

	if (!err && ((attr & S2_DEVICE) || (attr & op->need) != op->need))
		err = -EFAULT;
	if (!err) {
		char __guest *p = window_open(&w, WINDOW_SLOT_COPY, PA(pa.v - in_page));

		op->act(op, p + in_page, size, done);
		window_close(&w);
	}
	spin_unlock_irqrestore(&s2->lock, flags);
	return err;
}

static inline __attribute__((always_inline))
bool beyond(const struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	uint64_t limit = UINT64_C(1) << stage2_ipa_bits(s2);

	return ipa.v >= limit || size > limit - ipa.v;
}

/* What can be done of so many bytes at once: no more than the page has. */
static inline __attribute__((always_inline))
uint64_t piece(ipa_t ipa, uint64_t left)
{
	uint64_t in_page = PAGE_SIZE - (ipa.v & PAGE_MASK);

	return MIN(left, in_page);
}

static int on_range(struct stage2 *s2, const struct page_op *op, ipa_t ipa, uint64_t size)
{
	uint64_t n;
	int err = 0;

	if (size == 0)
		return 0;
	if (beyond(s2, ipa, size))
		return -EINVAL;
	for (uint64_t done = 0; !err && done < size; done += n) {
		ipa_t at = ipa_add(ipa, done);

		n = piece(at, size - done);
		err = on_page(s2, op, at, n, done);
		if (err == -ENOENT && s2->populate && !s2->populate(s2->populate_ctx, at))
			err = on_page(s2, op, at, n, done);
	}
	return err == -ENOENT ? -EFAULT : err;
}

/* ---- bytes of EL2's own: the path of every request's header, so in one function ---- */

static inline __attribute__((always_inline))
int copy_page(struct stage2 *s2, ipa_t ipa, void *p, uint64_t size, bool out, uint32_t need)
{
	uint64_t flags = arch_irq_save(), in_page = ipa.v & PAGE_MASK;
	struct window w;
	uint32_t attr;
	pa_t pa;
	int err;

	spin_lock_inline(&s2->lock);
	err = stage2_page_locked(s2, ipa, &pa, &attr);
	if (!err && (attr & (S2_DEVICE | need)) != need)
		err = -EFAULT;
	if (!err) {
		char __guest *g = window_open_masked(&w, WINDOW_SLOT_COPY, PA(pa.v - in_page));

		if (out)
			arch_copy((__force char *)g + in_page, p, size);
		else
			arch_copy(p, (__force char *)g + in_page, size);
		window_close_masked(&w);
	}
	spin_unlock_inline(&s2->lock);
	arch_irq_restore(flags);
	return err;
}

/* Not in line, as it is seldom first. */
static int __attribute__((noinline))
copy_next(struct stage2 *s2, ipa_t ipa, void *p, uint64_t size, bool out, uint32_t need)
{
	return copy_page(s2, ipa, p, size, out, need);
}

static int __attribute__((noinline))
copy_pages(struct stage2 *s2, ipa_t ipa, char *p, uint64_t size, bool out, uint32_t need)
{
	int err = 0;

	if (size && beyond(s2, ipa, size))
		return -EINVAL;
	for (uint64_t done = 0, n; !err && done < size; done += n) {
		ipa_t at = ipa_add(ipa, done);

		n = piece(at, size - done);
		err = copy_next(s2, at, p + done, n, out, need);
		if (err == -ENOENT && s2->populate && !s2->populate(s2->populate_ctx, at))
			err = copy_next(s2, at, p + done, n, out, need);
	}
	return err == -ENOENT ? -EFAULT : err;
}

static inline __attribute__((always_inline))
int copy_range(struct stage2 *s2, ipa_t ipa, char *p, uint64_t size, bool out, uint32_t need)
{
	int err;

	/* Most are of few bytes, of a page that is there. */
	if (size - 1 < PAGE_SIZE - (ipa.v & PAGE_MASK)) {
		err = copy_page(s2, ipa, p, size, out, need);
		if (err != -ENOENT)
			return err;
	}
	return copy_pages(s2, ipa, p, size, out, need);
}

int guest_copy_from(struct stage2 *s2, void *dst, ipa_t ipa, size_t size)
{
	return copy_range(s2, ipa, dst, size, false, S2_R);
}

int guest_copy_to(struct stage2 *s2, ipa_t ipa, const void *src, size_t size)
{
	return copy_range(s2, ipa, (char *)src, size, true, S2_W);
}

int guest_zero(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	const struct page_op op = { .act = act_zero, .need = S2_W };

	return on_range(s2, &op, ipa, size);
}

int guest_copy_from_frame(struct stage2 *s2, ipa_t ipa, pa_t frame, uint64_t size)
{
	const struct page_op op = { .act = act_from_frame, .frame = frame, .need = S2_W };

	return on_range(s2, &op, ipa, size);
}

int guest_copy_to_frame(struct stage2 *s2, pa_t frame, ipa_t ipa, uint64_t size)
{
	const struct page_op op = { .act = act_to_frame, .frame = frame, .need = S2_R };

	return on_range(s2, &op, ipa, size);
}

/* ---- two guests ---- */

/* One page of a guest as it is now, its table locked. -ENOENT: a hole. */
static int page_locked(struct stage2 *s2, ipa_t ipa, uint32_t need, pa_t *pa)
{
	uint32_t attr;
	int err = stage2_page_locked(s2, ipa, pa, &attr);

	return err ? err : (attr & S2_DEVICE) || (attr & need) != need ? -EFAULT : 0;
}

/* Interrupts are masked, and the tables locked. */
static void copy_frames(pa_t to, pa_t from, uint64_t size)
{
	pa_t to_page = PA(align_down(to.v, PAGE_SIZE));
	pa_t from_page = PA(align_down(from.v, PAGE_SIZE));
	struct window wt, wf;
	char __guest *t = window_open_masked(&wt, WINDOW_SLOT_COPY, to_page);
	const char __guest *f = window_open_masked(&wf, WINDOW_SLOT_SCRUB, from_page);

	/* One guest may copy within a page. */
	if (to_page.v == from_page.v)
		memmove((__force char *)t + (to.v & PAGE_MASK),
			(__force const char *)f + (from.v & PAGE_MASK), size);
	else
		arch_copy((__force char *)t + (to.v & PAGE_MASK),
			  (__force const char *)f + (from.v & PAGE_MASK), size);
	window_close_masked(&wf);
	window_close_masked(&wt);
}

/* In the order of their addresses, so that two who copy to each other do not wait for ever. */
static int pieces_locked(struct stage2 *to_s2, ipa_t to, struct stage2 *from_s2, ipa_t from,
			 uint64_t size)
{
	struct stage2 *first = to_s2 < from_s2 ? to_s2 : from_s2;
	struct stage2 *second = to_s2 < from_s2 ? from_s2 : to_s2;
	uint64_t flags = spin_lock_irqsave(&first->lock);
	pa_t to_pa, from_pa;
	int err;

	if (second != first)
		spin_lock(&second->lock);
	err = page_locked(to_s2, to, S2_W, &to_pa);
	if (!err)
		err = page_locked(from_s2, from, S2_R, &from_pa);
	if (!err)
		copy_frames(to_pa, from_pa, size);
	if (second != first)
		spin_unlock(&second->lock);
	spin_unlock_irqrestore(&first->lock, flags);
	return err;
}

static int touch(struct stage2 *s2, ipa_t ipa)
{
	struct stage2_leaf leaf;
	int err = stage2_lookup(s2, ipa, &leaf);

	if (err || leaf.mapped)
		return err;
	return s2->populate ? s2->populate(s2->populate_ctx, ipa) : -EFAULT;
}

int guest_copy_between(struct stage2 *to_s2, ipa_t to, struct stage2 *from_s2, ipa_t from,
		       uint64_t size)
{
	int err = 0;

	if (size == 0)
		return 0;
	if (beyond(to_s2, to, size) || beyond(from_s2, from, size))
		return -EINVAL;
	for (uint64_t done = 0, n; !err && done < size; done += n) {
		ipa_t t = ipa_add(to, done), f = ipa_add(from, done);

		n = piece(t, piece(f, size - done));
		err = pieces_locked(to_s2, t, from_s2, f, n);
		if (err != -ENOENT)
			continue;
		err = touch(to_s2, t);
		if (!err)
			err = touch(from_s2, f);
		if (!err)
			err = pieces_locked(to_s2, t, from_s2, f, n);
	}
	return err == -ENOENT ? -EFAULT : err;
}

int guest_load(struct stage2 *s2, ipa_t ipa, const void *src, size_t size)
{
	return copy_range(s2, ipa, (char *)src, size, true, 0);
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
