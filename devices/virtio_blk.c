/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_blk.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"

/* VirtIO 1.2, 5.2.3. */
#define F_SIZE_MAX     BIT(1)
#define F_SEG_MAX      BIT(2)
#define F_RO           BIT(5)
#define F_BLK_SIZE     BIT(6)
#define F_FLUSH        BIT(9)
#define F_TOPOLOGY     BIT(10)
#define F_CONFIG_WCE   BIT(11)
#define F_MQ           BIT(12)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

/* 5.2.4 */
struct blk_config {
	uint64_t capacity;
	uint32_t size_max, seg_max;
	uint32_t geometry;
	uint32_t blk_size;
	uint8_t  physical_block_exp, alignment_offset;
	uint16_t min_io_size;
	uint32_t opt_io_size;
	uint8_t  writeback, unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
	uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
	uint8_t  write_zeroes_may_unmap, unused1[3];
};
_Static_assert(sizeof(struct blk_config) == 64 && offsetof(struct blk_config, num_queues) == 34,
	       "struct virtio_blk_config");
#define CONFIG_SIZE 60

/* 5.2.6 */
enum { T_IN, T_OUT, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK, S_IOERR, S_UNSUPP };

struct blk_header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct blk_range {
	uint64_t sector;
	uint32_t num_sectors, flags;
};
#define RANGE_UNMAP  BIT(0)

#define MAX_RANGE_SECTORS 0x2000     /* 4 MiB, of a discard or write zeroes */

static struct virtio_blk *blk_of(struct virtio_device *dev)
{
	return (struct virtio_blk *)dev;
}

/* ---- configuration ---- */

static void config(struct virtio_device *dev, void *out)
{
	struct virtio_blk *blk = blk_of(dev);
	const struct block_backend *b = blk->backend;
	struct blk_config c = {
		.capacity = b->size / BLOCK_SECTOR, .size_max = VIRTIO_BLK_SIZE_MAX,
		.seg_max = VIRTIO_BLK_SEG_MAX, .blk_size = b->block_size,
		.min_io_size = (uint16_t)(b->physical_size / b->block_size),
		.writeback = blk->writeback, .num_queues = dev->nr_queues,
		.max_discard_sectors = MAX_RANGE_SECTORS, .max_discard_seg = 1,
		.discard_sector_alignment = b->physical_size / BLOCK_SECTOR,
		.max_write_zeroes_sectors = MAX_RANGE_SECTORS, .max_write_zeroes_seg = 1,
		.write_zeroes_may_unmap = b->can_discard,
	};

	while (b->block_size << c.physical_block_exp < b->physical_size)
		c.physical_block_exp++;
	memcpy(out, &c, CONFIG_SIZE);
}

/* Only the cache mode is the driver's to choose. */
static void config_write(struct virtio_device *dev, uint32_t off, const void *data, uint32_t size)
{
	if (off == offsetof(struct blk_config, writeback) && size == 1 &&
	    virtio_has(dev, F_CONFIG_WCE))
		blk_of(dev)->writeback = *(const uint8_t *)data & 1;
}

/* Without FLUSH a driver relies on writes that are on the disk when they are done. */
static bool accept(struct virtio_device *dev)
{
	blk_of(dev)->writeback = virtio_has(dev, F_FLUSH);
	return true;
}

/* ---- one request ---- */

/* What a chain says, as read once; base: where its data begins. */
struct parsed {
	enum block_op op;
	uint64_t pos, len;
	bool unmap;
	bool get_id;
	uint8_t status;              /* not S_OK: answered already                  */
};

static uint8_t check_range(const struct virtio_blk *blk, const struct parsed *p)
{
	const struct block_backend *b = blk->backend;
	uint64_t end = b->size;

	if (p->pos % b->block_size || p->len % b->block_size || p->pos > end ||
	    p->len > end - p->pos)
		return S_IOERR;
	return p->op != BLOCK_READ && b->read_only ? S_IOERR : S_OK;
}

/* One range, as max_discard_seg says. */
static uint8_t parse_range(const struct virtio_blk *blk, struct virtq_chain *c, struct parsed *p)
{
	struct blk_range r;
	uint32_t known = p->op == BLOCK_WRITE_ZEROES ? RANGE_UNMAP : 0;

	if (c->out_len != sizeof(struct blk_header) + sizeof(r))
		return S_UNSUPP;
	if (chain_read(c, sizeof(struct blk_header), &r, sizeof(r)))
		return S_IOERR;
	if (r.flags & ~known)
		return S_UNSUPP;
	if (r.num_sectors > MAX_RANGE_SECTORS || r.sector > UINT64_MAX / BLOCK_SECTOR)
		return S_IOERR;
	p->pos = r.sector * BLOCK_SECTOR;
	p->len = (uint64_t)r.num_sectors * BLOCK_SECTOR;
	p->unmap = r.flags & RANGE_UNMAP;
	return check_range(blk, p);
}

static uint8_t parse_data(const struct virtio_blk *blk, const struct blk_header *h,
			  struct parsed *p)
{
	if (h->sector > UINT64_MAX / BLOCK_SECTOR)
		return S_IOERR;
	p->pos = h->sector * BLOCK_SECTOR;
	return check_range(blk, p);
}

static uint8_t parse_type(const struct virtio_blk *blk, struct virtq_chain *c,
			  const struct blk_header *h, struct parsed *p)
{
	const struct virtio_device *dev = &blk->dev;

	switch (h->type) {
	case T_IN:
		p->op = BLOCK_READ;
		p->len = c->in_len - 1;
		return parse_data(blk, h, p);
	case T_OUT:
		p->op = BLOCK_WRITE;
		p->len = c->out_len - sizeof(*h);
		return parse_data(blk, h, p);
	case T_FLUSH:
		p->op = BLOCK_FLUSH;
		return virtio_has(dev, F_FLUSH) ? S_OK : S_UNSUPP;
	case T_GET_ID:
		p->get_id = true;
		return S_OK;
	case T_DISCARD:
		p->op = BLOCK_DISCARD;
		return virtio_has(dev, F_DISCARD) ? parse_range(blk, c, p) : S_UNSUPP;
	case T_WRITE_ZEROES:
		p->op = BLOCK_WRITE_ZEROES;
		return virtio_has(dev, F_WRITE_ZEROES) ? parse_range(blk, c, p) : S_UNSUPP;
	default:
		return S_UNSUPP;
	}
}

/* False: there is not even room for an answer. */
static bool parse(const struct virtio_blk *blk, struct virtq_chain *c, struct parsed *p)
{
	struct blk_header h;

	p->pos = p->len = 0;
	p->unmap = p->get_id = false;
	p->op = BLOCK_FLUSH;
	p->status = S_IOERR;
	if (c->out_len < sizeof(h) || !c->in_len)
		return false;
	if (!chain_read(c, 0, &h, sizeof(h)))
		p->status = parse_type(blk, c, &h, p);
	return true;
}

static uint8_t status_of(int err)
{
	return err == 0 ? S_OK : err == -ENOTSUP ? S_UNSUPP : S_IOERR;
}

/* The status is the last byte that may be written; what was read lies before it. */
static void answer(struct virtq *q, struct virtq_chain *c, uint8_t status, uint64_t data)
{
	uint64_t last = c->in_len - 1;
	int err = chain_write(c, last, &status, 1);

	/* Bytes from the start on: without all of the data only what comes first counts. */
	virtq_push(q, c, err ? 0 : data == last ? (uint32_t)last + 1 : (uint32_t)data);
}

static uint8_t get_id(const struct virtio_blk *blk, struct virtq_chain *c)
{
	uint64_t len = MIN(c->in_len - 1, (uint64_t)VIRTIO_BLK_SERIAL);

	return status_of(chain_write(c, 0, blk->serial, len));
}

/* ---- back ends that answer at once move the data themselves ---- */

struct direct {
	struct block_request r;      /* first: found by it */
	struct virtq_chain *c;
	uint64_t base;               /* of its data in the chain's */
	int err;
	bool done;
};

static struct virtq_chain *chain_of(struct block_request *r)
{
	return ((struct direct *)r)->c;
}

static uint64_t at(struct block_request *r, uint64_t off)
{
	return ((struct direct *)r)->base + off;
}

static int data_get(struct block_request *r, uint64_t off, void *to, uint32_t len)
{
	return chain_read(chain_of(r), at(r, off), to, len);
}

static int data_put(struct block_request *r, uint64_t off, const void *from, uint32_t len)
{
	return chain_write(chain_of(r), at(r, off), from, len);
}

static int data_get_frame(struct block_request *r, uint64_t off, pa_t to, uint32_t len)
{
	return chain_read_frame(chain_of(r), at(r, off), to, len);
}

static int data_put_frame(struct block_request *r, uint64_t off, pa_t from, uint32_t len)
{
	return chain_write_frame(chain_of(r), at(r, off), from, len);
}

static int data_put_zero(struct block_request *r, uint64_t off, uint32_t len)
{
	return chain_zero(chain_of(r), at(r, off), len);
}

static const struct block_data_ops data_ops = {
	data_get, data_put, data_get_frame, data_put_frame, data_put_zero,
};

static void direct_done(struct block_request *r, int err)
{
	struct direct *d = (struct direct *)r;

	d->err = err;
	d->done = true;
}

/* Of the request the bytes from done on, at most a batch of them. */
static int direct_piece(struct virtio_blk *blk, struct virtq_chain *c,
			const struct virtio_blk_part *p, uint64_t len)
{
	struct direct d;
	int err;

	/* What else there is of the request is the back end's to use. */
	d.r.op = p->op;
	d.r.unmap = p->unmap;
	d.r.pos = p->pos + p->done;
	d.r.len = len;
	d.r.buf = NULL;
	d.r.data = &data_ops;
	d.r.done = direct_done;
	d.c = c;
	d.base = p->done + (p->op == BLOCK_WRITE ? sizeof(struct blk_header) : 0);
	d.done = false;
	err = blk->backend->ops->submit(blk->backend, &d.r);
	return err ? err : d.done ? d.err : -EIO;
}

/* The next piece of what q->chain asks for; the last one answers it. */
static void direct_go_on(struct virtio_blk *blk, struct virtq *q)
{
	struct virtio_blk_part *p = &blk->part[q->idx];
	uint64_t len = MIN(p->len - p->done, (uint64_t)VIRTIO_BATCH_BYTES);
	int err = direct_piece(blk, &q->chain, p, len);

	p->done += len;
	if (!err && p->done < p->len)
		return;
	/* Writes are where they stay, so there is nothing to flush after one. */
	answer(q, &q->chain, status_of(err), !err && p->op == BLOCK_READ ? p->len : 0);
}

static void serve_direct(struct virtio_blk *blk, struct virtq *q, const struct parsed *p)
{
	struct virtq_chain *c = &q->chain;

	if (p->status != S_OK || p->get_id) {
		answer(q, c, p->get_id ? get_id(blk, c) : p->status, p->get_id ? c->in_len - 1 : 0);
		return;
	}
	blk->part[q->idx] = (struct virtio_blk_part){ p->op, p->unmap, p->pos, p->len, 0 };
	direct_go_on(blk, q);
}

/* ---- back ends that take their time: a buffer of ours for each request ---- */

static struct virtio_blk_slot *slot_find(struct virtio_blk *blk)
{
	for (uint32_t i = 0; i < VIRTIO_BLK_SLOTS; i++)
		if (!blk->slots[i].busy)
			return &blk->slots[i];
	return NULL;
}

static bool has_data(const struct block_request *r)
{
	return r->op == BLOCK_READ || r->op == BLOCK_WRITE;
}

/* The next piece of a request, at most what a buffer holds. */
static void piece_submit(struct virtio_blk_slot *s)
{
	struct virtio_blk *blk = s->blk;
	int err = 0;

	s->r.pos = s->pos + s->done;
	s->r.len = s->total - s->done;
	if (has_data(&s->r))
		s->r.len = MIN(s->r.len, blk->buf_size);
	if (s->r.op == BLOCK_WRITE)
		err = chain_read(&s->chain, sizeof(struct blk_header) + s->done, s->r.buf,
				 s->r.len);
	s->again = false;
	if (err) {
		s->r.done(&s->r, err);
		return;
	}
	err = blk->backend->ops->submit(blk->backend, &s->r);
	if (err == -EAGAIN)
		s->again = true;
	else if (err)
		s->r.done(&s->r, err);
}

/* From any context: onto its queue's list, from which serve() takes it. */
static void slot_done(struct block_request *r, int err)
{
	struct virtio_blk_slot *s = (struct virtio_blk_slot *)r;
	struct virtio_blk_slot *_Atomic *list = &s->blk->completed[s->q->idx];

	s->err = err;
	s->next = atomic_load(list);
	while (!atomic_compare_exchange_weak(list, &s->next, s))
		;
	virtq_kick(s->q);
}

/* Whatever the request waited for has come: 0: it goes on; 1: it is done. */
static int slot_go_on(struct virtio_blk_slot *s)
{
	if (!s->err && s->r.op == BLOCK_READ)
		s->err = chain_write(&s->chain, s->done, s->r.buf, s->r.len);
	if (s->err)
		return 1;
	s->done += s->r.len;
	if (s->done < s->total) {
		piece_submit(s);
		return 0;
	}
	/* Through the cache, as the driver counts on it. */
	if (s->r.op != BLOCK_WRITE || s->blk->writeback || !s->blk->backend->can_flush)
		return 1;
	s->r.op = BLOCK_FLUSH;
	s->total = s->done = 0;
	piece_submit(s);
	return 0;
}

static void slot_finish(struct virtio_blk_slot *s)
{
	uint64_t data = !s->err && s->r.op == BLOCK_READ ? s->total : 0;

	answer(s->q, &s->chain, status_of(s->err), data);
	s->busy = false;
}

/* Those of a queue that was reset meanwhile have lost their chains. */
static void take_completed(struct virtio_blk *blk, struct virtq *q)
{
	struct virtio_blk_slot *s = atomic_exchange(&blk->completed[q->idx], NULL), *next;

	for (; s; s = next) {
		next = s->next;
		if (!s->chain.q || s->epoch != q->epoch)
			s->busy = false;
		else if (slot_go_on(s))
			slot_finish(s);
	}
}

static void submit_again(struct virtio_blk *blk, const struct virtq *q)
{
	for (uint32_t i = 0; i < VIRTIO_BLK_SLOTS; i++) {
		struct virtio_blk_slot *s = &blk->slots[i];

		if (s->busy && s->again && s->q == q && s->chain.q)
			piece_submit(s);
	}
}

static void serve_slot(struct virtio_blk *blk, struct virtq *q, struct virtio_blk_slot *s,
		       const struct parsed *p)
{
	if (p->status != S_OK || p->get_id) {
		answer(q, &s->chain, p->get_id ? get_id(blk, &s->chain) : p->status, 0);
		return;
	}
	s->busy = true;
	s->q = q;
	s->epoch = q->epoch;
	s->done = 0;
	s->total = p->len;
	s->pos = p->pos;
	s->err = 0;
	s->r.op = p->op;
	s->r.unmap = p->unmap;
	piece_submit(s);
}

/* There is room again: who waits for it tries. */
static void room(void *ctx)
{
	struct virtio_blk *blk = ctx;

	for (uint16_t i = 0; i < blk->dev.nr_queues; i++)
		virtq_kick(&blk->dev.queues[i]);
}

/* ---- limits ---- */

/* A bucket that holds a tenth of a second: it is empty `due`, and filled by time. */
static bool spent(uint64_t due, uint64_t now)
{
	return due > now + arch_counter_hz() / 10;
}

static uint64_t cost(uint64_t units, uint64_t per_second)
{
	return per_second ? units * arch_counter_hz() / per_second : 0;
}

static void pay(struct virtio_blk *blk, const struct parsed *p, uint64_t now)
{
	blk->iops_due = MAX(blk->iops_due, now) + cost(1, blk->limit.iops);
	blk->bytes_due = MAX(blk->bytes_due, now) +
			 cost(p->op == BLOCK_FLUSH ? 0 : p->len, blk->limit.bytes);
}

/* True: not before the timer has fired. */
static bool must_wait(struct virtio_blk *blk)
{
	uint64_t now, due = MAX(blk->iops_due, blk->bytes_due);

	if (!blk->limit.iops && !blk->limit.bytes)
		return false;
	now = arch_counter();
	if (!spent(due, now))
		return false;
	timer_start(&blk->timer, due - arch_counter_hz() / 10);
	return true;
}

static void fire(struct timer *t)
{
	room(container_of(t, struct virtio_blk, timer));
}

/* ---- the model ---- */

static bool take(struct virtio_blk *blk, struct virtq *q, struct virtio_blk_slot *s,
		 uint64_t *bytes)
{
	struct virtq_chain *c = s ? &s->chain : &q->chain;
	struct parsed p;

	if (virtq_pop(q, c) <= 0)
		return false;
	if (!parse(blk, c, &p)) {
		virtq_drop(q, c);
		virtq_break(q, "a request without header or status");
		return false;
	}
	if (blk->limit.iops || blk->limit.bytes)
		pay(blk, &p, arch_counter());
	*bytes += p.len;
	if (s)
		serve_slot(blk, q, s, &p);
	else
		serve_direct(blk, q, &p);
	return true;
}

static enum virtio_serve serve(struct virtio_device *dev, struct virtq *q)
{
	struct virtio_blk *blk = blk_of(dev);
	uint64_t bytes = q->chain.q ? VIRTIO_BATCH_BYTES : 0;

	if (blk->slots) {
		take_completed(blk, q);
		submit_again(blk, q);
	}
	/* A long one that was begun, if the back end answers at once. */
	if (q->chain.q)
		direct_go_on(blk, q);
	for (uint32_t n = 0; n < VIRTIO_BATCH && bytes < VIRTIO_BATCH_BYTES && !q->chain.q; n++) {
		struct virtio_blk_slot *s = blk->slots ? slot_find(blk) : NULL;

		if (must_wait(blk) || (blk->slots && !s))
			return VIRTIO_WAIT;
		if (!take(blk, q, s, &bytes))
			return VIRTIO_IDLE;
	}
	return VIRTIO_MORE;
}

static void queue_reset(struct virtio_device *dev, struct virtq *q)
{
	struct virtio_blk *blk = blk_of(dev);

	for (uint32_t i = 0; blk->slots && i < VIRTIO_BLK_SLOTS; i++) {
		struct virtio_blk_slot *s = &blk->slots[i];

		if (!s->busy || s->q != q)
			continue;
		virtq_drop(q, &s->chain);
		/* Nobody has one that waits for room. */
		if (s->again)
			s->busy = s->again = false;
	}
}

static void reset(struct virtio_device *dev)
{
	struct virtio_blk *blk = blk_of(dev);
	uint64_t flags = spin_lock_irqsave(&dev->lock);

	blk->writeback = 1;
	spin_unlock_irqrestore(&dev->lock, flags);
}

const struct virtio_model virtio_blk_model = {
	.name = "blk", .id = VIRTIO_ID_BLOCK, .config_size = CONFIG_SIZE,
	.config = config, .config_write = config_write, .accept = accept, .serve = serve,
	.queue_reset = queue_reset, .reset = reset,
};

static uint64_t features(const struct block_backend *b, uint16_t nr_queues)
{
	return F_SIZE_MAX | F_SEG_MAX | F_BLK_SIZE | F_TOPOLOGY | (b->read_only ? F_RO : 0) |
	       (b->can_flush ? F_FLUSH | F_CONFIG_WCE : 0) | (nr_queues > 1 ? F_MQ : 0) |
	       (b->can_discard ? F_DISCARD : 0) | (b->can_zero ? F_WRITE_ZEROES : 0);
}

void virtio_blk_init(struct virtio_blk *blk, struct block_backend *backend, const char *serial,
		     const struct virtio_blk_limit *limit, uint16_t nr_queues,
		     struct virtio_setup *s)
{
	blk->backend = backend;
	blk->limit = *limit;
	blk->writeback = 1;
	memcpy(blk->serial, serial, strnlen(serial, VIRTIO_BLK_SERIAL));
	timer_setup(&blk->timer, fire);
	backend->room = room;
	backend->room_ctx = blk;
	s->model = &virtio_blk_model;
	s->nr_queues = nr_queues;
	s->features = features(backend, nr_queues);
}

void virtio_blk_give_slots(struct virtio_blk *blk, struct virtio_blk_slot *slots,
			   struct virtq_seg *segs, void *bufs, uint32_t buf_size)
{
	blk->slots = slots;
	blk->buf_size = buf_size;
	for (uint32_t i = 0; i < VIRTIO_BLK_SLOTS; i++) {
		virtq_chain_init(&slots[i].chain, segs + i * VIRTQ_MAX_SIZE, VIRTQ_MAX_SIZE);
		slots[i].blk = blk;
		slots[i].r.buf = (char *)bufs + (uint64_t)i * buf_size;
		slots[i].r.done = slot_done;
	}
}

bool virtio_blk_busy(struct virtio_blk *blk)
{
	for (uint16_t i = 0; i < blk->dev.nr_queues && blk->slots; i++)
		take_completed(blk, &blk->dev.queues[i]);
	for (uint32_t i = 0; blk->slots && i < VIRTIO_BLK_SLOTS; i++)
		if (blk->slots[i].busy)
			return true;
	return false;
}

void virtio_blk_fini(struct virtio_blk *blk)
{
	timer_cancel_wait(&blk->timer);
}
