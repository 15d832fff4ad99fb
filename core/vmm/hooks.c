/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/hooks.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/board.h"
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/vmm/console.h"
#include "core/vmm/info.h"
#include "core/vmm/lifecycle.h"
#include "core/vmm/machine.h"
#include "irq/irq.h"
#include "mm/audit.h"
#include "vm/vm.h"

#define VERB_WAIT_MS 15000           /* the shell waits so long for a verb */

static bool vm_info(uint32_t i, struct shell_vm *out)
{
	static struct info_vm info;      /* the shell's thread alone asks */

	if (info_vm(i, &info))
		return false;
	out->name = info.name;
	out->state = vmm_state_name(info.state);
	out->nr_vcpus = info.nr_vcpus;
	out->console = info.console;
	out->mem_bytes = info.mem_bytes;
	return true;
}

static int vm_verb(uint32_t i, const char *verb)
{
	for (enum vmm_verb v = 0; v < VMM_NR_VERBS; v++)
		if (strcmp(vmm_verb_name(v), verb) == 0)
			return vmm_vm_do(i, v, VERB_WAIT_MS);
	return -EINVAL;
}

/* What the shell counts: a class of exits, summed over layers and vCPUs. */
static const struct { const char *name; uint8_t ec; } classes[] = {
	{ "WFI/WFE", EC_WFX },
	{ "FP access", EC_FP },
	{ "HVC", EC_HVC64 },
	{ "SMC", EC_SMC64 },
	{ "system register", EC_SYS64 },
	{ "instruction abort", EC_IABT_LOW },
	{ "data abort", EC_DABT_LOW },
};

static uint64_t class_count(const struct vcpu *v, uint8_t ec)
{
	uint64_t sum = 0;

	for (int layer = 0; layer < LAYER_NR; layer++)
		sum += v->stats.sync[layer][ec];
	return sum;
}

static uint64_t other_count(const struct vcpu *v, uint32_t which)
{
	switch (which) {
	case 0: return v->stats.irq;
	case 1: return v->stats.serror;
	case 2: return v->stats.unclaimed;
	case 3: return v->stats.fp_switches;
	default: return v->stats.loads;
	}
}

static uint64_t count(const struct vm *vm, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t c = 0; c < vm->nr_vcpus; c++)
		sum += n < ARRAY_SIZE(classes) ?
			class_count(&vm->vcpus[c], classes[n].ec) :
			other_count(&vm->vcpus[c], n - (uint32_t)ARRAY_SIZE(classes));
	return sum;
}

static bool vm_stat(uint32_t i, uint32_t n, const char **name, uint64_t *value)
{
	static const char *const others[] = {
		"interrupt", "SError", "unclaimed", "FP switches", "core taken",
	};
	struct vm *vm;

	if (n >= ARRAY_SIZE(classes) + ARRAY_SIZE(others))
		return false;
	vm = vmm_vm_get(i);
	if (!vm)
		return false;
	*name = n < ARRAY_SIZE(classes) ? classes[n].name : others[n - ARRAY_SIZE(classes)];
	*value = count(vm, n);
	vmm_vm_put(i);
	return true;
}

static void audit_say(void *ctx, const struct audit_finding *f)
{
	(void)ctx;
	log_err("audit: %s: table of owner %x, address %llx, frame %llx of owner %x", f->what,
		f->owner, (unsigned long long)f->addr, (unsigned long long)f->pa.v,
		f->frame_owner);
}

static int audit(void)
{
	struct audit_totals t;
	int err = audit_run(audit_say, NULL, &t);

	log_info("audit: %u VM tables, %llu MiB of VMs, %llu findings", t.tables,
		 (unsigned long long)(t.vm_size >> 20), (unsigned long long)t.findings);
	return err;
}

static void poweroff(void)
{
	machine_poweroff();
}

static void reboot(void)
{
	machine_reboot();
}

const struct shell_hooks hooks_shell = {
	.vm_info = vm_info,
	.vm_stat = vm_stat,
	.vm_verb = vm_verb,
	.audit = audit,
	.reboot = reboot,
	.poweroff = poweroff,
};

static void on_uart(void *ctx, uint32_t intid)
{
	(void)ctx;
	(void)intid;
	console_irq();
}

void hooks_uart_irq(void)
{
	if (board.uart_intid == 0 || irq_register(board.uart_intid, on_uart, NULL))
		log_warn("the UART's interrupt cannot be used: no input");
}
