/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs on threads of their own turn one vCPU on while it turns itself off. */
#include "vm/psci.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "vm_fixture.h"

#define CALLERS 3
#define ROUNDS  1000
#define TARGET  5

static _Atomic bool over;
static _Atomic unsigned int wins;
static _Atomic uint64_t wakes;

void thread_request(struct thread *t, uint32_t bits)
{
	assert_int_equal(bits, THREAD_REQ_VCPU);
	if (vcpu_of(t)->idx == TARGET)
		atomic_fetch_add(&wakes, 1);
}

void vcpu_stolen_asked(struct vcpu *v)
{
	(void)v;
}

bool vm_order(struct vm *vm, enum vm_order order)
{
	(void)vm;
	(void)order;
	return false;
}

static int64_t call(struct vcpu *v, uint64_t fid, uint64_t x1, uint64_t x2, uint64_t x3)
{
	struct arch_gpregs *r = v->regs;

	r->x[0] = fid;
	r->x[1] = x1;
	r->x[2] = x2;
	r->x[3] = x3;
	smccc_dispatch(v, r);
	return (int64_t)r->x[0];
}

static void *caller(void *arg)
{
	struct vcpu *v = arg;

	for (uint64_t i = 1; !atomic_load(&over); i++) {
		uint64_t tag = (uint64_t)v->idx << 12 | (i & 0x3ff) << 2;
		int64_t res = call(v, SMCCC_FID64(4, PSCI_FN_CPU_ON), TARGET, CONFIG_RAM_BASE + tag,
				   tag);

		if (res == PSCI_SUCCESS)
			atomic_fetch_add(&wins, 1);
		else if (res != PSCI_ALREADY_ON && res != PSCI_ON_PENDING)
			fail_msg("CPU_ON: %lld", (long long)res);
		res = call(v, SMCCC_FID64(4, PSCI_FN_AFFINITY_INFO), TARGET, 0, 0);
		if (res < 0 || res > 2)
			fail_msg("AFFINITY_INFO: %lld", (long long)res);
		sched_yield();
	}
	return NULL;
}

static void exactly_one_caller_wins_each_time(void **state)
{
	struct vcpu *target = &fixture_vcpus[TARGET];
	pthread_t threads[CALLERS];
	struct power_start start;

	(void)state;
	fixture_reset();
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, caller, &fixture_vcpus[i]), 0);
	for (unsigned int taken = 0; taken < ROUNDS;) {
		if (!power_take(&fixture_vm.power[TARGET], &start)) {
			sched_yield();
			continue;
		}
		taken++;
		/* Entry and context of one and the same caller. */
		assert_int_equal(start.pc, CONFIG_RAM_BASE + start.x0);
		if (taken < ROUNDS) {
			call(target, SMCCC_FID32(4, PSCI_FN_CPU_OFF), 0, 0, 0);
			assert_true(fixture_vm.power[TARGET].leaving);
			power_turn_off(&fixture_vm.power[TARGET]);
		}
	}
	atomic_store(&over, true);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wins, ROUNDS);
	/* One wake-up for each time it was turned on, one for each time it went off. */
	assert_int_equal(wakes, 2 * ROUNDS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_one_caller_wins_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
