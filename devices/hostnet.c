/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/hostnet.h"

#include <errno.h>
#include <string.h>

#include "core/lib/bits.h"

/* "Network Device", "Feature bits" */
#define F_MTU    3
#define F_MAC    5
#define F_STATUS 16

/* "Device configuration layout" */
#define CONFIG_MAC    0
#define CONFIG_STATUS 6
#define CONFIG_MTU    10
#define STATUS_LINK_UP BIT(0)

enum { QUEUE_RX = 0, QUEUE_TX = 1 };

#define NET_HEADER  12u                /* struct virtio_net_hdr, all zero: nothing offloaded */
#define BUFFER      2048u
#define ETH_HEADER  14u
#define VLAN_HEADER 4u
_Static_assert(NET_HEADER + HOSTNET_FRAME <= BUFFER, "a frame and its header");
_Static_assert(HOSTNET_BUFFERS <= 64, "bits of tx_free");

#define AREA (HOSTNET_BUFFERS * BUFFER)

size_t hostnet_memory(void)
{
	return 2 * AREA + 2 * virtio_host_ring_size(HOSTNET_BUFFERS);
}

static void rx_give(struct hostnet *n, unsigned int i)
{
	n->rx.desc[i] = (struct virtio_host_desc){
		n->rx_pa.v + i * BUFFER, BUFFER, VIRTIO_DESC_WRITE, 0 };
	virtio_host_push(&n->rx, (uint16_t)i);
}

static void read_config(struct hostnet *n)
{
	const struct virtio_host *v = &n->dev;
	uint64_t mtu = 1500;

	for (unsigned int i = 0; i < sizeof(n->mac); i++)
		n->mac[i] = virtio_host_has(v, F_MAC) ?
			    (uint8_t)virtio_host_config(v, CONFIG_MAC + i, 1) : 0;
	if (virtio_host_has(v, F_MTU))
		mtu = virtio_host_config(v, CONFIG_MTU, 2);
	n->mtu = (uint16_t)MIN(mtu, HOSTNET_FRAME - ETH_HEADER - VLAN_HEADER);
}

static int rings(struct hostnet *n, const struct dma_area *mem)
{
	size_t ring = virtio_host_ring_size(HOSTNET_BUFFERS);
	char *va = mem->va;
	int err = virtio_host_ring(&n->dev, &n->rx, QUEUE_RX, HOSTNET_BUFFERS,
				   &(struct dma_area){ va + 2 * AREA,
						       pa_add(mem->pa, 2 * AREA), ring });

	if (!err)
		err = virtio_host_ring(&n->dev, &n->tx, QUEUE_TX, HOSTNET_BUFFERS,
				       &(struct dma_area){ va + 2 * AREA + ring,
							   pa_add(mem->pa, 2 * AREA + ring),
							   ring });
	n->rx_mem = mem->va;
	n->rx_pa = mem->pa;
	n->tx_mem = n->rx_mem + AREA;
	n->tx_pa = pa_add(mem->pa, AREA);
	return err;
}

int hostnet_start(struct hostnet *n, const struct dma_area *mem)
{
	int err = virtio_host_begin(&n->dev, BIT(F_MTU) | BIT(F_MAC) | BIT(F_STATUS));

	if (!err)
		err = rings(n, mem);
	if (err) {
		virtio_host_reset(&n->dev);
		return err;
	}
	read_config(n);
	n->tx_free = BITS(HOSTNET_BUFFERS - 1, 0);
	for (unsigned int i = 0; i < HOSTNET_BUFFERS; i++)
		rx_give(n, i);
	virtio_host_go(&n->dev);
	virtio_host_kick(&n->rx);
	return 0;
}

static uint32_t frame_len(const struct hostnet_seg *segs, unsigned int nr)
{
	uint64_t len = 0;

	for (unsigned int i = 0; i < nr; i++)
		len += segs[i].len;
	return (uint32_t)MIN(len, UINT32_MAX);
}

int hostnet_tx(struct hostnet *n, const struct hostnet_seg *segs, unsigned int nr)
{
	uint32_t len = frame_len(segs, nr);
	uint64_t flags;
	int err = 0;

	if (len < ETH_HEADER || len > n->mtu + ETH_HEADER + VLAN_HEADER)
		return -EMSGSIZE;
	flags = spin_lock_irqsave(&n->lock);
	if (n->dead) {
		err = -EIO;
	} else if (!n->tx_free) {
		n->full = true;
		err = -EAGAIN;
	} else {
		unsigned int i = (unsigned int)__builtin_ctzll(n->tx_free);
		uint8_t *to = n->tx_mem + i * BUFFER;

		n->tx_free &= ~BIT(i);
		memset(to, 0, NET_HEADER);
		to += NET_HEADER;
		for (unsigned int s = 0; s < nr; to += segs[s++].len)
			memcpy(to, segs[s].data, segs[s].len);
		n->tx.desc[i] = (struct virtio_host_desc){
			n->tx_pa.v + i * BUFFER, NET_HEADER + len, 0, 0 };
		virtio_host_push(&n->tx, (uint16_t)i);
		virtio_host_kick(&n->tx);
		n->tx_frames++;
	}
	spin_unlock_irqrestore(&n->lock, flags);
	return err;
}

bool hostnet_link(const struct hostnet *n)
{
	return !virtio_host_has(&n->dev, F_STATUS) ||
	       (virtio_host_config(&n->dev, CONFIG_STATUS, 2) & STATUS_LINK_UP);
}

bool hostnet_irq(struct hostnet *n)
{
	return virtio_host_irq(&n->dev) != 0;
}

/* Both rings' chains are one descriptor long, so the head is the buffer's number. */
static int pop(struct hostnet *n, struct virtio_host_ring *r, uint16_t *i, uint32_t *len)
{
	uint64_t flags = spin_lock_irqsave(&n->lock);
	int got = n->dead ? 0 : virtio_host_pop(r, i, len);

	if (got > 0 && r == &n->tx && n->tx_free & BIT(*i))
		got = -EIO;
	if (got > 0 && r == &n->tx)
		n->tx_free |= BIT(*i);
	spin_unlock_irqrestore(&n->lock, flags);
	return got;
}

static int service_tx(struct hostnet *n)
{
	uint32_t len;
	uint16_t i;
	int got = 1;
	bool tell = false;
	uint64_t flags;

	for (unsigned int k = 0; k < HOSTNET_BUFFERS && got > 0; k++)
		got = pop(n, &n->tx, &i, &len);
	flags = spin_lock_irqsave(&n->lock);
	if (n->full && n->tx_free) {
		n->full = false;
		tell = true;
	}
	spin_unlock_irqrestore(&n->lock, flags);
	if (tell && n->on_room)
		n->on_room(n->ctx);
	return got;
}

static void receive(struct hostnet *n, unsigned int i, uint32_t len)
{
	if (len < NET_HEADER + ETH_HEADER || len > BUFFER || !n->on_rx) {
		n->rx_dropped++;
		return;
	}
	n->rx_frames++;
	n->on_rx(n->ctx, n->rx_mem + i * BUFFER + NET_HEADER, len - NET_HEADER);
}

static int service_rx(struct hostnet *n)
{
	uint32_t len;
	uint16_t i;
	int got = 1;

	for (unsigned int k = 0; k < HOSTNET_BUFFERS; k++) {
		uint64_t flags;

		got = pop(n, &n->rx, &i, &len);
		if (got <= 0)
			break;
		receive(n, i, len);
		flags = spin_lock_irqsave(&n->lock);
		if (!n->dead)
			rx_give(n, i);
		spin_unlock_irqrestore(&n->lock, flags);
	}
	if (!n->dead)
		virtio_host_kick(&n->rx);
	return got;
}

bool hostnet_service(struct hostnet *n)
{
	int tx = service_tx(n), rx = service_rx(n);

	if (tx < 0 || rx < 0 || virtio_host_failed(&n->dev)) {
		uint64_t flags = spin_lock_irqsave(&n->lock);

		n->dead = true;
		spin_unlock_irqrestore(&n->lock, flags);
		virtio_host_reset(&n->dev);
		return false;
	}
	return tx > 0 || rx > 0;
}
