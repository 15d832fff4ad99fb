/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler on simulated pCPUs: its own code, with a clock that jumps from event to
 * event and a switch that does nothing, as threads here are only work to be done.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/sched_int.h"

#define SIM_CPUS    4
#define SIM_THREADS 24
#define SIM_HZ      UINT64_C(62500000)
#define SIM_MS      (SIM_HZ / 1000)
#define SIM_WORK    BIT(10)          /* request: there is work */

/* Spins, or does work ticks in every period. */
struct sim_thread {
	struct thread t;
	uint64_t period, work;       /* 0: spins                                 */
	uint64_t offset;             /* first release                            */
	/* results */
	uint64_t released, finished; /* jobs                                     */
	uint64_t misses;             /* jobs not finished one period later       */
	uint64_t worst;              /* longest response                         */
	uint64_t evicted;
	/* inner */
	uint64_t next, target, at;
	bool sleeps;
};

extern struct sim_thread sim_threads[SIM_THREADS];
extern uint64_t sim_fires[SIM_CPUS];              /* timer interrupts                */
/* Told of each switch on a pCPU; may be NULL. */
extern void (*sim_on_switch)(uint32_t cpu, const struct thread *prev, const struct thread *next);

/* A fresh scheduler at tick now, one pool over all pCPUs. */
void sim_init(const struct sched_pool_config *pool, uint64_t now);

/* Thread i on a pCPU; started by sim_start(). */
struct sim_thread *sim_add(uint32_t i, uint32_t cpu, const struct sched_params *p);
void sim_start(struct sim_thread *s);

/* Let so many ticks go by. */
void sim_run(uint64_t ticks);
/* The counter jumps, and a pCPU has seen it, as cpu_timer() does. For threads that spin. */
void sim_jump(int64_t by);
void sim_enter(uint32_t cpu);

uint64_t sim_ran(struct sim_thread *s);
