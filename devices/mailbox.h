/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for calls of who cannot call: x0 to x7 are written, the doorbell is rung, the
 * results are read. docs/hypercalls.md, "The mailbox".
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/lib/device.h"

#define MAILBOX_MMIO_SIZE 0x1000
#define MAILBOX_REGS      8

struct mailbox {
	struct mmio_device dev;              /* first: the model is found by it  */
	/* fixed once the VM runs */
	void (*call)(void *ctx, uint64_t *x);
	void *ctx;
	/* any vCPU; who uses it at once with others sees what those left */
	_Atomic uint64_t x[MAILBOX_REGS];
};

/**
 * mailbox_init() - make a mailbox, all registers 0
 * @m:    storage; must not be in use
 * @base: IPA of the page
 * @call: carry out the call in x[0] to x[7] and leave its results there; may sleep
 * @ctx:  handed to it
 *
 * The caller puts &m->dev on the VM's bus.
 */
void mailbox_init(struct mailbox *m, uint64_t base, void (*call)(void *ctx, uint64_t *x),
		  void *ctx);
