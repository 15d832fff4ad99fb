/* SPDX-License-Identifier: Apache-2.0 */
/* Which pCPU each vCPU runs on. Pure. */
#pragma once

#include <stdint.h>

#include "vm/config.h"

struct placement {
	uint8_t cpu[CONFIG_MAX_VCPUS];
};

/**
 * placement_choose() - spread a VM's vCPUs over the pCPUs
 * @p:      filled in
 * @cfg:    the VM; a vCPU's set of pCPUs is kept to, an empty one means any
 * @online: pCPUs that are up, and of its pool
 * @load:   vCPUs on each pCPU so far (CONFIG_MAX_PCPUS entries); added to
 *
 * Each goes to the allowed pCPU with the fewest, the lowest of equals. Return: 0; -EINVAL none is
 * allowed and up.
 */
int placement_choose(struct placement *p, const struct vm_config *cfg, uint64_t online,
		     uint8_t *load);
