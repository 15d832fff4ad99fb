/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers. A flush first folds: it reads back what hardware did, so that
 * the words are true. Then it fills: everything that fits, else the best by
 * priority. Spec: GIC IHI 0069, "List register usage resulting in changes to
 * interrupt state", "Maintenance interrupts".
 */
#include "irq/vgic_int.h"

#include <arch/gic.h>
#include "irq/gicv3.h"
#include "irq/vgic_direct.h"

struct vgic_hw vgic_hw;

void vgic_for_words(struct vgic_vcpu *v, bool spis, vgic_word_fn *f, void *arg)
{
	uint32_t hint = spis ? atomic_load_explicit(&v->spi_hint, memory_order_relaxed) : 0;

	f(v, &v->word, 0, ~0u, arg);
	for (; hint; hint &= hint - 1) {
		uint32_t idx = (uint32_t)__builtin_ctz(hint);

		f(v, &v->vgic->word[idx], 32 + 32 * idx, v->mine[idx], arg);
	}
}

/* ---- fold ---- */

static void fold_phys(struct vgic_word *w, uint32_t bit, bool done)
{
	/* Hardware deactivated it; it may have been taken again meanwhile. */
	if (done)
		w->phys_active = (w->phys_active & ~bit) | (w->phys_again & bit);
	w->phys_again &= ~bit;
}

/* An SPI that is no longer active here: its route and its physical one may go on. */
static void spi_inactive(struct vgic_vcpu *v, uint32_t intid)
{
	struct vgic_bank b = vgic_bank_spi(v->vgic, (intid - 32) / 32);

	vgic_bank_release_phys(&b);
	vgic_route_renew(v->vgic, b.idx, 1u << (intid & 31));
}

/* A linked SPI that was not acknowledged yet, and whose device has thought better of it. */
static void spi_resample(struct vgic_vcpu *v, struct vgic_word *w, uint32_t intid)
{
	uint32_t bit = 1u << (intid & 31);

	if ((w->latch & w->phys_active & ~(w->active | w->edge) & bit) &&
	    !gicv3_is_pending(v->vgic->spi[intid - 32].pintid))
		w->latch &= ~bit;
}

void vgic_lr_resample_locked(struct vgic_vcpu *v, uint32_t bits)
{
	struct vgic_word *w = &v->word;

	bits &= w->latch & w->phys_active & ~(w->active | w->edge);
	if (!bits)
		return;
	for (; bits; bits &= bits - 1)
		if (!gicv3_is_pending(v->pintid[__builtin_ctz(bits)]))
			w->latch &= ~(bits & -bits);
	vgic_bank_release_phys(&(struct vgic_bank){ v->vgic, v, w, 0, ~0u });
}

static void fold_one(struct vgic_vcpu *v, uint32_t n)
{
	uint32_t intid = v->lr_intid[n], bit = 1u << (intid & 31);
	struct vgic_word *w = vgic_word_of(v, intid);
	uint64_t lr = arch_ich_lr_read(n);
	bool done = !(lr & (ICH_LR_PENDING | ICH_LR_ACTIVE));

	w->in_lr &= ~bit;
	w->lr_pend &= ~bit;
	/* Not taken: it is no injection, or will be counted again. */
	v->injected -= bits_get(ICH_LR_PENDING, lr);
	if ((lr & ICH_LR_PENDING) && (v->lr_soft >> n & 1))
		w->latch |= bit;
	w->active = (w->active & ~bit) | ((lr & ICH_LR_ACTIVE) ? bit : 0);
	w->set_active &= w->active;
	fold_phys(w, bit, done && (v->lr_hw >> n & 1));
	if (intid < INTID_SPI_FIRST) {
		v->refolded |= w->latch & bit;
	} else if (!(lr & ICH_LR_ACTIVE)) {
		spi_resample(v, w, intid);
		spi_inactive(v, intid);
	}
}

struct best {
	uint32_t key;            /* priority, then INTID; less is better */
	bool found;
};

static void best_evicted(struct vgic_vcpu *v, struct vgic_word *w, uint32_t first,
			 uint32_t mine, void *arg)
{
	struct best *best = arg;

	for (uint32_t m = w->active & ~(w->in_lr | w->set_active) & mine; m; m &= m - 1) {
		uint32_t intid = first + (uint32_t)__builtin_ctz(m);
		uint32_t key = (uint32_t)vgic_prio_of(v, intid) << 16 | intid;

		if (!best->found || key < best->key)
			*best = (struct best){ key, true };
	}
}

/*
 * Ends of interrupts that were in no list register. Only their number is known,
 * but with EOImode 0 they come in the order of priority; with EOImode 1 each
 * deactivation traps and says its INTID.
 */
static void fold_eoicount(struct vgic_vcpu *v)
{
	uint64_t hcr = arch_ich_hcr_read();
	uint64_t nr = bits_get(ICH_HCR_EOICOUNT, hcr);

	v->hcr = (uint32_t)hcr;              /* differs from what fill writes if nr */
	if (arch_ich_vmcr_read() & ICH_VMCR_VEOIM)
		return;
	for (; nr; nr--) {
		struct best best = { 0, false };
		uint32_t intid;

		vgic_for_words(v, true, best_evicted, &best);
		if (!best.found)
			return;
		intid = best.key & 0xffff;
		vgic_word_of(v, intid)->active &= ~(1u << (intid & 31));
		if (intid >= INTID_SPI_FIRST)
			spi_inactive(v, intid);
	}
}

/* The VM was reset: nothing that hardware holds for it counts. */
static void discard(struct vgic_vcpu *v)
{
	v->discard = false;
	vgic_cpuif_clear();
	v->hcr = (uint32_t)arch_ich_hcr_read();
	v->word.phys_active |= v->word.linked;   /* released as not pending */
	v->word.phys_again = 0;
}

uint32_t vgic_lr_fold_locked(struct vgic_vcpu *v)
{
	uint32_t used = atomic_load_explicit(&v->lr_used, memory_order_relaxed);

	v->refolded = 0;
	v->fast = 0;
	if (v->discard) {
		discard(v);
	} else if (CONFIG_DIRECT && used >> VGIC_LR_DIRECT) {
		vgic_direct_fold_locked(v);
		used = 0;
	} else if (used || (v->hcr & ICH_HCR_LRENPIE)) {
		if (v->hcr & ICH_HCR_LRENPIE)
			fold_eoicount(v);
		for (uint32_t m = used; m; m &= m - 1)
			fold_one(v, (uint32_t)__builtin_ctz(m));
	}
	v->lr_soft = 0;
	v->lr_hw = 0;
	v->lr_spi = 0;
	if (v->word.phys_active)
		vgic_bank_release_phys(&(struct vgic_bank){ v->vgic, v, &v->word, 0, ~0u });
	return used;
}

/* ---- fill ---- */

struct plan {
	uint32_t ctlr;
	uint32_t nr;             /* chosen; more than nr_lrs: they do not all fit  */
	bool crowded;            /* pending ones were left out                     */
	uint16_t intid[ICH_NR_LRS_MAX + 1];
};

/* Everything that wants a list register, as long as it fits. */
static void plan_all(struct vgic_vcpu *v, struct vgic_word *w, uint32_t first,
		     uint32_t mine, void *arg)
{
	struct plan *p = arg;
	uint32_t m = (word_ready(w, p->ctlr) | w->active) & mine;

	if (!m && first)
		atomic_fetch_and_explicit(&v->spi_hint, ~(1u << (first / 32 - 1)),
					  memory_order_relaxed);
	for (; m && p->nr <= vgic_hw.nr_lrs; m &= m - 1)
		p->intid[p->nr++] = (uint16_t)(first + (uint32_t)__builtin_ctz(m));
}

/* The best of one kind, sorted; less is better: group off, priority, INTID. */
struct ranking {
	uint32_t nr;             /* how many there are in all */
	uint32_t key[ICH_NR_LRS_MAX];
};

struct contest {
	uint32_t ctlr;
	uint64_t vmcr;
	struct ranking active, pending;
};

static void rank_insert(struct ranking *r, uint32_t key)
{
	uint32_t i = MIN(r->nr, vgic_hw.nr_lrs);

	r->nr++;
	if (i == vgic_hw.nr_lrs && key >= r->key[--i])
		return;
	/*@ loop invariant 0 <= i <= \at(i, LoopEntry);
	  @ loop assigns i, r->key[0 .. vgic_hw.nr_lrs - 1];
	  @ loop variant i;
	  @*/
	for (; i && r->key[i - 1] > key; i--)
		r->key[i] = r->key[i - 1];
	r->key[i] = key;
}

/* What the guest switched off at its CPU interface must not keep others out. */
static uint32_t rank_key(const struct vgic_vcpu *v, const struct vgic_word *w, uint64_t vmcr,
			 uint32_t intid)
{
	uint64_t on = w->group >> (intid & 31) & 1 ? ICH_VMCR_VENG1 : ICH_VMCR_VENG0;

	return ((vmcr & on) ? 0 : 1u << 24) | (uint32_t)vgic_prio_of(v, intid) << 16 | intid;
}

static void rank_word(struct vgic_vcpu *v, struct vgic_word *w, uint32_t first,
		      uint32_t mine, void *arg)
{
	struct contest *c = arg;
	uint32_t active = w->active & mine;
	uint32_t ready = word_ready(w, c->ctlr) & mine & ~active;

	for (; active; active &= active - 1) {
		uint32_t intid = first + (uint32_t)__builtin_ctz(active);

		rank_insert(&c->active, (uint32_t)vgic_prio_of(v, intid) << 16 | intid);
	}
	for (; ready; ready &= ready - 1)
		rank_insert(&c->pending,
			    rank_key(v, w, c->vmcr, first + (uint32_t)__builtin_ctz(ready)));
}

/* An active interrupt is in no list register: its end must be told to us. */
#define HCR_EVICTED ((uint32_t)(ICH_HCR_EN | ICH_HCR_LRENPIE) | vgic_hw.trap_dir)

/* When to be told, as not all have a list register. */
static uint32_t overflow_hcr(const struct contest *c, uint32_t nr_active, uint32_t nr_pending)
{
	uint32_t hcr = ICH_HCR_EN;

	if (c->pending.nr > nr_pending) {
		hcr |= ICH_HCR_NPIE;
		hcr |= (c->vmcr & ICH_VMCR_VENG0) ? ICH_HCR_VGRP0DIE : ICH_HCR_VGRP0EIE;
		hcr |= (c->vmcr & ICH_VMCR_VENG1) ? ICH_HCR_VGRP1DIE : ICH_HCR_VGRP1EIE;
	}
	if (c->active.nr > nr_active)
		hcr |= HCR_EVICTED;
	return hcr;
}

/*
 * Active ones first: each that is left out costs an exit at its end. But one
 * place is for the best pending one, or it would wait for those it outranks.
 */
static uint32_t places_active(uint32_t nr_lrs, uint32_t active, uint32_t pending)
{
	uint32_t most = nr_lrs - (pending ? 1 : 0);

	return MIN(active, most);
}

/* The others are for pending ones. */
static uint32_t places_pending(uint32_t nr_lrs, uint32_t nr_active, uint32_t pending)
{
	return MIN(pending, nr_lrs - nr_active);
}

static uint32_t plan_best(struct vgic_vcpu *v, bool spis, struct plan *p)
{
	struct contest c = { .ctlr = p->ctlr, .vmcr = arch_ich_vmcr_read() };
	uint32_t nr_active, nr_pending;

	vgic_for_words(v, spis, rank_word, &c);
	nr_active = places_active(vgic_hw.nr_lrs, c.active.nr, c.pending.nr);
	nr_pending = places_pending(vgic_hw.nr_lrs, nr_active, c.pending.nr);
	p->crowded = c.pending.nr > nr_pending;
	p->nr = 0;
	for (uint32_t i = 0; i < nr_active; i++)
		p->intid[p->nr++] = (uint16_t)c.active.key[i];
	for (uint32_t i = 0; i < nr_pending; i++)
		p->intid[p->nr++] = (uint16_t)c.pending.key[i];
	return overflow_hcr(&c, nr_active, nr_pending);
}

static uint32_t pintid_of(const struct vgic_vcpu *v, uint32_t intid)
{
	return intid < 32 ? v->pintid[intid] : v->vgic->spi[intid - 32].pintid;
}

/* Routed to another vCPU while active here: there it goes on when it ends. */
static bool is_leaving(const struct vgic_vcpu *v, const struct vgic_word *w, uint32_t intid)
{
	uint32_t bit = 1u << (intid & 31);

	return intid >= INTID_SPI_FIRST && (v->vgic->moved[(intid - 32) / 32] & w->active & bit);
}

/*
 * How the end of an interrupt reaches who must know. The HW bit deactivates the
 * physical one, but allows no pending-and-active; EOI brings an exit: for a
 * level that is still high, to deactivate the physical one ourselves, for
 * another vCPU to get it next, or to go back to interrupts without list registers.
 */
static uint64_t lr_end(struct vgic_vcpu *v, const struct vgic_word *w, uint32_t n,
		       uint32_t intid, bool both)
{
	uint32_t bit = 1u << (intid & 31);
	bool leaving = is_leaving(v, w, intid);

	if ((w->phys_active & bit) && !both && !leaving) {
		v->lr_hw |= 1u << n;
		return ICH_LR_HW | BITS_VAL(ICH_LR_PINTID, pintid_of(v, intid));
	}
	if (((w->line & ~w->edge) | w->phys_active) & bit || leaving)
		return ICH_LR_EOI;
	return CONFIG_DIRECT ? v->lr_told : 0;
}

/*
 * An active one that is pending again must not come before better ones that were left
 * out: then its end brings an exit, and all are ranked anew.
 */
static void place(struct vgic_vcpu *v, uint32_t n, uint32_t intid, const struct plan *p)
{
	uint32_t bit = 1u << (intid & 31);
	struct vgic_word *w = vgic_word_of(v, intid);
	bool active = w->active & bit;
	bool ready = (word_ready(w, p->ctlr) & bit) && !is_leaving(v, w, intid);
	bool pending = ready && !(active && p->crowded);
	uint64_t lr = intid | BITS_VAL(ICH_LR_PRIORITY, vgic_prio_of(v, intid)) |
		      ((w->group & bit) ? ICH_LR_GROUP1 : 0) |
		      (pending ? ICH_LR_PENDING : 0) | (active ? ICH_LR_ACTIVE : 0) |
		      (ready && !pending ? ICH_LR_EOI : 0) |
		      lr_end(v, w, n, intid, ready && active);

	w->in_lr |= bit;
	if (pending) {
		w->lr_pend |= bit;
		v->lr_soft |= (w->latch & bit) ? 1u << n : 0;
		w->latch &= ~bit;
		v->injected++;
	}
	if (intid >= INTID_SPI_FIRST) {
		v->lr_spi |= 1u << n;
	} else {
		v->lr_of[intid] = (uint8_t)n;
		v->fast |= pending && !active ? bit : 0;
	}
	v->lr_intid[n] = (uint16_t)intid;
	arch_ich_lr_write(n, lr);
}

static void hcr_update(struct vgic_vcpu *v, uint32_t hcr)
{
	if (v->hcr == hcr)
		return;
	v->hcr = hcr;
	arch_ich_hcr_write(hcr);
}

static void note_active(struct vgic_vcpu *v, struct vgic_word *w, uint32_t first,
			uint32_t mine, void *arg)
{
	(void)v;
	(void)first;
	*(uint32_t *)arg |= w->active & mine;
}

/* The guest may go on like this: what it ends meanwhile is in no list register. */
void vgic_lr_clear_locked(struct vgic_vcpu *v, bool spis, uint32_t stale)
{
	uint32_t active = 0;

	for (; stale; stale &= stale - 1)
		arch_ich_lr_write((uint32_t)__builtin_ctz(stale), 0);
	vgic_for_words(v, spis, note_active, &active);
	hcr_update(v, active ? HCR_EVICTED : ICH_HCR_EN);
	atomic_store_explicit(&v->lr_used, 0, memory_order_release);
}

void vgic_lr_fill_locked(struct vgic_vcpu *v, bool spis, uint32_t stale)
{
	struct plan p = { .ctlr = vgic_ctlr(v->vgic) };
	uint32_t hcr = ICH_HCR_EN;

	if (atomic_load_explicit(&v->hold, memory_order_relaxed)) {
		vgic_lr_clear_locked(v, spis, stale);
		return;
	}
	vgic_for_words(v, spis, plan_all, &p);
	if (p.nr > vgic_hw.nr_lrs)
		hcr = plan_best(v, spis, &p);
	for (uint32_t n = 0; n < p.nr; n++)
		place(v, n, p.intid[n], &p);
	for (stale &= ~((1u << p.nr) - 1); stale; stale &= stale - 1)
		arch_ich_lr_write((uint32_t)__builtin_ctz(stale), 0);
	hcr_update(v, hcr);
	atomic_store_explicit(&v->lr_used, (1u << p.nr) - 1, memory_order_release);
}

void vgic_lr_flush_locked(struct vgic_vcpu *v, bool spis)
{
	uint32_t stale = vgic_lr_fold_locked(v);

	v->word.latch |= vgic_sgis_sent(v);
	vgic_lr_resample_locked(v, v->refolded);
	vgic_lr_fill_locked(v, spis, stale);
}

void vgic_flush(struct vgic_vcpu *v)
{
	bool spis;

	/* Before any of the state is read: who sets one again is not missed. */
	atomic_fetch_and_explicit(&v->thread->requests, ~(uint32_t)VGIC_FLUSH_BITS,
				  memory_order_seq_cst);
	spis = vgic_lr_lock(v);
	vgic_lr_flush_locked(v, spis);
	vgic_lr_unlock(v, spis);
}

void vgic_lr_empty(struct vgic_vcpu *v)
{
	bool spis = vgic_lr_lock(v);

	vgic_lr_clear_locked(v, spis, vgic_lr_fold_locked(v));
	vgic_lr_resample_locked(v, ~0u);
	atomic_store_explicit(&v->asked, false, memory_order_release);
	vgic_lr_unlock(v, spis);
}
