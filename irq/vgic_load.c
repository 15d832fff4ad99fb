/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which vCPU's interrupt state a pCPU holds, and how others get at it: they
 * hold the vCPU, which makes its pCPU fold the list registers and keep them
 * empty, look at or change the words, and release it.
 */
#include "irq/vgic_int.h"

#include <arch/cpu.h>
#include <arch/gic.h>
#include <arch/timer.h>
#include "core/lib/options.h"
#include "core/log.h"
#include "core/percpu.h"
#include "irq/gicv3.h"
#include "irq/vgic_fast.h"

/* Far longer than any exit of the other pCPU takes, even on a busy emulator's host. */
#define HOLD_TIMEOUT_MS 1000

static struct {
	struct vgic_vcpu *loaded;
	uint32_t phys_ppi;       /* PPIs left active when the last vCPU was put */
} pcpus[MAX_PCPUS];

struct vgic_vcpu *vgic_loaded(void)
{
	return pcpus[cpu_self()].loaded;
}

/* ---- CPU interface registers ---- */

/* VFIQEn reads as 1 in a system without the GICv2 registers. */
#define VMCR_RESET ICH_VMCR_VFIQEN

void vgic_cpuif_clear(void)
{
	arch_ich_vmcr_write(VMCR_RESET);
	for (uint32_t n = 0; n < vgic_hw.nr_aprs; n++) {
		arch_ich_ap0r_write(n, 0);
		arch_ich_ap1r_write(n, 0);
	}
}

/* Most CPUs have one pair of active priorities registers: that one without a jump. */
static __attribute__((cold, noinline)) void aprs_save(struct vgic_vcpu *v)
{
	for (uint32_t n = 1; n < vgic_hw.nr_aprs; n++) {
		v->ap0r[n] = (uint32_t)arch_ich_ap0r_read(n);
		v->ap1r[n] = (uint32_t)arch_ich_ap1r_read(n);
	}
}

static void cpuif_save(struct vgic_vcpu *v)
{
	v->vmcr = arch_ich_vmcr_read();
	v->ap0r[0] = (uint32_t)arch_ich_ap0r_read(0);
	v->ap1r[0] = (uint32_t)arch_ich_ap1r_read(0);
	if (vgic_hw.nr_aprs > 1)
		aprs_save(v);
}

static __attribute__((cold, noinline)) void aprs_restore(const struct vgic_vcpu *v)
{
	for (uint32_t n = 1; n < vgic_hw.nr_aprs; n++) {
		arch_ich_ap0r_write(n, v->ap0r[n]);
		arch_ich_ap1r_write(n, v->ap1r[n]);
	}
}

static void cpuif_restore(const struct vgic_vcpu *v)
{
	arch_ich_vmcr_write(v->vmcr | VMCR_RESET);
	arch_ich_ap0r_write(0, v->ap0r[0]);
	arch_ich_ap1r_write(0, v->ap1r[0]);
	if (vgic_hw.nr_aprs > 1)
		aprs_restore(v);
}

/* ---- load and put ---- */

static uint32_t phys_ppis(const struct vgic_vcpu *v)
{
	uint32_t mask = 0;

	for (uint32_t m = v->word.phys_active; m; m &= m - 1)
		mask |= 1u << (v->pintid[__builtin_ctz(m)] & 31);
	return mask;
}

/*
 * The physical PPIs of linked interrupts are active when, and only when, the
 * loaded vCPU has them in flight: then its own end deactivates them, and another
 * vCPU's timer is not kept out by this one's.
 */
static __attribute__((cold)) void phys_switch(uint32_t have, uint32_t want)
{
	for (uint32_t m = have ^ want; m; m &= m - 1) {
		uint32_t pintid = (uint32_t)__builtin_ctz(m);

		gicv3_set_active(pintid, want >> pintid & 1);
	}
}

/*
 * The usual ways in which list registers are filled and folded, shorter: each does what
 * vgic_lr_flush_locked() or vgic_lr_fold_locked() would, or has changed nothing but that SGIs
 * that were sent are latched, and says false.
 */

/* Nothing is on its way to it, or one SGI alone. Nothing is in a list register yet. */
static inline bool load_shortly(struct vgic_vcpu *v)
{
	struct vgic_word *w = &v->word;
	uint32_t ready, n;

	if (atomic_load_explicit(&v->thread->requests, memory_order_relaxed) & THREAD_REQ_SGIS)
		w->latch |= vgic_sgis_sent(v);
	if (w->active | w->phys_active |
	    atomic_load_explicit(&v->spi_hint, memory_order_relaxed))
		return false;
	if (!(word_pending(w) & w->enabled))
		return true;
	ready = word_ready(w, vgic_ctlr(v->vgic));
	if (ready & (ready - 1) || !(ready & 0xffff & w->latch) ||
	    atomic_load_explicit(&v->hold, memory_order_relaxed))
		return false;
	n = (uint32_t)__builtin_ctz(ready);
	w->in_lr |= ready;
	w->lr_pend |= ready;
	w->latch &= ~ready;
	v->lr_soft = 1;
	v->lr_intid[0] = (uint16_t)n;
	v->lr_of[n] = 0;
	v->fast = ready;
	v->injected++;
	arch_ich_lr_write(0, n | BITS_VAL(ICH_LR_PRIORITY, v->prio[n]) | ICH_LR_PENDING |
			  ((w->group & ready) ? ICH_LR_GROUP1 : 0));
	atomic_store_explicit(&v->lr_used, 1, memory_order_release);
	return true;
}

/*
 * The guest has ended all that list registers held: SGIs and PPIs of which nobody else must
 * know. What is neither pending nor active may stay in the hardware.
 */
static inline bool put_shortly(struct vgic_vcpu *v)
{
	struct vgic_word *w = &v->word;
	uint32_t used = atomic_load_explicit(&v->lr_used, memory_order_relaxed);

	if (v->discard | v->lr_spi | v->lr_hw | w->phys_active | w->phys_again |
	    (v->hcr ^ (uint32_t)ICH_HCR_EN))
		return false;
	for (; used; used &= used - 1)
		if (vgic_lr_read((uint32_t)__builtin_ctz(used)) &
		    (ICH_LR_PENDING | ICH_LR_ACTIVE | ICH_LR_EOI))
			return false;
	w->active &= ~w->in_lr;
	w->set_active &= w->active;
	w->in_lr = 0;
	w->lr_pend = 0;
	v->refolded = 0;
	v->fast = 0;
	v->lr_soft = 0;
	return true;
}

static __attribute__((cold, noinline)) void put_fully(struct vgic_vcpu *v)
{
	for (uint32_t used = vgic_lr_fold_locked(v); used; used &= used - 1)
		vgic_lr_write((uint32_t)__builtin_ctz(used), 0);
}

void vgic_load(struct vgic_vcpu *v)
{
	uint32_t cpu = cpu_self();
	bool spis = vgic_lr_lock(v);

	v->discard = false;
	v->hcr = ICH_HCR_EN;
	atomic_store_explicit(&v->loaded_cpu, cpu, memory_order_relaxed);
	atomic_store_explicit(&v->loaded, true, memory_order_relaxed);
	pcpus[cpu].loaded = v;
	if (pcpus[cpu].phys_ppi | v->word.phys_active)
		phys_switch(pcpus[cpu].phys_ppi, phys_ppis(v));
	cpuif_restore(v);
	arch_ich_hcr_write(ICH_HCR_EN);
	if (!CONFIG_FAST || !load_shortly(v))
		vgic_lr_flush_locked(v, spis);
	vgic_lr_unlock(v, spis);
}

/* Off, the interface needs to be told of nothing else. */
void vgic_put(struct vgic_vcpu *v)
{
	uint32_t cpu = cpu_self();
	bool spis = vgic_lr_lock(v);

	if (!CONFIG_FAST || !put_shortly(v))
		put_fully(v);
	atomic_store_explicit(&v->lr_used, 0, memory_order_release);
	arch_ich_hcr_write(0);
	cpuif_save(v);
	pcpus[cpu].phys_ppi = v->word.phys_active ? phys_ppis(v) : 0;
	pcpus[cpu].loaded = NULL;
	atomic_store_explicit(&v->loaded, false, memory_order_relaxed);
	atomic_store_explicit(&v->asked, false, memory_order_release);
	vgic_lr_unlock(v, spis);
}

__attribute__((cold)) void vgic_vcpu_reset(struct vgic_vcpu *v)
{
	bool spis = vgic_lr_lock(v);
	uint32_t stale = vgic_lr_fold_locked(v);

	v->word.active = v->word.set_active = 0;
	v->asleep = true;
	vgic_bank_release_phys(&(struct vgic_bank){ v->vgic, v, &v->word, 0, ~0u });
	vgic_cpuif_clear();
	vgic_lr_fill_locked(v, spis, stale);
	vgic_lr_unlock(v, spis);
}

bool vgic_vcpu_is_reset(struct vgic_vcpu *v)
{
	const struct vgic_word *w = &v->word;
	bool is;

	spin_lock(&v->lock);
	is = !(w->active | w->set_active | w->phys_active) && v->asleep && !v->discard;
	spin_unlock(&v->lock);
	return is;
}

/* ---- hold and release ---- */

static bool is_loaded_here(const struct vgic_vcpu *v)
{
	return atomic_load_explicit(&v->loaded, memory_order_relaxed) &&
	       atomic_load_explicit(&v->loaded_cpu, memory_order_relaxed) == cpu_self();
}

static bool is_asked(const struct vgic_vcpu *v)
{
	return atomic_load_explicit(&v->asked, memory_order_acquire);
}

/* While we wait for another pCPU it may wait for us: do what it asks. */
static void serve_own_hold(void)
{
	struct vgic_vcpu *own = vgic_loaded();

	if (own && is_asked(own))
		vgic_lr_empty(own);
}

static void wait_answer(const struct vgic_vcpu *v, uint32_t cpu)
{
	uint64_t end = arch_counter() + arch_counter_hz() / 1000 * HOLD_TIMEOUT_MS;

	while (is_asked(v)) {
		serve_own_hold();
		arch_cpu_relax();
		if (arch_counter() > end) {
			log_guest("vgic", "pCPU %u did not fold its list registers", cpu);
			return;
		}
	}
}

/* Is there anything that only the pCPU where v is loaded knows? Locked. */
static bool must_ask_locked(const struct vgic_vcpu *v)
{
	return atomic_load_explicit(&v->loaded, memory_order_relaxed) &&
	       (atomic_load_explicit(&v->lr_used, memory_order_relaxed) ||
		(v->word.latch & v->word.phys_active));
}

/* A fill that did not see hold has ended once we have its lock. */
__attribute__((cold)) void vgic_hold(struct vgic_vcpu *v)
{
	uint32_t cpu;
	bool ask;

	atomic_fetch_add_explicit(&v->hold, 1, memory_order_relaxed);
	if (is_loaded_here(v)) {
		vgic_lr_empty(v);
		return;
	}
	spin_lock(&v->lock);
	ask = must_ask_locked(v);
	cpu = atomic_load_explicit(&v->loaded_cpu, memory_order_relaxed);
	if (ask)
		atomic_store_explicit(&v->asked, true, memory_order_relaxed);
	spin_unlock(&v->lock);
	if (!ask)
		return;
	gicv3_sgi(cpu, IRQ_SGI_VGIC);
	wait_answer(v, cpu);
}

void vgic_release(struct vgic_vcpu *v)
{
	atomic_fetch_sub_explicit(&v->hold, 1, memory_order_relaxed);
	thread_request(v->thread, THREAD_REQ_IRQ);
}

void vgic_fold_ipi(void *ctx, uint32_t intid)
{
	(void)ctx;
	(void)intid;
	serve_own_hold();
}

/* ---- maintenance ---- */

/*
 * Empties the list registers, which ends every maintenance condition even if
 * another thread than the vCPU's runs here; the vCPU flushes before it goes on.
 */
void vgic_maintenance(void *ctx, uint32_t intid)
{
	struct vgic_vcpu *v = vgic_loaded();

	(void)ctx;
	(void)intid;
	if (!v) {
		arch_ich_hcr_write(0);
		return;
	}
	vgic_lr_empty(v);
	thread_request(v->thread, THREAD_REQ_IRQ);
}
