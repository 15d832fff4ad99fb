/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/manager.h"

#include <errno.h>
#include <stdatomic.h>

#include <arch/entropy.h>
#include <arch/timer.h>
#include "core/board.h"
#include "core/firmware.h"
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/vmm/console.h"
#include "core/vmm/hooks.h"
#include "core/vmm/machine.h"
#include "core/vmm/placement.h"
#include "core/vmm/run.h"
#include "core/vmm/smp.h"
#include "core/vmm/system.h"
#include "devices/uart_phys.h"
#include "devices/wall_clock.h"
#include "mm/hyp_pool.h"
#include "vm/config.h"
#include "vm/drbg.h"
#include "vm/vm.h"

#define CONSOLE_MEM_SIZE 4096
#define SHELL_PRIO       CONFIG_MAX_PRIORITY

/* One VM of the configuration, and who looks after it. */
struct keeper {
	struct vm vm;
	struct thread thread;
	struct placement place;
	uint32_t idx;                  /* in the configuration                */
};

static struct system_config *sys_cfg;
static struct keeper **keepers;        /* by index in the configuration       */
static struct drbg sys_rng;
static struct bundle bundle;
static _Atomic uint32_t nr_alive;      /* VMs that run or may run again       */

static struct keeper *keeper_of(const struct vm_config *cfg)
{
	return keepers[cfg - sys_cfg->vms];
}

struct vm *manager_vm(uint32_t i)
{
	if (i >= sys_cfg->nr_vms || !keepers[i])
		return NULL;
	return &keepers[i]->vm;
}

uint32_t manager_nr_vms(void)
{
	return sys_cfg->nr_vms;
}

/* ---- what VMs ask of this floor ---- */

static uint32_t pick_cpu(const struct vm_config *cfg, uint32_t vcpu_idx)
{
	return keeper_of(cfg)->place.cpu[vcpu_idx];
}

static void all_parked(struct vm *vm)
{
	thread_request(&keeper_of(vm->cfg)->thread, THREAD_REQ_VCPU);
}

static int32_t firmware_feature(uint32_t fid)
{
	return firmware_workaround(fid);
}

static void firmware_do(uint32_t fid)
{
	firmware_call(fid, 0, 0, 0);
}

static struct vm_host host = {
	.vcpu_main = run_vcpu,
	.pick_cpu = pick_cpu,
	.all_parked = all_parked,
	.firmware_feature = firmware_feature,
	.firmware_call = firmware_do,
	.entropy = arch_entropy,
	.rng = &sys_rng,
	.clock = { .now_s = wall_clock_now_s },
	.bundle = &bundle,
};

static void rng_init(void)
{
	uint64_t now = arch_counter();
	uint64_t word;

	drbg_init(&sys_rng);
	drbg_seed(&sys_rng, board.rng_seed, board.rng_seed_len, board.rng_seed_len > 0);
	if (arch_entropy(&word))
		drbg_seed(&sys_rng, &word, sizeof(word), true);
	drbg_seed(&sys_rng, &now, sizeof(now), false);
}

/* ---- a VM's keeper ---- */

/* Nobody is left at the console of a VM that is off: the next that runs gets the input. */
static void move_input_on(const struct keeper *k)
{
	uint32_t n = manager_nr_vms();

	if (console_attached() != (int)k->idx)
		return;
	for (uint32_t i = 1; i < n; i++) {
		uint32_t next = (k->idx + i) % n;
		struct vm *vm = manager_vm(next);

		if (vm && vm_state(vm) == VM_RUNNING && console_attach((int)next) == 0)
			return;
	}
}

/* One VM fewer that may run. The last one's end is the machine's, if so configured. */
static void retire(struct keeper *k, const char *why)
{
	log_info("VM %s: %s", k->vm.cfg->name, why);
	move_input_on(k);
	if (atomic_fetch_sub(&nr_alive, 1) > 1)
		return;
	if (sys_cfg->when_all_off == ALL_OFF_POWEROFF)
		machine_poweroff();
	console_attach(CONSOLE_SHELL);
}

static void restart(struct keeper *k)
{
	if (vm_reset(&k->vm)) {
		vm_retire(&k->vm);
		retire(k, "cannot be loaded again: off");
		return;
	}
	vm_start(&k->vm);
}

/* Its vCPUs are parked: what now? */
static void act_on_order(struct keeper *k)
{
	const struct vm_config *cfg = k->vm.cfg;
	bool crashed = vm_order_given(&k->vm) == VM_ORDER_CRASH;
	bool reset = vm_order_given(&k->vm) == VM_ORDER_RESET;

	if ((crashed && cfg->on_crash == ACTION_RESTART) ||
	    (reset && cfg->on_reboot == ACTION_RESTART)) {
		restart(k);
		return;
	}
	vm_retire(&k->vm);
	retire(k, crashed ? "crashed, stopped" : reset ? "reset, stopped" : "off");
}

static void attach_console(struct keeper *k)
{
	void *mem;

	if (!k->vm.cfg->pl011.present)
		return;
	if (hyp_alloc_pages(CONSOLE_MEM_SIZE / PAGE_SIZE, &mem) ||
	    console_add((int)k->idx, k->vm.cfg->name, &k->vm.pl011, mem, CONSOLE_MEM_SIZE))
		log_warn("VM %s: no console", k->vm.cfg->name);
}

static int bring_up(struct keeper *k)
{
	int err = vm_create(&k->vm, k->idx, &sys_cfg->vms[k->idx], &host);

	if (err)
		return err;
	attach_console(k);
	err = vm_load(&k->vm);
	if (err)
		return err;
	vm_start(&k->vm);
	return 0;
}

static void keeper_main(void *arg)
{
	struct keeper *k = arg;

	if (bring_up(k))
		retire(k, "not started");
	for (;;) {
		thread_block(THREAD_REQ_VCPU);
		atomic_fetch_and(&k->thread.requests, ~(uint32_t)THREAD_REQ_VCPU);
		if (vm_state(&k->vm) == VM_PARKED)
			act_on_order(k);
	}
}

static int keeper_start(uint32_t idx, uint8_t *load)
{
	const struct vm_config *cfg = &sys_cfg->vms[idx];
	struct keeper *k = hyp_zalloc(sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->idx = idx;
	if (placement_choose(&k->place, cfg, smp_online(), load))
		goto free_keeper;
	if (thread_create(&k->thread, cfg->name, k->place.cpu[0], cfg->priority,
			  keeper_main, k))
		goto free_keeper;
	k->vm.cfg = cfg;
	keepers[idx] = k;
	return 0;

free_keeper:
	hyp_free(k);
	return -EINVAL;
}

/* ---- the console, and the whole ---- */

static void console_start(struct uart_phys *uart)
{
	if (!uart->ops)
		return;
	console_init(uart, (uint8_t)sys_cfg->escape_key, sys_cfg->nr_vms);
	hooks_uart_irq();
	log_set_sink(console_log);
	if (shell_start(&hooks_shell, 0, SHELL_PRIO))
		log_warn("no memory for the shell");
}

/* Each refused VM is named with its reason; the others start. */
static void keepers_start(void)
{
	static uint8_t load[CONFIG_MAX_PCPUS];

	for (uint32_t i = 0; i < sys_cfg->nr_vms; i++) {
		const struct vm_config *cfg = &sys_cfg->vms[i];

		if (cfg->refused[0])
			log_err("VM %s refused: %s", cfg->name, cfg->refused);
		else if (!cfg->autostart)
			log_info("VM %s: not started (autostart = false)", cfg->name);
		else if (keeper_start(i, load))
			log_err("VM %s: no memory or no pCPU for it", cfg->name);
		else
			atomic_fetch_add(&nr_alive, 1);
	}
	for (uint32_t i = 0; i < sys_cfg->nr_vms; i++)
		if (keepers[i])
			thread_start(&keepers[i]->thread);
}

void manager_start(struct uart_phys *uart)
{
	rng_init();
	sys_cfg = system_read(&bundle);
	keepers = hyp_zalloc(MAX(sys_cfg->nr_vms, 1u) * sizeof(*keepers));
	if (!keepers)
		machine_give_up("no memory for the VMs");
	console_start(uart);
	keepers_start();
	if (atomic_load(&nr_alive) == 0 && sys_cfg->when_all_off == ALL_OFF_POWEROFF)
		machine_give_up("no VM can be started");
	if (atomic_load(&nr_alive) == 0)
		console_attach(CONSOLE_SHELL);
}
