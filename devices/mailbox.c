/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/mailbox.h"

#include <errno.h>

#include "core/lib/bits.h"

#define CALL 0x40

static uint64_t x_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return atomic_load_explicit(&((struct mailbox *)ctx)->x[off / 8], memory_order_relaxed);
}

static void x_set(struct mailbox *m, uint32_t i, uint64_t value)
{
	atomic_store_explicit(&m->x[i], value, memory_order_relaxed);
}

static void x_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	x_set(ctx, off / 8, acc->value);
}

/* On a copy, so that the call sees each register once. */
static void ring(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct mailbox *m = ctx;
	uint64_t x[MAILBOX_REGS];

	(void)off;
	for (uint32_t i = 0; i < MAILBOX_REGS; i++)
		x[i] = x_read(m, acc, i * 8);
	m->call(m->ctx, x);
	for (uint32_t i = 0; i < MAILBOX_REGS; i++)
		x_set(m, i, x[i]);
}

/* docs/hypercalls.md, "The mailbox". */
static const struct reg_desc mailbox_regs[] = {
	/*   off  len   sizes name     read     write   */
	REG(0x00, 0x40, 8,    "X0-X7", x_read,  x_write),
	REG(CALL, 8,    4|8,  "CALL",  reg_raz, ring),
};

/* Some calls sleep. */
static int mailbox_access(struct mmio_device *dev, struct mmio_access *acc)
{
	if (acc->is_write && acc->offset == CALL && !acc->may_sleep)
		return -EAGAIN;
	return reg_table_access(mailbox_regs, ARRAY_SIZE(mailbox_regs), 0, dev, acc);
}

static void mailbox_reset(struct mmio_device *dev)
{
	for (uint32_t i = 0; i < MAILBOX_REGS; i++)
		x_set((struct mailbox *)dev, i, 0);
}

void mailbox_init(struct mailbox *m, uint64_t base, void (*call)(void *ctx, uint64_t *x),
		  void *ctx)
{
	m->dev = (struct mmio_device){
		.name = "mailbox", .base = base, .size = MAILBOX_MMIO_SIZE,
		.access = mailbox_access, .reset = mailbox_reset,
	};
	m->call = call;
	m->ctx = ctx;
	mailbox_reset(&m->dev);
}
