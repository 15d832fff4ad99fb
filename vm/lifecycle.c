/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/lifecycle.h"

#include <arch/timer.h>
#include "irq/vgic_direct.h"
#include "vm/virtio.h"
#include "vm/vm.h"

/*
 * State and order are one word: who changes one of them has seen the other. An
 * order late by any time can so never touch a later life.
 */
#define LIFE(state, order)  ((uint32_t)(state) | (uint32_t)(order) << 8)
#define STATE(life)         ((enum vm_state)((life) & 0xff))
#define ORDER(life)         ((enum vm_order)((life) >> 8))

static uint32_t load(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static void life_set(struct vm *vm, enum vm_state state, enum vm_order order)
{
	atomic_store_explicit(&vm->life, LIFE(state, order), memory_order_release);
}

void vm_life_init(struct vm *vm)
{
	life_set(vm, VM_OFF, VM_ORDER_OFF);
}

enum vm_order vm_order_given(const struct vm *vm)
{
	return ORDER(load(&vm->life));
}

enum vm_state vm_state(const struct vm *vm)
{
	return STATE(load(&vm->life));
}

const char *vm_state_name(enum vm_state state)
{
	static const char *const names[] = {
		[VM_OFF] = "off", [VM_RUNNING] = "running", [VM_STOPPING] = "stopping",
		[VM_PARKED] = "parked", [VM_CRASHED] = "crashed",
	};

	return names[state];
}

static void request_all(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		thread_request(&vm->vcpus[i].thread, THREAD_REQ_VCPU);
	if (vm->virtio)
		thread_request(&vm->virtio->thread, THREAD_REQ_VCPU);
}

static bool order_counts(enum vm_order old, enum vm_order order)
{
	return old == VM_ORDER_NONE || (old == VM_ORDER_PAUSE && order != VM_ORDER_PAUSE);
}

bool vm_order(struct vm *vm, enum vm_order order)
{
	uint32_t old = load(&vm->life), now;

	do {
		if (!order_counts(ORDER(old), order))
			return false;
		now = LIFE(STATE(old) == VM_RUNNING ? VM_STOPPING : STATE(old), order);
	} while (!atomic_compare_exchange_weak(&vm->life, &old, now));
	request_all(vm);
	if (CONFIG_DIRECT && vm->group.direct)
		vm->host->ordered(vm);
	return true;
}

/* None of them has the CPU interface: then a kick reaches it. */
static bool all_out(void *arg)
{
	struct vm *vm = arg;

	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		if (vgic_is_direct(&vm->vcpus[i].vgic))
			return false;
	return true;
}

void vm_recall(struct vm *vm)
{
	if (vm_state(vm) == VM_STOPPING && !all_out(vm))
		stage2_shut(&vm->s2, all_out, vm);
}

bool vm_end(struct vm *vm)
{
	enum vm_state state = vm_state(vm);

	if (state != VM_OFF && state != VM_CRASHED)
		return false;
	life_set(vm, state, VM_ORDER_END);
	atomic_fetch_add(&vm->epoch, 1);
	/* Threads that were never started have nothing to end. */
	if (vm->nr_starts)
		request_all(vm);
	return true;
}

/* Lets the parked go; the epoch pairs with the acquire in vcpu_park(). */
static void release(struct vm *vm, bool resumed)
{
	vm->resumed = resumed;
	atomic_store(&vm->nr_parked, 0);
	life_set(vm, VM_RUNNING, VM_ORDER_NONE);
	/* May bite at once: that is an order already. */
	sbsa_wdt_thaw(&vm->watchdog, vm->counter_offset);
	atomic_fetch_add(&vm->epoch, 1);
}

void vm_start(struct vm *vm)
{
	struct power_start start = { .pc = vm->plan.entry.v, .x0 = vm->plan.dtb.v };
	bool first = vm->nr_starts++ == 0;

	vm->counter_offset = arch_counter();
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		power_turn_off(&vm->power[i]);
	power_turn_on(&vm->power[0], &start);
	vm->paused_ticks = 0;
	release(vm, false);
	for (uint32_t i = 0; first && i < vm->nr_vcpus; i++)
		thread_start(&vm->vcpus[i].thread);
	if (first && vm->virtio)
		thread_start(&vm->virtio->thread);
	request_all(vm);
}

void vm_retire(struct vm *vm)
{
	enum vm_order order = vm_order_given(vm);
	bool crashed = order == VM_ORDER_CRASH || order == VM_ORDER_WATCHDOG;

	life_set(vm, crashed ? VM_CRASHED : VM_OFF, order);
}

bool vm_freeze(struct vm *vm)
{
	sbsa_wdt_freeze(&vm->watchdog);
	return vm_order_given(vm) == VM_ORDER_PAUSE;
}

void vm_resume(struct vm *vm)
{
	vm->paused = arch_counter() - vm->parked_at;
	vm->paused_ticks += vm->paused;
	vm->counter_offset += vm->paused;
	release(vm, true);
	request_all(vm);
}

void vm_power_key(struct vm *vm, bool down)
{
	if (vm->cfg->pl061.present)
		pl061_drive(&vm->pl061, PL061_POWER_KEY, down);
}

/* --- on a vCPU's own thread -------------------------------------------------- */

/* Cleared before the check that follows: a request after that wakes thread_block(). */
static void request_seen(struct thread *t)
{
	atomic_fetch_and(&t->requests, ~(uint32_t)THREAD_REQ_VCPU);
}

uint32_t vm_vcpu_starts(const struct vcpu *v)
{
	return v->vm->power[v->idx].starts;
}

/* Its timers must neither fire nor wake it while it is off or parked. */
static void timers_stop(struct vcpu *v)
{
	vtimer_reset(&v->vtimer, v->vm->counter_offset);
	vtimer_restart(&v->vtimer);
}

/* The last one to park: from now on the VM is its manager's. */
static void parked_all(struct vm *vm)
{
	uint32_t old = load(&vm->life);

	vm->parked_at = arch_counter();
	while (!atomic_compare_exchange_weak(&vm->life, &old, LIFE(VM_PARKED, ORDER(old))))
		;
	vm->host->all_parked(vm);
}

/* Paused: all it has in this pCPU into memory, where no timer counts. */
static void vcpu_freeze(struct vcpu *v)
{
	vcpu_unload(v);
	vtimer_freeze(&v->vtimer);
}

/* Each switch to its thread has loaded it again, with the old counter. */
static void vcpu_thaw(struct vcpu *v)
{
	vcpu_unload(v);
	vtimer_thaw(&v->vtimer, v->vm->counter_offset, v->vm->paused);
	vcpu_switch_to(v);
}

/* One more thread of the VM rests: the vCPUs, and who does their I/O. */
static void count_parked(struct vm *vm)
{
	if (atomic_fetch_add(&vm->nr_parked, 1) + 1 == vm->nr_vcpus + (vm->virtio ? 1 : 0))
		parked_all(vm);
}

/*
 * Wait for the next start, or for the end of a pause. The epoch cannot move before
 * this vCPU is counted, since the VM is not the manager's until all are.
 */
static void vcpu_park(struct vcpu *v, bool paused)
{
	struct vm *vm = v->vm;
	uint32_t epoch = load(&vm->epoch);

	/* After a pause its timers are not what they were. */
	vm->power[v->idx].cleared = 0;
	if (paused)
		vcpu_freeze(v);
	else
		timers_stop(v);
	count_parked(vm);
	for (;;) {
		request_seen(&v->thread);
		if (load(&vm->epoch) != epoch)
			break;
		thread_block(THREAD_REQ_VCPU);
		if (paused)
			vcpu_freeze(v);
	}
	if (paused && vm->resumed)
		vcpu_thaw(v);
}

/* Interrupts stay masked until the thread ends, so it is not switched in again. */
static void vcpu_end(struct vcpu *v)
{
	timers_stop(v);
	vcpu_unload(v);
}

static void vcpu_clear(struct vcpu *v, const struct power_start *start)
{
	vtimer_reset(&v->vtimer, v->vm->counter_offset);
	vcpu_reset(v, start->pc, start->x0, start->big_endian);
	vcpu_switch_to(v);
	vtimer_restart(&v->vtimer);
	vgic_vcpu_reset(&v->vgic);
}

/* Off: cleared now, as nobody waits for it, and not when it is turned on. */
static void vcpu_rest(struct vcpu *v)
{
	static const struct power_start nowhere;

	vcpu_clear(v, &nowhere);
	v->vm->power[v->idx].cleared = v->vm->nr_starts;
}

/* Nothing has happened to it while it rested, as nothing does to most: it needs an entry. */
static bool vcpu_is_clear(struct vcpu *v, const struct power_start *start)
{
	return v->vm->power[v->idx].cleared == v->vm->nr_starts && !start->big_endian &&
	       vgic_vcpu_is_reset(&v->vgic) && vcpu_enter_at(v, start->pc, start->x0);
}

static void vcpu_begin(struct vcpu *v, const struct power_start *start)
{
	if (!vcpu_is_clear(v, start)) {
		vcpu_clear(v, start);
		/* What is pending for it already shall be seen before its first instruction;
		 * one that was clear has the requests of all that came since. */
		thread_request(&v->thread, THREAD_REQ_IRQ);
	}
	v->vm->power[v->idx].cleared = 0;
	vcpu_stolen_restart(v, v->vm->nr_starts);
}

bool vm_vcpu_orders(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct vcpu_power *power = &vm->power[v->idx];
	struct power_start start;

	for (;;) {
		enum vm_order order;

		request_seen(&v->thread);
		order = vm_order_given(vm);
		if (order == VM_ORDER_END) {
			vcpu_end(v);
			return false;
		}
		if (order != VM_ORDER_NONE) {
			vcpu_park(v, order == VM_ORDER_PAUSE);
			continue;
		}
		if (power->leaving) {
			vcpu_rest(v);
			power_turn_off(power);
		}
		if (power_get(power) == POWER_ON)
			return true;
		if (power_take(power, &start)) {
			vcpu_begin(v, &start);
			return true;
		}
		/* Nothing but CPU_ON or an order ends this, whatever else wakes it. */
		if (power->cleared != vm->nr_starts)
			vcpu_rest(v);
		thread_block(THREAD_REQ_VCPU);
	}
}

/* --- on its I/O thread --------------------------------------------------------- */

static void io_park(struct vm *vm)
{
	struct thread *t = &vm->virtio->thread;
	uint32_t epoch = load(&vm->epoch);

	count_parked(vm);
	for (;;) {
		request_seen(t);
		if (load(&vm->epoch) != epoch)
			return;
		thread_block(THREAD_REQ_VCPU);
	}
}

bool vm_io_orders(struct vm *vm)
{
	for (;;) {
		enum vm_order order;

		request_seen(&vm->virtio->thread);
		order = vm_order_given(vm);
		if (order == VM_ORDER_END)
			return false;
		if (order == VM_ORDER_NONE)
			return true;
		io_park(vm);
	}
}
