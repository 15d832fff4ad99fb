/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pl031.h"

#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"

#define RTCINT      BIT(0)       /* the one bit of RTCIMSC, RTCRIS, RTCMIS, RTCICR */
#define RTCCR_START BIT(0)

static uint32_t now_locked(const struct pl031 *r)
{
	return (uint32_t)r->clock.now_s(r->clock.ctx) + r->offset;
}

static void update(struct pl031 *r)
{
	bool level = r->ris && r->imsc;

	if (level != r->line) {
		r->line = level;
		irq_line_set(&r->irq, level);
	}
}

/* Match or wait for it, at most a day: then no deadline overflows, and drift is seen. */
static void match_check(struct pl031 *r)
{
	uint64_t now = r->clock.now_s(r->clock.ctx);

	if (!r->waiting)
		return;
	if (now >= r->due) {
		r->waiting = false;
		r->ris = true;
		return;
	}
	timer_start(&r->timer, arch_counter() + MIN(r->due - now, 86400u) * arch_counter_hz());
}

/* Modulo 2^32 every time but now lies ahead; a match missed comes in 136 years. */
static void match_ahead(struct pl031 *r)
{
	r->due = r->clock.now_s(r->clock.ctx) + (uint32_t)(r->match - now_locked(r));
	match_check(r);
}

static void match_fire(struct timer *t)
{
	struct pl031 *r = container_of(t, struct pl031, timer);
	uint64_t flags = spin_lock_irqsave(&r->lock);

	match_check(r);
	update(r);
	spin_unlock_irqrestore(&r->lock, flags);
}

static uint64_t dr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return now_locked(ctx);
}

static uint64_t mr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct pl031 *)ctx)->match;
}

static void mr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl031 *r = ctx;

	(void)off;
	r->match = (uint32_t)acc->value;
	r->waiting = true;
	match_ahead(r);
}

static uint64_t lr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct pl031 *)ctx)->load;
}

static void lr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl031 *r = ctx;

	(void)off;
	r->load = (uint32_t)acc->value;
	r->offset += r->load - now_locked(r);
	if (r->waiting)
		match_ahead(r);
}

/* The clock runs from power-on and cannot be stopped, as on QEMU's virt. */
static uint64_t cr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
	return RTCCR_START;
}

static uint64_t imsc_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct pl031 *)ctx)->imsc;
}

static void imsc_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((struct pl031 *)ctx)->imsc = acc->value & RTCINT;
}

static uint64_t ris_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct pl031 *)ctx)->ris;
}

static uint64_t mis_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl031 *r = ctx;

	(void)acc;
	(void)off;
	return r->ris && r->imsc;
}

static void icr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	if (acc->value & RTCINT)
		((struct pl031 *)ctx)->ris = false;
}

/* RTCPeriphID0-3: part 0x031, designer 0x41; the revision is QEMU's. RTCPCellID0-3. */
static uint64_t id_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	static const uint8_t id[] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)ctx;
	(void)acc;
	return id[off / 4];
}

/* PL031 TRM, DDI 0224, "Summary of RTC registers". */
static const struct reg_desc pl031_regs[] = {
	/*   off   len   sizes  name                   read       write      */
	REG(0x000, 4,    1|2|4, "RTCDR",               dr_read,   reg_wi),
	REG(0x004, 4,    1|2|4, "RTCMR",               mr_read,   mr_write),
	REG(0x008, 4,    1|2|4, "RTCLR",               lr_read,   lr_write),
	REG(0x00c, 4,    1|2|4, "RTCCR",               cr_read,   reg_wi),
	REG(0x010, 4,    1|2|4, "RTCIMSC",             imsc_read, imsc_write),
	REG(0x014, 4,    1|2|4, "RTCRIS",              ris_read,  reg_wi),
	REG(0x018, 4,    1|2|4, "RTCMIS",              mis_read,  reg_wi),
	REG(0x01c, 4,    1|2|4, "RTCICR",              reg_raz,   icr_write),
	REG(0xfe0, 0x20, 1|2|4, "RTCPeriphID/PCellID", id_read,   reg_wi),
};

/* Upper bytes of a register read alone, and ignore writes. */
static int access_locked(struct pl031 *r, struct mmio_access *acc)
{
	unsigned int byte = acc->offset & 3;
	int ret;

	if (acc->is_write && byte != 0)
		return 0;
	ret = reg_table_access(pl031_regs, ARRAY_SIZE(pl031_regs), 0, r, acc);
	if (ret == 0 && !acc->is_write)
		acc->value = acc->value >> 8 * byte & BITS(8 * acc->size - 1, 0);
	update(r);
	return ret;
}

static int pl031_access(struct mmio_device *dev, struct mmio_access *acc)
{
	struct pl031 *r = container_of(dev, struct pl031, dev);
	uint64_t flags = spin_lock_irqsave(&r->lock);
	int ret = access_locked(r, acc);

	spin_unlock_irqrestore(&r->lock, flags);
	return ret;
}

static void pl031_reset(struct mmio_device *dev)
{
	struct pl031 *r = container_of(dev, struct pl031, dev);
	uint64_t flags = spin_lock_irqsave(&r->lock);

	timer_cancel(&r->timer);
	r->match = r->load = 0;
	r->waiting = r->imsc = r->ris = false;
	update(r);
	spin_unlock_irqrestore(&r->lock, flags);
}

void pl031_init(struct pl031 *r, uint64_t base, struct irq_line irq, struct pl031_clock clock)
{
	memset(r, 0, sizeof(*r));
	r->dev = (struct mmio_device){
		.name = "pl031", .base = base, .size = PL031_MMIO_SIZE,
		.access = pl031_access, .reset = pl031_reset,
	};
	r->irq = irq;
	r->clock = clock;
	timer_setup(&r->timer, match_fire);
}

void pl031_fini(struct pl031 *r)
{
	pl031_reset(&r->dev);
	timer_cancel_wait(&r->timer);
}
