/* SPDX-License-Identifier: Apache-2.0 */
/* What each policy promises, over simulated time. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/percpu.h"
#include "core/trace.h"
#include "tests/host/sched_sim.h"

#define ALL BITS(SIM_CPUS - 1, 0)

static const struct sched_pool_config fair = { .name = "f", .cpus = ALL, .policy = &sched_fair };
static const struct sched_pool_config edf = { .name = "e", .cpus = ALL, .policy = &sched_edf };

/* ran is num / den of whole, within 2 % of that. */
static void assert_share(uint64_t ran, uint64_t whole, uint64_t num, uint64_t den)
{
	uint64_t want = whole * num / den;

	if (ran * 100 < want * 98 || ran * 100 > want * 102)
		fail_msg("%lu instead of %lu (%lu / 1000)", (unsigned long)ran, (unsigned long)want,
			 (unsigned long)(ran * 1000 / want));
}

static void weights_divide_one_core(void **state)
{
	static const uint32_t weight[] = { 100, 200, 400 };

	(void)state;
	sim_init(&fair, SIM_HZ);
	for (uint32_t i = 0; i < 3; i++)
		sim_start(sim_add(i, 2, &(struct sched_params){ .prio = 1, .weight = weight[i] }));
	sim_run(10 * SIM_HZ);
	for (uint32_t i = 0; i < 3; i++)
		assert_share(sim_ran(&sim_threads[i]), 10 * SIM_HZ, weight[i], 700);
}

/* The time that VMs of one vCPU per core get, wherever they begin. */
static void four_cores(const uint32_t *home, uint64_t slice)
{
	static const uint32_t weight[] = { 1, 2, 4 };
	uint64_t vm[3] = { 0 }, moves = 0;

	sim_init(&fair, SIM_HZ);
	for (uint32_t i = 0; i < 12; i++) {
		struct sim_thread *s = sim_add(i, home[i], &(struct sched_params){
			.prio = 1, .weight = weight[i / 4], .slice = slice });

		assert_int_equal(thread_set_affinity(&s->t, ALL), 0);
		sim_start(s);
	}
	sim_run(10 * SIM_HZ);
	for (uint32_t i = 0; i < 12; i++) {
		vm[i / 4] += sim_ran(&sim_threads[i]);
		moves += sim_threads[i].evicted;
	}
	for (uint32_t i = 0; i < 3; i++)
		assert_share(vm[i], 4 * 10 * SIM_HZ, weight[i], 7);
	for (uint32_t c = 0; c < SIM_CPUS; c++)
		assert_true(sched_idle_ticks(c) < 20 * SIM_MS);
	assert_in_range(moves, 1, 1000);
}

static void weights_divide_four_cores(void **state)
{
	static const uint32_t even[12] = { 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3 };
	static const uint32_t heap[12] = { 0 };
	static const uint32_t bad[12] = { 3, 3, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0 };

	(void)state;
	four_cores(even, 0);
	four_cores(heap, 0);
	four_cores(bad, 0);
	four_cores(bad, 10 * SIM_MS);
}

static void five_equals_share_four_cores(void **state)
{
	(void)state;
	sim_init(&fair, SIM_HZ);
	for (uint32_t i = 0; i < 5; i++) {
		struct sim_thread *s = sim_add(i, 0, &(struct sched_params){ .prio = 1 });

		assert_int_equal(thread_set_affinity(&s->t, ALL), 0);
		sim_start(s);
	}
	sim_run(10 * SIM_HZ);
	for (uint32_t i = 0; i < 5; i++)
		assert_share(sim_ran(&sim_threads[i]), 10 * SIM_HZ, 4, 5);
}

static void interactive_thread_is_not_starved(void **state)
{
	struct sim_thread *s;

	(void)state;
	sim_init(&fair, SIM_HZ);
	for (uint32_t i = 0; i < 4; i++)
		sim_start(sim_add(i, 0, &(struct sched_params){ .prio = 1, .weight = 400 }));
	s = sim_add(4, 0, &(struct sched_params){ .prio = 1, .weight = 100 });
	s->period = 10 * SIM_MS;
	s->work = SIM_MS / 5;
	s->offset = 50 * SIM_MS;
	sim_start(s);
	sim_run(10 * SIM_HZ);
	assert_true(s->finished >= 994);
	assert_int_equal(s->misses, 0);
	assert_true(s->worst <= 5 * SIM_MS);     /* one slice */
}

static void spinner_alone_needs_no_timer(void **state)
{
	uint64_t fires;

	(void)state;
	sim_init(&fair, SIM_HZ);
	sim_start(sim_add(0, 1, &(struct sched_params){ .prio = 1 }));
	sim_run(SIM_MS);
	fires = sim_fires[1];
	sim_run(10 * SIM_HZ);
	assert_int_equal(sim_fires[1], fires);
}

static void cap_holds_on_an_idle_core(void **state)
{
	(void)state;
	sim_init(&fair, SIM_HZ);
	sim_start(sim_add(0, 1, &(struct sched_params){ .prio = 1, .cap_pct = 25 }));
	sim_run(10 * SIM_HZ);
	assert_share(sim_ran(&sim_threads[0]), 10 * SIM_HZ, 25, 100);
}

static void cap_leaves_the_rest_to_others(void **state)
{
	(void)state;
	sim_init(&fair, SIM_HZ);
	sim_start(sim_add(0, 1, &(struct sched_params){ .prio = 1, .weight = 900, .cap_pct = 10 }));
	sim_start(sim_add(1, 1, &(struct sched_params){ .prio = 1, .weight = 100 }));
	sim_run(10 * SIM_HZ);
	assert_share(sim_ran(&sim_threads[0]), 10 * SIM_HZ, 10, 100);
	assert_share(sim_ran(&sim_threads[1]), 10 * SIM_HZ, 90, 100);
}

static void reservation_is_kept_against_weight(void **state)
{
	struct sched_params p = { .prio = 1, .weight = 1, .reservation_pct = 30 };
	uint32_t used, asked;

	(void)state;
	sim_init(&fair, SIM_HZ);
	sim_start(sim_add(0, 1, &p));
	sim_start(sim_add(1, 1, &(struct sched_params){ .prio = 1, .weight = 1000 }));
	sim_run(10 * SIM_HZ);
	assert_share(sim_ran(&sim_threads[0]), 10 * SIM_HZ, 30, 100);
	p.reservation_pct = 80;
	assert_int_equal(sched_admit(1, &p, &used, &asked), -ENOSPC);
	assert_int_equal(used, 300000);
	assert_int_equal(asked, 800000);
}

static void parameters_change_at_run_time(void **state)
{
	uint64_t before;

	(void)state;
	sim_init(&fair, SIM_HZ);
	for (uint32_t i = 0; i < 2; i++)
		sim_start(sim_add(i, 0, &(struct sched_params){ .prio = 1 }));
	sim_run(SIM_HZ);
	assert_share(sim_ran(&sim_threads[0]), SIM_HZ, 1, 2);
	before = sim_ran(&sim_threads[0]);
	assert_int_equal(thread_set_params(&sim_threads[0].t, &(struct sched_params){
		.prio = 1, .weight = 300 }), 0);
	sim_run(10 * SIM_HZ);
	assert_share(sim_ran(&sim_threads[0]) - before, 10 * SIM_HZ, 3, 4);
}

/* ---- edf ---- */

static struct sim_thread *edf_add(uint32_t i, uint64_t work_us, uint64_t period_us)
{
	struct sim_thread *s = sim_add(i, 3, &(struct sched_params){
		.prio = 1, .budget = work_us * SIM_HZ / 1000000,
		.period = period_us * SIM_HZ / 1000000 });

	s->work = s->t.sched.budget;
	s->period = s->t.sched.period;
	return s;
}

static void edf_meets_every_deadline_at_95_percent(void **state)
{
	struct sim_thread *s[3];

	(void)state;
	sim_init(&edf, SIM_HZ);
	s[0] = edf_add(0, 3000, 10000);
	s[1] = edf_add(1, 4000, 16000);
	s[2] = edf_add(2, 10000, 25000);
	s[1]->offset = 3 * SIM_MS;
	sim_start(sim_add(3, 3, &(struct sched_params){ .prio = 1 }));
	for (uint32_t i = 0; i < 3; i++)
		sim_start(s[i]);
	sim_run(10000 * s[2]->period);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(s[i]->finished >= 9999);
		assert_int_equal(s[i]->misses, 0);
	}
	assert_share(sim_ran(&sim_threads[3]), 10000 * s[2]->period, 5, 100);
}

/* A server that spins takes what nobody wants, and nobody's deadline. */
static void edf_overrun_harms_nobody_else(void **state)
{
	struct sim_thread *spin, *good;

	(void)state;
	sim_init(&edf, SIM_HZ);
	spin = edf_add(0, 5000, 10000);
	spin->period = 0;
	good = edf_add(1, 4000, 9000);
	sim_start(spin);
	sim_start(good);
	sim_run(10000 * good->period);
	assert_int_equal(good->misses, 0);
	assert_true(good->finished >= 9999);
	assert_true(sim_ran(spin) > 10000 * good->period / 2);
}

static void edf_budget_is_exact_beside_a_spinner(void **state)
{
	struct sim_thread *spin;

	(void)state;
	sim_init(&edf, SIM_HZ);
	spin = edf_add(0, 2500, 10000);
	spin->period = 0;
	sim_start(spin);
	sim_start(sim_add(1, 3, &(struct sched_params){ .prio = 1 }));
	sim_run(1000 * 10 * SIM_MS);
	assert_int_equal(sim_ran(spin), 1000 * 2500 * (SIM_HZ / 1000) / 1000);
}

static void edf_admission_tells_the_numbers(void **state)
{
	struct sched_params p = { .prio = 1, .budget = 6 * SIM_MS, .period = 10 * SIM_MS };
	struct sim_thread *s;
	uint32_t used, asked;

	(void)state;
	sim_init(&edf, SIM_HZ);
	edf_add(0, 5000, 10000);
	assert_int_equal(sched_admit(3, &p, &used, &asked), -ENOSPC);
	assert_int_equal(used, 500000);
	assert_int_equal(asked, 600000);
	s = sim_add(1, 2, &p);
	assert_int_equal(thread_set_affinity(&s->t, BIT(3)), -ENOSPC);
	assert_int_equal(s->t.home, 2);
	assert_int_equal(thread_set_affinity(&s->t, BIT(3) | BIT(1)), 0);
	assert_int_equal(s->t.home, 1);
	assert_int_equal(sched_admit(2, &p, &used, &asked), 0);
	assert_int_equal(used, 0);
	assert_int_equal(thread_destroy(&s->t), 0);
	assert_int_equal(sched_admit(1, &p, &used, &asked), 0);
	assert_int_equal(used, 0);
}

/* ---- partition ---- */

#define FRAME_US 10007u
static const struct sched_window windows[] = {
	{ 0, 3001, 7 }, { 3001, 2000, 8 }, { 6003, 1001, 7 }, { 9000, 1007, 9 },
};
#define LEAD (20 * 125 / 2)
static uint64_t origin, nr_starts, expect_wait;

/* Every change on pCPU 1 is at a window's begin or end, to the tick, less the lead. */
static void check_window(uint32_t cpu, const struct thread *prev, const struct thread *next)
{
	uint64_t now = fake_counter + LEAD - origin, frame;

	(void)prev;
	if (cpu != 1)
		return;
	/* Nobody ran before its window. */
	assert_int_equal(fake_counter_awaited, expect_wait);
	/* Exact tick of us in frame k is (k * FRAME_US + us) * hz / 1e6. */
	frame = (uint64_t)((unsigned __int128)now * 1000000 / SIM_HZ / FRAME_US);
	for (uint64_t k = frame; k <= frame + 1; k++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(windows); i++) {
			uint64_t us = k * FRAME_US + windows[i].start_us;

			if (now != us * 125 / 2)
				continue;
			assert_int_equal(next->sched.group, windows[i].group);
			expect_wait = fake_counter + LEAD;
			nr_starts++;
			return;
		}
	}
	for (uint64_t k = frame; k <= frame + 1; k++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(windows); i++)
			if (now == (k * FRAME_US + windows[i].start_us + windows[i].duration_us) *
			    125 / 2)
				return;
	}
	fail_msg("switch at %lu, in no table", (unsigned long)now);
}

static void partition_windows_are_exact(void **state)
{
	static const struct sched_pool_config c = {
		.name = "p", .cpus = BIT(1), .policy = &sched_partition,
		.major_frame_us = FRAME_US, .windows = windows, .nr_windows = ARRAY_SIZE(windows),
	};

	(void)state;
	sim_init(&c, SIM_HZ + 12345);
	origin = fake_counter;
	for (uint32_t i = 0; i < 3; i++)
		sim_start(sim_add(i, 1, &(struct sched_params){ .prio = 1, .group = 7 + i }));
	/* A system thread finds no place there. */
	sim_start(sim_add(3, 1, NULL));
	assert_int_equal(sim_threads[3].t.cpu, 0);
	/* The first of all began before anybody was there. */
	sim_run(0);
	nr_starts = 0;
	expect_wait = origin;
	sim_on_switch = check_window;
	sim_run(1000 * (uint64_t)FRAME_US * SIM_HZ / 1000000);
	assert_in_range(nr_starts, 3999, 4001);
	assert_in_range(sim_ran(&sim_threads[1]), 2000 * 62500 - 1000, 2000 * 62500 + 1000);
	assert_in_range(sim_ran(&sim_threads[2]), 1007 * 62500 - 1000, 1007 * 62500 + 1000);
}

static void partition_table_must_be_in_order(void **state)
{
	static const struct sched_window overlap[] = { { 0, 10, 1 }, { 9, 5, 2 } };
	struct sched_pool_config c = {
		.name = "p", .cpus = BIT(1), .policy = &sched_partition,
		.major_frame_us = 20, .windows = overlap, .nr_windows = 2,
	};

	(void)state;
	sim_init(NULL, SIM_HZ);
	assert_int_equal(sched_pool_create(&c), -EINVAL);
	c.nr_windows = 1;
	c.major_frame_us = 9;
	assert_int_equal(sched_pool_create(&c), -EINVAL);
	c.major_frame_us = 20;
	assert_int_equal(sched_pool_create(&c), 1);
	assert_int_equal(sched_pool_create(&c), -EINVAL);
	assert_int_equal(sched_pool_of(1), 1);
	assert_int_equal(sched_pool_of(0), 0);
}

/* ---- fifo, rr, pinned ---- */

static void rr_equals_share_and_higher_go_first(void **state)
{
	struct sim_thread *s;

	(void)state;
	sim_init(NULL, SIM_HZ);
	for (uint32_t i = 0; i < 2; i++)
		sim_start(sim_add(i, 1, &(struct sched_params){ .prio = 8, .slice = 10 * SIM_MS }));
	sim_start(sim_add(2, 1, &(struct sched_params){ .prio = 7, .slice = SIM_MS }));
	s = sim_add(3, 1, &(struct sched_params){ .prio = 9 });
	s->period = 20 * SIM_MS;
	s->work = SIM_MS;
	sim_start(s);
	sim_run(10 * SIM_HZ);
	assert_share(sim_ran(&sim_threads[0]), 10 * SIM_HZ, 475, 1000);
	assert_share(sim_ran(&sim_threads[1]), 10 * SIM_HZ, 475, 1000);
	assert_int_equal(sim_ran(&sim_threads[2]), 0);
	assert_int_equal(s->worst, SIM_MS);
	assert_int_equal(s->t.latency[0], s->released);
}

static void rr_alone_has_no_tick(void **state)
{
	(void)state;
	sim_init(NULL, SIM_HZ);
	sim_start(sim_add(0, 1, &(struct sched_params){ .prio = 8, .slice = SIM_MS }));
	sim_start(sim_add(1, 1, &(struct sched_params){ .prio = 7, .slice = SIM_MS }));
	sim_run(SIM_HZ);
	assert_int_equal(sim_fires[1], 0);
}

static void fifo_and_pinned_never_slice(void **state)
{
	struct sched_pool_config c = { .name = "x", .cpus = ALL, .policy = &sched_fifo };

	(void)state;
	for (int pinned = 0; pinned < 2; pinned++) {
		sim_init(&c, SIM_HZ);
		for (uint32_t i = 0; i < 2; i++)
			sim_start(sim_add(i, 1, &(struct sched_params){ .prio = 8, .slice = 10 }));
		sim_run(SIM_HZ);
		assert_int_equal(sim_ran(&sim_threads[0]), SIM_HZ);
		assert_int_equal(sim_fires[1], 0);
		c.policy = &sched_pinned;
	}
}

static void system_threads_go_before_policies(void **state)
{
	struct sim_thread *s;

	(void)state;
	sim_init(&fair, SIM_HZ);
	sim_start(sim_add(0, 0, &(struct sched_params){ .prio = 31, .weight = 10000 }));
	s = sim_add(1, 0, NULL);
	s->period = 10 * SIM_MS;
	s->work = 2 * SIM_MS;
	sim_start(s);
	sim_run(SIM_HZ);
	assert_int_equal(s->worst, 2 * SIM_MS);
	assert_share(sim_ran(&sim_threads[0]), SIM_HZ, 80, 100);
}

/* ---- helpers ---- */

static const struct sched_pool_config fifo = { .name = "i", .cpus = ALL, .policy = &sched_fifo };

/* A spinner on pCPU 1 and its helper there, which has work in every period. */
static struct sim_thread *spinner_and_helper(const struct sched_pool_config *pool,
					     uint64_t period, uint64_t work)
{
	const struct sched_params p = { .prio = 8, .slice = 5 * SIM_MS };
	struct sim_thread *spinner, *helper;

	sim_init(pool, SIM_HZ);
	spinner = sim_add(0, 1, &p);
	helper = sim_add(1, 1, &p);
	spinner->t.helper = &helper->t;
	helper->period = period;
	helper->work = work;
	helper->offset = 1234567;
	sim_start(spinner);
	sim_start(helper);
	return helper;
}

static void helper_runs_at_once(void **state)
{
	static const struct sched_pool_config *const pools[] = { NULL, &fifo, &fair };
	struct sim_thread *h;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		h = spinner_and_helper(pools[i], 3 * SIM_MS + 77, SIM_MS / 10);
		sim_run(SIM_HZ);
		assert_true(h->finished > 300);
		assert_int_equal(h->worst, SIM_MS / 10);
		/* Each is back where it was: the spinner has all the rest. */
		assert_int_equal(sim_ran(&sim_threads[0]) + sim_ran(h), SIM_HZ);
	}
}

static void helper_comes_with_its_groups_turn(void **state)
{
	struct sim_thread *h;

	(void)state;
	h = spinner_and_helper(NULL, 7 * SIM_MS + 77, SIM_MS / 10);
	sim_start(sim_add(2, 1, &(struct sched_params){ .prio = 8, .slice = 5 * SIM_MS }));
	sim_run(2 * SIM_HZ);
	assert_true(h->finished > 280);
	/* One slice of the other's at most. */
	assert_true(h->worst <= 5 * SIM_MS + SIM_MS / 10);
	assert_true(sim_ran(&sim_threads[0]) > SIM_HZ * 9 / 10);
}

/* Woken all the time, it has the spinner's slices and its own, as two that spin would have. */
static void others_lose_nothing_to_a_helper(void **state)
{
	static const struct sched_pool_config *const pools[] = { NULL, &fair };
	struct sim_thread *h, *system;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(pools); i++) {
		h = spinner_and_helper(pools[i / 2], SIM_MS, SIM_MS * 9 / 10);
		sim_start(sim_add(2, 1, &(struct sched_params){ .prio = 8, .slice = 5 * SIM_MS }));
		/* Interrupted by threads that go before all. */
		system = sim_add(3, 1, NULL);
		system->period = i % 2 ? SIM_MS / 4 : 2 * SIM_HZ;
		system->offset = SIM_MS / 4;
		system->work = 10;
		sim_start(system);
		sim_run(2 * SIM_HZ);
		assert_true(sim_ran(&sim_threads[2]) > 2 * SIM_HZ * 32 / 100);
		assert_true(sim_ran(&sim_threads[0]) > SIM_HZ / 100);
		assert_true(h->finished > 0);
	}
}

/* It never sleeps: the spinner has its turns all the same. */
static void helper_does_not_starve_whom_it_helps(void **state)
{
	static const struct sched_pool_config *const pools[] = { NULL, &fair };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		struct sim_thread *h = spinner_and_helper(pools[i], 10 * SIM_HZ, 10 * SIM_HZ);

		sim_run(2 * SIM_HZ);
		assert_true(sim_ran(h) > SIM_HZ * 90 / 100);
		assert_true(sim_ran(&sim_threads[0]) > SIM_HZ * 90 / 100);
	}
}

static void who_lends_its_place_may_go_elsewhere(void **state)
{
	struct sim_thread *h;

	(void)state;
	h = spinner_and_helper(NULL, SIM_HZ, 4 * SIM_MS);
	sim_run(1234567 + SIM_MS);
	assert_int_equal(sim_threads[0].t.state, THREAD_READY);
	assert_int_equal(thread_set_affinity(&sim_threads[0].t, BIT(2)), 0);
	sim_run(SIM_HZ / 2);
	assert_int_equal(sim_threads[0].t.cpu, 2);
	assert_int_equal(sim_threads[0].t.state, THREAD_RUNNING);
	assert_int_equal(h->worst, 4 * SIM_MS);
	/* Woken where the spinner is not, it has a place of its own. */
	sim_run(SIM_HZ);
	assert_int_equal(h->finished, 2);
}

static void yield_lets_others_run(void **state)
{
	static const struct sched_pool_config *const pools[] = { NULL, &fair };

	(void)state;
	for (uint32_t n = 0; n < 2; n++) {
		sim_init(pools[n], SIM_HZ);
		for (uint32_t i = 0; i < 2; i++)
			sim_start(sim_add(i, 0, &(struct sched_params){
				.prio = 8, .slice = 10 * SIM_MS }));
		sim_run(SIM_MS);
		assert_ptr_equal(sched_queues[0].current, &sim_threads[0].t);
		sim_enter(0);
		thread_yield();
		assert_ptr_equal(sched_queues[0].current, &sim_threads[1].t);
	}
}

static struct thread *after_yield(uint32_t cpu)
{
	sim_enter(cpu);
	thread_yield();
	return sched_queues[cpu].current;
}

/* a was pre-empted, b gives way, and rivals stand between them. */
static void who_gives_way_is_followed_by_a_sibling(void **state)
{
	struct sched_params p = { .prio = 8, .slice = 10 * SIM_MS, .group = 1 };
	struct thread *a = &sim_threads[0].t, *b = &sim_threads[1].t;

	(void)state;
	sim_init(NULL, SIM_HZ);
	for (uint32_t i = 0; i < 2; i++)
		sim_add(i, 0, &p);
	p.group = 2;
	for (uint32_t i = 2; i < 5; i++)
		sim_add(i, 0, &p);
	for (uint32_t i = 0; i < 5; i++)
		sim_start(&sim_threads[i]);
	sim_run(10 * SIM_MS + SIM_MS);
	assert_ptr_equal(sched_queues[0].current, b);
	assert_ptr_equal(after_yield(0), a);
	/* It gets what b had left, and no more. */
	assert_int_equal(a->se.left, 9 * SIM_MS);
	sim_run(9 * SIM_MS);
	assert_ptr_equal(sched_queues[0].current, &sim_threads[2].t);
	/* Two that give way to each other keep the rivals waiting once, not for ever. */
	sim_run(30 * SIM_MS);
	assert_ptr_equal(sched_queues[0].current, b);
	assert_ptr_equal(after_yield(0), a);
	assert_ptr_equal(after_yield(0), &sim_threads[2].t);
}

/*
 * Four vCPUs of a VM hand a lock on and spin for it, giving way; four rivals compute.
 * Returns how often the lock went on in the time that half of the pCPU is worth.
 */
static uint64_t locks_passed(const struct sched_pool_config *pool, uint64_t *yields)
{
	const uint64_t hold = 15 * SIM_MS, step = SIM_MS / 20;
	uint64_t passed = 0, target = hold, rivals = 0;
	uint32_t holder = 0;

	*yields = 0;
	sim_init(pool, SIM_HZ);
	for (uint32_t i = 0; i < 8; i++)
		sim_start(sim_add(i, 0, &(struct sched_params){
			.prio = 8, .slice = 10 * SIM_MS, .group = 1 + i / 4 }));
	for (uint64_t t = 0; t < 20 * SIM_HZ; t += step) {
		struct thread *cur = sched_queues[0].current;

		if (cur < &sim_threads[4].t && cur != &sim_threads[holder].t) {
			++*yields;
			after_yield(0);
		}
		sim_run(step);
		if (sim_ran(&sim_threads[holder]) < target)
			continue;
		passed++;
		holder = (holder + 1) % 4;
		target = sim_ran(&sim_threads[holder]) + hold;
	}
	for (uint32_t i = 4; i < 8; i++)
		rivals += sim_ran(&sim_threads[i]);
	/* Nobody else pays for it. */
	assert_true(rivals * 100 >= 20 * SIM_HZ * 49);
	return passed;
}

static void a_lock_goes_on_though_its_holder_is_preempted(void **state)
{
	uint64_t yields, passed;

	/* Half of the time would be 666; yields to whoever comes next made it 307 and 224. */
	(void)state;
	passed = locks_passed(NULL, &yields);
	assert_in_range(passed, 420, 680);
	assert_true(yields <= passed * 4);
	passed = locks_passed(&fair, &yields);
	assert_in_range(passed, 460, 680);
	assert_true(yields <= passed * 120);
}

/* ---- a counter that jumps ---- */

#define DAY (86400 * SIM_HZ)

/* Far, near, and by no more than a slice. */
static const int64_t jumps[] = {
	(int64_t)(100 * DAY), -(int64_t)(30 * DAY), INT64_MAX / 4, INT64_MIN / 4,
	(int64_t)SIM_HZ / 2, -(int64_t)SIM_HZ / 2, (int64_t)SIM_MS, -(int64_t)SIM_MS,
};

/*
 * Those of n threads on pCPU 1, of which each gets part[i] of whole. Jump i, and after twenty
 * seconds to get over it all is as it was. once: the counter was read wrong a single time.
 */
static void jump_and_share(const struct sched_pool_config *pool, const struct sched_params *p,
			   const uint32_t *part, uint32_t n, uint32_t whole)
{
	for (uint32_t i = 0; i < 2 * ARRAY_SIZE(jumps); i++) {
		int64_t by = jumps[i / 2];
		uint64_t before[4], ran, waited;

		sim_init(pool, SIM_HZ + (i / 2 & 1 ? (uint64_t)INT64_MAX / 2 : 40 * DAY));
		for (uint32_t k = 0; k < n; k++)
			sim_start(sim_add(k, 1, &p[k]));
		sim_run(SIM_HZ / 3);
		fake_counter_waited = 0;
		sim_jump(by);
		if (i & 1)
			sim_jump(-by);
		for (uint32_t k = 0; k < n && by < 0; k++) {
			thread_times(&sim_threads[k].t, &ran, &waited);
			assert_true(ran <= SIM_HZ + 2 * (i & 1 ? (uint64_t)-by : 0));
			assert_true(waited <= SIM_HZ + 2 * (i & 1 ? (uint64_t)-by : 0));
		}
		sim_run(20 * SIM_HZ);
		for (uint32_t k = 0; k < n; k++)
			before[k] = sim_ran(&sim_threads[k]);
		sim_run(10 * SIM_HZ);
		for (uint32_t k = 0; k < n; k++)
			assert_share(sim_ran(&sim_threads[k]) - before[k], 10 * SIM_HZ,
				     part[k], whole);
		/* To a window's begin, never for a counter that is somewhere else. */
		assert_true(fake_counter_waited <= 31 * 400 * LEAD);
	}
}

static void fair_shares_stay_when_the_counter_jumps(void **state)
{
	static const struct sched_params p[] = {
		{ .prio = 1, .weight = 100 }, { .prio = 1, .weight = 300 },
		{ .prio = 1, .weight = 100, .cap_pct = 10 },
		{ .prio = 1, .weight = 1, .reservation_pct = 30 },
	};

	(void)state;
	jump_and_share(&fair, p, (const uint32_t[]){ 150, 450, 100, 300 }, 4, 1000);
	jump_and_share(&fair, p, (const uint32_t[]){ 1, 3 }, 2, 4);
	jump_and_share(&fair, p + 2, (const uint32_t[]){ 1 }, 1, 10);
}

static void edf_budgets_stay_when_the_counter_jumps(void **state)
{
	static const struct sched_params p[] = {
		{ .prio = 1, .budget = 3 * SIM_MS, .period = 10 * SIM_MS },
		{ .prio = 1, .budget = 40 * SIM_MS, .period = 100 * SIM_MS },
		{ .prio = 1 },
	};

	(void)state;
	jump_and_share(&edf, p, (const uint32_t[]){ 3, 4, 3 }, 3, 10);
}

static void rr_slices_stay_when_the_counter_jumps(void **state)
{
	static const struct sched_params p[] = {
		{ .prio = 8, .slice = 10 * SIM_MS }, { .prio = 8, .slice = 10 * SIM_MS },
		{ .prio = 7, .slice = 10 * SIM_MS },
	};

	(void)state;
	jump_and_share(NULL, p, (const uint32_t[]){ 1, 1, 0 }, 3, 2);
}

static void partition_goes_on_when_the_counter_jumps(void **state)
{
	static const struct sched_pool_config c = {
		.name = "p", .cpus = BIT(1), .policy = &sched_partition,
		.major_frame_us = FRAME_US, .windows = windows, .nr_windows = ARRAY_SIZE(windows),
	};
	static const struct sched_params p[] = {
		{ .prio = 1, .group = 7 }, { .prio = 1, .group = 8 }, { .prio = 1, .group = 9 },
	};

	(void)state;
	jump_and_share(&c, p, (const uint32_t[]){ 4002, 2000, 1007 }, 3, FRAME_US);
}

/* Where nothing is shared, nothing changes; and what has run is never less than before. */
static void who_has_a_core_alone_keeps_it_when_the_counter_jumps(void **state)
{
	struct sched_pool_config c = { .name = "x", .cpus = ALL, .policy = &sched_pinned };
	static const struct sched_params p[] = { { .prio = 8 } };

	(void)state;
	jump_and_share(&c, p, (const uint32_t[]){ 1 }, 1, 1);
	c.policy = &sched_fifo;
	jump_and_share(&c, p, (const uint32_t[]){ 1 }, 1, 1);
	c.policy = &sched_fair;
	jump_and_share(&c, p, (const uint32_t[]){ 1 }, 1, 1);
}

/* ---- affinity ---- */

static void affinity_moves_in_every_state(void **state)
{
	struct sim_thread *run, *ready, *asleep, *fresh;

	(void)state;
	sim_init(NULL, SIM_HZ);
	run = sim_add(0, 0, &(struct sched_params){ .prio = 9 });
	ready = sim_add(1, 0, &(struct sched_params){ .prio = 8 });
	asleep = sim_add(2, 0, &(struct sched_params){ .prio = 10 });
	asleep->period = 100 * SIM_MS;
	asleep->work = SIM_MS;
	fresh = sim_add(3, 0, &(struct sched_params){ .prio = 8 });
	sim_start(run);
	sim_start(ready);
	sim_start(asleep);
	sim_run(50 * SIM_MS);
	assert_int_equal(asleep->t.state, THREAD_BLOCKED);
	assert_int_equal(thread_set_affinity(&ready->t, BIT(1)), 0);
	assert_int_equal(thread_set_affinity(&run->t, BIT(2)), 0);
	assert_int_equal(thread_set_affinity(&asleep->t, BIT(3)), 0);
	assert_int_equal(thread_set_affinity(&fresh->t, BIT(3)), 0);
	assert_int_equal(fresh->t.cpu, 3);
	sim_run(SIM_MS);
	assert_ptr_equal(sched_queues[1].current, &ready->t);
	assert_ptr_equal(sched_queues[2].current, &run->t);
	assert_int_equal(asleep->t.cpu, 0);
	sim_run(100 * SIM_MS);
	assert_int_equal(asleep->t.cpu, 3);
	assert_int_equal(asleep->finished, 2);
	assert_int_equal(ready->evicted + run->evicted + asleep->evicted, 3);
	assert_int_equal(fresh->evicted, 0);
	assert_int_equal(thread_set_affinity(&run->t, BIT(SIM_CPUS)), -EINVAL);
}

/* ---- short cuts ---- */

#define NR_STEPS 4096

static struct step {
	uint64_t at;
	uint32_t cpu;
	char from[24], to[24];
} steps[2][NR_STEPS];
static uint32_t nr_steps[2], step_of;

static void note_step(uint32_t cpu, const struct thread *prev, const struct thread *next)
{
	struct step *s = &steps[step_of][nr_steps[step_of]++ % NR_STEPS];

	*s = (struct step){ .at = fake_counter, .cpu = cpu };
	memcpy(s->from, prev->name, sizeof(s->from));
	memcpy(s->to, next->name, sizeof(s->to));
}

/* Spinners and workers of three priorities on three pCPUs, a helper, and a system thread. */
static void mixed_load(const struct sched_policy *policy)
{
	const struct sched_pool_config pool = { .name = "m", .cpus = ALL, .policy = policy };

	sim_init(&pool, SIM_HZ);
	sim_on_switch = note_step;
	for (uint32_t i = 0; i < 18; i++) {
		struct sim_thread *s = sim_add(i, i % 3, &(struct sched_params){
			.prio = 4 + i % 7 / 3, .group = i % 2, .slice = (i % 5) * SIM_MS / 2 });

		if (i % 4) {
			s->period = (5 + i) * SIM_MS + i * 1111;
			s->work = (1 + i % 3) * SIM_MS / 2 + i * 77;
			s->offset = i * 5000;
		}
	}
	sim_threads[4].t.helper = &sim_threads[7].t;
	sim_add(18, 1, NULL)->period = 9 * SIM_MS;
	sim_threads[18].work = SIM_MS / 3;
	for (uint32_t i = 0; i < 19; i++)
		sim_start(&sim_threads[i]);
	for (uint32_t i = 0; i < 40; i++) {
		sim_run(25 * SIM_MS);
		assert_int_equal(thread_set_affinity(&sim_threads[i % 18].t, BIT(i % 4)), 0);
		sim_enter(i % 3);
		thread_yield();
	}
}

/* rr's next and wake against what they stand for: the same switches, in the same ticks. */
static void short_cuts_change_nothing(void **state)
{
	struct sched_policy general = sched_rr;
	uint64_t ran[19];

	(void)state;
	general.next = NULL;
	general.wake = NULL;
	memset(steps, 0, sizeof(steps));
	step_of = 0;
	nr_steps[0] = nr_steps[1] = 0;
	mixed_load(&general);
	for (uint32_t i = 0; i < 19; i++)
		ran[i] = sim_ran(&sim_threads[i]);
	step_of = 1;
	mixed_load(&sched_rr);
	assert_true(nr_steps[0] > 500);
	assert_int_equal(nr_steps[1], nr_steps[0]);
	assert_memory_equal(steps[1], steps[0], sizeof(steps[0]));
	for (uint32_t i = 0; i < 19; i++)
		assert_int_equal(sim_ran(&sim_threads[i]), ran[i]);
}

static void requests_wake_only_who_waits_for_them(void **state)
{
	struct sim_thread *s;

	(void)state;
	sim_init(NULL, SIM_HZ);
	s = sim_add(0, 1, &(struct sched_params){ .prio = 9 });
	thread_request(&s->t, SIM_WORK);
	assert_int_equal(s->t.state, THREAD_NEW);
	s->t.requests = 0;
	s->period = 10 * SIM_MS;
	s->work = SIM_MS;
	sim_start(s);
	sim_run(5 * SIM_MS);
	assert_int_equal(s->t.state, THREAD_BLOCKED);
	sim_enter(0);
	thread_request(&s->t, BIT(11));
	assert_int_equal(s->t.state, THREAD_BLOCKED);
	assert_true(s->t.requests & BIT(11));
}

static void waiting_is_counted_as_stolen(void **state)
{
	uint64_t ran, waited;

	(void)state;
	sim_init(NULL, SIM_HZ);
	sim_start(sim_add(0, 1, &(struct sched_params){ .prio = 9 }));
	sim_start(sim_add(1, 1, &(struct sched_params){ .prio = 8 }));
	sim_run(SIM_HZ);
	thread_times(&sim_threads[1].t, &ran, &waited);
	assert_int_equal(ran, 0);
	assert_int_equal(waited, SIM_HZ);
	assert_int_equal(sched_idle_ticks(0), SIM_HZ);
	assert_int_equal(sched_idle_ticks(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_divide_one_core),
		cmocka_unit_test(weights_divide_four_cores),
		cmocka_unit_test(five_equals_share_four_cores),
		cmocka_unit_test(interactive_thread_is_not_starved),
		cmocka_unit_test(spinner_alone_needs_no_timer),
		cmocka_unit_test(cap_holds_on_an_idle_core),
		cmocka_unit_test(cap_leaves_the_rest_to_others),
		cmocka_unit_test(reservation_is_kept_against_weight),
		cmocka_unit_test(parameters_change_at_run_time),
		cmocka_unit_test(edf_meets_every_deadline_at_95_percent),
		cmocka_unit_test(edf_overrun_harms_nobody_else),
		cmocka_unit_test(edf_budget_is_exact_beside_a_spinner),
		cmocka_unit_test(edf_admission_tells_the_numbers),
		cmocka_unit_test(partition_windows_are_exact),
		cmocka_unit_test(partition_table_must_be_in_order),
		cmocka_unit_test(rr_equals_share_and_higher_go_first),
		cmocka_unit_test(rr_alone_has_no_tick),
		cmocka_unit_test(fifo_and_pinned_never_slice),
		cmocka_unit_test(system_threads_go_before_policies),
		cmocka_unit_test(helper_runs_at_once),
		cmocka_unit_test(helper_comes_with_its_groups_turn),
		cmocka_unit_test(others_lose_nothing_to_a_helper),
		cmocka_unit_test(helper_does_not_starve_whom_it_helps),
		cmocka_unit_test(who_lends_its_place_may_go_elsewhere),
		cmocka_unit_test(yield_lets_others_run),
		cmocka_unit_test(who_gives_way_is_followed_by_a_sibling),
		cmocka_unit_test(fair_shares_stay_when_the_counter_jumps),
		cmocka_unit_test(edf_budgets_stay_when_the_counter_jumps),
		cmocka_unit_test(rr_slices_stay_when_the_counter_jumps),
		cmocka_unit_test(partition_goes_on_when_the_counter_jumps),
		cmocka_unit_test(who_has_a_core_alone_keeps_it_when_the_counter_jumps),
		cmocka_unit_test(a_lock_goes_on_though_its_holder_is_preempted),
		cmocka_unit_test(affinity_moves_in_every_state),
		cmocka_unit_test(short_cuts_change_nothing),
		cmocka_unit_test(requests_wake_only_who_waits_for_them),
		cmocka_unit_test(waiting_is_counted_as_stolen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
