/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network interface of the board behind virtio-net: plain Ethernet frames, copied
 * through buffers of EL2. VirtIO 1.2, "Network Device".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/spinlock.h"
#include "devices/virtio_host.h"

#define HOSTNET_BUFFERS 64u            /* frames each way that the device has   */
#define HOSTNET_FRAME   2032u          /* longest frame, without its checksum   */

/* A piece of a frame to send. */
struct hostnet_seg {
	const void *data;
	uint32_t len;
};

struct hostnet {
	struct virtio_host dev;
	struct spinlock lock;          /* rank 46, docs/locking.md              */
	/* under lock */
	struct virtio_host_ring rx, tx;
	uint64_t tx_free;              /* bit n: buffer n is free               */
	bool dead;
	bool full;                     /* hostnet_tx() said -EAGAIN             */
	/* one hostnet_service() at a time */
	uint64_t rx_frames, rx_dropped, tx_frames;
	/* fixed once started */
	uint8_t *rx_mem, *tx_mem;
	pa_t rx_pa, tx_pa;
	uint8_t mac[6];
	uint16_t mtu;
	/*
	 * A frame came. From hostnet_service(), no lock held; the bytes are good until it
	 * returns. NULL: dropped.
	 */
	void (*on_rx)(void *ctx, const void *frame, uint32_t len);
	/* There is room again after -EAGAIN. As on_rx. May be NULL. */
	void (*on_room)(void *ctx);
	void *ctx;                     /* for both; set before the interrupt is used */
};

/* Bytes of memory that hostnet_start() wants. */
size_t hostnet_memory(void);

/**
 * hostnet_start() - take an interface into use: rings up, receiving
 * @n:   zeroed but for dev, which virtio_host_probe() filled in
 * @mem: hostnet_memory() bytes
 *
 * Return: 0; -EIO the device refuses.
 */
int hostnet_start(struct hostnet *n, const struct dma_area *mem);

/**
 * hostnet_tx() - send a frame, destination address first, no frame check sequence
 * @segs: the frame in pieces; copied before it returns
 *
 * Any context without locks of rank >= 46.
 *
 * Return: 0; -EAGAIN no buffer is free, on_room will tell; -EMSGSIZE shorter than a
 * header or longer than mtu and a VLAN header allow; -EIO the device failed.
 */
int hostnet_tx(struct hostnet *n, const struct hostnet_seg *segs, unsigned int nr);

/* Does the other end of the cable say that it is there? True where the device cannot tell. */
bool hostnet_link(const struct hostnet *n);

/* In the interrupt: makes the line drop. True: hostnet_service() is due, on a thread. */
bool hostnet_irq(struct hostnet *n);

/* Frames that came, and buffers that were sent; true: there may be more, call it again. */
bool hostnet_service(struct hostnet *n);
