/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/keeper.h"

#include <errno.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/lib/options.h"
#include "core/log.h"
#include "core/sched.h"
#include "core/vmm/console.h"
#include "core/vmm/machine.h"
#include "mm/hyp_pool.h"
#include "vm/passthrough.h"
#include "vm/virtio.h"

#define CONSOLE_MEM_SIZE 4096
#define KEY_MS           100         /* how long the power key is held           */
#define POLL_US          100         /* waiting for threads to end               */
#define RECALL_US        10000       /* for vCPUs to park before they are made to */
#define CALM_S           60          /* a life this long ends a row of restarts  */
#define NEVER            UINT64_MAX

struct keeper_ops keeper_ops;

static uint64_t us_from_now(uint64_t us)
{
	return arch_counter() + us * (arch_counter_hz() / 1000) / 1000;
}

static enum vmm_state state_of(const struct keeper *k)
{
	return (enum vmm_state)atomic_load(&k->entry->state);
}

static void state_set(struct keeper *k, enum vmm_state state)
{
	atomic_store(&k->entry->state, state);
}

static void finish(struct keeper *k, int result)
{
	call_finish(atomic_exchange(&k->call, NULL), result);
	call_finish(k->kill, result);
	k->kill = NULL;
}

/* ---- sleeping ---- */

static void wake(struct timer *t)
{
	thread_request(&container_of(t, struct keeper, timer)->thread, THREAD_REQ_VCPU);
}

/* Until something is asked for, or the VM has parked, or so late it is. */
static void sleep_until(struct keeper *k, uint64_t when)
{
	if (when != NEVER)
		timer_start(&k->timer, when);
	thread_block(THREAD_REQ_VCPU);
	atomic_fetch_and(&k->thread.requests, ~(uint32_t)THREAD_REQ_VCPU);
}

static void poll(struct keeper *k)
{
	sleep_until(k, us_from_now(POLL_US));
}

/*
 * A verb is obeyed before all vCPUs, or one that spins could not be stopped. Work
 * that grows with the VM's memory is done when the VM itself would run.
 */
static void at_once(struct keeper *k)
{
	sched_set_urgency(&k->thread, sched_own_urgency(&k->thread) | (SCHED_MAX_PRIO + 1));
}

static void at_own_expense(struct keeper *k)
{
	sched_set_urgency(&k->thread, sched_own_urgency(&k->thread));
}

/* ---- from nothing to READY, and back ---- */

static void there_set(struct keeper *k, bool there)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);

	k->entry->there = there;
	spin_unlock_irqrestore(&calls_lock, flags);
}

static bool has_users(struct keeper *k)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);
	bool users = k->entry->users > 0;

	spin_unlock_irqrestore(&calls_lock, flags);
	return users;
}

/* What is typed and printed, and the log behind it. */
static uint32_t console_pages(const struct vm_config *cfg)
{
	return (CONSOLE_MEM_SIZE + cfg->log_size + PAGE_SIZE - 1) / PAGE_SIZE;
}

static void console_get(struct keeper *k)
{
	const struct vm_config *cfg = k->entry->cfg;
	struct chardev *devs[2] = { cfg->pl011.present ? &k->vm.pl011.chardev : NULL,
				    vm_hvc(&k->vm) };

	if (!devs[0]) {
		devs[0] = devs[1];
		devs[1] = NULL;
	}
	if (!devs[0])
		return;
	if (hyp_alloc_pages(console_pages(cfg), &k->console_mem) ||
	    console_add((int)k->entry->idx, cfg->name, devs[0], devs[1], k->console_mem,
			CONSOLE_MEM_SIZE, cfg->log_size))
		log_warn("VM %s: no console", cfg->name);
}

static void console_put(struct keeper *k)
{
	if (!k->console_mem)
		return;
	console_remove((int)k->entry->idx);
	hyp_free_pages(k->console_mem, console_pages(k->entry->cfg));
}

/* Of a VM that does not run: everything back. */
static void tear_down(struct keeper *k)
{
	at_own_expense(k);
	there_set(k, false);
	while (has_users(k))
		poll(k);
	console_put(k);
	vm_end(&k->vm);
	while (vm_destroy(&k->vm) == -EBUSY)
		poll(k);
}

static int bring_up(struct keeper *k)
{
	int err = vm_create(&k->vm, k->entry->idx, k->entry->cfg, keeper_ops.host);

	if (err)
		return err;
	console_get(k);
	there_set(k, true);
	err = vm_load(&k->vm);
	if (err) {
		tear_down(k);
	} else {
		at_once(k);
		state_set(k, VMM_READY);
	}
	return err;
}

/* ---- running ---- */

static void go(struct keeper *k)
{
	k->key_up = k->force = k->restart = NEVER;
	atomic_store(&k->restart_due, 0);
	k->stop_asked = k->reset_asked = false;
	state_set(k, VMM_RUNNING);
	pass_enable(&k->vm, true);
	vm_start(&k->vm);
}

static void came_to_rest(struct keeper *k, const char *why)
{
	bool asked = k->stop_asked;

	if (vm_state(&k->vm) == VM_PARKED)
		vm_retire(&k->vm);
	vm_power_key(&k->vm, false);
	k->key_up = k->force = k->restart = NEVER;
	atomic_store(&k->restart_due, 0);
	state_set(k, vm_state(&k->vm) == VM_CRASHED && !asked ? VMM_CRASHED : VMM_OFF);
	log_info("VM %s: %s", vm_name(&k->vm), why);
	keeper_ops.dead(k, asked);
}

/* Loaded anew, from any rest. */
static int again(struct keeper *k)
{
	int err;

	at_own_expense(k);
	err = vm_reset(&k->vm);
	at_once(k);
	if (err)
		came_to_rest(k, "cannot be loaded again: off");
	else
		go(k);
	return err;
}

/* ---- it has parked: what now? ---- */

static const char *const order_names[] = {
	[VM_ORDER_OFF] = "off", [VM_ORDER_RESET] = "reset", [VM_ORDER_CRASH] = "crashed",
	[VM_ORDER_WATCHDOG] = "not alive for its watchdog", [VM_ORDER_PAUSE] = "paused",
};

static enum config_action action_for(const struct vm_config *cfg, enum vm_order order)
{
	switch (order) {
	case VM_ORDER_RESET:
		return cfg->on_reboot;
	case VM_ORDER_CRASH:
		return cfg->on_crash;
	case VM_ORDER_WATCHDOG:
		return cfg->on_watchdog;
	case VM_ORDER_PAUSE:
		return ACTION_PAUSE;
	default:
		return ACTION_STOP;
	}
}

/* After a crash or a bite: wait, twice as long each time, and not for ever. */
static void restart_later(struct keeper *k, const char *why)
{
	const struct vm_config *cfg = k->entry->cfg;
	uint64_t wait_us;

	if (arch_counter() - k->vm.counter_offset > CALM_S * arch_counter_hz())
		k->streak = 0;
	if (cfg->restart_limit && k->streak >= cfg->restart_limit) {
		log_warn("VM %s: restarted %u times, now left", cfg->name, k->streak);
		came_to_rest(k, why);
		return;
	}
	wait_us = MIN((uint64_t)cfg->restart_backoff_us << MIN(k->streak, 20u),
		      CONFIG_MAX_WAIT_US);
	vm_retire(&k->vm);
	state_set(k, VMM_CRASHED);
	k->restart = us_from_now(wait_us);
	atomic_store(&k->restart_due, k->restart);
	log_info("VM %s: %s, restarts in %lu ms", cfg->name, why, (unsigned long)(wait_us / 1000));
}

static void act(struct keeper *k, enum vm_order order)
{
	const char *why = order_names[order];

	switch (action_for(k->entry->cfg, order)) {
	case ACTION_STOP:
		came_to_rest(k, why);
		break;
	case ACTION_RESTART:
		if (order == VM_ORDER_RESET)
			again(k);
		else
			restart_later(k, why);
		break;
	case ACTION_PAUSE:
		state_set(k, VMM_PAUSED);
		if (order != VM_ORDER_PAUSE)
			log_info("VM %s: %s, paused", vm_name(&k->vm), why);
		break;
	case ACTION_SHUTDOWN_MACHINE:
		log_err("VM %s: %s, so the machine goes off", vm_name(&k->vm), why);
		machine_poweroff();
	}
}

/* All vCPUs are parked, by an order of ours, the guest's, or its watchdog's. */
static void on_parked(struct keeper *k)
{
	enum vm_order order;
	int result = 0;

	pass_enable(&k->vm, false);
	vm_freeze(&k->vm);
	order = vm_order_given(&k->vm);
	if (k->stop_asked)
		came_to_rest(k, order == VM_ORDER_OFF ? "off" : "stopped");
	else if (k->reset_asked)
		result = again(k);
	else
		act(k, order);
	/* It went another way before the pause could come. */
	if (k->call && k->call->verb == VMM_PAUSE && state_of(k) != VMM_PAUSED)
		result = -EBUSY;
	finish(k, result);
}

/* ---- verbs; each has passed vmm_verb_check() ---- */

static void parked_or_order(struct keeper *k, enum vm_order order)
{
	vm_order(&k->vm, order);
	if (state_of(k) == VMM_PAUSED)
		on_parked(k);
}

static void do_start(struct keeper *k)
{
	bool was_due = k->restart != NEVER;
	int err = 0;

	k->streak = 0;
	atomic_store(&k->nr_restarts, 0);
	if (!was_due)
		keeper_ops.alive(k);
	if (state_of(k) == VMM_READY)
		go(k);
	else
		err = again(k);
	finish(k, err);
}

static void do_resume(struct keeper *k)
{
	int err = 0;

	/* Only a pause keeps the timers of vCPUs: any other order ended this life. */
	if (vm_order_given(&k->vm) != VM_ORDER_PAUSE) {
		err = again(k);
	} else {
		state_set(k, VMM_RUNNING);
		pass_enable(&k->vm, true);
		vm_resume(&k->vm);
	}
	finish(k, err);
}

static void do_kill(struct keeper *k)
{
	bool waits = k->restart != NEVER;

	k->stop_asked = true;
	if (state_of(k) == VMM_CRASHED) {
		if (waits)
			came_to_rest(k, "crashed, not restarted");
		state_set(k, VMM_OFF);
		finish(k, 0);
		return;
	}
	state_set(k, state_of(k) == VMM_PAUSED ? VMM_PAUSED : VMM_STOPPING);
	parked_or_order(k, VM_ORDER_OFF);
}

static void do_stop(struct keeper *k)
{
	const struct vm_config *cfg = k->entry->cfg;

	if (state_of(k) != VMM_RUNNING || !cfg->pl061.present || !cfg->stop_timeout_us) {
		do_kill(k);
		return;
	}
	k->stop_asked = true;
	state_set(k, VMM_STOPPING);
	k->key_up = us_from_now(KEY_MS * 1000);
	k->force = us_from_now(cfg->stop_timeout_us);
	vm_power_key(&k->vm, true);
}

static void do_reset(struct keeper *k)
{
	k->streak = 0;
	atomic_store(&k->nr_restarts, 0);
	if (state_of(k) == VMM_CRASHED) {
		do_start(k);
		return;
	}
	k->reset_asked = true;
	parked_or_order(k, VM_ORDER_RESET);
}

static void do_pause(struct keeper *k)
{
	vm_order(&k->vm, VM_ORDER_PAUSE);
}

static void do_destroy(struct keeper *k)
{
	if (k->restart != NEVER)
		came_to_rest(k, "not restarted");
	tear_down(k);
	k->last = k->call;
	k->call = NULL;
}

static void do_create(struct keeper *k)
{
	finish(k, -EALREADY);        /* never asked for here: it is created */
}

static void carry_out(struct keeper *k, struct call *c)
{
	static void (*const verbs[])(struct keeper *k) = {
		[VMM_CREATE] = do_create, [VMM_START] = do_start, [VMM_PAUSE] = do_pause,
		[VMM_RESUME] = do_resume, [VMM_STOP] = do_stop, [VMM_KILL] = do_kill,
		[VMM_RESET] = do_reset, [VMM_DESTROY] = do_destroy,
	};
	int err = vmm_verb_check(state_of(k), c->verb);

	if (err) {
		call_finish(c, err);
		return;
	}
	k->call = c;
	verbs[c->verb](k);
}

/* One after the other, but nobody waits behind a guest that does not react. */
static void look_at_calls(struct keeper *k)
{
	struct call *c;

	while (!k->call && !k->last && (c = calls_take(&k->entry->calls)) != NULL)
		carry_out(k, c);
	if (state_of(k) != VMM_STOPPING || !k->call || k->kill)
		return;
	k->kill = calls_take_verb(&k->entry->calls, VMM_KILL);
	if (k->kill)
		vm_order(&k->vm, VM_ORDER_OFF);
}

/* Has that time come, or is it further ahead than any is set: the counter went back? */
static bool is_over(uint64_t at, uint64_t now)
{
	return at != NEVER && (at <= now ||
	       (CONFIG_HARDENING && at > us_from_now(CONFIG_MAX_WAIT_US)));
}

/* A kick may not reach vCPUs that have the CPU interface. */
static void look_at_order(struct keeper *k, uint64_t now)
{
	bool over = is_over(k->recall, now);

	if (!k->vm.group.direct || vm_state(&k->vm) != VM_STOPPING) {
		k->recall = NEVER;
		return;
	}
	if (over)
		vm_recall(&k->vm);
	if (over || k->recall == NEVER)
		k->recall = us_from_now(RECALL_US);
}

static uint64_t next_look(const struct keeper *k)
{
	uint64_t next = MIN(MIN(k->key_up, k->force), k->restart);

	return CONFIG_DIRECT ? MIN(next, k->recall) : next;
}

static void look_at_clock(struct keeper *k)
{
	uint64_t now = arch_counter();

	if (CONFIG_DIRECT)
		look_at_order(k, now);
	if (is_over(k->key_up, now)) {
		k->key_up = NEVER;
		vm_power_key(&k->vm, false);
	}
	if (is_over(k->force, now)) {
		k->force = NEVER;
		log_warn("VM %s: does not stop, forced", vm_name(&k->vm));
		vm_order(&k->vm, VM_ORDER_OFF);
	}
	if (is_over(k->restart, now)) {
		k->streak++;
		atomic_fetch_add(&k->nr_restarts, 1);
		again(k);
	}
}

/* Parked, and not yet acted upon. */
static bool just_parked(const struct keeper *k)
{
	return vm_state(&k->vm) == VM_PARKED && state_of(k) != VMM_PAUSED;
}

static void serve(struct keeper *k)
{
	while (!k->last) {
		if (just_parked(k))
			on_parked(k);
		look_at_clock(k);
		look_at_calls(k);
		if (k->last)
			return;
		sleep_until(k, next_look(k));
	}
}

void keeper_main(void *arg)
{
	struct keeper *k = arg;

	timer_setup(&k->timer, wake);
	k->key_up = k->force = k->restart = NEVER;
	if (CONFIG_DIRECT)
		k->recall = NEVER;
	k->result = bring_up(k);
	if (k->result == 0) {
		call_finish(k->creator, 0);
		if (k->autostart)
			go(k);
		serve(k);
	} else {
		log_info("VM %s: not created", k->entry->cfg->name);
		k->last = k->creator;
		if (k->autostart)
			keeper_ops.dead(k, false);
	}
	timer_cancel_wait(&k->timer);
	keeper_ops.ended(k);
}
