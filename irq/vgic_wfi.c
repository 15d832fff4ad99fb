/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would this vCPU's WFI end? Answered without touching the list registers, as a
 * vCPU that is about to sleep has time, and one that wakes needs them as they are.
 * Spec: GIC IHI 0069, "Interrupt prioritization", "Preemption".
 */
#include "irq/vgic_int.h"

#include <arch/gic.h>
#include "core/lib/options.h"
#include "irq/vgic_direct.h"
#include "irq/vgic_fast.h"

#define PRIO_NONE 0x100u     /* lower than any priority */

/* Highest pending priority of each group. */
struct wfi_best {
	uint32_t ctlr;
	uint32_t prio[2];
};

static void wfi_note(struct wfi_best *b, bool group1, uint32_t prio)
{
	if (prio < b->prio[group1])
		b->prio[group1] = prio;
}

static void wfi_word(struct vgic_vcpu *v, struct vgic_word *w, uint32_t first,
		     uint32_t mine, void *arg)
{
	struct wfi_best *b = arg;
	uint32_t m = word_ready(w, b->ctlr) & mine & ~(w->active | w->in_lr);

	for (; m; m &= m - 1) {
		uint32_t bit = (uint32_t)__builtin_ctz(m);

		wfi_note(b, w->group >> bit & 1, vgic_prio_of(v, first + bit));
	}
}

/* Only hardware knows how far this one is, only the words what changed since. */
static void wfi_lr(struct vgic_vcpu *v, uint32_t n, struct wfi_best *b)
{
	uint32_t intid = v->lr_intid[n], bit = 1u << (intid & 31);
	struct vgic_word *w = vgic_word_of(v, intid);
	uint64_t lr = vgic_lr_read(n);
	bool pending = ((lr & ICH_LR_PENDING) && (v->lr_soft >> n & 1)) ||
		       ((w->latch | (w->line & ~w->edge)) & bit);

	if (pending && !(lr & ICH_LR_ACTIVE) && (word_forwarded(w, b->ctlr) & bit))
		wfi_note(b, w->group & bit, vgic_prio_of(v, intid));
}

/* Bit n of the active priorities registers, low first, is group priority n << shift. */
uint32_t vgic_running_priority(void)
{
	uint32_t apr = (uint32_t)(arch_ich_ap0r_read(0) | arch_ich_ap1r_read(0)), n = 0;

	while (!apr && n + 1 < vgic_hw.nr_aprs) {
		n++;
		apr = (uint32_t)(arch_ich_ap0r_read(n) | arch_ich_ap1r_read(n));
	}
	return apr ? (32 * n + (uint32_t)__builtin_ctz(apr)) << (8 - vgic_hw.prebits) : PRIO_NONE;
}

/* The part of a priority that decides over preemption: the binary point's. */
static uint32_t group_priority_mask(uint64_t vmcr, bool group1)
{
	uint64_t bpr0 = bits_get(ICH_VMCR_VBPR0, vmcr), bpr1 = bits_get(ICH_VMCR_VBPR1, vmcr);

	if (!group1 || (vmcr & ICH_VMCR_VCBPR))
		return ~0u << (bpr0 + 1);
	return ~0u << bpr1;
}

static bool passes(uint64_t vmcr, bool group1, uint32_t prio)
{
	if (!(vmcr & (group1 ? ICH_VMCR_VENG1 : ICH_VMCR_VENG0)))
		return false;
	return prio < bits_get(ICH_VMCR_VPMR, vmcr) &&
	       (prio & group_priority_mask(vmcr, group1)) < vgic_running_priority();
}

static bool any_passes(const struct vgic_vcpu *v, const struct wfi_best *b)
{
	uint64_t vmcr;

	if (b->prio[0] == PRIO_NONE && b->prio[1] == PRIO_NONE)
		return false;
	vmcr = v->discard ? 0 : arch_ich_vmcr_read();
	return passes(vmcr, false, b->prio[0]) || passes(vmcr, true, b->prio[1]);
}

/* Of the private word, what is pending and in no list register, or again. */
static inline uint32_t soft(const struct vgic_vcpu *v)
{
	const struct vgic_word *w = &v->word;

	return (w->latch | (w->line & ~w->edge)) & w->enabled;
}

/*
 * The usual case: what could end it, if anything, is one SGI or PPI in a list register. Return:
 * whether it does; -1: this is not the case.
 */
static inline int alone_passes(const struct vgic_vcpu *v, uint32_t used, uint32_t ctlr)
{
	uint32_t found = 0;

	for (; used; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);
		uint64_t lr = vgic_lr_read(n);

		if ((lr & (ICH_LR_PENDING | ICH_LR_ACTIVE)) != ICH_LR_PENDING ||
		    !(v->lr_soft >> n & 1))
			continue;
		if (found)
			return -1;
		found = 1u << v->lr_intid[n];
	}
	if (!(found & word_forwarded(&v->word, ctlr)))
		return false;
	return passes(arch_ich_vmcr_read(), v->word.group & found,
		      v->prio[__builtin_ctz(found)]);
}

static __attribute__((cold, noinline))
bool best_passes(struct vgic_vcpu *v, bool spis, uint32_t used)
{
	struct wfi_best b = { vgic_ctlr(v->vgic), { PRIO_NONE, PRIO_NONE } };

	for (; used; used &= used - 1)
		wfi_lr(v, (uint32_t)__builtin_ctz(used), &b);
	if (any_passes(v, &b))
		return true;
	vgic_for_words(v, spis, wfi_word, &b);
	return any_passes(v, &b);
}

/* What woke it is in a list register most often: these first. */
bool vgic_deliverable(struct vgic_vcpu *v)
{
	bool spis;
	uint32_t used;
	int yes = -1;

	/* From here on what is physical comes to EL2. */
	if (vgic_is_direct(v))
		vgic_direct_end(v);
	spis = vgic_lr_lock(v);
	used = v->discard ? 0 : atomic_load_explicit(&v->lr_used, memory_order_relaxed);
	if (CONFIG_FAST && !(spis | v->discard | soft(v)))
		yes = alone_passes(v, used, vgic_ctlr(v->vgic));
	if (yes < 0)
		yes = best_passes(v, spis, used);
	vgic_lr_unlock(v, spis);
	return yes;
}
