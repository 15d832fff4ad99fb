/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/calls.h"

#include <errno.h>
#include <stddef.h>

#include <arch/timer.h>
#include "core/lib/bits.h"

struct spinlock calls_lock;

static struct call pool[CALLS_MAX];
static struct list_node free_calls;          /* under calls_lock */
static uint32_t nr_taken;                    /* likewise */

/* Its caller has waited long enough. */
static void late(struct timer *t)
{
	struct call *c = container_of(t, struct call, timer);
	uint64_t flags = spin_lock_irqsave(&calls_lock);

	c->late = true;
	if (c->waiter)
		thread_request(c->waiter, CALLS_REQ);
	spin_unlock_irqrestore(&calls_lock, flags);
}

void calls_init(void)
{
	list_init(&free_calls);
	for (uint32_t i = 0; i < CALLS_MAX; i++) {
		timer_setup(&pool[i].timer, late);
		list_push_back(&free_calls, &pool[i].node);
	}
}

static struct call *first(struct list_node *list)
{
	struct call *c;

	if (list_empty(list))
		return NULL;
	c = list_entry(list->next, struct call, node);
	list_remove(&c->node);
	return c;
}

struct call *calls_put(struct call_queue *q, enum vmm_verb verb)
{
	uint32_t most = thread_current()->policed ? CALLS_MAX - CALLS_SPARE : CALLS_MAX;
	struct call *c;

	if (nr_taken >= most)
		return NULL;
	nr_taken++;
	c = first(&free_calls);
	c->queue = q;
	q->count.asked++;
	c->verb = verb;
	c->done = c->late = false;
	c->waiter = thread_current();
	list_push_back(&q->list, &c->node);
	return c;
}

/* Done, too late, or wanted elsewhere: then the call is left to who carries it out. */
static bool wait_over(struct call *c, const struct thread *self, int *result)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);
	bool left = !c->done && (c->late || (atomic_load(&self->requests) & THREAD_REQ_VCPU));
	bool over = c->done || left;

	*result = c->done ? c->result : -EINPROGRESS;
	if (over)
		c->waiter = NULL;
	spin_unlock_irqrestore(&calls_lock, flags);
	return over;
}

static void give_back(struct call *c)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);

	list_push_back(&free_calls, &c->node);
	nr_taken--;
	spin_unlock_irqrestore(&calls_lock, flags);
}

int call_wait(struct call *c, uint32_t wait_ms)
{
	struct thread *self = thread_current();
	uint64_t ticks = wait_ms * (arch_counter_hz() / 1000);
	int result;

	if (wait_ms)
		timer_start(&c->timer, arch_counter() + ticks);
	else
		c->late = true;
	for (;;) {
		/* Cleared before the look: what comes after it ends the sleep. */
		atomic_fetch_and(&self->requests, ~(uint32_t)CALLS_REQ);
		if (wait_over(c, self, &result))
			break;
		thread_block(CALLS_REQ | THREAD_REQ_VCPU);
	}
	atomic_fetch_and(&self->requests, ~(uint32_t)CALLS_REQ);
	if (result != -EINPROGRESS) {
		timer_cancel_wait(&c->timer);
		give_back(c);
	}
	return result;
}

struct call *calls_take(struct call_queue *q)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);
	struct call *c = first(&q->list);

	spin_unlock_irqrestore(&calls_lock, flags);
	return c;
}

struct call *calls_take_verb(struct call_queue *q, enum vmm_verb verb)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);
	struct call *found = NULL;

	list_for_each_safe(node, next, &q->list) {
		struct call *c = list_entry(node, struct call, node);

		if (!found && c->verb == verb) {
			list_remove(&c->node);
			found = c;
		}
	}
	spin_unlock_irqrestore(&calls_lock, flags);
	return found;
}

/* Does the caller still wait? Then it gives the call back. */
static bool tell(struct call *c, int result)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);
	bool waits = c->waiter != NULL;

	c->result = c->queue->count.result = result;
	c->queue->count.done++;
	c->done = true;
	if (waits)
		thread_request(c->waiter, CALLS_REQ);
	spin_unlock_irqrestore(&calls_lock, flags);
	return waits;
}

void call_finish(struct call *c, int result)
{
	if (!c || tell(c, result))
		return;
	timer_cancel_wait(&c->timer);
	give_back(c);
}
