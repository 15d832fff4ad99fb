/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO bus of a VM: which device answers at a guest address. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/lib/device.h"
#include "core/lib/types.h"

#define BUS_MAX_DEVICES 48

struct bus {
	/* fixed once the VM runs; sorted by base, no two overlap */
	struct mmio_device *dev[BUS_MAX_DEVICES];
	uint32_t nr_devs;
	/* any vCPU: index of the device found last. A hint: always checked. */
	_Atomic uint32_t last;
};

void bus_init(struct bus *bus);

/**
 * bus_add() - put a device on the bus
 * @bus: no vCPU of the VM runs yet
 * @dev: base and size set; must outlive the bus
 *
 * Return: 0; -EINVAL the range is empty or wraps; -EEXIST it overlaps a device
 *         that is there; -ENOSPC BUS_MAX_DEVICES are. On error nothing changed.
 */
int bus_add(struct bus *bus, struct mmio_device *dev);

/**
 * bus_lookup() - the device at a guest address
 *
 * Looks at the device found last, then halves the sorted list.
 * Return: the device, or NULL: a hole.
 */
struct mmio_device *bus_lookup(struct bus *bus, ipa_t ipa);

/**
 * bus_access() - carry out one access
 * @bus: of the accessing vCPU's VM
 * @ipa: address of the first byte
 * @acc: all but offset filled in; value is set on a read
 *
 * Return: 0; -ENXIO no device there; -EFAULT the device refuses, or the access
 *         is not aligned to its size, or it reaches past the device's end.
 */
int bus_access(struct bus *bus, ipa_t ipa, struct mmio_access *acc);

/* Reset every device that can be reset. No vCPU of the VM runs. */
void bus_reset(struct bus *bus);
