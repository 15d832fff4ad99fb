/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pinned: a thread owns its pCPU. No tick, no priorities, nothing to account; the
 * configuration sees to it that there is one thread. Should there be more, each
 * runs until it waits.
 */
#include "core/lib/options.h"
#include "core/sched_policy.h"

static void enqueue(struct sched_queue *q, struct thread *t, uint64_t now, enum sched_how how)
{
	(void)now;
	(void)how;
	list_push_back(&q->ready, &t->rq_node);
}

static void dequeue(struct sched_queue *q, struct thread *t)
{
	(void)q;
	list_remove(&t->rq_node);
}

static struct thread *pick(struct sched_queue *q, uint64_t now)
{
	(void)now;
	return sched_pop(&q->ready);
}

static void charge(struct sched_queue *q, struct thread *cur, uint64_t ran, uint64_t now)
{
	(void)q;
	(void)cur;
	(void)ran;
	(void)now;
}

static bool preempts(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	(void)q;
	(void)cur;
	(void)now;
	return false;
}

static uint64_t until(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	(void)q;
	(void)cur;
	(void)now;
	return SCHED_NEVER;
}

static struct thread *next(struct sched_queue *q, struct thread *cur, bool stays, uint64_t ran,
			   uint64_t now, uint64_t *at)
{
	(void)ran;
	(void)now;
	*at = SCHED_NEVER;
	return cur && stays ? cur : sched_pop(&q->ready);
}

static bool wake(struct sched_queue *q, struct thread *cur, struct thread *t, uint64_t ran,
		 uint64_t now, uint64_t *at)
{
	(void)ran;
	(void)now;
	(void)at;
	list_push_back(&q->ready, &t->rq_node);
	return !cur;
}

const struct sched_policy sched_pinned = {
	.name = "pinned", .exclusive = true, .enqueue = enqueue, .dequeue = dequeue,
	.pick = pick, .charge = charge, .preempts = preempts, .until = until,
	.next = CONFIG_FAST ? next : NULL, .wake = CONFIG_FAST ? wake : NULL,
};
