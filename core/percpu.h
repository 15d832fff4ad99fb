/* SPDX-License-Identifier: Apache-2.0 */
/* One record per pCPU, found through TPIDR_EL2. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/cpu.h>
#include <arch/layout.h>

struct run_queue;
struct thread;

struct percpu {
	/* offsets known to vectors.S */
	struct thread *current;      /* thread whose stack we are on          */
	uint64_t crash_sp;           /* top of the stack for crash reports    */
	uint32_t workaround;         /* the firmware's, called in each exit; 0: none */
	/* fixed once the pCPU is up */
	uint32_t cpu_idx;            /* 0..nr_pcpus-1, index into board.cpus  */
	uint64_t mpidr;              /* affinity fields                       */
	struct run_queue *rq;        /* core/sched.c's                        */
	/* any pCPU */
	_Atomic long traced;         /* exits and interrupts are: all ones, else 0 */
	/* this pCPU only */
	uint32_t irq_depth;          /* EL2 interrupt handlers on the stack   */
	bool aloof;                  /* a guest may keep interrupts of EL2 out */
};

_Static_assert(offsetof(struct percpu, crash_sp) == 8 &&
	       offsetof(struct percpu, workaround) == 16, "vectors.S");

extern struct percpu percpus[MAX_PCPUS];
extern uint32_t nr_pcpus;            /* how many came up; fixed after boot    */

static inline long cpu_traced(void)
{
	return atomic_load_explicit(&arch_percpu()->traced, memory_order_relaxed);
}

static inline uint32_t cpu_self(void)
{
	return arch_percpu()->cpu_idx;
}
