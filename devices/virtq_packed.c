/* SPDX-License-Identifier: Apache-2.0 */
/* Packed virtqueues: VirtIO 1.2, 2.8. */
#include <errno.h>

#include "core/lib/bits.h"
#include "devices/virtq_impl.h"

/* Event suppression, 2.8.10: a position, then what to do with it. */
#define EVENT_DESC     0
#define EVENT_FLAGS    2
#define EVENT_OFF      BITS(14, 0)
#define EVENT_WRAP     BIT(15)
#define EVENT_F_ENABLE  0
#define EVENT_F_DISABLE 1
#define EVENT_F_DESC    2

/* The second half of a descriptor: len, id, flags. */
#define REST_LEN   BITS(31, 0)
#define REST_ID    BITS(47, 32)
#define REST_FLAGS BITS(63, 48)

static uint64_t rest_of(struct virtq *q, uint16_t slot)
{
	return RING_LOAD(uint64_t, q->desc, slot * DESC_SIZE + 8);
}

static bool is_avail(const struct virtq *q, uint64_t rest)
{
	uint64_t flags = bits_get(REST_FLAGS, rest);

	return !!(flags & DESC_F_AVAIL) == q->wrap && !!(flags & DESC_F_USED) != q->wrap;
}

bool packed_has(struct virtq *q)
{
	return is_avail(q, rest_of(q, q->next));
}

/* The first says that all are available, so it is read first, and once. */
static int walk(struct virtq *q, struct virtq_chain *c, uint64_t rest)
{
	uint16_t slot = q->next;

	for (;;) {
		uint64_t addr = RING_LOAD(uint64_t, q->desc, slot * DESC_SIZE);
		uint32_t len = (uint32_t)bits_get(REST_LEN, rest);
		uint16_t flags = (uint16_t)bits_get(REST_FLAGS, rest);
		int err;

		if (q->in_flight + ++c->nr_descs > q->size)
			return -EPROTO;
		c->id = (uint16_t)bits_get(REST_ID, rest);
		if (flags & DESC_F_INDIRECT)
			return flags & DESC_F_NEXT ? -EPROTO : virtq_add_table(q, c, addr, len);
		err = virtq_add_seg(c, addr, len, flags);
		if (err || !(flags & DESC_F_NEXT))
			return err;
		slot = slot + 1 == q->size ? 0 : slot + 1;
		rest = rest_of(q, slot);
	}
}

static void advance(uint16_t *slot, bool *wrap, uint16_t size, uint16_t by)
{
	*slot += by;
	if (*slot >= size) {
		*slot -= size;
		*wrap = !*wrap;
	}
}

int packed_pop(struct virtq *q, struct virtq_chain *c)
{
	uint64_t rest = rest_of(q, q->next);
	int err;

	if (!is_avail(q, rest))
		return 0;
	err = walk(q, c, rest);
	if (err)
		return err;
	advance(&q->next, &q->wrap, q->size, c->nr_descs);
	return 1;
}

void packed_back(struct virtq *q, uint16_t nr_descs)
{
	if (q->next < nr_descs) {
		q->next += q->size;
		q->wrap = !q->wrap;
	}
	q->next -= nr_descs;
}

/* Of those pushed since the last flush the first is written last: the guest looks there. */
void packed_push(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	uint64_t flags = (q->used_wrap ? DESC_F_AVAIL | DESC_F_USED : 0) |
			 (written ? DESC_F_WRITE : 0);
	uint64_t rest = BITS_VAL(REST_LEN, written) | BITS_VAL(REST_ID, c->id) |
			BITS_VAL(REST_FLAGS, flags);

	if (!q->since) {
		q->first = rest;
		q->first_slot = q->used;
	} else {
		RING_STORE(uint64_t, q->desc, q->used * DESC_SIZE + 8, rest);
	}
	advance(&q->used, &q->used_wrap, q->size, c->nr_descs);
	q->since += c->nr_descs;
}

void packed_publish(struct virtq *q)
{
	RING_STORE(uint64_t, q->desc, q->first_slot * DESC_SIZE + 8, q->first);
}

/* Did we pass the slot that it names, in the last `since`? Its round may be the one before. */
static bool passed(const struct virtq *q, uint16_t event)
{
	uint16_t off = event & EVENT_OFF;

	if (!!(event & EVENT_WRAP) != q->used_wrap)
		off -= q->size;
	return (uint16_t)(q->used - off - 1) < q->since;
}

bool packed_wants_irq(struct virtq *q)
{
	uint16_t flags = RING_LOAD(uint16_t, q->driver, EVENT_FLAGS);

	if (flags == EVENT_F_DESC && q->event_idx)
		return passed(q, RING_LOAD(uint16_t, q->driver, EVENT_DESC));
	return flags != EVENT_F_DISABLE;
}

void packed_want_kick(struct virtq *q, bool on)
{
	uint16_t flags = EVENT_F_DISABLE;

	if (on && q->event_idx) {
		RING_STORE(uint16_t, q->device, EVENT_DESC,
			   q->next | (q->wrap ? EVENT_WRAP : 0));
		flags = EVENT_F_DESC;
	} else if (on) {
		flags = EVENT_F_ENABLE;
	}
	RING_STORE(uint16_t, q->device, EVENT_FLAGS, flags);
}
