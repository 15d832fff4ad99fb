/* SPDX-License-Identifier: Apache-2.0 */
/* One pCPU's run queue: between core/sched.c, core/thread.c and nobody else. */
#pragma once

#include "core/sched_policy.h"
#include "core/spinlock.h"

struct run_queue {
	struct spinlock lock;                /* rank 90, docs/locking.md              */
	/* under lock */
	struct thread *current;
	struct thread *lender;               /* ready, and current runs in its place  */
	uint64_t nr_switches;                /* from one thread to another            */
	struct sched_prio_queue system;      /* ready system threads                  */
	struct sched_queue q;                /* ready threads of the pool's policy    */
	struct list_node leaving;            /* THREAD_MOVING, to be evicted here     */
	_Atomic uint32_t nr_leaving;         /* in leaving; read without              */
	_Atomic uint32_t nr_ready;           /* in system and q; read without         */
	_Atomic uint32_t booked_ppm;         /* promised by admission, under book_lock */
	/* own pCPU only */
	struct thread *ended;                /* it ran last, and its stack is in use  */
	uint64_t tick_at;                    /* look again then; SCHED_NEVER: not set */
	struct thread idle;                  /* what the pCPU booted on               */
};

extern struct sched_ops sched_ops;
extern struct run_queue sched_queues[MAX_PCPUS];
extern struct sched_pool sched_pools[SCHED_MAX_POOLS];  /* number 0: the default */

/* pCPUs that are up and schedule; the calling one is from now on. */
uint64_t sched_online(void);
void sched_cpu_up(void);

/* t's run queue, locked, and t stays in it; interrupts masked. */
static inline __attribute__((always_inline)) struct run_queue *sched_lock_inline(struct thread *t)
{
	for (;;) {
		uint32_t cpu = t->cpu;
		struct run_queue *rq = &sched_queues[cpu];

		spin_lock_inline(&rq->lock);
		if (t->cpu == cpu)
			return rq;
		spin_unlock(&rq->lock);
	}
}

struct run_queue *sched_lock(struct thread *t);

/* Rank 90 held for all of these. */
void sched_dequeue_locked(struct run_queue *rq, struct thread *t);

/* t, in no queue, is able to run: into rq, with notice of it, or on its way to its home. */
void sched_ready_locked(struct run_queue *rq, struct thread *t, enum sched_how how);

/*
 * The same for one that slept. An optional part of a policy makes it short in the usual case
 * (sched_policy.wake).
 */
void sched_wake_locked(struct run_queue *rq, struct thread *t);

/* Since when until now; none, should the counter have gone back. */
static inline uint64_t sched_elapsed(uint64_t since, uint64_t now)
{
	return (uint64_t)MAX((int64_t)(now - since), (int64_t)0);
}

/* Have a pCPU look at its current thread's requests. */
void sched_poke_locked(struct run_queue *rq);

/* Switch to whoever should run; unlocks rq, the calling pCPU's. Return: did others run? */
bool sched_switch_locked(struct run_queue *rq, enum sched_how how);

static inline bool sched_must_move(const struct thread *t)
{
	return t->home != atomic_load_explicit(&t->cpu, memory_order_relaxed);
}

/* Set-up of a pCPU: into the default pool. */
void sched_pool_adopt(uint32_t cpu);

/* The least busy of these pCPUs. */
uint32_t sched_choose_cpu(uint64_t cpus);

/* core/sched_pool.c: no more of what admission promised is t's. */
void sched_unbook(struct thread *t);

static inline bool sched_is_system(const struct thread *t)
{
	return t->urgency > SCHED_MAX_PRIO;
}
