/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, alignment and ranges. */
#include "core/lib/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void count_agrees_with_the_compiler(void **state)
{
	uint64_t v = 1;

	(void)state;
	assert_int_equal(bits_count(0), 0);
	assert_int_equal(bits_count(UINT64_MAX), 64);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(bits_count(v), __builtin_popcountll(v));
		v = v * UINT64_C(6364136223846793005) + 1442695040888963407;
	}
}

static void masks_cover_both_ends(void **state)
{
	(void)state;
	assert_true(BITS(63, 0) == UINT64_MAX);
	assert_true(BITS(31, 26) == UINT64_C(0xfc000000));
	assert_true(BITS(63, 63) == BIT(63));
}

static void field_is_read_and_replaced(void **state)
{
	(void)state;
	assert_int_equal(bits_get(BITS(15, 8), 0x123456), 0x34);
	assert_int_equal(bits_set(BITS(15, 8), 0x123456, 0xab), 0x12ab56);
	assert_int_equal(bits_set(BITS(15, 8), 0, 0x1ff), 0xff00);
}

static void alignment_rounds_to_the_power_of_two(void **state)
{
	(void)state;
	assert_int_equal(align_up(4097, 4096), 8192);
	assert_int_equal(align_down(8191, 4096), 4096);
	assert_int_equal(align_up(UINT64_MAX, 4096), 0);
	assert_true(is_aligned(8192, 4096));
	assert_false(is_aligned(8193, 4096));
}

static void range_that_wraps_or_is_empty_is_bad(void **state)
{
	(void)state;
	assert_true(range_bad(5, 0));
	assert_true(range_bad(UINT64_MAX, 2));
	assert_false(range_bad(UINT64_MAX, 1));
	assert_false(range_bad(0, UINT64_MAX));
}

static void ranges_overlap_when_they_share_a_byte(void **state)
{
	(void)state;
	assert_true(range_overlap(0, 10, 9, 1));
	assert_false(range_overlap(0, 10, 10, 1));
	assert_true(range_overlap(UINT64_MAX, 1, 0, UINT64_MAX) == false);
	assert_true(range_overlap(100, 1, 0, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count_agrees_with_the_compiler),
		cmocka_unit_test(masks_cover_both_ends),
		cmocka_unit_test(field_is_read_and_replaced),
		cmocka_unit_test(alignment_rounds_to_the_power_of_two),
		cmocka_unit_test(range_that_wraps_or_is_empty_is_bad),
		cmocka_unit_test(ranges_overlap_when_they_share_a_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
