/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/vmid.h"

#include <errno.h>

#include <arch/mmu.h>
#include "core/lib/bits.h"
#include "core/panic.h"
#include "core/spinlock.h"

static struct {
	struct spinlock lock;              /* rank 50, docs/locking.md   */
	/* under lock */
	uint64_t used[VMID_MAX / 64];
	uint32_t last;                     /* handed out last            */
	/* fixed after vmid_init() */
	uint32_t nr;
} vmids;

void vmid_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(vmids.used); i++)
		vmids.used[i] = 0;
	vmids.used[0] = BIT(0);
	vmids.last = 0;
	vmids.nr = MIN(1u << arch_vmid_bits(), VMID_MAX);
	arch_tlb_s2_all();
}

int vmid_alloc(uint16_t *vmid)
{
	uint64_t flags = spin_lock_irqsave(&vmids.lock);
	int err = -ENOSPC;

	for (uint32_t i = 1; i <= vmids.nr; i++) {
		uint32_t id = (vmids.last + i) % vmids.nr;

		if (vmids.used[id / 64] & BIT(id % 64))
			continue;
		vmids.used[id / 64] |= BIT(id % 64);
		vmids.last = id;
		*vmid = (uint16_t)id;
		err = 0;
		break;
	}
	spin_unlock_irqrestore(&vmids.lock, flags);
	return err;
}

void vmid_free(uint16_t vmid)
{
	uint64_t flags;

	BUG_ON(vmid == 0 || vmid >= vmids.nr);
	flags = spin_lock_irqsave(&vmids.lock);
	BUG_ON(!(vmids.used[vmid / 64] & BIT(vmid % 64)));
	vmids.used[vmid / 64] &= ~BIT(vmid % 64);
	spin_unlock_irqrestore(&vmids.lock, flags);
}
