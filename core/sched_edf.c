/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edf: earliest deadline first, each thread within a constant-bandwidth server
 * (Abeni and Buttazzo, 1998). The key is the server's deadline. A server whose
 * budget is used up has its deadline postponed by a period and its budget filled at
 * the old deadline, to the tick; until then its thread gets only what nobody else
 * wants, and that costs it nothing. Threads without a budget come in between.
 */
#include "core/sched_policy.h"

enum { DEPLETED, BACKGROUND, SERVED };

static int class_of(const struct thread *t)
{
	if (!t->sched.budget)
		return BACKGROUND;
	return t->se.left ? SERVED : DEPLETED;
}

/* No deadline is further ahead than a period, unless the counter went back. */
static bool lies_ahead(const struct thread *t, uint64_t deadline, uint64_t now)
{
	return deadline - now - 1 < t->sched.period;
}

static void fill(struct thread *t, uint64_t deadline)
{
	t->se.key = deadline;
	t->se.left = t->sched.budget - MIN(t->se.used, t->sched.budget - 1);
	t->se.used = 0;
}

/* The next period begins where the last one ended, unless that one is over as well. */
static void next_period(struct thread *t, uint64_t now)
{
	uint64_t deadline = t->se.key + t->sched.period;

	fill(t, lies_ahead(t, deadline, now) ? deadline : now + t->sched.period);
}

static void replenish(struct sched_queue *q, uint64_t now)
{
	struct thread *t;

	while ((t = sched_first(&q->waiting)) && !lies_ahead(t, t->se.key, now)) {
		list_remove(&t->rq_node);
		next_period(t, now);
		sched_insert(&q->ready, t);
	}
}

/* What is left may not be used up by the deadline faster than the budget allows. */
static bool may_keep(const struct thread *t, uint64_t now)
{
	return lies_ahead(t, t->se.key, now) &&
	       t->se.left * t->sched.period <= (t->se.key - now) * t->sched.budget;
}

static void enqueue(struct sched_queue *q, struct thread *t, uint64_t now, enum sched_how how)
{
	if (how == SCHED_ENTER)
		t->se.used = 0;
	if (t->sched.budget && (how == SCHED_ENTER || (how == SCHED_WAKE && !may_keep(t, now))))
		fill(t, now + t->sched.period);
	switch (class_of(t)) {
	case SERVED:
		sched_insert(&q->ready, t);
		break;
	case DEPLETED:
		sched_insert(&q->waiting, t);
		break;
	default:
		if (how == SCHED_PREEMPT && t->se.left) {
			list_push_front(&q->back, &t->rq_node);
		} else {
			t->se.left = t->sched.slice;
			list_push_back(&q->back, &t->rq_node);
		}
	}
	replenish(q, now);
}

static void dequeue(struct sched_queue *q, struct thread *t)
{
	(void)q;
	list_remove(&t->rq_node);
}

static struct thread *pick(struct sched_queue *q, uint64_t now)
{
	struct thread *t;

	replenish(q, now);
	t = sched_pop(&q->ready);
	if (!t)
		t = sched_pop(&q->back);
	return t ? t : sched_pop(&q->waiting);
}

static void charge(struct sched_queue *q, struct thread *cur, uint64_t ran, uint64_t now)
{
	(void)q;
	if (class_of(cur) == SERVED && ran > cur->se.left)
		cur->se.used = ran - cur->se.left;
	sched_spend(&cur->se.left, ran);
	if (class_of(cur) == DEPLETED && !lies_ahead(cur, cur->se.key, now))
		next_period(cur, now);
}

static bool preempts(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	const struct thread *first;
	int class = class_of(cur);

	replenish(q, now);
	first = sched_first(&q->ready);
	if (first)
		return class != SERVED || sched_before(first->se.key, cur->se.key);
	return !list_empty(&q->back) &&
	       (class == DEPLETED || (class == BACKGROUND && !cur->se.left));
}

static uint64_t until(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	const struct thread *first = sched_first(&q->waiting);
	uint64_t at = first ? first->se.key : SCHED_NEVER;

	if (!cur)
		return at;
	if (class_of(cur) == SERVED)
		return MIN(at, now + cur->se.left);
	if (class_of(cur) == DEPLETED)
		return MIN(at, cur->se.key);
	if (list_empty(&q->back))
		return at;
	if (!cur->se.left)
		cur->se.left = cur->sched.slice;
	return MIN(at, now + cur->se.left);
}

const struct sched_policy sched_edf = {
	.name = "edf", .sleeps = true, .slices = true, .enqueue = enqueue, .dequeue = dequeue,
	.pick = pick, .charge = charge, .preempts = preempts, .until = until,
};
