/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inter-VM communication by calls: a VM publishes memory under a key, others subscribe to it, as
 * their configurations allow; each has a doorbell. docs/channels.md, "By hypercall"; the numbers
 * are in docs/hypercalls.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "devices/doorbell.h"
#include "vcpu/exit.h"
#include "vm/config.h"

struct vm;

#define IVC_MAX_REGIONS 32           /* of all VMs                              */
#define IVC_FID         0xc6000100u  /* HVC64, vendor hypervisor; + IVC_*       */

enum ivc_fn {
	IVC_FEATURES, IVC_PUBLISH, IVC_SUBSCRIBE, IVC_UNPUBLISH, IVC_UNSUBSCRIBE, IVC_NOTIFY,
	IVC_INFO,
	IVC_NR_FNS,
};

/* x0, beside SMCCC's: as in core/vmm/manage.h where they mean the same. */
enum ivc_code {
	IVC_NOT_FOUND = -4, IVC_DENIED = -5, IVC_STALE = -6, IVC_ALREADY = -8, IVC_BUSY = -10,
	IVC_NO_MEMORY = -13, IVC_LIMIT = -15,
};

#define IVC_WRITE    1u              /* flag of PUBLISH and SUBSCRIBE           */
#define IVC_ANYWHERE UINT64_MAX      /* IPA: chosen                             */
#define IVC_EVERYONE UINT64_MAX      /* NOTIFY: all others                      */

struct ivc_region;

/* A VM's part in a region. */
struct ivc_slot {
	/* under the lock of vm/ivc.c */
	struct ivc_region *region;       /* NULL: free                           */
	uint64_t ipa;
	bool mapped;
	/* likewise; read without it too */
	_Atomic uint64_t handle;         /* 0: not joined (yet, or any more)     */
	/* with a lock of its own */
	struct doorbell bell;
};

/* Of a VM whose configuration allows any of it. */
struct vm_ivc {
	struct mmio_device dev;          /* first: the doorbells, a page each    */
	struct ivc_slot slot[CONFIG_IVC_SLOTS];
	uint64_t last;                   /* counts handles; under the lock       */
};

/**
 * ivc_create() - what a VM needs to publish and subscribe; nothing, if it may not
 * @vm: being created; vGIC and bus are there
 *
 * Return: 0; negative errno with a log line.
 */
int ivc_create(struct vm *vm);

/*
 * Leave all, no vCPU of the VM runs any more. From a thread. What others still have stays
 * theirs; the rest is scrubbed.
 */
void ivc_reset(struct vm *vm);
void ivc_destroy(struct vm *vm);

/**
 * ivc_call() - carry out one call
 * @vm: that calls
 * @x:  x0 to x7, x0 in the range of IVC_FID; hostile. After a refusal only x0 has changed
 *
 * From a thread that may sleep. Memory is made and scrubbed with interrupts enabled: the
 * time for it is the caller's.
 *
 * Return: EXIT_DONE; EXIT_UP the VM has no such call: nothing is changed.
 */
enum exit_verdict ivc_call(struct vm *vm, uint64_t *x);

/* Likewise where it must not sleep; ivc_has() it. EXIT_UP, and nothing done, if it would. */
enum exit_verdict ivc_quick(struct vm *vm, uint64_t *x);

/* Is this number one of these calls', for this VM? */
bool ivc_has(const struct vm *vm, uint32_t fid);
