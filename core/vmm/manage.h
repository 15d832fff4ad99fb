/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls by which a VM sees and controls others, as its configuration allows: what they
 * take, what they answer and to whom. Pure; what VMs there are is behind struct
 * manage_ops. docs/hypercalls.md is for those who call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MANAGE_FID       0xc6000000u /* HVC64, vendor hypervisor; + MANAGE_*     */

enum manage_fn {
	MANAGE_FEATURES, MANAGE_OPEN_INDEX, MANAGE_OPEN_NAME, MANAGE_NAME, MANAGE_INFO,
	MANAGE_STAT, MANAGE_DO,
	MANAGE_NR_FNS,
};

#define MANAGE_LIST      1u          /* rights: see it                           */
#define MANAGE_CONTROL   2u          /*         change it                        */

/* What x0 says. Beside these SMCCC's own: 0, NOT_SUPPORTED, INVALID_PARAMETER. */
enum manage_code {
	MANAGE_NOT_FOUND = -4, MANAGE_DENIED = -5, MANAGE_STALE = -6, MANAGE_REFUSED = -7,
	MANAGE_ALREADY = -8, MANAGE_NOT_CREATED = -9, MANAGE_BUSY = -10, MANAGE_WRONG_STATE = -11,
	MANAGE_TRY_AGAIN = -12, MANAGE_NO_MEMORY = -13, MANAGE_FAILED = -14,
};

/* Who calls. Bit n of a mask: VM n. */
struct manage_caller {
	uint32_t idx;
	uint64_t list, control;      /* what it may see, and change of that      */
};

/* idx is always that of a VM that is in the configuration. x: the caller's registers. */
struct manage_ops {
	uint32_t (*nr_vms)(void);
	const char *(*name)(uint32_t idx);              /* 32 bytes, the end all 0 */
	uint32_t (*life)(uint32_t idx);                 /* another after each destroy */
	void (*info)(uint32_t idx, uint64_t *x);        /* results to x[1..7]      */
	void (*stat)(uint32_t idx, uint64_t *x);
	/* Ask, do not wait; x[1]: what INFO will have counted when it is done. 0 or errno. */
	int (*verb)(uint32_t idx, uint32_t verb, uint64_t *x);
};

/**
 * manage_call() - carry out one call
 * @ops: the VMs
 * @who: whose call, with its rights
 * @x:   x0 to x7; hostile. Results come here; after a refusal only x0 has changed
 *
 * Never waits; bounded time.
 *
 * Return: false: there is no such call, or the caller has no rights at all. Then
 *         nothing is changed.
 */
bool manage_call(const struct manage_ops *ops, const struct manage_caller *who, uint64_t *x);

/* The code for a result of vmm_vm_do(). */
int64_t manage_code(int err);

struct vm;

/* For vm_host.vendor_call: manage_call() on the VMs that there are. */
bool manage_vendor_call(struct vm *vm, uint64_t *x);
