/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-net's control queue, and what it sets: VirtIO 1.2, 5.1.6.5. */
#include <arch/cpu.h>
#include "devices/virtio_net_impl.h"

enum { CLASS_RX, CLASS_MAC, CLASS_VLAN, CLASS_ANNOUNCE, CLASS_MQ, CLASS_OFFLOADS };
enum { MAC_TABLE_SET, MAC_ADDR_SET };

#define ACK_OK  0
#define ACK_ERR 1

#define HEADER  2                    /* class and command */

#define GUEST_OFFLOADS (NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | \
			NET_F_GUEST_ECN)

/* ---- the filter ---- */

void virtio_net_filter_reset(struct virtio_net *net)
{
	struct virtio_net_filter *fl = &net->filter;
	uint64_t flags = spin_lock_irqsave(&fl->lock);

	/* Until the driver says what it wants it gets all, as from other devices. */
	atomic_store(&fl->mode, NET_RX_PROMISC);
	atomic_store(&fl->mac, net->port.cfg.mac);
	fl->nr_uni = fl->nr_multi = 0;
	spin_unlock_irqrestore(&fl->lock, flags);
}

static bool listed(const uint64_t *list, uint32_t nr, uint64_t mac)
{
	for (uint32_t i = 0; i < nr; i++)
		if (list[i] == mac)
			return true;
	return false;
}

static bool in_table(struct virtio_net_filter *fl, uint64_t dst)
{
	uint64_t flags = spin_lock_irqsave(&fl->lock);
	bool found = dst & NET_MAC_MULTICAST ? listed(fl->multi, fl->nr_multi, dst) :
					       listed(fl->uni, fl->nr_uni, dst);

	spin_unlock_irqrestore(&fl->lock, flags);
	return found;
}

bool virtio_net_wants(struct virtio_net *net, uint64_t dst)
{
	struct virtio_net_filter *fl = &net->filter;
	uint32_t mode = atomic_load_explicit(&fl->mode, memory_order_relaxed), all, none;

	if (mode & NET_RX_PROMISC)
		return true;
	if (dst == NET_MAC_BROADCAST)
		return !(mode & NET_RX_NOBCAST);
	all = dst & NET_MAC_MULTICAST ? NET_RX_ALLMULTI | NET_RX_MANY_MULTI :
					NET_RX_ALLUNI | NET_RX_MANY_UNI;
	none = dst & NET_MAC_MULTICAST ? NET_RX_NOMULTI : NET_RX_NOUNI;
	if (mode & (all | none))
		return !(mode & none);
	return dst == atomic_load_explicit(&fl->mac, memory_order_relaxed) || in_table(fl, dst);
}

static void set_bit(struct virtio_net_filter *fl, uint32_t bit, bool on)
{
	if (on)
		atomic_fetch_or(&fl->mode, bit);
	else
		atomic_fetch_and(&fl->mode, ~bit);
}

/* ---- commands: each reads the data after the header, of which there are n bytes ---- */

static bool set_mode(struct virtio_net *net, struct virtq_chain *c, uint32_t cmd, uint64_t n)
{
	uint8_t on;

	if (n != 1 || cmd > 5 || chain_read(c, HEADER, &on, 1) || on > 1)
		return false;
	set_bit(&net->filter, (uint32_t)BIT(cmd), on);
	return true;
}

/* One of two lists: how many, then the addresses. More than there is room for: all of them. */
static bool read_list(struct virtq_chain *c, uint64_t *off, uint64_t end, uint64_t *list,
		      uint32_t max, uint32_t *nr)
{
	uint8_t mac[NET_MAC_LEN];

	if (end - *off < sizeof(*nr) || chain_read(c, *off, nr, sizeof(*nr)))
		return false;
	*off += sizeof(*nr);
	if ((end - *off) / NET_MAC_LEN < *nr)
		return false;
	for (uint32_t i = 0; i < *nr && *nr <= max; i++) {
		if (chain_read(c, *off + (uint64_t)i * NET_MAC_LEN, mac, NET_MAC_LEN))
			return false;
		list[i] = net_mac(mac);
	}
	*off += (uint64_t)*nr * NET_MAC_LEN;
	return true;
}

static bool set_table(struct virtio_net *net, struct virtq_chain *c)
{
	uint64_t uni[VIRTIO_NET_UNICAST], multi[VIRTIO_NET_MULTICAST], off = HEADER, flags;
	struct virtio_net_filter *fl = &net->filter;
	uint32_t nr_uni, nr_multi;

	if (!read_list(c, &off, c->out_len, uni, VIRTIO_NET_UNICAST, &nr_uni) ||
	    !read_list(c, &off, c->out_len, multi, VIRTIO_NET_MULTICAST, &nr_multi) ||
	    off != c->out_len)
		return false;
	set_bit(fl, NET_RX_MANY_UNI, nr_uni > VIRTIO_NET_UNICAST);
	set_bit(fl, NET_RX_MANY_MULTI, nr_multi > VIRTIO_NET_MULTICAST);
	flags = spin_lock_irqsave(&fl->lock);
	fl->nr_uni = nr_uni > VIRTIO_NET_UNICAST ? 0 : (uint16_t)nr_uni;
	fl->nr_multi = nr_multi > VIRTIO_NET_MULTICAST ? 0 : (uint16_t)nr_multi;
	memcpy(fl->uni, uni, fl->nr_uni * sizeof(*uni));
	memcpy(fl->multi, multi, fl->nr_multi * sizeof(*multi));
	spin_unlock_irqrestore(&fl->lock, flags);
	return true;
}

/* Its own address is what its port may send from, so where that is checked it stays. */
static bool set_address(struct virtio_net *net, struct virtq_chain *c, uint64_t n)
{
	uint8_t mac[NET_MAC_LEN];

	if (n != NET_MAC_LEN || chain_read(c, HEADER, mac, NET_MAC_LEN))
		return false;
	if ((mac[0] & NET_MAC_MULTICAST) ||
	    (net->port.cfg.check_mac && net_mac(mac) != net->port.cfg.mac))
		return false;
	atomic_store(&net->filter.mac, net_mac(mac));
	return true;
}

static bool announced(struct virtio_net *net, uint32_t cmd)
{
	uint64_t flags;

	if (cmd != 0)
		return false;
	flags = spin_lock_irqsave(&net->dev.lock);
	net->announce = false;
	spin_unlock_irqrestore(&net->dev.lock, flags);
	return true;
}

static bool set_pairs(struct virtio_net *net, struct virtq_chain *c, uint32_t cmd, uint64_t n)
{
	uint16_t pairs;

	if (cmd != 0 || n != sizeof(pairs) || chain_read(c, HEADER, &pairs, sizeof(pairs)) ||
	    pairs < 1 || pairs > net->max_pairs)
		return false;
	atomic_store(&net->pairs, pairs);
	return true;
}

static bool set_offloads(struct virtio_net *net, struct virtq_chain *c, uint32_t cmd, uint64_t n)
{
	uint64_t offloads;

	if (cmd != 0 || n != sizeof(offloads) ||
	    chain_read(c, HEADER, &offloads, sizeof(offloads)) ||
	    (offloads & ~(net->dev.features & GUEST_OFFLOADS)))
		return false;
	atomic_store(&net->port.caps, virtio_net_guest_caps(offloads));
	return true;
}

/* What of it was agreed on is for the driver to know: the others do no harm. */
static bool obey(struct virtio_net *net, struct virtq_chain *c)
{
	uint64_t n = c->out_len - HEADER;
	uint8_t h[HEADER];

	if (c->out_len < HEADER || chain_read(c, 0, h, HEADER))
		return false;
	switch (h[0]) {
	case CLASS_RX:
		return set_mode(net, c, h[1], n);
	case CLASS_MAC:
		return h[1] == MAC_TABLE_SET ? set_table(net, c) :
		       h[1] == MAC_ADDR_SET && set_address(net, c, n);
	case CLASS_ANNOUNCE:
		return announced(net, h[1]);
	case CLASS_MQ:
		return virtio_has(&net->dev, NET_F_MQ) && set_pairs(net, c, h[1], n);
	case CLASS_OFFLOADS:
		return set_offloads(net, c, h[1], n);
	default:
		return false;
	}
}

enum virtio_serve virtio_net_control(struct virtio_net *net, struct virtq *q)
{
	struct virtq_chain *c = &q->chain;

	for (uint32_t n = 0; n < VIRTIO_BATCH; n++) {
		uint8_t ack;

		if (virtq_pop(q, c) <= 0)
			return VIRTIO_IDLE;
		ack = obey(net, c) ? ACK_OK : ACK_ERR;
		virtq_push(q, c, c->in_len && chain_write(c, 0, &ack, 1) == 0 ? 1 : 0);
	}
	return VIRTIO_MORE;
}
