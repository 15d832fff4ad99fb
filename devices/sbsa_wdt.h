/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual SBSA generic watchdog, revision 1. BSA, DEN 0094, "Generic Watchdog".
 * What differs from it: docs/devices.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/device.h"
#include "core/spinlock.h"
#include "core/timer.h"

#define SBSA_WDT_FRAME_SIZE 0x1000

struct sbsa_wdt {
	struct mmio_device refresh;  /* WRR                                   */
	struct mmio_device control;  /* WCS, WOR, WCV                         */
	struct irq_line ws0;         /* fixed once the VM runs                */
	/* WS1: the guest has had its chance. Called once, interrupts masked, under
	 * lock. Fixed once the VM runs. */
	void (*bite)(void *ctx);
	void *ctx;
	struct timer timer;          /* armed while the watchdog can time out */
	struct spinlock lock;        /* rank 35, docs/locking.md              */
	/* under lock */
	uint64_t offset;             /* the counter it sees is CNTPCT - offset */
	uint64_t wcv, wor;
	bool enabled, is_ws0, is_ws1;
	bool frozen;                 /* no time passes                        */
};

/**
 * sbsa_wdt_init() - make a watchdog in its reset state: disabled
 * @w:       storage; must not be in use
 * @refresh: IPA of the refresh frame
 * @control: IPA of the control frame
 * @ws0:     interrupt, raised when the first period ends; set may be NULL
 * @bite:    called when the second ends without a refresh
 * @ctx:     handed to it
 *
 * The caller puts both frames on the VM's bus. Resetting either resets both.
 */
void sbsa_wdt_init(struct sbsa_wdt *w, uint64_t refresh, uint64_t control, struct irq_line ws0,
		   void (*bite)(void *ctx), void *ctx);

/*
 * Stop time, and let it go on with a counter that is so far behind CNTPCT: that of
 * its guest. After sbsa_wdt_freeze() bite is not called. Any context.
 */
void sbsa_wdt_freeze(struct sbsa_wdt *w);
void sbsa_wdt_thaw(struct sbsa_wdt *w, uint64_t offset);

/* Take back the timer; no access may come any more. */
void sbsa_wdt_fini(struct sbsa_wdt *w);
