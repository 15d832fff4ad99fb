/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-rng: random bytes for a guest. VirtIO 1.2, 5.4; docs/virtio.md. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/timer.h"
#include "devices/virtio.h"

#define VIRTIO_RNG_QUEUES   1
#define VIRTIO_RNG_MAX      4096     /* bytes for one request; the rest is not written */
#define VIRTIO_RNG_PERIOD_MS 10
#define VIRTIO_RNG_PER_PERIOD 0x4000 /* bytes; then the guest waits for the next       */

struct virtio_rng {
	struct virtio_device dev;    /* first */
	/* fixed */
	void (*fill)(void *ctx, void *out, size_t len);
	void *ctx;
	/* under the queue's lock */
	uint64_t period_end;         /* CNTPCT tick                                */
	uint32_t left;               /* bytes until then                           */
	struct timer timer;
};

extern const struct virtio_model virtio_rng_model;

/**
 * virtio_rng_init() - what the model needs beside virtio_init()
 * @fill: random bytes, at most 64 a call; on the VM's I/O thread
 */
void virtio_rng_init(struct virtio_rng *r, void (*fill)(void *ctx, void *out, size_t len),
		     void *ctx);

/* No timer runs any more. Reset before. */
void virtio_rng_fini(struct virtio_rng *r);
