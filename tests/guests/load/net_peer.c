/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two of these exchange frames over virtio-net.
 *
 *     role=0    1 sends frames of many sizes, one by one and many at once, and segments of
 *               64 KiB, and compares what comes back; 0 sends back what it gets
 *     packed=0  format of the rings
 *     event=0   event indices
 *     big=0     1: buffers of 64 KiB to receive into; else of 2 KiB, merged
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/virtio.h"

#define SIZE     64u                 /* descriptors of a queue                    */
#define HDR      12u                 /* struct hdr                                */
#define BUFFERS  0x40900000ul
#define BIG      0x11000u            /* bytes from one large buffer to the next   */
#define SMALL    2048u
#define ETH      14
#define TYPE     0xb588              /* 0x88b5, for experiments, as it is loaded  */
/* First byte of the payload: */
#define END      0xe0                /* that was all                              */
#define HELLO    0xe1                /* here I am                                 */
#define SYNC     0xe2                /* all before this one has come back         */
#define TSO_LEN  (ETH + 20 + 20 + 65000)

#define F_CSUM       (1ul << 0)
#define F_GUEST_CSUM (1ul << 1)
#define F_MAC        (1ul << 5)
#define F_GUEST_TSO4 (1ul << 7)
#define F_HOST_TSO4  (1ul << 11)
#define F_MRG_RXBUF  (1ul << 15)

struct hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

/* A queue whose buffers are one piece each. */
struct queue {
	struct vring ring;
	void *buf[VRING_MAX];                /* by id: what was given             */
};

static struct vdev dev;
static struct queue rx, tx;
static uint8_t mac[6];
static bool big;
static uint8_t *frame = (uint8_t *)(BUFFERS + 64 * BIG);     /* what came, put together */
static uint8_t *out = (uint8_t *)(BUFFERS + 66 * BIG);       /* buffers to send         */
static uint32_t nr_out;

static void on_irq(void)
{
	uint32_t id = gic_ack();

	vdev_w(&dev, VMMIO_INT_ACK, vdev_r(&dev, VMMIO_INT_STATUS));
	if (id < 1020)
		gic_eoi(id);
}

static void add(struct queue *q, void *p, uint32_t len)
{
	const struct vseg seg = { p, len, q == &rx };
	uint16_t id = vring_add(&q->ring, &seg, 1);

	CHECK(id < VRING_MAX, "no room in queue %u", q->ring.idx);
	q->buf[id % VRING_MAX] = p;
}

static bool start(void)
{
	uint64_t features = VF_VERSION_1 | F_CSUM | F_GUEST_CSUM | F_MAC | F_GUEST_TSO4 |
			    F_HOST_TSO4 | F_MRG_RXBUF;

	big = guest_arg("big", 0);
	if (guest_arg("packed", 0))
		features |= VF_PACKED;
	if (guest_arg("event", 0))
		features |= VF_EVENT_IDX;
	gic_init();
	this_cpu()->irq_hook = on_irq;
	if (!vdev_find(&dev, 1, 0) || !vdev_start(&dev, features) || dev.features != features ||
	    !vring_init(&rx.ring, &dev, 0, SIZE) || !vring_init(&tx.ring, &dev, 1, SIZE))
		return false;
	gic_bit_set(GICD_ISENABLER, VIRTIO_INTID(dev.slot));
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = RW8(dev.base + VMMIO_CONFIG + i);
	vdev_ok(&dev);
	for (uint32_t i = 0; i < (big ? 16 : SIZE - 1); i++)
		add(&rx, (void *)(BUFFERS + i * BIG), big ? BIG : SMALL);
	vring_kick(&rx.ring);
	return true;
}

/* The next used buffer of a queue, slept for. */
static void *used(struct queue *q, uint32_t *len)
{
	uint16_t id;

	irq_disable();
	while (!vring_irq(&q->ring, true)) {
		wfi();
		irq_enable();
		irq_disable();
	}
	irq_enable();
	CHECK(vring_used(&q->ring, &id, len) && id < SIZE, "an id that was not given");
	return q->buf[id % VRING_MAX];
}

static void give_back(void *p)
{
	add(&rx, p, big ? BIG : SMALL);
	vring_kick(&rx.ring);
}

/* Wait for a frame; its length with the header, which comes first. */
static uint32_t receive(void)
{
	uint32_t len, all = 0, nr = 1;

	for (uint32_t i = 0; i < nr; i++) {
		void *p = used(&rx, &len);

		if (i == 0)
			nr = ((struct hdr *)p)->num_buffers;
		memcpy(frame + all, p, len);
		all += len;
		give_back(p);
	}
	return all;
}

/* A buffer that is free again. */
static uint8_t *tx_buf(void)
{
	uint32_t len;

	if (nr_out < SIZE / 2)
		return out + BIG * nr_out++;
	return used(&tx, &len);
}

static void transmit(uint8_t *p, uint32_t len)
{
	add(&tx, p, len);
	vring_kick(&tx.ring);
}

static uint8_t peer[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static uint8_t seed;

static void head(uint8_t *p, uint32_t type)
{
	memset(p, 0, HDR);
	memcpy(p + HDR, peer, 6);
	memcpy(p + HDR + 6, mac, 6);
	*(uint16_t *)(p + HDR + 12) = (uint16_t)type;
}

/* A frame that is only this word. */
static uint8_t *say(uint8_t word)
{
	uint8_t *p = tx_buf();

	head(p, TYPE);
	p[HDR + ETH] = word;
	transmit(p, HDR + 60);
	return p;
}

static void echo(void)
{
	for (;;) {
		uint32_t len = receive();
		uint8_t *p = tx_buf();

		if (*(uint16_t *)(frame + HDR + 12) == TYPE &&
		    frame[HDR + ETH] == END)
			return;
		memcpy(p, frame, len);
		((struct hdr *)p)->num_buffers = 0;
		memcpy(p + HDR, frame + HDR + 6, 6);
		memcpy(p + HDR + 6, mac, 6);
		transmit(p, len);
	}
}

static void fill(uint8_t *p, uint32_t n)
{
	seed++;
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 3 + seed);
	if (n)
		p[0] = 1;
}

static void tcp_head(uint8_t *p)
{
	*(struct hdr *)p = (struct hdr){ 1, 1, 0, 1400, ETH + 20, 16, 0 };
	p += HDR + ETH;
	memset(p, 0, 40);
	p[0] = 0x45;
	p[9] = 6;
	p[32] = 5 << 4;
}

/* One frame there and back. */
static void round_trip(uint32_t len, bool tso)
{
	uint8_t *p = tx_buf();
	uint32_t got;

	head(p, tso ? 8 : TYPE);
	fill(p + HDR + ETH, len - ETH);
	if (tso)
		tcp_head(p);
	transmit(p, HDR + len);
	got = receive();
	CHECK_EQ(got, HDR + len, "length");
	CHECK(memcmp(frame + HDR + ETH, p + HDR + ETH, len - ETH) == 0, "%u bytes", len);
	CHECK_EQ(frame[1], tso ? 1 : 0, "gso_type");
	CHECK_EQ(((struct hdr *)frame)->gso_size, tso ? 1400 : 0, "gso_size");
	memcpy(peer, frame + HDR + 6, 6);
}

/* Many on their way at once come back in order. */
static void burst(uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		uint8_t *p = tx_buf();

		head(p, TYPE);
		memset(p + HDR + ETH, 0, 50);
		p[HDR + ETH + 1] = (uint8_t)i;
		add(&tx, p, HDR + ETH + 50);
	}
	vring_kick(&tx.ring);
	for (uint32_t i = 0; i < nr; i++) {
		receive();
		CHECK_EQ(frame[HDR + ETH + 1], i, "order");
	}
}

/*
 * Whoever began later, a frame comes: the other's greeting, or ours sent back. From then
 * on it is there and nothing is lost.
 */
static void meet(void)
{
	receive();
	say(SYNC);
	while (receive(), frame[HDR + ETH] != SYNC)
		;
}

static void finish(void)
{
	uint8_t *p = say(END);
	uint32_t len;

	/* It is with the other side when it is used. */
	while (used(&tx, &len) != p)
		;
}

static void test(void)
{
	uint32_t nr = 0;

	meet();
	for (uint32_t len = ETH; len <= 1514; len += len < 200 ? 1 : 97, nr++)
		round_trip(len, false);
	for (uint32_t i = 0; i < 20; i++, nr++)
		round_trip(TSO_LEN - i * 11, true);
	for (uint32_t i = 0; i < 100; i++, nr += 16)
		burst(16);
	finish();
	gprintf("net_peer: %u frames there and back\n", nr);
}

static void net_peer(void)
{
	CHECK(start(), "the device cannot be used");
	irq_enable();
	/* Lost if the other one is not there yet. */
	say(HELLO);
	if (guest_arg("role", 0))
		test();
	else
		echo();
}

GUEST_CASES(CASE(net_peer));
