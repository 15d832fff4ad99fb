/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/vnet.h"

#include "lib/guest.h"

#define BASE        0x0a000000ul
#define STRIDE      0x200
#define MAGIC       0x000
#define VERSION     0x004
#define DEVICE_ID   0x008
#define FEATURES    0x010
#define FEATURES_SEL 0x014
#define DRV_FEATURES 0x020
#define DRV_FEATURES_SEL 0x024
#define QUEUE_SEL   0x030
#define QUEUE_MAX   0x034
#define QUEUE_NUM   0x038
#define QUEUE_READY 0x044
#define NOTIFY      0x050
#define INT_STATUS  0x060
#define INT_ACK     0x064
#define STATUS      0x070
#define QUEUE_DESC  0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0
#define CONFIG      0x100

#define S_START     3                /* ACKNOWLEDGE, DRIVER */
#define S_FEATURES  8
#define S_OK        4

#define F_VERSION_1 (1ul << 32)

#define D_WRITE     2
#define D_AVAIL     0x80
#define D_USED      0x8000

static void barrier(void)
{
	__asm__ volatile("dmb ish" ::: "memory");
}

static void w64(uintptr_t at, uint64_t v)
{
	mmio_w32(at, (uint32_t)v);
	mmio_w32(at + 4, (uint32_t)(v >> 32));
}

static bool queue_init(struct vnet_q *q, const struct vnet *v, uint16_t idx, uint64_t features,
		       uintptr_t at)
{
	*q = (struct vnet_q){
		.regs = v->regs, .idx = idx, .desc = at, .driver = at + 0x1000,
		.device = at + 0x2000, .packed = features & VIRTIO_F_PACKED,
		.event = features & VIRTIO_F_EVENT, .wrap = true, .used_wrap = true,
	};
	memset((void *)at, 0, 0x3000);
	mmio_w32(v->regs + QUEUE_SEL, idx);
	if (mmio_r32(v->regs + QUEUE_MAX) < VNET_SIZE)
		return false;
	mmio_w32(v->regs + QUEUE_NUM, VNET_SIZE);
	w64(v->regs + QUEUE_DESC, q->desc);
	w64(v->regs + QUEUE_DRIVER, q->driver);
	w64(v->regs + QUEUE_DEVICE, q->device);
	mmio_w32(v->regs + QUEUE_READY, 1);
	return mmio_r32(v->regs + QUEUE_READY) == 1;
}

bool vnet_init(struct vnet *v, unsigned int slot, uint64_t features, uintptr_t at)
{
	uintptr_t r = BASE + slot * STRIDE;

	v->regs = r;
	features |= F_VERSION_1;
	if (mmio_r32(r + MAGIC) != 0x74726976 || mmio_r32(r + VERSION) != 2 ||
	    mmio_r32(r + DEVICE_ID) != 1)
		return false;
	mmio_w32(r + STATUS, 0);
	mmio_w32(r + STATUS, S_START);
	for (uint32_t i = 0; i < 2; i++) {
		mmio_w32(r + DRV_FEATURES_SEL, i);
		mmio_w32(r + DRV_FEATURES, (uint32_t)(features >> 32 * i));
	}
	mmio_w32(r + STATUS, S_START | S_FEATURES);
	if (!(mmio_r32(r + STATUS) & S_FEATURES) || !queue_init(&v->rx, v, 0, features, at) ||
	    !queue_init(&v->tx, v, 1, features, at + 0x4000))
		return false;
	for (unsigned int i = 0; i < 6; i++)
		v->mac[i] = RW8(r + CONFIG + i);
	mmio_w32(r + STATUS, S_START | S_FEATURES | S_OK);
	return true;
}

static void add_split(struct vnet_q *q, uint64_t buf, uint32_t len, uint16_t flags)
{
	uint16_t slot = q->next % VNET_SIZE;
	uintptr_t d = q->desc + slot * 16u;

	RW64(d) = buf;
	RW32(d + 8) = len;
	RW16(d + 12) = flags;
	RW16(q->driver + 4 + 2u * slot) = slot;
	q->buf[slot] = buf;
	barrier();
	RW16(q->driver + 2) = ++q->next;
}

static void add_packed(struct vnet_q *q, uint64_t buf, uint32_t len, uint16_t flags)
{
	uintptr_t d = q->desc + q->next * 16u;

	RW64(d) = buf;
	RW32(d + 8) = len;
	RW16(d + 12) = q->next;
	q->buf[q->next] = buf;
	barrier();
	RW16(d + 14) = (uint16_t)(flags | (q->wrap ? D_AVAIL : D_USED));
	if (++q->next == VNET_SIZE) {
		q->next = 0;
		q->wrap = !q->wrap;
	}
}

void vnet_add(struct vnet_q *q, const void *buf, uint32_t len, bool write)
{
	if (q->packed)
		add_packed(q, (uint64_t)buf, len, write ? D_WRITE : 0);
	else
		add_split(q, (uint64_t)buf, len, write ? D_WRITE : 0);
}

/* Whether the device wants it; with event indices a kick too many does no harm. */
void vnet_kick(struct vnet_q *q)
{
	barrier();
	if (!q->event && !q->packed && (RW16(q->device) & 1))
		return;
	if (!q->event && q->packed && RW16(q->device + 2) == 1)
		return;
	mmio_w32(q->regs + NOTIFY, q->idx);
}

void *vnet_used(struct vnet_q *q, uint32_t *len)
{
	uintptr_t d = q->packed ? q->desc + q->used * 16u :
				  q->device + 4 + 8u * (q->used % VNET_SIZE);
	uint16_t flags;

	if (!q->packed) {
		if (RW16(q->device + 2) == q->used)
			return NULL;
		barrier();
		q->used++;
		*len = RW32(d + 4);
		return (void *)q->buf[RW32(d) % VNET_SIZE];
	}
	flags = RW16(d + 14);
	if (!!(flags & D_AVAIL) != q->used_wrap || !!(flags & D_USED) != q->used_wrap)
		return NULL;
	barrier();
	if (++q->used == VNET_SIZE) {
		q->used = 0;
		q->used_wrap = !q->used_wrap;
	}
	*len = RW32(d + 8);
	return (void *)q->buf[RW16(d + 12) % VNET_SIZE];
}

void vnet_want(struct vnet_q *q)
{
	if (q->packed) {
		RW16(q->driver) = (uint16_t)(q->used | (q->used_wrap ? 0x8000 : 0));
		RW16(q->driver + 2) = q->event ? 2 : 0;
	} else {
		RW16(q->driver + 4 + 2u * VNET_SIZE) = q->used;
	}
	barrier();
}

void vnet_ack(struct vnet *v)
{
	mmio_w32(v->regs + INT_ACK, mmio_r32(v->regs + INT_STATUS));
}
