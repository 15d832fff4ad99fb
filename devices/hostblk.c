/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/hostblk.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"

/* "Block Device", "Feature bits" */
#define F_SIZE_MAX      1
#define F_RO            5
#define F_BLK_SIZE      6
#define F_FLUSH         9
#define F_TOPOLOGY      10
#define F_DISCARD       13
#define F_WRITE_ZEROES  14
#define FEATURES (BIT(F_SIZE_MAX) | BIT(F_RO) | BIT(F_BLK_SIZE) | BIT(F_FLUSH) | \
		  BIT(F_TOPOLOGY) | BIT(F_DISCARD) | BIT(F_WRITE_ZEROES))

/* "Device configuration layout" */
#define CONFIG_CAPACITY       0     /* 8 bytes, in sectors */
#define CONFIG_SIZE_MAX       8
#define CONFIG_BLK_SIZE       20
#define CONFIG_PHYSICAL_EXP   24    /* 1 byte: log2 of blocks per physical block */
#define CONFIG_MAX_DISCARD    36
#define CONFIG_MAX_ZEROES     48
#define CONFIG_ZEROES_UNMAP   56    /* 1 byte */

/* "Device Operation" */
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, S_NONE = 0xff };
#define ZEROES_UNMAP 1u

#define CHAIN     3u                    /* descriptors of a slot: header, data, status */
#define RING_SIZE 128u                  /* a power of two >= CHAIN * HOSTBLK_SLOTS     */
_Static_assert(CHAIN * HOSTBLK_SLOTS <= RING_SIZE, "a chain for each slot");

struct hostblk_cell {
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} head;
	struct {
		uint64_t sector;
		uint32_t nr_sectors, flags;
	} range;
	_Atomic uint8_t status;
	uint8_t pad[31];
};
_Static_assert(sizeof(struct hostblk_cell) == 64, "cells do not share a line");

/* Beside the operations of block.h, for hostblk_start() alone. */
#define OP_GET_ID (BLOCK_WRITE_ZEROES + 1)

static const uint8_t types[] = {
	[BLOCK_READ] = T_IN, [BLOCK_WRITE] = T_OUT, [BLOCK_FLUSH] = T_FLUSH,
	[BLOCK_DISCARD] = T_DISCARD, [BLOCK_WRITE_ZEROES] = T_WRITE_ZEROES,
	[OP_GET_ID] = T_GET_ID,
};

size_t hostblk_memory(void)
{
	return virtio_host_ring_size(RING_SIZE) + HOSTBLK_SLOTS * sizeof(struct hostblk_cell);
}

/* ---- one request to the device; all under the disk's lock ---- */

static bool is_range(unsigned int op)
{
	return op == BLOCK_DISCARD || op == BLOCK_WRITE_ZEROES;
}

/* How much of a request goes at once. */
static uint64_t piece_of(const struct hostblk *d, const struct block_request *r, uint64_t at)
{
	uint64_t most = r->op == BLOCK_DISCARD ? d->max_discard :
			r->op == BLOCK_WRITE_ZEROES ? d->max_zeroes : d->max_len;

	return MIN(r->len - at, most);
}

static void describe(struct hostblk *d, unsigned int idx, pa_t pa, uint64_t len, uint16_t flags)
{
	d->ring.desc[idx] = (struct virtio_host_desc){
		pa.v, (uint32_t)len, flags, (uint16_t)(idx + 1) };
}

/* The next piece of a slot's request. */
static void slot_push(struct hostblk *d, unsigned int n)
{
	struct hostblk_slot *s = &d->slots[n];
	const struct block_request *r = s->r;
	const struct hostblk_part *p = r->priv;
	struct hostblk_cell *cell = &d->cells[n];
	pa_t pa = pa_add(d->cells_pa, n * sizeof(*cell));
	uint64_t sector = (p->start + r->pos + s->at) / BLOCK_SECTOR;
	unsigned int idx = n * CHAIN, op = r->op;

	s->len = piece_of(d, r, s->at);
	cell->head.type = types[op];
	cell->head.sector = is_range(op) || op == BLOCK_FLUSH ? 0 : sector;
	atomic_store_explicit(&cell->status, S_NONE, memory_order_relaxed);
	describe(d, idx, pa, sizeof(cell->head), VIRTIO_DESC_NEXT);
	if (is_range(op)) {
		cell->range.sector = sector;
		cell->range.nr_sectors = (uint32_t)(s->len / BLOCK_SECTOR);
		cell->range.flags = op == BLOCK_WRITE_ZEROES && r->unmap && d->zeroes_may_unmap ?
				    ZEROES_UNMAP : 0;
		describe(d, ++idx, pa_add(pa, offsetof(struct hostblk_cell, range)),
			 sizeof(cell->range), VIRTIO_DESC_NEXT);
	} else if (s->len) {
		describe(d, ++idx, d->pa_of((char *)r->buf + s->at), s->len,
			 op == BLOCK_WRITE ? VIRTIO_DESC_NEXT :
					     VIRTIO_DESC_NEXT | VIRTIO_DESC_WRITE);
	}
	describe(d, ++idx, pa_add(pa, offsetof(struct hostblk_cell, status)), 1,
		 VIRTIO_DESC_WRITE);
	virtio_host_push(&d->ring, (uint16_t)(n * CHAIN));
}

static int slot_free(const struct hostblk *d)
{
	for (unsigned int n = 0; n < HOSTBLK_SLOTS; n++)
		if (!d->slots[n].r)
			return (int)n;
	return -1;
}

/* Give the device what waits and fits. */
static void hand_out(struct hostblk *d)
{
	bool any = false;
	int n;

	while (!list_empty(&d->waiting) && (n = slot_free(d)) >= 0) {
		struct block_request *r = list_entry(d->waiting.next, struct block_request, node);

		list_remove(&r->node);
		d->slots[n] = (struct hostblk_slot){ .r = r };
		slot_push(d, (unsigned int)n);
		any = true;
	}
	if (any)
		virtio_host_kick(&d->ring);
}

/* ---- what comes back ---- */

/* A read that is too short would show what the buffer held before. */
static int slot_result(const struct hostblk *d, unsigned int n, uint32_t written)
{
	const struct hostblk_slot *s = &d->slots[n];
	bool reads = s->r->op == BLOCK_READ;

	switch (atomic_load_explicit(&d->cells[n].status, memory_order_relaxed)) {
	case S_OK:     return reads && written < s->len + 1 ? -EIO : 0;
	case S_UNSUPP: return -EOPNOTSUPP;
	default:       return -EIO;
	}
}

/*
 * Take one chain back. Returns 1, with *r its request and *err how that ended, or *r NULL
 * if it goes on; 0: there is no more; -EIO: the device writes nonsense.
 */
static int take_one(struct hostblk *d, struct block_request **r, int *err)
{
	uint32_t written;
	uint16_t head;
	unsigned int n;
	int got = virtio_host_pop(&d->ring, &head, &written);

	*r = NULL;
	if (got <= 0)
		return got;
	n = head / CHAIN;
	if (head % CHAIN || n >= HOSTBLK_SLOTS || !d->slots[n].r)
		return -EIO;
	*err = slot_result(d, n, written);
	d->slots[n].at += d->slots[n].len;
	if (!*err && d->slots[n].at < d->slots[n].r->len) {
		slot_push(d, n);
		virtio_host_kick(&d->ring);
		return 1;
	}
	*r = d->slots[n].r;
	d->slots[n].r = NULL;
	return 1;
}

/*
 * The device is lost. Once it is reset it touches nothing any more, and what it had is
 * given back; if it cannot be reset, that memory stays its own.
 */
static struct block_request *take_failed(struct hostblk *d)
{
	struct block_request *r = NULL;

	if (!d->dead) {
		d->dead = true;
		d->held = !virtio_host_reset(&d->dev);
	}
	for (unsigned int n = 0; n < HOSTBLK_SLOTS && !r && !d->held; n++) {
		r = d->slots[n].r;
		d->slots[n].r = NULL;
	}
	if (!r && !list_empty(&d->waiting)) {
		r = list_entry(d->waiting.next, struct block_request, node);
		list_remove(&r->node);
	}
	return r;
}

static void fail_all(struct hostblk *d)
{
	struct block_request *r;

	do {
		uint64_t flags = spin_lock_irqsave(&d->lock);

		r = take_failed(d);
		spin_unlock_irqrestore(&d->lock, flags);
		if (r)
			r->done(r, -EIO);
	} while (r);
}

bool hostblk_give_up(struct hostblk *d)
{
	fail_all(d);
	return !d->held;
}

void hostblk_interrupt(struct hostblk *d)
{
	int got = 1;

	virtio_host_irq(&d->dev);
	for (unsigned int i = 0; i <= HOSTBLK_SLOTS && got > 0; i++) {
		uint64_t flags = spin_lock_irqsave(&d->lock);
		struct block_request *r = NULL;
		int err = 0;

		got = d->dead ? 0 : take_one(d, &r, &err);
		if (r)
			hand_out(d);
		spin_unlock_irqrestore(&d->lock, flags);
		if (r)
			r->done(r, err);
	}
	if (got < 0 || virtio_host_failed(&d->dev))
		fail_all(d);
}

/* ---- ranges ---- */

static int check(const struct hostblk_part *p, const struct block_request *r)
{
	const struct block_backend *b = &p->backend;
	uint64_t mask = b->block_size - 1;
	bool data = r->op == BLOCK_READ || r->op == BLOCK_WRITE;

	if (r->op == BLOCK_FLUSH)
		return b->can_flush ? 0 : -EOPNOTSUPP;
	if (r->pos > b->size || r->len > b->size - r->pos || !r->len || (r->pos | r->len) & mask ||
	    (data && (!r->buf || r->len > b->max_len)))
		return -EINVAL;
	if (r->op != BLOCK_READ && b->read_only)
		return -EROFS;
	if ((r->op == BLOCK_DISCARD && !b->can_discard) ||
	    (r->op == BLOCK_WRITE_ZEROES && !b->can_zero))
		return -EOPNOTSUPP;
	return 0;
}

static void enqueue(struct hostblk *d, struct block_request *r)
{
	uint64_t flags = spin_lock_irqsave(&d->lock);
	bool dead = d->dead;

	if (!dead) {
		list_push_back(&d->waiting, &r->node);
		hand_out(d);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	if (dead)
		r->done(r, -EIO);
}

static int part_submit(struct block_backend *b, struct block_request *r)
{
	struct hostblk_part *p = container_of(b, struct hostblk_part, backend);
	int err = check(p, r);

	r->priv = p;
	if (err)
		r->done(r, err);
	else
		enqueue(p->disk, r);
	return 0;
}

void hostblk_part_init(struct hostblk_part *p, struct hostblk *d, uint64_t start, uint64_t size)
{
	static const struct block_ops ops = { .submit = part_submit };

	*p = (struct hostblk_part){ .disk = d, .start = start, .backend = {
		.ops = &ops, .size = size, .block_size = d->block_size,
		.physical_size = d->physical_size, .max_len = d->max_len,
		.read_only = d->read_only, .can_flush = d->can_flush,
		.can_discard = d->max_discard != 0, .can_zero = d->max_zeroes != 0,
		.needs_buf = true,
	} };
}

/* ---- start ---- */

static void poll_done(struct block_request *r, int err)
{
	*(int *)r->ctx = err;
}

static int poll_request(struct hostblk_part *p, struct block_request *r)
{
	uint64_t begin = arch_counter(), most = HOSTBLK_POLL_S * arch_counter_hz();
	int err = 1;

	r->done = poll_done;
	r->ctx = &err;
	r->priv = p;
	enqueue(p->disk, r);
	while (err > 0) {
		hostblk_interrupt(p->disk);
		if (err > 0 && arch_counter() - begin >= most) {
			fail_all(p->disk);
			return -ETIMEDOUT;
		}
	}
	return err;
}

int hostblk_poll(struct hostblk_part *p, enum block_op op, uint64_t pos, void *buf, uint32_t len)
{
	struct block_request r = { .op = op, .pos = pos, .len = len, .buf = buf };
	int err = check(p, &r);

	return err ? err : poll_request(p, &r);
}

/* Multiples of a block, and what fits in a descriptor's length or a range's count. */
static uint64_t sectors_limit(const struct hostblk *d, uint32_t config)
{
	uint64_t most = virtio_host_config(&d->dev, config, 4) * BLOCK_SECTOR;

	return align_down(most, d->block_size);
}

static int read_config(struct hostblk *d)
{
	const struct virtio_host *v = &d->dev;
	uint64_t exp = 0;

	d->size = virtio_host_config(v, CONFIG_CAPACITY, 8);
	if (d->size > UINT64_MAX / BLOCK_SECTOR)
		return -EINVAL;
	d->block_size = virtio_host_has(v, F_BLK_SIZE) ?
			(uint32_t)virtio_host_config(v, CONFIG_BLK_SIZE, 4) : BLOCK_SECTOR;
	if (d->block_size != BLOCK_SECTOR && d->block_size != 4096)
		return -EINVAL;
	d->size = align_down(d->size * BLOCK_SECTOR, d->block_size);
	d->max_len = HOSTBLK_MAX_LEN;
	if (virtio_host_has(v, F_SIZE_MAX))
		d->max_len = MIN(d->max_len, (uint32_t)virtio_host_config(v, CONFIG_SIZE_MAX, 4));
	d->max_len = (uint32_t)align_down(d->max_len, d->block_size);
	if (virtio_host_has(v, F_TOPOLOGY))
		exp = virtio_host_config(v, CONFIG_PHYSICAL_EXP, 1);
	d->physical_size = d->block_size << (exp < 16 ? exp : 0);
	d->read_only = virtio_host_has(v, F_RO);
	/* Without a flush there is no cache: what is written is on the disk. */
	d->can_flush = virtio_host_has(v, F_FLUSH);
	if (virtio_host_has(v, F_DISCARD))
		d->max_discard = sectors_limit(d, CONFIG_MAX_DISCARD);
	if (virtio_host_has(v, F_WRITE_ZEROES)) {
		d->max_zeroes = sectors_limit(d, CONFIG_MAX_ZEROES);
		d->zeroes_may_unmap = virtio_host_config(v, CONFIG_ZEROES_UNMAP, 1) & 1;
	}
	return d->size && d->max_len ? 0 : -EINVAL;
}

/* Into the range of the last slot, which polled requests do not reach. */
static void read_serial(struct hostblk *d)
{
	struct hostblk_part p = { .disk = d };
	char *buf = (char *)&d->cells[HOSTBLK_SLOTS - 1];
	struct block_request r = { .op = (enum block_op)OP_GET_ID, .buf = buf,
				   .len = HOSTBLK_SERIAL };

	if (poll_request(&p, &r))
		return;
	for (unsigned int i = 0; i < HOSTBLK_SERIAL && buf[i] > ' ' && buf[i] < 0x7f; i++)
		d->serial[i] = buf[i];
}

int hostblk_start(struct hostblk *d, const struct dma_area *mem,
		  pa_t (*pa_of)(const void *heap))
{
	size_t ring = virtio_host_ring_size(RING_SIZE);
	int err = virtio_host_begin(&d->dev, FEATURES);

	list_init(&d->waiting);
	d->cells = (void *)((char *)mem->va + ring);
	d->cells_pa = pa_add(mem->pa, ring);
	d->pa_of = pa_of;
	if (!err)
		err = read_config(d);
	if (!err)
		err = virtio_host_ring(&d->dev, &d->ring, 0, RING_SIZE, mem);
	if (err) {
		virtio_host_reset(&d->dev);
		return err;
	}
	virtio_host_go(&d->dev);
	read_serial(d);
	return d->dead ? -EIO : 0;
}
