/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/bus.h"

/* The memory of one looker: others write the same place, with a number that is checked. */
#undef atomic_store_explicit
#define atomic_store_explicit(p, v, order) (*(p) = (v))

/* dev_holds: whether an address is within a device */
/*@ requires \valid_read(dev) && dev->base + dev->size <= 0x10000000000000000;
  @ assigns \nothing;
  @ ensures \result <==> dev->base <= addr < dev->base + dev->size;
  @*/
static bool dev_holds(const struct mmio_device *dev, uint64_t addr);

/* bus_search: the device that holds an address is found, if there is one */
/*@ requires \valid(bus) && bus->nr_devs <= BUS_MAX_DEVICES;
  @ requires \forall integer i; 0 <= i < bus->nr_devs ==> \valid_read(bus->dev[i]) &&
  @	bus->dev[i]->base + bus->dev[i]->size <= 0x10000000000000000;
  @ requires \forall integer i, j; 0 <= i < j < bus->nr_devs ==>
  @	bus->dev[i]->base + bus->dev[i]->size <= bus->dev[j]->base;
  @ requires \forall integer i; 0 <= i < bus->nr_devs ==>
  @	\separated(&bus->last, bus->dev[i]);
  @ assigns bus->last;
  @ ensures \result == \null ==> \forall integer i; 0 <= i < bus->nr_devs ==>
  @	!(bus->dev[i]->base <= addr < bus->dev[i]->base + bus->dev[i]->size);
  @ ensures \result != \null ==> \exists integer i; 0 <= i < bus->nr_devs &&
  @	\result == bus->dev[i] &&
  @	bus->dev[i]->base <= addr < bus->dev[i]->base + bus->dev[i]->size;
  @*/
static struct mmio_device *bus_search(struct bus *bus, uint64_t addr);

#include "vm/bus.c"
