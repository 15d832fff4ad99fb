/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_balloon.h"

#include <string.h>

#define PIECE      128               /* PFNs read at once                           */
#define PER_SERVE  1024              /* most pages before others have their turn    */

/* Configuration space, 5.5.4. */
struct balloon_config {
	uint32_t num_pages;
	uint32_t actual;
};

/* One entry of the statistics, 5.5.6.3; packed. */
#define STAT_SIZE 10

static struct virtio_balloon *of(struct virtio_device *dev)
{
	return (struct virtio_balloon *)dev;
}

enum kind { INFLATE, DEFLATE, STATS, REPORT, NONE };

/*
 * Queues of features that were not accepted do not exist. Whether those behind them move up
 * is told one way by the standard and done another by drivers, so REPORT is at both places.
 */
static enum kind kind_of(const struct virtio_device *dev, uint16_t idx)
{
	bool stats = virtio_has(dev, VIRTIO_BALLOON_F_STATS_VQ);
	bool report = virtio_has(dev, VIRTIO_BALLOON_F_REPORTING);

	if (idx < 2)
		return idx == 0 ? INFLATE : DEFLATE;
	if (idx == 2 && stats)
		return STATS;
	return report ? REPORT : NONE;
}

/* ---- lists of page numbers ---- */

static uint32_t move_run(struct virtio_balloon *b, enum kind kind, uint32_t pfn, uint32_t nr)
{
	ipa_t ipa = IPA(pfn * VIRTIO_BALLOON_PAGE);

	return kind == INFLATE ? b->ops->inflate(b->ctx, ipa, nr) :
				 b->ops->deflate(b->ctx, ipa, nr);
}

/* A run of neighbours is one call: drivers list them upwards or downwards. */
static void move_pfns(struct virtio_balloon *b, enum kind kind, const uint32_t *pfn, uint32_t nr)
{
	uint32_t i = 0, moved = 0;

	while (i < nr) {
		uint32_t first = pfn[i], last = pfn[i];

		for (i++; i < nr; i++) {
			if (last != UINT32_MAX && pfn[i] == last + 1)
				last++;
			else if (first != 0 && pfn[i] == first - 1)
				first--;
			else
				break;
		}
		moved += move_run(b, kind, first, last - first + 1);
	}
	atomic_fetch_add(&b->counts.ignored, nr - moved);
}

/* Pages done; the chain is finished when *at has come to its end. */
static uint32_t step_pfns(struct virtio_balloon *b, enum kind kind, struct virtq_chain *c,
			  uint64_t *at)
{
	uint32_t pfn[PIECE];
	uint32_t nr = (uint32_t)MIN((c->out_len - *at) / sizeof(*pfn), (uint64_t)PIECE);

	if (nr == 0 || chain_read(c, *at, pfn, nr * sizeof(*pfn))) {
		*at = c->out_len;
		return 1;
	}
	move_pfns(b, kind, pfn, nr);
	*at += nr * sizeof(*pfn);
	return nr;
}

/* ---- free pages: the buffers themselves ---- */

static uint32_t step_report(struct virtio_balloon *b, struct virtq_chain *c, uint64_t *at,
			    uint16_t *seg)
{
	const struct virtq_seg *s = &c->seg[c->nr_out + *seg];
	uint64_t first = s->addr.v + *at;
	uint32_t nr = (uint32_t)MIN((s->len - *at) / VIRTIO_BALLOON_PAGE, (uint64_t)PER_SERVE);

	if (nr == 0 || range_bad(s->addr.v, s->len) || !is_aligned(first, VIRTIO_BALLOON_PAGE)) {
		(*seg)++;
		*at = 0;
		return 1;
	}
	atomic_fetch_add(&b->counts.reported, b->ops->report(b->ctx, IPA(first), nr));
	*at += nr * VIRTIO_BALLOON_PAGE;
	return nr;
}

/* ---- work ---- */

static uint32_t step(struct virtio_balloon *b, enum kind kind, struct virtq *q, bool *done)
{
	struct virtq_chain *c = &q->chain;
	uint64_t *at = &b->at[q->idx];
	uint16_t *seg = &b->seg[q->idx];
	uint32_t nr = 1;

	if (kind == REPORT) {
		if (*seg < c->nr_in)
			nr = step_report(b, c, at, seg);
		*done = *seg >= c->nr_in;
	} else {
		nr = step_pfns(b, kind, c, at);
		*done = c->out_len - *at < sizeof(uint32_t);
	}
	return nr;
}

/* It stays popped until all of it is done, however long it is. */
static enum virtio_serve serve_pages(struct virtio_balloon *b, enum kind kind, struct virtq *q)
{
	for (uint32_t nr = 0; nr < PER_SERVE;) {
		bool done;

		if (!q->chain.q) {
			if (virtq_pop(q, &q->chain) <= 0)
				return VIRTIO_IDLE;
			b->at[q->idx] = 0;
			b->seg[q->idx] = 0;
		}
		nr += step(b, kind, q, &done);
		if (done)
			virtq_push(q, &q->chain, 0);
	}
	return VIRTIO_MORE;
}

static void read_stats(struct virtio_balloon *b, struct virtq_chain *c)
{
	uint8_t buf[VIRTIO_BALLOON_NR_STATS * STAT_SIZE];
	uint64_t len = MIN(c->out_len, (uint64_t)sizeof(buf));

	if (chain_read(c, 0, buf, len))
		return;
	for (uint64_t at = 0; at + STAT_SIZE <= len; at += STAT_SIZE) {
		uint16_t tag;
		uint64_t val;

		memcpy(&tag, &buf[at], sizeof(tag));
		memcpy(&val, &buf[at + sizeof(tag)], sizeof(val));
		if (tag < VIRTIO_BALLOON_NR_STATS)
			atomic_store(&b->counts.stats[tag], val);
	}
}

/* One buffer is kept; giving it back asks for the next. 5.5.6.3 */
static enum virtio_serve serve_stats(struct virtio_balloon *b, struct virtq *q)
{
	if (q->chain.q && atomic_exchange(&b->want_stats, false))
		virtq_push(q, &q->chain, 0);
	if (!q->chain.q && virtq_pop(q, &q->chain) > 0)
		read_stats(b, &q->chain);
	return q->chain.q ? VIRTIO_WAIT : VIRTIO_IDLE;
}

static enum virtio_serve serve(struct virtio_device *dev, struct virtq *q)
{
	enum kind kind = kind_of(dev, q->idx);

	if (kind == NONE)
		return VIRTIO_WAIT;
	return kind == STATS ? serve_stats(of(dev), q) : serve_pages(of(dev), kind, q);
}

/* ---- configuration, reset ---- */

static void config(struct virtio_device *dev, void *out)
{
	struct balloon_config c = {
		.num_pages = atomic_load(&of(dev)->counts.target),
		.actual = atomic_load(&of(dev)->counts.told),
	};

	memcpy(out, &c, sizeof(c));
}

static void config_write(struct virtio_device *dev, uint32_t off, const void *data, uint32_t size)
{
	uint32_t told;

	if (off != offsetof(struct balloon_config, actual) || size != sizeof(told))
		return;
	memcpy(&told, data, size);
	atomic_store(&of(dev)->counts.told, told);
}

static void reset(struct virtio_device *dev)
{
	struct virtio_balloon *b = of(dev);

	atomic_store(&b->counts.told, 0);
	atomic_store(&b->want_stats, false);
	for (int i = 0; i < VIRTIO_BALLOON_NR_STATS; i++)
		atomic_store(&b->counts.stats[i], UINT64_MAX);
	b->ops->forget(b->ctx);
}

const struct virtio_model virtio_balloon_model = {
	.name = "balloon", .id = VIRTIO_ID_BALLOON, .config_size = sizeof(struct balloon_config),
	.config = config, .config_write = config_write, .serve = serve, .reset = reset,
};

void virtio_balloon_init(struct virtio_balloon *b, const struct virtio_balloon_ops *ops, void *ctx,
			 uint32_t target)
{
	b->ops = ops;
	b->ctx = ctx;
	memset(&b->counts, 0, sizeof(b->counts));
	atomic_store(&b->counts.target, target);
	for (int i = 0; i < VIRTIO_BALLOON_NR_STATS; i++)
		atomic_store(&b->counts.stats[i], UINT64_MAX);
}

void virtio_balloon_set(struct virtio_balloon *b, uint32_t pages)
{
	atomic_store(&b->counts.target, pages);
	virtio_config_changed(&b->dev);
}

void virtio_balloon_ask(struct virtio_balloon *b)
{
	atomic_store(&b->want_stats, true);
	for (uint16_t i = 0; i < b->dev.nr_queues; i++)
		if (kind_of(&b->dev, i) == STATS)
			virtq_kick(&b->dev.queues[i]);
}
