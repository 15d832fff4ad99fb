/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtqueues, as the device sees them: split and packed rings, the one place that walks
 * descriptors. VirtIO 1.2, 2.6 to 2.8; docs/virtio.md.
 *
 * What the guest wrote is read once into EL2's own memory and checked there. A ring that
 * breaks a rule breaks its queue (virtq_break()): the device says NEEDS_RESET, and no
 * function below touches guest memory for that queue again.
 *
 * All calls but virtq_kick() are made with the queue's lock held: in struct
 * virtio_model's serve() it is.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/guest_ram.h"
#include "core/mutex.h"

struct virtio_device;
struct virtq;

#define VIRTQ_MAX_SIZE 256           /* descriptors; a power of two                 */

/* A piece of guest memory, as it was in a descriptor. */
struct virtq_seg {
	ipa_t    addr;
	uint32_t len;
};

/*
 * The buffer of one request: what the device may read, a stream of out_len bytes, and what
 * it may write, one of in_len. Lengths are sums of 64 bits, so they never wrap.
 */
struct virtq_chain {
	struct virtq *q;             /* NULL: holds nothing                         */
	struct virtq_seg *seg;       /* nr_out to read, then nr_in to write         */
	uint64_t out_len, in_len;
	uint16_t max;                /* room in seg[]                               */
	uint16_t nr_out, nr_in;
	uint16_t id;                 /* what the used ring says of it               */
	uint16_t nr_descs;           /* slots of the ring: 1 for an indirect one    */
	/* where the last access ended, so that the next finds its segment at once  */
	struct { uint64_t at; uint16_t seg; } hint[2];
};

struct virtq {
	struct mutex lock;           /* docs/locking.md, "Sleeping locks"           */
	/* fixed from virtq_init() on */
	struct virtio_device *dev;
	uint16_t idx;
	uint16_t max_size;
	/* under the lock */
	struct virtq_chain chain;    /* for models with one request at a time       */
	uint16_t size;
	_Atomic bool live;           /* the rings are viewed: enabled, not broken;
					read without                                */
	bool packed, event_idx;
	uint16_t next;               /* avail: index (split), slot (packed)         */
	uint16_t avail;              /* split: index last read from the ring        */
	uint16_t used;               /* as next, of what was used                   */
	bool wrap, used_wrap;        /* packed: wrap counters, 2.8.1                */
	uint32_t since;              /* slots used since virtq_flush()              */
	uint32_t in_flight;          /* slots of chains popped, not pushed          */
	uint64_t first;              /* packed: what makes those used visible       */
	uint16_t first_slot;
	uint32_t epoch;              /* counts enables: who completes late compares */
	struct guest_view desc, driver, device;
	/* as the driver wrote them, under dev->lock; virtq_enable() takes a copy */
	struct virtq_setup { uint64_t desc, driver, device; uint16_t size; } setup;
	void *model;                 /* the model's own                             */
};

/**
 * virtq_chain_init() - give a chain its memory
 * @seg: room for @max segments; a chain longer than that breaks the queue, so @max is the
 *       queue's max_size unless the device told the driver of a smaller limit
 */
void virtq_chain_init(struct virtq_chain *c, struct virtq_seg *seg, uint16_t max);

/**
 * virtq_pop() - the next buffer that the guest made available
 * @c: with memory; must hold nothing
 *
 * Return: 1: it is in *c; 0: there is none; -EPROTO: the queue is broken now, or was.
 */
int virtq_pop(struct virtq *q, struct virtq_chain *c);

/* Put back the chain popped last, none pushed since; again and again, in reverse order. */
void virtq_unpop(struct virtq *q, struct virtq_chain *c);

/**
 * virtq_push() - give a buffer back, used
 * @c:       popped from this queue, in any order; holds nothing after that
 * @written: bytes from the start of its device-writable part
 *
 * The guest sees it after virtq_flush(). Nothing if the queue broke meanwhile.
 */
void virtq_push(struct virtq *q, struct virtq_chain *c, uint32_t written);

/* Forget a chain without giving it back: reset, or the queue is broken. */
void virtq_drop(struct virtq *q, struct virtq_chain *c);

/* Let the guest see all that was pushed, with an interrupt if it wants one. */
void virtq_flush(struct virtq *q);

/* Is a buffer there? May read the ring; a hint, the guest can lie. */
bool virtq_has(struct virtq *q);

/**
 * virtq_arm() - have the guest kick when it makes the next buffer available
 * Return: true if one is there already, so that no kick may come.
 */
bool virtq_arm(struct virtq *q);

/* No kicks, please, until the next virtq_arm(). A hint to the guest. */
void virtq_disarm(struct virtq *q);

/* This queue has work: have serve() called soon. Any context, no lock needed. */
void virtq_kick(struct virtq *q);

/* The guest broke a rule: one line of log, NEEDS_RESET, no more access to its rings. */
void virtq_break(struct virtq *q, const char *why);

/**
 * chain_read()  - from the device-readable bytes, at an offset
 * chain_write() - to the device-writable ones
 * chain_zero()  - zeroes there
 * chain_read_frame(), chain_write_frame() - the other side a frame, within it
 *
 * Return: 0; -ERANGE [off, off + len) is not within the chain: nothing was done; -EFAULT,
 * -EINVAL: the guest's memory is not there. That is not the ring's fault: a model
 * answers as it does to any bad buffer.
 */
int chain_read(struct virtq_chain *c, uint64_t off, void *to, uint64_t len);
int chain_write(struct virtq_chain *c, uint64_t off, const void *from, uint64_t len);
int chain_zero(struct virtq_chain *c, uint64_t off, uint64_t len);
int chain_read_frame(struct virtq_chain *c, uint64_t off, pa_t to, uint64_t len);
int chain_write_frame(struct virtq_chain *c, uint64_t off, pa_t from, uint64_t len);

/**
 * chain_copy() - from one chain's readable bytes to another's writable ones, once
 * @to, @from: perhaps of two VMs; both queues' locks held
 *
 * Return: as above.
 */
int chain_copy(struct virtq_chain *to, uint64_t to_off, struct virtq_chain *from,
	       uint64_t from_off, uint64_t len);

/* ---- for devices/virtio.c ---- */

/* Zeroed storage; @seg: max_size of them, for q->chain. */
void virtq_init(struct virtq *q, struct virtio_device *dev, uint16_t idx, uint16_t max_size,
		struct virtq_seg *seg);

/**
 * virtq_enable() - begin with rings of this size, at these addresses
 * Return: 0; -EINVAL size or alignment; else as view(). Then the queue is as before.
 */
int virtq_enable(struct virtq *q, const struct virtq_setup *s);

/* No view, nothing in flight: as before virtq_enable(). */
void virtq_disable(struct virtq *q);
