/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/info.h"

#include <errno.h>
#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/lib/number.h"
#include "core/percpu.h"
#include "core/vmm/keeper.h"
#include "mm/frames.h"

int info_find(const char *s)
{
	int idx = vmm_vm_by_name(s);
	uint64_t id;
	const char *end = number_parse(s, &id);

	if (idx >= 0 || !end || *end)
		return idx;
	for (uint32_t i = 0; i < vmm_nr_vms(); i++)
		if (vmm_vm_config(i)->id == id)
			return (int)i;
	return -ENOENT;
}

static void sum_times(struct vm *vm, struct info_vm *out)
{
	bool alive = out->state >= VMM_RUNNING && out->state <= VMM_STOPPING;

	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		uint64_t ran, waited;

		thread_times(&vm->vcpus[i].thread, &ran, &waited);
		out->ran += ran;
		out->stolen += waited;
		out->nr_on += alive && power_get(&vm->power[i]) == POWER_ON;
	}
}

static void vm_there(struct vm *vm, struct info_vm *out)
{
	const struct keeper *k = container_of(vm, struct keeper, vm);
	uint64_t due = atomic_load(&k->restart_due), now = arch_counter();

	out->nr_restarts = atomic_load(&k->nr_restarts);
	if (due > now)
		out->restart_ms = (uint32_t)((due - now) / (arch_counter_hz() / 1000)) + 1;
	out->paused_ticks = vm->paused_ticks;
	if (k->console_mem)
		out->console = (int)k->entry->idx;
	sum_times(vm, out);
}

int info_vm(uint32_t idx, struct info_vm *out)
{
	const struct vm_config *cfg = vmm_vm_config(idx);
	struct vm *vm;

	if (!cfg)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	memcpy(out->name, cfg->name, sizeof(out->name));
	out->id = cfg->id;
	out->refused = cfg->refused[0] ? cfg->refused : NULL;
	out->nr_vcpus = cfg->nr_vcpus;
	out->console = -ENOENT;
	for (uint32_t i = 0; i < cfg->nr_regions; i++)
		out->mem_bytes += cfg->regions[i].size;
	out->mem_used = frames_stats(owner_vm(idx)) * PAGE_SIZE;
	vm = vmm_vm_get(idx);
	out->state = vmm_vm_state(idx);
	if (vm) {
		vm_there(vm, out);
		vmm_vm_put(idx);
	}
	return 0;
}

/* VM @idx if it is there and has this vCPU, to be put back. */
static int get(uint32_t idx, uint32_t vcpu, struct vm **vm)
{
	const struct vm_config *cfg = vmm_vm_config(idx);

	if (!cfg || (vcpu != INFO_ALL && vcpu >= cfg->nr_vcpus))
		return -ENOENT;
	*vm = vmm_vm_get(idx);
	return *vm ? 0 : -ENODEV;
}

int info_vcpu(uint32_t idx, uint32_t vcpu, struct info_vcpu *out)
{
	struct vm *vm;
	int err = get(idx, vcpu, &vm);

	if (err)
		return err;
	thread_look(&vm->vcpus[vcpu].thread, &out->thread);
	out->on = power_get(&vm->power[vcpu]) == POWER_ON;
	vmm_vm_put(idx);
	return 0;
}

/* All of it is 64-bit counters. */
_Static_assert(sizeof(struct vcpu_stats) % sizeof(uint64_t) == 0, "counters");

static void add_vcpu(struct vcpu *v, struct info_counts *out)
{
	uint64_t *to = (uint64_t *)&out->exits;
	const uint64_t *from = (const uint64_t *)&v->stats;

	for (size_t i = 0; i < sizeof(v->stats) / sizeof(*to); i++)
		to[i] += from[i];
	out->injected += v->vgic.injected;
	for (size_t i = 0; i < THREAD_LATENCIES; i++)
		out->latency[i] += v->thread.latency[i];
}

int info_counts(uint32_t idx, uint32_t vcpu, struct info_counts *out)
{
	struct vm *vm;
	int err;

	memset(out, 0, sizeof(*out));
	err = get(idx, vcpu, &vm);
	if (err)
		return err;
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		if (vcpu == INFO_ALL || vcpu == i)
			add_vcpu(&vm->vcpus[i], out);
	vmm_vm_put(idx);
	return 0;
}

int info_balloon(uint32_t idx, struct vm_balloon_info *out)
{
	struct vm *vm;
	int err = get(idx, INFO_ALL, &vm);

	if (err)
		return err;
	err = vm_balloon_look(vm, out);
	vmm_vm_put(idx);
	return err;
}

int info_cpu(uint32_t cpu, struct info_cpu *out)
{
	uint32_t pool;

	if (cpu >= nr_pcpus)
		return -ENOENT;
	pool = sched_pool_of(cpu);
	*out = (struct info_cpu){
		.mpidr = percpus[cpu].mpidr,
		.pool = sched_pool_name(pool), .policy = sched_pool_policy(pool),
	};
	sched_look(cpu, &out->sched);
	return 0;
}
