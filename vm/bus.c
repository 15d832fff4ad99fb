/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/bus.h"

#include <errno.h>
#include "core/lib/bits.h"

void bus_init(struct bus *bus)
{
	bus->nr_devs = 0;
	atomic_init(&bus->last, 0);
}

int bus_add(struct bus *bus, struct mmio_device *dev)
{
	uint32_t pos = bus->nr_devs;

	if (range_bad(dev->base, dev->size))
		return -EINVAL;
	for (uint32_t i = 0; i < bus->nr_devs; i++)
		if (range_overlap(dev->base, dev->size, bus->dev[i]->base, bus->dev[i]->size))
			return -EEXIST;
	if (bus->nr_devs == BUS_MAX_DEVICES)
		return -ENOSPC;
	for (; pos > 0 && bus->dev[pos - 1]->base > dev->base; pos--)
		bus->dev[pos] = bus->dev[pos - 1];
	bus->dev[pos] = dev;
	bus->nr_devs++;
	return 0;
}

static bool dev_holds(const struct mmio_device *dev, uint64_t addr)
{
	return addr >= dev->base && addr - dev->base < dev->size;
}

/* Halve the sorted list: at most six looks for BUS_MAX_DEVICES. */
static struct mmio_device *bus_search(struct bus *bus, uint64_t addr)
{
	uint32_t lo = 0, hi = bus->nr_devs;

	/*@ loop invariant 0 <= lo <= hi <= bus->nr_devs;
	  @ loop invariant \forall integer i; 0 <= i < lo ==>
	  @	bus->dev[i]->base + bus->dev[i]->size <= addr;
	  @ loop invariant \forall integer i; hi <= i < bus->nr_devs ==> addr < bus->dev[i]->base;
	  @ loop assigns lo, hi;
	  @ loop variant hi - lo;
	  @*/
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (dev_holds(bus->dev[mid], addr)) {
			atomic_store_explicit(&bus->last, mid, memory_order_relaxed);
			return bus->dev[mid];
		}
		if (addr < bus->dev[mid]->base)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

struct mmio_device *bus_lookup(struct bus *bus, ipa_t ipa)
{
	uint32_t last = atomic_load_explicit(&bus->last, memory_order_relaxed);

	if (last < bus->nr_devs && dev_holds(bus->dev[last], ipa.v))
		return bus->dev[last];
	return bus_search(bus, ipa.v);
}

int bus_access(struct bus *bus, ipa_t ipa, struct mmio_access *acc)
{
	struct mmio_device *dev = bus_lookup(bus, ipa);

	if (!dev)
		return -ENXIO;
	acc->offset = ipa.v - dev->base;
	if (!is_aligned(acc->offset, acc->size) || dev->size - acc->offset < acc->size)
		return -EFAULT;
	return dev->access(dev, acc);
}

void bus_reset(struct bus *bus)
{
	for (uint32_t i = 0; i < bus->nr_devs; i++)
		if (bus->dev[i]->reset)
			bus->dev[i]->reset(bus->dev[i]);
}
