/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same driver with rings of all kinds: split and packed, with and without event indices and
 * indirect tables, frames in one buffer and merged over several, 1 and 4 queues. VirtIO 1.2,
 * 2.7, 2.8, 5.1 and 5.2. A disk of 1 MiB, and two interfaces on one network.
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/virtio.h"

#define QUEUES  4u
#define SLOTS   16u                          /* of each ring: it goes round often          */
#define KINDS   8u                           /* of rings: packed, event index, indirect    */
#define DEPTH   4u                           /* requests or frames of a queue at once      */

/* The low three bits of a number from 0 to 7, as features. */
static uint64_t kind_features(unsigned int n)
{
	return (n & 1 ? VF_PACKED : 0) | (n & 2 ? VF_EVENT_IDX : 0) | (n & 4 ? VF_INDIRECT : 0);
}

static void kind_failed(const char *what, unsigned int kind, unsigned int queues, const char *why)
{
	guest_fail(__FILE__, __LINE__, "%s,%s%s%s%s, %u queues: %s", what,
		   kind & 1 ? " packed" : " split", kind & 2 ? ", event index" : "",
		   kind & 4 ? ", indirect" : "", kind & 8 ? ", merged" : "", queues, why);
}

/* The next used chain of a ring, within reason. */
static bool await(struct vring *r, uint16_t *id, uint32_t *len)
{
	return WAIT_UNTIL(vring_used(r, id, len), LONG_MS);
}

static void irq_begin(const struct vdev *d)
{
	gic_quiet(32, 64);
	gic_edge_set(VIRTIO_INTID(d->slot), false);
	vdev_w(d, VMMIO_INT_ACK, 3);
	gic_bit_set(GICD_ISENABLER, VIRTIO_INTID(d->slot));
}

/* Is there an interrupt of the device? It is ended. */
static bool irq_came(const struct vdev *d, unsigned int ms)
{
	uint32_t id = gic_wait_ack(ms);

	if (id == INTID_NONE)
		return false;
	vdev_w(d, VMMIO_INT_ACK, vdev_r(d, VMMIO_INT_STATUS));
	gic_eoi(id);
	return id == VIRTIO_INTID(d->slot);
}

/* ---- disk ---- */

#define SECTOR     512u
#define F_BLK_MQ   (1ul << 12)

enum { T_IN, T_OUT, T_FLUSH = 4 };

static struct vdev disk;
static struct vring disk_ring[QUEUES];
static struct request {
	struct { uint32_t type, reserved; uint64_t sector; } head;
	uint8_t data[SECTOR];
	volatile uint8_t status;
	uint16_t id;
} reqs[QUEUES][DEPTH];

static void request_add(struct vring *r, struct request *q, uint32_t type, uint64_t sector)
{
	struct vseg seg[3] = { { &q->head, sizeof(q->head), false } };
	unsigned int nr = 1;

	q->head.type = type;
	q->head.sector = sector;
	q->status = 0xff;
	if (type != T_FLUSH)
		seg[nr++] = (struct vseg){ q->data, SECTOR, type == T_IN };
	seg[nr++] = (struct vseg){ (const void *)&q->status, 1, true };
	q->id = vring_add(r, seg, nr);
}

static uint8_t pattern(uint64_t sector, unsigned int i, unsigned int round)
{
	return (uint8_t)(sector * 7 + i * 3 + round);
}

/* DEPTH requests on each queue at once; all must come back, each once. */
static const char *disk_batch(unsigned int queues, uint32_t type, unsigned int round)
{
	unsigned int left[QUEUES];

	for (unsigned int q = 0; q < queues; q++) {
		for (unsigned int i = 0; i < DEPTH; i++) {
			struct request *rq = &reqs[q][i];
			/* What one queue wrote the next one reads. */
			uint64_t sector = (q + (type == T_IN)) % queues * DEPTH + i + round;

			for (unsigned int b = 0; b < SECTOR; b++)
				rq->data[b] = type == T_OUT ? pattern(sector, b, round) : 0;
			request_add(&disk_ring[q], rq, type, sector);
			if (rq->id == 0xffff)
				return "no room in the ring";
		}
		vring_kick(&disk_ring[q]);
		left[q] = DEPTH;
	}
	for (unsigned int q = 0; q < queues; q++)
		while (left[q]) {
			uint16_t id;
			uint32_t len;

			if (!await(&disk_ring[q], &id, &len))
				return "not answered";
			if (len != (type == T_IN ? SECTOR + 1 : 1))
				return "another length is told as written";
			left[q]--;
		}
	for (unsigned int q = 0; q < queues; q++)
		for (unsigned int i = 0; i < DEPTH; i++) {
			const struct request *rq = &reqs[q][i];

			if (rq->status)
				return "an error";
			for (unsigned int b = 0; b < SECTOR; b++)
				if (rq->data[b] != pattern(rq->head.sector, b, round))
					return "other data";
		}
	return NULL;
}

/*
 * An interrupt for a request where it is asked for, none where it is not. It may come a little
 * later than what is used, so none was asked for before.
 */
static const char *disk_irqs(struct vring *r)
{
	uint16_t id;
	uint32_t len;

	irq_begin(&disk);
	for (unsigned int on = 2; on-- > 0;) {
		vring_irq(r, on);
		request_add(r, &reqs[0][0], T_FLUSH, 0);
		vring_kick(r);
		if (on && !irq_came(&disk, LONG_MS))
			return "no interrupt";
		if (!await(r, &id, &len))
			return "not answered";
		if (!on && irq_came(&disk, 2))
			return "an interrupt that nobody wants";
	}
	return NULL;
}

/* From the reset on the memory is ours. */
static const char *disk_reset(unsigned int queues)
{
	for (unsigned int q = 0; q < queues; q++) {
		for (unsigned int i = 0; i < DEPTH; i++)
			request_add(&disk_ring[q], &reqs[q][i], T_IN, i);
		vring_kick(&disk_ring[q]);
	}
	vdev_w(&disk, VMMIO_STATUS, 0);
	if (!WAIT_UNTIL(vdev_r(&disk, VMMIO_STATUS) == 0, LONG_MS))
		return "Status after a reset";
	memset(reqs, 0xa5, sizeof(reqs));
	delay_ms(1);
	for (unsigned int i = 0; i < sizeof(reqs); i++)
		if (((volatile uint8_t *)reqs)[i] != 0xa5)
			return "written after the reset";
	return NULL;
}

static const char *disk_run(unsigned int queues)
{
	const char *why = NULL;

	for (unsigned int q = 0; q < queues; q++) {
		if (!vring_init(&disk_ring[q], &disk, q, SLOTS))
			return "a queue is not ready";
		vring_irq(&disk_ring[q], false);
	}
	vdev_ok(&disk);
	for (unsigned int round = 0; round < 12 && !why; round++) {
		why = disk_batch(queues, T_OUT, round);
		if (!why)
			why = disk_batch(queues, T_IN, round);
	}
	for (unsigned int q = 0; q < queues && !why; q++)
		why = disk_irqs(&disk_ring[q]);
	return why ? why : disk_reset(queues);
}

static void disk_on_rings_of_all_kinds(void)
{
	unsigned int done = 0;

	SKIP_UNLESS(vdev_find(&disk, 2, 0), "no disk");
	gic_init();
	for (unsigned int kind = 0; kind < KINDS; kind++)
		for (unsigned int queues = 1; queues <= QUEUES; queues += QUEUES - 1) {
			uint64_t want = kind_features(kind) | VF_VERSION_1 |
					(queues > 1 ? F_BLK_MQ : 0);
			const char *why = "features are not accepted";

			if ((vdev_offered(&disk) & want) != want)
				continue;
			if (vdev_start(&disk, want))
				why = disk_run(queues);
			if (why)
				kind_failed("disk", kind, queues, why);
			done++;
		}
	CHECK_EQ(done, 2 * KINDS, "kinds of rings");
}

/* ---- network ---- */

#define F_NET_MAC   (1ul << 5)
#define F_NET_MRG   (1ul << 15)
#define F_NET_CTRL  (1ul << 17)
#define F_NET_MQ    (1ul << 22)
#define MERGED      8u                       /* bit of a kind                         */

#define NET_HDR     12u
#define ETH         14u
#define UDP_HEAD    (ETH + 20 + 8)
#define FRAME_MAX   1514u
#define PIECE       400u                     /* of a merged frame                     */
#define RX_SLOTS    64u                      /* all frames at once may be of one flow */
#define RX_BUFS     (RX_SLOTS / 2)           /* two descriptors each                  */

static struct nic {
	struct vdev dev;
	struct vring rx[QUEUES], tx[QUEUES], ctrl;
	unsigned int queues, buf_size;
	bool merged;
	uint8_t mac[6];
	struct { uint8_t hdr[NET_HDR], frame[FRAME_MAX + 2]; } buf[QUEUES][RX_BUFS];
	uint8_t at_of[QUEUES][RX_SLOTS];     /* which of them has an id               */
	unsigned long got[QUEUES];
} nic[2];

static struct { uint8_t hdr[NET_HDR], frame[FRAME_MAX + 2]; } out[QUEUES][DEPTH];
static uint8_t frame[QUEUES * FRAME_MAX * 2];

static bool rx_give(struct nic *n, unsigned int q, unsigned int i)
{
	struct vseg seg[2] = {
		{ n->buf[q][i].hdr, NET_HDR, true },
		{ n->buf[q][i].frame, n->buf_size, true },
	};
	uint16_t id = vring_add(&n->rx[q], seg, 2);

	if (id == 0xffff)
		return false;
	n->at_of[q][id % RX_SLOTS] = (uint8_t)i;
	return true;
}

/* 5.1.6.5.5: so many pairs of queues are used. */
static bool set_pairs(struct nic *n, uint16_t pairs)
{
	static const uint8_t head[2] = { 4, 0 };
	volatile uint8_t ack = 0xff;
	struct vseg seg[3] = {
		{ head, 2, false }, { &pairs, 2, false }, { (const void *)&ack, 1, true },
	};
	uint16_t id;
	uint32_t len;

	vring_add(&n->ctrl, seg, 3);
	vring_kick(&n->ctrl);
	return await(&n->ctrl, &id, &len) && ack == 0;
}

static const char *nic_start(struct nic *n, unsigned int kind, unsigned int queues)
{
	uint64_t want = kind_features(kind) | VF_VERSION_1 | F_NET_MAC |
			(kind & MERGED ? F_NET_MRG : 0) |
			(queues > 1 ? F_NET_CTRL | F_NET_MQ : 0);
	unsigned int max;

	if (!vdev_start(&n->dev, want) || (n->dev.features & want) != want)
		return "features are not accepted";
	n->queues = queues;
	n->merged = kind & MERGED;
	n->buf_size = n->merged ? PIECE : FRAME_MAX;
	max = mmio_r16(n->dev.base + VMMIO_CONFIG + 8);
	for (unsigned int i = 0; i < 6; i++)
		n->mac[i] = RW8(n->dev.base + VMMIO_CONFIG + i);
	for (unsigned int q = 0; q < queues; q++) {
		if (!vring_init(&n->rx[q], &n->dev, 2 * q, RX_SLOTS) ||
		    !vring_init(&n->tx[q], &n->dev, 2 * q + 1, SLOTS))
			return "a queue is not ready";
		vring_irq(&n->rx[q], false);
		vring_irq(&n->tx[q], false);
	}
	if (queues > 1 && !vring_init(&n->ctrl, &n->dev, 2 * max, SLOTS))
		return "the control queue is not ready";
	vdev_ok(&n->dev);
	for (unsigned int q = 0; q < queues; q++) {
		for (unsigned int i = 0; i < RX_BUFS; i++)
			if (!rx_give(n, q, i))
				return "no room in the ring";
		vring_kick(&n->rx[q]);
	}
	return queues > 1 && !set_pairs(n, (uint16_t)queues) ? "no pairs of queues" : NULL;
}

/* A frame of UDP; its port makes the flow, its number all bytes after the headers. */
static void frame_make(uint8_t *p, const struct nic *from, const struct nic *to, uint16_t port,
		       unsigned int len, unsigned int nr)
{
	memset(p, 0, UDP_HEAD);
	memcpy(p, to->mac, 6);
	memcpy(p + 6, from->mac, 6);
	p[12] = 8;
	p[14] = 0x45;
	p[23] = 17;
	p[26] = p[30] = 10;
	p[29] = 1;
	p[33] = 2;
	p[34] = p[36] = (uint8_t)(port >> 8);
	p[35] = (uint8_t)port;
	for (unsigned int i = UDP_HEAD; i < len; i++)
		p[i] = (uint8_t)(nr * 31 + i * 5);
}

/* A whole frame from a receive queue, put together; its length, 0: none. */
static unsigned int frame_take(struct nic *n, unsigned int q, const char **why)
{
	unsigned int len = 0, nr = 1;

	for (unsigned int i = 0; i < nr; i++) {
		uint16_t id;
		uint32_t written;
		unsigned int at, skip = i ? 0 : NET_HDR;
		const uint8_t *p;

		if (i ? !await(&n->rx[q], &id, &written) : !vring_used(&n->rx[q], &id, &written))
			return 0;
		at = n->at_of[q][id % RX_SLOTS];
		p = n->buf[q][at].hdr;
		if (!i && n->merged)
			nr = (unsigned int)(p[10] | p[11] << 8);
		if (nr < 1 || nr > 4 || written < skip ||
		    written > NET_HDR + n->buf_size || len + written > sizeof(frame)) {
			*why = "buffers or lengths that cannot be";
			return 0;
		}
		memcpy(frame + len, p + skip, written - skip);
		len += written - skip;
		rx_give(n, q, at);
	}
	vring_kick(&n->rx[q]);
	n->got[q]++;
	return len;
}

/* What came is one of those that were sent and have not come yet. */
static bool frame_known(unsigned int queues, unsigned int len, bool *seen)
{
	for (unsigned int q = 0; q < queues; q++)
		for (unsigned int i = 0; i < DEPTH; i++)
			if (!seen[q * DEPTH + i] && memcmp(out[q][i].frame, frame, len) == 0) {
				seen[q * DEPTH + i] = true;
				return true;
			}
	return false;
}

static unsigned int frame_len(unsigned int round)
{
	return round % 4 == 0 ? 60 : round % 4 == 1 ? FRAME_MAX : UDP_HEAD + 20 + round * 61 % 1300;
}

static void frames_send(struct nic *from, const struct nic *to, unsigned int round)
{
	for (unsigned int q = 0; q < from->queues; q++) {
		for (unsigned int i = 0; i < DEPTH / 2; i++) {
			unsigned int nr = (round * QUEUES + q) * DEPTH + i;
			struct vseg seg[2] = {
				{ out[q][i].hdr, NET_HDR, false },
				{ out[q][i].frame, frame_len(round), false },
			};

			frame_make(out[q][i].frame, from, to, (uint16_t)(1000 + nr),
				   frame_len(round), nr);
			vring_add(&from->tx[q], seg, 2);
		}
		vring_kick(&from->tx[q]);
	}
}

/* Some frames from each transmit queue at once; all must come, whole, each once. */
static const char *frames(struct nic *from, struct nic *to, unsigned int round)
{
	unsigned int left = from->queues * DEPTH / 2;
	bool seen[QUEUES * DEPTH] = { false };
	const char *why = NULL;
	uint64_t end;

	frames_send(from, to, round);
	end = ticks_now() + LONG_MS * ticks_per_ms();
	while (left && !why) {
		for (unsigned int q = 0; q < to->queues && !why; q++) {
			unsigned int len = frame_take(to, q, &why);

			if (!len)
				continue;
			if (len != frame_len(round))
				why = "another length";
			else if (!frame_known(from->queues, len, seen))
				why = "a frame that nobody sent, or twice";
			left--;
		}
		if (ticks_now() > end)
			why = "frames do not come";
	}
	for (unsigned int q = 0; q < from->queues && !why; q++)
		for (unsigned int i = 0; i < DEPTH / 2; i++) {
			uint16_t id;
			uint32_t len;

			if (!await(&from->tx[q], &id, &len))
				why = "a buffer that was sent does not come back";
		}
	return why;
}

/* Frames that nobody sleeps for, then such as somebody does. */
static const char *net_irqs(struct nic *from, struct nic *to)
{
	const char *why;

	irq_begin(&to->dev);
	for (unsigned int on = 0; on < 2; on++) {
		for (unsigned int q = 0; q < to->queues; q++)
			vring_irq(&to->rx[q], on);
		why = frames(from, to, 8 + on);
		if (why)
			return why;
		if (on != irq_came(&to->dev, on ? LONG_MS : 2))
			return on ? "no interrupt" : "an interrupt that nobody wants";
	}
	gic_quiet(32, 64);
	return NULL;
}

static const char *net_run(unsigned int kind, unsigned int other, unsigned int queues)
{
	const char *why = nic_start(&nic[0], kind, queues);

	if (!why)
		why = nic_start(&nic[1], other, queues);
	for (unsigned int q = 0; q < QUEUES; q++)
		nic[0].got[q] = nic[1].got[q] = 0;
	for (unsigned int round = 0; round < 16 && !why; round++)
		why = frames(&nic[round & 1], &nic[~round & 1], round);
	if (!why)
		why = net_irqs(&nic[0], &nic[1]);
	/* Flows are spread. */
	for (unsigned int q = 0; q < queues && !why; q++)
		if (!nic[0].got[q] || !nic[1].got[q])
			why = "a receive queue is not used";
	return why;
}

/* Each kind meets another one. */
static void network_on_rings_of_all_kinds(void)
{
	unsigned int done = 0, max = 1;

	SKIP_UNLESS(vdev_find(&nic[0].dev, 1, 0) && vdev_find(&nic[1].dev, 1, 1),
		    "no two interfaces");
	gic_init();
	/* QEMU has several queues only where the host's kernel has them. */
	if (running_under_corbel() || (vdev_offered(&nic[0].dev) & F_NET_MQ))
		max = QUEUES;
	for (unsigned int kind = 0; kind < 2 * KINDS; kind++)
		for (unsigned int queues = 1; queues <= max; queues += QUEUES - 1) {
			const char *why = net_run(kind, (kind * 5 + 3) % (2 * KINDS), queues);

			if (why)
				kind_failed("net", kind, queues, why);
			done++;
		}
	vdev_w(&nic[0].dev, VMMIO_STATUS, 0);
	vdev_w(&nic[1].dev, VMMIO_STATUS, 0);
	CHECK_EQ(done, 2 * KINDS * (max > 1 ? 2 : 1), "kinds of rings");
}

GUEST_CASES(
	CASE(disk_on_rings_of_all_kinds),
	CASE(network_on_rings_of_all_kinds));
