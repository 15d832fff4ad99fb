/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pl011.h"

#include <string.h>

#include "core/lib/bits.h"

/* UARTDR, Data Register; its error bits shifted down by 8 are UARTRSR. */
#define UARTDR_DATA     BITS(7, 0)
#define UARTDR_BE       BIT(10)      /* break                              */
#define UARTDR_OE       BIT(11)      /* overrun before this byte           */
#define UARTRSR_OE      BIT(3)

/* UARTFR, Flag Register. */
#define UARTFR          PL011_UARTFR
#define UARTFR_CTS      BIT(0)
#define UARTFR_DSR      BIT(1)
#define UARTFR_DCD      BIT(2)
#define UARTFR_BUSY     BIT(3)
#define UARTFR_RXFE     BIT(4)
#define UARTFR_TXFF     BIT(5)
#define UARTFR_RXFF     BIT(6)
#define UARTFR_TXFE     BIT(7)
#define UARTFR_RI       BIT(8)
#define UARTFR_MODEM    (UARTFR_CTS | UARTFR_DSR | UARTFR_DCD | UARTFR_RI)

/* UARTLCR_H, Line Control Register. */
#define UARTLCR_H_BRK   BIT(0)
#define UARTLCR_H_FEN   BIT(4)
#define UARTLCR_H_MASK  BITS(7, 0)

/* UARTCR, Control Register. */
#define UARTCR_LBE      BIT(7)
#define UARTCR_TXE      BIT(8)
#define UARTCR_RXE      BIT(9)
#define UARTCR_DTR      BIT(10)
#define UARTCR_RTS      BIT(11)
#define UARTCR_OUT1     BIT(12)
#define UARTCR_OUT2     BIT(13)
#define UARTCR_MASK     (BITS(15, 7) | BITS(2, 0))
#define UARTCR_RESET    (UARTCR_RXE | UARTCR_TXE)

/* UARTIFLS, Interrupt FIFO Level Select Register. */
#define UARTIFLS_TX     BITS(2, 0)
#define UARTIFLS_RX     BITS(5, 3)
#define UARTIFLS_MASK   (UARTIFLS_RX | UARTIFLS_TX)
#define UARTIFLS_RESET  (BITS_VAL(UARTIFLS_RX, 2) | BITS_VAL(UARTIFLS_TX, 2))

/* UARTIMSC, UARTRIS, UARTMIS, UARTICR: one bit per interrupt. */
#define UARTINT_RI      BIT(0)
#define UARTINT_CTS     BIT(1)
#define UARTINT_DCD     BIT(2)
#define UARTINT_DSR     BIT(3)
#define UARTINT_RX      BIT(4)
#define UARTINT_TX      BIT(5)
#define UARTINT_RT      BIT(6)       /* receive time-out                   */
#define UARTINT_BE      BIT(9)
#define UARTINT_OE      BIT(10)
#define UARTINT_MASK    BITS(10, 0)

#define UARTDMACR_MASK  BITS(2, 0)

static unsigned int fifo_depth(const struct pl011 *u)
{
	return u->lcr_h & UARTLCR_H_FEN ? PL011_FIFO_DEPTH : 1;
}

/* 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; the reserved values like the last. */
static unsigned int fifo_level(uint64_t select)
{
	static const uint8_t eighths[] = { 1, 2, 4, 6, 7 };

	return eighths[MIN(select, ARRAY_SIZE(eighths) - 1)] * PL011_FIFO_DEPTH / 8;
}

static unsigned int rx_trigger(const struct pl011 *u)
{
	return u->lcr_h & UARTLCR_H_FEN ? fifo_level(bits_get(UARTIFLS_RX, u->ifls)) : 1;
}

static unsigned int tx_trigger(const struct pl011 *u)
{
	return u->lcr_h & UARTLCR_H_FEN ? fifo_level(bits_get(UARTIFLS_TX, u->ifls)) : 0;
}

/* Modem inputs: low, as nothing is connected, or looped back. TRM, "Loopback testing". */
static uint32_t modem_flags(const struct pl011 *u)
{
	uint32_t fr = 0;

	if (!(u->cr & UARTCR_LBE))
		return 0;
	fr |= u->cr & UARTCR_RTS ? UARTFR_CTS : 0;
	fr |= u->cr & UARTCR_DTR ? UARTFR_DSR : 0;
	fr |= u->cr & UARTCR_OUT1 ? UARTFR_DCD : 0;
	fr |= u->cr & UARTCR_OUT2 ? UARTFR_RI : 0;
	return fr;
}

/* Show the new state: flags to readers without the lock, level to the controller. */
static void update(struct pl011 *u)
{
	uint32_t fr = modem_flags(u);
	bool level = (u->ris & u->imsc) != 0;

	fr |= u->tx_level == 0 ? UARTFR_TXFE : UARTFR_BUSY;
	fr |= u->tx_level >= fifo_depth(u) ? UARTFR_TXFF : 0;
	fr |= u->rx_level == 0 ? UARTFR_RXFE : 0;
	fr |= u->rx_level >= fifo_depth(u) ? UARTFR_RXFF : 0;
	atomic_store_explicit(&u->fr, fr, memory_order_relaxed);
	if (level != u->line) {
		u->line = level;
		irq_line_set(&u->irq, level);
	}
}

/* ---- transmit ---- */

/* Offer the oldest bytes to the back end. Returns how many it took. */
static unsigned int tx_offer(struct pl011 *u)
{
	unsigned int n = MIN(u->tx_level, (unsigned int)(PL011_FIFO_DEPTH - u->tx_head));
	unsigned int taken = n;

	if (u->backend)
		taken = u->backend->write(u->backend->ctx, &u->tx[u->tx_head], n);
	u->tx_head = (uint8_t)((u->tx_head + taken) % PL011_FIFO_DEPTH);
	u->tx_level = (uint8_t)(u->tx_level - taken);
	return taken;
}

/* Bytes leave at once while the back end has room: an infinitely fast line. */
static void tx_drain(struct pl011 *u)
{
	unsigned int taken = 0, n;

	while (u->tx_level > 0 && (n = tx_offer(u)) > 0)
		taken += n;
	/* Set by a change of the level, not by the level. TRM, "UARTTXINTR". */
	if (taken > 0 && u->tx_level <= tx_trigger(u))
		u->ris |= UARTINT_TX;
}

/* ---- receive ---- */

static void rx_push(struct pl011 *u, uint32_t entry)
{
	if (u->rx_level >= fifo_depth(u)) {
		u->rx_lost = true;
		u->rsr |= UARTRSR_OE;
		u->ris |= UARTINT_OE;
		return;
	}
	entry |= u->rx_lost ? UARTDR_OE : 0;
	u->rx_lost = false;
	u->rx[(u->rx_head + u->rx_level) % PL011_FIFO_DEPTH] = (uint16_t)entry;
	u->rx_level++;
	if (u->rx_level >= rx_trigger(u))
		u->ris |= UARTINT_RX;
	if (u->lcr_h & UARTLCR_H_FEN)
		u->ris |= UARTINT_RT;    /* 32 bit periods pass in no time */
}

/* Take what the back end has, as far as there is room: it keeps the rest. */
static void rx_fill(struct pl011 *u)
{
	uint8_t buf[PL011_FIFO_DEPTH];
	unsigned int room, n;

	if (!u->rx_more || u->cr & UARTCR_LBE || u->rx_level >= fifo_depth(u))
		return;
	room = fifo_depth(u) - u->rx_level;
	n = u->backend->read(u->backend->ctx, buf, room);
	u->rx_more = n == room;
	for (unsigned int i = 0; i < n; i++)
		rx_push(u, buf[i]);
}

/* ---- registers; all called under the lock ---- */

static uint64_t dr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl011 *u = ctx;
	uint32_t entry = 0;

	(void)acc;
	(void)off;
	if (u->rx_level > 0) {
		entry = u->rx[u->rx_head];
		u->rx_head = (uint8_t)((u->rx_head + 1) % PL011_FIFO_DEPTH);
		u->rx_level--;
	}
	u->rsr = entry >> 8;
	if (u->rx_level < rx_trigger(u))
		u->ris &= ~UARTINT_RX;
	if (u->rx_level == 0)
		u->ris &= ~UARTINT_RT;
	rx_fill(u);
	return entry;
}

/* Sent whether or not UARTCR enables it, so that the simplest guest can print. */
static void dr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl011 *u = ctx;
	uint8_t byte = (uint8_t)acc->value;

	(void)off;
	if (u->tx_level >= fifo_depth(u))
		return;
	u->tx[(u->tx_head + u->tx_level) % PL011_FIFO_DEPTH] = byte;
	u->tx_level++;
	if (u->tx_level > tx_trigger(u))
		u->ris &= ~UARTINT_TX;
	if (u->cr & UARTCR_LBE)
		rx_push(u, byte);
	tx_drain(u);
}

static uint64_t rsr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct pl011 *)ctx)->rsr;
}

static void ecr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	((struct pl011 *)ctx)->rsr = 0;
}

static uint64_t fr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return atomic_load_explicit(&((struct pl011 *)ctx)->fr, memory_order_relaxed);
}

/* Registers that only keep their bits: where, and which bits there are. */
static const struct plain_reg {
	uint16_t off;
	uint16_t field;
	uint32_t mask;
} plain[] = {
	{ 0x024, offsetof(struct pl011, ibrd),  BITS(15, 0)    },
	{ 0x028, offsetof(struct pl011, fbrd),  BITS(5, 0)     },
	{ 0x02c, offsetof(struct pl011, lcr_h), UARTLCR_H_MASK },
	{ 0x030, offsetof(struct pl011, cr),    UARTCR_MASK    },
	{ 0x034, offsetof(struct pl011, ifls),  UARTIFLS_MASK  },
	{ 0x038, offsetof(struct pl011, imsc),  UARTINT_MASK   },
	{ 0x048, offsetof(struct pl011, dmacr), UARTDMACR_MASK },
};

static uint32_t *plain_field(struct pl011 *u, uint64_t offset, uint32_t *mask)
{
	const struct plain_reg *p = plain;

	while (p->off != (offset & ~UINT64_C(3)))
		p++;
	*mask = p->mask;
	return (uint32_t *)(void *)((char *)u + p->field);
}

static uint64_t plain_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	uint32_t mask;

	(void)off;
	return *plain_field(ctx, acc->offset, &mask);
}

static void plain_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	uint32_t mask;
	uint32_t *field = plain_field(ctx, acc->offset, &mask);

	(void)off;
	*field = (uint32_t)acc->value & mask;
}

/*
 * What is in the FIFOs stays when they are switched on or off, so a driver that
 * reopens the port loses nothing: a level above the new depth reads as full.
 */
static void lcr_h_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl011 *u = ctx;
	uint32_t old = u->lcr_h;

	plain_write(ctx, acc, off);
	if (u->cr & UARTCR_LBE && ~old & u->lcr_h & UARTLCR_H_BRK) {
		rx_push(u, UARTDR_BE);
		u->ris |= UARTINT_BE;
	}
	rx_fill(u);
}

static void cr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl011 *u = ctx;
	uint32_t changed = modem_flags(u);

	plain_write(ctx, acc, off);
	changed ^= modem_flags(u);
	u->ris |= changed & UARTFR_RI ? UARTINT_RI : 0;
	u->ris |= changed & UARTFR_CTS ? UARTINT_CTS : 0;
	u->ris |= changed & UARTFR_DCD ? UARTINT_DCD : 0;
	u->ris |= changed & UARTFR_DSR ? UARTINT_DSR : 0;
	rx_fill(u);
}

static uint64_t ris_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((struct pl011 *)ctx)->ris;
}

static uint64_t mis_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct pl011 *u = ctx;

	(void)acc;
	(void)off;
	return u->ris & u->imsc;
}

static void icr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((struct pl011 *)ctx)->ris &= ~(uint32_t)acc->value;
}

/* UARTPeriphID0-3: part 0x011, designer 0x41, revision 1, so 16-byte FIFOs. UARTPCellID0-3. */
static uint64_t id_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	static const uint8_t id[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)ctx;
	(void)acc;
	return id[off / 4];
}

/* PL011 TRM, DDI 0183, "Summary of registers". Test registers (0x080) are not there. */
static const struct reg_desc pl011_regs[] = {
	/*   off   len   sizes  name                 read        write       */
	REG(0x000, 4,    1|2|4, "UARTDR",            dr_read,    dr_write),
	REG(0x004, 4,    1|2|4, "UARTRSR/UARTECR",   rsr_read,   ecr_write),
	REG(UARTFR, 4,   1|2|4, "UARTFR",            fr_read,    reg_wi),
	REG(0x020, 4,    1|2|4, "UARTILPR",          reg_raz,    reg_wi),  /* no IrDA */
	REG(0x024, 4,    1|2|4, "UARTIBRD",          plain_read, plain_write),
	REG(0x028, 4,    1|2|4, "UARTFBRD",          plain_read, plain_write),
	REG(0x02c, 4,    1|2|4, "UARTLCR_H",         plain_read, lcr_h_write),
	REG(0x030, 4,    1|2|4, "UARTCR",            plain_read, cr_write),
	REG(0x034, 4,    1|2|4, "UARTIFLS",          plain_read, plain_write),
	REG(0x038, 4,    1|2|4, "UARTIMSC",          plain_read, plain_write),
	REG(0x03c, 4,    1|2|4, "UARTRIS",           ris_read,   reg_wi),
	REG(0x040, 4,    1|2|4, "UARTMIS",           mis_read,   reg_wi),
	REG(0x044, 4,    1|2|4, "UARTICR",           reg_raz,    icr_write),
	REG(0x048, 4,    1|2|4, "UARTDMACR",         plain_read, plain_write),
	REG(0xfe0, 0x20, 1|2|4, "UARTPeriphID/PCellID", id_read, reg_wi),
};

/* The walker, under the lock; upper bytes of a register read alone, and ignore writes. */
static int access_locked(struct pl011 *u, struct mmio_access *acc)
{
	unsigned int byte = acc->offset & 3;
	int r;

	if (acc->is_write && byte != 0)
		return 0;
	r = reg_table_access(pl011_regs, ARRAY_SIZE(pl011_regs), 0, u, acc);
	if (r == 0 && !acc->is_write)
		acc->value = acc->value >> 8 * byte & BITS(8 * acc->size - 1, 0);
	update(u);
	return r;
}

static int pl011_access(struct mmio_device *dev, struct mmio_access *acc)
{
	struct pl011 *u = container_of(dev, struct pl011, dev);
	uint64_t flags;
	int r;

	/* Half of what a console driver does is to poll this one; Linux by 16 bits. */
	if (acc->offset == UARTFR && acc->size <= 4 && !acc->is_write) {
		acc->value = fr_read(u, acc, 0) & BITS(8 * acc->size - 1, 0);
		return 0;
	}
	flags = spin_lock_irqsave(&u->lock);
	r = access_locked(u, acc);
	spin_unlock_irqrestore(&u->lock, flags);
	return r;
}

static void reset_locked(struct pl011 *u)
{
	u->rx_head = u->rx_level = 0;
	u->tx_head = u->tx_level = 0;
	u->rx_lost = false;
	u->rsr = u->ibrd = u->fbrd = u->lcr_h = u->imsc = u->ris = u->dmacr = 0;
	u->cr = UARTCR_RESET;
	u->ifls = UARTIFLS_RESET;
	update(u);
}

static void pl011_reset(struct mmio_device *dev)
{
	struct pl011 *u = container_of(dev, struct pl011, dev);
	uint64_t flags = spin_lock_irqsave(&u->lock);

	reset_locked(u);
	spin_unlock_irqrestore(&u->lock, flags);
}

static struct pl011 *of(struct chardev *dev)
{
	return container_of(dev, struct pl011, chardev);
}

static void chardev_connect(struct chardev *dev, const struct chardev_backend *backend)
{
	pl011_connect(of(dev), backend);
}

static void chardev_tx_ready(struct chardev *dev)
{
	pl011_tx_ready(of(dev));
}

static void chardev_rx_ready(struct chardev *dev)
{
	pl011_rx_ready(of(dev));
}

static bool chardev_tx_busy(const struct chardev *dev)
{
	return pl011_tx_busy(container_of(dev, const struct pl011, chardev));
}

/* Who listens at the other end of a line cannot be told. */
static bool chardev_is_open(const struct chardev *dev)
{
	(void)dev;
	return true;
}

static const struct chardev_ops chardev_ops = {
	chardev_connect, chardev_tx_ready, chardev_rx_ready, chardev_tx_busy, chardev_is_open,
};

void pl011_init(struct pl011 *u, uint64_t base, struct irq_line irq)
{
	memset(u, 0, sizeof(*u));
	u->dev = (struct mmio_device){
		.name = "pl011", .base = base, .size = PL011_MMIO_SIZE,
		.access = pl011_access, .reset = pl011_reset,
	};
	u->irq = irq;
	u->chardev.ops = &chardev_ops;
	reset_locked(u);
}

void pl011_connect(struct pl011 *u, const struct chardev_backend *backend)
{
	uint64_t flags = spin_lock_irqsave(&u->lock);

	u->backend = backend;
	u->rx_more = backend != NULL;
	tx_drain(u);
	rx_fill(u);
	update(u);
	spin_unlock_irqrestore(&u->lock, flags);
}

bool pl011_tx_busy(const struct pl011 *u)
{
	return atomic_load_explicit(&u->fr, memory_order_relaxed) & UARTFR_BUSY;
}

void pl011_tx_ready(struct pl011 *u)
{
	uint64_t flags = spin_lock_irqsave(&u->lock);

	tx_drain(u);
	update(u);
	spin_unlock_irqrestore(&u->lock, flags);
}

void pl011_rx_ready(struct pl011 *u)
{
	uint64_t flags = spin_lock_irqsave(&u->lock);

	u->rx_more = u->backend != NULL;
	rx_fill(u);
	update(u);
	spin_unlock_irqrestore(&u->lock, flags);
}
