/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual PL031 real-time clock, counting from power-on of the VM.
 * PrimeCell RTC (PL031) TRM, DDI 0224. What differs from it: docs/devices.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/device.h"
#include "core/spinlock.h"
#include "core/timer.h"

#define PL031_MMIO_SIZE 0x1000

/* now_s: seconds since 1970 of the wall clock; never waits, any context. */
struct pl031_clock {
	uint64_t (*now_s)(void *ctx);
	void *ctx;
};

struct pl031 {
	struct mmio_device dev;      /* first: dev.access casts back          */
	struct irq_line irq;         /* RTCINTR; fixed once the VM runs       */
	struct pl031_clock clock;    /* fixed once the VM runs                */
	struct timer timer;          /* armed while a match can still come    */
	struct spinlock lock;        /* rank 35, docs/locking.md              */
	/* under lock */
	uint32_t offset;             /* RTCDR = clock + offset, modulo 2^32   */
	uint32_t match;              /* RTCMR                                 */
	uint32_t load;               /* RTCLR                                 */
	uint64_t due;                /* clock second at which match comes     */
	bool     waiting;            /* for due                               */
	bool     imsc, ris, line;
};

/**
 * pl031_init() - make a clock in its reset state, showing the wall clock
 * @r:     storage; must not be in use
 * @base:  IPA of the first register
 * @irq:   RTCINTR; set may be NULL
 * @clock: where time comes from
 *
 * The caller puts &r->dev on the VM's bus. Reset keeps the time that the guest
 * set, as a battery would.
 */
void pl031_init(struct pl031 *r, uint64_t base, struct irq_line irq, struct pl031_clock clock);

/* Take back the timer; no access may come any more. */
void pl031_fini(struct pl031 *r);
