/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of a virtqueue for host tests: a driver that lays out rings in a
 * fake_ram, and a transport that counts. Split or packed, as features say.
 */
#pragma once

#include "devices/virtio.h"
#include "tests/host/fake/guest_ram.h"

#define FAKE_DESC_NEXT     1
#define FAKE_DESC_WRITE    2
#define FAKE_DESC_INDIRECT 4

struct fake_seg {
	uint64_t addr;
	uint32_t len;
	bool write;
};

/* Of one queue. */
struct fake_queue {
	struct virtio_device *dev;
	struct fake_ram *ram;
	uint16_t idx, size;
	bool packed, event_idx, indirect;
	uint64_t desc, driver, device;        /* addresses of the rings                   */
	uint16_t next, used;                  /* slots; split: next free, last used seen  */
	bool wrap, used_wrap;
	uint16_t avail;                       /* split: index                             */
	uint16_t nr_of[VIRTQ_MAX_SIZE];       /* packed: slots of each id                 */
	uint64_t table;                       /* for indirect ones: a page for each slot  */
};

extern unsigned int fake_irqs, fake_config_irqs, fake_wakes;
extern const struct virtio_transport fake_transport;
extern struct virtio_worker fake_worker;

/* Status up to DRIVER_OK, with these features; false: the device refused them. */
bool fake_driver_accept(struct virtio_device *dev, uint64_t features);
void fake_driver_ok(struct virtio_device *dev);

/* Rings at `at` (some pages), enabled on the device. Between the two above. */
void fake_queue_init(struct fake_queue *f, struct virtio_device *dev, struct fake_ram *ram,
		     uint16_t idx, uint16_t size, uint64_t at);

/* Make a chain available, without a kick. Its id, which fake_queue_used() returns. */
uint16_t fake_queue_add(struct fake_queue *f, const struct fake_seg *seg, unsigned int nr);

/* Kick, and let the worker run until nothing is left to do (or 1000 passes). */
void fake_queue_kick(struct fake_queue *f);
void fake_worker_run(struct virtio_device *dev);

/* The next used buffer: its id and length. False: none. */
bool fake_queue_used(struct fake_queue *f, uint16_t *id, uint32_t *len);

/* Raw writes into the rings, for what no driver does. */
void fake_desc_set(struct fake_queue *f, uint16_t slot, uint64_t addr, uint32_t len,
		   uint16_t flags, uint16_t last);
void fake_avail_put(struct fake_queue *f, uint16_t head);     /* split */
