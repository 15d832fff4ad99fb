/* SPDX-License-Identifier: Apache-2.0 */
/* Soft timers: order, moving between pCPUs, and a cancel beside a start elsewhere. */
#include "core/timer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arch/cpu.h>
#include <arch/timer.h>
#include "core/percpu.h"
#include "core/thread.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/log.h"

#define ROUNDS 200000u

static struct timer *fired[8];
static unsigned int nr_fired;

static void note(struct timer *t)
{
	fired[nr_fired++ % 8] = t;
}

static void enter(uint32_t cpu)
{
	fake_cpu_enter(cpu);
	arch_irq_disable();
}

static void timers_fire_by_deadline(void **state)
{
	struct timer t[3];

	(void)state;
	enter(0);
	for (int i = 0; i < 3; i++)
		timer_setup(&t[i], note);
	nr_fired = 0;
	fake_counter = 1000;
	timer_start(&t[0], 1030);
	timer_start(&t[1], 1010);
	timer_start(&t[2], 1020);
	assert_int_equal(fake_hyp_timer_cval, 1010);
	timer_start(&t[1], 1040);            /* moved */
	timer_cancel(&t[2]);
	fake_counter = 1039;
	timer_interrupt();
	assert_int_equal(nr_fired, 1);
	assert_ptr_equal(fired[0], &t[0]);
	assert_int_equal(fake_hyp_timer_cval, 1040);
	fake_counter = 1040;
	timer_interrupt();
	assert_int_equal(nr_fired, 2);
	assert_false(fake_hyp_timer_on);
}

/* A guest that may keep EL2's interrupts out is not left alone with one. */
static void one_started_beside_a_guest_that_is_aloof_is_told(void **state)
{
	static struct thread thread;
	struct timer t;

	(void)state;
	enter(0);
	timer_setup(&t, note);
	assert_false(timer_any_here());
	arch_percpu()->current = &thread;
	timer_start(&t, 9000);
	assert_int_equal(thread.requests, 0);
	assert_true(timer_any_here());
	arch_percpu()->aloof = true;
	timer_start(&t, 9001);
	assert_int_equal(thread.requests, THREAD_REQ_TIMER);
	arch_percpu()->aloof = false;
	enter(1);
	assert_false(timer_any_here());
	timer_cancel(&t);
	enter(0);
	assert_false(timer_any_here());
}

static void a_tick_comes_beside_timers_and_in_place_of_the_last(void **state)
{
	struct timer t;

	(void)state;
	enter(0);
	timer_setup(&t, note);
	nr_fired = 0;
	fake_counter = 1500;
	timer_tick(1600);
	timer_start(&t, 1550);
	assert_int_equal(fake_hyp_timer_cval, 1550);
	fake_counter = 1550;
	assert_false(timer_interrupt());
	assert_int_equal(nr_fired, 1);
	assert_int_equal(fake_hyp_timer_cval, 1600);
	/* Later: what was set comes for nothing, and only then is the later one set. */
	timer_tick(1700);
	fake_counter = 1600;
	assert_false(timer_interrupt());
	assert_int_equal(fake_hyp_timer_cval, 1700);
	timer_tick(1650);
	assert_int_equal(fake_hyp_timer_cval, 1650);
	timer_start(&t, 1650);
	fake_counter = 1650;
	assert_true(timer_interrupt());
	assert_int_equal(nr_fired, 2);
	assert_false(fake_hyp_timer_on);
	assert_false(timer_interrupt());
	timer_tick(1800);
	fake_counter = 1800;
	/* The next one is expected soon. It is not: then it comes once for nothing. */
	assert_true(timer_interrupt());
	assert_true(fake_hyp_timer_on);
	assert_false(timer_interrupt());
	assert_false(fake_hyp_timer_on);
	/* And the next one is set though it is later than what was. */
	timer_tick(1810);
	fake_counter = 1810;
	assert_true(timer_interrupt());
	timer_tick(1900);
	assert_int_equal(fake_hyp_timer_cval, 1900);
	fake_counter = 1900;
	assert_true(timer_interrupt());
	timer_start(&t, 1950);
	assert_int_equal(fake_hyp_timer_cval, 1950);
	timer_cancel(&t);
	/* Another pCPU has its own. */
	timer_tick(1960);
	enter(1);
	fake_counter = 1960;
	assert_false(timer_interrupt());
	enter(0);
	assert_true(timer_interrupt());
	assert_false(timer_interrupt());
}

static void a_started_timer_leaves_the_pcpu_that_had_it(void **state)
{
	struct timer t;

	(void)state;
	fake_counter = 2000;
	timer_setup(&t, note);
	nr_fired = 0;
	enter(0);
	timer_start(&t, 2010);
	enter(1);
	timer_start(&t, 2020);
	fake_counter = 2100;
	enter(0);
	timer_interrupt();
	assert_int_equal(nr_fired, 0);
	enter(1);
	timer_interrupt();
	assert_int_equal(nr_fired, 1);
}

/* ---- a counter that jumps ---- */

#define DAY (86400 * fake_counter_hz)
#define HOP (4 * fake_counter_hz)       /* core/timer.c */

/* Comes again a second later, as a watchdog's does. */
static void note_again(struct timer *t)
{
	note(t);
	timer_start(t, fake_counter + fake_counter_hz);
}

static void a_far_deadline_is_waited_for_in_hops(void **state)
{
	struct timer t;

	(void)state;
	enter(3);
	timer_setup(&t, note);
	nr_fired = 0;
	fake_counter = 5000;
	timer_start(&t, 5000 + 3 * HOP);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(fake_hyp_timer_cval, 5000 + i * HOP);
		fake_counter = fake_hyp_timer_cval;
		assert_int_equal(timer_interrupt(), TIMER_NO_TICK);
		assert_int_equal(nr_fired, 0);
	}
	assert_int_equal(fake_hyp_timer_cval, 5000 + 3 * HOP);
	fake_counter = fake_hyp_timer_cval;
	assert_int_equal(timer_interrupt(), TIMER_NO_TICK);
	assert_int_equal(nr_fired, 1);
	assert_false(fake_hyp_timer_on);
}

/* The deadline of a tick is right only as long as the reading that it comes from. */
static void a_far_one_that_is_cancelled_costs_one_hop(void **state)
{
	struct timer t;

	(void)state;
	enter(3);
	timer_setup(&t, note);
	nr_fired = 0;
	timer_start(&t, fake_counter + DAY);
	timer_cancel(&t);
	assert_int_equal(fake_hyp_timer_cval, fake_counter + HOP);
	fake_counter = fake_hyp_timer_cval;
	assert_int_equal(timer_interrupt(), TIMER_NO_TICK);
	assert_false(fake_hyp_timer_on);
	assert_int_equal(nr_fired, 0);
}

static void a_tick_from_a_wrong_reading_comes_with_the_next_hop(void **state)
{
	uint64_t now = fake_counter;

	(void)state;
	enter(3);
	timer_tick(now + DAY);
	assert_int_equal(fake_hyp_timer_cval, now + HOP);
	fake_counter = now + HOP;
	assert_int_equal(timer_interrupt(), TIMER_TICK);
	assert_int_equal(timer_interrupt(), TIMER_NO_TICK);
	assert_false(fake_hyp_timer_on);
}

/* Each once, those that arm themselves too, however far it went; one line for all of them. */
static void after_a_jump_all_fire_and_it_is_said_once(void **state)
{
	const int64_t jumps[] = {
		(int64_t)(2 * DAY), -(int64_t)DAY, -(int64_t)HOP, INT64_MAX / 2, INT64_MIN / 2 };
	struct timer t[3];

	(void)state;
	enter(4);
	for (int i = 0; i < 3; i++)
		timer_setup(&t[i], i ? note : note_again);
	fake_counter = 10 * DAY;
	fake_log_lines = 0;
	for (size_t i = 0; i < 5; i++) {
		uint64_t tick;

		nr_fired = 0;
		timer_start(&t[0], fake_counter + fake_counter_hz);
		timer_start(&t[1], fake_counter + 50 * DAY);
		timer_start(&t[2], fake_counter + HOP);
		timer_tick(fake_counter + DAY);
		fake_counter += (uint64_t)jumps[i];
		assert_int_equal(timer_interrupt(), TIMER_JUMP);
		assert_int_equal(nr_fired, 3);
		assert_int_equal(fake_log_lines, 1);
		if (!i)
			assert_string_equal(fake_log_last,
					    "pCPU 4: the counter jumps by 10800000000000 ticks");
		/* Whole again: what was armed since comes when it should, and a tick as well. */
		tick = fake_counter + fake_counter_hz / 2;
		timer_tick(tick);
		assert_int_equal(fake_hyp_timer_cval, tick);
		fake_counter = tick;
		assert_int_equal(timer_interrupt(), TIMER_TICK);
		assert_int_equal(nr_fired, 3);
		fake_counter += fake_counter_hz / 2;
		assert_int_equal(timer_interrupt(), TIMER_NO_TICK);
		assert_int_equal(nr_fired, 4);
		timer_cancel(&t[0]);
	}
}

static struct timer moving;
static _Atomic bool stop;

static void *canceller(void *arg)
{
	(void)arg;
	enter(2);
	while (!stop)
		timer_cancel(&moving);
	return NULL;
}

/* Neighbours in both queues: a node taken out under the wrong lock would break them. */
static void a_cancel_beside_a_start_elsewhere_breaks_no_queue(void **state)
{
	struct timer neighbour[2][2];
	pthread_t other;

	(void)state;
	fake_counter = 3000;
	stop = false;
	timer_setup(&moving, note);
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		enter(cpu);
		for (int i = 0; i < 2; i++) {
			timer_setup(&neighbour[cpu][i], note);
			timer_start(&neighbour[cpu][i], 4000);
		}
	}
	assert_int_equal(pthread_create(&other, NULL, canceller, NULL), 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		enter(i & 1);
		timer_start(&moving, 3500 + (i & 2) * 1000);
		timer_start(&neighbour[i & 1][i >> 1 & 1], 4000);
	}
	stop = true;
	pthread_join(other, NULL);
	timer_cancel(&moving);
	fake_counter = 6000;
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		enter(cpu);
		nr_fired = 0;
		timer_interrupt();
		assert_int_equal(nr_fired, 2);
		assert_false(fake_hyp_timer_on);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_by_deadline),
		cmocka_unit_test(one_started_beside_a_guest_that_is_aloof_is_told),
		cmocka_unit_test(a_tick_comes_beside_timers_and_in_place_of_the_last),
		cmocka_unit_test(a_started_timer_leaves_the_pcpu_that_had_it),
		cmocka_unit_test(a_far_deadline_is_waited_for_in_hops),
		cmocka_unit_test(a_far_one_that_is_cancelled_costs_one_hop),
		cmocka_unit_test(a_tick_from_a_wrong_reading_comes_with_the_next_hop),
		cmocka_unit_test(after_a_jump_all_fire_and_it_is_said_once),
		cmocka_unit_test(a_cancel_beside_a_start_elsewhere_breaks_no_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
