/* SPDX-License-Identifier: Apache-2.0 */
/* Finding one's way in a VM: regions by address, vCPUs by affinity. */
#include "vm/vm.h"

#include <arch/regs.h>

#define CLUSTER_SIZE 16    /* an SGI's target list has 16 bits */

uint64_t vm_vcpu_mpidr(uint32_t vcpu_idx)
{
	return BITS_VAL(MPIDR_AFF1, vcpu_idx / CLUSTER_SIZE) |
	       BITS_VAL(MPIDR_AFF0, vcpu_idx % CLUSTER_SIZE);
}

struct vcpu *vm_vcpu_by_mpidr(struct vm *vm, uint64_t mpidr)
{
	uint64_t idx = bits_get(MPIDR_AFF1, mpidr) * CLUSTER_SIZE + bits_get(MPIDR_AFF0, mpidr);

	if (idx >= vm->nr_vcpus || vm_vcpu_mpidr((uint32_t)idx) != mpidr)
		return NULL;
	return &vm->vcpus[idx];
}

const struct config_region *vm_region(const struct vm *vm, ipa_t ipa)
{
	for (uint32_t i = 0; i < vm->cfg->nr_regions; i++) {
		const struct config_region *r = &vm->cfg->regions[i];

		if (ipa.v >= r->ipa.v && ipa.v - r->ipa.v < r->size)
			return r;
	}
	return NULL;
}
