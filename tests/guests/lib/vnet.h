/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of virtio-net over MMIO, just enough to send and receive: one pair of queues,
 * buffers of one descriptor, split or packed rings. VirtIO 1.2.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VNET_SIZE 64                 /* descriptors of a queue                   */
#define VNET_HDR  12                 /* struct virtio_net_hdr                    */

#define VNET_F_CSUM       (1ul << 0)
#define VNET_F_GUEST_CSUM (1ul << 1)
#define VNET_F_MAC        (1ul << 5)
#define VNET_F_GUEST_TSO4 (1ul << 7)
#define VNET_F_HOST_TSO4  (1ul << 11)
#define VNET_F_MRG_RXBUF  (1ul << 15)
#define VIRTIO_F_EVENT    (1ul << 29)
#define VIRTIO_F_PACKED   (1ul << 34)

struct vnet_q {
	uintptr_t regs, desc, driver, device;
	uint16_t idx, next, used;
	bool wrap, used_wrap, packed, event;
	uint64_t buf[VNET_SIZE];     /* by id: what was given                    */
};

struct vnet {
	uintptr_t regs;
	uint8_t mac[6];
	struct vnet_q rx, tx;
};

/* Bring up the device in a slot; rings lie at `at`, 64 KiB of it. False: it refuses. */
bool vnet_init(struct vnet *v, unsigned int slot, uint64_t features, uintptr_t at);

/* Make a buffer available; the device sees it after vnet_kick(). */
void vnet_add(struct vnet_q *q, const void *buf, uint32_t len, bool write);
void vnet_kick(struct vnet_q *q);

/* The next used buffer and how many bytes of it were written; NULL: none. */
void *vnet_used(struct vnet_q *q, uint32_t *len);

/* Interrupts: have one for the next used buffer; end one. */
void vnet_want(struct vnet_q *q);
void vnet_ack(struct vnet *v);
