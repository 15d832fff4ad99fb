/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/vswitch.h"

#include <errno.h>
#include <stdio.h>

#include "core/thread.h"

#define LEAVING      BIT(31)         /* in slot.users: the last one wakes the waiter */

#define ARP_LEN      28
#define ARP_SHA      8
#define ARP_SPA      14
#define IPV4_LEN     20
#define IPV4_SRC     12
#define RATE_POINT   16

/* ---- counting ---- */

#define COUNT(p, field, n) count(p, offsetof(struct vswitch_stats, field), n)

/* Of one port, by any thread. */
static void count(struct vswitch_port *p, size_t off, uint64_t n)
{
	atomic_fetch_add_explicit(&p->count[off / sizeof(uint64_t)], n, memory_order_relaxed);
}

static void tx_drop(struct vswitch_port *p, enum vswitch_drop why)
{
	count(p, offsetof(struct vswitch_stats, tx_drops) + why * sizeof(uint64_t), 1);
}

static void rx_drop(struct vswitch_port *p, enum vswitch_drop why)
{
	count(p, offsetof(struct vswitch_stats, rx_drops) + why * sizeof(uint64_t), 1);
}

void vswitch_tx_bad(struct vswitch_port *from)
{
	tx_drop(from, VSWITCH_DROP_BAD);
}

/* ---- ports ---- */

void vswitch_init(struct vswitch *sw, const char *name, bool vlans, uint64_t hz)
{
	memset(sw, 0, sizeof(*sw));
	snprintf(sw->name, sizeof(sw->name), "%s", name);
	sw->vlans = vlans;
	sw->hz = hz;
	mac_table_init(&sw->macs, VSWITCH_AGE_S * hz);
}

static void rate_init(struct vswitch_rate *r, uint64_t hz, uint64_t per_s, uint64_t burst)
{
	if (!per_s)
		return;
	r->cost = MAX((hz << RATE_POINT) / per_s, 1u);
	r->burst = (burst * r->cost) >> RATE_POINT;
}

/* Whom each port may send to, from whom is isolated. */
static void reach_update_locked(struct vswitch *sw)
{
	uint64_t isolated = 0;

	sw->mirrors = 0;
	for (uint32_t i = 0; i < VSWITCH_MAX_PORTS; i++) {
		if (!(sw->ports & BIT(i)))
			continue;
		if (sw->slot[i].port->cfg.isolated)
			isolated |= BIT(i);
		if (sw->slot[i].port->cfg.mirror)
			sw->mirrors |= BIT(i);
	}
	for (uint32_t i = 0; i < VSWITCH_MAX_PORTS; i++)
		sw->reach[i] = sw->ports & ~BIT(i) & ~(isolated & BIT(i) ? isolated : 0);
}

static int free_slot_locked(const struct vswitch *sw)
{
	for (uint32_t i = 0; i < VSWITCH_MAX_PORTS; i++)
		if (!sw->slot[i].port)
			return (int)i;
	return -ENOSPC;
}

static int attach_locked(struct vswitch *sw, struct vswitch_port *p)
{
	int idx = free_slot_locked(sw), err = 0;

	if (idx < 0)
		return idx;
	if (p->cfg.mac)
		err = mac_table_fix(&sw->macs, MAC_KEY(p->cfg.mac, p->cfg.vlan), (uint32_t)idx);
	/* Without a place of its own it is learnt like any other. */
	if (err == -EEXIST)
		return err;
	p->idx = (uint32_t)idx;
	p->sw = sw;
	sw->slot[idx].port = p;
	atomic_store(&sw->slot[idx].users, 0);
	sw->ports |= BIT(idx);
	reach_update_locked(sw);
	return 0;
}

int vswitch_attach(struct vswitch *sw, struct vswitch_port *p)
{
	uint64_t flags, burst = p->cfg.burst_bytes ? p->cfg.burst_bytes : VSWITCH_BURST_BYTES;
	int err;

	rate_init(&p->bytes, sw->hz, p->cfg.rate_bytes, burst);
	rate_init(&p->packets, sw->hz, p->cfg.rate_packets, VSWITCH_BURST_PACKETS);
	atomic_store(&p->link, true);
	flags = spin_lock_irqsave(&sw->lock);
	err = attach_locked(sw, p);
	spin_unlock_irqrestore(&sw->lock, flags);
	return err;
}

/* The slot stays taken meanwhile, so nobody counts in a newcomer's stead. */
static void wait_for_users(struct vswitch_slot *s)
{
	struct thread *me = thread_current();

	s->waiter = me;
	if (atomic_fetch_or(&s->users, LEAVING) == 0)
		return;
	while (atomic_load(&s->users) != LEAVING) {
		atomic_fetch_and(&me->requests, ~(uint32_t)THREAD_REQ_VCPU);
		if (atomic_load(&s->users) != LEAVING)
			thread_block(THREAD_REQ_VCPU);
	}
	/* Somebody else may have asked meanwhile: let the caller look. */
	thread_request(me, THREAD_REQ_VCPU);
}

void vswitch_detach(struct vswitch_port *p)
{
	struct vswitch *sw = p->sw;
	uint64_t flags;

	if (!sw)
		return;
	flags = spin_lock_irqsave(&sw->lock);
	sw->ports &= ~BIT(p->idx);
	reach_update_locked(sw);
	mac_table_forget(&sw->macs, p->idx);
	spin_unlock_irqrestore(&sw->lock, flags);
	wait_for_users(&sw->slot[p->idx]);
	flags = spin_lock_irqsave(&sw->lock);
	sw->slot[p->idx].port = NULL;
	spin_unlock_irqrestore(&sw->lock, flags);
	p->sw = NULL;
}

static void release(struct vswitch_slot *s)
{
	if (atomic_fetch_sub(&s->users, 1) == (LEAVING | 1))
		thread_request(s->waiter, THREAD_REQ_VCPU);
}

bool vswitch_look(struct vswitch *sw, uint32_t idx, struct vswitch_look *l)
{
	uint64_t flags = spin_lock_irqsave(&sw->lock), *stats = (uint64_t *)&l->stats;
	bool there = idx < VSWITCH_MAX_PORTS && sw->ports & BIT(idx);

	if (there) {
		const struct vswitch_port *p = sw->slot[idx].port;

		memcpy(l->name, p->name, sizeof(l->name));
		l->cfg = p->cfg;
		l->nr_macs = mac_table_count(&sw->macs, idx);
		l->link = atomic_load(&p->link);
		for (size_t i = 0; i < ARRAY_SIZE(p->count); i++)
			stats[i] = atomic_load_explicit(&p->count[i], memory_order_relaxed);
	}
	spin_unlock_irqrestore(&sw->lock, flags);
	return there;
}

int vswitch_set_link(struct vswitch *sw, uint32_t idx, bool up)
{
	uint64_t flags = spin_lock_irqsave(&sw->lock);
	struct vswitch_port *p = NULL;
	int err = -ENOENT;

	if (idx < VSWITCH_MAX_PORTS && sw->ports & BIT(idx)) {
		p = sw->slot[idx].port;
		atomic_fetch_add(&sw->slot[idx].users, 1);
	}
	spin_unlock_irqrestore(&sw->lock, flags);
	if (p) {
		err = p->ops->set_link ? 0 : -ENOTSUP;
		if (!err)
			p->ops->set_link(p, up);
		release(&sw->slot[idx]);
	}
	return err;
}

/* ---- rates ---- */

static uint64_t rate_wait(const struct vswitch_rate *r, uint64_t now)
{
	return r->cost && r->next > now + r->burst ? r->next - now - r->burst : 0;
}

static void rate_take(struct vswitch_rate *r, uint64_t units, uint64_t now)
{
	uint64_t cost;

	if (!r->cost)
		return;
	cost = units * r->cost + r->rest;
	r->next = MAX(r->next, now) + (cost >> RATE_POINT);
	r->rest = bits_get(BITS(RATE_POINT - 1, 0), cost);
}

uint64_t vswitch_wait(const struct vswitch_port *p, uint64_t now)
{
	return MAX(rate_wait(&p->bytes, now), rate_wait(&p->packets, now));
}

/* ---- what may come in ---- */

static bool arp_true(const struct vswitch_port *p, const struct net_frame *f)
{
	const uint8_t *arp = f->head + net_l3(f);
	uint32_t spa;

	if (net_l3(f) + ARP_LEN > f->head_len || net_mac(arp + ARP_SHA) != p->cfg.mac)
		return false;
	spa = net_be32(arp + ARP_SPA);
	/* Zero: it asks whether an address is free, RFC 5227. */
	return spa == 0 || spa == p->cfg.ipv4;
}

static bool ipv4_true(const struct vswitch_port *p, const struct net_frame *f)
{
	uint32_t l3 = net_l3(f), src;

	if (l3 + IPV4_LEN > f->head_len)
		return false;
	src = net_be32(f->head + l3 + IPV4_SRC);
	/* Zero: it has no address yet and asks for one. */
	return src == 0 || src == p->cfg.ipv4;
}

static bool source_true(const struct vswitch_port *p, const struct net_frame *f)
{
	const struct vswitch_port_config *c = &p->cfg;
	uint32_t type;

	if (c->check_mac && net_mac(f->head + NET_MAC_LEN) != c->mac)
		return false;
	if (!c->check_arp && !c->check_ipv4)
		return true;
	type = net_type(f);
	/* Under a second tag anything could be. */
	if (type == ETH_P_VLAN || type == ETH_P_QINQ)
		return false;
	if (c->check_arp && (type == ETH_P_RARP || (type == ETH_P_ARP && !arp_true(p, f))))
		return false;
	return !c->check_ipv4 || type != ETH_P_IPV4 || ipv4_true(p, f);
}

static bool in_trunk(const struct vswitch_port *p, uint32_t vlan)
{
	if (p->cfg.uplink)
		return true;
	for (uint32_t i = 0; i < p->cfg.nr_trunk; i++)
		if (p->cfg.trunk[i] == vlan)
			return true;
	return false;
}

static bool in_vlan(const struct vswitch_port *p, uint32_t vlan)
{
	return p->cfg.vlan == vlan || in_trunk(p, vlan);
}

static uint32_t tag_of(const struct net_frame *f)
{
	return net_tagged(f) ? (uint32_t)bits_get(VLAN_TCI_VID, net_be16(f->head + 14)) : 0;
}

/* The VLAN a frame is in; -1: none that the port may use. A tag of 0 is but a priority. */
static int vlan_of(const struct vswitch_port *p, const struct net_frame *f)
{
	uint32_t tag;

	if (!p->sw->vlans)
		return 0;
	tag = tag_of(f);
	if (tag == 0)
		return p->cfg.vlan;
	return in_trunk(p, tag) ? (int)tag : -1;
}

/* Longer than a receiver or a sender may see, unless it is still to be cut. */
static bool too_long(const struct vswitch_port *p, const struct net_frame *f)
{
	return p->cfg.mtu && f->off.gso == NET_GSO_NONE && f->len > p->cfg.mtu + net_l3(f);
}

static int admit(struct vswitch_port *p, const struct net_frame *f)
{
	int vlan;

	if (!atomic_load_explicit(&p->link, memory_order_relaxed)) {
		tx_drop(p, VSWITCH_DROP_LINK);
		return -1;
	}
	if (too_long(p, f)) {
		tx_drop(p, VSWITCH_DROP_MTU);
		return -1;
	}
	if ((f->head[NET_MAC_LEN] & NET_MAC_MULTICAST) || !source_true(p, f)) {
		tx_drop(p, VSWITCH_DROP_SPOOF);
		return -1;
	}
	vlan = vlan_of(p, f);
	if (vlan < 0)
		tx_drop(p, VSWITCH_DROP_VLAN);
	return vlan;
}

/* ---- what goes out ---- */

static void hand_over(struct vswitch_port *p, struct net_frame *f)
{
	enum vswitch_taken taken = p->ops->deliver(p, f);

	if (taken == VSWITCH_TAKEN) {
		COUNT(p, rx_frames, 1);
		COUNT(p, rx_bytes, f->len);
	} else if (taken == VSWITCH_FULL) {
		rx_drop(p, VSWITCH_DROP_FULL);
	}
}

/* Not in line, as the other copies: their frames are large, and few need them. */
static void __attribute__((noinline)) sum_up(struct vswitch_port *p, const struct net_frame *f)
{
	struct net_frame done;

	net_frame_copy(&done, f);
	if (net_csum_finish(&done) == 0)
		hand_over(p, &done);
	else
		rx_drop(p, VSWITCH_DROP_BAD);
}

static void adapt(struct vswitch_port *p, struct net_frame *f, uint32_t caps)
{
	if (net_offload_lacks(f, caps))
		sum_up(p, f);
	else
		hand_over(p, f);
}

static void __attribute__((noinline)) cut(struct vswitch_port *p, const struct net_frame *f,
					  uint32_t caps)
{
	struct net_frame seg;

	COUNT(p, cut, 1);
	for (uint32_t i = 0; net_gso_segment(f, i, &seg) == 0; i++)
		if (too_long(p, &seg))
			rx_drop(p, VSWITCH_DROP_MTU);
		else
			adapt(p, &seg, caps);
}

static void out(struct vswitch_port *p, struct net_frame *f)
{
	uint32_t caps = atomic_load_explicit(&p->caps, memory_order_relaxed);

	if (too_long(p, f))
		rx_drop(p, VSWITCH_DROP_MTU);
	else if (net_offload_lacks(f, caps) & ~NET_CAP_CSUM)
		cut(p, f, caps);
	else
		adapt(p, f, caps);
}

static void __attribute__((noinline)) out_retagged(struct vswitch_port *p,
						   const struct net_frame *f, uint32_t vlan)
{
	bool tag = vlan != p->cfg.vlan;
	struct net_frame f2;

	net_frame_copy(&f2, f);
	if (!tag)
		net_tag_remove(&f2);
	else if (net_tagged(f))
		net_tag_set(&f2, vlan);
	else
		net_tag_insert(&f2, vlan);
	out(p, &f2);
}

/* Untagged to a port whose own VLAN it is, tagged to one that has it in its trunk. */
static void out_vlan(struct vswitch_port *p, struct net_frame *f, uint32_t vlan)
{
	if (!atomic_load_explicit(&p->link, memory_order_relaxed))
		rx_drop(p, VSWITCH_DROP_LINK);
	else if (!p->sw->vlans ||
		 (p->cfg.vlan == vlan ? !net_tagged(f) : net_tagged(f) && tag_of(f) == vlan))
		out(p, f);
	else
		out_retagged(p, f, vlan);
}

/* ---- to whom ---- */

static uint64_t members_locked(const struct vswitch *sw, uint64_t ports, uint32_t vlan)
{
	for (uint64_t left = sw->vlans ? ports : 0; left; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(left);

		if (!in_vlan(sw->slot[i].port, vlan))
			ports &= ~BIT(i);
	}
	return ports;
}

static uint64_t targets_locked(struct vswitch *sw, const struct vswitch_port *from,
			       const struct net_frame *f, uint32_t vlan, uint64_t now)
{
	uint64_t dst = net_mac(f->head), reach = sw->reach[from->idx], ports = reach;
	int to = -1;

	mac_table_learn(&sw->macs, MAC_KEY(net_mac(f->head + NET_MAC_LEN), vlan), from->idx, now);
	if (!(dst & NET_MAC_MULTICAST))
		to = mac_table_lookup(&sw->macs, MAC_KEY(dst, vlan), now);
	if (to >= 0)
		ports &= BIT(to);
	return members_locked(sw, ports, vlan) | (sw->mirrors & ~BIT(from->idx));
}

/* The ports are held: nobody takes them away before release(). */
static uint64_t hold_targets(struct vswitch *sw, const struct vswitch_port *from,
			     const struct net_frame *f, uint32_t vlan, uint64_t now)
{
	uint64_t flags = spin_lock_irqsave(&sw->lock);
	uint64_t ports = targets_locked(sw, from, f, vlan, now);

	for (uint64_t left = ports; left; left &= left - 1)
		atomic_fetch_add_explicit(&sw->slot[__builtin_ctzll(left)].users, 1,
					  memory_order_relaxed);
	spin_unlock_irqrestore(&sw->lock, flags);
	return ports;
}

void vswitch_send(struct vswitch_port *from, struct net_frame *f, uint64_t now)
{
	struct vswitch *sw = from->sw;
	uint64_t ports;
	int vlan;

	rate_take(&from->bytes, f->len, now);
	rate_take(&from->packets, 1, now);
	vlan = admit(from, f);
	if (vlan < 0)
		return;
	COUNT(from, tx_frames, 1);
	COUNT(from, tx_bytes, f->len);
	if (atomic_load_explicit(&sw->capture.on, memory_order_relaxed))
		net_capture_add(&sw->capture, f, now);
	ports = hold_targets(sw, from, f, (uint32_t)vlan, now);
	for (; ports; ports &= ports - 1) {
		struct vswitch_slot *s = &sw->slot[__builtin_ctzll(ports)];

		out_vlan(s->port, f, (uint32_t)vlan);
		release(s);
	}
}
