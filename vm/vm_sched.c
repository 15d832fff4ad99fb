/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler is told of a VM's threads. */
#include "vm/vm.h"

#include <errno.h>

#include <arch/timer.h>
#include "core/log.h"
#include "core/sched.h"

static uint64_t ticks(uint32_t us)
{
	return us * (arch_counter_hz() / 1000) / 1000;
}

void vm_sched_params(const struct vm_config *cfg, uint32_t slot, struct sched_params *p)
{
	*p = (struct sched_params){
		.prio = cfg->priority, .weight = cfg->weight, .cap_pct = cfg->cap,
		.reservation_pct = cfg->reservation, .group = slot, .slice = ticks(cfg->slice_us),
		.budget = ticks(cfg->budget_us), .period = ticks(cfg->period_us),
	};
}

static void say_full(const struct vcpu *v, const struct sched_params *p)
{
	uint32_t used, asked;

	sched_admit(v->thread.home, p, &used, &asked);
	log_err("VM %s: vCPU %u asks for %u%% of pCPU %u, where %u%% are promised", vm_name(v->vm),
		(unsigned int)v->idx, (unsigned int)(asked / 10000), (unsigned int)v->thread.home,
		(unsigned int)(used / 10000));
}

int vm_sched_vcpu(struct vcpu *v, uint64_t cpus)
{
	struct sched_params p;
	int err;

	vm_sched_params(v->vm->cfg, v->vm->slot, &p);
	err = thread_set_params(&v->thread, &p);
	/* Where it was put there is no room: somewhere else? */
	for (uint64_t left = cpus; err == -ENOSPC && left; left &= left - 1)
		if (thread_set_affinity(&v->thread, left & -left) == 0)
			err = thread_set_params(&v->thread, &p);
	if (err)
		say_full(v, &p);
	else
		err = thread_set_affinity(&v->thread, cpus);
	return err;
}
