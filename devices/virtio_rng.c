/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_rng.h"

#include <string.h>

#include <arch/timer.h>

#define PIECE 64                     /* a block of the generator */

static uint32_t fill(struct virtio_rng *r, struct virtq_chain *c, uint32_t want)
{
	uint8_t buf[PIECE];
	uint32_t done = 0;

	while (done < want) {
		uint32_t n = MIN(want - done, (uint32_t)PIECE);

		r->fill(r->ctx, buf, n);
		if (chain_write(c, done, buf, n))
			break;
		done += n;
	}
	memset(buf, 0, sizeof(buf));
	return done;
}

/* May it have bytes now? If not, the timer calls again. */
static bool has_budget(struct virtio_rng *r)
{
	uint64_t now = arch_counter(), period = VIRTIO_RNG_PERIOD_MS * arch_counter_hz() / 1000;

	/* Over, or further ahead than any: the counter went back. */
	if (r->period_end - now - 1 >= period) {
		r->period_end = now + period;
		r->left = VIRTIO_RNG_PER_PERIOD;
	}
	if (!r->left)
		timer_start(&r->timer, r->period_end);
	return r->left;
}

static enum virtio_serve serve(struct virtio_device *dev, struct virtq *q)
{
	struct virtio_rng *r = (struct virtio_rng *)dev;

	for (int i = 0; i < VIRTIO_BATCH; i++) {
		uint64_t want;

		if (!has_budget(r))
			return VIRTIO_WAIT;
		if (virtq_pop(q, &q->chain) <= 0)
			return VIRTIO_IDLE;
		want = MIN(q->chain.in_len, (uint64_t)MIN(r->left, (uint32_t)VIRTIO_RNG_MAX));
		r->left -= (uint32_t)want;
		virtq_push(q, &q->chain, fill(r, &q->chain, (uint32_t)want));
	}
	return VIRTIO_MORE;
}

const struct virtio_model virtio_rng_model = {
	.name = "rng", .id = VIRTIO_ID_RNG, .serve = serve,
};

static void next_period(struct timer *t)
{
	struct virtio_rng *r = container_of(t, struct virtio_rng, timer);

	virtq_kick(&r->dev.queues[0]);
}

void virtio_rng_init(struct virtio_rng *r, void (*fill_fn)(void *ctx, void *out, size_t len),
		     void *ctx)
{
	r->fill = fill_fn;
	r->ctx = ctx;
	timer_setup(&r->timer, next_period);
}

void virtio_rng_fini(struct virtio_rng *r)
{
	timer_cancel_wait(&r->timer);
}
