/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be told of VMs, vCPUs and pCPUs: snapshots for the shell and for
 * hypercalls. Each call takes what locks it needs and is done in bounded time; a
 * VM may be destroyed meanwhile. All times in counter ticks. From any thread,
 * holding no lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/sched.h"
#include "core/vmm/lifecycle.h"
#include "vcpu/vcpu.h"
#include "vm/balloon.h"

struct info_vm {
	char name[CONFIG_NAME_LEN];
	uint32_t id;                 /* what its configuration calls it             */
	const char *refused;         /* why its configuration is, or NULL           */
	enum vmm_state state;
	uint32_t nr_vcpus;
	uint32_t nr_on;              /* vCPUs that are on                           */
	uint32_t nr_restarts;        /* by policy, since it was started by somebody */
	uint32_t restart_ms;         /* until the next, 0: none is due              */
	int      console;            /* its port, negative: none                    */
	uint64_t mem_bytes;          /* RAM of its machine                          */
	uint64_t mem_used;           /* frames that are its own, in bytes           */
	/* sums over its vCPUs; 0 while it is not there */
	uint64_t ran, stolen;        /* since it was created                        */
	uint64_t paused_ticks;       /* of this life                                */
};

struct info_vcpu {
	bool on;
	struct thread_look thread;   /* state, pCPU, times, latencies               */
};

/* Since the VM was created. Read while they count, so not all of one moment. */
struct info_counts {
	struct vcpu_stats exits;
	uint64_t injected;           /* virtual interrupts given to the guest       */
	uint32_t latency[THREAD_LATENCIES];  /* as in struct thread                 */
};

struct info_cpu {
	uint64_t mpidr;
	const char *pool, *policy;
	struct sched_look sched;     /* idle time, switches, who runs               */
};

#define INFO_ALL UINT32_MAX

/* Index of the VM called so, or whose id this number is; -ENOENT. */
int info_find(const char *name_or_id);

/* Describe VM @idx, in the order of the configuration, in any state. 0; -ENOENT. */
int info_vm(uint32_t idx, struct info_vm *out);

/* One vCPU of VM @idx. 0; -ENOENT; -ENODEV the VM is not there now. */
int info_vcpu(uint32_t idx, uint32_t vcpu, struct info_vcpu *out);

/**
 * info_counts() - what was counted of a VM
 * @vcpu: one vCPU, or INFO_ALL: the sum
 * @out:  about 1.7 KiB: not on the stack of an exit
 *
 * Return: 0; -ENOENT; -ENODEV the VM is not there now: all is 0.
 */
int info_counts(uint32_t idx, uint32_t vcpu, struct info_counts *out);

/* The balloon of VM @idx. 0; -ENOENT it has none; -ENODEV the VM is not there now. */
int info_balloon(uint32_t idx, struct vm_balloon_info *out);

/* One pCPU. 0; -ENOENT there are no more. */
int info_cpu(uint32_t cpu, struct info_cpu *out);
