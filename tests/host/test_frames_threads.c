/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads, each a pCPU, on one frame table; for ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <cmocka.h>

#include "mm/el2_map.h"
#include "mm/frames.h"
#include "mm/guest_copy.h"
#include "mm/guest_mem.h"
#include "mm/hyp_pool.h"
#include "tests/el2/frames_selftest.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/mm_machine.h"

#define NR_CPUS 6u
#define ROUNDS  1500u

static void run_on_cpus(void *(*fn)(void *arg))
{
	pthread_t thread[NR_CPUS];

	for (uintptr_t i = 1; i < NR_CPUS; i++)
		if (!el2_map_root((uint32_t)i).v)
			assert_int_equal(el2_map_cpu_init((uint32_t)i), 0);
	fake_many_cpus = true;
	for (uintptr_t i = 0; i < NR_CPUS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, (void *)i), 0);
	for (unsigned int i = 0; i < NR_CPUS; i++)
		pthread_join(thread[i], NULL);
	fake_many_cpus = false;
}

static void enter(void *arg)
{
	uint32_t idx = (uint32_t)(uintptr_t)arg;

	fake_cpu_enter(idx);
	fake_el2_root_set(el2_map_root(idx).v);
}

static void *traffic(void *arg)
{
	enter(arg);
	frames_selftest_run((unsigned int)(uintptr_t)arg, NR_CPUS, ROUNDS);
	return NULL;
}

static void concurrent_traffic_keeps_the_counts(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	for (unsigned int i = 0; i < 2; i++) {
		run_on_cpus(traffic);
		if (frames_selftest_error())
			fail_msg("%s", frames_selftest_error());
	}
	assert_int_equal(hyp_pool_pages(), 4 * (NR_CPUS - 1));
	machine_check();
}

/* ---- one VM's memory, touched, copied and released from all sides ---- */

#define IPA_RAM UINT64_C(0x40000000)

static struct stage2 s2;

static void *touch(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	char in[64], out[64];

	enter(arg);
	for (unsigned int i = 0; i < 300; i++) {
		ipa_t ipa = IPA(IPA_RAM + (i * 7919 % 4096) * 4096 + me * 64);

		for (unsigned int k = 0; k < sizeof(in); k++)
			in[k] = (char)(me + i + k);
		assert_int_equal(guest_mem_touch(&s2, IPA(IPA_RAM), 16 * MIB, ipa,
						 S2_RWX), 0);
		assert_int_equal(guest_copy_to(&s2, ipa, in, sizeof(in)), 0);
		assert_int_equal(guest_copy_from(&s2, out, ipa, sizeof(out)), 0);
		assert_memory_equal(in, out, sizeof(in));
	}
	return NULL;
}

static void vcpus_touching_at_once_get_one_frame(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, owner_vm(1), 40), 0);
	run_on_cpus(touch);
	assert_int_equal(frames_stats(owner_vm(1)), 8 * 512);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 16 * MIB), 0);
	assert_int_equal(frames_stats(owner_vm(1)), 0);
	stage2_fini(&s2);
	machine_check();
}

/* One unmaps and maps again while the others copy: done, or refused, never wrong. */
static void *churn(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	char buf[256];

	enter(arg);
	for (unsigned int i = 0; i < 200; i++) {
		if (me == 0) {
			assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 2 * MIB), 0);
			assert_int_equal(guest_mem_populate_alloc(&s2, IPA(IPA_RAM), 2 * MIB,
								  S2_RWX), 0);
		} else {
			int err = guest_copy_from(&s2, buf, IPA(IPA_RAM + i * 4000), sizeof(buf));

			assert_true(err == 0 || err == -14);
			for (unsigned int k = 0; !err && k < sizeof(buf); k++)
				assert_int_equal(buf[k], 0);
		}
	}
	return NULL;
}

static void copies_race_with_unmapping(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, owner_vm(1), 40), 0);
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(IPA_RAM), 2 * MIB, S2_RWX), 0);
	run_on_cpus(churn);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 2 * MIB), 0);
	stage2_fini(&s2);
	assert_int_equal(frames_stats(owner_vm(1)), 0);
	machine_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concurrent_traffic_keeps_the_counts),
		cmocka_unit_test(vcpus_touching_at_once_get_one_frame),
		cmocka_unit_test(copies_race_with_unmapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
