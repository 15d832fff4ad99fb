/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mutex.h"

#include <stddef.h>

#include <arch/cpu.h>
#include "core/lib/bits.h"
#include "core/sched.h"
#include "core/spinlock.h"

struct mutex_wait {
	struct mutex_wait *next;
	struct thread *thread;
};

/* One for all mutexes, as chains of them are followed; rank 85, docs/locking.md. */
static struct spinlock lock = SPINLOCK_INIT;

static void own_locked(struct mutex *m, struct thread *t)
{
	m->owner = t;
	m->next_held = t->held;
	t->held = m;
}

static void disown_locked(struct mutex *m)
{
	struct mutex **pos = &m->owner->held;

	while (*pos != m)
		pos = &(*pos)->next_held;
	*pos = m->next_held;
	m->owner = NULL;
}

static void set_urgency_locked(struct thread *t, uint32_t urgency)
{
	if (t->urgency != urgency)
		sched_set_urgency(t, urgency);
}

/* Whoever keeps t waiting, and whoever keeps that one. Ends: urgency only rises. */
static void lend_locked(const struct thread *t)
{
	struct thread *o = t->waits_for->owner;

	while (o->urgency < t->urgency) {
		set_urgency_locked(o, t->urgency);
		if (!o->waits_for)
			return;
		o = o->waits_for->owner;
	}
}

static void give_back_locked(struct thread *t)
{
	uint32_t urgency = sched_own_urgency(t);

	for (const struct mutex *m = t->held; m; m = m->next_held)
		for (const struct mutex_wait *w = m->waiters; w; w = w->next)
			urgency = MAX(urgency, w->thread->urgency);
	set_urgency_locked(t, urgency);
}

static struct thread *most_urgent_locked(struct mutex *m)
{
	struct mutex_wait **best = &m->waiters, *w;

	/* Of equals the one that came first, which is the last in the list. */
	for (struct mutex_wait **pos = &m->waiters; *pos; pos = &(*pos)->next)
		if ((*pos)->thread->urgency >= (*best)->thread->urgency)
			best = pos;
	w = *best;
	*best = w->next;
	return w->thread;
}

bool mutex_trylock(struct mutex *m)
{
	uint64_t flags = spin_lock_irqsave(&lock);
	bool got = !m->owner;

	if (got)
		own_locked(m, thread_current());
	spin_unlock_irqrestore(&lock, flags);
	return got;
}

void mutex_lock(struct mutex *m)
{
	struct thread *me = thread_current();
	struct mutex_wait w = { .thread = me };
	uint64_t flags = spin_lock_irqsave(&lock);

	if (!m->owner) {
		own_locked(m, me);
	} else {
		w.next = m->waiters;
		m->waiters = &w;
		me->waits_for = m;
		lend_locked(me);
		while (m->owner != me) {
			atomic_fetch_and(&me->requests, ~(uint32_t)THREAD_REQ_MUTEX);
			spin_unlock_irqrestore(&lock, flags);
			thread_block(THREAD_REQ_MUTEX);
			flags = spin_lock_irqsave(&lock);
		}
		atomic_fetch_and(&me->requests, ~(uint32_t)THREAD_REQ_MUTEX);
	}
	spin_unlock_irqrestore(&lock, flags);
}

/* Handed over, not freed: nobody gets in between and makes the urgent wait again. */
void mutex_unlock(struct mutex *m)
{
	uint64_t flags = spin_lock_irqsave(&lock);
	struct thread *me = m->owner, *next = NULL;

	disown_locked(m);
	if (m->waiters) {
		next = most_urgent_locked(m);
		next->waits_for = NULL;
		own_locked(m, next);
	}
	give_back_locked(me);
	spin_unlock(&lock);
	if (next)
		thread_request(next, THREAD_REQ_MUTEX);
	sched_point();
	arch_irq_restore(flags);
}

/* Nobody else makes it this thread's, or takes it away. */
bool mutex_is_mine(const struct mutex *m)
{
	return __atomic_load_n(&m->owner, __ATOMIC_RELAXED) == thread_current();
}
