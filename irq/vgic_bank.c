/* SPDX-License-Identifier: Apache-2.0 */
/* 32 interrupts of one owner: locking with the truth in memory, waking, ends. */
#include "irq/vgic_int.h"

#include <arch/cpu.h>
#include "core/percpu.h"
#include "irq/gicv3.h"

/*
 * The vCPUs that know more of bits than memory does, as they have them in a list
 * register, or the line of a linked one at their pCPU. Bank locked.
 */
static uint64_t holders(const struct vgic_bank *b, uint32_t bits)
{
	uint32_t m = b->w->in_lr & bits;
	uint64_t set = 0;

	if (b->v)
		return m | (b->w->latch & b->w->phys_active & bits) ? BIT(b->v->idx) : 0;
	for (; m; m &= m - 1)
		set |= BIT(b->g->spi[b->idx * 32 + (uint32_t)__builtin_ctz(m)].owner);
	return set;
}

/* What was sent is pending. Whoever takes it out of the requests has its vCPU flush. */
static void latch_sent(struct vgic_vcpu *v)
{
	uint32_t sgis = vgic_sgis_sent(v);

	if (!sgis)
		return;
	v->word.latch |= sgis;
	thread_request(v->thread, THREAD_REQ_IRQ);
}

/*
 * While the lock is free another vCPU may take one of bits into a list register;
 * so look again, at most once for each vCPU there is.
 */
uint64_t vgic_bank_lock_settled(const struct vgic_bank *b, uint32_t bits)
{
	uint64_t held = 0, more;

	for (;;) {
		spin_lock(vgic_bank_lock(b));
		if (b->v)
			latch_sent(b->v);
		more = holders(b, bits) & ~held;
		if (!more)
			return held;
		spin_unlock(vgic_bank_lock(b));
		held |= more;
		for (; more; more &= more - 1)
			vgic_hold(b->g->vcpu[__builtin_ctzll(more)]);
	}
}

void vgic_bank_unlock_settled(const struct vgic_bank *b, uint64_t held)
{
	spin_unlock(vgic_bank_lock(b));
	for (; held; held &= held - 1)
		vgic_release(b->g->vcpu[__builtin_ctzll(held)]);
}

/* 1-of-N: one after the other of those that are awake. */
static uint8_t next_owner(struct vgic *g)
{
	for (uint32_t n = 0; n < g->nr_vcpus; n++) {
		struct vgic_vcpu *v = g->vcpu[g->next_any++ % g->nr_vcpus];

		if (!v->asleep)
			return (uint8_t)v->idx;
	}
	return 0;
}

static void attend_spis(const struct vgic_bank *b, uint32_t bits)
{
	uint32_t fresh = b->g->any[b->idx] & bits & ~(b->w->in_lr | b->w->active);
	uint64_t owners = 0;

	for (; fresh; fresh &= fresh - 1)
		vgic_route_set_owner(b->g, b->idx * 32 + (uint32_t)__builtin_ctz(fresh),
				     next_owner(b->g));
	for (; bits; bits &= bits - 1) {
		uint8_t owner = b->g->spi[b->idx * 32 + (uint32_t)__builtin_ctz(bits)].owner;

		owners |= owner == VGIC_NO_OWNER ? 0 : BIT(owner);
	}
	for (; owners; owners &= owners - 1) {
		struct vgic_vcpu *v = b->g->vcpu[__builtin_ctzll(owners)];

		atomic_fetch_or_explicit(&v->spi_hint, 1u << b->idx, memory_order_relaxed);
		thread_request(v->thread, THREAD_REQ_IRQ);
	}
}

void vgic_bank_attend(const struct vgic_bank *b, uint32_t bits)
{
	const struct vgic_word *w = b->w;

	bits &= word_ready(w, vgic_ctlr(b->g)) | w->in_lr | w->active | w->phys_active;
	if (!bits)
		return;
	if (b->v)
		thread_request(b->v->thread, THREAD_REQ_IRQ);
	else
		attend_spis(b, bits);
}

static bool here(const struct vgic_vcpu *v)
{
	return atomic_load_explicit(&v->loaded_cpu, memory_order_relaxed) == cpu_self();
}

void vgic_bank_release_phys(const struct vgic_bank *b)
{
	struct vgic_word *w = b->w;
	uint32_t done = w->phys_active & ~(w->latch | w->active | w->in_lr);
	bool loaded = b->v && atomic_load_explicit(&b->v->loaded, memory_order_relaxed);

	if (!done || (loaded && !here(b->v)))
		return;
	w->phys_active &= ~done;
	if (b->v && !loaded)
		return;                      /* the next load puts it right */
	for (; done; done &= done - 1) {
		uint32_t bit = (uint32_t)__builtin_ctz(done);

		gicv3_set_active(b->v ? b->v->pintid[bit] : b->g->spi[b->idx * 32 + bit].pintid,
				 false);
	}
}
