/* SPDX-License-Identifier: Apache-2.0 */
/* Split virtqueues: VirtIO 1.2, 2.7. */
#include <errno.h>

#include "core/lib/bits.h"
#include "devices/virtq_impl.h"

/* Where things are in the rings: struct virtq_avail, struct virtq_used. */
#define AVAIL_FLAGS   0
#define AVAIL_IDX     2
#define AVAIL_RING(i) (4 + 2 * (i))
#define USED_FLAGS    0
#define USED_IDX      2
#define USED_RING(i)  (4 + 8 * (i))

#define AVAIL_F_NO_INTERRUPT BIT(0)
#define USED_F_NO_NOTIFY     BIT(0)

static uint16_t slot_of(const struct virtq *q, uint16_t idx)
{
	return idx & (q->size - 1);
}

/* Two loads make a descriptor, which nothing of the guest's can change after that. */
static int walk(struct virtq *q, struct virtq_chain *c, uint16_t slot)
{
	while (q->in_flight + c->nr_descs < q->size) {
		uint64_t addr = RING_LOAD(uint64_t, q->desc, slot * DESC_SIZE);
		uint64_t rest = RING_LOAD(uint64_t, q->desc, slot * DESC_SIZE + 8);
		uint32_t len = (uint32_t)rest;
		uint16_t flags = (uint16_t)(rest >> 32);
		int err;

		c->nr_descs++;
		if (flags & DESC_F_INDIRECT)
			return flags & DESC_F_NEXT ? -EPROTO : virtq_add_table(q, c, addr, len);
		err = virtq_add_seg_inline(c, addr, len, flags);
		if (err || !(flags & DESC_F_NEXT))
			return err;
		slot = (uint16_t)(rest >> 48);
		if (slot >= q->size)
			return -EPROTO;
	}
	/* A loop, or descriptors that are in use already. */
	return -EPROTO;
}

bool split_has(struct virtq *q)
{
	if (q->avail == q->next)
		q->avail = RING_LOAD(uint16_t, q->driver, AVAIL_IDX);
	return q->avail != q->next;
}

int split_pop(struct virtq *q, struct virtq_chain *c)
{
	int err;

	if (!split_has(q))
		return 0;
	if ((uint16_t)(q->avail - q->next) > q->size)
		return -EPROTO;
	c->id = RING_LOAD(uint16_t, q->driver, AVAIL_RING(slot_of(q, q->next)));
	if (c->id >= q->size)
		return -EPROTO;
	err = walk(q, c, c->id);
	if (err)
		return err;
	q->next++;
	return 1;
}

void split_push(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	uint16_t slot = slot_of(q, q->used);

	RING_STORE(uint32_t, q->device, USED_RING(slot), c->id);
	RING_STORE(uint32_t, q->device, USED_RING(slot) + 4, written);
	q->used++;
	q->since++;
}

void split_publish(struct virtq *q)
{
	RING_STORE(uint16_t, q->device, USED_IDX, q->used);
}

/* Did the index pass the one after event, in the last `since` steps? */
bool split_wants_irq(struct virtq *q)
{
	uint16_t event;

	if (!q->event_idx)
		return !(RING_LOAD(uint16_t, q->driver, AVAIL_FLAGS) & AVAIL_F_NO_INTERRUPT);
	event = RING_LOAD(uint16_t, q->driver, AVAIL_RING(q->size));
	return (uint16_t)(q->used - event - 1) < q->since;
}

/* With event indices an old one asks for nothing until the index has gone round. */
void split_want_kick(struct virtq *q, bool on)
{
	if (!q->event_idx)
		RING_STORE(uint16_t, q->device, USED_FLAGS, on ? 0 : USED_F_NO_NOTIFY);
	else if (on)
		RING_STORE(uint16_t, q->device, USED_RING(q->size), q->next);
}
