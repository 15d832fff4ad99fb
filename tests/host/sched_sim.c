/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/sched_sim.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <arch/cpu.h>
#include <arch/switch.h>
#include <arch/timer.h>
#include "core/percpu.h"
#include "core/thread.h"
#include "core/timer.h"
#include "tests/host/fake/cpu.h"

struct sim_thread sim_threads[SIM_THREADS];
uint64_t sim_fires[SIM_CPUS];
void (*sim_on_switch)(uint32_t cpu, const struct thread *prev, const struct thread *next);

static uint64_t tick_at[SIM_CPUS];        /* 0: not set */
static bool kicked[SIM_CPUS];

/* ---- what the scheduler calls ---- */

struct thread *arch_switch(struct thread *prev, struct thread *next)
{
	if (sim_on_switch)
		sim_on_switch(cpu_self(), prev, next);
	return prev;
}

uint64_t arch_switch_frame(uint64_t top, void (*entry)(void *arg), void *arg)
{
	(void)entry;
	(void)arg;
	return top;
}

void timer_tick(uint64_t at)
{
	tick_at[cpu_self()] = at;
}

static void kick(uint32_t cpu)
{
	kicked[cpu] = true;
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

static struct sim_thread *sim_of(struct thread *t)
{
	return container_of(t, struct sim_thread, t);
}

/* Of the same pCPU that it ran on, while it does not run. */
static void evict(struct thread *t)
{
	assert_int_equal(t->cpu, cpu_self());
	assert_int_equal(t->state, THREAD_MOVING);
	assert_ptr_not_equal(sched_queues[t->cpu].current, t);
	sim_of(t)->evicted++;
}

static const struct thread_hooks hooks = { .evict = evict };

/* ---- set-up ---- */

void sim_enter(uint32_t cpu)
{
	fake_cpu_enter(cpu);
	arch_irq_disable();
}

void sim_init(const struct sched_pool_config *pool, uint64_t now)
{
	static const struct sched_ops ops = { kick, stack_alloc, stack_free };

	memset(sched_queues, 0, sizeof(sched_queues));
	memset(sched_pools, 0, sizeof(sched_pools));
	memset(sim_threads, 0, sizeof(sim_threads));
	memset(tick_at, 0, sizeof(tick_at));
	memset(kicked, 0, sizeof(kicked));
	memset(sim_fires, 0, sizeof(sim_fires));
	sim_on_switch = NULL;
	fake_counter_hz = SIM_HZ;
	fake_counter = now;
	sched_init(&ops);
	for (uint32_t c = 0; c < SIM_CPUS; c++) {
		sim_enter(c);
		sched_cpu_init(c, VA(0), 0);
		sched_cpu_up();
	}
	sim_enter(0);
	if (pool)
		assert_true(sched_pool_create(pool) > 0);
	for (uint32_t c = 0; c < SIM_CPUS; c++) {
		sim_enter(c);
		thread_yield();              /* as the idle loop does first */
	}
}

struct sim_thread *sim_add(uint32_t i, uint32_t cpu, const struct sched_params *p)
{
	struct sim_thread *s = &sim_threads[i];
	char name[16] = { 't', (char)('a' + i) };

	assert_int_equal(thread_create(&s->t, name, cpu, 8, NULL, NULL), 0);
	s->t.hooks = &hooks;
	if (p)
		assert_int_equal(thread_set_params(&s->t, p), 0);
	return s;
}

/* A periodic one is asleep until its first release. */
void sim_start(struct sim_thread *s)
{
	s->next = s->period ? fake_counter + s->offset : UINT64_MAX;
	s->at = UINT64_MAX;
	thread_start(&s->t);
}

uint64_t sim_ran(struct sim_thread *s)
{
	uint64_t ran, waited;

	thread_times(&s->t, &ran, &waited);
	return ran;
}

/* ---- the clock ---- */

static struct thread *running(uint32_t cpu)
{
	return sched_queues[cpu].current;
}

static bool is_idle(uint32_t cpu)
{
	return running(cpu) == &sched_queues[cpu].idle;
}

static void points(void)
{
	bool again;

	do {
		again = false;
		for (uint32_t c = 0; c < SIM_CPUS; c++) {
			if (!kicked[c] && !(running(c)->requests & THREAD_REQ_RESCHED))
				continue;
			again = true;
			kicked[c] = false;
			sim_enter(c);
			sched_point();
		}
	} while (again);
}

/* What is left of the job that cpu's thread does. */
static uint64_t left(uint32_t cpu)
{
	struct sim_thread *s;

	if (is_idle(cpu))
		return UINT64_MAX;
	s = sim_of(running(cpu));
	return s->period ? s->target - sim_ran(s) : UINT64_MAX;
}

static void job_done(uint32_t cpu)
{
	struct sim_thread *s = sim_of(running(cpu));

	if (s->finished < s->released) {
		uint64_t took = fake_counter - s->at;

		s->finished++;
		s->worst = MAX(s->worst, took);
		s->misses += took > s->period;
	}
	sim_enter(cpu);
	s->t.requests &= ~(uint32_t)SIM_WORK;
	thread_block(SIM_WORK);
}

static void jobs_done(void)
{
	for (uint32_t c = 0; c < SIM_CPUS; c++) {
		while (left(c) == 0) {
			job_done(c);
			points();
		}
	}
}

static void release(struct sim_thread *s)
{
	s->released++;
	s->at = s->next;
	s->next += s->period;
	s->target = sim_ran(s) + s->work;
	sim_enter(s->t.cpu);
	thread_request(&s->t, SIM_WORK);
}

static uint64_t next_event(uint64_t end)
{
	for (uint32_t c = 0; c < SIM_CPUS; c++) {
		uint64_t l = left(c);

		if (l != UINT64_MAX)
			end = MIN(end, fake_counter + l);
		if (tick_at[c])
			end = MIN(end, MAX(tick_at[c], fake_counter));
	}
	for (uint32_t i = 0; i < SIM_THREADS; i++)
		if (sim_threads[i].period && sim_threads[i].t.name[0])
			end = MIN(end, sim_threads[i].next);
	return end;
}

void sim_run(uint64_t ticks)
{
	uint64_t end = fake_counter + ticks;

	for (;;) {
		points();
		jobs_done();
		if (fake_counter == end)
			return;
		fake_counter = next_event(end);
		jobs_done();
		for (uint32_t c = 0; c < SIM_CPUS; c++) {
			if (!tick_at[c] || tick_at[c] > fake_counter)
				continue;
			tick_at[c] = 0;
			sim_fires[c]++;
			sim_enter(c);
			sched_tick();
			sched_point();
		}
		for (uint32_t i = 0; i < SIM_THREADS; i++)
			if (sim_threads[i].period && sim_threads[i].next <= fake_counter)
				release(&sim_threads[i]);
	}
}

void sim_jump(int64_t by)
{
	fake_counter += (uint64_t)by;
	sim_enter(0);
	sched_look_all();
	points();
}
