/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-balloon: memory that a guest lends back. VirtIO 1.2, 5.5; docs/virtio.md. Where the
 * pages go, and where they come from again, the floor above says.
 */
#pragma once

#include "devices/virtio.h"

#define VIRTIO_BALLOON_QUEUES     5
#define VIRTIO_BALLOON_PAGE       UINT64_C(4096)  /* of a PFN, whatever the guest's pages are */
#define VIRTIO_BALLOON_NR_STATS   16

#define VIRTIO_BALLOON_F_MUST_TELL_HOST BIT(0)
#define VIRTIO_BALLOON_F_STATS_VQ       BIT(1)
#define VIRTIO_BALLOON_F_DEFLATE_ON_OOM BIT(2)
#define VIRTIO_BALLOON_F_REPORTING      BIT(5)
#define VIRTIO_BALLOON_FEATURES (VIRTIO_BALLOON_F_MUST_TELL_HOST | VIRTIO_BALLOON_F_STATS_VQ | \
				 VIRTIO_BALLOON_F_DEFLATE_ON_OOM | VIRTIO_BALLOON_F_REPORTING)

/*
 * On the VM's I/O thread, a queue's lock held. Any addresses, of whole pages; those where
 * there is nothing to do are left out of the number that is returned.
 */
struct virtio_balloon_ops {
	uint32_t (*inflate)(void *ctx, ipa_t ipa, uint32_t nr_pages);
	uint32_t (*deflate)(void *ctx, ipa_t ipa, uint32_t nr_pages);
	uint32_t (*report)(void *ctx, ipa_t ipa, uint32_t nr_pages);  /* free, not lent */
	/* Reset: whatever was lent is the guest's again. */
	void (*forget)(void *ctx);
};

/* Any thread reads these without the lock. */
struct virtio_balloon_counts {
	_Atomic uint32_t target;     /* pages that we want                         */
	_Atomic uint32_t told;       /* pages the guest says it has given          */
	_Atomic uint64_t ignored;    /* pages named that could not be given        */
	_Atomic uint64_t reported;   /* free pages taken                           */
	_Atomic uint64_t stats[VIRTIO_BALLOON_NR_STATS];  /* by tag; UINT64_MAX: unknown */
};

struct virtio_balloon {
	struct virtio_device dev;    /* first */
	/* fixed */
	const struct virtio_balloon_ops *ops;
	void *ctx;
	struct virtio_balloon_counts counts;
	/* under the lock of queue n: how much of its chain is done */
	uint64_t at[VIRTIO_BALLOON_QUEUES];
	uint16_t seg[VIRTIO_BALLOON_QUEUES];
	_Atomic bool want_stats;
};

extern const struct virtio_model virtio_balloon_model;

/* Beside virtio_init(); target: pages to begin with. */
void virtio_balloon_init(struct virtio_balloon *b, const struct virtio_balloon_ops *ops, void *ctx,
			 uint32_t target);

/* Ask the guest to have so many pages in the balloon. Any context without rank 35. */
void virtio_balloon_set(struct virtio_balloon *b, uint32_t pages);

/* Ask the guest for new statistics; they come when they come. Any context. */
void virtio_balloon_ask(struct virtio_balloon *b);
