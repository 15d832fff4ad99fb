/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual PL061 GPIO controller: eight lines, whose inputs the hypervisor drives.
 * PrimeCell GPIO (PL061) TRM, DDI 0190. What differs from it: docs/devices.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/device.h"
#include "core/spinlock.h"

#define PL061_MMIO_SIZE 0x1000
#define PL061_POWER_KEY 3            /* the line of the power key, as on QEMU's virt */

struct pl061 {
	struct mmio_device dev;      /* first: dev.access casts back          */
	struct irq_line irq;         /* GPIOINTR; fixed once the VM runs      */
	struct spinlock lock;        /* rank 35, docs/locking.md              */
	/* under lock; a bit for each line */
	uint8_t in;                  /* what the lines' other ends drive      */
	uint8_t out;                 /* what was written to GPIODATA          */
	uint8_t dir;                 /* GPIODIR, 1: output                    */
	uint8_t is, ibe, iev, ie;    /* GPIOIS, GPIOIBE, GPIOIEV, GPIOIE      */
	uint8_t edges;               /* edges seen: GPIORIS of lines with IS 0 */
	uint8_t afsel;               /* kept, of no effect                    */
	bool    line;
};

/**
 * pl061_init() - make a controller in its reset state, all inputs low
 * @p:    storage; must not be in use
 * @base: IPA of the first register
 * @irq:  GPIOINTR; set may be NULL
 *
 * The caller puts &p->dev on the VM's bus. Reset leaves the inputs as they are.
 */
void pl061_init(struct pl061 *p, uint64_t base, struct irq_line irq);

/* Drive line n (0-7) from outside. Any context, locks of rank below 35 held. */
void pl061_drive(struct pl061 *p, unsigned int n, bool level);
