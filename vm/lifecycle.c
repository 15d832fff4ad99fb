/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/lifecycle.h"

#include <arch/timer.h>
#include "vm/vm.h"

static uint32_t load(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static void store(_Atomic uint32_t *p, uint32_t v)
{
	atomic_store_explicit(p, v, memory_order_release);
}

enum vm_order vm_order_given(const struct vm *vm)
{
	return (enum vm_order)load(&vm->order);
}

enum vm_state vm_state(const struct vm *vm)
{
	return (enum vm_state)load(&vm->state);
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
}

bool vm_order(struct vm *vm, enum vm_order order)
{
	uint32_t none = VM_ORDER_NONE;

	if (!atomic_compare_exchange_strong(&vm->order, &none, order))
		return false;
	store(&vm->state, VM_STOPPING);
	request_all(vm);
	return true;
}

bool vm_end(struct vm *vm)
{
	enum vm_state state = vm_state(vm);

	if (state != VM_OFF && state != VM_CRASHED)
		return false;
	store(&vm->order, VM_ORDER_END);
	atomic_fetch_add(&vm->epoch, 1);
	/* Threads that were never started have nothing to end. */
	if (vm->nr_starts)
		request_all(vm);
	return true;
}

void vm_start(struct vm *vm)
{
	struct power_start start = { .pc = vm->plan.entry.v, .x0 = vm->plan.dtb.v };
	bool first = vm->nr_starts++ == 0;

	vm->counter_offset = arch_counter();
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		power_turn_off(&vm->power[i]);
	power_turn_on(&vm->power[0], &start);
	store(&vm->nr_parked, 0);
	store(&vm->state, VM_RUNNING);
	store(&vm->order, VM_ORDER_NONE);
	/* Lets the parked go; pairs with the acquire in vcpu_park(). */
	atomic_fetch_add(&vm->epoch, 1);
	for (uint32_t i = 0; first && i < vm->nr_vcpus; i++)
		thread_start(&vm->vcpus[i].thread);
	request_all(vm);
}

void vm_retire(struct vm *vm)
{
	store(&vm->state, vm_order_given(vm) == VM_ORDER_CRASH ? VM_CRASHED : VM_OFF);
}

/* --- on a vCPU's own thread -------------------------------------------------- */

/* Cleared before the check that follows: a request after that wakes thread_block(). */
static void request_seen(struct vcpu *v)
{
	atomic_fetch_and(&v->thread.requests, ~(uint32_t)THREAD_REQ_VCPU);
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

/*
 * Wait for the next start. The epoch cannot move before this vCPU is counted,
 * since the VM is not the manager's until all are.
 */
static void vcpu_park(struct vcpu *v)
{
	struct vm *vm = v->vm;
	uint32_t epoch = load(&vm->epoch);

	timers_stop(v);
	if (atomic_fetch_add(&vm->nr_parked, 1) + 1 == vm->nr_vcpus) {
		store(&vm->state, VM_PARKED);
		vm->host->all_parked(vm);
	}
	for (;;) {
		request_seen(v);
		if (load(&vm->epoch) != epoch)
			return;
		thread_block(THREAD_REQ_VCPU);
	}
}

/* Interrupts stay masked until the thread ends, so it is not switched in again. */
static void vcpu_end(struct vcpu *v)
{
	timers_stop(v);
	vcpu_unload(v);
}

static void vcpu_begin(struct vcpu *v, const struct power_start *start)
{
	vtimer_reset(&v->vtimer, v->vm->counter_offset);
	vcpu_reset(v, start->pc, start->x0, start->big_endian);
	vcpu_switch_to(v);
	vtimer_restart(&v->vtimer);
	vgic_vcpu_reset(&v->vgic);
	/* What is pending for it already shall be seen before its first instruction. */
	thread_request(&v->thread, THREAD_REQ_IRQ);
}

bool vm_vcpu_orders(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct vcpu_power *power = &vm->power[v->idx];
	struct power_start start;
	bool resting = false;

	for (;;) {
		enum vm_order order;

		request_seen(v);
		order = vm_order_given(vm);
		if (order == VM_ORDER_END) {
			vcpu_end(v);
			return false;
		}
		if (order != VM_ORDER_NONE) {
			vcpu_park(v);
			continue;
		}
		if (power_get(power) == POWER_ON)
			return true;
		if (power_take(power, &start)) {
			vcpu_begin(v, &start);
			return true;
		}
		/* Nothing but CPU_ON or an order ends this, whatever else wakes it. */
		if (!resting)
			timers_stop(v);
		resting = true;
		thread_block(THREAD_REQ_VCPU);
	}
}
