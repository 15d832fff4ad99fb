/* SPDX-License-Identifier: Apache-2.0 */
#include "irq/vtimer.h"

#include <stddef.h>

#include <arch/cpu.h>
#include <arch/timer.h>
#include "core/lib/bits.h"
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "irq/vgic.h"

uint32_t vtimer_virt_pintid;

/* Enabled, not masked: an interrupt comes when the compare value is reached. */
static bool ctl_armed(uint64_t ctl)
{
	return (ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) == CNT_CTL_ENABLE;
}

/*
 * The CNTPCT tick at which a counter that is offset behind reaches cval. The
 * distance is added up in that counter's own time: cval + offset may wrap.
 */
static uint64_t deadline_of(uint64_t cval, uint64_t offset)
{
	uint64_t now = arch_counter(), count = now - offset;
	uint64_t left = cval > count ? cval - count : 0;

	return left > UINT64_MAX - now ? UINT64_MAX : now + left;
}

/* ---- virtual timer ---- */

/* It belongs to who is loaded; to nobody while the pCPU has no vCPU. */
static void virt_interrupt(void *ctx, uint32_t intid)
{
	struct vgic_vcpu *v = vgic_loaded();

	(void)ctx;
	if (v) {
		vgic_inject_hw(v, VTIMER_INTID_VIRT, intid);
		return;
	}
	arch_cntv_ctl_write(0);
	gicv3_set_active(intid, false);
}

int vtimer_board_init(uint32_t pintid)
{
	vtimer_virt_pintid = pintid;
	return irq_link_percpu(pintid, virt_interrupt, NULL);
}

void vtimer_cpu_init(void)
{
	arch_cnthctl_write(CNTHCTL_EL1PCTEN);
	arch_cntv_ctl_write(0);
}

/*
 * While another vCPU has the registers: the interrupt that CNTV would raise. It may
 * come late, when the vCPU was loaded elsewhere and put again with another deadline.
 */
static void virt_soft_fire(struct timer *timer)
{
	struct vtimer *t = container_of(timer, struct vtimer, v_soft);
	uint64_t flags = spin_lock_irqsave(&t->lock);

	if (!t->loaded && ctl_armed(t->v_ctl) &&
	    deadline_of(t->v_cval, t->offset) <= arch_counter())
		vgic_inject_hw(t->vgic, VTIMER_INTID_VIRT, vtimer_virt_pintid);
	spin_unlock_irqrestore(&t->lock, flags);
}

static void phys_update_locked(struct vtimer *t);

void vtimer_load(struct vtimer *t)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	timer_cancel(&t->v_soft);
	t->loaded = true;
	arch_cntvoff_write(t->offset);
	arch_cntv_cval_write(t->v_cval);
	arch_cntv_ctl_write(t->v_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK));
	/* It may have come from another pCPU, where its timer was stopped. */
	if (ctl_armed(t->p_ctl))
		phys_update_locked(t);
	spin_unlock_irqrestore(&t->lock, flags);
}

void vtimer_put(struct vtimer *t)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	t->v_ctl = arch_cntv_ctl_read();
	t->v_cval = arch_cntv_cval_read();
	arch_cntv_ctl_write(0);
	t->loaded = false;
	if (ctl_armed(t->v_ctl) && !vgic_hw_in_flight(t->vgic, VTIMER_INTID_VIRT))
		timer_start(&t->v_soft, deadline_of(t->v_cval, t->offset));
	spin_unlock_irqrestore(&t->lock, flags);
}

/* ---- physical timer ---- */

static bool phys_reached(const struct vtimer *t)
{
	return arch_counter() >= t->p_cval;
}

/* Line and soft timer follow from the registers alone, so any order of events is right. */
static void phys_update_locked(struct vtimer *t)
{
	bool armed = ctl_armed(t->p_ctl), reached = phys_reached(t);

	vgic_set_ppi(t->vgic, VTIMER_INTID_PHYS, armed && reached);
	if (armed && !reached)
		timer_start(&t->p_soft, t->p_cval);
	else
		timer_cancel(&t->p_soft);
}

static void phys_soft_fire(struct timer *timer)
{
	struct vtimer *t = container_of(timer, struct vtimer, p_soft);
	uint64_t flags = spin_lock_irqsave(&t->lock);

	phys_update_locked(t);
	spin_unlock_irqrestore(&t->lock, flags);
}

uint64_t vtimer_phys_read(struct vtimer *t, enum vtimer_reg reg)
{
	switch (reg) {
	case VTIMER_CTL:
		return t->p_ctl | ((t->p_ctl & CNT_CTL_ENABLE) && phys_reached(t) ?
				   CNT_CTL_ISTATUS : 0);
	case VTIMER_CVAL:
		return t->p_cval;
	case VTIMER_TVAL:
		return (uint32_t)(t->p_cval - arch_counter());
	}
	return 0;
}

void vtimer_phys_write(struct vtimer *t, enum vtimer_reg reg, uint64_t val)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	switch (reg) {
	case VTIMER_CTL:
		t->p_ctl = val & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
		break;
	case VTIMER_CVAL:
		t->p_cval = val;
		break;
	case VTIMER_TVAL:
		t->p_cval = arch_counter() + (uint64_t)(int64_t)(int32_t)val;
		break;
	}
	phys_update_locked(t);
	spin_unlock_irqrestore(&t->lock, flags);
}

/* ---- both ---- */

void vtimer_init(struct vtimer *t, struct vgic_vcpu *v, uint64_t offset)
{
	t->vgic = v;
	t->offset = offset;
	timer_setup(&t->v_soft, virt_soft_fire);
	timer_setup(&t->p_soft, phys_soft_fire);
	/* The PPI is the guest's by number only; it cannot fail for 27. */
	(void)vgic_link(v, VTIMER_INTID_VIRT, vtimer_virt_pintid);
}

void vtimer_reset(struct vtimer *t, uint64_t offset)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	t->v_ctl = 0;
	t->v_cval = 0;
	t->p_ctl = 0;
	t->p_cval = 0;
	t->offset = offset;
	timer_cancel(&t->v_soft);
	timer_cancel(&t->p_soft);
	vgic_set_ppi(t->vgic, VTIMER_INTID_PHYS, false);
	spin_unlock_irqrestore(&t->lock, flags);
}

void vtimer_restart(struct vtimer *t)
{
	vtimer_reset(t, t->offset);
	if (t->loaded)
		vtimer_load(t);
	vgic_retract_hw(t->vgic, VTIMER_INTID_VIRT);
}

void vtimer_freeze(struct vtimer *t)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	timer_cancel(&t->v_soft);
	timer_cancel(&t->p_soft);
	spin_unlock_irqrestore(&t->lock, flags);
}

void vtimer_thaw(struct vtimer *t, uint64_t offset, uint64_t slept)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	t->offset = offset;
	t->p_cval = t->p_cval > UINT64_MAX - slept ? UINT64_MAX : t->p_cval + slept;
	phys_update_locked(t);
	spin_unlock_irqrestore(&t->lock, flags);
}
