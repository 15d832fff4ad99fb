/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's keeper: an EL2 thread that creates, loads, starts, stops and restarts it,
 * on a pCPU and at the priority of the VM itself, so that the work is at its own
 * expense. Ends when the VM is destroyed; the manager then takes its thread back.
 */
#pragma once

#include <stdatomic.h>

#include "core/vmm/calls.h"
#include "core/vmm/placement.h"
#include "vm/vm.h"

struct keeper;

/* One VM of the configuration, for ever. */
struct vm_entry {
	const struct vm_config *cfg;
	uint32_t idx;
	_Atomic uint32_t state;        /* enum vmm_state; written by the keeper,
					  by the manager where there is none     */
	_Atomic uint32_t destroyed;    /* so often                               */
	/* under calls_lock */
	struct call_queue calls;
	struct keeper *keeper;
	uint32_t users;                /* of vmm_vm_get()                        */
	bool there;                    /* users may come                         */
};

struct keeper {
	struct vm vm;
	struct thread thread;
	struct placement place;
	struct vm_entry *entry;
	struct timer timer;            /* wakes it at the first of what is below */
	/* by its own thread */
	uint64_t key_up, force, restart, recall; /* ticks; UINT64_MAX: not waited for */
	struct call *_Atomic call;     /* being carried out: pause, stop or reset */
	struct call *kill;             /* joined a stop that takes its time      */
	bool reset_asked;              /* the order was ours                     */
	bool stop_asked;
	uint32_t streak;               /* restarts without a calm time between   */
	void *console_mem;
	/* read by others */
	_Atomic uint32_t nr_restarts;
	_Atomic uint64_t restart_due;  /* tick, 0: none                          */
	/* by who makes it, then by the keeper until ended is set */
	bool autostart;
	struct call *creator;          /* waits for it to be created             */
	struct call *last;             /* to be finished when all is given back  */
	int result;
	_Atomic bool ended;
};

struct keeper_ops {
	/* A VM runs, or will; and it has ended, on its own or because somebody said. */
	void (*alive)(struct keeper *k);
	void (*dead)(struct keeper *k, bool asked);
	/* It has ended; from its own thread, as the last thing. */
	void (*ended)(struct keeper *k);
	const struct vm_host *host;
};

/* Body of the thread; arg: the keeper, with thread, place, entry and the last four set. */
void keeper_main(void *keeper);

/* Set once, before the first keeper. */
extern struct keeper_ops keeper_ops;
