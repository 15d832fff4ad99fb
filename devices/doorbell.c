/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/doorbell.h"

#include "core/lib/bits.h"

static void status_set_locked(struct doorbell *d, uint32_t status)
{
	bool was = d->status != 0;

	d->status = status;
	if (was != (status != 0))
		irq_line_set(&d->line, status != 0);
}

/* A number that is no member's, or of one that is not there, rings nowhere. */
static void ring(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct doorbell *from = ctx, *to = NULL;
	uint64_t flags = spin_lock_irqsave(&from->hub->lock);

	(void)off;
	if (acc->value < DOORBELL_MAX_MEMBERS)
		to = from->hub->member[acc->value];
	if (to)
		status_set_locked(to, to->status | (uint32_t)BIT(from->idx));
	spin_unlock_irqrestore(&from->hub->lock, flags);
}

static void ack(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct doorbell *d = ctx;
	uint64_t flags = spin_lock_irqsave(&d->hub->lock);

	(void)off;
	status_set_locked(d, d->status & ~(uint32_t)acc->value);
	spin_unlock_irqrestore(&d->hub->lock, flags);
}

static uint64_t status_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	const struct doorbell *d = ctx;

	(void)acc;
	(void)off;
	return __atomic_load_n(&d->status, __ATOMIC_RELAXED);
}

static uint64_t id_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct doorbell *)ctx)->idx;
}

static uint64_t present_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct doorbell *d = ctx;
	uint64_t present = 0;

	(void)acc;
	(void)off;
	for (uint32_t i = 0; i < DOORBELL_MAX_MEMBERS; i++)
		present |= doorbell_is_present(d->hub, i) ? BIT(i) : 0;
	return present;
}

/* docs/channels.md, "The doorbell". */
enum { ROW_RING = 2 };
static const struct reg_desc doorbell_regs[] = {
	/*  off               len sizes name       read          write  */
	REG(DOORBELL_ID,      4,  4,    "ID",      id_read,      reg_wi),
	REG(DOORBELL_PRESENT, 4,  4,    "PRESENT", present_read, reg_wi),
	REG(DOORBELL_RING,    4,  4,    "RING",    reg_raz,      ring),
	REG(DOORBELL_STATUS,  4,  4,    "STATUS",  status_read,  reg_wi),
	REG(DOORBELL_ACK,     4,  4,    "ACK",     reg_raz,      ack),
};

static int doorbell_access(struct mmio_device *dev, struct mmio_access *acc)
{
	return reg_table_access(doorbell_regs, ARRAY_SIZE(doorbell_regs), ROW_RING, dev, acc);
}

static void doorbell_reset(struct mmio_device *dev)
{
	struct doorbell *d = (struct doorbell *)dev;
	uint64_t flags = spin_lock_irqsave(&d->hub->lock);

	status_set_locked(d, 0);
	spin_unlock_irqrestore(&d->hub->lock, flags);
}

void doorbell_init(struct doorbell *d, struct doorbell_hub *hub, uint32_t idx, uint64_t base,
		   struct irq_line line)
{
	*d = (struct doorbell){
		.dev = {
			.name = "doorbell", .base = base, .size = DOORBELL_MMIO_SIZE,
			.access = doorbell_access, .reset = doorbell_reset,
		},
		.hub = hub, .line = line, .idx = idx,
	};
}

static void member_set(struct doorbell *d, struct doorbell *member)
{
	uint64_t flags = spin_lock_irqsave(&d->hub->lock);

	d->hub->member[d->idx] = member;
	status_set_locked(d, 0);
	spin_unlock_irqrestore(&d->hub->lock, flags);
}

void doorbell_join(struct doorbell *d)
{
	member_set(d, d);
}

void doorbell_leave(struct doorbell *d)
{
	member_set(d, NULL);
}

bool doorbell_is_present(struct doorbell_hub *hub, uint32_t idx)
{
	uint64_t flags = spin_lock_irqsave(&hub->lock);
	bool there = hub->member[idx] != NULL;

	spin_unlock_irqrestore(&hub->lock, flags);
	return there;
}
