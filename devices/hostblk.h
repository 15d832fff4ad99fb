/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk of the board behind virtio-blk, and ranges of it as what stands behind a
 * virtual disk. The device is given memory of the hypervisor only. VirtIO 1.2,
 * "Block Device". docs/storage.md
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/list.h"
#include "core/spinlock.h"
#include "devices/block.h"
#include "devices/virtio_host.h"

#define HOSTBLK_SLOTS   32u            /* requests that the device has at a time  */
#define HOSTBLK_MAX_LEN 0x20000u       /* most bytes of one read or write         */
#define HOSTBLK_SERIAL  20u

/* A request that the device has. */
struct hostblk_slot {
	struct block_request *r;       /* NULL: free                              */
	uint64_t at;                   /* bytes of it that are done               */
	uint64_t len;                  /* bytes under way                         */
};

struct hostblk_cell;                   /* header, status and range of a slot      */

struct hostblk {
	struct virtio_host dev;
	struct spinlock lock;          /* rank 46, docs/locking.md                */
	/* under lock */
	struct virtio_host_ring ring;
	struct hostblk_slot slots[HOSTBLK_SLOTS];
	struct list_node waiting;      /* requests without a slot, in order       */
	bool dead;                     /* the device failed: all end with -EIO    */
	bool held;                     /* and keeps the memory of what it has     */
	/* fixed once started */
	struct hostblk_cell *cells;
	pa_t cells_pa;
	pa_t (*pa_of)(const void *heap);
	uint64_t size;                 /* bytes, a multiple of block_size         */
	uint64_t max_discard, max_zeroes;      /* bytes at a time; 0: not offered */
	uint32_t max_len;              /* of a read or write                      */
	uint32_t block_size;           /* logical, 512 or 4096                    */
	uint32_t physical_size;
	bool read_only, can_flush, zeroes_may_unmap;
	char serial[HOSTBLK_SERIAL + 1];
};

/* A range of a disk, as a back end. */
struct hostblk_part {
	struct block_backend backend;
	struct hostblk *disk;
	uint64_t start;                /* byte of the disk                        */
};

/* Bytes of memory that hostblk_start() wants. */
size_t hostblk_memory(void);

/**
 * hostblk_start() - take a disk into use and look at it
 * @d:     zeroed but for dev, which virtio_host_probe() filled in
 * @mem:   hostblk_memory() bytes
 * @pa_of: where the bytes of a request's buf are
 *
 * Polls for the serial number: for boot.
 *
 * Return: 0; -EIO the device refuses or does not answer; -EINVAL it has no size or
 * block size that can be used.
 */
int hostblk_start(struct hostblk *d, const struct dma_area *mem,
		  pa_t (*pa_of)(const void *heap));

/**
 * hostblk_part_init() - a range of a disk as a back end
 * @p:    storage
 * @size: bytes; start and size are multiples of block_size, within the disk
 *
 * Any number of requests may be under way; those the device has no room for wait in
 * order. A request that the disk cannot do, or that is not whole blocks of the range,
 * is done with -EOPNOTSUPP, -EROFS or -EINVAL. Nothing sleeps.
 */
void hostblk_part_init(struct hostblk_part *p, struct hostblk *d, uint64_t start,
		       uint64_t size);

/*
 * The device's interrupt: done() of what is complete is called from here, for at most
 * HOSTBLK_SLOTS requests. Any context without locks.
 */
void hostblk_interrupt(struct hostblk *d);

/*
 * The device is broken: it is reset, its requests are done with -EIO, it gets no more. On
 * return none is called back any more. False: it could not be reset and may still touch memory.
 */
bool hostblk_give_up(struct hostblk *d);

/**
 * hostblk_poll() - one request, waited for busily; for boot, before the interrupt is used
 * Return: what done() was told; -ETIMEDOUT no answer in HOSTBLK_POLL_S: the disk is dead.
 */
int hostblk_poll(struct hostblk_part *p, enum block_op op, uint64_t pos, void *buf,
		 uint32_t len);
#define HOSTBLK_POLL_S 10
