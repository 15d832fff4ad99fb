/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doorbell of a channel: a page of registers for each member, by which it rings for
 * another, and sees and acknowledges who has rung for it. docs/channels.md, "The doorbell".
 */
#pragma once

#include <stdint.h>

#include "core/lib/device.h"
#include "core/spinlock.h"

#define DOORBELL_MMIO_SIZE   0x1000
#define DOORBELL_MAX_MEMBERS 8

#define DOORBELL_ID       0x00   /* the number of this member                    */
#define DOORBELL_PRESENT  0x04   /* bit n: member n is there                     */
#define DOORBELL_RING     0x08   /* write n: ring for member n                   */
#define DOORBELL_STATUS   0x0c   /* bit n: member n has rung; the line is high   */
#define DOORBELL_ACK      0x10   /* write: clears those bits                     */

struct doorbell;

/* What the members of one channel have in common. All zero: nobody is there. */
struct doorbell_hub {
	struct spinlock lock;                /* rank 35, docs/locking.md         */
	/* under lock */
	struct doorbell *member[DOORBELL_MAX_MEMBERS];
};

/* A place for a member. */
struct doorbell {
	struct mmio_device dev;              /* first: the model is found by it  */
	/* fixed once the VM runs */
	struct irq_line line;
	/* changed under the hub's lock, which stays where it is */
	struct doorbell_hub *hub;            /* NULL: it is no member            */
	/* under hub->lock */
	uint32_t idx;
	uint32_t status;
};

/**
 * doorbell_init() - make a place for a member; nobody's yet: reads as zero, ignores writes
 * @d:    storage; stays until doorbell_leave()
 * @base: IPA of its registers
 * @line: level interrupt: high while the member's STATUS is not 0
 */
void doorbell_init(struct doorbell *d, uint64_t base, struct irq_line line);

/**
 * doorbell_join() - from now on it can be rung for; STATUS is 0
 * @d:   no member
 * @hub: its channel's; for ever
 * @idx: below DOORBELL_MAX_MEMBERS, nobody else's
 */
void doorbell_join(struct doorbell *d, struct doorbell_hub *hub, uint32_t idx);

/* And no longer; its line is low and nobody drives it when this returns. No member: nothing. */
void doorbell_leave(struct doorbell *d);

/* An access to its registers: d->dev.access, for who has several on the bus as one. */
int doorbell_access(struct mmio_device *d, struct mmio_access *acc);

/* Ring for another member. False: there is none, or this is none itself. */
bool doorbell_ring(struct doorbell *from, uint64_t idx);

/* Bit n: member n is there; 0 if this is none. */
uint32_t doorbell_present(struct doorbell *d);
