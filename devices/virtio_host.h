/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's own virtio devices, driven by EL2: registers of virtio-mmio and split
 * rings. VirtIO 1.2, "Virtio Over MMIO", "Split Virtqueues". Only modern devices
 * (version 2). What a device writes into memory is bounds-checked all the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/types.h"

enum { VIRTIO_HOST_NET = 1, VIRTIO_HOST_BLOCK = 2 };

#define VIRTIO_HOST_F_VERSION_1 32          /* feature bits that are no device's own */

/* Memory that a device may read and write: contiguous, zeroed, the hypervisor's. */
struct dma_area {
	void *va;
	pa_t pa;
	size_t size;
};

struct virtio_host {
	va_t regs;
	uint32_t device_id;
	uint64_t features;             /* agreed by virtio_host_begin()      */
};

/* One entry of the descriptor table. "The Virtqueue Descriptor Table". */
struct virtio_host_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
#define VIRTIO_DESC_NEXT  1u
#define VIRTIO_DESC_WRITE 2u           /* the device writes                  */

struct virtio_host_avail;
struct virtio_host_used;

struct virtio_host_ring {
	struct virtio_host *dev;
	uint16_t queue, size;          /* size: descriptors, a power of two  */
	uint16_t avail_idx, used_idx;
	struct virtio_host_desc *desc;
	struct virtio_host_avail *avail;
	const struct virtio_host_used *used;
};

/**
 * virtio_host_probe() - what is behind these registers?
 * @v:    filled in
 * @regs: mapped as device memory
 *
 * Return: 0; -ENODEV no transport or nothing plugged in; -ENOTSUP a device of the
 * legacy interface.
 */
int virtio_host_probe(struct virtio_host *v, va_t regs);

/**
 * virtio_host_begin() - reset and agree on features
 * @wanted: feature bits the driver understands; VIRTIO_HOST_F_VERSION_1 is added
 *
 * Return: 0; -EIO the device does not come out of reset or refuses.
 */
int virtio_host_begin(struct virtio_host *v, uint64_t wanted);

static inline bool virtio_host_has(const struct virtio_host *v, unsigned int feature)
{
	return v->features >> feature & 1;
}

/* Bytes of memory that a ring of that many descriptors takes; 16-byte aligned. */
size_t virtio_host_ring_size(uint16_t size);

/**
 * virtio_host_ring() - give a queue its memory, between begin and go
 * @queue: index
 * @size:  a power of two, at most what the device takes
 * @mem:   zeroed, virtio_host_ring_size() bytes, 16-byte aligned
 *
 * Return: 0; -EIO the device has no such queue, or it is smaller.
 */
int virtio_host_ring(struct virtio_host *v, struct virtio_host_ring *r, uint16_t queue,
		     uint16_t size, const struct dma_area *mem);

/* DRIVER_OK: rings are served from here on. */
void virtio_host_go(struct virtio_host *v);

/* Device status 0: it no longer touches memory once this returns true. */
bool virtio_host_reset(struct virtio_host *v);

/* In the interrupt: makes the line drop. Returns what it was for, 0: nothing. */
uint32_t virtio_host_irq(struct virtio_host *v);

/* The device says that it cannot go on. */
bool virtio_host_failed(const struct virtio_host *v);

/* A field of configuration space, by accesses of its width; 1, 2, 4 or 8 bytes. */
uint64_t virtio_host_config(const struct virtio_host *v, uint32_t off, unsigned int size);

/* Make the chain that begins with descriptor head available. Caller locks the ring. */
void virtio_host_push(struct virtio_host_ring *r, uint16_t head);

/* Tell the device, unless it asked not to be told. */
void virtio_host_kick(struct virtio_host_ring *r);

/**
 * virtio_host_pop() - a chain that the device is done with
 * @head: set to its first descriptor, as the device says: below r->size
 * @len:  set to the bytes the device says that it wrote
 *
 * Return: 1; 0 none; -EIO the device wrote nonsense.
 */
int virtio_host_pop(struct virtio_host_ring *r, uint16_t *head, uint32_t *len);
