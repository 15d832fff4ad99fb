/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pl061.h"

#include <string.h>

#include "core/lib/bits.h"

/* The lines as they are: outputs as written, inputs as driven. */
static uint8_t lines(const struct pl061 *p)
{
	return (p->out & p->dir) | (p->in & (uint8_t)~p->dir);
}

/* GPIORIS: levels as they are, edges as they were seen. DDI 0190, "Interrupt operation". */
static uint8_t raw(const struct pl061 *p)
{
	return (p->is & (uint8_t)~(lines(p) ^ p->iev)) | ((uint8_t)~p->is & p->edges);
}

static void update(struct pl061 *p)
{
	bool level = raw(p) & p->ie;

	if (level != p->line) {
		p->line = level;
		irq_line_set(&p->irq, level);
	}
}

/* What changed is an edge, if the line is to see edges of that kind. */
static void changed(struct pl061 *p, uint8_t before)
{
	uint8_t now = lines(p), diff = now ^ before;

	p->edges |= diff & (uint8_t)~p->is & (p->ibe | (uint8_t)~(now ^ p->iev));
}

/* Address bits 9:2 choose the lines that an access touches. */
static uint64_t data_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return lines(ctx) & (off >> 2);
}

static void data_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl061 *p = ctx;
	uint8_t mask = (uint8_t)(off >> 2), before = lines(p);

	p->out = (uint8_t)((p->out & ~mask) | (acc->value & mask));
	changed(p, before);
}

/* The registers from GPIODIR on, in their order. */
static uint8_t *control(struct pl061 *p, uint32_t off)
{
	uint8_t *const regs[] = { &p->dir, &p->is, &p->ibe, &p->iev, &p->ie };

	return regs[off / 4];
}

static uint64_t control_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return *control(ctx, off);
}

static void control_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl061 *p = ctx;
	uint8_t before = lines(p);

	*control(p, off) = (uint8_t)acc->value;
	changed(p, before);
}

static uint64_t ris_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return raw(ctx);
}

static uint64_t mis_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return raw(ctx) & ((struct pl061 *)ctx)->ie;
}

static void ic_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((struct pl061 *)ctx)->edges &= (uint8_t)~acc->value;
}

static uint64_t afsel_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct pl061 *)ctx)->afsel;
}

static void afsel_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((struct pl061 *)ctx)->afsel = (uint8_t)acc->value;
}

/* GPIOPeriphID0-3: part 0x061, designer 0x41. GPIOPCellID0-3. */
static uint64_t id_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	static const uint8_t id[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)ctx;
	(void)acc;
	return id[off / 4];
}

/* DDI 0190, "Summary of PrimeCell GPIO registers". */
static const struct reg_desc pl061_regs[] = {
	/*   off   len    sizes  name                    read          write         */
	REG(0x000, 0x400, 1|2|4, "GPIODATA",             data_read,    data_write),
	REG(0x400, 0x14,  1|2|4, "GPIODIR-GPIOIE",       control_read, control_write),
	REG(0x414, 4,     1|2|4, "GPIORIS",              ris_read,     reg_wi),
	REG(0x418, 4,     1|2|4, "GPIOMIS",              mis_read,     reg_wi),
	REG(0x41c, 4,     1|2|4, "GPIOIC",               reg_raz,      ic_write),
	REG(0x420, 4,     1|2|4, "GPIOAFSEL",            afsel_read,   afsel_write),
	REG(0xfe0, 0x20,  1|2|4, "GPIOPeriphID/PCellID", id_read,      reg_wi),
};

/* Registers of eight bits: their upper bytes read as zero and ignore writes. */
static int pl061_access(struct mmio_device *dev, struct mmio_access *acc)
{
	struct pl061 *p = container_of(dev, struct pl061, dev);
	uint64_t flags;
	int ret;

	if (acc->size < 8 && acc->offset % 4 != 0) {
		acc->value = 0;
		return 0;
	}
	flags = spin_lock_irqsave(&p->lock);
	ret = reg_table_access(pl061_regs, ARRAY_SIZE(pl061_regs), 0, p, acc);
	update(p);
	spin_unlock_irqrestore(&p->lock, flags);
	return ret;
}

static void pl061_reset(struct mmio_device *dev)
{
	struct pl061 *p = container_of(dev, struct pl061, dev);
	uint64_t flags = spin_lock_irqsave(&p->lock);

	p->out = p->dir = p->is = p->ibe = p->iev = p->ie = p->edges = p->afsel = 0;
	update(p);
	spin_unlock_irqrestore(&p->lock, flags);
}

void pl061_drive(struct pl061 *p, unsigned int n, bool level)
{
	uint64_t flags = spin_lock_irqsave(&p->lock);
	uint8_t before = lines(p), bit = (uint8_t)BIT(n);

	p->in = level ? p->in | bit : p->in & (uint8_t)~bit;
	changed(p, before);
	update(p);
	spin_unlock_irqrestore(&p->lock, flags);
}

void pl061_init(struct pl061 *p, uint64_t base, struct irq_line irq)
{
	memset(p, 0, sizeof(*p));
	p->dev = (struct mmio_device){
		.name = "pl061", .base = base, .size = PL061_MMIO_SIZE,
		.access = pl061_access, .reset = pl061_reset,
	};
	p->irq = irq;
}
