/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtq.h"

#include <errno.h>
#include <stddef.h>

#include "core/lib/bits.h"
#include "devices/virtio.h"
#include "devices/virtq_impl.h"

void virtq_chain_init(struct virtq_chain *c, struct virtq_seg *seg, uint16_t max)
{
	*c = (struct virtq_chain){ .seg = seg, .max = max };
}

void virtq_init(struct virtq *q, struct virtio_device *dev, uint16_t idx, uint16_t max_size,
		struct virtq_seg *seg)
{
	q->dev = dev;
	q->idx = idx;
	q->max_size = max_size;
	q->setup.size = max_size;
	virtq_chain_init(&q->chain, seg, max_size);
}

/* ---- on and off ---- */

static void views_drop(struct virtq *q)
{
	struct guest_ram *ram = q->dev->ram;

	atomic_store(&q->live, false);
	ram->ops->unview(ram, &q->desc);
	ram->ops->unview(ram, &q->driver);
	ram->ops->unview(ram, &q->device);
}

/* The memory goes away under the rings: by the guest's own doing, so it is its fault. */
static void revoke(struct guest_view *v)
{
	struct virtq *q = v->owner;
	bool mine = mutex_is_mine(&q->lock);

	if (!mine)
		mutex_lock(&q->lock);
	if (v->p)
		virtq_break(q, "its memory was taken away");
	if (!mine)
		mutex_unlock(&q->lock);
}

static int view(struct virtq *q, struct guest_view *v, uint64_t addr, uint32_t size,
		uint64_t align)
{
	struct guest_ram *ram = q->dev->ram;

	v->revoke = revoke;
	v->owner = q;
	return is_aligned(addr, align) ? ram->ops->view(ram, v, IPA(addr), size) : -EINVAL;
}

static int views_take(struct virtq *q, const struct virtq_setup *s)
{
	uint32_t n = q->size;
	uint32_t driver = q->packed ? EVENT_SIZE : AVAIL_SIZE(n);
	uint32_t device = q->packed ? EVENT_SIZE : USED_SIZE(n);
	int err = view(q, &q->desc, s->desc, n * DESC_SIZE, DESC_SIZE);

	if (!err)
		err = view(q, &q->driver, s->driver, driver, q->packed ? 4 : 2);
	return err ? err : view(q, &q->device, s->device, device, 4);
}

int virtq_enable(struct virtq *q, const struct virtq_setup *s)
{
	int err;

	if (!s->size || s->size > q->max_size || (!q->packed && (s->size & (s->size - 1))))
		return -EINVAL;
	q->size = s->size;
	err = views_take(q, s);
	if (err) {
		views_drop(q);
		return err;
	}
	q->next = q->avail = q->used = 0;
	q->wrap = q->used_wrap = true;
	q->since = q->in_flight = 0;
	q->epoch++;
	atomic_store(&q->live, true);
	return 0;
}

void virtq_disable(struct virtq *q)
{
	q->epoch++;
	views_drop(q);
	q->in_flight = 0;
	q->chain.q = NULL;
}

void virtq_break(struct virtq *q, const char *why)
{
	views_drop(q);
	virtio_broken(q->dev, why);
}

/* ---- buffers ---- */

int virtq_add_seg(struct virtq_chain *c, uint64_t addr, uint32_t len, uint16_t flags)
{
	return virtq_add_seg_inline(c, addr, len, flags);
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	int got;

	if (!virtq_live(q))
		return -EPROTO;
	c->out_len = c->in_len = 0;
	c->nr_out = c->nr_in = 0;
	c->nr_descs = 0;
	c->hint[0].at = c->hint[1].at = 0;
	c->hint[0].seg = c->hint[1].seg = 0;
	got = q->packed ? packed_pop(q, c) : split_pop(q, c);
	if (got < 0) {
		virtq_break(q, got == -EFAULT ? "descriptors that are not in memory"
					      : "a ring that breaks the rules");
		return -EPROTO;
	}
	if (got) {
		c->q = q;
		q->in_flight += c->nr_descs;
	}
	return got;
}

void virtq_drop(struct virtq *q, struct virtq_chain *c)
{
	q->in_flight -= MIN(q->in_flight, c->nr_descs);
	c->q = NULL;
}

void virtq_unpop(struct virtq *q, struct virtq_chain *c)
{
	virtq_drop(q, c);
	if (q->packed)
		packed_back(q, c->nr_descs);
	else
		q->next--;
}

void virtq_push(struct virtq *q, struct virtq_chain *c, uint32_t written)
{
	if (virtq_live(q)) {
		if (q->packed)
			packed_push(q, c, written);
		else
			split_push(q, c, written);
	}
	virtq_drop(q, c);
}

/* ---- notifications: 2.7.7, 2.7.10, 2.8.10 ---- */

void virtq_flush(struct virtq *q)
{
	bool wanted;

	if (!virtq_live(q) || !q->since)
		return;
	if (q->packed)
		packed_publish(q);
	else
		split_publish(q);
	/* What was used is seen before we look whether the guest sleeps: it does the reverse. */
	atomic_thread_fence(memory_order_seq_cst);
	wanted = q->packed ? packed_wants_irq(q) : split_wants_irq(q);
	q->since = 0;
	if (wanted)
		q->dev->transport->used(q->dev, q->idx);
}

bool virtq_has(struct virtq *q)
{
	if (!virtq_live(q))
		return false;
	return q->packed ? packed_has(q) : split_has(q);
}

bool virtq_arm(struct virtq *q)
{
	if (!virtq_live(q))
		return false;
	if (q->packed)
		packed_want_kick(q, true);
	else
		split_want_kick(q, true);
	/* The guest sees that before we look for the last time: it does the reverse. */
	atomic_thread_fence(memory_order_seq_cst);
	return virtq_has(q);
}

void virtq_disarm(struct virtq *q)
{
	if (!virtq_live(q))
		return;
	if (q->packed)
		packed_want_kick(q, false);
	else
		split_want_kick(q, false);
}

void virtq_kick(struct virtq *q)
{
	struct virtio_device *dev = q->dev;
	struct virtio_worker *w = dev->worker;

	/* Whoever set the first bit wakes the worker, or is about to. */
	if (!atomic_fetch_or(&dev->work, BIT(q->idx)) &&
	    !atomic_fetch_or(&w->work, (uint32_t)BIT(dev->slot)))
		w->wake(w);
}
