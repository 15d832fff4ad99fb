/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy is: a table of functions on one pCPU's queue. They are pure: time
 * comes as an argument, nobody is kicked, nothing is armed.
 */
#pragma once

#include <arch/layout.h>
#include "core/lib/bits.h"
#include "core/sched.h"

struct sched_queue;

struct sched_pool {
	char name[16];
	const struct sched_policy *policy;
	/* partition; fixed */
	uint32_t major_us, nr_windows;
	struct sched_window windows[SCHED_MAX_WINDOWS];
	uint64_t origin;                     /* tick at which the first frame began  */
	uint64_t lead;                       /* ticks before a window to switch      */
	uint64_t hz;
	struct sched_queue *queues[MAX_PCPUS];   /* by pCPU                          */
	/* any pCPU */
	_Atomic uint64_t cpus;
	_Atomic uint64_t idle;               /* of cpus, those with nothing to do    */
};

/* Lists by priority and a mask of those that are not empty. */
struct sched_prio_queue {
	uint32_t mask;
	struct list_node ready[SCHED_MAX_PRIO + 1];
};

/* One pCPU's ready threads under a policy. Under the run queue's lock. */
struct sched_queue {
	struct sched_pool *pool;
	uint32_t cpu;
	struct sched_prio_queue prio;        /* fifo, rr                              */
	struct list_node ready;              /* the others, each in its own order     */
	struct list_node waiting;            /* fair: capped; edf: budget used up     */
	struct list_node back;               /* edf: threads without a budget         */
	/* fair */
	uint64_t vtime;                      /* of the thread furthest behind         */
	uint64_t window_end;                 /* of caps and reservations              */
	uint64_t balance_at;
	uint32_t load;                       /* weights of those in ready             */
	uint32_t nr_reserved;                /* in ready, with a reservation          */
	bool empty;                          /* nobody ran when last asked            */
	/* read by other pCPUs: the least key here, as of a tick, and who shared then  */
	_Atomic uint64_t clock, clock_at;
	_Atomic uint32_t clock_load;
	/* partition */
	uint64_t frame, frac;                /* when this frame began, and millionths */
	uint64_t begin;                      /* tick before which nobody may run      */
	uint64_t change;                     /* tick at which the next window begins  */
	uint32_t group;                      /* whose window it is                    */
	uint32_t window;                     /* its number, or the next one's         */
};

#define SCHED_NO_GROUP UINT32_MAX
#define SCHED_NEVER    UINT64_MAX
#define SCHED_LEAD_US  20            /* partition: before a window begins              */
#define SCHED_SLICE_HZ 200           /* where a policy needs a slice: 5 ms            */

/* Why a thread comes into a queue. */
enum sched_how {
	SCHED_WAKE,        /* it slept                                                */
	SCHED_PREEMPT,     /* it ran and must wait                                    */
	SCHED_YIELD,       /* it ran and gives way                                    */
	SCHED_ENTER,       /* started, moved from elsewhere, or its parameters changed */
};

struct sched_policy {
	const char *name;
	bool exclusive;    /* its pCPUs are no place for system threads               */
	bool sleeps;       /* time asleep must not count as time run                  */
	bool slices;       /* a thread needs a slice                                  */
	void (*enqueue)(struct sched_queue *q, struct thread *t, uint64_t now, enum sched_how how);
	void (*dequeue)(struct sched_queue *q, struct thread *t);
	/* Out of the queue with the one that shall run, or NULL. */
	struct thread *(*pick)(struct sched_queue *q, uint64_t now);
	/* Optional: to, which is queued, leaves the queue and runs in the place of from, which is
	 * not. False: to may not run now. */
	bool (*lend)(struct sched_queue *q, struct thread *from, struct thread *to, uint64_t now);
	/* cur ran for so many ticks. */
	void (*charge)(struct sched_queue *q, struct thread *cur, uint64_t ran, uint64_t now);
	/* Must cur stop running? */
	bool (*preempts)(struct sched_queue *q, struct thread *cur, uint64_t now);
	/* When to look again while cur, or nobody (NULL), runs. */
	uint64_t (*until)(struct sched_queue *q, struct thread *cur, uint64_t now);
	/*
	 * Optional, only beside no surplus: the above in one, for the usual case. They do what
	 * these do one after the other, cheaper.
	 *
	 * next: cur (NULL: nobody) ran; it gives way unless it may stay and nobody pre-empts it.
	 *	Charge, preempts, enqueue as SCHED_PREEMPT, pick, until. Who runs now, or NULL.
	 * wake: t slept and cur (NULL: nobody) ran. Charge, enqueue as SCHED_WAKE, until, which is
	 *	SCHED_NEVER if not set. Must cur stop running, or is there none?
	 */
	struct thread *(*next)(struct sched_queue *q, struct thread *cur, bool stays, uint64_t ran,
			       uint64_t now, uint64_t *until);
	bool (*wake)(struct sched_queue *q, struct thread *cur, struct thread *t, uint64_t ran,
		     uint64_t now, uint64_t *until);
	/* Optional, while cur runs: out with one that is better off on pCPU *to, or NULL. */
	struct thread *(*surplus)(struct sched_queue *q, struct thread *cur, uint64_t now,
				  uint32_t *to);
};

void sched_queue_init(struct sched_queue *q, struct sched_pool *pool, uint32_t cpu);

static inline struct thread *sched_first(const struct list_node *list)
{
	return list_empty(list) ? NULL : list_entry(list->next, struct thread, rq_node);
}

static inline struct thread *sched_pop(struct list_node *list)
{
	struct thread *t = sched_first(list);

	if (t)
		list_remove(&t->rq_node);
	return t;
}

/* Of fifo and rr, and of system threads. */
static inline uint32_t sched_prio_of(const struct thread *t)
{
	return t->urgency & SCHED_MAX_PRIO;
}

static inline void sched_prio_push(struct sched_prio_queue *q, struct thread *t, bool at_front)
{
	uint32_t prio = sched_prio_of(t);
	struct list_node *list = &q->ready[prio];

	list_insert_before(at_front ? list->next : list, &t->rq_node);
	q->mask |= 1u << prio;
}

static inline void sched_prio_remove(struct sched_prio_queue *q, struct thread *t)
{
	uint32_t prio = sched_prio_of(t);

	list_remove(&t->rq_node);
	if (list_empty(&q->ready[prio]))
		q->mask &= ~(1u << prio);
}

/* The highest priority that is ready, or -1. */
static inline int sched_prio_best(const struct sched_prio_queue *q)
{
	return q->mask ? 31 - __builtin_clz(q->mask) : -1;
}

static inline struct thread *sched_prio_pop(struct sched_prio_queue *q)
{
	struct thread *t;

	if (!q->mask)
		return NULL;
	t = list_entry(q->ready[31 - __builtin_clz(q->mask)].next, struct thread, rq_node);
	sched_prio_remove(q, t);
	return t;
}

/* A ready thread of t's group that did not give way itself, or NULL. */
struct thread *sched_sibling(const struct list_node *list, const struct thread *t);

/* Is tick or virtual time a before b? Both may wrap. */
static inline bool sched_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* Into a list ordered by key, behind its equals. Most belong near the end. */
void sched_insert(struct list_node *list, struct thread *t);

static inline void sched_spend(uint64_t *left, uint64_t ran)
{
	*left -= MIN(*left, ran);
}
