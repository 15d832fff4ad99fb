/* SPDX-License-Identifier: Apache-2.0 */
/* Per pCPU, a list sorted by deadline: short, as a pCPU has few timers armed. */
#include "core/timer.h"

#include <stddef.h>

#include <arch/cpu.h>
#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/lib/options.h"
#include "core/log.h"
#include "core/percpu.h"
#include "core/spinlock.h"
#include "core/thread.h"

/*
 * The hardware timer is set no further ahead than this, and looked at again: a deadline that was
 * reckoned from a wrong reading of the counter is not waited for, and a counter that jumps is seen.
 */
#define HOP_S 4

struct timer_queue {
	struct spinlock lock;            /* rank 80, docs/locking.md */
	bool jumped;                     /* own pCPU only: the counter did, and that was said */
	struct list_node armed;          /* under lock; may be all zero at first */
	struct timer *_Atomic firing;    /* set under lock                       */
	/* own pCPU only; ticks, 0: none */
	uint64_t first;                  /* deadline of the first armed, or before it: one
					    that is cancelled or moved on leaves it     */
	uint64_t tick;                   /* the scheduler's                      */
	uint64_t set;                    /* what the hardware timer is set to    */
	uint64_t seen;                   /* the counter, when last looked at     */
};

static struct timer_queue queues[MAX_PCPUS];

/* Interrupts masked. */
static struct timer_queue *queue_lock(uint32_t cpu)
{
	struct timer_queue *q = &queues[cpu];

	spin_lock_inline(&q->lock);
	if (!q->armed.next)
		list_init(&q->armed);
	return q;
}

/* The queue that t is in: it may move until that queue is locked. */
static struct timer_queue *queue_lock_of(struct timer *t)
{
	for (;;) {
		uint32_t cpu = atomic_load_explicit(&t->cpu, memory_order_relaxed);
		struct timer_queue *q = queue_lock(cpu);

		/* With it, what timer_start() did under the lock of the other queue. */
		if (atomic_load_explicit(&t->cpu, memory_order_acquire) == cpu)
			return q;
		spin_unlock(&q->lock);
	}
}

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	list_init(&t->node);
	t->cpu = 0;
	t->fire = fire;
}

static inline bool sooner(uint64_t a, uint64_t b)
{
	return a - 1 < b - 1;
}

static inline bool is_due(uint64_t at, uint64_t now)
{
	return at && at <= now;
}

static uint64_t hop(void)
{
	return HOP_S * arch_counter_hz();
}

/* Own pCPU's hardware timer to what comes first. */
static void program(struct timer_queue *q)
{
	uint64_t now;

	q->set = sooner(q->first, q->tick) ? q->first : q->tick;
	if (!q->set) {
		arch_hyp_timer_off();
		return;
	}
	if (CONFIG_HARDENING && q->set - q->seen > hop()) {
		now = arch_counter();
		q->seen = MAX(q->seen, now);
		q->set = MIN(q->set, now + hop());
	}
	arch_hyp_timer_set(q->set);
}

/* One that is set too early is left: it then comes for nothing, and is set anew. */
static inline void program_sooner(struct timer_queue *q, uint64_t at)
{
	if (sooner(at, q->set))
		program(q);
}

void timer_tick(uint64_t at)
{
	struct timer_queue *q = &queues[cpu_self()];

	q->tick = at;
	program_sooner(q, at);
}

static void insert_locked(struct timer_queue *q, struct timer *t)
{
	struct list_node *pos = q->armed.next;

	while (pos != &q->armed && list_entry(pos, struct timer, node)->deadline <= t->deadline)
		pos = pos->next;
	list_insert_before(pos, &t->node);
}

void timer_start(struct timer *t, uint64_t deadline)
{
	uint64_t flags = arch_irq_save();
	struct timer_queue *q = queue_lock_of(t);

	list_remove(&t->node);
	if (q != &queues[cpu_self()]) {
		/* In neither queue for a moment: a cancel finds it disarmed. */
		atomic_store_explicit(&t->cpu, cpu_self(), memory_order_release);
		spin_unlock(&q->lock);
		q = queue_lock(cpu_self());
	}
	t->deadline = MAX(deadline, 1u);
	insert_locked(q, t);
	if (q->armed.next == &t->node) {
		q->first = t->deadline;
		program_sooner(q, q->first);
	}
	spin_unlock_inline(&q->lock);
	/* The guest must not go on like this: it is looked at on the way there. */
	if (CONFIG_DIRECT && arch_percpu()->aloof)
		atomic_fetch_or_explicit(&arch_percpu()->current->requests, THREAD_REQ_TIMER,
					 memory_order_relaxed);
	arch_irq_restore(flags);
}

bool timer_any_here(void)
{
	struct timer_queue *q = queue_lock(cpu_self());
	bool any = !list_empty(&q->armed);

	spin_unlock(&q->lock);
	return any;
}

/*
 * The hardware timer may stay set for a timer that is gone: it then fires once
 * for nothing, which is cheaper than programming it at each cancel.
 */
void timer_cancel(struct timer *t)
{
	uint64_t flags = arch_irq_save();
	struct timer_queue *q = queue_lock_of(t);

	list_remove(&t->node);
	spin_unlock_inline(&q->lock);
	arch_irq_restore(flags);
}

void timer_cancel_wait(struct timer *t)
{
	timer_cancel(t);
	while (atomic_load_explicit(&queues[t->cpu].firing, memory_order_acquire) == t)
		arch_cpu_relax();
}

static struct timer *first_due_locked(const struct timer_queue *q, uint64_t now)
{
	struct timer *t = list_entry(q->armed.next, struct timer, node);

	return list_empty(&q->armed) || t->deadline > now ? NULL : t;
}

/* Before the last one that is due fires, so that what it arms is programmed after this. */
static struct timer *pop_due(struct timer_queue *q, uint64_t now, bool *more)
{
	struct timer *t;

	queue_lock((uint32_t)(q - queues));
	t = first_due_locked(q, now);
	if (t)
		list_remove(&t->node);
	*more = first_due_locked(q, now);
	if (!*more) {
		q->first = list_empty(&q->armed) ? 0 :
			   list_entry(q->armed.next, struct timer, node)->deadline;
		program(q);
	}
	atomic_store_explicit(&q->firing, t, memory_order_relaxed);
	spin_unlock_inline(&q->lock);
	return t;
}

/*
 * One reading of the clock for the round: a handler that arms itself again in
 * the past comes with the next interrupt, so this ends.
 */
static void fire_due(struct timer_queue *q, uint64_t now)
{
	struct timer *t;
	bool more;

	do {
		t = pop_due(q, now, &more);
		if (!t)
			return;
		t->fire(t);
		/* Pairs with timer_cancel_wait(): it may be freed. */
		atomic_store_explicit(&q->firing, NULL, memory_order_release);
	} while (more);
}

/* What is armed is due now: it may have been reckoned from before or after the jump. */
static __attribute__((cold)) void jumped(struct timer_queue *q, uint64_t now)
{
	if (!q->jumped)
		log_warn("pCPU %u: the counter jumps by %lld ticks", cpu_self(),
			 (long long)(now - q->seen));
	q->jumped = true;
	queue_lock(cpu_self());
	list_for_each(pos, &q->armed)
		list_entry(pos, struct timer, node)->deadline = q->first = 1;
	spin_unlock(&q->lock);
}

enum timer_event timer_interrupt(void)
{
	struct timer_queue *q = &queues[cpu_self()];
	uint64_t now = arch_counter(), far = hop();
	/* Due, or set further ahead than is waited for. */
	bool ticked = q->tick && (q->tick <= now || (CONFIG_HARDENING && q->tick - now > far)),
	     jump;

	jump = CONFIG_HARDENING && now - q->seen > 2 * far;
	if (jump) {
		jumped(q, now);
		ticked = true;
	}
	q->seen = now;
	/* One that was cancelled is found to be gone when it is first looked at. */
	if (is_due(q->first, now) || (CONFIG_HARDENING && q->first && q->first - now > far)) {
		if (ticked)
			q->tick = 0;
		fire_due(q, now);
	} else if (ticked) {
		/* Left as it is set: the next one will be soon, or else this comes once more. */
		q->tick = 0;
		q->set = 0;
	} else {
		program(q);
	}
	return jump ? TIMER_JUMP : ticked ? TIMER_TICK : TIMER_NO_TICK;
}
