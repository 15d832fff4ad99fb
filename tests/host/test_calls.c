/* SPDX-License-Identifier: Apache-2.0 */
/* Callers of verbs that race, give up, and are called away; one thread carries out. */
#include "core/vmm/calls.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/percpu.h"

#define NR_CALLERS 6
#define ROUNDS     400

struct percpu percpus[MAX_PCPUS];
_Thread_local struct percpu *fake_percpu = &percpus[0];
_Thread_local uint64_t fake_daif;
uint64_t fake_counter, fake_counter_hz = 1000000;

static struct thread threads[NR_CALLERS];
static _Thread_local struct thread *self;
static struct call_queue queue;
static _Atomic bool stop;
static _Atomic unsigned int done[3], carried_out, taken;

struct thread *thread_current(void)
{
	return self;
}

void thread_request(struct thread *t, uint32_t bits)
{
	atomic_fetch_or(&t->requests, bits);
}

/* May return early, as the real one. */
void thread_block(uint32_t mask)
{
	for (int i = 0; i < 1000 && !(atomic_load(&self->requests) & mask); i++)
		sched_yield();
}

/* ---- timers: armed ones fire when somebody turns the clock ---- */

static pthread_mutex_t clock_lock = PTHREAD_MUTEX_INITIALIZER;
static struct timer *armed[NR_CALLERS];

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
}

static void arm(struct timer *old, struct timer *t)
{
	pthread_mutex_lock(&clock_lock);
	for (int i = 0; i < NR_CALLERS; i++) {
		if (armed[i] == old) {
			armed[i] = t;
			break;
		}
	}
	pthread_mutex_unlock(&clock_lock);
}

void timer_start(struct timer *t, uint64_t deadline)
{
	(void)deadline;
	arm(NULL, t);
}

/* fire runs under clock_lock, so who has it has waited. */
void timer_cancel_wait(struct timer *t)
{
	arm(t, NULL);
}

static void *clock_main(void *arg)
{
	(void)arg;
	self = &threads[0];
	for (unsigned int n = 0; !atomic_load(&stop); n++) {
		pthread_mutex_lock(&clock_lock);
		if (armed[n % NR_CALLERS]) {
			struct timer *t = armed[n % NR_CALLERS];

			armed[n % NR_CALLERS] = NULL;
			t->fire(t);
		}
		pthread_mutex_unlock(&clock_lock);
		for (int i = 0; i < 20; i++)
			sched_yield();
	}
	return NULL;
}

/* ---- who asks, and who carries out ---- */

static struct call *put(enum vmm_verb verb)
{
	uint64_t flags = spin_lock_irqsave(&calls_lock);
	struct call *c = calls_put(&queue, verb);

	spin_unlock_irqrestore(&calls_lock, flags);
	return c;
}

static void *caller_main(void *arg)
{
	self = arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct call *c = put(i % VMM_NR_VERBS);
		int r;

		if (!c) {
			atomic_fetch_add(&done[2], 1);
			sched_yield();
			continue;
		}
		atomic_fetch_add(&taken, 1);
		if (i % 7 == 0)
			thread_request(self, THREAD_REQ_VCPU);
		r = call_wait(c, i % 5);
		/* The result is that of the verb asked for, or none. */
		assert_true(r == -EINPROGRESS || r == -100 - (int)(i % VMM_NR_VERBS));
		assert_false(atomic_load(&self->requests) & CALLS_REQ);
		atomic_fetch_and(&self->requests, ~(uint32_t)THREAD_REQ_VCPU);
		atomic_fetch_add(&done[r == -EINPROGRESS], 1);
	}
	return NULL;
}

static void *keeper_main(void *arg)
{
	(void)arg;
	self = &threads[0];
	while (!atomic_load(&stop)) {
		struct call *c = calls_take_verb(&queue, VMM_KILL);

		if (!c)
			c = calls_take(&queue);
		if (!c) {
			sched_yield();
			continue;
		}
		atomic_fetch_add(&carried_out, 1);
		call_finish(c, -100 - (int)c->verb);
	}
	return NULL;
}

static void every_call_is_carried_out_once_and_given_back(void **state)
{
	pthread_t callers[NR_CALLERS], keeper, clock;
	struct call *c;
	int nr = 0;

	(void)state;
	calls_init();
	call_queue_init(&queue);
	pthread_create(&keeper, NULL, keeper_main, NULL);
	pthread_create(&clock, NULL, clock_main, NULL);
	for (int i = 0; i < NR_CALLERS; i++)
		pthread_create(&callers[i], NULL, caller_main, &threads[i]);
	for (int i = 0; i < NR_CALLERS; i++)
		pthread_join(callers[i], NULL);
	while (atomic_load(&carried_out) < atomic_load(&taken))
		sched_yield();
	atomic_store(&stop, true);
	pthread_join(keeper, NULL);
	pthread_join(clock, NULL);
	assert_true(atomic_load(&done[0]) > 0 && atomic_load(&done[1]) > 0);
	assert_int_equal(done[0] + done[1] + done[2], NR_CALLERS * ROUNDS);
	assert_int_equal(atomic_load(&carried_out), atomic_load(&taken));
	/* None is lost, and there is an end to them. */
	self = &threads[0];
	while ((c = put(VMM_START)) != NULL)
		nr++;
	assert_int_equal(nr, CALLS_MAX);
}

static void calls_are_taken_in_order_but_for_one_verb(void **state)
{
	struct call *a, *b, *c;

	(void)state;
	self = &threads[0];
	calls_init();
	call_queue_init(&queue);
	a = put(VMM_STOP);
	b = put(VMM_KILL);
	c = put(VMM_START);
	assert_null(calls_take_verb(&queue, VMM_PAUSE));
	assert_ptr_equal(calls_take_verb(&queue, VMM_KILL), b);
	assert_ptr_equal(calls_take(&queue), a);
	assert_ptr_equal(calls_take(&queue), c);
	assert_null(calls_take(&queue));
	call_finish(a, -EBUSY);
	assert_int_equal(call_wait(a, 10), -EBUSY);
	assert_int_equal(call_wait(b, 0), -EINPROGRESS);
	call_finish(b, 0);
	call_finish(NULL, 0);
	call_finish(c, -ENOMEM);
	assert_int_equal(call_wait(c, 10), -ENOMEM);
	/* Counted as they end, in whatever order. */
	assert_int_equal(queue.count.asked, 3);
	assert_int_equal(queue.count.done, 3);
	assert_int_equal(queue.count.result, -ENOMEM);
}

static void vcpus_leave_some_calls_to_the_shell(void **state)
{
	struct call *all[CALLS_MAX];
	unsigned int nr = 0;

	(void)state;
	self = &threads[1];
	self->policed = true;
	while ((all[nr] = put(VMM_STOP)) != NULL)
		nr++;
	assert_int_equal(nr, CALLS_MAX - CALLS_SPARE);
	self = &threads[0];
	while (nr < CALLS_MAX && (all[nr] = put(VMM_STOP)) != NULL)
		nr++;
	assert_int_equal(nr, CALLS_MAX);
	assert_null(put(VMM_STOP));
	while (nr--) {
		assert_ptr_equal(calls_take(&queue), all[CALLS_MAX - 1 - nr]);
		assert_int_equal(call_wait(all[CALLS_MAX - 1 - nr], 0), -EINPROGRESS);
		call_finish(all[CALLS_MAX - 1 - nr], 0);
	}
	threads[1].policed = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_taken_in_order_but_for_one_verb),
		cmocka_unit_test(vcpus_leave_some_calls_to_the_shell),
		cmocka_unit_test(every_call_is_carried_out_once_and_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
