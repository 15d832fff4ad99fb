/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_net.h"

#include <errno.h>
#include <stdio.h>

#include <arch/timer.h>
#include "devices/virtio_net_impl.h"

#define CONFIG_SIZE     12           /* up to mtu, 5.1.4                   */
#define STATUS_LINK_UP  BIT(0)
#define STATUS_ANNOUNCE BIT(1)

/* 5.1.6, struct virtio_net_hdr; all is little-endian. */
struct hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};
_Static_assert(sizeof(struct hdr) == NET_HDR_LEN, "virtio_net_hdr");
#define HDR_NEEDS_CSUM BIT(0)
#define HDR_DATA_VALID BIT(1)
#define HDR_GSO_NONE   0
#define HDR_GSO_TCP4   1
#define HDR_GSO_TCP6   4
#define HDR_GSO_ECN    BIT(7)

/* ---- features ---- */

static uint64_t features(const struct virtio_net_config *c)
{
	return NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_CTRL_GUEST_OFFLOADS | NET_F_MAC |
	       NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_GUEST_ECN | NET_F_HOST_TSO4 |
	       NET_F_HOST_TSO6 | NET_F_HOST_ECN | NET_F_MRG_RXBUF | NET_F_STATUS |
	       NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA | NET_F_GUEST_ANNOUNCE |
	       NET_F_CTRL_MAC_ADDR | (c->port.mtu ? NET_F_MTU : 0) |
	       (c->pairs > 1 ? NET_F_MQ : 0);
}

/* 5.1.3.1: what a feature stands on. */
static const struct { uint64_t feature, needs; } needs[] = {
	{ NET_F_GUEST_TSO4, NET_F_GUEST_CSUM }, { NET_F_GUEST_TSO6, NET_F_GUEST_CSUM },
	{ NET_F_GUEST_ECN, NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 },
	{ NET_F_HOST_TSO4, NET_F_CSUM }, { NET_F_HOST_TSO6, NET_F_CSUM },
	{ NET_F_HOST_ECN, NET_F_HOST_TSO4 | NET_F_HOST_TSO6 },
	{ NET_F_CTRL_RX, NET_F_CTRL_VQ }, { NET_F_CTRL_RX_EXTRA, NET_F_CTRL_VQ },
	{ NET_F_GUEST_ANNOUNCE, NET_F_CTRL_VQ }, { NET_F_MQ, NET_F_CTRL_VQ },
	{ NET_F_CTRL_MAC_ADDR, NET_F_CTRL_VQ }, { NET_F_CTRL_GUEST_OFFLOADS, NET_F_CTRL_VQ },
};

/*
 * Before the driver looks how large a queue may be. The rings are all that holds frames that
 * wait, so their size bounds how many do.
 */
static void queue_init(const struct virtio_net *net, struct virtq *q)
{
	q->size = q->max_size = net->queue_size;
	if (q->idx % 2 == 0 && q->idx < 2 * net->max_pairs)
		q->model = net->spare + q->idx / 2 * VIRTQ_MAX_SIZE;
}

static bool net_accept(struct virtio_device *dev)
{
	for (uint32_t i = 0; i < dev->nr_queues; i++)
		queue_init(net_of(dev), &dev->queues[i]);
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (virtio_has(dev, needs[i].feature) && !virtio_has(dev, needs[i].needs))
			return false;
	return true;
}

uint32_t virtio_net_guest_caps(uint64_t f)
{
	return (f & NET_F_GUEST_CSUM ? NET_CAP_CSUM : 0) |
	       (f & NET_F_GUEST_TSO4 ? NET_CAP_TSO4 : 0) |
	       (f & NET_F_GUEST_TSO6 ? NET_CAP_TSO6 : 0) |
	       (f & NET_F_GUEST_ECN ? NET_CAP_ECN : 0);
}

uint32_t virtio_net_host_caps(uint64_t f)
{
	return (f & NET_F_CSUM ? NET_CAP_CSUM : 0) |
	       (f & NET_F_HOST_TSO4 ? NET_CAP_TSO4 : 0) |
	       (f & NET_F_HOST_TSO6 ? NET_CAP_TSO6 : 0) |
	       (f & NET_F_HOST_ECN ? NET_CAP_ECN : 0);
}

/* ---- to the guest ---- */

static void hdr_put(struct hdr *h, const struct net_frame *f, uint32_t buffers)
{
	const struct net_offload *o = &f->off;

	*h = (struct hdr){ .num_buffers = (uint16_t)buffers };
	if (o->needs_csum) {
		h->flags = HDR_NEEDS_CSUM;
		h->csum_start = o->csum_start;
		h->csum_offset = o->csum_offset;
	} else if (o->csum_valid) {
		h->flags = HDR_DATA_VALID;
	}
	if (o->gso) {
		h->gso_type = o->gso == NET_GSO_TCP4 ? HDR_GSO_TCP4 : HDR_GSO_TCP6;
		if (o->ecn)
			h->gso_type |= HDR_GSO_ECN;
		h->hdr_len = o->hdr_len;
		h->gso_size = o->gso_size;
	}
}

/* Bytes [at, at + n) of the frame to byte off of the buffer. */
static int bytes_put(struct virtq_chain *c, uint64_t off, const struct net_frame *f, uint32_t at,
		     uint32_t n)
{
	uint32_t part = at < f->head_len ? MIN(n, f->head_len - at) : 0;
	int err = part ? chain_write(c, off, f->head + at, part) : 0;

	if (err || part == n)
		return err;
	return f->src->to_chain(f->src, f->src_at + at + part - f->head_len, c, off + part,
				n - part);
}

/* All of it in one buffer: the header and the frame's head lie together. */
static int put_whole(struct virtq *q, struct net_frame *f)
{
	struct virtq_chain *c = &q->chain;
	int err;

	hdr_put((struct hdr *)f->hdr, f, 1);
	err = chain_write(c, 0, f->hdr, NET_HDR_LEN + f->head_len);
	if (!err && f->len > f->head_len)
		err = f->src->to_chain(f->src, f->src_at, c, NET_HDR_LEN + f->head_len,
				       f->len - f->head_len);
	virtq_push(q, c, err ? 0 : NET_HDR_LEN + f->len);
	return err;
}

/* What is to be remembered of a buffer until all are filled. */
struct filled {
	uint16_t id, nr_descs;
	uint32_t len;
};

struct spread {
	struct virtq *q;
	const struct net_frame *f;
	uint32_t at, nr;             /* bytes of the frame; buffers                 */
	struct filled filled[VIRTIO_NET_MAX_BUFFERS];
};

static struct virtq_chain filled_chain(const struct spread *s, uint32_t i)
{
	return (struct virtq_chain){
		.q = s->q, .id = s->filled[i].id, .nr_descs = s->filled[i].nr_descs,
	};
}

/* Not enough buffers: back they go, the last one first. */
static void spread_undo(struct spread *s)
{
	while (s->nr) {
		struct virtq_chain c = filled_chain(s, --s->nr);

		virtq_unpop(s->q, &c);
	}
}

/* What could not be written is given back empty, which no driver takes for a frame. */
static void spread_push(struct spread *s, bool failed)
{
	for (uint32_t i = 0; i < s->nr; i++) {
		struct virtq_chain c = filled_chain(s, i);

		virtq_push(s->q, &c, failed ? 0 : s->filled[i].len);
	}
}

/* Fill one buffer from its byte skip on. */
static int spread_fill(struct spread *s, struct virtq_chain *c, uint32_t skip)
{
	uint32_t n = (uint32_t)MIN(c->in_len - skip, s->f->len - s->at);
	int err = bytes_put(c, skip, s->f, s->at, n);

	s->filled[s->nr++] = (struct filled){ c->id, c->nr_descs, skip + n };
	s->at += n;
	return err;
}

/* The buffers after the first. Return: 1: all is put; 0: there are not enough; else an error. */
static int spread_rest(struct spread *s)
{
	struct virtq_chain c;
	int err = 0;

	virtq_chain_init(&c, s->q->model, s->q->max_size);
	while (!err && s->at < s->f->len) {
		int got = s->nr < VIRTIO_NET_MAX_BUFFERS ? virtq_pop(s->q, &c) : 0;

		if (got <= 0)
			return got;
		err = spread_fill(s, &c, 0);
		c.q = NULL;
	}
	return err ? err : 1;
}

/* The first buffer was popped, and has room for the header at least. */
static int __attribute__((noinline)) put_spread(struct virtq *q, const struct net_frame *f)
{
	struct virtq_chain *first = &q->chain;
	struct spread s = { .q = q, .f = f };
	int err = spread_fill(&s, first, NET_HDR_LEN), got = err ? err : spread_rest(&s);
	struct hdr h;

	if (got > 0) {
		hdr_put(&h, f, s.nr);
		got = chain_write(first, 0, &h, sizeof(h));
	} else if (got == 0) {
		spread_undo(&s);
		got = -ENOSPC;
	}
	first->q = NULL;
	if (s.nr)
		spread_push(&s, got < 0);
	return got;
}

/* Return: 0; -ENOSPC no room: nothing was taken; else the buffers were lost. */
static int put(struct virtio_net *net, struct virtq *q, struct net_frame *f)
{
	struct virtq_chain *c = &q->chain;
	int got = virtq_pop(q, c);

	if (got <= 0)
		return got ? got : -ENOSPC;
	if (c->in_len >= NET_HDR_LEN + f->len)
		return put_whole(q, f);
	if (virtio_has(&net->dev, NET_F_MRG_RXBUF) && c->in_len >= NET_HDR_LEN)
		return put_spread(q, f);
	virtq_unpop(q, c);
	return -ENOSPC;
}

/* Always the same for one flow, so its frames stay in order. */
static struct virtq *rx_queue(struct virtio_net *net, const struct net_frame *f)
{
	uint16_t pairs = atomic_load_explicit(&net->pairs, memory_order_relaxed);

	return &net->dev.queues[pairs > 1 ? net_flow_hash(f) % pairs * 2 : 0];
}

static enum vswitch_taken deliver(struct vswitch_port *p, struct net_frame *f)
{
	struct virtio_net *net = container_of(p, struct virtio_net, port);
	struct virtq *q;
	int err = -ENOSPC;

	if (!virtio_running(&net->dev))
		return VSWITCH_FULL;
	if (!virtio_net_wants(net, net_mac(f->head)))
		return VSWITCH_FILTERED;
	q = rx_queue(net, f);
	mutex_lock(&q->lock);
	/* It may have been reset meanwhile: then the rings are another life's. */
	if (virtio_running(&net->dev)) {
		err = put(net, q, f);
		virtq_flush(q);
	}
	mutex_unlock(&q->lock);
	return err ? VSWITCH_FULL : VSWITCH_TAKEN;
}

/* ---- from the guest ---- */

/* The bytes of a frame that a guest sends: its buffer, but for the header. */
struct chain_source {
	struct net_source src;       /* first: found by it */
	struct virtq_chain *chain;
};

static struct virtq_chain *chain_of(const struct net_source *s)
{
	return container_of(s, const struct chain_source, src)->chain;
}

static int source_read(const struct net_source *s, uint32_t at, void *to, uint32_t n)
{
	return chain_read(chain_of(s), NET_HDR_LEN + at, to, n);
}

static int source_to_chain(const struct net_source *s, uint32_t at, struct virtq_chain *to,
			   uint64_t off, uint32_t n)
{
	return chain_copy(to, off, chain_of(s), NET_HDR_LEN + at, n);
}

static int offload_get(struct net_offload *o, const struct hdr *h)
{
	memset(o, 0, sizeof(*o));
	o->needs_csum = h->flags & HDR_NEEDS_CSUM;
	o->csum_start = h->csum_start;
	o->csum_offset = h->csum_offset;
	if (h->gso_type == HDR_GSO_NONE)
		return 0;
	o->ecn = h->gso_type & HDR_GSO_ECN;
	o->gso_size = h->gso_size;
	switch (h->gso_type & ~(uint32_t)HDR_GSO_ECN) {
	case HDR_GSO_TCP4:
		o->gso = NET_GSO_TCP4;
		return 0;
	case HDR_GSO_TCP6:
		o->gso = NET_GSO_TCP6;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The header and the frame's head in one access, as they lie. */
static int frame_get(struct net_frame *f, struct virtq_chain *c, uint32_t caps)
{
	const struct hdr *h = (const struct hdr *)f->hdr;
	uint32_t n;
	int err;

	if (c->out_len < NET_HDR_LEN + NET_ETH_LEN || c->out_len > NET_HDR_LEN + NET_FRAME_MAX)
		return -EINVAL;
	n = (uint32_t)MIN(c->out_len, NET_HDR_LEN + NET_HEAD_MAX);
	err = chain_read(c, 0, f->hdr, n);
	if (err)
		return err;
	f->len = (uint32_t)c->out_len - NET_HDR_LEN;
	f->head_len = f->src_at = n - NET_HDR_LEN;
	if (!(h->flags | h->gso_type)) {
		f->off = (struct net_offload){ 0 };
		return 0;
	}
	err = offload_get(&f->off, h);
	return err ? err : net_offload_check(f, caps);
}

static uint32_t send(struct virtio_net *net, struct virtq_chain *c, uint64_t now)
{
	const struct chain_source src = {
		.src = { .read = source_read, .to_chain = source_to_chain }, .chain = c,
	};
	struct net_frame f;

	f.src = &src.src;
	if (frame_get(&f, c, atomic_load_explicit(&net->tx_caps, memory_order_relaxed))) {
		vswitch_tx_bad(&net->port);
		return NET_ETH_LEN;
	}
	vswitch_send(&net->port, &f, now);
	return f.len;
}

/* Over its rate: the frames wait in the guest's ring. */
static enum virtio_serve throttle(struct virtio_net *net, struct virtq *q, uint64_t until)
{
	atomic_fetch_or(&net->throttled, BIT(q->idx));
	timer_start(&net->timer, until);
	return VIRTIO_WAIT;
}

static void throttle_end(struct timer *t)
{
	struct virtio_net *net = container_of(t, struct virtio_net, timer);
	uint64_t queues = atomic_exchange(&net->throttled, 0);

	for (; queues; queues &= queues - 1)
		virtq_kick(&net->dev.queues[__builtin_ctzll(queues)]);
}

static enum virtio_serve transmit(struct virtio_net *net, struct virtq *q)
{
	uint32_t bytes = 0;

	for (uint32_t n = 0; n < VIRTIO_BATCH && bytes < VIRTIO_BATCH_BYTES; n++) {
		uint64_t now = arch_counter(), wait = vswitch_wait(&net->port, now);

		if (wait)
			return throttle(net, q, now + wait);
		if (virtq_pop(q, &q->chain) <= 0)
			return VIRTIO_IDLE;
		bytes += send(net, &q->chain, now);
		virtq_push(q, &q->chain, 0);
	}
	return VIRTIO_MORE;
}

/* ---- the device ---- */

static bool is_control(const struct virtio_net *net, const struct virtq *q)
{
	return q->idx == (virtio_has(&net->dev, NET_F_MQ) ? 2 * net->max_pairs : 2);
}

static enum virtio_serve net_serve(struct virtio_device *dev, struct virtq *q)
{
	struct virtio_net *net = net_of(dev);

	if (is_control(net, q))
		return virtio_net_control(net, q);
	/* Buffers to receive into are taken when a frame comes: no kick is needed. */
	return q->idx % 2 ? transmit(net, q) : VIRTIO_WAIT;
}

/* 5.1.4, struct virtio_net_config */
static void net_config(struct virtio_device *dev, void *out)
{
	const struct virtio_net *net = net_of(dev);
	uint64_t mac = atomic_load(&net->filter.mac);
	struct {
		uint8_t mac[NET_MAC_LEN];
		uint16_t status, pairs, mtu;
	} c = { .pairs = net->max_pairs, .mtu = (uint16_t)net->port.cfg.mtu };

	memcpy(c.mac, &mac, NET_MAC_LEN);
	if (atomic_load(&net->port.link))
		c.status |= STATUS_LINK_UP;
	if (net->announce)
		c.status |= STATUS_ANNOUNCE;
	memcpy(out, &c, CONFIG_SIZE);
}

static void net_ready(struct virtio_device *dev)
{
	struct virtio_net *net = net_of(dev);

	atomic_store(&net->tx_caps, virtio_net_host_caps(dev->features));
	atomic_store(&net->port.caps, virtio_net_guest_caps(dev->features));
}

static void net_reset(struct virtio_device *dev)
{
	struct virtio_net *net = net_of(dev);

	timer_cancel(&net->timer);
	atomic_store(&net->throttled, 0);
	atomic_store(&net->tx_caps, 0);
	atomic_store(&net->port.caps, 0);
	atomic_store(&net->pairs, 1);
	net->announce = false;
	virtio_net_filter_reset(net);
}

static void set_link(struct vswitch_port *p, bool up)
{
	struct virtio_net *net = container_of(p, struct virtio_net, port);
	struct virtio_device *dev = &net->dev;
	uint64_t flags = spin_lock_irqsave(&dev->lock);
	bool changed = atomic_exchange(&net->port.link, up) != up;

	if (changed && up && virtio_has(dev, NET_F_GUEST_ANNOUNCE))
		net->announce = true;
	spin_unlock_irqrestore(&dev->lock, flags);
	if (changed)
		virtio_config_changed(dev);
}

static const struct virtio_model virtio_net_model = {
	.name = "net", .id = VIRTIO_ID_NET, .config_size = CONFIG_SIZE,
	.config = net_config, .accept = net_accept, .ready = net_ready, .serve = net_serve,
	.reset = net_reset,
};

static const struct vswitch_port_ops port_ops = {
	.deliver = deliver, .set_link = set_link,
};

int virtio_net_init(struct virtio_net *net, const struct virtio_net_config *c,
		    struct vswitch *sw, struct virtio_setup *s)
{
	net->max_pairs = c->pairs;
	net->queue_size = c->queue_size ? c->queue_size : VIRTQ_MAX_SIZE;
	net->spare = c->spare;
	net->port.ops = &port_ops;
	net->port.cfg = c->port;
	snprintf(net->port.name, sizeof(net->port.name), "%s", c->name);
	timer_setup(&net->timer, throttle_end);
	atomic_store(&net->pairs, 1);
	virtio_net_filter_reset(net);
	s->model = &virtio_net_model;
	s->nr_queues = VIRTIO_NET_QUEUES(c->pairs);
	s->features = features(c);
	return vswitch_attach(sw, &net->port);
}

void virtio_net_fini(struct virtio_net *net)
{
	vswitch_detach(&net->port);
	timer_cancel_wait(&net->timer);
}
