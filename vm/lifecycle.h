/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start, stop, reset, pause: how many vCPU threads agree that nobody runs.
 *
 * An order is given once (vm_order); every vCPU thread meets it on its next
 * pass through the run loop, or where it waits, and parks. The last one to park
 * reports through vm->host->all_parked. Then the VM belongs to whoever acts on
 * the order: no guest code runs, no device is accessed, until vm_start() or
 * vm_resume().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vm;
struct vcpu;

enum vm_state {
	VM_OFF,          /* never started, or every vCPU parked after VM_ORDER_OFF */
	VM_RUNNING,
	VM_STOPPING,     /* an order was given; vCPUs are parking                  */
	VM_PARKED,       /* all parked; the order awaits the manager               */
	VM_CRASHED,      /* parked for good after a crash or a bite of its watchdog */
};

enum vm_order {
	VM_ORDER_NONE, VM_ORDER_OFF, VM_ORDER_RESET, VM_ORDER_CRASH,
	VM_ORDER_WATCHDOG,     /* as a crash                                       */
	VM_ORDER_PAUSE,        /* keeps all its state                              */
	VM_ORDER_END,
};

/**
 * vm_order() - make a VM stop, for a reason
 * @vm:    any VM
 * @order: off, reset, crash, watchdog or pause
 *
 * From any context, locks of rank below the run queue's held. The first order given
 * counts, but a pause gives way to any other, even while the VM is paused; others
 * are dropped until the VM is started again. Does not wait: the caller, if it is a
 * vCPU of this VM, goes back to its run loop (with verdict EXIT_DONE), where it
 * parks. To a VM that does not run it means nothing.
 *
 * Return: true if this order is the one that counts.
 */
bool vm_order(struct vm *vm, enum vm_order order);

/**
 * vm_recall() - have a VM with direct interrupts park that was given an order
 * @vm: VM_STOPPING for a while
 *
 * Its guest may have masked what would bring its vCPUs to EL2. Then they come by the fault of
 * the next access they make; if not at once, at the next call.
 */
void vm_recall(struct vm *vm);

/**
 * vm_end() - have the threads of a VM end, before vm_destroy()
 * @vm: VM_OFF or VM_CRASHED
 *
 * Return: false if it is in another state.
 */
bool vm_end(struct vm *vm);

/**
 * vm_vcpu_orders() - do what a vCPU's thread was asked to
 * @v: vCPU of the calling thread
 *
 * Called by the run loop when the thread starts and whenever THREAD_REQ_VCPU is
 * set (it clears it), interrupts masked. Waits in here while the vCPU is off or
 * the VM parked. When it returns, the vCPU may have been reset and start anew
 * (reset, CPU_ON): whatever the caller was about to do for it is void, a wait
 * for an interrupt too. vm_vcpu_starts() then has changed.
 *
 * Return: true: go on to the guest; false: after vm_end(): the thread must end
 *         without touching @v again.
 */
bool vm_vcpu_orders(struct vcpu *v);

/*
 * The same for the VM's I/O thread: parks while the VM is parked. Return: false: it must
 * end without touching @vm again.
 */
bool vm_io_orders(struct vm *vm);

/* How often this vCPU was turned on; on its own thread. */
uint32_t vm_vcpu_starts(const struct vcpu *v);

/**
 * vm_start() - let a loaded VM run
 * @vm: VM_OFF after vm_load(), or parked after vm_reset()
 *
 * vCPU 0 starts at the entry with x0 = device tree; the others are off. The
 * first time, its threads are started.
 */
void vm_start(struct vm *vm);

/**
 * vm_freeze() - stop the clocks of a VM's devices, once it is parked for a pause
 * @vm: VM_PARKED
 *
 * Return: true; false if another order than the pause counts by now.
 */
bool vm_freeze(struct vm *vm);

/**
 * vm_resume() - let a paused VM go on as if nothing had been
 * @vm: VM_PARKED after VM_ORDER_PAUSE and vm_freeze()
 *
 * Its virtual counter goes on from where the last vCPU parked. Deadlines of both
 * timers and of the watchdog are as far away as they were.
 */
void vm_resume(struct vm *vm);

/**
 * vm_retire() - note that a parked VM stays as it is
 * @vm: VM_PARKED
 *
 * VM_OFF, or VM_CRASHED after the orders that say so. It can be started again
 * after vm_reset().
 */
void vm_retire(struct vm *vm);

/* Press or let go of its power key; nothing if it has none. Any thread. */
void vm_power_key(struct vm *vm, bool down);

/* For vm_create(): not started. */
void vm_life_init(struct vm *vm);

/* The order that was given last, VM_ORDER_NONE while it runs. */
enum vm_order vm_order_given(const struct vm *vm);
enum vm_state vm_state(const struct vm *vm);
const char *vm_state_name(enum vm_state state);
