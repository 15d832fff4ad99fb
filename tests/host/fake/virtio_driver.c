/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/virtio_driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

unsigned int fake_irqs, fake_config_irqs, fake_wakes;

static void used(struct virtio_device *dev, uint16_t queue)
{
	(void)dev;
	(void)queue;
	fake_irqs++;
}

static void config_changed(struct virtio_device *dev)
{
	(void)dev;
	fake_config_irqs++;
}

const struct virtio_transport fake_transport = { used, config_changed };

static void wake(struct virtio_worker *w)
{
	(void)w;
	fake_wakes++;
}

struct virtio_worker fake_worker = { .wake = wake };

bool fake_driver_accept(struct virtio_device *dev, uint64_t features)
{
	dev->transport = &fake_transport;
	virtio_set_status(dev, 0);
	virtio_set_status(dev, VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER);
	dev->driver_features = features | VIRTIO_F_VERSION_1;
	virtio_set_status(dev, VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FEATURES_OK);
	return atomic_load(&dev->status) & VIRTIO_S_FEATURES_OK;
}

void fake_driver_ok(struct virtio_device *dev)
{
	virtio_set_status(dev, VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FEATURES_OK |
			  VIRTIO_S_DRIVER_OK);
}

void fake_queue_init(struct fake_queue *f, struct virtio_device *dev, struct fake_ram *ram,
		     uint16_t idx, uint16_t size, uint64_t at)
{
	struct virtq *q = &dev->queues[idx];

	*f = (struct fake_queue){
		.dev = dev, .ram = ram, .idx = idx, .size = size, .wrap = true, .used_wrap = true,
		.packed = virtio_has(dev, VIRTIO_F_RING_PACKED),
		.event_idx = virtio_has(dev, VIRTIO_F_EVENT_IDX),
		.desc = at, .driver = at + 0x2000, .device = at + 0x3000, .table = at + 0x5000,
	};
	memset(fake_ram_at(ram, at), 0, 0x5000);
	q->setup = (struct virtq_setup){ f->desc, f->driver, f->device, size };
	assert_int_equal(virtio_queue_enable(dev, idx), 0);
}

static void put(struct fake_queue *f, uint64_t at, const void *from, size_t size)
{
	memcpy(fake_ram_at(f->ram, at), from, size);
}

static void put16(struct fake_queue *f, uint64_t at, uint16_t v)
{
	put(f, at, &v, sizeof(v));
}

static uint16_t get16(struct fake_queue *f, uint64_t at)
{
	uint16_t v;

	memcpy(&v, fake_ram_at(f->ram, at), sizeof(v));
	return v;
}

static uint32_t get32(struct fake_queue *f, uint64_t at)
{
	uint32_t v;

	memcpy(&v, fake_ram_at(f->ram, at), sizeof(v));
	return v;
}

/* last: next (split) or, in its place, id and flags (packed). */
static void desc_put(struct fake_queue *f, uint64_t at, uint64_t addr, uint32_t len,
		     uint16_t flags, uint16_t last)
{
	put(f, at, &addr, 8);
	put(f, at + 8, &len, 4);
	put16(f, at + 12, f->packed ? last : flags);
	put16(f, at + 14, f->packed ? flags : last);
}

void fake_desc_set(struct fake_queue *f, uint16_t slot, uint64_t addr, uint32_t len,
		   uint16_t flags, uint16_t last)
{
	desc_put(f, f->desc + slot * 16u, addr, len, flags, last);
}

void fake_avail_put(struct fake_queue *f, uint16_t head)
{
	put16(f, f->driver + 4 + 2u * (f->avail % f->size), head);
	put16(f, f->driver + 2, ++f->avail);
}

static uint16_t seg_flags(const struct fake_seg *seg, unsigned int nr, unsigned int i)
{
	return (uint16_t)((seg[i].write ? FAKE_DESC_WRITE : 0) |
			  (i + 1 < nr ? FAKE_DESC_NEXT : 0));
}

static uint64_t table_put(struct fake_queue *f, uint16_t slot, const struct fake_seg *seg,
			  unsigned int nr)
{
	uint64_t at = f->table + slot * 0x1000u;

	for (unsigned int i = 0; i < nr; i++) {
		uint16_t flags = seg_flags(seg, nr, i);

		if (f->packed)
			flags &= FAKE_DESC_WRITE;
		desc_put(f, at + i * 16u, seg[i].addr, seg[i].len, flags, (uint16_t)(i + 1));
	}
	return at;
}

static uint16_t add_split(struct fake_queue *f, const struct fake_seg *seg, unsigned int nr)
{
	uint16_t head = f->next;

	for (unsigned int i = 0; i < nr; i++) {
		uint16_t slot = f->next;

		f->next = (uint16_t)((f->next + 1) % f->size);
		fake_desc_set(f, slot, seg[i].addr, seg[i].len, seg_flags(seg, nr, i), f->next);
	}
	fake_avail_put(f, head);
	return head;
}

static uint16_t add_packed(struct fake_queue *f, const struct fake_seg *seg, unsigned int nr)
{
	uint16_t id = f->next;

	f->nr_of[id] = (uint16_t)nr;
	for (unsigned int i = 0; i < nr; i++) {
		uint16_t flags = (uint16_t)(seg_flags(seg, nr, i) | (f->wrap ? 0x80 : 0x8000));

		fake_desc_set(f, f->next, seg[i].addr, seg[i].len, flags, id);
		if (++f->next == f->size) {
			f->next = 0;
			f->wrap = !f->wrap;
		}
	}
	return id;
}

uint16_t fake_queue_add(struct fake_queue *f, const struct fake_seg *seg, unsigned int nr)
{
	if (!f->indirect)
		return f->packed ? add_packed(f, seg, nr) : add_split(f, seg, nr);

	struct fake_seg one = { table_put(f, f->next, seg, nr), nr * 16u, false };
	uint16_t slot = f->next;
	uint64_t at = f->desc + slot * 16u + (f->packed ? 14u : 12u);

	/* Marked before it is made available: a split one by the index, after. */
	if (f->packed) {
		add_packed(f, &one, 1);
		put16(f, at, (uint16_t)(get16(f, at) | FAKE_DESC_INDIRECT));
	} else {
		f->next = (uint16_t)((f->next + 1) % f->size);
		fake_desc_set(f, slot, one.addr, one.len, FAKE_DESC_INDIRECT, 0);
		fake_avail_put(f, slot);
	}
	return slot;
}

void fake_worker_run(struct virtio_device *dev)
{
	for (int i = 0; i < 1000; i++) {
		uint32_t bits = atomic_exchange(&fake_worker.work, 0);

		if (!bits)
			return;
		assert_int_equal(bits, 1u << dev->slot);
		if (virtio_work(dev))
			atomic_fetch_or(&fake_worker.work, bits);
	}
	fail_msg("the worker never rests");
}

void fake_queue_kick(struct fake_queue *f)
{
	virtio_kicked(f->dev, f->idx);
	fake_worker_run(f->dev);
}

static bool used_split(struct fake_queue *f, uint16_t *id, uint32_t *len)
{
	uint64_t at = f->device + 4 + 8u * (f->used % f->size);

	if (get16(f, f->device + 2) == f->used)
		return false;
	*id = (uint16_t)get32(f, at);
	*len = get32(f, at + 4);
	f->used++;
	/* The event index follows: an interrupt for the next. */
	put16(f, f->driver + 4 + 2u * f->size, f->used);
	return true;
}

static bool used_packed(struct fake_queue *f, uint16_t *id, uint32_t *len)
{
	uint64_t at = f->desc + f->used * 16u;
	uint16_t flags = get16(f, at + 14);

	if (!!(flags & 0x80) != f->used_wrap || !!(flags & 0x8000) != f->used_wrap)
		return false;
	*id = get16(f, at + 12);
	*len = get32(f, at + 8);
	f->used = (uint16_t)(f->used + f->nr_of[*id]);
	if (f->used >= f->size) {
		f->used = (uint16_t)(f->used - f->size);
		f->used_wrap = !f->used_wrap;
	}
	if (f->event_idx) {
		put16(f, f->driver, (uint16_t)(f->used | (f->used_wrap ? 0x8000 : 0)));
		put16(f, f->driver + 2, 2);
	}
	return true;
}

bool fake_queue_used(struct fake_queue *f, uint16_t *id, uint32_t *len)
{
	return f->packed ? used_packed(f, id, len) : used_split(f, id, len);
}
