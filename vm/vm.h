/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual machine: memory, vCPUs, interrupt controller, devices, and the
 * handlers of the vm layer, which decide what touches more than one vCPU.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <arch/gpregs.h>
#include "core/lib/guest_ram.h"
#include "core/lib/types.h"
#include "devices/mailbox.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"
#include "devices/sbsa_wdt.h"
#include "irq/vgic.h"
#include "mm/stage2.h"
#include "vcpu/exit.h"
#include "vcpu/vcpu.h"
#include "vm/bundle.h"
#include "vm/bus.h"
#include "vm/channel.h"
#include "vm/config.h"
#include "vm/drbg.h"
#include "vm/ivc.h"
#include "vm/lifecycle.h"
#include "vm/loader.h"
#include "vm/power.h"

struct hostblk_part;
struct vswitch;

/* What the floor above gives to every VM. All members but the marked ones are set. */
struct vm_host {
	/* Body of a vCPU's thread: the run loop. arg: struct vcpu. */
	void (*vcpu_main)(void *vcpu);
	/* The pCPU for one vCPU, of those its configuration allows. */
	uint32_t (*pick_cpu)(const struct vm_config *cfg, uint32_t vcpu_idx);
	/* All pCPUs that it may run on. */
	uint64_t (*cpus)(const struct vm_config *cfg, uint32_t vcpu_idx);
	/* The same two for the I/O thread; *cpus 0: as they come. For VMs that have one. */
	uint32_t (*io_cpu)(const struct vm_config *cfg, uint64_t *cpus);
	/*
	 * Every vCPU of the VM is parked: act on vm_order_given(). Called once
	 * an order, on the last vCPU's thread, interrupts masked; must not
	 * wait, so it hands the VM to a manager thread.
	 */
	void (*all_parked)(struct vm *vm);
	/*
	 * An order was given to a VM with direct interrupts, whose vCPUs may not heed it: see
	 * vm_recall(). From any context in which vm_order() may be called.
	 */
	void (*ordered)(struct vm *vm);
	/*
	 * A call in the vendor's range (SMCCC owner 6), or NULL: none is known. x: x0 to
	 * x7. False: there is no such call for this VM.
	 */
	bool (*vendor_call)(struct vm *vm, uint64_t *x);
	/* What the firmware answers to SMCCC_ARCH_FEATURES(fid) on this pCPU. */
	int32_t (*firmware_feature)(uint32_t fid);
	/* Carry out a workaround call on this pCPU; it takes no arguments. */
	void (*firmware_call)(uint32_t fid);
	/* A random number of the CPU (RNDR): true and 64 bits. Or NULL. */
	bool (*entropy)(uint64_t *out);
	/* The switch of a network, by its place in the configuration; NULL: there is none. */
	struct vswitch *(*network)(uint32_t idx);
	struct drbg *rng;                    /* the system's; VMs are seeded of it */
	struct pl031_clock clock;            /* wall clock                       */
	const struct bundle *bundle;
	/* hostio_disk_claim() and _release(); or NULL: the board's disks are not driven. */
	int (*disk_claim)(struct hostblk_part *p, const char *owner, const char *disk,
			  const char *partition, char *why, uint32_t size);
	void (*disk_release)(const struct hostblk_part *p);
	struct channel *channels;            /* those of the configuration       */
};

struct vm_virtio;
struct vm_balloon;

struct vm {
	/* fixed from vm_create() on */
	uint32_t slot;                       /* table index; owner_vm(slot)      */
	const struct vm_config *cfg;
	const struct vm_host *host;
	uint32_t nr_vcpus;
	struct vcpu *vcpus;
	struct vcpu_group group;
	void *arg;                           /* the floor above's own            */
	/* with locks of their own */
	struct stage2 s2;
	struct vgic vgic;
	struct bus bus;
	struct pl011 pl011;
	struct pl031 pl031;
	struct pl061 pl061;
	struct sbsa_wdt watchdog;
	struct mailbox mailbox;
	struct guest_ram ram;                /* as devices reach s2              */
	struct vm_virtio *virtio;            /* NULL: no such devices            */
	struct vm_balloon *balloon;          /* one of these; NULL: none         */
	struct drbg rng;
	struct vcpu_power power[CONFIG_MAX_VCPUS];
	struct channel_port *ports;          /* of cfg->nr_channels; or NULL     */
	uint32_t nr_ports;                   /* joined                           */
	struct vm_ivc *ivc;                  /* NULL: it has no such calls       */
	/* any thread: vm/lifecycle.c */
	_Atomic uint32_t life;               /* enum vm_state and enum vm_order  */
	_Atomic uint32_t nr_parked;
	_Atomic uint32_t epoch;              /* counts starts                    */
	/* whoever owns the parked VM */
	struct load_plan plan;
	uint32_t nr_starts;
	uint64_t counter_offset;             /* CNTVCT = CNTPCT - offset         */
	uint64_t paused;                     /* ticks, the last time             */
	uint64_t paused_ticks;               /* in this life                     */
	uint64_t parked_at;                  /* by the last vCPU to park         */
	bool resumed;                        /* last let go by vm_resume()       */
};

/**
 * vm_create() - build a VM, all of it but the contents of its memory
 * @vm:   zeroed
 * @slot: index that no live VM has, below FRAMES_MAX_VMS
 * @cfg:  accepted by config_check(); must outlive the VM
 * @host: must outlive the VM
 *
 * From a thread: it takes memory and may wait. Creates stage 2 with eager and
 * linear RAM, devices, vGIC, and the vCPUs with their threads (not started).
 *
 * Return: 0; negative errno with a log line that names the VM and what could
 *         not be had. Then nothing is left of it.
 */
int vm_create(struct vm *vm, uint32_t slot, const struct vm_config *cfg,
	      const struct vm_host *host);

/**
 * vm_load() - put kernel, initrd and device tree into memory
 * @vm: created, never started or all parked; RAM is zero
 *
 * From a thread: copies in pieces, and can be pre-empted between them.
 *
 * Return: 0; negative errno with a log line that names VM and file.
 */
int vm_load(struct vm *vm);

/**
 * vm_reset() - a VM as it was when it was created, loaded again
 * @vm: VM_PARKED, VM_OFF or VM_CRASHED
 *
 * Scrubs memory (lazy regions are given back), resets devices and vGIC, loads.
 * vCPUs reset themselves when they start. Then vm_start() or vm_retire().
 *
 * Return: as vm_load().
 */
int vm_reset(struct vm *vm);

/**
 * vm_destroy() - give everything back
 * @vm: never started, or all its threads have ended after vm_end()
 *
 * Memory is scrubbed before anybody else gets it.
 * Return: 0; -EBUSY a thread has not ended yet: try again.
 */
int vm_destroy(struct vm *vm);

/* The scheduling keys of a VM, in the scheduler's units. */
void vm_sched_params(const struct vm_config *cfg, uint32_t slot, struct sched_params *p);

/**
 * vm_sched_vcpu() - give a new vCPU its parameters and pCPUs
 * @v:    not started
 * @cpus: of one pool; tried one after the other if its own has no room
 *
 * Return: 0; -ENOSPC none has room, with a log line that has the numbers; -EINVAL.
 */
int vm_sched_vcpu(struct vcpu *v, uint64_t cpus);

/* Name, for messages. */
static inline const char *vm_name(const struct vm *vm)
{
	return vm->cfg->name;
}

/* The RAM region that holds an address, or NULL. */
const struct config_region *vm_region(const struct vm *vm, ipa_t ipa);

/* Is memory there only when it is touched: from the start, or once it was lent? */
bool vm_region_comes(const struct vm *vm, const struct config_region *r);

/* Back an address of such a region. 0; -EFAULT it is in none; -ENOMEM. */
int vm_touch(struct vm *vm, ipa_t ipa);

/* vCPU n has these affinity fields: 16 to a cluster, so that SGIs reach all. */
uint64_t vm_vcpu_mpidr(uint32_t vcpu_idx);

/* The vCPU with these affinity fields, or NULL. */
struct vcpu *vm_vcpu_by_mpidr(struct vm *vm, uint64_t mpidr);

/* vm layer of the exit tables. */
extern const exit_table vm_exits;
