/* SPDX-License-Identifier: Apache-2.0 */
/* A disk of the board, or a partition of it, behind a VM's virtual disk. docs/storage.md */
#pragma once

#include "devices/hostblk.h"
#include "devices/virtio_blk.h"

struct vm;
struct config_disk;

/* All zero: none. */
struct phys_disk {
	struct hostblk_part part;
	/* of requests under way */
	struct virtio_blk_slot *slots;
	struct virtq_seg *segs;
	void *bufs;
	uint32_t buf_size, nr_pages;
};

/**
 * phys_disk_init() - claim what the configuration names, and memory for requests
 * Return: 0; negative errno with a line of log: then nothing is left.
 */
int phys_disk_init(struct vm *vm, struct phys_disk *p, const struct config_disk *c);

/* After virtio_blk_init(). */
void phys_disk_give(struct phys_disk *p, struct virtio_blk *blk);

/* After virtio_blk_fini(). Waits for the device, on a thread. */
void phys_disk_fini(struct vm *vm, struct phys_disk *p, struct virtio_blk *blk);
