/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/virtio.h"

#define EVENT_ENABLE  0
#define EVENT_DISABLE 1
#define EVENT_DESC    2
#define F_AVAIL       0x80u
#define F_USED        0x8000u

static volatile uint16_t *at16(const void *p, unsigned int off)
{
	return (volatile uint16_t *)((uintptr_t)p + off);
}

static volatile uint32_t *at32(const void *p, unsigned int off)
{
	return (volatile uint32_t *)((uintptr_t)p + off);
}

bool vdev_find(struct vdev *d, unsigned int id, unsigned int nth)
{
	for (d->slot = 0; d->slot < VIRTIO_SLOTS; d->slot++) {
		d->base = VIRTIO_BASE + d->slot * VIRTIO_STRIDE;
		if (vdev_r(d, VMMIO_MAGIC) == 0x74726976 && vdev_r(d, VMMIO_VERSION) == 2 &&
		    vdev_r(d, VMMIO_DEVICE_ID) == id && nth-- == 0)
			return true;
	}
	return false;
}

uint64_t vdev_offered(const struct vdev *d)
{
	uint64_t low;

	vdev_w(d, VMMIO_FEATURES_SEL, 0);
	low = vdev_r(d, VMMIO_FEATURES);
	vdev_w(d, VMMIO_FEATURES_SEL, 1);
	return low | (uint64_t)vdev_r(d, VMMIO_FEATURES) << 32;
}

bool vdev_start(struct vdev *d, uint64_t features)
{
	vdev_w(d, VMMIO_STATUS, 0);
	if (!WAIT_UNTIL(vdev_r(d, VMMIO_STATUS) == 0, LONG_MS))
		return false;
	vdev_w(d, VMMIO_STATUS, VSTATUS_ACK);
	vdev_w(d, VMMIO_STATUS, VSTATUS_ACK | VSTATUS_DRIVER);
	d->features = features & vdev_offered(d);
	vdev_w(d, VMMIO_DRIVER_SEL, 0);
	vdev_w(d, VMMIO_DRIVER, (uint32_t)d->features);
	vdev_w(d, VMMIO_DRIVER_SEL, 1);
	vdev_w(d, VMMIO_DRIVER, (uint32_t)(d->features >> 32));
	vdev_w(d, VMMIO_STATUS, VSTATUS_ACK | VSTATUS_DRIVER | VSTATUS_FEATURES_OK);
	return vdev_r(d, VMMIO_STATUS) & VSTATUS_FEATURES_OK;
}

void vdev_ok(struct vdev *d)
{
	vdev_w(d, VMMIO_STATUS, vdev_r(d, VMMIO_STATUS) | VSTATUS_DRIVER_OK);
}

static void address(const struct vdev *d, unsigned int off, const void *p)
{
	vdev_w(d, off, (uint32_t)(uintptr_t)p);
	vdev_w(d, off + 4, (uint32_t)((uintptr_t)p >> 32));
}

bool vring_init(struct vring *r, struct vdev *d, unsigned int idx, unsigned int size)
{
	unsigned int max;

	memset(r, 0, sizeof(*r));
	vdev_w(d, VMMIO_QUEUE_SEL, idx);
	max = vdev_r(d, VMMIO_QUEUE_MAX);
	if (!max)
		return false;
	r->dev = d;
	r->idx = idx;
	r->size = r->free = size < max ? size : max;
	r->packed = d->features & VF_PACKED;
	r->event_idx = d->features & VF_EVENT_IDX;
	r->indirect = d->features & VF_INDIRECT;
	r->wrap = r->used_wrap = true;
	vdev_w(d, VMMIO_QUEUE_NUM, r->size);
	address(d, VMMIO_DESC, r->desc);
	address(d, VMMIO_AVAIL, r->driver);
	address(d, VMMIO_USED, r->device);
	vdev_barrier();
	vdev_w(d, VMMIO_QUEUE_READY, 1);
	return vdev_r(d, VMMIO_QUEUE_READY) == 1;
}

/* ---- adding ---- */

static unsigned int flags_of(const struct vseg *seg, unsigned int nr, unsigned int i)
{
	return (seg[i].in ? VDESC_WRITE : 0) | (i + 1 < nr ? VDESC_NEXT : 0);
}

static void fill_table(const struct vring *r, struct vdesc *t, const struct vseg *seg,
		       unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		t[i].addr = (uintptr_t)seg[i].p;
		t[i].len = seg[i].len;
		t[i].a = r->packed ? 0 : (uint16_t)flags_of(seg, nr, i);
		t[i].b = (uint16_t)(r->packed ? flags_of(seg, nr, i) & VDESC_WRITE : i + 1);
	}
}

static void advance(const struct vring *r, uint16_t *slot, bool *wrap, unsigned int by)
{
	*slot = (uint16_t)(*slot + by);
	if (*slot >= r->size) {
		*slot = (uint16_t)(*slot - r->size);
		*wrap = !*wrap;
	}
}

/* The first one's flags come last: with them all are available. */
static uint16_t add_packed(struct vring *r, const struct vseg *seg, unsigned int nr,
			   unsigned int extra)
{
	uint16_t id = r->next, first_flags = 0;

	r->nr_of[id] = (uint16_t)nr;
	for (unsigned int i = 0; i < nr; i++) {
		struct vdesc *d = &r->desc[r->next];
		unsigned int flags = flags_of(seg, nr, i) | extra | (r->wrap ? F_AVAIL : F_USED);

		d->addr = (uintptr_t)seg[i].p;
		d->len = seg[i].len;
		d->a = id;
		if (i)
			d->b = (uint16_t)flags;
		else
			first_flags = (uint16_t)flags;
		advance(r, &r->next, &r->wrap, 1);
	}
	vdev_barrier();
	*at16(&r->desc[id], 14) = first_flags;
	r->avail = (uint16_t)(r->avail + nr);
	return id;
}

static uint16_t add_split(struct vring *r, const struct vseg *seg, unsigned int nr,
			  unsigned int extra)
{
	uint16_t head = r->next;

	for (unsigned int i = 0; i < nr; i++) {
		struct vdesc *d = &r->desc[r->next];

		r->next = (uint16_t)((r->next + 1) & (r->size - 1));
		d->addr = (uintptr_t)seg[i].p;
		d->len = seg[i].len;
		d->a = (uint16_t)(flags_of(seg, nr, i) | extra);
		d->b = r->next;
	}
	r->nr_of[head] = (uint16_t)nr;
	*at16(r->driver, 4 + 2 * (r->avail & (r->size - 1))) = head;
	r->avail++;
	vdev_barrier();
	*at16(r->driver, 2) = r->avail;
	return head;
}

/*
 * Slots are taken in turn, which is right while chains come back in order or the ring is
 * never full.
 */
uint16_t vring_add(struct vring *r, const struct vseg *seg, unsigned int nr)
{
	struct vseg one;
	unsigned int extra = 0;

	if (r->indirect && nr > 1) {
		fill_table(r, r->table[r->next], seg, nr);
		one = (struct vseg){ r->table[r->next], nr * 16, false };
		seg = &one;
		nr = 1;
		extra = VDESC_INDIRECT;
	}
	if (nr > r->free)
		return 0xffff;
	r->free -= nr;
	return r->packed ? add_packed(r, seg, nr, extra) : add_split(r, seg, nr, extra);
}

/* ---- notifications ---- */

static bool wants_kick(const struct vring *r)
{
	uint16_t event, flags;

	if (!r->packed && !r->event_idx)
		return !(*at16(r->device, 0) & 1);
	if (!r->packed) {
		event = *at16(r->device, 4 + 8 * r->size);
		return (uint16_t)(r->avail - event - 1) < (uint16_t)(r->avail - r->kicked);
	}
	flags = *at16(r->device, 2);
	if (flags != EVENT_DESC)
		return flags != EVENT_DISABLE;
	event = *at16(r->device, 0);
	/* In slots: where we are, less the round that it is behind. */
	flags = (uint16_t)((event & 0x7fff) - (!!(event & 0x8000) != r->wrap ? r->size : 0));
	return (uint16_t)(r->next - flags - 1) < (uint16_t)(r->avail - r->kicked);
}

void vring_kick(struct vring *r)
{
	vdev_barrier();
	if (wants_kick(r)) {
		r->nr_kicks++;
		vdev_w(r->dev, VMMIO_NOTIFY, r->idx);
	}
	r->kicked = r->avail;
}

bool vring_has_used(const struct vring *r)
{
	unsigned int flags;

	if (!r->packed)
		return *at16(r->device, 2) != r->used;
	flags = *at16(&r->desc[r->used], 14);
	return !!(flags & F_AVAIL) == r->used_wrap && !!(flags & F_USED) == r->used_wrap;
}

bool vring_irq(struct vring *r, bool on)
{
	if (!r->packed && !r->event_idx) {
		*at16(r->driver, 0) = !on;
	} else if (!r->packed) {
		*at16(r->driver, 4 + 2 * r->size) = (uint16_t)(on ? r->used : r->used - 1);
	} else {
		*at16(r->driver, 0) = (uint16_t)(r->used | (r->used_wrap ? 0x8000 : 0));
		*at16(r->driver, 2) = !on ? EVENT_DISABLE :
				      r->event_idx ? EVENT_DESC : EVENT_ENABLE;
	}
	vdev_barrier();
	return vring_has_used(r);
}

/* ---- used ---- */

bool vring_used(struct vring *r, uint16_t *id, uint32_t *len)
{
	if (!vring_has_used(r))
		return false;
	vdev_barrier();
	if (r->packed) {
		*id = r->desc[r->used].a;
		*len = r->desc[r->used].len;
		advance(r, &r->used, &r->used_wrap, r->nr_of[*id & (VRING_MAX - 1)]);
	} else {
		unsigned int at = 4 + 8 * (r->used & (r->size - 1));

		*id = (uint16_t)*at32(r->device, at);
		*len = *at32(r->device, at + 4);
		r->used++;
	}
	r->free += r->nr_of[*id & (VRING_MAX - 1)];
	return true;
}
