/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/manager.h"

#include <errno.h>
#include <stdatomic.h>

#include <arch/entropy.h>
#include <arch/timer.h>
#include "core/board.h"
#include "core/firmware.h"
#include "core/lib/bits.h"
#include "core/lib/options.h"
#include "core/log.h"
#include "core/vmm/console.h"
#include "core/vmm/hostio.h"
#include "core/vmm/keeper.h"
#include "core/vmm/machine.h"
#include "core/vmm/manage.h"
#include "core/vmm/manager_impl.h"
#include "core/vmm/network.h"
#include "core/vmm/pools.h"
#include "core/vmm/run.h"
#include "core/vmm/shell.h"
#include "core/vmm/smp.h"
#include "core/vmm/system.h"
#include "devices/uart_phys.h"
#include "devices/wall_clock.h"
#include "irq/irq.h"
#include "mm/hyp_pool.h"
#include "vm/drbg.h"
#include "vm/vsock.h"

#define SYSTEM_PRIO CONFIG_MAX_PRIORITY
#define REAP_US     100               /* looking whether a keeper's thread is gone */

struct vm_entry *vm_entries;
uint32_t nr_vm_entries;

static struct system_config *sys_cfg;
static struct drbg sys_rng;
static struct bundle bundle;
static struct channel channels[CONFIG_MAX_CHANNELS];
static _Atomic uint32_t nr_alive;      /* VMs that run or may run again       */
static struct thread manager;
static struct timer reap_timer;
static uint8_t load[CONFIG_MAX_PCPUS]; /* vCPUs on each; boot, then manager   */

/* ---- what VMs ask of this floor ---- */

static struct keeper *keeper_of(struct vm *vm)
{
	return container_of(vm, struct keeper, vm);
}

static uint32_t pick_cpu(const struct vm_config *cfg, uint32_t vcpu_idx)
{
	return vm_entries[cfg - sys_cfg->vms].keeper->place.cpu[vcpu_idx];
}

static uint64_t cpus(const struct vm_config *cfg, uint32_t vcpu_idx)
{
	return pools_cpus(sys_cfg, cfg, vcpu_idx);
}

/*
 * With the last vCPU, so that one alone pays for itself; but where system threads are
 * kept out, with those.
 */
static uint32_t io_cpu(const struct vm_config *cfg, uint64_t *mask)
{
	if (pools_exclusive(sys_cfg, cfg))
		return sys_cfg->housekeeping;
	*mask = cpus(cfg, cfg->nr_vcpus - 1);
	return pick_cpu(cfg, cfg->nr_vcpus - 1);
}

static void all_parked(struct vm *vm)
{
	thread_request(&keeper_of(vm)->thread, THREAD_REQ_VCPU);
}

static void ordered(struct vm *vm)
{
	thread_request(&keeper_of(vm)->thread, THREAD_REQ_VCPU);
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
	.cpus = cpus,
	.io_cpu = io_cpu,
	.network = CONFIG_VIRTIO ? network_get : NULL,
	.all_parked = all_parked,
	.ordered = CONFIG_DIRECT ? ordered : NULL,
	.vendor_call = CONFIG_MANAGE ? manage_vendor_call : NULL,
	.firmware_feature = firmware_feature,
	.firmware_call = firmware_do,
	.entropy = arch_entropy,
	.disk_claim = CONFIG_HOSTIO ? hostio_disk_claim : NULL,
	.disk_release = CONFIG_HOSTIO ? hostio_disk_release : NULL,
	.rng = &sys_rng,
	.clock = { .now_s = wall_clock_now_s },
	.bundle = &bundle,
	.channels = channels,
};

/* 256 bits, if there are any. */
static bool rng_seed_from(bool (*entropy)(uint64_t *out))
{
	uint64_t word[4];
	uint32_t n = 0;

	while (n < ARRAY_SIZE(word) && entropy(&word[n]))
		n++;
	drbg_seed(&sys_rng, word, n * sizeof(word[0]), true);
	return n == ARRAY_SIZE(word);
}

static void rng_init(void)
{
	uint64_t now = arch_counter();
	bool tree = board.rng_seed_len > 0, cpu, firmware;

	drbg_init(&sys_rng);
	drbg_seed(&sys_rng, board.rng_seed, board.rng_seed_len, tree);
	cpu = rng_seed_from(arch_entropy);
	firmware = rng_seed_from(firmware_entropy);
	drbg_seed(&sys_rng, &now, sizeof(now), false);
	log_info("random numbers: seeded by%s%s%s the time%s", firmware ? " the firmware," : "",
		 cpu ? " the CPU," : "", tree ? " the board's tree," : "",
		 firmware || cpu || tree ? "" : " alone: they can be guessed");
}

/* ---- what keepers tell ---- */

static void alive(struct keeper *k)
{
	(void)k;
	atomic_fetch_add(&nr_alive, 1);
}

/* Nobody is left at the console of a VM that is off: the next that runs gets the input. */
static void move_input_on(uint32_t idx)
{
	if (console_attached() != (int)idx)
		return;
	for (uint32_t i = 1; i < nr_vm_entries; i++) {
		uint32_t next = (idx + i) % nr_vm_entries;

		if (atomic_load(&vm_entries[next].state) == VMM_RUNNING &&
		    console_attach((int)next) == 0)
			return;
	}
}

/* The last one's end is the machine's, if so configured and nobody is at work on it. */
static void dead(struct keeper *k, bool asked)
{
	move_input_on(k->entry->idx);
	if (atomic_fetch_sub(&nr_alive, 1) > 1)
		return;
	if (!asked && sys_cfg->when_all_off == ALL_OFF_POWEROFF)
		machine_poweroff();
	console_attach(CONSOLE_SHELL);
}

static void ended(struct keeper *k)
{
	atomic_store(&k->ended, true);
	thread_request(&manager, THREAD_REQ_VCPU);
}

/* ---- keepers come and go ---- */

static void keeper_set(struct vm_entry *e, struct keeper *k)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);

	e->keeper = k;
	spin_unlock_irqrestore(&calls_lock, flags);
}

static void unload(const struct keeper *k)
{
	for (uint32_t i = 0; i < k->entry->cfg->nr_vcpus; i++)
		load[k->place.cpu[i]]--;
}

/*
 * Where the VM runs and as it runs, so that long work is at its expense: but where a
 * vCPU owns its pCPU or a window, on the pCPU of the system threads.
 */
static int keeper_thread(struct keeper *k)
{
	const struct vm_config *cfg = k->entry->cfg;
	bool exclusive = pools_exclusive(sys_cfg, cfg);
	uint32_t cpu = exclusive ? sys_cfg->housekeeping : k->place.cpu[0];
	struct sched_params p;
	int err = thread_create(&k->thread, cfg->name, cpu, cfg->priority, keeper_main, k);

	if (err)
		return err;
	vm_sched_params(cfg, k->entry->idx, &p);
	p.budget = p.period = p.reservation_pct = 0;
	err = thread_set_params(&k->thread, &p);
	if (err)
		thread_destroy(&k->thread);
	return err;
}

static int keeper_make(struct vm_entry *e, bool autostart, struct call *creator)
{
	struct keeper *k = hyp_zalloc(sizeof(*k));
	int err = -ENOMEM;

	if (!k)
		return err;
	k->entry = e;
	k->autostart = autostart;
	k->creator = creator;
	err = placement_choose(&k->place, e->cfg,
			       sys_cfg->pools[e->cfg->pool].cpus & smp_online(), load);
	if (!err && keeper_thread(k)) {
		unload(k);
		err = -ENOMEM;
	}
	if (err) {
		hyp_free(k);
		log_err("VM %s: no memory or no pCPU for it", e->cfg->name);
		return err;
	}
	keeper_set(e, k);
	return 0;
}

/* Its thread runs no more: all that is left of it goes. */
static void keeper_reap(struct vm_entry *e, struct keeper *k)
{
	struct call *last = k->last;
	int result = k->result;

	unload(k);
	thread_destroy(&k->thread);
	keeper_set(e, NULL);
	atomic_store(&e->state, VMM_DEFINED);
	atomic_fetch_add(&e->destroyed, 1);
	hyp_free(k);
	call_finish(last, result);
}

/* There is no keeper that could carry it out: only create makes sense. */
static void serve(struct vm_entry *e, struct call *c)
{
	int err = vmm_verb_check(VMM_DEFINED, c->verb);

	if (!err)
		err = keeper_make(e, false, c);
	if (err)
		call_finish(c, err);
	else
		thread_start(&e->keeper->thread);
}

/* Returns true if a keeper's thread is about to be gone. */
static bool look_after(struct vm_entry *e)
{
	struct call *c;

	if (e->keeper && atomic_load(&e->keeper->ended)) {
		if (!atomic_load_explicit(&e->keeper->thread.off_cpu, memory_order_acquire))
			return true;
		keeper_reap(e, e->keeper);
	}
	while (!e->keeper && (c = calls_take(&e->calls)) != NULL)
		serve(e, c);
	return false;
}

static void reap_wake(struct timer *t)
{
	(void)t;
	thread_request(&manager, THREAD_REQ_VCPU);
}

static void manager_main(void *arg)
{
	(void)arg;
	for (;;) {
		bool again = false;

		atomic_fetch_and(&manager.requests, ~(uint32_t)THREAD_REQ_VCPU);
		for (uint32_t i = 0; i < nr_vm_entries; i++)
			again |= look_after(&vm_entries[i]);
		if (again)
			timer_start(&reap_timer,
				    arch_counter() + REAP_US * (arch_counter_hz() / 1000) / 1000);
		thread_block(THREAD_REQ_VCPU);
	}
}

void vm_entry_poke_locked(struct vm_entry *e)
{
	thread_request(e->keeper ? &e->keeper->thread : &manager, THREAD_REQ_VCPU);
}

struct vm *manager_vm(uint32_t i)
{
	return i < nr_vm_entries && vm_entries[i].there ? &vm_entries[i].keeper->vm : NULL;
}

uint32_t manager_nr_vms(void)
{
	return nr_vm_entries;
}

/* ---- the console, and the whole ---- */

static void on_uart(void *ctx, uint32_t intid)
{
	(void)ctx;
	(void)intid;
	console_irq();
}

static void console_start(struct uart_phys *uart)
{
	if (!uart->ops)
		return;
	console_init(uart, (uint8_t)sys_cfg->escape_key, sys_cfg->nr_vms);
	if (board.uart_intid == 0 || irq_register(board.uart_intid, on_uart, NULL))
		log_warn("the UART's interrupt cannot be used: no input");
	log_set_sink(console_log);
	if (CONFIG_SHELL && shell_start(sys_cfg->housekeeping, SYSTEM_PRIO))
		log_warn("no memory for the shell");
}

static void entries_make(void)
{
	vm_entries = hyp_zalloc(MAX(sys_cfg->nr_vms, 1u) * sizeof(*vm_entries));
	if (!vm_entries)
		machine_give_up("no memory for the VMs");
	for (uint32_t i = 0; i < sys_cfg->nr_vms; i++) {
		vm_entries[i].cfg = &sys_cfg->vms[i];
		vm_entries[i].idx = i;
		call_queue_init(&vm_entries[i].calls);
	}
	calls_init();
	timer_setup(&reap_timer, reap_wake);
	keeper_ops = (struct keeper_ops){ alive, dead, ended, &host };
	nr_vm_entries = sys_cfg->nr_vms;
	if (thread_create(&manager, "manager", sys_cfg->housekeeping, SYSTEM_PRIO, manager_main,
			  NULL))
		machine_give_up("no memory for the manager of VMs");
}

/* Each refused VM is named with its reason; the others start. */
static void keepers_start(void)
{
	for (uint32_t i = 0; i < nr_vm_entries; i++) {
		const struct vm_config *cfg = vm_entries[i].cfg;

		if (cfg->refused[0])
			log_err("VM %s refused: %s", cfg->name, cfg->refused);
		else if (!cfg->autostart)
			log_info("VM %s: not started (autostart = false)", cfg->name);
		else if (keeper_make(&vm_entries[i], true, NULL) == 0)
			atomic_fetch_add(&nr_alive, 1);
	}
	for (uint32_t i = 0; i < nr_vm_entries; i++)
		if (vm_entries[i].keeper)
			thread_start(&vm_entries[i].keeper->thread);
	thread_start(&manager);
}

void manager_start(struct uart_phys *uart)
{
	rng_init();
	vm_vsock_init();
	sys_cfg = system_read(&bundle);
	pools_create(sys_cfg);
	entries_make();
	console_start(uart);
	if (CONFIG_HOSTIO)
		hostio_init(sys_cfg->housekeeping, SYSTEM_PRIO);
	if (CONFIG_VIRTIO)
		network_init(sys_cfg);
	keepers_start();
	if (atomic_load(&nr_alive) == 0 && sys_cfg->when_all_off == ALL_OFF_POWEROFF)
		machine_give_up("no VM can be started");
	if (atomic_load(&nr_alive) == 0)
		console_attach(CONSOLE_SHELL);
}
