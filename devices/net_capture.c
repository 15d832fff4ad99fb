/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/net_capture.h"

#include <errno.h>

#define MAGIC_NS      0xa1b23c4du    /* times in nanoseconds     */
#define LINK_ETHERNET 1
#define NS_PER_S      1000000000u

/* In the host's order, as its readers expect: the magic tells which that is. */
struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, sigfigs, snap, link;
};
_Static_assert(sizeof(struct file_header) == NET_CAPTURE_HEADER, "pcap");

struct record {
	uint32_t s, ns;
	uint32_t kept, len;
};
_Static_assert(sizeof(struct record) == NET_CAPTURE_RECORD, "pcap");

void net_capture_init(struct net_capture *c, void *ring, uint32_t size, uint64_t hz)
{
	memset(c, 0, sizeof(*c));
	c->ring = ring;
	c->size = size;
	c->hz = hz;
}

int net_capture_switch(struct net_capture *c, bool on)
{
	uint64_t flags;

	if (!c->ring)
		return -ENODEV;
	flags = spin_lock_irqsave(&c->lock);
	if (on) {
		/* Not to 0: a reader's position stays in the past. */
		c->tail = c->head;
		c->nr_frames = 0;
	}
	atomic_store(&c->on, on);
	spin_unlock_irqrestore(&c->lock, flags);
	return 0;
}

static void ring_write(struct net_capture *c, const void *from, uint32_t n)
{
	uint32_t at = (uint32_t)(c->head % c->size), part = MIN(n, c->size - at);

	memcpy(c->ring + at, from, part);
	memcpy(c->ring, (const uint8_t *)from + part, n - part);
	c->head += n;
}

static void ring_read(const struct net_capture *c, uint64_t pos, void *to, uint32_t n)
{
	uint32_t at = (uint32_t)(pos % c->size), part = MIN(n, c->size - at);

	memcpy(to, c->ring + at, part);
	memcpy((uint8_t *)to + part, c->ring, n - part);
}

static uint32_t record_size(const struct net_capture *c, uint64_t pos)
{
	struct record r;

	ring_read(c, pos, &r, sizeof(r));
	return (uint32_t)sizeof(r) + r.kept;
}

void net_capture_add(struct net_capture *c, const struct net_frame *f, uint64_t now)
{
	struct record r = {
		.s = (uint32_t)(now / c->hz),
		.ns = (uint32_t)(now % c->hz * NS_PER_S / c->hz),
		.kept = MIN(f->len, NET_CAPTURE_SNAP), .len = f->len,
	};
	uint8_t bytes[NET_CAPTURE_SNAP];
	uint64_t flags;

	/* Read before the lock is taken: the bytes may be a guest's. */
	if (net_frame_read(f, 0, bytes, r.kept))
		r.kept = MIN(f->head_len, r.kept);
	if (r.kept + sizeof(r) > c->size)
		r.kept = c->size - (uint32_t)sizeof(r);
	flags = spin_lock_irqsave(&c->lock);
	if (atomic_load(&c->on)) {
		while (c->head - c->tail + sizeof(r) + r.kept > c->size)
			c->tail += record_size(c, c->tail);
		ring_write(c, &r, sizeof(r));
		ring_write(c, bytes, r.kept);
		c->nr_frames++;
	}
	spin_unlock_irqrestore(&c->lock, flags);
}

void net_capture_header(uint8_t out[NET_CAPTURE_HEADER])
{
	const struct file_header h = {
		.magic = MAGIC_NS, .major = 2, .minor = 4, .snap = NET_CAPTURE_SNAP,
		.link = LINK_ETHERNET,
	};

	memcpy(out, &h, sizeof(h));
}

uint32_t net_capture_next(struct net_capture *c, uint64_t *pos, uint8_t *out)
{
	uint64_t flags;
	uint32_t n = 0;

	if (!c->ring)
		return 0;
	flags = spin_lock_irqsave(&c->lock);
	if (*pos < c->tail)
		*pos = c->tail;
	if (*pos < c->head) {
		n = record_size(c, *pos);
		ring_read(c, *pos, out, n);
		*pos += n;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return n;
}
