/* SPDX-License-Identifier: Apache-2.0 */
/* Management calls on the VMs that there are. */
#include <errno.h>

#include "core/vmm/info.h"
#include "core/vmm/manage.h"
#include "vm/vm.h"

/* The numbers are told to guests: docs/hypercalls.md. */
_Static_assert(VMM_DEFINED == 0 && VMM_READY == 1 && VMM_RUNNING == 2 && VMM_PAUSED == 3 &&
	       VMM_STOPPING == 4 && VMM_OFF == 5 && VMM_CRASHED == 6, "states");
_Static_assert(VMM_CREATE == 0 && VMM_START == 1 && VMM_PAUSE == 2 && VMM_RESUME == 3 &&
	       VMM_STOP == 4 && VMM_KILL == 5 && VMM_RESET == 6 && VMM_DESTROY == 7, "verbs");

static const char *name(uint32_t idx)
{
	return vmm_vm_config(idx)->name;
}

static uint64_t pair(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

static void info(uint32_t idx, uint64_t *x)
{
	struct vmm_vm_calls calls;
	struct info_vm i;

	vmm_vm_calls(idx, &calls);
	info_vm(idx, &i);
	x[1] = i.state;
	x[2] = pair(i.nr_vcpus, i.nr_on);
	x[3] = i.mem_bytes;
	x[4] = i.mem_used;
	x[5] = pair(calls.asked, calls.done);
	x[6] = (uint64_t)manage_code(calls.result);
	x[7] = pair(i.nr_restarts, i.restart_ms);
}

static void count(const struct vcpu *v, uint64_t *x)
{
	for (uint32_t n = 0; n < LAYER_NR * EC_NR; n++)
		x[4] += v->stats.sync[n / EC_NR][n % EC_NR];
	x[5] += v->stats.irq;
	x[6] += v->vgic.injected;
	x[7] += v->stats.loads;
}

static void stat(uint32_t idx, uint64_t *x)
{
	struct info_vm i;
	struct vm *vm;

	info_vm(idx, &i);
	x[1] = i.ran;
	x[2] = i.stolen;
	x[3] = i.paused_ticks;
	x[4] = x[5] = x[6] = x[7] = 0;
	vm = vmm_vm_get(idx);
	if (!vm)
		return;
	for (uint32_t c = 0; c < vm->nr_vcpus; c++)
		count(&vm->vcpus[c], x);
	vmm_vm_put(idx);
}

static int verb(uint32_t idx, uint32_t what, uint64_t *x)
{
	struct vmm_vm_calls calls;
	int err = vmm_vm_do(idx, what, 0);

	if (err && err != -EINPROGRESS)
		return err;
	vmm_vm_calls(idx, &calls);
	x[1] = calls.asked;
	return 0;
}

bool manage_vendor_call(struct vm *vm, uint64_t *x)
{
	static const struct manage_ops ops = {
		vmm_nr_vms, name, vmm_vm_life, info, stat, verb,
	};
	const struct vm_config *cfg = vm->cfg;
	const struct manage_caller who = {
		vm->slot, cfg->manage_list | cfg->manage_control, cfg->manage_control,
	};

	return manage_call(&ops, &who, x);
}
