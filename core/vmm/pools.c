/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/pools.h"

#include "core/log.h"
#include "core/sched.h"
#include "core/vmm/smp.h"

static const struct sched_policy *const policies[] = {
	[POLICY_PINNED] = &sched_pinned, [POLICY_FIFO] = &sched_fifo, [POLICY_RR] = &sched_rr,
	[POLICY_FAIR] = &sched_fair, [POLICY_EDF] = &sched_edf,
	[POLICY_PARTITION] = &sched_partition,
};

_Static_assert(CONFIG_MAX_WINDOWS <= SCHED_MAX_WINDOWS && CONFIG_MAX_POOLS <= SCHED_MAX_POOLS,
	       "pools fit");

static void pool_create(const struct pool_config *p)
{
	struct sched_window windows[CONFIG_MAX_WINDOWS];
	struct sched_pool_config c = {
		.name = p->name, .cpus = p->cpus, .policy = policies[p->policy],
		.major_frame_us = p->major_frame_us, .windows = windows,
		.nr_windows = p->nr_windows,
	};

	/* Threads of VM n are in group n. */
	for (uint32_t i = 0; i < p->nr_windows; i++)
		windows[i] = (struct sched_window){
			.start_us = p->windows[i].start_us, .group = p->windows[i].vm,
			.duration_us = p->windows[i].duration_us,
		};
	if (sched_pool_create(&c) < 0)
		log_err("pool %s cannot be made", p->name);
}

void pools_create(const struct system_config *cfg)
{
	for (uint32_t i = 0; i < cfg->nr_pools; i++) {
		if (cfg->pools[i].refused[0])
			log_err("pool %s refused: %s", cfg->pools[i].name, cfg->pools[i].refused);
		else if (i > 0)
			pool_create(&cfg->pools[i]);
	}
}

uint64_t pools_cpus(const struct system_config *cfg, const struct vm_config *vm, uint32_t vcpu_idx)
{
	uint64_t pool = cfg->pools[vm->pool].cpus & smp_online();

	return vm->cpus[vcpu_idx] ? vm->cpus[vcpu_idx] & pool : pool;
}

bool pools_exclusive(const struct system_config *cfg, const struct vm_config *vm)
{
	enum config_policy policy = cfg->pools[vm->pool].policy;

	return policy == POLICY_PINNED || policy == POLICY_PARTITION;
}
