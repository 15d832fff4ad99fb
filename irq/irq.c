/* SPDX-License-Identifier: Apache-2.0 */
#include "irq/irq.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <arch/gic.h>
#include <arch/timer.h>
#include "core/log.h"
#include "core/spinlock.h"
#include "core/timer.h"
#include "core/trace.h"
#include "irq/gicv3.h"
#include "irq/irq_int.h"
#include "irq/vgic.h"

#define DISPATCH_MAX 16      /* interrupts in one go; what is left comes again */

enum irq_kind { IRQ_FREE, IRQ_OWN, IRQ_LINKED };

struct irq_owner {
	_Atomic uint32_t kind;       /* published last                          */
	uint32_t vintid;             /* irq_link_vm()                           */
	irq_handler *handler;
	void *ctx;
	/* by the pCPU that takes it */
	uint8_t  storms;             /* without a quiet second between          */
	uint32_t count;              /* since second_ends - 1 s                 */
	uint64_t second_ends;
};

static struct spinlock lock;         /* rank 50: changes of owners */
static struct irq_owner owners[INTID_SPI_END];
static uint32_t private_enabled;
static struct timer calm;            /* by who set calm_armed */
static _Atomic bool calm_armed;

uint32_t irq_private_enabled(void)
{
	return private_enabled;
}

/* ---- owners ---- */

static int own(uint32_t intid, enum irq_kind kind, const struct irq_owner *o)
{
	uint64_t flags;
	int err = -EBUSY;

	if (intid >= gicv3_nr_intids())
		return -EINVAL;
	flags = spin_lock_irqsave(&lock);
	if (atomic_load_explicit(&owners[intid].kind, memory_order_relaxed) == IRQ_FREE) {
		owners[intid].handler = o->handler;
		owners[intid].ctx = o->ctx;
		owners[intid].vintid = o->vintid;
		owners[intid].count = 0;
		owners[intid].storms = 0;
		atomic_store_explicit(&owners[intid].kind, kind, memory_order_release);
		private_enabled |= intid < INTID_SPI_FIRST ? 1u << intid : 0;
		err = 0;
	}
	spin_unlock_irqrestore(&lock, flags);
	if (!err)
		gicv3_enable(intid);
	return err;
}

int irq_register(uint32_t intid, irq_handler *handler, void *ctx)
{
	return own(intid, IRQ_OWN, &(struct irq_owner){ .handler = handler, .ctx = ctx });
}

int irq_link_percpu(uint32_t intid, irq_handler *handler, void *ctx)
{
	if (intid < INTID_PPI_FIRST || intid >= INTID_SPI_FIRST)
		return -EINVAL;
	return own(intid, IRQ_LINKED, &(struct irq_owner){ .handler = handler, .ctx = ctx });
}

static void inject(void *ctx, uint32_t pintid)
{
	vgic_inject_hw(ctx, owners[pintid].vintid, pintid);
}

int irq_link_vm(uint32_t pintid, struct vgic_vcpu *v, uint32_t vintid)
{
	int err;

	if (pintid < INTID_SPI_FIRST || vintid < INTID_SPI_FIRST)
		return -EINVAL;
	err = vgic_link(v, vintid, pintid);
	if (err)
		return err;
	err = own(pintid, IRQ_LINKED,
		  &(struct irq_owner){ .vintid = vintid, .handler = inject, .ctx = v });
	if (err)
		vgic_unlink(v, vintid);
	return err;
}

void irq_unlink(uint32_t pintid)
{
	struct irq_owner *o;
	uint64_t flags;

	if (pintid >= gicv3_nr_intids())
		return;
	o = &owners[pintid];
	gicv3_disable(pintid);
	flags = spin_lock_irqsave(&lock);
	if (pintid < INTID_SPI_FIRST)
		private_enabled &= ~(1u << pintid);
	atomic_store_explicit(&o->kind, IRQ_FREE, memory_order_release);
	spin_unlock_irqrestore(&lock, flags);
	if (o->handler == inject)
		vgic_unlink(o->ctx, o->vintid);
	gicv3_set_active(pintid, false);
}

/* ---- dispatch ---- */

/* A device that never drops its line, or a babbling one, must not take the pCPU. */
static bool is_storm(struct irq_owner *o, uint32_t intid)
{
	uint64_t now;

	if (intid < INTID_SPI_FIRST || ++o->count < IRQ_STORM_PER_S)
		return false;
	now = arch_counter();
	o->count = 0;
	if (now < o->second_ends)
		return true;
	o->second_ends = now + arch_counter_hz();
	o->storms = 0;
	return false;
}

static void mask_and_name(uint32_t intid, const char *what)
{
	gicv3_disable(intid);
	log_warn("interrupt %u %s: masked", intid, what);
	arch_icc_dir(intid);
}

/*
 * All that have an owner are enabled but for those. One that is muted after
 * calm_armed is cleared arms the timer anew.
 */
static void unmute_all(struct timer *t)
{
	(void)t;
	atomic_store(&calm_armed, false);
	for (uint32_t i = INTID_SPI_FIRST; i < INTID_SPI_END; i++)
		if (atomic_load(&owners[i].kind) != IRQ_FREE)
			gicv3_enable(i);
}

/*
 * Off for twice as long as the time before, up to IRQ_STORM_SHIFT times; shorter
 * if another one's time ends. So a storm takes ever less of the pCPU and of the log.
 */
static void mute(struct irq_owner *o, uint32_t intid)
{
	uint64_t until = arch_counter() + ((arch_counter_hz() / IRQ_STORM_FIRST) << o->storms);

	mask_and_name(intid, "storms, for a while");
	o->storms += o->storms < IRQ_STORM_SHIFT;
	o->second_ends = until + arch_counter_hz();
	if (atomic_exchange(&calm_armed, true))
		return;
	timer_setup(&calm, unmute_all);
	timer_start(&calm, until);
}

void irq_handle(uint32_t intid)
{
	struct irq_owner *o = &owners[intid];
	uint32_t kind = atomic_load_explicit(&o->kind, memory_order_acquire);

	if (kind == IRQ_FREE) {
		mask_and_name(intid, "has no owner");
		return;
	}
	o->handler(o->ctx, intid);
	if (kind == IRQ_LINKED)
		return;
	if (is_storm(o, intid))
		mute(o, intid);
	else
		arch_icc_dir(intid);
}

bool irq_trace(uint32_t intid)
{
	if (intid < INTID_SPI_END)
		trace_put(TRACE_IRQ, intid, 0);
	return intid >= INTID_SPI_END;
}

void irq_dispatch(void)
{
	for (int n = 0; n < DISPATCH_MAX; n++) {
		uint32_t intid = arch_icc_ack();

		if (irq_is_none(intid))
			return;
		arch_icc_eoi(intid);
		irq_handle(intid);
	}
}
