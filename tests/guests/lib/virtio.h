/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of virtio devices on MMIO, version 2: VirtIO 1.2, 2.7, 2.8 and 4.2. Split and
 * packed rings, event indices, indirect descriptors, as was negotiated. Memory is
 * identity-mapped. One CPU at a time uses a device.
 */
#pragma once

#include "lib/guest.h"

#define VIRTIO_BASE        0x0a000000ul
#define VIRTIO_STRIDE      0x200ul
#define VIRTIO_SLOTS       32u
#define VIRTIO_INTID(slot) (48u + (slot))

#define VMMIO_MAGIC        0x000
#define VMMIO_VERSION      0x004
#define VMMIO_DEVICE_ID    0x008
#define VMMIO_FEATURES     0x010
#define VMMIO_FEATURES_SEL 0x014
#define VMMIO_DRIVER       0x020
#define VMMIO_DRIVER_SEL   0x024
#define VMMIO_QUEUE_SEL    0x030
#define VMMIO_QUEUE_MAX    0x034
#define VMMIO_QUEUE_NUM    0x038
#define VMMIO_QUEUE_READY  0x044
#define VMMIO_NOTIFY       0x050
#define VMMIO_INT_STATUS   0x060
#define VMMIO_INT_ACK      0x064
#define VMMIO_STATUS       0x070
#define VMMIO_DESC         0x080
#define VMMIO_AVAIL        0x090
#define VMMIO_USED         0x0a0
#define VMMIO_SHM_LEN      0x0b0
#define VMMIO_QUEUE_RESET  0x0c0
#define VMMIO_GENERATION   0x0fc
#define VMMIO_CONFIG       0x100

#define VSTATUS_ACK         1u
#define VSTATUS_DRIVER      2u
#define VSTATUS_DRIVER_OK   4u
#define VSTATUS_FEATURES_OK 8u
#define VSTATUS_NEEDS_RESET 64u

#define VF_INDIRECT   (1ul << 28)
#define VF_EVENT_IDX  (1ul << 29)
#define VF_VERSION_1  (1ul << 32)
#define VF_PACKED     (1ul << 34)
#define VF_RING_RESET (1ul << 40)

#define VDESC_NEXT     1u
#define VDESC_WRITE    2u
#define VDESC_INDIRECT 4u

struct vdev {
	uintptr_t base;
	unsigned int slot;
	uint64_t features;                       /* negotiated                        */
};

#define VRING_MAX 256u

struct vdesc {
	uint64_t addr;
	uint32_t len;
	uint16_t a, b;                           /* split: flags, next; packed: id, flags */
};

struct vring {
	struct vdesc desc[VRING_MAX];            /* page aligned, as the whole is     */
	uint8_t driver[4096], device[4096];
	struct vdesc table[VRING_MAX][4];        /* for indirect ones                 */
	struct vdev *dev;
	unsigned int idx, size;
	bool packed, event_idx, indirect;
	uint16_t next, avail, used, kicked;      /* kicked: avail when the device was told */
	bool wrap, used_wrap;
	uint16_t nr_of[VRING_MAX];               /* packed: slots of an id            */
	unsigned int free;
	unsigned long nr_kicks;
} __attribute__((aligned(4096)));

struct vseg {
	const void *p;
	uint32_t len;
	bool in;                                 /* the device writes                 */
};

static inline uint32_t vdev_r(const struct vdev *d, unsigned int off)
{
	return mmio_r32(d->base + off);
}

static inline void vdev_w(const struct vdev *d, unsigned int off, uint32_t v)
{
	mmio_w32(d->base + off, v);
}

/* The nth device with that DeviceID, from slot 0 on. */
bool vdev_find(struct vdev *d, unsigned int id, unsigned int nth);

uint64_t vdev_offered(const struct vdev *d);

/* Reset, then status up to FEATURES_OK with those of the features that are offered. */
bool vdev_start(struct vdev *d, uint64_t features);
void vdev_ok(struct vdev *d);

/**
 * vring_init() - set a queue up and enable it
 * @size: a power of two up to VRING_MAX; cut to what the device has
 *
 * Return: is it ready?
 */
bool vring_init(struct vring *r, struct vdev *d, unsigned int idx, unsigned int size);

/* Make a chain of up to 4 pieces available; no kick. Its id; 0xffff: no room. */
uint16_t vring_add(struct vring *r, const struct vseg *seg, unsigned int nr);

/* Kick, unless the device does not want it. */
void vring_kick(struct vring *r);

/* The next used chain. */
bool vring_used(struct vring *r, uint16_t *id, uint32_t *len);

/* Is one there? A look at memory. */
bool vring_has_used(const struct vring *r);

/* Ask for an interrupt with the next used chain, or for none. True: one is there already. */
bool vring_irq(struct vring *r, bool on);

static inline void vdev_barrier(void)
{
	__asm__ volatile("dmb ish" ::: "memory");
}
