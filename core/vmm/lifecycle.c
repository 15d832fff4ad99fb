/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs handed to keepers, and what can be told of VMs. */
#include "core/vmm/lifecycle.h"

#include <errno.h>
#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/vmm/console.h"
#include "core/vmm/manager_impl.h"
#include "mm/frames.h"

static struct vm_entry *entry_of(uint32_t idx)
{
	return idx < nr_vm_entries ? &vm_entries[idx] : NULL;
}

/* What is refused at once. With calls before it, only its turn can tell. */
static int refusal_locked(const struct vm_entry *e, enum vmm_verb verb)
{
	if (e->cfg->refused[0])
		return -EPERM;
	if ((uint32_t)verb >= VMM_NR_VERBS)
		return -EINVAL;
	if (!list_empty(&e->calls.list) || (e->keeper && !e->there) ||
	    (e->keeper && e->keeper->call))
		return 0;
	return vmm_verb_check((enum vmm_state)atomic_load(&e->state), verb);
}

static int put(struct vm_entry *e, enum vmm_verb verb, struct call **c)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);
	int err = refusal_locked(e, verb);

	if (!err) {
		*c = calls_put(&e->calls, verb);
		if (*c)
			vm_entry_poke_locked(e);
		else
			err = -EAGAIN;
	}
	spin_unlock_irqrestore(&calls_lock, flags);
	return err;
}

int vmm_vm_do(uint32_t idx, enum vmm_verb verb, uint32_t wait_ms)
{
	struct vm_entry *e = entry_of(idx);
	struct call *c;
	int err;

	if (!e)
		return -ENOENT;
	err = put(e, verb, &c);
	return err ? err : call_wait(c, wait_ms);
}

struct vm *vmm_vm_get(uint32_t idx)
{
	struct vm_entry *e = entry_of(idx);
	struct vm *vm = NULL;
	uint64_t flags;

	if (!e)
		return NULL;
	flags = spin_lock_irqsave(&calls_lock);
	if (e->there) {
		e->users++;
		vm = &e->keeper->vm;
	}
	spin_unlock_irqrestore(&calls_lock, flags);
	return vm;
}

void vmm_vm_put(uint32_t idx)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);

	vm_entries[idx].users--;
	spin_unlock_irqrestore(&calls_lock, flags);
}

static void count_exits(const struct vm *vm, struct vmm_vm_info *info)
{
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		const struct vcpu *v = &vm->vcpus[i];

		if (info->state >= VMM_RUNNING && info->state <= VMM_STOPPING)
			info->nr_on += power_get(&vm->power[i]) == POWER_ON;
		info->irqs += v->stats.irq;
		for (size_t n = 0; n < LAYER_NR * EC_NR; n++)
			info->exits += v->stats.sync[n / EC_NR][n % EC_NR];
	}
}

static void info_of_there(struct vm *vm, struct vmm_vm_info *info)
{
	const struct keeper *k = container_of(vm, struct keeper, vm);
	uint64_t due = atomic_load(&k->restart_due), now = arch_counter();

	info->nr_restarts = atomic_load(&k->nr_restarts);
	if (due > now)
		info->restart_ms = (uint32_t)((due - now) / (arch_counter_hz() / 1000)) + 1;
	info->paused_ticks = vm->paused_ticks;
	count_exits(vm, info);
	if (k->console_mem)
		info->console = (int)k->entry->idx;
}

int vmm_vm_info(uint32_t idx, struct vmm_vm_info *info)
{
	const struct vm_entry *e = entry_of(idx);
	const struct vm_config *cfg;
	struct vm *vm;

	if (!e)
		return -ENOENT;
	cfg = e->cfg;
	memset(info, 0, sizeof(*info));
	memcpy(info->name, cfg->name, sizeof(info->name));
	info->refused = cfg->refused[0] ? cfg->refused : NULL;
	info->nr_vcpus = cfg->nr_vcpus;
	info->console = -ENOENT;
	for (uint32_t i = 0; i < cfg->nr_regions; i++)
		info->mem_bytes += cfg->regions[i].size;
	info->mem_used = frames_stats(owner_vm(idx)) * PAGE_SIZE;
	vm = vmm_vm_get(idx);
	info->state = (enum vmm_state)atomic_load(&e->state);
	if (vm) {
		info_of_there(vm, info);
		vmm_vm_put(idx);
	}
	return 0;
}

int vmm_vm_by_name(const char *name)
{
	for (uint32_t i = 0; i < nr_vm_entries; i++)
		if (strcmp(vm_entries[i].cfg->name, name) == 0)
			return (int)i;
	return -ENOENT;
}

uint32_t vmm_nr_vms(void)
{
	return nr_vm_entries;
}

const struct vm_config *vmm_vm_config(uint32_t idx)
{
	return idx < nr_vm_entries ? vm_entries[idx].cfg : NULL;
}
