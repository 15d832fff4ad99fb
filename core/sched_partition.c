/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partition: a time table in the ARINC 653 manner. A major frame repeats for ever; in
 * each of its windows only one group may run, by fixed priority, and outside of them
 * nobody. Boundaries are reckoned from when the pool was made, in millionths of a
 * tick, so they drift neither by rounding nor by a late timer.
 *
 * The switch is made a little earlier, and whoever comes waits for its tick, ready to
 * run: it begins to the tick, even if the one before was just in the middle of an exit.
 */
#include "core/sched_policy.h"

#define US_PER_S UINT64_C(1000000)
#define FAR_S    8192                /* longer than any frame                          */

/* us after the frame's begin, in ticks. */
static uint64_t tick_at(const struct sched_queue *q, uint32_t us)
{
	return q->frame + (us * q->pool->hz + q->frac) / US_PER_S;
}

static void frame_advance(struct sched_queue *q, uint64_t frames)
{
	uint64_t sum = frames * q->pool->major_us * q->pool->hz + q->frac;

	q->frame += sum / US_PER_S;
	q->frac = sum % US_PER_S;
}

/* Did the counter go back to before the frame? It is not quite the same on all pCPUs. */
static bool went_back(const struct sched_queue *q, uint64_t now)
{
	return sched_before(now + q->pool->hz, q->frame);
}

/*
 * To the frame that now is in: some of them on, if nobody looked for long. Should the counter have
 * jumped far, frames are reckoned from its zero, so that all pCPUs of the pool agree.
 */
static void frame_find(struct sched_queue *q, uint64_t now)
{
	const uint32_t major = q->pool->major_us;

	if (!q->frame)
		q->frame = q->pool->origin;
	if (now + q->pool->hz - q->frame >= FAR_S * q->pool->hz) {
		q->frame = now - now % (major * q->pool->hz / US_PER_S);
		q->frac = 0;
		q->window = 0;
	}
	while (!sched_before(now, tick_at(q, major))) {
		uint64_t behind = (now - q->frame) / (tick_at(q, major) - q->frame + 1);

		frame_advance(q, MAX(behind, 1u));
		q->window = 0;
	}
}

/*
 * Whose window now is in, and when that changes. From the window of last time on: what
 * this costs is late in the window that begins, however many there are.
 */
static void window_find(struct sched_queue *q, uint64_t now)
{
	const struct sched_pool *p = q->pool;

	now += p->lead;
	if (q->frame && sched_before(now, q->change) && !went_back(q, now))
		return;
	frame_find(q, now);
	q->group = SCHED_NO_GROUP;
	for (; q->window < p->nr_windows; q->window++) {
		const struct sched_window *w = &p->windows[q->window];

		q->change = tick_at(q, w->start_us);
		if (sched_before(now, q->change))
			return;
		q->begin = q->change;
		q->change = tick_at(q, w->start_us + w->duration_us);
		if (sched_before(now, q->change)) {
			q->group = w->group;
			return;
		}
	}
	q->change = tick_at(q, p->major_us);
}

static void enqueue(struct sched_queue *q, struct thread *t, uint64_t now, enum sched_how how)
{
	bool goes_on = how == SCHED_PREEMPT && t->se.left;
	struct list_node *pos = q->ready.next;
	uint32_t prio = sched_prio_of(t);

	(void)now;
	if (!goes_on)
		t->se.left = t->sched.slice;
	for (; pos != &q->ready; pos = pos->next) {
		uint32_t other = sched_prio_of(list_entry(pos, struct thread, rq_node));

		if (other < prio || (other == prio && goes_on))
			break;
	}
	list_insert_before(pos, &t->rq_node);
}

static void dequeue(struct sched_queue *q, struct thread *t)
{
	(void)q;
	list_remove(&t->rq_node);
}

static struct thread *best(struct sched_queue *q)
{
	list_for_each(pos, &q->ready) {
		struct thread *t = list_entry(pos, struct thread, rq_node);

		if (t->sched.group == q->group)
			return t;
	}
	return NULL;
}

static struct thread *pick(struct sched_queue *q, uint64_t now)
{
	struct thread *t;

	window_find(q, now);
	t = best(q);
	if (t)
		list_remove(&t->rq_node);
	return t;
}

static void charge(struct sched_queue *q, struct thread *cur, uint64_t ran, uint64_t now)
{
	(void)q;
	(void)now;
	sched_spend(&cur->se.left, ran);
}

static bool preempts(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	const struct thread *t;

	window_find(q, now);
	if (cur->sched.group != q->group)
		return true;
	t = best(q);
	return t && (sched_prio_of(t) > sched_prio_of(cur) ||
		     (sched_prio_of(t) == sched_prio_of(cur) && !cur->se.left));
}

static uint64_t until(struct sched_queue *q, struct thread *cur, uint64_t now)
{
	const struct thread *t;
	uint64_t at;

	window_find(q, now);
	at = q->change - q->pool->lead;
	t = best(q);
	if (!cur || !t || sched_prio_of(t) != sched_prio_of(cur))
		return at;
	return MIN(at, now + cur->se.left);
}

const struct sched_policy sched_partition = {
	.name = "partition", .exclusive = true, .slices = true, .enqueue = enqueue,
	.dequeue = dequeue, .pick = pick, .charge = charge, .preempts = preempts, .until = until,
};
