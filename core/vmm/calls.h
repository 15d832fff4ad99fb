/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs that wait for their turn, and callers that wait for the result. A call is
 * finished by whoever carries it out, whether its caller still waits or not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/list.h"
#include "core/spinlock.h"
#include "core/thread.h"
#include "core/timer.h"
#include "core/vmm/lifecycle.h"

#define CALLS_MAX 32                 /* under way in the whole system          */
#define CALLS_SPARE 8                /* of these vCPUs leave so many to the shell */
#define CALLS_REQ BIT(9)             /* of thread.requests: a result, or time is up */

struct call_queue;

struct call {
	struct list_node node;       /* in its queue, or in the list of free ones */
	struct call_queue *queue;
	enum vmm_verb verb;
	/* under the lock of calls */
	int result;
	bool done, late;
	struct thread *waiter;       /* NULL: nobody waits any more            */
	struct timer timer;
};

/* One VM's calls, in the order in which they came. */
struct call_queue {
	struct list_node list;
	struct vmm_vm_calls count;
};

/* Guards all queues; rank 20, docs/locking.md. */
extern struct spinlock calls_lock;

void calls_init(void);

static inline void call_queue_init(struct call_queue *q)
{
	list_init(&q->list);
}

/**
 * calls_put() - add a call for the calling thread
 * @q: queue; calls_lock held
 *
 * Return: the call; NULL: too many are under way. Tell who serves the queue, still
 * under the lock, then call_wait().
 */
struct call *calls_put(struct call_queue *q, enum vmm_verb verb);

/* Wait for the result, as vmm_vm_do() does; the call is not the caller's any more. */
int call_wait(struct call *c, uint32_t wait_ms);

/* Take the first call out of the queue, NULL: none. */
struct call *calls_take(struct call_queue *q);

/* Take the first call for this verb, NULL: none. */
struct call *calls_take_verb(struct call_queue *q, enum vmm_verb verb);

/* It is carried out, or refused. NULL is ignored. */
void call_finish(struct call *c, int result);
