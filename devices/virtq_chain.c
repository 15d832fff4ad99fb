/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a chain, and tables of indirect descriptors. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/lib/bits.h"
#include "devices/virtio.h"
#include "devices/virtq_impl.h"

/* ---- indirect descriptors: 2.7.5.3, 2.8.7 ---- */

#define TABLE_PIECE 16               /* descriptors copied at once */

struct table {
	struct virtq *q;
	uint64_t addr;
	uint32_t nr, first, loaded;  /* what is in desc: [first, first + loaded) */
	struct { uint64_t addr, rest; } desc[TABLE_PIECE];
};

/* Every descriptor is looked at in our copy only. */
static int load(struct table *t, uint32_t i)
{
	struct guest_ram *ram = t->q->dev->ram;

	if (i - t->first < t->loaded)
		return 0;
	t->first = i;
	t->loaded = MIN(t->nr - i, (uint32_t)TABLE_PIECE);
	return ram->ops->read(ram, t->desc, IPA(t->addr + i * DESC_SIZE), t->loaded * DESC_SIZE);
}

static uint16_t flags_of(const struct virtq *q, uint64_t rest)
{
	return (uint16_t)(q->packed ? rest >> 48 : rest >> 32);
}

/* The one after i, or t->nr: the end. Packed tables have no NEXT, all of them counts. */
static uint32_t next_of(const struct table *t, uint32_t i, uint64_t rest)
{
	if (t->q->packed)
		return i + 1;
	return flags_of(t->q, rest) & DESC_F_NEXT ? (uint32_t)(rest >> 48) : t->nr;
}

static int add_from(struct table *t, struct virtq_chain *c)
{
	uint32_t i = 0, seen = 0;

	do {
		uint64_t rest;
		int err = load(t, i);

		if (err)
			return -EFAULT;
		rest = t->desc[i - t->first].rest;
		if (seen++ == t->nr || (flags_of(t->q, rest) & DESC_F_INDIRECT))
			return -EPROTO;
		err = virtq_add_seg(c, t->desc[i - t->first].addr, (uint32_t)rest,
				    flags_of(t->q, rest));
		if (err)
			return err;
		i = next_of(t, i, rest);
	} while (i < t->nr);
	return i == t->nr ? 0 : -EPROTO;
}

int virtq_add_table(struct virtq *q, struct virtq_chain *c, uint64_t addr, uint32_t len)
{
	struct table t = { .q = q, .addr = addr, .nr = len / DESC_SIZE };

	if (!virtio_has(q->dev, VIRTIO_F_INDIRECT_DESC) || !t.nr || len % DESC_SIZE ||
	    t.nr > q->size || range_bad(addr, len))
		return -EPROTO;
	return add_from(&t, c);
}

/* ---- bytes ---- */

/* What to do with one piece: [ipa, ipa + len), which is `done` bytes into the access. */
struct piece_op {
	int (*act)(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa, uint64_t len,
		   uint64_t done);
	void *to;
	const void *from;
	pa_t frame;
	struct virtq_chain *chain;   /* the other side, and where in it */
	uint64_t off;
};

/* The segment that holds byte off; *at: where it begins. off is within the chain. */
static uint16_t seg_find(struct virtq_chain *c, bool in, uint64_t off, uint64_t *at)
{
	const struct virtq_seg *seg = c->seg + (in ? c->nr_out : 0);
	uint16_t i = 0;

	*at = 0;
	if (c->hint[in].at <= off) {
		*at = c->hint[in].at;
		i = c->hint[in].seg;
	}
	while (off - *at >= seg[i].len)
		*at += seg[i++].len;
	c->hint[in].at = *at;
	c->hint[in].seg = i;
	return i;
}

static int on_bytes(struct virtq_chain *c, bool in, uint64_t off, uint64_t len,
		    const struct piece_op *op)
{
	struct guest_ram *ram = c->q->dev->ram;
	uint64_t total = in ? c->in_len : c->out_len, n;
	int err = 0;

	if (off > total || len > total - off)
		return -ERANGE;
	for (uint64_t done = 0; !err && done < len; done += n) {
		uint64_t at;
		uint16_t i = seg_find(c, in, off + done, &at);
		const struct virtq_seg *s = &c->seg[(in ? c->nr_out : 0) + i];
		uint64_t skip = off + done - at;

		n = MIN(s->len - skip, len - done);
		if (range_bad(s->addr.v, s->len))
			return -EFAULT;
		err = op->act(op, ram, ipa_add(s->addr, skip), n, done);
	}
	return err;
}

static int act_read(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa, uint64_t len,
		    uint64_t done)
{
	return ram->ops->read(ram, (char *)op->to + done, ipa, len);
}

static int act_write(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa, uint64_t len,
		     uint64_t done)
{
	return ram->ops->write(ram, ipa, (const char *)op->from + done, len);
}

static int act_zero(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa, uint64_t len,
		    uint64_t done)
{
	static const char zeroes[512];
	int err = 0;

	(void)op;
	(void)done;
	for (uint64_t off = 0, n; !err && off < len; off += n) {
		n = MIN(len - off, sizeof(zeroes));
		err = ram->ops->write(ram, ipa_add(ipa, off), zeroes, n);
	}
	return err;
}

static int act_read_frame(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa,
			  uint64_t len, uint64_t done)
{
	return ram->ops->read_frame(ram, pa_add(op->frame, done), ipa, len);
}

static int act_write_frame(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa,
			   uint64_t len, uint64_t done)
{
	return ram->ops->write_frame(ram, ipa, pa_add(op->frame, done), len);
}

static int read_pieces(struct virtq_chain *c, uint64_t off, void *to, uint64_t len)
{
	const struct piece_op op = { .act = act_read, .to = to };

	return on_bytes(c, false, off, len, &op);
}

static int write_pieces(struct virtq_chain *c, uint64_t off, const void *from, uint64_t len)
{
	const struct piece_op op = { .act = act_write, .from = from };

	return on_bytes(c, true, off, len, &op);
}

/*
 * Most accesses are of few bytes in the first segment or in the last, as headers and status are.
 * The place of such a one, or false.
 */
static inline __attribute__((always_inline))
bool at_an_end(const struct virtq_chain *c, bool in, uint64_t off, uint64_t len, ipa_t *ipa)
{
	uint16_t nr = in ? c->nr_in : c->nr_out;
	uint64_t total = in ? c->in_len : c->out_len;
	const struct virtq_seg *s = &c->seg[in ? c->nr_out : 0];

	if (!nr || len > total || off > total - len)
		return false;
	if (off + len > s->len) {
		s += nr - 1;
		if (off < total - s->len)
			return false;
		off -= total - s->len;
	}
	*ipa = ipa_add(s->addr, off);
	return !range_bad(s->addr.v, s->len);
}

int chain_read(struct virtq_chain *c, uint64_t off, void *to, uint64_t len)
{
	struct guest_ram *ram = c->q->dev->ram;
	ipa_t ipa;

	if (at_an_end(c, false, off, len, &ipa))
		return ram->ops->read(ram, to, ipa, len);
	return read_pieces(c, off, to, len);
}

int chain_write(struct virtq_chain *c, uint64_t off, const void *from, uint64_t len)
{
	struct guest_ram *ram = c->q->dev->ram;
	ipa_t ipa;

	if (at_an_end(c, true, off, len, &ipa))
		return ram->ops->write(ram, ipa, from, len);
	return write_pieces(c, off, from, len);
}

int chain_zero(struct virtq_chain *c, uint64_t off, uint64_t len)
{
	const struct piece_op op = { .act = act_zero };

	return on_bytes(c, true, off, len, &op);
}

int chain_read_frame(struct virtq_chain *c, uint64_t off, pa_t to, uint64_t len)
{
	const struct piece_op op = { .act = act_read_frame, .frame = to };

	return on_bytes(c, false, off, len, &op);
}

int chain_write_frame(struct virtq_chain *c, uint64_t off, pa_t from, uint64_t len)
{
	const struct piece_op op = { .act = act_write_frame, .frame = from };

	return on_bytes(c, true, off, len, &op);
}

/* ---- from chain to chain: for each piece of the target, pieces of the source ---- */

struct copy_target {
	struct piece_op op;          /* first: found by it */
	struct guest_ram *ram;
	ipa_t ipa;
};

static int act_copy_from(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa,
			 uint64_t len, uint64_t done)
{
	const struct copy_target *t = container_of(op, const struct copy_target, op);

	return t->ram->ops->copy(t->ram, ipa_add(t->ipa, done), ram, ipa, len);
}

static int act_copy_to(const struct piece_op *op, struct guest_ram *ram, ipa_t ipa,
		       uint64_t len, uint64_t done)
{
	const struct copy_target t = { { .act = act_copy_from }, ram, ipa };

	return on_bytes(op->chain, false, op->off + done, len, &t.op);
}

int chain_copy(struct virtq_chain *to, uint64_t to_off, struct virtq_chain *from,
	       uint64_t from_off, uint64_t len)
{
	const struct piece_op op = { .act = act_copy_to, .chain = from, .off = from_off };

	if (from_off > from->out_len || len > from->out_len - from_off)
		return -ERANGE;
	return on_bytes(to, true, to_off, len, &op);
}
