/* SPDX-License-Identifier: Apache-2.0 */
/* Owners of what is not RAM: device registers. */
#include "mm/frames.h"

#include <errno.h>
#include <string.h>

#include "mm/frames_impl.h"

struct device_range {
	uint64_t base;
	uint64_t size;                 /* 0: the slot is unused            */
	uint16_t owner;
};

static struct {
	struct spinlock lock;          /* rank 73, docs/locking.md         */
	/* under lock */
	struct device_range range[FRAMES_MAX_DEVICES];
} devices;

static bool is_ram(uint64_t pa, uint64_t size)
{
	for (uint32_t i = 0; i < frames.nr_zones; i++)
		if (range_overlap(pa, size, frames.zone[i].base << PAGE_SHIFT,
				  frames.zone[i].nr << PAGE_SHIFT))
			return true;
	return false;
}

/* Where a range would go: 0 and a free slot, or NULL if it is there already. */
static int find_locked(uint16_t owner, uint64_t pa, uint64_t size, struct device_range **slot)
{
	struct device_range *unused = NULL;

	*slot = NULL;
	for (unsigned int i = 0; i < FRAMES_MAX_DEVICES; i++) {
		struct device_range *r = &devices.range[i];

		if (!r->size)
			unused = r;
		else if (r->owner == owner && r->base == pa && r->size == size)
			return 0;
		else if (range_overlap(pa, size, r->base, r->size))
			return -EBUSY;
	}
	*slot = unused;
	return unused ? 0 : -ENOSPC;
}

int frames_device_claim(uint16_t owner, pa_t pa, uint64_t size)
{
	struct device_range *slot;
	uint64_t flags;
	int err;

	if (!frames_range_valid(pa, size) || !owner_valid(owner) || is_ram(pa.v, size))
		return -EINVAL;
	flags = spin_lock_irqsave(&devices.lock);
	err = find_locked(owner, pa.v, size, &slot);
	if (slot)
		*slot = (struct device_range){ pa.v, size, owner };
	spin_unlock_irqrestore(&devices.lock, flags);
	return err;
}

int frames_device_release(uint16_t owner, pa_t pa, uint64_t size)
{
	uint64_t flags = spin_lock_irqsave(&devices.lock);
	int err = -ENOENT;

	for (unsigned int i = 0; i < FRAMES_MAX_DEVICES; i++) {
		struct device_range *r = &devices.range[i];

		if (size && r->owner == owner && r->base == pa.v && r->size == size) {
			r->size = 0;
			err = 0;
		}
	}
	spin_unlock_irqrestore(&devices.lock, flags);
	return err;
}

bool frames_may_map_device(uint16_t owner, pa_t pa, uint64_t size)
{
	uint64_t flags = spin_lock_irqsave(&devices.lock);
	bool may = false;

	for (unsigned int i = 0; !may && i < FRAMES_MAX_DEVICES; i++) {
		const struct device_range *r = &devices.range[i];

		may = r->size && r->owner == owner && pa.v >= r->base &&
		      pa.v - r->base < r->size && size <= r->size - (pa.v - r->base);
	}
	spin_unlock_irqrestore(&devices.lock, flags);
	return may;
}

bool frames_may_map(uint16_t owner, pa_t pa, uint64_t size, bool device)
{
	if (!frames_range_valid(pa, size))
		return false;
	return device ? frames_may_map_device(owner, pa, size) :
			frames_may_map_ram(owner, pa, size);
}

void frames_device_reset(void)
{
	memset(&devices, 0, sizeof(devices));
}
