/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_vsock.h"

#include <errno.h>
#include <string.h>

#define PER_SERVE 32                 /* packets before others have their turn */

enum { RX, TX, EVENTS };

/* Packets, 5.10.6. */
struct vsock_hdr {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port;
	uint32_t len;
	uint16_t type, op;
	uint32_t flags;
	uint32_t buf_alloc, fwd_cnt;
} __attribute__((packed));
_Static_assert(sizeof(struct vsock_hdr) == 44, "header");

#define TYPE_STREAM 1
#define SHUT_SEND   2u
#define SHUT_BOTH   3u
enum { OP_NONE, OP_REQUEST, OP_RESPONSE, OP_RST, OP_SHUTDOWN, OP_RW, OP_CREDIT, OP_CREDIT_ASK };

static struct virtio_vsock *of(struct virtio_device *dev)
{
	return (struct virtio_vsock *)dev;
}

static uint64_t enter(struct vsock_hub *hub)
{
	return spin_lock_irqsave(&hub->lock);
}

/* Leave, and free what nobody uses any more. */
static void leave(struct vsock_hub *hub, uint64_t flags)
{
	struct vsock_conn *c;

	do {
		c = NULL;
		if (!list_empty(&hub->dead)) {
			c = list_entry(hub->dead.next, struct vsock_conn, node);
			list_remove(&c->node);
		}
		spin_unlock_irqrestore(&hub->lock, flags);
		if (c) {
			hub->free(c);
			flags = enter(hub);
		}
	} while (c);
}

/* ---- ends; all under the lock ---- */

static struct vsock_end *other(struct vsock_end *e)
{
	return e == &e->conn->end[0] ? &e->conn->end[1] : &e->conn->end[0];
}

static uint8_t *ring_of(struct vsock_end *e)
{
	return e->conn->bytes[e - e->conn->end];
}

/* Bytes that may be on their way to this side. */
static uint32_t room_for(const struct vsock_end *e)
{
	return e->cid == VSOCK_CID_HOST ? VSOCK_CALLS_BUF : VSOCK_BUF;
}

/* Bytes that it has room for itself, if what it says makes sense. */
static uint32_t credit(const struct vsock_end *e)
{
	uint32_t on_way = e->sent - e->fwd;

	return on_way < e->alloc ? e->alloc - on_way : 0;
}

/* What to send to it next: the end of a stream after what was sent before it. */
static unsigned int next_op(const struct vsock_end *e)
{
	static const uint8_t first[] = { OP_REQUEST, OP_RESPONSE, OP_CREDIT };

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (e->ops & BIT(first[i]))
			return first[i];
	if (e->level && credit(e))
		return OP_RW;
	if ((e->ops & BIT(OP_SHUTDOWN)) && !e->level)
		return OP_SHUTDOWN;
	/* Who does not read may lose what was sent to it. */
	return e->ops & BIT(OP_RST) ? OP_RST : OP_NONE;
}

static void wake(struct vsock_end *e)
{
	if (!e->dev || e->is_pending || next_op(e) == OP_NONE)
		return;
	e->is_pending = true;
	list_push_back(&e->dev->pending, &e->pending);
	virtq_kick(&e->dev->dev.queues[RX]);
}

static void send(struct vsock_end *e, unsigned int op)
{
	e->ops |= (uint32_t)BIT(op);
	wake(e);
}

static void bury(struct vsock_hub *hub, struct vsock_conn *c)
{
	if (!c->end[0].dev && !c->end[1].dev && !c->nr_users)
		list_push_back(&hub->dead, &c->node);
}

static void unlink_end(struct vsock_end *e)
{
	struct vsock_conn *c = e->conn;

	if (e->is_pending)
		list_remove(&e->pending);
	e->is_pending = false;
	list_remove(&e->node);
	if (e == &c->end[0])
		e->dev->nr_open--;
	if (e->lone)
		e->dev->nr_lone--;
	e->dev = NULL;
}

/* This side is done with it. The other may be slow to learn that, but not for many. */
static void drop(struct vsock_hub *hub, struct vsock_end *e)
{
	struct vsock_end *o = other(e);

	if (!e->dev)
		return;
	unlink_end(e);
	if (o->dev && o->dev->nr_lone == VSOCK_MAX_LONE)
		unlink_end(o);
	if (o->dev) {
		o->lone = true;
		o->dev->nr_lone++;
		send(o, OP_RST);
	}
	bury(hub, e->conn);
}

static void kill(struct vsock_conn *c)
{
	for (int i = 0; i < 2; i++)
		if (c->end[i].dev)
			send(&c->end[i], OP_RST);
}

/* n bytes of e have gone on: it may send as many again. */
static void went_on(struct vsock_end *e, uint32_t n)
{
	e->taken += n;
	if (e->taken - e->told >= room_for(other(e)) / 2)
		send(e, OP_CREDIT);
}

static void unpin(struct vsock_hub *hub, struct vsock_conn *c)
{
	if (--c->nr_users == 0)
		bury(hub, c);
}

static struct vsock_end *find(struct virtio_vsock *v, const struct vsock_hdr *h)
{
	list_for_each_safe(n, next, &v->conns) {
		struct vsock_end *e = list_entry(n, struct vsock_end, node), *o = other(e);

		if (e->port == h->src_port && o->cid == h->dst_cid && o->port == h->dst_port)
			return e;
	}
	return NULL;
}

/* A reset for what belongs to nothing. When there are too many they go unanswered. */
static void stray(struct virtio_vsock *v, const struct vsock_hdr *h)
{
	v->refused++;
	if (h->op == OP_RST || v->nr_strays == VSOCK_MAX_STRAYS)
		return;
	v->strays[v->nr_strays++] = (struct vsock_stray){ h->dst_cid, h->dst_port, h->src_port };
	virtq_kick(&v->dev.queues[RX]);
}

/* ---- a ring's bytes: from and to it in two parts, where it wraps ---- */

static uint32_t wrap(uint32_t at)
{
	return at % VSOCK_BUF;
}

static int ring_fill(struct vsock_end *e, uint32_t at, struct virtq_chain *c, uint32_t n)
{
	uint32_t part = MIN(n, VSOCK_BUF - at);
	int err = chain_read(c, sizeof(struct vsock_hdr), ring_of(e) + at, part);

	return err || part == n ? err : chain_read(c, sizeof(struct vsock_hdr) + part, ring_of(e),
						   n - part);
}

static int ring_drain(struct vsock_end *e, uint32_t at, struct virtq_chain *c, uint32_t n)
{
	uint32_t part = MIN(n, VSOCK_BUF - at);
	int err = chain_write(c, sizeof(struct vsock_hdr), ring_of(e) + at, part);

	return err || part == n ? err : chain_write(c, sizeof(struct vsock_hdr) + part, ring_of(e),
						    n - part);
}

/* ---- Corbel's own side: calls in, results out, on the I/O thread of who asks ---- */

static bool call_take(struct vsock_conn *c, uint8_t *x)
{
	struct vsock_end *g = &c->end[0], *s = &c->end[1];

	if (!g->dev || s->level < VSOCK_CALL_SIZE || VSOCK_BUF - g->level < VSOCK_CALL_SIZE)
		return false;
	for (uint32_t i = 0; i < VSOCK_CALL_SIZE; i++)
		x[i] = ring_of(s)[wrap(s->head + i)];
	s->head = wrap(s->head + VSOCK_CALL_SIZE);
	s->level -= VSOCK_CALL_SIZE;
	went_on(g, VSOCK_CALL_SIZE);
	return true;
}

static void call_answer(struct vsock_conn *c, const uint8_t *x)
{
	struct vsock_end *g = &c->end[0];

	for (uint32_t i = 0; i < VSOCK_CALL_SIZE; i++)
		ring_of(g)[wrap(g->head + g->level + i)] = x[i];
	g->level += VSOCK_CALL_SIZE;
	wake(g);
}

/* Called and left with the lock held; c is pinned. */
static uint64_t calls_serve(struct virtio_vsock *v, struct vsock_conn *c, uint64_t flags)
{
	uint64_t x[VSOCK_CALL_SIZE / 8];

	while (call_take(c, (uint8_t *)x)) {
		leave(v->hub, flags);
		v->call(v->call_ctx, x);
		flags = enter(v->hub);
		call_answer(c, (const uint8_t *)x);
	}
	return flags;
}

/* ---- what the guest sends ---- */

static struct virtio_vsock *peer_of(struct virtio_vsock *v, uint64_t cid)
{
	list_for_each_safe(n, next, &v->hub->devs) {
		struct virtio_vsock *d = list_entry(n, struct virtio_vsock, node);

		if (d->cid == cid && d != v && (v->peers & BIT(d->vm)) && virtio_running(&d->dev))
			return d;
	}
	return NULL;
}

static void end_init(struct vsock_conn *c, int i, struct virtio_vsock *dev, uint64_t cid,
		     uint32_t port)
{
	struct vsock_end *e = &c->end[i];

	e->conn = c;
	e->dev = dev;
	e->cid = cid;
	e->port = port;
	if (dev)
		list_push_back(&dev->conns, &e->node);
}

/* Under the lock. False: not by this VM, or not to there. */
static bool connect(struct virtio_vsock *v, struct vsock_conn *c, const struct vsock_hdr *h)
{
	bool host = h->dst_cid == VSOCK_CID_HOST;
	struct virtio_vsock *d = host ? NULL : peer_of(v, h->dst_cid);

	if (host ? !v->call || h->dst_port != VSOCK_PORT_CALLS : !d)
		return false;
	v->nr_open++;
	end_init(c, 0, v, v->cid, h->src_port);
	end_init(c, 1, d, h->dst_cid, h->dst_port);
	c->end[0].alloc = h->buf_alloc;
	c->end[0].fwd = h->fwd_cnt;
	c->open = host;
	if (host)
		send(&c->end[0], OP_RESPONSE);
	else
		send(&c->end[1], OP_REQUEST);
	return true;
}

static void request(struct virtio_vsock *v, const struct vsock_hdr *h)
{
	struct vsock_conn *c = NULL;
	uint64_t flags = enter(v->hub);
	struct vsock_end *e = find(v, h);
	bool full = v->nr_open == VSOCK_MAX_OPEN, done = false;

	if (e)
		kill(e->conn);
	leave(v->hub, flags);
	if (e)
		return;
	if (!full)
		c = v->hub->alloc(sizeof(*c));
	flags = enter(v->hub);
	done = c && connect(v, c, h);
	if (!done)
		stray(v, h);
	leave(v->hub, flags);
	if (c && !done)
		v->hub->free(c);
}

/* Data into the ring of the other side. The lock is dropped meanwhile. */
static uint64_t data(struct virtio_vsock *v, struct vsock_end *e, const struct vsock_hdr *h,
		     struct virtq_chain *ch, uint64_t flags)
{
	struct vsock_conn *c = e->conn;
	struct vsock_end *o = other(e);
	uint32_t at = wrap(o->head + o->level);
	int err;

	/* More than it has credit for, than there is, or after it said that it is done. */
	if (!c->open || h->len > room_for(o) - o->level || (o->shut & SHUT_SEND) ||
	    h->len > ch->out_len - sizeof(*h)) {
		kill(c);
		return flags;
	}
	c->nr_users++;
	leave(v->hub, flags);
	err = ring_fill(o, at, ch, h->len);
	flags = enter(v->hub);
	if (err) {
		kill(c);
	} else {
		o->level += h->len;
		wake(o);
		if (o->cid == VSOCK_CID_HOST)
			flags = calls_serve(v, c, flags);
	}
	unpin(v->hub, c);
	return flags;
}

static void shutdown(struct vsock_end *e, uint32_t what)
{
	struct vsock_end *o = other(e);

	o->shut |= what & SHUT_BOTH;
	if (o->dev)
		send(o, OP_SHUTDOWN);
	else
		send(e, OP_RST);
}

static void answer(struct vsock_end *e)
{
	struct vsock_conn *c = e->conn;

	if (c->open || e != &c->end[1]) {
		kill(c);
		return;
	}
	c->open = true;
	send(other(e), OP_RESPONSE);
}

static uint64_t packet(struct virtio_vsock *v, struct vsock_end *e, const struct vsock_hdr *h,
		       struct virtq_chain *ch, uint64_t flags)
{
	e->alloc = h->buf_alloc;
	e->fwd = h->fwd_cnt;
	wake(e);
	switch (h->op) {
	case OP_RESPONSE:
		answer(e);
		break;
	case OP_RST:
		drop(v->hub, e);
		break;
	case OP_SHUTDOWN:
		shutdown(e, h->flags);
		break;
	case OP_RW:
		return data(v, e, h, ch, flags);
	case OP_CREDIT:
		break;
	case OP_CREDIT_ASK:
		send(e, OP_CREDIT);
		break;
	default:
		kill(e->conn);
	}
	return flags;
}

static void handle(struct virtio_vsock *v, struct virtq_chain *ch)
{
	struct vsock_end *e;
	struct vsock_hdr h;
	uint64_t flags;

	/* Whoever it says it is, it is this VM. */
	if (chain_read(ch, 0, &h, sizeof(h)) || h.src_cid != v->cid)
		return;
	if (h.type == TYPE_STREAM && h.op == OP_REQUEST) {
		request(v, &h);
		return;
	}
	flags = enter(v->hub);
	e = h.type == TYPE_STREAM ? find(v, &h) : NULL;
	if (e)
		flags = packet(v, e, &h, ch, flags);
	else
		stray(v, &h);
	leave(v->hub, flags);
}

static enum virtio_serve transmit(struct virtio_vsock *v, struct virtq *q)
{
	for (int i = 0; i < PER_SERVE; i++) {
		if (virtq_pop(q, &q->chain) <= 0)
			return VIRTIO_IDLE;
		handle(v, &q->chain);
		virtq_push(q, &q->chain, 0);
	}
	return VIRTIO_MORE;
}

/* ---- what it is sent ---- */

/* One packet; e NULL: to no connection. */
struct out {
	struct vsock_end *e;
	uint32_t at;                 /* in the ring */
	struct vsock_hdr hdr;
};

static void out_stray(struct virtio_vsock *v, struct out *p)
{
	struct vsock_stray s = v->strays[--v->nr_strays];

	p->e = NULL;
	p->hdr = (struct vsock_hdr){
		.src_cid = s.cid, .src_port = s.port, .dst_cid = v->cid, .dst_port = s.my_port,
		.type = TYPE_STREAM, .op = OP_RST,
	};
}

static void out_make(struct out *p, struct vsock_end *e, unsigned int op, uint64_t room)
{
	struct vsock_end *o = other(e);

	p->e = e;
	p->at = e->head;
	p->hdr = (struct vsock_hdr){
		.src_cid = o->cid, .src_port = o->port, .dst_cid = e->cid, .dst_port = e->port,
		.type = TYPE_STREAM, .op = (uint16_t)op,
		.flags = op == OP_SHUTDOWN ? e->shut : 0,
		.buf_alloc = room_for(o), .fwd_cnt = e->taken,
	};
	if (op == OP_RW)
		p->hdr.len = (uint32_t)MIN((uint64_t)MIN(e->level, credit(e)), room);
	e->told = e->taken;
	e->ops &= ~(uint32_t)BIT(op);
	e->conn->nr_users++;
}

/* The next in turn. False: nobody has anything for it. */
static bool out_next(struct virtio_vsock *v, struct out *p, uint64_t room)
{
	while (!v->nr_strays && !list_empty(&v->pending)) {
		struct vsock_end *e = list_entry(v->pending.next, struct vsock_end, pending);
		unsigned int op = next_op(e);

		list_remove(&e->pending);
		e->is_pending = false;
		if (op != OP_NONE) {
			out_make(p, e, op, room);
			return true;
		}
	}
	if (!v->nr_strays)
		return false;
	out_stray(v, p);
	return true;
}

/* The lock held; it may be dropped and taken again. */
static uint64_t out_done(struct virtio_vsock *v, struct out *p, bool ok, uint64_t flags)
{
	struct vsock_end *e = p->e;
	struct vsock_conn *c = e->conn;

	if (ok) {
		e->head = wrap(e->head + p->hdr.len);
		e->level -= p->hdr.len;
		e->sent += p->hdr.len;
		if (p->hdr.len && other(e)->dev)
			went_on(other(e), p->hdr.len);
	}
	if (!ok || p->hdr.op == OP_RST)
		drop(v->hub, e);
	wake(e);
	if (p->hdr.len && v->call && c->end[1].cid == VSOCK_CID_HOST)
		flags = calls_serve(v, c, flags);
	unpin(v->hub, c);
	return flags;
}

static bool pending(struct virtio_vsock *v)
{
	uint64_t flags = enter(v->hub);
	bool any = v->nr_strays || !list_empty(&v->pending);

	leave(v->hub, flags);
	return any;
}

/* A buffer without room for a header takes a packet with it: then its connection ends. */
static bool deliver(struct virtio_vsock *v, struct virtq *q)
{
	struct virtq_chain *ch = &q->chain;
	const uint64_t least = sizeof(struct vsock_hdr);
	uint64_t room = ch->in_len > least ? ch->in_len - least : 0;
	uint64_t flags = enter(v->hub);
	struct out p;
	bool any = out_next(v, &p, room), ok;

	leave(v->hub, flags);
	if (!any) {
		virtq_unpop(q, ch);
		return false;
	}
	ok = !chain_write(ch, 0, &p.hdr, sizeof(p.hdr)) &&
	     (!p.hdr.len || !ring_drain(p.e, p.at, ch, p.hdr.len));
	if (p.e) {
		flags = enter(v->hub);
		flags = out_done(v, &p, ok, flags);
		leave(v->hub, flags);
	}
	virtq_push(q, ch, ok ? (uint32_t)sizeof(p.hdr) + p.hdr.len : 0);
	return true;
}

static enum virtio_serve receive(struct virtio_vsock *v, struct virtq *q)
{
	for (int i = 0; i < PER_SERVE; i++) {
		if (!pending(v))
			return VIRTIO_WAIT;
		if (virtq_pop(q, &q->chain) <= 0)
			return VIRTIO_IDLE;
		if (!deliver(v, q))
			return VIRTIO_WAIT;
	}
	return VIRTIO_MORE;
}

static enum virtio_serve serve(struct virtio_device *dev, struct virtq *q)
{
	if (q->idx == EVENTS)
		return VIRTIO_WAIT;
	return q->idx == TX ? transmit(of(dev), q) : receive(of(dev), q);
}

/* ---- the rest ---- */

static void config(struct virtio_device *dev, void *out)
{
	memcpy(out, &of(dev)->cid, sizeof(of(dev)->cid));
}

/* The guest knows nothing of its connections any more. */
static void reset(struct virtio_device *dev)
{
	struct virtio_vsock *v = of(dev);
	uint64_t flags = enter(v->hub);

	v->nr_strays = 0;
	while (!list_empty(&v->conns))
		drop(v->hub, list_entry(v->conns.next, struct vsock_end, node));
	leave(v->hub, flags);
}

const struct virtio_model virtio_vsock_model = {
	.name = "vsock", .id = VIRTIO_ID_VSOCK, .config_size = sizeof(uint64_t),
	.config = config, .serve = serve, .reset = reset,
};

void vsock_hub_init(struct vsock_hub *hub, void *(*alloc)(size_t size), void (*free)(void *p))
{
	list_init(&hub->devs);
	list_init(&hub->dead);
	hub->alloc = alloc;
	hub->free = free;
}

int virtio_vsock_attach(struct virtio_vsock *v)
{
	uint64_t flags;
	int err = 0;

	list_init(&v->conns);
	list_init(&v->pending);
	v->nr_open = v->nr_lone = v->nr_strays = 0;
	v->refused = 0;
	flags = enter(v->hub);
	list_for_each_safe(n, next, &v->hub->devs)
		if (list_entry(n, struct virtio_vsock, node)->cid == v->cid)
			err = -EEXIST;
	if (!err)
		list_push_back(&v->hub->devs, &v->node);
	leave(v->hub, flags);
	return err;
}

void virtio_vsock_detach(struct virtio_vsock *v)
{
	uint64_t flags;

	reset(&v->dev);
	flags = enter(v->hub);
	list_remove(&v->node);
	leave(v->hub, flags);
}
