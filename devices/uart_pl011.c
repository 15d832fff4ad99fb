/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/uart_pl011.h"

#include "core/lib/bits.h"
#include "core/lib/space.h"

#define UARTDR          0x000
#define UARTDR_DATA     BITS(7, 0)
#define UARTDR_BE       BIT(10)
#define UARTFR          0x018
#define UARTFR_BUSY     BIT(3)
#define UARTFR_RXFE     BIT(4)
#define UARTFR_TXFF     BIT(5)
#define UARTFR_TXFE     BIT(7)
#define UARTLCR_H       0x02c
#define UARTLCR_H_FEN   BIT(4)
#define UARTCR          0x030
#define UARTCR_UARTEN   BIT(0)
#define UARTCR_TXE      BIT(8)
#define UARTCR_RXE      BIT(9)
#define UARTIFLS        0x034
#define UARTIFLS_TX_1_8 BITS_VAL(BITS(2, 0), 0)   /* when nearly empty: fewer interrupts */
#define UARTIFLS_RX_1_2 BITS_VAL(BITS(5, 3), 2)
#define UARTIMSC        0x038
#define UARTICR         0x044
#define UARTINT_RX      BIT(4)
#define UARTINT_TX      BIT(5)
#define UARTINT_RT      BIT(6)
#define UARTINT_ERRORS  BITS(10, 7)

#define FIFO_MIN        16   /* smallest depth of any revision */

static uint32_t reg_read(const struct uart_phys *u, uint32_t off)
{
	return MMIO_READ(uint32_t, va_mmio(u->regs) + off);
}

static void reg_write(const struct uart_phys *u, uint32_t off, uint64_t v)
{
	MMIO_WRITE(uint32_t, va_mmio(u->regs) + off, v);
}

static void imsc_set(struct uart_phys *u, uint64_t bits, bool on)
{
	u->imsc = (uint32_t)(on ? u->imsc | bits : u->imsc & ~bits);
	reg_write(u, UARTIMSC, u->imsc);
}

/* UARTLCR_H is written before UARTCR enables: TRM, "Control register, UARTCR". */
static void pl011_phys_init(struct uart_phys *u)
{
	imsc_set(u, ~UINT64_C(0), false);
	reg_write(u, UARTIFLS, UARTIFLS_TX_1_8 | UARTIFLS_RX_1_2);
	reg_write(u, UARTLCR_H, reg_read(u, UARTLCR_H) | UARTLCR_H_FEN);
	reg_write(u, UARTCR, reg_read(u, UARTCR) | UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE);
	reg_write(u, UARTICR, UARTINT_TX | UARTINT_ERRORS);
}

static unsigned int tx_room(struct uart_phys *u)
{
	uint32_t fr = reg_read(u, UARTFR);

	if (fr & UARTFR_TXFF)
		return 0;
	return fr & UARTFR_TXFE ? FIFO_MIN : 1;
}

static void tx(struct uart_phys *u, uint8_t byte)
{
	reg_write(u, UARTDR, byte);
}

static bool tx_idle(struct uart_phys *u)
{
	return (reg_read(u, UARTFR) & (UARTFR_BUSY | UARTFR_TXFE)) == UARTFR_TXFE;
}

/* A break is no byte; other errors are left to the eye. */
static int rx(struct uart_phys *u)
{
	while (!(reg_read(u, UARTFR) & UARTFR_RXFE)) {
		uint32_t dr = reg_read(u, UARTDR);

		if (!(dr & UARTDR_BE))
			return (int)(dr & UARTDR_DATA);
	}
	return -1;
}

/* The receive interrupts are not cleared: they fall when the FIFO has been read. */
static void irq_ack(struct uart_phys *u)
{
	reg_write(u, UARTICR, UARTINT_TX | UARTINT_ERRORS);
}

static void tx_irq(struct uart_phys *u, bool on)
{
	imsc_set(u, UARTINT_TX, on);
}

static void rx_irq(struct uart_phys *u, bool on)
{
	imsc_set(u, UARTINT_RX | UARTINT_RT, on);
}

const struct uart_ops uart_pl011_ops = {
	.compatible = "arm,pl011",
	.init = pl011_phys_init,
	.tx_room = tx_room,
	.tx = tx,
	.tx_idle = tx_idle,
	.rx = rx,
	.irq_ack = irq_ack,
	.tx_irq = tx_irq,
	.rx_irq = rx_irq,
};
