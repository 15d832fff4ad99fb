/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "core/vmm/placement.h"

static struct vm_config cfg;
static struct placement place;
static uint8_t load[CONFIG_MAX_PCPUS];

static int setup(void **state)
{
	(void)state;
	memset(&cfg, 0, sizeof(cfg));
	memset(load, 0, sizeof(load));
	return 0;
}

static void vcpus_spread_over_online_pcpus(void **state)
{
	(void)state;
	cfg.nr_vcpus = 4;
	assert_int_equal(placement_choose(&place, &cfg, 0xf, load), 0);
	for (uint8_t i = 0; i < 4; i++)
		assert_int_equal(place.cpu[i], i);
}

static void more_vcpus_than_pcpus_share_evenly(void **state)
{
	(void)state;
	cfg.nr_vcpus = 8;
	assert_int_equal(placement_choose(&place, &cfg, 0x5, load), 0);
	assert_int_equal(load[0], 4);
	assert_int_equal(load[2], 4);
	assert_int_equal(load[1], 0);
}

static void allowed_set_is_kept_to(void **state)
{
	(void)state;
	cfg.nr_vcpus = 2;
	cfg.cpus[0] = 0x8;
	cfg.cpus[1] = 0x6;
	load[1] = 1;
	assert_int_equal(placement_choose(&place, &cfg, 0xf, load), 0);
	assert_int_equal(place.cpu[0], 3);
	assert_int_equal(place.cpu[1], 2);
}

static void second_vm_goes_where_the_first_is_not(void **state)
{
	(void)state;
	cfg.nr_vcpus = 2;
	assert_int_equal(placement_choose(&place, &cfg, 0xf, load), 0);
	assert_int_equal(placement_choose(&place, &cfg, 0xf, load), 0);
	assert_int_equal(place.cpu[0], 2);
	assert_int_equal(place.cpu[1], 3);
}

static void a_promise_decides_whatever_the_load(void **state)
{
	(void)state;
	cfg.nr_vcpus = 2;
	cfg.home[1] = 1;
	assert_int_equal(placement_choose(&place, &cfg, 0xf, load), 0);
	assert_int_equal(place.cpu[0], 0);
	assert_int_equal(place.cpu[1], 0);
	cfg.cpus[1] = 0x2;
	assert_int_equal(placement_choose(&place, &cfg, 0xf, load), -EINVAL);
}

static void allowed_but_offline_is_refused(void **state)
{
	(void)state;
	cfg.nr_vcpus = 1;
	cfg.cpus[0] = 0x10;
	assert_int_equal(placement_choose(&place, &cfg, 0xf, load), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vcpus_spread_over_online_pcpus, setup),
		cmocka_unit_test_setup(more_vcpus_than_pcpus_share_evenly, setup),
		cmocka_unit_test_setup(allowed_set_is_kept_to, setup),
		cmocka_unit_test_setup(second_vm_goes_where_the_first_is_not, setup),
		cmocka_unit_test_setup(a_promise_decides_whatever_the_load, setup),
		cmocka_unit_test_setup(allowed_but_offline_is_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
