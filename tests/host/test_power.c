/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads turn one vCPU on and off: exactly one wins each time. */
#include "vm/power.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define CALLERS 3
#define STARTS  2000

static struct vcpu_power power;
static _Atomic uint64_t won;
static _Atomic bool over;

static void states_follow_each_other(void **state)
{
	struct vcpu_power p = { 0 };
	struct power_start start = { .pc = 0x1000, .x0 = 7, .big_endian = true }, got;

	(void)state;
	assert_int_equal(power_get(&p), POWER_OFF);
	assert_false(power_take(&p, &got));
	assert_int_equal(power_turn_on(&p, &start), POWER_OFF);
	assert_int_equal(power_get(&p), POWER_PENDING);
	assert_int_equal(power_turn_on(&p, &start), POWER_PENDING);
	assert_true(power_take(&p, &got));
	assert_int_equal(got.pc, 0x1000);
	assert_int_equal(got.x0, 7);
	assert_true(got.big_endian);
	assert_false(power_take(&p, &got));
	assert_int_equal(power_get(&p), POWER_ON);
	assert_int_equal(power_turn_on(&p, &start), POWER_ON);
	power_turn_off(&p);
	assert_int_equal(power_get(&p), POWER_OFF);
	assert_int_equal(p.starts, 1);
}

static void *caller(void *arg)
{
	uint64_t n = (uintptr_t)arg;

	for (uint64_t i = 1; !atomic_load(&over); i++) {
		/* Both fields say who wrote them: a mixture shows. */
		struct power_start start = { .pc = n << 32 | i, .x0 = ~(n << 32 | i) };

		if (power_turn_on(&power, &start) == POWER_OFF)
			atomic_fetch_add(&won, 1);
		else
			sched_yield();
	}
	return NULL;
}

static void one_caller_wins_and_its_start_is_whole(void **state)
{
	pthread_t threads[CALLERS];
	struct power_start got;

	(void)state;
	for (uintptr_t i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, caller, (void *)(i + 1)), 0);
	for (uint64_t taken = 0; taken < STARTS;) {
		if (!power_take(&power, &got)) {
			sched_yield();
			continue;
		}
		taken++;
		assert_int_equal(got.pc, ~got.x0);
		assert_int_equal(power_get(&power), POWER_ON);
		if (taken < STARTS)
			power_turn_off(&power);
	}
	atomic_store(&over, true);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&won), STARTS);
	assert_int_equal(power.starts, STARTS);
}

/* All at once, again and again: they spin for the start, as near to each other as can be. */
#define RACERS 2
#define RACES  10000
static _Atomic int go, finished;
static _Atomic unsigned int round_wins;

static void spin_until(_Atomic int *p, int value)
{
	for (unsigned int spins = 1; atomic_load(p) != value; spins++)
		if (spins % 1024 == 0)
			sched_yield();
}

static void *racer(void *arg)
{
	struct power_start start = { .pc = (uintptr_t)arg };

	for (int i = 1; i <= RACES; i++) {
		spin_until(&go, i);
		if (power_turn_on(&power, &start) == POWER_OFF)
			atomic_fetch_add(&round_wins, 1);
		atomic_fetch_add(&finished, 1);
	}
	return NULL;
}

static void of_callers_at_the_same_time_one_wins(void **state)
{
	pthread_t threads[RACERS];
	struct power_start got;

	(void)state;
	power_turn_off(&power);
	for (uintptr_t i = 0; i < RACERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, racer, (void *)(i + 1)), 0);
	for (int i = 1; i <= RACES; i++) {
		atomic_store(&go, i);
		/* While they race: nothing is taken that is not whole. */
		for (unsigned int spins = 1; !power_take(&power, &got); spins++)
			if (spins % 64 == 0)
				sched_yield();
		spin_until(&finished, RACERS * i);
		assert_int_equal(atomic_exchange(&round_wins, 0), 1);
		power_turn_off(&power);
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_follow_each_other),
		cmocka_unit_test(one_caller_wins_and_its_start_is_whole),
		cmocka_unit_test(of_callers_at_the_same_time_one_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
