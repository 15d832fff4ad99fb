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

/* Its hub, locked; NULL: it is no member. A hub that it has left meanwhile is not its any more. */
static struct doorbell_hub *lock_hub(struct doorbell *d, uint64_t *flags)
{
	struct doorbell_hub *hub;

	while ((hub = __atomic_load_n(&d->hub, __ATOMIC_ACQUIRE)) != NULL) {
		*flags = spin_lock_irqsave(&hub->lock);
		if (hub == __atomic_load_n(&d->hub, __ATOMIC_RELAXED))
			break;
		spin_unlock_irqrestore(&hub->lock, *flags);
	}
	return hub;
}

static void unlock_hub(struct doorbell_hub *hub, uint64_t flags)
{
	spin_unlock_irqrestore(&hub->lock, flags);
}

/* A number that is no member's, or of one that is not there, rings nowhere. */
bool doorbell_ring(struct doorbell *from, uint64_t idx)
{
	struct doorbell *to = NULL;
	uint64_t flags;
	struct doorbell_hub *hub = lock_hub(from, &flags);

	if (!hub)
		return false;
	if (idx < DOORBELL_MAX_MEMBERS)
		to = hub->member[idx];
	if (to)
		status_set_locked(to, to->status | (uint32_t)BIT(from->idx));
	unlock_hub(hub, flags);
	return to;
}

static void ring(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	doorbell_ring(ctx, acc->value);
}

static void status_clear(struct doorbell *d, uint32_t bits)
{
	uint64_t flags;
	struct doorbell_hub *hub = lock_hub(d, &flags);

	if (!hub)
		return;
	status_set_locked(d, d->status & ~bits);
	unlock_hub(hub, flags);
}

static void ack(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	status_clear(ctx, (uint32_t)acc->value);
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
	const struct doorbell *d = ctx;

	(void)acc;
	(void)off;
	return __atomic_load_n(&d->idx, __ATOMIC_RELAXED);
}

uint32_t doorbell_present(struct doorbell *d)
{
	uint64_t flags;
	struct doorbell_hub *hub = lock_hub(d, &flags);
	uint32_t present = 0;

	if (!hub)
		return 0;
	for (uint32_t i = 0; i < DOORBELL_MAX_MEMBERS; i++)
		present |= hub->member[i] ? (uint32_t)BIT(i) : 0;
	unlock_hub(hub, flags);
	return present;
}

static uint64_t present_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return doorbell_present(ctx);
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

int doorbell_access(struct mmio_device *dev, struct mmio_access *acc)
{
	return reg_table_access(doorbell_regs, ARRAY_SIZE(doorbell_regs), ROW_RING, dev, acc);
}

static void doorbell_reset(struct mmio_device *dev)
{
	status_clear((struct doorbell *)dev, UINT32_MAX);
}

void doorbell_init(struct doorbell *d, uint64_t base, struct irq_line line)
{
	*d = (struct doorbell){
		.dev = {
			.name = "doorbell", .base = base, .size = DOORBELL_MMIO_SIZE,
			.access = doorbell_access, .reset = doorbell_reset,
		},
		.line = line,
	};
}

void doorbell_join(struct doorbell *d, struct doorbell_hub *hub, uint32_t idx)
{
	uint64_t flags = spin_lock_irqsave(&hub->lock);

	d->idx = idx;
	hub->member[idx] = d;
	__atomic_store_n(&d->hub, hub, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&hub->lock, flags);
}

void doorbell_leave(struct doorbell *d)
{
	uint64_t flags;
	struct doorbell_hub *hub = lock_hub(d, &flags);

	if (!hub)
		return;
	hub->member[d->idx] = NULL;
	status_set_locked(d, 0);
	d->idx = 0;
	__atomic_store_n(&d->hub, NULL, __ATOMIC_RELEASE);
	unlock_hub(hub, flags);
}
