/* SPDX-License-Identifier: Apache-2.0 */
#include "core/thread.h"

#include <stdio.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/gpregs.h>
#include <arch/layout.h>
#include <arch/switch.h>
#include <arch/timer.h>
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched_int.h"

#define DAIF_I BIT(7)                /* in what arch_irq_save() returns */

static _Atomic uint32_t last_id;

void sched_init(const struct sched_ops *o)
{
	sched_ops = *o;
	sched_cpu_up();
}

struct thread *thread_current(void)
{
	return arch_percpu()->current;
}

va_t thread_stack_top(const struct thread *t)
{
	return va_add(t->stack_base, t->stack_size);
}

/*
 * Somebody may have to run instead of us. With interrupts masked by the caller it is
 * looked at where they are unmasked: on the way to the guest, at the next interrupt.
 */
static void irq_restore(uint64_t flags)
{
	if (!(flags & DAIF_I))
		sched_point();
	arch_irq_restore(flags);
}

/* ---- life ---- */

__attribute__((cold))
int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg)
{
	int err = sched_ops.stack_alloc(STACK_SIZE, &t->stack_base);

	if (err)
		return err;
	t->stack_size = STACK_SIZE;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
	t->cpu = cpu;
	t->home = cpu;
	t->affinity = BIT(cpu);
	t->prio = prio;
	t->urgency = sched_own_urgency(t);
	t->entry = entry;
	t->arg = arg;
	list_init(&t->rq_node);
	t->sp = arch_switch_frame(thread_stack_top(t).v - ARCH_GPREGS_SIZE, entry, arg);
	t->state = THREAD_NEW;
	return 0;
}

/* A system thread whose pCPU is no place for it goes to where there is one. */
static void keep_house(struct thread *t)
{
	if (t->policed || !sched_queues[t->cpu].q.pool->policy->exclusive)
		return;
	t->cpu = sched_housekeeping();
	t->home = t->cpu;
	t->affinity = BIT(t->home);
}

__attribute__((cold)) void thread_start(struct thread *t)
{
	uint64_t flags = arch_irq_save();
	struct run_queue *rq;

	if (t->state == THREAD_NEW)
		keep_house(t);
	rq = sched_lock(t);
	if (t->state == THREAD_NEW)
		sched_ready_locked(rq, t, SCHED_ENTER);
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

static bool is_new(struct thread *t)
{
	uint64_t flags = arch_irq_save();
	struct run_queue *rq = sched_lock(t);
	bool is = t->state == THREAD_NEW;

	spin_unlock(&rq->lock);
	arch_irq_restore(flags);
	return is;
}

int thread_destroy(struct thread *t)
{
	if (!atomic_load_explicit(&t->off_cpu, memory_order_acquire) && !is_new(t))
		return -1;
	sched_unbook(t);
	sched_ops.stack_free(t->stack_base, t->stack_size);
	return 0;
}

void thread_exit(void)
{
	struct thread *t = thread_current();
	struct run_queue *rq;

	arch_irq_disable();
	rq = sched_lock(t);
	t->state = THREAD_DEAD;
	sched_switch_locked(rq, SCHED_PREEMPT);
	BUG_ON(true);   /* it ran after its end */
}

/* ---- requests and sleep ---- */

/* It may sleep, or be about to. */
static __attribute__((noinline)) void request_locked(struct thread *t, uint32_t bits)
{
	uint64_t flags = arch_irq_save();
	struct run_queue *rq = sched_lock_inline(t);

	if (t->state == THREAD_BLOCKED && (bits & t->wait_mask))
		sched_wake_locked(rq, t);
	else if (t->state == THREAD_RUNNING && rq->q.cpu != cpu_self())
		sched_ops.kick(rq->q.cpu);
	spin_unlock_inline(&rq->lock);
	irq_restore(flags);
}

void thread_request(struct thread *t, uint32_t bits)
{
	uint32_t old = atomic_fetch_or_explicit(&t->requests, bits, memory_order_seq_cst);
	uint32_t cpu = t->cpu;

	/* Whoever set the last of these bits does what follows. */
	if ((old & bits) == bits || t == thread_current())
		return;
	/* If it stops running meanwhile, it looks at its requests once more: thread_block(). */
	if (t->state == THREAD_RUNNING && cpu != cpu_self())
		sched_ops.kick(cpu);
	else
		request_locked(t, bits);
}

void thread_block(uint32_t mask)
{
	uint64_t flags = arch_irq_save();
	const struct percpu *cpu = arch_percpu();
	struct thread *t = cpu->current;
	struct run_queue *rq = cpu->rq;

	/* It runs, so it is here. */
	spin_lock_inline(&rq->lock);
	/* Pairs with thread_request(): it sets the bit, then looks at the state. */
	t->wait_mask = mask;
	t->state = THREAD_BLOCKED;
	if (atomic_load_explicit(&t->requests, memory_order_seq_cst) & mask) {
		t->state = THREAD_RUNNING;
		spin_unlock(&rq->lock);
	} else {
		sched_switch_locked(rq, SCHED_PREEMPT);
	}
	arch_irq_restore(flags);
}

void thread_yield(void)
{
	uint64_t flags = arch_irq_save();

	sched_switch_locked(sched_lock(thread_current()), SCHED_YIELD);
	arch_irq_restore(flags);
}

/* ---- questions ---- */

bool thread_has_rivals(const struct thread *t)
{
	return atomic_load_explicit(&sched_queues[t->cpu].nr_ready, memory_order_relaxed);
}

bool thread_must_sleep(const struct thread *t)
{
	return sched_queues[t->cpu].q.pool->policy->sleeps;
}

void thread_look(struct thread *t, struct thread_look *l)
{
	uint64_t flags = arch_irq_save();
	struct run_queue *rq = sched_lock(t);
	uint64_t now = sched_elapsed(t->since, arch_counter());

	l->id = t->id;
	l->cpu = rq->q.cpu;
	l->state = t->state;
	l->ran = t->ran + (t->state == THREAD_RUNNING ? now : 0);
	l->waited = t->waited +
		    (t->state == THREAD_READY || t->state == THREAD_MOVING ? now : 0);
	l->affinity = t->affinity;
	l->sched = t->sched;
	memcpy(l->latency, t->latency, sizeof(l->latency));
	spin_unlock(&rq->lock);
	arch_irq_restore(flags);
}

void thread_times(struct thread *t, uint64_t *ran, uint64_t *waited)
{
	struct thread_look l;

	thread_look(t, &l);
	*ran = l.ran;
	*waited = l.waited;
}
