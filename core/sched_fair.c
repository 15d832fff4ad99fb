/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fair: who has had the least for its weight runs next. The key is virtual time,
 * ticks run divided by the weight. Caps and reservations are over windows: who used
 * its cap waits for the next one, who has not had its reservation goes first.
 *
 * Virtual time is one for all pCPUs of a pool. A thread that waits on one and is behind
 * what another has reached is given to that one; so is one that waits while another
 * pCPU is idle. Only the pCPU that gives acts: a thread's state is there to be taken
 * along, and a pCPU with one thread needs no timer.
 */
#include "core/sched_policy.h"

#define V_ONE       65536u            /* virtual time of a tick at weight 1    */
#define WINDOW_HZ   50                /* caps and reservations: 20 ms          */
#define GRAIN_HZ    2000              /* earlier by this pre-empts: 0.5 ms     */
#define BALANCE_HZ  250               /* look at other clocks every 4 ms       */
#define RUN_ALONE_LOG2 12             /* s that count at a time; 1 s if others wait */
#define LAG_MAX     4                 /* slices; who is further behind lost it  */

static uint64_t virtual(const struct thread *t, uint64_t ticks)
{
	return ticks * V_ONE / t->sched.weight;
}

static uint64_t window_ticks(const struct sched_queue *q)
{
	return q->pool->hz / WINDOW_HZ;
}

static uint64_t share(const struct sched_queue *q, uint32_t pct)
{
	return window_ticks(q) * pct / 100;
}

static bool capped(const struct sched_queue *q, const struct thread *t)
{
	return t->sched.cap_pct && t->se.used >= share(q, t->sched.cap_pct);
}

static bool entitled(const struct sched_queue *q, const struct thread *t)
{
	return t->se.used < share(q, t->sched.reservation_pct);
}

static bool goes_before(const struct thread *a, const struct thread *b)
{
	if (a->se.boost != b->se.boost)
		return a->se.boost;
	return sched_before(a->se.key, b->se.key);
}

/* Has now come to at, or is that further ahead than any is set: the counter went back? */
static bool is_over(const struct sched_queue *q, uint64_t at, uint64_t now)
{
	return at - now - 1 >= q->pool->hz;
}

/* What it used counts for the window that is now. */
static void refresh(const struct sched_queue *q, struct thread *t)
{
	if (t->se.window != q->window_end)
		t->se.used = 0;
	t->se.window = q->window_end;
	t->se.boost = entitled(q, t);
}

static void insert(struct sched_queue *q, struct thread *t)
{
	struct list_node *pos = q->ready.prev;

	refresh(q, t);
	if (capped(q, t)) {
		list_push_back(&q->waiting, &t->rq_node);
		return;
	}
	while (pos != &q->ready && goes_before(t, list_entry(pos, struct thread, rq_node)))
		pos = pos->prev;
	list_insert_before(pos->next, &t->rq_node);
	q->load += t->sched.weight;
	q->nr_reserved += t->sched.reservation_pct != 0;
}

static void take(struct sched_queue *q, struct thread *t)
{
	/* In waiting it is if, and only if, it was capped when it came. */
	if (!capped(q, t)) {
		q->load -= t->sched.weight;
		q->nr_reserved -= t->sched.reservation_pct != 0;
	}
	list_remove(&t->rq_node);
}

/* A new window: everybody's use starts anew, once in 20 ms. */
static void roll(struct sched_queue *q, uint64_t now)
{
	struct list_node all = LIST_INIT(all);
	struct thread *t;

	if (!is_over(q, q->window_end, now))
		return;
	while ((t = sched_first(&q->ready)) || (t = sched_first(&q->waiting))) {
		take(q, t);
		list_push_back(&all, &t->rq_node);
	}
	q->window_end = now - now % window_ticks(q) + window_ticks(q);
	while ((t = sched_pop(&all)))
		insert(q, t);
}

static uint64_t load64(const _Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

/* How far a pCPU has come, about: it told at clock_at. */
static uint64_t clock_of(const struct sched_queue *q, uint64_t now)
{
	uint64_t at = load64(&q->clock_at);
	uint32_t load = atomic_load_explicit(&q->clock_load, memory_order_relaxed);

	return load64(&q->clock) +
	       (load && sched_before(at, now) ? (now - at) * V_ONE / load : 0);
}

/* Tell how far cur and those in ready have come. */
static void clock_set(struct sched_queue *q, const struct thread *cur, uint64_t now)
{
	const struct thread *first = sched_first(&q->ready);
	uint64_t clock = first && sched_before(first->se.key, cur->se.key) ?
			 first->se.key : cur->se.key;

	if (!cur->se.boost && sched_before(q->vtime, clock))
		q->vtime = clock;
	atomic_store_explicit(&q->clock, clock, memory_order_relaxed);
	atomic_store_explicit(&q->clock_at, now, memory_order_relaxed);
	atomic_store_explicit(&q->clock_load, q->load + cur->sched.weight, memory_order_relaxed);
}

/* The pCPU of cpus, other than q's, that has come furthest, or least far. */
static uint32_t furthest(const struct sched_queue *q, uint64_t cpus, bool most, uint64_t now,
			 uint64_t *clock)
{
	uint32_t cpu = MAX_PCPUS;

	for (; cpus; cpus &= cpus - 1) {
		uint32_t c = (uint32_t)__builtin_ctzll(cpus);
		uint64_t its = clock_of(q->pool->queues[c], now);

		if (c == q->cpu || (cpu != MAX_PCPUS && sched_before(*clock, its) != most))
			continue;
		*clock = its;
		cpu = c;
	}
	return cpu;
}

/* Work after idleness: time went on meanwhile, at least as far as for the last of all. */
static void catch_up(struct sched_queue *q, uint64_t now)
{
	uint64_t busy = load64(&q->pool->cpus) & ~load64(&q->pool->idle), clock;

	if (furthest(q, busy, false, now, &clock) != MAX_PCPUS && sched_before(q->vtime, clock))
		q->vtime = clock;
	q->empty = false;
}

/* One that comes: not so far behind that the others wait for long, nor ahead. */
static void place(struct sched_queue *q, struct thread *t)
{
	uint64_t slice = virtual(t, t->sched.slice);
	uint64_t low = q->vtime - (t->se.moved ? slice * LAG_MAX : slice);
	uint64_t high = q->vtime + slice * LAG_MAX;

	if (sched_before(t->se.key, low))
		t->se.key = low;
	if (sched_before(high, t->se.key))
		t->se.key = high;
	t->se.moved = false;
}

/* Who may hold what t spins for has t's turn, and t has its: the others lose nothing. */
static void help(struct sched_queue *q, struct thread *t)
{
	struct thread *s = sched_sibling(&q->ready, t);
	uint64_t key = t->se.key;

	if (!s || !sched_before(key, s->se.key))
		return;
	take(q, s);
	t->se.key = s->se.key;
	s->se.key = key;
	insert(q, s);
}

static void enqueue(struct sched_queue *q, struct thread *t, uint64_t now, enum sched_how how)
{
	const struct thread *first;

	roll(q, now);
	if (how == SCHED_YIELD)
		help(q, t);
	first = sched_first(&q->ready);
	if (how == SCHED_WAKE || how == SCHED_ENTER) {
		if (q->empty)
			catch_up(q, now);
		place(q, t);
	}
	if (how == SCHED_YIELD && first && sched_before(t->se.key, first->se.key + 1))
		t->se.key = first->se.key + 1;
	insert(q, t);
}

static void dequeue(struct sched_queue *q, struct thread *t)
{
	take(q, t);
}

static struct thread *pick(struct sched_queue *q, uint64_t now)
{
	struct thread *t;

	roll(q, now);
	t = sched_first(&q->ready);
	q->empty = !t;
	if (!t)
		return NULL;
	take(q, t);
	t->se.left = t->sched.slice;
	clock_set(q, t, now);
	return t;
}

/* The two change places in time as well, if it is the later one: the others lose nothing. */
static bool lend(struct sched_queue *q, struct thread *from, struct thread *to, uint64_t now)
{
	uint64_t key = from->se.key;

	if (capped(q, to))
		return false;
	take(q, to);
	if (sched_before(key, to->se.key)) {
		from->se.key = to->se.key;
		to->se.key = key;
	}
	to->se.left = from->se.left;
	clock_set(q, to, now);
	return true;
}

static void charge(struct sched_queue *q, struct thread *cur, uint64_t ran, uint64_t now)
{
	roll(q, now);
	refresh(q, cur);
	/* Who waits for others' turns must not wait for days that never were. */
	ran = MIN(ran, q->pool->hz << (list_empty(&q->ready) ? RUN_ALONE_LOG2 : 0));
	cur->se.key += virtual(cur, ran);
	cur->se.used += ran;
	cur->se.boost = entitled(q, cur);
	sched_spend(&cur->se.left, ran);
	clock_set(q, cur, now);
}

static bool preempts(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	const struct thread *first;
	uint64_t grain;

	roll(q, now);
	refresh(q, cur);
	if (capped(q, cur))
		return true;
	first = sched_first(&q->ready);
	if (!first)
		return false;
	if (first->se.boost != cur->se.boost)
		return first->se.boost;
	grain = cur->se.left ? virtual(first, q->pool->hz / GRAIN_HZ) : 0;
	return sched_before(first->se.key + grain, cur->se.key);
}

static uint64_t until(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	bool windows = !list_empty(&q->waiting) || (cur && cur->sched.cap_pct) ||
		       (q->nr_reserved && cur);
	uint64_t at = windows ? q->window_end : SCHED_NEVER;

	if (!cur)
		return at;
	if (cur->sched.cap_pct)
		at = MIN(at, now + share(q, cur->sched.cap_pct) - cur->se.used);
	if (list_empty(&q->ready))
		return at;
	if (cur->se.boost)
		at = MIN(at, now + share(q, cur->sched.reservation_pct) - cur->se.used);
	if (!cur->se.left)
		cur->se.left = cur->sched.slice;
	return MIN(at, now + cur->se.left);
}

/* The first in line that may be on one of cpus. */
static struct thread *candidate(struct sched_queue *q, uint64_t cpus)
{
	list_for_each(pos, &q->ready) {
		struct thread *t = list_entry(pos, struct thread, rq_node);

		/* What is reserved was promised by this pCPU. */
		if ((t->affinity & cpus) && !t->sched.reservation_pct)
			return t;
	}
	return NULL;
}

static struct thread *give(struct sched_queue *q, struct thread *t)
{
	take(q, t);
	t->se.moved = true;
	return t;
}

static struct thread *give_to_idle(struct sched_queue *q, uint32_t *to)
{
	uint64_t idle = load64(&q->pool->idle) & ~BIT(q->cpu);
	struct thread *t = idle ? candidate(q, idle) : NULL;

	if (!t)
		return NULL;
	*to = (uint32_t)__builtin_ctzll(idle & t->affinity);
	/* Once is enough; it says so again when it is idle again. */
	atomic_fetch_and_explicit(&q->pool->idle, ~BIT(*to), memory_order_relaxed);
	return give(q, t);
}

/* All here have been behind for too long to make up for it: forget some of it. */
static void forgive(struct sched_queue *q, struct thread *cur, uint64_t by)
{
	list_for_each(pos, &q->ready)
		list_entry(pos, struct thread, rq_node)->se.key += by;
	list_for_each(pos, &q->waiting)
		list_entry(pos, struct thread, rq_node)->se.key += by;
	cur->se.key += by;
	q->vtime += by;
}

static struct thread *give_to_furthest(struct sched_queue *q, struct thread *cur, uint64_t now,
				       uint32_t *to)
{
	uint64_t clock, enough;
	struct thread *t;

	*to = furthest(q, load64(&q->pool->cpus), true, now, &clock);
	t = *to == MAX_PCPUS ? NULL : candidate(q, BIT(*to));
	if (!t)
		return NULL;
	enough = virtual(t, t->sched.slice);
	if (sched_before(clock, t->se.key + enough))
		return NULL;
	if (sched_before(t->se.key + enough * LAG_MAX, clock))
		forgive(q, cur, clock - t->se.key - enough * LAG_MAX);
	return give(q, t);
}

static struct thread *surplus(struct sched_queue *q, struct thread *cur, uint64_t now,
			      uint32_t *to)
{
	struct thread *t;

	if (list_empty(&q->ready))
		return NULL;
	t = give_to_idle(q, to);
	if (!t && is_over(q, q->balance_at, now)) {
		q->balance_at = now + q->pool->hz / BALANCE_HZ;
		t = give_to_furthest(q, cur, now, to);
	}
	if (t)
		clock_set(q, cur, now);
	return t;
}

const struct sched_policy sched_fair = {
	.name = "fair", .sleeps = true, .slices = true, .enqueue = enqueue, .dequeue = dequeue,
	.pick = pick, .lend = lend,
	.charge = charge, .preempts = preempts, .until = until, .surplus = surplus,
};
