/* SPDX-License-Identifier: Apache-2.0 */
/* A disk: VirtIO 1.2, 5.2, on any back end (devices/block.h). docs/virtio.md, "Disks". */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/timer.h"
#include "devices/block.h"
#include "devices/virtio.h"

#define VIRTIO_BLK_MAX_QUEUES 8
#define VIRTIO_BLK_SERIAL     20
#define VIRTIO_BLK_SLOTS      16         /* requests under way, of a back end that takes its time */
#define VIRTIO_BLK_SEG_MAX    126        /* what drivers are told of data in a request: segments, */
#define VIRTIO_BLK_SIZE_MAX   0x8000     /* and bytes in one; more is taken as well               */

/* At most so much a second; 0: no limit. */
struct virtio_blk_limit {
	uint32_t iops;
	uint64_t bytes;
};

/* A request that the back end has: only if it needs buffers. */
struct virtio_blk_slot {
	struct block_request r;      /* one piece of the request after the other   */
	struct virtq_chain chain;
	struct virtio_blk *blk;
	struct virtq *q;
	uint32_t epoch;              /* of the queue, when it was popped           */
	uint64_t done, total;        /* bytes of the request                       */
	uint64_t pos;
	int err;
	bool busy, again;            /* again: to be submitted once there is room  */
	struct virtio_blk_slot *next;    /* on the queue's list of those completed */
};

/* A request whose chain is the queue's, done piece by piece: if the back end needs no buffers. */
struct virtio_blk_part {
	enum block_op op;
	bool unmap;
	uint64_t pos, len, done;
};

struct virtio_blk {
	struct virtio_device dev;        /* first: the model is found by it        */
	/* fixed from virtio_blk_init() on */
	struct block_backend *backend;
	struct virtio_blk_limit limit;
	char serial[VIRTIO_BLK_SERIAL];  /* padded with NULs                       */
	struct virtio_blk_slot *slots;   /* VIRTIO_BLK_SLOTS, if the back end needs buffers */
	uint32_t buf_size;
	/* any context */
	struct virtio_blk_slot *_Atomic completed[VIRTIO_BLK_MAX_QUEUES];
	/* under dev.lock */
	uint8_t writeback;
	/* under the lock of each queue */
	struct virtio_blk_part part[VIRTIO_BLK_MAX_QUEUES];
	/* by the I/O thread */
	uint64_t iops_due, bytes_due;    /* ticks: the limits are kept by then     */
	struct timer timer;              /* kicks all queues when they are         */
};

extern const struct virtio_model virtio_blk_model;

/**
 * virtio_blk_init() - make a disk, but for its struct virtio_device
 * @blk:     zeroed
 * @backend: outlives it
 * @serial:  up to VIRTIO_BLK_SERIAL bytes
 * @nr_queues: 1..VIRTIO_BLK_MAX_QUEUES
 * @s:       model, nr_queues and features are set
 *
 * For a back end that needs buffers, virtio_blk_give_slots() comes next.
 */
void virtio_blk_init(struct virtio_blk *blk, struct block_backend *backend, const char *serial,
		     const struct virtio_blk_limit *limit, uint16_t nr_queues,
		     struct virtio_setup *s);

/**
 * virtio_blk_give_slots() - memory for requests under way
 * @slots: VIRTIO_BLK_SLOTS, zeroed
 * @segs:  VIRTIO_BLK_SLOTS * VIRTQ_MAX_SIZE
 * @bufs:  VIRTIO_BLK_SLOTS buffers of @buf_size bytes, as block_request.buf wants them
 */
void virtio_blk_give_slots(struct virtio_blk *blk, struct virtio_blk_slot *slots,
			   struct virtq_seg *segs, void *bufs, uint32_t buf_size);

/* Does the back end still have a request of it? Then it must not go yet. */
bool virtio_blk_busy(struct virtio_blk *blk);

/* No timer of it runs on return; the device was reset. */
void virtio_blk_fini(struct virtio_blk *blk);
