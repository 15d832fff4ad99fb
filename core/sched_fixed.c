/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fifo and rr: fixed priority, pre-emptive. Under rr equals share by slices, and
 * whoever used his up goes behind them; who alone has his priority sees no tick.
 */
#include "core/lib/options.h"
#include "core/sched_policy.h"

#define SIBLING_LOOKS 16

struct thread *sched_sibling(const struct list_node *list, const struct thread *t)
{
	uint32_t looks = 0;

	list_for_each(pos, list) {
		struct thread *s = list_entry(pos, struct thread, rq_node);

		if (s->sched.group == t->sched.group && !s->se.gave_way)
			return s;
		if (++looks == SIBLING_LOOKS)
			break;
	}
	return NULL;
}

/* Who may hold what t spins for goes first, for the rest of t's slice. */
static void help(struct sched_queue *q, const struct thread *t)
{
	struct list_node *list = &q->prio.ready[sched_prio_of(t)];
	struct thread *s = sched_sibling(list, t);

	if (!s)
		return;
	list_remove(&s->rq_node);
	list_push_front(list, &s->rq_node);
	s->se.left = t->se.left;
}

static void enqueue(struct sched_queue *q, struct thread *t, uint64_t now, enum sched_how how)
{
	bool more = t->se.left || !t->sched.slice;
	bool goes_on = how == SCHED_PREEMPT && more;

	(void)now;
	if (how == SCHED_YIELD && more)
		help(q, t);
	if (!goes_on)
		t->se.left = t->sched.slice;
	sched_prio_push(&q->prio, t, goes_on);
}

static void dequeue(struct sched_queue *q, struct thread *t)
{
	sched_prio_remove(&q->prio, t);
}

static struct thread *pick(struct sched_queue *q, uint64_t now)
{
	(void)now;
	return sched_prio_pop(&q->prio);
}

static bool fifo_lend(struct sched_queue *q, struct thread *from, struct thread *to, uint64_t now)
{
	(void)from;
	(void)now;
	sched_prio_remove(&q->prio, to);
	return true;
}

static void charge(struct sched_queue *q, struct thread *cur, uint64_t ran, uint64_t now)
{
	(void)q;
	(void)now;
	sched_spend(&cur->se.left, ran);
}

static bool slice_over(const struct thread *t)
{
	return t->sched.slice && !t->se.left;
}

/* For what is left of the slice. */
static bool rr_lend(struct sched_queue *q, struct thread *from, struct thread *to, uint64_t now)
{
	if (slice_over(from))
		return false;
	to->se.left = from->se.left;
	return fifo_lend(q, from, to, now);
}

static bool rr_preempts(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	int best = sched_prio_best(&q->prio), prio = (int)sched_prio_of(cur);

	(void)now;
	return best > prio || (best == prio && slice_over(cur));
}

static uint64_t rr_until(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	if (!cur || !cur->sched.slice || sched_prio_best(&q->prio) != (int)sched_prio_of(cur))
		return SCHED_NEVER;
	return now + cur->se.left;
}

static bool fifo_preempts(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	(void)now;
	return sched_prio_best(&q->prio) > (int)sched_prio_of(cur);
}

static void fifo_enqueue(struct sched_queue *q, struct thread *t, uint64_t now,
			 enum sched_how how)
{
	(void)now;
	sched_prio_push(&q->prio, t, how == SCHED_PREEMPT);
}

static uint64_t fifo_until(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	(void)q;
	(void)cur;
	(void)now;
	return SCHED_NEVER;
}

static struct thread *rr_next(struct sched_queue *q, struct thread *cur, bool stays, uint64_t ran,
			      uint64_t now, uint64_t *until)
{
	struct thread *t = cur;

	if (cur)
		sched_spend(&cur->se.left, ran);
	if (cur && stays) {
		int best = sched_prio_best(&q->prio), prio = (int)sched_prio_of(cur);

		if (best == prio && slice_over(cur)) {
			/* Equals in turns: whoever comes out, others are left there. */
			struct list_node *list = &q->prio.ready[prio];

			cur->se.left = cur->sched.slice;
			list_push_back(list, &cur->rq_node);
			t = sched_pop(list);
			*until = t->sched.slice ? now + t->se.left : SCHED_NEVER;
			return t;
		}
		if (best > prio) {
			enqueue(q, cur, now, SCHED_PREEMPT);
			t = sched_prio_pop(&q->prio);
		}
	} else {
		t = sched_prio_pop(&q->prio);
	}
	*until = rr_until(q, t, now);
	return t;
}

static bool rr_wake(struct sched_queue *q, struct thread *cur, struct thread *t, uint64_t ran,
		    uint64_t now, uint64_t *until)
{
	int best, prio;

	t->se.left = t->sched.slice;
	sched_prio_push(&q->prio, t, false);
	if (!cur)
		return true;
	sched_spend(&cur->se.left, ran);
	best = sched_prio_best(&q->prio);
	prio = (int)sched_prio_of(cur);
	if (best != prio || !cur->sched.slice)
		return best > prio;
	*until = now + cur->se.left;
	return !cur->se.left;
}

const struct sched_policy sched_rr = {
	.name = "rr", .enqueue = enqueue, .dequeue = dequeue, .pick = pick, .lend = rr_lend,
	.charge = charge, .preempts = rr_preempts, .until = rr_until,
	.next = CONFIG_FAST ? rr_next : NULL, .wake = CONFIG_FAST ? rr_wake : NULL,
};

const struct sched_policy sched_fifo = {
	.name = "fifo", .enqueue = fifo_enqueue, .dequeue = dequeue, .pick = pick,
	.lend = fifo_lend, .charge = charge, .preempts = fifo_preempts, .until = fifo_until,
};
