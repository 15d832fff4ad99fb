/* SPDX-License-Identifier: Apache-2.0 */
/* The two formats of rings, for devices/virtq.c. Queues are live, their locks held. */
#pragma once

#include <errno.h>

#include "core/lib/bits.h"
#include "devices/virtq.h"

/* Flags of a descriptor: 2.7.5, 2.8.2. */
#define DESC_F_NEXT     BIT(0)
#define DESC_F_WRITE    BIT(1)
#define DESC_F_INDIRECT BIT(2)
#define DESC_F_AVAIL    BIT(7)       /* packed */
#define DESC_F_USED     BIT(15)      /* packed */

#define DESC_SIZE     16
#define AVAIL_SIZE(n) (6 + 2 * (n))  /* with used_event  */
#define USED_SIZE(n)  (6 + 8 * (n))  /* with avail_event */
#define EVENT_SIZE    4              /* packed           */

static inline bool virtq_live(struct virtq *q)
{
	return atomic_load_explicit(&q->live, memory_order_relaxed);
}

/* 0; -EPROTO too many, or one to read after one to write. */
int virtq_add_seg(struct virtq_chain *c, uint64_t addr, uint32_t len, uint16_t flags);

/* In line, for what is done for every request. */
static inline __attribute__((always_inline))
int virtq_add_seg_inline(struct virtq_chain *c, uint64_t addr, uint32_t len, uint16_t flags)
{
	uint32_t nr = (uint32_t)c->nr_out + c->nr_in;
	bool in = flags & DESC_F_WRITE;

	if (nr == c->max || (!in && c->nr_in))
		return -EPROTO;
	c->seg[nr] = (struct virtq_seg){ IPA(addr), len };
	if (in) {
		c->nr_in++;
		c->in_len += len;
	} else {
		c->nr_out++;
		c->out_len += len;
	}
	return c->in_len + c->out_len > UINT32_MAX ? -EPROTO : 0;
}

/*
 * A table of descriptors, which follow each other (packed) or name the next (split).
 * Return: 0; -EPROTO; -EFAULT.
 */
int virtq_add_table(struct virtq *q, struct virtq_chain *c, uint64_t addr, uint32_t len);

/* 1: all of *c but q is set; 0; -EPROTO, -EFAULT. */
int split_pop(struct virtq *q, struct virtq_chain *c);
int packed_pop(struct virtq *q, struct virtq_chain *c);

void split_push(struct virtq *q, const struct virtq_chain *c, uint32_t written);
void packed_push(struct virtq *q, const struct virtq_chain *c, uint32_t written);
void packed_back(struct virtq *q, uint16_t nr_descs);

void split_publish(struct virtq *q);
void packed_publish(struct virtq *q);
bool split_wants_irq(struct virtq *q);
bool packed_wants_irq(struct virtq *q);
bool split_has(struct virtq *q);
bool packed_has(struct virtq *q);
void split_want_kick(struct virtq *q, bool on);
void packed_want_kick(struct virtq *q, bool on);

/* Guest memory that changes at any time: loads and stores of one size, once. */
#define RING_AT(type, v, off) ((__force type *)((char __guest *)(v).p + (off)))
#define RING_LOAD(type, v, off) __atomic_load_n(RING_AT(type, v, off), __ATOMIC_ACQUIRE)
#define RING_STORE(type, v, off, val) \
	__atomic_store_n(RING_AT(type, v, off), (type)(val), __ATOMIC_RELEASE)
