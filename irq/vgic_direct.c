/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between list registers and the physical CPU interface. It is given only while nothing is
 * active and nothing but physical interrupts is pending, so that little moves: the registers of
 * the interface, priorities and groups of the linked interrupts. Taking it back reads what the
 * guest has active. Spec: GIC IHI 0069, "System register access", "Priority masking".
 */
#include "irq/vgic_direct.h"

#include <arch/gic.h>
#include "core/percpu.h"
#include "core/timer.h"
#include "irq/gicv3.h"
#include "irq/vgic_int.h"

#define PRIO_IDLE 0x100u     /* no priority is active */

/* ---- may it? ---- */

/* Interrupts of a word that would come to the guest by themselves. */
static uint32_t openable(const struct vgic_word *w, const struct vgic *g)
{
	return w->linked & w->enabled & w->group & (vgic_ctlr(g) & GICD_CTLR_ENABLE_G1 ? ~0u : 0);
}

/* Taken at EL2, and the guest has not seen it: it can be let come again. */
static uint32_t retractable(const struct vgic_word *w)
{
	return w->latch & w->phys_active & w->linked & ~w->active;
}

/* Is there anything that would come by itself, and anything that stands against it? */
struct look {
	bool some, stands;
};

/* Something is active, or pending and not physical. */
static void look_at(const struct vgic_vcpu *v, const struct vgic_word *w, uint32_t mine,
		    struct look *look)
{
	const struct vgic *g = v->vgic;
	uint32_t open = openable(w, g);
	uint32_t bad = (word_ready(w, vgic_ctlr(g)) & ~(retractable(w) & open)) | w->active;

	look->some |= open & mine;
	look->stands |= bad & mine;
}

static bool stands_locked(struct vgic_vcpu *v)
{
	struct vgic *g = v->vgic;
	uint64_t vmcr = arch_ich_vmcr_read();
	struct look look = { 0 };

	if (atomic_load_explicit(&v->hold, memory_order_relaxed) || v->discard ||
	    timer_any_here() || vgic_running_priority() < PRIO_IDLE || (vmcr & ICH_VMCR_VCBPR) ||
	    bits_get(ICH_VMCR_VPMR, vmcr) == vgic_first_step())
		return true;
	look_at(v, &v->word, ~0u, &look);
	for (uint32_t idx = 0; idx < g->nr_words; idx++)
		if (v->mine[idx])
			look_at(v, &g->word[idx], v->mine[idx], &look);
	return look.stands || !look.some;
}

/* ---- to and fro ---- */

/* The highest is EL2's alone: the guest's go with the one below it. */
static uint8_t prio_of(uint8_t prio)
{
	return (uint8_t)MAX(prio, vgic_first_step());
}

static void retract(struct vgic_word *w, uint32_t bit, uint32_t pintid)
{
	w->latch &= ~bit;
	w->phys_active &= ~bit;
	if (gicv3_is_edge(pintid))
		gicv3_set_pending(pintid, true);
	gicv3_set_active(pintid, false);
}

/* The first 32: those that the guest has not enabled must not come. */
static void open_ppis(struct vgic_vcpu *v)
{
	struct vgic_word *w = &v->word;
	uint32_t open = openable(w, v->vgic);

	v->shut = w->linked & ~open;
	for (uint32_t m = w->linked; m; m &= m - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(m);

		if (v->shut >> n & 1)
			gicv3_disable(n);
		else
			gicv3_set_priority(n, prio_of(v->prio[n]));
		if (retractable(w) >> n & 1)
			retract(w, 1u << n, n);
	}
	w->in_lr |= open;
}

static void open_spis(struct vgic_vcpu *v, uint32_t idx)
{
	struct vgic_word *w = &v->vgic->word[idx];
	uint32_t open = openable(w, v->vgic) & v->mine[idx];

	for (uint32_t m = open; m; m &= m - 1) {
		uint32_t n = 32 * idx + (uint32_t)__builtin_ctz(m), pintid = v->vgic->spi[n].pintid;

		gicv3_route(pintid, cpu_self());
		gicv3_set_owned(pintid, false);
		gicv3_set_priority(pintid, prio_of(v->vgic->prio[n]));
		if (retractable(w) & m & -m)
			retract(w, m & -m, pintid);
		v->lr_spi = 1;           /* the distributor is locked when it ends */
	}
	w->in_lr |= open;
}

static void cpuif_give(void)
{
	uint64_t vmcr = arch_ich_vmcr_read();

	arch_direct_begin(&(struct direct_cpuif){
		.pmr = MAX((uint32_t)bits_get(ICH_VMCR_VPMR, vmcr), vgic_first_step()),
		.eoimode = vmcr & ICH_VMCR_VEOIM,
		.bpr1 = (uint32_t)bits_get(ICH_VMCR_VBPR1, vmcr),
		.igrpen1 = vmcr & ICH_VMCR_VENG1 ? ICC_IGRPEN_ENABLE : 0,
	});
}

static void begin_locked(struct vgic_vcpu *v, uint32_t stale)
{
	for (; stale; stale &= stale - 1)
		arch_ich_lr_write((uint32_t)__builtin_ctz(stale), 0);
	open_ppis(v);
	for (uint32_t idx = 0; idx < v->vgic->nr_words; idx++)
		open_spis(v, idx);
	v->hcr = ICH_HCR_EN | ICH_HCR_TC;
	arch_ich_hcr_write(v->hcr);
	cpuif_give();
	arch_percpu()->aloof = true;
	atomic_store_explicit(&v->lr_used, 1u << VGIC_LR_DIRECT, memory_order_release);
	atomic_fetch_and_explicit(&v->thread->requests, ~(uint32_t)THREAD_REQ_DIRECT,
				  memory_order_relaxed);
}

/* Inlined it would have all ways back to a guest save what it needs. */
__attribute__((noinline)) void vgic_direct_begin(struct vgic_vcpu *v)
{
	uint32_t stale;

	if (!CONFIG_DIRECT)
		return;
	spin_lock(&v->vgic->lock);
	spin_lock(&v->lock);
	stale = vgic_lr_fold_locked(v);
	v->word.latch |= vgic_sgis_sent(v);
	vgic_lr_resample_locked(v, v->refolded);
	if (stands_locked(v))
		vgic_lr_fill_locked(v, true, stale);
	else
		begin_locked(v, stale);
	spin_unlock(&v->lock);
	spin_unlock(&v->vgic->lock);
}

static void cpuif_take(void)
{
	struct direct_cpuif c = { 0 };
	uint64_t vmcr = arch_ich_vmcr_read();

	arch_direct_end(&c, vgic_hw.nr_aprs);
	vmcr = bits_set(ICH_VMCR_VBPR1, vmcr, c.bpr1);
	vmcr = bits_set(ICH_VMCR_VENG1, vmcr, c.igrpen1 & ICC_IGRPEN_ENABLE);
	arch_ich_vmcr_write(vmcr);
	for (uint32_t n = 0; n < vgic_hw.nr_aprs; n++)
		arch_ich_ap1r_write(n, c.ap1r[n]);
}

/* What the guest has acknowledged and not ended is active, here as there. */
static void close(struct vgic_word *w, uint32_t bit, uint32_t pintid)
{
	w->in_lr &= ~bit;
	if (!gicv3_is_active(pintid))
		return;
	w->active |= bit;
	w->phys_active |= bit;
}

static void close_ppis(struct vgic_vcpu *v)
{
	for (uint32_t m = v->word.linked; m; m &= m - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(m);

		if (v->shut >> n & 1) {
			gicv3_enable(n);
			continue;
		}
		close(&v->word, m & -m, n);
		gicv3_set_owned(n, false);
	}
}

static void close_spis(struct vgic_vcpu *v, uint32_t idx)
{
	struct vgic_word *w = &v->vgic->word[idx];

	for (uint32_t m = w->linked & w->in_lr & v->mine[idx]; m; m &= m - 1) {
		uint32_t n = 32 * idx + (uint32_t)__builtin_ctz(m);

		close(w, m & -m, v->vgic->spi[n].pintid);
		gicv3_set_owned(v->vgic->spi[n].pintid, true);
		atomic_fetch_or_explicit(&v->spi_hint, 1u << idx, memory_order_relaxed);
	}
}

void vgic_direct_fold_locked(struct vgic_vcpu *v)
{
	cpuif_take();
	arch_percpu()->aloof = false;
	close_ppis(v);
	for (uint32_t idx = 0; v->lr_spi && idx < v->vgic->nr_words; idx++)
		close_spis(v, idx);
	atomic_store_explicit(&v->lr_used, 0, memory_order_relaxed);
	atomic_fetch_or_explicit(&v->thread->requests, THREAD_REQ_DIRECT, memory_order_relaxed);
}

void vgic_direct_renew(const struct vgic_bank *b, uint32_t bits)
{
	if (!CONFIG_DIRECT || !b->g->direct || !(bits & b->w->linked))
		return;
	for (uint32_t n = 0; n < b->g->nr_vcpus; n++)
		thread_request(b->g->vcpu[n]->thread, THREAD_REQ_IRQ);
}

void vgic_direct_end(struct vgic_vcpu *v)
{
	if (!CONFIG_DIRECT)
		return;
	vgic_lr_empty(v);
	atomic_fetch_or_explicit(&v->thread->requests, THREAD_REQ_IRQ, memory_order_relaxed);
}
