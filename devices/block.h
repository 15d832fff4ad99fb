/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind a virtual disk: an image, memory, a physical disk or a part of one.
 * docs/virtio.md, "Disks".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/list.h"
#include "core/lib/types.h"

#define BLOCK_SECTOR 512

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES };

struct block_backend;
struct block_request;

/* The data of a request that the back end moves itself. As guest_ram's, 0 or -errno. */
struct block_data_ops {
	/* off: within the request. Of a write: from the guest; of a read: to the guest. */
	int (*get)(struct block_request *r, uint64_t off, void *to, uint32_t len);
	int (*put)(struct block_request *r, uint64_t off, const void *from, uint32_t len);
	int (*get_frame)(struct block_request *r, uint64_t off, pa_t to, uint32_t len);
	int (*put_frame)(struct block_request *r, uint64_t off, pa_t from, uint32_t len);
	int (*put_zero)(struct block_request *r, uint64_t off, uint32_t len);
};

/* Storage is the submitter's, untouched from submit() until done() is called. */
struct block_request {
	enum block_op op;
	bool unmap;                  /* write zeroes: may discard                  */
	uint64_t pos;                /* byte on the disk; multiple of BLOCK_SECTOR */
	uint64_t len;                /* bytes, the same; 0 for a flush             */
	/*
	 * Exactly one is set for reads and writes. buf: contiguous memory of the hypervisor's
	 * heap (hyp_pa() knows it), which stays until done(). data: only within submit().
	 */
	void *buf;
	const struct block_data_ops *data;
	/*
	 * Called once, from submit() or later from any thread or interrupt handler, no lock of
	 * the back end held. err: 0, -EIO, -EINVAL, -ENOSPC, -EROFS, or what data answered.
	 */
	void (*done)(struct block_request *r, int err);
	void *ctx;                   /* the submitter's                            */
	struct list_node node;       /* the back end's, while it has the request   */
	void *priv;
};

struct block_ops {
	/*
	 * Begin a request within the disk's size, of a kind that the back end has. 0: done() is
	 * or will be called; -EAGAIN: no room now, submit it again after room() was called.
	 * On a thread, no spin lock held; does not sleep.
	 */
	int (*submit)(struct block_backend *b, struct block_request *r);
	/* The VM was reset or ends: forget private changes if so configured. May be NULL. */
	void (*reset)(struct block_backend *b);
};

struct block_backend {
	const struct block_ops *ops;
	uint64_t size;               /* bytes, multiple of BLOCK_SECTOR            */
	uint32_t block_size;         /* logical, bytes: 512 or 4096                */
	uint32_t physical_size;      /* of a physical block, bytes                 */
	uint32_t max_len;            /* of a request, bytes; 0: any                */
	bool read_only, can_flush, can_discard, can_zero;
	bool needs_buf;              /* requests need buf, and complete later      */
	/* Room again after -EAGAIN; set by the submitter. Any context. */
	void (*room)(void *ctx);
	void *room_ctx;
};
