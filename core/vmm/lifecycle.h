/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of every VM of the configuration, and what may be asked of it.
 *
 *             create        start          pause
 *   DEFINED ─────────> READY ───> RUNNING ───────> PAUSED
 *      ^                             │  <───────      │
 *      │ destroy                stop │   resume       │ stop
 *      │                             v                │
 *      ├────── OFF <───────────── STOPPING            │
 *      │        ^ <──────────────────┼────────────────┘
 *      └────── CRASHED <─────────────┘  (on its own)
 *
 * What is asked is carried out by the VM's keeper, a thread of its own, one
 * thing after the other; the caller may wait for the result. docs/vm.md
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vm/config.h"

struct vm;

enum vmm_state {
	VMM_DEFINED,     /* in the configuration; owns nothing                   */
	VMM_READY,       /* created and loaded, has not run                      */
	VMM_RUNNING,
	VMM_PAUSED,      /* no vCPU runs, its time stands still                  */
	VMM_STOPPING,    /* its power key was pressed; forced after stop_timeout */
	VMM_OFF,         /* has run; keeps its memory, start loads it again      */
	VMM_CRASHED,     /* as VMM_OFF, after a crash or its watchdog            */
	VMM_NR_STATES,
};

enum vmm_verb {
	VMM_CREATE, VMM_START, VMM_PAUSE, VMM_RESUME,
	VMM_STOP,        /* power key, then forced                               */
	VMM_KILL,        /* forced at once                                       */
	VMM_RESET,       /* scrubbed, loaded and started again                   */
	VMM_DESTROY,     /* every frame, VMID, interrupt, console, thread back   */
	VMM_NR_VERBS,
};

/**
 * vmm_verb_check() - the table of transitions: may this be asked in this state?
 *
 * Return: 0; -EALREADY it is so already; -ENODEV it must be created first;
 *         -EBUSY it must be stopped first, or is being stopped; -EINVAL it
 *         makes no sense there. Pure.
 */
int vmm_verb_check(enum vmm_state state, enum vmm_verb verb);

/**
 * vmm_vm_do() - ask for something and wait for the result
 * @idx:     VM, in the order of the configuration
 * @verb:    what
 * @wait_ms: how long to wait at most; 0: only ask
 *
 * From the thread of the shell or of a vCPU (a hypercall), holding no lock;
 * not from interrupts. A vCPU whose own VM is given an order meanwhile stops
 * waiting, so a VM may ask for itself. What was accepted is carried out, waited
 * for or not. The state is checked here and once more when its turn comes.
 *
 * VMM_STOP is done when the VM is off, so wait longer than its stop_timeout.
 * Until then VMM_KILL is carried out before it and ends both with 0.
 *
 * Return: 0 done; -EINPROGRESS accepted, not done in time; -ENOENT no such VM;
 *         -EPERM its configuration is refused; -EAGAIN too many requests under
 *         way; else as vmm_verb_check(), or why it failed (-ENOMEM, ...; the log
 *         has a line).
 */
int vmm_vm_do(uint32_t idx, enum vmm_verb verb, uint32_t wait_ms);

/* The verbs by name, each as vmm_vm_do(). */
static inline int vmm_vm_create(uint32_t idx, uint32_t wait_ms)
{
	return vmm_vm_do(idx, VMM_CREATE, wait_ms);
}

static inline int vmm_vm_start(uint32_t idx, uint32_t wait_ms)
{
	return vmm_vm_do(idx, VMM_START, wait_ms);
}

static inline int vmm_vm_pause(uint32_t idx, uint32_t wait_ms)
{
	return vmm_vm_do(idx, VMM_PAUSE, wait_ms);
}

static inline int vmm_vm_resume(uint32_t idx, uint32_t wait_ms)
{
	return vmm_vm_do(idx, VMM_RESUME, wait_ms);
}

static inline int vmm_vm_stop(uint32_t idx, bool force, uint32_t wait_ms)
{
	return vmm_vm_do(idx, force ? VMM_KILL : VMM_STOP, wait_ms);
}

static inline int vmm_vm_reset(uint32_t idx, uint32_t wait_ms)
{
	return vmm_vm_do(idx, VMM_RESET, wait_ms);
}

static inline int vmm_vm_destroy(uint32_t idx, uint32_t wait_ms)
{
	return vmm_vm_do(idx, VMM_DESTROY, wait_ms);
}

/* Of verbs that were accepted for a VM, by whomever. Each is done once, in their order. */
struct vmm_vm_calls {
	uint32_t asked, done;
	int result;                  /* of the last one that is done                */
};

/* @idx: there is such a VM. */
void vmm_vm_calls(uint32_t idx, struct vmm_vm_calls *calls);

/* A number that changes when the VM is destroyed. */
uint32_t vmm_vm_life(uint32_t idx);

/* Index of the VM of that name, or -ENOENT. */
int vmm_vm_by_name(const char *name);

uint32_t vmm_nr_vms(void);

/* State of VM @idx, which there is. */
enum vmm_state vmm_vm_state(uint32_t idx);
const char *vmm_state_name(enum vmm_state state);
const char *vmm_verb_name(enum vmm_verb verb);

/**
 * vmm_vm_get() - a VM that cannot be destroyed until vmm_vm_put()
 *
 * For short looks at what struct vm and its vCPUs count; do not wait for a verb
 * meanwhile. Return: NULL if it is DEFINED, or being created or destroyed.
 */
struct vm *vmm_vm_get(uint32_t idx);
void vmm_vm_put(uint32_t idx);

/* The configuration of VM @idx; NULL: no such. */
const struct vm_config *vmm_vm_config(uint32_t idx);
