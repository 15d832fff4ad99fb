/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers are worked on a word at a time: what does not change costs
 * nothing, and only changed interrupts that somebody waits for are looked at one
 * by one. Spec: GIC IHI 0069, "The Distributor register descriptions".
 */
#include "irq/vgic_regs.h"

/* Word n of a frame. False: not there (reserved, RAZ/WI). */
static bool bank_at(const struct vgic_frame *f, uint32_t n, struct vgic_bank *b)
{
	b->g = f->g;
	b->v = f->v;
	b->idx = 0;
	if (f->v) {
		b->w = &f->v->word;
		b->valid = ~0u;
		return n == 0;
	}
	/* With affinity routing the first 32 are in the redistributors. */
	if (n == 0 || n > f->g->nr_words)
		return false;
	b->idx = n - 1;
	b->w = &f->g->word[n - 1];
	b->valid = vgic_valid_spis(f->g, n - 1);
	return true;
}

/* A word that only registers change. */
static uint64_t read_locked(const struct vgic_bank *b, const uint32_t *word)
{
	uint32_t val;

	spin_lock(vgic_bank_lock(b));
	val = *word;
	spin_unlock(vgic_bank_lock(b));
	return val;
}

uint64_t vgic_igroupr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic_bank b;

	(void)acc;
	return bank_at(ctx, off / 4, &b) ? read_locked(&b, &b.w->group) : 0;
}

void vgic_igroupr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic_bank b;
	uint32_t changed;

	if (!bank_at(ctx, off / 4, &b))
		return;
	spin_lock(vgic_bank_lock(&b));
	changed = (b.w->group ^ (uint32_t)acc->value) & b.valid;
	__atomic_store_n(&b.w->group, b.w->group ^ changed, __ATOMIC_RELAXED);
	if (changed) {
		vgic_bank_attend(&b, changed);
		vgic_direct_renew(&b, changed);
	}
	spin_unlock(vgic_bank_lock(&b));
}

uint64_t vgic_isenabler_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic_bank b;

	(void)acc;
	return bank_at(ctx, off / 4, &b) ? read_locked(&b, &b.w->enabled) : 0;
}

uint64_t vgic_icenabler_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	return vgic_isenabler_read(ctx, acc, off);
}

void vgic_isenabler_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic_bank b;
	uint32_t set;

	if (!bank_at(ctx, off / 4, &b))
		return;
	spin_lock(vgic_bank_lock(&b));
	set = (uint32_t)acc->value & b.valid & ~b.w->enabled;
	b.w->enabled |= set;
	if (set) {
		vgic_bank_attend(&b, set);
		vgic_direct_renew(&b, set);
	}
	spin_unlock(vgic_bank_lock(&b));
}

/* Complete when it returns, so that RWP is never seen set. */
void vgic_icenabler_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	uint32_t val = (uint32_t)acc->value;
	struct vgic_bank b;
	uint64_t held;

	if (!bank_at(ctx, off / 4, &b) || !val)
		return;
	held = vgic_bank_lock_settled(&b, val);
	b.w->enabled &= ~val;
	vgic_bank_unlock_settled(&b, held);
}

static uint64_t read_settled(void *ctx, uint32_t off, bool active)
{
	struct vgic_bank b;
	uint64_t held, val;

	if (!bank_at(ctx, off / 4, &b))
		return 0;
	held = vgic_bank_lock_settled(&b, b.valid);
	val = active ? b.w->active : word_pending(b.w);
	vgic_bank_unlock_settled(&b, held);
	return val;
}

uint64_t vgic_ispendr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return read_settled(ctx, off, false);
}

uint64_t vgic_icpendr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return read_settled(ctx, off, false);
}

uint64_t vgic_isactiver_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return read_settled(ctx, off, true);
}

uint64_t vgic_icactiver_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return read_settled(ctx, off, true);
}

/* Set and clear bits of latch and active; the vCPUs concerned look at it. */
static void write_settled(void *ctx, const struct mmio_access *acc, uint32_t off,
			  void (*change)(struct vgic_word *w, uint32_t bits))
{
	struct vgic_bank b;
	uint32_t bits;
	uint64_t held;

	if (!bank_at(ctx, off / 4, &b))
		return;
	bits = (uint32_t)acc->value & b.valid;
	if (!bits)
		return;
	held = vgic_bank_lock_settled(&b, bits);
	change(b.w, bits);
	vgic_bank_attend(&b, bits);          /* before what it goes by is gone */
	vgic_bank_release_phys(&b);
	if (!b.v)
		vgic_route_renew(b.g, b.idx, bits);
	vgic_bank_unlock_settled(&b, held);
}

static void latch_set(struct vgic_word *w, uint32_t bits)
{
	w->latch |= bits;
}

static void latch_clear(struct vgic_word *w, uint32_t bits)
{
	w->latch &= ~bits;
}

static void active_set(struct vgic_word *w, uint32_t bits)
{
	w->set_active |= bits & ~w->active;
	w->active |= bits;
}

static void active_clear(struct vgic_word *w, uint32_t bits)
{
	w->active &= ~bits;
	w->set_active &= ~bits;
}

void vgic_ispendr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	write_settled(ctx, acc, off, latch_set);
}

void vgic_icpendr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	write_settled(ctx, acc, off, latch_clear);
}

void vgic_isactiver_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	write_settled(ctx, acc, off, active_set);
}

void vgic_icactiver_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	write_settled(ctx, acc, off, active_clear);
}

/* ---- priorities: a byte each, accessed as byte or word ---- */

uint64_t vgic_ipriorityr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic_bank b;
	uint64_t val = 0;

	if (!bank_at(ctx, off / 32, &b))
		return 0;
	spin_lock(vgic_bank_lock(&b));
	for (uint32_t n = acc->size; n-- > 0;) {
		uint32_t bit = (off & 31) + n;

		val = val << 8 | (b.valid >> bit & 1 ? *vgic_bank_prio(&b, bit) : 0);
	}
	spin_unlock(vgic_bank_lock(&b));
	return val;
}

void vgic_ipriorityr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic_bank b;
	uint32_t changed = 0;

	if (!bank_at(ctx, off / 32, &b))
		return;
	spin_lock(vgic_bank_lock(&b));
	for (uint32_t n = 0; n < acc->size; n++) {
		uint32_t bit = (off & 31) + n;
		uint8_t prio = (uint8_t)(acc->value >> 8 * n) & b.g->prio_mask;

		if (!(b.valid >> bit & 1) || *vgic_bank_prio(&b, bit) == prio)
			continue;
		*vgic_bank_prio(&b, bit) = prio;
		changed |= 1u << bit;
	}
	if (changed)
		vgic_bank_attend(&b, changed);
	spin_unlock(vgic_bank_lock(&b));
}

/* ---- configuration: two bits each, of which the upper one says edge ---- */

/* Bits 0-15 to bits 1, 3, .. 31, and back. */
static uint32_t spread16(uint32_t v)
{
	v = (v | v << 8) & 0x00ff00ff;
	v = (v | v << 4) & 0x0f0f0f0f;
	v = (v | v << 2) & 0x33333333;
	v = (v | v << 1) & 0x55555555;
	return v << 1;
}

static uint32_t gather16(uint32_t v)
{
	v = v >> 1 & 0x55555555;
	v = (v | v >> 1) & 0x33333333;
	v = (v | v >> 2) & 0x0f0f0f0f;
	v = (v | v >> 4) & 0x00ff00ff;
	return (v | v >> 8) & 0xffff;
}

uint64_t vgic_icfgr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic_bank b;

	(void)acc;
	if (!bank_at(ctx, off / 8, &b))
		return 0;
	return spread16((uint32_t)read_locked(&b, &b.w->edge) >> ((off & 4) ? 16 : 0) & 0xffff);
}

void vgic_icfgr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	uint32_t shift = (off & 4) ? 16 : 0, changed;
	struct vgic_bank b;

	/* SGIs are always edge. */
	if (!bank_at(ctx, off / 8, &b) || (b.v && shift == 0))
		return;
	spin_lock(vgic_bank_lock(&b));
	changed = (b.w->edge ^ gather16((uint32_t)acc->value) << shift) &
		  0xffffu << shift & b.valid;
	b.w->edge ^= changed;
	if (changed)
		vgic_bank_attend(&b, changed);
	spin_unlock(vgic_bank_lock(&b));
}
