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
	const char *who;
	/* under lock */
	bool     wanted;             /* by who owns it                          */
	bool     muted;              /* it stormed                              */
	/* by the pCPU that takes it */
	uint8_t  storms;             /* without a quiet second between          */
	uint32_t count;              /* since second_ends - 1 s                 */
	uint64_t second_ends;
};

static struct spinlock lock;         /* rank 50: changes of owners, what is masked */
static struct irq_owner owners[INTID_SPI_END];
static uint32_t private_enabled, private_own;
static struct timer calm;            /* by who set calm_armed */
static _Atomic bool calm_armed;

uint32_t irq_private_enabled(void)
{
	return private_enabled;
}

uint32_t irq_private_own(void)
{
	return private_own;
}

/* ---- owners ---- */

/* SGIs and PPIs by each pCPU, when it begins. */
static void put_in_group0(uint32_t intid)
{
	if (intid < INTID_SPI_FIRST)
		private_own |= 1u << intid;
	else
		gicv3_set_owned(intid, true);
}

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
		owners[intid].who = o->who;
		owners[intid].count = 0;
		owners[intid].storms = 0;
		owners[intid].wanted = o->wanted;
		owners[intid].muted = false;
		atomic_store_explicit(&owners[intid].kind, kind, memory_order_release);
		private_enabled |= intid < INTID_SPI_FIRST ? 1u << intid : 0;
		if (CONFIG_DIRECT && kind == IRQ_OWN)
			put_in_group0(intid);
		err = 0;
	}
	spin_unlock_irqrestore(&lock, flags);
	if (!err && o->wanted)
		gicv3_enable(intid);
	return err;
}

int irq_register(uint32_t intid, irq_handler *handler, void *ctx)
{
	return own(intid, IRQ_OWN, &(struct irq_owner){ .handler = handler, .ctx = ctx,
							.who = "the hypervisor", .wanted = true });
}

int irq_link_percpu(uint32_t intid, irq_handler *handler, void *ctx)
{
	if (intid < INTID_PPI_FIRST || intid >= INTID_SPI_FIRST)
		return -EINVAL;
	return own(intid, IRQ_LINKED, &(struct irq_owner){ .handler = handler, .ctx = ctx,
							   .wanted = true });
}

static void inject(void *ctx, uint32_t pintid)
{
	vgic_inject_hw(ctx, owners[pintid].vintid, pintid);
}

int irq_link_vm(uint32_t pintid, struct vgic_vcpu *v, uint32_t vintid, const char *who)
{
	int err;

	if (pintid < INTID_SPI_FIRST || vintid < INTID_SPI_FIRST)
		return -EINVAL;
	err = vgic_link(v, vintid, pintid);
	if (err)
		return err;
	err = own(pintid, IRQ_LINKED,
		  &(struct irq_owner){ .vintid = vintid, .handler = inject, .ctx = v,
				       .who = who });
	if (err)
		vgic_unlink(v, vintid);
	return err;
}

void irq_want(uint32_t pintid, bool wanted)
{
	uint64_t flags;

	if (pintid < INTID_SPI_FIRST || pintid >= gicv3_nr_intids())
		return;
	flags = spin_lock_irqsave(&lock);
	owners[pintid].wanted = wanted;
	if (!wanted)
		gicv3_disable(pintid);
	else if (!owners[pintid].muted)
		gicv3_enable(pintid);
	spin_unlock_irqrestore(&lock, flags);
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
static bool is_storm(struct irq_owner *o)
{
	uint64_t now;

	if (++o->count < IRQ_STORM_PER_S)
		return false;
	now = arch_counter();
	o->count = 0;
	/* Not further ahead than mute() sets it: the counter may have gone back. */
	if (o->second_ends - now - 1 < 16 * arch_counter_hz())
		return true;
	o->second_ends = now + arch_counter_hz();
	o->storms = 0;
	return false;
}

/*
 * One that is muted after calm_armed is cleared arms the timer anew. What its owner does not
 * want now, as a VM that is paused, is enabled by irq_want().
 */
static void unmute_all(struct timer *t)
{
	uint64_t flags = spin_lock_irqsave(&lock);

	(void)t;
	atomic_store(&calm_armed, false);
	for (uint32_t i = INTID_SPI_FIRST; i < INTID_SPI_END; i++) {
		struct irq_owner *o = &owners[i];

		if (o->muted && o->wanted && atomic_load(&o->kind) != IRQ_FREE)
			gicv3_enable(i);
		o->muted = false;
	}
	spin_unlock_irqrestore(&lock, flags);
}

/*
 * Off for twice as long as the time before, up to IRQ_STORM_SHIFT times; shorter
 * if another one's time ends. So a storm takes ever less of the pCPU, and a line is
 * written for the first of its kind only.
 */
static void mute(struct irq_owner *o, uint32_t intid)
{
	uint64_t until = arch_counter() + ((arch_counter_hz() / IRQ_STORM_FIRST) << o->storms);
	uint64_t flags = spin_lock_irqsave(&lock);

	o->muted = true;
	gicv3_disable(intid);
	spin_unlock_irqrestore(&lock, flags);
	if (!o->storms)
		log_warn("interrupt %u of %s storms: masked, and tried again later", intid, o->who);
	o->storms += o->storms < IRQ_STORM_SHIFT;
	_Static_assert((1u << IRQ_STORM_SHIFT) / IRQ_STORM_FIRST + 1 < 16, "is_storm()");
	o->second_ends = until + arch_counter_hz();
	if (atomic_exchange(&calm_armed, true))
		return;
	timer_setup(&calm, unmute_all);
	timer_start(&calm, until);
}

/* Of a PPI this may be another pCPU's. */
static void nobodys(uint32_t intid)
{
	gicv3_disable(intid);
	log_warn("interrupt %u has no owner: masked", intid);
	arch_icc_dir(intid);
}

void irq_handle(uint32_t intid)
{
	struct irq_owner *o = &owners[intid];
	uint32_t kind = atomic_load_explicit(&o->kind, memory_order_acquire);

	if (kind == IRQ_FREE) {
		nobodys(intid);
		return;
	}
	o->handler(o->ctx, intid);
	if (intid >= INTID_SPI_FIRST && is_storm(o))
		mute(o, intid);
	/* Of what is linked the guest's end is the end. */
	if (kind != IRQ_LINKED)
		arch_icc_dir(intid);
}

/*
 * 1020 to 1023 say that there is none, and want no end. Everything above was left on by whoever
 * was here before, as an LPI: without an end this pCPU would take no other interrupt.
 */
static void stray(uint32_t intid)
{
	static _Atomic bool named;

	if (intid <= INTID_SPURIOUS)
		return;
	arch_icc_eoi(intid);
	if (intid < INTID_LPI_FIRST)
		arch_icc_dir(intid);
	if (!atomic_exchange(&named, true))
		log_warn("interrupt %u is of no kind that Corbel uses: ignored", intid);
}

bool irq_look(uint32_t intid)
{
	if (intid >= INTID_SPI_END) {
		stray(intid);
		return true;
	}
	trace_put(TRACE_IRQ, intid, 0);
	return false;
}

void irq_dispatch(void)
{
	for (int n = 0; n < DISPATCH_MAX; n++) {
		uint32_t intid = arch_icc_ack();

		if (irq_is_none(intid))
			return;
		arch_icc_eoi(intid);
		/* A kick has done its work by coming. More would bring an interrupt of its own. */
		if (intid == IRQ_SGI_KICK) {
			arch_icc_dir(intid);
			return;
		}
		irq_handle(intid);
	}
}

void irq_dispatch_own(void)
{
	for (int n = 0; n < DISPATCH_MAX; n++) {
		uint32_t intid = arch_icc_ack0();

		if (irq_is_none(intid))
			return;
		arch_icc_eoi0(intid);
		if (intid == IRQ_SGI_KICK) {
			arch_icc_dir(intid);
			return;
		}
		irq_handle(intid);
	}
}
