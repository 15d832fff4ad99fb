/* SPDX-License-Identifier: Apache-2.0 */
/* Core pools, and what of a pCPU is promised to whom. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/timer.h>
#include "core/percpu.h"
#include "core/sched_int.h"

#define PPM UINT32_C(1000000)

struct sched_pool sched_pools[SCHED_MAX_POOLS];

static struct spinlock book_lock = SPINLOCK_INIT;  /* rank 88, docs/locking.md */

void sched_insert(struct list_node *list, struct thread *t)
{
	struct list_node *pos = list->prev;

	while (pos != list &&
	       sched_before(t->se.key, list_entry(pos, struct thread, rq_node)->se.key))
		pos = pos->prev;
	list_insert_before(pos->next, &t->rq_node);
}

void sched_queue_init(struct sched_queue *q, struct sched_pool *pool, uint32_t cpu)
{
	*q = (struct sched_queue){ .pool = pool, .cpu = cpu, .empty = true };
	for (int p = 0; p <= SCHED_MAX_PRIO; p++)
		list_init(&q->prio.ready[p]);
	list_init(&q->ready);
	list_init(&q->waiting);
	list_init(&q->back);
	pool->queues[cpu] = q;
	pool->hz = arch_counter_hz();
	atomic_fetch_or(&pool->cpus, BIT(cpu));
}

/* ---- pools ---- */

void sched_pool_adopt(uint32_t cpu)
{
	memcpy(sched_pools[0].name, "default", sizeof("default"));
	sched_pools[0].policy = &sched_rr;
	sched_queue_init(&sched_queues[cpu].q, &sched_pools[0], cpu);
}

static bool windows_fit(const struct sched_pool_config *c)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < c->nr_windows; i++) {
		const struct sched_window *w = &c->windows[i];

		if (w->start_us < end || !w->duration_us)
			return false;
		end = (uint64_t)w->start_us + w->duration_us;
	}
	return end <= c->major_frame_us;
}

/* To switch takes longer than a window may be late; a short one does not go for it. */
static uint64_t lead_ticks(const struct sched_pool_config *c)
{
	uint64_t us = SCHED_LEAD_US;

	for (uint32_t i = 0; i < c->nr_windows; i++)
		us = MIN(us, c->windows[i].duration_us / 4u);
	return us * arch_counter_hz() / PPM;
}

static void take_cpu(struct sched_pool *p, uint32_t cpu)
{
	struct run_queue *rq = &sched_queues[cpu];
	uint64_t flags = spin_lock_irqsave(&rq->lock);

	atomic_fetch_and(&sched_pools[0].cpus, ~BIT(cpu));
	atomic_fetch_and(&sched_pools[0].idle, ~BIT(cpu));
	sched_queue_init(&rq->q, p, cpu);
	spin_unlock_irqrestore(&rq->lock, flags);
}

int sched_pool_create(const struct sched_pool_config *c)
{
	struct sched_pool *p = &sched_pools[1];

	while (p < &sched_pools[SCHED_MAX_POOLS] && p->policy)
		p++;
	if (!c->cpus || (c->cpus & ~sched_pool_cpus(0)) || !windows_fit(c) ||
	    (c->policy == &sched_partition && !c->major_frame_us))
		return -EINVAL;
	if (p == &sched_pools[SCHED_MAX_POOLS] || c->nr_windows > SCHED_MAX_WINDOWS)
		return -ENOSPC;
	snprintf(p->name, sizeof(p->name), "%s", c->name);
	p->policy = c->policy;
	p->major_us = c->major_frame_us;
	p->nr_windows = c->nr_windows;
	for (uint32_t i = 0; i < c->nr_windows; i++)
		p->windows[i] = c->windows[i];
	p->lead = lead_ticks(c);
	p->origin = arch_counter();
	for (uint64_t m = c->cpus; m; m &= m - 1)
		take_cpu(p, (uint32_t)__builtin_ctzll(m));
	return (int)(p - sched_pools);
}

uint32_t sched_pool_of(uint32_t cpu)
{
	return (uint32_t)(sched_queues[cpu].q.pool - sched_pools);
}

const char *sched_pool_name(uint32_t pool)
{
	return sched_pools[pool].name;
}

const char *sched_pool_policy(uint32_t pool)
{
	return sched_pools[pool].policy->name;
}

uint64_t sched_pool_cpus(uint32_t pool)
{
	return atomic_load(&sched_pools[pool].cpus);
}

uint32_t sched_housekeeping(void)
{
	for (uint64_t m = sched_online(); m; m &= m - 1) {
		uint32_t cpu = (uint32_t)__builtin_ctzll(m);

		if (!sched_queues[cpu].q.pool->policy->exclusive)
			return cpu;
	}
	return 0;
}

/* ---- admission ---- */

static _Atomic uint32_t *booked(uint32_t cpu)
{
	return &sched_queues[cpu].booked_ppm;
}

static uint32_t asks_ppm(uint32_t cpu, const struct sched_params *p)
{
	const struct sched_policy *policy = sched_queues[cpu].q.pool->policy;

	if (policy == &sched_edf && p->budget)
		return (uint32_t)((p->budget * PPM + p->period - 1) / p->period);
	return policy == &sched_fair ? p->reservation_pct * (PPM / 100) : 0;
}

int sched_admit(uint32_t cpu, const struct sched_params *p, uint32_t *used, uint32_t *asked)
{
	*used = atomic_load_explicit(booked(cpu), memory_order_relaxed);
	*asked = asks_ppm(cpu, p);
	return *used + *asked > PPM && *asked ? -ENOSPC : 0;
}

/* Move t's booking to cpu, with these parameters; book_lock held. */
static int book_locked(struct thread *t, uint32_t cpu, const struct sched_params *p)
{
	uint32_t used, asked;
	int err;

	*booked(t->home) -= t->booked_ppm;
	err = t->policed ? sched_admit(cpu, p, &used, &asked) : 0;
	if (err) {
		*booked(t->home) += t->booked_ppm;
		return err;
	}
	t->booked_ppm = t->policed ? asked : 0;
	*booked(cpu) += t->booked_ppm;
	return 0;
}

void sched_unbook(struct thread *t)
{
	uint64_t flags = spin_lock_irqsave(&book_lock);

	if (t->booked_ppm)
		*booked(t->home) -= t->booked_ppm;
	t->booked_ppm = 0;
	spin_unlock_irqrestore(&book_lock, flags);
}

/* ---- what may change at run time ---- */

static bool params_good(const struct sched_params *p)
{
	uint64_t hz = arch_counter_hz();

	return p->prio >= 1 && p->prio <= SCHED_MAX_PRIO && p->cap_pct <= 100 &&
	       p->reservation_pct <= 100 && p->weight <= 10000 && p->slice <= hz &&
	       (!p->budget || (p->budget <= p->period && p->period <= hz));
}

/* Back to where its state and home say. */
static void close_locked(struct run_queue *rq, struct thread *t, enum sched_how how)
{
	if (t->state == THREAD_NEW) {
		t->cpu = t->home;
	} else if (t->state == THREAD_READY) {
		sched_ready_locked(rq, t, how);
	} else if (t->state == THREAD_RUNNING) {
		sched_poke_locked(rq);
	}
	spin_unlock(&rq->lock);
}

int thread_set_params(struct thread *t, const struct sched_params *p)
{
	uint64_t flags;
	struct run_queue *rq;
	int err;

	if (!params_good(p))
		return -EINVAL;
	flags = spin_lock_irqsave(&book_lock);
	rq = sched_lock(t);
	t->policed = true;
	err = book_locked(t, t->home, p);
	if (err) {
		spin_unlock(&rq->lock);
	} else {
		if (t->state == THREAD_READY)
			sched_dequeue_locked(rq, t);
		t->sched = *p;
		t->sched.weight = p->weight ? p->weight : SCHED_WEIGHT;
		t->prio = p->prio;
		t->urgency = p->prio;
		if (!t->sched.slice && rq->q.pool->policy->slices)
			t->sched.slice = arch_counter_hz() / SCHED_SLICE_HZ;
		t->se = (struct sched_entity){ .key = t->se.key };
		close_locked(rq, t, SCHED_ENTER);
	}
	spin_unlock_irqrestore(&book_lock, flags);
	return err;
}

static bool one_pool(uint64_t cpus)
{
	const struct sched_pool *p = sched_queues[__builtin_ctzll(cpus)].q.pool;

	return !(cpus & ~atomic_load(&p->cpus));
}

/* A pCPU of cpus that has room for t: the least busy, else any. book_lock held. */
static int find_home_locked(struct thread *t, uint64_t cpus, uint32_t *cpu)
{
	int err = -ENOSPC;

	for (; cpus && err; cpus &= ~BIT(*cpu)) {
		*cpu = sched_choose_cpu(cpus);
		err = book_locked(t, *cpu, &t->sched);
	}
	return err;
}

int thread_set_affinity(struct thread *t, uint64_t cpus)
{
	uint64_t flags;
	struct run_queue *rq;
	uint32_t home;
	int err = 0;

	cpus &= sched_online();
	if (!cpus || !one_pool(cpus))
		return -EINVAL;
	flags = spin_lock_irqsave(&book_lock);
	rq = sched_lock(t);
	home = t->home;
	if (!(cpus & BIT(home)))
		err = find_home_locked(t, cpus, &home);
	if (!err) {
		if (t->state == THREAD_READY)
			sched_dequeue_locked(rq, t);
		t->affinity = cpus;
		t->home = home;
		close_locked(rq, t, SCHED_PREEMPT);
	} else {
		spin_unlock(&rq->lock);
	}
	spin_unlock_irqrestore(&book_lock, flags);
	return err;
}
