/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual PL011 UART, r1p3, as on QEMU's virt board: 16-byte FIFOs.
 * PrimeCell UART (PL011) TRM, DDI 0183. What differs from it: docs/devices.md.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/device.h"
#include "core/spinlock.h"
#include "devices/chardev.h"

#define PL011_FIFO_DEPTH 16
#define PL011_MMIO_SIZE  0x1000
#define PL011_UARTFR     0x018       /* reads without side effects: fr          */

struct pl011 {
	struct mmio_device dev;          /* first: dev.access casts back          */
	struct chardev chardev;          /* fixed                                 */
	struct irq_line irq;             /* UARTINTR; fixed once the VM runs      */
	struct spinlock lock;            /* rank 35, docs/locking.md              */
	_Atomic uint64_t fr;             /* UARTFR: stored under lock, read without */
	/* under lock */
	const struct chardev_backend *backend;
	uint16_t rx[PL011_FIFO_DEPTH];   /* as UARTDR reads: data and error bits  */
	uint8_t  tx[PL011_FIFO_DEPTH];
	uint8_t  rx_head, rx_level;
	uint8_t  tx_head, tx_level;
	bool     rx_more;                /* the back end may have input           */
	bool     rx_lost;                /* overrun: mark the next byte received  */
	bool     line;                   /* level last driven on irq              */
	uint32_t rsr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
};

/**
 * pl011_init() - make a UART in its reset state, connected to nothing
 * @u:    storage; must not be in use
 * @base: IPA of the first register
 * @irq:  UARTINTR; set may be NULL
 *
 * The caller puts &u->dev on the VM's bus. What is written is dropped until
 * pl011_connect().
 */
void pl011_init(struct pl011 *u, uint64_t base, struct irq_line irq);

/**
 * pl011_connect() - choose who takes and gives the bytes
 * @u:       any UART
 * @backend: must live as long as it is connected; NULL disconnects
 *
 * Once it returns, the former back end is not called any more. Takes u->lock.
 */
void pl011_connect(struct pl011 *u, const struct chardev_backend *backend);

/* Are there bytes that the back end has not taken? */
bool pl011_tx_busy(const struct pl011 *u);

/* From the back end, holding no lock of rank 35 or more: there is room again. */
void pl011_tx_ready(struct pl011 *u);

/* From the back end, holding no lock of rank 35 or more: there is input. */
void pl011_rx_ready(struct pl011 *u);
