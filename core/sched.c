/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run queues: who runs next on a pCPU, and how a thread gets to another. System
 * threads by fixed priority, then whom the pool's policy picks, then idle.
 *
 * A thread's state may lie in its pCPU's registers long after it ran there. So only
 * that pCPU sends it away: it is put on the list of those that leave, its pCPU has it
 * evicted and then, holding no queue, queues it elsewhere.
 */
#include "core/sched_int.h"

#include <stdio.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/switch.h>
#include <arch/timer.h>
#include "core/lib/options.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "core/trace.h"

struct sched_ops sched_ops;
struct run_queue sched_queues[MAX_PCPUS];
static _Atomic uint64_t online;

uint64_t sched_online(void)
{
	return atomic_load_explicit(&online, memory_order_relaxed);
}

struct run_queue *sched_lock(struct thread *t)
{
	return sched_lock_inline(t);
}

static const struct sched_policy *policy_of(const struct run_queue *rq)
{
	return rq->q.pool->policy;
}

/* ---- queues ---- */

static inline uint64_t ran_until(struct thread *cur, uint64_t now)
{
	uint64_t ran = sched_elapsed(cur->since, now);

	cur->ran += ran;
	cur->since = now;
	return ran;
}

static inline void charge_locked(struct run_queue *rq, struct thread *cur, uint64_t now)
{
	uint64_t ran = ran_until(cur, now);

	if (cur != &rq->idle && !sched_is_system(cur))
		policy_of(rq)->charge(&rq->q, cur, ran, now);
	if (rq->lender)
		sched_spend(&rq->lender->se.left, ran);
}

/* Written under the lock only. */
static void count_ready(struct run_queue *rq, uint32_t by)
{
	uint32_t nr = atomic_load_explicit(&rq->nr_ready, memory_order_relaxed);

	atomic_store_explicit(&rq->nr_ready, nr + by, memory_order_relaxed);
}

static void enqueue_locked(struct run_queue *rq, struct thread *t, enum sched_how how,
			   uint64_t now)
{
	atomic_store_explicit(&t->state, THREAD_READY, memory_order_relaxed);
	t->since = now;
	t->woken = how == SCHED_WAKE;
	t->se.gave_way = how == SCHED_YIELD;
	t->se.fresh = how == SCHED_WAKE || how == SCHED_ENTER;
	count_ready(rq, 1);
	if (sched_is_system(t)) {
		sched_prio_push(&rq->system, t, how == SCHED_PREEMPT);
		return;
	}
	if (how == SCHED_ENTER && !t->sched.slice && policy_of(rq)->slices)
		t->sched.slice = arch_counter_hz() / SCHED_SLICE_HZ;
	policy_of(rq)->enqueue(&rq->q, t, now, how);
}

static void account_wait(struct thread *t, uint64_t now)
{
	uint64_t wait = sched_elapsed(t->since, now);
	uint32_t log2 = wait ? 63 - (uint32_t)__builtin_clzll(wait) : 0;

	t->waited += wait;
	t->since = now;
	if (t->woken)
		t->latency[MIN(log2, THREAD_LATENCIES - 1u)]++;
	t->woken = false;
}

void sched_dequeue_locked(struct run_queue *rq, struct thread *t)
{
	count_ready(rq, ~0u);
	if (rq->lender == t)
		rq->lender = NULL;
	if (sched_is_system(t))
		sched_prio_remove(&rq->system, t);
	else
		policy_of(rq)->dequeue(&rq->q, t);
	t->waited += sched_elapsed(t->since, arch_counter());
}

static struct thread *pick_locked(struct run_queue *rq, uint64_t now)
{
	bool exclusive = policy_of(rq)->exclusive;
	struct thread *t = exclusive ? NULL : sched_prio_pop(&rq->system);

	if (!t)
		t = policy_of(rq)->pick(&rq->q, now);
	if (!t && exclusive)
		t = sched_prio_pop(&rq->system);
	if (!t)
		return &rq->idle;
	count_ready(rq, ~0u);
	account_wait(t, now);
	return t;
}

/* ---- pokes ---- */

void sched_poke_locked(struct run_queue *rq)
{
	atomic_fetch_or_explicit(&rq->current->requests, THREAD_REQ_RESCHED,
				 memory_order_relaxed);
	if (rq->q.cpu != cpu_self())
		sched_ops.kick(rq->q.cpu);
}

/* Must the running thread give way to somebody who is ready? */
static bool must_yield_locked(struct run_queue *rq, struct thread *cur, uint64_t now)
{
	int best = sched_prio_best(&rq->system);

	if (cur == &rq->idle)
		return true;
	if (policy_of(rq)->exclusive)
		return sched_is_system(cur) || policy_of(rq)->preempts(&rq->q, cur, now);
	if (sched_is_system(cur))
		return best > (int)sched_prio_of(cur);
	return best >= 0 || policy_of(rq)->preempts(&rq->q, cur, now);
}

static uint64_t until_locked(struct run_queue *rq, struct thread *t, uint64_t now)
{
	if (!sched_is_system(t) || t == &rq->idle)
		return policy_of(rq)->until(&rq->q, t == &rq->idle ? NULL : t, now);
	return policy_of(rq)->exclusive ? policy_of(rq)->until(&rq->q, NULL, now) : SCHED_NEVER;
}

/*
 * Others wait, and whoever runs here goes on: does that change nothing but what its hook does?
 * Else the queue must be looked at, to start a slice or to give the one that came away.
 */
static inline __attribute__((always_inline))
bool goes_on_locked(struct run_queue *rq, struct thread *cur, uint64_t until)
{
	if (rq->q.cpu != cpu_self() || policy_of(rq)->surplus || until < rq->tick_at)
		return false;
	if (cur->hooks && cur->hooks->rivals)
		cur->hooks->rivals(cur);
	return true;
}

static uint32_t nr_ready(const struct run_queue *rq)
{
	return atomic_load_explicit(&rq->nr_ready, memory_order_relaxed);
}

/* The first to wait starts slices and has WFI trapped, even if it does not pre-empt. */
static void notify_locked(struct run_queue *rq, struct thread *t)
{
	struct thread *cur = rq->current;
	uint64_t now = arch_counter();

	trace_event(TRACE_WAKE, t->id, rq->q.cpu);
	if (sched_is_system(t) || cur->helper == t || must_yield_locked(rq, cur, now) ||
	    (nr_ready(rq) == 1 && !goes_on_locked(rq, cur, until_locked(rq, cur, now))))
		sched_poke_locked(rq);
}

/* Away from rq's pCPU, which sends it: send_leavers(). */
static void leaves_locked(struct run_queue *rq, struct thread *t, uint64_t now)
{
	t->state = THREAD_MOVING;
	t->since = now;
	list_push_back(&rq->leaving, &t->rq_node);
	atomic_fetch_add_explicit(&rq->nr_leaving, 1, memory_order_relaxed);
}

/* Into rq, and the pCPU looks, if that may change anything. */
static void join_locked(struct run_queue *rq, struct thread *t, enum sched_how how)
{
	uint64_t now = arch_counter();

	/* One that comes is compared with what the running one has had by now. */
	if (t != rq->current)
		charge_locked(rq, rq->current, now);
	enqueue_locked(rq, t, how, now);
	notify_locked(rq, t);
}

void sched_ready_locked(struct run_queue *rq, struct thread *t, enum sched_how how)
{
	if (sched_must_move(t)) {
		leaves_locked(rq, t, arch_counter());
		sched_poke_locked(rq);
		return;
	}
	join_locked(rq, t, how);
}

/*
 * Are all who have to do with it of the policy, or idle, and is nobody's turn lent? Then next and
 * wake may act for what they stand for.
 */
static inline bool is_usual_locked(const struct run_queue *rq, const struct thread *cur)
{
	return !rq->system.mask && !rq->lender && !sched_is_system(cur);
}

/* cur, unless it is idle: then nobody of the policy runs. */
static inline struct thread *of_policy(struct run_queue *rq, struct thread *cur)
{
	return cur == &rq->idle ? NULL : cur;
}

static inline void ready_now(struct thread *t, bool woken)
{
	atomic_store_explicit(&t->state, THREAD_READY, memory_order_relaxed);
	t->woken = woken;
	t->se.gave_way = false;
	t->se.fresh = woken;
}

void sched_wake_locked(struct run_queue *rq, struct thread *t)
{
	const struct sched_policy *policy = policy_of(rq);
	struct thread *cur = rq->current;
	uint64_t now, until = SCHED_NEVER;

	if (!CONFIG_FAST || !policy->wake || !is_usual_locked(rq, cur) || sched_is_system(t) ||
	    cur->helper == t || sched_must_move(t)) {
		sched_ready_locked(rq, t, SCHED_WAKE);
		return;
	}
	now = arch_counter();
	ready_now(t, true);
	t->since = now;
	count_ready(rq, 1);
	trace_event(TRACE_WAKE, t->id, rq->q.cpu);
	if (policy->wake(&rq->q, of_policy(rq, cur), t, ran_until(cur, now), now, &until) ||
	    (nr_ready(rq) == 1 && !goes_on_locked(rq, cur, until)))
		sched_poke_locked(rq);
}

/* ---- moving to another pCPU ---- */

static uint32_t busyness(const struct run_queue *rq)
{
	bool idle = atomic_load_explicit(&rq->q.pool->idle, memory_order_relaxed) &
		    BIT(rq->q.cpu);

	return atomic_load_explicit(&rq->nr_ready, memory_order_relaxed) + !idle;
}

__attribute__((cold)) uint32_t sched_choose_cpu(uint64_t cpus)
{
	uint32_t best = (uint32_t)__builtin_ctzll(cpus);

	for (uint64_t m = cpus & (cpus - 1); m; m &= m - 1) {
		uint32_t cpu = (uint32_t)__builtin_ctzll(m);

		if (busyness(&sched_queues[cpu]) < busyness(&sched_queues[best]))
			best = cpu;
	}
	return best;
}

/* Evicted from its old pCPU, in no queue: into the new one's. */
static void arrive(struct run_queue *old, struct thread *t)
{
	struct run_queue *rq = old;

	spin_lock(&rq->lock);
	/* Its home may change again until we hold the new one's lock. */
	while (sched_must_move(t)) {
		t->cpu = t->home;
		spin_unlock(&rq->lock);
		rq = sched_lock(t);
	}
	t->waited += sched_elapsed(t->since, arch_counter());
	join_locked(rq, t, SCHED_ENTER);
	spin_unlock(&rq->lock);
}

/* On the pCPU they leave; none of them is the thread whose stack we are on. */
static __attribute__((cold, noinline)) void send_leavers(struct run_queue *rq)
{
	while (atomic_load_explicit(&rq->nr_leaving, memory_order_relaxed)) {
		struct thread *t;

		spin_lock(&rq->lock);
		t = sched_pop(&rq->leaving);
		atomic_fetch_sub_explicit(&rq->nr_leaving, 1, memory_order_relaxed);
		trace_event(TRACE_MOVE, t->id, t->home);
		spin_unlock(&rq->lock);
		if (t->hooks && t->hooks->evict)
			t->hooks->evict(t);
		arrive(rq, t);
	}
}

static void give_surplus_locked(struct run_queue *rq, uint64_t now)
{
	struct thread *cur = rq->current, *t;
	uint32_t to;

	if (!policy_of(rq)->surplus || cur == &rq->idle || sched_is_system(cur))
		return;
	t = policy_of(rq)->surplus(&rq->q, cur, now, &to);
	if (!t)
		return;
	count_ready(rq, ~0u);
	if (rq->lender == t)
		rq->lender = NULL;
	t->waited += sched_elapsed(t->since, now);
	t->home = to;
	leaves_locked(rq, t, now);
}

static void poke(struct run_queue *rq)
{
	spin_lock(&rq->lock);
	sched_poke_locked(rq);
	spin_unlock(&rq->lock);
}

/* Idle now: whoever of the pool has threads waiting may give one. */
static void ask_for_work(struct run_queue *rq)
{
	uint64_t m = atomic_load_explicit(&rq->q.pool->cpus, memory_order_relaxed);

	if (!policy_of(rq)->surplus)
		return;
	for (; m; m &= m - 1) {
		struct run_queue *other = &sched_queues[__builtin_ctzll(m)];

		if (other == rq || !atomic_load_explicit(&other->nr_ready, memory_order_relaxed))
			continue;
		poke(other);
		return;
	}
}

static void note_idle(struct run_queue *rq, bool idle)
{
	_Atomic uint64_t *mask = &rq->q.pool->idle;
	uint64_t bit = BIT(rq->q.cpu);

	if (!(atomic_load_explicit(mask, memory_order_relaxed) & bit) == !idle)
		return;
	if (idle)
		atomic_fetch_or_explicit(mask, bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(mask, ~bit, memory_order_relaxed);
}

/* ---- switching ---- */

void sched_tick(void)
{
	struct run_queue *rq = arch_percpu()->rq;

	rq->tick_at = SCHED_NEVER;
	atomic_fetch_or_explicit(&rq->current->requests, THREAD_REQ_RESCHED,
				 memory_order_relaxed);
}

__attribute__((cold)) void sched_look_all(void)
{
	for (uint64_t m = sched_online(); m; m &= m - 1)
		poke(&sched_queues[__builtin_ctzll(m)]);
}

/* One that is set too early is left: it costs one look. */
static inline void tick_set(struct run_queue *rq, uint64_t at)
{
	if (at >= rq->tick_at)
		return;
	rq->tick_at = at;
	timer_tick(at);
}

/* Take prev off the pCPU, if it must go; true: it stays. */
static bool stays_locked(struct run_queue *rq, struct thread *prev, enum sched_how how,
			 uint64_t now)
{
	if (prev->state != THREAD_RUNNING)
		return false;
	if (prev == &rq->idle) {
		atomic_store_explicit(&prev->state, THREAD_READY, memory_order_relaxed);
		return false;
	}
	if (sched_must_move(prev)) {
		leaves_locked(rq, prev, now);
		return false;
	}
	if (how == SCHED_PREEMPT && !must_yield_locked(rq, prev, now))
		return true;
	/* A system thread comes in between: whose turn it is still is. */
	if (how == SCHED_PREEMPT && rq->lender && sched_prio_best(&rq->system) >= 0)
		how = SCHED_WAKE;
	enqueue_locked(rq, prev, how, now);
	return false;
}

/* Who runs in t's turn, t in no queue: its helper, if that came here, else t itself. */
static struct thread *turn_of_locked(struct run_queue *rq, struct thread *t, uint64_t now)
{
	const struct sched_policy *policy = policy_of(rq);
	struct thread *h = t->helper;

	if (h->cpu != rq->q.cpu || h->state != THREAD_READY || !h->se.fresh ||
	    h->urgency != t->urgency || sched_is_system(t) || !policy->lend ||
	    !policy->lend(&rq->q, t, h, now))
		return t;
	account_wait(h, now);
	t->state = THREAD_READY;
	t->since = now;
	policy->enqueue(&rq->q, t, now, SCHED_PREEMPT);
	rq->lender = t;
	return h;
}

/* Runs on the new thread's stack: the old one's state is safe now. */
void sched_switched(struct thread *prev)
{
	const struct percpu *cpu = arch_percpu();
	struct thread *t = cpu->current;
	struct run_queue *rq = cpu->rq;

	if (prev->hooks && prev->hooks->switch_out)
		prev->hooks->switch_out(prev);
	if (rq->ended) {
		atomic_store_explicit(&rq->ended->off_cpu, true, memory_order_release);
		rq->ended = NULL;
	}
	if (atomic_load_explicit(&rq->nr_leaving, memory_order_relaxed))
		send_leavers(rq);
	if (t->hooks && t->hooks->switch_in)
		t->hooks->switch_in(t);
	if (policy_of(rq)->exclusive)
		arch_counter_wait(rq->q.begin, 2 * rq->q.pool->lead);
}

/* Out of the queues with who runs now. */
static struct thread *choose_locked(struct run_queue *rq, struct thread *prev, enum sched_how how,
				    uint64_t now)
{
	struct thread *next = prev;

	charge_locked(rq, prev, now);
	if (!stays_locked(rq, prev, how, now)) {
		rq->lender = NULL;
		next = pick_locked(rq, now);
	}
	return next->helper ? turn_of_locked(rq, next, now) : next;
}

/* The same, by the policy's own short cut; *at: when to look again. */
static inline struct thread *choose_usual_locked(struct run_queue *rq, struct thread *prev,
						 uint64_t now, uint64_t *at)
{
	bool ran = prev->state == THREAD_RUNNING;
	struct thread *cur = of_policy(rq, prev);
	struct thread *next = policy_of(rq)->next(&rq->q, cur, ran, ran_until(prev, now), now, at);

	if (next != prev) {
		if (ran)
			ready_now(prev, false);
		if (cur && ran)
			count_ready(rq, 1);
		if (!next)
			return &rq->idle;
		count_ready(rq, ~0u);
		account_wait(next, now);
	}
	if (next->helper) {
		next = turn_of_locked(rq, next, now);
		*at = until_locked(rq, next, now);
	}
	return next;
}

bool sched_switch_locked(struct run_queue *rq, enum sched_how how)
{
	struct thread *prev = rq->current, *next;
	uint64_t now = arch_counter(), at;
	bool usual = CONFIG_FAST && how == SCHED_PREEMPT && policy_of(rq)->next &&
		     is_usual_locked(rq, prev) && !sched_must_move(prev);

	atomic_fetch_and_explicit(&prev->requests, ~(uint32_t)THREAD_REQ_RESCHED,
				  memory_order_relaxed);
	if (__builtin_expect(prev->state == THREAD_DEAD, false))
		rq->ended = prev;
	next = __builtin_expect(usual, true) ? choose_usual_locked(rq, prev, now, &at) :
	       choose_locked(rq, prev, how, now);
	if (next != prev || next->state != THREAD_RUNNING) {
		atomic_store_explicit(&next->state, THREAD_RUNNING, memory_order_relaxed);
		next->since = now;
		rq->current = next;
		rq->nr_switches += next != prev;
	}
	if (next == &rq->idle || prev == &rq->idle)
		note_idle(rq, next == &rq->idle);
	if (__builtin_expect(!usual, false)) {
		give_surplus_locked(rq, now);
		at = until_locked(rq, next, now);
	}
	spin_unlock_inline(&rq->lock);
	tick_set(rq, at);
	if (next == &rq->idle)
		ask_for_work(rq);
	if (next == prev) {
		send_leavers(rq);
		return false;
	}
	trace_event(TRACE_SWITCH, prev->id, next->id);
	arch_percpu()->current = next;
	sched_switched(arch_switch(prev, next));
	return true;
}

bool sched_point(void)
{
	struct percpu *cpu = arch_percpu();
	struct run_queue *rq;

	if (!(atomic_load_explicit(&cpu->current->requests, memory_order_relaxed) &
	      THREAD_REQ_RESCHED))
		return false;
	rq = cpu->rq;
	spin_lock_inline(&rq->lock);
	return sched_switch_locked(rq, SCHED_PREEMPT);
}

void sched_cpu_up(void)
{
	atomic_fetch_or_explicit(&online, BIT(cpu_self()), memory_order_relaxed);
}

void sched_run(void)
{
	sched_cpu_up();
	for (;;) {
		struct run_queue *rq = &sched_queues[cpu_self()];

		arch_irq_disable();
		spin_lock(&rq->lock);
		sched_switch_locked(rq, SCHED_PREEMPT);
		/*
		 * Nothing to do. With IRQs masked WFI still wakes on one, and whoever
		 * has queued something since has sent one.
		 */
		if (!(atomic_load_explicit(&rq->idle.requests, memory_order_relaxed) &
		      THREAD_REQ_RESCHED))
			arch_wfi();
		arch_irq_enable();
		arch_isb();
	}
}

__attribute__((cold)) void sched_set_urgency(struct thread *t, uint32_t urgency)
{
	uint64_t flags = arch_irq_save();
	struct run_queue *rq = sched_lock(t);
	bool queued = t->state == THREAD_READY;

	if (queued)
		sched_dequeue_locked(rq, t);
	t->urgency = urgency;
	if (queued)
		join_locked(rq, t, SCHED_PREEMPT);
	else if (t->state == THREAD_RUNNING)
		sched_poke_locked(rq);
	spin_unlock(&rq->lock);
	arch_irq_restore(flags);
}

/* ---- set-up ---- */

__attribute__((cold)) void sched_cpu_init(uint32_t cpu, va_t stack_base, uint64_t stack_size)
{
	struct run_queue *rq = &sched_queues[cpu];

	sched_pool_adopt(cpu);
	for (int p = 0; p <= SCHED_MAX_PRIO; p++)
		list_init(&rq->system.ready[p]);
	list_init(&rq->leaving);
	rq->tick_at = SCHED_NEVER;
	rq->idle.cpu = cpu;
	rq->idle.home = cpu;
	rq->idle.state = THREAD_RUNNING;
	rq->idle.stack_base = stack_base;
	rq->idle.stack_size = stack_size;
	rq->idle.since = arch_counter();
	snprintf(rq->idle.name, sizeof(rq->idle.name), "idle%u", cpu);
	rq->current = &rq->idle;
	percpus[cpu].current = &rq->idle;
	percpus[cpu].rq = rq;
}

uint64_t sched_idle_ticks(uint32_t cpu)
{
	uint64_t ran, waited;

	thread_times(&sched_queues[cpu].idle, &ran, &waited);
	return ran;
}

__attribute__((cold)) void sched_look(uint32_t cpu, struct sched_look *l)
{
	struct run_queue *rq = &sched_queues[cpu];
	uint64_t flags;

	l->idle = sched_idle_ticks(cpu);
	flags = spin_lock_irqsave(&rq->lock);
	l->nr_switches = rq->nr_switches;
	l->nr_ready = atomic_load_explicit(&rq->nr_ready, memory_order_relaxed);
	l->thread = rq->current->id;
	memcpy(l->name, rq->current->name, sizeof(l->name));
	spin_unlock_irqrestore(&rq->lock, flags);
}
