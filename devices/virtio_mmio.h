/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio over MMIO: VirtIO 1.2, 4.2, version 2. One device on the bus spans all slots of
 * QEMU's virt board; a slot without a device has DeviceID 0.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/lib/device.h"
#include "devices/virtio.h"

#define VIRTIO_MMIO_SLOT_SIZE 0x200
#define VIRTIO_MMIO_SIZE      (VIRTIO_MAX_DEVICES * VIRTIO_MMIO_SLOT_SIZE)

struct virtio_mmio_slot {
	struct virtio_device *dev;   /* fixed once the VM runs; NULL: none         */
	struct irq_line line;        /* the same                                   */
	_Atomic uint32_t interrupt;  /* InterruptStatus; changed under dev->lock   */
	/* under dev->lock */
	uint32_t features_sel, driver_features_sel, queue_sel;
};

struct virtio_mmio {
	struct mmio_device dev;      /* first: the model is found by it            */
	struct virtio_mmio_slot slot[VIRTIO_MAX_DEVICES];
};

/* All slots empty; the caller puts &m->dev on the VM's bus. */
void virtio_mmio_init(struct virtio_mmio *m, uint64_t base);

/* Put an initialized device into the slot that it was told, with that interrupt. */
void virtio_mmio_attach(struct virtio_mmio *m, struct virtio_device *dev, struct irq_line line);
