/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pCPUs of a pool can promise: under pinned each to one vCPU, under edf
 * and fair no more than their time. Earlier VMs come first; to what has been
 * promised to them, later ones cannot do harm.
 */
#include <errno.h>
#include <string.h>
#include "core/lib/bits.h"
#include "vm/config_keys.h"
#include "vm/config_pools.h"

#define ALL_PPM 1000000u

#define REFUSE(vm, ...) (config_reason((vm)->refused, __VA_ARGS__), -EINVAL)

static uint64_t allowed(const struct system_config *cfg, const struct vm_config *vm, uint32_t vcpu)
{
	return vm->cpus[vcpu] ? vm->cpus[vcpu] : cfg->pools[vm->pool].cpus;
}

/* --- pinned --------------------------------------------------------------- */

/*
 * A pCPU for a vCPU, if need be by moving others to pCPUs that suit them as well:
 * augmenting paths. Each pCPU is tried once, so it is no deeper than there are.
 */
static bool seat(struct config_sums *s, const struct system_config *cfg, uint32_t who,
		 uint64_t *tried)
{
	uint64_t cpus = allowed(cfg, &cfg->vms[who / CONFIG_MAX_VCPUS], who % CONFIG_MAX_VCPUS);

	while ((cpus &= ~*tried) != 0) {
		uint64_t free = cpus & ~s->owned;
		int cpu = __builtin_ctzll(free ? free : cpus);

		*tried |= BIT(cpu);
		s->owned |= BIT(cpu);
		if (!s->owner[cpu] || seat(s, cfg, s->owner[cpu] - 1u, tried)) {
			s->owner[cpu] = (uint16_t)(who + 1);
			return true;
		}
	}
	return false;
}

static int admit_pinned(struct config_sums *s, struct system_config *cfg, uint32_t idx)
{
	struct vm_config *vm = &cfg->vms[idx];
	const struct pool_config *pool = &cfg->pools[vm->pool];

	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		uint64_t tried = 0;

		if (!seat(s, cfg, idx * CONFIG_MAX_VCPUS + i, &tried))
			return REFUSE(vm, "cpus: no CPU is left for vCPU %u alone in pool %s, "
				      "which has %d", (unsigned int)i, pool->name,
				      bits_count(pool->cpus));
	}
	return 0;
}

/* --- edf, fair ------------------------------------------------------------ */

/* Each vCPU goes where the least is promised, and stays there under edf. */
static int admit_shares(struct config_sums *s, struct system_config *cfg, struct vm_config *vm,
			uint32_t ppm, const char *key)
{
	for (uint32_t i = 0; ppm && i < vm->nr_vcpus; i++) {
		uint64_t cpus = allowed(cfg, vm, i);
		int best = __builtin_ctzll(cpus);

		for (int cpu = best; cpu < CONFIG_MAX_PCPUS; cpu++)
			if ((cpus & BIT(cpu)) && s->ppm[cpu] < s->ppm[best])
				best = cpu;
		if (s->ppm[best] + ppm > ALL_PPM)
			return REFUSE(vm, "%s: vCPU %u asks for %u.%04u %% of a CPU, CPU %d has "
				      "%u.%04u %% left", key, (unsigned int)i,
				      (unsigned int)ppm / 10000, (unsigned int)ppm % 10000, best,
				      (unsigned int)(ALL_PPM - s->ppm[best]) / 10000,
				      (unsigned int)(ALL_PPM - s->ppm[best]) % 10000);
		s->ppm[best] += ppm;
		if (cfg->pools[vm->pool].policy == POLICY_EDF)
			vm->cpus[i] = BIT(best);
		vm->home[i] = (uint8_t)(best + 1);
	}
	return 0;
}

/* --- any ------------------------------------------------------------------ */

static int admit(struct config_sums *s, struct system_config *cfg, uint32_t idx)
{
	struct vm_config *vm = &cfg->vms[idx];
	uint64_t part;

	switch (cfg->pools[vm->pool].policy) {
	case POLICY_PINNED:
		return admit_pinned(s, cfg, idx);
	case POLICY_EDF:
		part = (uint64_t)vm->budget_us * ALL_PPM;
		return admit_shares(s, cfg, vm, vm->period_us ?
				    (uint32_t)((part + vm->period_us - 1) / vm->period_us) : 0,
				    "budget-us");
	case POLICY_FAIR:
		return admit_shares(s, cfg, vm, vm->reservation * (ALL_PPM / 100), "reservation");
	default:
		return 0;
	}
}

int config_sums_admit(struct config_sums *s, struct system_config *cfg, uint32_t idx)
{
	struct config_sums was = *s;
	int err = admit(s, cfg, idx);

	if (err)
		*s = was;
	return err;
}

void config_sums_seal(const struct config_sums *s, struct system_config *cfg)
{
	for (uint32_t cpu = 0; cpu < CONFIG_MAX_PCPUS; cpu++) {
		uint32_t who = s->owner[cpu] - 1u;

		if (s->owner[cpu])
			cfg->vms[who / CONFIG_MAX_VCPUS].cpus[who % CONFIG_MAX_VCPUS] = BIT(cpu);
	}
}
