/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/placement.h"

#include <errno.h>

#include "core/lib/bits.h"

static int least_loaded(uint64_t allowed, const uint8_t *load)
{
	int best = -1;

	for (int cpu = 0; cpu < CONFIG_MAX_PCPUS; cpu++)
		if ((allowed & BIT(cpu)) && (best < 0 || load[cpu] < load[best]))
			best = cpu;
	return best;
}

int placement_choose(struct placement *p, const struct vm_config *cfg, uint64_t online,
		     uint8_t *load)
{
	for (uint32_t i = 0; i < cfg->nr_vcpus; i++) {
		uint64_t allowed = (cfg->cpus[i] ? cfg->cpus[i] : ~UINT64_C(0)) & online;
		int cpu = least_loaded(cfg->home[i] ? allowed & BIT(cfg->home[i] - 1) : allowed,
				       load);

		if (cpu < 0)
			return -EINVAL;
		p->cpu[i] = (uint8_t)cpu;
		load[cpu]++;
	}
	return 0;
}
