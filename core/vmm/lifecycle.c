/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs handed to keepers, and VMs that stay while they are looked at. */
#include "core/vmm/lifecycle.h"

#include <errno.h>
#include <string.h>

#include "core/lib/bits.h"
#include "core/vmm/manager_impl.h"

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

void vmm_vm_calls(uint32_t idx, struct vmm_vm_calls *calls)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);

	*calls = vm_entries[idx].calls.count;
	spin_unlock_irqrestore(&calls_lock, flags);
}

uint32_t vmm_vm_life(uint32_t idx)
{
	return atomic_load(&vm_entries[idx].destroyed) + 1;
}

int vmm_vm_by_name(const char *name)
{
	for (uint32_t i = 0; i < nr_vm_entries; i++)
		if (strcmp(vm_entries[i].cfg->name, name) == 0)
			return (int)i;
	return -ENOENT;
}

enum vmm_state vmm_vm_state(uint32_t idx)
{
	return (enum vmm_state)atomic_load(&vm_entries[idx].state);
}

uint32_t vmm_nr_vms(void)
{
	return nr_vm_entries;
}

const struct vm_config *vmm_vm_config(uint32_t idx)
{
	return idx < nr_vm_entries ? vm_entries[idx].cfg : NULL;
}
