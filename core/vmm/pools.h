/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's core pools and scheduling keys, as the scheduler wants them. */
#pragma once

#include "core/thread.h"
#include "vm/config.h"

/* Make the accepted pools; each refused one is named. Before the first thread is made. */
void pools_create(const struct system_config *cfg);

/* pCPUs that are up on which a vCPU may run. */
uint64_t pools_cpus(const struct system_config *cfg, const struct vm_config *vm, uint32_t vcpu_idx);

/* Do system threads keep off this VM's pCPUs? */
bool pools_exclusive(const struct system_config *cfg, const struct vm_config *vm);
