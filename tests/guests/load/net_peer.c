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
#include "lib/vnet.h"

#define RINGS    0x40800000ul
#define BUFFERS  0x40900000ul
#define BIG      0x11000u            /* bytes from one large buffer to the next   */
#define SMALL    2048u
#define INTID    48                  /* SPI 16: slot 0                            */
#define ETH      14
#define TYPE     0xb588              /* 0x88b5, for experiments, as it is loaded  */
/* First byte of the payload: */
#define END      0xe0                /* that was all                              */
#define HELLO    0xe1                /* here I am                                 */
#define SYNC     0xe2                /* all before this one has come back         */
#define TSO_LEN  (ETH + 20 + 20 + 65000)

struct hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

static struct vnet net;
static bool big;
static uint8_t *frame = (uint8_t *)(BUFFERS + 64 * BIG);     /* what came, put together */
static uint8_t *out = (uint8_t *)(BUFFERS + 66 * BIG);       /* buffers to send         */
static uint32_t nr_out;

static void on_irq(void)
{
	uint32_t id = gic_ack();

	vnet_ack(&net);
	if (id < 1020)
		gic_eoi(id);
}

static bool start(void)
{
	uint64_t features = VNET_F_CSUM | VNET_F_GUEST_CSUM | VNET_F_MAC | VNET_F_GUEST_TSO4 |
			    VNET_F_HOST_TSO4 | VNET_F_MRG_RXBUF;

	big = guest_arg("big", 0);
	if (guest_arg("packed", 0))
		features |= VIRTIO_F_PACKED;
	if (guest_arg("event", 0))
		features |= VIRTIO_F_EVENT;
	gic_init();
	this_cpu()->irq_hook = on_irq;
	gic_bit_set(GICD_ISENABLER, INTID);
	if (!vnet_init(&net, 0, features, RINGS))
		return false;
	for (uint32_t i = 0; i < (big ? 16 : VNET_SIZE - 1); i++)
		vnet_add(&net.rx, (void *)(BUFFERS + i * BIG), big ? BIG : SMALL, true);
	vnet_kick(&net.rx);
	return true;
}

/* The next used buffer of a queue, slept for. */
static void *used(struct vnet_q *q, uint32_t *len)
{
	void *p;

	irq_disable();
	while (!(p = vnet_used(q, len))) {
		vnet_want(q);
		p = vnet_used(q, len);
		if (p)
			break;
		wfi();
		irq_enable();
		irq_disable();
	}
	irq_enable();
	return p;
}

static void give_back(void *p)
{
	vnet_add(&net.rx, p, big ? BIG : SMALL, true);
	vnet_kick(&net.rx);
}

/* Wait for a frame; its length with the header, which comes first. */
static uint32_t receive(void)
{
	uint32_t len, all = 0, nr = 1;

	for (uint32_t i = 0; i < nr; i++) {
		void *p = used(&net.rx, &len);

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

	if (nr_out < VNET_SIZE / 2)
		return out + BIG * nr_out++;
	return used(&net.tx, &len);
}

static void transmit(uint8_t *p, uint32_t len)
{
	vnet_add(&net.tx, p, len, false);
	vnet_kick(&net.tx);
}

static uint8_t peer[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static uint8_t seed;

static void head(uint8_t *p, uint32_t type)
{
	memset(p, 0, VNET_HDR);
	memcpy(p + VNET_HDR, peer, 6);
	memcpy(p + VNET_HDR + 6, net.mac, 6);
	*(uint16_t *)(p + VNET_HDR + 12) = (uint16_t)type;
}

/* A frame that is only this word. */
static uint8_t *say(uint8_t word)
{
	uint8_t *p = tx_buf();

	head(p, TYPE);
	p[VNET_HDR + ETH] = word;
	transmit(p, VNET_HDR + 60);
	return p;
}

static void echo(void)
{
	for (;;) {
		uint32_t len = receive();
		uint8_t *p = tx_buf();

		if (*(uint16_t *)(frame + VNET_HDR + 12) == TYPE &&
		    frame[VNET_HDR + ETH] == END)
			return;
		memcpy(p, frame, len);
		((struct hdr *)p)->num_buffers = 0;
		memcpy(p + VNET_HDR, frame + VNET_HDR + 6, 6);
		memcpy(p + VNET_HDR + 6, net.mac, 6);
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
	p += VNET_HDR + ETH;
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
	fill(p + VNET_HDR + ETH, len - ETH);
	if (tso)
		tcp_head(p);
	transmit(p, VNET_HDR + len);
	got = receive();
	CHECK_EQ(got, VNET_HDR + len, "length");
	CHECK(memcmp(frame + VNET_HDR + ETH, p + VNET_HDR + ETH, len - ETH) == 0, "%u bytes", len);
	CHECK_EQ(frame[1], tso ? 1 : 0, "gso_type");
	CHECK_EQ(((struct hdr *)frame)->gso_size, tso ? 1400 : 0, "gso_size");
	memcpy(peer, frame + VNET_HDR + 6, 6);
}

/* Many on their way at once come back in order. */
static void burst(uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		uint8_t *p = tx_buf();

		head(p, TYPE);
		memset(p + VNET_HDR + ETH, 0, 50);
		p[VNET_HDR + ETH + 1] = (uint8_t)i;
		vnet_add(&net.tx, p, VNET_HDR + ETH + 50, false);
	}
	vnet_kick(&net.tx);
	for (uint32_t i = 0; i < nr; i++) {
		receive();
		CHECK_EQ(frame[VNET_HDR + ETH + 1], i, "order");
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
	while (receive(), frame[VNET_HDR + ETH] != SYNC)
		;
}

static void finish(void)
{
	uint8_t *p = say(END);
	uint32_t len;

	/* It is with the other side when it is used. */
	while (used(&net.tx, &len) != p)
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
