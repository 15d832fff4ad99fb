/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to its disk and reads again, sends frames to everybody, and looks at all that comes.
 * What is wrong is counted.
 *
 *     reset=0    after so many rounds a device is reset, with requests in flight
 *     me=1       the first byte of its frames
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"
#include "lib/virtio.h"

#define SECTOR   512u
#define DEPTH    8u
#define PART     4096u                       /* bytes of a request                    */
#define RX_BUFS  32u
#define RX_SIZE  2048u
#define NET_HDR  12u
#define ETH      14u
#define FRAME    700u

#define F_NET_MAC (1ul << 5)
#define RINGS     (VF_VERSION_1 | VF_INDIRECT | VF_EVENT_IDX | VF_PACKED)

enum { T_IN, T_OUT };

static struct vdev disk, net;
static struct vring disk_ring, rx, tx;
static bool has_disk, has_net;
static uint64_t sectors, rounds, reset_every, wrong, requests, sent, got;
static uint8_t mac[6], me;

static struct request {
	struct { uint32_t type, reserved; uint64_t sector; } head;
	uint8_t data[PART];
	volatile uint8_t status;
} reqs[DEPTH];

static uint8_t rx_buf[RX_BUFS][RX_SIZE], tx_buf[NET_HDR + FRAME];
static uint8_t at_of[VRING_MAX];

static void report(void)
{
	gprintf("traffic: %lu requests, %lu sent, %lu got, %lu wrong\n", requests, sent, got,
		wrong);
}

static void on_irq(void)
{
	uint32_t id = gic_ack();
	const struct vdev *devs[] = { &disk, &net };

	prompt_irq(id);
	for (unsigned int i = 0; i < ARRAY_SIZE(devs); i++)
		if (devs[i]->base && id == VIRTIO_INTID(devs[i]->slot))
			vdev_w(devs[i], VMMIO_INT_ACK, vdev_r(devs[i], VMMIO_INT_STATUS));
	if (id < 1020)
		gic_eoi(id);
}

static void mistake(const char *what)
{
	if (!wrong++)
		gprintf("traffic: WRONG: %s\n", what);
}

/* ---- disk ---- */

static void disk_start(void)
{
	if (!vdev_start(&disk, RINGS) || !vring_init(&disk_ring, &disk, 0, 32))
		mistake("the disk does not start");
	vdev_ok(&disk);
	gic_bit_set(GICD_ISENABLER, VIRTIO_INTID(disk.slot));
}

static uint8_t pattern(uint64_t sector, unsigned int i, uint64_t round)
{
	return (uint8_t)(sector + i * 3 + round * 5 + me);
}

static void disk_submit(uint32_t type)
{
	for (unsigned int i = 0; i < DEPTH; i++) {
		struct request *rq = &reqs[i];
		uint64_t at = (rounds * DEPTH + i) * (PART / SECTOR) % (sectors - PART / SECTOR);
		struct vseg seg[3] = {
			{ &rq->head, sizeof(rq->head), false }, { rq->data, PART, type == T_IN },
			{ (const void *)&rq->status, 1, true },
		};

		rq->head.type = type;
		rq->head.sector = at / (PART / SECTOR) * (PART / SECTOR);
		rq->status = 0xff;
		for (unsigned int b = 0; b < PART; b++)
			rq->data[b] = type == T_OUT ? pattern(rq->head.sector, b, rounds) : 0;
		vring_add(&disk_ring, seg, 3);
	}
	vring_kick(&disk_ring);
}

/* Sleep until all are answered, however long that is. */
static void disk_wait(void)
{
	unsigned int left = DEPTH;
	uint16_t id;
	uint32_t len;

	while (left) {
		irq_disable();
		if (!vring_used(&disk_ring, &id, &len)) {
			if (!vring_irq(&disk_ring, true))
				wfi();
		} else {
			left--;
		}
		irq_enable();
	}
}

static void disk_round(void)
{
	disk_submit(T_OUT);
	disk_wait();
	disk_submit(T_IN);
	disk_wait();
	for (unsigned int i = 0; i < DEPTH; i++) {
		const struct request *rq = &reqs[i];

		if (rq->status)
			mistake("an error of the disk");
		for (unsigned int b = 0; b < PART; b++)
			if (rq->data[b] != pattern(rq->head.sector, b, rounds)) {
				mistake("the disk gives back something else");
				break;
			}
	}
	requests += 2 * DEPTH;
}

/* ---- network ---- */

static void rx_give(unsigned int i)
{
	struct vseg seg = { rx_buf[i], RX_SIZE, true };

	at_of[vring_add(&rx, &seg, 1) & (VRING_MAX - 1)] = (uint8_t)i;
}

static void net_start(void)
{
	if (!vdev_start(&net, RINGS | F_NET_MAC) || !vring_init(&rx, &net, 0, 64) ||
	    !vring_init(&tx, &net, 1, 64))
		mistake("the network does not start");
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = RW8(net.base + VMMIO_CONFIG + i);
	vdev_ok(&net);
	for (unsigned int i = 0; i < RX_BUFS; i++)
		rx_give(i);
	vring_irq(&rx, false);
	vring_irq(&tx, false);
	vring_kick(&rx);
}

static void net_send(void)
{
	struct vseg seg = { tx_buf, sizeof(tx_buf), false };
	uint8_t *p = tx_buf + NET_HDR;
	uint16_t id;
	uint32_t len;

	memset(p, 0xff, 6);
	memcpy(p + 6, mac, 6);
	p[12] = 0x88;
	p[13] = 0xb5;
	p[14] = me;
	p[15] = (uint8_t)sent;
	for (unsigned int i = ETH + 2; i < FRAME; i++)
		p[i] = (uint8_t)(i * 7 + p[14] + p[15]);
	vring_add(&tx, &seg, 1);
	vring_kick(&tx);
	while (!vring_used(&tx, &id, &len)) {
		irq_disable();
		if (!vring_irq(&tx, true))
			wfi();
		irq_enable();
	}
	vring_irq(&tx, false);
	sent++;
}

static void net_receive(void)
{
	uint16_t id;
	uint32_t len;

	for (unsigned int nr = 0; nr < RX_BUFS && vring_used(&rx, &id, &len); nr++) {
		unsigned int i = at_of[id & (VRING_MAX - 1)];
		const uint8_t *p = rx_buf[i] + NET_HDR;

		if (len != NET_HDR + FRAME || p[14] == me)
			mistake("a frame that nobody sent");
		for (unsigned int b = ETH + 2; b < FRAME; b++)
			if (p[b] != (uint8_t)(b * 7 + p[14] + p[15])) {
				mistake("a frame with other bytes");
				break;
			}
		got++;
		rx_give(i);
	}
	vring_kick(&rx);
}

/* ---- resets with requests in flight: from then on the memory is the guest's ---- */

static void disk_reset(void)
{
	disk_submit(T_IN);
	vdev_w(&disk, VMMIO_STATUS, 0);
	while (vdev_r(&disk, VMMIO_STATUS))
		;
	memset(reqs, 0xa5, sizeof(reqs));
	delay_ms(1);
	for (unsigned int i = 0; i < sizeof(reqs); i++)
		if (((volatile uint8_t *)reqs)[i] != 0xa5) {
			mistake("written after a reset of the disk");
			break;
		}
	disk_start();
}

static void net_reset(void)
{
	vdev_w(&net, VMMIO_STATUS, 0);
	while (vdev_r(&net, VMMIO_STATUS))
		;
	memset(rx_buf, 0xa5, sizeof(rx_buf));
	delay_ms(1);
	for (unsigned int i = 0; i < sizeof(rx_buf); i++)
		if (((volatile uint8_t *)rx_buf)[i] != 0xa5) {
			mistake("written after a reset of the network");
			break;
		}
	net_start();
}

static void traffic(void)
{
	me = (uint8_t)guest_arg("me", 1);
	reset_every = guest_arg("reset", 0);
	has_disk = vdev_find(&disk, 2, 0);
	has_net = vdev_find(&net, 1, 0);
	gic_init();
	this_cpu()->irq_hook = on_irq;
	if (has_disk) {
		sectors = mmio_r64(disk.base + VMMIO_CONFIG);
		disk_start();
	}
	if (has_net) {
		net_start();
		gic_bit_set(GICD_ISENABLER, VIRTIO_INTID(net.slot));
	}
	prompt_start("traffic", report);
	for (;; rounds++) {
		irq_disable();
		prompt_poll();
		irq_enable();
		if (has_disk)
			disk_round();
		if (has_net) {
			net_send();
			net_receive();
		}
		if (reset_every && rounds % reset_every == reset_every - 1) {
			if (has_disk)
				disk_reset();
			if (has_net)
				net_reset();
		}
	}
}

GUEST_CASES(CASE(traffic));
