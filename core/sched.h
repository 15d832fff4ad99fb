/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core pools, and what boot and interrupt entry need of the scheduler; threads
 * use core/thread.h. docs/scheduler.md
 */
#pragma once

#include <stdint.h>

#include "core/thread.h"

/* What the scheduler needs of higher floors. */
struct sched_ops {
	void (*kick)(uint32_t cpu);          /* make that pCPU take an interrupt */
	int  (*stack_alloc)(uint64_t size, va_t *base);  /* between guard pages  */
	void (*stack_free)(va_t base, uint64_t size);
};

struct sched_policy;
extern const struct sched_policy sched_pinned, sched_fifo, sched_rr, sched_fair, sched_edf,
				 sched_partition;

#define SCHED_MAX_POOLS   8
#define SCHED_MAX_WINDOWS 32

struct sched_window {
	uint32_t start_us;               /* within the major frame               */
	uint32_t duration_us;
	uint32_t group;                  /* sched_params.group of who may run    */
};

struct sched_pool_config {
	const char *name;                /* copied                               */
	uint64_t cpus;
	const struct sched_policy *policy;
	uint32_t major_frame_us;         /* partition; else 0                    */
	const struct sched_window *windows;  /* by start, no overlap             */
	uint32_t nr_windows;
};

/* Before the first thread is made, on the boot pCPU. */
void sched_init(const struct sched_ops *ops);

/**
 * sched_pool_create() - take pCPUs from the default pool into one of their own
 * @c: strings and windows are copied
 *
 * On the boot pCPU, before the first thread is made. All pCPUs that are in no pool
 * are in the default pool, number 0, whose policy is rr.
 *
 * Return: the pool's number; -EINVAL empty, a pCPU of another pool, or a table that
 * is not in order; -ENOSPC too many pools or windows.
 */
int sched_pool_create(const struct sched_pool_config *c);

/* For listings: which pool a pCPU is in, its name and its policy's. */
uint32_t sched_pool_of(uint32_t cpu);
const char *sched_pool_name(uint32_t pool);
const char *sched_pool_policy(uint32_t pool);
uint64_t sched_pool_cpus(uint32_t pool);

/* The pCPU for system threads: the lowest one whose pool takes them. */
uint32_t sched_housekeeping(void);

/**
 * sched_admit() - would a pCPU have room for a thread with these parameters?
 * @cpu:   its pCPU; edf or fair, under others there is nothing to ask
 * @p:     budget and period, or reservation_pct
 * @used:  set to what is promised there already, in millionths of the pCPU
 * @asked: set to what @p asks for, in millionths
 *
 * Return: 0; -ENOSPC used + asked is more than the pCPU. thread_set_params() and
 * thread_set_affinity() ask the same and book.
 */
int sched_admit(uint32_t cpu, const struct sched_params *p, uint32_t *used, uint32_t *asked);

/* The calling flow becomes pCPU cpu's idle thread; once per pCPU, at boot. */
void sched_cpu_init(uint32_t cpu, va_t stack_base, uint64_t stack_size);

/*
 * Switch if the current thread was asked to give way. Interrupts masked. Return: whether
 * others ran before this returns.
 */
bool sched_point(void);

/* The tick that was set with timer_tick() has come. Interrupts masked. */
void sched_tick(void);

/*
 * Every pCPU looks who shall run and when to look again: its tick may not come. Interrupts masked.
 */
void sched_look_all(void);

/* End the current thread. */
void thread_exit(void) __attribute__((noreturn));

/* A pCPU as it is now, for listings. */
struct sched_look {
	uint64_t idle;                   /* ticks with nothing to do, up to now  */
	uint64_t nr_switches;
	uint32_t nr_ready;               /* threads that wait for it             */
	uint32_t thread;                 /* id of the one that runs; 0: idle     */
	char name[24];                   /* and its name                         */
};
void sched_look(uint32_t cpu, struct sched_look *l);

/* Ticks for which a pCPU had nothing to do, up to now. */
uint64_t sched_idle_ticks(uint32_t cpu);

/* core/mutex.c: t runs with this urgency from now on; caller holds no rank >= 90. */
void sched_set_urgency(struct thread *t, uint32_t urgency);

/* A thread's own: its priority, above all policies if it is a system thread. */
static inline uint32_t sched_own_urgency(const struct thread *t)
{
	return t->prio + (t->policed ? 0 : SCHED_MAX_PRIO + 1);
}

/* From switch.S, on the new thread's stack. */
void sched_switched(struct thread *prev);
