/* SPDX-License-Identifier: Apache-2.0 */
#include "irq/vtimer.h"

#include <stddef.h>

#include <arch/cpu.h>
#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/lib/options.h"
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "irq/vgic.h"

uint32_t vtimer_virt_pintid, vtimer_phys_pintid;

#define CNTHCTL_TRAPPED CNTHCTL_EL1PCTEN
#define CNTHCTL_DIRECT  (CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN)

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

/* ---- the board ---- */

/* It belongs to who is loaded; to nobody while the pCPU has no vCPU. */
static void interrupt(void *ctx, uint32_t pintid)
{
	struct vgic_vcpu *v = vgic_loaded();
	bool virt = pintid == vtimer_virt_pintid;

	(void)ctx;
	if (v) {
		vgic_inject_hw(v, virt ? VTIMER_INTID_VIRT : VTIMER_INTID_PHYS, pintid);
		return;
	}
	if (virt)
		arch_cntv_ctl_write(0);
	else
		arch_cntp_ctl_write(0);
	gicv3_set_active(pintid, false);
}

int vtimer_board_init(uint32_t virt, uint32_t phys)
{
	int err = irq_link_percpu(virt, interrupt, NULL);

	vtimer_virt_pintid = virt;
	vtimer_phys_pintid = phys;
	return err ? err : irq_link_percpu(phys, interrupt, NULL);
}

static void phys_off(void)
{
	arch_cntp_ctl_write(0);
	arch_cnthctl_write(CNTHCTL_TRAPPED);
}

void vtimer_cpu_init(void)
{
	phys_off();
	arch_cntv_ctl_write(0);
}

/* ---- while another vCPU has the registers ---- */

/*
 * The interrupts that they would raise. They may come late, when the vCPU was loaded elsewhere
 * and put again with another deadline, or early, when the counter jumped.
 */
static void soft_fire(struct vtimer *t, struct timer *timer, bool virt)
{
	uint64_t flags = spin_lock_irqsave(&t->lock), deadline;

	if (!t->loaded && ctl_armed(virt ? t->v_ctl : t->p_ctl)) {
		deadline = deadline_of(virt ? t->v_cval : t->p_cval, virt ? t->offset : 0);
		if (deadline <= arch_counter())
			vgic_inject_hw(t->vgic, virt ? VTIMER_INTID_VIRT : VTIMER_INTID_PHYS,
				       virt ? vtimer_virt_pintid : vtimer_phys_pintid);
		else if (CONFIG_HARDENING)
			timer_start(timer, deadline);
	}
	spin_unlock_irqrestore(&t->lock, flags);
}

static void virt_soft_fire(struct timer *timer)
{
	soft_fire(container_of(timer, struct vtimer, v_soft), timer, true);
}

static void phys_soft_fire(struct timer *timer)
{
	soft_fire(container_of(timer, struct vtimer, p_soft), timer, false);
}

/* ---- load and put ---- */

static void phys_load(const struct vtimer *t)
{
	arch_cntp_cval_write(t->p_cval);
	arch_cntp_ctl_write(t->p_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK));
	arch_cnthctl_write(CNTHCTL_DIRECT);
}

/* One that was not armed since needs no lock of another pCPU. */
static void stand_in(struct timer *soft, bool *armed, uint64_t deadline)
{
	*armed = true;
	timer_start(soft, deadline);
}

static void stand_down(struct timer *soft, bool *armed)
{
	if (*armed)
		timer_cancel(soft);
	*armed = false;
}

void vtimer_load(struct vtimer *t)
{
	spin_lock_inline(&t->lock);
	stand_down(&t->v_soft, &t->v_armed);
	t->loaded = true;
	arch_cntvoff_write(t->offset);
	arch_cntv_cval_write(t->v_cval);
	/* It is 0: vtimer_put(). */
	if (t->v_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK))
		arch_cntv_ctl_write(t->v_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK));
	if (t->phys) {
		stand_down(&t->p_soft, &t->p_armed);
		phys_load(t);
	}
	spin_unlock_inline(&t->lock);
}

static void phys_put(struct vtimer *t)
{
	t->p_ctl = arch_cntp_ctl_read();
	t->p_cval = arch_cntp_cval_read();
	phys_off();
	if (ctl_armed(t->p_ctl) && !vgic_hw_in_flight(t->vgic, VTIMER_INTID_PHYS))
		stand_in(&t->p_soft, &t->p_armed, t->p_cval);
}

void vtimer_put(struct vtimer *t)
{
	spin_lock_inline(&t->lock);
	t->v_ctl = arch_cntv_ctl_read();
	t->v_cval = arch_cntv_cval_read();
	if (t->v_ctl)
		arch_cntv_ctl_write(0);
	t->loaded = false;
	if (ctl_armed(t->v_ctl) && !vgic_hw_in_flight(t->vgic, VTIMER_INTID_VIRT))
		stand_in(&t->v_soft, &t->v_armed, deadline_of(t->v_cval, t->offset));
	if (t->phys)
		phys_put(t);
	spin_unlock_inline(&t->lock);
}

void vtimer_take_phys(struct vtimer *t)
{
	t->phys = true;
	phys_load(t);
}

/* ---- life ---- */

__attribute__((cold)) void vtimer_init(struct vtimer *t, struct vgic_vcpu *v, uint64_t offset)
{
	t->vgic = v;
	t->offset = offset;
	timer_setup(&t->v_soft, virt_soft_fire);
	timer_setup(&t->p_soft, phys_soft_fire);
	/* The PPIs are the guest's by number only; it cannot fail for these. */
	(void)vgic_link(v, VTIMER_INTID_VIRT, vtimer_virt_pintid);
	(void)vgic_link(v, VTIMER_INTID_PHYS, vtimer_phys_pintid);
}

void vtimer_reset(struct vtimer *t, uint64_t offset)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	t->v_ctl = t->v_cval = 0;
	t->p_ctl = t->p_cval = 0;
	t->offset = offset;
	timer_cancel(&t->v_soft);
	timer_cancel(&t->p_soft);
	spin_unlock_irqrestore(&t->lock, flags);
}

__attribute__((cold)) void vtimer_restart(struct vtimer *t)
{
	vtimer_reset(t, t->offset);
	if (t->loaded && t->phys)
		phys_off();
	t->phys = false;
	if (t->loaded) {
		arch_cntv_ctl_write(0);
		vtimer_load(t);
	}
	vgic_retract_hw(t->vgic, VTIMER_INTID_VIRT);
	vgic_retract_hw(t->vgic, VTIMER_INTID_PHYS);
}

__attribute__((cold)) void vtimer_freeze(struct vtimer *t)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	timer_cancel(&t->v_soft);
	timer_cancel(&t->p_soft);
	spin_unlock_irqrestore(&t->lock, flags);
}

__attribute__((cold)) void vtimer_thaw(struct vtimer *t, uint64_t offset, uint64_t slept)
{
	uint64_t flags = spin_lock_irqsave(&t->lock);

	t->offset = offset;
	t->p_cval = t->p_cval > UINT64_MAX - slept ? UINT64_MAX : t->p_cval + slept;
	spin_unlock_irqrestore(&t->lock, flags);
}
