/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that really run at once: each EL2 thread is a thread of the host, and a
 * switch hands the pCPU over. Time stands still, so only requests, sleep, moves and
 * mutexes make anybody switch.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arch/cpu.h>
#include <arch/switch.h>
#include "core/mutex.h"
#include "core/percpu.h"
#include "core/sched_int.h"
#include "core/timer.h"
#include "tests/host/fake/cpu.h"

#define CPUS    3
#define WORKERS 6
#define PASSES  6000              /* of all                                */
#define MOVES   600
#define TOKEN   BIT(10)

/* A thread of the host that stands for an EL2 thread; found through thread.sp. */
struct flow {
	struct thread *t;
	sem_t go;
	bool begun;
	struct percpu *on;
	struct thread *from;
};

static struct flow flows[64];
static _Atomic uint32_t nr_flows;
static _Atomic bool kicked[CPUS];

static struct flow *flow_new(struct thread *t)
{
	struct flow *f = &flows[atomic_fetch_add(&nr_flows, 1)];

	f->t = t;
	sem_init(&f->go, 0, 0);
	return f;
}

static void *flow_main(void *arg)
{
	struct flow *f = arg;

	sem_wait(&f->go);
	fake_percpu = f->on;
	arch_irq_disable();
	sched_switched(f->from);
	arch_irq_enable();
	f->t->entry(f->t->arg);
	thread_exit();
	return NULL;
}

/* sp: index of the flow. */
static struct flow *flow_of(struct thread *t)
{
	return &flows[t->sp];
}

struct thread *arch_switch(struct thread *prev, struct thread *next)
{
	struct flow *n = flow_of(next), *me = flow_of(prev);
	pthread_t thread;

	n->on = fake_percpu;
	n->from = prev;
	if (!n->begun && next->entry) {
		n->begun = true;
		n->t = next;
		pthread_create(&thread, NULL, flow_main, n);
		pthread_detach(thread);
	}
	/* From here on prev may be resumed by another pCPU, if it may move. */
	sem_post(&n->go);
	sem_wait(&me->go);
	fake_percpu = me->on;
	return me->from;
}

uint64_t arch_switch_frame(uint64_t top, void (*entry)(void *arg), void *arg)
{
	(void)top;
	(void)entry;
	(void)arg;
	return (uint64_t)(flow_new(NULL) - flows);
}

void timer_tick(uint64_t at)
{
	(void)at;
}

static void kick(uint32_t cpu)
{
	atomic_store(&kicked[cpu], true);
}

static int stack_alloc(uint64_t size, va_t *base)
{
	(void)size;
	*base = VA(0x10000);
	return 0;
}

static void stack_free(va_t base, uint64_t size)
{
	(void)base;
	(void)size;
}

/* Where an interrupt could come. */
static void step(void)
{
	arch_irq_disable();
	atomic_store(&kicked[cpu_self()], false);
	sched_point();
	arch_irq_enable();
	sched_yield();
}

static void *idle_main(void *arg)
{
	fake_cpu_enter((uint32_t)(uintptr_t)arg);
	sched_run();
}

static void machine_up(const struct sched_pool_config *pool)
{
	static const struct sched_ops ops = { kick, stack_alloc, stack_free };
	pthread_t thread;

	alarm(120);
	sched_init(&ops);
	for (uint32_t c = 0; c < CPUS; c++) {
		fake_cpu_enter(c);
		sched_cpu_init(c, VA(0), 0);
		sched_cpu_up();
		sched_queues[c].idle.sp = (uint64_t)(flow_new(&sched_queues[c].idle) - flows);
	}
	fake_cpu_enter(0);
	assert_int_equal(sched_pool_create(pool), 1);
	for (uint32_t c = 0; c < CPUS; c++)
		pthread_create(&thread, NULL, idle_main, (void *)(uintptr_t)c);
	/* The test itself looks on from a pCPU that does not exist. */
	fake_cpu_enter(MAX_PCPUS - 1);
	arch_irq_disable();
}

/* ---- tokens go round among threads that are moved about ---- */

static struct worker {
	struct thread t;
	_Atomic bool inside;         /* runs: nobody else may run it too             */
	_Atomic bool evicting;
	uint32_t passes;
} workers[WORKERS];
static _Atomic uint32_t nr_done, passes;
static struct thread mover;

static void worker_main(void *arg)
{
	struct worker *w = arg, *next = &workers[(w - workers + 1) % WORKERS];

	for (;;) {
		atomic_fetch_and(&w->t.requests, ~(uint32_t)TOKEN);
		assert_false(atomic_exchange(&w->inside, true));
		assert_false(atomic_load(&w->evicting));
		w->passes++;
		if (w->passes % 7 == 0)
			step();
		atomic_store(&w->inside, false);
		if (w->passes % 5 == 0)
			thread_yield();
		thread_request(&next->t, TOKEN);
		/* The next one has its token and will see the same. */
		if (atomic_fetch_add(&passes, 1) >= PASSES)
			break;
		thread_block(TOKEN);
	}
	atomic_fetch_add(&nr_done, 1);
}

static void evict(struct thread *t)
{
	struct worker *w = container_of(t, struct worker, t);

	assert_int_equal(t->cpu, cpu_self());
	assert_false(atomic_exchange(&w->evicting, true));
	atomic_store(&w->evicting, false);
}

static void mover_main(void *arg)
{
	unsigned int seed = 1;

	(void)arg;
	for (int i = 0; i < MOVES && atomic_load(&nr_done) < WORKERS; i++) {
		uint64_t mask = 1 + (uint64_t)rand_r(&seed) % (BIT(CPUS) - 1);
		struct worker *w = &workers[(uint32_t)rand_r(&seed) % WORKERS];
		uint64_t ran, waited;

		assert_int_equal(thread_set_affinity(&w->t, mask), 0);
		thread_times(&w->t, &ran, &waited);
		if (i % 16 == 0)
			assert_int_equal(thread_set_params(&w->t, &(struct sched_params){
				.prio = 1, .weight = 1 + mask }), 0);
		step();
	}
}

static void no_wakeup_is_lost_while_threads_move(void **state)
{
	static const struct thread_hooks hooks = { .evict = evict };

	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];

		assert_int_equal(thread_create(&w->t, "w", i % CPUS, 8, worker_main, w), 0);
		assert_int_equal(thread_set_params(&w->t, &(struct sched_params){ .prio = 1 }), 0);
		w->t.hooks = &hooks;
	}
	assert_int_equal(thread_create(&mover, "mover", 0, 8, mover_main, NULL), 0);
	thread_start(&mover);
	for (uint32_t i = 0; i < WORKERS; i++)
		thread_start(&workers[i].t);
	while (atomic_load(&nr_done) < WORKERS)
		sched_yield();
	for (uint32_t i = 0; i < WORKERS; i++) {
		while (thread_destroy(&workers[i].t))
			sched_yield();
		assert_true(workers[i].passes > 0);
	}
	while (thread_destroy(&mover))
		sched_yield();
}

/* ---- mutexes ---- */

static struct mutex mutex;
static struct thread low, mid, high;
static char order[8];
static uint32_t shared;

static void say(char c)
{
	order[strlen(order)] = c;
}

static void mid_main(void *arg)
{
	(void)arg;
	say('m');
}

static void high_main(void *arg)
{
	(void)arg;
	assert_false(mutex_trylock(&mutex));
	mutex_lock(&mutex);
	say('h');
	mutex_unlock(&mutex);
}

static void low_main(void *arg)
{
	uint32_t own = low.urgency;

	(void)arg;
	mutex_lock(&mutex);
	thread_start(&high);
	assert_int_equal(low.urgency, high.urgency);
	thread_start(&mid);
	say('l');
	mutex_unlock(&mutex);
	assert_int_equal(low.urgency, own);
	say('e');
}

static void owner_runs_as_urgently_as_its_waiters(void **state)
{
	(void)state;
	memset(order, 0, sizeof(order));
	assert_int_equal(thread_create(&low, "low", 1, 5, low_main, NULL), 0);
	assert_int_equal(thread_create(&mid, "mid", 1, 10, mid_main, NULL), 0);
	assert_int_equal(thread_create(&high, "high", 1, 20, high_main, NULL), 0);
	thread_start(&low);
	while (thread_destroy(&low) || thread_destroy(&mid) || thread_destroy(&high))
		sched_yield();
	assert_string_equal(order, "lhme");
}

static void adder_main(void *arg)
{
	(void)arg;
	for (int i = 0; i < 300; i++) {
		mutex_lock(&mutex);
		shared++;
		if (i % 3 == 0)
			step();
		mutex_unlock(&mutex);
		step();
	}
}

static void mutex_keeps_threads_of_all_cores_apart(void **state)
{
	static struct thread adders[WORKERS];

	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++) {
		assert_int_equal(thread_create(&adders[i], "a", i % CPUS, 5 + i, adder_main, NULL),
				 0);
		thread_start(&adders[i]);
	}
	for (uint32_t i = 0; i < WORKERS; i++)
		while (thread_destroy(&adders[i]))
			sched_yield();
	assert_int_equal(shared, WORKERS * 300);
	assert_null(mutex.owner);
}

int main(void)
{
	static const struct sched_pool_config pool = {
		.name = "f", .cpus = BITS(CPUS - 1, 0), .policy = &sched_fair,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wakeup_is_lost_while_threads_move),
		cmocka_unit_test(owner_runs_as_urgently_as_its_waiters),
		cmocka_unit_test(mutex_keeps_threads_of_all_cores_apart),
	};

	machine_up(&pool);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
