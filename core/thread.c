/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: per pCPU a list of ready threads for each priority. A thread
 * never leaves its pCPU, so what it left in the CPU's registers stays there until
 * another takes them. Equals share by time slices, armed only while there are
 * rivals: a thread alone on its pCPU sees no tick.
 */
#include "core/thread.h"

#include <stdio.h>

#include <arch/cpu.h>
#include <arch/gpregs.h>
#include <arch/layout.h>
#include <arch/switch.h>
#include <arch/timer.h>
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "core/spinlock.h"
#include "core/timer.h"

#define NR_PRIO 32

struct run_queue {
	struct spinlock lock;                /* rank 90, docs/locking.md        */
	/* under lock */
	struct list_node ready[NR_PRIO];
	struct thread *current;
	_Atomic uint32_t ready_mask;         /* bit p: ready[p] is not empty;
						read without the lock as a hint */
	/* own pCPU only */
	struct timer slice;
	struct thread idle;                  /* what the pCPU booted on         */
};

static struct run_queue queues[MAX_PCPUS];
static struct sched_ops ops;

void sched_init(const struct sched_ops *o)
{
	ops = *o;
}

static struct run_queue *rq_of(const struct thread *t)
{
	return &queues[t->cpu];
}

struct thread *thread_current(void)
{
	return arch_percpu()->current;
}

static uint32_t mask_of(struct run_queue *rq)
{
	return atomic_load_explicit(&rq->ready_mask, memory_order_relaxed);
}

static void enqueue_locked(struct run_queue *rq, struct thread *t, bool at_front)
{
	t->state = THREAD_READY;
	if (at_front)
		list_push_front(&rq->ready[t->prio], &t->rq_node);
	else
		list_push_back(&rq->ready[t->prio], &t->rq_node);
	atomic_store_explicit(&rq->ready_mask, mask_of(rq) | 1u << t->prio,
			      memory_order_relaxed);
}

static struct thread *dequeue_best_locked(struct run_queue *rq)
{
	uint32_t mask = mask_of(rq);
	uint32_t prio;
	struct thread *t;

	if (!mask)
		return &rq->idle;
	prio = 31 - (uint32_t)__builtin_clz(mask);
	t = list_entry(rq->ready[prio].next, struct thread, rq_node);
	list_remove(&t->rq_node);
	if (list_empty(&rq->ready[prio]))
		atomic_store_explicit(&rq->ready_mask, mask & ~(1u << prio),
				      memory_order_relaxed);
	return t;
}

/* Must the running thread give way to the best ready one? */
static bool must_yield_locked(struct run_queue *rq, const struct thread *cur)
{
	uint32_t mask = mask_of(rq);
	uint32_t best;

	if (!mask)
		return false;
	if (cur->state != THREAD_RUNNING || cur == &rq->idle)
		return true;
	best = 31 - (uint32_t)__builtin_clz(mask);
	return best > cur->prio || (best == cur->prio && cur->slice_end == 0);
}

/* A slice is over: mark it by slice_end 0 and have the pCPU look. */
static void slice_over(struct timer *timer)
{
	struct run_queue *rq = container_of(timer, struct run_queue, slice);
	struct thread *t = rq->current;

	if (t->slice_end > timer->deadline)
		return;                      /* it was armed for another thread */
	t->slice_end = 0;
	atomic_fetch_or_explicit(&t->requests, THREAD_REQ_RESCHED, memory_order_relaxed);
}

/* Give t its slice if an equal waits; on t's pCPU, rq unlocked, masked. */
static void slice_arm(struct run_queue *rq, struct thread *t)
{
	if (t == &rq->idle || t->slice == 0 || t->slice_end != UINT64_MAX)
		return;
	if (!(mask_of(rq) & 1u << t->prio))
		return;
	t->slice_end = arch_counter() + t->slice;
	timer_start(&rq->slice, t->slice_end);
}

static void account(struct thread *prev, struct thread *next)
{
	uint64_t now = arch_counter();

	prev->ran += now - prev->since;
	next->since = now;
}

/* Runs on the new thread's stack: the old one's state is safe now. */
void sched_switched(struct thread *prev)
{
	struct thread *t = thread_current();

	if (prev->state == THREAD_DEAD)
		atomic_store_explicit(&prev->off_cpu, true, memory_order_release);
	if (prev->hooks && prev->hooks->switch_out)
		prev->hooks->switch_out(prev);
	slice_arm(rq_of(t), t);
	if (t->hooks && t->hooks->switch_in)
		t->hooks->switch_in(t);
}

/* Interrupts masked. Switch to whoever should run. */
static void schedule(void)
{
	struct thread *prev = thread_current();
	struct run_queue *rq = rq_of(prev);
	struct thread *next;

	spin_lock(&rq->lock);
	atomic_fetch_and_explicit(&prev->requests, ~(uint32_t)THREAD_REQ_RESCHED,
				  memory_order_relaxed);
	if (prev->state == THREAD_RUNNING && !must_yield_locked(rq, prev)) {
		spin_unlock(&rq->lock);
		slice_arm(rq, prev);
		return;
	}
	if (prev->state == THREAD_RUNNING && prev != &rq->idle)
		enqueue_locked(rq, prev, prev->slice_end != 0);
	next = dequeue_best_locked(rq);
	next->state = THREAD_RUNNING;
	next->slice_end = UINT64_MAX;
	rq->current = next;
	spin_unlock(&rq->lock);
	if (next == prev)
		return;
	account(prev, next);
	arch_percpu()->current = next;
	sched_switched(arch_switch(prev, next));
}

void sched_point(void)
{
	if (atomic_load_explicit(&thread_current()->requests, memory_order_relaxed)
	    & THREAD_REQ_RESCHED)
		schedule();
}

void thread_yield(void)
{
	uint64_t flags = arch_irq_save();

	thread_current()->slice_end = 0;
	schedule();
	arch_irq_restore(flags);
}

bool thread_has_rivals(const struct thread *t)
{
	return mask_of(rq_of(t)) >> t->prio != 0;
}

/* Have a pCPU look at its current thread's requests. */
static void resched_cpu(uint32_t cpu, struct thread *cur)
{
	atomic_fetch_or_explicit(&cur->requests, THREAD_REQ_RESCHED, memory_order_relaxed);
	if (cpu != cpu_self())
		ops.kick(cpu);
}

/* t has just become able to run: put it in its queue. */
static void make_ready(struct thread *t)
{
	struct run_queue *rq = rq_of(t);
	struct thread *cur;
	bool look;

	spin_lock(&rq->lock);
	if (t->state != THREAD_NEW && t->state != THREAD_BLOCKED) {
		spin_unlock(&rq->lock);
		return;
	}
	enqueue_locked(rq, t, false);
	cur = rq->current;
	look = cur == &rq->idle || t->prio >= cur->prio;
	if (look)
		resched_cpu(t->cpu, cur);
	spin_unlock(&rq->lock);
}

void thread_request(struct thread *t, uint32_t bits)
{
	uint64_t flags = arch_irq_save();
	uint32_t old = atomic_fetch_or_explicit(&t->requests, bits, memory_order_seq_cst);

	/* Whoever set the last of these bits has already done what follows. */
	if ((old & bits) != bits && t != thread_current()) {
		make_ready(t);
		if (t->cpu != cpu_self())
			ops.kick(t->cpu);
	}
	arch_irq_restore(flags);
}

void thread_block(uint32_t mask)
{
	uint64_t flags = arch_irq_save();
	struct thread *t = thread_current();
	struct run_queue *rq = rq_of(t);

	spin_lock(&rq->lock);
	/* Pairs with thread_request(): it sets the bit, then looks at the state. */
	if (atomic_load_explicit(&t->requests, memory_order_seq_cst) & mask) {
		spin_unlock(&rq->lock);
	} else {
		t->state = THREAD_BLOCKED;
		spin_unlock(&rq->lock);
		schedule();
	}
	arch_irq_restore(flags);
}

int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg)
{
	int err = ops.stack_alloc(STACK_SIZE, &t->stack_base);

	if (err)
		return err;
	t->stack_size = STACK_SIZE;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->cpu = cpu;
	t->prio = prio;
	t->entry = entry;
	t->arg = arg;
	list_init(&t->rq_node);
	t->sp = arch_switch_frame(thread_stack_top(t).v - ARCH_GPREGS_SIZE, entry, arg);
	t->state = THREAD_NEW;
	return 0;
}

void thread_start(struct thread *t)
{
	uint64_t flags = arch_irq_save();

	make_ready(t);
	arch_irq_restore(flags);
}

int thread_destroy(struct thread *t)
{
	if (t->state == THREAD_NEW || atomic_load_explicit(&t->off_cpu, memory_order_acquire)) {
		ops.stack_free(t->stack_base, t->stack_size);
		return 0;
	}
	return -1;
}

void thread_exit(void)
{
	struct thread *t = thread_current();

	arch_irq_disable();
	spin_lock(&rq_of(t)->lock);
	t->state = THREAD_DEAD;
	spin_unlock(&rq_of(t)->lock);
	schedule();
	panic("thread %s ran after its end", t->name);
}

va_t thread_stack_top(const struct thread *t)
{
	return va_add(t->stack_base, t->stack_size);
}

void sched_cpu_init(uint32_t cpu, va_t stack_base, uint64_t stack_size)
{
	struct run_queue *rq = &queues[cpu];

	for (int p = 0; p < NR_PRIO; p++)
		list_init(&rq->ready[p]);
	timer_setup(&rq->slice, slice_over);
	rq->idle.cpu = cpu;
	rq->idle.state = THREAD_RUNNING;
	rq->idle.stack_base = stack_base;
	rq->idle.stack_size = stack_size;
	rq->idle.since = arch_counter();
	snprintf(rq->idle.name, sizeof(rq->idle.name), "idle%u", cpu);
	rq->current = &rq->idle;
	percpus[cpu].current = &rq->idle;
}

uint64_t sched_idle_ticks(uint32_t cpu)
{
	return queues[cpu].idle.ran;
}

void sched_run(void)
{
	for (;;) {
		arch_irq_disable();
		schedule();
		/* With IRQs masked WFI still wakes on one: none is lost in between. */
		if (!mask_of(&queues[cpu_self()]))
			arch_wfi();
		arch_irq_enable();
		arch_isb();
	}
}
