/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/guest_view.h"

#include <errno.h>

#include <arch/hyp_ptr.h>
#include "core/lib/bits.h"
#include "mm/el2_map.h"
#include "mm/el2_region.h"
#include "mm/frames.h"

/* The frame of a page, if it is one that may be viewed. -ENOENT: a hole. */
static int frame_locked(struct stage2 *s2, ipa_t page, pa_t *pa)
{
	struct stage2_leaf leaf;
	int err = stage2_lookup_locked(s2, page, &leaf);

	if (err)
		return err;
	if (!leaf.mapped)
		return -ENOENT;
	if ((leaf.attr & S2_DEVICE) || (leaf.attr & (S2_R | S2_W)) != (S2_R | S2_W) ||
	    frames_owner(leaf.pa) != s2->owner)
		return -EFAULT;
	*pa = leaf.pa;
	return 0;
}

static int map_pages_locked(struct stage2 *s2, va_t va, ipa_t first, uint32_t nr)
{
	int err = 0;

	for (uint32_t i = 0; i < nr; i++) {
		pa_t pa;

		err = frame_locked(s2, ipa_add(first, i * PAGE_SIZE), &pa);
		if (!err)
			err = el2_map_range(va_add(va, i * PAGE_SIZE), pa, PAGE_SIZE, EL2_RW);
		if (err && i)
			el2_unmap_range(va, i * PAGE_SIZE);
		if (err)
			break;
	}
	return err;
}

static int map_all(struct stage2 *s2, struct guest_view *v, ipa_t first)
{
	uint64_t flags = spin_lock_irqsave(&s2->lock);
	int err = map_pages_locked(s2, v->va, first, v->nr_pages);

	if (!err) {
		list_push_back(&s2->views, &v->node);
		v->p = (void __guest *)arch_va_to_ptr(va_add(v->va, v->ipa.v & PAGE_MASK));
	}
	spin_unlock_irqrestore(&s2->lock, flags);
	return err;
}

static void touch_all(struct stage2 *s2, ipa_t first, uint32_t nr)
{
	for (uint32_t i = 0; s2->populate && i < nr; i++)
		s2->populate(s2->populate_ctx, ipa_add(first, i * PAGE_SIZE));
}

int guest_view_map(struct stage2 *s2, struct guest_view *v, ipa_t ipa, uint32_t size)
{
	uint64_t limit = UINT64_C(1) << stage2_ipa_bits(s2);
	ipa_t first = IPA(align_down(ipa.v, PAGE_SIZE));
	int err;

	if (!size || size > GUEST_VIEW_MAX || ipa.v >= limit || size > limit - ipa.v)
		return -EINVAL;
	v->ipa = ipa;
	v->size = size;
	v->nr_pages = (uint32_t)((align_up(ipa.v + size, PAGE_SIZE) - first.v) >> PAGE_SHIFT);
	err = el2_view_take(v->nr_pages, &v->va);
	if (err)
		return err;
	err = map_all(s2, v, first);
	if (err == -ENOENT) {
		touch_all(s2, first, v->nr_pages);
		err = map_all(s2, v, first);
	}
	if (err)
		el2_view_give(v->va, v->nr_pages);
	return err == -ENOENT ? -EFAULT : err;
}

void guest_view_unmap(struct stage2 *s2, struct guest_view *v)
{
	uint64_t flags;

	if (!v->p)
		return;
	v->p = NULL;
	el2_unmap_range(v->va, v->nr_pages * PAGE_SIZE);
	el2_view_give(v->va, v->nr_pages);
	/* Only now may the guest's pages go. */
	flags = spin_lock_irqsave(&s2->lock);
	list_remove(&v->node);
	spin_unlock_irqrestore(&s2->lock, flags);
}

static struct guest_view *find_locked(const struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	list_for_each(pos, &s2->views) {
		struct guest_view *v = list_entry(pos, struct guest_view, node);

		if (range_overlap(align_down(v->ipa.v, PAGE_SIZE), v->nr_pages * PAGE_SIZE, ipa.v,
				  size))
			return v;
	}
	return NULL;
}

bool guest_view_overlaps_locked(const struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	return !range_bad(ipa.v, size) && find_locked(s2, ipa, size);
}

/* Views are not freed while the VM is there; one that went meanwhile has nothing to do. */
void guest_view_revoke(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	struct guest_view *v = NULL, *last;

	if (range_bad(ipa.v, size))
		return;
	do {
		uint64_t flags = spin_lock_irqsave(&s2->lock);

		last = v;
		v = find_locked(s2, ipa, size);
		spin_unlock_irqrestore(&s2->lock, flags);
		if (v)
			v->revoke(v);
	} while (v && v != last);
}
