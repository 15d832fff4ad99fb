/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/uplink.h"

#include <errno.h>
#include <stdio.h>

#include <arch/timer.h>
#include "devices/virtq.h"

/* The interface does no sums and no segments: the switch has done them. Nor does it wait. */
static enum vswitch_taken deliver(struct vswitch_port *p, struct net_frame *f)
{
	struct uplink *u = container_of(p, struct uplink, port);
	struct hostnet_seg seg[2] = {
		{ f->head, f->head_len }, { u->rest, f->len - f->head_len },
	};
	int err;

	if (seg[1].len > sizeof(u->rest))
		return VSWITCH_FULL;
	mutex_lock(&u->lock);
	err = seg[1].len ? f->src->read(f->src, f->src_at, u->rest, seg[1].len) : 0;
	if (!err)
		err = hostnet_tx(u->nic, seg, seg[1].len ? 2 : 1);
	mutex_unlock(&u->lock);
	return err ? VSWITCH_FULL : VSWITCH_TAKEN;
}

/* A frame in memory of EL2. */
struct bytes_source {
	struct net_source src;       /* first: found by it */
	const uint8_t *bytes;
};

static const uint8_t *bytes_at(const struct net_source *s, uint32_t at)
{
	return container_of(s, const struct bytes_source, src)->bytes + at;
}

static int source_read(const struct net_source *s, uint32_t at, void *to, uint32_t n)
{
	memcpy(to, bytes_at(s, at), n);
	return 0;
}

static int source_to_chain(const struct net_source *s, uint32_t at, struct virtq_chain *to,
			   uint64_t off, uint32_t n)
{
	return chain_write(to, off, bytes_at(s, at), n);
}

static void receive(void *ctx, const void *frame, uint32_t len)
{
	struct uplink *u = ctx;
	const struct bytes_source src = {
		.src = { .read = source_read, .to_chain = source_to_chain }, .bytes = frame,
	};
	struct net_frame f;

	if (net_frame_begin(&f, &src.src, len))
		vswitch_tx_bad(&u->port);
	else
		vswitch_send(&u->port, &f, arch_counter());
}

int uplink_init(struct uplink *u, struct hostnet *nic, uint16_t vlan, struct vswitch *sw)
{
	static const struct vswitch_port_ops ops = { .deliver = deliver };
	int err;

	u->nic = nic;
	u->port.ops = &ops;
	u->port.cfg.uplink = true;
	u->port.cfg.vm = UINT32_MAX;
	u->port.cfg.vlan = vlan;
	u->port.cfg.mtu = nic->mtu;
	snprintf(u->port.name, sizeof(u->port.name), "uplink");
	err = vswitch_attach(sw, &u->port);
	if (err)
		return err;
	nic->ctx = u;
	/* The servant may run already: it sees whom to call no earlier than with what. */
	atomic_thread_fence(memory_order_release);
	nic->on_rx = receive;
	return 0;
}
